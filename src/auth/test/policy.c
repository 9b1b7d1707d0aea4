/* The evaluator against the examples of the IAM user guide; the page stands at each. */
#include "auth/policy.h"
#include "unit.h"

#define ACCOUNT "123456789012"

/* ---- a request with its context ---- */

struct value {
    const char *key;
    const char *v[4];
};
struct ask {
    const char *action, *resource;
    struct principal principal;
    struct value values[6];
};
struct context {
    const struct ask *ask;
    struct arena *arena;
};

static struct policy_values values(void *context, str key) {
    const struct context *c = context;
    for (size_t i = 0; i < LENGTH(c->ask->values) && c->ask->values[i].key; i++) {
        const struct value *v = &c->ask->values[i];
        if (!str_eq(str_of(v->key), key)) continue;
        str *list = NEW_ARRAY(c->arena, str, LENGTH(v->v));
        u32 n = 0;
        while (n < LENGTH(v->v) && v->v[n]) list[n] = str_of(v->v[n]), n++;
        return (struct policy_values){list, n};
    }
    return (struct policy_values){0};
}

static const struct policy *compiled(struct arena *a, const char *json, enum policy_kind kind) {
    str problem;
    const struct policy *p = policy_compile(str_of(json), kind, a, &problem);
    if (!p) printf("# %s: %.*s\n", json, STR_ARGS(problem));
    ASSERT(p);
    return p;
}

static enum policy_effect effect(const char *json, enum policy_kind kind, const struct ask *ask) {
    struct arena a = {0};
    struct context c = {ask, &a};
    struct policy_request r = {.principal = &ask->principal, .action = str_of(ask->action ? ask->action : "s3:GetObject"),
                               .resource = str_of(ask->resource ? ask->resource : "arn:aws:s3:::b/k"), .values = values, .context = &c, .arena = &a};
    enum policy_effect e = policy_evaluate(compiled(&a, json, kind), &r);
    arena_free(&a);
    return e;
}
#define IDENTITY(json, ...) effect(json, POLICY_IDENTITY, &(struct ask){__VA_ARGS__})
#define ALLOW(rest) "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\"," rest "}}"
#define ANY "\"Action\":\"*\",\"Resource\":\"*\""
#define NO_VALUES .action = NULL
/* Does this condition hold? */
#define HOLDS(condition, ...) (IDENTITY(ALLOW(ANY ",\"Condition\":" condition), __VA_ARGS__) == POLICY_ALLOWS)

/* "IAM JSON policy elements: Action", "... Resource" */
static void actions_and_resources_have_wildcards(void) {
    CHECK(IDENTITY(ALLOW("\"Action\":\"s3:*\",\"Resource\":\"*\""), .action = "s3:GetObject") == POLICY_ALLOWS);
    CHECK(IDENTITY(ALLOW("\"Action\":\"S3:getobject\",\"Resource\":\"*\""), .action = "s3:GetObject") == POLICY_ALLOWS);
    CHECK(IDENTITY(ALLOW("\"Action\":\"iam:*AccessKey*\",\"Resource\":\"*\""), .action = "iam:UpdateAccessKey") == POLICY_ALLOWS);
    CHECK(IDENTITY(ALLOW("\"Action\":\"iam:*AccessKey*\",\"Resource\":\"*\""), .action = "iam:UpdateUser") == POLICY_SILENT);
    CHECK(IDENTITY(ALLOW("\"Action\":\"s3:Get?bject\",\"Resource\":\"*\""), .action = "s3:GetObject") == POLICY_ALLOWS);
    CHECK(IDENTITY(ALLOW("\"Action\":\"s3:*\",\"Resource\":\"*\""), .action = "s3express:CreateSession") == POLICY_SILENT);
    CHECK(IDENTITY(ALLOW("\"NotAction\":\"iam:*\",\"Resource\":\"*\""), .action = "iam:GetUser") == POLICY_SILENT);
    CHECK(IDENTITY(ALLOW("\"NotAction\":\"iam:*\",\"Resource\":\"*\""), .action = "s3:GetObject") == POLICY_ALLOWS);
    static const char division[] = ALLOW("\"Action\":\"*\",\"Resource\":\"arn:aws:iam::123456789012:user/division_abc/subdivision_xyz/*\"");
    CHECK(IDENTITY(division, .resource = "arn:aws:iam::123456789012:user/division_abc/subdivision_xyz/Bob") == POLICY_ALLOWS);
    CHECK(IDENTITY(division, .resource = "arn:aws:iam::123456789012:user/division_abc/Bob") == POLICY_SILENT);
    CHECK(IDENTITY(division, .resource = "arn:aws:iam::123456789012:USER/division_abc/subdivision_xyz/Bob") == POLICY_SILENT); /* case counts */
    static const char payroll[] = "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Deny\",\"Action\":\"s3:*\",\"NotResource\":"
                                  "[\"arn:aws:s3:::HRBucket/Payroll\",\"arn:aws:s3:::HRBucket/Payroll/*\"]}}";
    CHECK(IDENTITY(payroll, .resource = "arn:aws:s3:::HRBucket/Payroll/may") == POLICY_SILENT);
    CHECK(IDENTITY(payroll, .resource = "arn:aws:s3:::HRBucket/other") == POLICY_DENIES);
    CHECK(IDENTITY(ALLOW("\"Action\":\"*\",\"Resource\":\"arn:aws:s3:::b/?x\""), .resource = "arn:aws:s3:::b/\xc3\xa9x") == POLICY_ALLOWS); /* a letter, not a byte */
}

