/* What one UpdateTable may ask of replicas and witnesses, and whether a replica may go: measured at AWS in October 2026.
 * All of it comes before the question whether the table is at rest. */
#include "services/dynamodb/global.h"

enum { SOURCE_MS = 24 * 3600 * 1000, STRONG_REGIONS = 3 };

bool ddb_replica_listed(const struct ddb_table *t, str region) {
    for (u32 i = 0; i < t->replicas.n; i++)
        if (str_eq(t->replicas.v[i].text, region)) return true;
    return false;
}

static str region_of(const struct dynamodb_replication_group_update *u) {
    return u->create ? u->create->region_name : u->update ? u->update->region_name : u->delete->region_name;
}

static str witness_region(const struct dynamodb_global_table_witness_group_update *w) {
    return w->create ? w->create->region_name : w->delete ? w->delete->region_name : (str){0};
}

const struct dynamodb_global_table_witness_group_update *ddb_witness_update(const struct dynamodb_update_table_input *in) {
    const struct dynamodb_global_table_witness_group_update *w = in->global_table_witness_updates.v;
    return in->global_table_witness_updates.n && witness_region(w).n ? w : NULL;
}

/* ---- the shape of the request ---- */

static bool changes_something(const struct dynamodb_update_replication_group_member_action *a) {
    bool does = a->kms_master_key_id.n || a->provisioned_throughput_override || a->on_demand_throughput_override || a->table_class_override.p;
    for (u32 i = 0; i < a->global_secondary_indexes.n; i++)
        does |= a->global_secondary_indexes.v[i].provisioned_throughput_override || a->global_secondary_indexes.v[i].on_demand_throughput_override;
    return does;
}

/* How many regions come and go; a region that is named twice is one. */
struct asked {
    u32 creates, updates, deletes;
};

static err count(struct call *c, const struct dynamodb_replication_group_update_list *list, struct asked *n) {
    *n = (struct asked){0};
    for (u32 i = 0; i < list->n; i++) {
        const struct dynamodb_replication_group_update *u = &list->v[i];
        bool again = false;
        if (!!u->create + !!u->update + !!u->delete > 1)
            return fail(c, &cloud_validation, "Update table operation with more than one type of replica actions not allowed.");
        if ((!u->create && !u->update && !u->delete) || (u->update && !changes_something(u->update)))
            return fail(c, &cloud_validation, "There are no actions specified in the Replica Update Action of the request.");
        if (u->create && !u->create->region_name.p) return fail(c, &cloud_validation, "One or more parameter values were invalid");
        for (u32 j = 0; j < MIN(i, DDB_APART_MAX) && !again; j++)
            again = !!u->create == !!list->v[j].create && !!u->delete == !!list->v[j].delete && str_eq(region_of(u), region_of(&list->v[j]));
        if (again) continue;
        n->creates += u->create != NULL;
        n->updates += u->update != NULL;
        n->deletes += u->delete != NULL;
    }
    if (!!n->creates + !!n->updates + !!n->deletes <= 1) return NULL;
    return fail(c, &cloud_validation, "Update table operation with more than one type of replica actions not allowed.");
}

/* ---- MultiRegionConsistency ---- */

