/* StartLiveTail: what comes into groups, told once a second to a client that listens. A session is nothing but its answer:
 * each piece looks at the blocks that came since the one before. */
#include "pattern.h"
#include "scan.h"

enum { SESSION_HOURS = 3, TOLD_MAX = 500 /* a second; beyond, a sample */, SECOND_MS = 1000 };

struct tail {
    struct store *store;
    str account, region, request_id, session_id;
    const struct logs_start_live_tail_request *in;
    struct log_group *groups; /* by name; looked up anew each second */
    struct log_pattern *pattern;
    i64 until_ms;
    u64 newest; /* the put up to which all was told */
    bool begun;
};

/* Late events may be as old as that. */
static i64 from_ms(i64 now_ms) { return now_ms - day_ms; }

static u64 newest_put(struct txn *t, struct arena *a, const struct log_group *group, i64 now_ms) {
    struct log_block_id id;
    struct log_time time;
    u64 newest = 0;
    struct key from = log_times(a, group->id), to = log_times(a, group->id);
    key_i64(&from, from_ms(now_ms) - day_ms);
    struct range r = txn_range(t, key_bytes(&from), key_after_prefix(a, key_bytes(&to)));
    while (log_time_next(&r, a, &id, &time)) newest = MAX(newest, time.put);
    return newest;
}

static bool named(const struct logs_start_live_tail_request *in, str stream) {
    if (!in->log_stream_names.n && !in->log_stream_name_prefixes.n) return true;
    for (u32 i = 0; i < in->log_stream_names.n; i++)
        if (str_eq(in->log_stream_names.v[i], stream)) return true;
    for (u32 i = 0; i < in->log_stream_name_prefixes.n; i++)
        if (str_starts(stream, in->log_stream_name_prefixes.v[i])) return true;
    return false;
}

/* ---- a piece ---- */

static void tell_start(struct tail *t, struct event_writer *w) {
    struct logs_live_tail_session_start start = {.request_id = t->request_id, .session_id = t->session_id, .log_group_identifiers = t->in->log_group_identifiers,
                                                 .log_stream_names = t->in->log_stream_names, .log_stream_name_prefixes = t->in->log_stream_name_prefixes,
                                                 .log_event_filter_pattern = t->in->log_event_filter_pattern};
    event_write(w, &(struct logs_start_live_tail_response_stream){.session_start = &start});
}

/* What came since the last piece; false: KMS or the disk refused. */
static bool gather(struct tail *t, struct txn *txn, struct arena *a, struct logs_live_tail_session_results *results, bool *sampled) {
    struct scan_event e;
    struct arena scratch = {0};
    i64 now_ms = store_now_ms(t->store);
    u64 newest = t->newest;
    struct call *c = call_for_task(txn, &logs_service, t->account, t->region, now_ms);
    struct scan *s = scan_new(c, from_ms(now_ms), INT64_MAX);
    scan_since(s, t->newest);
    scan_must_contain(s, log_pattern_literal(t->pattern));
    for (u32 i = 0; i < t->in->log_group_identifiers.n; i++) {
        struct log_group group;
        if (!log_group_load(txn, a, t->groups[i].account, t->groups[i].region, t->groups[i].name, &group)) continue;
        newest = MAX(newest, newest_put(txn, a, &group, now_ms));
        scan_add_group(s, &group);
    }
    results->v = NEW_ARRAY(a, struct logs_live_tail_session_log_event, TOLD_MAX);
    results->set = true;
    while (scan_next(s, &e)) {
        arena_reset(&scratch);
        if (e.event.put <= t->newest || !named(t->in, e.stream) || !log_pattern_matches(t->pattern, &scratch, e.event.message)) continue;
        *sampled = results->n == TOLD_MAX;
        if (*sampled) break;
        results->v[results->n++] = (struct logs_live_tail_session_log_event){
            .log_stream_name = arena_str(a, e.stream), .log_group_identifier = arena_format(a, "%.*s:%.*s", STR_ARGS(e.group->account), STR_ARGS(e.group->name)),
            .message = arena_str(a, e.event.message), .timestamp = SOME_I64(e.event.time_ms), .ingestion_time = SOME_I64(e.event.ingested_ms)};
    }
    arena_free(&scratch);
    t->newest = newest;
    return !scan_error(s);
}

