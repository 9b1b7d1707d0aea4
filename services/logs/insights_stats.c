/* What stats counts. Exact while there are few values; beyond, distinct values are estimated by HyperLogLog (2^12
 * registers: 1.6 %) and percentiles by buckets whose bounds grow by 1 % (so 0.5 %). */
#include "insights_plan.h"

#include <math.h>

enum { EXACT_DISTINCT = 1024, REGISTERS_LOG2 = 12, REGISTERS = 1 << REGISTERS_LOG2, EXACT_VALUES = 1000, BUCKETS = 8192 };

struct distinct {
    u64 *hashes; /* sorted; NULL once they are too many */
    u32 n;
    u8 *registers;
};
struct quantiles {
    double *exact; /* NULL once they are too many */
    u32 n, capacity;
    u32 *buckets; /* of positive values, then of negative ones */
    u64 zeros;
};
struct insights_accumulator {
    u64 count;
    double sum, mean, squares;
    struct insights_value best;
    char *room; /* its text's, which is used again */
    size_t room_bytes;
    i64 best_at;
    struct distinct distinct;
    struct quantiles quantiles;
};

struct insights_accumulator *insights_accumulators(struct arena *a, u32 n) { return NEW_ARRAY(a, struct insights_accumulator, n + 1); }
struct insights_accumulator *insights_accumulator_at(struct insights_accumulator *first, u32 index) { return first + index; }

/* ---- distinct values ---- */

static u64 hash_of(struct arena *scratch, const struct insights_value *v) {
    u64 h = str_hash(insights_show(scratch, v));
    h ^= h >> 33; /* the bits well mixed: registers go by the upper ones */
    h *= 0xff51afd7ed558ccdu;
    h ^= h >> 33;
    h *= 0xc4ceb9fe1a85ec53u;
    return h ^ h >> 33;
}

static void count_register(u8 *registers, u64 hash) {
    u64 rest = hash << REGISTERS_LOG2;
    u8 rank = (u8)(rest ? __builtin_clzll(rest) + 1 : 64 - REGISTERS_LOG2 + 1);
    u8 *r = &registers[hash >> (64 - REGISTERS_LOG2)];
    if (rank > *r) *r = rank;
}

static void count_distinct(struct arena *a, struct distinct *d, u64 hash) {
    if (d->registers) {
        count_register(d->registers, hash);
        return;
    }
    u32 from = 0, to = d->n;
    while (from < to) {
        u32 middle = (from + to) / 2;
        if (d->hashes[middle] < hash) from = middle + 1;
        else to = middle;
    }
    if (from < d->n && d->hashes[from] == hash) return;
    if (d->n == EXACT_DISTINCT) {
        d->registers = NEW_ARRAY(a, u8, REGISTERS);
        for (u32 i = 0; i < d->n; i++) count_register(d->registers, d->hashes[i]);
        count_register(d->registers, hash);
        return;
    }
    if (!(d->n & (d->n - 1)) || !d->n) { /* full at each power of two */
        u64 *more = NEW_ARRAY(a, u64, d->n ? 2 * d->n : 1);
        if (d->n) memcpy(more, d->hashes, d->n * sizeof *more);
        d->hashes = more;
    }
    memmove(d->hashes + from + 1, d->hashes + from, (d->n - from) * sizeof *d->hashes);
    d->hashes[from] = hash;
    d->n++;
}

static double distinct_count(const struct distinct *d) {
    if (!d->registers) return d->n;
    double sum = 0, m = REGISTERS;
    u32 empty = 0;
    for (u32 i = 0; i < REGISTERS; i++) {
        sum += ldexp(1, -d->registers[i]);
        empty += !d->registers[i];
    }
    double estimate = 0.7213 / (1 + 1.079 / m) * m * m / sum;
    if (estimate <= 2.5 * m && empty) estimate = m * log(m / empty);
    return rint(estimate);
}

/* ---- percentiles ---- */

static const double GROWTH = 1.01;
static u32 bucket_of(double magnitude) { /* 1e-12 and less are the first, about 1e23 and more the last */
    double i = ceil(log(magnitude / 1e-12) / log(GROWTH));
    return i < 0 ? 0 : i >= BUCKETS ? BUCKETS - 1 : (u32)i;
}
static double bucket_value(u32 i) { return 1e-12 * pow(GROWTH, i) * 2 / (1 + GROWTH); }

static void count_bucket(struct quantiles *q, double v) {
    if (v == 0) q->zeros++;
    else q->buckets[(v < 0 ? BUCKETS : 0) + bucket_of(fabs(v))]++;
}

