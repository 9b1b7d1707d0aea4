/* Policies: what types there are, and the documents of each. */
#include "auth/policy.h"
#include "merge.h"
#include "organizations.h"

/* Counts and sizes: the quotas page of the Organizations user guide; SCPs as raised in May 2026. */
const struct policy_rules org_policy_rules[] = {
    {"AISERVICES_OPT_OUT_POLICY", "aiservices_opt_out_policy", "services", NULL, 5, 2500, false},
    {"BACKUP_POLICY", "backup_policy", "plans", NULL, 10, 10000, false},
    {"BEDROCK_POLICY", "bedrock_policy", NULL, NULL, 10, 10000, false},
    {"CHATBOT_POLICY", "chatbot_policy", NULL, NULL, 5, 10000, false},
    {"DECLARATIVE_POLICY_EC2", "declarative_policy_ec2", "ec2_attributes", NULL, 10, 10000, false},
    {"GUARDDUTY_POLICY", "guardduty_policy", NULL, NULL, 10, 10000, false},
    {"INSPECTOR_POLICY", "inspector_policy", "inspector", NULL, 10, 10000, false},
    {"NETWORK_SECURITY_DIRECTOR_POLICY", "network_security_director_policy", NULL, NULL, 10, 10000, false},
    {"RESOURCE_CONTROL_POLICY", "resource_control_policy", NULL, NULL, 5, 5120, true},
    {"S3_POLICY", "s3_policy", NULL, NULL, 10, 10000, false},
    {"SECURITYHUB_CSPM_POLICY", "securityhub_cspm_policy", NULL, NULL, 10, 10000, false},
    {"SECURITYHUB_POLICY", "securityhub_policy", "securityhub", NULL, 10, 10000, false},
    {"SERVICE_CONTROL_POLICY", "service_control_policy", NULL, NULL, 10, 10240, true},
    {"TAG_POLICY", "tag_policy", "tags", NULL, 10, 10000, false},
    {"UPGRADE_ROLLOUT_POLICY", "upgrade_rollout_policy", "upgrade_rollout", NULL, 10, 10000, false},
};
const size_t org_policy_rules_count = LENGTH(org_policy_rules);

const struct policy_rules *org_policy_rules_of(str type) {
    for (size_t i = 0; i < LENGTH(org_policy_rules); i++)
        if (str_eq(type, str_of(org_policy_rules[i].type))) return &org_policy_rules[i];
    return NULL;
}

/* AWS's own, the same in every organization. */
#define TEXT(literal) {literal, sizeof(literal) - 1}
const struct policy_row org_policies_of_aws[2] = {
    {.id = TEXT("p-FullAWSAccess"),
     .name = TEXT("FullAWSAccess"),
     .description = TEXT("Allows access to every operation"),
     .type = TEXT("SERVICE_CONTROL_POLICY"),
     .content = TEXT("{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n      \"Action\": \"*\",\n      \"Resource\": \"*\"\n    }\n  ]\n}")},
    {.id = TEXT("p-RCPFullAWSAccess"),
     .name = TEXT("RCPFullAWSAccess"),
     .description = TEXT("Allows access to every resource"),
     .type = TEXT("RESOURCE_CONTROL_POLICY"),
     .content = TEXT("{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n      \"Principal\": \"*\",\n      \"Action\": \"*\",\n      \"Resource\": \"*\"\n    }\n  ]\n}")},
};

str org_policy_default(str type) {
    for (size_t i = 0; i < LENGTH(org_policies_of_aws); i++)
        if (str_eq(org_policies_of_aws[i].type, type)) return org_policies_of_aws[i].id;
    return (str){0};
}

static bool is_of_aws(str id) {
    for (size_t i = 0; i < LENGTH(org_policies_of_aws); i++)
        if (str_eq(org_policies_of_aws[i].id, id)) return true;
    return false;
}

static str row_key(struct arena *a, const struct organization *o, str id) {
    struct key k = organization_key(a, o, "policy");
    key_str(&k, id);
    return key_bytes(&k);
}

static struct key type_key(struct arena *a, const struct organization *o, str type) {
    struct key k = organization_key(a, o, "policy-name");
    key_str(&k, type);
    return k;
}
static str name_key(struct arena *a, const struct organization *o, str type, str name) {
    struct key k = type_key(a, o, type);
    key_str(&k, name);
    return key_bytes(&k);
}

