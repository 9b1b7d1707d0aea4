/* Resource policies of tables and streams: kept beside them, with a revision.
 *
 *   ("dynamodb", account, region, "policy", arn) -> revision, 0x00, document */
#include "services/dynamodb/dynamodb.h"

#include "auth/policy.h"
#include "cloud/policy_principal.h"

enum { POLICY_MAX = 20 << 10 };

static str policy_row(struct call *c, str arn) {
    struct key k = key_new(c->arena, S("dynamodb")); /* a call of the streams API asks too */
    key_str(&k, c->account);
    key_str(&k, c->region);
    key_str(&k, S("policy"));
    key_str(&k, arn);
    return key_bytes(&k);
}

static err open_resource(struct call *c, str arn) {
    struct ddb_table t;
    struct arn parts;
    if (!arn_parse(arn, &parts) || !str_eq(parts.service, S("dynamodb")) || !str_starts(parts.resource, S("table/")))
        return fail(c, &cloud_validation, "Invalid ResourceArn: %.*s", STR_ARGS(arn));
    str rest = str_skip(parts.resource, 6), name = str_cut(&rest, '/');
    bool found = str_eq(parts.account, c->account) && str_eq(parts.region, c->region)
              && ddb_table_load(c->txn, c->arena, parts.account, parts.region, name, &t);
    return found ? NULL : fail(c, &dynamodb_resource_not_found_exception, "Requested resource not found: Table: %.*s not found", STR_ARGS(name));
}

void ddb_policy_drop(struct call *c, str arn) { txn_delete(c->txn, policy_row(c, arn)); }

static bool load(struct call *c, str arn, str *revision, str *document) {
    str row;
    if (!txn_get(c->txn, policy_row(c, arn), &row)) return false;
    *document = arena_str(c->arena, row);
    *revision = str_cut(document, 0);
    return true;
}

static err absent(struct call *c, str arn) {
    return fail(c, &dynamodb_policy_not_found_exception, "Resource-based policy not found for the provided ResourceArn: %.*s", STR_ARGS(arn));
}

/* NO_POLICY: there shall be none yet. */
static err check_revision(struct call *c, str arn, str expected) {
    str revision = {0}, document;
    bool there = load(c, arn, &revision, &document);
    if (!expected.p || (there ? str_eq(expected, revision) : str_eq(expected, S("NO_POLICY")))) return NULL;
    return fail(c, &dynamodb_policy_not_found_exception, "The policy does not have the revision ID %.*s", STR_ARGS(expected));
}

err dynamodb_put_resource_policy(struct call *c, const struct dynamodb_put_resource_policy_input *in, struct dynamodb_put_resource_policy_output *out) {
    str problem, policy;
    TRY(open_resource(c, in->resource_arn));
    if (in->policy.n > POLICY_MAX) return fail(c, &cloud_validation, "Resource-based policy is larger than 20 KB");
    if (!policy_compile(in->policy, POLICY_RESOURCE, c->arena, &problem))
        return fail(c, &cloud_validation, "One or more parameter values were invalid: Invalid policy document: %.*s", STR_ARGS(problem));
    if (!policy_principals_bind(c, in->policy, &policy, NULL))
        return fail(c, &cloud_validation, "One or more parameter values were invalid: Invalid principal in policy document.");
    TRY(check_revision(c, in->resource_arn, in->expected_revision_id));
    out->revision_id = arena_format(c->arena, "%lld", (long long)c->now_ms * 1000 + (long long)(txn_sequence(c->txn) % 1000));
    struct buf row = buf_new(c->arena, 4 * POLICY_MAX + 512);
    buf_add(&row, out->revision_id);
    buf_char(&row, 0);
    buf_add(&row, policy);
    txn_put(c->txn, policy_row(c, in->resource_arn), buf_str(&row));
    txn_raise_epoch(c->txn);
    return NULL;
}

