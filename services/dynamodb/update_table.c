/* UpdateTable: billing, throughput, global indexes, stream, encryption, class, protection. */
#include "services/dynamodb/global.h"
#include "services/dynamodb/schema.h"
#include "services/dynamodb/stream.h"

#define INVALID "One or more parameter values were invalid: "

/* ---- before the table is looked up ---- */

static str updated_name(const struct dynamodb_global_secondary_index_update *u) {
    return u->update ? u->update->index_name : u->create ? u->create->index_name : u->delete ? u->delete->index_name : (str){0};
}

static err check_index_updates(struct call *c, const struct dynamodb_global_secondary_index_update_list *list) {
    for (u32 i = 0; i < list->n; i++) {
        const struct dynamodb_global_secondary_index_update *u = &list->v[i];
        if (!u->update && !u->create && !u->delete)
            return fail(c, &cloud_validation,
                        INVALID "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
                                "GlobalSecondaryIndexUpdate.Delete must not be null");
        if (!!u->update + !!u->create + !!u->delete > 1)
            return fail(c, &cloud_validation,
                        INVALID "Only one of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
                                "GlobalSecondaryIndexUpdate.Delete may be specified");
        for (u32 j = 0; j < i; j++)
            if (str_eq(updated_name(&list->v[j]), updated_name(u)))
                return fail(c, &cloud_validation,
                            INVALID "Only one global secondary index update per index is allowed simultaneously. Index: %.*s",
                            STR_ARGS(updated_name(u)));
    }
    return NULL;
}

static err check(struct call *c, const struct dynamodb_update_table_input *in) {
    bool asked = in->provisioned_throughput || in->billing_mode.p || in->stream_specification || in->global_secondary_index_updates.n
              || in->sse_specification || in->replica_updates.n || in->table_class.p || in->deletion_protection_enabled.set
              || in->on_demand_throughput || in->warm_throughput;
    if (!asked)
        return fail(c, &cloud_validation,
                    "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or "
                    "SSESpecification or ReplicaUpdates is required");
    if (str_eq(in->billing_mode, S("PROVISIONED")) && !in->provisioned_throughput)
        return fail(c, &cloud_validation, INVALID "ProvisionedThroughput must be specified when BillingMode is PROVISIONED");
    if (in->provisioned_throughput) TRY(ddb_units_check(c, in->provisioned_throughput));
    TRY(check_index_updates(c, &in->global_secondary_index_updates));
    return ddb_stream_check(c, in->stream_specification);
}

static err check_state(struct call *c, const struct ddb_table *t) {
    static const char *const doing[] = {[DDB_CREATING] = "created", [DDB_UPDATING] = "updated", [DDB_DELETING] = "deleted"};
    if (t->state == DDB_ACTIVE) return NULL;
    return fail(c, &dynamodb_resource_in_use_exception, "Attempt to change a resource which is still in use: Table is being %s: %.*s",
                doing[t->state], STR_ARGS(t->name));
}

/* ---- throughput ---- */

static void change_units(struct call *c, struct ddb_throughput *t, i64 read, i64 write) {
    i64 day = c->now_ms / 86400000;
    if (read > t->read || write > t->write) t->increased_ms = c->now_ms;
    if (read < t->read || write < t->write) {
        t->decreased_ms = c->now_ms;
        t->decreases = t->decreases_day == day ? t->decreases + 1 : 1;
        t->decreases_day = day;
    }
    t->next_read = read;
    t->next_write = write;
}

static err provision(struct call *c, struct ddb_throughput *t, const struct dynamodb_provisioned_throughput *p) {
    i64 read = p->read_capacity_units.v, write = p->write_capacity_units.v;
    if (read == t->read && write == t->write)
        return fail(c, &cloud_validation,
                    "The provisioned throughput for the table will not change. The requested value equals the current value. Current "
                    "ReadCapacityUnits provisioned for the table: %lld. Requested ReadCapacityUnits: %lld. Current WriteCapacityUnits "
                    "provisioned for the table: %lld. Requested WriteCapacityUnits: %lld. Refer to the Amazon DynamoDB Developer Guide for "
                    "current limits and how to request higher limits.",
                    (long long)t->read, (long long)read, (long long)t->write, (long long)write);
    change_units(c, t, read, write);
    return NULL;
}

