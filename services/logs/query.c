/* StartQuery, StopQuery, GetQueryResults, DescribeQueries. */
#include "query.h"

#include "insights.h"

enum { GROUPS_MAX = 50, SOURCE_MAX = 1000, OPEN_MAX = 100, PAGE_MAX = 10000, ROWS_DEFAULT = 10000, DESCRIBED_MAX = 1000 };
static const i64 KEPT_MS = 7 * 24 * 3600 * 1000LL;

/* ---- rows ---- */

static const struct record_field query_fields[] = {
    RECORD_STR(1, struct log_query, text), RECORD_LIST(2, struct log_query, groups, record_pair_type), RECORD_I64(3, struct log_query, from_ms),
    RECORD_I64(4, struct log_query, to_ms), RECORD_I64(5, struct log_query, limit), RECORD_I64(6, struct log_query, created_ms),
    RECORD_I64(7, struct log_query, ended_ms), RECORD_STR(8, struct log_query, status), RECORD_STR(9, struct log_query, user),
    RECORD_F64(10, struct log_query, matched), RECORD_F64(11, struct log_query, scanned), RECORD_F64(12, struct log_query, bytes),
    RECORD_I64(13, struct log_query, rows), RECORD_STR(14, struct log_query, results), RECORD_F64(15, struct log_query, skipped), RECORD_F64(16, struct log_query, skipped_bytes),
};
const struct record_type logs_query_record = RECORD_TYPE(struct log_query, query_fields);
static const struct record_field row_fields[] = {RECORD_LIST(1, struct log_query_row, fields, record_pair_type)};
const struct record_type logs_query_row_record = RECORD_TYPE(struct log_query_row, row_fields);

struct key log_query_key(struct arena *a, str account, str region, str id) {
    struct key k = log_rows(a, account, region, S("query"));
    key_str(&k, id);
    return k;
}

/* The newest first; what it leads to is found by the id. */
static struct key by_time(struct arena *a, const struct log_query *q) {
    struct key k = log_rows(a, q->account, q->region, S("query-time"));
    key_i64(&k, -q->created_ms);
    key_str(&k, q->id);
    return k;
}

static struct key among_open(struct arena *a, str account, str region, str id) {
    struct key k = log_rows(a, account, region, S("query-open"));
    key_str(&k, id);
    return k;
}

bool log_query_load(struct txn *t, struct arena *a, str account, str region, str id, struct log_query *q) {
    struct key k = log_query_key(a, account, region, id);
    str row;
    if (!txn_get(t, key_bytes(&k), &row)) return false;
    ASSERT(record_decode(a, &logs_query_record, arena_str(a, row), q));
    q->account = account;
    q->region = region;
    q->id = id;
    return true;
}

void log_query_save(struct txn *t, struct arena *a, const struct log_query *q) {
    struct key k = log_query_key(a, q->account, q->region, q->id);
    txn_put(t, key_bytes(&k), record_encode(a, &logs_query_record, q));
}

bool log_query_is_open(const struct log_query *q) { return str_eq(q->status, S("Scheduled")) || str_eq(q->status, S("Running")); }

void log_query_close(struct txn *t, struct arena *a, struct log_query *q, str status, i64 now_ms) {
    struct key k = among_open(a, q->account, q->region, q->id);
    txn_delete(t, key_bytes(&k));
    q->status = status;
    q->ended_ms = now_ms;
    log_query_save(t, a, q);
}

err log_query_forget(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct log_query q = {0};
    str rest = task->key, room, account, region, type, id;
    ASSERT(key_read_str(&rest, a, &room) && key_read_str(&rest, a, &account) && key_read_str(&rest, a, &region) && key_read_str(&rest, a, &type) && key_read_str(&rest, a, &id));
    if (!log_query_load(t, a, account, region, id, &q)) return NULL;
    struct key time = by_time(a, &q), open = among_open(a, account, region, id);
    txn_delete(t, key_bytes(&time));
    txn_delete(t, key_bytes(&open));
    if (q.results.n) txn_blob_delete(t, q.results);
    txn_delete(t, task->key);
    (void)now_ms;
    return NULL;
}

void log_query_release(struct txn *t, struct arena *a, str type, str key, str row) {
    struct log_query q = {0};
    if (str_eq(type, S("query"))) {
        ASSERT(record_decode(a, &logs_query_record, arena_str(a, row), &q));
        if (q.results.n) txn_blob_delete(t, q.results);
        txn_task_cancel(t, S("logs-query"), key);
        txn_task_cancel(t, S("logs-query-forget"), key);
    }
    txn_delete(t, key);
}

