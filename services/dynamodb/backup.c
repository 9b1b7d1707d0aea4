/* Backups on demand: a copy of the items in rows of its own, and the table's description with it. */
#include "services/dynamodb/history.h"

#define EXPIRY_TASK S("dynamodb.backup")
enum { PAGE = 100, DAY_MS = 86400000, SYSTEM_DAYS = 35 };

/* ("dynamodb", account, region, "backup", table, id) */
struct backup {
    str name, table; /* table: its record as it was */
    u64 space;
    i64 created_ms, items, bytes;
    bool available, restoring; /* restoring: one table at a time is made of it */
    bool system;
    i64 expires_ms; /* of a system backup */
    /* from the key */
    str account, region, table_name, id;
};
static const struct record_field backup_fields[] = {
    RECORD_STR(1, struct backup, name),       RECORD_STR(2, struct backup, table), RECORD_U64(3, struct backup, space),
    RECORD_I64(4, struct backup, created_ms), RECORD_I64(5, struct backup, items), RECORD_I64(6, struct backup, bytes),
    RECORD_BOOL(7, struct backup, available),   RECORD_BOOL(8, struct backup, restoring),
    RECORD_BOOL(9, struct backup, system),    RECORD_I64(10, struct backup, expires_ms),
};
static const struct record_type backup_record = RECORD_TYPE(struct backup, backup_fields);

u64 ddb_backup_space(struct arena *a, str row) {
    struct backup b = {0};
    ASSERT(record_decode(a, &backup_record, row, &b));
    return b.space;
}

static struct key backup_key(struct arena *a, str account, str region) {
    struct key k = key_new(a, S("dynamodb"));
    key_str(&k, account);
    key_str(&k, region);
    key_str(&k, S("backup"));
    return k;
}

static str backup_row(struct arena *a, const struct backup *b) {
    struct key k = backup_key(a, b->account, b->region);
    key_str(&k, b->table_name);
    key_str(&k, b->id);
    return key_bytes(&k);
}

static str backup_arn(struct arena *a, const struct backup *b) {
    return arn_format(a, S("dynamodb"), b->region, b->account,
                      arena_format(a, "table/%.*s/backup/%.*s", STR_ARGS(b->table_name), STR_ARGS(b->id)));
}

static bool read_row(struct call *c, str row, str value, struct backup *b) {
    str part, rest = arena_str(c->arena, row);
    *b = (struct backup){0};
    return record_decode(c->arena, &backup_record, arena_str(c->arena, value), b) && key_read_str(&rest, c->arena, &part)
        && key_read_str(&rest, c->arena, &b->account) && key_read_str(&rest, c->arena, &b->region) && key_read_str(&rest, c->arena, &part)
        && key_read_str(&rest, c->arena, &b->table_name) && key_read_str(&rest, c->arena, &b->id);
}

static err parse_arn(struct call *c, str text, struct backup *at) {
    struct arn arn;
    str rest = {0}, table = {0};
    bool ours = arn_parse(text, &arn);
    if (ours && (!str_eq(arn.partition, S("aws")) || !str_eq(arn.service, S("dynamodb")) || (arn.region.n && !region_known(arn.region))))
        return fail(c, &cloud_validation, "Invalid Request: BackupArn is not valid");
    if (ours && !arn.region.n) return fail(c, &cloud_access_denied, "Access is denied");
    if (ours && str_starts(arn.resource, S("table/"))) {
        rest = str_skip(arn.resource, 6);
        table = str_cut(&rest, '/');
    }
    if (!rest.p || !str_starts(rest, S("backup/"))) return fail(c, &cloud_validation, "Invalid Backup ARN");
    *at = (struct backup){.account = arn.account, .region = arn.region, .table_name = table, .id = str_skip(rest, 7)};
    return NULL;
}

static err load_backup(struct call *c, str text, const struct backup *at, struct backup *b) {
    str value;
    bool fits = at->table_name.n <= DDB_NAME_MAX && at->id.n <= 64;
    if (fits && txn_get(c->txn, backup_row(c->arena, at), &value)) {
        ASSERT(read_row(c, backup_row(c->arena, at), value, b));
        return NULL;
    }
    return fail(c, &dynamodb_backup_not_found_exception, "Backup not found: %.*s", STR_ARGS(text));
}

