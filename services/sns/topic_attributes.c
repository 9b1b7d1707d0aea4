/* The topic's attributes, by the names that clients use; its policy and who else may use it. */
#include "sns.h"

#include "auth/policy.h"
#include "cloud/policy_document.h"
#include "cloud/policy_principal.h"
#include "text/tree.h"

/* Where a text attribute stands. Names of delivery status attributes are kept as pairs. */
struct place {
    const char *name;
    size_t offset;
};
static const struct place places[] = {
    {"DeliveryPolicy", offsetof(struct topic, delivery_policy)},   {"DisplayName", offsetof(struct topic, display_name)},
    {"KmsMasterKeyId", offsetof(struct topic, kms_key)},           {"Policy", offsetof(struct topic, policy)},
    {"SignatureVersion", offsetof(struct topic, signature_version)}, {"TracingConfig", offsetof(struct topic, tracing)},
};

static str *place_of(struct topic *topic, str name) {
    for (size_t i = 0; i < LENGTH(places); i++)
        if (str_eq(name, str_of(places[i].name))) return (str *)(void *)((char *)topic + places[i].offset);
    return NULL;
}

static err wrong_value(struct call *c, const char *wrong, const char *why) { return fail(c, &sns_invalid_parameter_exception, "Invalid parameter: %s%s", wrong, why); }

static err set_boolean(struct call *c, bool *place, const char *name, str value, const char *wrong) {
    if (!str_eq_nocase(value, S("true")) && !str_eq_nocase(value, S("false")))
        return fail(c, &sns_invalid_parameter_exception, "Invalid parameter: %s%s: Invalid value [%.*s]. Must be true or false.", wrong, name, STR_ARGS(value));
    *place = str_eq_nocase(value, S("true"));
    return NULL;
}

err json_parameter(struct call *c, const char *wrong, const char *name, str text) {
    const char *why = NULL;
    size_t at = 0;
    const struct json_node *root = json_tree(c->arena, text, json_default_limits, &why, &at);
    if (root && root->type == JSON_OBJECT) return NULL;
    char ch = at < text.n ? text.p[at] : 0;
    if (why && strcmp(why, "expected a key") == 0) why = "was expecting double-quote to start field name";
    return fail(c, &sns_invalid_parameter_exception,
                "Invalid parameter: %s%s: failed to parse JSON. Unexpected character ('%c' (code %d)): %s\n at [Source: REDACTED "
                "(`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: %zu]",
                wrong, name, ch ? ch : ' ', (u8)ch, why ? why : "was expecting an object", at + 1);
}

static err take_policy(struct call *c, str value, const char *wrong, str *policy) {
    str problem = {0};
    struct policy_document *d = NEW(c->arena, struct policy_document); /* AddPermission will read it */
    if (!policy_compile(value, POLICY_RESOURCE, c->arena, &problem) || !policy_document_read(c->arena, value, d)) return wrong_value(c, wrong, "Policy Error: null");
    return policy_principals_bind(c, value, policy, NULL) ? NULL : wrong_value(c, wrong, "Policy Error: PrincipalNotFound");
}

static bool is_feedback(str name) {
    static const char *const kinds[] = {"HTTP", "Firehose", "Lambda", "Application", "SQS"};
    static const char *const what[] = {"SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate", "FailureFeedbackRoleArn"};
    for (size_t i = 0; i < LENGTH(kinds); i++) {
        str kind = str_of(kinds[i]);
        if (!str_starts(name, kind)) continue;
        for (size_t j = 0; j < LENGTH(what); j++)
            if (str_eq(str_skip(name, kind.n), str_of(what[j]))) return true;
    }
    return false;
}

static void set_feedback(struct call *c, struct topic *topic, str name, str value) {
    struct record_pairs *old = &topic->feedback, new = {.v = NEW_ARRAY(c->arena, struct record_pair, old->n + 1)};
    for (u32 i = 0; i < old->n; i++)
        if (!str_eq(old->v[i].key, name)) new.v[new.n++] = old->v[i];
    if (value.n) new.v[new.n++] = (struct record_pair){name, value};
    new.set = new.n > 0;
    *old = new;
}

