/* PutCompositeAlarm. */
#include "cloudwatch.h"

static err check_suppressor(struct call *c, const struct cloudwatch_put_composite_alarm_input *in) {
    struct alarm suppressor;
    if (!in->actions_suppressor.p) {
        if (in->actions_suppressor_wait_period.set || in->actions_suppressor_extension_period.set)
            return fail(c, &cloud_validation, "ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod require ActionsSuppressor");
        return NULL;
    }
    if (!in->actions_suppressor_wait_period.set || !in->actions_suppressor_extension_period.set)
        return fail(c, &cloud_validation, "ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod are required with ActionsSuppressor");
    if (in->actions_suppressor_wait_period.v < 0 || in->actions_suppressor_extension_period.v < 0)
        return fail(c, &cloud_validation, "ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod must not be negative");
    if (alarm_load(c->txn, c->arena, c->account, c->region, alarm_name_of(in->actions_suppressor), &suppressor)) return NULL;
    return fail(c, &cloud_validation, "Could not save the composite alarm as the actions suppressor %.*s does not exist", STR_ARGS(in->actions_suppressor));
}

err cloudwatch_put_composite_alarm(struct call *c, const struct cloudwatch_put_composite_alarm_input *in, struct wire_unit *out) {
    (void)out;
    if (in->action_configuration) return fail(c, &cloud_not_implemented, "brume does not have ActionConfiguration of alarms (yet).");
    TRY(composite_check_rule(c, in->alarm_rule));
    TRY(check_suppressor(c, in));
    TRY(check_actions(c, &in->ok_actions, "OKActions"));
    TRY(check_actions(c, &in->alarm_actions, "AlarmActions"));
    TRY(check_actions(c, &in->insufficient_data_actions, "InsufficientDataActions"));
    struct alarm alarm = {.name = in->alarm_name, .description = in->alarm_description, .rule = in->alarm_rule, .actions_off = in->actions_enabled.set && !in->actions_enabled.v,
                          .ok_actions = keys_of(c->arena, &in->ok_actions), .alarm_actions = keys_of(c->arena, &in->alarm_actions),
                          .insufficient_actions = keys_of(c->arena, &in->insufficient_data_actions), .suppressor = in->actions_suppressor,
                          .wait_s = in->actions_suppressor_wait_period.v, .extension_s = in->actions_suppressor_extension_period.v};
    TRY(alarm_put(c, &alarm, &in->tags));
    composite_link(c, &alarm, true);
    return NULL;
}
