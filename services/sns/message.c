/* What is published: checked in AWS's order, and made into the message that is delivered. */
#include "sns.h"

#include "text/tree.h"

#define WRONG_VALUE(c, ...) fail(c, &sns_invalid_parameter_value_exception, __VA_ARGS__)

static bool is_kind(str type, str kind) { return str_eq(type, kind) || (str_starts(type, kind) && type.p[kind.n] == '.'); }

static err check_name(struct call *c, str name) {
    str rest = name;
    u32 point;
    if (name.n == 0 || name.n > 256) return WRONG_VALUE(c, "Invalid message attribute name '%.*s'. Length must be between 1 and 256.", STR_ARGS(name));
    if (str_starts(name, S("."))) return WRONG_VALUE(c, "Invalid message attribute name starting with character '.' was found.");
    if (str_ends(name, S("."))) return WRONG_VALUE(c, "Invalid message attribute name ending with character '.' was found.");
    while (utf8_next(&rest, &point)) {
        bool letter = (point | 32) >= 'a' && (point | 32) <= 'z', dot = point == '.';
        if (!letter && !dot && !(point >= '0' && point <= '9') && point != '_' && point != '-')
            return WRONG_VALUE(c, "Invalid non-alphanumeric character '#x%X' was found in the message attribute name. Can only include alphanumeric characters, hyphens, underscores, or dots.", point);
        if (dot && str_starts(rest, S("."))) return WRONG_VALUE(c, "Message attribute name can not have successive '.' character.");
    }
    return NULL;
}

static err check_attribute(struct call *c, str name, const struct sns_message_attribute_value *v) {
    str type = v->data_type;
    double number;
    TRY(check_name(c, name));
    if (!type.n) return WRONG_VALUE(c, "The message attribute '%.*s' must contain non-empty message attribute type.", STR_ARGS(name));
    bool binary = is_kind(type, S("Binary")), text = is_kind(type, S("String")) || is_kind(type, S("Number"));
    if (!binary && !text)
        return WRONG_VALUE(c, "The message attribute '%.*s' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.", STR_ARGS(name));
    if (binary ? !v->binary_value.n : !v->string_value.n)
        return WRONG_VALUE(c, "The message attribute '%.*s' must contain non-empty message attribute value for message attribute type '%.*s'.", STR_ARGS(name), STR_ARGS(type));
    if (is_kind(type, S("Number")) && !str_to_f64(str_trim(v->string_value), &number))
        return WRONG_VALUE(c, "Could not cast message attribute '%.*s' value to number.", STR_ARGS(name));
    return NULL;
}

size_t publication_bytes(const struct publication *in) {
    size_t n = in->message.n;
    for (u32 i = 0; i < in->attributes->n; i++) {
        const struct sns_message_attribute_value *v = &in->attributes->v[i].value;
        n += in->attributes->v[i].key.n + v->data_type.n + v->string_value.n + v->binary_value.n;
    }
    return n;
}

static err check_fifo(struct call *c, const struct topic *topic, const struct publication *in) {
    if (!topic->fifo && in->dedup.p)
        return invalid_parameter(c, "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type");
    if (!topic->fifo) return NULL;
    if (!in->group.n) return invalid_parameter(c, "The MessageGroupId parameter is required for FIFO topics");
    if (!in->dedup.n && !topic->content_dedup)
        return invalid_parameter(c, "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly");
    if (in->group.n > 128) return invalid_parameter(c, "MessageGroupId");
    return in->dedup.n > 128 ? invalid_parameter(c, "MessageDeduplicationId") : NULL;
}

static bool subject_valid(str subject) {
    if (!subject.n || utf8_length(subject) > 100) return false;
    for (size_t i = 0; i < subject.n; i++)
        if ((u8)subject.p[i] < ' ') return false;
    return true;
}

