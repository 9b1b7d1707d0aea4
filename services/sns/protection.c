/* Data protection policies: what is published to a topic, or leaves it to a subscriber, is searched for personal data,
 * which is refused, masked, taken out, or counted. */
#include "sns.h"

#include "cloud/sensitive.h"
#include "gen/logs.h"
#include "text/json.h"
#include "text/tree.h"

enum { REPORT_MAX = 1000 << 10 }; /* an event of Logs holds 1 MiB */
static const char stream_name[] = "data-protection-audit"; /* DIFFERS: AWS's name of it is not documented */

/* ---- the policy as it is set ---- */

static bool is_text(const struct json_node *n, const char *text) { return n && n->type == JSON_STRING && str_eq(n->text, str_of(text)); }

static err wrong(struct call *c, const char *reason) { return invalid_parameter(c, arena_c_string(c->arena, arena_format(c->arena, "DataProtectionPolicy Reason: %s", reason))); }

/* ---- audits: where they tell what they found ---- */

static str text_at(const struct json_node *n, const char *name) {
    const struct json_node *member = n && n->type == JSON_OBJECT ? json_node_member(n, str_of(name)) : NULL;
    return member && member->type == JSON_STRING ? member->text : (str){0};
}

/* The log group that a destination names; absent: none. */
static str group_of(const struct json_node *audit, const char *destination) {
    const struct json_node *to = json_node_member(audit, str_of(destination));
    return to && to->type == JSON_OBJECT ? text_at(json_node_member(to, S("CloudWatchLogs")), "LogGroup") : (str){0};
}

static bool has_rate(const struct json_node *audit, i64 *rate) {
    const struct json_node *n = json_node_member(audit, S("SampleRate"));
    return n && (n->type == JSON_STRING || n->type == JSON_NUMBER) && str_to_i64(n->text, rate) && *rate >= 0 && *rate <= 99;
}

/* As AWS asks: who has audits told somewhere may set up deliveries, and lets them be written by a policy of Logs, here of
 * SNS itself (DIFFERS: of AWS's delivery.logs.amazonaws.com). */
static err open_group(struct call *c, str name) {
    struct logs_describe_log_groups_request find = {.log_group_name_prefix = name};
    struct logs_describe_log_groups_response found;
    struct logs_put_resource_policy_request let = {.policy_name = S("SNSDataProtectionAudit")};
    struct logs_put_resource_policy_response done;
    struct call_other logs = {.service = &logs_service, .op = LOGS_OP_DESCRIBE_LOG_GROUPS, .as = CALL_FORWARDED};
    if (!str_starts(name, S("/aws/vendedlogs/"))) return wrong(c, "the name of a LogGroup must start with /aws/vendedlogs/");
    if (!may(c, S("logs:CreateLogDelivery"), S("*"))) return deny(c, S("logs:CreateLogDelivery"), S("*"));
    TRY(call_service(c, &logs, &find, &found));
    bool there = false;
    for (u32 i = 0; i < found.log_groups.n; i++) there |= str_eq(found.log_groups.v[i].log_group_name, name);
    if (!there) return wrong(c, "the LogGroup does not exist");
    let.policy_document = arena_format(c->arena,
                                       "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"sns.amazonaws.com\"},"
                                       "\"Action\":[\"logs:CreateLogStream\",\"logs:PutLogEvents\"],\"Resource\":\"%.*s\",\"Condition\":{\"ArnLike\":{\"aws:SourceArn\":\"%.*s\"}}}]}",
                                       STR_ARGS(arn_of(c, S("logs"), S("log-group:/aws/vendedlogs/*"))), STR_ARGS(arn_of(c, S("sns"), S("*"))));
    logs.op = LOGS_OP_PUT_RESOURCE_POLICY;
    return call_service(c, &logs, &let, &done);
}