static enum events_step next(void *context, struct event_writer *w) {
    struct tail *t = context;
    struct logs_live_tail_session_metadata metadata = {.sampled = SOME_BOOL(false)};
    struct logs_live_tail_session_update update = {.session_metadata = &metadata};
    if (!t->begun) {
        t->begun = true;
        tell_start(t, w);
        return EVENTS_LATER;
    }
    if (store_now_ms(t->store) >= t->until_ms) {
        struct logs_session_timeout_exception over = {.message = S("Your session has timed out. Please create a new session.")};
        event_write(w, &(struct logs_start_live_tail_response_stream){.session_timeout_exception = &over});
        return EVENTS_END;
    }
    struct arena *a = event_arena(w);
    struct txn *txn = store_snapshot(t->store, a);
    bool good = gather(t, txn, a, &update.session_results, &metadata.sampled.v);
    store_snapshot_end(txn);
    if (!good) {
        struct logs_session_streaming_exception broken = {.message = S("The events of a log group could not be read.")};
        event_write(w, &(struct logs_start_live_tail_response_stream){.session_streaming_exception = &broken});
        return EVENTS_END;
    }
    event_write(w, &(struct logs_start_live_tail_response_stream){.session_update = &update});
    return EVENTS_LATER;
}

/* ---- the call ---- */

err logs_start_live_tail(struct call *c, const struct logs_start_live_tail_request *in, struct logs_start_live_tail_response *out) {
    str problem, name;
    struct arn arn;
    struct tail *t = NEW(c->arena, struct tail);
    *t = (struct tail){.store = call_store(c), .account = c->account, .region = c->region, .request_id = c->request_id, .session_id = id_uuid(c->arena), .in = in,
                       .until_ms = c->now_ms + SESSION_HOURS * hour_ms, .groups = NEW_ARRAY(c->arena, struct log_group, in->log_group_identifiers.n)};
    if (in->log_group_identifiers.n > 1 && (in->log_stream_names.n || in->log_stream_name_prefixes.n))
        return fail(c, &logs_invalid_parameter_exception, "LogStreamNames and LogStreamNamePrefixes can be specified only with one log group.");
    if (in->log_stream_names.n && in->log_stream_name_prefixes.n)
        return fail(c, &logs_invalid_parameter_exception, "LogStreamNames and LogStreamNamePrefixes are mutually exclusive parameters.");
    t->pattern = log_pattern_compile(c->arena, in->log_event_filter_pattern.p ? in->log_event_filter_pattern : S(""), &problem);
    if (!t->pattern) return fail(c, &logs_invalid_parameter_exception, "%.*s", STR_ARGS(problem));
    for (u32 i = 0; i < in->log_group_identifiers.n; i++) {
        str identifier = in->log_group_identifiers.v[i];
        if (!str_starts(identifier, S("arn:")) || !log_group_names(c, identifier, &arn, &name))
            return fail(c, &logs_invalid_parameter_exception, "The log group identifier %.*s is not the ARN of a log group.", STR_ARGS(identifier));
        str resource = arn_format(c->arena, S("logs"), arn.region, arn.account, arena_concat(c->arena, S("log-group:"), name));
        struct auth_facts facts = {.resource_account = arn.account};
        if (!may_with(c, S("logs:StartLiveTail"), resource, &facts)) return deny(c, S("logs:StartLiveTail"), resource);
        TRY(log_group_identify(c, (str){0}, identifier, &t->groups[i]));
        if (str_eq(t->groups[i].class_name, S("INFREQUENT_ACCESS"))) return fail(c, &logs_invalid_operation_exception, "Live Tail is not there for log groups of the class INFREQUENT_ACCESS.");
        t->newest = MAX(t->newest, newest_put(c->txn, c->arena, &t->groups[i], c->now_ms));
    }
    out->response_stream = event_stream_of(c, (struct event_source){.next = next, .context = t, .pause_ms = SECOND_MS});
    return NULL;
}
