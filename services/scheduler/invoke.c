/* From a due time to its end: the target is called, again with growing distance while it fails, until it has worked,
 * the policy is exhausted or the schedule is gone. What never worked goes to the dead-letter queue. */
#include "scheduler.h"

#include "crypto/crypto.h"
#include "gen/sqs.h"
#include "text/json.h"

/* DIFFERS: any failure is tried again. */
enum { BACKOFF_MAX_S = 480 /* 185 attempts of it fill the longest age, a day */ };

static void counted(struct call *c, const struct invocation *i, const char *metric) {
    count_metric(c, str_of(metric), S("ScheduleGroup"), i->group, 1, S("Count"));
}

/* ---- what is sent ---- */

static str time_text(struct arena *a, i64 ms) {
    struct buf b = buf_new(a, 64);
    buf_iso8601(&b, ms / 1000 * 1000);
    return buf_str(&b);
}

/* Where a schedule says nothing, its target is told that it was due. */
static str notification(struct arena *a, const struct invocation *i) {
    struct buf b = buf_new(a, INPUT_MAX);
    const struct {
        const char *name;
        str value;
    } members[] = {{"version", S("0")},           {"id", id_uuid(a)},  {"detail-type", S("Scheduled Event")}, {"source", S("aws.scheduler")},
                   {"account", i->account}, {"time", time_text(a, i->scheduled_ms)}, {"region", i->region}};
    json_write_object(&b);
    for (size_t n = 0; n < LENGTH(members); n++) {
        json_write_member(&b, str_of(members[n].name), members[n].value);
    }
    json_write_key(&b, S("resources"));
    json_write_array(&b);
    json_write_string(&b, invocation_arn(a, i));
    json_write_array_end(&b);
    json_write_member(&b, S("detail"), S("{}"));
    json_write_object_end(&b);
    return buf_str(&b);
}

/* <aws.scheduler.scheduled-time> and its kin. None of the values needs an escape, in JSON or elsewhere. */
static str fill(struct arena *a, const struct invocation *i, str input) {
    const struct {
        str name, value;
    } attributes[] = {
        {S("<aws.scheduler.schedule-arn>"), invocation_arn(a, i)},
        {S("<aws.scheduler.scheduled-time>"), time_text(a, i->scheduled_ms)},
        {S("<aws.scheduler.execution-id>"), i->execution},
        {S("<aws.scheduler.attempt-number>"), arena_format(a, "%lld", (long long)i->attempts)},
    };
    struct buf b = buf_new(a, INPUT_MAX * 8);
    for (str rest = input; rest.n;) {
        size_t at = str_find(rest, S("<aws.scheduler."));
        buf_add(&b, str_take(rest, at));
        if (at == STR_NONE) break;
        rest = str_skip(rest, at);
        str with = str_take(rest, 1);
        size_t length = 1;
        for (size_t n = 0; n < LENGTH(attributes); n++) {
            if (!str_starts(rest, attributes[n].name)) continue;
            with = attributes[n].value;
            length = attributes[n].name.n;
        }
        buf_add(&b, with);
        rest = str_skip(rest, length);
    }
    return b.over ? (str){0} : buf_str(&b);
}

static str payload(struct call *c, const struct invocation *i, str input) {
    bool universal = str_starts(i->target->arn, S("arn:aws:scheduler:::"));
    if (input.p) return fill(c->arena, i, input);
    return universal ? S("{}") : notification(c->arena, i);
}

/* ---- the end ---- */

static void end(struct call *c, const struct invocation *i) {
    struct schedule_row s;
    if (!i->last || !schedule_load(c->txn, c->arena, i->account, i->region, i->group, i->name, &s) || s.id != i->schedule_id) return;
    if (str_eq(s.action_after, S("DELETE")) && timing_next(c->arena, &s, i->scheduled_ms) < 0) schedule_remove(c, &s);
}

static void add(struct sqs_message_body_attribute_map *map, const char *name, str value) {
    map->v[map->n++] = (struct sqs_message_body_attribute_map_entry){.key = str_of(name), .value = {.data_type = S("String"), .string_value = value}};
}

struct failure {
    str code, message;
    const char *condition; /* why it is not tried again */
};

