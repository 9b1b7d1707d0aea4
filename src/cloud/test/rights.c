/* The gate with a door of the test's own: who is asked what, what is kept, and which words come back. */
#include "cloud/identity.h"
#include "probe.h"

#include "gen/sts.h"

#define USER "arn:aws:iam::" MINE ":user/bob"
#define ROLE "arn:aws:iam::" MINE ":role/deliver"
#define ALLOW(action) "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"" action "\",\"Resource\":\"*\"}}"
#define ALLOW_IF(action, condition) \
    "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"" action "\",\"Resource\":\"*\",\"Condition\":" condition "}}"
#define TRUST "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"sqs.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}}"

/* ---- the door ---- */

static struct {
    const char *policy, *boundary, *managed, *control, *trust;
    bool gone, management;
    int asked;
} house;

static void identity(struct txn *t, struct arena *a, const struct principal *p, struct identity *found) {
    house.asked++;
    struct identity_policy *v = NEW(a, struct identity_policy);
    struct record_pair *tag = NEW(a, struct record_pair);
    v->json = str_of(house.policy);
    *tag = (struct record_pair){S("team"), S("red")};
    *found = (struct identity){.exists = !house.gone, .policies = {v, house.policy != NULL}, .tags = {tag, 1, true}};
    found->boundary.json = str_of(house.boundary);
}
static bool managed_policy(struct txn *t, struct arena *a, str arn, struct identity_policy *policy) {
    policy->json = str_of(house.managed);
    return house.managed != NULL;
}
static bool role(struct txn *t, struct arena *a, str arn, struct identity_role *found) {
    *found = (struct identity_role){.arn = arn, .id = S("AROAEXAMPLE0000000001"), .trust_json = str_of(house.trust)};
    return house.trust != NULL;
}
static void organization(struct txn *t, struct arena *a, str account, struct identity_organization *found) {
    if (!house.control) return;
    struct identity_policies *level = NEW(a, struct identity_policies);
    *level = (struct identity_policies){NEW(a, struct identity_policy), 1};
    level->v->json = str_of(house.control);
    *found = (struct identity_organization){.id = S("o-abcdefghij"), .path = S("o-abcdefghij/r-abcd/"), .management = house.management, .service_control = level, .levels = 1};
}
static const struct identity_door door = {.identity = identity, .managed_policy = managed_policy, .role = role, .organization = organization};

/* ---- asking ---- */

static err send_message(struct call *c, const struct sqs_send_message_request *in, struct sqs_send_message_result *out) {
    out->message_id = c->principal->arn;
    return NULL;
}
static struct auth_facts facts_given;
static err call_op(u16 op, enum service_stage stage, struct call *c, const void *in, void *out) {
    if (stage == SERVICE_FACTS) {
        *(struct auth_facts *)out = facts_given;
        return NULL;
    }
    return send_message(c, in, out);
}
static void facts_are_given(void) {}
static const struct service_op ops[SQS_OP_COUNT] = {
    [SQS_OP_SEND_MESSAGE] = {.handle = SERVICE_BOUND(send_message), .facts = SERVICE_BOUND(facts_are_given)},
    [SQS_OP_CREATE_QUEUE] = {.handle = SERVICE_BOUND(send_message)},
};
static const struct service queues = {&sqs_wire, ops, call_op};
static const struct service tokens = {.wire = &sts_wire};

static const struct principal *bob(struct arena *a) {
    struct principal *p = NEW(a, struct principal);
    *p = (struct principal){.kind = PRINCIPAL_USER, .account = S(MINE), .arn = S(USER), .user_id = S("AIDAEXAMPLE0000000001")};
    return p;
}

static struct call *call_of(struct probe *p, struct txn *t, const struct principal *who) {
    struct call *c = probe_call(p, t, &queues, SQS_OP_SEND_MESSAGE, S(MINE), S("us-east-1"));
    if (who) c->principal = who;
    return c;
}

static void begin(struct probe *p) {
    memset(&house, 0, sizeof house);
    facts_given = (struct auth_facts){0};
    probe_open(p);
    p->cloud->config.identity = &door;
}

static struct sqs_send_message_request input = {.queue_url = {"http://localhost/" MINE "/q", 12 + sizeof "http://localhost//q" - 1}};

