/* Metric math's functions of time and of arrays. */
#include "metric_math.h"

#include <math.h>
#include <stdlib.h>

/* ---- what time it is at each datapoint ---- */

bool math_is_calendar(str name) {
    static const char *const names[] = {"MINUTE", "HOUR", "DAY", "DATE", "MONTH", "YEAR", "EPOCH"};
    for (size_t i = 0; i < LENGTH(names); i++)
        if (str_eq(name, str_of(names[i]))) return true;
    return false;
}

double math_calendar(str name, i64 at_ms) {
    struct civil_time t = civil_of(at_ms);
    if (str_eq(name, S("MINUTE"))) return t.minute;
    if (str_eq(name, S("HOUR"))) return t.hour;
    if (str_eq(name, S("DAY"))) return (double)((at_ms / 86400000 + 3) % 7 + 1); /* Monday is 1 */
    if (str_eq(name, S("DATE"))) return t.day;
    if (str_eq(name, S("MONTH"))) return t.month;
    return str_eq(name, S("YEAR")) ? (double)t.year : (double)(at_ms / 1000);
}

/* ---- arrays ---- */

void math_remove_empty(struct math_value *x) {
    u32 n = 0;
    for (u32 i = 0; i < x->n; i++)
        if (x->v[i].n) x->v[n++] = x->v[i];
    x->n = n;
}

/* From `begin` to before `end`, counted from 0; one alone is a series. */
bool math_slice(struct math_value *x, double begin, double end, bool one) {
    if (x->type != MATH_ARRAY || begin < 0 || end < begin || begin >= x->n) return false;
    x->v += (u32)begin;
    x->n = (u32)MIN(end, (double)x->n + (double)(u32)begin) - (u32)begin;
    x->n = MIN(x->n, one ? 1 : x->n);
    if (one) x->type = MATH_SERIES;
    return true;
}

struct ranked {
    double by;
    u32 place;
    struct series series;
};

static int ascending(const void *x, const void *y) {
    const struct ranked *a = x, *b = y;
    if (a->by != b->by) return a->by < b->by ? -1 : 1;
    return (a->place > b->place) - (a->place < b->place);
}

static int descending(const void *x, const void *y) {
    const struct ranked *a = x, *b = y;
    if (a->by != b->by) return a->by > b->by ? -1 : 1;
    return (a->place > b->place) - (a->place < b->place);
}

void math_sort(struct arena *a, struct math_value *x, double (*by)(const struct series *s), bool descends, u32 max) {
    struct ranked *r = NEW_ARRAY(a, struct ranked, x->n + 1);
    for (u32 i = 0; i < x->n; i++) r[i] = (struct ranked){by(&x->v[i]), i, x->v[i]};
    if (x->n) qsort(r, x->n, sizeof *r, descends ? descending : ascending);
    struct series *sorted = NEW_ARRAY(a, struct series, x->n + 1);
    x->n = MIN(x->n, max);
    for (u32 i = 0; i < x->n; i++) sorted[i] = r[i].series;
    x->v = sorted;
}
