#include "records.h"

static const struct record_field type_fields[] = {
    RECORD_STR(1, struct enabled_type, name),
    RECORD_U64(2, struct enabled_type, generation),
};
static const struct record_type type_record = RECORD_TYPE(struct enabled_type, type_fields);

static const struct record_field organization_fields[] = {
    RECORD_STR(1, struct organization, id),
    RECORD_STR(2, struct organization, root),
    RECORD_BOOL(3, struct organization, all_features),
    RECORD_I64(4, struct organization, created_ms),
    RECORD_I64(5, struct organization, account_count),
    RECORD_I64(6, struct organization, unit_count),
    RECORD_LIST(7, struct organization, types, type_record),
    RECORD_BOOL(8, struct organization, migrating),
    RECORD_I64(9, struct organization, waiting_count),
};
const struct record_type organization_record = RECORD_TYPE(struct organization, organization_fields);

static const struct record_field member_fields[] = {
    RECORD_STR(1, struct member, management),
    RECORD_STR(2, struct member, organization),
    RECORD_STR(3, struct member, parent),
    RECORD_STR(4, struct member, path),
    RECORD_I64(5, struct member, joined_ms),
    RECORD_I64(6, struct member, state),
    RECORD_BOOL(7, struct member, invited),
};
const struct record_type member_record = RECORD_TYPE(struct member, member_fields);

static const struct record_field unit_fields[] = {
    RECORD_STR(1, struct unit, name),
    RECORD_STR(2, struct unit, parent),
    RECORD_STR(3, struct unit, path),
    RECORD_I64(4, struct unit, depth),
};
const struct record_type unit_record = RECORD_TYPE(struct unit, unit_fields);

static const struct record_field policy_fields[] = {
    RECORD_STR(1, struct policy_row, name),
    RECORD_STR(2, struct policy_row, description),
    RECORD_STR(3, struct policy_row, type),
    RECORD_STR(4, struct policy_row, content),
    RECORD_I64(5, struct policy_row, changed_ms),
};
const struct record_type policy_record = RECORD_TYPE(struct policy_row, policy_fields);

static const struct record_field creation_fields[] = {
    RECORD_STR(1, struct creation, account),
    RECORD_STR(2, struct creation, name),
    RECORD_STR(3, struct creation, email),
    RECORD_STR(4, struct creation, role),
    RECORD_STR(5, struct creation, failure),
    RECORD_I64(6, struct creation, requested_ms),
    RECORD_I64(7, struct creation, completed_ms),
    RECORD_LIST(8, struct creation, tags, record_pair_type),
};
const struct record_type creation_record = RECORD_TYPE(struct creation, creation_fields);

static const struct record_field handshake_fields[] = {
    RECORD_STR(1, struct handshake, action),
    RECORD_STR(2, struct handshake, state),
    RECORD_STR(3, struct handshake, notes),
    RECORD_STR(4, struct handshake, parent),
    RECORD_STR(5, struct handshake, management),
    RECORD_STR(6, struct handshake, organization),
    RECORD_STR(7, struct handshake, account),
    RECORD_STR(8, struct handshake, email),
    RECORD_I64(9, struct handshake, requested_ms),
    RECORD_I64(10, struct handshake, expires_ms),
    RECORD_LIST(11, struct handshake, tags, record_pair_type),
};
const struct record_type handshake_record = RECORD_TYPE(struct handshake, handshake_fields);

static const struct record_field resource_policy_fields[] = {
    RECORD_STR(1, struct resource_policy, id),
    RECORD_STR(2, struct resource_policy, content),
};
const struct record_type resource_policy_record = RECORD_TYPE(struct resource_policy, resource_policy_fields);
