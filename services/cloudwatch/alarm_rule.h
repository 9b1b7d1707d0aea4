/* The rule of a composite alarm: ALARM(a) AND NOT (OK("b") OR AT_LEAST(2, ALARM, (c, d, e))), read and worked out
 * in one pass. Pure: what state an alarm is in, is the caller's. NOT binds tightest, then AND. */
#ifndef BRUME_CLOUDWATCH_ALARM_RULE_H
#define BRUME_CLOUDWATCH_ALARM_RULE_H

#include "cloud/cloud.h"

enum { RULE_DEPTH = 50, RULE_ELEMENTS_MAX = 500 };

struct alarm_rule_world {
    /* The state of an alarm, by name or ARN as the rule has it. Called for each that the rule names. */
    str (*state)(void *context, str alarm);
    void *context;
};

/* False: *problem says what is wrong with the text. */
MUST_USE bool alarm_rule_evaluate(struct arena *a, str text, const struct alarm_rule_world *world, bool *value, str *problem);

#endif
