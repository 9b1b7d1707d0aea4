/* What a pipe tells of itself in its log group: a record for each step of an execution, which is one event's way through
 * the pipe (EventBridge user guide, "Log Amazon EventBridge Pipes" and "EventBridge Pipes log schema reference"). The
 * records of a transaction are gathered, and written at its end, so that what it undoes is told too.
 *
 * DIFFERS: they are written in the pipe's role, into a stream a pipe and day; AWS's delivery service writes them. */
#include "pipes.h"

#include "gen/logs.h"
#include "text/json.h"

enum { RECORD_MAX = 250000, PAYLOAD_MAX = 200000, PUT_EVENTS = 1000, PUT_BYTES = 1000000 };

struct pipe_journal {
    struct journal_line {
        str text;
        struct journal_line *next;
    } *first, **end;
};

enum level { LEVEL_OFF, LEVEL_ERROR, LEVEL_INFO, LEVEL_TRACE };
static const char *const level_names[] = {"OFF", "ERROR", "INFO", "TRACE"};

static enum level level_of_pipe(const struct pipe *p) {
    enum level level = LEVEL_TRACE;
    while (p->log && level && !str_eq(p->log->level, str_of(level_names[level]))) level--;
    return p->log ? level : LEVEL_OFF;
}

/* Failures are for all who want any, executions and their stages for INFO, what stages consist of for TRACE. */
static enum level level_of_step(str step) {
    if (str_ends(step, S("_FAILED"))) return LEVEL_ERROR;
    return str_starts(step, S("EXECUTION_")) || str_find(step, S("_STAGE_")) != STR_NONE ? LEVEL_INFO : LEVEL_TRACE;
}

void pipe_log_open(struct call *c, struct pipe *p) {
    p->journal = NULL;
    if (level_of_pipe(p) == LEVEL_OFF || !p->log->group.p) return;
    p->journal = NEW(c->arena, struct pipe_journal);
    p->journal->end = &p->journal->first;
}

/* ---- a record ---- */

/* A payload that does not fit is cut at a letter. */
static void write_payload(struct call *c, struct buf *b, str payload) {
    struct buf text = buf_new(c->arena, PAYLOAD_MAX);
    str cut = str_take(payload, PAYLOAD_MAX);
    for (json_write_string(&text, cut); text.over; json_write_string(&text, cut)) {
        cut = str_take(cut, cut.n / 2);
        while (cut.n && ((u8)payload.p[cut.n] & 0xc0) == 0x80) cut.n--;
        text = buf_new(c->arena, PAYLOAD_MAX);
    }
    json_write_key(b, S("payload"));
    json_write_raw(b, buf_str(&text));
    if (cut.n == payload.n) return;
    json_write_key(b, S("truncatedFields"));
    json_write_raw(b, S("[\"payload\"]"));
}

static void write_error(struct call *c, struct buf *b, str service, err why) {
    json_write_key(b, S("error"));
    json_write_object(b);
    json_write_key(b, S("httpStatusCode"));
    json_write_raw(b, arena_format(c->arena, "%u", why->status));
    json_write_member(b, S("message"), c->error_message.n ? str_take(c->error_message, 1024) : str_of(why->code));
    json_write_member(b, S("details"), S(""));
    json_write_member(b, S("awsService"), service);
    json_write_object_end(b);
}

static str service_of(str text) {
    struct arn arn;
    return arn_parse(text, &arn) ? arn.service : S("");
}

void pipe_step(struct call *c, const struct pipe *p, const struct pipe_event *e, const char *stage, const char *outcome, str payload, err why) {
    str step = arena_format(c->arena, "%s_%s", stage, outcome);
    enum level level = level_of_step(step);
    if (!p->journal || level > level_of_pipe(p)) return;
    struct buf b = buf_new(c->arena, RECORD_MAX);
    json_write_object(&b);
    json_write_member(&b, S("executionId"), e->execution);
    json_write_key(&b, S("timestamp"));
    json_write_raw(&b, arena_format(c->arena, "%lld", (long long)c->now_ms));
    json_write_member(&b, S("messageType"), step);
    json_write_member(&b, S("resourceArn"), pipe_arn(c->arena, p));
    json_write_member(&b, S("logLevel"), str_of(level_names[level]));
    if (p->log->data && payload.p) write_payload(c, &b, payload);
    if (why) write_error(c, &b, p->enrichment && str_starts(step, S("ENRICHMENT")) ? service_of(p->enrichment->arn) : service_of(p->target->arn), why);
    json_write_object_end(&b);
    ASSERT(!b.over); /* names and messages are bounded */
    struct journal_line *line = NEW(c->arena, struct journal_line);
    line->text = buf_str(&b);
    *p->journal->end = line;
    p->journal->end = &line->next;
}

