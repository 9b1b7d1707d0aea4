/* ExportTableToPointInTime, DescribeExport, ListExports. */
#include "services/dynamodb/export.h"

#define EXPORT_TASK S("dynamodb.export")

enum { DAY_MS = 86400000, TOKEN_MS = 8 * 3600 * 1000, WINDOW_MIN_MS = 15 * 60 * 1000, PAGE = 10 };

static const struct record_field export_fields[] = {
    RECORD_I64(1, struct ddb_export, phase),           RECORD_STR(2, struct ddb_export, table_id),
    RECORD_STR(3, struct ddb_export, token),           RECORD_STR(4, struct ddb_export, output.bucket),
    RECORD_STR(5, struct ddb_export, output.owner),    RECORD_STR(6, struct ddb_export, output.prefix),
    RECORD_STR(7, struct ddb_export, output.sse),             RECORD_STR(8, struct ddb_export, output.kms_key),
    RECORD_BOOL(9, struct ddb_export, ion),            RECORD_BOOL(10, struct ddb_export, incremental),
    RECORD_BOOL(11, struct ddb_export, new_only),      RECORD_I64(12, struct ddb_export, start_ms),
    RECORD_I64(13, struct ddb_export, end_ms),         RECORD_I64(14, struct ddb_export, moment_ms),
    RECORD_I64(15, struct ddb_export, from_ms),        RECORD_I64(16, struct ddb_export, to_ms),
    RECORD_STR(17, struct ddb_export, failure_code),   RECORD_STR(18, struct ddb_export, failure_message),
    RECORD_STR(19, struct ddb_export, caller),         RECORD_STR(20, struct ddb_export, keys.hash),
    RECORD_STR(21, struct ddb_export, keys.range),     RECORD_U64(22, struct ddb_export, space),
    RECORD_U64(23, struct ddb_export, files),          RECORD_STR(24, struct ddb_export, position),
    RECORD_I64(25, struct ddb_export, file_count),     RECORD_I64(26, struct ddb_export, items),
    RECORD_I64(27, struct ddb_export, bytes),          RECORD_U64(28, struct ddb_export, seen),
    RECORD_STR(29, struct ddb_export, filter.filter),  RECORD_STR(30, struct ddb_export, filter.projection),
    RECORD_STR(31, struct ddb_export, filter.key_condition), RECORD_STR(32, struct ddb_export, filter.names),
    RECORD_STR(33, struct ddb_export, filter.values),  RECORD_I64(34, struct ddb_export, keys.hash_type),
    RECORD_I64(35, struct ddb_export, keys.range_type),
};
static const struct record_type export_record = RECORD_TYPE(struct ddb_export, export_fields);

static struct key exports_of(struct arena *a, str account, str region) {
    struct key k = key_new(a, S("dynamodb"));
    key_str(&k, account);
    key_str(&k, region);
    key_str(&k, S("export"));
    return k;
}

str ddb_export_row(struct arena *a, const struct ddb_export *e) {
    struct key k = exports_of(a, e->account, e->region);
    key_str(&k, e->table);
    key_str(&k, e->id);
    return key_bytes(&k);
}

bool ddb_export_load(struct txn *t, struct arena *a, str row, struct ddb_export *e) {
    str value, part, rest = arena_str(a, row);
    *e = (struct ddb_export){0};
    return txn_get(t, row, &value) && record_decode(a, &export_record, arena_str(a, value), e) && key_read_str(&rest, a, &part)
        && key_read_str(&rest, a, &e->account) && key_read_str(&rest, a, &e->region) && key_read_str(&rest, a, &part)
        && key_read_str(&rest, a, &e->table) && key_read_str(&rest, a, &e->id);
}

void ddb_export_save(struct txn *t, struct arena *a, const struct ddb_export *e) { txn_put(t, ddb_export_row(a, e), record_encode(a, &export_record, e)); }

void ddb_export_go(struct txn *t, struct arena *a, const struct ddb_export *e) {
    txn_task_set(t, &(struct task){.kind = EXPORT_TASK, .key = ddb_export_row(a, e)});
}

