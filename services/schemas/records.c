#include "records.h"

static const struct record_field registry_fields[] = {
    RECORD_I64(1, struct registry, created_ms),
    RECORD_STR(2, struct registry, description),
    RECORD_STR(3, struct registry, policy),
    RECORD_STR(4, struct registry, revision),
};
const struct record_type schemas_registry_record = RECORD_TYPE(struct registry, registry_fields);

static const struct record_field schema_fields[] = {
    RECORD_I64(1, struct schema, created_ms), RECORD_I64(2, struct schema, modified_ms), RECORD_I64(3, struct schema, newest),
    RECORD_I64(4, struct schema, versions),   RECORD_STR(5, struct schema, description), RECORD_STR(6, struct schema, type),
    RECORD_I64(7, struct schema, last),
};
const struct record_type schemas_schema_record = RECORD_TYPE(struct schema, schema_fields);

static const struct record_field version_fields[] = {
    RECORD_I64(1, struct schema_version, created_ms),
    RECORD_STR(2, struct schema_version, type),
    RECORD_STR(3, struct schema_version, content),
};
const struct record_type schemas_version_record = RECORD_TYPE(struct schema_version, version_fields);

static const struct record_field discoverer_fields[] = {
    RECORD_I64(1, struct discoverer, created_ms), RECORD_STR(2, struct discoverer, description),    RECORD_STR(3, struct discoverer, source_arn),
    RECORD_BOOL(4, struct discoverer, stopped),   RECORD_BOOL(5, struct discoverer, cross_account),
};
const struct record_type schemas_discoverer_record = RECORD_TYPE(struct discoverer, discoverer_fields);
