/* What the room does on the clock and after a commit. */
#include "sqs.h"

/* A queue's timer: hidden messages that are due come back, ready ones that are too old go. */
static bool drop_expired(struct txn *t, struct arena *a, struct queue *q, i64 now_ms, i64 *next_ms) {
    struct message m;
    for (int i = 0; i < SLICE / 4; i++) {
        if (!queue_first_visible(t, a, q, &m)) return false;
        *next_ms = m.sent_ms + q->retention_s * 1000;
        if (!message_expired(q, &m, now_ms)) return false;
        message_remove(t, a, q, &m);
    }
    return true;
}

static err run_timer(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct queue q;
    if (!queue_load_by_key(t, a, arena_str(a, task->key), &q)) return NULL;
    q.counts.timer_ms = 0;
    i64 next_ms = now_ms + q.retention_s * 1000;
    hidden_release(t, a, &q, now_ms, SLICE / 4);
    if (drop_expired(t, a, &q, now_ms, &next_ms)) next_ms = now_ms;
    queue_set_timer(t, a, &q, next_ms);
    queue_close(t, a, &q, now_ms);
    return NULL;
}

/* The rows of a message space that no queue has any more. */
static err sweep(struct txn *t, const struct task *task, i64 now_ms) {
    (void)now_ms;
    struct arena *a = txn_arena(t);
    u64 space;
    ASSERT(str_to_u64(task->key, &space));
    struct key k = key_new(a, S("sqs-space"));
    key_u64(&k, space);
    str from = key_bytes(&k), key, value;
    struct range r = txn_range(t, from, key_after_prefix(a, from));
    int n = 0;
    for (; n < SLICE && range_next(&r, &key, &value); n++) txn_delete(t, arena_str(a, key));
    if (n == SLICE) txn_task_set(t, &(struct task){.kind = task->kind, .key = task->key});
    return NULL;
}

static err forget(struct txn *t, const struct task *task, i64 now_ms) {
    (void)now_ms;
    txn_delete(t, task->key);
    return NULL;
}

const struct task_kind sqs_task_kinds[] = {
    {.name = "sqs-queue", .run = run_timer},
    {.name = "sqs-sweep", .run = sweep},
    {.name = "sqs-forget", .run = forget},
    {.name = "sqs-move", .run = move_slice},
    {0},
};
