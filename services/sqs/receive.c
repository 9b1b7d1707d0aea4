/* ReceiveMessage. An empty poll ends in prepare, on a snapshot: it takes no place in the writer. */
#include "sqs.h"

#include "crypto/crypto.h"

struct wanted {
    u32 max;
    i64 visibility_ms, wait_ms;
};

static err check_range(struct call *c, const char *name, struct opt_i32 v, i32 least, i32 most, const char *reason) {
    if (!v.set || (v.v >= least && v.v <= most)) return NULL;
    return fail(c, &sqs_invalid_parameter_value_exception, "Value %d for parameter %s is invalid. Reason: %s, if provided.", v.v, name, reason);
}

static bool system_name_known(str name) {
    static const char *const names[] = {"All", "SenderId", "SentTimestamp", "ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp", "SequenceNumber",
                                        "MessageDeduplicationId", "MessageGroupId", "AWSTraceHeader", "DeadLetterQueueSourceArn"};
    for (size_t i = 0; i < LENGTH(names); i++)
        if (str_eq(name, str_of(names[i]))) return true;
    return false;
}

static err check(struct call *c, const struct queue *q, const struct sqs_receive_message_request *in, struct wanted *w) {
    TRY(check_range(c, "MaxNumberOfMessages", in->max_number_of_messages, 1, 10, "Must be between 1 and 10"));
    TRY(check_range(c, "WaitTimeSeconds", in->wait_time_seconds, 0, 20, "Must be >= 0 and <= 20"));
    TRY(check_range(c, "VisibilityTimeout", in->visibility_timeout, 0, VISIBILITY_MAX_S, "Must be >= 0 and <= 43200"));
    if (in->receive_request_attempt_id.p && !q->fifo)
        return fail(c, &sqs_invalid_parameter_value_exception,
                    "Value %.*s for parameter ReceiveRequestAttemptId is invalid. Reason: The request include parameter that is not valid for this queue type.", STR_ARGS(in->receive_request_attempt_id));
    if (in->receive_request_attempt_id.n > 128)
        return fail(c, &sqs_invalid_parameter_value_exception,
                    "ReceiveRequestAttemptId can only include alphanumeric and punctuation characters. 1 to 128 in length.");
    for (u32 i = 0; i < in->message_system_attribute_names.n; i++)
        if (!system_name_known(in->message_system_attribute_names.v[i]) && !c->by_query)
            return fail(c, &sqs_invalid_attribute_name, "Unknown Attribute %.*s.", STR_ARGS(in->message_system_attribute_names.v[i]));
    w->max = in->max_number_of_messages.set ? (u32)in->max_number_of_messages.v : 1;
    w->visibility_ms = (in->visibility_timeout.set ? in->visibility_timeout.v : q->visibility_s) * 1000;
    w->wait_ms = (in->wait_time_seconds.set ? in->wait_time_seconds.v : q->wait_s) * 1000;
    return NULL;
}

/* Nothing there: until when? NULL: answer with nothing. The deadline is that of the first look. */
static err wait_or_end(struct call *c, const struct queue *q, const struct wanted *w) {
    if (!w->wait_ms || c->wait_over) return NULL;
    i64 until = c->wait_until_ms ? c->wait_until_ms : c->now_ms + w->wait_ms;
    return until <= c->now_ms ? NULL : wait_for(c, queue_topic(c->arena, q), until);
}

err sqs_receive_message_prepare(struct call *c, const struct sqs_receive_message_request *in, struct call_plan *plan) {
    struct queue q;
    struct wanted w;
    TRY(queue_open(c, in->queue_url, &q));
    TRY(check(c, &q, in, &w));
    if (queue_has_ready(c->txn, c->arena, &q) || hidden_first_due(c->txn, c->arena, &q) <= c->now_ms) return NULL;
    if (in->receive_request_attempt_id.n) return NULL; /* may ask again for what is in flight */
    TRY(wait_or_end(c, &q, &w));
    plan->answer = true;
    count_messages(c, &q, "NumberOfEmptyReceives", 1);
    count_request(c, &q, 0);
    return NULL;
}

