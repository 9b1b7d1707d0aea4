/* Resource policies: of the account, for all its groups, or of one group. What they say decides with the rights of the
 * caller; services get in by nothing else. The other facts of the gate are here too. */
#include "logs.h"

#include "auth/policy.h"
#include "cloud/policy_principal.h"
#include "text/tree.h"

enum { POLICIES_MAX = 10, PAGE = 50 };

/* Policies of the account stand under their name, that of a group under its ARN. */
static struct key policies_of(struct arena *a, str account, str region) { return log_rows(a, account, region, S("resource-policy")); }

static str policy_row(struct arena *a, str account, str region, str name) {
    struct key k = policies_of(a, account, region);
    key_str(&k, name);
    return key_bytes(&k);
}

static bool policy_next(struct range *r, struct arena *a, struct log_policy *p) {
    str key, row, part;
    if (!range_next(r, &key, &row)) return false;
    *p = (struct log_policy){0};
    ASSERT(record_decode(a, &logs_policy_record, arena_str(a, row), p));
    for (str rest = arena_str(a, key); key_read_str(&rest, a, &part);) p->name = part;
    return true;
}

static bool of_group(const struct log_policy *p) { return str_starts(p->name, S("arn:")); }

static struct range all_policies(struct call *c, str account, str region) {
    struct key k = policies_of(c->arena, account, region);
    return txn_range(c->txn, key_bytes(&k), key_after_prefix(c->arena, key_bytes(&k)));
}

static struct logs_resource_policy shown(struct call *c, const struct log_policy *p) {
    struct logs_resource_policy s = {.policy_document = policy_principals_shown(c, p->document), .last_updated_time = SOME_I64(p->updated_ms), .policy_scope = of_group(p) ? S("RESOURCE") : S("ACCOUNT")};
    if (of_group(p)) {
        s.resource_arn = p->name;
        s.revision_id = p->revision;
    } else s.policy_name = p->name;
    return s;
}

/* Under which name the policy stands: a name, or the ARN of a group that is there. */
static err name_of(struct call *c, str policy_name, str resource_arn, str *name) {
    struct log_group group;
    if (!policy_name.n == !resource_arn.n) return fail(c, &logs_invalid_parameter_exception, "Exactly one of policyName and resourceArn must be specified.");
    *name = policy_name;
    if (policy_name.n > 255 || str_starts(policy_name, S("arn:"))) return fail(c, &logs_invalid_parameter_exception, "The policy name is not valid.");
    if (policy_name.n) return NULL;
    TRY(log_group_identify(c, (str){0}, resource_arn, &group));
    *name = log_group_arn(c->arena, &group);
    return NULL;
}

err logs_put_resource_policy(struct call *c, const struct logs_put_resource_policy_request *in, struct logs_put_resource_policy_response *out) {
    str name, row, document, problem;
    struct log_policy p = {0}, other;
    u32 n = 0;
    TRY(name_of(c, in->policy_name, in->resource_arn, &name));
    if (!in->policy_document.n || !policy_compile(in->policy_document, POLICY_RESOURCE, c->arena, &problem))
        return fail(c, &logs_invalid_parameter_exception, "The policy document is not valid%s%.*s", in->policy_document.n ? ": " : ".", STR_ARGS(in->policy_document.n ? problem : S("")));
    if (!policy_principals_bind(c, in->policy_document, &document, NULL)) return fail(c, &logs_invalid_parameter_exception, "Could not convert to persistable policy.");
    bool known = txn_get(c->txn, policy_row(c->arena, c->account, c->region, name), &row);
    if (known) ASSERT(record_decode(c->arena, &logs_policy_record, row, &p));
    if (in->expected_revision_id.p && !str_eq(in->expected_revision_id, p.revision)) return fail(c, &logs_operation_aborted_exception, "The policy has another revision by now.");
    struct range r = all_policies(c, c->account, c->region);
    while (policy_next(&r, c->arena, &other)) n += !of_group(&other);
    if (!known && in->policy_name.n && n >= POLICIES_MAX) return fail(c, &logs_limit_exceeded_exception, "Resource limit exceeded.");
    p = (struct log_policy){.document = document, .updated_ms = c->now_ms, .revision = id_uuid(c->arena), .name = name};
    txn_put(c->txn, policy_row(c->arena, c->account, c->region, name), record_encode(c->arena, &logs_policy_record, &p));
    txn_raise_epoch(c->txn);
    out->resource_policy = NEW(c->arena, struct logs_resource_policy);
    *out->resource_policy = shown(c, &p);
    if (of_group(&p)) out->revision_id = p.revision;
    return NULL;
}

err logs_delete_resource_policy(struct call *c, const struct logs_delete_resource_policy_request *in, struct wire_unit *out) {
    (void)out;
    str name, row;
    struct log_policy p = {0};
    TRY(name_of(c, in->policy_name, in->resource_arn, &name));
    if (!txn_get(c->txn, policy_row(c->arena, c->account, c->region, name), &row))
        return fail(c, &logs_resource_not_found_exception, "Policy with name [%.*s] does not exist.", STR_ARGS(name));
    ASSERT(record_decode(c->arena, &logs_policy_record, row, &p));
    if (in->expected_revision_id.p && !str_eq(in->expected_revision_id, p.revision)) return fail(c, &logs_operation_aborted_exception, "The policy has another revision by now.");
    txn_delete(c->txn, policy_row(c->arena, c->account, c->region, name));
    txn_raise_epoch(c->txn);
    return NULL;
}

