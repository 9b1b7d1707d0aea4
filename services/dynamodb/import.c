/* ImportTable, DescribeImport, ListImports. */
#include "services/dynamodb/import.h"

#define IMPORT_TASK S("dynamodb.import")

enum { PAGE = 10, TOKEN_MS = 8 * 3600 * 1000 };

static const struct record_field import_fields[] = {
    RECORD_I64(1, struct ddb_import, state),           RECORD_I64(2, struct ddb_import, format),
    RECORD_STR(3, struct ddb_import, token),           RECORD_STR(4, struct ddb_import, input.bucket),
    RECORD_STR(5, struct ddb_import, input.owner),    RECORD_STR(6, struct ddb_import, input.prefix),
    RECORD_STR(7, struct ddb_import, input.compression),     RECORD_STR(8, struct ddb_import, delimiter),
    RECORD_STR(9, struct ddb_import, table_record),    RECORD_LIST(10, struct ddb_import, headers, ddb_name_record),
    RECORD_I64(11, struct ddb_import, start_ms),       RECORD_I64(12, struct ddb_import, end_ms),
    RECORD_I64(13, struct ddb_import, processed_bytes), RECORD_I64(14, struct ddb_import, processed),
    RECORD_I64(15, struct ddb_import, imported),       RECORD_I64(16, struct ddb_import, errors),
    RECORD_STR(17, struct ddb_import, failure_code),   RECORD_STR(18, struct ddb_import, failure_message),
    RECORD_STR(19, struct ddb_import, caller),         RECORD_STR(20, struct ddb_import, input.object),
    RECORD_STR(21, struct ddb_import, input.etag),           RECORD_STR(22, struct ddb_import, input.after),
    RECORD_STR(23, struct ddb_import, input.spool),          RECORD_I64(24, struct ddb_import, input.offset),
    RECORD_I64(25, struct ddb_import, input.length),         RECORD_I64(26, struct ddb_import, input.index),
    RECORD_LIST(27, struct ddb_import, columns, ddb_name_record), RECORD_I64(28, struct ddb_import, input.objects),
    RECORD_STR(29, struct ddb_import, table),          RECORD_BOOL(30, struct ddb_import, sse),
    RECORD_BOOL(31, struct ddb_import, sse_enabled),   RECORD_STR(32, struct ddb_import, sse_type),
    RECORD_STR(33, struct ddb_import, sse_key),
};
static const struct record_type import_record = RECORD_TYPE(struct ddb_import, import_fields);

static struct key imports_of(struct arena *a, str account, str region) {
    struct key k = key_new(a, S("dynamodb"));
    key_str(&k, account);
    key_str(&k, region);
    key_str(&k, S("import"));
    return k;
}

str ddb_import_row(struct arena *a, const struct ddb_import *m) {
    struct key k = imports_of(a, m->account, m->region);
    key_str(&k, m->id);
    return key_bytes(&k);
}

bool ddb_import_load(struct txn *t, struct arena *a, str row, struct ddb_import *m) {
    str value, part, rest = arena_str(a, row);
    *m = (struct ddb_import){0};
    return txn_get(t, row, &value) && record_decode(a, &import_record, arena_str(a, value), m) && key_read_str(&rest, a, &part)
        && key_read_str(&rest, a, &m->account) && key_read_str(&rest, a, &m->region) && key_read_str(&rest, a, &part)
        && key_read_str(&rest, a, &m->id);
}

void ddb_import_save(struct txn *t, struct arena *a, const struct ddb_import *m) { txn_put(t, ddb_import_row(a, m), record_encode(a, &import_record, m)); }

void ddb_import_go(struct txn *t, struct arena *a, const struct ddb_import *m) {
    txn_task_set(t, &(struct task){.kind = IMPORT_TASK, .key = ddb_import_row(a, m)});
}

void ddb_import_release(struct txn *t, str row) {
    struct ddb_import m = {0};
    ASSERT(record_decode(txn_arena(t), &import_record, row, &m));
    if (m.input.spool.p) txn_blob_delete(t, m.input.spool);
}

str ddb_import_arn(struct arena *a, const struct ddb_import *m) {
    return arn_format(a, S("dynamodb"), m->region, m->account, arena_format(a, "table/%.*s/import/%.*s", STR_ARGS(m->table), STR_ARGS(m->id)));
}

/* ---- told ---- */

static str status(const struct ddb_import *m) {
    return m->state == DDB_IMPORT_DONE ? S("COMPLETED") : m->state == DDB_IMPORT_FAILED ? S("FAILED") : S("IN_PROGRESS");
}