/* ---- StartQuery ---- */

static err malformed(struct call *c, const struct insights_problem *problem) {
    struct logs_query_compile_error_location *place = NEW(c->arena, struct logs_query_compile_error_location);
    struct logs_query_compile_error *e = NEW(c->arena, struct logs_query_compile_error);
    struct logs_malformed_query_exception *members = NEW(c->arena, struct logs_malformed_query_exception);
    *place = (struct logs_query_compile_error_location){SOME_I32((i32)problem->start), SOME_I32((i32)problem->end)};
    *e = (struct logs_query_compile_error){place, problem->message};
    members->query_compile_error = e;
    return fail_with(c, &logs_malformed_query_exception, members, "%.*s", STR_ARGS(problem->message));
}

/* The overlay's decision is about the first group; each of the others is asked for, too. */
err logs_start_query_facts(struct call *c, const struct logs_start_query_request *in, struct auth_facts *facts);
static str first_group(const struct logs_start_query_request *in) {
    if (in->log_group_name.p) return in->log_group_name;
    if (in->log_group_names.n) return in->log_group_names.v[0];
    return in->log_group_identifiers.n ? in->log_group_identifiers.v[0] : (str){0};
}
static str resource_of(struct call *c, str identifier) {
    struct arn arn;
    str name;
    if (!log_group_names(c, identifier, &arn, &name)) return (str){0};
    return arena_format(c->arena, "arn:aws:logs:%.*s:%.*s:log-group:%.*s:log-stream:", STR_ARGS(arn.region), STR_ARGS(arn.account), STR_ARGS(name));
}
err logs_start_query_facts(struct call *c, const struct logs_start_query_request *in, struct auth_facts *facts) {
    str first = first_group(in);
    if (first.p) facts->resource_arn = resource_of(c, first);
    return NULL;
}

static err add_group(struct call *c, struct log_query *q, str identifier, bool first, i64 *oldest_ms) {
    struct arn arn;
    struct log_group group;
    str name;
    if (!log_group_names(c, identifier, &arn, &name)) return fail(c, &logs_invalid_parameter_exception, "The specified log group identifier is not valid.");
    str resource = resource_of(c, identifier);
    if (!first && !may(c, S("logs:StartQuery"), resource)) return deny(c, S("logs:StartQuery"), resource);
    bool here = str_eq(arn.account, c->account) && str_eq(arn.region, c->region);
    if (!here || !log_group_load(c->txn, c->arena, arn.account, arn.region, name, &group))
        return fail(c, &logs_resource_not_found_exception, "Log group '%.*s' does not exist for account ID '%.*s'", STR_ARGS(name), STR_ARGS(arn.account));
    for (u32 i = 0; i < q->groups.n; i++)
        if (str_eq(q->groups.v[i].key, name)) return NULL;
    q->groups.v[q->groups.n++].key = name;
    *oldest_ms = MIN(*oldest_ms, MAX(group.created_ms - 14 * day_ms, log_horizon_ms(&group, c->now_ms)));
    return NULL;
}

/* All groups of the account that the query's own SOURCE names; those that the caller may not ask are left out. */
static err choose_by_source(struct call *c, const struct insights_source *source, struct log_query *q) {
    struct key k = log_rows(c->arena, c->account, c->region, S("group"));
    str prefix = key_bytes(&k), key, row, name;
    struct range r = txn_range(c->txn, prefix, key_after_prefix(c->arena, prefix));
    struct log_group group;
    q->groups = (struct record_pairs){NEW_ARRAY(c->arena, struct record_pair, SOURCE_MAX), 0, true};
    while (range_next(&r, &key, &row)) {
        str rest = str_skip(arena_str(c->arena, key), prefix.n);
        bool wanted = !source->prefix_count, of_class = !source->class_count;
        ASSERT(key_read_str(&rest, c->arena, &name) && log_group_load(c->txn, c->arena, c->account, c->region, name, &group));
        for (u32 i = 0; i < source->prefix_count; i++) wanted |= str_starts(name, source->prefixes[i]);
        for (u32 i = 0; i < source->class_count; i++) of_class |= str_eq(group.class_name.p ? group.class_name : S("STANDARD"), source->classes[i]);
        if (!wanted || !of_class || !may(c, S("logs:StartQuery"), resource_of(c, name))) continue;
        if (q->groups.n == SOURCE_MAX) return fail(c, &logs_invalid_parameter_exception, "SOURCE names more than %d log groups.", SOURCE_MAX);
        q->groups.v[q->groups.n++].key = name;
    }
    if (!q->groups.n) return fail(c, &logs_invalid_parameter_exception, "SOURCE names no log group.");
    return NULL;
}

