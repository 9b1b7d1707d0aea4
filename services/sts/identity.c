/* STS: who calls, and temporary credentials for the caller itself. */
#include "cloud/cloud.h"
#include "gen/sts.h"

err sts_get_caller_identity(struct call *c, const struct sts_get_caller_identity_request *in,
                            struct sts_get_caller_identity_response *out) {
    (void)in;
    out->account = c->principal->account;
    out->arn = c->principal->arn;
    out->user_id = c->principal->user_id;
    return NULL;
}

/* AWS: users up to 36 hours, 12 by default; the root user one hour, whatever it asks for. */
static i64 session_seconds(const struct call *c, struct opt_i32 asked) {
    enum { ROOT_MAX = 3600, DEFAULT = 43200 };
    i64 seconds = asked.set ? asked.v : DEFAULT;
    return c->principal->kind == PRINCIPAL_ROOT ? MIN(seconds, ROOT_MAX) : seconds;
}

err sts_get_session_token(struct call *c, const struct sts_get_session_token_request *in,
                          struct sts_get_session_token_response *out) {
    if (c->principal->session_expires_ms)
        return fail(c, &cloud_access_denied, "Cannot call GetSessionToken with session credentials");
    if (in->serial_number.p || in->token_code.p)
        return fail(c, &cloud_access_denied,
                    "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.");
    struct credentials issued = session_issue(c, c->principal, session_seconds(c, in->duration_seconds));
    out->credentials = NEW(c->arena, struct sts_credentials);
    *out->credentials = (struct sts_credentials){
        .access_key_id = issued.access_key,
        .secret_access_key = issued.secret,
        .session_token = issued.session_token,
        .expiration = SOME_TIME(issued.expires_ms),
    };
    return NULL;
}
