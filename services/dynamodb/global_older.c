/* Global tables of version 2017.11.29: tables of one name that were there before, each in its region, joined. A row
 * names the regions; the tables know that they were joined and whose replicas they are. From then on a change goes
 * the way of global.c. Sources: the API reference, CreateGlobalTable and UpdateGlobalTable.
 * DIFFERS: AWS's words for what hinders tables from being joined are not known. */
#include "services/dynamodb/global.h"

#define INVALID "One or more parameter values were invalid: "

struct group {
    i64 created_ms;
    struct ddb_names regions;
};
static const struct record_field group_fields[] = {
    RECORD_I64(1, struct group, created_ms),
    RECORD_LIST(2, struct group, regions, ddb_name_record),
};
static const struct record_type group_record = RECORD_TYPE(struct group, group_fields);

static str row_of(struct call *c, str name) {
    struct key k = call_key_global(c, S("global-table"));
    key_str(&k, name);
    return key_bytes(&k);
}

static bool member(struct call *c, str name, str region, struct ddb_table *t) {
    return ddb_table_load(c->txn, c->arena, c->account, region, name, t) && t->joined && t->state != DDB_DELETING;
}

/* Only regions whose table is still there count. False: nothing is left of it, or it never was. */
static bool group_read(struct call *c, str name, str bytes, struct group *g) {
    struct ddb_table t;
    u32 n = 0;
    *g = (struct group){0};
    ASSERT(record_decode(c->arena, &group_record, arena_str(c->arena, bytes), g));
    for (u32 i = 0; i < g->regions.n; i++)
        if (member(c, name, g->regions.v[i].text, &t)) g->regions.v[n++] = g->regions.v[i];
    g->regions.n = n;
    return n > 0;
}

/* of_settings: in the words of those operations, which are fewer. */
static err group_open(struct call *c, str name, bool of_settings, struct group *g) {
    str bytes;
    TRY(ddb_table_name_check(c, name, "globalTableName"));
    if (txn_get(c->txn, row_of(c, name), &bytes) && group_read(c, name, bytes, g)) return NULL;
    return fail(c, &dynamodb_global_table_not_found_exception, "%sGlobal table with name: '%.*s' does not exist.", of_settings ? "" : "Global table not found: ",
                STR_ARGS(name));
}

static bool group_has(const struct group *g, str region) {
    for (u32 i = 0; i < g->regions.n; i++)
        if (str_eq(g->regions.v[i].text, region)) return true;
    return false;
}

/* ---- joining ---- */

static err join_check(struct call *c, const struct ddb_table *t, const struct ddb_table *first) {
    struct ddb_counts counts = ddb_counts_of(c->txn, c->arena, t);
    if (t->replicas.n && !t->joined)
        return fail(c, &cloud_validation, INVALID "Table %.*s in %.*s is a global table already", STR_ARGS(t->name), STR_ARGS(t->region));
    if (!t->streaming || t->stream_view != DDB_VIEW_BOTH)
        return fail(c, &cloud_validation, INVALID "Table %.*s in %.*s must have a stream of new and old images", STR_ARGS(t->name), STR_ARGS(t->region));
    if (ddb_count_of(c->arena, &counts, t->space)->items)
        return fail(c, &cloud_validation, INVALID "Table %.*s in %.*s must be empty", STR_ARGS(t->name), STR_ARGS(t->region));
    bool same = str_eq(t->keys.hash, first->keys.hash) && str_eq(t->keys.range, first->keys.range)
             && t->keys.hash_type == first->keys.hash_type && t->keys.range_type == first->keys.range_type;
    if (same) return NULL;
    return fail(c, &cloud_validation, INVALID "Table %.*s in %.*s must have the key of the other replicas", STR_ARGS(t->name), STR_ARGS(t->region));
}

