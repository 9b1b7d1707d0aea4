/* What becomes of a table after the answer: CREATING to ACTIVE, UPDATING to ACTIVE, DELETING to nothing.
 * Each is a task that is due at once, so that DescribeTable tells the states as AWS does. A table whose key of KMS stays
 * away for seven days is archived: its items become a backup, which is of use again when the key comes back. */
#include "services/dynamodb/global.h"
#include "services/dynamodb/history.h"
#include "services/dynamodb/schema.h"
#include "services/dynamodb/stream.h"

static void drop(struct call *c, struct ddb_table *table) {
    struct txn *t = c->txn;
    struct arena *a = c->arena;
    ddb_replica_forget(c, table);
    ddb_sse_end(c, table);
    if (table->pitr_ms) ddb_backup_keep(c, table, true);
    else ddb_sweep(t, a, table->space);
    ddb_sweep(t, a, table->collections);
    ddb_sweep(t, a, table->ttl_space);
    ddb_sweep(t, a, table->history);
    for (u32 i = 0; i < table->indexes.n; i++) ddb_sweep(t, a, table->indexes.v[i].space);
    if (table->streaming) ddb_stream_end(c, table);
    ddb_policy_drop(c, ddb_table_arn(a, table));
    registry_remove(c, ddb_table_arn(a, table));
    ddb_counts_drop(t, a, table);
    txn_delete(t, ddb_table_row(a, table->account, table->region, table->name));
}

/* What is done becomes active, but for an index that has to be filled with what is there: now there is room for it. */
static void settle(struct call *c, struct ddb_table *table) {
    u32 kept = 0;
    for (u32 i = 0; i < table->indexes.n; i++) {
        struct ddb_index *index = &table->indexes.v[i];
        if (index->state == DDB_DELETING) {
            struct ddb_counts counts = ddb_counts_of(c->txn, c->arena, table);
            *ddb_count_of(c->arena, &counts, index->space) = (struct ddb_count){.space = index->space};
            ddb_counts_save(c->txn, c->arena, table, &counts);
            ddb_sweep(c->txn, c->arena, index->space);
            continue;
        }
        bool later = index->state == DDB_CREATING && table->state != DDB_CREATING;
        if (later && !index->backfilling) ddb_fill(c->txn, c->arena, table, index->space);
        index->backfilling = later;
        if (!later) index->state = DDB_ACTIVE;
        if (index->kind == DDB_GLOBAL) ddb_throughput_settle(table->on_demand, &index->throughput);
        table->indexes.v[kept++] = *index;
    }
    bool fewer = kept != table->indexes.n;
    table->indexes.n = kept;
    if (fewer) ddb_attributes_prune(c->arena, table);
    ddb_throughput_settle(table->on_demand, &table->throughput);
    if (table->state == DDB_CREATING && table->on_demand) table->on_demand_ms = table->created_ms;
    if (table->billing_ms && table->on_demand) table->on_demand_ms = c->now_ms;
    if (table->next_class) {
        table->class_ = table->next_class;
        table->class_before_ms = table->class_ms;
        table->class_ms = c->now_ms;
    }
    table->billing_ms = table->next_class = table->stream_changing = 0;
    table->sse_changing = false;
    table->sse_before = (str){0};
    if (table->state != DDB_ARCHIVED) table->state = DDB_ACTIVE;
    ddb_table_save(c->txn, c->arena, table);
}

err ddb_table_run(struct txn *t, const struct task *task, i64 now_ms) {
    struct ddb_table table;
    if (!ddb_table_of_row(t, txn_arena(t), task->key, &table)) return NULL;
    struct call *c = call_for_task(t, &dynamodb_service, table.account, table.region, now_ms);
    if (table.state == DDB_DELETING && table.copies) return NULL; /* it goes when the last of them is made */
    if (table.state == DDB_DELETING) drop(c, &table);
    else if (!table.importing) settle(c, &table);
    return NULL;
}

/* ---- is its key still there? ---- */

enum { ARCHIVED_AFTER_MS = 7 * 86400000 };