static str format_name(const struct ddb_import *m) {
    return m->format == DDB_FORMAT_CSV ? S("CSV") : m->format == DDB_FORMAT_ION ? S("ION") : S("DYNAMODB_JSON");
}

static str log_group(struct arena *a, const struct ddb_import *m) {
    return arn_format(a, S("logs"), m->region, m->account, arena_format(a, "log-group:%.*s:*", STR_ARGS(DDB_IMPORT_LOG)));
}

static struct dynamodb_s3_bucket_source *source(struct arena *a, const struct ddb_import *m) {
    struct dynamodb_s3_bucket_source *s = NEW(a, struct dynamodb_s3_bucket_source);
    *s = (struct dynamodb_s3_bucket_source){.s3_bucket = m->input.bucket, .s3_bucket_owner = m->input.owner.p ? m->input.owner : m->account, .s3_key_prefix = m->input.prefix};
    return s;
}

static struct dynamodb_table_creation_parameters *parameters(struct call *c, const struct ddb_import *m, const struct dynamodb_table_description *d,
                                                             const struct ddb_table *t) {
    struct dynamodb_table_creation_parameters *p = NEW(c->arena, struct dynamodb_table_creation_parameters);
    p->table_name = m->table;
    p->attribute_definitions = d->attribute_definitions;
    p->key_schema = d->key_schema;
    p->billing_mode = t->on_demand ? S("PAY_PER_REQUEST") : S("PROVISIONED");
    p->on_demand_throughput = d->on_demand_throughput;
    if (m->sse) {
        p->sse_specification = NEW(c->arena, struct dynamodb_sse_specification);
        *p->sse_specification = (struct dynamodb_sse_specification){{m->sse_enabled, m->sse_enabled}, m->sse_type, m->sse_key};
    }
    if (!t->on_demand) {
        p->provisioned_throughput = NEW(c->arena, struct dynamodb_provisioned_throughput);
        *p->provisioned_throughput = (struct dynamodb_provisioned_throughput){SOME_I64(t->throughput.read), SOME_I64(t->throughput.write)};
    }
    p->global_secondary_indexes.set = d->global_secondary_indexes.set;
    p->global_secondary_indexes.v = NEW_ARRAY(c->arena, struct dynamodb_global_secondary_index, d->global_secondary_indexes.n + 1);
    for (u32 i = 0; i < d->global_secondary_indexes.n; i++) {
        const struct dynamodb_global_secondary_index_description *x = &d->global_secondary_indexes.v[i];
        struct dynamodb_global_secondary_index *made = &p->global_secondary_indexes.v[p->global_secondary_indexes.n++];
        *made = (struct dynamodb_global_secondary_index){.index_name = x->index_name, .key_schema = x->key_schema, .projection = x->projection};
        if (t->on_demand || !x->provisioned_throughput) continue;
        made->provisioned_throughput = NEW(c->arena, struct dynamodb_provisioned_throughput);
        made->provisioned_throughput->read_capacity_units = x->provisioned_throughput->read_capacity_units;
        made->provisioned_throughput->write_capacity_units = x->provisioned_throughput->write_capacity_units;
    }
    p->vector_indexes.set = d->vector_indexes.set;
    p->vector_indexes.v = NEW_ARRAY(c->arena, struct dynamodb_vector_index, d->vector_indexes.n + 1);
    for (u32 i = 0; i < d->vector_indexes.n; i++) {
        const struct dynamodb_vector_index_description *x = &d->vector_indexes.v[i];
        p->vector_indexes.v[p->vector_indexes.n++] =
            (struct dynamodb_vector_index){x->index_name, x->vector_attribute, x->search_schema, x->projection, x->dimensions, x->distance_function};
    }
    return p;
}

