/* Log streams: made, described, deleted. Their events are in blocks (rows.c). */
#include "logs.h"

#include <stdlib.h>

struct key log_streams(struct arena *a, u64 group) {
    struct key k = key_new(a, S("logs-stream"));
    key_u64(&k, group);
    return k;
}

static str stream_row(struct arena *a, u64 group, str name) {
    struct key k = log_streams(a, group);
    key_str(&k, name);
    return key_bytes(&k);
}

static str home_row(struct arena *a, u64 stream) {
    struct key k = key_new(a, S("logs-home"));
    key_u64(&k, stream);
    return key_bytes(&k);
}

/* Names are at most 512 characters; in a key each may be four bytes. */
bool log_stream_load(struct txn *t, struct arena *a, u64 group, str name, struct log_stream *stream) {
    str row;
    if (name.n > KEY_MAX - 100 || !txn_get(t, stream_row(a, group, name), &row)) return false;
    *stream = (struct log_stream){0};
    ASSERT(record_decode(a, &logs_stream_record, row, stream));
    stream->name = name;
    return true;
}

void log_stream_save(struct txn *t, struct arena *a, u64 group, const struct log_stream *stream) {
    txn_put(t, stream_row(a, group, stream->name), record_encode(a, &logs_stream_record, stream));
}

err log_stream_open(struct call *c, const struct log_group *group, str name, struct log_stream *stream) {
    if (log_stream_load(c->txn, c->arena, group->id, name, stream)) return NULL;
    return fail(c, &logs_resource_not_found_exception, "The specified log stream does not exist.");
}

bool log_stream_home(struct txn *t, struct arena *a, u64 stream, struct log_stream_home *home) {
    str row;
    *home = (struct log_stream_home){0};
    if (!txn_get(t, home_row(a, stream), &row)) return false;
    ASSERT(record_decode(a, &logs_stream_home_record, arena_str(a, row), home));
    return true;
}

bool log_stream_next(struct range *r, struct arena *a, struct log_stream *stream) {
    str key, row, room;
    u64 group;
    if (!range_next(r, &key, &row)) return false;
    *stream = (struct log_stream){0};
    ASSERT(record_decode(a, &logs_stream_record, row, stream));
    str rest = arena_str(a, key);
    ASSERT(key_read_str(&rest, a, &room) && key_read_u64(&rest, &group) && key_read_str(&rest, a, &stream->name));
    return true;
}

void log_stream_make(struct call *c, const struct log_group *group, str name, struct log_stream *stream) {
    *stream = (struct log_stream){.id = txn_sequence(c->txn), .created_ms = c->now_ms, .name = name};
    log_stream_save(c->txn, c->arena, group->id, stream);
    struct log_stream_home home = {.account = group->account, .region = group->region, .group = group->name, .stream = name, .group_id = group->id};
    txn_put(c->txn, home_row(c->arena, stream->id), record_encode(c->arena, &logs_stream_home_record, &home));
}

err logs_create_log_stream(struct call *c, const struct logs_create_log_stream_request *in, struct wire_unit *out) {
    (void)out;
    struct log_group group;
    struct log_stream stream;
    TRY(log_group_open(c, in->log_group_name, &group));
    struct key k = log_streams(c->arena, group.id);
    key_str(&k, in->log_stream_name);
    if (!key_fits(&k)) return fail(c, &logs_invalid_parameter_exception, "Invalid LogGroup or LogStream, both must have length less than or equal to 512.");
    if (log_stream_load(c->txn, c->arena, group.id, in->log_stream_name, &stream))
        return fail(c, &logs_resource_already_exists_exception, "The specified log stream already exists");
    log_stream_make(c, &group, in->log_stream_name, &stream);
    return NULL;
}

err logs_delete_log_stream(struct call *c, const struct logs_delete_log_stream_request *in, struct wire_unit *out) {
    (void)out;
    struct log_group group;
    struct log_stream stream;
    TRY(log_group_open(c, in->log_group_name, &group));
    TRY(log_stream_open(c, &group, in->log_stream_name, &stream));
    log_stream_forget(c->txn, c->arena, group.id, &stream);
    return NULL;
}

void log_stream_forget(struct txn *t, struct arena *a, u64 group, const struct log_stream *stream) {
    struct key k = log_blocks(a, stream->id);
    txn_delete(t, stream_row(a, group, stream->name));
    txn_delete(t, home_row(a, stream->id));
    key_u64(&k, group);
    txn_task_set(t, &(struct task){.kind = S("logs-sweep"), .key = key_bytes(&k)});
}

/* ---- described ---- */

