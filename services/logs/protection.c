/* Data protection policies: what in events is sensitive, to be audited and masked. PutDataProtectionPolicy and its
 * siblings are of one group; account_policy.c has those of an account. */
#include "mask.h"

#include "cloud/sensitive.h"
#include "gen/s3.h"
#include "text/tree.h"

enum { CUSTOM_MAX = 10, CUSTOM_NAME_MAX = 128, CUSTOM_PATTERN_MAX = 200, DOCUMENT_MAX = 30720 };
static const char type[] = "DATA_PROTECTION_POLICY";

static err wrong(struct call *c, const char *reason) { return fail(c, &logs_invalid_parameter_exception, "The data protection policy is not valid: %s", reason); }

static bool is_text(const struct json_node *n) { return n && n->type == JSON_STRING; }
static str text_at(const struct json_node *n, str name) {
    const struct json_node *m = n && n->type == JSON_OBJECT ? json_node_member(n, name) : NULL;
    return is_text(m) ? m->text : (str){0};
}

/* ---- a policy as it is written ---- */

/* Configuration.CustomDataIdentifier: the customer's own, by name. */
static err read_custom(struct call *c, const struct json_node *root, struct record_pairs *custom) {
    const struct json_node *configuration = json_node_member(root, S("Configuration")),
                           *list = configuration && configuration->type == JSON_OBJECT ? json_node_member(configuration, S("CustomDataIdentifier")) : NULL;
    if (!list) return NULL;
    if (list->type != JSON_ARRAY || list->count > CUSTOM_MAX) return wrong(c, "CustomDataIdentifier must be a list of at most 10.");
    custom->v = NEW_ARRAY(c->arena, struct record_pair, list->count + 1);
    for (const struct json_node *i = list->first; i; i = i->next) {
        str name = text_at(i, S("Name")), pattern = text_at(i, S("Regex"));
        if (!name.n || name.n > CUSTOM_NAME_MAX || !pattern.n || pattern.n > CUSTOM_PATTERN_MAX)
            return wrong(c, "a CustomDataIdentifier has a Name of at most 128 characters and a Regex of at most 200.");
        if (!sensitive_add(sensitive_new(c->arena), name, pattern)) return wrong(c, "the Regex of a CustomDataIdentifier is none.");
        custom->v[custom->n++] = (struct record_pair){name, pattern};
    }
    return NULL;
}

static err read_identifiers(struct call *c, const struct json_node *list, const struct record_pairs *custom, struct record_pairs *identifiers) {
    if (!list || list->type != JSON_ARRAY || !list->first) return wrong(c, "DataIdentifier must be a list.");
    *identifiers = (struct record_pairs){NEW_ARRAY(c->arena, struct record_pair, list->count), 0, true};
    for (const struct json_node *i = list->first; i; i = i->next) {
        struct record_pair one = {.key = is_text(i) ? sensitive_name(i->text) : (str){0}};
        for (u32 j = 0; is_text(i) && j < custom->n; j++)
            if (str_eq(custom->v[j].key, i->text)) one = custom->v[j];
        if (!one.key.p) return wrong(c, "a DataIdentifier is not one that brume knows.");
        identifiers->v[identifiers->n++] = one;
    }
    return NULL;
}

static bool same(const struct record_pairs *x, const struct record_pairs *y) {
    for (u32 i = 0; i < x->n; i++) {
        bool found = false;
        for (u32 j = 0; j < y->n; j++) found |= str_eq(x->v[i].key, y->v[j].key);
        if (!found) return false;
    }
    return x->n == y->n;
}

/* Where reports go exists, and the caller may have them delivered there. AWS adds to the bucket's policy what lets Logs
 * write; DIFFERS: here its owner does. */
static err check_destinations(struct call *c, const struct log_protection *p) {
    struct log_group group;
    struct s3_get_bucket_policy_request in = {.bucket = p->findings_bucket};
    struct s3_get_bucket_policy_output out;
    if (!p->findings_group.p && !p->findings_bucket.p) return NULL;
    if (!may(c, S("logs:CreateLogDelivery"), S("*"))) return deny(c, S("logs:CreateLogDelivery"), S("*"));
    if (p->findings_group.p && !log_group_load(c->txn, c->arena, c->account, c->region, p->findings_group, &group))
        return fail(c, &logs_resource_not_found_exception, "The log group of the FindingsDestination does not exist.");
    if (!p->findings_bucket.p) return NULL;
    err problem = call_service(c, &(struct call_other){.service = &s3_service, .op = S3_OP_GET_BUCKET_POLICY, .as = CALL_FORWARDED}, &in, &out);
    if (problem == &s3_no_such_bucket) return fail(c, &logs_invalid_parameter_exception, "The bucket of the FindingsDestination does not exist.");
    return problem == &cloud_access_denied ? problem : NULL; /* a bucket may have no policy */
}

