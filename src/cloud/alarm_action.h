/* What an alarm sets off besides messages. A room whose ARNs can be the action of an alarm is named in the front's
 * table (cloud_config.alarm_actions); the room of alarms asks here, and knows none of them. */
#ifndef BRUME_ALARM_ACTION_H
#define BRUME_ALARM_ACTION_H

#include "cloud/cloud.h"

struct alarm_notice {
    str alarm;      /* its name */
    str state;      /* that it has now: "ALARM" */
    double threshold;
    double *values; /* the datapoints that it was decided by, newest first; none: the state was set by hand */
    u32 n;
};
struct alarm_action {
    const struct service *of;
    const char *service, *resource; /* the ARN's service, and how its resource begins: "autoscaling", "scalingPolicy:" */
    bool repeats; /* is run again with each evaluation while the alarm stays in the state */
    /* In the transaction of the alarm, in a call of the room. An error takes back what it wrote. */
    err (*run)(struct call *c, str action_arn, const struct alarm_notice *notice);
};

/* NULL: nobody runs such an action. */
const struct alarm_action *alarm_action_of(const struct call *c, str action_arn);
MUST_USE err alarm_action_run(struct call *c, const struct alarm_action *action, str action_arn, const struct alarm_notice *notice);

#endif
