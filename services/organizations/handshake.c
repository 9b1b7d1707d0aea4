/* Handshakes: an invitation to join, and the consent of invited accounts to all features. Each stands under the
 * organization that asks; the account that is asked has a row of its own that points there.
 *
 *   INVITE                management account -> account; accepted: it joins
 *   ENABLE_ALL_FEATURES   -> each invited member, and one of the organization's own that is their parent
 *   APPROVE_ALL_FEATURES  -> the management account, when all have consented; accepted: features are enabled */
#include "organizations.h"

static const i64 day_ms = 86400000;
enum { INVITE_DAYS = 15, FEATURES_DAYS = 90, KEPT_DAYS = 30 };

#define INVITE S("INVITE")
#define ENABLE_ALL S("ENABLE_ALL_FEATURES")
#define APPROVE_ALL S("APPROVE_ALL_FEATURES")

static str row_key(struct arena *a, str management, str organization, str id) {
    struct organization o = {.management = management, .id = organization};
    struct key k = organization_key(a, &o, "handshake");
    key_str(&k, id);
    return key_bytes(&k);
}

static struct key received_of(struct arena *a, str account) {
    struct key k = key_new(a, S("organizations"));
    key_str(&k, account);
    key_str(&k, S(""));
    key_str(&k, S("received"));
    return k;
}
static str received_key(struct arena *a, str account, str id) {
    struct key k = received_of(a, account);
    key_str(&k, id);
    return key_bytes(&k);
}

static bool load(struct txn *t, struct arena *a, str management, str organization, str id, struct handshake *h) {
    str row;
    if (!txn_get(t, row_key(a, management, organization, id), &row)) return false;
    *h = (struct handshake){0};
    ASSERT(record_decode(a, &handshake_record, arena_str(a, row), h));
    h->id = id;
    return true;
}

static void save(struct txn *t, struct arena *a, const struct handshake *h) {
    txn_put(t, row_key(a, h->management, h->organization, h->id), record_encode(a, &handshake_record, h));
}

/* "management organization id": how a received row and a task name it. */
static str reference(struct arena *a, const struct handshake *h) {
    return arena_format(a, "%.*s %.*s %.*s", STR_ARGS(h->management), STR_ARGS(h->organization), STR_ARGS(h->id));
}
static bool load_reference(struct txn *t, struct arena *a, str text, struct handshake *h) {
    str rest = text, management = str_cut(&rest, ' '), organization = str_cut(&rest, ' ');
    return load(t, a, management, organization, rest, h);
}

static bool is_open(const struct handshake *h) { return str_eq(h->state, S("OPEN")) || str_eq(h->state, S("REQUESTED")); }

static void begin(struct txn *t, struct arena *a, struct handshake *h, i64 now_ms, int days) {
    h->id = arena_concat(a, S("h-"), id_from(a, S("abcdefghijklmnopqrstuvwxyz0123456789"), 10));
    h->requested_ms = now_ms;
    h->expires_ms = now_ms + days * day_ms;
    save(t, a, h);
    if (h->account.p) txn_put(t, received_key(a, h->account, h->id), reference(a, h));
    txn_task_set(t, &(struct task){.kind = S("organizations-expire"), .key = h->id, .payload = reference(a, h), .due_ms = h->expires_ms});
}

/* It stays to be seen for 30 days. */
static void finish(struct txn *t, struct arena *a, struct handshake *h, str state, i64 now_ms) {
    h->state = state;
    save(t, a, h);
    txn_task_cancel(t, S("organizations-expire"), h->id);
    txn_task_set(t, &(struct task){.kind = S("organizations-forget"), .key = h->id, .payload = reference(a, h), .due_ms = now_ms + KEPT_DAYS * day_ms});
}

err handshake_expire(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct handshake h;
    struct organization o;
    if (!load_reference(t, a, task->payload, &h) || !is_open(&h)) return NULL;
    finish(t, a, &h, S("EXPIRED"), now_ms);
    if (str_eq(h.action, INVITE) || !organization_load(t, a, h.management, &o) || !str_eq(o.id, h.organization)) return NULL;
    o.migrating = false;
    organization_save(t, a, &o);
    return NULL;
}

