/* The room's own: what a session is made of. */
#ifndef BRUME_STS_H
#define BRUME_STS_H

#include "cloud/cloud.h"
#include "gen/sts.h"

/* ---- session.c ---- */
/* What a call may put into a session, beside who it is. */
struct session_parts {
    str policy;
    const struct sts_policy_descriptor_list_type *policy_arns;
    const struct sts_tag_list_type *tags;
    const struct sts_tag_key_list_type *transitive;
};
/* Checks the parts and adds them to `p`, which has its caller's transitive tags already. *packed: percent of what
 * a session may carry; unset: it carries nothing. */
MUST_USE err session_add(struct call *c, struct principal *p, const struct session_parts *parts, struct opt_i32 *packed);
/* The tags alone: names, no key twice, none that `p` has been handed. */
MUST_USE err session_tags_check(struct call *c, const struct principal *p, const struct session_parts *parts);
struct sts_credentials *credentials_issue(struct call *c, const struct principal *p, i64 seconds);
/* Temporary credentials cannot make others of this kind. */
MUST_USE err refuse_session(struct call *c);

/* ---- role.c: a role and its trust, of the three operations that assume one ---- */
struct trusted_role {
    str arn, id, account, name, trust;
    i64 max_session_s;
};
/* False: there is none. */
bool role_find(struct call *c, str arn, struct trusted_role *role);
MUST_USE err role_arn_check(struct call *c, str arn);
/* The principal of a session in the role. */
struct principal role_session(struct call *c, const struct trusted_role *role, str session_name);
/* The duration that was asked for, within the role's; chained: of a role by a role. */
MUST_USE err role_seconds(struct call *c, const struct trusted_role *role, struct opt_i32 asked, bool chained, i64 *seconds);
struct sts_assumed_role_user *assumed_role_user(struct call *c, const struct principal *session);

#endif