/* "IAM policy elements: Variables and tags" */
static void variables_stand_for_the_request(void) {
    static const char home[] = ALLOW("\"Action\":\"s3:*\",\"Resource\":\"arn:aws:s3:::amzn-s3-demo-bucket/${aws:username}/*\"");
    CHECK(IDENTITY(home, .resource = "arn:aws:s3:::amzn-s3-demo-bucket/Bob/x", .values = {{"aws:username", {"Bob"}}}) == POLICY_ALLOWS);
    CHECK(IDENTITY(home, .resource = "arn:aws:s3:::amzn-s3-demo-bucket/Eve/x", .values = {{"aws:username", {"Bob"}}}) == POLICY_SILENT);
    CHECK(IDENTITY(home, .resource = "arn:aws:s3:::amzn-s3-demo-bucket//x") == POLICY_SILENT); /* no value: no match */
    CHECK(IDENTITY(home, .resource = "arn:aws:s3:::amzn-s3-demo-bucket/Bob/x", .values = {{"aws:username", {"*"}}}) == POLICY_SILENT); /* a value's star is a star */
    static const char team[] = ALLOW("\"Action\":\"*\",\"Resource\":\"arn:aws:s3:::b/${aws:PrincipalTag/team, 'company-wide'}/*\"");
    CHECK(IDENTITY(team, .resource = "arn:aws:s3:::b/yellow/x", .values = {{"aws:principaltag/team", {"yellow"}}}) == POLICY_ALLOWS);
    CHECK(IDENTITY(team, .resource = "arn:aws:s3:::b/company-wide/x") == POLICY_ALLOWS);
    CHECK(IDENTITY(ALLOW("\"Action\":\"*\",\"Resource\":\"arn:aws:s3:::b/${*}\""), .resource = "arn:aws:s3:::b/*") == POLICY_ALLOWS);
    CHECK(IDENTITY(ALLOW("\"Action\":\"*\",\"Resource\":\"arn:aws:s3:::b/${*}\""), .resource = "arn:aws:s3:::b/x") == POLICY_SILENT);
    CHECK(IDENTITY(ALLOW("\"Action\":\"*\",\"Resource\":\"arn:aws:s3:::b/${$}{x}${?}\""), .resource = "arn:aws:s3:::b/${x}?") == POLICY_ALLOWS);
    CHECK(HOLDS("{\"StringLike\":{\"s3:prefix\":\"home/${aws:username}/*\"}}", .values = {{"aws:username", {"u"}}, {"s3:prefix", {"home/u/x"}}}));
    /* Before 2012-10-17 the text is taken as it stands. */
    CHECK(effect("{\"Version\":\"2008-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"b/${aws:username}\"}}", POLICY_RESOURCE,
                 &(struct ask){.resource = "b/${aws:username}", .values = {{"aws:username", {"Bob"}}}}) == POLICY_ALLOWS);
}

