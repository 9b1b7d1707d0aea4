/* A table made after another one, and the way back to a moment of its past. */
#include "services/dynamodb/history.h"
#include "services/dynamodb/schema.h"

enum { DAY_MS = 86400000 };

#define INVALID_REQUEST "Invalid Request: "

/* ---- what a request may override ---- */

static bool key_element_is(const struct dynamodb_key_schema_element *e, str name, const char *type) {
    return str_eq(e->attribute_name, name) && str_eq(e->key_type, str_of(type));
}

static bool same_keys(const struct dynamodb_key_schema *given, const struct ddb_schema *keys) {
    struct str_pair {
        str name;
        const char *type;
    } of[2 + 2 * KEY_PARTS_MAX];
    u32 n = 0;
    of[n++] = (struct str_pair){keys->hash, "HASH"};
    if (keys->range.p) of[n++] = (struct str_pair){keys->range, "RANGE"};
    for (u32 i = 0; i < keys->more.n; i++) of[n++] = (struct str_pair){keys->more.v[i].name, keys->more.v[i].range ? "RANGE" : "HASH"};
    if (given->n != n) return false;
    for (u32 i = 0; i < n; i++) {
        bool found = false;
        for (u32 k = 0; k < n && !found; k++) found = key_element_is(&given->v[i], of[k].name, of[k].type);
        if (!found) return false;
    }
    return true;
}

static bool same_projection(const struct dynamodb_projection *given, const struct ddb_index *index) {
    static const char *const types[] = {[DDB_ALL] = "ALL", [DDB_KEYS_ONLY] = "KEYS_ONLY", [DDB_INCLUDE] = "INCLUDE"};
    if (!given || !str_eq(given->projection_type, str_of(types[index->projection])) || given->non_key_attributes.n != index->include.n) return false;
    for (u32 i = 0; i < index->include.n; i++) {
        bool found = false;
        for (u32 k = 0; k < given->non_key_attributes.n && !found; k++) found = str_eq(given->non_key_attributes.v[k], index->include.v[i].text);
        if (!found) return false;
    }
    return true;
}

/* The index that was there with these keys and this projection, whatever its name; NULL: none. */
static const struct ddb_index *index_like(const struct ddb_table *t, int kind, const struct dynamodb_key_schema *keys,
                                          const struct dynamodb_projection *projection) {
    for (u32 i = 0; i < t->indexes.n; i++) {
        const struct ddb_index *index = &t->indexes.v[i];
        if (index->kind == kind && index->state != DDB_DELETING && same_keys(keys, &index->keys) && same_projection(projection, index)) return index;
    }
    return NULL;
}

static err no_such_index(struct call *c, str name) {
    return fail(c, &cloud_validation,
                INVALID_REQUEST "Index %.*s does not match a secondary index that existed in the source table and cannot be created during the restore "
                                "operation",
                STR_ARGS(name));
}

static err keep_index(struct call *c, struct ddb_table *t, const struct ddb_index *like, str name) {
    if (t->indexes.n == DDB_INDEXES_MAX) return no_such_index(c, name);
    struct ddb_index *kept = &t->indexes.v[t->indexes.n++];
    *kept = *like;
    kept->name = name;
    kept->backfilling = false;
    if (kept->kind != DDB_LOCAL) kept->state = DDB_CREATING;
    kept->throughput = ddb_throughput_like(&like->throughput);
    if (t->on_demand) kept->throughput.read = kept->throughput.write = 0;
    return NULL;
}

