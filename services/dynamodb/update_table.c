/* UpdateTable: billing, throughput, global indexes, stream, encryption, class, protection. What a call may ask for at
 * once: update_check.c.
 *
 * DIFFERS: deletion protection may be changed again at once; AWS lets it once in 15 seconds. */
#include "services/dynamodb/global.h"
#include "services/dynamodb/schema.h"
#include "services/dynamodb/stream.h"

#define INVALID "One or more parameter values were invalid: "

static err check_state(struct call *c, const struct dynamodb_update_table_input *in, const struct ddb_table *t) {
    static const char *const doing[] = {[DDB_CREATING] = "created", [DDB_UPDATING] = "updated", [DDB_DELETING] = "deleted", [DDB_ARCHIVED] = "archived"};
    if (in->sse_specification && t->sse_changing)
        return fail(c, &dynamodb_resource_in_use_exception, "Attempt to change a resource which is still in use: Server-Side Encryption is still being updated");
    if (t->state == DDB_ACTIVE) return ddb_update_busy(c, in, t);
    if (t->replicas.n) return fail(c, &dynamodb_resource_in_use_exception, "The resource which you are attempting to change is in use.");
    if (t->state == DDB_UPDATING && ddb_update_waits_for_nothing(in)) return NULL;
    if (t->state == DDB_UPDATING) TRY(ddb_update_busy(c, in, t));
    if (t->state == DDB_UPDATING && ddb_update_beside_indexes(in, t)) return NULL;
    return fail(c, &dynamodb_resource_in_use_exception, "Attempt to change a resource which is still in use: Table is being %s: %.*s",
                doing[t->state], STR_ARGS(t->name));
}

/* ---- throughput ---- */

/* Of a replica: what it has by itself stays, and what does not change is no fault. */
static err provision(struct call *c, struct ddb_throughput *t, const struct dynamodb_provisioned_throughput *p, str index, bool carried) {
    struct dynamodb_provisioned_throughput units = *p;
    if (carried && t->own_read) units.read_capacity_units.v = t->read;
    if (carried && units.read_capacity_units.v == t->read && units.write_capacity_units.v == t->write) return NULL;
    t->own_read &= carried;
    return ddb_provision(c, t, &units, index);
}

static void end_units(struct ddb_throughput *t) {
    t->read = t->write = 0;
    t->own_read = false;
}

static void end_most(struct ddb_throughput *t) {
    t->most_read = t->most_write = 0;
    t->own_most_read = false;
}

/* The table's way of being paid for becomes another: what belongs to the other way goes. */
static void change_mode(struct call *c, struct ddb_table *t, bool on_demand) {
    void (*end)(struct ddb_throughput *) = on_demand ? end_units : end_most;
    t->on_demand = on_demand;
    t->billing_ms = c->now_ms;
    end(&t->throughput);
    for (u32 i = 0; i < t->indexes.n; i++) {
        end(&t->indexes.v[i].throughput);
        if (on_demand && t->indexes.v[i].kind == DDB_GLOBAL) ddb_decrease_count(c, &t->indexes.v[i].throughput); /* as AWS: not of the table */
    }
}