/* NULL: allowed; else what followed "q " in the message. */
static const char *outcome(struct probe *p, const struct principal *who) {
    static char text[300];
    struct arena a = {0};
    struct txn *t = store_snapshot(p->place.store, &a);
    struct call *c = call_of(p, t, who ? who : bob(&a));
    err e = call_authorize(c, &input);
    size_t at = e ? str_find(c->error_message, S(":q ")) : 0;
    if (e) snprintf(text, sizeof text, "%.*s", STR_ARGS(str_skip(c->error_message, at == STR_NONE ? 0 : at + 3)));
    store_snapshot_end(t);
    arena_free(&a);
    return e ? text : NULL;
}
#define ALLOWED(p, who) CHECK_STR(str_of(outcome(p, who)), ((str){0}))
#define REFUSED(p, who, words) CHECK_STR(str_of(outcome(p, who)), S(words))

static err raise_epoch(void *context, struct txn *t) {
    txn_raise_epoch(t);
    return NULL;
}

static void what_is_known_is_kept_until_the_epoch_moves(void) {
    struct probe p;
    begin(&p);
    house.policy = ALLOW("sqs:SendMessage");
    ALLOWED(&p, NULL);
    ALLOWED(&p, NULL);
    CHECK_INT(house.asked, 1);
    house.policy = ALLOW("s3:*");
    ALLOWED(&p, NULL); /* nobody raised the epoch */
    CHECK(!probe_write(&p, raise_epoch));
    REFUSED(&p, NULL, "because no identity-based policy allows the sqs:sendmessage action");
    CHECK_INT(house.asked, 2);
    house.gone = true;
    house.policy = ALLOW("*");
    CHECK(!probe_write(&p, raise_epoch));
    REFUSED(&p, NULL, "because no identity-based policy allows the sqs:sendmessage action"); /* deleted since */
    probe_close(&p);
}

/* A function that changes rights sees its own change, and leaves nothing behind if it fails. */
static err change_and_ask(void *context, struct txn *t) {
    struct probe *p = context;
    struct call *c = call_of(p, t, bob(txn_arena(t)));
    CHECK(!may(c, S("sqs:SendMessage"), S("arn:aws:sqs:us-east-1:" MINE ":q")));
    txn_raise_epoch(t);
    house.policy = ALLOW("*");
    CHECK(may(c, S("sqs:SendMessage"), S("arn:aws:sqs:us-east-1:" MINE ":q")));
    house.policy = NULL;
    return &cloud_internal_failure;
}

static void a_change_of_rights_is_seen_by_its_own_function_alone(void) {
    struct probe p;
    begin(&p);
    CHECK(probe_write(&p, change_and_ask) == &cloud_internal_failure);
    REFUSED(&p, NULL, "because no identity-based policy allows the sqs:sendmessage action");
    probe_close(&p);
}

static void each_kind_of_policy_has_its_words(void) {
    struct probe p;
    begin(&p);
    struct principal narrowed = {.kind = PRINCIPAL_ROLE_SESSION, .account = S(MINE), .arn = S("arn:aws:sts::" MINE ":assumed-role/r/s"), .user_id = S("AROAEXAMPLE0000000001:s"),
                                 .session_issuer = S("arn:aws:iam::" MINE ":role/r"), .session_policy = S(ALLOW("s3:*")), .session_expires_ms = 1};
    house.policy = ALLOW("*");
    REFUSED(&p, &narrowed, "because no session policy allows the sqs:sendmessage action");
    narrowed.session_policy = (str){0};
    narrowed.session_policy_arns = S("arn:aws:iam::aws:policy/A arn:aws:iam::aws:policy/B");
    REFUSED(&p, &narrowed, "because no session policy allows the sqs:sendmessage action"); /* there are no such policies */
    house.managed = ALLOW("sqs:*");
    ALLOWED(&p, &narrowed);
    house.boundary = ALLOW("s3:*");
    CHECK(!probe_write(&p, raise_epoch));
    REFUSED(&p, NULL, "because no permissions boundary allows the sqs:sendmessage action");
    house.boundary = NULL;
    house.control = "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Deny\",\"Action\":\"sqs:*\",\"Resource\":\"*\"}}";
    CHECK(!probe_write(&p, raise_epoch));
    struct arena a = {0};
    struct principal root = principal_root(&a, S(MINE), S("test"));
    REFUSED(&p, NULL, "with an explicit deny in a service control policy");
    REFUSED(&p, &root, "with an explicit deny in a service control policy");
    house.control = ALLOW("s3:*");
    CHECK(!probe_write(&p, raise_epoch));
    REFUSED(&p, &root, "because no service control policy allows the sqs:sendmessage action");
    house.management = true; /* whose account no control policy limits */
    CHECK(!probe_write(&p, raise_epoch));
    ALLOWED(&p, &root);
    facts_given.resource_policy = S("{\"Statement\":{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"*\"}}");
    REFUSED(&p, &root, "with an explicit deny in a resource-based policy");
    facts_given.resource_policy = S("no policy"); /* what it would have denied is unknown: everything */
    REFUSED(&p, &root, "with an explicit deny in a resource-based policy");
    facts_given = (struct auth_facts){.resource_account = S("111111111111")};
    REFUSED(&p, &root, "because no resource-based policy allows the sqs:sendmessage action");
    arena_free(&a);
    probe_close(&p);
}