/* ---- what an answer shows ---- */

static bool asked_for(const struct sqs_receive_message_request *in, const char *name) {
    for (u32 i = 0; i < in->attribute_names.n; i++)
        if (str_eq(in->attribute_names.v[i], S("All")) || str_eq(in->attribute_names.v[i], str_of(name))) return true;
    for (u32 i = 0; i < in->message_system_attribute_names.n; i++)
        if (str_eq(in->message_system_attribute_names.v[i], S("All")) || str_eq(in->message_system_attribute_names.v[i], str_of(name))) return true;
    return false;
}

static void show(const struct sqs_receive_message_request *in, struct sqs_message *out, const char *name, str value) {
    if (!value.p || !asked_for(in, name)) return;
    out->attributes.v[out->attributes.n++] = (struct sqs_message_system_attribute_map_entry){str_of(name), value};
    out->attributes.set = true;
}

static str number(struct call *c, i64 v) { return arena_format(c->arena, "%lld", (long long)v); }

static void show_system(struct call *c, const struct queue *q, const struct sqs_receive_message_request *in, const struct message *m, struct sqs_message *out) {
    if (!in->attribute_names.n && !in->message_system_attribute_names.n) return;
    out->attributes.v = NEW_ARRAY(c->arena, struct sqs_message_system_attribute_map_entry, 9);
    show(in, out, "SenderId", m->sender);
    show(in, out, "SentTimestamp", number(c, m->sent_ms));
    show(in, out, "ApproximateReceiveCount", number(c, m->receives));
    show(in, out, "ApproximateFirstReceiveTimestamp", number(c, m->first_received_ms));
    show(in, out, "MessageGroupId", m->group);
    show(in, out, "AWSTraceHeader", m->trace);
    show(in, out, "DeadLetterQueueSourceArn", m->source_arn);
    if (!q->fifo) return;
    show(in, out, "SequenceNumber", arena_format(c->arena, "188%017llu", (unsigned long long)m->first_seq));
    show(in, out, "MessageDeduplicationId", m->dedup);
}

/* "All", ".*", "prefix.*", "name". */
static bool name_matches(str pattern, str name) {
    if (str_eq(pattern, S("All")) || str_eq(pattern, S(".*")) || str_eq(pattern, S("*"))) return true;
    if (str_ends(pattern, S(".*"))) return str_starts(name, str_take(pattern, pattern.n - 2));
    return str_eq(pattern, name);
}

static void show_attributes(struct call *c, const struct sqs_receive_message_request *in, const struct message *m, struct sqs_message *out) {
    struct attributes shown = {.v = NEW_ARRAY(c->arena, struct attribute, m->attributes.n + 1), .set = true};
    for (u32 i = 0; i < m->attributes.n; i++) {
        bool match = false;
        for (u32 j = 0; j < in->message_attribute_names.n && !match; j++) match = name_matches(in->message_attribute_names.v[j], m->attributes.v[i].name);
        if (match) shown.v[shown.n++] = m->attributes.v[i];
    }
    if (!shown.n) return;
    out->md5_of_message_attributes = attributes_md5(c->arena, &shown);
    out->message_attributes.v = NEW_ARRAY(c->arena, struct sqs_message_body_attribute_map_entry, shown.n);
    out->message_attributes.set = true;
    for (u32 i = 0; i < shown.n; i++) {
        struct sqs_message_body_attribute_map_entry *e = &out->message_attributes.v[out->message_attributes.n++];
        e->key = shown.v[i].name;
        e->value = (struct sqs_message_attribute_value){.string_value = shown.v[i].text, .binary_value = shown.v[i].binary, .data_type = shown.v[i].type};
    }
}

/* ---- taking ---- */

