/* Accounts as members: told, listed, moved, closed, removed. What an account is called is the cloud's to know
 * (account_profile). */
#include "organizations.h"

static const i64 day_ms = 86400000;

static str member_key(struct arena *a, str account) {
    struct key k = key_new(a, S("organizations"));
    key_str(&k, account);
    key_str(&k, S(""));
    key_str(&k, S("member"));
    return key_bytes(&k);
}

static str listed_key(struct arena *a, const struct organization *o, str account) {
    struct key k = organization_key(a, o, "account");
    key_str(&k, account);
    return key_bytes(&k);
}

bool member_load(struct txn *t, struct arena *a, str account, struct member *m) {
    str row;
    if (!account_valid(account) || !txn_get(t, member_key(a, account), &row)) return false;
    *m = (struct member){0};
    ASSERT(record_decode(a, &member_record, arena_str(a, row), m));
    m->account = account;
    return true;
}

void member_save(struct txn *t, struct arena *a, const struct member *m) {
    txn_put(t, member_key(a, m->account), record_encode(a, &member_record, m));
    txn_raise_epoch(t);
}

err member_open(struct call *c, const struct organization *o, str account, struct member *m) {
    if (member_load(c->txn, c->arena, account, m) && str_eq(m->organization, o->id)) return NULL;
    return fail(c, &organizations_account_not_found_exception, "You specified an account that doesn't exist.");
}

void member_join(struct txn *t, struct arena *a, struct organization *o, str account, bool invited, i64 now_ms) {
    struct member m = {.management = o->management, .organization = o->id, .parent = o->root, .joined_ms = now_ms,
                       .invited = invited, .account = account};
    m.path = arena_format(a, "%.*s/%.*s/", STR_ARGS(o->id), STR_ARGS(o->root));
    member_save(t, a, &m);
    txn_put(t, listed_key(a, o, account), S(""));
    txn_put(t, child_key(a, o, m.parent, CHILD_ACCOUNT, account), S(""));
    o->account_count++;
}

void member_leave(struct txn *t, struct arena *a, struct organization *o, const struct member *m) {
    attachments_drop(t, a, o, m->account);
    delegations_drop(t, a, o, m->account);
    txn_delete(t, member_key(a, m->account));
    txn_delete(t, listed_key(a, o, m->account));
    txn_delete(t, child_key(a, o, m->parent, CHILD_ACCOUNT, m->account));
    o->account_count--;
    txn_raise_epoch(t);
}

str member_arn(struct arena *a, const struct organization *o, str account) { return organization_arn(a, o, "account", account); }

str member_status(const struct member *m) {
    static const char *const words[] = {"ACTIVE", "PENDING_CLOSURE", "SUSPENDED"};
    return str_of(words[m->state]);
}
str member_state_name(const struct member *m) {
    static const char *const words[] = {"ACTIVE", "PENDING_CLOSURE", "CLOSED"};
    return str_of(words[m->state]);
}

struct organizations_account account_shown(struct call *c, const struct organization *o, const struct member *m) {
    struct account_profile profile = account_profile(c->txn, c->arena, m->account);
    str *path = NEW(c->arena, str);
    *path = arena_format(c->arena, "%.*s%.*s/", STR_ARGS(m->path), STR_ARGS(m->account));
    return (struct organizations_account){
        .id = m->account,
        .arn = member_arn(c->arena, o, m->account),
        .email = profile.email,
        .name = profile.name,
        .status = member_status(m),
        .state = member_state_name(m),
        .paths = {path, 1, true},
        .joined_method = m->invited ? S("INVITED") : S("CREATED"),
        .joined_timestamp = SOME_TIME(m->joined_ms),
    };
}

err organizations_describe_account(struct call *c, const struct organizations_describe_account_request *in,
                                   struct organizations_describe_account_response *out) {
    struct organization o;
    struct member m;
    TRY(organization_open(c, REACH_DELEGATED, &o));
    TRY(member_open(c, &o, in->account_id, &m));
    out->account = NEW(c->arena, struct organizations_account);
    *out->account = account_shown(c, &o, &m);
    return NULL;
}

err organizations_list_accounts(struct call *c, const struct organizations_list_accounts_request *in,
                                struct organizations_list_accounts_response *out) {
    struct organization o;
    struct org_page p;
    TRY(organization_open(c, REACH_DELEGATED, &o));
    struct key k = organization_key(c->arena, &o, "account");
    TRY(org_page_open(&p, c, &k, in->next_token, in->max_results, &out->next_token));
    out->accounts = (struct organizations_accounts){NEW_ARRAY(c->arena, struct organizations_account, PAGE_MAX), 0, true};
    for (str rest, account; org_page_next(&p, &rest, NULL);) {
        struct member m;
        ASSERT(key_read_str(&rest, c->arena, &account));
        if (member_load(c->txn, c->arena, account, &m)) out->accounts.v[out->accounts.n++] = account_shown(c, &o, &m);
    }
    return NULL;
}

