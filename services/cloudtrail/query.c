/* Questions in SQL to event data stores: asked, looked at, read page by page, cancelled. What came of one is kept for
 * seven days. Rows: ("cloudtrail", account, region, "query", id); ("cloudtrail", account, region, "query-of", store id,
 * ms counted backwards, id) -> nothing. */
#include "lake.h"

#include "text/json.h"

enum { RUNNING_MAX = 10, KEPT_DAYS = 7, PAGE_MAX = 1000 };

str ct_query_row(struct arena *a, str account, str region, str id) {
    struct key k = key_new(a, S("cloudtrail"));
    key_str(&k, account);
    key_str(&k, region);
    key_str(&k, S("query"));
    if (id.p) key_str(&k, id);
    return key_bytes(&k);
}

static str index_row(struct arena *a, str account, str region, str store, i64 created_ms, str id) {
    struct key k = key_new(a, S("cloudtrail"));
    key_str(&k, account);
    key_str(&k, region);
    key_str(&k, S("query-of"));
    key_str(&k, store);
    if (id.p) key_i64(&k, INT64_MAX - created_ms);
    if (id.p) key_str(&k, id);
    return key_bytes(&k);
}

bool ct_query_load(struct call *c, str id, struct ct_query *q) {
    str row;
    *q = (struct ct_query){0};
    if (!txn_get(c->txn, ct_query_row(c->arena, c->account, c->region, id), &row)) return false;
    ASSERT(record_decode(c->arena, &ct_query_record, arena_str(c->arena, row), q));
    return true;
}

static err open_query(struct call *c, str id, struct ct_query *q) {
    if (ct_query_load(c, id, q)) return NULL;
    return fail(c, &cloudtrail_query_id_not_found_exception, "The query %.*s does not exist.", STR_ARGS(id));
}

/* ---- StartQuery ---- */

static err check_running(struct call *c) {
    str from = ct_query_row(c->arena, c->account, c->region, (str){0}), row;
    struct range r = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    u32 running = 0;
    while (range_next(&r, NULL, &row)) {
        struct ct_query q = {0};
        ASSERT(record_decode(c->arena, &ct_query_record, arena_str(c->arena, row), &q));
        running += str_eq(q.status, S("RUNNING"));
    }
    if (running < RUNNING_MAX) return NULL;
    return fail(c, &cloudtrail_max_concurrent_queries_exception, "You are already running the maximum number of concurrent queries.");
}

err cloudtrail_start_query(struct call *c, const struct cloudtrail_start_query_request *in, struct cloudtrail_start_query_response *out) {
    struct ct_query q = {.statement = in->query_statement, .status = S("RUNNING"), .alias = in->query_alias, .delivery_uri = in->delivery_s3_uri, .created_ms = c->now_ms};
    str ids[QUERY_STORES_MAX], id = id_uuid(c->arena);
    u32 n = 0;
    struct ct_store s;
    if (!in->query_statement.n) return fail(c, &cloudtrail_invalid_parameter_exception, "QueryStatement is required.");
    if (in->delivery_s3_uri.p && !str_starts(in->delivery_s3_uri, S("s3://")))
        return fail(c, &cloudtrail_invalid_parameter_exception, "DeliveryS3Uri is not the URI of a bucket.");
    (void)ct_query_read(c->arena, in->query_statement, ids, &n);
    if (!n) return fail(c, &cloudtrail_invalid_query_statement_exception, "The query names no event data store in its FROM clause.");
    for (u32 i = 0; i < n; i++) {
        TRY(ct_store_open_active(c, ids[i], &s));
        struct auth_facts facts = {.resource_policy = s.policy, .resource_account = s.account};
        if (i && !may_with(c, S("cloudtrail:StartQuery"), s.arn, &facts)) return deny(c, S("cloudtrail:StartQuery"), s.arn);
        TRY(ct_key_check(c, &s));
        q.stores = i ? arena_format(c->arena, "%.*s %.*s", STR_ARGS(q.stores), STR_ARGS(ids[i])) : ids[i];
        txn_put(c->txn, index_row(c->arena, c->account, c->region, ids[i], c->now_ms, id), S(""));
    }
    TRY(check_running(c));
    q.parameters = (struct ct_words){.v = NEW_ARRAY(c->arena, struct ct_word, in->query_parameters.n + 1), .n = in->query_parameters.n, .set = true};
    for (u32 i = 0; i < in->query_parameters.n; i++) q.parameters.v[i].text = in->query_parameters.v[i];
    if (q.delivery_uri.n) q.delivery_status = S("PENDING");
    str row = ct_query_row(c->arena, c->account, c->region, id);
    txn_put(c->txn, row, record_encode(c->arena, &ct_query_record, &q));
    txn_task_set(c->txn, &(struct task){.kind = S("cloudtrail-query"), .key = row});
    txn_task_set(c->txn, &(struct task){.kind = S("cloudtrail-query-forget"), .key = row, .due_ms = c->now_ms + (i64)KEPT_DAYS * DAY_MS});
    out->query_id = id;
    return NULL;
}

