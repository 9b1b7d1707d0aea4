/* What one UpdateTable may ask for, before the table is looked up. */
#include "services/dynamodb/global.h"
#include "services/dynamodb/schema.h"
#include "services/dynamodb/stream.h"

#define INVALID "One or more parameter values were invalid: "

str ddb_updated_index(const struct dynamodb_global_secondary_index_update *u) {
    return u->update ? u->update->index_name : u->create ? u->create->index_name : u->delete ? u->delete->index_name : (str){0};
}

static err check_warm(struct call *c, const struct dynamodb_update_global_secondary_index_action *a) {
    if (!a || !a->warm_throughput || a->warm_throughput->read_units_per_second.set || a->warm_throughput->write_units_per_second.set) return NULL;
    return fail(c, &cloud_validation,
                INVALID "WarmThroughput must have at least one of ReadUnitsPerSecond or WriteUnitsPerSecond specified for index: %.*s",
                STR_ARGS(a->index_name));
}

static err check_indexes(struct call *c, const struct dynamodb_global_secondary_index_update_list *list) {
    for (u32 i = 0; i < list->n; i++) {
        const struct dynamodb_global_secondary_index_update *u = &list->v[i];
        if (!u->update && !u->create && !u->delete)
            return fail(c, &cloud_validation,
                        INVALID "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
                                "GlobalSecondaryIndexUpdate.Delete must not be null");
        if (!!u->update + !!u->create + !!u->delete > 1)
            return fail(c, &cloud_validation, INVALID "Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object");
        for (u32 j = 0; j < MIN(i, DDB_APART_MAX); j++)
            if (str_eq(ddb_updated_index(&list->v[j]), ddb_updated_index(u)))
                return fail(c, &cloud_validation,
                            INVALID "Only one global secondary index update per index is allowed simultaneously. Index: %.*s",
                            STR_ARGS(ddb_updated_index(u)));
        TRY(check_warm(c, u->update));
    }
    return NULL;
}

static err check_vectors(struct call *c, const struct dynamodb_vector_index_update_list *list) {
    for (u32 i = 0; i < list->n; i++)
        if (!list->v[i].create == !list->v[i].delete)
            return fail(c, &cloud_validation, INVALID "Exactly one of VectorIndexUpdate.Create, VectorIndexUpdate.Delete must be given");
    return NULL;
}

/* What is asked for, a bit each. */
enum { UNITS = 1, MODE = 2, STREAM = 4, INDEXES = 8, CLASS = 16, PROTECTION = 32, SSE = 64, REPLICAS = 128, WARM = 256, ON_DEMAND = 512, SETTINGS = 1024 };

static int asked_for(const struct dynamodb_update_table_input *in) {
    const struct dynamodb_warm_throughput *warm = in->warm_throughput;
    const struct dynamodb_on_demand_throughput *most = in->on_demand_throughput;
    return (in->provisioned_throughput ? UNITS : 0) | (in->billing_mode.p ? MODE : 0) | (in->stream_specification ? STREAM : 0)
         | (in->global_secondary_index_updates.n || in->vector_index_updates.n ? INDEXES : 0) | (in->table_class.p ? CLASS : 0)
         | (in->deletion_protection_enabled.set ? PROTECTION : 0) | (in->sse_specification ? SSE : 0) | (in->replica_updates.n ? REPLICAS : 0)
         | (warm && (warm->read_units_per_second.set || warm->write_units_per_second.set) ? WARM : 0)
         | (in->global_table_settings_replication_mode.p ? SETTINGS : 0)
         | (most && (most->max_read_request_units.set || most->max_write_request_units.set) ? ON_DEMAND : 0);
}

/* An index does. */
static bool comes_or_goes(const struct dynamodb_update_table_input *in) {
    const struct dynamodb_global_secondary_index_update_list *list = &in->global_secondary_index_updates;
    for (u32 i = 0; i < list->n; i++)
        if (list->v[i].create || list->v[i].delete) return true;
    return in->vector_index_updates.n > 0;
}