/* "IAM JSON policy elements: Condition operators", string operators */
static void strings_compare(void) {
#define CATEGORY "{\"StringEquals\":{\"aws:PrincipalTag/job-category\":\"iamuser-admin\"}}"
    CHECK(HOLDS(CATEGORY, .values = {{"aws:principaltag/job-category", {"iamuser-admin"}}}));
    CHECK(!HOLDS(CATEGORY, .values = {{"aws:principaltag/job-category", {"IAMuser-admin"}}}));
    CHECK(!HOLDS(CATEGORY, NO_VALUES));
    CHECK(HOLDS("{\"StringEqualsIgnoreCase\":{\"k:a\":\"QueenBee\"}}", .values = {{"k:a", {"queenbee"}}}));
    CHECK(!HOLDS("{\"StringNotEqualsIgnoreCase\":{\"k:a\":\"QueenBee\"}}", .values = {{"k:a", {"queenbee"}}}));
    CHECK(HOLDS("{\"StringLike\":{\"s3:prefix\":[\"\",\"home/\",\"home/a/*\"]}}", .values = {{"s3:prefix", {""}}}));
    CHECK(HOLDS("{\"StringLike\":{\"k:a\":\"a*b?d\"}}", .values = {{"k:a", {"axxbcd"}}}));
    CHECK(!HOLDS("{\"StringEquals\":{\"k:a\":\"a*\"}}", .values = {{"k:a", {"ab"}}})); /* no wildcards in StringEquals */
    CHECK(HOLDS("{\"StringEquals\":{\"k:a\":\"a*\"}}", .values = {{"k:a", {"a*"}}}));
    CHECK(HOLDS("{\"StringEquals\":{\"AWS:UserName\":\"Bob\"}}", .values = {{"aws:username", {"Bob"}}})); /* keys in any case */
    /* Several values: any of them; of a negated operator none. An absent key is not equal. */
    CHECK(HOLDS("{\"StringEquals\":{\"k:a\":[\"x\",\"y\"]}}", .values = {{"k:a", {"y"}}}));
    CHECK(!HOLDS("{\"StringNotEquals\":{\"k:a\":[\"x\",\"y\"]}}", .values = {{"k:a", {"y"}}}));
    CHECK(HOLDS("{\"StringNotEquals\":{\"k:a\":[\"x\",\"y\"]}}", .values = {{"k:a", {"z"}}}));
    CHECK(HOLDS("{\"StringNotEquals\":{\"k:a\":\"x\"}}", NO_VALUES));
    /* Two operators, two keys: all must hold. */
    CHECK(!HOLDS("{\"StringEquals\":{\"k:a\":\"x\",\"k:b\":\"y\"}}", .values = {{"k:a", {"x"}}, {"k:b", {"z"}}}));
    CHECK(HOLDS("{\"StringEquals\":{\"k:a\":\"x\"},\"StringLike\":{\"k:b\":\"*\"}}", .values = {{"k:a", {"x"}}, {"k:b", {"z"}}}));
}