void ddb_export_spaces(struct arena *a, str row, u64 spaces[2]) {
    struct ddb_export e = {0};
    ASSERT(record_decode(a, &export_record, row, &e));
    spaces[0] = e.space;
    spaces[1] = e.files;
}

str ddb_export_arn(struct arena *a, const struct ddb_export *e) {
    return arn_format(a, S("dynamodb"), e->region, e->account, arena_format(a, "table/%.*s/export/%.*s", STR_ARGS(e->table), STR_ARGS(e->id)));
}

str ddb_export_object(struct arena *a, const struct ddb_export *e, str name) {
    return ddb_output_name(a, &e->output, name);
}

/* ---- told ---- */

static str status(const struct ddb_export *e) {
    return e->phase == DDB_EXPORT_DONE ? S("COMPLETED") : e->phase == DDB_EXPORT_FAILED ? S("FAILED") : S("IN_PROGRESS");
}

static str table_arn(struct arena *a, const struct ddb_export *e) {
    return arn_format(a, S("dynamodb"), e->region, e->account, arena_concat(a, S("table/"), e->table));
}

static struct dynamodb_export_description *describe(struct call *c, const struct ddb_export *e) {
    struct dynamodb_export_description *d = NEW(c->arena, struct dynamodb_export_description);
    *d = (struct dynamodb_export_description){
        .export_arn = ddb_export_arn(c->arena, e), .export_status = status(e), .start_time = SOME_TIME(e->start_ms),
        .table_arn = table_arn(c->arena, e), .table_id = e->table_id, .client_token = e->token, .s3_bucket = e->output.bucket,
        .s3_bucket_owner = e->output.owner, .s3_prefix = e->output.prefix, .s3_sse_algorithm = e->output.sse, .s3_sse_kms_key_id = e->output.kms_key,
        .failure_code = e->failure_code, .failure_message = e->failure_message, .export_format = e->ion ? S("ION") : S("DYNAMODB_JSON")};
    if (e->incremental) {
        d->export_type = S("INCREMENTAL_EXPORT"); /* as AWS: a full one tells none here, but in lists */
        d->incremental_export_specification = NEW(c->arena, struct dynamodb_incremental_export_specification);
        d->incremental_export_specification->export_from_time = SOME_TIME(e->from_ms);
        d->incremental_export_specification->export_to_time = SOME_TIME(e->to_ms);
        d->incremental_export_specification->export_view_type = e->new_only ? S("NEW_IMAGE") : S("NEW_AND_OLD_IMAGES");
    } else {
        d->export_time = SOME_TIME(e->moment_ms);
    }
    d->filter_specification = ddb_filter_told(c->arena, &e->filter);
    if (e->end_ms) d->end_time = SOME_TIME(e->end_ms);
    if (e->phase != DDB_EXPORT_DONE) return d;
    d->export_manifest = ddb_export_object(c->arena, e, arena_concat(c->arena, e->id, S("/manifest-summary.json")));
    d->billed_size_bytes = SOME_I64(e->bytes);
    d->item_count = SOME_I64(e->items);
    return d;
}

/* ---- asked for ---- */

static str region_of(str text) {
    struct arn arn;
    return arn_parse(text, &arn) ? arn.region : (str){0};
}

static err wrong_time(struct call *c, const char *what, i64 ms) {
    struct buf b = buf_new(c->arena, 32);
    buf_iso8601(&b, ms);
    return fail(c, &dynamodb_invalid_export_time_exception, "%s : %.*s", what, STR_ARGS(buf_str(&b)));
}

static err check_moment(struct call *c, const struct ddb_table *t, i64 ms) {
    i64 earliest = MAX(t->pitr_ms, c->now_ms - t->pitr_days * DAY_MS);
    if (ms / 1000 >= earliest / 1000 && ms <= c->now_ms) return NULL;
    return fail(c, &dynamodb_invalid_export_time_exception, "Export Time is invalid");
}

