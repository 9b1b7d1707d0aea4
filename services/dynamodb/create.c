/* CreateTable. */
#include "services/dynamodb/global.h"
#include "services/dynamodb/schema.h"
#include "services/dynamodb/stream.h"

#define INVALID "One or more parameter values were invalid: "

/* The model lets a schema be longer, for global indexes; a table's own has two elements at most. */
static err too_long(struct call *c, const struct dynamodb_key_schema *in) {
    if (in->n <= 2) return NULL;
    struct buf b = buf_new(c->arena, 4096);
    for (u32 i = 0; i < in->n; i++)
        buf_format(&b, "%sKeySchemaElement(attributeName=%.*s, keyType=%.*s)", i ? ", " : "", STR_ARGS(in->v[i].attribute_name), STR_ARGS(in->v[i].key_type));
    return fail(c, &cloud_validation,
                "1 validation error detected: Value '[%.*s]' at 'keySchema' failed to satisfy constraint: Member must have length less than or "
                "equal to 2",
                STR_ARGS(buf_str(&b)));
}

static err missing(struct call *c, const struct dynamodb_create_table_input *in) {
    struct buf b = buf_new(c->arena, 512);
    int n = 0;
    if (!in->attribute_definitions.set && ++n)
        buf_add(&b, S("Value null at 'attributeDefinitions' failed to satisfy constraint: Member must not be null"));
    if (!in->key_schema.set) {
        if (n++) buf_add(&b, S("; "));
        buf_add(&b, S("Value null at 'keySchema' failed to satisfy constraint: Member must not be null"));
    }
    if (!n) return NULL;
    return fail(c, &cloud_validation, "%d validation error%s detected: %.*s", n, n > 1 ? "s" : "", STR_ARGS(buf_str(&b)));
}

static err billing(struct call *c, const struct dynamodb_create_table_input *in, struct ddb_table *t) {
    const struct dynamodb_provisioned_throughput *p = in->provisioned_throughput;
    t->on_demand = str_eq(in->billing_mode, S("PAY_PER_REQUEST"));
    if (t->on_demand && p)
        return fail(c, &cloud_validation,
                    INVALID "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST");
    if (!t->on_demand && !p)
        return fail(c, &cloud_validation,
                    INVALID "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED");
    if (!t->on_demand && in->on_demand_throughput)
        return fail(c, &cloud_validation, INVALID "%s for OnDemandThroughput cannot be specified when table BillingMode is PROVISIONED.",
                    in->on_demand_throughput->max_read_request_units.set ? "MaxReadRequestUnits" : "MaxWriteRequestUnits");
    if (p) {
        TRY(ddb_units_check(c, p));
        t->throughput.read = p->read_capacity_units.v;
        t->throughput.write = p->write_capacity_units.v;
    }
    TRY(ddb_on_demand_read(c, in->on_demand_throughput, S("table"), true, &t->throughput));
    return ddb_warm_first(c, in->warm_throughput, S("table"), t->on_demand, &t->throughput);
}

static err keys(struct call *c, const struct dynamodb_create_table_input *in, struct ddb_table *t) {
    if (in->key_schema.n > in->attribute_definitions.n)
        return fail(c, &cloud_validation, "Invalid KeySchema: Some index key attribute have no definition");
    TRY(ddb_definitions_check(c, &in->attribute_definitions));
    TRY(ddb_schema_read(c, &in->key_schema, &in->attribute_definitions, false, &t->keys));
    bool vectors = in->vector_indexes.set; /* they use definitions, too */
    if (!in->local_secondary_indexes.set && !in->global_secondary_indexes.set && !vectors) TRY(ddb_attributes_check(c, t, &in->attribute_definitions));
    if (!vectors) TRY(ddb_unused_check(c, &in->local_secondary_indexes, &in->global_secondary_indexes, &in->attribute_definitions, t));
    TRY(ddb_locals_read(c, &in->local_secondary_indexes, &in->attribute_definitions, t));
    if (in->global_secondary_indexes.set && !in->global_secondary_indexes.n)
        return fail(c, &cloud_validation, INVALID "List of GlobalSecondaryIndexes is empty");
    for (u32 i = 0; i < in->global_secondary_indexes.n; i++)
        TRY(ddb_global_read(c, &in->global_secondary_indexes.v[i], &in->attribute_definitions, t));
    if (vectors && !in->vector_indexes.n) return fail(c, &cloud_validation, INVALID "List of VectorIndexes is empty");
    for (u32 i = 0; i < in->vector_indexes.n; i++) TRY(ddb_vector_index_read(c, &in->vector_indexes.v[i], &in->attribute_definitions, t));
    ddb_attributes_read(c->arena, &in->attribute_definitions, t);
    return ddb_attributes_check(c, t, &in->attribute_definitions);
}

