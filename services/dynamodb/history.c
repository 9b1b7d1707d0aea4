/* The past of a table: what each change replaced, newest last. Point-in-time recovery reads it backwards. */
#include "services/dynamodb/history.h"

#define HISTORY_TASK S("dynamodb.history")
enum { DAY_MS = 86400000, DAYS_DEFAULT = 35, FRESH_MS = 3000, SPACE_PREFIX = 12 };

static const struct record_field past_fields[] = {
    RECORD_I64(1, struct ddb_past, at_ms),
    RECORD_STR(2, struct ddb_past, tail),
    RECORD_STR(3, struct ddb_past, before),
};
const struct record_type ddb_past_record = RECORD_TYPE(struct ddb_past, past_fields);

void ddb_history_note(struct call *c, const struct ddb_change *change) {
    struct ddb_past past = {c->now_ms, str_skip(change->key->row, SPACE_PREFIX), change->before};
    struct key k = ddb_space_key(c->arena, change->table->history);
    key_u64(&k, txn_sequence(c->txn));
    txn_put(c->txn, key_bytes(&k), record_encode(c->arena, &ddb_past_record, &past));
}

void ddb_history_need(struct call *c, struct ddb_table *t) {
    if (!t->history) t->history = txn_sequence(c->txn);
}

void ddb_history_release(struct call *c, struct ddb_table *t) {
    if (t->pitr_ms || t->copies) return;
    ddb_sweep(c->txn, c->arena, t->history);
    t->history = 0;
}

void ddb_copied(struct call *c, struct ddb_table *t) {
    t->copies--;
    ddb_history_release(c, t);
    ddb_table_save(c->txn, c->arena, t);
    if (t->state == DDB_DELETING) ddb_table_settle(c->txn, c->arena, t);
}

/* ---- once a day: what is older than the recovery period goes ---- */

static void set_timer(struct txn *t, struct arena *a, const struct ddb_table *table, i64 due_ms) {
    txn_task_set(t, &(struct task){.kind = HISTORY_TASK, .key = ddb_table_row(a, table->account, table->region, table->name), .due_ms = due_ms});
}

err ddb_history_tend(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct ddb_table table;
    if (!ddb_table_of_row(t, a, task->key, &table) || !table.pitr_ms) return NULL;
    struct key k = ddb_space_key(a, table.history);
    str from = key_bytes(&k), key, value;
    struct range rows = txn_range(t, from, key_after_prefix(a, from));
    for (int n = 0; !table.copies && range_next(&rows, &key, &value); n++) {
        struct ddb_past past = {0};
        ASSERT(record_decode(a, &ddb_past_record, value, &past));
        if (past.at_ms + table.pitr_days * DAY_MS > now_ms) break;
        if (n == DDB_SLICE) {
            set_timer(t, a, &table, now_ms);
            return NULL;
        }
        txn_delete(t, arena_str(a, key));
    }
    set_timer(t, a, &table, now_ms + DAY_MS);
    return NULL;
}

/* ---- the operations ---- */

static err absent(struct call *c, str name) { return fail(c, &dynamodb_table_not_found_exception, "Table not found: %.*s", STR_ARGS(name)); }

static err open_table(struct call *c, str name, struct ddb_table *t) {
    err e = ddb_table_open(c, name, t);
    return e == &dynamodb_resource_not_found_exception ? absent(c, t->name) : e;
}

/* AWS turns continuous backups on for every table, moments after it was made. */
static void describe(struct call *c, const struct ddb_table *t, struct dynamodb_continuous_backups_description **out) {
    struct dynamodb_point_in_time_recovery_description *p = NEW(c->arena, struct dynamodb_point_in_time_recovery_description);
    *out = NEW(c->arena, struct dynamodb_continuous_backups_description);
    (*out)->continuous_backups_status = t->pitr_ms || t->pitr_was || c->now_ms - t->created_ms > FRESH_MS ? S("ENABLED") : S("DISABLED"); /* by itself, as AWS */
    (*out)->point_in_time_recovery_description = p;
    p->point_in_time_recovery_status = t->pitr_ms ? S("ENABLED") : S("DISABLED");
    if (!t->pitr_ms) return;
    p->recovery_period_in_days = SOME_I32((i32)t->pitr_days);
    p->earliest_restorable_date_time = SOME_TIME(MAX(t->pitr_ms, c->now_ms - t->pitr_days * DAY_MS));
    p->latest_restorable_date_time = SOME_TIME(c->now_ms);
}

err dynamodb_describe_continuous_backups(struct call *c, const struct dynamodb_describe_continuous_backups_input *in,
                                         struct dynamodb_describe_continuous_backups_output *out) {
    struct ddb_table t;
    TRY(open_table(c, in->table_name, &t));
    describe(c, &t, &out->continuous_backups_description);
    return NULL;
}

err dynamodb_update_continuous_backups(struct call *c, const struct dynamodb_update_continuous_backups_input *in,
                                       struct dynamodb_update_continuous_backups_output *out) {
    const struct dynamodb_point_in_time_recovery_specification *spec = in->point_in_time_recovery_specification;
    struct ddb_table t;
    TRY(open_table(c, in->table_name, &t));
    bool on = spec->point_in_time_recovery_enabled.v;
    if (!on && spec->recovery_period_in_days.set)
        return fail(c, &cloud_validation, "Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery.");
    if (t.state == DDB_CREATING)
        return fail(c, &dynamodb_continuous_backups_unavailable_exception, "Backups are being enabled for the table: %.*s. Please retry later", STR_ARGS(t.name));
    if (on && !t.pitr_ms) {
        t.pitr_ms = c->now_ms;
        ddb_history_need(c, &t);
        set_timer(c->txn, c->arena, &t, c->now_ms + DAY_MS);
    }
    if (on) t.pitr_days = spec->recovery_period_in_days.set ? spec->recovery_period_in_days.v : t.pitr_days ? t.pitr_days : DAYS_DEFAULT;
    if (!on) {
        t.pitr_ms = t.pitr_days = 0;
        t.pitr_was = true;
        ddb_history_release(c, &t);
    }
    ddb_table_save(c->txn, c->arena, &t);
    describe(c, &t, &out->continuous_backups_description);
    return NULL;
}
