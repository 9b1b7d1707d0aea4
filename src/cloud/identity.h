/* Who may what, as the rooms that keep it tell the gate: IAM knows keys, users and roles, Organizations
 * knows the tree of accounts. The gate asks through this one door, on a transaction, and keeps the
 * compiled answer until the policy epoch moves (txn_raise_epoch, by every write to what stands here). */
#ifndef BRUME_IDENTITY_H
#define BRUME_IDENTITY_H

#include "auth/policy.h"
#include "cloud/cloud.h"

/* A lasting access key of a user or a root. */
struct identity_key {
    str secret;
    bool active; /* an inactive key is refused as unknown */
    struct principal principal;
};

/* A policy as it is attached. */
struct identity_policy {
    str name; /* ARN of a managed one; the name of an inline one */
    str json;
};
struct identity_policies {
    struct identity_policy *v;
    u32 n;
};

/* A user or role, by the principal that calls (of a session: by what it was made from). */
struct identity {
    bool exists; /* false: deleted since, or replaced by another of the same name: nothing is allowed */
    struct identity_policies policies; /* inline, managed, of groups */
    struct identity_policy boundary;   /* json absent: none */
    struct record_pairs tags;          /* aws:PrincipalTag; those of the session are added by the gate */
    str path, name;
    bool service_linked;               /* no SCP limits a service-linked role */
};

/* An account's place in its organization. */
struct identity_organization {
    str id;   /* "o-..."; absent: the account is in none */
    str path; /* "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/": with the slash at the end, without the account */
    bool management; /* SCPs and RCPs do not limit it */
    bool all_features;
    str management_account;
    struct identity_policies *service_control, *resource_control; /* per level, root first; NULL: not enabled */
    u32 levels;
};

/* The document and trust of a managed policy or role by ARN, for session policies and calls by role. */
struct identity_role {
    str arn, id, trust_json;
    i64 max_session_s;
};

/* A user or role as policies name it. */
struct identity_named {
    str arn, id;
};

/* Who vouches for people from outside: for sts:AssumeRoleWithWebIdentity and AssumeRoleWithSAML. */
struct identity_oidc_provider {
    str url; /* without "https://" */
    str client_ids, thumbprints; /* with single spaces between; thumbprints in hex, lower case */
};
struct identity_saml_provider {
    str metadata; /* the identity provider's XML: its entity id and certificates */
    bool encryption_required; /* of assertions */
    str private_keys[2]; /* that open encrypted ones: PKCS#8; the caller wipes them */
    u32 private_key_count;
};

/* By whom an account vouches for its own people to services outside: where its tokens' issuer is found, and the key for
 * one algorithm. */
struct identity_token_issuer {
    str url, key_id;
    str private_key; /* PKCS#8; the caller wipes it */
};

/* A member that no room provides is NULL, and what it would have told is unknown to all. */
struct identity_door {
    /* False: no such key. */
    bool (*key)(struct txn *t, struct arena *a, str access_key, struct identity_key *key);
    void (*identity)(struct txn *t, struct arena *a, const struct principal *p, struct identity *identity);
    bool (*managed_policy)(struct txn *t, struct arena *a, str arn, struct identity_policy *policy);
    bool (*role)(struct txn *t, struct arena *a, str arn, struct identity_role *role);
    /* The user or role of the account by its ARN, by that of a session in the role, or by its id. False: there is none. */
    bool (*named)(struct txn *t, struct arena *a, str account, str arn_or_id, struct identity_named *named);
    bool (*inhabited)(struct txn *t, struct arena *a, str account); /* has it ever had a user or role? */
    void (*organization)(struct txn *t, struct arena *a, str account, struct identity_organization *organization);
    /* What services ask that work for a whole organization ("cloudtrail.amazonaws.com"): does the account's organization
     * trust the service; is the account its management account or the service's delegated administrator; who is in
     * it, in order (the number of them). */
    bool (*organization_trusts)(struct txn *t, struct arena *a, str account, str service);
    bool (*organization_administers)(struct txn *t, struct arena *a, str account, str service);
    u32 (*organization_accounts)(struct txn *t, struct arena *a, str account, str **accounts);
    /* By ARN; false: there is none. */
    bool (*oidc_provider)(struct txn *t, struct arena *a, str arn, struct identity_oidc_provider *provider);
    bool (*saml_provider)(struct txn *t, struct arena *a, str arn, struct identity_saml_provider *provider);
    /* `algorithm`: RS256 or ES384. False: the account has not enabled its issuer. */
    bool (*token_issuer)(struct txn *t, struct arena *a, str account, str algorithm, struct identity_token_issuer *issuer);
    /* In the writer, since a code counts once. True: `serial` is a device of this user or root, and `code` its
     * code now, by the wall clock. */
    bool (*mfa_check)(struct txn *t, struct arena *a, const struct principal *p, str serial, str code);
    /* After a call was signed: who used which service, by which action (empty: none is asked), where and when. In
     * the writer, at most once a minute for each key or role and these. The principal has kind, account, user_id and
     * access_key alone. */
    void (*key_used)(struct txn *t, struct arena *a, const struct principal *p, str region, str service, str action, i64 at_ms);
};

/* The door, for rooms that ask of what others keep: a role's trust, a provider. Never NULL. */
const struct identity_door *identity_door_of(const struct call *c);

/* What the gate found, for others that must decide as it does: the simulator, DecodeAuthorizationMessage. */
struct gate_question {
    const struct principal *principal;
    str action, resource;
    const struct auth_facts *facts; /* may be NULL */
    /* Further values that stand before those of the call; v NULL: not one of these. May be NULL. */
    struct policy_values (*values)(void *context, str key);
    void *context;
};
struct policy_decision gate_decide(struct call *c, const struct gate_question *q);

#endif