/* An override may leave indexes out, give them other names and others' units; it adds none. */
static err keep_globals(struct call *c, struct ddb_table *t, const struct ddb_table *like, const struct dynamodb_global_secondary_index_list *given) {
    for (u32 i = 0; !given->set && i < like->indexes.n; i++)
        if (like->indexes.v[i].kind == DDB_GLOBAL && like->indexes.v[i].state != DDB_DELETING) TRY(keep_index(c, t, &like->indexes.v[i], like->indexes.v[i].name));
    for (u32 i = 0; i < given->n; i++) {
        const struct dynamodb_global_secondary_index *g = &given->v[i];
        const struct ddb_index *index = index_like(like, DDB_GLOBAL, &g->key_schema, g->projection);
        if (!index) return no_such_index(c, g->index_name);
        if (!t->on_demand && !g->provisioned_throughput)
            return fail(c, &cloud_validation, INVALID_REQUEST "Must specify provisioned throughput for index %.*s", STR_ARGS(g->index_name));
        if (t->on_demand && g->provisioned_throughput)
            return fail(c, &cloud_validation,
                        INVALID_REQUEST "Cannot override ProvisionedThroughput if BillingMode is overridden to PAY_PER_REQUEST for index %.*s",
                        STR_ARGS(g->index_name));
        TRY(keep_index(c, t, index, g->index_name));
        if (!g->provisioned_throughput) continue;
        t->indexes.v[t->indexes.n - 1].throughput.read = g->provisioned_throughput->read_capacity_units.v;
        t->indexes.v[t->indexes.n - 1].throughput.write = g->provisioned_throughput->write_capacity_units.v;
    }
    return NULL;
}

static err keep_locals(struct call *c, struct ddb_table *t, const struct ddb_table *like, const struct dynamodb_local_secondary_index_list *given) {
    for (u32 i = 0; !given->set && i < like->indexes.n; i++)
        if (like->indexes.v[i].kind == DDB_LOCAL) TRY(keep_index(c, t, &like->indexes.v[i], like->indexes.v[i].name));
    for (u32 i = 0; i < given->n; i++) {
        const struct ddb_index *index = index_like(like, DDB_LOCAL, &given->v[i].key_schema, given->v[i].projection);
        if (!index) return no_such_index(c, given->v[i].index_name);
        TRY(keep_index(c, t, index, given->v[i].index_name));
    }
    return NULL;
}

static bool same_vector(const struct dynamodb_vector_index *given, const struct ddb_index *index) {
    const struct ddb_vector *v = index->vector;
    u8 type;
    if (!v || index->state == DDB_DELETING || !str_eq(given->vector_attribute->attribute_name, v->attribute) || given->dimensions.v != v->dimensions) return false;
    if (!str_eq(given->distance_function, ddb_distance_name(v->distance)) || !same_projection(given->projection, index)) return false;
    if (given->search_schema.n != v->filters.n + (index->keys.hash.p ? 1 : 0)) return false;
    for (u32 i = 0; i < given->search_schema.n; i++) {
        const struct dynamodb_search_schema_element *e = &given->search_schema.v[i];
        bool hash = str_eq(e->search_schema_element_type, S("HASH"));
        if (hash ? !str_eq(e->attribute_name, index->keys.hash) : !ddb_vector_filters_by(index, e->attribute_name, &type)) return false;
    }
    return true;
}

/* A table that becomes provisioned has none. */
static err keep_vectors(struct call *c, struct ddb_table *t, const struct ddb_table *like, const struct dynamodb_vector_index_list *given) {
    bool all = !given || !given->set;
    for (u32 i = 0; all && t->on_demand && i < like->indexes.n; i++)
        if (like->indexes.v[i].vector && like->indexes.v[i].state != DDB_DELETING) TRY(keep_index(c, t, &like->indexes.v[i], like->indexes.v[i].name));
    for (u32 i = 0; !all && i < given->n; i++) {
        const struct ddb_index *found = NULL;
        for (u32 k = 0; t->on_demand && k < like->indexes.n && !found; k++)
            if (same_vector(&given->v[i], &like->indexes.v[k])) found = &like->indexes.v[k];
        if (!found) return no_such_index(c, given->v[i].index_name);
        TRY(keep_index(c, t, found, given->v[i].index_name));
    }
    return NULL;
}

static err check_maximum(struct call *c, const struct opt_i64 *units, const char *what, bool on_demand) {
    if (!units->set) return NULL;
    if (!on_demand)
        return fail(c, &cloud_validation, INVALID_REQUEST "Cannot override %s for OnDemandThroughput unless BillingModeOverride is PAY_PER_REQUEST", what);
    if (units->v > 0) return NULL;
    return fail(c, &cloud_validation, INVALID_REQUEST "Requested %s for OnDemandThroughput is outside of valid range", what);
}

