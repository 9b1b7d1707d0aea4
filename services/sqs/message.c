/* Where a message stands. A standard queue: ("ready", seq) or ("hidden", due, seq) holds the row. A
 * FIFO queue: ("group", group, seq) holds it, ("hidden", due, seq) names its group. */
#include "sqs.h"

#include "crypto/crypto.h"

struct key space_key(struct arena *a, u64 space, const char *kind) {
    struct key k = key_new(a, S("sqs-space"));
    key_u64(&k, space);
    key_str(&k, str_of(kind));
    return k;
}

static str key_at(struct arena *a, const struct queue *q, const char *kind, u64 seq) {
    struct key k = space_key(a, q->space, kind);
    key_u64(&k, seq);
    return key_bytes(&k);
}

static str key_hidden(struct arena *a, const struct queue *q, i64 due_ms, u64 seq) {
    struct key k = space_key(a, q->space, "hidden");
    key_i64(&k, due_ms);
    key_u64(&k, seq);
    return key_bytes(&k);
}

static str key_in_group(struct arena *a, const struct queue *q, str group, u64 seq) {
    struct key k = space_key(a, q->space, "group");
    key_str(&k, group);
    key_u64(&k, seq);
    return key_bytes(&k);
}

static i64 *count_of(struct queue *q, const struct message *m) {
    if (!m->due_ms) return &q->counts.ready;
    return m->delayed ? &q->counts.delayed : &q->counts.in_flight;
}

static void place(struct txn *t, struct arena *a, struct queue *q, const struct message *m) {
    str row = record_encode(a, &message_record, m);
    if (q->fifo) {
        txn_put(t, key_in_group(a, q, m->group, m->seq), row);
        if (m->due_ms) txn_put(t, key_hidden(a, q, m->due_ms, m->seq), m->group);
    } else {
        txn_put(t, m->due_ms ? key_hidden(a, q, m->due_ms, m->seq) : key_at(a, q, "ready", m->seq), row);
    }
    ++*count_of(q, m);
}

static void unplace(struct txn *t, struct arena *a, struct queue *q, const struct message *m, bool for_good) {
    if (m->due_ms) txn_delete(t, key_hidden(a, q, m->due_ms, m->seq));
    else if (!q->fifo) txn_delete(t, key_at(a, q, "ready", m->seq));
    if (q->fifo && for_good) txn_delete(t, key_in_group(a, q, m->group, m->seq));
    --*count_of(q, m);
}

void message_add(struct txn *t, struct arena *a, struct queue *q, struct message *m) {
    struct message row = *m;
    row.body_apart = m->body.n >= BODY_APART;
    if (row.body_apart) {
        txn_put(t, key_at(a, q, "body", m->seq), m->body);
        row.body = (str){0};
    }
    u64 head = q->fifo ? fifo_head(t, a, q, m->group) : 0;
    place(t, a, q, &row);
    if (q->fifo) fifo_settle(t, a, q, m->group, head);
    if (!m->due_ms) txn_notify(t, queue_topic(a, q), 1);
}

/* The receipt handle names the time at which its receive hid the message. Where that time is changed
 * later, a row leads from the handle to the message; few messages ever have one. */
static void note_moved(struct txn *t, struct arena *a, struct queue *q, struct message *m, bool still_in_flight) {
    if (q->fifo) return;
    if (still_in_flight) {
        struct key due = key_new(a, S(""));
        key_i64(&due, m->due_ms);
        txn_put(t, key_at(a, q, "moved", m->seq), key_bytes(&due));
    } else if (m->moved) {
        txn_delete(t, key_at(a, q, "moved", m->seq));
    }
    m->moved = still_in_flight;
}

void message_move(struct txn *t, struct arena *a, struct queue *q, struct message *m, i64 due_ms) {
    u64 head = q->fifo ? fifo_head(t, a, q, m->group) : 0;
    bool was_in_flight = m->due_ms && !m->delayed, received = m->due_ms == 0;
    unplace(t, a, q, m, false);
    m->due_ms = due_ms;
    m->delayed = false;
    note_moved(t, a, q, m, was_in_flight && due_ms && !received);
    place(t, a, q, m);
    if (q->fifo) fifo_settle(t, a, q, m->group, head);
    if (!due_ms) txn_notify(t, queue_topic(a, q), 1);
}

void message_remove(struct txn *t, struct arena *a, struct queue *q, struct message *m) {
    u64 head = q->fifo ? fifo_head(t, a, q, m->group) : 0;
    unplace(t, a, q, m, true);
    if (m->moved) txn_delete(t, key_at(a, q, "moved", m->seq));
    if (m->body_apart) txn_delete(t, key_at(a, q, "body", m->seq));
    if (!q->fifo) return;
    fifo_settle(t, a, q, m->group, head);
    if (fifo_head(t, a, q, m->group)) txn_notify(t, queue_topic(a, q), 1);
}

str message_body(struct txn *t, struct arena *a, const struct queue *q, const struct message *m) {
    if (!m->body_apart) return m->body;
    str body;
    ASSERT(txn_get(t, key_at(a, q, "body", m->seq), &body));
    return arena_str(a, body);
}

bool message_expired(const struct queue *q, const struct message *m, i64 now_ms) {
    return m->sent_ms + q->retention_s * 1000 <= now_ms;
}

