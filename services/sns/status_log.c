/* Delivery status: what became of a delivery, as an event of CloudWatch Logs, written in the role that the topic's
 * feedback attributes (for texts: the account's SMS attributes) name. A role or a group that refuses loses the event. */
#include "sns.h"

#include "gen/logs.h"
#include "text/json.h"

static str feedback(const struct topic *topic, const char *kind, const char *what) {
    for (u32 i = 0; i < topic->feedback.n; i++) {
        str name = topic->feedback.v[i].key;
        if (str_starts(name, str_of(kind)) && str_eq(str_skip(name, strlen(kind)), str_of(what))) return topic->feedback.v[i].value;
    }
    return (str){0};
}

static err logs_call(struct call *c, u16 op, const struct log_writer *w, const void *in, void *out) {
    struct call_other logs = {.service = &logs_service, .op = op, .as = w->role.p ? CALL_AS_ROLE : CALL_AS_SERVICE, .role_arn = w->role, .account = w->account, .region = w->region,
                              .source_arn = w->source_arn};
    return call_service(c, &logs, in, out);
}

void log_event_put(struct call *c, const struct log_writer *w, str group, str stream, str text) {
    struct logs_input_log_event event = {.timestamp = SOME_I64(c->now_ms), .message = text};
    struct logs_put_log_events_request in = {.log_group_name = group, .log_stream_name = stream, .log_events = {.v = &event, .n = 1, .set = true}};
    struct logs_put_log_events_response out;
    struct logs_create_log_group_request new_group = {.log_group_name = group};
    struct logs_create_log_stream_request new_stream = {.log_group_name = group, .log_stream_name = stream};
    struct wire_unit none;
    if (logs_call(c, LOGS_OP_PUT_LOG_EVENTS, w, &in, &out) != &logs_resource_not_found_exception) return;
    if (w->role.p) (void)!logs_call(c, LOGS_OP_CREATE_LOG_GROUP, w, &new_group, &none); /* it may be there, without the stream */
    (void)!logs_call(c, LOGS_OP_CREATE_LOG_STREAM, w, &new_stream, &none);
    (void)!logs_call(c, LOGS_OP_PUT_LOG_EVENTS, w, &in, &out);
}

static void member(struct buf *b, const char *name, str value) {
    if (value.p) json_write_member(b, str_of(name), value);
}

static str text_of(struct call *c, const struct delivery_status *d) {
    struct buf b = buf_new(c->arena, 64 << 10);
    struct civil_time t = civil_of(d->published_ms);
    json_write_object(&b);
    json_write_key(&b, S("notification"));
    json_write_object(&b);
    member(&b, "messageId", d->message_id);
    member(&b, "topicArn", d->topic_arn);
    member(&b, "timestamp", arena_format(c->arena, "%04lld-%02d-%02d %02d:%02d:%02d.%03d", (long long)t.year, t.month, t.day, t.hour, t.minute, t.second, t.millisecond));
    json_write_object_end(&b);
    json_write_key(&b, S("delivery"));
    json_write_object(&b);
    member(&b, "deliveryId", id_uuid(c->arena));
    member(&b, "destination", d->destination);
    member(&b, "providerResponse", d->response);
    json_write_key(&b, S("dwellTimeMs"));
    json_write_i64(&b, c->now_ms - d->published_ms);
    if (d->status) {
        json_write_key(&b, S("statusCode"));
        json_write_i64(&b, d->status);
    }
    json_write_object_end(&b);
    member(&b, "status", d->success ? S("SUCCESS") : S("FAILURE"));
    json_write_object_end(&b);
    return buf_str(&b);
}

static bool sampled(str rate, str message_id) {
    double percent = 100;
    if (rate.p && !str_to_f64(rate, &percent)) return false;
    return (double)(str_hash(message_id) % 100) < percent;
}

static void write(struct call *c, str role, str name, const struct delivery_status *d) {
    str group = arena_format(c->arena, "sns/%.*s/%.*s/%.*s%s", STR_ARGS(c->region), STR_ARGS(c->account), STR_ARGS(name), d->success ? "" : "/Failure");
    log_event_put(c, &(struct log_writer){.role = role}, group, S("deliveries"), text_of(c, d));
}

void topic_delivery_log(struct call *c, const struct topic *topic, const struct subscription *s, const struct delivery_status *d) {
    static const struct {
        const char *protocol, *kind;
    } kinds[] = {{"sqs", "SQS"}, {"http", "HTTP"}, {"https", "HTTP"}, {"application", "Application"}, {"lambda", "Lambda"}, {"firehose", "Firehose"}};
    size_t i = 0;
    while (i < LENGTH(kinds) && !str_eq(s->protocol, str_of(kinds[i].protocol))) i++;
    if (i == LENGTH(kinds) || !topic->feedback.n) return;
    str role = feedback(topic, kinds[i].kind, d->success ? "SuccessFeedbackRoleArn" : "FailureFeedbackRoleArn");
    if (!role.p || (d->success && !sampled(feedback(topic, kinds[i].kind, "SuccessFeedbackSampleRate"), d->message_id))) return;
    struct delivery_status full = *d;
    full.topic_arn = topic_arn(c->arena, topic);
    full.destination = s->endpoint;
    write(c, role, topic->name, &full);
}

void sms_delivery_log(struct call *c, str role, str rate, const struct delivery_status *d) {
    if (role.p && (!d->success || sampled(rate, d->message_id))) write(c, role, S("DirectPublishToPhoneNumber"), d);
}
