/* A table's stream as source: shard by shard, in order, from the position that the last transaction left. */
#include "pipes.h"

#include "cloud/operation.h"
#include "gen/dynamodbstreams.h"
#include "gen/sns.h"
#include "gen/sqs.h"
#include "text/json.h"
#include "text/tree.h"

enum { REFRESH_MS = 600000 /* an iterator lives for 15 minutes */, BACKOFF_MAX_S = 60, EVENT_MAX = 4 << 20, SHARDS_MAX = 100, SWEEP = 200, FLOWN_READ = 10 };

/* ---- positions ---- */

static str position_row(struct arena *a, u64 pipe, str shard) {
    struct key k = key_new(a, S("pipes-position"));
    key_u64(&k, pipe);
    if (shard.p) key_str(&k, shard);
    return key_bytes(&k);
}

static bool position_load(struct call *c, const struct pipe *p, str shard, struct pipe_position *at) {
    str row;
    *at = (struct pipe_position){0};
    if (!txn_get(c->txn, position_row(c->arena, p->id, shard), &row)) return false;
    ASSERT(record_decode(c->arena, &pipes_position_record, arena_str(c->arena, row), at));
    return true;
}

static void position_save(struct call *c, const struct pipe *p, str shard, const struct pipe_position *at) {
    txn_put(c->txn, position_row(c->arena, p->id, shard), record_encode(c->arena, &pipes_position_record, at));
}

/* Of a deleted pipe. The key: its number. */
err positions_sweep(struct txn *t, const struct task *task, i64 now_ms) {
    (void)now_ms;
    struct arena *a = txn_arena(t);
    u64 id;
    str key, row;
    ASSERT(str_to_u64(task->key, &id));
    str all = position_row(a, id, (str){0});
    struct range r = txn_range(t, all, key_after_prefix(a, all));
    int n = 0;
    for (; n < SWEEP && range_next(&r, &key, &row); n++) txn_delete(t, arena_str(a, key));
    if (n == SWEEP) txn_task_set(t, &(struct task){.kind = task->kind, .key = task->key});
    return NULL;
}

/* ---- the stream ---- */

static struct call_other callee(struct call *c, const struct pipe *p, u16 op) {
    struct arn arn;
    ASSERT(arn_parse(p->source->arn, &arn));
    return pipe_callee(c, p, &arn, &dynamodbstreams_service, op);
}

static err describe(struct call *c, const struct pipe *p, struct dynamodbstreams_describe_stream_output *out) {
    struct dynamodbstreams_describe_stream_input in = {.stream_arn = p->source->arn};
    struct call_other stream = callee(c, p, DYNAMODBSTREAMS_OP_DESCRIBE_STREAM);
    return call_service(c, &stream, &in, out);
}

err stream_check(struct call *c, const struct pipe *p) {
    struct dynamodbstreams_describe_stream_output out;
    return describe(c, p, &out);
}

static err iterator_at(struct call *c, const struct pipe *p, str shard, const char *type, str sequence, str *iterator) {
    struct dynamodbstreams_get_shard_iterator_input in = {.stream_arn = p->source->arn, .shard_id = shard, .shard_iterator_type = str_of(type), .sequence_number = sequence};
    struct dynamodbstreams_get_shard_iterator_output out;
    struct call_other stream = callee(c, p, DYNAMODBSTREAMS_OP_GET_SHARD_ITERATOR);
    err e = call_service(c, &stream, &in, &out);
    if (!e) *iterator = out.shard_iterator;
    return e;
}

/* A pipe that begins at the latest passes over what is there: the shards that are closed, and the open one up to now. */
void stream_start(struct call *c, const struct pipe *p) {
    struct dynamodbstreams_describe_stream_output out;
    struct pipe_position at;
    if (!str_eq(p->source->starting, S("LATEST")) || describe(c, p, &out)) return;
    for (u32 i = 0; i < out.stream_description->shards.n; i++) {
        const struct dynamodbstreams_shard *shard = &out.stream_description->shards.v[i];
        if (position_load(c, p, shard->shard_id, &at) && (at.sequence.p || at.done)) continue; /* it ran before, and goes on there */
        at = (struct pipe_position){.done = shard->sequence_number_range->ending_sequence_number.p != NULL};
        if (!at.done && iterator_at(c, p, shard->shard_id, "LATEST", (str){0}, &at.iterator)) continue;
        position_save(c, p, shard->shard_id, &at);
    }
}

