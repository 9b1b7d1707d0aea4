/* What accounts are called: ("accounts", account) -> profile, ("accounts-email", address) -> account. */
#include "cloud/cloud.h"

static const struct record_field profile_fields[] = {
    RECORD_STR(1, struct account_profile, name),
    RECORD_STR(2, struct account_profile, email),
    RECORD_I64(3, struct account_profile, created_ms),
};
static const struct record_type profile_record = RECORD_TYPE(struct account_profile, profile_fields);

/* Of accounts that nobody created: example.com belongs to nobody. */
#define DEFAULT_DOMAIN "@example.com"

static str profile_key(struct arena *a, str account) {
    struct key k = key_new(a, S("accounts"));
    key_str(&k, account);
    return key_bytes(&k);
}

/* One address, however it is written. */
static str email_key(struct arena *a, str email) {
    char *lower = arena_c_string(a, email);
    for (size_t i = 0; i < email.n; i++)
        if (lower[i] >= 'A' && lower[i] <= 'Z') lower[i] |= 32;
    struct key k = key_new(a, S("accounts-email"));
    key_str(&k, (str){lower, email.n});
    return key_bytes(&k);
}

struct account_profile account_profile(struct txn *t, struct arena *a, str account) {
    struct account_profile profile = {0};
    str row;
    if (txn_get(t, profile_key(a, account), &row)) ASSERT(record_decode(a, &profile_record, arena_str(a, row), &profile));
    if (!profile.name.p) profile.name = arena_concat(a, S("Account "), account);
    if (!profile.email.p) profile.email = arena_concat(a, account, S(DEFAULT_DOMAIN));
    return profile;
}

void account_profile_put(struct txn *t, struct arena *a, str account, const struct account_profile *profile) {
    txn_delete(t, email_key(a, account_profile(t, a, account).email));
    txn_put(t, profile_key(a, account), record_encode(a, &profile_record, profile));
    if (profile->email.p) txn_put(t, email_key(a, profile->email), account);
}

bool account_by_email(struct txn *t, struct arena *a, str email, str *account) {
    str row;
    if (txn_get(t, email_key(a, email), &row)) {
        *account = arena_str(a, row);
        return true;
    }
    *account = str_take(email, 12);
    return account_valid(*account) && str_eq(str_skip(email, 12), S(DEFAULT_DOMAIN))
           && str_eq(account_profile(t, a, *account).email, email);
}
