/* The room's own condition keys: a member of the input by another name. */
#include "account.h"

static err fact(struct call *c, struct auth_facts *facts, const char *key, str value) {
    if (!value.p) return NULL;
    facts->v = NEW(c->arena, struct auth_fact);
    facts->v[facts->n++] = (struct auth_fact){str_of(key), value};
    return NULL;
}

#define FACT(operation, key, value)                                                                                              \
    err account_##operation##_facts(struct call *c, const struct account_##operation##_request *in, struct auth_facts *facts) { \
        return fact(c, facts, key, value);                                                                                       \
    }
FACT(enable_region, "account:TargetRegion", in->region_name)
FACT(disable_region, "account:TargetRegion", in->region_name)
FACT(get_region_opt_status, "account:TargetRegion", in->region_name)
FACT(put_alternate_contact, "account:AlternateContactTypes", in->alternate_contact_type)
FACT(get_alternate_contact, "account:AlternateContactTypes", in->alternate_contact_type)
FACT(delete_alternate_contact, "account:AlternateContactTypes", in->alternate_contact_type)
