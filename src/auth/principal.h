/* Who calls. Made by the identify stage, read by the evaluator, the call record and the handlers. */
#ifndef BRUME_PRINCIPAL_H
#define BRUME_PRINCIPAL_H

#include "base/arena.h"

enum principal_kind {
    PRINCIPAL_ANONYMOUS, /* unsigned; account absent */
    PRINCIPAL_ROOT,      /* arn:aws:iam::ACCOUNT:root */
    PRINCIPAL_USER,      /* arn:aws:iam::ACCOUNT:user/PATH/NAME */
    PRINCIPAL_ROLE_SESSION, /* arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION */
    PRINCIPAL_FEDERATED, /* arn:aws:sts::ACCOUNT:federated-user/NAME */
    PRINCIPAL_SERVICE,   /* a service of the cloud itself: arn is "sqs.amazonaws.com" */
};

struct principal_tag {
    str key, value;
    bool transitive; /* handed on when the session assumes a further role */
};

struct principal {
    u8 kind;
    bool mfa;            /* the session was made with a second factor */
    str account;         /* 12 digits */
    str arn;             /* as GetCallerIdentity says it */
    str user_id;         /* "AIDA...", "AROA...:session", the account for root */
    str access_key;      /* by which the call was signed; absent for services */
    /* Temporary credentials only; absent or 0 otherwise. */
    str session_name;
    str session_policy;  /* JSON that narrows the rights */
    str session_policy_arns; /* of managed policies that narrow them, with single spaces between */
    str session_issuer;  /* ARN of the role or user that the session was made from */
    str session_issuer_id; /* of a federated user's: the id of the user, where it is one; a role's stands in user_id */
    str source_identity; /* set once, kept through a chain of roles */
    str federated_provider; /* of a session made by SAML or web identity: its ARN or issuer */
    const struct principal_tag *session_tags;
    u32 session_tag_count;
    i64 session_made_ms, session_expires_ms;
};

/* The root of an account. */
struct principal principal_root(struct arena *a, str account, str access_key);

/* The canonical user id of an account: 64 hex digits by which S3 names it, a function of its number. */
enum { CANONICAL_ID = 64 };
void account_canonical_id(str account, char id[CANONICAL_ID]);

#endif