/* the same page: numeric, date, Boolean, binary, IP address, ARN operators, IfExists, Null */
static void other_kinds_compare(void) {
    CHECK(HOLDS("{\"NumericLessThanEquals\":{\"s3:max-keys\":\"10\"}}", .values = {{"s3:max-keys", {"10"}}}));
    CHECK(!HOLDS("{\"NumericLessThanEquals\":{\"s3:max-keys\":\"10\"}}", .values = {{"s3:max-keys", {"11"}}}));
    CHECK(HOLDS("{\"NumericGreaterThan\":{\"k:n\":\"9007199254740992\"}}", .values = {{"k:n", {"9007199254740993"}}}));
    CHECK(HOLDS("{\"NumericEquals\":{\"k:n\":\"1.50\"}}", .values = {{"k:n", {"1.5"}}}));
    CHECK(HOLDS("{\"NumericNotEquals\":{\"k:n\":1}}", .values = {{"k:n", {"2"}}}));
    CHECK(!HOLDS("{\"NumericEquals\":{\"k:n\":\"1\"}}", .values = {{"k:n", {"one"}}}));
    CHECK(HOLDS("{\"DateGreaterThan\":{\"aws:TokenIssueTime\":\"2020-01-01T00:00:01Z\"}}", .values = {{"aws:tokenissuetime", {"2020-01-01T00:00:02Z"}}}));
    CHECK(!HOLDS("{\"DateGreaterThan\":{\"aws:TokenIssueTime\":\"2020-01-01T00:00:01Z\"}}", .values = {{"aws:tokenissuetime", {"2020-01-01T00:00:01Z"}}}));
    CHECK(HOLDS("{\"DateLessThan\":{\"aws:EpochTime\":\"2020-01-01T01:00:00+01:00\"}}", .values = {{"aws:epochtime", {"1577836799"}}}));
    CHECK(HOLDS("{\"DateEquals\":{\"aws:CurrentTime\":1577836800}}", .values = {{"aws:currenttime", {"2020-01-01T00:00:00Z"}}}));
    CHECK(HOLDS("{\"Bool\":{\"aws:SecureTransport\":\"false\"}}", .values = {{"aws:securetransport", {"false"}}}));
    CHECK(!HOLDS("{\"Bool\":{\"aws:SecureTransport\":\"true\"}}", .values = {{"aws:securetransport", {"false"}}}));
    CHECK(HOLDS("{\"BinaryEquals\":{\"key\":\"QmluYXJ5VmFsdWVJbkJhc2U2NA==\"}}", .values = {{"key", {"BinaryValueInBase64"}}}));
    CHECK(HOLDS("{\"IpAddress\":{\"aws:SourceIp\":\"203.0.113.0/24\"}}", .values = {{"aws:sourceip", {"203.0.113.7"}}}));
    CHECK(!HOLDS("{\"IpAddress\":{\"aws:SourceIp\":\"203.0.113.0/24\"}}", .values = {{"aws:sourceip", {"203.0.114.7"}}}));
    CHECK(HOLDS("{\"NotIpAddress\":{\"aws:SourceIp\":[\"203.0.113.0/24\",\"2001:DB8:1234:5678::/64\"]}}", .values = {{"aws:sourceip", {"2001:db8:1234:5679::1"}}}));
    CHECK(HOLDS("{\"IpAddress\":{\"aws:SourceIp\":\"2001:DB8:1234:5678::/64\"}}", .values = {{"aws:sourceip", {"2001:db8:1234:5678::1"}}}));
    CHECK(HOLDS("{\"IpAddress\":{\"aws:SourceIp\":\"127.0.0.1\"}}", .values = {{"aws:sourceip", {"::ffff:127.0.0.1"}}}));
    CHECK(HOLDS("{\"IpAddress\":{\"aws:SourceIp\":\"10.1.2.128/25\"}}", .values = {{"aws:sourceip", {"10.1.2.200"}}}));
    CHECK(HOLDS("{\"ArnLike\":{\"aws:SourceArn\":\"arn:aws:sns:*:123456789012:TOPIC*\"}}", .values = {{"aws:sourcearn", {"arn:aws:sns:eu-west-1:123456789012:TOPIC-ID"}}}));
    CHECK(!HOLDS("{\"ArnEquals\":{\"aws:SourceArn\":\"arn:aws:sns:*:TOPIC-ID\"}}", .values = {{"aws:sourcearn", {"arn:aws:sns:eu-west-1:123456789012:TOPIC-ID"}}})); /* each part for itself */
    CHECK(HOLDS("{\"ArnNotLike\":{\"aws:PrincipalArn\":\"arn:aws:iam::*:role/a*\"}}", .values = {{"aws:principalarn", {"arn:aws:iam::123456789012:role/b"}}}));
    CHECK(HOLDS("{\"StringLikeIfExists\":{\"ec2:InstanceType\":[\"t1.*\",\"t2.*\"]}}", NO_VALUES));
    CHECK(!HOLDS("{\"StringLikeIfExists\":{\"ec2:InstanceType\":[\"t1.*\",\"t2.*\"]}}", .values = {{"ec2:instancetype", {"m5.large"}}}));
    CHECK(HOLDS("{\"Null\":{\"aws:TokenIssueTime\":\"true\"}}", NO_VALUES));
    CHECK(!HOLDS("{\"Null\":{\"aws:TokenIssueTime\":\"true\"}}", .values = {{"aws:tokenissuetime", {"2020-01-01T00:00:02Z"}}}));
    CHECK(HOLDS("{\"Null\":{\"aws:TokenIssueTime\":\"false\"}}", .values = {{"aws:tokenissuetime", {"2020-01-01T00:00:02Z"}}}));
}

/* "Set operators for multivalued context keys" and "Multivalued context keys policy examples" */
static void sets_compare(void) {
#define ALL_KEYS "{\"ForAllValues:StringEquals\":{\"aws:TagKeys\":[\"Department\",\"Owner\"]}}"
#define ANY_KEY "{\"ForAnyValue:StringEquals\":{\"aws:TagKeys\":[\"Department\",\"Owner\"]}}"
    CHECK(HOLDS(ALL_KEYS, .values = {{"aws:tagkeys", {"Owner", "Department"}}}));
    CHECK(!HOLDS(ALL_KEYS, .values = {{"aws:tagkeys", {"Owner", "Cost"}}}));
    CHECK(HOLDS(ALL_KEYS, NO_VALUES)); /* true when there is no key, as the page warns */
    CHECK(HOLDS(ANY_KEY, .values = {{"aws:tagkeys", {"Owner", "Cost"}}}));
    CHECK(!HOLDS(ANY_KEY, .values = {{"aws:tagkeys", {"Cost"}}}));
    CHECK(!HOLDS(ANY_KEY, NO_VALUES));
    CHECK(HOLDS("{\"ForAnyValue:StringEqualsIfExists\":{\"aws:TagKeys\":\"Owner\"}}", NO_VALUES));
    CHECK(HOLDS("{\"ForAllValues:StringNotEquals\":{\"aws:TagKeys\":\"Owner\"}}", .values = {{"aws:tagkeys", {"A", "B"}}}));
    CHECK(!HOLDS("{\"ForAllValues:StringNotEquals\":{\"aws:TagKeys\":\"Owner\"}}", .values = {{"aws:tagkeys", {"A", "Owner"}}}));
    CHECK(HOLDS("{\"ForAnyValue:StringNotEquals\":{\"aws:TagKeys\":\"Owner\"}}", .values = {{"aws:tagkeys", {"A", "Owner"}}}));
    CHECK(!HOLDS("{\"ForAnyValue:StringNotEquals\":{\"aws:TagKeys\":\"Owner\"}}", NO_VALUES));
    CHECK(HOLDS("{\"ForAnyValue:StringLike\":{\"aws:PrincipalOrgPaths\":\"o-a1b2c3d4e5/*\"}}", .values = {{"aws:principalorgpaths", {"o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/"}}}));
}