/* What only a FIFO topic has, or only a new one takes. */
static err set_fifo(struct call *c, struct topic *topic, str name, str value, const char *wrong, bool creating, bool *mine) {
    *mine = true;
    if (str_eq(name, S("FifoTopic"))) {
        bool fifo = false;
        if (!creating) return invalid_parameter(c, "AttributeName");
        TRY(set_boolean(c, &fifo, "FifoTopic", value, wrong));
        return fifo == topic->fifo ? NULL : invalid_parameter(c, "Attributes Reason: Topic already exists with different attributes");
    }
    if (str_eq(name, S("ContentBasedDeduplication"))) {
        if (!topic->fifo) return wrong_value(c, wrong, "Content Based Deduplication can only be set for FIFO topics");
        return set_boolean(c, &topic->content_dedup, "ContentBasedDeduplication", value, wrong);
    }
    if (str_eq(name, S("FifoThroughputScope"))) {
        if (!topic->fifo) return wrong_value(c, wrong, "FifoThroughputScope can only be set for FIFO topics");
        if (!str_eq(value, S("Topic")) && !str_eq(value, S("MessageGroup"))) return wrong_value(c, wrong, "FifoThroughputScope");
        topic->scope_group = str_eq(value, S("MessageGroup"));
        return NULL;
    }
    if (str_eq(name, S("ArchivePolicy"))) {
        if (!topic->fifo) return wrong_value(c, wrong, "ArchivePolicy can only be set for FIFO topics");
        return topic_archive_set(c, topic, value);
    }
    *mine = false;
    return NULL;
}

err topic_attribute_set(struct call *c, struct topic *topic, str name, str value, const char *wrong, bool creating) {
    bool fifo = false;
    TRY(set_fifo(c, topic, name, value, wrong, creating, &fifo));
    if (fifo) return NULL;
    if (is_feedback(name)) {
        set_feedback(c, topic, name, value);
        return NULL;
    }
    str *place = place_of(topic, name);
    if (!place) return creating ? fail(c, &sns_invalid_parameter_exception, "Invalid parameter: Attributes Reason: Unknown attribute %.*s", STR_ARGS(name)) : invalid_parameter(c, "AttributeName");
    if (str_eq(name, S("Policy")) && value.n) TRY(take_policy(c, value, wrong, &value));
    if (str_eq(name, S("DeliveryPolicy")) && value.n) TRY(json_parameter(c, wrong, "DeliveryPolicy", value));
    if (str_eq(name, S("SignatureVersion")) && !str_eq(value, S("1")) && !str_eq(value, S("2"))) return wrong_value(c, wrong, "SignatureVersion");
    if (str_eq(name, S("TracingConfig")) && !str_eq(value, S("PassThrough")) && !str_eq(value, S("Active"))) return wrong_value(c, wrong, "TracingConfig");
    if (str_eq(name, S("Policy"))) txn_raise_epoch(c->txn);
    if (str_eq(name, S("DisplayName")) && utf8_length(value) > 100) return wrong_value(c, wrong, "DisplayName");
    *place = value.n ? value : (str){0};
    return NULL;
}

/* ---- the policy ---- */

str topic_policy(struct arena *a, const struct topic *topic) {
    if (topic->policy.p) return topic->policy;
    return arena_format(a,
                        "{\"Version\":\"2008-10-17\",\"Id\":\"__default_policy_ID\",\"Statement\":[{\"Sid\":\"__default_statement_ID\",\"Effect\":\"Allow\","
                        "\"Principal\":{\"AWS\":\"*\"},\"Action\":[\"SNS:GetTopicAttributes\",\"SNS:SetTopicAttributes\",\"SNS:AddPermission\","
                        "\"SNS:RemovePermission\",\"SNS:DeleteTopic\",\"SNS:Subscribe\",\"SNS:ListSubscriptionsByTopic\",\"SNS:Publish\"],"
                        "\"Resource\":\"%.*s\",\"Condition\":{\"StringEquals\":{\"AWS:SourceOwner\":\"%.*s\"}}}]}",
                        STR_ARGS(topic_arn(a, topic)), STR_ARGS(topic->account));
}

static bool action_known(str name) {
    static const char *const names[] = {"GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission",       "DeleteTopic",
                                        "Subscribe",          "ListSubscriptionsByTopic", "Publish", "Receive", "GetDataProtectionPolicy", "PutDataProtectionPolicy",
                                        "ListTagsForResource", "TagResource", "UntagResource"};
    for (size_t i = 0; i < LENGTH(names); i++)
        if (str_eq(name, str_of(names[i]))) return true;
    return false;
}

