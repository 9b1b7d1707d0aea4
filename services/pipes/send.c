/* From a pipe to its target, as a session in the pipe's role. */
#include "pipes.h"

#include "gen/events.h"
#include "gen/logs.h"
#include "gen/sns.h"
#include "gen/sqs.h"
#include "text/tree.h"

void pipe_counted(struct call *c, const struct pipe *p, const char *metric) { count_metric(c, str_of(metric), S("PipeName"), p->name, 1, S("None")); }

struct call_other pipe_callee(struct call *c, const struct pipe *p, const struct arn *arn, const struct service *service, u16 op) {
    return (struct call_other){.service = service, .op = op, .as = CALL_AS_ROLE, .account = arn->account, .region = arn->region, .source_arn = pipe_arn(c->arena, p), .role_arn = p->role};
}

static err to_queue(struct call *c, const struct pipe *p, const struct arn *arn, const struct pipe_event *e, str body) {
    struct sqs_send_message_request in = {.queue_url = arena_format(c->arena, "/%.*s/%.*s", STR_ARGS(arn->account), STR_ARGS(arn->resource)), .message_body = body,
                                          .message_group_id = event_parameter(c->arena, e, p->target->message_group),
                                          .message_deduplication_id = event_parameter(c->arena, e, p->target->message_dedup)};
    struct sqs_send_message_result out;
    if (str_ends(arn->resource, S(".fifo")) && !in.message_deduplication_id.p) in.message_deduplication_id = e->id;
    struct call_other queue = pipe_callee(c, p, arn, &sqs_service, SQS_OP_SEND_MESSAGE);
    return call_service(c, &queue, &in, &out);
}

static err to_topic(struct call *c, const struct pipe *p, const struct arn *arn, str body) {
    struct sns_publish_input in = {.topic_arn = p->target->arn, .message = body};
    struct sns_publish_response out;
    struct call_other topic = pipe_callee(c, p, arn, &sns_service, SNS_OP_PUBLISH);
    return call_service(c, &topic, &in, &out);
}

/* ISO 8601, seconds or milliseconds. */
static bool event_time(struct call *c, const struct pipe *p, const struct pipe_event *e, i64 *ms) {
    str time = event_parameter(c->arena, e, p->target->time);
    if (!time.p) return false;
    if (iso8601_parse(time, ms)) return true;
    if (!str_to_i64(time, ms)) return false;
    if (*ms < 100000000000) *ms *= 1000;
    return true;
}

static err to_log_group(struct call *c, const struct pipe *p, const struct arn *arn, const struct pipe_event *e, str body) {
    i64 ms = c->now_ms;
    (void)event_time(c, p, e, &ms);
    str group = str_skip(arn->resource, sizeof "log-group:" - 1);
    if (str_ends(group, S(":*"))) group = str_take(group, group.n - 2);
    struct logs_input_log_event event = {.timestamp = SOME_I64(ms), .message = body};
    struct logs_put_log_events_request in = {.log_group_name = group, .log_stream_name = event_parameter(c->arena, e, p->target->log_stream),
                                             .log_events = {.v = &event, .n = 1, .set = true}};
    struct logs_put_log_events_response out;
    struct call_other put = pipe_callee(c, p, arn, &logs_service, LOGS_OP_PUT_LOG_EVENTS);
    TRY(call_service(c, &put, &in, &out));
    return out.rejected_log_events_info ? fail(c, &cloud_validation, "The event is too old or too new for the log group.") : NULL;
}

static str source_kind(const struct pipe *p) { return p->source->starting.p ? S("aws:dynamodb") : S("aws:sqs"); }

static err to_bus(struct call *c, const struct pipe *p, const struct arn *arn, const struct pipe_event *e, str body) {
    struct events_put_events_request_entry entry = {.detail = body, .event_bus_name = p->target->arn, .source = event_parameter(c->arena, e, p->target->source),
                                                    .detail_type = event_parameter(c->arena, e, p->target->detail_type)};
    if (!entry.source.p) entry.source = arena_concat(c->arena, S("Pipe "), p->name);
    if (!entry.detail_type.p) entry.detail_type = arena_concat(c->arena, S("Event from "), source_kind(p));
    i64 ms;
    if (event_time(c, p, e, &ms)) entry.time = SOME_TIME(ms);
    entry.resources.v = NEW_ARRAY(c->arena, str, p->target->resources.n + 1);
    for (u32 i = 0; i < p->target->resources.n; i++) {
        str resource = event_parameter(c->arena, e, p->target->resources.v[i].key);
        if (resource.n) entry.resources.v[entry.resources.n++] = resource;
    }
    entry.resources.set = entry.resources.n > 0;
    struct events_put_events_request in = {.entries = {.v = &entry, .n = 1, .set = true}};
    struct events_put_events_response out;
    struct call_other bus = pipe_callee(c, p, arn, &events_service, EVENTS_OP_PUT_EVENTS);
    TRY(call_service(c, &bus, &in, &out));
    return out.failed_entry_count.v ? fail(c, &cloud_validation, "%.*s", STR_ARGS(out.entries.v[0].error_message)) : NULL;
}

static err send(struct call *c, const struct pipe *p, const struct pipe_event *e) {
    struct arn arn;
    str body = event_payload(c, p, "TARGET", p->target->template, e);
    if (!body.p) return fail(c, &cloud_validation, "The event is too long for its target.");
    ASSERT(arn_parse(p->target->arn, &arn));
    pipe_step(c, p, e, "TARGET", "INVOCATION_STARTED", body, NULL);
    err refused;
    if (str_eq(arn.service, S("sqs"))) refused = to_queue(c, p, &arn, e, body);
    else if (str_eq(arn.service, S("logs"))) refused = to_log_group(c, p, &arn, e, body);
    else refused = str_eq(arn.service, S("sns")) ? to_topic(c, p, &arn, body) : to_bus(c, p, &arn, e, body);
    pipe_step(c, p, e, "TARGET", refused ? "INVOCATION_FAILED" : "INVOCATION_SUCCEEDED", (str){0}, refused);
    return refused;
}

err pipe_send(struct call *c, const struct pipe *p, const struct pipe_event *e) {
    pipe_step(c, p, e, "TARGET", "STAGE_ENTERED", e->json, NULL);
    err refused = send(c, p, e);
    pipe_step(c, p, e, "TARGET", refused ? "STAGE_FAILED" : "STAGE_SUCCEEDED", (str){0}, refused);
    if (refused) pipe_counted(c, p, "TargetStageFailed");
    return refused;
}