bool org_policy_load(struct txn *t, struct arena *a, const struct organization *o, str id, struct policy_row *p) {
    for (size_t i = 0; i < LENGTH(org_policies_of_aws); i++)
        if (str_eq(org_policies_of_aws[i].id, id)) {
            *p = org_policies_of_aws[i];
            return true;
        }
    str row;
    if (!txn_get(t, row_key(a, o, id), &row)) return false;
    *p = (struct policy_row){0};
    ASSERT(record_decode(a, &policy_record, arena_str(a, row), p));
    p->id = id;
    return true;
}

err org_policy_open(struct call *c, const struct organization *o, str id, struct policy_row *p) {
    if (org_policy_load(c->txn, c->arena, o, id, p)) return NULL;
    return fail(c, &organizations_policy_not_found_exception, "You specified a policy that doesn't exist.");
}

str org_policy_arn(struct arena *a, const struct organization *o, const struct policy_row *p) {
    const char *prefix = org_policy_rules_of(p->type)->prefix;
    if (is_of_aws(p->id)) return arena_format(a, "arn:aws:organizations::aws:policy/%s/%.*s", prefix, STR_ARGS(p->id));
    return arena_format(a, "arn:aws:organizations::%.*s:policy/%.*s/%s/%.*s", STR_ARGS(o->management), STR_ARGS(o->id), prefix,
                        STR_ARGS(p->id));
}

struct organizations_policy_summary org_policy_shown(struct call *c, const struct organization *o, const struct policy_row *p) {
    return (struct organizations_policy_summary){.id = p->id, .arn = org_policy_arn(c->arena, o, p), .name = p->name,
                                                 .description = p->description, .type = p->type,
                                                 .aws_managed = SOME_BOOL(is_of_aws(p->id))};
}

static struct organizations_policy *shown_whole(struct call *c, const struct organization *o, const struct policy_row *p) {
    struct organizations_policy *out = NEW(c->arena, struct organizations_policy);
    out->policy_summary = NEW(c->arena, struct organizations_policy_summary);
    *out->policy_summary = org_policy_shown(c, o, p);
    out->content = p->content;
    return out;
}

/* ---- documents ---- */

static err malformed(struct call *c) {
    return fail(c, &organizations_malformed_policy_document_exception,
                "The provided policy document does not meet the requirements of the specified policy type.");
}

static err check_content(struct call *c, str type, str content) {
    const struct policy_rules *rules = org_policy_rules_of(type);
    if (content.n > rules->max_bytes)
        return refuse_constraint(c, "POLICY_CONTENT_LIMIT_EXCEEDED", "You have exceeded the maximum policy size.");
    if (rules->authorization) {
        str problem;
        bool service = str_eq(type, S("SERVICE_CONTROL_POLICY"));
        return policy_compile(content, service ? POLICY_SERVICE_CONTROL : POLICY_RESOURCE_CONTROL, c->arena, &problem) ? NULL : malformed(c);
    }
    const char *problem; /* DIFFERS: held against the operators, not against the schema of the service behind it */
    return merge_check(c->arena, content, rules->document, &problem) ? NULL : malformed(c);
}

/* ---- operations ---- */

static err refuse_duplicate(struct call *c) {
    return fail(c, &organizations_duplicate_policy_exception, "A policy with the specified name and type already exists.");
}

static u32 count_of_type(struct call *c, const struct organization *o, str type, u32 enough) {
    struct key k = type_key(c->arena, o, type);
    str from = key_bytes(&k), key, value;
    struct range rows = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    u32 n = 0;
    while (n < enough && range_next(&rows, &key, &value)) n++;
    return n;
}

static void save(struct call *c, const struct organization *o, const struct policy_row *p) {
    txn_put(c->txn, row_key(c->arena, o, p->id), record_encode(c->arena, &policy_record, p));
    txn_put(c->txn, name_key(c->arena, o, p->type, p->name), p->id);
    txn_raise_epoch(c->txn);
}