static void decode(struct arena *a, str row, u64 seq, struct message *m) {
    *m = (struct message){0};
    ASSERT(record_decode(a, &message_record, arena_str(a, row), m));
    m->seq = seq;
}

struct range ready_range(struct txn *t, struct arena *a, const struct queue *q) {
    struct key k = space_key(a, q->space, "ready");
    str from = key_bytes(&k);
    return txn_range(t, from, key_after_prefix(a, from));
}

/* The last 8 bytes of a key are its sequence number. */
static u64 seq_of(str key) {
    str tail = str_skip(key, key.n - 8);
    u64 seq;
    ASSERT(key_read_u64(&tail, &seq));
    return seq;
}

bool ready_next(struct range *r, struct arena *a, struct message *m) {
    str key, row;
    if (!range_next(r, &key, &row)) return false;
    decode(a, row, seq_of(key), m);
    return true;
}

static struct range hidden_range(struct txn *t, struct arena *a, const struct queue *q) {
    struct key k = space_key(a, q->space, "hidden");
    str from = key_bytes(&k);
    return txn_range(t, from, key_after_prefix(a, from));
}

static i64 due_of(str key) {
    str tail = str_skip(key, key.n - 16);
    i64 due_ms;
    ASSERT(key_read_i64(&tail, &due_ms));
    return due_ms;
}

i64 hidden_first_due(struct txn *t, struct arena *a, const struct queue *q) {
    struct range r = hidden_range(t, a, q);
    str key, value;
    return range_next(&r, &key, &value) ? due_of(key) : INT64_MAX;
}

u32 hidden_release(struct txn *t, struct arena *a, struct queue *q, i64 now_ms, u32 limit) {
    struct range r = hidden_range(t, a, q);
    str key, value;
    u32 n = 0;
    while (n < limit && range_next(&r, &key, &value) && due_of(key) <= now_ms) {
        struct message m;
        u64 seq = seq_of(key);
        if (q->fifo) {
            str row;
            ASSERT(txn_get(t, key_in_group(a, q, arena_str(a, value), seq), &row));
            decode(a, row, seq, &m);
        } else {
            decode(a, value, seq, &m);
        }
        n++;
        if (message_expired(q, &m, now_ms)) message_remove(t, a, q, &m);
        else message_move(t, a, q, &m, 0);
    }
    return n;
}

bool queue_has_ready(struct txn *t, struct arena *a, const struct queue *q) {
    struct key k = space_key(a, q->space, q->fifo ? "head" : "ready");
    str from = key_bytes(&k), key, value;
    struct range r = txn_range(t, from, key_after_prefix(a, from));
    return range_next(&r, &key, &value);
}

/* ---- receipt handles. The nonce is random and stored with the message: nobody can guess one. ---- */

str receipt_handle(struct arena *a, const struct queue *q, const struct message *m) {
    struct key k = key_new(a, S("r"));
    key_u64(&k, q->space);
    key_u64(&k, m->seq);
    key_i64(&k, m->due_ms);
    key_u64(&k, m->nonce);
    key_str(&k, m->group.p ? m->group : S(""));
    return base64_of(a, key_bytes(&k));
}

bool receipt_read(struct arena *a, str handle, struct receipt *r) {
    str bytes, mark;
    if (handle.n > 1024 || !base64_decode(a, handle, &bytes)) return false;
    return key_read_str(&bytes, a, &mark) && str_eq(mark, S("r")) && key_read_u64(&bytes, &r->space)
           && key_read_u64(&bytes, &r->seq) && key_read_i64(&bytes, &r->due_ms) && key_read_u64(&bytes, &r->nonce)
           && key_read_str(&bytes, a, &r->group) && bytes.n == 0;
}

bool receipt_find(struct txn *t, struct arena *a, const struct queue *q, const struct receipt *r, struct message *m) {
    str row, due;
    i64 due_ms = r->due_ms;
    if (q->space != r->space) return false;
    bool found;
    if (q->fifo) {
        found = txn_get(t, key_in_group(a, q, r->group, r->seq), &row);
    } else {
        found = txn_get(t, key_hidden(a, q, due_ms, r->seq), &row);
        if (!found && txn_get(t, key_at(a, q, "moved", r->seq), &due)) {
            due = str_skip(due, due.n - 8);
            found = key_read_i64(&due, &due_ms) && txn_get(t, key_hidden(a, q, due_ms, r->seq), &row);
        }
        if (!found) found = txn_get(t, key_at(a, q, "ready", r->seq), &row);
    }
    if (found) decode(a, row, r->seq, m);
    return found;
}

bool queue_first_visible(struct txn *t, struct arena *a, const struct queue *q, struct message *m) {
    if (!q->fifo) {
        struct range r = ready_range(t, a, q);
        return ready_next(&r, a, m);
    }
    struct key k = space_key(a, q->space, "head");
    str from = key_bytes(&k), key, group;
    struct range r = txn_range(t, from, key_after_prefix(a, from));
    if (!range_next(&r, &key, &group)) return false;
    str tail = str_skip(key, key.n - 8);
    struct receipt at = {.space = q->space, .group = arena_str(a, group)};
    return key_read_u64(&tail, &at.seq) && receipt_find(t, a, q, &at, m);
}
