/* Data protection policies: what is published to a topic, or leaves it to a subscriber, is searched for personal data,
 * which is refused, masked, taken out, or counted. */
#include "sns.h"

#include "cloud/sensitive.h"
#include "text/tree.h"

/* ---- the policy as it is set ---- */

static bool is_text(const struct json_node *n, const char *text) { return n && n->type == JSON_STRING && str_eq(n->text, str_of(text)); }

static err wrong(struct call *c, const char *reason) { return invalid_parameter(c, arena_c_string(c->arena, arena_format(c->arena, "DataProtectionPolicy Reason: %s", reason))); }

static err check_statement(struct call *c, const struct json_node *s) {
    const struct json_node *direction = json_node_member(s, S("DataDirection")), *ids = json_node_member(s, S("DataIdentifier")), *operation = json_node_member(s, S("Operation")),
                           *who = json_node_member(s, S("Principal"));
    if (!is_text(direction, "Inbound") && !is_text(direction, "Outbound")) return wrong(c, "DataDirection must be Inbound or Outbound");
    if (!who || who->type != JSON_ARRAY || !who->first) return wrong(c, "Principal must be a list");
    if (!ids || ids->type != JSON_ARRAY || !ids->first) return wrong(c, "DataIdentifier must be a list");
    if (!operation || operation->type != JSON_OBJECT || operation->count != 1) return wrong(c, "a statement must have one Operation");
    for (const struct json_node *i = ids->first; i; i = i->next)
        if (i->type != JSON_STRING || !sensitive_name(i->text).p) return wrong(c, "a DataIdentifier is not one that brume knows");
    str name = operation->first->key;
    const struct json_node *mask = json_node_member(operation->first, S("MaskConfig"));
    if (str_eq(name, S("Audit"))) return is_text(direction, "Inbound") ? NULL : wrong(c, "Audit is for Inbound");
    if (str_eq(name, S("Deny"))) return NULL;
    if (str_eq(name, S("Deidentify")) && (mask || json_node_member(operation->first, S("RedactConfig")))) return NULL;
    return wrong(c, "Operation must be Audit, Deny, or Deidentify with MaskConfig or RedactConfig");
}

err topic_protection_set(struct call *c, struct topic *topic, str policy) {
    topic->protection = (str){0};
    if (!policy.n) return NULL;
    const struct json_node *root = json_tree(c->arena, policy, json_default_limits, NULL, NULL), *list = root ? json_node_member(root, S("Statement")) : NULL;
    if (!root || root->type != JSON_OBJECT) return wrong(c, "failed to parse JSON");
    if (policy.n > 30720) return wrong(c, "the policy is longer than 30,720 bytes");
    if (!is_text(json_node_member(root, S("Version")), "2021-06-01")) return wrong(c, "Version must be 2021-06-01");
    if (!json_node_member(root, S("Name")) || !list || list->type != JSON_ARRAY || !list->first) return wrong(c, "Name and Statement are required");
    for (const struct json_node *s = list->first; s; s = s->next) TRY(check_statement(c, s));
    topic->protection = policy;
    return NULL;
}

err sns_put_data_protection_policy(struct call *c, const struct sns_put_data_protection_policy_input *in, struct wire_unit *out) {
    struct topic topic;
    (void)out;
    TRY(topic_open(c, "ResourceArn", in->resource_arn, &topic));
    if (topic.fifo && in->data_protection_policy.n) return wrong(c, "FIFO topics take none");
    TRY(topic_protection_set(c, &topic, in->data_protection_policy));
    topic_save(c->txn, c->arena, &topic);
    return NULL;
}

err sns_get_data_protection_policy(struct call *c, const struct sns_get_data_protection_policy_input *in, struct sns_get_data_protection_policy_response *out) {
    struct topic topic;
    TRY(topic_open(c, "ResourceArn", in->resource_arn, &topic));
    out->data_protection_policy = topic.protection.p ? topic.protection : S("");
    return NULL;
}

/* ---- texts under it ---- */

struct work {
    struct call *c;
    const char *direction;
    str who;
    bool denied, found, audited;
};

static struct sensitive *identifiers_of(struct arena *a, const struct json_node *statement) {
    struct sensitive *set = sensitive_new(a);
    for (const struct json_node *i = json_node_member(statement, S("DataIdentifier"))->first; i; i = i->next)
        ASSERT(sensitive_add(set, sensitive_name(i->text), (str){0})); /* was checked when it was set */
    return set;
}

static bool concerns(const struct work *w, const struct json_node *statement) {
    if (!is_text(json_node_member(statement, S("DataDirection")), w->direction)) return false;
    for (const struct json_node *p = json_node_member(statement, S("Principal"))->first; p; p = p->next)
        if (p->type == JSON_STRING && (str_eq(p->text, S("*")) || str_eq(p->text, w->who))) return true;
    return false;
}

static void apply(struct work *w, const struct json_node *statement, str *text) {
    const struct json_node *operation = json_node_member(statement, S("Operation"))->first, *mask = json_node_member(operation, S("MaskConfig")),
                           *character = mask ? json_node_member(mask, S("MaskWithCharacter")) : NULL;
    char with = mask ? (character && character->type == JSON_STRING && character->text.n ? *character->text.p : '*') : 0;
    str hit;
    if (!concerns(w, statement)) return;
    struct sensitive *set = identifiers_of(w->c->arena, statement);
    if (str_eq(operation->key, S("Deidentify"))) {
        *text = sensitive_masked(set, w->c->arena, *text, with);
        return;
    }
    bool any = sensitive_find(set, *text, &hit);
    if (str_eq(operation->key, S("Deny"))) {
        w->denied |= any;
        return;
    }
    w->audited = true;
    w->found |= any;
}

static void protect(struct work *w, const struct topic *topic, str *text) {
    const struct json_node *root = json_tree(w->c->arena, topic->protection, json_default_limits, NULL, NULL);
    ASSERT(root); /* was checked when it was set */
    for (const struct json_node *s = json_node_member(root, S("Statement"))->first; s; s = s->next) apply(w, s, text);
}

err publication_protect(struct call *c, const struct topic *topic, struct publication *in) {
    struct work w = {.c = c, .direction = "Inbound", .who = c->principal->arn};
    if (!topic->protection.p) return NULL;
    protect(&w, topic, &in->message);
    if (w.audited) count_metric(c, w.found ? S("MessagesWithFindings") : S("MessagesWithNoFindings"), S("TopicName"), topic->name, 1, S("Count"));
    return w.denied ? fail(c, &sns_authorization_error_exception, "The message was denied by the data protection policy of the topic") : NULL;
}

bool message_protect(struct call *c, const struct topic *topic, const struct subscription *s, const struct message *m, struct message *copy) {
    struct work w = {.c = c, .direction = "Outbound", .who = s->principal};
    *copy = *m;
    copy->variants.v = NEW_ARRAY(c->arena, struct variant, m->variants.n);
    for (u32 i = 0; i < m->variants.n; i++) {
        struct variant *v = &copy->variants.v[i];
        *v = m->variants.v[i];
        protect(&w, topic, &v->text);
        if (!str_eq(v->text, m->variants.v[i].text)) v->signature = (str){0}; /* made anew for the text as it is now */
    }
    return !w.denied;
}
