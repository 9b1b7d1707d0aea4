/* StartBulkPutItems, DescribeBulkOperation, ListBulkOperations, CancelBulkOperation. */
#include "services/dynamodb/bulk.h"

#define BULK_TASK S("dynamodb.bulk")
enum { PAGE = 10, TOKEN_MS = 8 * 3600 * 1000 };
static const i64 listed_ms = (i64)90 * 86400 * 1000;

static const struct record_field index_fields[] = {
    RECORD_STR(1, struct ddb_bulk_index, name), RECORD_I64(2, struct ddb_bulk_index, kind), RECORD_I64(3, struct ddb_bulk_index, bytes),
};
static const struct record_type index_record = RECORD_TYPE(struct ddb_bulk_index, index_fields);

static const struct record_field bulk_fields[] = {
    RECORD_I64(1, struct ddb_bulk, phase),             RECORD_STR(2, struct ddb_bulk, table),
    RECORD_STR(3, struct ddb_bulk, table_id),          RECORD_STR(4, struct ddb_bulk, named),
    RECORD_STR(5, struct ddb_bulk, token),             RECORD_I64(6, struct ddb_bulk, format),
    RECORD_STR(7, struct ddb_bulk, input.bucket),      RECORD_STR(8, struct ddb_bulk, input.owner),
    RECORD_STR(9, struct ddb_bulk, input.prefix),      RECORD_STR(10, struct ddb_bulk, input.compression),
    RECORD_STR(11, struct ddb_bulk, input.object),     RECORD_STR(12, struct ddb_bulk, input.etag),
    RECORD_STR(13, struct ddb_bulk, input.after),      RECORD_STR(14, struct ddb_bulk, input.spool),
    RECORD_I64(15, struct ddb_bulk, input.offset),     RECORD_I64(16, struct ddb_bulk, input.length),
    RECORD_I64(17, struct ddb_bulk, input.index),      RECORD_I64(18, struct ddb_bulk, input.objects),
    RECORD_STR(19, struct ddb_bulk, output.bucket),    RECORD_STR(20, struct ddb_bulk, output.owner),
    RECORD_STR(21, struct ddb_bulk, output.prefix),    RECORD_STR(22, struct ddb_bulk, output.sse),
    RECORD_STR(23, struct ddb_bulk, output.kms_key),   RECORD_BOOL(24, struct ddb_bulk, reported[DDB_REPORT_ERROR]),
    RECORD_BOOL(25, struct ddb_bulk, reported[DDB_REPORT_CONDITION]), RECORD_I64(26, struct ddb_bulk, most),
    RECORD_STR(27, struct ddb_bulk, tier),             RECORD_STR(28, struct ddb_bulk, caller),
    RECORD_I64(29, struct ddb_bulk, start_ms),         RECORD_I64(30, struct ddb_bulk, end_ms),
    RECORD_I64(31, struct ddb_bulk, total_bytes),      RECORD_I64(32, struct ddb_bulk, read_bytes),
    RECORD_I64(33, struct ddb_bulk, processed),        RECORD_I64(34, struct ddb_bulk, failed),
    RECORD_I64(35, struct ddb_bulk, unmet),            RECORD_BOOL(36, struct ddb_bulk, measured),
    RECORD_BOOL(37, struct ddb_bulk, cancelled),       RECORD_STR(38, struct ddb_bulk, failure_code),
    RECORD_STR(39, struct ddb_bulk, failure_message),  RECORD_I64(40, struct ddb_bulk, table_bytes),
    RECORD_LIST(41, struct ddb_bulk, indexes, index_record), RECORD_U64(42, struct ddb_bulk, reports),
    RECORD_U64(43, struct ddb_bulk, files),            RECORD_I64(44, struct ddb_bulk, lines),
    RECORD_I64(45, struct ddb_bulk, report),           RECORD_STR(46, struct ddb_bulk, position),
    RECORD_I64(47, struct ddb_bulk, file_count),
};
static const struct record_type bulk_record = RECORD_TYPE(struct ddb_bulk, bulk_fields);

