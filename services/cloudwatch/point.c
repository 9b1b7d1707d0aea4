/* The point: what was put of a metric within a minute or second. It keeps the statistic set, and the values
 * themselves as long as they are few; many are rounded to logarithmic steps of at first 2 per cent. */
#include "cloudwatch.h"

#include <math.h>
#include <stdlib.h>

static int by_value(const void *x, const void *y) {
    double a = ((const struct sample *)x)->value, b = ((const struct sample *)y)->value;
    return (a > b) - (a < b);
}

static void unite(struct samples *s) { /* sorted; equal values together */
    u32 n = 0;
    for (u32 i = 0; i < s->n; i++) {
        if (n && s->v[n - 1].value == s->v[i].value) s->v[n - 1].count += s->v[i].count;
        else s->v[n++] = s->v[i];
    }
    s->n = n;
}

static void coarsen(struct point *p, double width) {
    p->width = width;
    for (u32 i = 0; i < p->samples.n; i++) {
        double v = p->samples.v[i].value;
        if (v != 0) p->samples.v[i].value = MIN(p->max, MAX(p->min, copysign(exp(round(log(fabs(v)) / width) * width), v)));
    }
    unite(&p->samples);
}

void point_add(struct arena *a, struct point *p, const struct point *more) {
    p->min = p->count == 0 ? more->min : MIN(p->min, more->min);
    p->max = p->count == 0 ? more->max : MAX(p->max, more->max);
    p->count += more->count;
    p->sum += more->sum;
    p->opaque |= more->opaque;
    struct samples s = {.v = NEW_ARRAY(a, struct sample, p->samples.n + more->samples.n + 1), .set = true};
    for (u32 i = 0; i < p->samples.n; i++) s.v[s.n++] = p->samples.v[i];
    for (u32 i = 0; i < more->samples.n; i++) s.v[s.n++] = more->samples.v[i];
    if (s.n) qsort(s.v, s.n, sizeof *s.v, by_value);
    unite(&s);
    p->samples = s;
    double width = MAX(p->width, more->width);
    if (width > 0) coarsen(p, width);
    for (width = MAX(width, 0.01); p->samples.n > SAMPLES_MAX;) coarsen(p, width *= 2);
}

struct key point_key(struct arena *a, u64 metric) {
    struct key k = key_new(a, S("cloudwatch-point"));
    key_u64(&k, metric);
    return k;
}

str point_row(struct arena *a, u64 metric, str unit, i64 at_ms) {
    struct key k = point_key(a, metric);
    key_str(&k, unit);
    key_i64(&k, at_ms);
    return key_bytes(&k);
}

/* In a row, a sample that was there once has no count, and what follows from a single sample is left out: most points
 * are of one value. */
str point_written(struct arena *a, const struct point *p) {
    struct point row = *p;
    row.samples.v = NEW_ARRAY(a, struct sample, p->samples.n + 1);
    for (u32 i = 0; i < p->samples.n; i++) row.samples.v[i] = (struct sample){p->samples.v[i].value, p->samples.v[i].count == 1 ? 0 : p->samples.v[i].count};
    const struct sample *only = p->samples.n == 1 && !p->opaque ? p->samples.v : NULL;
    if (only && only->count == p->count && only->value * only->count == p->sum && only->value == p->min && only->value == p->max) row.count = row.sum = row.min = row.max = 0;
    return record_encode(a, &cloudwatch_point_record, &row);
}

struct point point_read(struct arena *a, str row) {
    struct point p = {0};
    ASSERT(record_decode(a, &cloudwatch_point_record, arena_str(a, row), &p));
    for (u32 i = 0; i < p.samples.n; i++)
        if (p.samples.v[i].count == 0) p.samples.v[i].count = 1;
    if (p.count == 0 && p.samples.n == 1) {
        p.count = p.samples.v->count;
        p.sum = p.samples.v->value * p.count;
        p.min = p.max = p.samples.v->value;
    }
    return p;
}

const struct rest point_rests[RESTS] = {{3 * 3600000LL, 60000}, {15 * 86400000LL, 300000}, {63 * 86400000LL, 3600000}};