#define TEXT(literal) {literal, sizeof literal - 1} /* S() for objects that live for ever */
static const struct principal alice = {.kind = PRINCIPAL_USER, .account = TEXT(ACCOUNT), .arn = TEXT("arn:aws:iam::" ACCOUNT ":user/alice"),
                                       .user_id = TEXT("AIDAEXAMPLEALICE00001")};
static const struct principal session = {.kind = PRINCIPAL_ROLE_SESSION, .account = TEXT(ACCOUNT), .arn = TEXT("arn:aws:sts::" ACCOUNT ":assumed-role/r/s"),
                                         .user_id = TEXT("AROAEXAMPLEROLE000001:s"), .session_issuer = TEXT("arn:aws:iam::" ACCOUNT ":role/p/r")};
static const struct principal root = {.kind = PRINCIPAL_ROOT, .account = TEXT(ACCOUNT), .arn = TEXT("arn:aws:iam::" ACCOUNT ":root"), .user_id = TEXT(ACCOUNT)};
static const struct principal foreign = {.kind = PRINCIPAL_USER, .account = TEXT("444455556666"), .arn = TEXT("arn:aws:iam::444455556666:user/eve")};
static const struct principal sns = {.kind = PRINCIPAL_SERVICE, .account = TEXT(ACCOUNT), .arn = TEXT("sns.amazonaws.com")};
static const struct principal nobody = {.kind = PRINCIPAL_ANONYMOUS};

#define GRANT(effect, principal) "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"" effect "\"," principal "," ANY "}}"
static bool named(const char *principal, const struct principal *p) {
    char json[1000];
    snprintf(json, sizeof json, "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Principal\":%s," ANY "}}", principal);
    return effect(json, POLICY_RESOURCE, &(struct ask){.principal = *p}) == POLICY_ALLOWS;
}