/* Every member learns who the others are. */
static err group_save(struct call *c, str name, const struct group *g, bool joining) {
    struct ddb_table t, first = {0};
    for (u32 i = 0; i < g->regions.n; i++) {
        str region = g->regions.v[i].text;
        if (!region_known(region) || !ddb_table_load(c->txn, c->arena, c->account, region, name, &t))
            return fail(c, &dynamodb_table_not_found_exception, "Table not found: Table: %.*s not found in region %.*s", STR_ARGS(name), STR_ARGS(region));
        if (!i) first = t;
        if (joining) TRY(join_check(c, &t, &first));
        t.joined = true;
        t.replicas = (struct ddb_names){NEW_ARRAY(c->arena, struct ddb_name, g->regions.n), 0, true};
        for (u32 j = 0; j < g->regions.n; j++)
            if (j != i) t.replicas.v[t.replicas.n++] = g->regions.v[j];
        ddb_table_save(c->txn, c->arena, &t);
    }
    txn_put(c->txn, row_of(c, name), record_encode(c->arena, &group_record, g));
    return NULL;
}

static struct dynamodb_global_table_description *describe(struct call *c, str name, const struct group *g, const char *status) {
    struct dynamodb_global_table_description *d = NEW(c->arena, struct dynamodb_global_table_description);
    d->global_table_name = name;
    d->global_table_arn = arn_format(c->arena, S("dynamodb"), S(""), c->account, arena_concat(c->arena, S("global-table/"), name));
    d->creation_date_time = (struct opt_time){true, g->created_ms};
    d->global_table_status = str_of(status);
    d->replication_group = (struct dynamodb_replica_description_list){NEW_ARRAY(c->arena, struct dynamodb_replica_description, g->regions.n), g->regions.n, true};
    for (u32 i = 0; i < g->regions.n; i++) d->replication_group.v[i].region_name = g->regions.v[i].text;
    return d;
}

err dynamodb_create_global_table(struct call *c, const struct dynamodb_create_global_table_input *in, struct dynamodb_create_global_table_output *out) {
    struct group g = {.created_ms = c->now_ms, .regions = {NEW_ARRAY(c->arena, struct ddb_name, in->replication_group.n), 0, true}}, there;
    str bytes, name = in->global_table_name;
    TRY(ddb_table_name_check(c, name, "globalTableName"));
    if (!in->replication_group.n) return fail(c, &cloud_validation, INVALID "ReplicationGroup is empty");
    if (txn_get(c->txn, row_of(c, name), &bytes) && group_read(c, name, bytes, &there))
        return fail(c, &dynamodb_global_table_already_exists_exception, "Global table with name: '%.*s' already exists.", STR_ARGS(name));
    for (u32 i = 0; i < in->replication_group.n; i++) {
        if (group_has(&g, in->replication_group.v[i].region_name)) return fail(c, &cloud_validation, INVALID "ReplicationGroup names a region twice");
        g.regions.v[g.regions.n++].text = in->replication_group.v[i].region_name;
    }
    TRY(group_save(c, name, &g, true));
    out->global_table_description = describe(c, name, &g, "CREATING");
    return NULL;
}

/* ---- changes ---- */

static err leave(struct call *c, str name, struct group *g, str region) {
    struct ddb_table t;
    u32 n = 0;
    if (!group_has(g, region) || !member(c, name, region, &t))
        return fail(c, &dynamodb_replica_not_found_exception, "Replica not found: '%.*s' in region %.*s", STR_ARGS(name), STR_ARGS(region));
    t.joined = false; /* the table stays, alone */
    t.replicas.n = 0;
    ddb_table_save(c->txn, c->arena, &t);
    for (u32 i = 0; i < g->regions.n; i++)
        if (!str_eq(g->regions.v[i].text, region)) g->regions.v[n++] = g->regions.v[i];
    g->regions.n = n;
    return NULL;
}

