/* The gate of rights, and validation in the words of the services. */
#include "probe.h"

#include "gen/sts.h"

static const struct service queues = {.wire = &sqs_wire, .ops = (const struct service_op[SQS_OP_COUNT]){{0}}};

static err decide(struct probe *p, u16 op, const void *in, const struct principal *who, struct arena *a, str *message) {
    struct txn *t = store_snapshot(p->place.store, a);
    struct call *c = probe_call(p, t, &queues, op, S(MINE), S("us-east-1"));
    if (who) c->principal = who;
    err e = call_authorize(c, in);
    *message = c->error_message;
    store_snapshot_end(t);
    return e;
}

static void root_may_and_others_may_not(void) {
    struct probe p;
    struct arena a = {0};
    str message;
    struct sqs_get_queue_url_request in = {.queue_name = S("q")};
    probe_open(&p);
    CHECK(!decide(&p, SQS_OP_GET_QUEUE_URL, &in, NULL, &a, &message));
    struct principal user = {.kind = PRINCIPAL_USER, .account = S(MINE), .arn = S("arn:aws:iam::" MINE ":user/u")};
    CHECK(decide(&p, SQS_OP_GET_QUEUE_URL, &in, &user, &a, &message) == &cloud_access_denied);
    CHECK_STR(message, S("User: arn:aws:iam::" MINE ":user/u is not authorized to perform: sqs:getqueueurl on resource: arn:aws:sqs:us-east-1:" MINE
                         ":q because no identity-based policy allows the sqs:getqueueurl action"));
    struct principal other = principal_root(&a, S("111111111111"), S("111111111111"));
    CHECK(decide(&p, SQS_OP_GET_QUEUE_URL, &in, &other, &a, &message) == &cloud_access_denied);
    struct principal nobody = {.kind = PRINCIPAL_ANONYMOUS};
    CHECK(decide(&p, SQS_OP_GET_QUEUE_URL, &in, &nobody, &a, &message) == &cloud_access_denied);
    probe_close(&p);
    arena_free(&a);
}

static void authorize(void *context) {
    struct sqs_get_queue_url_request in = {.queue_name = S("q")};
    (void)!call_authorize(context, &in);
}

/* The generator refuses such a description (gen/test/test_gen.py); a table made otherwise stops here. */
static void an_operation_without_facts_is_refused(void) {
    struct probe p;
    struct arena a = {0};
    struct wire_op *ops = NEW_ARRAY(&a, struct wire_op, SQS_OP_COUNT);
    memcpy(ops, sqs_wire.ops, SQS_OP_COUNT * sizeof *ops);
    struct wire_service bare = sqs_wire;
    bare.ops = ops;
    probe_open(&p);
    struct txn *t = store_snapshot(p.place.store, &a);
    struct service service = {.wire = &bare, .ops = queues.ops};
    struct call *c = probe_call(&p, t, &service, SQS_OP_GET_QUEUE_URL, S(MINE), S("us-east-1"));
    CHECK(!ends_the_process(authorize, c));
    ops[SQS_OP_GET_QUEUE_URL].iam_count = 0;
    CHECK(ends_the_process(authorize, c));
    store_snapshot_end(t);
    probe_close(&p);
    arena_free(&a);
}

static void violations_are_told_in_the_service_s_words(void) {
    struct arena a = {0};
    struct call c = {.arena = &a, .service = &queues, .op = &sqs_wire.ops[SQS_OP_SEND_MESSAGE]};
    struct sqs_send_message_request in = {.message_body = S("x")};
    err e = call_validate(&c, &in);
    CHECK(e && strcmp(e->code, "MissingRequiredParameterException") == 0 && strcmp(e->query_code, "MissingParameter") == 0);
    CHECK_STR(c.error_message, S("The request must contain the parameter QueueUrl."));
    in.queue_url = S("q");
    CHECK(!call_validate(&c, &in));
    static const struct service tokens = {.wire = &sts_wire};
    c = (struct call){.arena = &a, .service = &tokens, .op = &sts_wire.ops[STS_OP_GET_SESSION_TOKEN]};
    struct sts_get_session_token_request session = {.duration_seconds = SOME_I32(5)};
    CHECK(call_validate(&c, &session) == &cloud_validation);
    CHECK_STR(c.error_message, S("1 validation error detected: Value '5' at 'durationSeconds' failed to satisfy constraint: Member must have value "
                                 "greater than or equal to 900"));
    session.duration_seconds = SOME_I32(900);
    CHECK(!call_validate(&c, &session));
    arena_free(&a);
}

UNIT_MAIN(UNIT(root_may_and_others_may_not), UNIT(an_operation_without_facts_is_refused), UNIT(violations_are_told_in_the_service_s_words))
