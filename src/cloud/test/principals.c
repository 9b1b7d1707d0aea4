/* Policies as they are kept: whom they name, found by a door of the test's own. */
#include "cloud/identity.h"
#include "cloud/policy_principal.h"
#include "probe.h"

#define POLICY(principal) "{\"Statement\" : [{\"Sid\":\"a\", \"Principal\":" principal "}]}"
#define BOB "arn:aws:iam::" MINE ":user/bob"
#define BOB_KEPT "arn:aws:iam::" MINE ":id/AIDABOB0000000000001"

static bool bob_is_there;

static bool named(struct txn *t, struct arena *a, str account, str arn_or_id, struct identity_named *found) {
    *found = (struct identity_named){S(BOB), S("AIDABOB0000000000001")};
    return bob_is_there && str_eq(account, S(MINE)) && (str_eq(arn_or_id, found->arn) || str_eq(arn_or_id, found->id));
}
static bool inhabited(struct txn *t, struct arena *a, str account) { return str_eq(account, S("222222222222")); }
static const struct identity_door door = {.named = named, .inhabited = inhabited};

struct desk {
    struct probe probe;
    struct arena arena;
    struct call *call;
};
static void open_desk(struct desk *d) {
    static const struct service_op ops[SQS_OP_COUNT];
    static const struct service queues = {.wire = &sqs_wire, .ops = ops};
    *d = (struct desk){0};
    probe_open(&d->probe);
    d->probe.cloud->config.identity = &door;
    struct txn *t = store_snapshot(d->probe.place.store, &d->arena);
    d->call = probe_call(&d->probe, t, &queues, SQS_OP_SEND_MESSAGE, S(MINE), S("us-east-1"));
    bob_is_there = true;
}
static void close_desk(struct desk *d) {
    store_snapshot_end(d->call->txn);
    arena_free(&d->arena);
    probe_close(&d->probe);
}

/* What is kept of it; NULL: it names a stranger. */
static str kept(struct desk *d, const char *policy) {
    struct policy_stranger stranger = {0};
    str bound;
    if (policy_principals_bind(d->call, str_of(policy), &bound, &stranger)) return bound;
    CHECK(stranger.type && stranger.name.p);
    return (str){0};
}

static void names_are_kept_as_ids(void) {
    struct desk d;
    open_desk(&d);
    CHECK_STR(kept(&d, POLICY("{\"AWS\":\"" BOB "\"}")), S(POLICY("{\"AWS\":\"" BOB_KEPT "\"}")));
    CHECK_STR(kept(&d, POLICY("{\"AWS\" : [ \"" BOB "\" , \"*\"]}")), S(POLICY("{\"AWS\" : [ \"" BOB_KEPT "\" , \"*\"]}")));
    CHECK_STR(kept(&d, POLICY("{\"AWS\":\"arn:aws:iam::" MINE ":user\\/bob\"}")), S(POLICY("{\"AWS\":\"" BOB_KEPT "\"}"))); /* however it is written */
    CHECK_STR(kept(&d, POLICY("{\"AWS\":\"AIDABOB0000000000001\"}")), S(POLICY("{\"AWS\":\"" BOB_KEPT "\"}")));
    CHECK_STR(kept(&d, POLICY("{\"AWS\":\"" MINE "\"}")), S(POLICY("{\"AWS\":\"arn:aws:iam::" MINE ":root\"}")));
    CHECK_STR(kept(&d, POLICY("\"*\"")), S(POLICY("\"*\"")));
    /* A member twice: both are looked at. */
    CHECK_STR(kept(&d, "{\"Statement\":{\"NotPrincipal\":{\"AWS\":\"" BOB "\"}},\"Statement\":{\"Principal\":{\"AWS\":\"" BOB "\"}}}"),
              S("{\"Statement\":{\"NotPrincipal\":{\"AWS\":\"" BOB_KEPT "\"}},\"Statement\":{\"Principal\":{\"AWS\":\"" BOB_KEPT "\"}}}"));
    close_desk(&d);
}

static void strangers_are_not_taken(void) {
    static const char *const strangers[] = {
        POLICY("{\"AWS\":\"arn:aws:iam::" MINE ":user/eve\"}"),     POLICY("{\"AWS\":[\"" BOB "\",\"arn:aws:iam::" MINE ":role/eve\"]}"),
        POLICY("{\"AWS\":\"arn:aws:iam::" MINE ":user/*\"}"),       POLICY("{\"AWS\":\"arn:aws:iam::" MINE ":group/g\"}"),
        POLICY("{\"AWS\":\"arn:aws:iam::" MINE ":id/AIDABOB0000000000001\"}"), POLICY("{\"AWS\":\"arn:aws:iam::333333333333:user/b?b\"}"),
        POLICY("{\"AWS\":\"arn:aws:sts::" MINE ":assumed-role/r\"}"), POLICY("{\"AWS\":\"arn:aws:iam::222222222222:user/eve\"}"),
        POLICY("{\"AWS\":\"AIDAEVE0000000000001\"}"),               POLICY("{\"AWS\":\"arn:aws:s3:::bucket\"}"),
        POLICY("{\"Service\":\"sqs\"}"),                            POLICY("{\"Service\":\".amazonaws.com\"}"),
        POLICY("{\"Federated\":\"nobody\"}"),                       POLICY("{\"AWS\":\"\"}"),
        POLICY("{\"Service\":\"\"}"),
    };
    struct desk d;
    open_desk(&d);
    for (size_t i = 0; i < LENGTH(strangers); i++) CHECK_STR(kept(&d, strangers[i]), ((str){0}));
    const char *outside = POLICY("{\"AWS\":\"arn:aws:iam::333333333333:user/eve\"}"); /* an account that nobody here knows */
    CHECK_STR(kept(&d, outside), str_of(outside));
    close_desk(&d);
}

static void who_is_gone_is_an_id(void) {
    static const char policy[] = POLICY("{\"AWS\":[\"" BOB "\",\"" MINE "\"]}"), session[] = POLICY("{\"AWS\":\"" BOB_KEPT ":s\"}");
    struct desk d;
    open_desk(&d);
    str bound = kept(&d, policy);
    CHECK_STR(policy_principals_shown(d.call, bound), S(POLICY("{\"AWS\":[\"" BOB "\",\"arn:aws:iam::" MINE ":root\"]}")));
    CHECK_STR(policy_principals_shown(d.call, str_of(session)), S(POLICY("{\"AWS\":\"arn:aws:sts::" MINE ":assumed-role/bob/s\"}")));
    bob_is_there = false;
    CHECK_STR(policy_principals_shown(d.call, bound), S(POLICY("{\"AWS\":[\"AIDABOB0000000000001\",\"arn:aws:iam::" MINE ":root\"]}")));
    CHECK_STR(policy_principals_shown(d.call, str_of(session)), S(POLICY("{\"AWS\":\"AIDABOB0000000000001:s\"}")));
    CHECK_STR(policy_principals_shown(d.call, (str){0}), ((str){0}));
    close_desk(&d);
}

UNIT_MAIN(UNIT(names_are_kept_as_ids), UNIT(strangers_are_not_taken), UNIT(who_is_gone_is_an_id))