static err check_structure(struct call *c, const struct publication *in) {
    if (!in->structure.p) return NULL;
    if (!str_eq(in->structure, S("json"))) return invalid_parameter(c, "MessageStructure");
    const struct json_node *root = json_tree(c->arena, in->message, json_default_limits, NULL, NULL), *text = json_node_member(root, S("default"));
    if (!root || root->type != JSON_OBJECT) return invalid_parameter(c, "Message Structure - JSON message body failed to parse");
    return text && text->type == JSON_STRING ? NULL : invalid_parameter(c, "Message Structure - No default entry in JSON message body");
}

err publication_check(struct call *c, const struct topic *topic, const struct publication *in) {
    if (!in->message.n) return invalid_parameter(c, "Empty message");
    if (in->subject.p && !subject_valid(in->subject)) return invalid_parameter(c, "Subject");
    if (publication_bytes(in) > MESSAGE_MAX) return invalid_parameter(c, "Message too long");
    for (u32 i = 0; i < in->attributes->n; i++) TRY(check_attribute(c, in->attributes->v[i].key, &in->attributes->v[i].value));
    TRY(check_structure(c, in));
    return check_fifo(c, topic, in);
}

/* ---- making ---- */

static void make_variants(struct arena *a, const struct publication *in, struct message *m) {
    const struct json_node *root = in->structure.p ? json_tree(a, in->message, json_default_limits, NULL, NULL) : NULL;
    m->variants.v = NEW_ARRAY(a, struct variant, root ? root->count : 1);
    m->variants.set = true;
    if (!root) {
        m->variants.v[m->variants.n++].text = in->message;
        return;
    }
    for (const struct json_node *n = root->first; n; n = n->next) {
        if (n->type != JSON_STRING || json_node_member(root, n->key) != n) continue;
        struct variant *v = &m->variants.v[m->variants.n++];
        v->text = n->text;
        if (!str_eq(n->key, S("default"))) v->protocol = n->key;
    }
}

struct variant *message_variant(const struct message *m, str protocol) {
    struct variant *found = NULL;
    for (u32 i = 0; i < m->variants.n; i++) {
        struct variant *v = &m->variants.v[i];
        if (v->protocol.p ? str_eq(v->protocol, protocol) : !found) found = v;
    }
    ASSERT(found); /* there is a default */
    return found;
}

void message_sign(struct txn *t, struct arena *a, const struct topic *topic, struct message *m) {
    static const char *const protocols[] = {"sqs", "http", "https"};
    for (size_t i = 0; i < LENGTH(protocols); i++) {
        struct variant *v = message_variant(m, str_of(protocols[i]));
        if (!v->signature.p) v->signature = signing_sign(t, a, topic->signature_version, notification_to_sign(a, topic, m, v));
    }
}

static void copy_attributes(struct arena *a, const struct publication *in, struct message *m) {
    const struct sns_message_attribute_map *map = in->attributes;
    m->attributes = (struct attributes){.v = NEW_ARRAY(a, struct attribute, map->n + 1), .n = map->n, .set = map->n > 0};
    for (u32 i = 0; i < map->n; i++) {
        const struct sns_message_attribute_value *v = &map->v[i].value;
        bool binary = is_kind(v->data_type, S("Binary"));
        m->attributes.v[i] = (struct attribute){.name = map->v[i].key, .type = v->data_type};
        if (binary) m->attributes.v[i].binary = v->binary_value;
        else m->attributes.v[i].text = v->string_value;
    }
}

void message_make(struct call *c, const struct topic *topic, const struct publication *in, struct message *m) {
    *m = (struct message){.id = id_uuid(c->arena), .subject = in->subject, .group = in->group, .dedup = in->dedup, .base_url = c->base_url, .published_ms = c->now_ms};
    make_variants(c->arena, in, m);
    copy_attributes(c->arena, in, m);
    if (topic->signed_subscriptions > 0 && signing_ready(c->txn, c->arena)) message_sign(c->txn, c->arena, topic, m);
}