static err check_audit(struct call *c, const struct json_node *audit) {
    static const char *const destinations[] = {"FindingsDestination", "NoFindingsDestination"};
    bool any = false;
    i64 rate;
    if (audit->type != JSON_OBJECT || !has_rate(audit, &rate)) return wrong(c, "Audit must have a SampleRate from 0 to 99");
    for (size_t i = 0; i < LENGTH(destinations); i++) {
        const struct json_node *to = json_node_member(audit, str_of(destinations[i]));
        any |= to != NULL;
        if (!to) continue;
        if (to->type != JSON_OBJECT) return wrong(c, "the destination of an Audit must be an object");
        for (const struct json_node *one = to->first; one; one = one->next) {
            if (str_eq(one->key, S("S3")) || str_eq(one->key, S("Firehose")))
                return fail(c, &cloud_not_implemented, "brume does not have audits of topics with a destination in %.*s (yet).", STR_ARGS(one->key));
            if (!text_at(one, "LogGroup").p || !str_eq(one->key, S("CloudWatchLogs"))) return wrong(c, "the destination of an Audit must be CloudWatchLogs with a LogGroup");
            TRY(open_group(c, text_at(one, "LogGroup")));
        }
    }
    return any ? NULL : wrong(c, "Audit must have a FindingsDestination or a NoFindingsDestination");
}

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
    if (str_eq(name, S("Audit"))) return is_text(direction, "Inbound") ? check_audit(c, operation->first) : wrong(c, "Audit is for Inbound");
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

struct audit {
    struct audit *next;
    str group;    /* absent: it is told nowhere */
    str findings; /* JSON */
    i64 rate;     /* per cent of the messages */
};

struct work {
    struct call *c;
    struct audit *audits; /* the newest first */
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

static bool audit(struct work *w, const struct json_node *operation, struct sensitive *set, str text) {
    struct buf b = buf_new(w->c->arena, REPORT_MAX);
    struct audit *one = NEW(w->c->arena, struct audit);
    bool any = sensitive_report(set, text, &b);
    *one = (struct audit){.next = w->audits, .group = group_of(operation, any ? "FindingsDestination" : "NoFindingsDestination"), .findings = buf_str(&b)};
    if (has_rate(operation, &one->rate) && !b.over) w->audits = one; /* a policy of old may have no rate */
    return any;
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
    if (str_eq(operation->key, S("Deny"))) {
        w->denied |= sensitive_find(set, *text, &hit);
        return;
    }
    bool any = audit(w, operation, set, *text);
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
    in->audits = w.audits;
    if (w.audited) count_metric(c, w.found ? S("MessagesWithFindings") : S("MessagesWithNoFindings"), S("TopicName"), topic->name, 1, S("Count"));
    return w.denied ? fail(c, &sns_authorization_error_exception, "The message was denied by the data protection policy of the topic") : NULL;
}

void publication_audited(struct call *c, const struct topic *topic, const struct publication *in, str message_id) {
    str arn = topic_arn(c->arena, topic);
    for (const struct audit *one = in->audits; one; one = one->next) {
        struct buf b = buf_new(c->arena, REPORT_MAX + 4096);
        if (!one->group.p || (i64)(str_hash(message_id) % 100) >= one->rate) continue;
        json_write_object(&b);
        json_write_member(&b, S("messageId"), message_id);
        json_write_key(&b, S("auditTimestamp"));
        buf_char(&b, '"');
        buf_iso8601(&b, c->now_ms / 1000 * 1000);
        buf_char(&b, '"');
        json_write_member(&b, S("callerPrincipal"), c->principal->arn);
        json_write_member(&b, S("resourceArn"), arn);
        json_write_key(&b, S("dataIdentifiers"));
        json_write_raw(&b, one->findings);
        json_write_object_end(&b);
        log_event_put(c, &(struct log_writer){.account = topic->account, .region = topic->region, .source_arn = arn}, one->group, str_of(stream_name), buf_str(&b));
    }
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