/* ---- a batch of records ---- */

struct batch {
    const struct pipe *pipe;
    str shard;
    struct pipe_position at;
    struct pipe_filter filter;
    struct pipe_event events[SLICE];
    str sequences[SLICE];
    i64 made_ms[SLICE];
    u32 n;
    str next; /* iterator behind them; absent: the shard has its end */
};

static i64 made_at(const struct json_node *record) {
    const struct json_node *n = json_node_member(json_node_member(record, S("dynamodb")), S("ApproximateCreationDateTime"));
    double seconds;
    return n && str_to_f64(n->text, &seconds) ? (i64)(seconds * 1000) : 0;
}

static void add_record(struct call *c, struct batch *b, const struct json_node *record, str source) {
    struct pipe_event *e = &b->events[b->n];
    str raw = json_node_raw(record, source);
    struct buf text = buf_new(c->arena, EVENT_MAX), arn = buf_new(c->arena, 4096);
    json_write_string(&arn, b->pipe->source->arn);
    buf_add(&text, str_take(raw, raw.n - 1));
    buf_format(&text, ",\"eventSourceARN\":%.*s}", STR_ARGS(buf_str(&arn)));
    ASSERT(!text.over);
    event_read(c->arena, e, buf_str(&text), (str){0});
    const struct json_node *sequence = json_node_member(json_node_member(record, S("dynamodb")), S("SequenceNumber")), *id = json_node_member(record, S("eventID"));
    ASSERT(sequence && id);
    e->id = id->text;
    b->sequences[b->n] = sequence->text;
    b->made_ms[b->n++] = made_at(record);
}

static err read_records(struct call *c, struct batch *b) {
    str iterator = b->at.iterator, output, in;
    i64 limit = pipe_flies(b->pipe) ? FLOWN_READ : b->pipe->source->has_batch ? MIN(b->pipe->source->batch, SLICE) : SLICE;
    if (b->at.sequence.p) {
        err e = iterator_at(c, b->pipe, b->shard, "AFTER_SEQUENCE_NUMBER", b->at.sequence, &iterator);
        if (e == &dynamodbstreams_trimmed_data_access_exception) e = iterator_at(c, b->pipe, b->shard, "TRIM_HORIZON", (str){0}, &iterator);
        TRY(e);
    } else if (!iterator.p) {
        TRY(iterator_at(c, b->pipe, b->shard, "TRIM_HORIZON", (str){0}, &iterator));
    }
    struct buf text = buf_new(c->arena, 8192);
    buf_add(&text, S("{\"ShardIterator\":"));
    json_write_string(&text, iterator);
    buf_format(&text, ",\"Limit\":%lld}", (long long)limit);
    in = buf_str(&text);
    struct call_other stream = callee(c, b->pipe, DYNAMODBSTREAMS_OP_GET_RECORDS);
    TRY(operation_call(c, &stream, in, &output));
    const struct json_node *tree = json_tree(c->arena, output, json_default_limits, NULL, NULL);
    ASSERT(tree);
    const struct json_node *records = json_node_member(tree, S("Records")), *next = json_node_member(tree, S("NextShardIterator"));
    for (const struct json_node *r = records ? records->first : NULL; r && b->n < SLICE; r = r->next) add_record(c, b, r, output);
    b->next = next ? next->text : (str){0};
    return NULL;
}

/* ---- what the target refuses ---- */

