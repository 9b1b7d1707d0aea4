/* Calls between services, with a service whose SendMessage does what its message says. */
#include "probe.h"

#include "cloud/record.h"

static int runs;

static str row_of(struct call *c, str name) {
    struct key k = key_new(c->arena, S("probe"));
    key_str(&k, name);
    return key_bytes(&k);
}

static err send_message(struct call *c, const struct sqs_send_message_request *in, struct sqs_send_message_result *out);
static err get_url(struct call *c, const struct sqs_get_queue_url_request *in, struct sqs_get_queue_url_result *out) {
    out->queue_url = arena_format(c->arena, "%.*s %.*s %.*s %.*s", STR_ARGS(c->principal->arn), STR_ARGS(c->account), STR_ARGS(c->region), STR_ARGS(c->source_arn));
    return NULL;
}

static const struct service_op ops[SQS_OP_COUNT] = {
    [SQS_OP_SEND_MESSAGE] = {.handle = SERVICE_BOUND(send_message)},
    [SQS_OP_GET_QUEUE_URL] = {.handle = SERVICE_BOUND(get_url)},
};
static err run_op(u16 op, enum service_stage stage, struct call *c, const void *in, void *out) {
    ASSERT(stage == SERVICE_HANDLE);
    runs++;
    return op == SQS_OP_SEND_MESSAGE ? send_message(c, in, out) : get_url(c, in, out);
}
static const struct service probe = {&sqs_wire, ops, run_op};

static err send_to(struct call *c, struct call_other other, const char *what, struct sqs_send_message_result *out) {
    struct sqs_send_message_request in = {.queue_url = S("q"), .message_body = str_of(what)};
    other.service = &probe;
    other.op = SQS_OP_SEND_MESSAGE;
    return call_service(c, &other, &in, out);
}

static err send_message(struct call *c, const struct sqs_send_message_request *in, struct sqs_send_message_result *out) {
    CHECK(!out->message_id.p);
    out->message_id = c->request_id;
    txn_put(c->txn, row_of(c, in->message_body), S("sent"));
    count_usage(c, S("Requests"), 1);
    if (str_eq(in->message_body, S("fail"))) return fail(c, &sqs_unsupported_operation, "It said fail.");
    if (str_eq(in->message_body, S("wait"))) return wait_for(c, S("topic"), 1);
    struct sqs_send_message_result further;
    if (str_eq(in->message_body, S("deep"))) return send_to(c, (struct call_other){.as = CALL_FORWARDED}, "deep", &further);
    return NULL;
}

static struct call *outer(struct probe *p, struct txn *t) { return probe_call(p, t, &probe, SQS_OP_SEND_MESSAGE, S(MINE), S("us-east-1")); }

static bool keep_line(void *context, i64 time_ms, str line) {
    struct buf *b = context;
    buf_add(b, line);
    buf_char(b, '\n');
    return true;
}

static void keep_event(void *context, const struct trail_event *event) { (void)keep_line(context, event->time_ms, event->json); }

/* What the journals hold, all lines. */
static str journals(struct probe *p, struct arena *a) {
    struct buf b = buf_new(a, 1 << 20);
    CHECK(records_flush(p->cloud));
    journal_read(p->cloud->calls, INT64_MIN, INT64_MAX, keep_line, &b);
    journal_read(p->cloud->metrics, INT64_MIN, INT64_MAX, keep_line, &b);
    return buf_str(&b);
}

/* The events of both accounts, all lines. */
static str events(struct probe *p, struct arena *a) {
    struct buf b = buf_new(a, 1 << 20);
    struct txn *t = store_snapshot(p->place.store, a);
    struct call reader = {.arena = a, .txn = t, .cloud = p->cloud};
    trail_gather(&reader, S(MINE), 0, INT64_MAX, keep_event, &b);
    trail_gather(&reader, S("111111111111"), 0, INT64_MAX, keep_event, &b);
    store_snapshot_end(t);
    return buf_str(&b);
}

static int count(str text, const char *what) {
    int n = 0;
    for (size_t at; (at = str_find(text, str_of(what))) != STR_NONE; n++) text = str_skip(text, at + strlen(what));
    return n;
}

/* As the dispatcher does it after the commit; here in the function, since that is not undone. */
static void settle(struct probe *p, struct call *c, err e) {
    record_call(p->cloud, c, &(struct call_end){.service = c->service, .op = c->op, .error = e, .status = e ? e->status : 200});
    CHECK(records_flush(p->cloud));
}

static err succeeds(void *context, struct txn *t) {
    struct probe *p = context;
    struct call *c = outer(p, t);
    struct sqs_send_message_result out = {.message_id = S("left over")};
    trail_select_data(c, true);
    CHECK(!send_to(c, (struct call_other){.source_arn = S("arn:aws:sns:us-east-1:" MINE ":t")}, "one", &out));
    CHECK(out.message_id.n == 36 && !str_eq(out.message_id, c->request_id));
    CHECK(txn_get(t, row_of(c, S("one")), NULL));
    struct sqs_get_queue_url_request in = {.queue_name = S("q")};
    struct sqs_get_queue_url_result url;
    struct call_other other = {&probe, SQS_OP_GET_QUEUE_URL, CALL_AS_SERVICE, S("111111111111"), S("eu-west-1"), S("arn:x")};
    CHECK(!call_service(c, &other, &in, &url));
    CHECK_STR(url.queue_url, S("sqs.amazonaws.com 111111111111 eu-west-1 arn:x"));
    settle(p, c, NULL);
    return NULL;
}