/* Without point-in-time recovery no moment is late enough: AWS looks at the times first. */
static err check_window(struct call *c, const struct ddb_table *t, const struct ddb_export *e) {
    i64 earliest = t->pitr_ms ? MAX(t->pitr_ms, c->now_ms - t->pitr_days * DAY_MS) : c->now_ms + 1000;
    if (e->from_ms / 1000 < earliest / 1000)
        return wrong_time(c, "Incremental export period from time cannot be less than the table creation time", e->from_ms);
    if (e->to_ms > c->now_ms) return wrong_time(c, "Incremental export period to time cannot be greater than the current time", e->to_ms);
    if (e->to_ms - e->from_ms < WINDOW_MIN_MS)
        return fail(c, &dynamodb_invalid_export_time_exception,
                    "Difference between export period from time and export period to time is less than 15 minutes");
    if (e->to_ms - e->from_ms <= DAY_MS) return NULL;
    return fail(c, &dynamodb_invalid_export_time_exception, "Difference between export period from time and export period to time is greater than 24 hours");
}

static bool is_empty(const struct dynamodb_filter_specification *f) {
    return !f->filter_expression.p && !f->projection_expression.p && !f->key_condition_expression.p && !f->expression_attribute_names.n
        && !f->expression_attribute_values.n;
}

static err check_shape(struct call *c, const struct dynamodb_export_table_to_point_in_time_input *in) {
    const struct dynamodb_incremental_export_specification *spec = in->incremental_export_specification;
    const struct dynamodb_filter_specification *filter = in->filter_specification;
    bool incremental = str_eq(in->export_type, S("INCREMENTAL_EXPORT"));
    const char *wrong = spec && !in->export_type.p     ? "Export Type expected to be Incremental Export when incremental export specification is provided"
                      : spec && !incremental           ? "When Export Type is Full Export , Incremental Export Specification should not be provided"
                      : incremental && !spec           ? "Incremental Export Specification expected when export type is set as Incremental Export"
                      : spec && !spec->export_from_time.set ? "ExportFromTime must be provided in IncrementalExportSpecification"
                      : filter && is_empty(filter)     ? "Invalid FilterSpecification: The specification can not be empty"
                      : in->s3_sse_kms_key_id.p && !str_eq(in->s3_sse_algorithm, S("KMS")) ? "KMS Key Id is not supported for this encryption type"
                                                       : NULL;
    return wrong ? fail(c, &cloud_validation, "Invalid Request: %s", wrong) : NULL;
}

static err read_input(struct call *c, const struct dynamodb_export_table_to_point_in_time_input *in, const struct ddb_table *t, struct ddb_export *e) {
    *e = (struct ddb_export){.table_id = t->id, .token = in->client_token,
                             .output = {in->s3_bucket, in->s3_bucket_owner, in->s3_prefix, in->s3_sse_algorithm.p ? in->s3_sse_algorithm : S("AES256"), in->s3_sse_kms_key_id},
                             .ion = str_eq(in->export_format, S("ION")), .incremental = str_eq(in->export_type, S("INCREMENTAL_EXPORT")),
                             .start_ms = c->now_ms, .moment_ms = in->export_time.set ? in->export_time.ms : c->now_ms,
                             .caller = caller_keep(c), .keys = t->keys, .account = t->account, .region = t->region, .table = t->name};
    if (e->incremental) {
        const struct dynamodb_incremental_export_specification *spec = in->incremental_export_specification;
        e->from_ms = spec->export_from_time.ms;
        e->to_ms = spec->export_to_time.set ? spec->export_to_time.ms : MIN(c->now_ms, e->from_ms + DAY_MS);
        e->new_only = str_eq(spec->export_view_type, S("NEW_IMAGE"));
        TRY(check_window(c, t, e));
    }
    if (!t->pitr_ms)
        return fail(c, &dynamodb_point_in_time_recovery_unavailable_exception, "Point in time recovery is not enabled for table '%.*s'",
                    STR_ARGS(t->name));
    if (!e->incremental) TRY(check_moment(c, t, e->moment_ms));
    return in->filter_specification ? ddb_filter_read(c, in->filter_specification, t, &e->filter) : NULL;
}