err organizations_create_policy(struct call *c, const struct organizations_create_policy_request *in,
                                struct organizations_create_policy_response *out) {
    enum { PER_TYPE_MAX = 1000 };
    struct organization o;
    str taken;
    TRY(organization_open(c, REACH_POLICY, &o));
    if (!org_policy_rules_of(in->type)) return refuse_input(c, "INVALID_ENUM_POLICY_TYPE", "You specified an invalid value.");
    if (!o.all_features)
        return fail(c, &organizations_policy_type_not_available_for_organization_exception,
                    "This operation cannot be performed since your organization does not have the necessary features enabled.");
    TRY(check_content(c, in->type, in->content));
    if (str_eq(in->name, org_policies_of_aws[0].name) || txn_get(c->txn, name_key(c->arena, &o, in->type, in->name), &taken)) return refuse_duplicate(c);
    if (count_of_type(c, &o, in->type, PER_TYPE_MAX) >= PER_TYPE_MAX)
        return refuse_constraint(c, "POLICY_NUMBER_LIMIT_EXCEEDED", "You have exceeded the allowed number of policies.");
    struct policy_row p = {.name = in->name, .description = in->description, .type = in->type, .content = in->content, .changed_ms = c->now_ms};
    p.id = arena_concat(c->arena, S("p-"), id_from(c->arena, S("abcdefghijklmnopqrstuvwxyz0123456789"), 10));
    save(c, &o, &p);
    out->policy = shown_whole(c, &o, &p);
    str arn = out->policy->policy_summary->arn;
    registry_add(c, arn, S("AWS::Organizations::Policy"));
    struct record_pairs tags = tags_given(c, &in->tags);
    return tags_put(c, &o, arn, &tags);
}

static err open_own(struct call *c, const struct organization *o, str id, struct policy_row *p) {
    if (is_of_aws(id)) return refuse_input(c, "IMMUTABLE_POLICY", "You specified a policy that is managed by AWS and can't be modified.");
    return org_policy_open(c, o, id, p);
}

err organizations_update_policy(struct call *c, const struct organizations_update_policy_request *in,
                                struct organizations_update_policy_response *out) {
    struct organization o;
    struct policy_row p;
    str taken;
    TRY(organization_open(c, REACH_POLICY, &o));
    TRY(open_own(c, &o, in->policy_id, &p));
    if (in->content.p) {
        TRY(check_content(c, p.type, in->content));
        p.content = in->content;
    }
    if (in->description.p) p.description = in->description;
    if (in->name.p && !str_eq(in->name, p.name)) {
        if (txn_get(c->txn, name_key(c->arena, &o, p.type, in->name), &taken)) return refuse_duplicate(c);
        txn_delete(c->txn, name_key(c->arena, &o, p.type, p.name));
        p.name = in->name;
    }
    p.changed_ms = c->now_ms;
    save(c, &o, &p);
    out->policy = shown_whole(c, &o, &p);
    return NULL;
}

err organizations_delete_policy(struct call *c, const struct organizations_delete_policy_request *in, struct wire_unit *out) {
    (void)out;
    struct organization o;
    struct policy_row p;
    TRY(organization_open(c, REACH_POLICY, &o));
    TRY(open_own(c, &o, in->policy_id, &p));
    if (org_policy_in_use(c->txn, c->arena, &o, &p))
        return fail(c, &organizations_policy_in_use_exception,
                    "The policy is attached to one or more entities. You must detach it from all roots, organizational units, and accounts before performing this operation.");
    txn_delete(c->txn, row_key(c->arena, &o, p.id));
    txn_delete(c->txn, name_key(c->arena, &o, p.type, p.name));
    registry_remove(c, org_policy_arn(c->arena, &o, &p));
    return NULL;
}

err organizations_describe_policy(struct call *c, const struct organizations_describe_policy_request *in,
                                  struct organizations_describe_policy_response *out) {
    struct organization o;
    struct policy_row p;
    TRY(organization_open(c, REACH_DELEGATED, &o));
    TRY(org_policy_open(c, &o, in->policy_id, &p));
    out->policy = shown_whole(c, &o, &p);
    return NULL;
}

/* AWS's own come first, on the first page. */
err organizations_list_policies(struct call *c, const struct organizations_list_policies_request *in,
                                struct organizations_list_policies_response *out) {
    struct organization o;
    struct org_page p;
    str rest, id;
    TRY(organization_open(c, REACH_DELEGATED, &o));
    struct key k = type_key(c->arena, &o, in->filter);
    TRY(org_page_open(&p, c, &k, in->next_token, in->max_results, &out->next_token));
    out->policies = (struct organizations_policies){NEW_ARRAY(c->arena, struct organizations_policy_summary, PAGE_MAX + 1), 0, true};
    for (size_t i = 0; i < LENGTH(org_policies_of_aws) && !in->next_token.n && p.left; i++) {
        if (!str_eq(org_policies_of_aws[i].type, in->filter) || !o.all_features) continue;
        out->policies.v[out->policies.n++] = org_policy_shown(c, &o, &org_policies_of_aws[i]);
        p.left--;
    }
    while (org_page_next(&p, &rest, &id)) {
        struct policy_row row;
        ASSERT(org_policy_load(c->txn, c->arena, &o, id, &row));
        out->policies.v[out->policies.n++] = org_policy_shown(c, &o, &row);
    }
    return NULL;
}