static void a_call_runs_in_the_transaction_and_is_recorded(void) {
    struct probe p;
    struct arena a = {0};
    str value;
    probe_open(&p);
    CHECK(!probe_write(&p, succeeds));
    struct call c = {.arena = &a};
    CHECK(get_row(p.place.store, &a, row_of(&c, S("one")), &value));
    str lines = journals(&p, &a), all = events(&p, &a);
    CHECK_INT(count(all, "\"eventName\":\"SendMessage\""), 2);
    CHECK_INT(count(all, "\"invokedBy\":\"sqs.amazonaws.com\""), 2);
    CHECK_INT(count(lines, "GetQueueUrl"), 0); /* it stands in a row of the commit */
    CHECK_INT(count(all, "\"eventName\":\"GetQueueUrl\""), 1);
    CHECK_INT(count(all, "\"sourceIPAddress\":\"sqs.amazonaws.com\""), 2);
    CHECK_INT(count(lines, "{\"usage\":\"Requests\","), 1);
    CHECK_INT(count(lines, "\"quantity\":1}"), 1);
    probe_close(&p);
    arena_free(&a);
}

static err fails_within(void *context, struct txn *t) {
    struct probe *p = context;
    struct call *c = outer(p, t);
    struct sqs_send_message_result out;
    txn_put(t, row_of(c, S("mine")), S("x"));
    trail_select_data(c, true);
    CHECK(send_to(c, (struct call_other){0}, "fail", &out) == &sqs_unsupported_operation);
    CHECK_STR(c->error_message, S("It said fail."));
    CHECK(!txn_get(t, row_of(c, S("fail")), NULL) && txn_get(t, row_of(c, S("mine")), NULL));
    struct sqs_send_message_request empty = {.queue_url = S("q")};
    CHECK_INT(runs, 1);
    err e = call_service(c, &(struct call_other){.service = &probe, .op = SQS_OP_SEND_MESSAGE}, &empty, &out);
    CHECK(e && strcmp(e->code, "MissingRequiredParameterException") == 0);
    CHECK_STR(c->error_message, S("The request must contain the parameter MessageBody."));
    struct sqs_purge_queue_request purge = {.queue_url = S("q")};
    struct wire_unit none;
    CHECK(call_service(c, &(struct call_other){.service = &probe, .op = SQS_OP_PURGE_QUEUE}, &purge, &none) == &cloud_not_implemented);
    CHECK_INT(runs, 1);
    settle(p, c, NULL);
    return NULL;
}

static void an_error_undoes_the_inner_call_alone(void) {
    struct probe p;
    struct arena a = {0};
    probe_open(&p);
    runs = 0;
    CHECK(!probe_write(&p, fails_within));
    str lines = journals(&p, &a), all = events(&p, &a);
    CHECK_INT(count(all, "\"errorCode\":\"UnsupportedOperation\""), 1);
    CHECK_INT(count(all, "\"invokedBy\":"), 3);
    CHECK_INT(count(lines, "\"usage\""), 0);
    probe_close(&p);
    arena_free(&a);
}

static err asks_for_rights(void *context, struct txn *t) {
    struct call *c = outer(context, t);
    struct sqs_send_message_result out;
    CHECK(!send_to(c, (struct call_other){.as = CALL_FORWARDED}, "own", &out));
    CHECK(!send_to(c, (struct call_other){.as = CALL_AS_SERVICE, .account = S("111111111111")}, "other", &out));
    CHECK(send_to(c, (struct call_other){.as = CALL_FORWARDED, .account = S("111111111111")}, "other", &out) == &cloud_access_denied);
    CHECK(str_find(c->error_message, S("not authorized to perform: sqs:sendmessage on resource: arn:aws:sqs:us-east-1:111111111111:q")) != STR_NONE);
    struct principal nobody = {.kind = PRINCIPAL_ANONYMOUS};
    c->principal = &nobody;
    CHECK(send_to(c, (struct call_other){.as = CALL_FORWARDED}, "own", &out) == &cloud_access_denied);
    return NULL;
}

static void the_gate_stands_between_services_too(void) {
    struct probe p;
    probe_open(&p);
    CHECK(!probe_write(&p, asks_for_rights));
    probe_close(&p);
}

static err goes_deep(void *context, struct txn *t) {
    struct call *c = outer(context, t);
    struct sqs_send_message_result out;
    runs = 0;
    CHECK(send_to(c, (struct call_other){0}, "deep", &out) == &cloud_internal_failure);
    CHECK_INT(runs, 8);
    CHECK(!txn_get(t, row_of(c, S("deep")), NULL));
    return NULL;
}

static void a_ring_of_calls_ends(void) {
    struct probe p;
    probe_open(&p);
    CHECK(!probe_write(&p, goes_deep));
    probe_close(&p);
}

static void send_wait(void *context) {
    struct sqs_send_message_result out;
    (void)!send_to(context, (struct call_other){0}, "wait", &out);
}
static void send_one(void *context) {
    struct sqs_send_message_result out;
    (void)!send_to(context, (struct call_other){0}, "one", &out);
}
static err waits_within(void *context, struct txn *t) {
    struct call *c = outer(context, t);
    CHECK(ends_the_process(send_wait, c));
    CHECK(!ends_the_process(send_one, c));
    return NULL;
}

static void misuse_ends_the_process(void) {
    struct probe p;
    struct arena a = {0};
    probe_open(&p);
    CHECK(!probe_write(&p, waits_within));
    struct txn *t = store_snapshot(p.place.store, &a);
    CHECK(ends_the_process(send_one, outer(&p, t))); /* a reading call cannot call a writing one */
    store_snapshot_end(t);
    probe_close(&p);
    arena_free(&a);
}

UNIT_MAIN(UNIT(a_call_runs_in_the_transaction_and_is_recorded), UNIT(an_error_undoes_the_inner_call_alone), UNIT(the_gate_stands_between_services_too),
          UNIT(a_ring_of_calls_ends), UNIT(misuse_ends_the_process))
