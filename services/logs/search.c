/* FilterLogEvents: what matches a pattern, in the order of time either way; GetLogRecord, GetLogGroupFields. */
#include "pattern.h"
#include "scan.h"

enum { SLICE_BYTES = 128 << 20 /* looked at by one call; DIFFERS: AWS does not say how much it looks at */, WINDOW_BLOCKS = 16, NAMES_MAX = 1000 };
static const i64 year_2024_ms = 1704067200000;

struct search {
    struct call *c;
    const struct logs_filter_log_events_request *in;
    struct log_group group;
    struct log_stream *streams; /* those that are asked for; none: all */
    u32 stream_count;
    bool some; /* of the streams alone */
    struct log_pattern *pattern;
    struct arena scratch;
    i64 from_ms, to_ms;
    u64 bytes; /* looked at */
    u32 max;
    i64 weight; /* of what was found */
    struct logs_filtered_log_event *found; /* a ring while it goes backwards */
    struct log_position *at;
    u32 first, n;
    bool full;
};

static void free_scratch(void *scratch) { arena_free(scratch); }

/* ---- which streams ---- */

static err choose_streams(struct search *s) {
    const struct logs_filter_log_events_request *in = s->in;
    struct call *c = s->c;
    if (in->log_stream_names.n && in->log_stream_name_prefix.p)
        return fail(c, &logs_invalid_parameter_exception, "LogStream names and LogStream name prefix are mutually exclusive parameters.");
    s->streams = NEW_ARRAY(c->arena, struct log_stream, NAMES_MAX);
    s->some = in->log_stream_names.n || in->log_stream_name_prefix.p;
    for (u32 i = 0; i < in->log_stream_names.n; i++) {
        bool known = false;
        for (u32 j = 0; j < s->stream_count; j++) known |= str_eq(s->streams[j].name, in->log_stream_names.v[i]);
        if (!known) TRY(log_stream_open(c, &s->group, in->log_stream_names.v[i], &s->streams[s->stream_count++]));
    }
    if (!in->log_stream_name_prefix.p) return NULL;
    struct key k = log_streams(c->arena, s->group.id);
    key_str_prefix(&k, in->log_stream_name_prefix);
    struct range r = txn_range(c->txn, key_bytes(&k), key_after_prefix(c->arena, key_bytes(&k)));
    struct log_stream stream;
    while (s->stream_count < NAMES_MAX && log_stream_next(&r, c->arena, &stream))
        if (stream.ingested_ms && stream.last_ms >= s->from_ms && stream.first_ms < s->to_ms) s->streams[s->stream_count++] = stream;
    /* More than that: all of the group are looked at, and the prefix of each event's. */
    if (s->stream_count == NAMES_MAX) s->some = false;
    return NULL;
}

static struct scan *open_scan(struct search *s, i64 from_ms, i64 to_ms, const struct log_position *after) {
    struct scan *scan = scan_new(s->c, from_ms, to_ms);
    if (s->in->unmask.v) scan_unmask(scan);
    if (after) scan_after(scan, after);
    for (u32 i = 0; s->some && i < s->stream_count; i++) scan_add_stream(scan, &s->group, &s->streams[i]);
    if (!s->some) scan_add_group(scan, &s->group);
    scan_must_contain(scan, log_pattern_literal(s->pattern));
    return scan;
}

static bool wanted(struct search *s, const struct scan_event *e) {
    if (s->in->log_stream_name_prefix.p && !str_starts(e->stream, s->in->log_stream_name_prefix)) return false;
    arena_reset(&s->scratch);
    return log_pattern_matches(s->pattern, &s->scratch, e->event.message);
}

static i64 weight(str message) { return (i64)message.n + EVENT_OVERHEAD; }

static void add(struct search *s, const struct scan_event *e) {
    u32 at = (s->first + s->n++) % s->max;
    struct arena *a = s->c->arena;
    s->found[at] = (struct logs_filtered_log_event){.log_stream_name = arena_str(a, e->stream), .timestamp = SOME_I64(e->event.time_ms), .message = arena_str(a, e->event.message),
                                                    .ingestion_time = SOME_I64(e->event.ingested_ms), .event_id = scan_event_id(a, e)};
    s->at[at] = log_position_of(&e->event);
    s->weight += weight(e->event.message);
}

/* ---- forwards ---- */

static err go_forward(struct search *s, struct log_position *position, bool *more) {
    struct scan_event e;
    struct scan *scan = open_scan(s, s->from_ms, s->to_ms, position->put || position->time_ms ? position : NULL);
    scan_pause_after(scan, SLICE_BYTES);
    while (!s->full && scan_next(scan, &e)) {
        if (!wanted(s, &e)) continue;
        s->full = s->n == s->max || (s->n && s->weight + weight(e.event.message) > RESPONSE_MAX);
        if (s->full) break;
        add(s, &e);
        *position = s->at[s->n - 1];
    }
    *more = s->full || scan_paused(scan);
    if (!s->full) *position = scan_position(scan);
    return scan_error(scan);
}

/* ---- backwards: in windows of some blocks, the newest first; the last events of a window are the first found ---- */