err cloudtrail_cancel_query(struct call *c, const struct cloudtrail_cancel_query_request *in, struct cloudtrail_cancel_query_response *out) {
    struct ct_query q;
    TRY(open_query(c, in->query_id, &q));
    if (!str_eq(q.status, S("RUNNING"))) return fail(c, &cloudtrail_inactive_query_exception, "The query %.*s is not running.", STR_ARGS(in->query_id));
    q.status = S("CANCELLED");
    if (q.delivery_uri.n) q.delivery_status = S("CANCELLED");
    txn_put(c->txn, ct_query_row(c->arena, c->account, c->region, in->query_id), record_encode(c->arena, &ct_query_record, &q));
    out->query_id = in->query_id;
    out->query_status = q.status;
    return NULL;
}

err ct_query_forget(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct ct_query q = {0};
    str row, rest = arena_str(a, task->key), part, account, region, id;
    (void)now_ms;
    if (!txn_get(t, task->key, &row)) return NULL;
    ASSERT(record_decode(a, &ct_query_record, arena_str(a, row), &q));
    ASSERT(key_read_str(&rest, a, &part) && key_read_str(&rest, a, &account) && key_read_str(&rest, a, &region) && key_read_str(&rest, a, &part) && key_read_str(&rest, a, &id));
    for (str stores = q.stores; stores.n;) txn_delete(t, index_row(a, account, region, str_cut(&stores, ' '), q.created_ms, id));
    if (q.results.n) txn_blob_delete(t, q.results);
    txn_delete(t, arena_str(a, task->key));
    return NULL;
}

/* ---- looked at ---- */

err cloudtrail_describe_query(struct call *c, const struct cloudtrail_describe_query_request *in, struct cloudtrail_describe_query_response *out) {
    struct ct_query q;
    if (!in->query_id.p) return fail(c, &cloudtrail_invalid_parameter_exception, "QueryId is required.");
    TRY(open_query(c, in->query_id, &q));
    *out = (struct cloudtrail_describe_query_response){.query_id = in->query_id, .query_string = q.statement, .query_status = q.status, .error_message = q.error,
                                                       .delivery_s3_uri = q.delivery_uri, .delivery_status = q.delivery_status};
    out->query_statistics = NEW(c->arena, struct cloudtrail_query_statistics_for_describe_query);
    *out->query_statistics = (struct cloudtrail_query_statistics_for_describe_query){.events_matched = SOME_I64(q.rows), .events_scanned = SOME_I64(q.events), .bytes_scanned = SOME_I64(q.bytes),
                                                                                     .execution_time_in_millis = SOME_I32((i32)q.took_ms), .creation_time = SOME_TIME(q.created_ms)};
    return NULL;
}

err cloudtrail_list_queries(struct call *c, const struct cloudtrail_list_queries_request *in, struct cloudtrail_list_queries_response *out) {
    struct ct_store s;
    TRY(ct_store_open_active(c, in->event_data_store, &s));
    str from = index_row(c->arena, c->account, c->region, s.id, 0, (str){0}), key, position;
    struct range r = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    u32 max = in->max_results.set ? (u32)in->max_results.v : PAGE_MAX;
    if (in->next_token.p && !page_position(c, in->next_token, &position)) return fail(c, &cloudtrail_invalid_next_token_exception, "Invalid NextToken value.");
    if (in->next_token.p) range_seek(&r, position);
    out->queries = (struct cloudtrail_queries){.v = NEW_ARRAY(c->arena, struct cloudtrail_query, max + 1), .set = true};
    while (range_next(&r, &key, NULL)) {
        struct ct_query q;
        str rest = str_skip(arena_str(c->arena, key), from.n), id;
        i64 back;
        ASSERT(key_read_i64(&rest, &back) && key_read_str(&rest, c->arena, &id) && ct_query_load(c, id, &q));
        if ((in->query_status.p && !str_eq(q.status, in->query_status)) || (in->start_time.set && q.created_ms < in->start_time.ms)
            || (in->end_time.set && q.created_ms > in->end_time.ms)) continue;
        if (out->queries.n == max) {
            out->next_token = page_token(c, arena_str(c->arena, key));
            break;
        }
        out->queries.v[out->queries.n++] = (struct cloudtrail_query){.query_id = id, .query_status = q.status, .creation_time = SOME_TIME(q.created_ms)};
    }
    return NULL;
}

/* ---- results: a JSON array a line; a page ends where its last line does ---- */

