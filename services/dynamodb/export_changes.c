/* What changed in a window of time, item by item: its state at the window's start and at its end. The history says for
 * each change what it replaced: an item's first change in the window has its old state, its first change behind the
 * window the new one, and an item without such a change stands as it stood at the end. */
#include "services/dynamodb/export.h"

#define CHANGES_TASK S("dynamodb.changes")
enum { LOOKED_AT = 5000 };

static const struct record_field changed_fields[] = {
    RECORD_STR(1, struct ddb_changed, before),
    RECORD_STR(2, struct ddb_changed, after),
    RECORD_BOOL(3, struct ddb_changed, known),
    RECORD_I64(4, struct ddb_changed, at_ms),
};
const struct record_type ddb_changed_record = RECORD_TYPE(struct ddb_changed, changed_fields);

static str changed_row(struct arena *a, u64 space, str tail) {
    struct key k = ddb_space_key(a, space);
    buf_add(&k.buf, tail);
    return key_bytes(&k);
}

static void note(struct call *c, const struct ddb_export *e, const struct ddb_past *past) {
    struct ddb_changed changed = {0};
    str row = changed_row(c->arena, e->space, past->tail), value;
    bool there = txn_get(c->txn, row, &value), inside = past->at_ms >= e->from_ms && past->at_ms < e->to_ms;
    if (there) ASSERT(record_decode(c->arena, &ddb_changed_record, arena_str(c->arena, value), &changed));
    if (!there && !inside) return;
    if (!there) changed.before = past->before;
    if (inside) {
        changed.at_ms = past->at_ms;
    } else if (!changed.known) {
        changed.known = true;
        changed.after = past->before;
    } else {
        return;
    }
    txn_put(c->txn, row, record_encode(c->arena, &ddb_changed_record, &changed));
}

/* True: the history is read to its end. */
static bool read_history(struct call *c, const struct ddb_table *t, struct ddb_export *e) {
    struct key k = ddb_space_key(c->arena, t->history), from = ddb_space_key(c->arena, t->history);
    key_u64(&from, e->seen + 1);
    struct range rows = txn_range(c->txn, key_bytes(&from), key_after_prefix(c->arena, key_bytes(&k)));
    str key, value;
    int noted = 0;
    for (int n = 0; n < LOOKED_AT && noted < DDB_SLICE; n++) {
        struct ddb_past past = {0};
        if (!range_next(&rows, &key, &value)) return true;
        str tail = str_skip(key, key.n - 8);
        ASSERT(key_read_u64(&tail, &e->seen) && record_decode(c->arena, &ddb_past_record, value, &past));
        if (past.at_ms < e->from_ms) continue;
        ASSERT(record_decode(c->arena, &ddb_past_record, arena_str(c->arena, value), &past));
        note(c, e, &past);
        noted++;
    }
    return false;
}

/* Items that nothing changed since: as they stand. What changes them after this slice finds them known. */
static bool settle_rest(struct call *c, const struct ddb_table *t, struct ddb_export *e) {
    struct key all = ddb_space_key(c->arena, e->space);
    str prefix = key_bytes(&all), to = key_after_prefix(c->arena, prefix), from = prefix, key, value;
    if (e->position.p) from = arena_concat(c->arena, e->position, (str){"", 1});
    struct range rows = txn_range(c->txn, from, to);
    for (int n = 0; n < DDB_SLICE; n++) {
        struct ddb_changed changed = {0};
        if (!range_next(&rows, &key, &value)) return true;
        e->position = arena_str(c->arena, key);
        ASSERT(record_decode(c->arena, &ddb_changed_record, arena_str(c->arena, value), &changed));
        if (!changed.known && txn_get(c->txn, changed_row(c->arena, t->space, str_skip(e->position, prefix.n)), &value))
            changed.after = arena_str(c->arena, value);
        changed.known = true;
        if (!changed.before.p && !changed.after.p) txn_delete(c->txn, e->position); /* came and went within the window */
        else txn_put(c->txn, e->position, record_encode(c->arena, &ddb_changed_record, &changed));
    }
    return false;
}

void ddb_changes_gather(struct txn *t, struct arena *a, const struct ddb_export *e) {
    txn_task_set(t, &(struct task){.kind = CHANGES_TASK, .key = ddb_export_row(a, e)});
}

err ddb_changes_slice(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct ddb_export e;
    struct ddb_table table;
    if (!ddb_export_load(t, a, task->key, &e) || !ddb_table_load(t, a, e.account, e.region, e.table, &table)) return NULL;
    struct call *c = call_for_task(t, &dynamodb_service, e.account, e.region, now_ms);
    bool done = read_history(c, &table, &e) && settle_rest(c, &table, &e);
    if (!done) {
        ddb_export_save(t, a, &e);
        ddb_changes_gather(t, a, &e);
        return NULL;
    }
    ddb_copied(c, &table);
    e.position = (str){0};
    e.phase = DDB_EXPORT_FILES;
    ddb_export_save(t, a, &e);
    ddb_export_go(t, a, &e);
    return NULL;
}
