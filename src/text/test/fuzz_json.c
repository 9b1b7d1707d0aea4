#include "text/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct arena a = {0};
    struct json_reader r = json_reader_new(&a, (str){(const char *)bytes, n}, json_default_limits);
    str text;
    if (json_peek(&r) == JSON_OBJECT && json_read_object(&r)) {
        while (json_read_key(&r, &text)) {
            if (json_peek(&r) == JSON_STRING) ASSERT(json_read_string(&r, &text) || r.problem);
            else if (json_read_raw(&r, &text)) ASSERT(text.n > 0);
        }
    } else {
        json_skip(&r);
    }
    /* What was taken can be written as a string and read back. */
    if (json_done(&r)) {
        str whole = {(const char *)bytes, n}, back = {0};
        struct buf b = buf_new(&a, n * 6 + 2);
        json_write_string(&b, whole);
        r = json_reader_new(&a, buf_str(&b), json_default_limits);
        ASSERT(json_read_string(&r, &back) && json_done(&r) && str_eq(back, whole));
    }
    arena_free(&a);
    return 0;
}
