/* What stands in the rows of Organizations. Field numbers are never reused. README.md lists the keys. */
#ifndef BRUME_ORGANIZATIONS_RECORDS_H
#define BRUME_ORGANIZATIONS_RECORDS_H

#include "cloud/cloud.h"

struct enabled_type {
    str name;       /* "SERVICE_CONTROL_POLICY" */
    u64 generation; /* its attachments stand under it: disabling a type lets them all go at once */
};
struct organization {
    str id, root;
    bool all_features;
    bool migrating; /* on its way to all features: EnableAllFeatures waits for the invited accounts */
    i64 created_ms, account_count, unit_count, waiting_count /* accounts that have yet to approve */;
    struct {
        struct enabled_type *v;
        u32 n;
        bool set;
    } types;
    str management; /* from the key */
};

enum member_state { MEMBER_ACTIVE, MEMBER_CLOSING, MEMBER_CLOSED };
struct member { /* an account's place, under the account's own number: one read finds it */
    str management, organization;
    str parent, path; /* path: of the parent, "o-.../r-.../ou-.../" */
    i64 joined_ms;
    i64 state; /* enum member_state */
    bool invited;
    str account; /* from the key */
};

struct unit {
    str name, parent, path; /* path: with its own id and a slash at the end */
    i64 depth;              /* 1: below the root */
    str id;                 /* from the key */
};

struct policy_row {
    str name, description, type, content;
    i64 changed_ms;
    str id; /* from the key */
};

struct creation {
    str account, name, email, role, failure;
    i64 requested_ms, completed_ms;
    struct record_pairs tags;
};

struct handshake {
    str action, state, notes, parent;
    str management, organization; /* who asks */
    str account, email;           /* who is asked; email: it was named by its address */
    i64 requested_ms, expires_ms;
    struct record_pairs tags;     /* for the account when it has joined */
    str id;                       /* from the key */
};

struct resource_policy {
    str id, content;
};

extern const struct record_type organization_record, member_record, unit_record, policy_record, creation_record, handshake_record,
    resource_policy_record;

#endif
