/* FIFO topics keep what was published, if they have an archive policy; a subscription gets it once more from its replay
 * policy. A replay is a job over what was archived between its points; live messages go on meanwhile. */
#include "sns.h"

#include "text/tree.h"

enum { DAYS_MAX = 365, TRIM = 200 };
static const i64 DAY_MS = 24 * 3600 * 1000LL;

static struct key archive_key(struct arena *a, u64 topic) {
    struct key k = key_new(a, S("sns-archive"));
    key_u64(&k, topic);
    return k;
}

static str task_name(struct arena *a, const struct topic *topic) { return arena_format(a, "%llu %.*s", (unsigned long long)topic->id, STR_ARGS(topic_arn(a, topic))); }

/* ---- the topic's policy ---- */

err topic_archive_set(struct call *c, struct topic *topic, str value) {
    const struct json_node *root = value.n ? json_tree(c->arena, value, json_default_limits, NULL, NULL) : NULL, *days = root ? json_node_member(root, S("MessageRetentionPeriod")) : NULL;
    u64 n = 0;
    bool off = !value.n || (root && root->type == JSON_OBJECT && !root->first);
    bool right = days && (days->type == JSON_STRING || days->type == JSON_NUMBER) && str_to_u64(days->text, &n) && n >= 1 && n <= DAYS_MAX;
    if (!off && !right) return invalid_parameter(c, "ArchivePolicy: MessageRetentionPeriod must be a number of days from 1 to 365");
    if (!off && !topic->archive.p) topic->archive_from_ms = c->now_ms;
    topic->archive = off ? (str){0} : value;
    topic->archive_days = off ? 0 : (i64)n;
    txn_task_set(c->txn, &(struct task){.kind = S("sns-archive"), .key = task_name(c->arena, topic), .due_ms = off ? 0 : c->now_ms + DAY_MS});
    return NULL;
}

void topic_archive_add(struct call *c, const struct topic *topic, const struct message *m) {
    struct key k = archive_key(c->arena, topic->id);
    key_i64(&k, m->published_ms);
    key_u64(&k, m->sequence);
    if (!topic->archive.p) return;
    struct message closed = topic_message_close(c, m);
    txn_put(c->txn, key_bytes(&k), record_encode(c->arena, &sns_message_record, &closed));
}

/* Once a day what is too old goes; all, where there is no policy any more. */
err topic_archive_trim(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    str arn_text = arena_str(a, task->key), number = str_cut(&arn_text, ' '), key, row;
    struct topic topic = {0};
    struct arn arn;
    u64 id;
    int left = TRIM;
    ASSERT(str_to_u64(number, &id) && arn_parse(arn_text, &arn));
    bool kept = topic_load(t, a, arn.account, arn.region, arn.resource, &topic) && topic.id == id && topic.archive.p;
    struct key from = archive_key(a, id), to = archive_key(a, id);
    if (kept) key_i64(&to, now_ms - topic.archive_days * DAY_MS);
    struct range r = txn_range(t, key_bytes(&from), kept ? key_bytes(&to) : key_after_prefix(a, key_bytes(&from)));
    for (; left && range_next(&r, &key, &row); left--) txn_delete(t, arena_str(a, key));
    if (kept || !left) txn_task_set(t, &(struct task){.kind = task->kind, .key = task->key, .due_ms = left ? now_ms + DAY_MS : now_ms});
    return NULL;
}

/* ---- a subscription's replay ---- */

static bool read_time(const struct json_node *root, str name, i64 *ms) {
    const struct json_node *n = json_node_member(root, name);
    return n && n->type == JSON_STRING && iso8601_parse(n->text, ms);
}

err subscription_replay_set(struct call *c, struct subscription *s, str value) {
    const struct json_node *root = value.n ? json_tree(c->arena, value, json_default_limits, NULL, NULL) : NULL, *type = root ? json_node_member(root, S("PointType")) : NULL;
    s->replay = s->replay_status = (str){0};
    if (!value.n || (root && root->type == JSON_OBJECT && !root->first)) return NULL; /* ends one that is under way */
    bool right = type && type->type == JSON_STRING && str_eq(type->text, S("Timestamp")) && read_time(root, S("StartingPoint"), &s->replay_from_ms);
    if (right && !json_node_member(root, S("EndingPoint"))) s->replay_to_ms = c->now_ms;
    else right = right && read_time(root, S("EndingPoint"), &s->replay_to_ms) && s->replay_to_ms >= s->replay_from_ms;
    if (!right) return invalid_parameter(c, "ReplayPolicy: PointType must be Timestamp, StartingPoint and EndingPoint must be times in order");
    s->replay = value;
    s->replay_status = S("Pending");
    return NULL;
}

err subscription_replay_begin(struct call *c, const struct topic *topic, const struct subscription *s) {
    if (!s->replay.p || !str_eq(s->replay_status, S("Pending"))) return NULL;
    if (!topic->archive.p) return invalid_parameter(c, "ReplayPolicy: the topic has no ArchivePolicy");
    txn_task_set(c->txn, &(struct task){.kind = S("sns-replay"), .key = subscription_arn(c->arena, topic, s)});
    return NULL;
}

/* The payload: the key behind which it goes on. */
err subscription_replay_slice(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct topic topic;
    struct subscription s;
    struct arn arn;
    str key, row, at = arena_str(a, task->payload), arn_text = arena_str(a, task->key);
    int left = SLICE;
    ASSERT(arn_parse(arn_text, &arn));
    str id = arn.resource, name = str_cut(&id, ':');
    if (!topic_load(t, a, arn.account, arn.region, name, &topic) || !subscription_load(t, a, &topic, id, &s) || !s.replay.p) return NULL;
    struct call *c = call_for_task(t, &sns_service, topic.account, topic.region, now_ms);
    struct key from = archive_key(a, topic.id), to = archive_key(a, topic.id);
    key_i64(&from, s.replay_from_ms);
    key_i64(&to, s.replay_to_ms + 1);
    struct range r = txn_range(t, at.n ? at : key_bytes(&from), key_bytes(&to));
    while (left && range_next(&r, &key, &row)) {
        struct message m = {0};
        if (str_eq(key, at)) continue;
        at = arena_str(a, key);
        ASSERT(record_decode(a, &sns_message_record, arena_str(a, row), &m));
        if (topic_message_open(c, &m)) { /* its key is closed: that ends it, until a policy is set again */
            s.replay_status = S("Failed");
            subscription_save(t, a, &topic, &s);
            return NULL;
        }
        m.replayed = true;
        deliver_again(c, &topic, &s, &m);
        left--;
    }
    s.replay_status = left ? S("Completed") : S("In progress");
    subscription_save(t, a, &topic, &s);
    if (!left) txn_task_set(t, &(struct task){.kind = task->kind, .key = task->key, .payload = at});
    return NULL;
}