err dynamodb_update_global_table(struct call *c, const struct dynamodb_update_global_table_input *in, struct dynamodb_update_global_table_output *out) {
    struct group g;
    bool joining = false;
    TRY(group_open(c, in->global_table_name, false, &g));
    struct ddb_name *regions = NEW_ARRAY(c->arena, struct ddb_name, g.regions.n + in->replica_updates.n);
    memcpy(regions, g.regions.v, g.regions.n * sizeof *regions);
    g.regions.v = regions;
    for (u32 i = 0; i < in->replica_updates.n; i++) {
        const struct dynamodb_replica_update *u = &in->replica_updates.v[i];
        if (!!u->create + !!u->delete != 1) return fail(c, &cloud_validation, INVALID "One of ReplicaUpdate.Create, ReplicaUpdate.Delete must be given");
        if (u->delete) {
            TRY(leave(c, in->global_table_name, &g, u->delete->region_name));
            continue;
        }
        if (group_has(&g, u->create->region_name))
            return fail(c, &dynamodb_replica_already_exists_exception, "Replica already exists: '%.*s' in region %.*s", STR_ARGS(in->global_table_name),
                        STR_ARGS(u->create->region_name));
        g.regions.v[g.regions.n++].text = u->create->region_name;
        joining = true;
    }
    TRY(group_save(c, in->global_table_name, &g, joining));
    out->global_table_description = describe(c, in->global_table_name, &g, "UPDATING");
    return NULL;
}

/* ---- looking ---- */

err dynamodb_describe_global_table(struct call *c, const struct dynamodb_describe_global_table_input *in, struct dynamodb_describe_global_table_output *out) {
    struct group g;
    TRY(group_open(c, in->global_table_name, false, &g));
    out->global_table_description = describe(c, in->global_table_name, &g, "ACTIVE");
    return NULL;
}

err dynamodb_list_global_tables(struct call *c, const struct dynamodb_list_global_tables_input *in, struct dynamodb_list_global_tables_output *out) {
    enum { PAGE = 100 };
    struct key prefix = call_key_global(c, S("global-table"));
    str all = key_bytes(&prefix), from = in->exclusive_start_global_table_name.p ? row_of(c, in->exclusive_start_global_table_name) : all, key, bytes;
    u32 most = in->limit.set && in->limit.v < PAGE ? (u32)in->limit.v : PAGE;
    struct range rows = txn_range(c->txn, from, key_after_prefix(c->arena, all));
    out->global_tables = (struct dynamodb_global_table_list){NEW_ARRAY(c->arena, struct dynamodb_global_table, most), 0, true};
    while (range_next(&rows, &key, &bytes)) {
        struct group g;
        str name, rest = str_skip(key, all.n);
        ASSERT(key_read_str(&rest, c->arena, &name));
        if (str_eq(name, in->exclusive_start_global_table_name) || !group_read(c, name, bytes, &g)) continue;
        if (in->region_name.p && !group_has(&g, in->region_name)) continue;
        if (out->global_tables.n == most) {
            out->last_evaluated_global_table_name = out->global_tables.v[most - 1].global_table_name;
            break;
        }
        struct dynamodb_global_table *t = &out->global_tables.v[out->global_tables.n++];
        t->global_table_name = name;
        t->replication_group = (struct dynamodb_replica_list){NEW_ARRAY(c->arena, struct dynamodb_replica, g.regions.n), g.regions.n, true};
        for (u32 i = 0; i < g.regions.n; i++) t->replication_group.v[i].region_name = g.regions.v[i].text;
    }
    return NULL;
}

err dynamodb_describe_global_table_settings(struct call *c, const struct dynamodb_describe_global_table_settings_input *in,
                                            struct dynamodb_describe_global_table_settings_output *out) {
    struct group g;
    TRY(group_open(c, in->global_table_name, true, &g));
    out->global_table_name = in->global_table_name;
    out->replica_settings = (struct dynamodb_replica_settings_description_list){NEW_ARRAY(c->arena, struct dynamodb_replica_settings_description, g.regions.n), 0, true};
    for (u32 i = 0; i < g.regions.n; i++) {
        struct dynamodb_replica_settings_description *r = &out->replica_settings.v[out->replica_settings.n++];
        struct dynamodb_table_description d = {0};
        struct ddb_table t;
        if (!member(c, in->global_table_name, g.regions.v[i].text, &t)) continue;
        ddb_describe(c, &t, &d);
        r->region_name = t.region;
        r->replica_status = d.table_status;
        r->replica_billing_mode_summary = d.billing_mode_summary;
        r->replica_provisioned_read_capacity_units = SOME_I64(t.throughput.read);
        r->replica_provisioned_write_capacity_units = SOME_I64(t.throughput.write);
        r->replica_table_class_summary = d.table_class_summary;
    }
    return NULL;
}