static err choose_groups(struct call *c, const struct logs_start_query_request *in, const struct insights_query *plan, struct log_query *q) {
    u32 ways = (in->log_group_name.p != NULL) + (in->log_group_names.n > 0) + (in->log_group_identifiers.n > 0), given = in->log_group_names.n + in->log_group_identifiers.n;
    i64 oldest_ms = INT64_MAX;
    if (!ways && insights_source(plan)->given) return choose_by_source(c, insights_source(plan), q);
    if (ways != 1) return fail(c, &logs_invalid_parameter_exception, "Exactly one of logGroupName, logGroupNames or logGroupIdentifiers must be specified.");
    if (given > GROUPS_MAX) return fail(c, &logs_invalid_parameter_exception, "At most %d log groups can be queried.", GROUPS_MAX);
    q->groups.v = NEW_ARRAY(c->arena, struct record_pair, given + 1);
    q->groups.set = true;
    if (in->log_group_name.p) TRY(add_group(c, q, in->log_group_name, true, &oldest_ms));
    for (u32 i = 0; i < in->log_group_names.n; i++) TRY(add_group(c, q, in->log_group_names.v[i], !i, &oldest_ms));
    for (u32 i = 0; i < in->log_group_identifiers.n; i++) TRY(add_group(c, q, in->log_group_identifiers.v[i], !i, &oldest_ms));
    if (q->to_ms >= oldest_ms) return NULL;
    /* No group can hold events of that time: they may come up to 14 days late. */
    struct insights_problem problem = {S("Query's end date and time is either before the log groups creation time or exceeds the log groups log retention settings"), 0, 0};
    return malformed(c, &problem);
}

static err check_unmask(struct call *c, const struct log_query *q) {
    struct log_group group;
    for (u32 i = 0; i < q->groups.n; i++) {
        TRY(log_group_open(c, q->groups.v[i].key, &group));
        TRY(log_may_unmask(c, &group));
    }
    return NULL;
}

/* Each query within the query asks a group of its own. */
static err check_inner(struct call *c, const struct insights_query *plan) {
    const struct insights_query *inner;
    struct log_group group;
    str name;
    for (u32 i = 0; (inner = insights_inner(plan, i, &name)); i++) {
        str resource = resource_of(c, name);
        if (!resource.p) return fail(c, &logs_invalid_parameter_exception, "The specified log group identifier is not valid.");
        if (!may(c, S("logs:StartQuery"), resource)) return deny(c, S("logs:StartQuery"), resource);
        if (!log_group_load(c->txn, c->arena, c->account, c->region, name, &group))
            return fail(c, &logs_resource_not_found_exception, "Log group '%.*s' does not exist for account ID '%.*s'", STR_ARGS(name), STR_ARGS(c->account));
        if (insights_unmasks(inner)) TRY(log_may_unmask(c, &group));
    }
    return NULL;
}

/* Seconds, as AWS documents, or milliseconds, as it takes them, too: nobody asks about the year 5138. */
static i64 from_time(i64 t) { return t < 100000000000 ? t * second_ms : t; }
static i64 to_time(i64 t) { return t < 100000000000 ? t * second_ms + 999 : t; }

static u32 open_queries(struct call *c) {
    struct key k = log_rows(c->arena, c->account, c->region, S("query-open"));
    struct range r = txn_range(c->txn, key_bytes(&k), key_after_prefix(c->arena, key_bytes(&k)));
    u32 n = 0;
    while (n < OPEN_MAX && range_next(&r, &(str){0}, &(str){0})) n++;
    return n;
}