static struct key bulks_of(struct arena *a, str account, str region) {
    struct key k = key_new(a, S("dynamodb"));
    key_str(&k, account);
    key_str(&k, region);
    key_str(&k, S("bulk"));
    return k;
}

str ddb_bulk_row(struct arena *a, const struct ddb_bulk *b) {
    struct key k = bulks_of(a, b->account, b->region);
    key_str(&k, b->id);
    return key_bytes(&k);
}

bool ddb_bulk_load(struct txn *t, struct arena *a, str row, struct ddb_bulk *b) {
    str value, part, rest = arena_str(a, row);
    *b = (struct ddb_bulk){0};
    return txn_get(t, row, &value) && record_decode(a, &bulk_record, arena_str(a, value), b) && key_read_str(&rest, a, &part)
        && key_read_str(&rest, a, &b->account) && key_read_str(&rest, a, &b->region) && key_read_str(&rest, a, &part) && key_read_str(&rest, a, &b->id);
}

void ddb_bulk_save(struct txn *t, struct arena *a, const struct ddb_bulk *b) { txn_put(t, ddb_bulk_row(a, b), record_encode(a, &bulk_record, b)); }

void ddb_bulk_go(struct txn *t, struct arena *a, const struct ddb_bulk *b, i64 due_ms) {
    txn_task_set(t, &(struct task){.kind = BULK_TASK, .key = ddb_bulk_row(a, b), .due_ms = due_ms});
}

void ddb_bulk_release(struct txn *t, struct arena *a, str row, u64 spaces[2]) {
    struct ddb_bulk b = {0};
    ASSERT(record_decode(a, &bulk_record, row, &b));
    if (b.input.spool.p) txn_blob_delete(t, b.input.spool);
    spaces[0] = b.reports;
    spaces[1] = b.files;
}

str ddb_bulk_arn(struct arena *a, const struct ddb_bulk *b) {
    return arn_format(a, S("dynamodb"), b->region, b->account, arena_format(a, "table/%.*s/bulk-operation/%.*s", STR_ARGS(b->table), STR_ARGS(b->id)));
}

/* ---- told ---- */

str ddb_bulk_status(const struct ddb_bulk *b) {
    if (b->phase != DDB_BULK_OVER) return b->cancelled ? S("CANCELLING") : S("IN_PROGRESS");
    if (b->cancelled) return S("CANCELLED");
    return b->failure_code.p ? S("FAILED") : b->failed ? S("COMPLETED_WITH_ERRORS") : S("COMPLETED");
}

static struct dynamodb_bulk_operation_usage_multiple usage(struct arena *a, const struct ddb_bulk *b) {
    struct dynamodb_bulk_operation_usage *u = NEW(a, struct dynamodb_bulk_operation_usage);
    i64 all = b->table_bytes;
    u->table_name = b->named;
    u->table = NEW(a, struct dynamodb_bulk_operation_bytes);
    u->table->bulk_put_bytes = SOME_I64(b->table_bytes);
    for (u32 i = 0; i < b->indexes.n; i++) {
        const struct ddb_bulk_index *x = &b->indexes.v[i];
        if (x->kind == DDB_VECTOR) {
            if (!u->vector_indexes.v) u->vector_indexes.v = NEW_ARRAY(a, struct dynamodb_vector_indexes_bulk_vector_bytes_map_entry, b->indexes.n);
            u->vector_indexes.set = true;
            u->vector_indexes.v[u->vector_indexes.n++] = (struct dynamodb_vector_indexes_bulk_vector_bytes_map_entry){x->name, {SOME_I64(x->bytes)}};
            continue;
        }
        struct dynamodb_secondary_indexes_bulk_bytes_map *map = x->kind == DDB_LOCAL ? &u->local_secondary_indexes : &u->global_secondary_indexes;
        if (!map->v) map->v = NEW_ARRAY(a, struct dynamodb_secondary_indexes_bulk_bytes_map_entry, b->indexes.n);
        map->set = true;
        map->v[map->n++] = (struct dynamodb_secondary_indexes_bulk_bytes_map_entry){x->name, {SOME_I64(x->bytes)}};
        all += x->bytes;
    }
    u->bulk_put_bytes = SOME_I64(all);
    return (struct dynamodb_bulk_operation_usage_multiple){u, 1, true};
}