bool ddb_update_takes_table(const struct dynamodb_update_table_input *in) {
    return asked_for(in) & (UNITS | MODE | STREAM | CLASS | REPLICAS) || comes_or_goes(in);
}

bool ddb_update_waits_for_nothing(const struct dynamodb_update_table_input *in) { return !(asked_for(in) & ~(PROTECTION | SSE | WARM | SETTINGS)); }

/* BillingMode says what the table has already. */
static bool same_mode(const struct dynamodb_update_table_input *in, const struct ddb_table *t) {
    return asked_for(in) == MODE && t->on_demand && str_eq(in->billing_mode, S("PAY_PER_REQUEST"));
}

bool ddb_update_takes_back(const struct dynamodb_update_table_input *in, const struct ddb_table *t) {
    return asked_for(in) == MODE && t->billing_ms && !t->on_demand && !t->replicas.n && str_eq(in->billing_mode, S("PAY_PER_REQUEST"));
}

bool ddb_update_beside_indexes(const struct dynamodb_update_table_input *in, const struct ddb_table *t) {
    if (t->throughput.next_read || t->billing_ms || t->stream_changing || t->next_class) return false;
    return same_mode(in, t) || (asked_for(in) == INDEXES && !comes_or_goes(in));
}

#define ONE_ONLINE "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"
#define IN_USE "Attempt to change a resource which is still in use: "

static bool deletes(const struct dynamodb_update_table_input *in, str index) {
    const struct dynamodb_global_secondary_index_update_list *list = &in->global_secondary_index_updates;
    const struct dynamodb_vector_index_update_list *vectors = &in->vector_index_updates;
    return (list->n == 1 && list->v->delete && str_eq(list->v->delete->index_name, index))
        || (vectors->n == 1 && vectors->v->delete && str_eq(vectors->v->delete->index_name, index));
}

/* While it is filled an index only keeps others from coming and going. */
static err index_filling(struct call *c, const struct dynamodb_update_table_input *in, const struct ddb_table *t, const struct ddb_index *busy) {
    for (u32 i = 0; i < in->global_secondary_index_updates.n; i++) {
        const struct dynamodb_update_global_secondary_index_action *u = in->global_secondary_index_updates.v[i].update;
        if (u && str_eq(u->index_name, busy->name))
            return fail(c, &dynamodb_resource_in_use_exception, IN_USE "Index is being created. Table: %.*s Index: %.*s", STR_ARGS(t->name), STR_ARGS(busy->name));
    }
    return comes_or_goes(in) && !deletes(in, busy->name) ? fail(c, &dynamodb_limit_exceeded_exception, ONE_ONLINE) : NULL;
}

static err index_updating(struct call *c, const struct dynamodb_update_table_input *in, const struct ddb_table *t, const struct ddb_index *busy) {
    for (u32 i = 0; i < in->global_secondary_index_updates.n; i++)
        if (str_eq(ddb_updated_index(&in->global_secondary_index_updates.v[i]), busy->name))
            return fail(c, &dynamodb_resource_in_use_exception, IN_USE "Index is being updated. Table: %.*s Index: %.*s", STR_ARGS(t->name), STR_ARGS(busy->name));
    return NULL;
}

static err index_busy(struct call *c, const struct dynamodb_update_table_input *in, const struct ddb_table *t, const struct ddb_index *busy) {
    bool made = busy->state == DDB_CREATING;
    int asked = asked_for(in);
    for (u32 i = 0; i < in->global_secondary_index_updates.n; i++) {
        if (!str_eq(ddb_updated_index(&in->global_secondary_index_updates.v[i]), busy->name)) continue;
        return fail(c, &dynamodb_resource_in_use_exception, IN_USE "%s. Table: %.*s Index: %.*s",
                    !made ? "Index is being deleted"
                    : in->global_secondary_index_updates.v[i].delete
                        ? "Index creation is in resource allocation phase. Retry deletion during backfilling phase or when the index is active"
                        : "Index is being created but is not backfilling yet",
                    STR_ARGS(t->name), STR_ARGS(busy->name));
    }
    if (asked & (UNITS | MODE) && !same_mode(in, t))
        return fail(c, &dynamodb_resource_in_use_exception, IN_USE "Can't change table IOPS when an index is being %s. Table: %.*s Indexes: [%.*s]",
                    made ? "created" : "deleted", STR_ARGS(t->name), STR_ARGS(busy->name));
    if (asked & ON_DEMAND)
        return fail(c, &dynamodb_resource_in_use_exception, IN_USE "OnDemandThroughput cannot be updated while index %s is in progress for indexes: [%.*s]",
                    made ? "creation" : "deletion", STR_ARGS(busy->name));
    if (asked & STREAM && made)
        return fail(c, &dynamodb_resource_in_use_exception, IN_USE "Can't change stream status when an index is being created. Table: %.*s Indexes: [%.*s]",
                    STR_ARGS(t->name), STR_ARGS(busy->name));
    return comes_or_goes(in) ? fail(c, &dynamodb_limit_exceeded_exception, ONE_ONLINE) : NULL;
}

