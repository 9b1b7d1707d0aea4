/* Alarms put, set to a state, switched, deleted. */
#include "cloudwatch.h"

err alarm_put(struct call *c, struct alarm *alarm, const struct cloudwatch_tag_list *tags) {
    struct alarm old;
    alarm->account = c->account;
    alarm->region = c->region;
    alarm->state = S("INSUFFICIENT_DATA");
    alarm->reason = S("Unchecked: Initial alarm creation");
    alarm->configured_ms = alarm->updated_ms = alarm->changed_ms = c->now_ms;
    bool known = alarm_load(c->txn, c->arena, c->account, c->region, alarm->name, &old);
    if (known && (old.rule.p != NULL) != (alarm->rule.p != NULL))
        return fail(c, &cloud_validation, "Could not save the alarm as an alarm of another type has the name %.*s", STR_ARGS(alarm->name));
    if (known) { /* another configuration keeps the state */
        alarm->state = old.state;
        alarm->reason = old.reason;
        alarm->reason_data = old.reason_data;
        alarm->updated_ms = old.updated_ms;
        alarm->changed_ms = old.changed_ms;
        alarm->acted_state = old.acted_state;
        if (old.rule.p) composite_unlink(c, &old);
    }
    alarm_save(c->txn, c->arena, alarm);
    alarm_schedule(c->txn, c->arena, alarm, c->now_ms);
    str arn = alarm_arn(c->arena, alarm), summary = arena_format(c->arena, "Alarm \"%.*s\" %s", STR_ARGS(alarm->name), known ? "updated" : "created");
    history_add(c, alarm, S("ConfigurationUpdate"), summary, arena_format(c->arena, "{\"version\":\"1.0\",\"type\":\"%s\"}", known ? "Update" : "Create"));
    alarm_configuration_event(c, alarm, known ? "update" : "create", known ? &old : NULL);
    if (known) return NULL;
    registry_add(c, arn, S("AWS::CloudWatch::Alarm"));
    return tag(c, arn, tags);
}

/* ---- switched, set, deleted ---- */

err cloudwatch_set_alarm_state(struct call *c, const struct cloudwatch_set_alarm_state_input *in, struct wire_unit *out) {
    (void)out;
    struct alarm alarm;
    if (!alarm_load(c->txn, c->arena, c->account, c->region, in->alarm_name, &alarm)) return fail(c, &cloudwatch_resource_not_found, "%s", "");
    alarm_becomes(c, &alarm, in->state_value, in->state_reason, in->state_reason_data);
    return NULL;
}

static err permitted(struct call *c, str action, str name) {
    str arn = alarm_arn(c->arena, &(struct alarm){.account = c->account, .region = c->region, .name = name});
    return may(c, action, arn) ? NULL : deny(c, action, arn);
}

static err switch_actions(struct call *c, const struct cloudwatch_alarm_names *names, bool off) {
    struct alarm alarm;
    for (u32 i = 0; i < names->n; i++) {
        TRY(permitted(c, off ? S("cloudwatch:DisableAlarmActions") : S("cloudwatch:EnableAlarmActions"), names->v[i]));
        if (!alarm_load(c->txn, c->arena, c->account, c->region, names->v[i], &alarm)) continue;
        alarm.actions_off = off;
        alarm_save(c->txn, c->arena, &alarm);
    }
    return NULL;
}

err cloudwatch_enable_alarm_actions(struct call *c, const struct cloudwatch_enable_alarm_actions_input *in, struct wire_unit *out) {
    (void)out;
    return switch_actions(c, &in->alarm_names, false);
}

err cloudwatch_disable_alarm_actions(struct call *c, const struct cloudwatch_disable_alarm_actions_input *in, struct wire_unit *out) {
    (void)out;
    return switch_actions(c, &in->alarm_names, true);
}

/* One that composite alarms are made of stays, and with it all of the request. */
static err check_deletion(struct call *c, const struct cloudwatch_alarm_names *names) {
    struct buf b = buf_new(c->arena, 1 << 16);
    str over;
    u32 needed = 0, composites = 0;
    struct alarm alarm;
    for (u32 i = 0; i < names->n; i++) {
        TRY(permitted(c, S("cloudwatch:DeleteAlarms"), names->v[i]));
        if (!alarm_load(c->txn, c->arena, c->account, c->region, names->v[i], &alarm)) continue;
        composites += alarm.rule.p != NULL;
        if (!composites_of(c, names->v[i], LINK_CHILD, &over, 1)) continue;
        buf_format(&b, "%s%.*s", needed++ ? "," : "", STR_ARGS(names->v[i]));
    }
    if (needed) {
        str list = buf_str(&b);
        return fail(c, &cloud_validation, "Cannot delete %.*s as there are composite alarm(s) depending on %s.", STR_ARGS(list), needed == 1 ? "it" : "them");
    }
    if (composites > 1) return fail(c, &cloud_validation, "A request can delete at most one composite alarm.");
    return NULL;
}

err cloudwatch_delete_alarms(struct call *c, const struct cloudwatch_delete_alarms_input *in, struct wire_unit *out) {
    (void)out;
    struct alarm alarm;
    TRY(check_deletion(c, &in->alarm_names));
    for (u32 i = 0; i < in->alarm_names.n; i++) {
        if (!alarm_load(c->txn, c->arena, c->account, c->region, in->alarm_names.v[i], &alarm)) continue;
        str arn = alarm_arn(c->arena, &alarm);
        history_add(c, &alarm, S("ConfigurationUpdate"), arena_format(c->arena, "Alarm \"%.*s\" deleted", STR_ARGS(alarm.name)), S("{\"version\":\"1.0\",\"type\":\"Delete\"}"));
        if (alarm.rule.p) composite_unlink(c, &alarm);
        alarm_configuration_event(c, &alarm, "delete", NULL);
        txn_delete(c->txn, alarm_row(c->arena, c->account, c->region, alarm.name));
        txn_task_cancel(c->txn, S("cloudwatch-alarm"), arn);
        registry_remove(c, arn);
    }
    return NULL;
}