/* The tables of the account in the region, and the units that they have together. */
err ddb_table_room(struct call *c, const struct ddb_table *t) {
    i64 most = quota(c, S("L-F98FE922"), 2500), there = 0;
    struct key tables = call_key(c, S("table"));
    str all = key_bytes(&tables);
    struct range rows = txn_range(c->txn, all, key_after_prefix(c->arena, all));
    while (there < most && range_next(&rows, NULL, NULL)) there++;
    if (there < most) return ddb_units_within(c, t);
    return fail(c, &dynamodb_limit_exceeded_exception, "Subscriber limit exceeded: There is a limit of %lld tables per subscriber", (long long)most);
}

/* What makes the table a table of the store: numbers for its rows. Names and keys are set. */
void ddb_table_born(struct call *c, struct ddb_table *t) {
    bool locals = false;
    t->id = id_uuid(c->arena);
    t->space = txn_sequence(c->txn);
    t->state = DDB_CREATING;
    t->created_ms = c->now_ms;
    for (u32 i = 0; i < t->indexes.n; i++) {
        t->indexes.v[i].space = txn_sequence(c->txn);
        locals |= t->indexes.v[i].kind == DDB_LOCAL;
    }
    if (locals) t->collections = txn_sequence(c->txn);
    registry_add(c, ddb_table_arn(c->arena, t), S("AWS::DynamoDB::Table"));
}

static err check_stream(struct call *c, const struct dynamodb_stream_specification *s) {
    if (s && s->stream_enabled.v && !s->stream_view_type.p)
        return fail(c, &cloud_validation, INVALID "Table is being created with a stream enabled, UpdateViewType is required");
    if (s && !s->stream_enabled.v && s->stream_view_type.p)
        return fail(c, &cloud_validation, INVALID "Table is being created with a stream disabled, UpdateViewType should not be specified");
    return NULL;
}

static err exists(struct call *c, const struct ddb_table *old) {
    if (old->state != DDB_CREATING) return fail(c, &dynamodb_resource_in_use_exception, "Table already exists: %.*s", STR_ARGS(old->name));
    return fail(c, &dynamodb_resource_in_use_exception, "Attempt to change a resource which is still in use: Table is being %s: %.*s",
                ddb_table_restoring(old) ? "used" : "created", STR_ARGS(old->name));
}

err dynamodb_create_table(struct call *c, const struct dynamodb_create_table_input *in, struct dynamodb_create_table_output *out) {
    struct ddb_table t = {.account = c->account, .region = c->region, .name = in->table_name}, old;
    TRY(ddb_table_name_check(c, in->table_name, "tableName"));
    TRY(missing(c, in));
    TRY(ddb_class_check(c, in->table_class));
    TRY(too_long(c, &in->key_schema));
    TRY(billing(c, in, &t));
    TRY(keys(c, in, &t));
    t.class_ = ddb_class_of(in->table_class);
    t.protected_ = in->deletion_protection_enabled.v;
    TRY(check_stream(c, in->stream_specification));
    if (in->global_table_source_arn.p) return fail(c, &cloud_not_implemented, "brume does not have global tables of several accounts, GlobalTableSourceArn (yet).");
    TRY(ddb_settings_mode_check(c, in->global_table_settings_replication_mode));
    t.settings_mode = in->global_table_settings_replication_mode;
    if (ddb_table_load(c->txn, c->arena, c->account, c->region, in->table_name, &old)) return exists(c, &old);
    TRY(ddb_table_room(c, &t));
    TRY(ddb_sse_read(c, in->sse_specification, &t));
    ddb_table_born(c, &t);
    if (in->stream_specification && in->stream_specification->stream_enabled.v) ddb_stream_begin(c, &t, in->stream_specification->stream_view_type);
    if (in->resource_policy.p) TRY(ddb_policy_first(c, ddb_table_arn(c->arena, &t), in->resource_policy));
    if (in->tags.n) TRY(ddb_tags_set(c, ddb_table_arn(c->arena, &t), &in->tags));
    ddb_table_save(c->txn, c->arena, &t);
    ddb_table_settle(c->txn, c->arena, &t);
    out->table_description = NEW(c->arena, struct dynamodb_table_description);
    ddb_describe(c, &t, out->table_description);
    for (u32 i = 0; i < out->table_description->global_secondary_indexes.n; i++) /* as AWS: DescribeTable tells it, the answer does not */
        out->table_description->global_secondary_indexes.v[i].warm_throughput = NULL;
    return NULL;
}
