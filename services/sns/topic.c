/* The topic: born, found, listed, deleted; its tags. */
#include "cloud/key_use.h"
#include "sns.h"

struct key topic_key(struct arena *a, str account, str region, str type, str name) {
    struct key k = key_new(a, S("sns"));
    key_str(&k, account);
    key_str(&k, region);
    key_str(&k, type);
    if (name.p) key_str(&k, name);
    return k;
}

static str topic_row(struct arena *a, str account, str region, str name) {
    struct key k = topic_key(a, account, region, S("topic"), name);
    return key_bytes(&k);
}

bool topic_load(struct txn *t, struct arena *a, str account, str region, str name, struct topic *topic) {
    str row;
    if (name.n > 256 || region.n > 40 || !txn_get(t, topic_row(a, account, region, name), &row)) return false;
    *topic = (struct topic){0};
    ASSERT(record_decode(a, &sns_topic_record, arena_str(a, row), topic));
    topic->account = account;
    topic->region = region;
    topic->name = name;
    return true;
}

void topic_save(struct txn *t, struct arena *a, const struct topic *topic) {
    txn_put(t, topic_row(a, topic->account, topic->region, topic->name), record_encode(a, &sns_topic_record, topic));
}

str topic_arn(struct arena *a, const struct topic *topic) { return arn_format(a, S("sns"), topic->region, topic->account, topic->name); }

err invalid_parameter(struct call *c, const char *reason) { return fail(c, &sns_invalid_parameter_exception, "Invalid parameter: %s", reason); }

err arn_check(struct call *c, const char *parameter, str text, struct arn *arn) {
    int elements = 1;
    for (size_t i = 0; i < text.n; i++) elements += text.p[i] == ':';
    if (elements < 6)
        return fail(c, &sns_invalid_parameter_exception, "Invalid parameter: %s Reason: An ARN must have at least 6 elements, not %d", parameter, elements);
    if (!arn_parse(text, arn) || !str_eq(arn->service, S("sns")) || !account_valid(arn->account)) return invalid_parameter(c, parameter);
    return NULL;
}

err topic_open(struct call *c, const char *parameter, str text, struct topic *topic) {
    struct arn arn;
    TRY(arn_check(c, parameter, text, &arn));
    if (!str_eq(arn.region, c->region)) return invalid_parameter(c, parameter);
    if (topic_load(c->txn, c->arena, arn.account, arn.region, arn.resource, topic)) return NULL;
    return fail(c, &sns_not_found_exception, "Topic does not exist");
}

/* ---- names ---- */

static bool name_valid(str name, bool fifo) {
    str stem = fifo ? str_take(name, name.n - 5) : name;
    if (stem.n == 0 || name.n > 256) return false;
    for (size_t i = 0; i < stem.n; i++) {
        char ch = stem.p[i];
        bool letter = (ch | 32) >= 'a' && (ch | 32) <= 'z';
        if (!letter && !(ch >= '0' && ch <= '9') && ch != '-' && ch != '_') return false;
    }
    return true;
}

static bool asks_for_fifo(const struct sns_create_topic_input *in) {
    for (u32 i = 0; i < in->attributes.n; i++)
        if (str_eq(in->attributes.v[i].key, S("FifoTopic"))) return str_eq_nocase(in->attributes.v[i].value, S("true"));
    return false;
}

/* ---- tags ---- */

static const struct tag_errors tag_errors = {.too_many = &sns_tag_limit_exceeded_exception, .invalid = &sns_invalid_parameter_exception};

static err tag(struct call *c, str arn, const struct sns_tag_list *tags) {
    struct record_pairs pairs = {.v = NEW_ARRAY(c->arena, struct record_pair, tags->n + 1), .n = tags->n, .set = tags->n > 0};
    for (u32 i = 0; i < tags->n; i++) {
        pairs.v[i] = (struct record_pair){tags->v[i].key, tags->v[i].value};
        for (u32 j = 0; j < i; j++)
            if (str_eq(pairs.v[j].key, pairs.v[i].key)) return invalid_parameter(c, "Duplicated keys are not allowed.");
    }
    return tags_set(c, arn, &pairs, &tag_errors);
}

static bool tags_are(struct call *c, str arn, const struct sns_tag_list *tags) {
    struct record_pairs have = tags_of(c, arn);
    if (have.n != tags->n) return false;
    for (u32 i = 0; i < tags->n; i++) {
        bool found = false;
        for (u32 j = 0; j < have.n; j++) found |= str_eq(have.v[j].key, tags->v[i].key) && str_eq(have.v[j].value, tags->v[i].value);
        if (!found) return false;
    }
    return true;
}

static err tagged_topic(struct call *c, str arn) {
    struct topic topic;
    struct arn parts;
    TRY(arn_check(c, "ResourceArn", arn, &parts));
    if (!topic_load(c->txn, c->arena, parts.account, parts.region, parts.resource, &topic)) return fail(c, &sns_resource_not_found_exception, "Resource does not exist");
    return NULL;
}

err sns_tag_resource(struct call *c, const struct sns_tag_resource_request *in, struct sns_tag_resource_response *out) {
    (void)out;
    TRY(tagged_topic(c, in->resource_arn));
    return tag(c, in->resource_arn, &in->tags);
}