err organizations_move_account(struct call *c, const struct organizations_move_account_request *in, struct wire_unit *out) {
    (void)out;
    struct organization o;
    struct member m;
    struct unit source, destination;
    TRY(organization_open(c, REACH_POLICY, &o));
    TRY(member_open(c, &o, in->account_id, &m));
    if (!parent_load(c->txn, c->arena, &o, in->source_parent_id, &source))
        return fail(c, &organizations_source_parent_not_found_exception, "You specified a source parent that doesn't exist.");
    if (!parent_load(c->txn, c->arena, &o, in->destination_parent_id, &destination))
        return fail(c, &organizations_destination_parent_not_found_exception, "You specified a destination parent that doesn't exist.");
    if (str_eq(m.parent, destination.id))
        return fail(c, &organizations_duplicate_account_exception, "The account is already in the specified destination.");
    if (!str_eq(m.parent, source.id))
        return fail(c, &organizations_account_not_found_exception, "You specified an account that doesn't exist.");
    txn_delete(c->txn, child_key(c->arena, &o, m.parent, CHILD_ACCOUNT, m.account));
    m.parent = destination.id;
    m.path = destination.path;
    txn_put(c->txn, child_key(c->arena, &o, m.parent, CHILD_ACCOUNT, m.account), S(""));
    member_save(c->txn, c->arena, &m);
    return NULL;
}

/* ---- leaving ---- */

static err leave(struct call *c, struct organization *o, str account) {
    struct member m;
    TRY(member_open(c, o, account, &m));
    if (str_eq(account, o->management))
        return fail(c, &organizations_master_cannot_leave_organization_exception, "You can't remove the management account from the organization.");
    if (is_delegated(c->txn, c->arena, o, account))
        return refuse_constraint(c, "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG",
                                 "You cannot remove a delegated administrator account from the organization.");
    member_leave(c->txn, c->arena, o, &m);
    registry_remove(c, member_arn(c->arena, o, account));
    organization_save(c->txn, c->arena, o);
    return NULL;
}

err organizations_remove_account_from_organization(struct call *c, const struct organizations_remove_account_from_organization_request *in,
                                                   struct wire_unit *out) {
    (void)out;
    struct organization o;
    TRY(organization_open(c, REACH_MANAGEMENT, &o));
    return leave(c, &o, in->account_id);
}

err organizations_leave_organization(struct call *c, const struct wire_unit *in, struct wire_unit *out) {
    (void)in;
    (void)out;
    struct organization o;
    TRY(organization_open(c, REACH_MEMBER, &o));
    return leave(c, &o, c->account);
}

/* ---- closing: pending, then suspended; after 90 days it is gone ---- */

err organizations_close_account(struct call *c, const struct organizations_close_account_request *in, struct wire_unit *out) {
    (void)out;
    struct organization o;
    struct member m;
    TRY(organization_open(c, REACH_MANAGEMENT, &o));
    TRY(member_open(c, &o, in->account_id, &m));
    if (str_eq(m.account, o.management))
        return refuse_constraint(c, "CANNOT_CLOSE_MANAGEMENT_ACCOUNT", "You can't close the management account of an organization.");
    if (!o.all_features)
        return refuse_constraint(c, "ORGANIZATION_NOT_IN_ALL_FEATURES_MODE", "The organization must have all features enabled.");
    if (m.state != MEMBER_ACTIVE)
        return fail(c, &organizations_account_already_closed_exception, "You specified an account that has already been closed.");
    if (is_delegated(c->txn, c->arena, &o, m.account))
        return refuse_constraint(c, "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG", "You cannot close a delegated administrator account.");
    m.state = MEMBER_CLOSING;
    member_save(c->txn, c->arena, &m);
    txn_task_set(c->txn, &(struct task){.kind = S("organizations-close"), .key = m.account, .payload = o.id, .due_ms = c->now_ms + 1});
    return NULL;
}

/* Twice: first to suspend, 90 days later to let go. An account that left, or came back by other ways, is
 * no more the one that was closed. */
err close_finish(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct organization o;
    struct member m;
    if (!member_load(t, a, task->key, &m) || !str_eq(m.organization, task->payload) || m.state == MEMBER_ACTIVE) return NULL;
    ASSERT(organization_load(t, a, m.management, &o));
    if (m.state == MEMBER_CLOSED) {
        member_leave(t, a, &o, &m);
        organization_save(t, a, &o);
        return NULL;
    }
    m.state = MEMBER_CLOSED;
    member_save(t, a, &m);
    txn_task_set(t, &(struct task){.kind = task->kind, .key = task->key, .payload = task->payload, .due_ms = now_ms + 90 * day_ms});
    return NULL;
}