static err update_billing(struct call *c, const struct dynamodb_update_table_input *in, struct ddb_table *t) {
    bool on_demand = in->billing_mode.p ? str_eq(in->billing_mode, S("PAY_PER_REQUEST")) : t->on_demand, was = t->on_demand;
    if (on_demand && in->provisioned_throughput)
        return fail(c, &cloud_validation,
                    INVALID "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST");
    t->on_demand = on_demand;
    if (on_demand && !was) {
        t->on_demand_ms = c->now_ms;
        t->throughput.read = t->throughput.write = 0;
        for (u32 i = 0; i < t->indexes.n; i++) t->indexes.v[i].throughput.read = t->indexes.v[i].throughput.write = 0;
    }
    if (in->provisioned_throughput) TRY(provision(c, &t->throughput, in->provisioned_throughput));
    TRY(ddb_on_demand_read(c, in->on_demand_throughput, "table", &t->throughput));
    if (in->warm_throughput) ddb_warm_read(in->warm_throughput, &t->throughput);
    if (on_demand || !was) return NULL;
    for (u32 i = 0; i < t->indexes.n; i++) {
        bool given = t->indexes.v[i].kind == DDB_LOCAL;
        for (u32 j = 0; j < in->global_secondary_index_updates.n && !given; j++)
            given = str_eq(updated_name(&in->global_secondary_index_updates.v[j]), t->indexes.v[i].name);
        if (!given)
            return fail(c, &cloud_validation, INVALID "ProvisionedThroughput must be specified for index: %.*s", STR_ARGS(t->indexes.v[i].name));
    }
    return NULL;
}

/* ---- global indexes ---- */

static err find_global(struct call *c, const struct ddb_table *t, str name, struct ddb_index **index) {
    *index = ddb_index_find(t, name);
    if (*index && (*index)->kind == DDB_GLOBAL) return NULL;
    return fail(c, &dynamodb_resource_not_found_exception, "Requested resource not found");
}

static err create_index(struct call *c, const struct dynamodb_update_table_input *in,
                        const struct dynamodb_create_global_secondary_index_action *a, struct ddb_table *t) {
    struct dynamodb_global_secondary_index given = {a->index_name, a->key_schema, a->projection,
                                                    a->provisioned_throughput, a->on_demand_throughput, a->warm_throughput};
    struct ddb_index *indexes = NEW_ARRAY(c->arena, struct ddb_index, DDB_INDEXES_MAX + 1);
    if (ddb_index_find(t, a->index_name))
        return fail(c, &cloud_validation, INVALID "Attempting to create an index which already exists: %.*s", STR_ARGS(a->index_name));
    for (u32 i = 0; i < in->attribute_definitions.n; i++) {
        const struct dynamodb_attribute_definition *d = &in->attribute_definitions.v[i];
        u8 known = ddb_attribute_type(t, d->attribute_name);
        if (known && known != ddb_type_of(d->attribute_type) && ddb_attribute_used(t, d->attribute_name))
            return fail(c, &cloud_validation, INVALID "Attributes cannot be redefined. Please check that your attribute has the same type as "
                                                      "previously defined. Existing schema: Schema mismatch for attribute %.*s",
                        STR_ARGS(d->attribute_name));
    }
    if (t->indexes.n) memcpy(indexes, t->indexes.v, t->indexes.n * sizeof *indexes);
    t->indexes.v = indexes;
    TRY(ddb_global_read(c, &given, &in->attribute_definitions, t));
    ddb_attributes_read(c->arena, &in->attribute_definitions, t);
    ddb_attributes_prune(c->arena, t); /* here AWS lets definitions pass that no key uses, and keeps none of them */
    struct ddb_index *index = &t->indexes.v[t->indexes.n - 1];
    index->space = txn_sequence(c->txn);
    index->backfilling = true;
    ddb_fill(c->txn, c->arena, t, index->space);
    return NULL;
}

static err update_index(struct call *c, const struct dynamodb_update_table_input *in,
                        const struct dynamodb_global_secondary_index_update *u, struct ddb_table *t) {
    struct ddb_index *index;
    if (u->create) return create_index(c, in, u->create, t);
    TRY(find_global(c, t, updated_name(u), &index));
    if (u->delete) {
        index->state = DDB_DELETING;
        return NULL;
    }
    index->state = DDB_UPDATING;
    TRY(ddb_on_demand_read(c, u->update->on_demand_throughput, "index", &index->throughput));
    if (u->update->warm_throughput) ddb_warm_read(u->update->warm_throughput, &index->throughput);
    if (!u->update->provisioned_throughput) return NULL;
    if (t->on_demand)
        return fail(c, &cloud_validation,
                    INVALID "ProvisionedThroughput should not be specified for index: %.*s when BillingMode is PAY_PER_REQUEST",
                    STR_ARGS(index->name));
    return provision(c, &index->throughput, u->update->provisioned_throughput);
}

