/* PutLogEvents: checked and packed before the writer is asked (prepare), then a few rows. */
#include "embedded.h"
#include "field_index.h"
#include "mask.h"
#include "metric_filter.h"

enum { UPLOAD_MAX = 1 << 20, TOO_OLD_DAYS = 14, MERGE_AT = 64 /* blocks of a stream that are not merged */ };

struct piece { /* a block that is not in the store yet */
    i64 first_ms, last_ms, bytes;
    u32 number, count;
    struct log_block block;
    struct blob_stage *stage;
};
struct upload {
    struct log_group group;
    struct log_stream stream;
    struct log_event *events; /* those that are taken */
    u32 count;
    u32 old_end, expired_end, new_start; /* of those that are not */
    i64 bytes; /* as AWS counts them */
    struct piece *pieces;
    u32 piece_count, piece_max;
    struct metric_measures *measures;
    struct embedded_metrics *embedded;
    struct log_findings *findings;
    struct log_index *index; /* NULL: none */
    struct log_transformed *transformed; /* NULL: no transformer stands */
    u64 transforms_changed;
};

static err check(struct call *c, const struct logs_put_log_events_request *in) {
    i64 bytes = 0;
    const struct logs_input_log_event *v = in->log_events.v;
    u32 n = in->log_events.n;
    for (u32 i = 0; i < n; i++) {
        bytes += (i64)v[i].message.n + EVENT_OVERHEAD;
        if (i && v[i].timestamp.v < v[i - 1].timestamp.v)
            return fail(c, &logs_invalid_parameter_exception, "Log events in a single PutLogEvents request must be in chronological order.");
    }
    if (bytes > UPLOAD_MAX) return fail(c, &logs_invalid_parameter_exception, "Upload too large: %lld bytes exceeds limit of %d", (long long)bytes, UPLOAD_MAX);
    return NULL;
}

/* What is too old or too new is left out; since time only grows these are the ends. */
static void take_events(struct call *c, const struct logs_put_log_events_request *in, struct upload *u) {
    const struct logs_input_log_event *v = in->log_events.v;
    u32 n = in->log_events.n;
    i64 horizon_ms = log_horizon_ms(&u->group, c->now_ms), oldest_ms = c->now_ms - TOO_OLD_DAYS * day_ms, newest_ms = c->now_ms + LOG_AHEAD_MS;
    while (u->old_end < n && v[u->old_end].timestamp.v < oldest_ms) u->old_end++;
    u->expired_end = u->old_end;
    while (u->expired_end < n && v[u->expired_end].timestamp.v < horizon_ms) u->expired_end++;
    u->new_start = u->expired_end;
    while (u->new_start < n && v[u->new_start].timestamp.v <= newest_ms) u->new_start++;
    u->events = NEW_ARRAY(c->arena, struct log_event, n);
    for (u32 i = u->expired_end; i < u->new_start; i++) {
        u->events[u->count] = (struct log_event){.time_ms = v[i].timestamp.v, .number = u->count, .message = v[i].message};
        u->count++;
        u->bytes += (i64)v[i].message.n + EVENT_OVERHEAD;
    }
}

/* Real text packs into a part of it; what does not is cut in halves until each goes into a segment of the blobs, so that
 * nobody waits for a file of its own. */
static bool pack(struct call *c, struct upload *u, u32 from, u32 n, str key) {
    str packed = block_pack(c->arena, u->events + from, n, true, 1);
    if (packed.n > blob_segment_max - 64 && n > 1) return pack(c, u, from, n / 2, key) && pack(c, u, from + n / 2, n - n / 2, key);
    if (u->piece_count == u->piece_max) {
        u->piece_max = 2 * u->piece_max + 4;
        struct piece *v = NEW_ARRAY(c->arena, struct piece, u->piece_max);
        if (u->piece_count) memcpy(v, u->pieces, u->piece_count * sizeof *v);
        u->pieces = v;
    }
    struct piece *p = &u->pieces[u->piece_count++];
    *p = (struct piece){.first_ms = u->events[from].time_ms, .last_ms = u->events[from + n - 1].time_ms, .number = u->events[from].number, .count = n};
    for (u32 i = from; i < from + n; i++) p->bytes += (i64)u->events[i].message.n;
    if (u->index) p->block.index = log_index_make(u->index, u->stream.name, u->events + from, u->transformed ? u->transformed + from : NULL, n);
    return log_block_fill(call_store(c), c->arena, packed, key, &p->block, &p->stage);
}

