/* Lines of imports: any bytes are refused or read; what is read as Ion and is an item comes back from its own Ion. */
#include "services/dynamodb/value_ion.h"

static void check_round(struct arena *a, const struct dynamodb_attribute_map *read) {
    struct call call = {.arena = a};
    struct item_record again;
    struct value item, back;
    struct buf text = buf_new(a, 64 << 20);
    if (ITEM_OF_WIRE(&call, *read, &item)) return;
    buf_add(&text, S("$ion_1_0 {Item:"));
    item_write_ion(a, &text, &item);
    buf_add(&text, S("}\n"));
    ASSERT(record_read_ion(a, buf_str(&text), &again));
    ASSERT(!ITEM_OF_WIRE(&call, again.item, &back));
    ASSERT(value_equal(a, &item, &back));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct arena a = {0};
    struct item_record read;
    str text = arena_str(&a, (str){(const char *)bytes, n});
    if (record_read_ion(&a, text, &read)) check_round(&a, &read.item);
    if (record_read_json(&a, text, &read)) check_round(&a, &read.item);
    arena_free(&a);
    return 0;
}
