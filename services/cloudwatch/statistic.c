/* Statistics by their names, and what they are of a point. A percentile is the smallest value at or below which
 * that share of the samples lies. */
#include "cloudwatch.h"

#include <math.h>

enum kind { SAMPLE_COUNT, AVERAGE, SUM, MINIMUM, MAXIMUM, PERCENTILE, TRIMMED_MEAN, WINSORIZED_MEAN, TRIMMED_COUNT, TRIMMED_SUM, PERCENTILE_RANK };

static bool bound(str text, struct statistic *s, double *value, bool *has) {
    *has = text.n > 0;
    if (!*has) return true;
    bool percent = str_ends(text, S("%"));
    if (percent) text = str_take(text, text.n - 1), s->percent = true;
    else if (s->percent) return false;
    return str_to_f64(text, value) && (!percent || (*value >= 0 && *value <= 100));
}

/* TM(10%:90%) */
static bool parse_range(str text, struct statistic *s) {
    static const struct {
        const char *name;
        u8 kind;
    } names[] = {{"TM(", TRIMMED_MEAN}, {"WM(", WINSORIZED_MEAN}, {"TC(", TRIMMED_COUNT}, {"TS(", TRIMMED_SUM}, {"PR(", PERCENTILE_RANK}};
    for (size_t i = 0; i < LENGTH(names); i++) {
        if (!str_starts(text, str_of(names[i].name)) || !str_ends(text, S(")"))) continue;
        s->kind = names[i].kind;
        str rest = str_take(str_skip(text, 3), text.n - 4), low = str_cut(&rest, ':');
        bool ok = rest.p && bound(low, s, &s->low, &s->has_low) && bound(rest, s, &s->high, &s->has_high);
        return ok && (s->has_low || s->has_high) && !(s->percent && s->kind == PERCENTILE_RANK);
    }
    return false;
}

bool statistic_parse(str text, struct statistic *s) {
    static const struct {
        const char *name;
        u8 kind;
    } plain[] = {{"SampleCount", SAMPLE_COUNT}, {"Average", AVERAGE}, {"Sum", SUM}, {"Minimum", MINIMUM}, {"Maximum", MAXIMUM}},
      upper[] = {{"tm", TRIMMED_MEAN}, {"wm", WINSORIZED_MEAN}, {"tc", TRIMMED_COUNT}, {"ts", TRIMMED_SUM}, {"p", PERCENTILE}};
    *s = (struct statistic){0};
    for (size_t i = 0; i < LENGTH(plain); i++)
        if (str_eq(text, str_of(plain[i].name))) {
            s->kind = plain[i].kind;
            return true;
        }
    if (str_eq(text, S("IQM"))) {
        *s = (struct statistic){.kind = TRIMMED_MEAN, .low = 25, .high = 75, .has_low = true, .has_high = true, .percent = true};
        return true;
    }
    for (size_t i = 0; i < LENGTH(upper); i++) {
        str name = str_of(upper[i].name);
        if (!str_starts(text, name)) continue;
        *s = (struct statistic){.kind = upper[i].kind, .has_high = true, .percent = true};
        return str_to_f64(str_skip(text, name.n), &s->high) && s->high >= 0 && s->high <= 100;
    }
    return parse_range(text, s);
}

static double percentile(const struct point *p, double per_cent) {
    double wanted = per_cent / 100 * p->count, seen = 0;
    for (u32 i = 0; i < p->samples.n; i++) {
        seen += p->samples.v[i].count;
        if (seen >= wanted * (1 - 1e-12)) return p->samples.v[i].value;
    }
    return p->max;
}

static bool between(const struct statistic *s, const struct point *p, double *value) {
    double seen = 0, n = 0, sum = 0;
    double low = s->has_low ? s->percent ? percentile(p, s->low) : s->low : p->min, high = s->has_high ? s->percent ? percentile(p, s->high) : s->high : p->max;
    for (u32 i = 0; i < p->samples.n; i++) {
        double v = p->samples.v[i].value, count = p->samples.v[i].count, inside = count;
        if (s->percent && s->kind != WINSORIZED_MEAN) { /* the share of this value that lies within */
            double from = s->has_low ? s->low / 100 * p->count : 0, to = s->has_high ? s->high / 100 * p->count : p->count;
            inside = MAX(0, MIN(to, seen + count) - MAX(from, seen));
        } else if (s->kind == WINSORIZED_MEAN) v = MIN(high, MAX(low, v));
        else inside = (!s->has_low || v > low) && v <= high ? count : 0;
        seen += count;
        n += inside;
        sum += v * inside;
    }
    *value = s->kind == TRIMMED_COUNT ? n : s->kind == TRIMMED_SUM ? sum : s->kind == PERCENTILE_RANK ? n / p->count * 100 : sum / n;
    return isfinite(*value);
}

bool statistic_of(const struct statistic *s, const struct point *p, double *value) {
    if (s->kind == SAMPLE_COUNT) *value = p->count;
    else if (s->kind == AVERAGE) *value = p->sum / p->count;
    else if (s->kind == SUM) *value = p->sum;
    else if (s->kind == MINIMUM) *value = p->min;
    else if (s->kind == MAXIMUM) *value = p->max;
    else if (p->opaque || p->count <= 0) return false;
    else if (s->kind == PERCENTILE) *value = percentile(p, s->high);
    else return between(s, p, value);
    return isfinite(*value);
}