err dynamodb_get_resource_policy(struct call *c, const struct dynamodb_get_resource_policy_input *in, struct dynamodb_get_resource_policy_output *out) {
    TRY(open_resource(c, in->resource_arn));
    if (!load(c, in->resource_arn, &out->revision_id, &out->policy)) return absent(c, in->resource_arn);
    out->policy = policy_principals_shown(c, out->policy);
    return NULL;
}

err dynamodb_delete_resource_policy(struct call *c, const struct dynamodb_delete_resource_policy_input *in,
                                    struct dynamodb_delete_resource_policy_output *out) {
    str document;
    TRY(open_resource(c, in->resource_arn));
    TRY(check_revision(c, in->resource_arn, in->expected_revision_id));
    if (!load(c, in->resource_arn, &out->revision_id, &document)) return NULL;
    txn_delete(c->txn, policy_row(c, in->resource_arn));
    txn_raise_epoch(c->txn);
    return NULL;
}

/* ---- what the decision about a call needs: whose resource it is, and the policy on it ---- */

void ddb_policy_facts(struct call *c, str name, str index, struct auth_facts *facts) {
    enum { NAME_MAX = 512 }; /* of a stream: table, label */
    struct arn arn = {.account = c->account, .region = c->region};
    str revision;
    if (arn_parse(name, &arn) && str_starts(arn.resource, S("table/"))) name = str_skip(arn.resource, 6);
    if (!name.p || name.n > NAME_MAX) return; /* the operation says what is wrong with it */
    str resource = arn_format(c->arena, S("dynamodb"), arn.region, arn.account, arena_concat(c->arena, S("table/"), name));
    facts->resource_account = arn.account;
    facts->resource_arn = index.p ? arena_format(c->arena, "%.*s/index/%.*s", STR_ARGS(resource), STR_ARGS(index)) : resource;
    struct call there = *c;
    there.account = arn.account;
    there.region = arn.region;
    load(&there, resource, &revision, &facts->resource_policy);
}

#define FACTS(op, name, index) FACTS_OF(op, op##_input, name, index)
#define FACTS_OF(op, input, name, index)                                                           \
    err dynamodb_##op##_facts(struct call *c, const struct dynamodb_##input *in, struct auth_facts *facts) { \
        ddb_policy_facts(c, in->name, (index), facts);                                             \
        return NULL;                                                                               \
    }
#define NO_INDEX (str){0}
FACTS(create_backup, table_name, NO_INDEX)
FACTS(delete_resource_policy, resource_arn, NO_INDEX)
FACTS(delete_table, table_name, NO_INDEX)
FACTS(describe_continuous_backups, table_name, NO_INDEX)
FACTS(describe_contributor_insights, table_name, in->index_name)
FACTS(describe_kinesis_streaming_destination, table_name, NO_INDEX)
FACTS(describe_table, table_name, NO_INDEX)
FACTS(describe_table_replica_auto_scaling, table_name, NO_INDEX)
FACTS(describe_time_to_live, table_name, NO_INDEX)
FACTS_OF(disable_kinesis_streaming_destination, kinesis_streaming_destination_input, table_name, NO_INDEX)
FACTS_OF(enable_kinesis_streaming_destination, kinesis_streaming_destination_input, table_name, NO_INDEX)
FACTS(export_table_to_point_in_time, table_arn, NO_INDEX)
FACTS(get_resource_policy, resource_arn, NO_INDEX)
FACTS(list_tags_of_resource, resource_arn, NO_INDEX)
FACTS(put_resource_policy, resource_arn, NO_INDEX)
FACTS(tag_resource, resource_arn, NO_INDEX)
FACTS(untag_resource, resource_arn, NO_INDEX)
FACTS(update_continuous_backups, table_name, NO_INDEX)
FACTS(update_contributor_insights, table_name, in->index_name)
FACTS(update_kinesis_streaming_destination, table_name, NO_INDEX)
FACTS(update_table, table_name, NO_INDEX)
FACTS(update_table_replica_auto_scaling, table_name, NO_INDEX)
FACTS(update_time_to_live, table_name, NO_INDEX)
