/* AssumeRole: the caller becomes a session in a role that trusts it. */
#include "sts.h"

#include "cloud/identity.h"

/* What the role's trust may ask for beside the members of the request. A device and its code are judged in
 * the writer, where a code is used up: until then the trust is told what the caller says. */
err sts_assume_role_facts(struct call *c, const struct sts_assume_role_request *in, struct auth_facts *facts) {
    struct trusted_role role;
    TRY(role_arn_check(c, in->role_arn));
    if (c->principal->kind == PRINCIPAL_ROOT) return fail(c, &sts_access_denied, "Roles may not be assumed by root accounts.");
    if (!role_find(c, in->role_arn, &role)) return deny(c, S("sts:AssumeRole"), in->role_arn); /* as if it were another's */
    *facts = (struct auth_facts){.resource_policy = role.trust, .resource_account = role.account, .resource_arn = role.arn, .policy_rules = true};
    facts->v = NEW_ARRAY(c->arena, struct auth_fact, 2);
    if (in->token_code.n) {
        facts->v[facts->n++] = (struct auth_fact){S("aws:MultiFactorAuthPresent"), S("true")};
        facts->v[facts->n++] = (struct auth_fact){S("aws:MultiFactorAuthAge"), S("0")};
    }
    return NULL;
}

static err check_device(struct call *c, str serial, str code) {
    const struct identity_door *door = identity_door_of(c);
    if (!serial.n && !code.n) return NULL;
    if (serial.n && code.n && door->mfa_check && door->mfa_check(c->txn, c->arena, c->principal, serial, code)) return NULL;
    return fail(c, &sts_access_denied,
                "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.");
}

/* Set once, and kept through a chain of roles. A role must let it be set. */
static err hand_on_identity(struct call *c, const struct sts_assume_role_request *in, const struct trusted_role *role, struct principal *p) {
    str before = c->principal->source_identity;
    p->source_identity = before.n ? before : in->source_identity;
    if (!before.n) return NULL;
    struct auth_facts facts = {.resource_policy = role->trust, .resource_account = role->account, .policy_rules = true};
    bool same = !in->source_identity.n || str_eq(in->source_identity, before);
    if (same && may_with(c, S("sts:SetSourceIdentity"), role->arn, &facts)) return NULL;
    return deny(c, S("sts:SetSourceIdentity"), role->arn);
}

static void hand_on_tags(struct call *c, struct principal *p) {
    const struct principal *caller = c->principal;
    struct principal_tag *tags = NEW_ARRAY(c->arena, struct principal_tag, caller->session_tag_count + 1);
    for (u32 i = 0; i < caller->session_tag_count; i++)
        if (caller->session_tags[i].transitive) tags[p->session_tag_count++] = caller->session_tags[i];
    p->session_tags = tags;
}

err sts_assume_role(struct call *c, const struct sts_assume_role_request *in, struct sts_assume_role_response *out) {
    struct trusted_role role;
    i64 seconds;
    if (!role_find(c, in->role_arn, &role)) return deny(c, S("sts:AssumeRole"), in->role_arn);
    TRY(check_device(c, in->serial_number, in->token_code));
    TRY(role_seconds(c, &role, in->duration_seconds, c->principal->kind == PRINCIPAL_ROLE_SESSION, &seconds));
    struct principal p = role_session(c, &role, in->role_session_name);
    TRY(hand_on_identity(c, in, &role, &p));
    hand_on_tags(c, &p);
    struct session_parts parts = {in->policy, &in->policy_arns, &in->tags, &in->transitive_tag_keys};
    TRY(session_add(c, &p, &parts, &out->packed_policy_size));
    out->credentials = credentials_issue(c, &p, seconds);
    out->assumed_role_user = assumed_role_user(c, &p);
    out->source_identity = p.source_identity;
    return NULL;
}
