/* An expression and a subject, split at the first line: what matches holds the literal. */
#include "text/regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct arena a = {0};
    str subject = {(const char *)bytes, n}, pattern = str_cut(&subject, '\n');
    struct regex *r = regex_compile(&a, pattern, NULL, NULL);
    str groups[4];
    if (r && regex_capture(r, subject, groups, LENGTH(groups))) ASSERT(str_find(groups[0], regex_literal(pattern)) != STR_NONE);
    arena_free(&a);
    return 0;
}