static void dead_letter(struct call *c, const struct batch *b, u32 from, u32 to, const char *condition) {
    struct arn arn;
    const struct pipe *p = b->pipe;
    struct buf t = buf_new(c->arena, 16 << 10), now = buf_new(c->arena, 64), first = buf_new(c->arena, 64), last = buf_new(c->arena, 64);
    if (!p->source->dead_letter_arn.p) return;
    ASSERT(arn_parse(p->source->dead_letter_arn, &arn));
    buf_iso8601_ms(&now, c->now_ms);
    buf_iso8601_ms(&first, b->made_ms[from]);
    buf_iso8601_ms(&last, b->made_ms[to - 1]);
    buf_format(&t, "{\"context\":{\"partnerResourceArn\":\"%.*s\",\"condition\":\"%s\"},\"version\":\"1.0\",\"timestamp\":\"%.*s\",\"DDBStreamBatchInfo\":{"
                   "\"shardId\":\"%.*s\",\"startSequenceNumber\":\"%.*s\",\"endSequenceNumber\":\"%.*s\",\"approximateArrivalOfFirstRecord\":\"%.*s\","
                   "\"approximateArrivalOfLastRecord\":\"%.*s\",\"batchSize\":%u,\"streamArn\":\"%.*s\"}}",
               STR_ARGS(pipe_arn(c->arena, p)), condition, STR_ARGS(buf_str(&now)), STR_ARGS(b->shard), STR_ARGS(b->sequences[from]), STR_ARGS(b->sequences[to - 1]),
               STR_ARGS(buf_str(&first)), STR_ARGS(buf_str(&last)), to - from, STR_ARGS(p->source->arn));
    err e;
    if (str_eq(arn.service, S("sns"))) {
        struct sns_publish_input in = {.topic_arn = p->source->dead_letter_arn, .message = buf_str(&t)};
        struct sns_publish_response out;
        struct call_other topic = pipe_callee(c, p, &arn, &sns_service, SNS_OP_PUBLISH);
        e = call_service(c, &topic, &in, &out);
    } else {
        struct sqs_send_message_request in = {.queue_url = arena_format(c->arena, "/%.*s/%.*s", STR_ARGS(arn.account), STR_ARGS(arn.resource)), .message_body = buf_str(&t)};
        struct sqs_send_message_result out;
        struct call_other queue = pipe_callee(c, p, &arn, &sqs_service, SQS_OP_SEND_MESSAGE);
        e = call_service(c, &queue, &in, &out);
    }
    if (e) pipe_counted(c, p, "ExecutionFailed");
}

static const char *given_up(struct call *c, const struct batch *b, i64 made_ms) {
    const struct pipe_source *s = b->pipe->source;
    if (s->attempts >= 0 && b->at.failures > s->attempts) return "RetryAttemptsExhausted";
    return s->age_s >= 0 && c->now_ms - made_ms > s->age_s * 1000 ? "RecordAgeExceeded" : NULL;
}

static void settled(struct batch *b, u32 upto) {
    b->at.sequence = b->sequences[upto - 1];
    b->at.iterator = (str){0};
    b->at.failures = 0;
}

/* True: the target will not get [from, to) any more; false: it waits for another attempt. */
static bool give_up(struct call *c, struct batch *b, u32 from, u32 to) {
    pipe_counted(c, b->pipe, "ExecutionFailed");
    b->at.failures++;
    const char *condition = given_up(c, b, b->made_ms[from]);
    if (condition) {
        dead_letter(c, b, from, to, condition);
        settled(b, to);
        return true;
    }
    b->at.pause_until_ms = c->now_ms + MIN(1ll << MIN(b->at.failures - 1, 20), BACKOFF_MAX_S) * 1000;
    poll_later(c->txn, c->arena, b->pipe, b->at.pause_until_ms);
    return false;
}

/* The first of [from, n) that the target refuses; n: none. */
static u32 send_some(struct call *c, struct batch *b, u32 from) {
    for (u32 i = from; i < b->n; i++) {
        pipe_counted(c, b->pipe, "EventCount");
        if (!filter_lets(&b->filter, &b->events[i])) continue;
        pipe_counted(c, b->pipe, "Invocations");
        execution_begin(c, b->pipe, &b->events[i]);
        err refused = pipe_send(c, b->pipe, &b->events[i]);
        execution_end(c, b->pipe, &b->events[i], refused);
        if (refused) return i;
    }
    return b->n;
}

/* Without bisecting, a batch goes as a whole or not at all; with it, all before the refused record is done, and that
 * record is what is tried again, as halving would find it. */
