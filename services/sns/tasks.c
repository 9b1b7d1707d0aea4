/* What the room does on the clock and after a commit. */
#include "sns.h"

enum { SWEEP = 200 };

/* The subscriptions of a deleted topic. The key: the topic's number and its ARN. */
static err sweep(struct txn *t, const struct task *task, i64 now_ms) {
    (void)now_ms;
    struct arena *a = txn_arena(t);
    str arn_text = arena_str(a, task->key), number = str_cut(&arn_text, ' '), key, row;
    struct topic topic = {0};
    struct arn arn;
    ASSERT(str_to_u64(number, &topic.id) && arn_parse(arn_text, &arn));
    topic.account = arn.account;
    topic.region = arn.region;
    topic.name = arn.resource;
    struct key all = subscription_key(a, topic.id, (str){0});
    str from = key_bytes(&all);
    struct range r = txn_range(t, from, key_after_prefix(a, from));
    int n = 0;
    for (; n < SWEEP && range_next(&r, &key, &row); n++) {
        struct subscription s;
        subscription_decode(a, key, row, &s);
        subscription_remove(t, a, &topic, &s);
    }
    if (n == SWEEP) txn_task_set(t, &(struct task){.kind = task->kind, .key = task->key});
    return NULL;
}

static err forget(struct txn *t, const struct task *task, i64 now_ms) {
    (void)now_ms;
    txn_delete(t, task->key);
    return NULL;
}

/* Nobody confirmed in time. The key: the subscription's ARN. */
static err drop_pending(struct txn *t, const struct task *task, i64 now_ms) {
    (void)now_ms;
    struct arena *a = txn_arena(t);
    struct topic topic;
    struct subscription s;
    struct arn arn;
    ASSERT(arn_parse(arena_str(a, task->key), &arn));
    str id = arn.resource, name = str_cut(&id, ':');
    if (!topic_load(t, a, arn.account, arn.region, name, &topic) || !subscription_load(t, a, &topic, id, &s) || !s.pending) return NULL;
    subscription_remove(t, a, &topic, &s);
    topic.deleted++;
    topic_save(t, a, &topic);
    return NULL;
}

const struct task_kind sns_task_kinds[] = {
    {.name = "sns-sweep", .run = sweep},
    {.name = "sns-forget", .run = forget},
    {.name = "sns-devices", .run = device_sweep},
    {.name = "sns-archive", .run = topic_archive_trim},
    {.name = "sns-replay", .run = subscription_replay_slice},
    {.name = "sns-pending", .run = drop_pending},
    {.name = "sns-fanout", .run = fanout_slice},
    {.name = "sns-confirm", .run = confirmation_send},
    {.name = "sns-push", .perform = push_perform, .settle = push_settle},
    {.name = "sns-signing", .perform = signing_make, .settle = signing_keep},
    {0},
};
