/* A question answered: on a worker, over tables in memory; what comes out is kept as a blob, and put into a bucket where
 * that was asked.
 *
 * DIFFERS: the dialect is DuckDB's, with the functions of Lake's that it names otherwise. */
#include "lake.h"

#include "crypto/crypto.h"
#include "gen/s3.h"
#include "text/gzip.h"
#include "text/json.h"

enum { MEMORY_BYTES = 1 << 30, TIME_MS = 600000, RESULTS_MAX = 64 << 20, COLUMNS_MAX = 1000 };

/* Lake's schemas, as DuckDB reads them out of an event: AWS's own, and one that came by a channel. */
static const char schema[] =
    "'{\"eventVersion\":\"VARCHAR\",\"userIdentity\":{\"type\":\"VARCHAR\",\"principalId\":\"VARCHAR\",\"arn\":\"VARCHAR\",\"accountId\":\"VARCHAR\","
    "\"accessKeyId\":\"VARCHAR\",\"userName\":\"VARCHAR\",\"sessionContext\":{\"attributes\":{\"creationDate\":\"TIMESTAMP\",\"mfaAuthenticated\":\"VARCHAR\"},"
    "\"sessionIssuer\":{\"type\":\"VARCHAR\",\"principalId\":\"VARCHAR\",\"arn\":\"VARCHAR\",\"accountId\":\"VARCHAR\",\"userName\":\"VARCHAR\"},"
    "\"sourceIdentity\":\"VARCHAR\"},\"invokedBy\":\"VARCHAR\",\"identityProvider\":\"VARCHAR\"},\"eventTime\":\"TIMESTAMP\",\"eventSource\":\"VARCHAR\","
    "\"eventName\":\"VARCHAR\",\"awsRegion\":\"VARCHAR\",\"sourceIPAddress\":\"VARCHAR\",\"userAgent\":\"VARCHAR\",\"errorCode\":\"VARCHAR\","
    "\"errorMessage\":\"VARCHAR\",\"requestParameters\":\"MAP(VARCHAR,VARCHAR)\",\"responseElements\":\"MAP(VARCHAR,VARCHAR)\","
    "\"additionalEventData\":\"MAP(VARCHAR,VARCHAR)\",\"requestID\":\"VARCHAR\",\"eventID\":\"VARCHAR\",\"readOnly\":\"BOOLEAN\","
    "\"resources\":[{\"accountId\":\"VARCHAR\",\"type\":\"VARCHAR\",\"ARN\":\"VARCHAR\"}],\"eventType\":\"VARCHAR\",\"apiVersion\":\"VARCHAR\","
    "\"managementEvent\":\"BOOLEAN\",\"recipientAccountId\":\"VARCHAR\",\"sharedEventID\":\"VARCHAR\",\"vpcEndpointId\":\"VARCHAR\","
    "\"eventCategory\":\"VARCHAR\",\"tlsDetails\":{\"tlsVersion\":\"VARCHAR\",\"cipherSuite\":\"VARCHAR\",\"clientProvidedHostHeader\":\"VARCHAR\"}}'";

static const char channel_schema[] =
    "'{\"eventVersion\":\"VARCHAR\",\"eventCategory\":\"VARCHAR\",\"eventType\":\"VARCHAR\",\"eventID\":\"VARCHAR\",\"eventTime\":\"TIMESTAMP\",\"awsRegion\":\"VARCHAR\","
    "\"recipientAccountId\":\"VARCHAR\",\"addendum\":{\"reason\":\"VARCHAR\",\"updatedFields\":\"VARCHAR\",\"originalUID\":\"VARCHAR\",\"originalEventID\":\"VARCHAR\"},"
    "\"metadata\":{\"ingestionTime\":\"TIMESTAMP\",\"channelARN\":\"VARCHAR\"},\"eventData\":{\"version\":\"VARCHAR\",\"userIdentity\":{\"type\":\"VARCHAR\","
    "\"principalId\":\"VARCHAR\",\"details\":\"MAP(VARCHAR,VARCHAR)\"},\"userAgent\":\"VARCHAR\",\"eventSource\":\"VARCHAR\",\"eventName\":\"VARCHAR\","
    "\"eventTime\":\"TIMESTAMP\",\"UID\":\"VARCHAR\",\"requestParameters\":\"MAP(VARCHAR,VARCHAR)\",\"responseElements\":\"MAP(VARCHAR,VARCHAR)\","
    "\"errorCode\":\"VARCHAR\",\"errorMessage\":\"VARCHAR\",\"sourceIPAddress\":\"VARCHAR\",\"recipientAccountId\":\"VARCHAR\","
    "\"additionalEventData\":\"MAP(VARCHAR,VARCHAR)\"}}'";

