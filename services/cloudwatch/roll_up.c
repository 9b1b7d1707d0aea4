/* Old data united on the disk, once a day and a slice at a time: what came by the second becomes a row a minute after
 * three hours, a row of five minutes after 15 days, one of an hour after 63 (point_rests). Nobody sees when it happens:
 * who reads treats a point that old as if it had been (point.c). A slice that runs twice changes nothing. */
#include "cloudwatch.h"

enum { ROWS_AT_ONCE = 500, YOUNG_DAYS = 64 /* behind its last data, a metric has nothing left to unite */ };

static void go_on(struct txn *t, str metric_row, const struct roll_up *r, i64 due_ms) {
    struct task task = {.kind = S("cloudwatch-roll-up"), .key = metric_row, .due_ms = due_ms};
    task.payload = record_encode(txn_arena(t), &cloudwatch_roll_up_record, r);
    txn_task_set(t, &task);
}

void roll_up_begin(struct txn *t, str metric_row, i64 now_ms) {
    struct task task;
    if (!txn_task_get(t, S("cloudwatch-roll-up"), metric_row, &task)) go_on(t, metric_row, &(struct roll_up){0}, now_ms + day_ms);
}

/* Behind the last period of this length that lay whole behind the age then. */
static i64 united_until(const struct rest *rest, i64 now_ms) {
    i64 until = MAX(0, now_ms - rest->age_ms);
    return until - until % rest->period_ms;
}

/* The rows of a unit from r->at_ms on; false: *left ran out, and r->at_ms is where to go on. */
static bool unite(struct txn *t, u64 metric, struct roll_up *r, u32 *left) {
    struct arena *a = txn_arena(t);
    const struct rest *rest = &point_rests[r->rest];
    str from = point_row(a, metric, r->unit, r->at_ms), to = point_row(a, metric, r->unit, united_until(rest, r->now_ms)), key, row;
    struct key unit = point_key(a, metric);
    key_str(&unit, r->unit);
    size_t skip = key_bytes(&unit).n;
    i64 period = -1;
    struct point all = {0};
    u32 rows = 0; /* that `all` came from; one at the period's beginning stays as it is */
    bool whole = true;
    struct range range = txn_range(t, from, to);
    while (range_next(&range, &key, &row)) {
        str time = str_skip(arena_str(a, key), skip);
        i64 at;
        ASSERT(key_read_i64(&time, &at));
        if (!(whole = *left > 0)) break;
        (*left)--;
        i64 begin = at - at % rest->period_ms;
        if (begin != period) {
            if (rows) txn_put(t, point_row(a, metric, r->unit, period), point_written(a, &all));
            all = (struct point){0};
            rows = 0;
            period = begin;
        }
        struct point p = point_read(a, row);
        point_add(a, &all, &p);
        if (at != begin) txn_delete(t, arena_str(a, key));
        rows += at != begin;
    }
    if (rows) txn_put(t, point_row(a, metric, r->unit, period), point_written(a, &all));
    if (period >= 0) r->at_ms = period;
    return whole;
}

err roll_up_run(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct metric metric = {0};
    struct roll_up r = {0};
    str units[UNITS_MAX], name = arena_str(a, task->key), row, begun;
    u32 left = ROWS_AT_ONCE;
    if (!txn_get(t, name, &row)) return NULL;
    ASSERT(record_decode(a, &cloudwatch_metric_record, arena_str(a, row), &metric));
    ASSERT(record_decode(a, &cloudwatch_roll_up_record, arena_str(a, task->payload), &r));
    if (!r.now_ms) r.now_ms = now_ms;
    begun = r.unit;
    for (u32 n = units_of(t, a, metric.id, units); r.rest < RESTS; r.rest++, begun = (str){0})
        for (u32 i = 0; i < n; i++) {
            if (begun.p && str_cmp(units[i], begun) < 0) continue;
            if (!begun.p || !str_eq(units[i], begun)) r.at_ms = r.done_ms ? united_until(&point_rests[r.rest], r.done_ms) : 0;
            r.unit = units[i];
            if (unite(t, metric.id, &r, &left)) continue;
            go_on(t, name, &r, 0);
            return NULL;
        }
    if (metric.last_ms + YOUNG_DAYS * day_ms > now_ms) go_on(t, name, &(struct roll_up){.done_ms = r.now_ms}, r.now_ms + day_ms);
    return NULL;
}