err handshake_forget(struct txn *t, const struct task *task, i64 now_ms) {
    (void)now_ms;
    struct arena *a = txn_arena(t);
    struct handshake h;
    if (!load_reference(t, a, task->payload, &h)) return NULL;
    txn_delete(t, row_key(a, h.management, h.organization, h.id));
    if (h.account.p) txn_delete(t, received_key(a, h.account, h.id));
    return NULL;
}

/* ---- as AWS shows it ---- */

static struct organizations_handshake_resource resource(const char *type, str value) {
    return (struct organizations_handshake_resource){.value = value, .type = str_of(type)};
}

static struct organizations_handshake_resources details_of(struct call *c, const struct handshake *h) {
    struct organizations_handshake_resources inner = {NEW_ARRAY(c->arena, struct organizations_handshake_resource, 3), 0, true};
    struct organization o;
    struct account_profile master = account_profile(c->txn, c->arena, h->management);
    bool all = organization_load(c->txn, c->arena, h->management, &o) && o.all_features;
    inner.v[inner.n++] = resource("MASTER_EMAIL", master.email);
    inner.v[inner.n++] = resource("MASTER_NAME", master.name);
    inner.v[inner.n++] = resource("ORGANIZATION_FEATURE_SET", all ? S("ALL") : S("CONSOLIDATED_BILLING"));
    return inner;
}

static str arn_of_handshake(struct arena *a, const struct handshake *h) {
    const char *action = str_eq(h->action, INVITE) ? "invite" : str_eq(h->action, ENABLE_ALL) ? "enable_all_features" : "approve_all_features";
    return arena_format(a, "arn:aws:organizations::%.*s:handshake/%.*s/%s/%.*s", STR_ARGS(h->management), STR_ARGS(h->organization), action,
                        STR_ARGS(h->id));
}

static struct organizations_handshake shown(struct call *c, const struct handshake *h) {
    struct organizations_handshake out = {
        .id = h->id,
        .arn = arn_of_handshake(c->arena, h),
        .state = h->state,
        .action = h->action,
        .requested_timestamp = SOME_TIME(h->requested_ms),
        .expiration_timestamp = SOME_TIME(h->expires_ms),
    };
    bool by_email = h->email.p != NULL;
    out.parties = (struct organizations_handshake_parties){NEW_ARRAY(c->arena, struct organizations_handshake_party, 2), 0, true};
    out.parties.v[out.parties.n++] = (struct organizations_handshake_party){str_skip(h->organization, 2), S("ORGANIZATION")};
    if (h->account.p)
        out.parties.v[out.parties.n++] = (struct organizations_handshake_party){by_email ? h->email : h->account, by_email ? S("EMAIL") : S("ACCOUNT")};
    out.resources = (struct organizations_handshake_resources){NEW_ARRAY(c->arena, struct organizations_handshake_resource, 4), 0, true};
    out.resources.v[out.resources.n] = resource("ORGANIZATION", h->organization);
    out.resources.v[out.resources.n++].resources = details_of(c, h);
    if (h->account.p) out.resources.v[out.resources.n++] = resource(by_email ? "EMAIL" : "ACCOUNT", by_email ? h->email : h->account);
    if (h->notes.n) out.resources.v[out.resources.n++] = resource("NOTES", h->notes);
    if (h->parent.p) out.resources.v[out.resources.n++] = resource("PARENT_HANDSHAKE", h->parent);
    return out;
}

static struct organizations_handshake *shown_new(struct call *c, const struct handshake *h) {
    struct organizations_handshake *out = NEW(c->arena, struct organizations_handshake);
    *out = shown(c, h);
    return out;
}

/* ---- invitations ---- */

static err refuse_handshake(struct call *c, const char *reason, const char *message) {
    struct organizations_handshake_constraint_violation_exception *e = NEW(c->arena, struct organizations_handshake_constraint_violation_exception);
    *e = (struct organizations_handshake_constraint_violation_exception){.message = str_of(message), .reason = str_of(reason)};
    return fail_with(c, &organizations_handshake_constraint_violation_exception, e, "%s", message);
}

