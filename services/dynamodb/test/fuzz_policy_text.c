/* The policy of a table: any text is refused in words, or has one form, which is a policy and its own form. */
#include "services/dynamodb/dynamodb.h"

static void keeps_its_form(struct call *c, str text, bool of_stream) {
    str form, again;
    c->error_message = (str){0};
    if (ddb_policy_form(c, text, of_stream, &form)) {
        ASSERT(c->error_message.n);
        return;
    }
    if (form.n > 20480) return; /* an account that became its root is longer */
    ASSERT(!ddb_policy_form(c, form, of_stream, &again));
    ASSERT(str_eq(form, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct arena a = {0};
    struct call c = {.arena = &a};
    for (int of_stream = 0; of_stream < 2; of_stream++) keeps_its_form(&c, (str){(const char *)bytes, n}, of_stream);
    arena_free(&a);
    return 0;
}