/* What a change of kind `asked` is told of another one that is under way: AWS has a sentence for each. NULL: nothing keeps it. */
static const char *kept_by_units(int asked, bool online) {
    return asked & (UNITS | MODE) ? "Table IOPS are currently being updated."
         : asked & STREAM         ? "Can't enable or disable stream while table IOPS are being updated."
         : online                 ? "Can't create or delete indexes while table IOPS are being updated."
                                  : NULL;
}

static const char *kept_by_stream(int asked, bool online) {
    return asked & STREAM         ? "A stream status change is currently in progress."
         : asked & (UNITS | MODE) ? "Can't change table IOPS when stream status is being updated."
         : asked & CLASS          ? "Can't update table class when stream status is being updated."
         : online                 ? "Can't create or delete an index when stream status is being updated."
                                  : NULL;
}

static const char *kept_by_class(int asked, bool online) {
    return asked & CLASS          ? "Can't update table class when a table class update is in progress."
         : asked & STREAM         ? "Can't change stream status when a table class update is in progress."
         : asked & (UNITS | MODE) ? "Can't change table IOPS when a table class update is in progress."
         : online                 ? "Can't create or delete an index when a table class update is in progress."
                                  : NULL;
}

static err kept(struct call *c, const char *told, const struct ddb_table *t, str more) {
    return told ? fail(c, &dynamodb_resource_in_use_exception, IN_USE "%s Table: %.*s%.*s", told, STR_ARGS(t->name), STR_ARGS(more)) : NULL;
}

static err most_kept(struct call *c, const char *by, str more) {
    return fail(c, &dynamodb_resource_in_use_exception, IN_USE "OnDemandThroughput cannot be updated while %s is in progress%.*s", by, STR_ARGS(more));
}

static err table_busy(struct call *c, const struct dynamodb_update_table_input *in, const struct ddb_table *t) {
    int asked = asked_for(in);
    bool online = comes_or_goes(in), most = asked & ON_DEMAND;
    if (t->throughput.next_read || t->billing_ms) {
        if (most && t->billing_ms) return most_kept(c, "BillingMode update", (str){0});
        TRY(kept(c, kept_by_units(asked, online), t, (str){0}));
    }
    if (t->stream_changing) {
        if (most) return most_kept(c, "stream status update", (str){0});
        str of = arena_format(c->arena, " Stream: %.*s Operation: %s", STR_ARGS(ddb_stream_label(c->arena, t->stream_ms)),
                              t->stream_changing == DDB_STREAM_BEGINS ? "ENABLE" : "DISABLE");
        TRY(kept(c, kept_by_stream(asked, online), t, of));
    }
    if (!t->next_class) return NULL;
    str to = arena_concat(c->arena, S("TableClassUpdateInProgress: "), ddb_class_name(t->next_class));
    if (most) return most_kept(c, "TableClass update", arena_concat(c->arena, S(". "), to));
    return kept(c, kept_by_class(asked, online), t, arena_concat(c->arena, S(" "), to));
}

