/* A trail's events in CloudWatch Logs: in the trail's role, a stream for each account and region. */
#include "cloudtrail.h"

#include "gen/logs.h"

enum { EVENT_MAX = 256 << 10, CALL_BYTES = 1 << 20, CALL_EVENTS = 10000, EVENT_OVERHEAD = 26, CALL_SPAN_MS = 86400000 };

struct target {
    struct call *c;
    struct call_other other;
    str group;
};

/* "arn:aws:logs:us-east-1:123456789012:log-group:NAME:*" */
static bool target_of(struct call *c, const struct ct_trail *trail, struct target *to) {
    struct arn arn;
    if (!arn_parse(trail->logs_group_arn, &arn) || !str_eq(arn.service, S("logs")) || !str_starts(arn.resource, S("log-group:"))) return false;
    str name = str_skip(arn.resource, 10);
    if (str_ends(name, S(":*"))) name = str_take(name, name.n - 2);
    *to = (struct target){c, {.service = &logs_service, .as = CALL_AS_ROLE, .account = arn.account, .region = arn.region, .source_arn = trail->arn, .role_arn = trail->logs_role_arn}, name};
    return name.n > 0;
}

static str stream_of(struct call *c, str account, str region) { return arena_format(c->arena, "%.*s_CloudTrail_%.*s", STR_ARGS(account), STR_ARGS(region)); }

/* A stream that is there already is as good. */
static err make_stream(struct target *to, str stream) {
    struct logs_create_log_stream_request in = {.log_group_name = to->group, .log_stream_name = stream};
    struct wire_unit none;
    to->other.op = LOGS_OP_CREATE_LOG_STREAM;
    err e = call_service(to->c, &to->other, &in, &none);
    return e == &logs_resource_already_exists_exception ? NULL : e;
}

err ct_logs_check(struct call *c, const struct ct_trail *trail) {
    struct target to;
    if (!trail->logs_group_arn.n && !trail->logs_role_arn.n) return NULL;
    if (!trail->logs_role_arn.n || !trail->logs_group_arn.n)
        return fail(c, &cloudtrail_invalid_cloudwatch_logs_role_arn_exception, "You must specify a role ARN as well as a log group.");
    if (!target_of(c, trail, &to))
        return fail(c, &cloudtrail_invalid_cloudwatch_logs_log_group_arn_exception, "The CloudWatch Logs log group ARN is not valid: %.*s", STR_ARGS(trail->logs_group_arn));
    TRY(pass_role(c, trail->logs_role_arn, S("cloudtrail.amazonaws.com")));
    err e = make_stream(&to, stream_of(c, trail->account, trail->region));
    if (!e) return NULL;
    if (e == &logs_resource_not_found_exception)
        return fail(c, &cloudtrail_invalid_cloudwatch_logs_log_group_arn_exception, "CloudTrail cannot validate the specified log group ARN.");
    return fail(c, &cloudtrail_invalid_cloudwatch_logs_role_arn_exception, "Access denied. Check the permissions for your role.");
}

/* As many events as one call takes, from the first on; what is too long for Logs is in the bucket alone. */
static u32 next_call(struct call *c, const struct ct_line *v, u32 n, struct logs_input_log_events *list) {
    size_t bytes = 0;
    u32 i = 0;
    *list = (struct logs_input_log_events){.v = NEW_ARRAY(c->arena, struct logs_input_log_event, MIN(n, (u32)CALL_EVENTS)), .set = true};
    for (; i < n && list->n < CALL_EVENTS; i++) {
        size_t size = v[i].json.n + EVENT_OVERHEAD;
        if (v[i].json.n > EVENT_MAX) continue;
        if (bytes + size > CALL_BYTES || v[i].time_ms - v[0].time_ms > CALL_SPAN_MS) break;
        list->v[list->n++] = (struct logs_input_log_event){.timestamp = SOME_I64(v[i].time_ms), .message = v[i].json};
        bytes += size;
    }
    return i;
}

/* Of one account and region, by time. */
static err put_stream(struct target *to, const struct ct_line *v, u32 n) {
    str stream = stream_of(to->c, v[0].account, v[0].region);
    TRY(make_stream(to, stream));
    for (u32 i = 0; i < n;) {
        struct logs_put_log_events_request in = {.log_group_name = to->group, .log_stream_name = stream};
        struct logs_put_log_events_response out;
        i += next_call(to->c, v + i, n - i, &in.log_events);
        if (!in.log_events.n) continue;
        to->other.op = LOGS_OP_PUT_LOG_EVENTS;
        TRY(call_service(to->c, &to->other, &in, &out));
    }
    return NULL;
}

err ct_logs_put(struct call *c, const struct ct_trail *trail, const struct ct_line *v, u32 n) {
    struct target to;
    if (!trail->logs_group_arn.n || !target_of(c, trail, &to)) return NULL;
    for (u32 from = 0, end; from < n; from = end) {
        for (end = from + 1; end < n && str_eq(v[end].account, v[from].account) && str_eq(v[end].region, v[from].region);) end++;
        TRY(put_stream(&to, v + from, end - from));
    }
    return NULL;
}