static err check_units(struct call *c, const struct ddb_overrides *o, bool on_demand) {
    bool overridden = o->billing_mode.p;
    if (o->throughput && on_demand)
        return fail(c, &cloud_validation, INVALID_REQUEST "Cannot override ProvisionedThroughput %s",
                    overridden ? "if BillingMode is overridden to PAY_PER_REQUEST" : "unless BillingMode is PROVISIONED");
    if (!o->throughput && overridden && !on_demand)
        return fail(c, &cloud_validation, INVALID_REQUEST "Must override ProvisionedThroughput if BillingMode is overridden to PROVISIONED");
    if (!o->on_demand) return NULL;
    TRY(check_maximum(c, &o->on_demand->max_read_request_units, "MaxReadRequestUnits", on_demand));
    return check_maximum(c, &o->on_demand->max_write_request_units, "MaxWriteRequestUnits", on_demand);
}

static err check_target(struct call *c, str name) {
    struct ddb_table there;
    if (!ddb_table_load(c->txn, c->arena, c->account, c->region, name, &there)) return NULL;
    if (there.state != DDB_CREATING || !there.restored_ms) return fail(c, &dynamodb_table_already_exists_exception, "Table already exists: %.*s", STR_ARGS(name));
    if (!there.restored_backup.p) return fail(c, &dynamodb_table_in_use_exception, "Table: %.*s is already being restored", STR_ARGS(name));
    return fail(c, &dynamodb_table_in_use_exception, "Table: %.*s is already being restored from backup: %.*s", STR_ARGS(name), STR_ARGS(there.restored_backup));
}

err ddb_restore_abroad(struct call *c, str region, const struct ddb_overrides *o) {
    if (!region.p || str_eq(region, c->region) || o->sse) return NULL;
    return fail(c, &cloud_validation, INVALID_REQUEST "sseSpecificationOverride must be provided for cross-region restores");
}

err ddb_restore_begin(struct call *c, const struct ddb_table *like, str name, const struct ddb_overrides *o, struct ddb_table *made) {
    *made = (struct ddb_table){.keys = like->keys, .attributes = like->attributes, .types = like->types, .on_demand = like->on_demand,
                               .throughput = ddb_throughput_like(&like->throughput), .account = c->account, .region = c->region, .name = name};
    made->indexes = (struct ddb_indexes){.v = NEW_ARRAY(c->arena, struct ddb_index, DDB_INDEXES_MAX), .set = true};
    if (o->billing_mode.p) made->on_demand = str_eq(o->billing_mode, S("PAY_PER_REQUEST"));
    TRY(check_units(c, o, made->on_demand));
    if (o->throughput) {
        made->throughput.read = o->throughput->read_capacity_units.v;
        made->throughput.write = o->throughput->write_capacity_units.v;
    }
    if (made->on_demand) made->throughput.read = made->throughput.write = 0;
    TRY(ddb_on_demand_read(c, o->on_demand, S("table"), true, &made->throughput));
    TRY(keep_globals(c, made, like, o->globals));
    TRY(keep_locals(c, made, like, o->locals));
    TRY(keep_vectors(c, made, like, o->vectors));
    made->indexes.set = made->indexes.n > 0;
    ddb_attributes_prune(c->arena, made);
    TRY(check_target(c, name));
    TRY(ddb_sse_check(c, like));
    if (o->sse) TRY(ddb_sse_read(c, o->sse, made));
    else if (like->sse_key.p) TRY(ddb_sse_begin(c, made, like->sse_grant.p ? like->sse_key : S("alias/aws/dynamodb")));
    ddb_table_born(c, made);
    made->restored_table = ddb_table_arn(c->arena, like);
    made->restored_ms = c->now_ms;
    return NULL;
}

/* ---- back to a moment ---- */

static str seconds_of(struct arena *a, i64 ms) {
    struct buf b = buf_new(a, 32);
    buf_iso8601(&b, ms);
    return buf_str(&b);
}