static err read_target(struct call *c, const struct organizations_handshake_party *target, struct handshake *h) {
    if (str_eq(target->type, S("ACCOUNT"))) {
        h->account = target->id;
        if (account_valid(h->account)) return NULL;
        return refuse_input(c, "INVALID_PATTERN", "You provided a value that does not match the required pattern.");
    }
    if (!str_eq(target->type, S("EMAIL"))) return refuse_input(c, "INVALID_PARTY_TYPE_TARGET", "You specified the wrong type of entity as a party.");
    h->email = target->id;
    if (account_by_email(c->txn, c->arena, target->id, &h->account)) return NULL;
    return refuse_input(c, "INVALID_EMAIL_ADDRESS_TARGET", "You specified an invalid email address for the invited account owner.");
}

static bool invited_before(struct call *c, const struct organization *o, str account) {
    struct key k = received_of(c->arena, account);
    str from = key_bytes(&k), key, row;
    struct range rows = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    while (range_next(&rows, &key, &row)) {
        struct handshake h;
        if (load_reference(c->txn, c->arena, arena_str(c->arena, row), &h) && is_open(&h) && str_eq(h.action, INVITE)
            && str_eq(h.organization, o->id))
            return true;
    }
    return false;
}

err organizations_invite_account_to_organization(struct call *c, const struct organizations_invite_account_to_organization_request *in,
                                                 struct organizations_invite_account_to_organization_response *out) {
    struct organization o;
    struct member m;
    TRY(organization_open(c, REACH_MANAGEMENT, &o));
    struct handshake h = {.action = INVITE, .state = S("OPEN"), .notes = in->notes, .management = o.management, .organization = o.id,
                          .tags = tags_given(c, &in->tags)};
    TRY(read_target(c, in->target, &h));
    if (o.migrating)
        return refuse_handshake(c, "INVITE_DISABLED_DURING_ENABLE_ALL_FEATURES", "You can't invite accounts while your organization enables all features.");
    if (member_load(c->txn, c->arena, h.account, &m) && str_eq(m.organization, o.id))
        return refuse_handshake(c, "ALREADY_IN_AN_ORGANIZATION", "The account is already a member of an organization.");
    if (invited_before(c, &o, h.account))
        return fail(c, &organizations_duplicate_handshake_exception, "The specified handshake already exists.");
    TRY(check_account_room(c, &o));
    begin(c->txn, c->arena, &h, c->now_ms, INVITE_DAYS);
    out->handshake = shown_new(c, &h);
    return NULL;
}

/* ---- finding one: by who asks or by who is asked ---- */

static err open_handshake(struct call *c, str id, struct handshake *h) {
    struct member m;
    str row;
    if (txn_get(c->txn, received_key(c->arena, c->account, id), &row) && load_reference(c->txn, c->arena, arena_str(c->arena, row), h)) return NULL;
    if (member_load(c->txn, c->arena, c->account, &m) && str_eq(m.management, c->account) && load(c->txn, c->arena, m.management, m.organization, id, h))
        return NULL;
    return fail(c, &organizations_handshake_not_found_exception, "We can't find a handshake with the HandshakeId that you specified.");
}

/* As the one who is asked, or as the one who asks; still to be answered. */
static err open_to_answer(struct call *c, str id, bool asked, str becomes, struct handshake *h) {
    TRY(open_handshake(c, id, h));
    if (!str_eq(asked ? h->account : h->management, c->account))
        return fail(c, &organizations_access_denied_exception, "You don't have permissions to access this resource.");
    if (str_eq(h->state, becomes))
        return fail(c, &organizations_handshake_already_in_state_exception, "The specified handshake is already in the requested state.");
    if (!is_open(h))
        return fail(c, &organizations_invalid_handshake_transition_exception, "You can't perform the operation on the handshake in its current state.");
    return NULL;
}

