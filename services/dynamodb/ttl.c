/* Time to live: items whose time has come are deleted by DynamoDB itself, and its streams say so. */
#include "services/dynamodb/dynamodb.h"

enum { SPACE_PREFIX = 12 };

static err expire(struct call *c, const struct ddb_table *t, str tail) {
    struct key row = ddb_space_key(c->arena, t->space);
    struct ddb_key k;
    struct ddb_usage usage = {0};
    str bytes;
    buf_add(&row.buf, tail);
    if (!txn_get(c->txn, key_bytes(&row), &bytes)) return NULL;
    ddb_key_of_bytes(c->arena, t, bytes, &k);
    struct ddb_change change = {.table = t, .key = &k, .before = bytes, .by_ttl = true};
    count_metric(c, S("TimeToLiveDeletedItemCount"), S("TableName"), t->name, 1, S("Count"));
    return ddb_item_change(c, &change, &usage);
}

err ddb_ttl_run(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct ddb_table table;
    if (!ddb_table_of_row(t, a, task->key, &table) || !table.ttl_space) return NULL;
    struct call *c = call_for_task(t, &dynamodb_service, table.account, table.region, now_ms);
    struct key all = ddb_space_key(a, table.ttl_space);
    str from = key_bytes(&all), key;
    struct range rows = txn_range(t, from, key_after_prefix(a, from));
    for (int n = 0; range_next(&rows, &key, NULL); n++) {
        u64 second;
        str tail = str_skip(arena_str(a, key), SPACE_PREFIX);
        ASSERT(key_read_u64(&tail, &second));
        if (n == ddb_changes_max(&table) || (i64)second * 1000 > now_ms) {
            ddb_ttl_timer(t, a, &table, MAX((i64)second, now_ms / 1000));
            return NULL;
        }
        TRY(expire(c, &table, tail));
        txn_delete(t, arena_str(a, key));
    }
    return NULL;
}

/* ---- the operations ---- */

/* The API reference says one change an hour; measured it is 31 minutes. */
enum { SETTLES_MS = 31 * 60 * 1000 };

/* On, by that attribute, or (absent) off. */
static void set(struct call *c, struct ddb_table *t, str attribute) {
    ddb_sweep(c->txn, c->arena, t->ttl_space);
    t->ttl = attribute;
    t->ttl_space = attribute.p ? txn_sequence(c->txn) : 0;
    t->ttl_changed_ms = c->now_ms;
    if (attribute.p) ddb_fill(c->txn, c->arena, t, t->ttl_space);
    ddb_table_save(c->txn, c->arena, t);
}

err dynamodb_update_time_to_live(struct call *c, const struct dynamodb_update_time_to_live_input *in,
                                 struct dynamodb_update_time_to_live_output *out) {
    const struct dynamodb_time_to_live_specification *spec = in->time_to_live_specification;
    struct ddb_table t;
    TRY(ddb_table_open(c, in->table_name, &t));
    if (t.state == DDB_CREATING) /* the words in another order than elsewhere, as AWS has them */
        return fail(c, &dynamodb_resource_in_use_exception, "Attempt to change a resource which is still in use: Table %.*s is being created", STR_ARGS(t.name));
    if (!spec->enabled.v && !t.ttl.p) return fail(c, &cloud_validation, "TimeToLive is already disabled");
    if (t.ttl.p && !str_eq(spec->attribute_name, t.ttl))
        return fail(c, &cloud_validation, "TimeToLive is active on a different AttributeName: current AttributeName is %.*s", STR_ARGS(t.ttl));
    if (spec->enabled.v && t.ttl.p) return fail(c, &cloud_validation, "TimeToLive is already enabled");
    if (t.ttl_changed_ms && c->now_ms - t.ttl_changed_ms < SETTLES_MS)
        return fail(c, &cloud_validation, "Time to live has been modified multiple times within a fixed interval");
    str attribute = spec->enabled.v ? spec->attribute_name : (str){0};
    set(c, &t, attribute);
    for (u32 i = 0; i < t.replicas.n; i++) { /* what one region sets, all have */
        struct ddb_table replica;
        if (ddb_replica_load(c, &t, i, &replica) && replica.state != DDB_DELETING && !str_eq(replica.ttl, attribute)) set(c, &replica, attribute);
    }
    out->time_to_live_specification = NEW(c->arena, struct dynamodb_time_to_live_specification);
    *out->time_to_live_specification = *spec;
    return NULL;
}

err dynamodb_describe_time_to_live(struct call *c, const struct dynamodb_describe_time_to_live_input *in,
                                   struct dynamodb_describe_time_to_live_output *out) {
    struct ddb_table t;
    TRY(ddb_table_open(c, in->table_name, &t));
    if (t.state == DDB_CREATING || t.state == DDB_DELETING) {
        const char *state = t.state == DDB_CREATING ? "CREATING" : "DELETING";
        return fail(c, &cloud_validation, "Cannot describe time to live while table is in %s state: Current table state is %s", state, state);
    }
    out->time_to_live_description = NEW(c->arena, struct dynamodb_time_to_live_description);
    out->time_to_live_description->time_to_live_status = t.ttl.p ? S("ENABLED") : S("DISABLED");
    out->time_to_live_description->attribute_name = t.ttl;
    return NULL;
}