static err update_billing(struct call *c, const struct dynamodb_update_table_input *in, struct ddb_table *t, bool carried) {
    bool on_demand = in->billing_mode.p ? str_eq(in->billing_mode, S("PAY_PER_REQUEST")) : t->on_demand, was = t->on_demand;
    if (on_demand && in->provisioned_throughput)
        return fail(c, &cloud_validation, INVALID "%s be specified when BillingMode is PAY_PER_REQUEST",
                    in->billing_mode.p ? "ProvisionedThroughput cannot" : "Neither ReadCapacityUnits nor WriteCapacityUnits can");
    if (!on_demand && in->on_demand_throughput)
        return fail(c, &cloud_validation, INVALID "%s for OnDemandThroughput cannot be specified when the table BillingMode is PROVISIONED",
                    in->on_demand_throughput->max_read_request_units.set ? "MaxReadRequestUnits" : "MaxWriteRequestUnits");
    if (on_demand != was) change_mode(c, t, on_demand);
    if (in->provisioned_throughput && was) ddb_provision_first(&t->throughput, in->provisioned_throughput);
    else if (in->provisioned_throughput) TRY(provision(c, &t->throughput, in->provisioned_throughput, (str){0}, carried));
    i64 own = t->throughput.most_read;
    TRY(ddb_on_demand_read(c, in->on_demand_throughput, S("table"), false, &t->throughput));
    if (carried && t->throughput.own_most_read) t->throughput.most_read = own;
    TRY(ddb_warm_more(c, in->warm_throughput, S("table"), on_demand, &t->throughput));
    if (on_demand || !was) return NULL;
    for (u32 i = 0; i < t->indexes.n; i++) {
        if (t->indexes.v[i].vector) return fail(c, &cloud_validation, INVALID "BillingMode PROVISIONED is not supported for a table with vector indexes");
        bool given = t->indexes.v[i].kind == DDB_LOCAL;
        for (u32 j = 0; j < in->global_secondary_index_updates.n && !given; j++)
            given = str_eq(ddb_updated_index(&in->global_secondary_index_updates.v[j]), t->indexes.v[i].name);
        if (!given)
            return fail(c, &cloud_validation, INVALID "ProvisionedThroughput must be specified for index: %.*s", STR_ARGS(t->indexes.v[i].name));
    }
    return NULL;
}

/* ---- global indexes ---- */

static err find_global(struct call *c, const struct ddb_table *t, str name, const char *what, struct ddb_index **index) {
    *index = ddb_index_find(t, name);
    if (!*index) return fail(c, &dynamodb_resource_not_found_exception, "Requested resource not found: Index %.*s for table %.*s", STR_ARGS(name), STR_ARGS(t->name));
    if ((*index)->kind == DDB_GLOBAL) return NULL;
    return fail(c, &cloud_validation, "Cannot %s an index that is not a GlobalSecondaryIndex: %.*s", what, STR_ARGS(name));
}

static err check_definitions(struct call *c, const struct dynamodb_update_table_input *in, const struct ddb_table *t) {
    for (u32 i = 0; i < in->attribute_definitions.n; i++) {
        const struct dynamodb_attribute_definition *d = &in->attribute_definitions.v[i];
        u8 known = ddb_attribute_type(t, d->attribute_name);
        if (known && known != ddb_type_of(d->attribute_type) && ddb_attribute_used(t, d->attribute_name))
            return fail(c, &cloud_validation, INVALID "Attributes cannot be redefined. Please check that your attribute has the same type as "
                                                      "previously defined. Existing schema: Schema mismatch for attribute %.*s",
                        STR_ARGS(d->attribute_name));
    }
    return NULL;
}

static void room_for_one(struct arena *a, struct ddb_table *t) {
    struct ddb_index *indexes = NEW_ARRAY(a, struct ddb_index, DDB_INDEXES_MAX + 1);
    if (t->indexes.n) memcpy(indexes, t->indexes.v, t->indexes.n * sizeof *indexes);
    t->indexes.v = indexes;
    t->indexes.set = true;
}

/* The last of the table's is new. It is filled as soon as the table has settled. */
static void begin_index(struct call *c, const struct dynamodb_update_table_input *in, struct ddb_table *t) {
    struct ddb_index *index = &t->indexes.v[t->indexes.n - 1];
    ddb_attributes_read(c->arena, &in->attribute_definitions, t); /* here AWS lets definitions pass that no key uses, and keeps none of them */
    index->space = txn_sequence(c->txn);
}

static err units_on_demand(struct call *c, str index) {
    return fail(c, &cloud_validation, INVALID "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: %.*s when BillingMode is PAY_PER_REQUEST",
                STR_ARGS(index));
}

static err no_units(struct call *c, str index) {
    return fail(c, &cloud_validation, INVALID "Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: %.*s", STR_ARGS(index));
}

