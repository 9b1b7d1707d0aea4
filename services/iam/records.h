/* What stands in the rows of IAM. Field numbers are never reused. README.md lists the keys. */
#ifndef BRUME_IAM_RECORDS_H
#define BRUME_IAM_RECORDS_H

#include "cloud/cloud.h"

enum entity_kind { ENTITY_USER, ENTITY_GROUP, ENTITY_ROLE, ENTITY_POLICY, ENTITY_PROFILE, ENTITY_CERTIFICATE, ENTITY_KINDS };

/* What has a name, a path and an id. One record for all kinds: each leaves most of it empty. */
struct entity {
    str path, name, id, description;
    i64 created_ms, updated_ms;
    str boundary; /* ARN; of a user or role */
    /* a role */
    str trust, service; /* service: the one that a service-linked role is linked to */
    i64 max_session_s;
    /* a managed policy */
    i64 default_version, last_version, attachments, boundaries;
    /* a role's or key's last use; a user's last password */
    i64 used_ms;
    str used_region;
    str role_id; /* an instance profile's role */
    /* from the key */
    u8 kind;
    str account;
};

struct policy_version {
    str document;
    i64 created_ms;
};

struct access_key {
    str user_id; /* absent: of the account's root */
    str secret;  /* sealed */
    bool active;
    i64 created_ms, used_ms;
    str used_region, used_service;
    str id; /* from the key */
};

extern const struct record_type entity_record, policy_version_record, access_key_record;

#endif
