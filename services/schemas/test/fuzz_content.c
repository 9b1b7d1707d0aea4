/* A text as either type of schema. */
#include "../schemas.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct arena a = {0};
    str text = {(const char *)bytes, n};
    (void)content_problem(&a, S("OpenApi3"), text);
    (void)content_problem(&a, S("JSONSchemaDraft4"), text);
    arena_free(&a);
    return 0;
}
