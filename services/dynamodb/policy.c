/* Resource policies of tables and streams: kept beside them, with a revision, which is the moment of the change.
 *
 *   ("dynamodb", account, region, "policy", arn) -> revision, 0x00, document
 *
 * DIFFERS: a policy is in force, and shown, at once, and may be changed again at once: AWS lets it once in 15 seconds. */
#include "cloud/policy_principal.h"
#include "services/dynamodb/stream.h"

#define INVALID "One or more parameter values were invalid: "
enum { BOUND_MAX = 4 * 20480 + 512 };

static str policy_row(struct call *c, str arn) {
    struct key k = key_new(c->arena, S("dynamodb")); /* a call of the streams API asks too */
    key_str(&k, c->account);
    key_str(&k, c->region);
    key_str(&k, S("policy"));
    key_str(&k, arn);
    return key_bytes(&k);
}

err ddb_resource_parse(struct call *c, str text, struct ddb_resource *of) {
    struct arn parts;
    if (!str_starts(text, S("arn:"))) return fail(c, &cloud_validation, INVALID "ARNs must start with 'arn:': %.*s", STR_ARGS(text));
    bool ours = arn_parse(text, &parts) && str_eq(parts.service, S("dynamodb")) && str_starts(parts.resource, S("table/"));
    str rest = ours ? str_skip(parts.resource, 6) : S(""), name = str_cut(&rest, '/');
    *of = (struct ddb_resource){.arn = text, .table = name};
    if (ours && str_starts(rest, S("index/")))
        return fail(c, &cloud_validation, INVALID "Invalid resource arn provided, only table or stream is accepted. Provided resource arn: %.*s", STR_ARGS(text));
    if (ours && str_starts(rest, S("stream/"))) of->label = str_skip(rest, 7);
    else if (!ours || rest.p) return fail(c, &cloud_validation, INVALID "Provided Arn is not a DynamoDB resource arn: %.*s", STR_ARGS(text));
    of->partition = parts.partition;
    of->region = parts.region;
    of->account = parts.account;
    return NULL;
}

static err open_resource(struct call *c, str text, bool to_write, struct ddb_resource *of) {
    struct ddb_table t;
    struct ddb_stream stream;
    TRY(ddb_resource_parse(c, text, of));
    if (!str_eq(of->partition, S("aws")) || !str_eq(of->region, c->region))
        return fail(c, &cloud_validation, INVALID "Invalid resource Arn: %.*s", STR_ARGS(text));
    if (!str_eq(of->account, c->account))
        return fail(c, &cloud_validation, "This action is only supported by accounts that match the resource owner’s account.");
    bool there = of->table.n <= DDB_NAME_MAX && ddb_table_load(c->txn, c->arena, c->account, c->region, of->table, &t);
    if (!there || ddb_table_restoring(&t))
        return fail(c, &dynamodb_resource_not_found_exception, "Requested resource not found: Table: %.*s not found", STR_ARGS(of->table));
    if (of->label.p && (of->label.n > 64 || !ddb_stream_load(c->txn, c->arena, c->account, c->region, of->table, of->label, &stream)))
        return fail(c, &dynamodb_resource_not_found_exception, "Requested resource not found: Stream: %.*s not found for Table: %.*s", STR_ARGS(of->label),
                    STR_ARGS(of->table));
    if (!to_write || t.state != DDB_DELETING) return NULL;
    return fail(c, &dynamodb_resource_in_use_exception, "Attempt to change a resource which is still in use: Table is being deleted: %.*s", STR_ARGS(of->table));
}

void ddb_policy_drop(struct call *c, str arn) { txn_delete(c->txn, policy_row(c, arn)); }

static bool load(struct call *c, str arn, str *revision, str *document) {
    str row;
    if (!txn_get(c->txn, policy_row(c, arn), &row)) return false;
    *document = arena_str(c->arena, row);
    *revision = str_cut(document, 0);
    return true;
}

#define NOT_FOUND "Resource-based policy not found for the provided ResourceArn: "

/* NO_POLICY: there shall be none yet. */
static err check_revision(struct call *c, const struct ddb_resource *of, str expected) {
    str revision = {0}, document;
    bool there = load(c, of->arn, &revision, &document);
    if (!expected.p || (there ? str_eq(expected, revision) : str_eq(expected, S("NO_POLICY")))) return NULL;
    if (there)
        return fail(c, &dynamodb_policy_not_found_exception,
                    NOT_FOUND "Requested update for policy with revision id %.*s, but the policy associated to target table %.*s has another revision id",
                    STR_ARGS(expected), STR_ARGS(of->table));
    return fail(c, &dynamodb_policy_not_found_exception,
                NOT_FOUND "Requested update for policy with revision id %.*s, but table %.*s has no associated policy", STR_ARGS(expected), STR_ARGS(of->table));
}

