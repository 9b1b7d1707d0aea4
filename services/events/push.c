/* From a rule to an API destination: an outbox row each. A worker sends it when its turn has come; what came of it
 * decides between done, another attempt by the target's retry policy, and the dead-letter queue. */
#include "connection.h"

#include "cloud/template.h"

enum { BACKOFF_MAX_S = 480 };

static void set_push(struct txn *t, struct arena *a, const struct push *p, str key, i64 due_ms) {
    txn_task_set(t, &(struct task){.kind = S("events-push"), .key = key, .payload = record_encode(a, &events_push_record, p), .due_ms = due_ms});
}

/* ---- from a rule ---- */

static str filled(struct arena *a, const struct event *e, str value) {
    if (!str_starts(value, S("$."))) return value;
    const struct json_node *n = json_path(e->tree, value);
    if (!n) return S("");
    return n->type == JSON_STRING ? n->text : json_node_raw(n, e->json);
}

static struct record_pairs filled_pairs(struct arena *a, const struct event *e, const struct record_pairs *in) {
    struct record_pairs out = {.v = NEW_ARRAY(a, struct record_pair, in->n + 1), .n = in->n, .set = in->n > 0};
    for (u32 i = 0; i < in->n; i++) out.v[i] = (struct record_pair){in->v[i].key, filled(a, e, in->v[i].value)};
    return out;
}

err destination_begin(struct call *c, const struct rule *rule, const struct target *target, const struct event *e, str input) {
    struct destination d;
    struct call as = *c;
    as.outer = c;
    as.flight = NULL;
    as.source_arn = rule_arn(c->arena, rule);
    err refused = target->role.p ? call_take_role(&as, target->role) : NULL;
    if (!refused && target->role.p && !may(&as, S("events:InvokeApiDestination"), target->arn)) refused = deny(&as, S("events:InvokeApiDestination"), target->arn);
    if (refused) return fail(c, refused, "%.*s", STR_ARGS(as.error_message));
    if (!destination_of_arn(c->txn, c->arena, target->arn, &d)) return fail(c, &events_resource_not_found_exception, "The api-destination %.*s does not exist.", STR_ARGS(target->arn));
    struct push p = {.account = rule->account, .region = rule->region, .rule_arn = as.source_arn, .rule = rule->name, .event = e->json, .dead_letter_arn = target->dead_letter_arn,
                     .first_ms = c->now_ms, .attempts_max = target->has_retry ? target->retry_attempts : 185, .age_max_s = target->has_retry ? target->retry_age_s : 86400};
    p.call = (struct destination_call){.destination = target->arn, .body = input, .path_values = filled_pairs(c->arena, e, &target->path_values),
                                       .headers = filled_pairs(c->arena, e, &target->http_headers), .query = filled_pairs(c->arena, e, &target->http_query)};
    str key = arena_format(c->arena, "%.*s %.*s %.*s", STR_ARGS(e->id), STR_ARGS(p.rule_arn), STR_ARGS(target->id));
    set_push(c->txn, c->arena, &p, key, destination_turn(c->txn, c->arena, &d, c->now_ms));
    return NULL;
}

err destination_perform(struct arena *a, const struct task *task, str *result) {
    struct push p = {0};
    ASSERT(record_decode(a, &events_push_record, task->payload, &p));
    *result = destination_send(a, task->store, &p.call);
    return NULL;
}

/* As AWS documents it: what was refused for good stays so. */
static bool worth_another(i64 status) {
    if (status == DESTINATION_NO_TOKEN || status == DESTINATION_NO_ANSWER) return true;
    return status == 401 || status == 407 || status == 409 || status == 429 || status >= 500;
}

static const char *error_code(i64 status) {
    if (status == DESTINATION_GONE) return "NO_RESOURCE";
    if (status == DESTINATION_NO_TOKEN || status == 401 || status == 403 || status == 407) return "NO_PERMISSIONS";
    return status <= 0 ? "CONNECTION_FAILURE" : status >= 500 || status == 429 ? "THROTTLING_OR_SERVER_ERROR" : "SDK_CLIENT_ERROR";
}

err destination_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms) {
    (void)outcome;
    struct arena *a = txn_arena(t);
    struct push p = {0};
    struct destination d;
    struct destination_answer answer = {0};
    ASSERT(record_decode(a, &events_push_record, arena_str(a, task->payload), &p) && record_decode(a, &destination_answer_record, arena_str(a, result), &answer));
    i64 status = answer.status;
    if (status >= 200 && status < 300) return NULL;
    struct call *c = call_for_task(t, &events_service, p.account, p.region, now_ms);
    bool there = destination_of_arn(t, a, p.call.destination, &d);
    if (there) (void)destination_renew(t, a, &d, status);
    i64 again_ms = now_ms + MIN(1ll << MIN(p.attempts, 20), BACKOFF_MAX_S) * 1000;
    const char *condition = p.attempts >= p.attempts_max ? "MaximumRetryAttempts" : again_ms > p.first_ms + p.age_max_s * 1000 ? "MaximumEventAgeInSeconds" : NULL;
    if (there && worth_another(status) && !condition) {
        p.attempts++;
        rule_count(c, p.rule_arn, "RetryInvocationAttempts");
        set_push(t, a, &p, task->key, destination_turn(t, a, &d, again_ms));
        return NULL;
    }
    rule_count(c, p.rule_arn, "FailedInvocations");
    if (!p.dead_letter_arn.p) return NULL;
    dead_letter_send(c, p.dead_letter_arn, &(struct dead_letter){.rule_arn = p.rule_arn, .target_arn = p.call.destination, .body = p.event, .code = str_of(error_code(status)),
                                                                 .message = answer.why, .condition = worth_another(status) ? condition : NULL, .attempts = p.attempts});
    return NULL;
}
