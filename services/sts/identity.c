/* Who calls, and temporary credentials for the caller itself. */
#include "sts.h"

#include "cloud/identity.h"

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
    const struct identity_door *door = identity_door_of(c);
    struct principal p = *c->principal;
    TRY(refuse_session(c));
    if (in->serial_number.p || in->token_code.p) {
        p.mfa = in->serial_number.n && in->token_code.n && door->mfa_check
                && door->mfa_check(c->txn, c->arena, c->principal, in->serial_number, in->token_code);
        if (!p.mfa)
            return fail(c, &sts_access_denied,
                        "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.");
    }
    out->credentials = credentials_issue(c, &p, session_seconds(c, in->duration_seconds));
    return NULL;
}

/* ---- GetFederationToken: a name without a user, with what the caller may and the policies both allow ---- */

err sts_get_federation_token_facts(struct call *c, const struct sts_get_federation_token_request *in, struct auth_facts *facts) {
    (void)in;
    (void)facts;
    return refuse_session(c); /* before its rights are asked */
}

err sts_get_federation_token(struct call *c, const struct sts_get_federation_token_request *in,
                             struct sts_get_federation_token_response *out) {
    struct principal p = {
        .kind = PRINCIPAL_FEDERATED,
        .account = c->account,
        .arn = arena_format(c->arena, "arn:aws:sts::%.*s:federated-user/%.*s", STR_ARGS(c->account), STR_ARGS(in->name)),
        .user_id = arena_format(c->arena, "%.*s:%.*s", STR_ARGS(c->account), STR_ARGS(in->name)),
        .session_name = in->name,
        .session_issuer = c->principal->arn,
        .session_issuer_id = c->principal->kind == PRINCIPAL_USER ? c->principal->user_id : (str){0},
    };
    struct session_parts parts = {.policy = in->policy, .policy_arns = &in->policy_arns, .tags = &in->tags};
    out->packed_policy_size = SOME_I32(0);
    TRY(session_add(c, &p, &parts, &out->packed_policy_size));
    out->credentials = credentials_issue(c, &p, session_seconds(c, in->duration_seconds));
    out->federated_user = NEW(c->arena, struct sts_federated_user);
    *out->federated_user = (struct sts_federated_user){.federated_user_id = p.user_id, .arn = p.arn};
    return NULL;
}

/* ---- DecodeAuthorizationMessage ---- */

err sts_decode_authorization_message(struct call *c, const struct sts_decode_authorization_message_request *in,
                                     struct sts_decode_authorization_message_response *out) {
    if (authorization_message_decode(c, in->encoded_message, &out->decoded_message)) return NULL;
    return fail(c, &sts_invalid_authorization_message_exception, "Message could not be decoded because it is invalid.");
}