static err check_moment(struct call *c, const struct ddb_table *t, i64 moment_ms) {
    i64 earliest = MAX(t->pitr_ms, c->now_ms - t->pitr_days * DAY_MS);
    if (moment_ms / 1000 >= earliest / 1000 && moment_ms <= c->now_ms) return NULL;
    return fail(c, &dynamodb_invalid_restore_time_exception,
                "RestoreDateTime '%.*s' must be within EarliestRestorableDateTime '%.*s' and LatestRestorableDateTime '%.*s'",
                STR_ARGS(seconds_of(c->arena, moment_ms)), STR_ARGS(seconds_of(c->arena, earliest)), STR_ARGS(seconds_of(c->arena, c->now_ms)));
}

/* What is wrong with the request whatever table it names. */
static err check_shape(struct call *c, const struct dynamodb_restore_table_to_point_in_time_input *in) {
    if (in->restore_date_time.set && in->use_latest_restorable_time.v)
        return fail(c, &cloud_validation, INVALID_REQUEST "Both RestoreDateTime and UseLatestRestorableTime cannot be set for point-in-time restore request. "
                                                          "Please specify either RestoreDateTime time or UseLatestRestorableTime");
    if (!in->restore_date_time.set && !in->use_latest_restorable_time.v)
        return fail(c, &cloud_validation, INVALID_REQUEST "Either one of RestoreDateTime or UseLatestRestorableTime must be specified, but not both");
    if (in->source_table_arn.p && in->source_table_name.p)
        return fail(c, &cloud_validation, "One or more parameter values were invalid: Must provide exactly one of: sourceTableArn, sourceTableName");
    if (!in->source_table_arn.p && !in->source_table_name.p)
        return fail(c, &cloud_validation, "The parameter 'TableName' is required but was not present in the request");
    return ddb_table_name_check(c, in->target_table_name, "targetTableName");
}

static err open_source(struct call *c, const struct dynamodb_restore_table_to_point_in_time_input *in, const struct ddb_overrides *o,
                       struct ddb_table *like) {
    struct arn arn = {0};
    bool by_arn = in->source_table_arn.p;
    if (by_arn && (!arn_parse(in->source_table_arn, &arn) || !str_starts(arn.resource, S("table/"))))
        return fail(c, &cloud_validation, "One or more parameter values were invalid: sourceTableArn is not a valid ARN");
    TRY(ddb_restore_abroad(c, arn.region, o));
    struct call there = *c; /* a table is restored from another region, too */
    if (by_arn) there.region = arn.region;
    err e = ddb_table_open(&there, by_arn ? in->source_table_arn : in->source_table_name, like);
    if (e && e != &dynamodb_resource_not_found_exception) return fail(c, e, "%.*s", STR_ARGS(there.error_message));
    if (!e) return NULL;
    return fail(c, &dynamodb_table_not_found_exception, "Table not found%s%.*s", by_arn ? "" : ": ", STR_ARGS(by_arn ? S("") : like->name));
}

/* AWS's order: the request's shape, the source, its recovery, the moment, the overrides, the target. */
err dynamodb_restore_table_to_point_in_time(struct call *c, const struct dynamodb_restore_table_to_point_in_time_input *in,
                                            struct dynamodb_restore_table_to_point_in_time_output *out) {
    struct ddb_overrides o = {in->billing_mode_override, in->provisioned_throughput_override, in->on_demand_throughput_override,
                              in->sse_specification_override, &in->global_secondary_index_override, &in->local_secondary_index_override,
                              &in->vector_index_override};
    struct ddb_table like, made;
    TRY(check_shape(c, in));
    TRY(open_source(c, in, &o, &like));
    if (!like.pitr_ms)
        return fail(c, &dynamodb_point_in_time_recovery_unavailable_exception, "Point in time recovery is not enabled for table '%.*s'",
                    STR_ARGS(like.name));
    i64 moment = in->restore_date_time.set ? in->restore_date_time.ms : c->now_ms;
    TRY(check_moment(c, &like, moment));
    TRY(ddb_restore_begin(c, &like, in->target_table_name, &o, &made));
    TRY(ddb_table_room(c, &made));
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