err logs_start_query(struct call *c, const struct logs_start_query_request *in, struct logs_start_query_response *out) {
    struct insights_problem problem;
    struct log_query q = {.text = in->query_string, .from_ms = from_time(in->start_time.v), .to_ms = to_time(in->end_time.v), .created_ms = c->now_ms,
                          .status = S("Scheduled"), .user = c->principal->arn, .account = c->account, .region = c->region, .id = id_uuid(c->arena)};
    if (in->query_language.p && !str_eq(in->query_language, S("CWLI"))) return fail(c, &cloud_not_implemented, "brume does not speak the query language %.*s (yet).", STR_ARGS(in->query_language));
    if (q.to_ms < q.from_ms) return fail(c, &logs_invalid_parameter_exception, "endTime must be greater than or equal to startTime.");
    const struct insights_query *plan = insights_compile(c->arena, in->query_string, &problem);
    if (!plan) return malformed(c, &problem);
    TRY(choose_groups(c, in, plan, &q));
    if (insights_unmasks(plan)) TRY(check_unmask(c, &q));
    TRY(check_inner(c, plan));
    if (open_queries(c) == OPEN_MAX) return fail(c, &logs_limit_exceeded_exception, "Account maximum query concurrency limit of [%d] reached.", OPEN_MAX);
    q.limit = in->limit.set ? in->limit.v : ROWS_DEFAULT;
    struct key time = by_time(c->arena, &q), open = among_open(c->arena, q.account, q.region, q.id), key = log_query_key(c->arena, q.account, q.region, q.id);
    log_query_save(c->txn, c->arena, &q);
    txn_put(c->txn, key_bytes(&time), S("1"));
    txn_put(c->txn, key_bytes(&open), S("1"));
    txn_task_set(c->txn, &(struct task){.kind = S("logs-query"), .key = key_bytes(&key)});
    txn_task_set(c->txn, &(struct task){.kind = S("logs-query-forget"), .key = key_bytes(&key), .due_ms = c->now_ms + KEPT_MS});
    out->query_id = q.id;
    return NULL;
}

static err open_query(struct call *c, str id, struct log_query *q) {
    if (log_query_load(c->txn, c->arena, c->account, c->region, id, q)) return NULL;
    return fail(c, &logs_resource_not_found_exception, "Query execution with id '%.*s' does not exist", STR_ARGS(id));
}

err logs_stop_query(struct call *c, const struct logs_stop_query_request *in, struct logs_stop_query_response *out) {
    struct log_query q = {0};
    TRY(open_query(c, in->query_id, &q));
    if (!log_query_is_open(&q)) return fail(c, &logs_invalid_parameter_exception, "The specified query is not running.");
    log_query_close(c->txn, c->arena, &q, S("Cancelled"), c->now_ms);
    out->success = SOME_BOOL(true);
    return NULL;
}

/* ---- GetQueryResults ---- */

