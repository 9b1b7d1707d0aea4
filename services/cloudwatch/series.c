/* A statistic of one metric over the time that is asked about: what searches, bands and queries are made of. */
#include "cloudwatch.h"

struct series query_metric(struct query_run *run, struct metric *m, const struct statistic *s, str unit, i64 period_ms) {
    struct call *c = run->c;
    struct buckets b = {0};
    struct span span = {.from_ms = run->from_ms - run->from_ms % period_ms, .to_ms = run->to_ms, .period_ms = period_ms, .now_ms = c->now_ms};
    if (m->id || metric_load(c->txn, c->arena, c->account, c->region, m)) b = points_of(c->txn, c->arena, m->id, unit, &span);
    struct series series = {.at = NEW_ARRAY(c->arena, i64, b.n + 1), .v = NEW_ARRAY(c->arena, double, b.n + 1), .period_ms = period_ms};
    for (u32 i = 0; i < b.n; i++) {
        if (!statistic_of(s, &b.v[i].point, &series.v[series.n])) continue;
        series.at[series.n++] = b.v[i].at_ms;
    }
    return series;
}