/* As AWS: whatever region the ARN names, the one that is asked looks among its own. */
static err open_backup(struct call *c, str text, struct backup *b) {
    struct backup at;
    TRY(parse_arn(c, text, &at));
    at.region = c->region;
    return load_backup(c, text, &at, b);
}

static void table_of(struct call *c, const struct backup *b, struct ddb_table *t) {
    *t = (struct ddb_table){0};
    ASSERT(record_decode(c->arena, &ddb_table_record, b->table, t));
    t->account = b->account;
    t->region = b->region;
    t->name = b->table_name;
}

static str type_of(const struct backup *b) { return b->system ? S("SYSTEM") : S("USER"); }

static struct dynamodb_backup_details *details(struct call *c, const struct backup *b, const char *status) {
    struct dynamodb_backup_details *d = NEW(c->arena, struct dynamodb_backup_details);
    d->backup_arn = backup_arn(c->arena, b);
    d->backup_name = b->name;
    d->backup_size_bytes = SOME_I64(b->bytes);
    d->backup_status = status ? str_of(status) : b->available ? S("AVAILABLE") : S("CREATING");
    d->backup_type = type_of(b);
    d->backup_creation_date_time = SOME_TIME(b->created_ms);
    if (b->expires_ms) d->backup_expiry_date_time = SOME_TIME(b->expires_ms);
    return d;
}

static void describe_features(struct call *c, const struct dynamodb_table_description *t, struct dynamodb_source_table_feature_details *f) {
    f->local_secondary_indexes.set = t->local_secondary_indexes.set;
    f->local_secondary_indexes.v = NEW_ARRAY(c->arena, struct dynamodb_local_secondary_index_info, t->local_secondary_indexes.n);
    for (u32 i = 0; i < t->local_secondary_indexes.n; i++) {
        const struct dynamodb_local_secondary_index_description *x = &t->local_secondary_indexes.v[i];
        f->local_secondary_indexes.v[f->local_secondary_indexes.n++] =
            (struct dynamodb_local_secondary_index_info){x->index_name, x->key_schema, x->projection};
    }
    f->global_secondary_indexes.set = t->global_secondary_indexes.set;
    f->global_secondary_indexes.v = NEW_ARRAY(c->arena, struct dynamodb_global_secondary_index_info, t->global_secondary_indexes.n);
    for (u32 i = 0; i < t->global_secondary_indexes.n; i++) {
        const struct dynamodb_global_secondary_index_description *x = &t->global_secondary_indexes.v[i];
        struct dynamodb_provisioned_throughput *p = NEW(c->arena, struct dynamodb_provisioned_throughput);
        p->read_capacity_units = x->provisioned_throughput->read_capacity_units;
        p->write_capacity_units = x->provisioned_throughput->write_capacity_units;
        f->global_secondary_indexes.v[f->global_secondary_indexes.n++] =
            (struct dynamodb_global_secondary_index_info){x->index_name, x->key_schema, x->projection, p, x->on_demand_throughput};
    }
    f->vector_indexes.set = t->vector_indexes.set;
    f->vector_indexes.v = NEW_ARRAY(c->arena, struct dynamodb_vector_index_info, t->vector_indexes.n);
    for (u32 i = 0; i < t->vector_indexes.n; i++) {
        const struct dynamodb_vector_index_description *x = &t->vector_indexes.v[i];
        f->vector_indexes.v[f->vector_indexes.n++] =
            (struct dynamodb_vector_index_info){x->index_name, x->vector_attribute, x->search_schema, x->projection, x->dimensions, x->distance_function};
    }
    f->stream_description = t->stream_specification;
    f->sse_description = t->sse_description;
}