err sns_untag_resource(struct call *c, const struct sns_untag_resource_request *in, struct sns_untag_resource_response *out) {
    (void)out;
    TRY(tagged_topic(c, in->resource_arn));
    tags_remove(c, in->resource_arn, in->tag_keys.v, in->tag_keys.n);
    return NULL;
}

err sns_list_tags_for_resource(struct call *c, const struct sns_list_tags_for_resource_request *in, struct sns_list_tags_for_resource_response *out) {
    TRY(tagged_topic(c, in->resource_arn));
    struct record_pairs tags = tags_of(c, in->resource_arn);
    out->tags.v = NEW_ARRAY(c->arena, struct sns_tag, tags.n + 1);
    out->tags.set = true;
    for (u32 i = 0; i < tags.n; i++) out->tags.v[out->tags.n++] = (struct sns_tag){.key = tags.v[i].key, .value = tags.v[i].value};
    return NULL;
}

/* ---- life ---- */

/* The same name once more: the topic that is there, if nothing that is asked for differs from it. */
static err create_again(struct call *c, const struct sns_create_topic_input *in, const struct topic *topic) {
    struct topic wanted = *topic;
    for (u32 i = 0; i < in->attributes.n; i++)
        TRY(topic_attribute_set(c, &wanted, in->attributes.v[i].key, in->attributes.v[i].value, "Attributes Reason: ", true));
    if (!str_eq(record_encode(c->arena, &sns_topic_record, &wanted), record_encode(c->arena, &sns_topic_record, topic)))
        return invalid_parameter(c, "Attributes Reason: Topic already exists with different attributes");
    if (in->tags.n && !tags_are(c, topic_arn(c->arena, topic), &in->tags)) return invalid_parameter(c, "Tags Reason: Topic already exists with different tags");
    return NULL;
}

err sns_create_topic(struct call *c, const struct sns_create_topic_input *in, struct sns_create_topic_response *out) {
    struct topic topic = {.created_ms = c->now_ms, .account = c->account, .region = c->region, .name = in->name, .fifo = asks_for_fifo(in)};
    if (!name_valid(in->name, topic.fifo) || topic.fifo != str_ends(in->name, S(".fifo"))) return invalid_parameter(c, "Topic Name");
    out->topic_arn = topic_arn(c->arena, &topic);
    struct topic there;
    if (topic_load(c->txn, c->arena, c->account, c->region, in->name, &there)) return create_again(c, in, &there);
    topic.id = txn_sequence(c->txn);
    for (u32 i = 0; i < in->attributes.n; i++)
        TRY(topic_attribute_set(c, &topic, in->attributes.v[i].key, in->attributes.v[i].value, "Attributes Reason: ", true));
    if (in->data_protection_policy.n) TRY(topic_protection_set(c, &topic, in->data_protection_policy));
    topic_save(c->txn, c->arena, &topic);
    registry_add(c, out->topic_arn, S("AWS::SNS::Topic"));
    return in->tags.n ? tag(c, out->topic_arn, &in->tags) : NULL;
}

/* The subscriptions go by a job, since there may be any number; until then the topic's absence hides them. */
err sns_delete_topic(struct call *c, const struct sns_delete_topic_input *in, struct wire_unit *out) {
    (void)out;
    struct arn arn;
    struct topic topic;
    TRY(arn_check(c, "TopicArn", in->topic_arn, &arn));
    if (!str_eq(arn.region, c->region)) return invalid_parameter(c, "TopicArn");
    if (!topic_load(c->txn, c->arena, arn.account, arn.region, arn.resource, &topic)) return NULL; /* gone already: as asked */
    if (topic.archive.p) return fail(c, &sns_invalid_state_exception, "A topic with an ArchivePolicy cannot be deleted: take the policy away first.");
    txn_delete(c->txn, topic_row(c->arena, topic.account, topic.region, topic.name));
    registry_remove(c, in->topic_arn);
    key_use_forget(c, in->topic_arn);
    str id = arena_format(c->arena, "%llu %.*s", (unsigned long long)topic.id, STR_ARGS(in->topic_arn));
    txn_task_set(c->txn, &(struct task){.kind = S("sns-sweep"), .key = id});
    return NULL;
}

err sns_list_topics(struct call *c, const struct sns_list_topics_input *in, struct sns_list_topics_response *out) {
    struct key k = topic_key(c->arena, c->account, c->region, S("topic"), (str){0});
    str from = key_bytes(&k), end = key_after_prefix(c->arena, from), key, value, position;
    if (in->next_token.p) {
        if (!page_position(c, in->next_token, &position)) return invalid_parameter(c, "NextToken");
        struct key at = topic_key(c->arena, c->account, c->region, S("topic"), position);
        from = key_bytes(&at);
    }
    out->topics.v = NEW_ARRAY(c->arena, struct sns_topic, PAGE);
    out->topics.set = true;
    struct range r = txn_range(c->txn, from, end);
    while (range_next(&r, &key, &value)) {
        str rest = key, part, name = {0};
        while (key_read_str(&rest, c->arena, &part)) name = part;
        if (out->topics.n == PAGE) {
            out->next_token = page_token(c, name);
            break;
        }
        out->topics.v[out->topics.n++].topic_arn = arn_format(c->arena, S("sns"), c->region, c->account, name);
    }
    return NULL;
}