static err update_indexes(struct call *c, const struct dynamodb_update_table_input *in, struct ddb_table *t) {
    const struct dynamodb_global_secondary_index_update_list *list = &in->global_secondary_index_updates;
    const i64 most = 1000000000000;
    u32 online = 0;
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
    for (u32 i = 0; i < list->n; i++) TRY(update_index(c, in, &list->v[i], t));
    return NULL;
}

/* ---- the rest ---- */

static err update_stream(struct call *c, const struct dynamodb_stream_specification *spec, struct ddb_table *t) {
    if (!spec) return NULL;
    if (spec->stream_enabled.v && t->streaming)
        return fail(c, &cloud_validation, "Table already has an enabled stream: TableName: %.*s", STR_ARGS(t->name));
    if (!spec->stream_enabled.v && !t->streaming)
        return fail(c, &cloud_validation, "Table already has a disabled stream: TableName: %.*s", STR_ARGS(t->name));
    if (spec->stream_enabled.v) ddb_stream_begin(c, t, spec->stream_view_type);
    else ddb_stream_end(c, t);
    return NULL;
}

/* What the replicas of a global table share: indexes, and the way it is paid for (developer guide, "How it works"). */
static err carry(struct call *c, const struct dynamodb_update_table_input *in, const struct ddb_table *t) {
    if (t->joined) return NULL; /* in version 2017.11.29 each table has its own */
    if (!in->global_secondary_index_updates.n && !in->billing_mode.p && !in->provisioned_throughput && !in->on_demand_throughput) return NULL;
    for (u32 i = 0; i < t->replicas.n; i++) {
        struct call there = *c;
        struct ddb_table replica;
        there.region = t->replicas.v[i].text;
        if (!ddb_table_load(c->txn, c->arena, t->account, there.region, t->name, &replica)) continue;
        err e = check_state(&there, &replica);
        if (!e) e = update_indexes(&there, in, &replica);
        if (!e) e = update_billing(&there, in, &replica);
        if (e) return fail(c, e, "%.*s", STR_ARGS(there.error_message));
        replica.state = DDB_UPDATING;
        ddb_table_save(c->txn, c->arena, &replica);
        ddb_table_settle(c->txn, c->arena, &replica);
    }
    return NULL;
}

err dynamodb_update_table(struct call *c, const struct dynamodb_update_table_input *in, struct dynamodb_update_table_output *out) {
    struct ddb_table t;
    TRY(check(c, in));
    TRY(ddb_table_open(c, in->table_name, &t));
    TRY(check_state(c, &t));
    TRY(update_indexes(c, in, &t));
    TRY(update_billing(c, in, &t));
    TRY(carry(c, in, &t));
    TRY(update_stream(c, in->stream_specification, &t));
    TRY(ddb_replicas_update(c, &in->replica_updates, &t));
    if (t.replicas.n && !t.joined && in->sse_specification && in->sse_specification->kms_master_key_id.p)
        return fail(c, &cloud_validation, "Invalid operation: Customer Managed CMKs on Global Table Version 2019.11.21 replicas cannot be updated "
                                          "through SSESpecification parameter and can only be updated through ReplicaUpdates parameter");
    TRY(ddb_sse_read(c, in->sse_specification, &t));
    if (in->table_class.p) {
        t.class_ = ddb_class_of(in->table_class);
        t.class_ms = c->now_ms;
    }
    if (in->deletion_protection_enabled.set) t.protected_ = in->deletion_protection_enabled.v;
    bool only_protection = in->deletion_protection_enabled.set && !in->provisioned_throughput && !in->billing_mode.p
                        && !in->stream_specification && !in->replica_updates.n && !in->global_secondary_index_updates.n && !in->sse_specification && !in->table_class.p;
    if (!only_protection) t.state = DDB_UPDATING;
    ddb_table_save(c->txn, c->arena, &t);
    ddb_table_settle(c->txn, c->arena, &t);
    out->table_description = NEW(c->arena, struct dynamodb_table_description);
    ddb_describe(c, &t, out->table_description);
    return NULL;
}