static struct dynamodb_backup_description *describe(struct call *c, const struct backup *b, const char *status) {
    struct dynamodb_backup_description *out = NEW(c->arena, struct dynamodb_backup_description);
    struct dynamodb_source_table_details *s = NEW(c->arena, struct dynamodb_source_table_details);
    struct dynamodb_table_description d = {0};
    struct ddb_table t;
    table_of(c, b, &t);
    ddb_describe(c, &t, &d);
    out->backup_details = details(c, b, status);
    out->source_table_details = s;
    s->table_name = t.name;
    s->table_id = t.id;
    s->table_arn = d.table_arn;
    s->table_size_bytes = SOME_I64(b->bytes);
    s->item_count = SOME_I64(b->items);
    s->key_schema = d.key_schema;
    s->table_creation_date_time = SOME_TIME(t.created_ms);
    s->provisioned_throughput = NEW(c->arena, struct dynamodb_provisioned_throughput);
    s->provisioned_throughput->read_capacity_units = SOME_I64(t.throughput.read);
    s->provisioned_throughput->write_capacity_units = SOME_I64(t.throughput.write);
    s->on_demand_throughput = d.on_demand_throughput;
    s->billing_mode = t.on_demand ? S("PAY_PER_REQUEST") : S("PROVISIONED");
    out->source_table_feature_details = NEW(c->arena, struct dynamodb_source_table_feature_details);
    if (b->system) return out; /* as AWS: it tells no features */
    describe_features(c, &d, out->source_table_feature_details);
    if (t.ttl.p) {
        out->source_table_feature_details->time_to_live_description = NEW(c->arena, struct dynamodb_time_to_live_description);
        *out->source_table_feature_details->time_to_live_description = (struct dynamodb_time_to_live_description){S("ENABLED"), t.ttl};
    }
    return out;
}

/* ---- made ---- */

err dynamodb_create_backup(struct call *c, const struct dynamodb_create_backup_input *in, struct dynamodb_create_backup_output *out) {
    struct ddb_table t;
    err e = ddb_table_open(c, in->table_name, &t);
    if (e == &dynamodb_resource_not_found_exception)
        return fail(c, &dynamodb_table_not_found_exception, "Table not found: %.*s", STR_ARGS(t.name));
    TRY(e);
    if (t.state == DDB_CREATING || t.state == DDB_DELETING) /* as AWS: its backups do not know it yet, or no more */
        return fail(c, &dynamodb_table_not_found_exception, "Table not found: %.*s", STR_ARGS(t.name));
    TRY(ddb_sse_check(c, &t));
    struct backup b = {.name = in->backup_name, .table = record_encode(c->arena, &ddb_table_record, &t), .space = txn_sequence(c->txn),
                       .created_ms = c->now_ms, .account = t.account, .region = t.region, .table_name = t.name,
                       .id = arena_format(c->arena, "%014lld-%.*s", (long long)c->now_ms, STR_ARGS(id_hex(c->arena, 8)))};
    struct ddb_counts counts = ddb_counts_of(c->txn, c->arena, &t);
    const struct ddb_count *held = ddb_count_of(c->arena, &counts, t.space);
    b.items = held->items;
    b.bytes = held->bytes;
    t.copies++;
    ddb_history_need(c, &t);
    ddb_table_save(c->txn, c->arena, &t);
    str row = backup_row(c->arena, &b);
    txn_put(c->txn, row, record_encode(c->arena, &backup_record, &b));
    struct ddb_copy copy = {.source = t.space, .history = t.history, .source_table = ddb_table_row(c->arena, t.account, t.region, t.name),
                            .after_seq = txn_sequence(c->txn), .target = b.space, .backup = row};
    ddb_copy_start(c->txn, c->arena, &copy);
    out->backup_details = details(c, &b, NULL);
    return NULL;
}

void ddb_backup_done(struct call *c, str row, i64 items, i64 bytes) {
    struct backup b;
    str value;
    if (!txn_get(c->txn, row, &value)) return;
    ASSERT(read_row(c, row, value, &b));
    b.available = true;
    b.items = items;
    b.bytes = bytes;
    txn_put(c->txn, row, record_encode(c->arena, &backup_record, &b));
}

/* ---- kept of a table that is no more ---- */

