/* From a bus to its rules and archives, and from a rule to its targets, in the transaction of the event; a target may be
 * a bus again. What a target refuses is final, since it is of this cloud too (no right, no such queue): it goes to the
 * target's dead-letter queue, with the reason. */
#include "events.h"

#include "gen/logs.h"
#include "gen/sns.h"
#include "gen/sqs.h"
#include "text/tree.h"

struct delivery {
    const struct rule *rule;
    const struct target *target;
    const struct event *event;
    struct arn arn;
    str input;
};

static struct call_other callee(struct call *c, const struct delivery *d, const struct service *service, u16 op) {
    bool by_role = d->target->role.p != NULL;
    return (struct call_other){.service = service, .op = op, .as = by_role ? CALL_AS_ROLE : CALL_AS_SERVICE, .account = d->arn.account, .region = d->arn.region,
                               .source_arn = rule_arn(c->arena, d->rule), .role_arn = d->target->role};
}

static err to_queue(struct call *c, const struct delivery *d) {
    struct sqs_send_message_request in = {.queue_url = arena_format(c->arena, "/%.*s/%.*s", STR_ARGS(d->arn.account), STR_ARGS(d->arn.resource)), .message_body = d->input,
                                          .message_group_id = d->target->group};
    if (str_ends(d->arn.resource, S(".fifo"))) in.message_deduplication_id = d->event->id;
    struct sqs_send_message_result out;
    struct call_other queue = callee(c, d, &sqs_service, SQS_OP_SEND_MESSAGE);
    return call_service(c, &queue, &in, &out);
}

static err to_topic(struct call *c, const struct delivery *d) {
    struct sns_publish_input in = {.topic_arn = d->target->arn, .message = d->input};
    struct sns_publish_response out;
    struct call_other topic = callee(c, d, &sns_service, SNS_OP_PUBLISH);
    return call_service(c, &topic, &in, &out);
}

/* A transformer may say when and what: {"timestamp": ..., "message": "..."}. */
static struct logs_input_log_event log_event_of(struct call *c, const struct delivery *d) {
    struct logs_input_log_event e = {.timestamp = SOME_I64(d->event->time_ms), .message = d->input};
    const struct json_node *input = json_tree(c->arena, d->input, json_default_limits, NULL, NULL);
    const struct json_node *message = input ? json_node_member(input, S("message")) : NULL, *timestamp = input ? json_node_member(input, S("timestamp")) : NULL;
    if (!message || !timestamp || input->count != 2) return e;
    e.message = message->type == JSON_STRING ? message->text : json_node_raw(message, d->input);
    if (timestamp->type == JSON_NUMBER) e.timestamp = SOME_I64((i64)timestamp->number);
    return e;
}

/* Into a stream a rule and day (DIFFERS: AWS does not say how it names them), made when it is missing. */
static err to_log_group(struct call *c, const struct delivery *d) {
    struct civil_time day = civil_of(c->now_ms);
    struct logs_input_log_event event = log_event_of(c, d);
    str group = str_skip(d->arn.resource, S("log-group:").n);
    if (str_ends(group, S(":*"))) group = str_take(group, group.n - 2);
    str stream = arena_format(c->arena, "%.*s/%04lld/%02d/%02d", STR_ARGS(d->rule->name), (long long)day.year, day.month, day.day);
    struct logs_put_log_events_request in = {.log_group_name = group, .log_stream_name = stream, .log_events = {&event, 1, true}};
    struct logs_put_log_events_response out;
    struct logs_create_log_stream_request make = {.log_group_name = group, .log_stream_name = stream};
    struct wire_unit made;
    struct call_other put = callee(c, d, &logs_service, LOGS_OP_PUT_LOG_EVENTS), create = callee(c, d, &logs_service, LOGS_OP_CREATE_LOG_STREAM);
    err e = call_service(c, &put, &in, &out);
    if (e != &logs_resource_not_found_exception) return e;
    TRY(call_service(c, &create, &make, &made));
    return call_service(c, &put, &in, &out);
}

/* By the rule's role, or in the name of its account. */
static err may_put(struct call *c, const struct delivery *d, const struct bus *bus) {
    struct auth_facts facts = {.resource_policy = bus->policy, .resource_account = bus->account};
    struct principal root = principal_root(c->arena, d->rule->account, (str){0});
    condition_of_event(c, d->event, true, &facts);
    struct call as = *c;
    as.outer = c;
    as.flight = NULL;
    as.principal = &root;
    as.source_arn = rule_arn(c->arena, d->rule);
    err e = d->target->role.p ? call_take_role(&as, d->target->role) : NULL;
    if (!e && !may_with(&as, S("events:PutEvents"), d->target->arn, &facts)) e = deny(&as, S("events:PutEvents"), d->target->arn);
    c->error_message = as.error_message;
    return e;
}