static void count_value(struct arena *a, struct quantiles *q, double v) {
    if (q->buckets) {
        count_bucket(q, v);
        return;
    }
    if (q->n == EXACT_VALUES) {
        q->buckets = NEW_ARRAY(a, u32, 2 * BUCKETS);
        for (u32 i = 0; i < q->n; i++) count_bucket(q, q->exact[i]);
        count_bucket(q, v);
        return;
    }
    if (q->n == q->capacity) {
        q->capacity = q->capacity ? MIN(2 * q->capacity, (u32)EXACT_VALUES) : 4;
        double *more = NEW_ARRAY(a, double, q->capacity);
        if (q->n) memcpy(more, q->exact, q->n * sizeof *more);
        q->exact = more;
    }
    u32 i = q->n++;
    for (; i && q->exact[i - 1] > v; i--) q->exact[i] = q->exact[i - 1];
    q->exact[i] = v;
}

static double percentile(const struct quantiles *q, double percent, u64 count) {
    double rank = percent / 100 * (double)(count - 1);
    if (!q->buckets) {
        u32 below = (u32)rank;
        double part = rank - below;
        return below + 1 < q->n ? q->exact[below] + part * (q->exact[below + 1] - q->exact[below]) : q->exact[q->n - 1];
    }
    u64 left = (u64)rint(rank);
    for (u32 i = BUCKETS; i-- > 0; left -= q->buckets[BUCKETS + i])
        if (left < q->buckets[BUCKETS + i]) return -bucket_value(i);
    if (left < q->zeros) return 0;
    left -= q->zeros;
    for (u32 i = 0; i < BUCKETS; left -= q->buckets[i++])
        if (left < q->buckets[i]) return bucket_value(i);
    return bucket_value(BUCKETS - 1);
}

/* ---- one value more ---- */

static void keep(struct arena *a, struct insights_accumulator *of, const struct insights_value *v, i64 at_ms) {
    if (v->text.n > of->room_bytes) {
        of->room_bytes = 2 * v->text.n;
        of->room = NEW_ARRAY(a, char, of->room_bytes);
    }
    of->best = *v;
    of->best_at = at_ms;
    if (v->text.n) of->best.text.p = memcpy(of->room, v->text.p, v->text.n);
}

static bool is_better(const struct insights_accumulator *of, u8 kind, const struct insights_value *v, i64 at_ms) {
    int order = 0;
    if (of->best.type == INSIGHTS_UNKNOWN) return true;
    switch (kind) {
    case AGGREGATE_EARLIEST: return at_ms < of->best_at;
    case AGGREGATE_LATEST: return at_ms >= of->best_at;
    case AGGREGATE_SORTS_FIRST: return insights_natural(v, &of->best) < 0;
    case AGGREGATE_SORTS_LAST: return insights_natural(v, &of->best) > 0;
    default:
        if (!insights_order(v, &of->best, &order)) return false;
        return kind == AGGREGATE_MIN ? order < 0 : order > 0;
    }
}

void insights_accumulate(struct arena *a, struct insights_accumulator *of, const struct insights_aggregate *how, const struct insights_value *v, i64 at_ms) {
    double n = 0;
    if (!how->of) {
        of->count++;
        return;
    }
    if (v->type <= INSIGHTS_ABSENT) return;
    switch (how->kind) {
    case AGGREGATE_COUNT: of->count++; return;
    case AGGREGATE_DISTINCT: of->count++; count_distinct(a, &of->distinct, hash_of(a, v)); return;
    case AGGREGATE_MIN: case AGGREGATE_MAX: case AGGREGATE_EARLIEST: case AGGREGATE_LATEST: case AGGREGATE_SORTS_FIRST: case AGGREGATE_SORTS_LAST:
        of->count++;
        if (is_better(of, how->kind, v, at_ms)) keep(a, of, v, at_ms);
        return;
    default: break;
    }
    if (!insights_to_number(v, &n)) return;
    of->count++;
    of->sum += n;
    double before = n - of->mean;
    of->mean += before / (double)of->count;
    of->squares += before * (n - of->mean);
    if (how->kind == AGGREGATE_PCT || how->kind == AGGREGATE_MEDIAN) count_value(a, &of->quantiles, n);
}

struct insights_value insights_accumulated(const struct insights_accumulator *of, u32 index, const struct insights_aggregate *how) {
    of += index;
    if (how->kind == AGGREGATE_COUNT) return insights_number((double)of->count);
    if (how->kind == AGGREGATE_DISTINCT) return insights_number(distinct_count(&of->distinct));
    if (!of->count) return insights_absent();
    switch (how->kind) {
    case AGGREGATE_SUM: return insights_number(of->sum);
    case AGGREGATE_AVG: return insights_number(of->sum / (double)of->count);
    case AGGREGATE_STDDEV: return insights_number(sqrt(of->squares / (double)of->count));
    case AGGREGATE_PCT: return insights_number(percentile(&of->quantiles, how->percent, of->count));
    case AGGREGATE_MEDIAN: return insights_number(percentile(&of->quantiles, 50, of->count));
    default: return of->best;
    }
}