str ddb_backup_keep(struct call *c, const struct ddb_table *t, bool system) {
    struct ddb_table was = *t;
    struct ddb_counts counts = ddb_counts_of(c->txn, c->arena, t);
    const struct ddb_count *held = ddb_count_of(c->arena, &counts, t->space);
    was.state = DDB_ACTIVE;
    struct backup b = {.table = record_encode(c->arena, &ddb_table_record, &was), .space = t->space, .created_ms = c->now_ms, .available = true,
                       .items = held->items, .bytes = held->bytes, .system = system, .account = t->account, .region = t->region, .table_name = t->name};
    b.name = system ? arena_concat(c->arena, t->name, S("$DeletedTableBackup")) : arena_concat(c->arena, t->name, S("-archive"));
    b.id = arena_format(c->arena, "%014lld-%.*s", (long long)c->now_ms, STR_ARGS(system ? S("00000000") : id_hex(c->arena, 8)));
    str row = backup_row(c->arena, &b);
    if (system) {
        b.expires_ms = c->now_ms + (i64)SYSTEM_DAYS * DAY_MS;
        txn_task_set(c->txn, &(struct task){.kind = EXPIRY_TASK, .key = row, .due_ms = b.expires_ms});
    }
    txn_put(c->txn, row, record_encode(c->arena, &backup_record, &b));
    return backup_arn(c->arena, &b);
}

err ddb_backup_expire(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    str row = arena_str(a, task->key), value;
    (void)now_ms;
    if (!txn_get(t, row, &value)) return NULL;
    ddb_sweep(t, a, ddb_backup_space(a, value));
    txn_delete(t, row);
    return NULL;
}

/* ---- told, listed, deleted ---- */

err dynamodb_describe_backup(struct call *c, const struct dynamodb_describe_backup_input *in, struct dynamodb_describe_backup_output *out) {
    struct backup b;
    TRY(open_backup(c, in->backup_arn, &b));
    out->backup_description = describe(c, &b, NULL);
    out->backup_description->backup_details->backup_arn = in->backup_arn; /* as AWS: whatever region it names */
    return NULL;
}

static bool in_list(const struct dynamodb_list_backups_input *in, const struct backup *b) {
    if (!str_eq(in->backup_type, S("ALL")) && !str_eq(in->backup_type.p ? in->backup_type : S("USER"), type_of(b))) return false;
    if (in->time_range_lower_bound.set && b->created_ms < in->time_range_lower_bound.ms) return false;
    return !in->time_range_upper_bound.set || b->created_ms < in->time_range_upper_bound.ms;
}

err dynamodb_list_backups(struct call *c, const struct dynamodb_list_backups_input *in, struct dynamodb_list_backups_output *out) {
    u32 most = in->limit.set ? (u32)in->limit.v : PAGE;
    struct key k = backup_key(c->arena, c->account, c->region);
    struct arn arn;
    bool by_arn = in->table_name.p && arn_parse(in->table_name, &arn);
    if (in->table_name.p) TRY(ddb_table_named_to_control(c, in->table_name)); /* whether there is such a table is not looked at */
    if (by_arn && !str_eq(arn.account, c->account)) return fail(c, &cloud_access_denied, "Access is denied");
    if (in->table_name.p) key_str(&k, by_arn ? str_skip(arn.resource, 6) : in->table_name);
    str from = key_bytes(&k), to = key_after_prefix(c->arena, from), key, value;
    struct backup b;
    if (in->time_range_lower_bound.set && in->time_range_upper_bound.set && in->time_range_lower_bound.ms > in->time_range_upper_bound.ms)
        return fail(c, &cloud_validation, "One or more parameter values were invalid: Time range lower bound must be less than or equal to upper bound");
    if (in->exclusive_start_backup_arn.p) { /* a place in the list; the backup itself may be gone */
        TRY(parse_arn(c, in->exclusive_start_backup_arn, &b));
        if (!str_eq(b.region, c->region))
            return fail(c, &cloud_validation, "Invalid Request: The supplied ExclusiveStartBackupArn does not match the region");
        if (b.table_name.n > DDB_NAME_MAX || b.id.n > 64) return fail(c, &cloud_validation, "Invalid Backup ARN");
        from = arena_concat(c->arena, backup_row(c->arena, &b), (str){"", 1});
    }
    out->backup_summaries.v = NEW_ARRAY(c->arena, struct dynamodb_backup_summary, most);
    out->backup_summaries.set = true;
    struct range rows = txn_range(c->txn, from, to);
    while (str_cmp(from, to) < 0 && range_next(&rows, &key, &value)) {
        struct ddb_table t;
        ASSERT(read_row(c, key, value, &b));
        if (!in_list(in, &b)) continue;
        if (out->backup_summaries.n == most) {
            out->last_evaluated_backup_arn = out->backup_summaries.v[most - 1].backup_arn;
            break;
        }
        table_of(c, &b, &t);
        out->backup_summaries.v[out->backup_summaries.n++] = (struct dynamodb_backup_summary){
            .table_name = b.table_name, .table_id = t.id, .table_arn = ddb_table_arn(c->arena, &t), .backup_arn = backup_arn(c->arena, &b),
            .backup_name = b.name, .backup_creation_date_time = SOME_TIME(b.created_ms),
            .backup_status = b.available ? S("AVAILABLE") : S("CREATING"), .backup_type = type_of(&b), .backup_size_bytes = SOME_I64(b.bytes)};
        if (b.expires_ms) out->backup_summaries.v[out->backup_summaries.n - 1].backup_expiry_date_time = SOME_TIME(b.expires_ms);
    }
    return NULL;
}

