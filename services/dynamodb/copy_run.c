/* A table as it was at one moment. First every item is copied, a slice a transaction, however it stands
 * when the slice comes by; then the changes since that moment are undone in the copy, newest first. What
 * remains of each item is what its first later change replaced: the moment. */
#include "services/dynamodb/history.h"

enum { SPACE_PREFIX = 12 };

static void put_raw(struct call *c, struct ddb_copy *copy, str tail, str bytes) {
    struct key k = ddb_space_key(c->arena, copy->target);
    str before;
    buf_add(&k.buf, tail);
    if (txn_get(c->txn, key_bytes(&k), &before)) {
        copy->items--;
        copy->bytes -= (i64)item_encoded_size(before);
    }
    if (!bytes.p) {
        txn_delete(c->txn, key_bytes(&k));
        return;
    }
    txn_put(c->txn, key_bytes(&k), bytes);
    copy->items++;
    copy->bytes += (i64)item_encoded_size(bytes);
}

/* One item of the copy: set, or taken out. */
static err put(struct call *c, struct ddb_copy *copy, const struct ddb_table *target, str tail, str bytes) {
    if (!target) {
        put_raw(c, copy, tail, bytes);
        return NULL;
    }
    struct key row = ddb_space_key(c->arena, target->space);
    struct ddb_key key;
    struct ddb_usage usage = {0};
    str before = {0};
    buf_add(&row.buf, tail);
    bool there = txn_get(c->txn, key_bytes(&row), &before);
    if (!there && !bytes.p) return NULL;
    ddb_key_of_bytes(c->arena, target, there ? before : bytes, &key);
    struct ddb_change change = {.table = target, .key = &key, .before = there ? before : (str){0}, .after = bytes, .replicated = true};
    return ddb_item_change(c, &change, &usage);
}

/* True: the last item is copied. */
static err copy_items(struct call *c, struct ddb_copy *copy, const struct ddb_table *target, bool *done) {
    struct key all = ddb_space_key(c->arena, copy->source);
    str from = key_bytes(&all), to = key_after_prefix(c->arena, from), key, value;
    if (copy->position.p) from = arena_concat(c->arena, copy->position, (str){"", 1});
    struct range rows = txn_range(c->txn, from, to);
    u64 bytes = 0;
    int most = target ? ddb_changes_max(target) : DDB_SLICE;
    *done = true;
    for (int n = 0; range_next(&rows, &key, &value); n++) {
        if (n == most || bytes > DDB_SLICE_BYTES) {
            *done = false;
            return NULL;
        }
        copy->position = arena_str(c->arena, key);
        bytes += value.n;
        TRY(put(c, copy, target, str_skip(copy->position, SPACE_PREFIX), arena_str(c->arena, value)));
    }
    return NULL;
}

static err undo_changes(struct call *c, struct ddb_copy *copy, const struct ddb_table *target, bool *done) {
    struct key all = ddb_space_key(c->arena, copy->history), end = all;
    str from = key_bytes(&all), key, value;
    end.buf = buf_new(c->arena, KEY_MAX);
    buf_add(&end.buf, from);
    key_u64(&end, copy->undo_from);
    struct range rows = txn_range_backwards(c->txn, from, key_bytes(&end));
    u64 bytes = 0;
    int most = target ? ddb_changes_max(target) : DDB_SLICE;
    *done = true;
    for (int n = 0; range_next(&rows, &key, &value); n++) {
        struct ddb_past past = {0};
        u64 seq;
        str tail = str_skip(key, SPACE_PREFIX);
        ASSERT(key_read_u64(&tail, &seq) && record_decode(c->arena, &ddb_past_record, arena_str(c->arena, value), &past));
        if (seq <= copy->after_seq || past.at_ms <= copy->after_ms) return NULL;
        if (n == most || bytes > DDB_SLICE_BYTES) {
            *done = false;
            return NULL;
        }
        bytes += value.n;
        copy->undo_from = seq;
        TRY(put(c, copy, target, past.tail, past.before));
    }
    return NULL;
}

static void finish(struct call *c, const struct ddb_copy *copy, struct ddb_table *target) {
    struct ddb_table source;
    if (copy->source_table.p && ddb_table_of_row(c->txn, c->arena, copy->source_table, &source)) ddb_copied(c, &source);
    if (copy->backup.p) ddb_backup_done(c, copy->backup, copy->items, copy->bytes);
    if (copy->export.p) ddb_export_copied(c, copy->export, copy->bytes);
    if (!target) return;
    if (target->restored_backup.p) ddb_backup_restored(c, target->restored_backup);
    ddb_table_settle(c->txn, c->arena, target);
}

err ddb_copy_slice(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct ddb_copy copy = {0};
    struct ddb_table target;
    bool done;
    ASSERT(record_decode(a, &ddb_copy_record, arena_str(a, task->payload), &copy));
    bool to_table = copy.target_table.p;
    if (to_table && !ddb_table_of_row(t, a, copy.target_table, &target)) return NULL;
    struct call *c = call_for_task(t, &dynamodb_service, to_table ? target.account : S(""), to_table ? target.region : S(""), now_ms);
    if (copy.undoing) {
        TRY(undo_changes(c, &copy, to_table ? &target : NULL, &done));
    } else {
        TRY(copy_items(c, &copy, to_table ? &target : NULL, &done));
        if (done && copy.history) {
            copy.undoing = true;
            copy.undo_from = txn_sequence(t);
            done = false;
        }
    }
    if (done) finish(c, &copy, to_table ? &target : NULL);
    else ddb_copy_start(t, a, &copy);
    return NULL;
}
