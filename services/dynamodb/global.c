/* Global tables (version 2019.11.21): a table of one name in several regions, each written to.
 *
 * brume's regions share one store and one writer, so a change reaches every replica in the transaction
 * that makes it. What AWS resolves later, by the last writer, cannot arise. A new replica is filled by a
 * copy; from the first moment on it gets every change, so the copy need not care for the past.
 *
 * DIFFERS: a change of keys names every replica. */
#include "services/dynamodb/global.h"
#include "services/dynamodb/history.h"
#include "services/dynamodb/schema.h"
#include "services/dynamodb/stream.h"

static void list_add(struct arena *a, struct ddb_table *t, str region) {
    struct ddb_name *more = NEW_ARRAY(a, struct ddb_name, t->replicas.n + 1);
    if (t->replicas.n) memcpy(more, t->replicas.v, t->replicas.n * sizeof *more);
    more[t->replicas.n].text = region;
    t->replicas = (struct ddb_names){more, t->replicas.n + 1, true};
}

static void list_remove(struct ddb_table *t, str region) {
    u32 kept = 0;
    for (u32 i = 0; i < t->replicas.n; i++)
        if (!str_eq(t->replicas.v[i].text, region)) t->replicas.v[kept++] = t->replicas.v[i];
    t->replicas.n = kept;
}

/* ---- replicas come and go ---- */

#define KEY_OF_EACH "One or more parameter values were invalid: KMSMasterKeyId must be specified for each replica."

/* What a call in the name of another region was refused with is the answer of this one; of a key AWS says whose region's. */
static err told(struct call *c, const struct call *there, err e) {
    if (!e) return NULL;
    str text = there->error_message, error = S(" error: ");
    size_t at = str_starts(text, S("KMS ")) ? str_find(text, error) : STR_NONE;
    if (at == STR_NONE) return fail(c, e, "%.*s", STR_ARGS(text));
    return fail(c, e, "%.*s error for region %.*s: %.*s", STR_ARGS(((str){text.p, at})), STR_ARGS(there->region), STR_ARGS(str_skip(text, at + error.n)));
}

static err open_replica(struct call *c, const struct ddb_table *t, str region, struct ddb_table *replica) {
    bool there = ddb_table_load(c->txn, c->arena, t->account, region, t->name, replica); /* not while its account is emptied, slice by slice */
    if (there && replica->state == DDB_ACTIVE) return NULL;
    return fail(c, &dynamodb_resource_in_use_exception, "The resource which you are attempting to change is in use.");
}

/* The units that a replica reads with, where it has its own; of indexes, too. What is as the table's own is none. made: as AWS,
 * overrides of an index that is not there, or of the other billing mode, are passed over. */
static err override(struct call *c, const struct dynamodb_provisioned_throughput_override *units,
                    const struct dynamodb_on_demand_throughput_override *most, const struct dynamodb_replica_global_secondary_index_list *indexes,
                    const struct ddb_table *t, struct ddb_table *replica, bool made) {
    bool of_units = units, of_most = most;
    for (u32 i = 0; i < indexes->n; i++) {
        of_units |= indexes->v[i].provisioned_throughput_override != NULL;
        of_most |= indexes->v[i].on_demand_throughput_override != NULL;
    }
    if (of_units && replica->on_demand && !made)
        return fail(c, &cloud_validation, "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST");
    if (of_most && !replica->on_demand && !made)
        return fail(c, &cloud_validation, "MaxReadRequestUnits for OnDemandThroughput cannot be specified when the table BillingMode is PROVISIONED");
    ddb_override_read(replica->on_demand ? NULL : units, replica->on_demand ? most : NULL, &t->throughput, &replica->throughput);
    for (u32 i = 0; i < indexes->n; i++) {
        const struct dynamodb_replica_global_secondary_index *given = &indexes->v[i];
        struct ddb_index *index = ddb_index_find(replica, given->index_name), *like = ddb_index_find(t, given->index_name);
        if (index && index->kind == DDB_GLOBAL && like)
            ddb_override_read(replica->on_demand ? NULL : given->provisioned_throughput_override, replica->on_demand ? given->on_demand_throughput_override : NULL,
                              &like->throughput, &index->throughput);
        else if (!made)
            return fail(c, &dynamodb_resource_not_found_exception, "Requested resource not found: Index %.*s for table %.*s", STR_ARGS(given->index_name),
                        STR_ARGS(replica->name));
    }
    return NULL;
}

