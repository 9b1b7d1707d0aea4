/* Any bytes: pairs that are read come back the same after writing and reading. */
#include "text/form.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

int LLVMFuzzerTestOneInput(const u8 *data, size_t n) {
    struct arena a = {0};
    struct form form, again;
    if (form_parse(&a, (str){(const char *)data, n}, true, 1000, &form)) {
        struct buf b = buf_new(&a, 8 * n + 16);
        for (size_t i = 0; i < form.n; i++) form_write(&b, form.pairs[i].name, form.pairs[i].value);
        ASSERT(form_parse(&a, buf_str(&b), true, 1000, &again));
        ASSERT(again.n == form.n);
        for (size_t i = 0; i < form.n; i++) {
            ASSERT(str_eq(again.pairs[i].name, form.pairs[i].name));
            ASSERT(form.pairs[i].value.n == again.pairs[i].value.n);
        }
    }
    arena_free(&a);
    return 0;
}
