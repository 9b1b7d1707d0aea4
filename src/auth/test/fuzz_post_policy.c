/* A policy document and the form it is to allow: fields, one a line as "name=value", an empty line, the document. */
#include "auth/post_policy.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
    struct arena a = {0};
    struct form_field fields[16];
    size_t n = 0;
    str rest = {(const char *)data, size};
    while (rest.p && n < LENGTH(fields)) {
        str value = str_cut(&rest, '\n');
        if (!value.n) break;
        str name = str_cut(&value, '=');
        fields[n++] = (struct form_field){name, value.p ? value : S("")};
    }
    struct post_policy_verdict v = post_policy_check(rest.p ? rest : S(""), fields, n, 1440938160000, &a);
    if (v.code.p) ASSERT(v.code.n > 0 && v.message.n > 0);
    else ASSERT(v.min_bytes >= 0 && v.max_bytes >= -1); /* a range that ends before it begins holds for no object */
    arena_free(&a);
    return 0;
}
