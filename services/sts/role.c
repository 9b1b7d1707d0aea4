/* A role that is to be assumed: found by the door to IAM, and the session in it. */
#include "sts.h"

#include "cloud/identity.h"

err role_arn_check(struct call *c, str text) {
    struct arn arn;
    if (arn_parse(text, &arn)) return NULL;
    return fail(c, &cloud_validation, "%.*s is invalid", STR_ARGS(text));
}

bool role_find(struct call *c, str text, struct trusted_role *role) {
    const struct identity_door *door = identity_door_of(c);
    struct identity_role found = {0};
    struct arn arn;
    if (!door->role || !arn_parse(text, &arn) || !door->role(c->txn, c->arena, text, &found)) return false;
    *role = (struct trusted_role){.arn = found.arn, .id = found.id, .account = arn.account, .trust = found.trust_json,
                                  .name = str_skip(arn.resource, str_rfind_char(arn.resource, '/') + 1), .max_session_s = found.max_session_s};
    return true;
}

struct principal role_session(struct call *c, const struct trusted_role *role, str session_name) {
    return (struct principal){
        .kind = PRINCIPAL_ROLE_SESSION,
        .account = role->account,
        .arn = arena_format(c->arena, "arn:aws:sts::%.*s:assumed-role/%.*s/%.*s", STR_ARGS(role->account), STR_ARGS(role->name), STR_ARGS(session_name)),
        .user_id = arena_format(c->arena, "%.*s:%.*s", STR_ARGS(role->id), STR_ARGS(session_name)),
        .session_name = session_name,
        .session_issuer = role->arn,
    };
}

err role_seconds(struct call *c, const struct trusted_role *role, struct opt_i32 asked, bool chained, i64 *seconds) {
    enum { DEFAULT_S = 3600, CHAINED_MAX_S = 3600 };
    *seconds = asked.set ? asked.v : DEFAULT_S;
    if (*seconds > role->max_session_s)
        return fail(c, &cloud_validation, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
    if (chained && *seconds > CHAINED_MAX_S)
        return fail(c, &cloud_validation, "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.");
    return NULL;
}

struct sts_assumed_role_user *assumed_role_user(struct call *c, const struct principal *session) {
    struct sts_assumed_role_user *user = NEW(c->arena, struct sts_assumed_role_user);
    *user = (struct sts_assumed_role_user){.assumed_role_id = session->user_id, .arn = session->arn};
    return user;
}
