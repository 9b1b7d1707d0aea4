/* What a target did not take: a letter to its dead-letter queue. And how a rule fares, as AWS/Events counts it. */
#include "events.h"

#include "gen/sqs.h"

static void add(struct sqs_message_body_attribute_map *map, const char *name, str value) {
    map->v[map->n++] = (struct sqs_message_body_attribute_map_entry){.key = str_of(name), .value = {.data_type = S("String"), .string_value = value}};
}

/* By the rule's name alone on the default bus. "arn:aws:events:us-east-1:123456789012:rule/bus/name" */
void rule_count(struct call *c, str rule_arn, const char *metric) {
    size_t from = str_rfind_char(rule_arn, ':') + 1 + strlen("rule/"), slash = str_rfind_char(rule_arn, '/');
    str name = str_skip(rule_arn, slash + 1);
    bool custom = slash > from;
    str bus = custom ? str_take(str_skip(rule_arn, from), slash - from) : (str){0};
    count_metric(c, str_of(metric), custom ? S("EventBusName,RuleName") : S("RuleName"),
                 custom ? arena_format(c->arena, "%.*s,%.*s", STR_ARGS(bus), STR_ARGS(name)) : name, 1, S("Count"));
}

void dead_letter_send(struct call *c, str queue_arn, const struct dead_letter *letter) {
    struct arn arn;
    if (!arn_parse(queue_arn, &arn)) return;
    struct sqs_send_message_request in = {.queue_url = arena_format(c->arena, "/%.*s/%.*s", STR_ARGS(arn.account), STR_ARGS(arn.resource)), .message_body = letter->body};
    in.message_attributes.v = NEW_ARRAY(c->arena, struct sqs_message_body_attribute_map_entry, 6);
    in.message_attributes.set = true;
    add(&in.message_attributes, "RULE_ARN", letter->rule_arn);
    add(&in.message_attributes, "TARGET_ARN", letter->target_arn);
    add(&in.message_attributes, "ERROR_CODE", letter->code);
    add(&in.message_attributes, "ERROR_MESSAGE", letter->message.n ? letter->message : letter->code);
    if (letter->condition) {
        add(&in.message_attributes, "EXHAUSTED_RETRY_CONDITION", str_of(letter->condition));
        add(&in.message_attributes, "RETRY_ATTEMPTS", arena_format(c->arena, "%lld", (long long)letter->attempts));
    }
    struct sqs_send_message_result out;
    struct call_other queue = {.service = &sqs_service, .op = SQS_OP_SEND_MESSAGE, .as = CALL_AS_SERVICE, .account = arn.account, .region = arn.region,
                               .source_arn = letter->rule_arn};
    err e = call_service(c, &queue, &in, &out);
    rule_count(c, letter->rule_arn, e ? "InvocationsFailedToBeSentToDlq" : "InvocationsSentToDlq");
}