/* Where a window that ends before the position begins. */
static i64 window_before(struct search *s, const struct log_position *end) {
    struct arena *a = s->c->arena;
    struct log_block_id id;
    struct log_time time;
    i64 from_ms = s->from_ms;
    struct key low = log_times(a, s->group.id), high = log_times(a, s->group.id);
    key_i64(&low, s->from_ms);
    key_i64(&high, end->put ? end->time_ms + 1 : end->time_ms);
    if (str_cmp(key_bytes(&low), key_bytes(&high)) >= 0) return s->from_ms;
    struct range r = txn_range_backwards(s->c->txn, key_bytes(&low), key_bytes(&high));
    u32 n = 0;
    while (n < WINDOW_BLOCKS && log_time_next(&r, a, &id, &time)) {
        from_ms = id.first_ms;
        n++;
    }
    return n == WINDOW_BLOCKS ? from_ms : s->from_ms;
}

static void add_backward(struct search *s, const struct scan_event *e, i64 others) {
    while (s->n && (s->n == s->max || others + s->weight + weight(e->event.message) > RESPONSE_MAX)) {
        s->weight -= weight(s->found[s->first].message);
        s->first = (s->first + 1) % s->max;
        s->n--;
        s->full = true;
    }
    if (others && others + s->weight + weight(e->event.message) > RESPONSE_MAX) s->full = true;
    else add(s, e);
}

static err go_backward(struct search *s, struct log_position *position, bool *more, struct logs_filtered_log_events *events) {
    u32 max = s->max;
    i64 others = 0;
    for (bool left = true; left && !s->full && s->bytes < SLICE_BYTES;) {
        i64 from_ms = window_before(s, position);
        struct scan_event e;
        struct scan *scan = open_scan(s, from_ms, position->time_ms == INT64_MAX ? INT64_MAX : position->time_ms + 1, NULL);
        while (scan_next(scan, &e)) {
            struct log_position at = log_position_of(&e.event);
            if (log_position_cmp(&at, position) < 0 && wanted(s, &e)) add_backward(s, &e, others);
        }
        TRY(scan_error(scan));
        s->bytes += scan_counts(scan).bytes;
        left = from_ms > s->from_ms;
        *position = s->full && s->n ? s->at[s->first] : (struct log_position){.time_ms = from_ms};
        for (u32 i = s->n; i-- > 0;) events->v[events->n++] = s->found[(s->first + i) % s->max];
        others += s->weight;
        s->max = max - events->n;
        s->full |= left && !s->max;
        *more = s->full || left;
        s->n = s->first = 0;
        s->weight = 0;
    }
    return NULL;
}

/* ---- the call ---- */

static err invalid_token(struct call *c) { return fail(c, &logs_invalid_parameter_exception, "The specified nextToken is invalid."); }

static err begin(struct search *s, struct log_position *position, bool *backward) {
    const struct logs_filter_log_events_request *in = s->in;
    struct call *c = s->c;
    str token, problem;
    u64 stream;
    TRY(log_group_identify(c, in->log_group_name, in->log_group_identifier, &s->group));
    if (in->unmask.v) TRY(log_may_unmask(c, &s->group));
    s->from_ms = MAX(in->start_time.v, log_horizon_ms(&s->group, c->now_ms));
    s->to_ms = in->end_time.set && in->end_time.v < INT64_MAX ? in->end_time.v + 1 : INT64_MAX; /* an event of that very time is in */
    *backward = in->start_from_head.set && !in->start_from_head.v;
    if (in->start_time.set && in->end_time.set && in->start_time.v > in->end_time.v)
        return fail(c, &logs_invalid_parameter_exception, "endTime must be greater than or equal to startTime.");
    if (*backward && in->start_time.v < year_2024_ms)
        return fail(c, &logs_invalid_parameter_exception, "startFromHead can be false only with a startTime on or after 2024-01-01T00:00:00Z.");
    *position = (struct log_position){.time_ms = *backward ? s->to_ms : 0};
    if (in->next_token.p) {
        if (!page_position(c, in->next_token, &token) || !token.n || !scan_event_id_read(str_skip(token, 1), position, &stream)) return invalid_token(c);
        *backward = token.p[0] == 'b';
    }
    s->pattern = log_pattern_compile(c->arena, in->filter_pattern.p ? in->filter_pattern : S(""), &problem);
    if (!s->pattern) return fail(c, &logs_invalid_parameter_exception, "%.*s", STR_ARGS(problem));
    return choose_streams(s);
}

err logs_filter_log_events(struct call *c, const struct logs_filter_log_events_request *in, struct logs_filter_log_events_response *out) {
    struct search *s = NEW(c->arena, struct search);
    struct log_position position;
    bool backward, more = false;
    *s = (struct search){.c = c, .in = in, .max = in->limit.set ? (u32)in->limit.v : EVENTS_MAX};
    arena_on_free(c->arena, free_scratch, &s->scratch);
    TRY(begin(s, &position, &backward));
    s->found = NEW_ARRAY(c->arena, struct logs_filtered_log_event, s->max);
    s->at = NEW_ARRAY(c->arena, struct log_position, s->max);
    out->searched_log_streams.set = out->events.set = true;
    out->events.v = backward ? NEW_ARRAY(c->arena, struct logs_filtered_log_event, s->max) : s->found;
    if (backward) TRY(go_backward(s, &position, &more, &out->events));
    else {
        TRY(go_forward(s, &position, &more));
        out->events.n = s->n;
    }
    if (more) {
        struct scan_event e = {.event = {.time_ms = position.time_ms, .put = position.put, .number = position.number}};
        out->next_token = page_token(c, arena_format(c->arena, "%c%.*s", backward ? 'b' : 'f', STR_ARGS(scan_event_id(c->arena, &e))));
    }
    return NULL;
}
