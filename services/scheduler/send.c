/* One call of a target, as a session in the schedule's role. */
#include "scheduler.h"

#include "cloud/operation.h"
#include "gen/events.h"
#include "gen/sns.h"
#include "gen/sqs.h"

str invocation_arn(struct arena *a, const struct invocation *i) {
    return schedule_arn(a, &(struct schedule_row){.account = i->account, .region = i->region, .group = i->group, .name = i->name});
}

static struct call_other callee(struct call *c, const struct invocation *i, const struct arn *arn, const struct service *service, u16 op) {
    return (struct call_other){.service = service, .op = op, .as = CALL_AS_ROLE, .account = arn->account, .region = arn->region,
                               .source_arn = invocation_arn(c->arena, i), .role_arn = i->target->role};
}

static err to_queue(struct call *c, const struct invocation *i, const struct arn *arn, str input) {
    struct sqs_send_message_request in = {.queue_url = arena_format(c->arena, "/%.*s/%.*s", STR_ARGS(arn->account), STR_ARGS(arn->resource)), .message_body = input,
                                          .message_group_id = i->target->message_group};
    struct sqs_send_message_result out;
    struct call_other queue = callee(c, i, arn, &sqs_service, SQS_OP_SEND_MESSAGE);
    return call_service(c, &queue, &in, &out);
}

static err to_topic(struct call *c, const struct invocation *i, const struct arn *arn, str input) {
    struct sns_publish_input in = {.topic_arn = i->target->arn, .message = input};
    struct sns_publish_response out;
    struct call_other topic = callee(c, i, arn, &sns_service, SNS_OP_PUBLISH);
    return call_service(c, &topic, &in, &out);
}

static err to_bus(struct call *c, const struct invocation *i, const struct arn *arn, str input) {
    struct events_put_events_request_entry entry = {.source = i->target->source, .detail_type = i->target->detail_type, .detail = input, .event_bus_name = i->target->arn,
                                                    .time = SOME_TIME(i->scheduled_ms)};
    struct events_put_events_request in = {.entries = {.v = &entry, .n = 1, .set = true}};
    struct events_put_events_response out;
    struct call_other bus = callee(c, i, arn, &events_service, EVENTS_OP_PUT_EVENTS);
    TRY(call_service(c, &bus, &in, &out));
    if (!out.failed_entry_count.v) return NULL;
    struct error *e = NEW(c->arena, struct error); /* an entry's own code */
    *e = (struct error){.code = arena_c_string(c->arena, out.entries.v[0].error_code), .status = 400, .shape = WIRE_NONE, .sender = true};
    return fail(c, e, "%.*s", STR_ARGS(out.entries.v[0].error_message));
}

static err to_operation(struct call *c, const struct invocation *i, str resource, str input) {
    struct arn own = {.account = i->account, .region = i->region};
    struct call_other other = callee(c, i, &own, NULL, 0);
    str operation = resource, service;
    (void)str_cut(&operation, ':');
    service = str_cut(&operation, ':');
    TRY(operation_find(c, service, operation, &other));
    return operation_call(c, &other, input, NULL);
}

err target_send(struct call *c, const struct invocation *i, str input) {
    struct arn arn;
    ASSERT(arn_parse(i->target->arn, &arn)); /* was checked when it was set */
    if (str_eq(arn.service, S("sqs"))) return to_queue(c, i, &arn, input);
    if (str_eq(arn.service, S("sns"))) return to_topic(c, i, &arn, input);
    if (str_eq(arn.service, S("events"))) return to_bus(c, i, &arn, input);
    return to_operation(c, i, arn.resource, input);
}