/* The same event on another bus: its account, region, id and time stay what they were. */
static err to_bus(struct call *c, const struct delivery *d) {
    struct bus bus;
    if (d->event->hops >= HOPS_MAX) return fail(c, &cloud_validation, "The event went from bus to bus more than %d times.", HOPS_MAX);
    TRY(bus_open(c, d->target->arn, &bus));
    bool own = str_eq(bus.account, d->rule->account);
    if (!own || d->target->role.p) TRY(may_put(c, d, &bus));
    struct event e = *d->event;
    e.hops++;
    event_route(c, &bus, &e, NULL);
    return NULL;
}

/* To a discoverer of schemas, who looks at the event later (services/schemas). */
static err to_discoverer(struct call *c, const struct delivery *d) {
    str id = str_skip(d->arn.resource, sizeof "discoverer/" - 1);
    str key = arena_format(c->arena, "%.*s/%.*s/%.*s/%.*s", STR_ARGS(d->arn.account), STR_ARGS(d->arn.region), STR_ARGS(id), STR_ARGS(d->event->id));
    txn_task_set(c->txn, &(struct task){.kind = S("schemas-discover"), .key = key, .payload = d->event->json});
    return NULL;
}

static err send(struct call *c, const struct delivery *d) {
    if (str_eq(d->arn.service, S("sqs"))) return to_queue(c, d);
    if (str_eq(d->arn.service, S("sns"))) return to_topic(c, d);
    if (str_eq(d->arn.service, S("logs")) && str_starts(d->arn.resource, S("log-group:"))) return to_log_group(c, d);
    if (str_eq(d->arn.service, S("events")) && str_starts(d->arn.resource, S("event-bus/"))) return to_bus(c, d);
    if (str_eq(d->arn.service, S("schemas")) && d->rule->managed_by.p) return to_discoverer(c, d);
    if (destination_is_arn(&d->arn)) return destination_begin(c, d->rule, d->target, d->event, d->input);
    return fail(c, &cloud_not_implemented, "brume does not have the target %.*s (yet).", STR_ARGS(d->target->arn));
}

/* ---- dead letters ---- */

void deliver_to(struct call *c, const struct rule *rule, const struct target *target, const struct event *e) {
    struct delivery d = {.rule = rule, .target = target, .event = e, .input = target_input(c->arena, rule, target, e, c->now_ms)};
    str rule_is = rule_arn(c->arena, rule);
    rule_count(c, rule_is, "Invocations");
    err why = &cloud_validation;
    if (arn_parse(target->arn, &d.arn) && d.input.p) why = send(c, &d);
    if (!why) return;
    rule_count(c, rule_is, "FailedInvocations");
    if (!target->dead_letter_arn.p) return;
    struct dead_letter letter = {.rule_arn = rule_is, .target_arn = target->arn, .body = e->json,
                                 .code = why == &cloud_access_denied ? S("NO_PERMISSIONS") : S("NO_RESOURCE"),
                                 .message = c->error_message.n ? arena_str(c->arena, c->error_message) : str_of(why->code)};
    dead_letter_send(c, target->dead_letter_arn, &letter);
}

/* ---- through a bus ---- */

static bool chosen(const struct record_pairs *only, str arn) {
    for (u32 i = 0; only && i < only->n; i++)
        if (str_eq(only->v[i].key, arn)) return true;
    return !only || only->n == 0;
}

static void hand_over(struct call *c, const struct rule *rule, const struct event *e, void *context) {
    str arn = rule_arn(c->arena, rule);
    if (!chosen(context, arn)) return;
    rule_count(c, arn, "MatchedEvents");
    rule_count(c, arn, "TriggeredRules");
    for (u32 i = 0; i < rule->targets.n; i++) deliver_to(c, rule, &rule->targets.v[i], e);
}

/* What a bus sets off is its own account's doing, wherever the event came from: its rules get no right, and no
 * name before others' policies, from who put it. */
static struct call *call_of_bus(struct call *c, const struct bus *bus) {
    if (str_eq(bus->account, c->account) && str_eq(bus->region, c->region)) return c;
    struct call *own = call_for_task(c->txn, &events_service, bus->account, bus->region, c->now_ms);
    own->depth = c->depth + 1;
    return own;
}

void event_route(struct call *c, const struct bus *bus, const struct event *e, const struct record_pairs *only) {
    c = call_of_bus(c, bus);
    if (!e->replay.p) archive_event(c, bus, e);
    index_match(c, bus, e, hand_over, (void *)(uintptr_t)only);
}