static err create_index(struct call *c, const struct dynamodb_update_table_input *in,
                        const struct dynamodb_create_global_secondary_index_action *a, struct ddb_table *t) {
    struct dynamodb_global_secondary_index given = {a->index_name, a->key_schema, a->projection,
                                                    a->provisioned_throughput, a->on_demand_throughput, a->warm_throughput};
    if (ddb_index_find(t, a->index_name))
        return fail(c, &cloud_validation, "Attempting to create an index which already exists");
    u32 globals = 0;
    for (u32 i = 0; i < t->indexes.n; i++) globals += t->indexes.v[i].kind == DDB_GLOBAL;
    if (globals == DDB_GLOBALS_MAX)
        return fail(c, &dynamodb_limit_exceeded_exception, "Subscriber limit exceeded: Number of global secondary indexes exceeds per-table limit of %d",
                    DDB_GLOBALS_MAX);
    if (!in->attribute_definitions.set)
        return fail(c, &cloud_validation, INVALID "AttributeDefinitions is not specified for index: %.*s", STR_ARGS(a->index_name));
    TRY(check_definitions(c, in, t));
    if (t->on_demand && a->provisioned_throughput) return units_on_demand(c, a->index_name);
    if (!t->on_demand && !a->provisioned_throughput) return no_units(c, a->index_name);
    room_for_one(c->arena, t);
    TRY(ddb_global_read(c, &given, &in->attribute_definitions, t));
    begin_index(c, in, t);
    return NULL;
}

/* Definitions that the table has already need not be given again: a search schema may name its keys. */
static struct dynamodb_attribute_definitions with_known(struct arena *a, const struct dynamodb_attribute_definitions *given, const struct ddb_table *t) {
    struct dynamodb_attribute_definitions all = {NEW_ARRAY(a, struct dynamodb_attribute_definition, given->n + t->attributes.n + 1), 0, true};
    for (u32 i = 0; i < given->n; i++) all.v[all.n++] = given->v[i];
    for (u32 i = 0; i < t->attributes.n; i++)
        all.v[all.n++] = (struct dynamodb_attribute_definition){t->attributes.v[i].text, value_type_name((u8)t->types.p[i])};
    return all;
}

static err create_vector(struct call *c, const struct dynamodb_update_table_input *in, const struct dynamodb_create_vector_index_action *a, struct ddb_table *t) {
    struct dynamodb_vector_index given = {a->index_name, a->vector_attribute, a->search_schema, a->projection, a->dimensions, a->distance_function};
    if (ddb_index_find(t, a->index_name)) return fail(c, &cloud_validation, "Attempting to create an index which already exists");
    TRY(check_definitions(c, in, t));
    room_for_one(c->arena, t);
    struct dynamodb_attribute_definitions known = with_known(c->arena, &in->attribute_definitions, t);
    TRY(ddb_vector_index_read(c, &given, &known, t));
    begin_index(c, in, t);
    return NULL;
}

static err update_vector(struct call *c, const struct dynamodb_update_table_input *in, const struct dynamodb_vector_index_update *u, struct ddb_table *t) {
    if (u->create) return create_vector(c, in, u->create, t);
    struct ddb_index *index = ddb_index_find(t, u->delete->index_name);
    if (!index || !index->vector)
        return fail(c, &dynamodb_resource_not_found_exception, "Requested resource not found: Index %.*s for table %.*s", STR_ARGS(u->delete->index_name), STR_ARGS(t->name));
    index->state = DDB_DELETING;
    return NULL;
}