static struct dynamodb_import_table_description *describe(struct call *c, const struct ddb_import *m) {
    struct dynamodb_import_table_description *d = NEW(c->arena, struct dynamodb_import_table_description);
    struct dynamodb_table_description table = {0};
    struct ddb_table t = {0};
    ASSERT(record_decode(c->arena, &ddb_table_record, m->table_record, &t));
    t.account = m->account;
    t.region = m->region;
    t.name = m->table;
    ddb_describe(c, &t, &table);
    *d = (struct dynamodb_import_table_description){
        .import_arn = ddb_import_arn(c->arena, m), .import_status = status(m), .table_arn = table.table_arn, .table_id = t.id,
        .client_token = m->token, .s3_bucket_source = source(c->arena, m), .error_count = SOME_I64(m->errors),
        .cloudwatch_log_group_arn = log_group(c->arena, m), .input_format = format_name(m), .input_compression_type = m->input.compression,
        .table_creation_parameters = parameters(c, m, &table, &t), .start_time = SOME_TIME(m->start_ms),
        .failure_code = m->failure_code, .failure_message = m->failure_message};
    if (m->delimiter.p || m->headers.set) {
        d->input_format_options = NEW(c->arena, struct dynamodb_input_format_options);
        d->input_format_options->csv = NEW(c->arena, struct dynamodb_csv_options);
        d->input_format_options->csv->delimiter = m->delimiter;
        d->input_format_options->csv->header_list = (struct dynamodb_csv_header_list){NEW_ARRAY(c->arena, str, m->headers.n + 1), m->headers.n, m->headers.set};
        for (u32 i = 0; i < m->headers.n; i++) d->input_format_options->csv->header_list.v[i] = m->headers.v[i].text;
    }
    d->processed_size_bytes = SOME_I64(m->processed_bytes);
    d->processed_item_count = SOME_I64(m->processed);
    d->imported_item_count = SOME_I64(m->imported);
    if (m->end_ms) d->end_time = SOME_TIME(m->end_ms);
    return d;
}

/* ---- asked for ---- */

static err create(struct call *c, const struct dynamodb_table_creation_parameters *p, struct ddb_table *t) {
    struct dynamodb_create_table_input in = {.table_name = p->table_name, .attribute_definitions = p->attribute_definitions,
                                             .key_schema = p->key_schema, .billing_mode = p->billing_mode,
                                             .provisioned_throughput = p->provisioned_throughput, .on_demand_throughput = p->on_demand_throughput,
                                             .sse_specification = p->sse_specification, .global_secondary_indexes = p->global_secondary_indexes,
                                             .vector_indexes = p->vector_indexes};
    struct dynamodb_create_table_output out = {0};
    TRY(dynamodb_create_table(c, &in, &out));
    ASSERT(ddb_table_load(c->txn, c->arena, c->account, c->region, p->table_name, t));
    t->importing = true;
    ddb_table_save(c->txn, c->arena, t);
    return NULL;
}

static err read_options(struct call *c, const struct dynamodb_import_table_input *in, struct ddb_import *m) {
    const struct dynamodb_csv_options *csv = in->input_format_options ? in->input_format_options->csv : NULL;
    m->format = str_eq(in->input_format, S("CSV")) ? DDB_FORMAT_CSV : str_eq(in->input_format, S("ION")) ? DDB_FORMAT_ION : DDB_FORMAT_JSON;
    if (!csv) return NULL;
    if (m->format != DDB_FORMAT_CSV)
        return fail(c, &cloud_validation, "Invalid Request: Unsupported InputFormatOptions for the given input format: %.*s.", STR_ARGS(in->input_format));
    m->delimiter = csv->delimiter;
    m->headers = (struct ddb_names){NEW_ARRAY(c->arena, struct ddb_name, csv->header_list.n + 1), csv->header_list.n, csv->header_list.set};
    for (u32 i = 0; i < csv->header_list.n; i++) m->headers.v[i].text = csv->header_list.v[i];
    return NULL;
}

/* As AWS: two requests with one token must name one table; the rest may differ and is not looked at. */
static err seen_before(struct call *c, const struct dynamodb_import_table_input *in, str identity, struct ddb_import *m, bool *seen) {
    str row;
    *seen = false;
    if (!in->client_token.p) return NULL;
    enum idempotency before = idempotency_look(c, in->client_token, identity, &row);
    if (before == IDEMPOTENCY_MISMATCH)
        return fail(c, &dynamodb_import_conflict_exception, "Import conflict: Duplicate request detected with conflicting parameters");
    *seen = before == IDEMPOTENCY_SAME && ddb_import_load(c->txn, c->arena, row, m);
    return NULL;
}