static struct dynamodb_output_s3_configuration *output(struct arena *a, const struct ddb_bulk *b) {
    static const char *const names[] = {[DDB_REPORT_ERROR] = "ERROR", [DDB_REPORT_CONDITION] = "CONDITION_CHECK_FAILURE"};
    struct dynamodb_output_s3_configuration *o = NEW(a, struct dynamodb_output_s3_configuration);
    *o = (struct dynamodb_output_s3_configuration){b->output.owner, b->output.bucket, b->output.prefix, b->output.sse, b->output.kms_key,
                                                   {NEW_ARRAY(a, str, DDB_REPORTS), 0, true}};
    for (int i = 0; i < DDB_REPORTS; i++)
        if (b->reported[i]) o->output_type.v[o->output_type.n++] = str_of(names[i]);
    return o;
}

static struct dynamodb_bulk_operation_description *describe(struct call *c, const struct ddb_bulk *b) {
    struct arena *a = c->arena;
    struct dynamodb_bulk_operation_description *d = NEW(a, struct dynamodb_bulk_operation_description);
    *d = (struct dynamodb_bulk_operation_description){
        .bulk_operation_arn = ddb_bulk_arn(a, b), .bulk_operation_status = ddb_bulk_status(b), .client_token = b->token,
        .input_s3_configuration = NEW(a, struct dynamodb_input_s3_configuration), .output_s3_configuration = output(a, b),
        .start_time = SOME_TIME(b->start_ms), .processed_item_count = SOME_I64(b->processed), .processed_input_bytes = SOME_I64(b->read_bytes),
        .bulk_operation_usage = usage(a, b), .failed_item_count = SOME_I64(b->failed), .performance_tier = b->tier,
        .table_details = {NEW(a, struct dynamodb_bulk_operation_table_detail), 1, true}};
    d->table_details.v[0] = (struct dynamodb_bulk_operation_table_detail){b->named, b->table_id};
    *d->input_s3_configuration = (struct dynamodb_input_s3_configuration){b->input.owner, b->input.bucket, b->input.prefix,
                                                                          b->format == DDB_FORMAT_ION ? S("ION") : S("DYNAMODB_JSON"), b->input.compression};
    if (b->most) d->max_write_request_units = SOME_I64(b->most);
    if (b->measured) d->total_input_bytes = SOME_I64(b->total_bytes);
    if (b->phase != DDB_BULK_OVER) return d;
    d->end_time = SOME_TIME(b->end_ms);
    d->failure_code = b->failure_code;
    d->failure_message = b->failure_message;
    return d;
}

/* ---- asked for ---- */

/* DIFFERS: AWS's list of actions does not have these yet; as all its others, they are called as the operations are. */
static err allowed(struct call *c, const char *action, str arn) {
    return may(c, str_of(action), arn) ? NULL : deny(c, str_of(action), arn);
}

static err check_output(struct call *c, const struct dynamodb_output_s3_configuration *o) {
    if (!o->s3_bucket.p) return fail(c, &cloud_validation, "Invalid Request: S3Bucket must be provided in OutputS3Configuration");
    if (!o->output_type.n) return fail(c, &cloud_validation, "Invalid Request: OutputType must have at least one value");
    if (o->s3_sse_kms_key_id.p && !str_eq(o->s3_sse_algorithm, S("KMS")))
        return fail(c, &cloud_validation, "Invalid Request: KMS Key Id is not supported for this encryption type");
    return NULL;
}

static err check_table(struct call *c, const struct ddb_table *t) {
    if (t->replicas.n || t->witness.p)
        return fail(c, &cloud_validation, "One or more parameter values were invalid: Bulk put items is not supported for a global table: %.*s", STR_ARGS(t->name));
    if (t->state != DDB_ACTIVE && t->state != DDB_UPDATING)
        return fail(c, &dynamodb_resource_in_use_exception, "Attempt to change a resource which is still in use: Table is not active: %.*s", STR_ARGS(t->name));
    for (u32 i = 0; i < t->indexes.n; i++)
        if (t->indexes.v[i].state == DDB_CREATING)
            return fail(c, &dynamodb_resource_in_use_exception, "Attempt to change a resource which is still in use: Index is being created: %.*s",
                        STR_ARGS(t->indexes.v[i].name));
    return ddb_sse_check(c, t);
}

