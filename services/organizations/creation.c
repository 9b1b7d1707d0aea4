/* CreateAccount: it is asked for, and a job makes the account. Every account of twelve digits already works;
 * what is made is its name, its place in the organization, and the role by which the management account
 * enters it. */
#include "organizations.h"

#include "gen/iam.h"

enum { ACCOUNTS_MAX = 10 };

static str status_key(struct arena *a, const struct organization *o, str id) {
    struct key k = organization_key(a, o, "status");
    key_str(&k, id);
    return key_bytes(&k);
}

static struct organizations_create_account_status shown(const struct creation *s, str id) {
    bool done = s->completed_ms != 0;
    struct organizations_create_account_status out = {
        .id = id,
        .account_name = s->name,
        .state = !done ? S("IN_PROGRESS") : s->failure.p ? S("FAILED") : S("SUCCEEDED"),
        .requested_timestamp = SOME_TIME(s->requested_ms),
        .account_id = s->account,
        .failure_reason = s->failure,
    };
    if (done) out.completed_timestamp = SOME_TIME(s->completed_ms);
    return out;
}

/* The quota is the organization's, whoever calls: an invited account asks for its own place. */
static i64 accounts_max(struct call *c, const struct organization *o) {
    str caller = c->account;
    c->account = o->management;
    i64 max = quota(c, S("L-E619E033"), ACCOUNTS_MAX);
    c->account = caller;
    return max;
}

err check_account_room(struct call *c, const struct organization *o) {
    if (o->account_count < accounts_max(c, o)) return NULL;
    return refuse_constraint(c, "ACCOUNT_NUMBER_LIMIT_EXCEEDED", "You have exceeded the allowed number of AWS Accounts.");
}

err organizations_create_account(struct call *c, const struct organizations_create_account_request *in,
                                 struct organizations_create_account_response *out) {
    struct organization o;
    TRY(organization_open(c, REACH_MANAGEMENT, &o));
    if (str_starts(in->role_name, S("AWSServiceRoleFor")))
        return refuse_input(c, "INVALID_ROLE_NAME", "You provided a role name that begins with a reserved prefix.");
    TRY(check_account_room(c, &o));
    struct creation s = {.name = in->account_name, .email = in->email, .role = in->role_name, .requested_ms = c->now_ms,
                         .tags = tags_given(c, &in->tags)};
    str id = arena_concat(c->arena, S("car-"), id_hex(c->arena, 32));
    txn_put(c->txn, status_key(c->arena, &o, id), record_encode(c->arena, &creation_record, &s));
    txn_task_set(c->txn, &(struct task){.kind = S("organizations-create"), .key = id, .payload = o.management});
    out->create_account_status = NEW(c->arena, struct organizations_create_account_status);
    *out->create_account_status = shown(&s, id);
    return NULL;
}

/* ---- the job ---- */

/* Twelve digits that nobody has: neither a member of an organization nor an account with a name. */
static str free_number(struct txn *t, struct arena *a) {
    for (;;) {
        str account = id_from(a, S("0123456789"), 12);
        struct member m;
        if (account.p[0] != '0' && !member_load(t, a, account, &m) && !account_profile(t, a, account).created_ms) return account;
    }
}

static str failure_of(struct call *c, const struct organization *o, const struct creation *s) {
    str taken;
    if (account_by_email(c->txn, c->arena, s->email, &taken)) return S("EMAIL_ALREADY_EXISTS");
    if (o->account_count >= accounts_max(c, o)) return S("ACCOUNT_LIMIT_EXCEEDED");
    return (str){0};
}

/* The role by which the management account enters. Made by the new account's own root, before the account
 * joins: no SCP is in its way. */
