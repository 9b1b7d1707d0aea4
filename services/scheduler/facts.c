/* What the decision needs to know: a schedule without a group stands in the default one. */
#include "scheduler.h"

#define SCHEDULE_FACTS(operation)                                                                                                     \
    err scheduler_##operation##_schedule_facts(struct call *c, const struct scheduler_##operation##_schedule_input *in, struct auth_facts *facts) { \
        facts->resource_arn = schedule_arn(c->arena, &(struct schedule_row){.account = c->account, .region = c->region, .name = in->name,            \
                                                                            .group = in->group_name.p ? in->group_name : S("default")});           \
        return NULL;                                                                                                                  \
    }
SCHEDULE_FACTS(create)
SCHEDULE_FACTS(update)
SCHEDULE_FACTS(delete)
SCHEDULE_FACTS(get)