/* "AWS JSON policy elements: Principal" */
static void principals_are_named(void) {
    const struct principal *all[] = {&alice, &session, &root, &foreign, &sns, &nobody};
    for (size_t i = 0; i < LENGTH(all); i++) {
        CHECK(named("\"*\"", all[i]) && named("{\"AWS\":\"*\"}", all[i]));
        bool own = all[i] == &alice || all[i] == &session || all[i] == &root;
        CHECK(named("{\"AWS\":\"" ACCOUNT "\"}", all[i]) == own);
        CHECK(named("{\"AWS\":\"arn:aws:iam::" ACCOUNT ":root\"}", all[i]) == own);
        CHECK(named("{\"AWS\":[\"arn:aws:iam::" ACCOUNT ":user/alice\",\"444455556666\"]}", all[i]) == (all[i] == &alice || all[i] == &foreign));
        CHECK(named("{\"AWS\":\"arn:aws:iam::" ACCOUNT ":role/p/r\"}", all[i]) == (all[i] == &session));
        CHECK(named("{\"AWS\":\"arn:aws:sts::" ACCOUNT ":assumed-role/r/s\"}", all[i]) == (all[i] == &session));
        CHECK(!named("{\"AWS\":\"arn:aws:sts::" ACCOUNT ":assumed-role/r/t\"}", all[i]));
        CHECK(named("{\"AWS\":\"arn:aws:iam::" ACCOUNT ":id/AIDAEXAMPLEALICE00001\"}", all[i]) == (all[i] == &alice)); /* as it is kept */
        CHECK(named("{\"AWS\":\"arn:aws:iam::" ACCOUNT ":id/AROAEXAMPLEROLE000001\"}", all[i]) == (all[i] == &session));
        CHECK(named("{\"AWS\":\"arn:aws:iam::" ACCOUNT ":id/AROAEXAMPLEROLE000001:s\"}", all[i]) == (all[i] == &session));
        CHECK(!named("{\"AWS\":\"arn:aws:iam::" ACCOUNT ":id/AROAEXAMPLEROLE000001:t\"}", all[i]));
        CHECK(named("{\"AWS\":\"AROAEXAMPLEROLE000001\"}", all[i]) == (all[i] == &session));
        CHECK(named("{\"Service\":[\"sqs.amazonaws.com\",\"sns.amazonaws.com\"]}", all[i]) == (all[i] == &sns));
        CHECK(named("{\"Service\":\"sns.eu-west-1.amazonaws.com\"}", all[i]) == (all[i] == &sns));
        CHECK(!named("{\"Service\":\"delivery.sns.amazonaws.com\"}", all[i]));
    }
    char id[CANONICAL_ID + 1] = {0}, canonical[100];
    account_canonical_id(S(ACCOUNT), id);
    snprintf(canonical, sizeof canonical, "{\"CanonicalUser\":\"%s\"}", id);
    for (size_t i = 0; i < LENGTH(all); i++) CHECK(named(canonical, all[i]) == (all[i] == &alice || all[i] == &session || all[i] == &root));
    struct principal guest = {.kind = PRINCIPAL_FEDERATED, .account = S(ACCOUNT), .session_issuer = alice.arn, .session_issuer_id = alice.user_id};
    CHECK(named("{\"AWS\":\"arn:aws:iam::" ACCOUNT ":id/AIDAEXAMPLEALICE00001\"}", &guest));
    guest.session_issuer_id = S("AIDAEXAMPLEALICE00002"); /* another of her name let it in */
    CHECK(!named("{\"AWS\":\"arn:aws:iam::" ACCOUNT ":id/AIDAEXAMPLEALICE00001\"}", &guest));
    struct principal web = {.kind = PRINCIPAL_FEDERATED, .federated_provider = S("cognito-identity.amazonaws.com")};
    CHECK(named("{\"Federated\":\"cognito-identity.amazonaws.com\"}", &web) && !named("{\"Federated\":\"www.amazon.com\"}", &web));
}

/* "AWS JSON policy elements: NotPrincipal": with Deny, the account and the role must stand beside the one that is excepted. */
static void not_principal_excepts_who_is_wholly_listed(void) {
#define EXCEPT(list) "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Deny\",\"NotPrincipal\":{\"AWS\":[" list "]}," ANY "}}"
    static const char user[] = EXCEPT("\"arn:aws:iam::" ACCOUNT ":user/alice\",\"arn:aws:iam::" ACCOUNT ":root\"");
    CHECK(effect(user, POLICY_RESOURCE, &(struct ask){.principal = alice}) == POLICY_SILENT);
    CHECK(effect(user, POLICY_RESOURCE, &(struct ask){.principal = session}) == POLICY_DENIES);
    CHECK(effect(user, POLICY_RESOURCE, &(struct ask){.principal = root}) == POLICY_SILENT);
    CHECK(effect(user, POLICY_RESOURCE, &(struct ask){.principal = foreign}) == POLICY_DENIES);
    static const char role[] = EXCEPT("\"arn:aws:sts::" ACCOUNT ":assumed-role/r/s\",\"arn:aws:iam::" ACCOUNT ":role/p/r\",\"arn:aws:iam::" ACCOUNT ":root\"");
    CHECK(effect(role, POLICY_RESOURCE, &(struct ask){.principal = session}) == POLICY_SILENT);
    static const char bare[] = EXCEPT("\"arn:aws:iam::" ACCOUNT ":role/p/r\"");
    CHECK(effect(bare, POLICY_RESOURCE, &(struct ask){.principal = session}) == POLICY_DENIES);
    CHECK(effect(GRANT("Allow", "\"NotPrincipal\":{\"AWS\":\"" ACCOUNT "\"}"), POLICY_RESOURCE, &(struct ask){.principal = alice}) == POLICY_SILENT);
    CHECK(effect(GRANT("Allow", "\"NotPrincipal\":{\"AWS\":\"" ACCOUNT "\"}"), POLICY_RESOURCE, &(struct ask){.principal = foreign}) == POLICY_ALLOWS);
}

/* ---- decisions: "Policy evaluation for requests within a single account", "Cross-account policy evaluation logic" ---- */

