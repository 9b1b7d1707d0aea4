/* GetLogRecord: one event with all its fields, by its @ptr. */
#include "insights.h"
#include "scan.h"

static bool find(struct call *c, str pointer, const struct log_position *at, u64 stream_id, struct insights_event *event, str *log) {
    struct log_stream_home home;
    struct log_group group;
    struct log_stream stream;
    struct scan_event e;
    if (!log_stream_home(c->txn, c->arena, stream_id, &home) || !str_eq(home.account, c->account) || !str_eq(home.region, c->region)) return false;
    if (!log_group_load(c->txn, c->arena, home.account, home.region, home.group, &group) || group.id != home.group_id) return false;
    if (!log_stream_load(c->txn, c->arena, group.id, home.stream, &stream)) return false;
    struct scan *s = scan_new(c, at->time_ms, at->time_ms + 1);
    scan_add_stream(s, &group, &stream);
    while (scan_next(s, &e))
        if (str_eq(scan_event_id(c->arena, &e), pointer)) {
            *log = arena_format(c->arena, "%.*s:%.*s", STR_ARGS(home.account), STR_ARGS(home.group));
            *event = (struct insights_event){e.event.time_ms, e.event.ingested_ms, arena_str(c->arena, e.event.message), home.stream, *log, NULL};
            return true;
        }
    return false;
}

err logs_get_log_record(struct call *c, const struct logs_get_log_record_request *in, struct logs_get_log_record_response *out) {
    struct log_position at;
    struct insights_event e;
    u64 stream;
    str log;
    if (!scan_event_id_read(in->log_record_pointer, &at, &stream)) return fail(c, &logs_invalid_parameter_exception, "The specified log record pointer is not valid.");
    if (!find(c, in->log_record_pointer, &at, stream, &e, &log)) return fail(c, &logs_resource_not_found_exception, "The specified log record does not exist.");
    struct insights_answer all = insights_all_fields(c->arena, &e, in->log_record_pointer);
    out->log_record.v = NEW_ARRAY(c->arena, struct logs_log_record_entry, all.first->n);
    out->log_record.set = true;
    for (; out->log_record.n < all.first->n; out->log_record.n++)
        out->log_record.v[out->log_record.n] = (struct logs_log_record_entry){all.first->fields[out->log_record.n].name, all.first->fields[out->log_record.n].value};
    return NULL;
}