static void conditions_see_the_caller_and_the_input(void) {
    static const char *const holding[] = {
        ALLOW_IF("*", "{\"StringEquals\":{\"aws:PrincipalTag/Team\":\"red\",\"aws:username\":\"bob\",\"aws:PrincipalAccount\":\"" MINE "\"}}"),
        ALLOW_IF("*", "{\"StringLike\":{\"sqs:MessageBody\":\"hello*\"}}"),
        ALLOW_IF("*", "{\"ArnEquals\":{\"aws:PrincipalArn\":\"" USER "\"},\"Null\":{\"aws:TokenIssueTime\":\"true\",\"aws:SourceArn\":\"true\"}}"),
        ALLOW_IF("*", "{\"StringEquals\":{\"given:fact\":\"yes\",\"aws:ResourceTag/stage\":\"test\"}}"),
        ALLOW_IF("*", "{\"ForAnyValue:StringEquals\":{\"aws:PrincipalOrgPaths\":\"o-abcdefghij/r-abcd/\"},\"StringEquals\":{\"aws:ResourceOrgID\":\"${aws:PrincipalOrgID}\"}}"),
    };
    struct probe p;
    begin(&p);
    struct auth_fact facts[] = {{S("given:Fact"), S("yes")}, {S("aws:ResourceTag/stage"), S("test")}};
    facts_given = (struct auth_facts){.v = facts, .n = LENGTH(facts)};
    house.control = ALLOW("*");
    input.message_body = S("hello world");
    for (size_t i = 0; i < LENGTH(holding); i++) {
        house.policy = holding[i];
        CHECK(!probe_write(&p, raise_epoch));
        const char *refusal = outcome(&p, NULL);
        if (refusal) printf("# %s\n", holding[i]);
        CHECK(!refusal);
    }
    house.policy = ALLOW_IF("*", "{\"StringEquals\":{\"aws:PrincipalTag/team\":\"blue\"}}");
    CHECK(!probe_write(&p, raise_epoch));
    struct principal tagged = *bob(&p.place.boot);
    tagged.session_tags = &(struct principal_tag){.key = S("team"), .value = S("blue")};
    tagged.session_tag_count = 1;
    CHECK(outcome(&p, NULL) != NULL);
    ALLOWED(&p, &tagged); /* the session's tag stands before the user's */
    probe_close(&p);
}

/* ---- calls between services ---- */

static err inner_send(struct call *c, enum call_as as, struct sqs_send_message_result *out) {
    struct call_other other = {.service = &queues, .op = SQS_OP_SEND_MESSAGE, .as = (u8)as, .source_arn = S("arn:aws:sns:us-east-1:" MINE ":topic"), .role_arn = S(ROLE)};
    return call_service(c, &other, &input, out);
}

static err call_as_service(void *context, struct txn *t) {
    struct probe *p = context;
    struct sqs_send_message_result out;
    struct call *c = call_of(p, t, NULL);
    c->service = &tokens; /* another service than the queue's */
    CHECK(inner_send(c, CALL_AS_SERVICE, &out) == &cloud_access_denied);
    facts_given.resource_policy = S("{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"sts.amazonaws.com\"},\"Action\":\"sqs:SendMessage\","
                                    "\"Condition\":{\"ArnLike\":{\"aws:SourceArn\":\"arn:aws:sns:*:*:topic\"},\"StringEquals\":{\"aws:SourceAccount\":\"" MINE "\"}}}}");
    CHECK(!inner_send(c, CALL_AS_SERVICE, &out));
    facts_given.resource_policy = S("{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"sts.amazonaws.com\"},\"Action\":\"sqs:SendMessage\","
                                    "\"Condition\":{\"StringEquals\":{\"aws:SourceAccount\":\"111111111111\"}}}}");
    CHECK(inner_send(c, CALL_AS_SERVICE, &out) == &cloud_access_denied);
    return NULL;
}