/* A table that is UPDATING, or fills an index, takes some changes, and says of others why not. */
err ddb_update_busy(struct call *c, const struct dynamodb_update_table_input *in, const struct ddb_table *t) {
    for (u32 i = 0; i < t->indexes.n; i++) {
        const struct ddb_index *index = &t->indexes.v[i];
        if (index->backfilling) TRY(index_filling(c, in, t, index));
        else if (index->state == DDB_CREATING || index->state == DDB_DELETING) TRY(index_busy(c, in, t, index));
        else if (index->state == DDB_UPDATING) TRY(index_updating(c, in, t, index));
    }
    return table_busy(c, in, t);
}

/* Which changes go together (measured at AWS in October 2026; which of several is told first is not known). */
static err check_together(struct call *c, const struct dynamodb_update_table_input *in, int asked) {
    static const struct {
        int what;
        const char *told;
    } alone[] = {{REPLICAS, "Replica modification"}, {SSE, "Server-Side Encryption modification"}, {CLASS, "TableClass modification"},
                 {PROTECTION, "DeletionProtection modification"}};
    if (asked & REPLICAS && asked != REPLICAS && (in->multi_region_consistency.p || ddb_witness_update(in)))
        return fail(c, &cloud_validation, INVALID "Requests that modify replicas or witnesses must not also modify other fields");
    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++)
        if (asked & alone[i].what && asked != alone[i].what)
            return fail(c, &cloud_validation, INVALID "%s must be the only operation in the request", alone[i].told);
    bool online = comes_or_goes(in);
    if (asked & WARM && asked & ~(WARM | INDEXES)) return fail(c, &cloud_validation, INVALID "WarmThroughput must be the only operation in the request");
    if (asked & WARM && online)
        return fail(c, &cloud_validation, INVALID "Create global secondary index cannot be specified when updating WarmThroughput");
    if (asked & ON_DEMAND && asked & ~(ON_DEMAND | MODE | INDEXES))
        return fail(c, &cloud_validation, INVALID "OnDemandThroughput can only be combined with BillingMode in an UpdateTable request");
    if (asked & UNITS && asked & STREAM) return fail(c, &cloud_validation, INVALID "You cannot modify stream status while updating table IOPS");
    if (asked & UNITS && online) return fail(c, &cloud_validation, INVALID "You cannot create or delete index while updating table IOPS");
    if (asked & STREAM && online) return fail(c, &cloud_validation, INVALID "You cannot create or delete index while changing stream status");
    return NULL;
}

err ddb_update_check(struct call *c, const struct dynamodb_update_table_input *in) {
    int asked = asked_for(in);
    TRY(ddb_class_check(c, in->table_class));
    TRY(check_indexes(c, &in->global_secondary_index_updates));
    TRY(check_vectors(c, &in->vector_index_updates));
    if (!asked)
        return fail(c, &cloud_validation,
                    "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, SSESpecification, "
                    "ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, %sDeletionProtectionEnabled, "
                    "OnDemandThroughput, WarmThroughput or TableClass is required",
                    in->multi_region_consistency.p ? "" : "MultiRegionConsistency, "); /* given alone it changes nothing, and is not missing */
    if (in->global_secondary_index_updates.set && !in->global_secondary_index_updates.n)
        return fail(c, &cloud_validation, INVALID "List of GlobalSecondaryIndexUpdates is empty");
    TRY(check_together(c, in, asked));
    if (str_eq(in->billing_mode, S("PROVISIONED")) && !in->provisioned_throughput)
        return fail(c, &cloud_validation, INVALID "ProvisionedThroughput must be specified when BillingMode is PROVISIONED");
    if (in->provisioned_throughput) TRY(ddb_units_check(c, in->provisioned_throughput));
    if (!in->stream_specification) return NULL;
    if (in->stream_specification->stream_enabled.v && !in->stream_specification->stream_view_type.p)
        return fail(c, &cloud_validation, INVALID "If stream is being enabled then UpdateViewType is required");
    if (!in->stream_specification->stream_enabled.v && in->stream_specification->stream_view_type.p)
        return fail(c, &cloud_validation, INVALID "If stream is being disabled, then UpdateViewType must not be specified");
    return NULL;
}