/* ---- settings: throughput of all replicas by UpdateTable in each region, with the caller's rights ---- */

static err settings_update(struct call *c, const struct dynamodb_update_global_table_settings_input *in, const struct ddb_table *t) {
    struct dynamodb_provisioned_throughput units = {SOME_I64(t->throughput.read), SOME_I64(t->throughput.write)};
    struct dynamodb_update_table_input update = {.table_name = t->name, .billing_mode = in->global_table_billing_mode};
    struct dynamodb_update_table_output updated = {0};
    struct call_other other = {.service = c->service, .op = DYNAMODB_OP_UPDATE_TABLE, .as = CALL_FORWARDED, .region = t->region};
    if (in->global_table_provisioned_write_capacity_units.set) units.write_capacity_units = in->global_table_provisioned_write_capacity_units;
    for (u32 i = 0; i < in->replica_settings_update.n; i++) {
        const struct dynamodb_replica_settings_update *u = &in->replica_settings_update.v[i];
        if (!str_eq(u->region_name, t->region)) continue;
        if (u->replica_provisioned_read_capacity_units.set) units.read_capacity_units = u->replica_provisioned_read_capacity_units;
        update.table_class = u->replica_table_class;
    }
    bool provisioned = in->global_table_billing_mode.p ? str_eq(in->global_table_billing_mode, S("PROVISIONED")) : !t->on_demand;
    bool changed = units.read_capacity_units.v != t->throughput.read || units.write_capacity_units.v != t->throughput.write;
    if (provisioned && changed) update.provisioned_throughput = &units;
    if (!update.provisioned_throughput && !update.billing_mode.p && !update.table_class.p) return NULL;
    return call_service(c, &other, &update, &updated);
}

/* DIFFERS: indexes by UpdateTable and scaling by Application Auto Scaling alone */
static err settings_check(struct call *c, const struct dynamodb_update_global_table_settings_input *in, const struct group *g) {
    bool others = in->global_table_provisioned_write_capacity_auto_scaling_settings_update || in->global_table_global_secondary_index_settings_update.set;
    for (u32 i = 0; i < in->replica_settings_update.n; i++) {
        const struct dynamodb_replica_settings_update *u = &in->replica_settings_update.v[i];
        others = others || u->replica_provisioned_read_capacity_auto_scaling_settings_update || u->replica_global_secondary_index_settings_update.set;
        if (!group_has(g, u->region_name))
            return fail(c, &dynamodb_replica_not_found_exception, "Replica not found: '%.*s' in region %.*s", STR_ARGS(in->global_table_name),
                        STR_ARGS(u->region_name));
    }
    return others ? fail(c, &cloud_validation, INVALID "Settings of indexes and of auto scaling are not changed by this operation") : NULL;
}

err dynamodb_update_global_table_settings(struct call *c, const struct dynamodb_update_global_table_settings_input *in,
                                          struct dynamodb_update_global_table_settings_output *out) {
    struct dynamodb_describe_global_table_settings_output now = {0};
    struct ddb_table t;
    struct group g;
    TRY(group_open(c, in->global_table_name, true, &g));
    TRY(settings_check(c, in, &g));
    for (u32 i = 0; i < g.regions.n; i++)
        if (member(c, in->global_table_name, g.regions.v[i].text, &t)) TRY(settings_update(c, in, &t));
    TRY(dynamodb_describe_global_table_settings(c, &(struct dynamodb_describe_global_table_settings_input){in->global_table_name}, &now));
    out->global_table_name = now.global_table_name;
    out->replica_settings = now.replica_settings;
    return NULL;
}