void execution_begin(struct call *c, const struct pipe *p, struct pipe_event *e) {
    e->execution = p->journal ? id_uuid(c->arena) : (str){0};
    pipe_step(c, p, e, "EXECUTION", "STARTED", e->json, NULL);
}

void execution_end(struct call *c, const struct pipe *p, const struct pipe_event *e, err why) { pipe_step(c, p, e, "EXECUTION", why ? "FAILED" : "SUCCEEDED", (str){0}, why); }

/* ---- written ---- */

static err put(struct call *c, const struct pipe *p, const struct arn *arn, struct logs_input_log_events *events) {
    struct civil_time day = civil_of(c->now_ms);
    str group = str_skip(arn->resource, sizeof "log-group:" - 1);
    if (str_ends(group, S(":*"))) group = str_take(group, group.n - 2);
    str stream = arena_format(c->arena, "%.*s/%04lld/%02d/%02d", STR_ARGS(p->name), (long long)day.year, day.month, day.day);
    struct logs_put_log_events_request in = {.log_group_name = group, .log_stream_name = stream, .log_events = *events};
    struct logs_put_log_events_response out;
    struct logs_create_log_stream_request make = {.log_group_name = group, .log_stream_name = stream};
    struct wire_unit made;
    struct call_other write = pipe_callee(c, p, arn, &logs_service, LOGS_OP_PUT_LOG_EVENTS), create = pipe_callee(c, p, arn, &logs_service, LOGS_OP_CREATE_LOG_STREAM);
    err e = call_service(c, &write, &in, &out);
    if (e != &logs_resource_not_found_exception) return e;
    TRY(call_service(c, &create, &make, &made));
    return call_service(c, &write, &in, &out);
}

void pipe_log_write(struct call *c, struct pipe *p) {
    struct arn arn;
    const struct journal_line *line = p->journal ? p->journal->first : NULL;
    if (!line || !arn_parse(p->log->group, &arn)) return;
    struct logs_input_log_events events = {.v = NEW_ARRAY(c->arena, struct logs_input_log_event, PUT_EVENTS), .set = true};
    size_t bytes = 0;
    for (; line; line = line->next) {
        events.v[events.n++] = (struct logs_input_log_event){.timestamp = SOME_I64(c->now_ms), .message = line->text};
        bytes += line->text.n + 26;
        if (line->next && events.n < PUT_EVENTS && bytes + line->next->text.n + 26 <= PUT_BYTES) continue;
        if (put(c, p, &arn, &events)) return; /* a log that nobody may write or that is gone holds up no event */
        events.n = 0;
        bytes = 0;
    }
    p->journal = NULL;
}

/* ---- set and shown ---- */

err log_take(struct call *c, const struct pipes_pipe_log_configuration_parameters *in, struct pipe_log **log) {
    *log = NULL;
    if (in->firehose_log_destination) return fail(c, &cloud_not_implemented, "brume does not have pipes with FirehoseLogDestination (yet).");
    if (in->s3_log_destination) return fail(c, &cloud_not_implemented, "brume does not have pipes with S3LogDestination (yet).");
    const struct pipes_cloudwatch_logs_log_destination_parameters *logs = in->cloudwatch_logs_log_destination;
    if (!logs && !str_eq(in->level, S("OFF"))) return fail(c, &pipes_validation_exception, "A log level other than OFF needs a log destination.");
    *log = NEW(c->arena, struct pipe_log);
    **log = (struct pipe_log){.level = in->level, .group = logs ? logs->log_group_arn : (str){0}, .data = in->include_execution_data.n > 0};
    return NULL;
}

struct pipes_pipe_log_configuration *log_shown(struct call *c, const struct pipe_log *log) {
    struct pipes_pipe_log_configuration *out = NEW(c->arena, struct pipes_pipe_log_configuration);
    out->level = log->level;
    if (log->group.p) {
        out->cloudwatch_logs_log_destination = NEW(c->arena, struct pipes_cloudwatch_logs_log_destination);
        out->cloudwatch_logs_log_destination->log_group_arn = log->group;
    }
    if (!log->data) return out;
    out->include_execution_data = (struct pipes_include_execution_data){.v = NEW(c->arena, str), .n = 1, .set = true};
    out->include_execution_data.v[0] = S("ALL");
    return out;
}
