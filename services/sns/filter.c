/* Does a subscription want a message? Its filter policy is a pattern (cloud/event_pattern.h) over the message's
 * attributes, made into an object, or over its body. */
#include "sns.h"

#include "cloud/event_pattern.h"

static void add_member(struct json_node *object, struct json_node *n, str key) {
    n->key = key;
    n->next = object->first;
    object->first = n;
    object->count++;
}

/* A String.Array that is no JSON array, and a Number that is none, are seen as if they were not there. */
static struct json_node *attribute_value(struct arena *a, const struct attribute *attribute) {
    if (str_eq(attribute->type, S("String.Array"))) {
        struct json_node *list = json_tree(a, attribute->text, json_default_limits, NULL, NULL);
        return list && list->type == JSON_ARRAY ? list : NULL;
    }
    struct json_node *n = NEW(a, struct json_node);
    n->text = attribute->text;
    n->type = JSON_STRING;
    if (!str_starts(attribute->type, S("Number"))) return n;
    n->type = JSON_NUMBER;
    return str_to_f64(str_trim(attribute->text), &n->number) ? n : NULL;
}

static const struct json_node *attributes_as_object(struct arena *a, const struct message *m) {
    struct json_node *object = NEW(a, struct json_node);
    object->type = JSON_OBJECT;
    for (u32 i = 0; i < m->attributes.n; i++) {
        const struct attribute *attribute = &m->attributes.v[i];
        struct json_node *n = str_starts(attribute->type, S("Binary")) ? NULL : attribute_value(a, attribute);
        if (n) add_member(object, n, attribute->name);
    }
    return object;
}

bool subscription_accepts(struct arena *a, const struct subscription *s, const struct message *m) {
    if (!s->filter.p) return true;
    str problem;
    const struct event_pattern *p = event_pattern_compile(s->filter, s->body_scope ? EVENT_PATTERN_SNS_BODY : EVENT_PATTERN_SNS_ATTRIBUTES, a, &problem);
    ASSERT(p); /* it was checked when it was set */
    const struct json_node *event = s->body_scope ? json_tree(a, message_variant(m, s->protocol)->text, json_default_limits, NULL, NULL) : attributes_as_object(a, m);
    return event && event->type == JSON_OBJECT && event_pattern_matches(p, event);
}
