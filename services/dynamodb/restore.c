/* A table made after another one, and the way back to a moment of its past. */
#include "services/dynamodb/history.h"
#include "services/dynamodb/schema.h"

enum { DAY_MS = 86400000 };

static bool in_globals(const struct dynamodb_global_secondary_index_list *list, str name) {
    for (u32 i = 0; i < list->n; i++)
        if (str_eq(list->v[i].index_name, name)) return true;
    return false;
}

static bool in_locals(const struct dynamodb_local_secondary_index_list *list, str name) {
    for (u32 i = 0; i < list->n; i++)
        if (str_eq(list->v[i].index_name, name)) return true;
    return false;
}

/* An override may leave indexes out, and give others' throughput. */
static void keep_indexes(struct call *c, struct ddb_table *t, const struct ddb_overrides *o) {
    struct ddb_index *kept = NEW_ARRAY(c->arena, struct ddb_index, DDB_INDEXES_MAX);
    u32 n = 0;
    for (u32 i = 0; i < t->indexes.n; i++) {
        struct ddb_index *index = &t->indexes.v[i];
        bool wanted = index->kind == DDB_GLOBAL ? !o->globals->set || in_globals(o->globals, index->name)
                                                : !o->locals->set || in_locals(o->locals, index->name);
        if (!wanted || index->state == DDB_DELETING) continue;
        kept[n] = *index;
        kept[n].backfilling = false;
        if (kept[n].kind == DDB_GLOBAL) kept[n].state = DDB_CREATING;
        kept[n].throughput = ddb_throughput_like(&index->throughput);
        if (t->on_demand) kept[n].throughput.read = kept[n].throughput.write = 0;
        n++;
    }
    t->indexes = (struct ddb_indexes){kept, n, n > 0};
}

err ddb_restore_begin(struct call *c, const struct ddb_table *like, str name, const struct ddb_overrides *o, struct ddb_table *made) {
    struct ddb_table there;
    TRY(ddb_table_name_check(c, name, "targetTableName"));
    if (ddb_table_load(c->txn, c->arena, c->account, c->region, name, &there))
        return fail(c, &dynamodb_table_already_exists_exception, "Table already exists: %.*s", STR_ARGS(name));
    *made = (struct ddb_table){.keys = like->keys, .indexes = like->indexes, .attributes = like->attributes, .types = like->types,
                               .on_demand = like->on_demand, .throughput = ddb_throughput_like(&like->throughput), .class_ = like->class_,
                               .account = c->account, .region = c->region, .name = name};
    if (o->billing_mode.p) made->on_demand = str_eq(o->billing_mode, S("PAY_PER_REQUEST"));
    if (o->throughput) {
        made->throughput.read = o->throughput->read_capacity_units.v;
        made->throughput.write = o->throughput->write_capacity_units.v;
    }
    if (made->on_demand) made->throughput.read = made->throughput.write = 0;
    TRY(ddb_on_demand_read(c, o->on_demand, S("table"), true, &made->throughput));
    TRY(ddb_sse_check(c, like));
    if (o->sse) TRY(ddb_sse_read(c, o->sse, made));
    else if (like->sse_key.p) TRY(ddb_sse_begin(c, made, like->sse_grant.p ? like->sse_key : S("alias/aws/dynamodb")));
    keep_indexes(c, made, o);
    ddb_table_born(c, made);
    made->restored_table = ddb_table_arn(c->arena, like);
    made->restored_ms = c->now_ms;
    return NULL;
}

static err check_moment(struct call *c, const struct ddb_table *t, i64 moment_ms) {
    i64 earliest = MAX(t->pitr_ms, c->now_ms - t->pitr_days * DAY_MS);
    if (moment_ms / 1000 >= earliest / 1000 && moment_ms <= c->now_ms) return NULL;
    return fail(c, &dynamodb_invalid_restore_time_exception,
                "An invalid restore time was specified. RestoreDateTime must be between EarliestRestorableDateTime and LatestRestorableDateTime.");
}

err dynamodb_restore_table_to_point_in_time(struct call *c, const struct dynamodb_restore_table_to_point_in_time_input *in,
                                            struct dynamodb_restore_table_to_point_in_time_output *out) {
    struct ddb_overrides o = {in->billing_mode_override, in->provisioned_throughput_override, in->on_demand_throughput_override,
                              in->sse_specification_override, &in->global_secondary_index_override, &in->local_secondary_index_override};
    struct ddb_table like, made;
    err e = ddb_table_open(c, in->source_table_arn.p ? in->source_table_arn : in->source_table_name, &like);
    if (e == &dynamodb_resource_not_found_exception)
        return fail(c, &dynamodb_table_not_found_exception, "Table not found: %.*s", STR_ARGS(like.name));
    TRY(e);
    if (!like.pitr_ms)
        return fail(c, &dynamodb_point_in_time_recovery_unavailable_exception, "Point in time recovery is not enabled for table '%.*s'",
                    STR_ARGS(like.name));
    if (in->restore_date_time.set == in->use_latest_restorable_time.v)
        return fail(c, &cloud_validation, "One or more parameter values were invalid: Exactly one of RestoreDateTime and UseLatestRestorableTime "
                                          "must be specified");
    i64 moment = in->restore_date_time.set ? in->restore_date_time.ms : c->now_ms;
    TRY(check_moment(c, &like, moment));
    TRY(ddb_restore_begin(c, &like, in->target_table_name, &o, &made));
    made.restored_ms = moment;
    ddb_table_save(c->txn, c->arena, &made);
    like.copies++;
    ddb_table_save(c->txn, c->arena, &like);
    struct ddb_copy copy = {.source = like.space, .history = like.history,
                            .source_table = ddb_table_row(c->arena, like.account, like.region, like.name),
                            .after_ms = moment, .target_table = ddb_table_row(c->arena, made.account, made.region, made.name)};
    ddb_copy_start(c->txn, c->arena, &copy);
    out->table_description = NEW(c->arena, struct dynamodb_table_description);
    ddb_describe(c, &made, out->table_description);
    return NULL;
}
