/* FIFO queues: order within groups, deduplication, the throughput limit.
 *
 * A group may hand out its messages up to the first that is hidden. ("head", seq of the first) -> group
 * stands for exactly the groups whose first message is visible: a receive walks heads, never the
 * messages of blocked groups. */
#include "sqs.h"

#include "crypto/crypto.h"

u64 fifo_head(struct txn *t, struct arena *a, const struct queue *q, str group) {
    struct key k = space_key(a, q->space, "group");
    key_str(&k, group);
    str from = key_bytes(&k), key, row;
    struct range r = txn_range(t, from, key_after_prefix(a, from));
    if (!range_next(&r, &key, &row)) return 0;
    struct message m = {0};
    ASSERT(record_decode(a, &message_record, row, &m));
    str tail = str_skip(key, key.n - 8);
    u64 seq = 0;
    ASSERT(key_read_u64(&tail, &seq));
    return m.due_ms ? 0 : seq;
}

static str head_key(struct arena *a, const struct queue *q, u64 seq) {
    struct key k = space_key(a, q->space, "head");
    key_u64(&k, seq);
    return key_bytes(&k);
}

void fifo_settle(struct txn *t, struct arena *a, const struct queue *q, str group, u64 head_before) {
    u64 head = fifo_head(t, a, q, group);
    if (head == head_before) return;
    if (head_before) txn_delete(t, head_key(a, q, head_before));
    if (head) txn_put(t, head_key(a, q, head), group);
}

/* ---- deduplication: rows in buckets of five minutes; a row counts while it is younger than that, so
 * two buckets are looked at and older ones are swept a few rows with each send. ---- */

static str once_key(struct arena *a, const struct queue *q, const char *kind, i64 bucket, str group, str id) {
    struct key k = space_key(a, q->id, kind);
    key_i64(&k, bucket);
    key_str(&k, group.p ? group : S(""));
    key_str(&k, id);
    return key_bytes(&k);
}

static void sweep(struct txn *t, struct arena *a, const struct queue *q, const char *kind, i64 bucket) {
    enum { A_FEW = 4 };
    struct key from = space_key(a, q->id, kind), to = space_key(a, q->id, kind);
    key_i64(&to, bucket - 1);
    struct range r = txn_range(t, key_bytes(&from), key_bytes(&to));
    str key, value;
    for (int i = 0; i < A_FEW && range_next(&r, &key, &value); i++) txn_delete(t, arena_str(a, key));
}

static bool look(struct txn *t, struct arena *a, const struct queue *q, const char *kind, str group, str id, i64 now_ms, str *row) {
    i64 bucket = now_ms / DEDUP_MS;
    return txn_get(t, once_key(a, q, kind, bucket, group, id), row) || txn_get(t, once_key(a, q, kind, bucket - 1, group, id), row);
}

bool fifo_sent_before(struct txn *t, struct arena *a, const struct queue *q, str group, str dedup, i64 now_ms, struct sent_once *once) {
    str row;
    if (!q->scope_group) group = (str){0};
    if (!look(t, a, q, "dedup", group, dedup, now_ms, &row)) return false;
    *once = (struct sent_once){0};
    ASSERT(record_decode(a, &sent_once_record, arena_str(a, row), once));
    return once->sent_ms + DEDUP_MS > now_ms;
}

void fifo_remember(struct txn *t, struct arena *a, const struct queue *q, str group, str dedup, const struct sent_once *once) {
    i64 bucket = once->sent_ms / DEDUP_MS;
    if (!q->scope_group) group = (str){0};
    txn_put(t, once_key(a, q, "dedup", bucket, group, dedup), record_encode(a, &sent_once_record, once));
    sweep(t, a, q, "dedup", bucket);
}

/* ---- ReceiveRequestAttemptId ---- */

bool fifo_attempt_find(struct txn *t, struct arena *a, const struct queue *q, str id, i64 now_ms, struct attempt *found) {
    str row;
    if (!look(t, a, q, "attempt", S(""), id, now_ms, &row)) return false;
    *found = (struct attempt){0};
    ASSERT(record_decode(a, &attempt_record, arena_str(a, row), found));
    return found->made_ms + DEDUP_MS > now_ms;
}

void fifo_attempt_store(struct txn *t, struct arena *a, const struct queue *q, str id, const struct attempt *made) {
    i64 bucket = made->made_ms / DEDUP_MS;
    txn_put(t, once_key(a, q, "attempt", bucket, S(""), id), record_encode(a, &attempt_record, made));
    sweep(t, a, q, "attempt", bucket);
}

/* ---- 300 calls a second per action and queue; the high-throughput mode has no limit that this
 * machine would reach. ---- */

static const struct error throttled = {"ThrottlingException", NULL, 400, WIRE_NONE, true};

err fifo_throttle(struct call *c, struct queue *q, enum fifo_action action) {
    if (!q->fifo || q->limit_per_group) return NULL;
    struct counts *n = &q->counts;
    i64 second = c->now_ms / 1000;
    if (n->second != second) {
        n->second = second;
        n->sends = n->receives = n->deletes = 0;
    }
    i64 *calls = action == FIFO_SENDS ? &n->sends : action == FIFO_RECEIVES ? &n->receives : &n->deletes;
    if (*calls >= quota(c, S("FifoCallsPerSecond"), 300)) return fail(c, &throttled, "Rate exceeded");
    ++*calls;
    return NULL;
}
