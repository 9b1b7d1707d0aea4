/* What a decision costs: CPU time, on one thread. Printed, never judged.
 *
 *     build/bench/policy */
#include "auth/policy.h"

#include <stdio.h>
#include <time.h>

static double cpu_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static struct policy_values values(void *context, str key) {
    static const str name = {"bob", 3}, address = {"127.0.0.1", 9};
    if (str_eq(key, S("aws:username"))) return (struct policy_values){&name, 1};
    if (str_eq(key, S("aws:sourceip"))) return (struct policy_values){&address, 1};
    return (struct policy_values){0};
}

static const struct policy *compile(struct arena *a, str json) {
    str problem;
    const struct policy *p = policy_compile(json, POLICY_IDENTITY, a, &problem);
    ASSERT(p);
    return p;
}

/* `n` statements of forty services, with ARNs, wildcards, variables and, one in four, a condition. */
static str document(struct arena *a, int n, int seed) {
    struct buf b = buf_new(a, 1 << 20);
    buf_add(&b, S("{\"Version\":\"2012-10-17\",\"Statement\":["));
    for (int i = 0; i < n; i++) {
        int service = (seed + i) % 40;
        if (i) buf_char(&b, ',');
        if (i % 10 == 9) buf_format(&b, "{\"Effect\":\"Deny\",\"Action\":\"service%d:Delete*\",", service);
        else buf_format(&b, "{\"Effect\":\"Allow\",\"Action\":[\"service%d:Get*\",\"service%d:List*\",\"service%d:Put%d\"],", service, service, service, i);
        buf_format(&b, "\"Resource\":[\"arn:aws:service%d:*:*:thing/%d/*\",\"arn:aws:service%d:us-east-1:123456789012:home/${aws:username}/*\"]", service, i, service);
        if (i % 4 == 0) buf_add(&b, S(",\"Condition\":{\"IpAddress\":{\"aws:SourceIp\":[\"10.0.0.0/8\",\"127.0.0.0/8\"]}}"));
        buf_char(&b, '}');
    }
    buf_add(&b, S("]}"));
    ASSERT(!b.over);
    return buf_str(&b);
}

static void report(const char *what, const struct policy_set *set, str action, str resource, bool allowed) {
    struct arena a = {0};
    arena_alloc(&a, 8192, 8); /* the first chunk stays */
    struct arena_mark mark = arena_mark(&a);
    struct principal bob = {.kind = PRINCIPAL_USER, .account = S("123456789012"), .arn = S("arn:aws:iam::123456789012:user/bob"), .user_id = S("AIDAEXAMPLE0000000001")};
    struct policy_request r = {.principal = &bob, .action = action, .resource = resource, .values = values, .arena = &a};
    enum { TIMES = 50000 };
    double start = cpu_s();
    for (int i = 0; i < TIMES; i++) {
        ASSERT(policy_decide(set, &r).allowed == allowed);
        arena_rewind(&a, mark);
    }
    printf("%-58s %8.2f us\n", what, (cpu_s() - start) / TIMES * 1e6);
    arena_free(&a);
}

int main(void) {
    struct arena a = {0};
    enum { POLICIES = 64, STATEMENTS = 1000 };
    const struct policy *many[POLICIES], *typical[3];
    for (int i = 0; i < POLICIES; i++) many[i] = compile(&a, document(&a, (STATEMENTS + POLICIES - 1) / POLICIES, i * 7));
    str home = S("arn:aws:service3:us-east-1:123456789012:home/bob/x");
    report("1,000 statements in 64 policies, allowed by a few", &(struct policy_set){.identity = {many, POLICIES}}, S("service3:GetThing"), home, true);
    report("the same, an action that none of them names", &(struct policy_set){.identity = {many, POLICIES}}, S("s3:GetObject"), S("arn:aws:s3:::b/k"), false);
    typical[0] = compile(&a, S("{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"sqs:SendMessage\",\"sqs:ReceiveMessage\",\"sqs:DeleteMessage\"],"
                               "\"Resource\":\"arn:aws:sqs:*:123456789012:app-*\"},{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"arn:aws:s3:::home/${aws:username}/*\"}]}"));
    typical[1] = compile(&a, document(&a, 10, 0));
    typical[2] = compile(&a, S("{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Deny\",\"NotAction\":\"iam:*\",\"Resource\":\"*\",\"Condition\":{\"NotIpAddress\":{\"aws:SourceIp\":"
                               "[\"127.0.0.0/8\",\"::1/128\"]}}}}"));
    struct policy_set set = {.identity = {typical, 3}, .boundary = typical[0]};
    report("a typical user: 3 policies, 13 statements, a boundary", &set, S("sqs:SendMessage"), S("arn:aws:sqs:us-east-1:123456789012:app-queue"), true);
    str document_16 = document(&a, 16, 0);
    double start = cpu_s();
    for (int i = 0; i < 1000; i++) {
        struct arena scratch = {0};
        (void)compile(&scratch, document_16);
        arena_free(&scratch);
    }
    printf("%-58s %8.2f us\n", "compiling 16 statements (once per change of rights)", (cpu_s() - start) / 1000 * 1e6);
    arena_free(&a);
    return 0;
}
