/* What one UpdateTable may ask for, before the table is looked up. */
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
        for (u32 j = 0; j < i; j++)
            if (str_eq(ddb_updated_index(&list->v[j]), ddb_updated_index(u)))
                return fail(c, &cloud_validation,
                            INVALID "Only one global secondary index update per index is allowed simultaneously. Index: %.*s",
                            STR_ARGS(ddb_updated_index(u)));
        TRY(check_warm(c, u->update));
    }
    return NULL;
}

/* What is asked for, a bit each. */
enum { UNITS = 1, MODE = 2, STREAM = 4, INDEXES = 8, CLASS = 16, PROTECTION = 32, SSE = 64, REPLICAS = 128, WARM = 256, ON_DEMAND = 512 };

static int asked_for(const struct dynamodb_update_table_input *in) {
    const struct dynamodb_warm_throughput *warm = in->warm_throughput;
    const struct dynamodb_on_demand_throughput *most = in->on_demand_throughput;
    return (in->provisioned_throughput ? UNITS : 0) | (in->billing_mode.p ? MODE : 0) | (in->stream_specification ? STREAM : 0)
         | (in->global_secondary_index_updates.n ? INDEXES : 0) | (in->table_class.p ? CLASS : 0)
         | (in->deletion_protection_enabled.set ? PROTECTION : 0) | (in->sse_specification ? SSE : 0) | (in->replica_updates.n ? REPLICAS : 0)
         | (warm && (warm->read_units_per_second.set || warm->write_units_per_second.set) ? WARM : 0)
         | (most && (most->max_read_request_units.set || most->max_write_request_units.set) ? ON_DEMAND : 0);
}

static bool comes_or_goes(const struct dynamodb_global_secondary_index_update_list *list) {
    for (u32 i = 0; i < list->n; i++)
        if (list->v[i].create || list->v[i].delete) return true;
    return false;
}

/* Which changes go together (measured at AWS in October 2026; which of several is told first is not known). */
static err check_together(struct call *c, const struct dynamodb_update_table_input *in, int asked) {
    static const struct {
        int what;
        const char *told;
    } alone[] = {{SSE, "Server-Side Encryption modification"}, {CLASS, "TableClass modification"}, {PROTECTION, "DeletionProtection modification"},
                 {REPLICAS, "Replica modification"}};
    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++)
        if (asked & alone[i].what && asked != alone[i].what)
            return fail(c, &cloud_validation, INVALID "%s must be the only operation in the request", alone[i].told);
    bool online = comes_or_goes(&in->global_secondary_index_updates);
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
    TRY(check_indexes(c, &in->global_secondary_index_updates));
    if (!asked)
        return fail(c, &cloud_validation,
                    "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, SSESpecification, "
                    "ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, MultiRegionConsistency, DeletionProtectionEnabled, "
                    "OnDemandThroughput, WarmThroughput or TableClass is required");
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