static void send_all(struct call *c, struct batch *b) {
    bool bisect = b->pipe->source->bisect;
    u32 from = 0;
    while (from < b->n) {
        size_t mark = txn_mark(c->txn);
        u32 at = send_some(c, b, from);
        if (at == b->n) {
            settled(b, b->n);
            return;
        }
        if (!bisect) txn_undo(c->txn, mark);
        else if (at > from) settled(b, at);
        u32 refused_from = bisect ? at : from, refused_to = bisect ? at + 1 : b->n;
        if (!give_up(c, b, refused_from, refused_to)) return;
        from = refused_to;
    }
}

/* By way of an API destination one record of a shard goes at a time: the first that passes the filters. */
static void fly_one(struct call *c, struct batch *b) {
    for (u32 i = 0; i < b->n; i++) {
        pipe_counted(c, b->pipe, "EventCount");
        if (filter_lets(&b->filter, &b->events[i])) {
            struct pipe_flight f = {.shard = b->shard, .sequence = b->sequences[i], .made_ms = b->made_ms[i]};
            pipe_counted(c, b->pipe, "Invocations");
            execution_begin(c, b->pipe, &b->events[i]);
            b->at.flying = !flight_begin(c, b->pipe, &f, &b->events[i]);
            if (!b->at.flying) (void)give_up(c, b, i, i + 1);
            return;
        }
        settled(b, i + 1);
    }
}

void stream_landed(struct call *c, const struct pipe *p, const struct pipe_flight *f, bool done) {
    struct batch *b = NEW(c->arena, struct batch);
    *b = (struct batch){.pipe = p, .shard = f->shard, .n = 1};
    if (!position_load(c, p, f->shard, &b->at)) return;
    b->sequences[0] = f->sequence;
    b->made_ms[0] = f->made_ms;
    b->at.flying = false;
    if (done) settled(b, 1);
    else (void)give_up(c, b, 0, 1);
    position_save(c, p, f->shard, &b->at);
    if (!b->at.pause_until_ms && str_eq(p->current, S("RUNNING"))) poll_again(c->txn, c->arena, p);
}

/* ---- one look ---- */

/* True: this shard was worked on, and others wait for it. */
static bool work_on(struct call *c, struct batch *b, const struct dynamodbstreams_shard *shard) {
    b->shard = shard->shard_id;
    (void)position_load(c, b->pipe, b->shard, &b->at);
    if (b->at.done) return false;
    if (b->at.flying) return true;
    if (b->at.pause_until_ms > c->now_ms) return true;
    b->at.pause_until_ms = 0;
    if (read_records(c, b)) {
        pipe_counted(c, b->pipe, "ExecutionFailed");
        poll_later(c->txn, c->arena, b->pipe, c->now_ms + DENIED_MS);
        return true;
    }
    if (b->n && pipe_flies(b->pipe)) fly_one(c, b);
    else if (b->n) send_all(c, b);
    else if (!b->next.p) b->at.done = true;
    else if (!b->at.sequence.p && b->at.iterator.p) b->at.iterator = b->next;
    if (b->at.iterator.p && !b->at.pause_until_ms && !b->at.flying) poll_later(c->txn, c->arena, b->pipe, c->now_ms + REFRESH_MS);
    if (!b->at.pause_until_ms && !b->at.flying && (b->n || b->at.done)) poll_again(c->txn, c->arena, b->pipe);
    position_save(c, b->pipe, b->shard, &b->at);
    return true;
}

void stream_poll(struct call *c, const struct pipe *p) {
    struct dynamodbstreams_describe_stream_output out;
    if (describe(c, p, &out)) {
        pipe_counted(c, p, "ExecutionFailed");
        poll_later(c->txn, c->arena, p, c->now_ms + DENIED_MS);
        return;
    }
    struct batch *b = NEW(c->arena, struct batch);
    b->pipe = p;
    b->filter = filter_of(c->arena, p->source);
    for (u32 i = 0; i < out.stream_description->shards.n; i++)
        if (work_on(c, b, &out.stream_description->shards.v[i])) return;
}