static err not_ones_own(struct call *c, const struct backup *b) {
    struct buf expires = buf_new(c->arena, 32);
    buf_iso8601_ms(&expires, b->expires_ms);
    return fail(c, &cloud_validation, "Invalid Request: User is not allowed to delete the system backup with arn %.*s. It will automatically expire on %.*s",
                STR_ARGS(backup_arn(c->arena, b)), STR_ARGS(buf_str(&expires)));
}

err dynamodb_delete_backup(struct call *c, const struct dynamodb_delete_backup_input *in, struct dynamodb_delete_backup_output *out) {
    struct backup b;
    TRY(open_backup(c, in->backup_arn, &b));
    if (b.system) return not_ones_own(c, &b);
    if (!b.available) return fail(c, &dynamodb_backup_in_use_exception, "Backup is being created: %.*s", STR_ARGS(in->backup_arn));
    if (b.restoring) return fail(c, &dynamodb_backup_in_use_exception, "Backup is being used to restore table: %.*s", STR_ARGS(in->backup_arn));
    out->backup_description = describe(c, &b, "DELETED");
    ddb_sweep(c->txn, c->arena, b.space);
    txn_delete(c->txn, backup_row(c->arena, &b));
    return NULL;
}

/* ---- brought back ---- */

err dynamodb_restore_table_from_backup(struct call *c, const struct dynamodb_restore_table_from_backup_input *in,
                                       struct dynamodb_restore_table_from_backup_output *out) {
    struct ddb_overrides o = {in->billing_mode_override, in->provisioned_throughput_override, in->on_demand_throughput_override,
                              in->sse_specification_override, &in->global_secondary_index_override, &in->local_secondary_index_override,
                              &in->vector_index_override};
    struct backup b;
    struct ddb_table like, made;
    TRY(ddb_table_name_check(c, in->target_table_name, "targetTableName"));
    TRY(parse_arn(c, in->backup_arn, &b));
    TRY(ddb_restore_abroad(c, b.region, &o));
    TRY(load_backup(c, in->backup_arn, &b, &b));
    if (!b.available) return fail(c, &dynamodb_backup_in_use_exception, "Backup is being created: %.*s", STR_ARGS(in->backup_arn));
    table_of(c, &b, &like);
    TRY(ddb_restore_begin(c, &like, in->target_table_name, &o, &made));
    TRY(ddb_table_room(c, &made));
    if (b.restoring) return fail(c, &dynamodb_backup_in_use_exception, "Backup is being used to restore another table: %.*s", STR_ARGS(in->backup_arn));
    b.restoring = true;
    txn_put(c->txn, backup_row(c->arena, &b), record_encode(c->arena, &backup_record, &b));
    made.restored_backup = in->backup_arn;
    ddb_table_save(c->txn, c->arena, &made);
    struct ddb_copy copy = {.source = b.space, .target_table = ddb_table_row(c->arena, made.account, made.region, made.name)};
    ddb_copy_start(c->txn, c->arena, &copy);
    out->table_description = NEW(c->arena, struct dynamodb_table_description);
    ddb_describe(c, &made, out->table_description);
    return NULL;
}

void ddb_backup_restored(struct call *c, str arn) {
    struct backup b;
    if (parse_arn(c, arn, &b) || load_backup(c, arn, &b, &b)) return;
    b.restoring = false;
    txn_put(c->txn, backup_row(c->arena, &b), record_encode(c->arena, &backup_record, &b));
}