/* The moment, later than that of any before. */
static str next_revision(struct call *c, str before) {
    i64 was = 0;
    bool had = before.p && str_to_i64(before, &was);
    return arena_format(c->arena, "%lld", (long long)(had ? MAX(c->now_ms, was + 1) : c->now_ms));
}

static str write_policy(struct call *c, str arn, str bound) {
    str before = {0}, document = {0};
    bool there = load(c, arn, &before, &document);
    if (there && str_eq(document, bound)) return before; /* it says the same: nothing is changed */
    str revision = next_revision(c, before);
    struct buf row = buf_new(c->arena, BOUND_MAX);
    buf_add(&row, revision);
    buf_char(&row, 0);
    buf_add(&row, bound);
    txn_put(c->txn, policy_row(c, arn), buf_str(&row));
    txn_raise_epoch(c->txn);
    return revision;
}

err ddb_policy_first(struct call *c, str arn, str text) {
    str bound;
    TRY(ddb_policy_read(c, text, false, &bound));
    (void)write_policy(c, arn, bound);
    return NULL;
}

/* Only to put another policy must stay possible: to delete it, or anything else, need not. */
static err check_lockout(struct call *c, const struct dynamodb_put_resource_policy_input *in, str bound) {
    struct auth_facts facts = {.resource_arn = in->resource_arn, .resource_account = c->account, .resource_policy = bound};
    if (in->confirm_remove_self_resource_access.v || may_with(c, S("dynamodb:PutResourcePolicy"), in->resource_arn, &facts)) return NULL;
    return fail(c, &cloud_access_denied, "The new resource policy will not allow you to update the resource policy in the future.");
}

err dynamodb_put_resource_policy(struct call *c, const struct dynamodb_put_resource_policy_input *in, struct dynamodb_put_resource_policy_output *out) {
    struct ddb_resource of;
    str bound;
    TRY(open_resource(c, in->resource_arn, true, &of));
    TRY(ddb_policy_read(c, in->policy, of.label.p, &bound));
    TRY(check_revision(c, &of, in->expected_revision_id));
    TRY(check_lockout(c, in, bound));
    out->revision_id = write_policy(c, in->resource_arn, bound);
    return NULL;
}

err dynamodb_get_resource_policy(struct call *c, const struct dynamodb_get_resource_policy_input *in, struct dynamodb_get_resource_policy_output *out) {
    struct ddb_resource of;
    TRY(open_resource(c, in->resource_arn, false, &of));
    if (!load(c, in->resource_arn, &out->revision_id, &out->policy))
        return fail(c, &dynamodb_policy_not_found_exception, NOT_FOUND "%.*s", STR_ARGS(in->resource_arn));
    out->policy = policy_principals_shown(c, out->policy);
    return NULL;
}

err dynamodb_delete_resource_policy(struct call *c, const struct dynamodb_delete_resource_policy_input *in,
                                    struct dynamodb_delete_resource_policy_output *out) {
    struct ddb_resource of;
    str document;
    TRY(open_resource(c, in->resource_arn, true, &of));
    TRY(check_revision(c, &of, in->expected_revision_id));
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
    bool by_arn = str_starts(name, S("arn:"));
    if (by_arn && (!arn_parse(name, &arn) || !str_eq(arn.service, S("dynamodb")) || !str_starts(arn.resource, S("table/")))) return;
    if (by_arn) name = str_skip(arn.resource, 6);
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
        facts->hidden = !facts->resource_policy.p;                                                 \
        return NULL;                                                                               \
    }
/* The operations on policies are their account's alone: they say so themselves. */
#define OWN_FACTS(op)                                                                              \
    err dynamodb_##op##_resource_policy_facts(struct call *c, const struct dynamodb_##op##_resource_policy_input *in, struct auth_facts *facts) { \
        struct arn arn;                                                                            \
        if (arn_parse(in->resource_arn, &arn) && str_eq(arn.account, c->account)) ddb_policy_facts(c, in->resource_arn, (str){0}, facts); \
        else facts->resource_account = c->account;                                                 \
        return NULL;                                                                               \
    }
#define NO_INDEX (str){0}
OWN_FACTS(delete)
OWN_FACTS(get)
OWN_FACTS(put)
FACTS(create_backup, table_name, NO_INDEX)
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
FACTS(list_tags_of_resource, resource_arn, NO_INDEX)
FACTS(tag_resource, resource_arn, NO_INDEX)
FACTS(untag_resource, resource_arn, NO_INDEX)
FACTS(update_continuous_backups, table_name, NO_INDEX)
FACTS(update_contributor_insights, table_name, in->index_name)
FACTS(update_kinesis_streaming_destination, table_name, NO_INDEX)
FACTS(update_table, table_name, NO_INDEX)
FACTS(update_table_replica_auto_scaling, table_name, NO_INDEX)
FACTS(update_time_to_live, table_name, NO_INDEX)
