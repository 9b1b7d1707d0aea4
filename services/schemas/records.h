/* What stands in the rows of the schema registry. Field numbers are never reused. README.md lists the keys. */
#ifndef BRUME_SCHEMAS_RECORDS_H
#define BRUME_SCHEMAS_RECORDS_H

#include "cloud/cloud.h"

struct registry {
    i64 created_ms;
    str description, policy, revision; /* of the policy */
    str account, region, name;         /* from the key */
};

struct schema {
    i64 created_ms, modified_ms;
    i64 newest, last, versions; /* number of the newest; that was given last; how many there are */
    str description, type;
    str registry, name; /* from the key */
};

struct schema_version {
    i64 created_ms;
    str type, content;
    u64 number; /* from the key */
};

struct discoverer {
    i64 created_ms;
    str description, source_arn;
    bool stopped, cross_account;
    str account, region, id; /* from the key */
};

extern const struct record_type schemas_registry_record, schemas_schema_record, schemas_version_record, schemas_discoverer_record;

#endif
