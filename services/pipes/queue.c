/* A queue as source. What is received, sent on and deleted is so in one transaction: it goes through the pipe once. What
 * the target refuses stays in flight, comes back as the queue says, and in the end goes where its redrive policy says. */
#include "pipes.h"

#include "gen/sqs.h"
#include "text/json.h"
#include "text/tree.h"

enum { RECEIVE_MAX = 10, EVENT_MAX = 4 << 20, REFUSED_MS = 1000 };

static struct call_other callee(struct call *c, const struct pipe *p, u16 op, str *url) {
    struct arn arn;
    ASSERT(arn_parse(p->source->arn, &arn));
    *url = arena_format(c->arena, "/%.*s/%.*s", STR_ARGS(arn.account), STR_ARGS(arn.resource));
    return pipe_callee(c, p, &arn, &sqs_service, op);
}

err queue_check(struct call *c, const struct pipe *p) {
    struct sqs_get_queue_attributes_request in = {0};
    struct sqs_get_queue_attributes_result out;
    struct call_other queue = callee(c, p, SQS_OP_GET_QUEUE_ATTRIBUTES, &in.queue_url);
    return call_service(c, &queue, &in, &out);
}

/* ---- a message as event ---- */

static void write_attribute(struct buf *b, const struct sqs_message_attribute_value *v) {
    json_write_object(b);
    if (v->string_value.p) json_write_member(b, S("stringValue"), v->string_value);
    if (v->binary_value.p) {
        json_write_key(b, S("binaryValue"));
        json_write_comma(b);
        buf_char(b, '"');
        buf_base64(b, v->binary_value);
        buf_char(b, '"');
    }
    json_write_key(b, S("stringListValues"));
    json_write_raw(b, S("[]"));
    json_write_key(b, S("binaryListValues"));
    json_write_raw(b, S("[]"));
    json_write_member(b, S("dataType"), v->data_type);
    json_write_object_end(b);
}

/* `body`: JSON in the body's place; absent: it is a text. */
static str message_json(struct arena *a, const struct pipe *p, const struct sqs_message *m, str body) {
    struct buf b = buf_new(a, EVENT_MAX * 2);
    json_write_object(&b);
    json_write_member(&b, S("messageId"), m->message_id);
    json_write_member(&b, S("receiptHandle"), m->receipt_handle);
    json_write_key(&b, S("body"));
    if (body.p) json_write_raw(&b, body);
    else json_write_string(&b, m->body);
    json_write_key(&b, S("attributes"));
    json_write_object(&b);
    for (u32 i = 0; i < m->attributes.n; i++) {
        json_write_member(&b, m->attributes.v[i].key, m->attributes.v[i].value);
    }
    json_write_object_end(&b);
    json_write_key(&b, S("messageAttributes"));
    json_write_object(&b);
    for (u32 i = 0; i < m->message_attributes.n; i++) {
        json_write_key(&b, m->message_attributes.v[i].key);
        write_attribute(&b, &m->message_attributes.v[i].value);
    }
    json_write_object_end(&b);
    json_write_member(&b, S("md5OfBody"), m->md5_of_body);
    json_write_member(&b, S("eventSource"), S("aws:sqs"));
    json_write_member(&b, S("eventSourceARN"), p->source->arn);
    json_write_member(&b, S("awsRegion"), p->region);
    json_write_object_end(&b);
    ASSERT(!b.over); /* a message is bounded, and so are its attributes */
    return buf_str(&b);
}

static str attribute(const struct sqs_message *m, const char *name) {
    for (u32 i = 0; i < m->attributes.n; i++)
        if (str_eq(m->attributes.v[i].key, str_of(name))) return m->attributes.v[i].value;
    return (str){0};
}

static void read_message(struct arena *a, const struct pipe *p, const struct sqs_message *m, struct pipe_event *e) {
    bool is_json = json_tree(a, m->body, json_default_limits, NULL, NULL) != NULL;
    *e = (struct pipe_event){.id = m->message_id, .group = attribute(m, "MessageGroupId")};
    event_read(a, e, message_json(a, p, m, (str){0}), is_json ? message_json(a, p, m, m->body) : (str){0});
}

/* ---- a batch ---- */

struct batch {
    const struct pipe *pipe;
    struct pipe_filter filter;
    str blocked[SLICE]; /* groups of a FIFO queue whose order waits for a message that was refused */
    u32 blocked_count, received, settled;
};

