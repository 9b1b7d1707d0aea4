/* The organization: born, told, let go, and who may act in it. */
#include "organizations.h"

static struct key key_under(struct arena *a, str management, str organization, const char *type) {
    struct key k = key_new(a, S("organizations"));
    key_str(&k, management);
    key_str(&k, organization);
    key_str(&k, str_of(type));
    return k;
}

struct key organization_key(struct arena *a, const struct organization *o, const char *type) {
    return key_under(a, o->management, o->id, type);
}

static str row_key(struct arena *a, str management) {
    struct key k = key_under(a, management, S(""), "organization");
    return key_bytes(&k);
}

bool organization_load(struct txn *t, struct arena *a, str management, struct organization *o) {
    str row;
    if (!txn_get(t, row_key(a, management), &row)) return false;
    *o = (struct organization){0};
    ASSERT(record_decode(a, &organization_record, arena_str(a, row), o));
    o->management = management;
    return true;
}

void organization_save(struct txn *t, struct arena *a, const struct organization *o) {
    txn_put(t, row_key(a, o->management), record_encode(a, &organization_record, o));
}

str organization_arn(struct arena *a, const struct organization *o, const char *kind, str id) {
    return arena_format(a, "arn:aws:organizations::%.*s:%s/%.*s/%.*s", STR_ARGS(o->management), kind, STR_ARGS(o->id), STR_ARGS(id));
}

err refuse_constraint(struct call *c, const char *reason, const char *message) {
    struct organizations_constraint_violation_exception *e = NEW(c->arena, struct organizations_constraint_violation_exception);
    *e = (struct organizations_constraint_violation_exception){.message = str_of(message), .reason = str_of(reason)};
    return fail_with(c, &organizations_constraint_violation_exception, e, "%s", message);
}

err refuse_input(struct call *c, const char *reason, const char *message) {
    struct organizations_invalid_input_exception *e = NEW(c->arena, struct organizations_invalid_input_exception);
    *e = (struct organizations_invalid_input_exception){.message = str_of(message), .reason = str_of(reason)};
    return fail_with(c, &organizations_invalid_input_exception, e, "%s", message);
}

err organization_open(struct call *c, enum reach reach, struct organization *o) {
    struct member m;
    if (!member_load(c->txn, c->arena, c->account, &m) || !organization_load(c->txn, c->arena, m.management, o))
        return fail(c, &organizations_aws_organizations_not_in_use_exception, "Your account is not a member of an organization.");
    if (reach == REACH_MEMBER || str_eq(m.management, c->account)) return NULL;
    if (reach == REACH_DELEGATED && is_delegated(c->txn, c->arena, o, c->account)) return NULL;
    if (reach < REACH_MANAGEMENT && resource_policy_allows(c, o)) return NULL;
    return fail(c, &organizations_access_denied_exception, "You don't have permissions to access this resource.");
}

/* AvailablePolicyTypes is what AWS calls deprecated: it names SCPs alone, whether enabled or not. */
static struct organizations_organization *shown(struct call *c, const struct organization *o) {
    struct organizations_organization *out = NEW(c->arena, struct organizations_organization);
    *out = (struct organizations_organization){
        .id = o->id,
        .arn = arena_format(c->arena, "arn:aws:organizations::%.*s:organization/%.*s", STR_ARGS(o->management), STR_ARGS(o->id)),
        .feature_set = o->all_features ? S("ALL") : S("CONSOLIDATED_BILLING"),
        .master_account_arn = member_arn(c->arena, o, o->management),
        .master_account_id = o->management,
        .master_account_email = account_profile(c->txn, c->arena, o->management).email,
    };
    out->available_policy_types.set = true;
    if (!o->all_features) return out;
    out->available_policy_types.v = NEW(c->arena, struct organizations_policy_type_summary);
    out->available_policy_types.v[0] = (struct organizations_policy_type_summary){S("SERVICE_CONTROL_POLICY"), S("ENABLED")};
    out->available_policy_types.n = 1;
    return out;
}

#define LETTERS_AND_DIGITS S("abcdefghijklmnopqrstuvwxyz0123456789")

/* No type of policies is enabled yet in the root, not even SCPs: AWS's reference tells otherwise, its ListRoots shows it. */
err organizations_create_organization(struct call *c, const struct organizations_create_organization_request *in,
                                      struct organizations_create_organization_response *out) {
    struct member m;
    if (member_load(c->txn, c->arena, c->account, &m))
        return fail(c, &organizations_already_in_organization_exception, "The AWS account is already a member of an organization.");
    struct organization o = {
        .id = arena_concat(c->arena, S("o-"), id_from(c->arena, LETTERS_AND_DIGITS, 10)),
        .root = arena_concat(c->arena, S("r-"), id_from(c->arena, LETTERS_AND_DIGITS, 4)),
        .all_features = !str_eq(in->feature_set, S("CONSOLIDATED_BILLING")),
        .created_ms = c->now_ms,
        .management = c->account,
    };
    member_join(c->txn, c->arena, &o, c->account, true, c->now_ms);
    organization_save(c->txn, c->arena, &o);
    registry_add(c, shown(c, &o)->arn, S("AWS::Organizations::Organization"));
    out->organization = shown(c, &o);
    return NULL;
}

err organizations_describe_organization(struct call *c, const struct wire_unit *in, struct organizations_describe_organization_response *out) {
    (void)in;
    struct organization o;
    TRY(organization_open(c, REACH_MEMBER, &o));
    out->organization = shown(c, &o);
    return NULL;
}

/* At once for all who ask; the rows below its id go by a job. */
err organizations_delete_organization(struct call *c, const struct wire_unit *in, struct wire_unit *out) {
    (void)in;
    (void)out;
    struct organization o;
    struct member m;
    TRY(organization_open(c, REACH_MANAGEMENT, &o));
    if (o.account_count > 1)
        return fail(c, &organizations_organization_not_empty_exception,
                    "To delete an organization you must first remove all member accounts (except the master).");
    registry_remove(c, shown(c, &o)->arn);
    ASSERT(member_load(c->txn, c->arena, c->account, &m));
    member_leave(c->txn, c->arena, &o, &m);
    txn_delete(c->txn, row_key(c->arena, o.management));
    txn_task_set(c->txn, &(struct task){.kind = S("organizations-delete"), .key = o.id, .payload = o.management});
    return NULL;
}

err organization_sweep(struct txn *t, const struct task *task, i64 now_ms) {
    (void)now_ms;
    enum { SLICE = 500 };
    struct arena *a = txn_arena(t);
    struct key k = key_new(a, S("organizations"));
    key_str(&k, task->payload);
    key_str(&k, task->key);
    str from = key_bytes(&k), key, value;
    struct range rows = txn_range(t, from, key_after_prefix(a, from));
    for (int n = 0; range_next(&rows, &key, &value); n++) {
        if (n == SLICE) {
            txn_task_set(t, task);
            return NULL;
        }
        txn_delete(t, arena_str(a, key));
    }
    return NULL;
}