static err change_index(struct call *c, const struct dynamodb_update_global_secondary_index_action *a, const struct ddb_table *t,
                        struct ddb_index *index, bool carried) {
    const struct dynamodb_provisioned_throughput *p = a->provisioned_throughput;
    bool most = a->on_demand_throughput && (a->on_demand_throughput->max_read_request_units.set || a->on_demand_throughput->max_write_request_units.set);
    if (!most && !a->warm_throughput && t->on_demand)
        return fail(c, &cloud_validation, INVALID "The only Updates for index: %.*s when TableThroughputMode is PAY_PER_REQUEST can be to "
                                                  "OnDemandThroughput, WarmThroughput", STR_ARGS(index->name));
    if (t->on_demand && p) return units_on_demand(c, index->name);
    if (!t->on_demand && most)
        return fail(c, &cloud_validation, INVALID "%s for OnDemandThroughput for index : %.*s cannot be specified when the table BillingMode is PROVISIONED",
                    a->on_demand_throughput->max_read_request_units.set ? "MaxReadRequestUnits" : "MaxWriteRequestUnits", STR_ARGS(index->name));
    if (!p && !a->warm_throughput && !t->on_demand)
        return no_units(c, index->name);
    if (p || most) index->state = DDB_UPDATING; /* what is warm leaves it ACTIVE */
    i64 own = index->throughput.most_read;
    TRY(ddb_on_demand_read(c, a->on_demand_throughput, arena_concat(c->arena, S("index : "), index->name), false, &index->throughput));
    if (carried && index->throughput.own_most_read) index->throughput.most_read = own;
    TRY(ddb_warm_more(c, a->warm_throughput, ddb_index_words(c->arena, index->name), t->on_demand, &index->throughput));
    if (p && t->billing_ms) ddb_provision_first(&index->throughput, p);
    else if (p) TRY(provision(c, &index->throughput, p, index->name, carried));
    return NULL;
}

static err update_index(struct call *c, const struct dynamodb_update_table_input *in,
                        const struct dynamodb_global_secondary_index_update *u, struct ddb_table *t, bool carried) {
    struct ddb_index *index;
    if (u->create) return create_index(c, in, u->create, t);
    TRY(find_global(c, t, ddb_updated_index(u), u->delete ? "delete" : "update", &index));
    if (u->update) return change_index(c, u->update, t, index, carried);
    index->state = DDB_DELETING;
    return NULL;
}

static err update_indexes(struct call *c, const struct dynamodb_update_table_input *in, struct ddb_table *t, bool carried) {
    const struct dynamodb_global_secondary_index_update_list *list = &in->global_secondary_index_updates;
    const i64 most = 1000000000000;
    u32 online = in->vector_index_updates.n;
    for (u32 i = 0; i < list->n; i++) {
        const struct dynamodb_provisioned_throughput *p = list->v[i].update ? list->v[i].update->provisioned_throughput : NULL;
        online += list->v[i].create || list->v[i].delete;
        if (p && (p->read_capacity_units.v > most || p->write_capacity_units.v > most))
            return fail(c, &cloud_validation,
                        "This operation cannot be performed with given input values. Please contact DynamoDB service team for more info: "
                        "Action Blocked: IndexUpdate");
    }
    if (online > 1)
        return fail(c, &dynamodb_limit_exceeded_exception,
                    "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table");
    for (u32 i = 0; i < list->n; i++) TRY(update_index(c, in, &list->v[i], t, carried));
    for (u32 i = 0; i < in->vector_index_updates.n; i++) TRY(update_vector(c, in, &in->vector_index_updates.v[i], t));
    return NULL;
}

/* ---- the rest ---- */

static err update_stream(struct call *c, const struct dynamodb_stream_specification *spec, struct ddb_table *t) {
    if (!spec) return NULL;
    if (spec->stream_enabled.v && t->streaming)
        return fail(c, &cloud_validation, "Table already has an enabled stream: TableName: %.*s", STR_ARGS(t->name));
    if (!spec->stream_enabled.v && !t->streaming)
        return fail(c, &cloud_validation, "Table has no stream to disable: TableName: %.*s", STR_ARGS(t->name));
    if (spec->stream_enabled.v) ddb_stream_begin(c, t, spec->stream_view_type);
    else ddb_stream_end(c, t);
    t->stream_changing = spec->stream_enabled.v ? DDB_STREAM_BEGINS : DDB_STREAM_ENDS;
    return NULL;
}