/* Functions of Lake's dialect under the names that DuckDB has for them. */
static const char *const dialect[] = {
    "CREATE MACRO element_at(container, k) AS container[k]",
    "CREATE MACRO approx_distinct(v) AS approx_count_distinct(v)",
    "CREATE MACRO json_extract_scalar(j, path) AS json_extract_string(j, path)",
    "CREATE MACRO from_iso8601_timestamp(t) AS CAST(t AS TIMESTAMP)",
    "CREATE MACRO regexp_like(s, pattern) AS regexp_matches(s, pattern)",
    ("CREATE MACRO date_add(unit, n, t) AS t + CASE lower(unit) WHEN 'second' THEN to_seconds(n) WHEN 'minute' THEN to_minutes(n) WHEN 'hour' THEN to_hours(n) "
    "WHEN 'day' THEN to_days(n::INTEGER) WHEN 'week' THEN to_weeks(n::INTEGER) WHEN 'month' THEN to_months(n::INTEGER) ELSE to_years(n::INTEGER) END"),
};

bool ct_sql_tables(struct sql *sql, struct arena *a, const struct ct_store *stores, u32 n, struct ct_lake *lakes, i64 *events, i64 *bytes) {
    for (u32 i = 0; i < n; i++) {
        const char *make = arena_c_string(a, arena_format(a, "CREATE TABLE \"%.*s\" AS SELECT unnest(json_transform(line, %s)), line AS eventJson FROM lines", STR_ARGS(stores[i].id),
                                                         ct_store_of_channels(&stores[i]) ? channel_schema : schema));
        if (!sql_run(sql, "CREATE TABLE lines (line VARCHAR)")) return false;
        if (lakes && (!sql_fill_begin(sql, "lines") || !ct_lake_fill(&lakes[i], sql, events, bytes) || !sql_fill_end(sql))) return false;
        if (!sql_run(sql, make) || !sql_run(sql, "DROP TABLE lines")) return false;
    }
    for (size_t i = 0; i < LENGTH(dialect); i++)
        if (!sql_run(sql, dialect[i])) return false;
    return sql_shut(sql);
}

/* ---- StartQuery looks at the statement before it takes it ---- */

static struct ct_store *stores_of(struct call *c, const str *ids, u32 n) {
    struct ct_store *stores = NEW_ARRAY(c->arena, struct ct_store, n + 1);
    for (u32 i = 0; i < n; i++)
        if (!ct_store_load(c->txn, c->arena, ct_store_row(c->arena, c->account, c->region, ids[i]), &stores[i])) stores[i] = (struct ct_store){.id = ids[i]}; /* it has no events */
    return stores;
}

err cloudtrail_start_query_prepare(struct call *c, const struct cloudtrail_start_query_request *in, struct call_plan *plan) {
    str ids[QUERY_STORES_MAX];
    u32 n = 0;
    (void)plan;
    if (!in->query_statement.n) return NULL; /* the handler says it */
    struct sql *sql = sql_open(c->arena, &(struct sql_limits){MEMORY_BYTES, TIME_MS});
    if (!sql) return fail(c, &cloudtrail_unsupported_operation_exception, "%s", sql_missing());
    str statement = ct_query_read(c->arena, in->query_statement, ids, &n);
    i64 none = 0;
    struct ct_store *stores = stores_of(c, ids, n);
    if (ct_sql_tables(sql, c->arena, stores, n, NULL, &none, &none) && sql_check(sql, statement)) return NULL;
    str problem = sql_problem(sql);
    return fail(c, &cloudtrail_invalid_query_statement_exception, "%.*s", STR_ARGS(problem));
}

/* ---- the run ---- */

struct run {
    struct stream *results, *csv, *sign;
    str status, error, columns, file;
    i64 took_ms, rows, events, bytes;
    bool sealed;
};

struct asking { /* of the thread that looks after the question */
    struct store *store;
    str row;
};

