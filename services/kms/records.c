#include "records.h"

static const struct record_field key_fields[] = {
    RECORD_STR(1, struct kms_key, spec),
    RECORD_STR(2, struct kms_key, usage),
    RECORD_STR(3, struct kms_key, origin),
    RECORD_STR(4, struct kms_key, description),
    RECORD_STR(5, struct kms_key, policy),
    RECORD_STR(6, struct kms_key, public_key),
    RECORD_STR(7, struct kms_key, managed_for),
    RECORD_I64(8, struct kms_key, state),
    RECORD_I64(9, struct kms_key, created_ms),
    RECORD_I64(10, struct kms_key, deletion_ms),
    RECORD_I64(11, struct kms_key, deletion_days),
    RECORD_BOOL(12, struct kms_key, multi_region),
    RECORD_BOOL(13, struct kms_key, rotates),
    RECORD_I64(14, struct kms_key, rotation_days),
    RECORD_I64(15, struct kms_key, next_rotation_ms),
    RECORD_I64(16, struct kms_key, rotated_on_demand),
};
const struct record_type kms_key_record = RECORD_TYPE(struct kms_key, key_fields);

static const struct record_field region_fields[] = {RECORD_STR(1, struct region_name, name)};
static const struct record_type region_record = RECORD_TYPE(struct region_name, region_fields);
static const struct record_field family_fields[] = {
    RECORD_STR(1, struct kms_family, primary),
    RECORD_LIST(2, struct kms_family, replicas, region_record),
};
const struct record_type kms_family_record = RECORD_TYPE(struct kms_family, family_fields);

static const struct record_field material_fields[] = {
    RECORD_STR(1, struct kms_material, id),
    RECORD_STR(2, struct kms_material, sealed),
    RECORD_STR(3, struct kms_material, description),
    RECORD_I64(4, struct kms_material, state),
    RECORD_I64(5, struct kms_material, rotation),
    RECORD_I64(6, struct kms_material, since_ms),
    RECORD_I64(7, struct kms_material, expires_ms),
};
const struct record_type kms_material_record = RECORD_TYPE(struct kms_material, material_fields);

static const struct record_field alias_fields[] = {
    RECORD_STR(1, struct kms_alias, key_id),
    RECORD_I64(2, struct kms_alias, created_ms),
    RECORD_I64(3, struct kms_alias, updated_ms),
};
const struct record_type kms_alias_record = RECORD_TYPE(struct kms_alias, alias_fields);

static const struct record_field grant_fields[] = {
    RECORD_STR(1, struct kms_grant, name),
    RECORD_STR(2, struct kms_grant, grantee),
    RECORD_STR(3, struct kms_grant, retiring),
    RECORD_STR(4, struct kms_grant, issuer),
    RECORD_STR(5, struct kms_grant, operations),
    RECORD_STR(6, struct kms_grant, grantee_service),
    RECORD_STR(7, struct kms_grant, retiring_service),
    RECORD_STR(8, struct kms_grant, source_arn),
    RECORD_LIST(9, struct kms_grant, equals, record_pair_type),
    RECORD_LIST(10, struct kms_grant, subset, record_pair_type),
    RECORD_I64(11, struct kms_grant, created_ms),
};
const struct record_type kms_grant_record = RECORD_TYPE(struct kms_grant, grant_fields);