/* What two requests with one token must share. */
static str identity_of(struct call *c, const struct dynamodb_export_table_to_point_in_time_input *in) {
    const struct dynamodb_incremental_export_specification *spec = in->incremental_export_specification;
    return arena_format(c->arena, "%.*s\n%.*s\n%.*s\n%.*s\n%.*s\n%.*s\n%.*s\n%.*s\n%.*s\n%lld\n%lld\n%lld\n%.*s", STR_ARGS(in->table_arn), STR_ARGS(in->s3_bucket),
                        STR_ARGS(in->s3_bucket_owner), STR_ARGS(in->s3_prefix), STR_ARGS(in->export_format), STR_ARGS(in->export_type),
                        STR_ARGS(in->s3_sse_algorithm), STR_ARGS(in->s3_sse_kms_key_id), STR_ARGS((spec ? spec->export_view_type : (str){0})),
                        (long long)in->export_time.ms, spec ? (long long)spec->export_from_time.ms : 0, spec ? (long long)spec->export_to_time.ms : 0,
                        STR_ARGS(ddb_filter_identity(c, in->filter_specification)));
}

static err seen_before(struct call *c, const struct dynamodb_export_table_to_point_in_time_input *in, struct ddb_export *e, bool *seen) {
    str row;
    *seen = false;
    if (!in->client_token.p) return NULL;
    enum idempotency before = idempotency_look(c, in->client_token, identity_of(c, in), &row);
    if (before == IDEMPOTENCY_MISMATCH)
        return fail(c, &dynamodb_export_conflict_exception, "Export conflict: Duplicate request detected with conflicting parameters");
    *seen = before == IDEMPOTENCY_SAME && ddb_export_load(c->txn, c->arena, row, e);
    return NULL;
}

err dynamodb_export_table_to_point_in_time(struct call *c, const struct dynamodb_export_table_to_point_in_time_input *in,
                                           struct dynamodb_export_table_to_point_in_time_output *out) {
    struct ddb_table t;
    struct ddb_export e;
    bool seen;
    TRY(ddb_table_arn_check(c, in->table_arn));
    TRY(check_shape(c, in));
    bool here = str_eq(region_of(in->table_arn), c->region); /* as AWS: a table of another region is one that is not there */
    err wrong = here ? ddb_table_open(c, in->table_arn, &t) : &dynamodb_resource_not_found_exception;
    if (wrong == &dynamodb_resource_not_found_exception)
        return fail(c, &dynamodb_table_not_found_exception, "Table not found: %.*s", STR_ARGS(in->table_arn));
    TRY(wrong);
    TRY(seen_before(c, in, &e, &seen));
    if (seen) {
        out->export_description = describe(c, &e);
        return NULL;
    }
    TRY(read_input(c, in, &t, &e));
    TRY(ddb_sse_check(c, &t));
    e.id = arena_format(c->arena, "%014lld-%.*s", (long long)c->now_ms, STR_ARGS(id_hex(c->arena, 8)));
    e.space = txn_sequence(c->txn);
    e.files = txn_sequence(c->txn);
    t.copies++; /* its history stays while the export needs it */
    ddb_table_save(c->txn, c->arena, &t);
    ddb_export_save(c->txn, c->arena, &e);
    ddb_export_go(c->txn, c->arena, &e);
    if (in->client_token.p) idempotency_store(c, in->client_token, identity_of(c, in), ddb_export_row(c->arena, &e), TOKEN_MS);
    out->export_description = describe(c, &e);
    return NULL;
}

/* ---- asked about ---- */

err ddb_table_arn_check(struct call *c, str text) {
    struct arn arn;
    if (!text.n) return fail(c, &cloud_validation, "Invalid TableArn: Invalid Table ARN");
    if (!arn_parse(text, &arn) || !str_eq(arn.service, S("dynamodb")))
        return fail(c, &cloud_validation, "One or more parameter values were invalid: tableArn is not a valid ARN");
    if (str_starts(arn.resource, S("table/")) && str_find_char(str_skip(arn.resource, 6), '/') == STR_NONE) return NULL;
    return fail(c, &cloud_validation, "Invalid Request: Table ARN is invalid.");
}

err ddb_token_wrong(struct call *c, str token) {
    return fail(c, &cloud_validation, "Invalid Request: Provided nextToken is invalid: %.*s", STR_ARGS(token));
}

/* Some lists' tokens are hexadecimal, in groups of sixteen digits: the description asks for it when they come back. */
enum { TOKEN_GROUP = 8 };