static err join(struct call *c, const struct handshake *h) {
    struct organization o;
    struct member m;
    if (member_load(c->txn, c->arena, c->account, &m))
        return refuse_handshake(c, "ALREADY_IN_AN_ORGANIZATION", "The account is already a member of an organization.");
    if (!organization_load(c->txn, c->arena, h->management, &o) || !str_eq(o.id, h->organization))
        return fail(c, &organizations_handshake_not_found_exception, "We can't find a handshake with the HandshakeId that you specified.");
    TRY(check_account_room(c, &o));
    member_join(c->txn, c->arena, &o, c->account, true, c->now_ms);
    organization_save(c->txn, c->arena, &o);
    str arn = member_arn(c->arena, &o, c->account);
    registry_add(c, arn, S("AWS::Organizations::Account"));
    return tags_put(c, &o, arn, &h->tags);
}

/* ---- all features ---- */

static void ask_for_approval(struct call *c, const struct organization *o, str parent) {
    struct handshake h = {.action = APPROVE_ALL, .state = S("OPEN"), .parent = parent, .management = o->management,
                          .organization = o->id, .account = o->management};
    begin(c->txn, c->arena, &h, c->now_ms, FEATURES_DAYS);
}

static err consent(struct call *c, const struct handshake *h) {
    struct organization o;
    if (!organization_load(c->txn, c->arena, h->management, &o) || !str_eq(o.id, h->organization)) return NULL;
    if (--o.waiting_count == 0) ask_for_approval(c, &o, h->parent);
    organization_save(c->txn, c->arena, &o);
    return NULL;
}

static err approve(struct call *c, const struct handshake *h) {
    struct organization o;
    struct handshake parent;
    ASSERT(organization_load(c->txn, c->arena, h->management, &o));
    o.all_features = true;
    o.migrating = false;
    organization_save(c->txn, c->arena, &o);
    if (load(c->txn, c->arena, o.management, o.id, h->parent, &parent)) finish(c->txn, c->arena, &parent, S("ACCEPTED"), c->now_ms);
    txn_raise_epoch(c->txn);
    return NULL;
}

err organizations_enable_all_features(struct call *c, const struct organizations_enable_all_features_request *in,
                                      struct organizations_enable_all_features_response *out) {
    (void)in;
    struct organization o;
    TRY(organization_open(c, REACH_MANAGEMENT, &o));
    if (o.all_features)
        return refuse_handshake(c, "ORGANIZATION_ALREADY_HAS_ALL_FEATURES", "All features are already enabled in your organization.");
    if (o.migrating)
        return refuse_handshake(c, "ORGANIZATION_IS_ALREADY_PENDING_ALL_FEATURES_MIGRATION", "Your organization is already in the process of enabling all features.");
    struct handshake whole = {.action = ENABLE_ALL, .state = S("REQUESTED"), .management = o.management, .organization = o.id};
    begin(c->txn, c->arena, &whole, c->now_ms, FEATURES_DAYS);
    o.migrating = true;
    o.waiting_count = 0;
    struct key k = organization_key(c->arena, &o, "account");
    str from = key_bytes(&k), key, value;
    struct range rows = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    while (range_next(&rows, &key, &value)) {
        str rest = arena_str(c->arena, str_skip(key, from.n)), account;
        struct member m;
        ASSERT(key_read_str(&rest, c->arena, &account));
        if (!member_load(c->txn, c->arena, account, &m) || !m.invited || str_eq(account, o.management)) continue;
        struct handshake h = {.action = ENABLE_ALL, .state = S("OPEN"), .parent = whole.id, .management = o.management,
                              .organization = o.id, .account = account};
        begin(c->txn, c->arena, &h, c->now_ms, FEATURES_DAYS);
        o.waiting_count++;
    }
    if (!o.waiting_count) ask_for_approval(c, &o, whole.id);
    organization_save(c->txn, c->arena, &o);
    out->handshake = shown_new(c, &whole);
    return NULL;
}

/* ---- answers ---- */

err organizations_accept_handshake(struct call *c, const struct organizations_accept_handshake_request *in,
                                   struct organizations_accept_handshake_response *out) {
    struct handshake h;
    TRY(open_to_answer(c, in->handshake_id, true, S("ACCEPTED"), &h));
    if (str_eq(h.action, INVITE)) TRY(join(c, &h));
    else if (str_eq(h.action, ENABLE_ALL)) TRY(consent(c, &h));
    else TRY(approve(c, &h));
    finish(c->txn, c->arena, &h, S("ACCEPTED"), c->now_ms);
    out->handshake = shown_new(c, &h);
    return NULL;
}