static str identity_of(struct call *c, const struct ddb_bulk *b) {
    struct ddb_bulk asked = *b;
    asked.caller = asked.token = (str){0};
    asked.start_ms = 0;
    return record_encode(c->arena, &bulk_record, &asked);
}

static struct ddb_bulk asked_for(struct call *c, const struct dynamodb_start_bulk_put_items_input *in, const struct ddb_table *t) {
    const struct dynamodb_input_s3_configuration *from = in->input_s3_configuration;
    const struct dynamodb_output_s3_configuration *to = in->output_s3_configuration;
    struct ddb_bulk b = {
        .table = t->name, .table_id = t->id, .named = in->table_name, .token = in->client_token, .account = t->account, .region = t->region,
        .format = str_eq(from->input_format, S("ION")) ? DDB_FORMAT_ION : DDB_FORMAT_JSON,
        .input = {.bucket = from->s3_bucket, .owner = from->s3_bucket_owner, .prefix = from->s3_key_prefix,
                  .compression = from->input_compression_type.p ? from->input_compression_type : S("NONE")},
        .output = {to->s3_bucket, to->s3_bucket_owner, to->s3_key_prefix, to->s3_sse_algorithm, to->s3_sse_kms_key_id},
        .most = in->max_write_request_units.v, .tier = in->performance_tier.p ? in->performance_tier : S("STANDARD"),
        .caller = caller_keep(c), .start_ms = c->now_ms};
    for (u32 i = 0; i < to->output_type.n; i++) b.reported[str_eq(to->output_type.v[i], S("ERROR")) ? DDB_REPORT_ERROR : DDB_REPORT_CONDITION] = true;
    return b;
}

err dynamodb_start_bulk_put_items(struct call *c, const struct dynamodb_start_bulk_put_items_input *in, struct dynamodb_start_bulk_put_items_output *out) {
    struct ddb_table t;
    str row;
    str arn = arn_parse(in->table_name, &(struct arn){0}) ? in->table_name : arn_of(c, S("dynamodb"), arena_concat(c->arena, S("table/"), in->table_name));
    TRY(allowed(c, "dynamodb:StartBulkPutItems", arn));
    TRY(ddb_table_named_to_control(c, in->table_name));
    TRY(check_output(c, in->output_s3_configuration));
    TRY(ddb_table_open(c, in->table_name, &t));
    struct ddb_bulk b = asked_for(c, in, &t);
    str identity = identity_of(c, &b);
    enum idempotency before = in->client_token.p ? idempotency_look(c, in->client_token, identity, &row) : IDEMPOTENCY_NEW;
    if (before == IDEMPOTENCY_MISMATCH)
        return fail(c, &dynamodb_idempotent_parameter_mismatch_exception, "A bulk operation with the same client token and other parameters was started before");
    if (before == IDEMPOTENCY_NEW || !ddb_bulk_load(c->txn, c->arena, row, &b)) {
        TRY(check_table(c, &t));
        b.id = arena_format(c->arena, "%014lld-%.*s", (long long)c->now_ms, STR_ARGS(id_hex(c->arena, 8)));
        b.reports = txn_sequence(c->txn);
        b.files = txn_sequence(c->txn);
        t.bulks++;
        ddb_table_save(c->txn, c->arena, &t);
        ddb_bulk_save(c->txn, c->arena, &b);
        ddb_bulk_go(c->txn, c->arena, &b, 0);
        if (in->client_token.p) idempotency_store(c, in->client_token, identity, ddb_bulk_row(c->arena, &b), TOKEN_MS);
    }
    out->bulk_operation_description = describe(c, &b);
    return NULL;
}

/* ---- asked about ---- */

