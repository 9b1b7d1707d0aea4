/* What the decision needs to know: a registry's policy speaks about it and about its schemas. */
#include "schemas.h"

static void of_registry(struct call *c, str name, struct auth_facts *facts) {
    struct registry r;
    if (registry_load(c, name.p ? name : S("discovered-schemas"), &r)) facts->resource_policy = r.policy;
    facts->resource_account = c->account;
}

#define REGISTRY_FACTS(operation)                                                                                                      \
    err schemas_##operation##_facts(struct call *c, const struct schemas_##operation##_request *in, struct auth_facts *facts) {        \
        of_registry(c, in->registry_name, facts);                                                                                      \
        return NULL;                                                                                                                   \
    }
REGISTRY_FACTS(describe_registry)
REGISTRY_FACTS(update_registry)
REGISTRY_FACTS(delete_registry)
REGISTRY_FACTS(get_resource_policy)
REGISTRY_FACTS(put_resource_policy)
REGISTRY_FACTS(delete_resource_policy)
REGISTRY_FACTS(create_schema)
REGISTRY_FACTS(update_schema)
REGISTRY_FACTS(describe_schema)
REGISTRY_FACTS(delete_schema)
REGISTRY_FACTS(delete_schema_version)
REGISTRY_FACTS(list_schema_versions)
REGISTRY_FACTS(list_schemas)
REGISTRY_FACTS(search_schemas)
REGISTRY_FACTS(export_schema)
