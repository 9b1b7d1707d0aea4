/* Passwords of users. Hashing takes tens of milliseconds on purpose: the prepare functions do it, on a worker,
 * and leave the hash as their note; the writer only compares and stores. */
#include "iam.h"

#include "crypto/password.h"

static str login_key(const struct realm *r, str user_id) { return realm_key(r, "login", user_id, (str){0}); }

bool login_load(const struct realm *r, str user_id, struct login *login) {
    str value;
    if (!txn_get(r->txn, login_key(r, user_id), &value)) return false;
    *login = (struct login){0};
    ASSERT(record_decode(r->arena, &login_record, arena_str(r->arena, value), login));
    return true;
}

static void save(const struct realm *r, str user_id, const struct login *login) {
    txn_put(r->txn, login_key(r, user_id), record_encode(r->arena, &login_record, login));
}

static err login_open(struct call *c, str user_name, struct entity *e, struct login *login) {
    struct realm r = realm_of(c);
    TRY(user_or_caller(c, user_name, e));
    if (e->id.p && login_load(&r, e->id, login)) return NULL;
    return fail(c, &iam_no_such_entity_exception, "Login Profile for User %.*s cannot be found.", STR_ARGS(e->name));
}

/* A call from another service has no prepare stage: then the writer hashes. */
static str hash_of(struct call *c, str password) { return c->note.p ? c->note : password_hash(c->arena, password); }

/* ---- earlier passwords ---- */

/* The new one against as many of the last ones as the policy says, the present one among them. */
static err check_reuse(struct call *c, const struct login *login, str password) {
    struct realm r = realm_of(c);
    struct password_policy policy;
    password_policy_load(&r, &policy);
    str old = arena_concat(c->arena, login->hash, login->old);
    for (i64 i = 0; i < policy.reuse && old.n; i++, old = str_skip(old, PASSWORD_HASH))
        if (password_matches(str_take(old, PASSWORD_HASH), password))
            return fail(c, &iam_password_policy_violation_exception, "Password should not be the same as one of the last %lld passwords",
                        (long long)policy.reuse);
    return NULL;
}

static void replace(struct call *c, struct login *login, str hash) {
    enum { KEPT = 24 }; /* the most that a policy can forbid */
    login->old = str_take(arena_concat(c->arena, login->hash, login->old), (size_t)KEPT * PASSWORD_HASH);
    login->hash = hash;
    login->changed_ms = c->now_ms;
}

static struct iam_login_profile *shown(struct call *c, const struct entity *e, const struct login *login) {
    struct iam_login_profile *profile = NEW(c->arena, struct iam_login_profile);
    *profile = (struct iam_login_profile){e->name, SOME_TIME(login->created_ms), SOME_BOOL(login->reset_required)};
    return profile;
}

/* ---- CreateLoginProfile ---- */

static err check_new(struct call *c, const struct iam_create_login_profile_request *in, struct entity *e) {
    struct realm r = realm_of(c);
    struct login login;
    TRY(user_or_caller(c, in->user_name, e));
    if (!e->id.p) return fail(c, &cloud_validation, "The root user's password is not a login profile.");
    if (login_load(&r, e->id, &login))
        return fail(c, &iam_entity_already_exists_exception, "Login Profile for user %.*s already exists.", STR_ARGS(e->name));
    if (!in->password.p) return fail(c, &cloud_validation, "1 validation error detected: Value at 'password' failed to satisfy constraint: Member must not be null");
    return password_check(c, in->password);
}

err iam_create_login_profile_prepare(struct call *c, const struct iam_create_login_profile_request *in, struct call_plan *plan) {
    struct entity e;
    TRY(check_new(c, in, &e));
    plan->note = password_hash(c->arena, in->password);
    return NULL;
}

err iam_create_login_profile(struct call *c, const struct iam_create_login_profile_request *in, struct iam_create_login_profile_response *out) {
    struct realm r = realm_of(c);
    struct entity e;
    TRY(check_new(c, in, &e));
    struct login login = {.hash = hash_of(c, in->password), .created_ms = c->now_ms, .changed_ms = c->now_ms,
                          .reset_required = in->password_reset_required.set && in->password_reset_required.v};
    save(&r, e.id, &login);
    out->login_profile = shown(c, &e, &login);
    return NULL;
}

err iam_get_login_profile(struct call *c, const struct iam_get_login_profile_request *in, struct iam_get_login_profile_response *out) {
    struct entity e;
    struct login login;
    TRY(login_open(c, in->user_name, &e, &login));
    out->login_profile = shown(c, &e, &login);
    return NULL;
}

err iam_delete_login_profile(struct call *c, const struct iam_delete_login_profile_request *in, struct wire_unit *out) {
    (void)out;
    struct realm r = realm_of(c);
    struct entity e;
    struct login login;
    TRY(login_open(c, in->user_name, &e, &login));
    txn_delete(c->txn, login_key(&r, e.id));
    return NULL;
}

/* ---- UpdateLoginProfile: by an administrator; the last passwords do not bind ---- */

err iam_update_login_profile_prepare(struct call *c, const struct iam_update_login_profile_request *in, struct call_plan *plan) {
    struct entity e;
    struct login login;
    TRY(login_open(c, in->user_name, &e, &login));
    if (!in->password.p) return NULL;
    TRY(password_check(c, in->password));
    plan->note = password_hash(c->arena, in->password);
    return NULL;
}

err iam_update_login_profile(struct call *c, const struct iam_update_login_profile_request *in, struct wire_unit *out) {
    (void)out;
    struct realm r = realm_of(c);
    struct entity e;
    struct login login;
    TRY(login_open(c, in->user_name, &e, &login));
    if (in->password.p) {
        TRY(password_check(c, in->password));
        replace(c, &login, hash_of(c, in->password));
    }
    if (in->password_reset_required.set) login.reset_required = in->password_reset_required.v;
    save(&r, e.id, &login);
    return NULL;
}

/* ---- ChangePassword: by the user. The note: the hash that the old password was checked against, and the new. ---- */

static err own_login(struct call *c, struct entity *e, struct login *login) {
    if (c->principal->kind != PRINCIPAL_USER)
        return fail(c, &iam_invalid_user_type_exception, "Only IAM Users can change their own password");
    return login_open(c, (str){0}, e, login);
}

err iam_change_password_prepare(struct call *c, const struct iam_change_password_request *in, struct call_plan *plan) {
    struct entity e;
    struct login login;
    TRY(own_login(c, &e, &login));
    TRY(password_check(c, in->new_password));
    if (!password_matches(login.hash, in->old_password)) return fail(c, &cloud_access_denied, "The old password was incorrect.");
    TRY(check_reuse(c, &login, in->new_password));
    plan->note = arena_concat(c->arena, login.hash, password_hash(c->arena, in->new_password));
    return NULL;
}

err iam_change_password(struct call *c, const struct iam_change_password_request *in, struct wire_unit *out) {
    (void)in, (void)out;
    struct realm r = realm_of(c);
    struct entity e;
    struct login login;
    TRY(own_login(c, &e, &login));
    if (!str_eq(str_take(c->note, PASSWORD_HASH), login.hash))
        return fail(c, &iam_concurrent_modification_exception, "The password was changed by another request.");
    replace(c, &login, str_skip(c->note, PASSWORD_HASH));
    login.reset_required = false;
    save(&r, e.id, &login);
    return NULL;
}
