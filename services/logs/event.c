/* GetLogRecord: one event with all its fields, by its @ptr. GetLogGroupFields: which fields events have. */
#include "insights.h"
#include "scan.h"

#include <stdlib.h>

/* Where the pointer leads, if it is the account's. */
static bool find_group(struct call *c, u64 stream_id, struct log_stream_home *home, struct log_group *group, struct log_stream *stream) {
    return log_stream_home(c->txn, c->arena, stream_id, home) && str_eq(home->account, c->account) && str_eq(home->region, c->region) &&
           log_group_load(c->txn, c->arena, home->account, home->region, home->group, group) && group->id == home->group_id &&
           log_stream_load(c->txn, c->arena, group->id, home->stream, stream);
}

static bool find(struct call *c, str pointer, const struct log_position *at, const struct log_group *group, const struct log_stream *stream, bool unmask, struct insights_event *event) {
    struct scan_event e;
    struct scan *s = scan_new(c, at->time_ms, at->time_ms + 1);
    if (unmask) scan_unmask(s);
    scan_transform(s);
    scan_add_stream(s, group, stream);
    while (scan_next(s, &e))
        if (str_eq(scan_event_id(c->arena, &e), pointer)) {
            str log = arena_format(c->arena, "%.*s:%.*s", STR_ARGS(group->account), STR_ARGS(group->name));
            *event = (struct insights_event){.timestamp_ms = e.event.time_ms, .ingested_ms = e.event.ingested_ms, .message = arena_str(c->arena, e.event.message),
                                             .stream = stream->name, .log = log, .transformed = arena_str(c->arena, e.transformed.message),
                                             .transformation_error = arena_str(c->arena, e.transformed.error)};
            return true;
        }
    return false;
}

err logs_get_log_record(struct call *c, const struct logs_get_log_record_request *in, struct logs_get_log_record_response *out) {
    struct log_position at;
    struct insights_event e;
    struct log_stream_home home;
    struct log_group group;
    struct log_stream stream;
    u64 id;
    if (!scan_event_id_read(in->log_record_pointer, &at, &id)) return fail(c, &logs_invalid_parameter_exception, "The specified log record pointer is not valid.");
    bool there = find_group(c, id, &home, &group, &stream);
    if (there && in->unmask.v) TRY(log_may_unmask(c, &group));
    if (!there || !find(c, in->log_record_pointer, &at, &group, &stream, in->unmask.v, &e))
        return fail(c, &logs_resource_not_found_exception, "The specified log record does not exist.");
    struct insights_answer all = insights_all_fields(c->arena, &e, in->log_record_pointer);
    out->log_record.v = NEW_ARRAY(c->arena, struct logs_log_record_entry, all.first->n);
    out->log_record.set = true;
    for (; out->log_record.n < all.first->n; out->log_record.n++)
        out->log_record.v[out->log_record.n] = (struct logs_log_record_entry){all.first->fields[out->log_record.n].name, all.first->fields[out->log_record.n].value};
    return NULL;
}

/* ---- which fields the events of a quarter of an hour have ---- */

enum { FIELDS_MAX = 500, SAMPLE = 1000 };

static int by_share(const void *x, const void *y) {
    const struct logs_log_group_field *a = x, *b = y;
    if (a->percent.v != b->percent.v) return a->percent.v > b->percent.v ? -1 : 1;
    return str_cmp(a->name, b->name);
}

static void count_field(struct logs_log_group_field_list *list, struct arena *a, str name) {
    for (u32 i = 0; i < list->n; i++)
        if (str_eq(list->v[i].name, name)) {
            list->v[i].percent.v++;
            return;
        }
    if (list->n < FIELDS_MAX) list->v[list->n++] = (struct logs_log_group_field){arena_str(a, name), SOME_I32(1)};
}

/* Around `time`, or the last 15 minutes; of more events than that the first 1,000. */
err logs_get_log_group_fields(struct call *c, const struct logs_get_log_group_fields_request *in, struct logs_get_log_group_fields_response *out) {
    struct log_group group;
    struct scan_event e;
    struct arena scratch = {0};
    i32 events = 0;
    TRY(log_group_identify(c, in->log_group_name, in->log_group_identifier, &group));
    i64 from_ms = in->time.set ? in->time.v * second_ms - 8 * minute_ms : c->now_ms - 15 * minute_ms;
    struct scan *s = scan_new(c, from_ms, in->time.set ? from_ms + 16 * minute_ms : c->now_ms + 1);
    scan_transform(s);
    scan_add_group(s, &group);
    out->log_group_fields.v = NEW_ARRAY(c->arena, struct logs_log_group_field, FIELDS_MAX);
    out->log_group_fields.set = true;
    str log = arena_format(c->arena, "%.*s:%.*s", STR_ARGS(group.account), STR_ARGS(group.name));
    for (; events < SAMPLE && scan_next(s, &e); events++) {
        arena_reset(&scratch);
        struct insights_event event = {.timestamp_ms = e.event.time_ms, .ingested_ms = e.event.ingested_ms, .message = e.event.message, .stream = e.stream, .log = log,
                                       .transformed = e.transformed.message, .transformation_error = e.transformed.error};
        struct insights_answer all = insights_all_fields(&scratch, &event, S("p"));
        for (u32 i = 0; i < all.first->n; i++) count_field(&out->log_group_fields, c->arena, all.first->fields[i].name);
    }
    arena_free(&scratch);
    TRY(scan_error(s));
    for (u32 i = 0; i < out->log_group_fields.n; i++) out->log_group_fields.v[i].percent.v = out->log_group_fields.v[i].percent.v * 100 / events;
    if (out->log_group_fields.n) qsort(out->log_group_fields.v, out->log_group_fields.n, sizeof *out->log_group_fields.v, by_share);
    return NULL;
}
