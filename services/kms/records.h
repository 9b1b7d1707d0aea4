/* What stands in the rows of KMS. Field numbers are never reused. README.md lists the keys. */
#ifndef BRUME_KMS_RECORDS_H
#define BRUME_KMS_RECORDS_H

#include "cloud/cloud.h"

enum key_state { KEY_ENABLED, KEY_DISABLED, KEY_PENDING_DELETION, KEY_PENDING_IMPORT, KEY_PENDING_REPLICA_DELETION };

/* A KMS key in one region. */
struct kms_key {
    str spec, usage, origin, description, policy;
    str public_key;  /* DER; of asymmetric keys with material */
    str managed_for; /* "s3": an AWS managed key, of alias/aws/s3 */
    i64 state;       /* enum key_state */
    i64 created_ms, deletion_ms, deletion_days;
    bool multi_region;
    /* Rotation; of a multi-region key in its primary. */
    bool rotates;
    i64 rotation_days, next_rotation_ms, rotated_on_demand;
    /* from the key of the row */
    str account, region, id, arn;
};

/* The regions of a multi-region key. */
struct region_name {
    str name;
};
struct kms_family {
    str primary;
    struct {
        struct region_name *v;
        u32 n;
        bool set;
    } replicas;
};

enum material_state { MATERIAL_CURRENT, MATERIAL_NON_CURRENT, MATERIAL_PENDING_ROTATION };
enum rotation_type { ROTATION_NONE, ROTATION_AUTOMATIC, ROTATION_ON_DEMAND };
struct kms_material {
    str id;     /* 64 digits; of imported material a function of it */
    str sealed; /* absent: imported, and since deleted or expired */
    str description;
    i64 state, rotation, since_ms;
    i64 expires_ms; /* imported; 0: never */
    u64 seq;        /* from the key of the row */
};

struct kms_alias {
    str key_id;
    i64 created_ms, updated_ms;
    str name; /* from the key of the row */
};

struct kms_grant {
    str name, grantee, retiring, issuer, operations; /* operations with single spaces between */
    str grantee_service, retiring_service, source_arn;
    struct record_pairs equals, subset; /* constraints of the encryption context */
    i64 created_ms;
    str id, key_id; /* from the key of the row */
};

extern const struct record_type kms_key_record, kms_family_record, kms_material_record, kms_alias_record, kms_grant_record;

#endif
