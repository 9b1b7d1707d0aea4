/* Who calls. A principal is established by a signature (or by its absence) and lives as long as the
 * request; its strings are views into the key that proved it. */
#ifndef BRUME_PRINCIPAL_H
#define BRUME_PRINCIPAL_H

#include "base/base.h"

enum principal_kind {
    PRINCIPAL_ANONYMOUS,
    PRINCIPAL_ROOT,    /* of an account */
    PRINCIPAL_USER,
    PRINCIPAL_ROLE,    /* an assumed-role session */
    PRINCIPAL_FEDERATED, /* a federated user's session */
    PRINCIPAL_SERVICE, /* an AWS service: "sqs.amazonaws.com" */
};

struct principal {
    u8 kind;       /* enum principal_kind */
    str account;   /* 12 digits; absent for anonymous */
    str arn;       /* "arn:aws:iam::000000000000:root", "arn:aws:sts::...:assumed-role/r/session" */
    str user_id;   /* aws:userid: the account for root, "AIDA...", "AROA...:session" */
    str user_name; /* aws:username; absent unless PRINCIPAL_USER */
    str access_key;
    bool session;      /* temporary credentials: a session token came with the signature */
    bool mfa;          /* aws:MultiFactorAuthPresent */
    i64 session_issued_ms, session_expires_ms;
};

#endif
