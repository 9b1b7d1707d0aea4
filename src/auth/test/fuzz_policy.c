/* A policy document of each kind: compiled or refused with a sentence, and what compiled is asked. */
#include "auth/policy.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

struct seen {
    str value;
};
static struct policy_values values(void *context, str key) {
    struct seen *s = context;
    if (!key.n || key.p[0] == 'n') return (struct policy_values){0};
    return (struct policy_values){&s->value, 1};
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
    struct arena a = {0};
    struct seen seen = {S("2020-01-01")};
    struct principal p = {.kind = PRINCIPAL_USER, .account = S("123456789012"), .arn = S("arn:aws:iam::123456789012:user/u"), .user_id = S("AIDAEXAMPLE0000000001")};
    struct policy_request r = {.principal = &p, .action = S("s3:GetObject"), .resource = S("arn:aws:s3:::b/k"), .values = values, .context = &seen, .arena = &a};
    for (int kind = POLICY_IDENTITY; kind <= POLICY_RESOURCE_CONTROL; kind++) {
        str problem;
        const struct policy *policy = policy_compile((str){(const char *)data, size}, (enum policy_kind)kind, &a, &problem);
        ASSERT((policy == NULL) == (problem.n > 0));
        if (policy) (void)policy_evaluate(policy, &r);
    }
    arena_free(&a);
    return 0;
}