static void dead_letter(struct call *c, const struct invocation *i, str body, const struct failure *why) {
    struct arn arn;
    struct sqs_send_message_result out;
    ASSERT(arn_parse(i->target->dead_letter_arn, &arn));
    struct sqs_send_message_request in = {.queue_url = arena_format(c->arena, "/%.*s/%.*s", STR_ARGS(arn.account), STR_ARGS(arn.resource)), .message_body = body};
    struct sqs_message_body_attribute_map *map = &in.message_attributes;
    map->v = NEW_ARRAY(c->arena, struct sqs_message_body_attribute_map_entry, 9);
    map->set = true;
    add(map, "ERROR_CODE", why->code);
    add(map, "ERROR_MESSAGE", why->message.n ? why->message : why->code);
    add(map, "EXECUTION_ID", i->execution);
    add(map, "EXHAUSTED_RETRY_CONDITION", str_of(why->condition));
    add(map, "IS_PAYLOAD_TRUNCATED", S("false"));
    add(map, "RETRY_ATTEMPTS", arena_format(c->arena, "%lld", (long long)i->attempts - 1));
    add(map, "SCHEDULED_TIME", time_text(c->arena, i->scheduled_ms));
    add(map, "SCHEDULE_ARN", invocation_arn(c->arena, i));
    add(map, "TARGET_ARN", i->target->arn);
    struct call_other queue = {.service = &sqs_service, .op = SQS_OP_SEND_MESSAGE, .as = CALL_AS_ROLE, .account = arn.account, .region = arn.region,
                               .source_arn = invocation_arn(c->arena, i), .role_arn = i->target->role};
    err e = call_service(c, &queue, &in, &out);
    counted(c, i, e ? "InvocationsFailedToBeSentToDeadLetterCount" : "InvocationsSentToDeadLetterCount");
}

/* ---- attempts ---- */

static void set_task(struct txn *t, struct arena *a, const struct invocation *i, i64 due_ms) {
    txn_task_set(t, &(struct task){.kind = S("scheduler-invoke"), .key = i->execution, .payload = record_encode(a, &scheduler_invocation_record, i), .due_ms = due_ms});
}

static const char *exhausted(const struct invocation *i, i64 again_ms) {
    if (i->attempts > i->target->retry_attempts) return "MaximumRetryAttempts";
    return again_ms > i->first_ms + i->target->retry_age_s * 1000 ? "MaximumEventAgeInSeconds" : NULL;
}

static void attempt(struct call *c, struct invocation *i) {
    str input = {0}, body = S("");
    err e = input_open(c, invocation_arn(c->arena, i), i->target, i->target->role, &input);
    i->attempts++;
    counted(c, i, "InvocationAttemptCount");
    if (!e) {
        body = payload(c, i, input);
        e = body.p ? target_send(c, i, body) : fail(c, &cloud_validation, "The input is too long with its attributes filled in.");
    }
    if (!e) {
        end(c, i);
        return;
    }
    counted(c, i, e == &cloud_throttling ? "TargetErrorThrottledCount" : "TargetErrorCount");
    i64 again_ms = c->now_ms + MIN(1ll << MIN(i->attempts - 1, 20), BACKOFF_MAX_S) * 1000;
    struct failure why = {.code = str_of(e->code), .message = arena_str(c->arena, c->error_message), .condition = exhausted(i, again_ms)};
    if (!why.condition) {
        set_task(c->txn, c->arena, i, again_ms);
        return;
    }
    if (i->target->dead_letter_arn.p) dead_letter(c, i, body, &why);
    else counted(c, i, "InvocationDroppedCount");
    end(c, i);
}

static void run(struct txn *t, struct invocation *i, i64 now_ms) {
    struct schedule_row s;
    bool there = schedule_load(t, txn_arena(t), i->account, i->region, i->group, i->name, &s) && s.id == i->schedule_id;
    if (there) attempt(call_for_task(t, &scheduler_service, i->account, i->region, now_ms), i);
}

err invocation_run(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct invocation i = {0};
    ASSERT(record_decode(a, &scheduler_invocation_record, arena_str(a, task->payload), &i));
    if (!i.first_ms) i.first_ms = now_ms;
    run(t, &i, now_ms);
    return NULL;
}

/* Any moment of the window is as good as another. */
static i64 within_window(const struct schedule_row *s) {
    u32 random;
    random_bytes(&random, sizeof random);
    return s->window_minutes ? (i64)(random % (u64)(s->window_minutes * 60000)) : 0;
}

err schedule_due(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    str name = arena_str(a, task->key), account = str_cut(&name, '/'), region = str_cut(&name, '/'), group = str_cut(&name, '/');
    struct schedule_row s;
    if (!schedule_load(t, a, account, region, group, name, &s)) return NULL;
    timing_set(t, a, &s, now_ms);
    struct invocation i = {.schedule_id = s.id, .account = account, .region = region, .group = group, .name = name, .execution = id_hex(a, 16), .scheduled_ms = now_ms,
                           .last = timing_next(a, &s, now_ms) < 0, .target = s.target};
    i64 later_ms = within_window(&s);
    if (later_ms) {
        set_task(t, a, &i, now_ms + later_ms);
        return NULL;
    }
    i.first_ms = now_ms;
    run(t, &i, now_ms);
    return NULL;
}

const struct task_kind scheduler_task_kinds[] = {
    {.name = "scheduler-fire", .run = schedule_due},
    {.name = "scheduler-invoke", .run = invocation_run},
    {.name = "scheduler-sweep", .run = group_sweep},
    {0},
};