str ddb_hex_token(struct call *c, str position) {
    str token = page_token(c, position);
    size_t n = (token.n + TOKEN_GROUP - 1) / TOKEN_GROUP * TOKEN_GROUP;
    char *padded = NEW_ARRAY(c->arena, char, n), *hex = NEW_ARRAY(c->arena, char, 2 * n);
    memcpy(padded, token.p, token.n);
    hex_encode((str){padded, n}, hex);
    return (str){hex, 2 * n};
}

bool ddb_hex_position(struct call *c, str hex, str *position) {
    u8 *padded = NEW_ARRAY(c->arena, u8, hex.n / 2 + 1);
    if (!hex_decode(hex, padded)) return false;
    str token = {(char *)padded, hex.n / 2};
    while (token.n && !token.p[token.n - 1]) token.n--;
    return page_position(c, token, position);
}

static bool row_of_arn(struct call *c, str text, str *row) {
    struct arn arn;
    if (!arn_parse(text, &arn) || !str_starts(arn.resource, S("table/"))) return false;
    str rest = str_skip(arn.resource, 6), table = str_cut(&rest, '/');
    if (!rest.p || !str_starts(rest, S("export/")) || table.n > DDB_NAME_MAX || rest.n > 64) return false;
    struct ddb_export e = {.account = arn.account, .region = arn.region, .table = table, .id = str_skip(rest, 7)};
    *row = ddb_export_row(c->arena, &e);
    return true;
}

err dynamodb_describe_export(struct call *c, const struct dynamodb_describe_export_input *in, struct dynamodb_describe_export_output *out) {
    struct ddb_export e;
    str row;
    if (!row_of_arn(c, in->export_arn, &row)) return fail(c, &cloud_validation, "Invalid Export ARN");
    if (!str_eq(region_of(in->export_arn), c->region)) return fail(c, &dynamodb_export_not_found_exception, "Export not found: Invalid export arn");
    if (!ddb_export_load(c->txn, c->arena, row, &e))
        return fail(c, &dynamodb_export_not_found_exception, "Export not found: Export not found: %.*s", STR_ARGS(in->export_arn));
    out->export_description = describe(c, &e);
    return NULL;
}

/* Newest first; DIFFERS: without a table, table by table. As AWS: a table that is gone has none, nor has the next one of its name. */
err dynamodb_list_exports(struct call *c, const struct dynamodb_list_exports_input *in, struct dynamodb_list_exports_output *out) {
    u32 most = in->max_results.set ? (u32)in->max_results.v : PAGE;
    struct key k = exports_of(c->arena, c->account, c->region);
    struct ddb_table t = {0};
    struct arn arn;
    if (in->table_arn.p) {
        TRY(ddb_table_arn_check(c, in->table_arn));
        ASSERT(arn_parse(in->table_arn, &arn));
        t.name = str_skip(arn.resource, 6);
        key_str(&k, t.name);
        (void)ddb_table_load(c->txn, c->arena, c->account, c->region, t.name, &t);
    }
    str from = key_bytes(&k), to = key_after_prefix(c->arena, from), key, position = {0};
    if (in->next_token.p && !page_position(c, in->next_token, &to)) return ddb_token_wrong(c, in->next_token);
    out->export_summaries.v = NEW_ARRAY(c->arena, struct dynamodb_export_summary, most);
    out->export_summaries.set = true;
    struct range rows = txn_range_backwards(c->txn, from, to);
    while (str_cmp(from, to) < 0 && range_next(&rows, &key, NULL)) {
        struct ddb_export e;
        str row = arena_str(c->arena, key);
        ASSERT(ddb_export_load(c->txn, c->arena, row, &e));
        if (in->table_arn.p && !str_eq(e.table_id, t.id)) continue;
        if (out->export_summaries.n == most) {
            out->next_token = page_token(c, position);
            break;
        }
        position = row;
        out->export_summaries.v[out->export_summaries.n++] = (struct dynamodb_export_summary){
            ddb_export_arn(c->arena, &e), status(&e), e.incremental ? S("INCREMENTAL_EXPORT") : S("FULL_EXPORT")};
    }
    return NULL;
}
