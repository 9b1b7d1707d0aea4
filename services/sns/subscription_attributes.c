/* The subscription's attributes, by the names that clients use. */
#include "sns.h"

#include "cloud/event_pattern.h"
#include "text/tree.h"

enum { FILTER_KEYS = 5, FILTER_COMPLEXITY = 150 };

static err check_filter(struct call *c, const struct subscription *s, str text, const char *wrong) {
    str problem = {0};
    const struct event_pattern *p = event_pattern_compile(text, s->body_scope ? EVENT_PATTERN_SNS_BODY : EVENT_PATTERN_SNS_ATTRIBUTES, c->arena, &problem);
    if (!p && str_starts(problem, S("Filter policy scope"))) return fail(c, &sns_invalid_parameter_exception, "Invalid parameter: %s%.*s", wrong, STR_ARGS(problem));
    if (p && p->leaves > FILTER_KEYS) problem = S("Filter policy can not have more than 5 keys");
    else if (p && p->complexity > FILTER_COMPLEXITY) problem = S("Filter policy is too complex");
    if (!problem.p) return NULL;
    return fail(c, &sns_invalid_parameter_exception, "Invalid parameter: %sFilterPolicy: %.*s", wrong, STR_ARGS(problem));
}

static err set_filter(struct call *c, struct subscription *s, str value, const char *wrong) {
    const struct json_node *root = value.n ? json_tree(c->arena, value, json_default_limits, NULL, NULL) : NULL;
    if (!value.n || (root && root->type == JSON_OBJECT && !root->first)) { /* {} takes it away */
        s->filter = (str){0};
        return NULL;
    }
    TRY(check_filter(c, s, value, wrong));
    s->filter = value;
    return NULL;
}

static err set_scope(struct call *c, struct subscription *s, str value, const char *wrong) {
    bool body = str_eq(value, S("MessageBody"));
    if (!body && !str_eq(value, S("MessageAttributes")))
        return fail(c, &sns_invalid_parameter_exception,
                    "Invalid parameter: %sFilterPolicyScope: Invalid value [%.*s]. Please use either MessageBody or MessageAttributes", wrong, STR_ARGS(value));
    s->body_scope = body;
    return s->filter.p ? check_filter(c, s, s->filter, wrong) : NULL;
}

static err set_redrive(struct call *c, struct subscription *s, str value, const char *wrong) {
    s->redrive = s->dead_letter_arn = (str){0};
    if (!value.n) return NULL;
    TRY(json_parameter(c, wrong, "RedrivePolicy", value));
    const struct json_node *target = json_node_member(json_tree(c->arena, value, json_default_limits, NULL, NULL), S("deadLetterTargetArn"));
    struct arn arn;
    if (!target || target->type != JSON_STRING || !arn_parse(target->text, &arn) || !str_eq(arn.service, S("sqs")) || !account_valid(arn.account))
        return fail(c, &sns_invalid_parameter_exception, "Invalid parameter: %sRedrivePolicy: deadLetterTargetArn is an invalid arn", wrong);
    s->redrive = value;
    s->dead_letter_arn = target->text;
    return NULL;
}

static err set_raw(struct call *c, struct subscription *s, str value, const char *wrong) {
    bool on = str_eq_nocase(value, S("true"));
    if (!on && !str_eq_nocase(value, S("false")))
        return fail(c, &sns_invalid_parameter_exception, "Invalid parameter: %sRawMessageDelivery: Invalid value [%.*s]. Must be true or false.", wrong, STR_ARGS(value));
    if (on && !str_eq(s->protocol, S("sqs")) && !str_starts(s->protocol, S("http")) && !str_eq(s->protocol, S("firehose")))
        return fail(c, &sns_invalid_parameter_exception, "Invalid parameter: %sDelivery protocol [%.*s] does not support raw message delivery.", wrong, STR_ARGS(s->protocol));
    s->raw = on;
    return NULL;
}