static struct logs_log_stream shown(struct call *c, const struct log_group *group, const struct log_stream *s) {
    struct logs_log_stream v = {.log_stream_name = s->name, .creation_time = SOME_I64(s->created_ms), .stored_bytes = SOME_I64(0), /* so AWS, since 2019 */
                                .arn = arena_format(c->arena, "%.*s:log-stream:%.*s", STR_ARGS(log_group_arn(c->arena, group)), STR_ARGS(s->name))};
    if (!s->ingested_ms) return v;
    v.first_event_timestamp = SOME_I64(s->first_ms);
    v.last_event_timestamp = SOME_I64(s->last_ms);
    v.last_ingestion_time = SOME_I64(s->ingested_ms);
    v.upload_sequence_token = log_sequence_token(c->arena, s);
    return v;
}

/* A stream without events is older than all. */
static int by_last_event(const void *x, const void *y) {
    const struct log_stream *a = x, *b = y;
    if (a->last_ms != b->last_ms) return a->last_ms < b->last_ms ? -1 : 1;
    return str_cmp(a->name, b->name);
}

static err by_time(struct call *c, const struct log_group *group, const struct logs_describe_log_streams_request *in, str position, u32 max,
                   struct logs_describe_log_streams_response *out) {
    struct log_stream *all = NULL, one;
    u32 n = 0, capacity = 0, at = 0;
    struct key k = log_streams(c->arena, group->id);
    struct range r = txn_range(c->txn, key_bytes(&k), key_after_prefix(c->arena, key_bytes(&k)));
    while (log_stream_next(&r, c->arena, &one)) {
        if (n == capacity) {
            capacity = 2 * capacity + 64;
            struct log_stream *v = NEW_ARRAY(c->arena, struct log_stream, capacity);
            if (n) memcpy(v, all, n * sizeof *v);
            all = v;
        }
        all[n++] = one;
    }
    if (n) qsort(all, n, sizeof *all, by_last_event);
    struct log_stream from = {.name = position};
    if (position.p) { /* "time name" of the first of this page */
        str rest = position, time = str_cut(&rest, ' ');
        if (!str_to_i64(time, &from.last_ms)) return fail(c, &logs_invalid_parameter_exception, "The specified nextToken is invalid.");
        from.name = rest;
    }
    bool down = in->descending.v;
    for (; position.p && at < n; at++) {
        int order = by_last_event(&all[down ? n - 1 - at : at], &from);
        if (down ? order <= 0 : order >= 0) break;
    }
    for (; at < n && out->log_streams.n < max; at++) out->log_streams.v[out->log_streams.n++] = shown(c, group, &all[down ? n - 1 - at : at]);
    if (at == n) return NULL;
    const struct log_stream *next = &all[down ? n - 1 - at : at];
    out->next_token = page_token(c, arena_format(c->arena, "%lld %.*s", (long long)next->last_ms, STR_ARGS(next->name)));
    return NULL;
}

err logs_describe_log_streams(struct call *c, const struct logs_describe_log_streams_request *in, struct logs_describe_log_streams_response *out) {
    struct log_group group;
    struct log_stream stream;
    str position, prefix = in->log_stream_name_prefix.p ? in->log_stream_name_prefix : S("");
    u32 max;
    TRY(log_group_identify(c, in->log_group_name, in->log_group_identifier, &group));
    TRY(log_page(c, in->next_token, in->limit, 50, &position, &max));
    out->log_streams.v = NEW_ARRAY(c->arena, struct logs_log_stream, max);
    out->log_streams.set = true;
    bool timely = str_eq(in->order_by, S("LastEventTime"));
    if (timely && in->log_stream_name_prefix.p) return fail(c, &logs_invalid_parameter_exception, "Cannot order by LastEventTime with a logStreamNamePrefix.");
    if (timely) return by_time(c, &group, in, position, max, out);
    struct key all = log_streams(c->arena, group.id), at = log_streams(c->arena, group.id);
    key_str_prefix(&all, prefix);
    str from = key_bytes(&all), to = key_after_prefix(c->arena, from);
    if (position.p) key_str(&at, position);
    bool down = in->descending.v;
    if (position.p && down) to = arena_concat(c->arena, key_bytes(&at), S("\0")); /* that one too */
    if (position.p && !down) from = key_bytes(&at);
    struct range r = down ? txn_range_backwards(c->txn, from, to) : txn_range(c->txn, from, to);
    while (log_stream_next(&r, c->arena, &stream)) {
        if (out->log_streams.n == max) {
            out->next_token = page_token(c, stream.name);
            break;
        }
        out->log_streams.v[out->log_streams.n++] = shown(c, &group, &stream);
    }
    return NULL;
}