static void transform(struct call *c, struct upload *u) {
    struct log_transforms *t = log_transforms_of(c->txn, c->arena, &u->group);
    u->transforms_changed = log_transforms_changed(c->txn, c->arena, &u->group);
    if (!t) return;
    u->transformed = NEW_ARRAY(c->arena, struct log_transformed, u->count + 1);
    for (u32 i = 0; i < u->count; i++) u->transformed[i] = log_transform(t, c->arena, u->stream.name, LOG_PUT_NOW, u->events[i].message);
}

/* The events as everybody sees them: masked; transformed, where that is asked for and was done. */
static const struct log_event *seen(struct call *c, const struct upload *u, struct log_masks *masks, bool transformed) {
    if (!masks && !transformed) return u->events;
    struct log_event *v = NEW_ARRAY(c->arena, struct log_event, u->count + 1);
    for (u32 i = 0; i < u->count; i++) {
        v[i] = u->events[i];
        if (transformed && u->transformed[i].message.p) v[i].message = u->transformed[i].message;
        v[i].message = log_masked(masks, c->arena, LOG_PUT_NOW, v[i].message);
    }
    return v;
}

/* What metrics and audits find in the events. */
static void observe(struct call *c, struct upload *u) {
    struct log_masks *masks = log_masks_of(c->txn, c->arena, &u->group);
    const struct log_event *as_came = seen(c, u, masks, false), *made = u->transformed ? seen(c, u, masks, true) : as_came;
    u->measures = metric_filters_measure(c, &u->group, as_came, made, u->count);
    u->embedded = embedded_metrics_read(c->arena, as_came, u->count);
    u->findings = log_findings_make(c, &u->group, masks, u->events, u->count);
}

static err pack_events(struct call *c, struct upload *u) {
    str key;
    u->index = log_index_new(c->txn, c->arena, &u->group);
    TRY(log_seal_key(c, &u->group, u->group.kms_epoch, &key));
    for (u32 from = 0, to; from < u->count; from = to) {
        size_t bytes = u->events[from].message.n;
        for (to = from + 1; to < u->count && bytes + u->events[to].message.n <= BLOCK_RAW; to++) bytes += u->events[to].message.n;
        if (!pack(c, u, from, to - from, key)) return &store_unavailable;
    }
    return NULL;
}

static err make_upload(struct call *c, const struct logs_put_log_events_request *in, struct upload *u) {
    TRY(check(c, in));
    TRY(log_group_open(c, in->log_group_name, &u->group));
    TRY(log_stream_open(c, &u->group, in->log_stream_name, &u->stream));
    take_events(c, in, u);
    if (u->count && u->events[u->count - 1].time_ms - u->events[0].time_ms > day_ms) /* those that are taken count */
        return fail(c, &logs_invalid_parameter_exception, "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.");
    transform(c, u);
    observe(c, u);
    return pack_events(c, u);
}

err logs_put_log_events_prepare(struct call *c, const struct logs_put_log_events_request *in, struct call_plan *plan) {
    struct upload *u = NEW(c->arena, struct upload);
    TRY(make_upload(c, in, u));
    plan->note = (str){(const char *)u, sizeof *u};
    return NULL;
}

/* What prepare made, unless the group, the stream, the key or the transformer are others by now, or nobody prepared (another
 * service). */
static err upload_of(struct call *c, const struct logs_put_log_events_request *in, struct upload **upload) {
    struct log_group group;
    struct log_stream stream;
    *upload = (void *)(uintptr_t)c->note.p;
    if (*upload && log_group_load(c->txn, c->arena, c->account, c->region, in->log_group_name, &group) && group.id == (*upload)->group.id &&
        group.kms_epoch == (*upload)->group.kms_epoch && log_transforms_changed(c->txn, c->arena, &group) == (*upload)->transforms_changed &&
        log_stream_load(c->txn, c->arena, group.id, in->log_stream_name, &stream) && stream.id == (*upload)->stream.id) {
        (*upload)->group = group;
        (*upload)->stream = stream;
        return NULL;
    }
    *upload = NEW(c->arena, struct upload);
    return make_upload(c, in, *upload);
}