static err attribute_set(struct call *c, struct subscription *s, str name, str value, const char *wrong) {
    if (str_eq(name, S("RawMessageDelivery"))) return set_raw(c, s, value, wrong);
    if (str_eq(name, S("FilterPolicy"))) return set_filter(c, s, value, wrong);
    if (str_eq(name, S("FilterPolicyScope"))) return set_scope(c, s, value, wrong);
    if (str_eq(name, S("RedrivePolicy"))) return set_redrive(c, s, value, wrong);
    if (str_eq(name, S("DeliveryPolicy"))) {
        if (value.n) TRY(json_parameter(c, wrong, "DeliveryPolicy", value));
        s->delivery_policy = value.n ? value : (str){0};
        return NULL;
    }
    if (str_eq(name, S("SubscriptionRoleArn"))) {
        s->role = value;
        return NULL;
    }
    if (str_eq(name, S("ReplayPolicy"))) return subscription_replay_set(c, s, value);
    return invalid_parameter(c, *wrong ? "Attributes" : "AttributeName");
}

/* The scope first, wherever it stands: it says how the filter is read. */
err subscription_attributes_apply(struct call *c, struct subscription *s, const struct sns_subscription_attributes_map *given) {
    for (int pass = 0; pass < 2; pass++)
        for (u32 i = 0; i < given->n; i++)
            if (str_eq(given->v[i].key, S("FilterPolicyScope")) == (pass == 0))
                TRY(attribute_set(c, s, given->v[i].key, given->v[i].value.p ? given->v[i].value : S(""), "Attributes Reason: "));
    return NULL;
}

err sns_set_subscription_attributes(struct call *c, const struct sns_set_subscription_attributes_input *in, struct wire_unit *out) {
    (void)out;
    struct topic topic;
    struct subscription s;
    TRY(subscription_open(c, in->subscription_arn, &topic, &s));
    bool was_signed = subscription_signed(&topic, &s);
    TRY(attribute_set(c, &s, in->attribute_name, in->attribute_value.p ? in->attribute_value : S(""), ""));
    subscription_save(c->txn, c->arena, &topic, &s);
    TRY(subscription_replay_begin(c, &topic, &s));
    if (was_signed == subscription_signed(&topic, &s)) return NULL;
    topic.signed_subscriptions += was_signed ? -1 : 1;
    if (!was_signed) signing_wanted(c);
    topic_save(c->txn, c->arena, &topic);
    return NULL;
}

static void add(struct sns_subscription_attributes_map *map, str name, str value) {
    if (value.p) map->v[map->n++] = (struct sns_subscription_attributes_map_entry){.key = name, .value = value};
}

static str truth(bool value) { return value ? S("true") : S("false"); }

err sns_get_subscription_attributes(struct call *c, const struct sns_get_subscription_attributes_input *in, struct sns_get_subscription_attributes_response *out) {
    struct topic topic;
    struct subscription s;
    struct sns_subscription_attributes_map *map = &out->attributes;
    TRY(subscription_open(c, in->subscription_arn, &topic, &s));
    map->v = NEW_ARRAY(c->arena, struct sns_subscription_attributes_map_entry, 16);
    map->set = true;
    add(map, S("SubscriptionPrincipal"), s.principal);
    add(map, S("Owner"), s.owner);
    add(map, S("RawMessageDelivery"), truth(s.raw));
    add(map, S("TopicArn"), topic_arn(c->arena, &topic));
    add(map, S("Endpoint"), s.endpoint);
    add(map, S("Protocol"), s.protocol);
    add(map, S("PendingConfirmation"), truth(s.pending));
    add(map, S("ConfirmationWasAuthenticated"), truth(s.authenticated));
    add(map, S("SubscriptionArn"), subscription_arn(c->arena, &topic, &s));
    add(map, S("FilterPolicy"), s.filter);
    if (s.filter.p) add(map, S("FilterPolicyScope"), s.body_scope ? S("MessageBody") : S("MessageAttributes"));
    add(map, S("RedrivePolicy"), s.redrive);
    add(map, S("DeliveryPolicy"), s.delivery_policy);
    add(map, S("SubscriptionRoleArn"), s.role);
    add(map, S("ReplayPolicy"), s.replay);
    add(map, S("ReplayStatus"), s.replay_status);
    return NULL;
}