i64 point_rest_ms(i64 at_ms, i64 now_ms) {
    for (u32 i = RESTS; i-- > 0;) {
        i64 period_ms = point_rests[i].period_ms;
        if (at_ms - at_ms % period_ms + period_ms + point_rests[i].age_ms <= now_ms) return period_ms;
    }
    return 1000;
}

void point_put(struct txn *t, struct arena *a, u64 metric, str unit, i64 at_ms, const struct point *more) {
    struct point p = {0};
    str key = point_row(a, metric, unit, at_ms), row;
    if (txn_get(t, key, &row)) p = point_read(a, row);
    point_add(a, &p, more);
    txn_put(t, key, point_written(a, &p));
}

u32 units_of(struct txn *t, struct arena *a, u64 metric, str *units) {
    struct key k = point_key(a, metric);
    str prefix = key_bytes(&k), key, row, rest;
    u32 n = 0;
    struct range r = txn_range(t, prefix, key_after_prefix(a, prefix));
    while (n < UNITS_MAX && range_next(&r, &key, &row)) {
        rest = str_skip(arena_str(a, key), prefix.n);
        ASSERT(key_read_str(&rest, a, &units[n]));
        k = point_key(a, metric);
        key_str(&k, units[n++]);
        range_seek(&r, key_after_prefix(a, key_bytes(&k)));
    }
    return n;
}

static struct buckets points_of_unit(struct txn *t, struct arena *a, u64 metric, str unit, const struct span *span) {
    str key, row, from = point_row(a, metric, unit, span->from_ms), to = point_row(a, metric, unit, span->to_ms);
    struct key k = point_key(a, metric);
    key_str(&k, unit);
    size_t skip = key_bytes(&k).n;
    u32 capacity = 64;
    struct buckets b = {.v = NEW_ARRAY(a, struct bucket, capacity)};
    struct range r = txn_range(t, from, to);
    while (range_next(&r, &key, &row)) {
        str rest = str_skip(key, skip);
        i64 at;
        ASSERT(key_read_i64(&rest, &at));
        i64 rest_ms = point_rest_ms(at, span->now_ms); /* as if it had been united already */
        at -= at % rest_ms;
        if (rest_ms > span->period_ms || at < span->from_ms) continue;
        struct point p = point_read(a, row);
        at -= (at - span->from_ms) % span->period_ms;
        if (b.n == 0 || b.v[b.n - 1].at_ms != at) {
            if (b.n == capacity) {
                struct bucket *grown = NEW_ARRAY(a, struct bucket, capacity *= 2);
                memcpy(grown, b.v, b.n * sizeof *grown);
                b.v = grown;
            }
            b.v[b.n++] = (struct bucket){.at_ms = at, .unit = unit, .point = p};
        } else point_add(a, &b.v[b.n - 1].point, &p);
    }
    return b;
}

static int by_time(const void *x, const void *y) {
    i64 a = ((const struct bucket *)x)->at_ms, b = ((const struct bucket *)y)->at_ms;
    return (a > b) - (a < b);
}

struct buckets points_of(struct txn *t, struct arena *a, u64 metric, str unit, const struct span *span) {
    str units[UNITS_MAX];
    u32 n = 1, total = 0;
    if (unit.p) units[0] = unit;
    else n = units_of(t, a, metric, units);
    struct buckets of[UNITS_MAX], all;
    for (u32 i = 0; i < n; i++) total += (of[i] = points_of_unit(t, a, metric, units[i], span)).n;
    if (n == 1) return of[0];
    all = (struct buckets){.v = NEW_ARRAY(a, struct bucket, total + 1)};
    for (u32 i = 0; i < n; i++)
        for (u32 j = 0; j < of[i].n; j++) all.v[all.n++] = of[i].v[j];
    if (all.n) qsort(all.v, all.n, sizeof *all.v, by_time);
    u32 kept = 0;
    for (u32 i = 0; i < all.n; i++) {
        if (kept && all.v[kept - 1].at_ms == all.v[i].at_ms) point_add(a, &all.v[kept - 1].point, &all.v[i].point);
        else all.v[kept++] = all.v[i];
    }
    all.n = kept;
    return all;
}