static void services_need_the_policy_of_the_resource(void) {
    struct probe p;
    begin(&p);
    CHECK(!probe_write(&p, call_as_service));
    probe_close(&p);
}

static err call_forwarded(void *context, struct txn *t) {
    struct probe *p = context;
    struct sqs_send_message_result out;
    struct call *c = call_of(p, t, bob(txn_arena(t)));
    c->service = &tokens;
    house.policy = ALLOW_IF("sqs:SendMessage", "{\"Bool\":{\"aws:ViaAWSService\":\"true\"},\"StringEquals\":{\"aws:CalledViaFirst\":\"sts.amazonaws.com\"},"
                                               "\"ForAnyValue:StringEquals\":{\"aws:CalledVia\":\"sts.amazonaws.com\"}}");
    CHECK(!inner_send(c, CALL_FORWARDED, &out));
    CHECK_STR(out.message_id, S(USER));
    CHECK(outcome(p, NULL) != NULL); /* directly he may not */
    return NULL;
}

static void a_forwarded_call_has_the_caller_s_rights_and_says_by_whom_it_comes(void) {
    struct probe p;
    begin(&p);
    CHECK(!probe_write(&p, call_forwarded));
    probe_close(&p);
}

static err call_in_role(void *context, struct txn *t) {
    struct probe *p = context;
    struct sqs_send_message_result out;
    struct call *c = call_of(p, t, NULL);
    house.policy = ALLOW("sqs:*");
    CHECK(inner_send(c, CALL_AS_ROLE, &out) == &cloud_access_denied);
    house.trust = TRUST;
    CHECK(!inner_send(c, CALL_AS_ROLE, &out));
    CHECK_STR(out.message_id, S("arn:aws:sts::" MINE ":assumed-role/deliver/sqs"));
    c->service = &tokens; /* whom it does not trust */
    CHECK(inner_send(c, CALL_AS_ROLE, &out) == &cloud_access_denied);
    return NULL;
}

static void a_role_is_taken_on_if_it_trusts_the_service(void) {
    struct probe p;
    begin(&p);
    CHECK(!probe_write(&p, call_in_role));
    probe_close(&p);
}

static void authorization_messages_open_for_their_account_alone(void) {
    struct probe p;
    struct arena a = {0};
    begin(&p);
    struct txn *t = store_snapshot(p.place.store, &a);
    struct call *c = call_of(&p, t, bob(&a));
    CHECK(!may(c, S("ec2:RunInstances"), S("*")));
    str sealed = authorization_message_encode(c, S("ec2:RunInstances"), S("*")), json;
    CHECK(authorization_message_decode(c, sealed, &json));
    CHECK_STR(json, S("{\"allowed\":false,\"explicitDeny\":false,\"matchedStatements\":{\"items\":[]},\"failures\":{\"items\":[]},\"context\":{\"principal\":{\"id\":"
                      "\"AIDAEXAMPLE0000000001\",\"arn\":\"" USER "\"},\"action\":\"ec2:RunInstances\",\"resource\":\"*\",\"conditions\":{\"items\":[]}}}"));
    c->account = S("111111111111");
    CHECK(!authorization_message_decode(c, sealed, &json) && !authorization_message_decode(c, S("nonsense"), &json));
    store_snapshot_end(t);
    probe_close(&p);
    arena_free(&a);
}

UNIT_MAIN(UNIT(what_is_known_is_kept_until_the_epoch_moves), UNIT(a_change_of_rights_is_seen_by_its_own_function_alone), UNIT(each_kind_of_policy_has_its_words),
          UNIT(conditions_see_the_caller_and_the_input), UNIT(services_need_the_policy_of_the_resource),
          UNIT(a_forwarded_call_has_the_caller_s_rights_and_says_by_whom_it_comes), UNIT(a_role_is_taken_on_if_it_trusts_the_service),
          UNIT(authorization_messages_open_for_their_account_alone))
