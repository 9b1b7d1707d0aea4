/* Metrics Insights over all metrics of an account and region. */
#include "cloudwatch.h"
#include "metric_select.h"

#include <stdlib.h>

enum { METRICS_MAX = 10000, DAYS_MAX = 14 };

struct group {
    str name; /* the values by which it is one */
    struct point *points; /* of each period */
    double rank;
    struct series series;
};
struct selection {
    struct query_run *run;
    const struct metric_select *select;
    i64 from_ms, period_ms;
    u32 periods;
    struct group *v;
    u32 n;
};

static str name_of(struct arena *a, const struct metric_select *s, const struct metric *m) {
    struct buf b = buf_new(a, 64 << 10);
    for (u32 i = 0; i < s->group_count; i++)
        for (u32 j = 0; j < m->dimensions.n; j++)
            if (str_eq(m->dimensions.v[j].key, s->groups[i])) buf_format(&b, "%s%.*s", b.n ? " " : "", STR_ARGS(m->dimensions.v[j].value));
    return buf_str(&b);
}

static struct group *group_of(struct selection *x, str name) {
    struct arena *a = x->run->c->arena;
    for (u32 i = 0; i < x->n; i++)
        if (str_eq(x->v[i].name, name)) return &x->v[i];
    if (x->n == SELECT_LIMIT_MAX) return NULL;
    x->v[x->n] = (struct group){.name = name, .points = NEW_ARRAY(a, struct point, x->periods + 1)};
    memset(x->v[x->n].points, 0, (x->periods + 1) * sizeof(struct point));
    return &x->v[x->n++];
}

static void add(struct selection *x, const struct metric *m) {
    struct call *c = x->run->c;
    struct span span = {.from_ms = x->from_ms, .to_ms = x->run->to_ms, .period_ms = x->period_ms, .now_ms = c->now_ms};
    struct buckets b = points_of(c->txn, c->arena, m->id, (str){0}, &span);
    struct group *g = b.n ? group_of(x, name_of(c->arena, x->select, m)) : NULL;
    for (u32 i = 0; g && i < b.n; i++) {
        struct point more = b.v[i].point;
        u32 at = (u32)((b.v[i].at_ms - x->from_ms) / x->period_ms);
        more.samples = (struct samples){0}; /* sums and extremes are all that is asked */
        if (at < x->periods) point_add(c->arena, &g->points[at], &more);
    }
}

static double value_of(u8 function, const struct point *p) {
    switch (function) {
    case SELECT_AVG: return p->sum / p->count;
    case SELECT_COUNT: return p->count;
    case SELECT_MAX: return p->max;
    case SELECT_MIN: return p->min;
    default: return p->sum;
    }
}

static void finish(struct selection *x, struct group *g) {
    struct arena *a = x->run->c->arena;
    struct point all = {0};
    g->series = (struct series){.at = NEW_ARRAY(a, i64, x->periods + 1), .v = NEW_ARRAY(a, double, x->periods + 1), .period_ms = x->period_ms, .id = g->name};
    for (u32 i = 0; i < x->periods; i++) {
        if (g->points[i].count <= 0) continue;
        g->series.at[g->series.n] = x->from_ms + i * x->period_ms;
        g->series.v[g->series.n++] = value_of(x->select->function, &g->points[i]);
        point_add(a, &all, &g->points[i]);
    }
    g->rank = all.count > 0 ? value_of(x->select->order, &all) : 0; /* the function over all of the time */
}

static int by_rank(const void *x, const void *y) {
    double a = ((const struct group *)x)->rank, b = ((const struct group *)y)->rank;
    return (a > b) - (a < b);
}
static int by_rank_down(const void *x, const void *y) { return by_rank(y, x); }
static int by_name(const void *x, const void *y) { return str_cmp(((const struct group *)x)->name, ((const struct group *)y)->name); }

bool metrics_select(struct query_run *run, str text, i64 period_ms, struct math_value *value, str *problem) {
    struct call *c = run->c;
    struct metric_select select;
    struct selection x = {.run = run, .select = &select, .period_ms = period_ms, .from_ms = period_ms ? run->from_ms - run->from_ms % period_ms : 0};
    u32 looked_at = 0;
    str key, row;
    if (!metric_select_read(c->arena, text, &select, problem)) return false;
    if (!period_ms) *problem = S("a query needs a Period");
    else if (c->now_ms - run->from_ms > (DAYS_MAX + 1) * day_ms) *problem = S("a query looks at the last two weeks at most");
    if (problem->p) return false;
    x.periods = run->to_ms > x.from_ms ? (u32)MIN((run->to_ms - x.from_ms + period_ms - 1) / period_ms, MATH_POINTS) : 0;
    x.v = NEW_ARRAY(c->arena, struct group, SELECT_LIMIT_MAX);
    struct key k = metrics_key(c->arena, c->account, c->region);
    key_str(&k, select.space);
    key_str(&k, select.metric);
    str prefix = key_bytes(&k);
    struct range r = txn_range(c->txn, prefix, key_after_prefix(c->arena, prefix));
    while (looked_at < METRICS_MAX && range_next(&r, &key, &row)) {
        struct metric m = {0};
        ASSERT(record_decode(c->arena, &cloudwatch_metric_record, arena_str(c->arena, row), &m));
        if (!metric_select_takes(&select, &m)) continue;
        looked_at++;
        add(&x, &m);
    }
    for (u32 i = 0; i < x.n; i++) finish(&x, &x.v[i]);
    if (x.n) qsort(x.v, x.n, sizeof *x.v, !select.ordered ? by_name : select.descends ? by_rank_down : by_rank);
    *value = (struct math_value){.type = select.group_count ? MATH_ARRAY : MATH_SERIES, .v = NEW_ARRAY(c->arena, struct series, SELECT_LIMIT_MAX), .n = MIN(x.n, select.limit)};
    for (u32 i = 0; i < value->n; i++) value->v[i] = x.v[i].series;
    if (!select.group_count && !value->n) value->v[value->n++] = (struct series){.period_ms = period_ms};
    return true;
}
