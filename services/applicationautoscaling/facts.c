/* For the gate: the target that a call is about, and the condition keys that name what it scales. */
#include "scaling.h"

static err facts_of(struct call *c, str space, str resource, str dimension, struct auth_facts *facts) {
    struct scaled of = scaled_of(c, space, resource, dimension);
    struct target t;
    facts->v = NEW_ARRAY(c->arena, struct auth_fact, 2);
    facts->v[facts->n++] = (struct auth_fact){S("application-autoscaling:service-namespace"), space};
    facts->v[facts->n++] = (struct auth_fact){S("application-autoscaling:scalable-dimension"), dimension};
    if (target_load(c, &of, &t)) facts->resource_arn = target_arn(c, &t);
    return NULL;
}

#define SCALED_FACTS(operation)                                                                                                                \
    err applicationautoscaling_##operation##_facts(struct call *c, const struct applicationautoscaling_##operation##_request *in, struct auth_facts *facts) { \
        return facts_of(c, in->service_namespace, in->resource_id, in->scalable_dimension, facts);                                             \
    }
SCALED_FACTS(register_scalable_target)
SCALED_FACTS(deregister_scalable_target)
SCALED_FACTS(put_scaling_policy)
SCALED_FACTS(delete_scaling_policy)
SCALED_FACTS(put_scheduled_action)
SCALED_FACTS(delete_scheduled_action)