err logs_describe_resource_policies(struct call *c, const struct logs_describe_resource_policies_request *in, struct logs_describe_resource_policies_response *out) {
    str position;
    u32 max;
    struct log_policy p;
    bool of_resource = in->resource_arn.p || str_eq(in->policy_scope, S("RESOURCE"));
    TRY(log_page(c, in->next_token, in->limit, PAGE, &position, &max));
    out->resource_policies.v = NEW_ARRAY(c->arena, struct logs_resource_policy, max);
    out->resource_policies.set = true;
    struct range r = all_policies(c, c->account, c->region);
    if (position.p) range_seek(&r, policy_row(c->arena, c->account, c->region, position));
    while (policy_next(&r, c->arena, &p)) {
        if (of_group(&p) != of_resource || (in->resource_arn.p && !str_eq(p.name, in->resource_arn))) continue;
        if (out->resource_policies.n == max) {
            out->next_token = page_token(c, p.name);
            break;
        }
        out->resource_policies.v[out->resource_policies.n++] = shown(c, &p);
    }
    return NULL;
}

/* ---- what the gate needs to know ---- */

/* Without its Sid: other policies may have the same. */
static void add_statement(struct buf *b, const struct json_node *statement, str document) {
    if (!b->n) buf_add(b, S("{\"Version\":\"2012-10-17\",\"Statement\":["));
    json_write_object(b);
    for (const struct json_node *m = statement->first; m; m = m->next) {
        if (str_eq(m->key, S("Sid"))) continue;
        json_write_key(b, m->key);
        json_write_raw(b, json_node_raw(m, document));
    }
    json_write_object_end(b);
}

/* The statements of all policies that speak of the group, as one policy; absent if there are none. */
static str policy_for(struct call *c, const struct arn *arn, str group_arn) {
    struct log_policy p;
    struct buf b = buf_new(c->arena, 1 << 20);
    struct range r = all_policies(c, arn->account, arn->region);
    while (policy_next(&r, c->arena, &p)) {
        const struct json_node *document, *statement;
        if (of_group(&p) && !str_eq(p.name, group_arn)) continue;
        document = json_tree(c->arena, p.document, json_default_limits, NULL, NULL);
        statement = document ? json_node_member(document, S("Statement")) : NULL;
        if (!statement) continue;
        if (statement->type == JSON_OBJECT) add_statement(&b, statement, p.document);
        else
            for (const struct json_node *one = statement->first; one; one = one->next) add_statement(&b, one, p.document);
    }
    if (!b.n) return (str){0};
    buf_add(&b, S("]}"));
    return buf_str(&b);
}

static void facts_of(struct call *c, str name, str identifier, str stream, struct auth_facts *facts) {
    struct arn arn = {.account = c->account, .region = c->region};
    if (identifier.p && !log_group_names(c, identifier, &arn, &name)) return; /* the handler refuses it */
    str group = arn_format(c->arena, S("logs"), arn.region, arn.account, arena_concat(c->arena, S("log-group:"), name.p ? name : S("")));
    facts->resource_arn = arena_format(c->arena, "%.*s:log-stream:%.*s", STR_ARGS(group), STR_ARGS(stream));
    facts->resource_account = arn.account;
    facts->resource_policy = policy_for(c, &arn, group);
}

/* The right is asked on the group, as for other reading of it. */
err log_may_unmask(struct call *c, const struct log_group *group) {
    struct auth_facts facts = {0};
    facts_of(c, (str){0}, log_group_arn(c->arena, group), (str){0}, &facts);
    return may_with(c, S("logs:Unmask"), facts.resource_arn, &facts) ? NULL : deny(c, S("logs:Unmask"), facts.resource_arn);
}

#define GROUP_FACTS(operation, name, identifier, stream)                                                                         \
    err logs_##operation##_facts(struct call *c, const struct logs_##operation##_request *in, struct auth_facts *facts) {        \
        facts_of(c, name, identifier, stream, facts);                                                                            \
        return NULL;                                                                                                             \
    }
#define NONE ((str){0})
GROUP_FACTS(create_log_group, in->log_group_name, NONE, NONE)
GROUP_FACTS(create_log_stream, in->log_group_name, NONE, in->log_stream_name)
GROUP_FACTS(put_log_events, in->log_group_name, NONE, in->log_stream_name)
GROUP_FACTS(get_log_events, in->log_group_name, in->log_group_identifier, in->log_stream_name)
GROUP_FACTS(filter_log_events, in->log_group_name, in->log_group_identifier, NONE)
GROUP_FACTS(describe_log_streams, in->log_group_name, in->log_group_identifier, NONE)
GROUP_FACTS(get_log_group_fields, in->log_group_name, in->log_group_identifier, NONE)
GROUP_FACTS(put_data_protection_policy, NONE, in->log_group_identifier, NONE)
GROUP_FACTS(get_data_protection_policy, NONE, in->log_group_identifier, NONE)
GROUP_FACTS(delete_data_protection_policy, NONE, in->log_group_identifier, NONE)
GROUP_FACTS(put_log_group_deletion_protection, NONE, in->log_group_identifier, NONE)
GROUP_FACTS(associate_kms_key, in->log_group_name, in->resource_identifier, NONE)
GROUP_FACTS(disassociate_kms_key, in->log_group_name, in->resource_identifier, NONE)