struct taking {
    struct call *c;
    struct queue *q;
    const struct sqs_receive_message_request *in;
    struct wanted wanted;
    struct sqs_message_list *out;
    struct attempt attempt;
    err problem; /* a body that may not be opened: nothing is taken */
};

static void take(struct taking *k, struct message *m) {
    struct call *c = k->c;
    str body;
    if (!k->problem) k->problem = message_open(c, k->q, m, &body);
    if (k->problem) return;
    random_unique(&m->nonce, sizeof m->nonce);
    m->receives++;
    m->received_ms = c->now_ms;
    if (!m->first_received_ms) m->first_received_ms = c->now_ms;
    message_move(c->txn, c->arena, k->q, m, MAX(c->now_ms + k->wanted.visibility_ms, 1));
    struct sqs_message *out = &k->out->v[k->out->n++];
    *out = (struct sqs_message){.message_id = m->id, .body = body, .md5_of_body = md5_hex(c->arena, body), .receipt_handle = receipt_handle(c->arena, k->q, m)};
    show_system(c, k->q, k->in, m, out);
    show_attributes(c, k->in, m, out);
    k->attempt.taken.v[k->attempt.taken.n++] = (struct taken){m->group, m->seq, m->nonce};
}

/* Too old, or received too often: it leaves the queue instead. */
static bool leaves(struct taking *k, struct message *m) {
    struct call *c = k->c;
    if (message_expired(k->q, m, c->now_ms)) {
        message_remove(c->txn, c->arena, k->q, m);
        return true;
    }
    return k->q->max_receive && m->receives >= k->q->max_receive && redrive_send(c->txn, c->arena, k->q, m, c->now_ms);
}

/* Fair queues: a group that holds more than its share of what is in flight lets others pass. The share
 * is read from a window of what waits. */
enum { WINDOW = 50, LEAVERS_MAX = 200 };

static u32 taken_of_group(const struct taking *k, str group) {
    u32 n = 0;
    for (u32 i = 0; i < k->attempt.taken.n; i++) n += str_eq(k->attempt.taken.v[i].group, group);
    return n;
}

static void take_fairly(struct taking *k, struct message *waiting, u32 n) {
    bool *gone = NEW_ARRAY(k->c->arena, bool, n + 1);
    u32 left = n;
    for (u32 share = 1; left > 0 && k->out->n < k->wanted.max; share++) {
        for (u32 i = 0; i < n && k->out->n < k->wanted.max; i++) {
            if (gone[i] || (waiting[i].group.p && taken_of_group(k, waiting[i].group) >= share)) continue;
            gone[i] = true;
            left--;
            take(k, &waiting[i]);
        }
    }
}

static void take_standard(struct taking *k) {
    struct call *c = k->c;
    struct message *waiting = NEW_ARRAY(c->arena, struct message, WINDOW);
    u32 n = 0, gone = 0;
    bool grouped = false;
    struct range r = ready_range(c->txn, c->arena, k->q);
    struct message m;
    while (n < (grouped ? WINDOW : k->wanted.max) && gone < LEAVERS_MAX && ready_next(&r, c->arena, &m)) {
        if (leaves(k, &m)) {
            gone++;
            continue;
        }
        grouped |= m.group.p != NULL;
        waiting[n++] = m;
    }
    if (grouped) take_fairly(k, waiting, n);
    else
        for (u32 i = 0; i < n; i++) take(k, &waiting[i]);
}

/* The visible messages of one group, in order, up to the first hidden one. */
static void take_group(struct taking *k, str group) {
    struct call *c = k->c;
    struct key key = space_key(c->arena, k->q->space, "group");
    key_str(&key, group);
    str from = key_bytes(&key), at, row;
    struct range r = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    for (u32 steps = 0; k->out->n < k->wanted.max && steps < LEAVERS_MAX && range_next(&r, &at, &row); steps++) {
        struct message m = {0};
        str tail = str_skip(at, at.n - 8);
        ASSERT(record_decode(c->arena, &message_record, arena_str(c->arena, row), &m) && key_read_u64(&tail, &m.seq));
        if (m.due_ms) break;
        if (!leaves(k, &m)) take(k, &m);
    }
}