static err open_bulk(struct call *c, const char *action, str text, struct ddb_bulk *b) {
    struct arn arn;
    TRY(allowed(c, action, text));
    size_t slash = str_rfind_char(text, '/');
    if (!arn_parse(text, &arn) || str_find(arn.resource, S("/bulk-operation/")) == STR_NONE)
        return fail(c, &cloud_validation, "Invalid Request: Bulk operation ARN is invalid: %.*s", STR_ARGS(text));
    struct ddb_bulk at = {.account = arn.account, .region = arn.region, .id = str_skip(text, slash + 1)};
    bool here = str_eq(arn.region, c->region);
    if (here && ddb_bulk_load(c->txn, c->arena, ddb_bulk_row(c->arena, &at), b) && str_eq(ddb_bulk_arn(c->arena, b), text)) return NULL;
    return fail(c, &dynamodb_resource_not_found_exception, "Bulk operation not found: %.*s", STR_ARGS(text));
}

err dynamodb_describe_bulk_operation(struct call *c, const struct dynamodb_describe_bulk_operation_input *in, struct dynamodb_describe_bulk_operation_output *out) {
    struct ddb_bulk b;
    TRY(open_bulk(c, "dynamodb:DescribeBulkOperation", in->bulk_operation_arn, &b));
    out->bulk_operation_description = describe(c, &b);
    return NULL;
}

/* What is over stays as it is; the job finds the mark with its next step. */
err dynamodb_cancel_bulk_operation(struct call *c, const struct dynamodb_cancel_bulk_operation_input *in, struct dynamodb_cancel_bulk_operation_output *out) {
    struct ddb_bulk b;
    TRY(open_bulk(c, "dynamodb:CancelBulkOperation", in->bulk_operation_arn, &b));
    if (b.phase <= DDB_BULK_ITEMS && !b.cancelled) {
        b.cancelled = true;
        b.failure_code = S("Cancelled");
        b.failure_message = S("The bulk operation was cancelled at the request of a user");
        ddb_bulk_save(c->txn, c->arena, &b);
        ddb_bulk_go(c->txn, c->arena, &b, 0);
    }
    out->bulk_operation_arn = in->bulk_operation_arn;
    out->bulk_operation_status = ddb_bulk_status(&b);
    return NULL;
}

err dynamodb_list_bulk_operations(struct call *c, const struct dynamodb_list_bulk_operations_input *in, struct dynamodb_list_bulk_operations_output *out) {
    u32 most = in->max_results.set ? (u32)in->max_results.v : PAGE;
    TRY(allowed(c, "dynamodb:ListBulkOperations", S("*")));
    struct key k = bulks_of(c->arena, c->account, c->region);
    str from = key_bytes(&k), to = key_after_prefix(c->arena, from), key, position = {0};
    if (in->next_token.p && !ddb_hex_position(c, in->next_token, &to)) return ddb_token_wrong(c, in->next_token);
    out->bulk_operations_summary_list = (struct dynamodb_bulk_operations_summary_list){NEW_ARRAY(c->arena, struct dynamodb_bulk_operation_summary, most), 0, true};
    struct range rows = txn_range_backwards(c->txn, from, to); /* newest first */
    while (range_next(&rows, &key, NULL)) {
        struct ddb_bulk b;
        str row = arena_str(c->arena, key);
        ASSERT(ddb_bulk_load(c->txn, c->arena, row, &b));
        if (b.start_ms < c->now_ms - listed_ms) break;
        if (out->bulk_operations_summary_list.n == most) {
            out->next_token = ddb_hex_token(c, position);
            break;
        }
        position = row;
        struct dynamodb_bulk_operation_summary *s = &out->bulk_operations_summary_list.v[out->bulk_operations_summary_list.n++];
        *s = (struct dynamodb_bulk_operation_summary){.bulk_operation_arn = ddb_bulk_arn(c->arena, &b), .bulk_operation_status = ddb_bulk_status(&b),
                                                      .start_time = SOME_TIME(b.start_ms)};
        if (b.phase == DDB_BULK_OVER) s->end_time = SOME_TIME(b.end_ms);
    }
    return NULL;
}