err organizations_decline_handshake(struct call *c, const struct organizations_decline_handshake_request *in,
                                    struct organizations_decline_handshake_response *out) {
    struct handshake h;
    TRY(open_to_answer(c, in->handshake_id, true, S("DECLINED"), &h));
    finish(c->txn, c->arena, &h, S("DECLINED"), c->now_ms);
    out->handshake = shown_new(c, &h);
    return NULL;
}

err organizations_cancel_handshake(struct call *c, const struct organizations_cancel_handshake_request *in,
                                   struct organizations_cancel_handshake_response *out) {
    struct handshake h;
    struct organization o;
    TRY(open_to_answer(c, in->handshake_id, false, S("CANCELED"), &h));
    finish(c->txn, c->arena, &h, S("CANCELED"), c->now_ms);
    if (!str_eq(h.action, INVITE) && organization_load(c->txn, c->arena, h.management, &o)) {
        o.migrating = false;
        organization_save(c->txn, c->arena, &o);
    }
    out->handshake = shown_new(c, &h);
    return NULL;
}

err organizations_describe_handshake(struct call *c, const struct organizations_describe_handshake_request *in,
                                     struct organizations_describe_handshake_response *out) {
    struct handshake h;
    TRY(open_handshake(c, in->handshake_id, &h));
    out->handshake = shown_new(c, &h);
    return NULL;
}

/* ---- lists ---- */

static bool wanted(const struct organizations_handshake_filter *filter, const struct handshake *h) {
    if (!filter) return true;
    if (filter->action_type.n && !str_eq(filter->action_type, h->action)) return false;
    return !filter->parent_handshake_id.n || str_eq(filter->parent_handshake_id, h->parent);
}

static err check_filter(struct call *c, const struct organizations_handshake_filter *filter) {
    if (!filter || !filter->action_type.n || !filter->parent_handshake_id.n) return NULL;
    return refuse_input(c, "MAX_LIMIT_EXCEEDED_FILTER", "You can specify only one filter parameter for the operation.");
}

err organizations_list_handshakes_for_account(struct call *c, const struct organizations_list_handshakes_for_account_request *in,
                                              struct organizations_list_handshakes_for_account_response *out) {
    struct org_page p;
    str rest, row;
    TRY(check_filter(c, in->filter));
    struct key k = received_of(c->arena, c->account);
    TRY(org_page_open(&p, c, &k, in->next_token, in->max_results, &out->next_token));
    out->handshakes = (struct organizations_handshakes){NEW_ARRAY(c->arena, struct organizations_handshake, PAGE_MAX), 0, true};
    while (org_page_next(&p, &rest, &row)) {
        struct handshake h;
        if (load_reference(c->txn, c->arena, row, &h) && wanted(in->filter, &h)) out->handshakes.v[out->handshakes.n++] = shown(c, &h);
    }
    return NULL;
}

err organizations_list_handshakes_for_organization(struct call *c, const struct organizations_list_handshakes_for_organization_request *in,
                                                   struct organizations_list_handshakes_for_organization_response *out) {
    struct organization o;
    struct org_page p;
    str rest, row, id;
    TRY(check_filter(c, in->filter));
    TRY(organization_open(c, REACH_DELEGATED, &o));
    struct key k = organization_key(c->arena, &o, "handshake");
    TRY(org_page_open(&p, c, &k, in->next_token, in->max_results, &out->next_token));
    out->handshakes = (struct organizations_handshakes){NEW_ARRAY(c->arena, struct organizations_handshake, PAGE_MAX), 0, true};
    while (org_page_next(&p, &rest, &row)) {
        struct handshake h = {0};
        ASSERT(key_read_str(&rest, c->arena, &id) && record_decode(c->arena, &handshake_record, row, &h));
        h.id = id;
        if (wanted(in->filter, &h)) out->handshakes.v[out->handshakes.n++] = shown(c, &h);
    }
    return NULL;
}
