/* What a password must be like: the account's own policy, or AWS's default. */
#include "iam.h"

enum { LENGTH_DEFAULT = 8, LENGTH_OWN_DEFAULT = 6 };

static str policy_key(const struct realm *r) { return realm_key(r, "password-policy", (str){0}, (str){0}); }

bool password_policy_load(const struct realm *r, struct password_policy *policy) {
    str value;
    *policy = (struct password_policy){.length = LENGTH_DEFAULT};
    if (!txn_get(r->txn, policy_key(r), &value)) return false;
    *policy = (struct password_policy){0};
    ASSERT(record_decode(r->arena, &password_policy_record, arena_str(r->arena, value), policy));
    return true;
}

static err absent(struct call *c) {
    return fail(c, &iam_no_such_entity_exception, "The Password Policy with domain name %.*s cannot be found.", STR_ARGS(c->account));
}

static bool is(struct opt_bool b) { return b.set && b.v; }

err iam_update_account_password_policy(struct call *c, const struct iam_update_account_password_policy_request *in, struct wire_unit *out) {
    (void)out;
    struct realm r = realm_of(c);
    struct password_policy policy = {
        .length = in->minimum_password_length.set ? in->minimum_password_length.v : LENGTH_OWN_DEFAULT,
        .max_age_days = in->max_password_age.set ? in->max_password_age.v : 0,
        .reuse = in->password_reuse_prevention.set ? in->password_reuse_prevention.v : 0,
        .symbols = is(in->require_symbols),
        .numbers = is(in->require_numbers),
        .upper = is(in->require_uppercase_characters),
        .lower = is(in->require_lowercase_characters),
        .users_may_change = is(in->allow_users_to_change_password),
        .hard_expiry = is(in->hard_expiry),
    };
    txn_put(c->txn, policy_key(&r), record_encode(c->arena, &password_policy_record, &policy));
    txn_raise_epoch(c->txn); /* it may let users change their passwords */
    return NULL;
}

err iam_get_account_password_policy(struct call *c, const struct wire_unit *in, struct iam_get_account_password_policy_response *out) {
    (void)in;
    struct realm r = realm_of(c);
    struct password_policy policy;
    if (!password_policy_load(&r, &policy)) return absent(c);
    out->password_policy = NEW(c->arena, struct iam_password_policy);
    *out->password_policy = (struct iam_password_policy){
        .minimum_password_length = SOME_I32((i32)policy.length),
        .require_symbols = SOME_BOOL(policy.symbols),
        .require_numbers = SOME_BOOL(policy.numbers),
        .require_uppercase_characters = SOME_BOOL(policy.upper),
        .require_lowercase_characters = SOME_BOOL(policy.lower),
        .allow_users_to_change_password = SOME_BOOL(policy.users_may_change),
        .expire_passwords = SOME_BOOL(policy.max_age_days != 0),
    };
    if (policy.max_age_days) {
        out->password_policy->max_password_age = SOME_I32((i32)policy.max_age_days);
        out->password_policy->hard_expiry = SOME_BOOL(policy.hard_expiry);
    }
    if (policy.reuse) out->password_policy->password_reuse_prevention = SOME_I32((i32)policy.reuse);
    return NULL;
}

err iam_delete_account_password_policy(struct call *c, const struct wire_unit *in, struct wire_unit *out) {
    (void)in, (void)out;
    struct realm r = realm_of(c);
    if (!txn_get(c->txn, policy_key(&r), NULL)) return absent(c);
    txn_delete(c->txn, policy_key(&r));
    txn_raise_epoch(c->txn);
    return NULL;
}

/* ---- enforced ---- */

static bool is_upper(char ch) { return ch >= 'A' && ch <= 'Z'; }
static bool is_lower(char ch) { return ch >= 'a' && ch <= 'z'; }
static bool is_number(char ch) { return ch >= '0' && ch <= '9'; }
static bool is_symbol(char ch) { return ch && strchr("!@#$%^&*()_+-=[]{}|'", ch); } /* AWS's list */

static bool holds(str password, bool (*is_kind)(char ch)) {
    for (size_t i = 0; i < password.n; i++)
        if (is_kind(password.p[i])) return true;
    return false;
}

static err violation(struct call *c, const char *what) {
    return fail(c, &iam_password_policy_violation_exception, "Password should have at least %s", what);
}

err password_check(struct call *c, str password) {
    struct realm r = realm_of(c);
    struct password_policy policy;
    bool own = password_policy_load(&r, &policy);
    bool upper = holds(password, is_upper), lower = holds(password, is_lower), number = holds(password, is_number), symbol = holds(password, is_symbol);
    if (utf8_length(password) < (size_t)policy.length)
        return fail(c, &iam_password_policy_violation_exception, "Password should have a minimum length of %lld", (long long)policy.length);
    if (policy.upper && !upper) return violation(c, "one uppercase letter");
    if (policy.lower && !lower) return violation(c, "one lowercase letter");
    if (policy.numbers && !number) return violation(c, "one number");
    if (policy.symbols && !symbol) return violation(c, "one symbol");
    if (!own && upper + lower + number + symbol < 3)
        return violation(c, "three of the following: an uppercase letter, a lowercase letter, a number, a symbol");
    if (!own && str_eq(password, c->account))
        return fail(c, &iam_password_policy_violation_exception, "Password cannot be the same as the account name");
    return NULL;
}
