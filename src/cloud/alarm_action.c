#include "cloud/alarm_action.h"

#include "cloud/boot.h"

const struct alarm_action *alarm_action_of(const struct call *c, str action_arn) {
    const struct cloud_config *config = &c->cloud->config;
    struct arn arn;
    if (!arn_parse(action_arn, &arn)) return NULL;
    for (size_t i = 0; i < config->alarm_action_count; i++) {
        const struct alarm_action *action = &config->alarm_actions[i];
        if (str_eq(arn.service, str_of(action->service)) && str_starts(arn.resource, str_of(action->resource))) return action;
    }
    return NULL;
}

err alarm_action_run(struct call *c, const struct alarm_action *action, str action_arn, const struct alarm_notice *notice) {
    struct call *own = call_for_task(c->txn, action->of, c->account, c->region, c->now_ms);
    size_t mark = txn_mark(c->txn);
    own->depth = c->depth + 1;
    err e = action->run(own, action_arn, notice);
    if (!e) return NULL;
    txn_undo(c->txn, mark);
    c->error_message = own->error_message;
    return e;
}