struct set {
    const char *identity, *boundary, *session, *resource, *control, *resource_control;
    bool rules, granted, cross;
};
static struct policy_list list_of(struct arena *a, const char *json, enum policy_kind kind) {
    const struct policy **p = NEW(a, const struct policy *);
    if (json && *json) *p = compiled(a, json, kind);
    return (struct policy_list){p, *p != NULL};
}

static struct policy_decision decided(const struct set *s, const struct principal *p) {
    struct arena a = {0};
    struct policy_level control = {list_of(&a, s->control, POLICY_SERVICE_CONTROL)}, resource_control = {list_of(&a, s->resource_control, POLICY_RESOURCE_CONTROL)};
    struct policy_set set = {.identity = list_of(&a, s->identity, POLICY_IDENTITY),
                             .boundary = s->boundary ? compiled(&a, s->boundary, POLICY_IDENTITY) : NULL,
                             .has_session_policies = s->session,
                             .session = list_of(&a, s->session, POLICY_IDENTITY),
                             .service_control = &control,
                             .service_control_levels = s->control != NULL,
                             .resource_control = &resource_control,
                             .resource_control_levels = s->resource_control != NULL,
                             .resource = s->resource ? compiled(&a, s->resource, POLICY_RESOURCE) : NULL,
                             .resource_policy_rules = s->rules,
                             .granted = s->granted,
                             .cross_account = s->cross};
    struct policy_request r = {.principal = p, .action = S("s3:GetObject"), .resource = S("arn:aws:s3:::b/k"), .arena = &a};
    struct policy_decision d = policy_decide(&set, &r);
    arena_free(&a);
    return d;
}
#define YES ALLOW(ANY)
#define OTHER ALLOW("\"Action\":\"sqs:*\",\"Resource\":\"*\"")
#define NO "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Deny\"," ANY "}}"
#define TO(principal) GRANT("Allow", "\"Principal\":" principal)
#define TO_ALL TO("\"*\"")
#define TO_ALICE TO("{\"AWS\":\"arn:aws:iam::" ACCOUNT ":user/alice\"}")
#define TO_ROLE TO("{\"AWS\":\"arn:aws:iam::" ACCOUNT ":role/p/r\"}")
#define TO_SESSION TO("{\"AWS\":\"arn:aws:sts::" ACCOUNT ":assumed-role/r/s\"}")
#define TO_ACCOUNT TO("{\"AWS\":\"" ACCOUNT "\"}")
#define ALLOWED(who, ...) CHECK(decided(&(struct set){__VA_ARGS__}, &who).allowed)
#define REFUSED(who, why, ...)                                                                                                         \
    do {                                                                                                                               \
        struct policy_decision d_ = decided(&(struct set){__VA_ARGS__}, &who);                                                         \
        CHECK(!d_.allowed && !d_.explicit_deny);                                                                                       \
        CHECK_INT(d_.reason, POLICY_REASON_##why);                                                                                     \
    } while (0)
#define DENIED(who, why, ...)                                                                                                          \
    do {                                                                                                                               \
        struct policy_decision d_ = decided(&(struct set){__VA_ARGS__}, &who);                                                         \
        CHECK(!d_.allowed && d_.explicit_deny && d_.decider);                                                                          \
        CHECK_INT(d_.reason, POLICY_REASON_##why);                                                                                     \
    } while (0)

static void within_an_account_either_side_allows(void) {
    REFUSED(alice, IDENTITY, .identity = OTHER);
    REFUSED(alice, IDENTITY, .identity = NULL);
    ALLOWED(alice, .identity = YES);
    ALLOWED(alice, .identity = OTHER, .resource = TO_ALICE);
    ALLOWED(root, .identity = NULL);
    ALLOWED(root, .resource = TO_ALICE);
    DENIED(root, RESOURCE, .resource = GRANT("Deny", "\"Principal\":\"*\""));
    DENIED(alice, IDENTITY, .identity = NO, .resource = TO_ALICE);
    DENIED(alice, RESOURCE, .identity = YES, .resource = GRANT("Deny", "\"Principal\":\"*\""));
    REFUSED(alice, IDENTITY, .identity = OTHER, .resource = TO_ACCOUNT); /* the account decides who of its own may */
    ALLOWED(alice, .granted = true);
    DENIED(alice, IDENTITY, .identity = NO, .granted = true);
}

static void boundaries_and_session_policies_narrow(void) {
    REFUSED(alice, BOUNDARY, .identity = YES, .boundary = OTHER);
    DENIED(alice, BOUNDARY, .identity = YES, .boundary = NO);
    REFUSED(alice, IDENTITY, .identity = OTHER, .boundary = YES);
    ALLOWED(alice, .identity = YES, .boundary = YES);
    /* A resource policy that names the user, the session or everybody is not limited by what stays silent; */
    ALLOWED(alice, .boundary = OTHER, .resource = TO_ALICE);
    ALLOWED(alice, .boundary = OTHER, .resource = TO_ALL);
    ALLOWED(session, .boundary = OTHER, .session = OTHER, .resource = TO_SESSION);
    DENIED(session, SESSION, .session = NO, .resource = TO_SESSION);
    /* one that names the role is. */
    ALLOWED(session, .resource = TO_ROLE);
    REFUSED(session, BOUNDARY, .boundary = OTHER, .resource = TO_ROLE);
    REFUSED(session, SESSION, .session = OTHER, .resource = TO_ROLE);
    REFUSED(session, SESSION, .identity = YES, .session = "");
    ALLOWED(session, .identity = YES, .session = YES, .boundary = YES);
    /* A Deny with NotPrincipal denies whoever has a boundary. */
    DENIED(alice, RESOURCE, .identity = YES, .boundary = YES,
           .resource = GRANT("Deny", "\"NotPrincipal\":{\"AWS\":[\"arn:aws:iam::" ACCOUNT ":user/alice\",\"" ACCOUNT "\"]}"));
}

static void across_accounts_both_sides_allow(void) {
    REFUSED(foreign, RESOURCE, .identity = YES, .cross = true);
    REFUSED(foreign, IDENTITY, .resource = TO_ALL, .cross = true);
    ALLOWED(foreign, .identity = YES, .resource = TO_ALL, .cross = true);
    ALLOWED(foreign, .identity = YES, .resource = TO("{\"AWS\":\"444455556666\"}"), .cross = true);
    REFUSED(foreign, RESOURCE, .identity = YES, .resource = TO_ACCOUNT, .cross = true);
    REFUSED(foreign, BOUNDARY, .identity = YES, .boundary = OTHER, .resource = TO_ALL, .cross = true);
    REFUSED(root, RESOURCE, .cross = true);
    ALLOWED(root, .resource = TO_ACCOUNT, .cross = true);
}

static void organizations_limit(void) {
    REFUSED(alice, SERVICE_CONTROL, .identity = YES, .control = OTHER);
    REFUSED(root, SERVICE_CONTROL, .control = OTHER);
    DENIED(root, SERVICE_CONTROL, .control = NO);
    ALLOWED(root, .control = YES);
    REFUSED(alice, SERVICE_CONTROL, .resource = TO_ALICE, .control = OTHER); /* a resource policy does not lift it */
    DENIED(alice, RESOURCE_CONTROL, .identity = YES, .resource_control = GRANT("Deny", "\"Principal\":\"*\""));
    ALLOWED(alice, .identity = YES, .resource_control = TO_ALL);
}

/* KMS developer guide, "Key policies"; IAM user guide, trust policies: without an allow in them nobody may, not even root. */
static void some_resource_policies_rule(void) {
    REFUSED(root, RESOURCE, .rules = true, .resource = TO_ALICE);
    REFUSED(alice, RESOURCE, .rules = true, .identity = YES, .resource = TO_ROLE);
    ALLOWED(alice, .rules = true, .resource = TO_ALICE);
    ALLOWED(alice, .rules = true, .identity = YES, .resource = TO_ACCOUNT);
    REFUSED(alice, IDENTITY, .rules = true, .resource = TO_ACCOUNT);
    ALLOWED(root, .rules = true, .resource = TO_ACCOUNT);
    ALLOWED(alice, .rules = true, .granted = true);
}

static void who_has_no_policies_needs_the_resource_s(void) {
    REFUSED(nobody, RESOURCE, .identity = YES);
    ALLOWED(nobody, .resource = TO_ALL);
    REFUSED(nobody, RESOURCE, .resource = TO_ACCOUNT);
    REFUSED(sns, RESOURCE, .resource = TO_ACCOUNT);
    ALLOWED(sns, .resource = TO("{\"Service\":\"sns.amazonaws.com\"}"));
}

UNIT_MAIN(UNIT(actions_and_resources_have_wildcards), UNIT(variables_stand_for_the_request), UNIT(strings_compare), UNIT(other_kinds_compare), UNIT(sets_compare),
          UNIT(principals_are_named), UNIT(not_principal_excepts_who_is_wholly_listed), UNIT(within_an_account_either_side_allows),
          UNIT(boundaries_and_session_policies_narrow), UNIT(across_accounts_both_sides_allow), UNIT(organizations_limit), UNIT(some_resource_policies_rule),
          UNIT(who_has_no_policies_needs_the_resource_s))