err dynamodb_import_table(struct call *c, const struct dynamodb_import_table_input *in, struct dynamodb_import_table_output *out) {
    const struct dynamodb_table_creation_parameters *p = in->table_creation_parameters;
    const struct dynamodb_s3_bucket_source *s = in->s3_bucket_source;
    str arn = arn_of(c, S("dynamodb"), arena_concat(c->arena, S("table/"), p->table_name));
    struct ddb_import m = {.token = in->client_token, .input = {s->s3_bucket, s->s3_bucket_owner, s->s3_key_prefix, .compression = in->input_compression_type},
                           .start_ms = c->now_ms,
                           .account = c->account, .region = c->region, .table = p->table_name, .caller = caller_keep(c)};
    struct ddb_table t;
    bool seen;
    if (!m.input.compression.p) m.input.compression = S("NONE");
    if (p->sse_specification) { /* told as it was asked for, an alias as an alias */
        m.sse = true;
        m.sse_enabled = p->sse_specification->enabled.v;
        m.sse_type = p->sse_specification->sse_type;
        m.sse_key = p->sse_specification->kms_master_key_id;
    }
    if (!may(c, S("dynamodb:ImportTable"), arn)) return deny(c, S("dynamodb:ImportTable"), arn);
    TRY(seen_before(c, in, p->table_name, &m, &seen));
    if (!seen) {
        TRY(read_options(c, in, &m));
        TRY(create(c, p, &t));
        m.table_record = record_encode(c->arena, &ddb_table_record, &t);
        m.id = arena_format(c->arena, "%014lld-%.*s", (long long)c->now_ms, STR_ARGS(id_hex(c->arena, 8)));
        ddb_import_save(c->txn, c->arena, &m);
        ddb_import_go(c->txn, c->arena, &m);
        if (in->client_token.p) idempotency_store(c, in->client_token, p->table_name, ddb_import_row(c->arena, &m), TOKEN_MS);
    }
    out->import_table_description = describe(c, &m);
    return NULL;
}

/* ---- asked about ---- */

err dynamodb_describe_import(struct call *c, const struct dynamodb_describe_import_input *in, struct dynamodb_describe_import_output *out) {
    struct arn arn;
    struct ddb_import m;
    size_t slash = str_rfind_char(in->import_arn, '/');
    if (!arn_parse(in->import_arn, &arn) || str_find(arn.resource, S("/import/")) == STR_NONE)
        return fail(c, &cloud_validation, "Invalid Import ARN");
    struct ddb_import at = {.account = arn.account, .region = arn.region, .id = str_skip(in->import_arn, slash + 1)};
    bool here = str_eq(arn.region, c->region);
    if (!here || !ddb_import_load(c->txn, c->arena, ddb_import_row(c->arena, &at), &m) || !str_eq(ddb_import_arn(c->arena, &m), in->import_arn))
        return fail(c, &dynamodb_import_not_found_exception, "Import not found: %.*s", STR_ARGS(in->import_arn));
    out->import_table_description = describe(c, &m);
    return NULL;
}

static bool of_table(const struct ddb_import *m, str table_arn) {
    struct arn arn;
    if (!table_arn.p) return true;
    return arn_parse(table_arn, &arn) && str_starts(arn.resource, S("table/")) && str_eq(str_skip(arn.resource, 6), m->table);
}

/* Newest first. */
err dynamodb_list_imports(struct call *c, const struct dynamodb_list_imports_input *in, struct dynamodb_list_imports_output *out) {
    u32 most = in->page_size.set ? (u32)in->page_size.v : PAGE;
    struct key k = imports_of(c->arena, c->account, c->region);
    str from = key_bytes(&k), to = key_after_prefix(c->arena, from), key, position = {0};
    if (in->table_arn.p) TRY(ddb_table_arn_check(c, in->table_arn));
    if (in->next_token.p && !ddb_hex_position(c, in->next_token, &to)) return ddb_token_wrong(c, in->next_token);
    out->import_summary_list.v = NEW_ARRAY(c->arena, struct dynamodb_import_summary, most);
    out->import_summary_list.set = true;
    struct range rows = txn_range_backwards(c->txn, from, to);
    while (range_next(&rows, &key, NULL)) {
        struct ddb_import m;
        if (out->import_summary_list.n == most) {
            out->next_token = ddb_hex_token(c, position);
            break;
        }
        str row = arena_str(c->arena, key);
        ASSERT(ddb_import_load(c->txn, c->arena, row, &m));
        if (!of_table(&m, in->table_arn)) continue;
        position = row;
        struct dynamodb_import_summary *s = &out->import_summary_list.v[out->import_summary_list.n++];
        *s = (struct dynamodb_import_summary){.import_arn = ddb_import_arn(c->arena, &m), .import_status = status(&m),
                                              .table_arn = arn_of(c, S("dynamodb"), arena_concat(c->arena, S("table/"), m.table)),
                                              .s3_bucket_source = source(c->arena, &m), .cloudwatch_log_group_arn = log_group(c->arena, &m),
                                              .input_format = format_name(&m), .start_time = SOME_TIME(m.start_ms)};
        if (m.end_ms) s->end_time = SOME_TIME(m.end_ms);
    }
    return NULL;
}