static err create(struct call *c, struct ddb_table *t, const struct dynamodb_create_replication_group_member_action *a) {
    static const struct dynamodb_global_secondary_index_list all_globals;
    static const struct dynamodb_local_secondary_index_list all_locals;
    struct dynamodb_sse_specification key = {SOME_BOOL(true), S("KMS"), a->kms_master_key_id};
    struct ddb_overrides own = {.globals = &all_globals, .locals = &all_locals, .sse = a->kms_master_key_id.n ? &key : NULL};
    struct ddb_table made, other;
    struct call there = *c;
    str region = a->region_name;
    if (ddb_replica_listed(t, region)) return NULL; /* named twice in one request */
    TRY(ddb_writes_scaled(c, t));
    if (t->sse_grant.p && !own.sse) return fail(c, &cloud_validation, KEY_OF_EACH); /* a customer's key is a key of its region */
    if (t->sse_grant.p && str_eq(a->kms_master_key_id, S("alias/aws/dynamodb")))
        return fail(c, &cloud_validation, "One or more parameter values were invalid: All replica keys must either be Customer Managed CMK or AWS Managed CMK.");
    if (!t->streaming) ddb_stream_begin(c, t, S("NEW_AND_OLD_IMAGES"));
    there.region = region;
    TRY(told(c, &there, ddb_restore_begin(&there, t, t->name, &own, &made)));
    made.class_ = a->table_class_override.p ? ddb_class_of(a->table_class_override) : t->class_;
    TRY(override(c, a->provisioned_throughput_override, a->on_demand_throughput_override, &a->global_secondary_indexes, t, &made, true));
    TRY(told(c, &there, ddb_table_room(&there, &made)));
    made.restored_table = (str){0};
    made.restored_ms = 0;
    made.source_region = t->region;
    made.strong = t->strong;
    made.witness = t->witness;
    made.settings_mode = t->settings_mode;
    made.ttl = t->ttl;
    made.ttl_space = t->ttl.p ? txn_sequence(c->txn) : 0; /* filled by what is copied */
    made.ttl_changed_ms = t->ttl_changed_ms;
    ddb_stream_begin(&there, &made, ddb_view_name(t->stream_view));
    for (u32 i = 0; i < t->replicas.n; i++) {
        if (!ddb_replica_load(c, t, i, &other)) continue;
        list_add(c->arena, &other, region);
        ddb_table_save(c->txn, c->arena, &other);
        list_add(c->arena, &made, other.region);
    }
    list_add(c->arena, &made, t->region);
    list_add(c->arena, t, region);
    t->copies++;
    ddb_table_save(c->txn, c->arena, &made);
    struct ddb_copy copy = {.source = t->space, .source_table = ddb_table_row(c->arena, t->account, t->region, t->name),
                            .target_table = ddb_table_row(c->arena, made.account, made.region, made.name)};
    ddb_copy_start(c->txn, c->arena, &copy);
    return ddb_writes_scale_there(c, t, region);
}

void ddb_replica_forget(struct call *c, const struct ddb_table *gone) {
    struct ddb_table other;
    for (u32 i = 0; i < gone->replicas.n; i++) {
        if (!ddb_replica_load(c, gone, i, &other)) continue;
        list_remove(&other, gone->region);
        ddb_table_save(c->txn, c->arena, &other);
    }
}

static err remove_replica(struct call *c, struct ddb_table *t, str region) {
    struct ddb_table gone;
    if (!ddb_replica_listed(t, region)) return NULL; /* named twice in one request */
    TRY(ddb_replica_may_go(c, t, region));
    TRY(open_replica(c, t, region, &gone));
    ddb_replica_forget(c, &gone);
    list_remove(t, region);
    gone.state = DDB_DELETING;
    gone.replicas.n = 0;
    ddb_table_save(c->txn, c->arena, &gone);
    ddb_table_settle(c->txn, c->arena, &gone);
    return NULL;
}

static err change(struct call *c, const struct ddb_table *t, const struct dynamodb_update_replication_group_member_action *a, struct ddb_table *replica) {
    struct call there = *c;
    there.region = replica->region;
    if (a->kms_master_key_id.n) TRY(told(c, &there, ddb_sse_begin(&there, replica, a->kms_master_key_id)));
    TRY(override(c, a->provisioned_throughput_override, a->on_demand_throughput_override, &a->global_secondary_indexes, t, replica, false));
    return told(c, &there, ddb_class_change(&there, a->table_class_override, replica));
}

static err update_replica(struct call *c, struct ddb_table *t, const struct dynamodb_update_replication_group_member_action *a) {
    struct ddb_table replica;
    if (str_eq(a->region_name, t->region)) return change(c, t, a, t);
    TRY(open_replica(c, t, a->region_name, &replica));
    TRY(change(c, t, a, &replica));
    replica.state = DDB_UPDATING;
    ddb_table_save(c->txn, c->arena, &replica);
    ddb_table_settle(c->txn, c->arena, &replica);
    return NULL;
}

static bool has_key(const struct dynamodb_replication_group_update_list *list, str region) {
    for (u32 i = 0; i < list->n; i++) {
        const struct dynamodb_update_replication_group_member_action *a = list->v[i].update;
        if (a && a->kms_master_key_id.n && str_eq(a->region_name, region)) return true;
    }
    return false;
}

/* Keys are changed for all replicas, this one among them, or for none. */
static err check_keys(struct call *c, const struct dynamodb_replication_group_update_list *list, const struct ddb_table *t) {
    u32 given = 0;
    for (u32 i = 0; i < list->n; i++) given += list->v[i].update && list->v[i].update->kms_master_key_id.n;
    bool all = has_key(list, t->region);
    for (u32 i = 0; i < t->replicas.n; i++) all &= has_key(list, t->replicas.v[i].text);
    return given && !all ? fail(c, &cloud_validation, KEY_OF_EACH) : NULL;
}

err ddb_replicas_update(struct call *c, const struct dynamodb_update_table_input *in, struct ddb_table *t) {
    const struct dynamodb_replication_group_update_list *list = &in->replica_updates;
    const struct dynamodb_global_table_witness_group_update *witness = ddb_witness_update(in);
    if (!list->n) return NULL; /* without replicas a consistency and a witness say nothing */
    TRY(check_keys(c, list, t));
    if (str_eq(in->multi_region_consistency, S("STRONG"))) {
        t->strong = true;
        if (witness) t->witness = witness->create->region_name;
    }
    for (u32 i = 0; i < list->n; i++) {
        const struct dynamodb_replication_group_update *u = &list->v[i];
        TRY(u->create ? create(c, t, u->create) : u->update ? update_replica(c, t, u->update) : remove_replica(c, t, u->delete->region_name));
    }
    if (t->replicas.n) return NULL;
    t->strong = false; /* a group of STRONG consistency goes as a whole */
    t->witness = (str){0};
    return NULL;
}