static err make_role(struct call *c, const struct organization *o, const struct creation *s) {
    struct principal *root = NEW(c->arena, struct principal); /* the record of these calls outlives this function */
    const struct principal *task = c->principal;
    *root = principal_root(c->arena, s->account, (str){0});
    str name = s->role.n ? s->role : S("OrganizationAccountAccessRole");
    struct call_other other = {.service = &iam_service, .op = IAM_OP_CREATE_ROLE, .as = CALL_FORWARDED, .account = s->account};
    struct iam_create_role_request role = {.role_name = name, .path = S("/")};
    role.assume_role_policy_document = arena_format(
        c->arena, "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::%.*s:root\"},\"Action\":\"sts:AssumeRole\"}]}",
        STR_ARGS(o->management));
    struct iam_create_role_response made = {0};
    c->principal = root;
    err e = call_service(c, &other, &role, &made);
    struct iam_attach_role_policy_request attach = {.role_name = name, .policy_arn = S("arn:aws:iam::aws:policy/AdministratorAccess")};
    other.op = IAM_OP_ATTACH_ROLE_POLICY;
    if (!e) e = call_service(c, &other, &attach, &(struct wire_unit){0});
    c->principal = task;
    return e;
}

static err make_account(struct call *c, struct organization *o, struct creation *s) {
    s->account = free_number(c->txn, c->arena);
    TRY(make_role(c, o, s));
    account_profile_put(c->txn, c->arena, s->account, &(struct account_profile){s->name, s->email, c->now_ms});
    member_join(c->txn, c->arena, o, s->account, false, c->now_ms);
    organization_save(c->txn, c->arena, o);
    str arn = member_arn(c->arena, o, s->account);
    registry_add(c, arn, S("AWS::Organizations::Account"));
    return tags_put(c, o, arn, &s->tags);
}

err creation_run(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct call *c = call_for_task(t, &organizations_service, task->payload, S("us-east-1"), now_ms);
    struct organization o;
    struct creation s = {0};
    str row;
    if (!organization_load(t, a, task->payload, &o) || !txn_get(t, status_key(a, &o, task->key), &row)) return NULL;
    ASSERT(record_decode(a, &creation_record, arena_str(a, row), &s));
    s.failure = failure_of(c, &o, &s);
    size_t mark = txn_mark(t);
    if (!s.failure.p && make_account(c, &o, &s)) {
        txn_undo(t, mark);
        s.failure = S("INTERNAL_FAILURE");
        s.account = (str){0};
    }
    s.completed_ms = now_ms;
    txn_put(t, status_key(a, &o, task->key), record_encode(a, &creation_record, &s));
    return NULL;
}

/* ---- how far it is ---- */

err organizations_describe_create_account_status(struct call *c, const struct organizations_describe_create_account_status_request *in,
                                                 struct organizations_describe_create_account_status_response *out) {
    struct organization o;
    struct creation s = {0};
    str row;
    TRY(organization_open(c, REACH_DELEGATED, &o));
    if (!txn_get(c->txn, status_key(c->arena, &o, in->create_account_request_id), &row))
        return fail(c, &organizations_create_account_status_not_found_exception, "You specified a create account request that doesn't exist.");
    ASSERT(record_decode(c->arena, &creation_record, row, &s));
    out->create_account_status = NEW(c->arena, struct organizations_create_account_status);
    *out->create_account_status = shown(&s, in->create_account_request_id);
    return NULL;
}

static bool wanted(const struct organizations_create_account_states *states, str state) {
    for (u32 i = 0; i < states->n; i++)
        if (str_eq(states->v[i], state)) return true;
    return !states->n;
}

err organizations_list_create_account_status(struct call *c, const struct organizations_list_create_account_status_request *in,
                                             struct organizations_list_create_account_status_response *out) {
    struct organization o;
    struct org_page p;
    str rest, row, id;
    TRY(organization_open(c, REACH_DELEGATED, &o));
    struct key k = organization_key(c->arena, &o, "status");
    TRY(org_page_open(&p, c, &k, in->next_token, in->max_results, &out->next_token));
    out->create_account_statuses = (struct organizations_create_account_statuses){
        NEW_ARRAY(c->arena, struct organizations_create_account_status, PAGE_MAX), 0, true};
    while (org_page_next(&p, &rest, &row)) {
        struct creation s = {0};
        ASSERT(key_read_str(&rest, c->arena, &id) && record_decode(c->arena, &creation_record, row, &s));
        struct organizations_create_account_status status = shown(&s, id);
        if (wanted(&in->states, status.state)) out->create_account_statuses.v[out->create_account_statuses.n++] = status;
    }
    return NULL;
}
