/* IAM policies: from JSON to a compiled form, one statement against one request, and AWS's order of
 * decision over all the policies that speak. Pure computation: who has which policies is for the cloud
 * (cloud/identity.h) to say. */
#ifndef BRUME_POLICY_H
#define BRUME_POLICY_H

#include "auth/principal.h"

/* What a document may contain depends on what it is attached to. */
enum policy_kind {
    POLICY_IDENTITY, /* of users, groups, roles: no Principal; boundaries and session policies too */
    POLICY_RESOURCE, /* of a resource: Principal or NotPrincipal */
    POLICY_RESOURCE_ANY_SID, /* the same, and a Sid may come twice: of keys, and of whatever a service took */
    POLICY_TRUST,    /* of a role: Principal, no Resource */
    POLICY_SERVICE_CONTROL,
    POLICY_RESOURCE_CONTROL,
};

struct policy; /* compiled: immutable, may be read by many threads */

/* NULL when the document is no valid policy; *problem then is AWS's own sentence, as IAM words its
 * MalformedPolicyDocument ("Syntax errors in policy."). Everything lives in the arena. */
MUST_USE const struct policy *policy_compile(str json, enum policy_kind kind, struct arena *a, str *problem);

/* The values of a condition key. Absent (v == NULL) is not the same as empty. */
struct policy_values {
    const str *v;
    u32 n;
};

/* One question. Condition keys are asked for by name when a condition or a variable mentions them; the
 * name comes in lower case, and the part behind '/' (of aws:PrincipalTag/Team) as it was written. */
struct policy_request {
    const struct principal *principal;
    str action;   /* "s3:GetObject" */
    str resource; /* ARN */
    struct policy_values (*values)(void *context, str key);
    void *context;
    struct arena *arena; /* scratch */
};

enum policy_effect { POLICY_SILENT, POLICY_ALLOWS, POLICY_DENIES };
enum policy_effect policy_evaluate(const struct policy *p, const struct policy_request *r);

/* ---- all policies that speak about a request, in AWS's order ---- */
struct policy_list {
    const struct policy *const *v;
    u32 n;
};
struct policy_level { /* of the organization, from the root down to the account: each must allow */
    struct policy_list policies;
};
struct policy_set {
    struct policy_list identity;       /* inline and managed, of the user and its groups or of the role */
    const struct policy *boundary;     /* NULL: none */
    bool has_session_policies;
    struct policy_list session;        /* of a session: together they narrow it */
    const struct policy_level *service_control;  /* n 0: no organization, or its management account */
    u32 service_control_levels;
    const struct policy_level *resource_control; /* of the resource's account */
    u32 resource_control_levels;
    const struct policy *endpoint;     /* of the VPC endpoint by which the request came; NULL: none */
    const struct policy *resource;     /* NULL: the resource has none */
    bool resource_policy_rules; /* KMS keys, trust policies: identity policies count only where the
                                 * resource's policy hands over to its account */
    bool granted;       /* by other means that stand beside policies: KMS grants, ACLs */
    bool granted_to_account; /* the same, to the caller's whole account: its users need a policy of their own besides */
    bool cross_account; /* the principal's account is not the resource's: both sides must allow */
};

/* Why not: which kind of policy decided. The words are in deny() of the cloud. */
enum policy_reason {
    POLICY_REASON_NONE,
    POLICY_REASON_IDENTITY,
    POLICY_REASON_RESOURCE,
    POLICY_REASON_BOUNDARY,
    POLICY_REASON_SESSION,
    POLICY_REASON_SERVICE_CONTROL,
    POLICY_REASON_RESOURCE_CONTROL,
    POLICY_REASON_ENDPOINT,
};
struct policy_decision {
    bool allowed;
    bool explicit_deny; /* false: nothing allowed it */
    u8 reason;          /* enum policy_reason */
    const struct policy *decider; /* of an explicit deny */
};
struct policy_decision policy_decide(const struct policy_set *set, const struct policy_request *r);

/* ---- a resource's policy as a whole (policy_review.c) ---- */
/* Does it let strangers in? As S3's Block Public Access counts it: a statement that allows everybody and
 * has no condition that pins where the call comes from. */
bool policy_is_public(const struct policy *p);
bool policy_actions_of(const struct policy *p, str service); /* does it speak of this service's actions alone? */
bool policy_resources_of(const struct policy *p, str arn);   /* ... of this resource and what is in it? */

#endif