err sns_add_permission(struct call *c, const struct sns_add_permission_input *in, struct wire_unit *out) {
    (void)out;
    struct topic topic;
    struct policy_document *d = NEW(c->arena, struct policy_document);
    TRY(topic_open(c, "TopicArn", in->topic_arn, &topic));
    struct policy_permission p = {.sid = in->label, .resource = in->topic_arn, .principal_count = in->aws_account_id.n, .action_count = in->action_name.n};
    str *principals = NEW_ARRAY(c->arena, str, p.principal_count + 1), *actions = NEW_ARRAY(c->arena, str, p.action_count + 1);
    for (u32 i = 0; i < p.principal_count; i++) {
        if (!account_valid(in->aws_account_id.v[i])) return invalid_parameter(c, "AWSAccountId");
        principals[i] = arena_format(c->arena, "arn:aws:iam::%.*s:root", STR_ARGS(in->aws_account_id.v[i]));
    }
    for (u32 i = 0; i < p.action_count; i++) {
        if (!action_known(in->action_name.v[i])) return invalid_parameter(c, "Policy statement action out of service scope!");
        actions[i] = arena_format(c->arena, "SNS:%.*s", STR_ARGS(in->action_name.v[i]));
    }
    p.principals = principals;
    p.actions = actions;
    ASSERT(policy_document_read(c->arena, topic_policy(c->arena, &topic), d)); /* was checked when it was set */
    if (policy_document_find(d, in->label) != STR_NONE) return invalid_parameter(c, "Statement already exists");
    if (!policy_document_permit(c->arena, d, &p)) return invalid_parameter(c, "Policy statements exceed the limit");
    topic.policy = policy_document_write(c->arena, d);
    topic_save(c->txn, c->arena, &topic);
    txn_raise_epoch(c->txn);
    return NULL;
}

err sns_remove_permission(struct call *c, const struct sns_remove_permission_input *in, struct wire_unit *out) {
    (void)out;
    struct topic topic;
    struct policy_document *d = NEW(c->arena, struct policy_document);
    TRY(topic_open(c, "TopicArn", in->topic_arn, &topic));
    ASSERT(policy_document_read(c->arena, topic_policy(c->arena, &topic), d));
    size_t at = policy_document_find(d, in->label);
    if (at == STR_NONE) return NULL;
    policy_document_remove(d, at);
    topic.policy = policy_document_write(c->arena, d);
    topic_save(c->txn, c->arena, &topic);
    txn_raise_epoch(c->txn);
    return NULL;
}

/* ---- reading and setting ---- */

static void add(struct sns_topic_attributes_map *map, str name, str value) {
    map->v[map->n++] = (struct sns_topic_attributes_map_entry){.key = name, .value = value};
}

err sns_get_topic_attributes(struct call *c, const struct sns_get_topic_attributes_input *in, struct sns_get_topic_attributes_response *out) {
    struct topic topic;
    struct sns_topic_attributes_map *map = &out->attributes;
    TRY(topic_open(c, "TopicArn", in->topic_arn, &topic));
    map->v = NEW_ARRAY(c->arena, struct sns_topic_attributes_map_entry, 24 + topic.feedback.n);
    map->set = true;
    add(map, S("Policy"), policy_principals_shown(c, topic_policy(c->arena, &topic)));
    add(map, S("Owner"), topic.account);
    add(map, S("SubscriptionsPending"), arena_format(c->arena, "%lld", (long long)topic.pending));
    add(map, S("TopicArn"), topic_arn(c->arena, &topic));
    add(map, S("EffectiveDeliveryPolicy"), effective_delivery_policy(c->arena, &topic));
    add(map, S("SubscriptionsConfirmed"), arena_format(c->arena, "%lld", (long long)topic.confirmed));
    add(map, S("SubscriptionsDeleted"), arena_format(c->arena, "%lld", (long long)topic.deleted));
    add(map, S("DisplayName"), topic.display_name.p ? topic.display_name : S(""));
    if (topic.fifo) {
        add(map, S("FifoTopic"), S("true"));
        add(map, S("ContentBasedDeduplication"), topic.content_dedup ? S("true") : S("false"));
        if (topic.archive.p) {
            struct buf from = buf_new(c->arena, 64);
            buf_iso8601_ms(&from, topic.archive_from_ms);
            add(map, S("ArchivePolicy"), topic.archive);
            add(map, S("BeginningArchiveTime"), buf_str(&from));
        }
        if (topic.scope_group) add(map, S("FifoThroughputScope"), S("MessageGroup"));
    }
    for (size_t i = 0; i < LENGTH(places); i++) {
        str name = str_of(places[i].name), value = *place_of(&topic, name);
        if (value.p && !str_eq(name, S("Policy")) && !str_eq(name, S("DisplayName"))) add(map, name, value);
    }
    for (u32 i = 0; i < topic.feedback.n; i++) add(map, topic.feedback.v[i].key, topic.feedback.v[i].value);
    return NULL;
}

err sns_set_topic_attributes(struct call *c, const struct sns_set_topic_attributes_input *in, struct wire_unit *out) {
    (void)out;
    struct topic topic;
    TRY(topic_open(c, "TopicArn", in->topic_arn, &topic));
    TRY(topic_attribute_set(c, &topic, in->attribute_name, in->attribute_value.p ? in->attribute_value : S(""), "", false));
    topic_save(c->txn, c->arena, &topic);
    return NULL;
}