static err read_results(struct call *c, const struct log_query *q, u64 from, u32 max, struct logs_query_results *out) {
    size_t n = q->results.n ? blob_length(q->results) : 0;
    char *bytes = arena_alloc(c->arena, n + 1, 16);
    out->v = NEW_ARRAY(c->arena, struct logs_result_rows, MIN((u64)max, (u64)q->rows) + 1);
    if (n && !blob_read(blob_open(c->txn, q->results, c->arena), 0, bytes, n)) return fail(c, &cloud_internal_failure, "The results could not be read.");
    u64 number = 0;
    for (str rest = {bytes, n}; rest.n >= 4 && out->n < max; number++) {
        const u8 *p = (const u8 *)rest.p;
        str row = str_take(str_skip(rest, 4), (size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16 | (size_t)p[3] << 24);
        rest = str_skip(rest, 4 + row.n);
        if (number < from) continue;
        struct log_query_row r = {0};
        ASSERT(record_decode(c->arena, &logs_query_row_record, row, &r));
        struct logs_result_rows *to = &out->v[out->n++];
        to->set = true;
        to->v = NEW_ARRAY(c->arena, struct logs_result_field, r.fields.n + 1);
        for (; to->n < r.fields.n; to->n++) to->v[to->n] = (struct logs_result_field){r.fields.v[to->n].key, r.fields.v[to->n].value};
    }
    return NULL;
}

err logs_get_query_results(struct call *c, const struct logs_get_query_results_request *in, struct logs_get_query_results_response *out) {
    struct log_query q = {0};
    str position = {0};
    u64 from = 0;
    u32 max = in->max_items.set && in->max_items.v > 0 ? (u32)in->max_items.v : PAGE_MAX;
    if (in->next_token.p && (!page_position(c, in->next_token, &position) || !str_to_u64(position, &from)))
        return fail(c, &logs_invalid_parameter_exception, "The specified nextToken is invalid.");
    TRY(open_query(c, in->query_id, &q));
    out->query_language = S("CWLI");
    out->status = q.status;
    out->results.set = true;
    TRY(read_results(c, &q, from, max, &out->results));
    if (from + out->results.n < (u64)q.rows) out->next_token = page_token(c, arena_format(c->arena, "%llu", (unsigned long long)(from + out->results.n)));
    out->statistics = NEW(c->arena, struct logs_query_statistics);
    *out->statistics = (struct logs_query_statistics){.records_matched = SOME_F64(q.matched), .records_scanned = SOME_F64(q.scanned), .estimated_records_skipped = SOME_F64(q.skipped),
                                                      .bytes_scanned = SOME_F64(q.bytes), .estimated_bytes_skipped = SOME_F64(q.skipped_bytes), .log_groups_scanned = SOME_F64(q.groups.n),
                                                      .result_count = SOME_F64((double)q.rows)};
    return NULL;
}

/* ---- ListLogGroupsForQuery ---- */

err logs_list_log_groups_for_query(struct call *c, const struct logs_list_log_groups_for_query_request *in, struct logs_list_log_groups_for_query_response *out) {
    struct log_query q = {0};
    str position;
    u64 from = 0;
    u32 max;
    TRY(log_page(c, in->next_token, in->max_results, GROUPS_MAX, &position, &max));
    if (position.p && !str_to_u64(position, &from)) return fail(c, &logs_invalid_parameter_exception, "The specified nextToken is invalid.");
    TRY(open_query(c, in->query_id, &q));
    out->log_group_identifiers.v = NEW_ARRAY(c->arena, str, q.groups.n + 1);
    out->log_group_identifiers.set = true;
    for (; from < q.groups.n && out->log_group_identifiers.n < max; from++) {
        struct log_group group = {.account = q.account, .region = q.region, .name = q.groups.v[from].key};
        out->log_group_identifiers.v[out->log_group_identifiers.n++] = log_group_arn(c->arena, &group);
    }
    if (from < q.groups.n) out->next_token = page_token(c, arena_format(c->arena, "%llu", (unsigned long long)from));
    return NULL;
}

/* ---- DescribeQueries ---- */

static str shown_text(struct arena *a, const struct log_query *q) {
    struct buf b = buf_new(a, 64 << 10);
    buf_add(&b, S("SOURCE "));
    for (u32 i = 0; i < q->groups.n; i++) buf_format(&b, "%s\"%.*s\"", i ? ", " : "", STR_ARGS(q->groups.v[i].key));
    buf_format(&b, " START=%lld END=%lld | %.*s", (long long)q->from_ms, (long long)q->to_ms, STR_ARGS(q->text));
    return buf_str(&b);
}

static bool is_asked_for(const struct logs_describe_queries_request *in, const struct log_query *q) {
    bool of_group = !in->log_group_name.p, of_status = !in->status.p || str_eq(in->status, q->status);
    for (u32 i = 0; i < q->groups.n; i++) of_group |= str_eq(in->log_group_name, q->groups.v[i].key);
    return of_group && of_status && (!in->query_language.p || str_eq(in->query_language, S("CWLI")));
}

static struct logs_query_info shown(struct arena *a, const struct log_query *q) {
    return (struct logs_query_info){.query_language = S("CWLI"), .query_id = q->id, .query_string = shown_text(a, q), .status = q->status, .create_time = SOME_I64(q->created_ms),
                                    .log_group_name = q->groups.n ? q->groups.v[0].key : (str){0}, .user_identity = q->user,
                                    .query_duration = log_query_is_open(q) ? (struct opt_i64){0} : SOME_I64(q->ended_ms - q->created_ms),
                                    .bytes_scanned = log_query_is_open(q) ? (struct opt_f64){0} : SOME_F64(q->bytes)};
}

err logs_describe_queries(struct call *c, const struct logs_describe_queries_request *in, struct logs_describe_queries_response *out) {
    str position, key, row, id;
    i64 at;
    u32 max;
    TRY(log_page(c, in->next_token, in->max_results, DESCRIBED_MAX, &position, &max));
    struct key k = log_rows(c->arena, c->account, c->region, S("query-time"));
    str prefix = key_bytes(&k);
    struct range r = txn_range(c->txn, position.p ? position : prefix, key_after_prefix(c->arena, prefix));
    out->queries.v = NEW_ARRAY(c->arena, struct logs_query_info, max + 1);
    out->queries.set = true;
    while (range_next(&r, &key, &row)) {
        struct log_query q = {0};
        str rest = str_skip(key, prefix.n);
        key = arena_str(c->arena, key);
        ASSERT(key_read_i64(&rest, &at) && key_read_str(&rest, c->arena, &id));
        if (!log_query_load(c->txn, c->arena, c->account, c->region, id, &q) || !is_asked_for(in, &q)) continue;
        if (out->queries.n == max) {
            out->next_token = page_token(c, key);
            break;
        }
        out->queries.v[out->queries.n++] = shown(c->arena, &q);
    }
    return NULL;
}