static u32 read_array(struct arena *a, str json, str *v, u32 max) {
    struct json_reader r = json_reader_new(a, json, json_default_limits);
    u32 n = 0;
    if (json_read_array(&r))
        while (json_read_item(&r)) {
            str value = {0};
            if (json_peek(&r) == JSON_NULL) json_skip(&r);
            else (void)!json_read_string(&r, &value);
            if (n < max) v[n++] = value;
        }
    ASSERT(json_done(&r)); /* we wrote it */
    return n;
}

static void add_row(struct call *c, struct cloudtrail_query_result_rows *rows, const str *names, const str *values, u32 n) {
    struct cloudtrail_query_result_row *row = &rows->v[rows->n++];
    *row = (struct cloudtrail_query_result_row){.v = NEW_ARRAY(c->arena, struct cloudtrail_query_result_column, n + 1), .n = n, .set = true};
    for (u32 i = 0; i < n; i++) {
        row->v[i] = (struct cloudtrail_query_result_column){.v = NEW(c->arena, struct cloudtrail_query_result_column_entry), .n = 1, .set = true};
        row->v[i].v[0] = (struct cloudtrail_query_result_column_entry){names[i], values[i].p ? values[i] : S("")};
    }
}

enum { COLUMNS_MAX = 1000, CHUNK = 1 << 20 };

/* The results from there on: as much as a page can need. */
static err read_chunk(struct call *c, const struct ct_query *q, u64 from, str *chunk, u64 *length) {
    struct blob_reader *reader = blob_open(c->txn, q->results, c->arena);
    u64 stored = blob_length(q->results), at = q->sealed ? 0 : from;
    if (at > stored) return fail(c, &cloudtrail_invalid_next_token_exception, "Invalid NextToken value.");
    size_t n = (size_t)(q->sealed ? stored : MIN(stored - at, (u64)CHUNK));
    char *bytes = arena_alloc(c->arena, n + 1, 1);
    if (!blob_read(reader, at, bytes, n)) return fail(c, &cloud_internal_failure, "The results are damaged.");
    *chunk = (str){bytes, n};
    *length = stored;
    if (!q->sealed) return NULL;
    str all;
    TRY(ct_results_open(c, *chunk, &all));
    if (from > all.n) return fail(c, &cloudtrail_invalid_next_token_exception, "Invalid NextToken value.");
    *length = all.n;
    *chunk = str_take(str_skip(all, (size_t)from), MIN(all.n - (size_t)from, (size_t)CHUNK));
    return NULL;
}

static err read_page(struct call *c, const struct ct_query *q, u64 from, u32 max, struct cloudtrail_get_query_results_response *out) {
    str rest, *names = NEW_ARRAY(c->arena, str, COLUMNS_MAX), *values = NEW_ARRAY(c->arena, str, COLUMNS_MAX);
    u32 columns = read_array(c->arena, q->columns, names, COLUMNS_MAX);
    u64 length = 0;
    TRY(read_chunk(c, q, from, &rest, &length));
    size_t n = rest.n;
    while (rest.n && out->query_result_rows.n < max) {
        size_t end = str_find_char(rest, '\n');
        if (end == STR_NONE) break; /* the chunk ends within it */
        read_array(c->arena, str_take(rest, end), values, COLUMNS_MAX);
        add_row(c, &out->query_result_rows, names, values, columns);
        rest = str_skip(rest, end + 1);
    }
    u64 at = from + (n - rest.n);
    if (at == from && n) return fail(c, &cloud_internal_failure, "A row is larger than a page.");
    if (at < length) out->next_token = page_token(c, arena_format(c->arena, "%llu", (unsigned long long)at));
    return NULL;
}

err cloudtrail_get_query_results(struct call *c, const struct cloudtrail_get_query_results_request *in, struct cloudtrail_get_query_results_response *out) {
    struct ct_query q;
    str position;
    u64 from = 0;
    u32 max = in->max_query_results.set ? (u32)in->max_query_results.v : PAGE_MAX;
    TRY(open_query(c, in->query_id, &q));
    if (in->next_token.p && (!page_position(c, in->next_token, &position) || !str_to_u64(position, &from)))
        return fail(c, &cloudtrail_invalid_next_token_exception, "Invalid NextToken value.");
    out->query_status = q.status;
    out->error_message = q.error;
    out->query_result_rows = (struct cloudtrail_query_result_rows){.v = NEW_ARRAY(c->arena, struct cloudtrail_query_result_row, max + 1), .set = true};
    if (str_eq(q.status, S("FINISHED"))) TRY(read_page(c, &q, from, max, out));
    out->query_statistics = NEW(c->arena, struct cloudtrail_query_statistics);
    *out->query_statistics = (struct cloudtrail_query_statistics){.results_count = SOME_I32((i32)out->query_result_rows.n), .total_results_count = SOME_I32((i32)q.rows), .bytes_scanned = SOME_I64(q.bytes)};
    return NULL;
}