static void add_blocks(struct call *c, struct upload *u) {
    u64 put = txn_sequence(c->txn);
    struct log_stream *s = &u->stream;
    for (u32 i = 0; i < u->piece_count; i++) {
        struct piece *p = &u->pieces[i];
        struct log_block_id id = {.stream = s->id, .first_ms = p->first_ms, .put = put, .number = p->number};
        struct log_block block = {.last_ms = p->last_ms, .bytes = p->bytes, .put = put, .ingested_ms = c->now_ms, .number = p->number, .kms_epoch = u->group.kms_epoch,
                                  .packed = p->block.packed, .count = p->count, .index = p->block.index};
        if (p->stage) block.blob = txn_blob_adopt(c->txn, p->stage);
        log_block_put(c->txn, c->arena, u->group.id, &id, &block);
        s->span_ms = MAX(s->span_ms, p->last_ms - p->first_ms);
    }
    i64 first_ms = u->events[0].time_ms, last_ms = u->events[u->count - 1].time_ms;
    bool first = !s->ingested_ms;
    s->first_ms = first ? first_ms : MIN(s->first_ms, first_ms);
    s->last_ms = first ? last_ms : MAX(s->last_ms, last_ms);
    s->fresh_from_ms = s->fresh ? MIN(s->fresh_from_ms, first_ms) : first_ms;
    s->ingested_ms = c->now_ms;
    s->fresh += u->piece_count;
    if (s->fresh >= MERGE_AT) log_merge_later(c->txn, c->arena, s->id);
    log_stream_save(c->txn, c->arena, u->group.id, s);
    log_group_bytes_add(c->txn, c->arena, u->group.id, u->bytes);
    if (u->index) log_index_found(c, u->index);
    txn_notify(c->txn, log_topic(c->arena, u->group.id), 1000);
}

void log_write(struct call *c, str group, str stream, struct log_event *events, u32 n) {
    struct upload u = {.events = events, .count = n};
    if (!log_group_load(c->txn, c->arena, c->account, c->region, group, &u.group)) return;
    for (u32 i = 0; i < n; i++) {
        events[i].time_ms = c->now_ms;
        events[i].number = i;
        u.bytes += (i64)events[i].message.n + EVENT_OVERHEAD;
    }
    if (!log_stream_load(c->txn, c->arena, u.group.id, stream, &u.stream)) log_stream_make(c, &u.group, stream, &u.stream);
    transform(c, &u);
    if (pack_events(c, &u)) return;
    add_blocks(c, &u);
}

str log_sequence_token(struct arena *a, const struct log_stream *s) {
    return arena_format(a, "49%034llu%020llu", (unsigned long long)s->id, (unsigned long long)s->ingested_ms); /* 56 digits, as AWS's */
}

/* Whoever follows the group waits for this. */
str log_topic(struct arena *a, u64 group) { return arena_format(a, "logs %llu", (unsigned long long)group); }

static void count_transformed(struct call *c, const struct upload *u) {
    double events = 0, bytes = 0, errors = 0;
    for (u32 i = 0; u->transformed && i < u->count; i++) {
        events += u->transformed[i].message.p != NULL;
        bytes += (double)u->transformed[i].message.n;
        errors += u->transformed[i].error.p != NULL;
    }
    if (events > 0) {
        count_metric(c, S("TransformedLogEvents"), S("LogGroupName"), u->group.name, events, S("Count"));
        count_metric(c, S("TransformedBytes"), S("LogGroupName"), u->group.name, bytes, S("Bytes"));
    }
    if (errors > 0) count_metric(c, S("TransformationErrors"), S("LogGroupName"), u->group.name, errors, S("Count"));
}

err logs_put_log_events(struct call *c, const struct logs_put_log_events_request *in, struct logs_put_log_events_response *out) {
    struct upload *u;
    TRY(upload_of(c, in, &u));
    if (u->count) {
        add_blocks(c, u);
        metric_filters_put(c, &u->group, u->measures);
        log_findings_put(c, &u->group, u->findings);
        embedded_metrics_put(c, u->embedded);
        count_metric(c, S("IncomingBytes"), S("LogGroupName"), u->group.name, (double)u->bytes, S("Bytes"));
        count_metric(c, S("IncomingLogEvents"), S("LogGroupName"), u->group.name, u->count, S("Count"));
        count_transformed(c, u);
        count_usage(c, str_eq(u->group.class_name, S("INFREQUENT_ACCESS")) ? S("DataProcessingIA-Bytes") : S("DataProcessing-Bytes"), (double)u->bytes);
    }
    out->next_sequence_token = log_sequence_token(c->arena, &u->stream);
    if (u->count == in->log_events.n) return NULL;
    struct logs_rejected_log_events_info *info = out->rejected_log_events_info = NEW(c->arena, struct logs_rejected_log_events_info);
    if (u->old_end) info->too_old_log_event_end_index = SOME_I32((i32)u->old_end);
    if (u->expired_end > u->old_end) info->expired_log_event_end_index = SOME_I32((i32)u->expired_end);
    if (u->new_start < in->log_events.n) info->too_new_log_event_start_index = SOME_I32((i32)u->new_start);
    return NULL;
}