static err read_destinations(struct call *c, const struct json_node *audit, struct log_protection *p) {
    const struct json_node *to = audit->type == JSON_OBJECT ? json_node_member(audit, S("FindingsDestination")) : NULL;
    if (!to || to->type != JSON_OBJECT) return wrong(c, "Audit must have a FindingsDestination.");
    for (const struct json_node *one = to->first; one; one = one->next) {
        if (str_eq(one->key, S("Firehose"))) return fail(c, &cloud_not_implemented, "brume does not send findings to Firehose (yet).");
        if (str_eq(one->key, S("CloudWatchLogs"))) p->findings_group = text_at(one, S("LogGroup"));
        else if (str_eq(one->key, S("S3"))) p->findings_bucket = text_at(one, S("Bucket"));
        else return wrong(c, "a FindingsDestination is CloudWatchLogs, S3 or Firehose.");
        if (!p->findings_group.p && !p->findings_bucket.p) return wrong(c, "a FindingsDestination lacks its name.");
    }
    return NULL;
}

err log_protection_read(struct call *c, str document, struct log_protection *p) {
    const struct json_node *root = json_tree(c->arena, document, json_default_limits, NULL, NULL), *list, *operation, *audit = NULL, *mask = NULL;
    struct record_pairs custom = {0}, masked = {0};
    *p = (struct log_protection){0};
    if (!root || root->type != JSON_OBJECT) return wrong(c, "it is no JSON object.");
    if (document.n > DOCUMENT_MAX) return wrong(c, "it is longer than 30,720 characters.");
    if (!str_eq(text_at(root, S("Version")), S("2021-06-01"))) return wrong(c, "Version must be 2021-06-01.");
    if (!text_at(root, S("Name")).n) return wrong(c, "it has no Name.");
    list = json_node_member(root, S("Statement"));
    if (!list || list->type != JSON_ARRAY || list->count != 2) return wrong(c, "it must have two statements, one to Audit and one to Deidentify.");
    TRY(read_custom(c, root, &custom));
    for (const struct json_node *s = list->first; s; s = s->next) {
        operation = s->type == JSON_OBJECT ? json_node_member(s, S("Operation")) : NULL;
        if (!operation || operation->type != JSON_OBJECT || operation->count != 1) return wrong(c, "a statement must have one Operation.");
        bool audits = str_eq(operation->first->key, S("Audit")), masks = str_eq(operation->first->key, S("Deidentify"));
        if (audits) audit = operation->first;
        if (masks) mask = operation->first;
        TRY(read_identifiers(c, json_node_member(s, S("DataIdentifier")), &custom, audits ? &p->identifiers : &masked));
    }
    if (!audit || !mask) return wrong(c, "it must have two statements, one to Audit and one to Deidentify.");
    const struct json_node *how = mask->type == JSON_OBJECT ? json_node_member(mask, S("MaskConfig")) : NULL;
    if (!how || how->type != JSON_OBJECT || how->count) return wrong(c, "Deidentify must have an empty MaskConfig.");
    if (!same(&p->identifiers, &masked)) return wrong(c, "both statements must have the same DataIdentifier.");
    TRY(read_destinations(c, audit, p));
    return check_destinations(c, p);
}

/* ---- of a group ---- */

err logs_put_data_protection_policy(struct call *c, const struct logs_put_data_protection_policy_request *in, struct logs_put_data_protection_policy_response *out) {
    struct log_group group;
    struct log_protection p;
    TRY(log_group_identify(c, (str){0}, in->log_group_identifier, &group));
    if (group.class_name.p) return fail(c, &logs_invalid_parameter_exception, "Only log groups of class STANDARD can have a data protection policy.");
    TRY(log_protection_read(c, in->policy_document, &p));
    log_group_policy_save(c, &group, str_of(type), &(struct log_policy){.document = in->policy_document, .updated_ms = c->now_ms});
    log_mask_set(c, &group, &p);
    group.protection = S("ACTIVATED");
    log_group_save(c->txn, c->arena, &group);
    *out = (struct logs_put_data_protection_policy_response){.log_group_identifier = in->log_group_identifier, .policy_document = in->policy_document,
                                                             .last_updated_time = SOME_I64(c->now_ms)};
    return NULL;
}

err logs_get_data_protection_policy(struct call *c, const struct logs_get_data_protection_policy_request *in, struct logs_get_data_protection_policy_response *out) {
    struct log_group group;
    struct log_policy p;
    TRY(log_group_identify(c, (str){0}, in->log_group_identifier, &group));
    out->log_group_identifier = in->log_group_identifier;
    if (!log_group_policy_load(c->txn, c->arena, &group, str_of(type), &p)) return NULL;
    out->policy_document = p.document;
    out->last_updated_time = SOME_I64(p.updated_ms);
    return NULL;
}

err logs_delete_data_protection_policy(struct call *c, const struct logs_delete_data_protection_policy_request *in, struct wire_unit *out) {
    (void)out;
    struct log_group group;
    struct log_policy p;
    TRY(log_group_identify(c, (str){0}, in->log_group_identifier, &group));
    if (!log_group_policy_load(c->txn, c->arena, &group, str_of(type), &p)) return fail(c, &logs_resource_not_found_exception, "The log group has no data protection policy.");
    log_group_policy_delete(c, &group, str_of(type));
    log_mask_set(c, &group, &(struct log_protection){0});
    group.protection = S("DELETED");
    log_group_save(c->txn, c->arena, &group);
    return NULL;
}
