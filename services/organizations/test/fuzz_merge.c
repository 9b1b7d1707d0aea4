/* Management policies as customers write them: checked, then merged over two levels. */
#include "../merge.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct arena a = {0};
    const char *problem;
    str text = {(const char *)bytes, n}, first = str_take(text, n / 2), second = str_skip(text, n / 2);
    struct merge *m = merge_new(&a);
    bool whole = merge_check(&a, text, NULL, &problem);
    ASSERT(merge_add(m, 0, text) == whole);
    (void)(merge_add(m, 1, first) && merge_add(m, 1, second));
    ASSERT(merge_add(m, 2, text) == whole);
    str result = merge_result(m);
    (void)result;
    arena_free(&a);
    return 0;
}
