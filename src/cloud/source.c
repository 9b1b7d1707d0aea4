/* ("source", account, region, ARN) -> who watches it. One row, so that nobody watching costs one look. */
#include "cloud/source.h"

#include "cloud/cloud.h"

struct watcher {
    str kind, key;
    i64 delay_ms;
};
struct watchers {
    struct {
        struct watcher *v;
        u32 n;
        bool set;
    } list;
};
static const struct record_field watcher_fields[] = {RECORD_STR(1, struct watcher, kind), RECORD_STR(2, struct watcher, key), RECORD_I64(3, struct watcher, delay_ms)};
static const struct record_type watcher_record = RECORD_TYPE(struct watcher, watcher_fields);
static const struct record_field watchers_fields[] = {RECORD_LIST(1, struct watchers, list, watcher_record)};
static const struct record_type watchers_record = RECORD_TYPE(struct watchers, watchers_fields);

static str row_of(struct arena *a, str text) {
    struct arn arn;
    ASSERT(arn_parse(text, &arn));
    struct key k = key_new(a, S("source"));
    key_str(&k, arn.account);
    key_str(&k, arn.region);
    key_str(&k, text);
    return key_bytes(&k);
}

/* Those of a source without (kind, key), with room for one more. */
static struct watchers others(struct txn *t, struct arena *a, str row, str kind, str key) {
    struct watchers old = {0}, kept = {0};
    str value;
    if (txn_get(t, row, &value)) ASSERT(record_decode(a, &watchers_record, arena_str(a, value), &old));
    kept.list.v = NEW_ARRAY(a, struct watcher, old.list.n + 1);
    for (u32 i = 0; i < old.list.n; i++)
        if (!str_eq(old.list.v[i].kind, kind) || !str_eq(old.list.v[i].key, key)) kept.list.v[kept.list.n++] = old.list.v[i];
    kept.list.set = true;
    return kept;
}

void source_watch(struct txn *t, struct arena *a, str arn, str kind, str key, i64 delay_ms) {
    str row = row_of(a, arn);
    struct watchers all = others(t, a, row, kind, key);
    all.list.v[all.list.n++] = (struct watcher){kind, key, delay_ms};
    txn_put(t, row, record_encode(a, &watchers_record, &all));
}

void source_unwatch(struct txn *t, struct arena *a, str arn, str kind, str key) {
    str row = row_of(a, arn);
    struct watchers left = others(t, a, row, kind, key);
    if (left.list.n) txn_put(t, row, record_encode(a, &watchers_record, &left));
    else txn_delete(t, row);
}

void source_arrived(struct txn *t, struct arena *a, str arn, i64 now_ms) {
    struct watchers all = {0};
    struct task set;
    str value;
    if (!txn_get(t, row_of(a, arn), &value)) return;
    ASSERT(record_decode(a, &watchers_record, arena_str(a, value), &all));
    for (u32 i = 0; i < all.list.n; i++)
        if (!txn_task_get(t, all.list.v[i].kind, all.list.v[i].key, &set))
            txn_task_set(t, &(struct task){.kind = all.list.v[i].kind, .key = all.list.v[i].key, .due_ms = now_ms + all.list.v[i].delay_ms});
}
