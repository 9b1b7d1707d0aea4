/* When a schedule is due: its expression in its time zone, between its start and its end. */
#include "scheduler.h"

#include "cloud/schedule.h"

enum { START_BACK_MS = 300000 };

static err refuse_zone(struct call *c, const struct schedule_row *s) {
    const struct zone *zone;
    switch (zone_open(c->arena, s->zone, &zone)) {
    case ZONE_FOUND: return NULL;
    case ZONE_UNKNOWN: return fail(c, &scheduler_validation_exception, "Invalid ScheduleExpressionTimezone %.*s.", STR_ARGS(s->zone));
    case ZONE_NO_DATA: break;
    }
    return fail(c, &cloud_not_implemented, "brume finds no time zones on this machine but UTC: it needs the package tzdata (/usr/share/zoneinfo).");
}

err timing_check(struct call *c, const struct schedule_row *s) {
    struct schedule parsed;
    if (!schedule_parse(s->expression, &parsed)) return fail(c, &scheduler_validation_exception, "Invalid Schedule Expression %.*s.", STR_ARGS(s->expression));
    TRY(refuse_zone(c, s));
    if (s->start_ms && s->start_ms < c->now_ms - START_BACK_MS)
        return fail(c, &scheduler_validation_exception, "The StartDate you specify cannot be earlier than 5 minutes ago.");
    if (s->end_ms && s->end_ms <= MAX(s->start_ms, c->now_ms))
        return fail(c, &scheduler_validation_exception, "The EndDate you specify must come after the StartDate and must be in the future.");
    return NULL;
}

i64 timing_next(struct arena *a, const struct schedule_row *s, i64 after_ms) {
    struct schedule parsed;
    const struct zone *zone;
    i64 next, since = s->start_ms ? s->start_ms : s->created_ms;
    if (!schedule_parse(s->expression, &parsed) || zone_open(a, s->zone, &zone) != ZONE_FOUND) return -1;
    if (parsed.kind == SCHEDULE_AT) return schedule_next_in(&parsed, zone, after_ms); /* knows no start and no end. DIFFERS: one that has passed never runs */
    if (parsed.kind == SCHEDULE_RATE) next = after_ms < since ? since : since + ((after_ms - since) / parsed.rate_ms + 1) * parsed.rate_ms;
    else next = schedule_next_in(&parsed, zone, MAX(after_ms, s->start_ms - 1));
    return s->end_ms && next > s->end_ms ? -1 : next;
}

str timing_task_key(struct arena *a, const struct schedule_row *s) {
    return arena_format(a, "%.*s/%.*s/%.*s/%.*s", STR_ARGS(s->account), STR_ARGS(s->region), STR_ARGS(s->group), STR_ARGS(s->name));
}

void timing_set(struct txn *t, struct arena *a, const struct schedule_row *s, i64 after_ms) {
    str key = timing_task_key(a, s);
    i64 next = str_eq(s->state, S("ENABLED")) ? timing_next(a, s, after_ms) : -1;
    if (next >= 0) txn_task_set(t, &(struct task){.kind = S("scheduler-fire"), .key = key, .due_ms = next});
    else txn_task_cancel(t, S("scheduler-fire"), key);
}