/* What the replicas of a global table share: indexes, and the way it is paid for (developer guide, "How it works"). */
static err carry(struct call *c, const struct dynamodb_update_table_input *in, const struct ddb_table *t) {
    if (!in->global_secondary_index_updates.n && !in->vector_index_updates.n && !in->billing_mode.p && !in->provisioned_throughput && !in->on_demand_throughput) return NULL;
    for (u32 i = 0; i < t->replicas.n; i++) {
        struct call there = *c;
        struct ddb_table replica;
        there.region = t->replicas.v[i].text;
        if (!ddb_table_load(c->txn, c->arena, t->account, there.region, t->name, &replica)) continue;
        err e = check_state(&there, in, &replica);
        if (!e) e = update_billing(&there, in, &replica, true);
        if (!e) e = update_indexes(&there, in, &replica, true);
        if (!e) e = ddb_units_within(&there, &replica);
        if (e) return fail(c, e, "%.*s", STR_ARGS(there.error_message));
        replica.state = DDB_UPDATING;
        ddb_table_save(c->txn, c->arena, &replica);
        ddb_table_settle(c->txn, c->arena, &replica);
    }
    return NULL;
}

/* How they are encrypted, too, each with the key of DynamoDB in its region. */
static err encrypt(struct call *c, const struct dynamodb_sse_specification *in, struct ddb_table *t) {
    struct ddb_table replica;
    TRY(ddb_sse_change(c, in, t));
    for (u32 i = 0; i < t->replicas.n; i++) {
        struct call there = *c;
        if (!ddb_replica_load(c, t, i, &replica)) continue;
        there.region = replica.region;
        err e = ddb_sse_change(&there, in, &replica);
        if (e) return fail(c, e, "%.*s", STR_ARGS(there.error_message));
        ddb_table_save(c->txn, c->arena, &replica);
        if (replica.state != DDB_CREATING) ddb_table_settle(c->txn, c->arena, &replica);
    }
    return NULL;
}

static err update(struct call *c, const struct dynamodb_update_table_input *in, struct ddb_table *t) {
    TRY(update_billing(c, in, t, false));
    TRY(update_indexes(c, in, t, false));
    TRY(ddb_units_within(c, t));
    TRY(carry(c, in, t));
    TRY(update_stream(c, in->stream_specification, t));
    TRY(ddb_replicas_update(c, in, t));
    if (t->replicas.n && in->sse_specification && in->sse_specification->kms_master_key_id.p)
        return fail(c, &cloud_validation, "Invalid operation: Customer Managed CMKs on Global Table Version 2019.11.21 replicas cannot be updated "
                                          "through SSESpecification parameter and can only be updated through ReplicaUpdates parameter");
    if (in->sse_specification) TRY(encrypt(c, in->sse_specification, t));
    return ddb_class_change(c, in->table_class, t);
}

err dynamodb_update_table(struct call *c, const struct dynamodb_update_table_input *in, struct dynamodb_update_table_output *out) {
    struct ddb_table t;
    TRY(ddb_table_named_to_control(c, in->table_name));
    TRY(ddb_update_check(c, in));
    TRY(ddb_table_open(c, in->table_name, &t));
    TRY(ddb_replicas_check(c, in, &t));
    if (ddb_update_takes_back(in, &t)) {
        change_mode(c, &t, true); /* told, and not kept */
        out->table_description = NEW(c->arena, struct dynamodb_table_description);
        ddb_describe(c, &t, out->table_description);
        return NULL;
    }
    TRY(check_state(c, in, &t));
    if (in->global_table_settings_replication_mode.p) t.settings_mode = in->global_table_settings_replication_mode;
    if (in->deletion_protection_enabled.set) {
        t.protected_ = in->deletion_protection_enabled.v;
    } else {
        TRY(update(c, in, &t));
    }
    if (ddb_update_takes_table(in) || t.replicas.n) t.state = DDB_UPDATING;
    out->table_description = NEW(c->arena, struct dynamodb_table_description);
    ddb_describe(c, &t, out->table_description);
    if (t.state == DDB_ACTIVE) ddb_most_settle(&t.throughput); /* only the answer tells a maximum that goes, as -1 */
    if (in->sse_specification && !t.replicas.n) out->table_description->table_status = S("ACTIVE"); /* as AWS, whatever else is under way */
    ddb_table_settle(c->txn, c->arena, &t);
    ddb_table_save(c->txn, c->arena, &t);
    return NULL;
}