static bool waits(const struct batch *b, str group) {
    for (u32 i = 0; i < b->blocked_count; i++)
        if (str_eq(b->blocked[i], group)) return true;
    return false;
}

static bool delete_message(struct call *c, const struct pipe *p, str receipt) {
    struct sqs_delete_message_request in = {.receipt_handle = receipt};
    struct wire_unit out;
    struct call_other queue = callee(c, p, SQS_OP_DELETE_MESSAGE, &in.queue_url);
    bool deleted = !call_service(c, &queue, &in, &out);
    if (!deleted) pipe_counted(c, p, "ExecutionFailed");
    return deleted;
}

static void settle(struct call *c, struct batch *b, const struct sqs_message *m) { b->settled += delete_message(c, b->pipe, m->receipt_handle); }

/* Its flight is over; there may be others that wait for the place. */
void queue_landed(struct call *c, const struct pipe *p, const struct pipe_flight *f, bool done) {
    if (!done) pipe_counted(c, p, "ExecutionFailed");
    else (void)delete_message(c, p, f->receipt);
    if (str_eq(p->current, S("RUNNING"))) poll_again(c->txn, c->arena, p);
}

static void take(struct call *c, struct batch *b, const struct sqs_message *m) {
    struct pipe_event e;
    read_message(c->arena, b->pipe, m, &e);
    if (e.group.p && waits(b, e.group)) return;
    pipe_counted(c, b->pipe, "EventCount");
    if (!filter_lets(&b->filter, &e)) {
        settle(c, b, m);
        return;
    }
    pipe_counted(c, b->pipe, "Invocations");
    execution_begin(c, b->pipe, &e);
    if (pipe_flies(b->pipe)) {
        if (flight_begin(c, b->pipe, &(struct pipe_flight){.receipt = m->receipt_handle}, &e)) pipe_counted(c, b->pipe, "ExecutionFailed");
        return;
    }
    err refused = pipe_send(c, b->pipe, &e);
    execution_end(c, b->pipe, &e, refused);
    if (!refused) {
        settle(c, b, m);
        return;
    }
    pipe_counted(c, b->pipe, "ExecutionFailed");
    if (e.group.p) b->blocked[b->blocked_count++] = e.group;
}

/* Of a FIFO queue one at a time flies: the queue then holds back those of its group. */
static u32 places(struct call *c, const struct batch *b) {
    if (!pipe_flies(b->pipe)) return b->received + RECEIVE_MAX <= SLICE ? RECEIVE_MAX : 0;
    u32 free = b->received < SLICE ? FLIGHTS_MAX - flights_of(c, b->pipe, FLIGHTS_MAX) : 0;
    return MIN(free, str_ends(b->pipe->source->arn, S(".fifo")) ? 1 : RECEIVE_MAX);
}

/* False: there is no more, or no place, or the source refuses (*refused). */
static bool receive(struct call *c, struct batch *b, bool *refused) {
    str all[] = {S("All")};
    u32 most = places(c, b);
    if (!most) return false;
    struct sqs_receive_message_request in = {.max_number_of_messages = SOME_I32((i32)most), .wait_time_seconds = SOME_I32(0),
                                             .message_system_attribute_names = {.v = all, .n = 1, .set = true}, .message_attribute_names = {.v = all, .n = 1, .set = true}};
    struct sqs_receive_message_result out;
    struct call_other queue = callee(c, b->pipe, SQS_OP_RECEIVE_MESSAGE, &in.queue_url);
    *refused = call_service(c, &queue, &in, &out) != NULL;
    if (*refused) return false;
    for (u32 i = 0; i < out.messages.n; i++) take(c, b, &out.messages.v[i]);
    b->received += out.messages.n;
    return out.messages.n > 0;
}

void queue_poll(struct call *c, const struct pipe *p) {
    struct batch b = {.pipe = p, .filter = filter_of(c->arena, p->source)};
    bool refused = false;
    while (receive(c, &b, &refused)) {}
    if (refused) {
        pipe_counted(c, p, "ExecutionFailed");
        poll_later(c->txn, c->arena, p, c->now_ms + DENIED_MS);
    } else if (b.settled) {
        poll_again(c->txn, c->arena, p);
    } else if (b.received) {
        poll_later(c->txn, c->arena, p, c->now_ms + REFUSED_MS); /* a queue may give back at once what was refused */
    }
}