static void archive(struct call *c, struct ddb_table *t) {
    t->archived_backup = ddb_backup_keep(c, t, false);
    t->archived_ms = c->now_ms;
    t->state = DDB_ARCHIVED;
    t->pitr_ms = t->pitr_days = 0;
    ddb_history_release(c, t);
    ddb_counts_drop(c->txn, c->arena, t);
    ddb_sweep(c->txn, c->arena, t->collections);
    ddb_sweep(c->txn, c->arena, t->ttl_space);
    for (u32 i = 0; i < t->indexes.n; i++) ddb_sweep(c->txn, c->arena, t->indexes.v[i].space);
    t->space = txn_sequence(c->txn); /* the rows are the backup's now */
}

err ddb_sse_look(struct txn *txn, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(txn);
    struct ddb_table t;
    if (!ddb_table_of_row(txn, a, task->key, &t) || !t.sse_grant.p || t.state == DDB_ARCHIVED) return NULL;
    struct call *c = call_for_task(txn, &dynamodb_service, t.account, t.region, now_ms);
    bool lost = ddb_sse_lost(c, &t);
    bool changed = lost != (t.sse_lost_ms != 0);
    if (changed) t.sse_lost_ms = lost ? now_ms : 0;
    bool gone = lost && now_ms - t.sse_lost_ms >= ARCHIVED_AFTER_MS && t.state == DDB_ACTIVE && !t.copies;
    if (gone) archive(c, &t);
    if (changed || gone) ddb_table_save(txn, a, &t);
    if (!gone) ddb_sse_watch(c, &t, lost ? MAX(t.sse_lost_ms + ARCHIVED_AFTER_MS, now_ms + DDB_KEY_MS) : 0);
    return NULL;
}

/* ---- the operation ---- */

/* The table, or an index of it: it is ACTIVE meanwhile. */
static bool warming(const struct ddb_table *t) {
    bool any = ddb_warming(&t->throughput);
    for (u32 i = 0; i < t->indexes.n; i++) any |= ddb_warming(&t->indexes.v[i].throughput);
    return any;
}

err dynamodb_delete_table(struct call *c, const struct dynamodb_delete_table_input *in, struct dynamodb_delete_table_output *out) {
    struct ddb_table t;
    TRY(ddb_table_told(c, in->table_name, &t));
    str name = t.name;
    bool member = t.replicas.n > 0, indexing = false;
    for (u32 i = 0; i < t.indexes.n; i++) indexing |= t.indexes.v[i].kind != DDB_LOCAL && t.indexes.v[i].state != DDB_ACTIVE;
    if (member && t.state == DDB_CREATING)
        return fail(c, &dynamodb_resource_in_use_exception, "Attempt to change a resource which is still in use: Table: %.*s is being used.", STR_ARGS(name));
    if (member && t.state != DDB_ACTIVE)
        return fail(c, &dynamodb_resource_in_use_exception, "The resource which you are attempting to change is in use.");
    if (member) TRY(ddb_replica_may_go(c, &t, t.region));
    if (t.state == DDB_CREATING)
        return fail(c, &dynamodb_resource_in_use_exception,
                    "Attempt to change a resource which is still in use: Table is being created: %.*s", STR_ARGS(name));
    if (t.state == DDB_DELETING)
        return fail(c, &dynamodb_resource_in_use_exception,
                    "Attempt to change a resource which is still in use: Table is being deleted: %.*s", STR_ARGS(name));
    if (indexing && (t.state == DDB_ACTIVE || t.state == DDB_UPDATING))
        return fail(c, &dynamodb_resource_in_use_exception,
                    "Attempt to change a resource which is still in use: Cannot delete table while indexes are being created, updated, or deleted.");
    if (t.stream_changing)
        return fail(c, &dynamodb_resource_in_use_exception,
                    "Attempt to change a resource which is still in use: Cannot delete table while stream is being enabled/disabled.");
    if (t.state == DDB_UPDATING || t.sse_changing || warming(&t))
        return fail(c, &dynamodb_resource_in_use_exception,
                    "Attempt to change a resource which is still in use: Table: %.*s is in the process of being updated.", STR_ARGS(name));
    if (t.protected_)
        return fail(c, &cloud_validation,
                    "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.");
    t.state = DDB_DELETING;
    ddb_table_save(c->txn, c->arena, &t);
    ddb_table_settle(c->txn, c->arena, &t);
    out->table_description = NEW(c->arena, struct dynamodb_table_description);
    ddb_describe(c, &t, out->table_description);
    return NULL;
}
