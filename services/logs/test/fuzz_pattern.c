/* Filter patterns as customers write them, over messages as they come: the first NUL parts the two. */
#include "../pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct arena a = {0};
    str message = {(const char *)bytes, n}, pattern = str_cut(&message, 0), problem = {0}, value;
    struct log_picked picked[8];
    struct log_pattern *p = log_pattern_compile(&a, pattern, &problem);
    ASSERT(!p == (problem.p != NULL));
    if (!message.p) message = S("");
    if (p && log_pattern_matches(p, &a, message)) {
        str literal = log_pattern_literal(p);
        /* JSON may write a character in several ways: its literal is no promise, and none is given. */
        ASSERT(!literal.n || str_find(message, literal) != STR_NONE);
        u32 count = log_pattern_extract(p, &a, message, picked, 8);
        for (u32 i = 0; i < count; i++) ASSERT(log_pattern_pick(p, &a, message, picked[i].selector, &value));
    }
    arena_free(&a);
    return 0;
}
