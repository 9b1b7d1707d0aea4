/* A statement of CloudTrail Lake: what was read once stays as it is when it is read again, and so do its stores. */
#include "../lake.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct arena a = {0};
    str ids[QUERY_STORES_MAX], again_ids[QUERY_STORES_MAX];
    u32 count, again_count;
    str once = ct_query_read(&a, (str){(const char *)bytes, n}, ids, &count), again = ct_query_read(&a, once, again_ids, &again_count);
    ASSERT(once.n >= n && str_eq(once, again) && count == again_count && count <= QUERY_STORES_MAX);
    for (u32 i = 0; i < count; i++) ASSERT(str_eq(ids[i], again_ids[i]) && str_find(once, ids[i]) != STR_NONE);
    arena_free(&a);
    return 0;
}
