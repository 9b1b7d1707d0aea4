/* Stored bytes: any bytes are refused or read; what is sound is written again as it stood. */
#include "services/dynamodb/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct arena a = {0};
    str row = {(const char *)bytes, n};
    struct value item, v;
    if (item_decode(&a, row, &item) && value_sound(&a, &item)) {
        str again = item_encode(&a, &item);
        ASSERT(item_decode(&a, again, &v) && value_equal(&a, &item, &v));
        ASSERT(item_encoded_size(again) == item_size(&item));
        struct buf json = buf_new(&a, 16 << 20);
        item_write_json(&a, &json, &item);
        struct dynamodb_attribute_map wire;
        ITEM_TO_WIRE(&a, &item, wire);
        ASSERT(wire.n == item.n);
    }
    struct number number;
    if (number_of_key(row, &number)) {
        u8 key[NUMBER_KEY_MAX];
        ASSERT(number_key(&number, key) == n && memcmp(key, bytes, n) == 0);
    }
    if (number_parse(row, &number) == NUMBER_FINE) {
        struct number back;
        str text = number_text(&a, &number);
        ASSERT(number_parse(text, &back) == NUMBER_FINE && number_compare(&number, &back) == 0);
    }
    arena_free(&a);
    return 0;
}
