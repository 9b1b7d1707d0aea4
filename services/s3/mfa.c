/* MFA delete: a second factor before a version goes for good, and before the setting itself changes. */
#include "services/s3/versions.h"

#include "cloud/identity.h"

/* x-amz-mfa is "serial code". In the writer: a code counts once. */
static bool code_holds(struct call *c, str mfa) {
    const struct identity_door *door = identity_door_of(c);
    size_t space = str_rfind_char(mfa, ' ');
    if (!mfa.p || space == STR_NONE || !door->mfa_check) return false;
    return door->mfa_check(c->txn, c->arena, c->principal, str_trim(str_take(mfa, space)), str_skip(mfa, space + 1));
}

err s3_mfa_check(struct call *c, const struct bucket_row *bucket, str mfa) {
    if (!bucket->mfa_delete) return NULL;
    if (!mfa.p) return fail(c, &cloud_access_denied, "Mfa Authentication must be used for this request");
    return code_holds(c, mfa) ? NULL : fail(c, &cloud_access_denied, "Access Denied");
}

/* The setting is the root's alone. */
err s3_mfa_change(struct call *c, struct bucket_row *bucket, str wanted, str mfa) {
    bool on = str_eq(wanted, S("Enabled"));
    if (!wanted.p) return NULL;
    if (!on && !str_eq(wanted, S("Disabled"))) return s3_fail_malformed(c);
    bucket->mfa_delete_set = true;
    if (on == bucket->mfa_delete) return NULL;
    if (c->principal->kind != PRINCIPAL_ROOT) return fail(c, &cloud_access_denied, "Access Denied");
    if (on && bucket->object_lock)
        return fail(c, &s3_invalid_bucket_state, "An Object Lock configuration is present on this bucket, so MFA delete cannot be enabled.");
    if (on && !mfa.p) return fail(c, &s3_invalid_request, "Mfa Authentication must be used for this request");
    if (on && !code_holds(c, mfa)) return fail(c, &cloud_access_denied, "Access Denied");
    bucket->mfa_delete = on;
    return NULL;
}