static bool can_be_strong(str region) {
    static const char *const all[] = {"us-east-1", "us-east-2", "us-west-2", "eu-west-1", "eu-west-2",
                                      "eu-west-3", "eu-central-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (str_eq(region, str_of(all[i]))) return true;
    return false;
}

static err check_strong_regions(struct call *c, const struct dynamodb_update_table_input *in, const struct ddb_table *t) {
    const struct dynamodb_global_table_witness_group_update *witness = ddb_witness_update(in);
    struct buf wrong = buf_new(c->arena, 4096);
    for (u32 i = 0; i < in->replica_updates.n; i++) {
        str region = region_of(&in->replica_updates.v[i]);
        if (!can_be_strong(region)) buf_format(&wrong, "%s%.*s", wrong.n ? ", " : "", STR_ARGS(region));
    }
    str at = witness ? witness_region(witness) : (str){0};
    if (witness && !can_be_strong(at) && str_find(buf_str(&wrong), at) == STR_NONE) buf_format(&wrong, "%s%.*s", wrong.n ? ", " : "", STR_ARGS(at));
    if (wrong.n)
        return fail(c, &cloud_validation, "Unsupported Region(s) specified for global tables with MultiRegionConsistency set to STRONG: [%.*s].",
                    STR_ARGS(buf_str(&wrong)));
    if (!witness) return NULL;
    if (str_eq(at, t->region))
        return fail(c, &cloud_validation, "Cannot add a witness in the same region as an existing replica when creating a global table with "
                                          "MultiRegionConsistency set to STRONG.");
    for (u32 i = 0; i < in->replica_updates.n; i++)
        if (str_eq(at, region_of(&in->replica_updates.v[i]))) return fail(c, &cloud_validation, "Cannot target multiple regions with the same action");
    return NULL;
}

/* DIFFERS: the words for a table that holds items, or has what such a group cannot have, are our own. */
static err check_strong_table(struct call *c, const struct ddb_table *t) {
    struct ddb_counts counts = ddb_counts_of(c->txn, c->arena, t);
    if (ddb_count_of(c->arena, &counts, t->space)->items)
        return fail(c, &cloud_validation, "A global table with MultiRegionConsistency set to STRONG can only be made of an empty table: %.*s", STR_ARGS(t->name));
    if (!t->collections && !t->ttl.p) return NULL;
    return fail(c, &cloud_validation, "A global table with MultiRegionConsistency set to STRONG has no local secondary indexes and no TTL: %.*s", STR_ARGS(t->name));
}

static err check_consistency(struct call *c, const struct dynamodb_update_table_input *in, const struct ddb_table *t, const struct asked *n) {
    const struct dynamodb_global_table_witness_group_update *witness = ddb_witness_update(in);
    bool strong = str_eq(in->multi_region_consistency, S("STRONG")), leaves = witness && !witness->create;
    if (strong && (n->deletes || n->updates || leaves)) /* DIFFERS: of a witness that leaves AWS's words are not known */
        return fail(c, &cloud_validation, "Only Replica Create actions are supported when MultiRegionConsistency parameter is provided.");
    if (strong && 1 + n->creates + (witness && witness->create) != STRONG_REGIONS)
        return fail(c, &cloud_validation, "Unsupported replica count for global tables with MultiRegionConsistency set to STRONG.");
    if (strong) TRY(check_strong_regions(c, in, t));
    if (t->replicas.n && in->multi_region_consistency.p)
        return fail(c, &cloud_validation, "MultiRegionConsistency parameter is unsupported on existing global table");
    if (witness && !strong && !(t->strong && witness->delete))
        return fail(c, &cloud_validation, "MultiRegionConsistency must be set as STRONG when GlobalTableWitnessUpdates parameter is present.");
    return strong ? check_strong_table(c, t) : NULL;
}

/* A group of STRONG consistency is made as a whole and goes as a whole. */
static err check_strong_group(struct call *c, const struct dynamodb_update_table_input *in, const struct ddb_table *t, const struct asked *n) {
    const struct dynamodb_global_table_witness_group_update *witness = ddb_witness_update(in);
    if (n->creates) return fail(c, &cloud_validation, "Cannot add replicas to a global table with strong MultiRegionConsistency");
    if (!n->deletes) return NULL;
    if (witness && !str_eq(witness_region(witness), t->witness))
        return fail(c, &cloud_validation, "Update global table operation failed because one or more witnesses were not part of the global table. Please retry "
                                          "the request without these witnesses: [%.*s].", STR_ARGS(witness_region(witness)));
    if (t->witness.p && !witness) return fail(c, &cloud_validation, "Update table delete operation does not include all witnesses.");
    if (n->deletes == t->replicas.n) return NULL;
    return fail(c, &cloud_validation, "Deletion of only one table replica is not supported for global tables with MultiRegionConsistency set to STRONG.");
}

/* ---- regions ---- */

/* AWS names all of its regions, in an order of its own. */
static err no_such_region(struct call *c, str region) {
    struct buf all = buf_new(c->arena, 2048);
    bool opt_in;
    str known;
    for (size_t i = 0; (known = region_at(i, &opt_in)).p; i++) buf_format(&all, "%s%.*s", i ? ", " : "", STR_ARGS(known));
    return fail(c, &cloud_validation, "Region %.*s is not supported. The latest version of global tables are only supported in the following regions: [%.*s]",
                STR_ARGS(region), STR_ARGS(buf_str(&all)));
}

static err check_region(struct call *c, const struct dynamodb_replication_group_update *u, const struct ddb_table *t) {
    str region = region_of(u);
    struct ddb_table other;
    if (str_eq(region, t->region) && !u->update)
        return fail(c, &cloud_validation, "Cannot add or delete the local region through ReplicaUpdates. Use CreateTable, DeleteTable, or UpdateTable as required.");
    if (!region_known(region)) return no_such_region(c, region);
    if (u->create && ddb_table_load(c->txn, c->arena, t->account, region, t->name, &other))
        return fail(c, &cloud_validation, "Failed to create a the new replica of table with name: ‘%.*s’ because one or more replicas already "
                                          "existed as tables.", STR_ARGS(t->name));
    if (u->create || str_eq(region, t->region) || ddb_replica_listed(t, region)) return NULL;
    if (!t->replicas.n)
        return fail(c, &cloud_validation, "Replica specified in the Replica Update or Replica Delete action of the request was not found.");
    return fail(c, &cloud_validation, "Update global table operation failed because one or more replicas were not part of the global table. Please retry the "
                                      "request without these replicas: [%.*s].", STR_ARGS(region));
}

err ddb_settings_mode_check(struct call *c, str mode) {
    if (!str_eq(mode, S("ENABLED_WITH_OVERRIDES"))) return NULL;
    return fail(c, &cloud_validation, "Value 'ENABLED_WITH_OVERRIDES' at 'GlobalTableSettingsReplicationMode' failed to satisfy constraint: Only ENABLED and "
                                      "DISABLED settings replication are supported for a Regional Table.");
}

err ddb_replicas_check(struct call *c, const struct dynamodb_update_table_input *in, const struct ddb_table *t) {
    const struct dynamodb_replication_group_update_list *list = &in->replica_updates;
    const struct dynamodb_stream_specification *stream = in->stream_specification;
    bool member = t->replicas.n > 0;
    struct asked n;
    if (!member) TRY(ddb_settings_mode_check(c, in->global_table_settings_replication_mode));
    if (member && stream && stream->stream_enabled.set && !stream->stream_enabled.v)
        return fail(c, &cloud_validation, "One or more parameter values were invalid: Disabling Stream is not allowed for a Global Table replica.");
    if (!list->n) return NULL;
    if (t->bulks)
        return fail(c, &dynamodb_resource_in_use_exception, "Attempt to change a resource which is still in use: A bulk operation is in progress on table: %.*s",
                    STR_ARGS(t->name));
    TRY(count(c, list, &n));
    TRY(check_consistency(c, in, t, &n));
    if (t->strong) TRY(check_strong_group(c, in, t, &n));
    else if (!in->multi_region_consistency.p && (n.creates > 1 || n.deletes > 1))
        return fail(c, &cloud_validation, "Update table operation with more than one create or delete replica actions not allowed");
    for (u32 i = 0; i < list->n; i++) TRY(check_region(c, &list->v[i], t));
    return NULL;
}

/* ---- may it go? ---- */

static bool was_source(struct call *c, const struct ddb_table *of, str region) {
    return str_eq(of->source_region, region) && c->now_ms - of->created_ms < SOURCE_MS;
}

err ddb_replica_may_go(struct call *c, const struct ddb_table *t, str region) {
    struct ddb_table gone = *t, other;
    bool source = !str_eq(t->region, region) && was_source(c, t, region), here = str_eq(t->region, region);
    if (here && t->strong)
        return fail(c, &cloud_validation, "Deletion of only one table replica is not supported for global tables with MultiRegionConsistency set to STRONG.");
    for (u32 i = 0; i < t->replicas.n; i++) {
        if (!ddb_replica_load(c, t, i, &other)) continue;
        if (str_eq(other.region, region)) gone = other;
        else source |= was_source(c, &other, region);
    }
    if (source)
        return fail(c, &cloud_validation, "Replica cannot be deleted because it has acted as a source region for new replica(s) being added to the table in the "
                                          "last 24 hours.");
    if (!gone.protected_) return NULL;
    return fail(c, &cloud_validation, "Cannot delete table %.*s in region %.*s because it has deletion protection enabled. Disable deletion protection first.",
                STR_ARGS(t->name), STR_ARGS(region));
}