static bool go_on(void *context) {
    struct asking *asking = context;
    struct arena a = {0};
    struct txn *t = store_snapshot(asking->store, &a);
    struct ct_query q = {0};
    str row;
    bool on = txn_get(t, asking->row, &row) && record_decode(&a, &ct_query_record, arena_str(&a, row), &q) && str_eq(q.status, S("RUNNING"));
    store_snapshot_end(t);
    arena_free(&a);
    return on;
}

static void add_csv(struct buf *b, const str *v, u32 n) {
    for (u32 i = 0; i < n; i++) {
        if (i) buf_char(b, ',');
        if (!v[i].p) continue;
        buf_char(b, '"');
        for (size_t k = 0; k < v[i].n; k++) {
            if (v[i].p[k] == '"') buf_char(b, '"');
            buf_char(b, v[i].p[k]);
        }
        buf_char(b, '"');
    }
    buf_char(b, '\n');
}

static void add_json(struct buf *b, const str *v, u32 n) {
    json_write_array(b);
    for (u32 i = 0; i < n; i++) {
        if (v[i].p) json_write_string(b, v[i]);
        else json_write_null(b);
    }
    json_write_array_end(b);
}

static void fail_run(struct run *r, str status, str problem) {
    r->status = status;
    r->error = problem;
}

/* Sealed with the key of one of the stores, if one has a key. */
static void collect(struct sql *sql, struct call *c, struct store *store, struct run *r, bool delivered, const struct data_key *key) {
    struct arena *a = c->arena;
    struct buf b = buf_new(a, RESULTS_MAX), csv = buf_new(a, RESULTS_MAX), names = buf_new(a, 1 << 20), line = buf_new(a, RESULTS_MAX);
    const str *columns;
    u32 n = sql_columns(sql, &columns);
    str *v = NEW_ARRAY(a, str, n + 1);
    add_json(&names, columns, n);
    if (delivered) add_csv(&csv, columns, n);
    for (; sql_next_row(sql, v); r->rows++) {
        line.n = 0;
        add_json(&line, v, n);
        buf_add(&b, buf_str(&line));
        buf_char(&b, '\n');
        if (delivered) add_csv(&csv, v, n);
    }
    if (b.over || csv.over || names.over || line.over) {
        fail_run(r, S("FAILED"), S("The results are larger than 64 MiB."));
        return;
    }
    r->columns = buf_str(&names);
    str lines = b.n ? buf_str(&b) : S("");
    r->sealed = key != NULL;
    r->results = stream_stage(store, a, key ? data_key_seal(c, key, lines) : lines);
    if (delivered) r->csv = stream_stage(store, a, r->file = gzip_of(a, buf_str(&csv)));
    if (!r->results || (delivered && !r->csv)) fail_run(r, S("FAILED"), S("The disk did not take the results."));
}

static void run_query(struct arena *a, const struct task *task, struct call *c, const struct ct_query *q, struct run *r, struct txn *t) {
    struct ct_lake *lakes = NEW_ARRAY(a, struct ct_lake, QUERY_STORES_MAX);
    str ids[QUERY_STORES_MAX];
    u32 n = 0;
    str statement = ct_query_read(a, q->statement, ids, &n);
    struct ct_store *stores = stores_of(c, ids, n);
    err e = NULL;
    for (u32 i = 0; i < n && !e; i++) e = ct_lake_open(c, &stores[i], &lakes[i]);
    store_snapshot_end(t); /* blobs are pinned, the rest is copied */
    if (e) {
        fail_run(r, S("FAILED"), c->error_message);
        return;
    }
    const struct data_key *key = NULL;
    for (u32 i = 0; i < n && !key; i++) key = lakes[i].key;
    struct sql *sql = sql_open(a, &(struct sql_limits){MEMORY_BYTES, TIME_MS});
    if (!sql) {
        fail_run(r, S("FAILED"), str_of(sql_missing()));
        return;
    }
    if (!ct_sql_tables(sql, a, stores, n, lakes, &r->events, &r->bytes)) {
        str problem = sql_problem(sql);
        fail_run(r, S("FAILED"), problem.n ? problem : S("The events could not be read."));
        return;
    }
    str *values = NEW_ARRAY(a, str, q->parameters.n + 1);
    for (u32 i = 0; i < q->parameters.n; i++) values[i] = q->parameters.v[i].text;
    struct asking asking = {task->store, task->key};
    enum sql_outcome outcome = sql_ask(sql, statement, values, q->parameters.n, go_on, &asking);
    if (outcome == SQL_DONE) collect(sql, c, task->store, r, q->delivery_uri.n > 0, key);
    else if (outcome == SQL_LATE) fail_run(r, S("TIMED_OUT"), S("The query took longer than 10 minutes."));
    else if (outcome == SQL_REFUSED) fail_run(r, S("FAILED"), sql_problem(sql));
    else r->status = S("CANCELLED");
}

