/* GetLogEvents, FilterLogEvents. */
#include "scan.h"

#include <stdio.h>

static err invalid_token(struct call *c) { return fail(c, &logs_invalid_parameter_exception, "The specified nextToken is invalid."); }

static err check_range(struct call *c, struct opt_i64 from, struct opt_i64 to) {
    if (from.set && to.set && from.v > to.v) return fail(c, &logs_invalid_parameter_exception, "endTime must be greater than or equal to startTime.");
    return NULL;
}

/* ---- GetLogEvents: one stream, in pages either way. A token says which way, and behind which event. ---- */

static str token_of(struct call *c, char way, const struct log_position *p) {
    struct scan_event e = {.event = {.time_ms = p->time_ms, .put = p->put, .number = p->number}};
    return arena_format(c->arena, "%c/%.*s/s", way, STR_ARGS(scan_event_id(c->arena, &e)));
}

static bool token_read(str token, char *way, struct log_position *p) {
    u64 stream;
    if (token.n != 60 || token.p[1] != '/' || !str_ends(token, S("/s"))) return false;
    *way = token.p[0];
    return (*way == 'f' || *way == 'b') && scan_event_id_read(str_take(str_skip(token, 2), 56), p, &stream);
}

/* From where a forward scan finds at least `max` events before `before`: no block later than that is left out. */
static i64 reach_back(struct call *c, const struct log_stream *stream, i64 from_ms, const struct log_position *before, u32 max) {
    struct log_block_id id;
    struct log_block block;
    u64 found = 0;
    struct key k = log_blocks(c->arena, stream->id), to = log_blocks(c->arena, stream->id);
    key_i64(&to, before->time_ms);
    key_u64(&to, before->put);
    key_u64(&to, before->number);
    struct range r = txn_range_backwards(c->txn, key_bytes(&k), key_bytes(&to));
    while (found < max && log_block_next(&r, c->arena, &id, &block)) {
        if (block.last_ms < from_ms && id.first_ms + stream->span_ms < from_ms) return from_ms;
        if (block.last_ms < before->time_ms) found += block.count;
        if (found >= max) return MAX(from_ms, id.first_ms);
    }
    return from_ms;
}

struct page {
    struct logs_output_log_event *v; /* a ring: the last `max` of them, and of RESPONSE_MAX bytes */
    struct log_position *at;
    u32 first, n, max;
    i64 bytes;
    bool full; /* forward: there is no room for the next */
};

static i64 weight(const struct logs_output_log_event *e) { return (i64)e->message.n + EVENT_OVERHEAD; }

static void drop_first(struct page *p) {
    p->bytes -= weight(&p->v[p->first]);
    p->first = (p->first + 1) % p->max;
    p->n--;
}

static void add(struct call *c, struct page *p, const struct log_event *e, bool backwards) {
    i64 more = (i64)e->message.n + EVENT_OVERHEAD;
    while (backwards && p->n && (p->n == p->max || p->bytes + more > RESPONSE_MAX)) drop_first(p);
    p->full = p->n == p->max || (p->n && p->bytes + more > RESPONSE_MAX);
    if (p->full) return;
    u32 at = (p->first + p->n++) % p->max;
    p->v[at] = (struct logs_output_log_event){SOME_I64(e->time_ms), arena_str(c->arena, e->message), SOME_I64(e->ingested_ms)};
    p->at[at] = log_position_of(e);
    p->bytes += more;
}

static err fill(struct call *c, const struct log_group *group, const struct log_stream *stream, i64 from_ms, i64 to_ms, const struct log_position *from, bool backwards, bool unmask, struct page *p) {
    struct scan_event e;
    struct scan *s;
    if (backwards) from_ms = reach_back(c, stream, MAX(from_ms, log_horizon_ms(group, c->now_ms)), from, p->max);
    s = scan_new(c, from_ms, backwards ? MIN(to_ms, from->time_ms + 1) : to_ms);
    if (unmask) scan_unmask(s);
    if (!backwards) scan_after(s, from);
    scan_add_stream(s, group, stream);
    while (!p->full && scan_next(s, &e)) {
        struct log_position at = log_position_of(&e.event);
        if (!backwards || log_position_cmp(&at, from) < 0) add(c, p, &e.event, backwards);
    }
    return scan_error(s);
}

err logs_get_log_events(struct call *c, const struct logs_get_log_events_request *in, struct logs_get_log_events_response *out) {
    struct log_group group;
    struct log_stream stream;
    char way = in->start_from_head.v ? 'f' : 'b';
    u32 max = in->limit.set ? (u32)in->limit.v : EVENTS_MAX;
    i64 from_ms = in->start_time.v, to_ms = in->end_time.set ? in->end_time.v : INT64_MAX;
    struct log_position from = {.time_ms = from_ms};
    TRY(log_group_identify(c, in->log_group_name, in->log_group_identifier, &group));
    if (in->unmask.v) TRY(log_may_unmask(c, &group));
    if (way == 'b') from.time_ms = to_ms;
    if (in->next_token.p && !token_read(in->next_token, &way, &from)) return invalid_token(c);
    TRY(log_stream_open(c, &group, in->log_stream_name, &stream));
    TRY(check_range(c, in->start_time, in->end_time));
    struct page p = {.v = NEW_ARRAY(c->arena, struct logs_output_log_event, max), .at = NEW_ARRAY(c->arena, struct log_position, max), .max = max};
    bool backwards = way == 'b';
    if (backwards && from.time_ms > stream.last_ms) from = (struct log_position){.time_ms = stream.last_ms + 1};
    TRY(fill(c, &group, &stream, from_ms, to_ms, &from, backwards, in->unmask.v, &p));
    out->events.v = NEW_ARRAY(c->arena, struct logs_output_log_event, p.n + 1);
    out->events.set = true;
    for (; out->events.n < p.n; out->events.n++) out->events.v[out->events.n] = p.v[(p.first + out->events.n) % max];
    /* At either end of the stream the token is the one that came. */
    struct log_position first = p.n ? p.at[p.first] : from, last = p.n ? p.at[(p.first + p.n - 1) % max] : from;
    out->next_forward_token = token_of(c, 'f', &last);
    out->next_backward_token = token_of(c, 'b', &first);
    return NULL;
}