static void take_fifo(struct taking *k) {
    struct call *c = k->c;
    struct key key = space_key(c->arena, k->q->space, "head");
    str from = key_bytes(&key), at, group;
    struct range heads = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    while (k->out->n < k->wanted.max && range_next(&heads, &at, &group)) take_group(k, arena_str(c->arena, group));
}

/* The same attempt again: the same messages, hidden anew, as long as nobody touched them. */
static bool take_again(struct taking *k) {
    struct call *c = k->c;
    str id = k->in->receive_request_attempt_id;
    struct attempt before;
    if (!id.n || !fifo_attempt_find(c->txn, c->arena, k->q, id, c->now_ms, &before)) return false;
    struct message *again = NEW_ARRAY(c->arena, struct message, before.taken.n + 1);
    for (u32 i = 0; i < before.taken.n; i++) {
        struct taken *t = &before.taken.v[i];
        struct receipt r = {.space = k->q->space, .seq = t->seq, .group = t->group};
        if (!receipt_find(c->txn, c->arena, k->q, &r, &again[i]) || again[i].nonce != t->nonce || again[i].due_ms <= c->now_ms) return false;
    }
    for (u32 i = 0; i < before.taken.n && k->out->n < k->wanted.max; i++) take(k, &again[i]);
    return k->out->n > 0;
}

static err check_in_flight(struct call *c, const struct queue *q) {
    i64 most = q->fifo ? quota(c, S("FifoInFlight"), 20000) : quota(c, S("InFlight"), 120000);
    if (q->counts.in_flight < most) return NULL;
    return fail(c, &sqs_over_limit, "Too many messages are in flight: %lld is the maximum of a queue of this type.", (long long)most);
}

err sqs_receive_message(struct call *c, const struct sqs_receive_message_request *in, struct sqs_receive_message_result *out) {
    struct queue q;
    struct taking k = {.c = c, .q = &q, .in = in, .out = &out->messages};
    TRY(queue_open(c, in->queue_url, &q));
    TRY(check(c, &q, in, &k.wanted));
    TRY(check_in_flight(c, &q));
    TRY(fifo_throttle(c, &q, FIFO_RECEIVES));
    out->messages.v = NEW_ARRAY(c->arena, struct sqs_message, k.wanted.max);
    k.attempt = (struct attempt){.taken = {.v = NEW_ARRAY(c->arena, struct taken, k.wanted.max), .set = true}, .made_ms = c->now_ms};
    if (!take_again(&k)) {
        hidden_release(c->txn, c->arena, &q, c->now_ms, 100);
        if (q.fifo) take_fifo(&k);
        else take_standard(&k);
    }
    if (k.problem) return k.problem;
    if (!out->messages.n) {
        err e = wait_or_end(c, &q, &k.wanted);
        bool nothing_left_either = !memcmp(&q.counts, &q.counts_before, sizeof q.counts);
        if (e && nothing_left_either) return e;
    }
    if (in->receive_request_attempt_id.n && out->messages.n) fifo_attempt_store(c->txn, c->arena, &q, in->receive_request_attempt_id, &k.attempt);
    out->messages.set = out->messages.n > 0;
    /* Woken for several messages, or the first of many waiters: pass on what is left. */
    if (q.counts.ready > 0) txn_notify(c->txn, queue_topic(c->arena, &q), 1);
    queue_close(c->txn, c->arena, &q, c->now_ms);
    size_t bytes = 0;
    for (u32 i = 0; i < out->messages.n; i++) bytes += out->messages.v[i].body.n;
    if (out->messages.n) count_messages(c, &q, "NumberOfMessagesReceived", out->messages.n);
    else count_messages(c, &q, "NumberOfEmptyReceives", 1);
    count_request(c, &q, bytes);
    return NULL;
}