err ct_query_perform(struct arena *a, const struct task *task, str *result) {
    struct txn *t = store_snapshot(task->store, a);
    struct run *r = NEW(a, struct run);
    struct ct_query q = {0};
    str row, rest = arena_str(a, task->key), part, account, region;
    *r = (struct run){.status = S("FINISHED")};
    *result = (str){(const char *)r, sizeof *r}; /* of this process: settled in the same flight */
    if (!txn_owner(t) || !txn_get(t, task->key, &row)) {
        store_snapshot_end(t);
        return &store_unavailable;
    }
    ASSERT(record_decode(a, &ct_query_record, arena_str(a, row), &q));
    ASSERT(key_read_str(&rest, a, &part) && key_read_str(&rest, a, &account) && key_read_str(&rest, a, &region));
    i64 from_ms = wall_now_ms();
    run_query(a, task, call_for_task(t, &cloudtrail_service, account, region, task->due_ms), &q, r, t);
    r->took_ms = wall_now_ms() - from_ms;
    return NULL;
}

/* ---- settled ---- */

static str put(struct call *c, str bucket, str key, struct stream *body, const char *type) {
    struct s3_put_object_request in = {.bucket = bucket, .key = key, .body = body, .content_type = str_of(type)};
    struct s3_put_object_output out;
    err e = call_service(c, &(struct call_other){.service = &s3_service, .op = S3_OP_PUT_OBJECT, .as = CALL_AS_SERVICE}, &in, &out);
    return !e ? S("SUCCESS") : e == &s3_no_such_bucket ? S("RESOURCE_NOT_FOUND") : e == &cloud_access_denied ? S("ACCESS_DENIED") : S("FAILED");
}

static str deliver(struct call *c, const struct ct_query *q, str id, const struct run *r, i64 now_ms) {
    str rest = str_skip(q->delivery_uri, 5), bucket = str_cut(&rest, '/');
    struct civil_time at = civil_of(now_ms);
    while (str_ends(rest, S("/"))) rest = str_take(rest, rest.n - 1);
    str key = arena_format(c->arena, "%.*s%sAWSLogs/%.*s/CloudTrail-Lake/Query/%04lld/%02d/%02d/%.*s/result_1.csv.gz", STR_ARGS(rest), rest.n ? "/" : "", STR_ARGS(c->account),
                           (long long)at.year, at.month, at.day, STR_ARGS(id));
    return put(c, bucket, key, r->csv, "application/x-gzip");
}

err ct_query_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms) {
    struct arena *a = txn_arena(t);
    const struct run *r = (const void *)result.p;
    struct ct_query q = {0};
    str row, rest = arena_str(a, task->key), part, account, region, id;
    if (!txn_get(t, task->key, &row)) return NULL;
    ASSERT(record_decode(a, &ct_query_record, arena_str(a, row), &q));
    if (!str_eq(q.status, S("RUNNING"))) return NULL; /* cancelled */
    if (outcome) {
        txn_task_set(t, task);
        return NULL;
    }
    ASSERT(key_read_str(&rest, a, &part) && key_read_str(&rest, a, &account) && key_read_str(&rest, a, &region) && key_read_str(&rest, a, &part) && key_read_str(&rest, a, &id));
    struct call *c = call_for_task(t, &cloudtrail_service, account, region, now_ms);
    q.status = r->status;
    q.error = r->error;
    q.columns = r->columns;
    q.took_ms = r->took_ms;
    q.rows = r->rows;
    q.events = r->events;
    q.bytes = r->bytes;
    q.sealed = r->sealed;
    if (r->results) q.results = stream_adopt(c, r->results);
    if (q.delivery_uri.n) q.delivery_status = r->csv && str_eq(q.status, S("FINISHED")) ? deliver(c, &q, id, r, now_ms) : S("FAILED");
    txn_put(t, arena_str(a, task->key), record_encode(a, &ct_query_record, &q));
    return NULL;
}
