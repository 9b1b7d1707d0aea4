/* Dynamic labels: "[max: ${MAX}] ${PROP('MetricName')}". */
#include "cloudwatch.h"

struct summary {
    double sum, min, max, first, last;
    i64 first_ms, last_ms, min_ms, max_ms;
    u32 n;
};

static struct summary summarise(const struct series *s) {
    struct summary r = {.n = s->n};
    for (u32 i = 0; i < s->n; i++) {
        r.sum += s->v[i];
        if (i == 0 || s->v[i] < r.min) r.min = s->v[i], r.min_ms = s->at[i];
        if (i == 0 || s->v[i] > r.max) r.max = s->v[i], r.max_ms = s->at[i];
    }
    if (!s->n) return r;
    r.first = s->v[0], r.first_ms = s->at[0];
    r.last = s->v[s->n - 1], r.last_ms = s->at[s->n - 1];
    return r;
}

/* "+0200": minutes; what is no such thing is UTC */
static i64 offset_ms(str zone) {
    i64 hhmm;
    if (zone.n != 5 || (zone.p[0] != '+' && zone.p[0] != '-') || !str_to_i64(str_skip(zone, 1), &hhmm)) return 0;
    i64 ms = (hhmm / 100 * 60 + hhmm % 100) * 60000;
    return zone.p[0] == '-' ? -ms : ms;
}

static void add_time(struct buf *b, i64 ms, i64 offset) {
    struct civil_time t = civil_of(ms + offset);
    buf_format(b, "%04d-%02d-%02d %02d:%02d:%02d", (int)t.year, t.month, t.day, t.hour, t.minute, t.second);
}

static bool add_property(struct call *c, struct buf *b, const struct cloudwatch_metric_data_query *q, str name) {
    const struct cloudwatch_metric_stat *stat = q->metric_stat;
    if (str_eq(name, S("AccountId"))) buf_add(b, c->account);
    else if (str_eq(name, S("Region"))) buf_add(b, c->region);
    else if (!stat) return false;
    else if (str_eq(name, S("MetricName"))) buf_add(b, stat->metric->metric_name);
    else if (str_eq(name, S("Namespace"))) buf_add(b, stat->metric->namespace);
    else if (str_eq(name, S("Stat"))) buf_add(b, stat->stat);
    else if (str_eq(name, S("Period"))) buf_format(b, "%d", stat->period.v);
    else if (str_starts(name, S("Dim."))) {
        for (u32 i = 0; i < stat->metric->dimensions.n; i++)
            if (str_eq(stat->metric->dimensions.v[i].name, str_skip(name, 4))) buf_add(b, stat->metric->dimensions.v[i].value);
    } else return false;
    return true;
}

static bool add_value(struct buf *b, const struct summary *s, str name, i64 offset) {
    static const struct {
        const char *name;
        size_t offset;
    } numbers[] = {{"SUM", offsetof(struct summary, sum)}, {"MIN", offsetof(struct summary, min)}, {"MAX", offsetof(struct summary, max)},
                   {"FIRST", offsetof(struct summary, first)}, {"LAST", offsetof(struct summary, last)}},
      times[] = {{"FIRST_TIME", offsetof(struct summary, first_ms)}, {"LAST_TIME", offsetof(struct summary, last_ms)},
                 {"MIN_TIME", offsetof(struct summary, min_ms)}, {"MAX_TIME", offsetof(struct summary, max_ms)}};
    for (size_t i = 0; i < LENGTH(numbers); i++)
        if (str_eq(name, str_of(numbers[i].name))) {
            if (s->n) buf_format(b, "%.6g", *(const double *)((const char *)s + numbers[i].offset));
            else buf_add(b, S("--"));
            return true;
        }
    for (size_t i = 0; i < LENGTH(times); i++)
        if (str_eq(name, str_of(times[i].name))) {
            if (s->n) add_time(b, *(const i64 *)((const char *)s + times[i].offset), offset);
            else buf_add(b, S("--"));
            return true;
        }
    if (str_eq(name, S("DATAPOINT_COUNT"))) buf_format(b, "%u", s->n);
    else if (str_eq(name, S("AVG"))) buf_format(b, s->n ? "%.6g" : "--", s->n ? s->sum / s->n : 0);
    else if (str_eq(name, S("MIN_MAX_RANGE"))) buf_format(b, s->n ? "%.6g - %.6g" : "--", s->min, s->max);
    else if (str_eq(name, S("FIRST_LAST_RANGE"))) buf_format(b, s->n ? "%.6g - %.6g" : "--", s->first, s->last);
    else return false;
    return true;
}

str label_expand(struct call *c, str label, const struct series *s, const struct cloudwatch_metric_data_query *q, str own, str timezone) {
    struct buf b = buf_new(c->arena, 64 << 10);
    struct summary sum = summarise(s);
    if (str_find(label, S("${")) == STR_NONE) return label;
    while (label.n) {
        size_t at = str_find(label, S("${")), end = at == STR_NONE ? STR_NONE : str_find_char(str_skip(label, at), '}');
        if (end == STR_NONE) break;
        str name = str_take(str_skip(label, at + 2), end - 2);
        buf_add(&b, str_take(label, at));
        bool property = str_starts(name, S("PROP('")) && str_ends(name, S("')"));
        bool known = property ? add_property(c, &b, q, str_take(str_skip(name, 6), name.n - 8)) : add_value(&b, &sum, name, offset_ms(timezone));
        if (!known && str_eq(name, S("LABEL"))) buf_add(&b, own);
        else if (!known) buf_add(&b, str_take(str_skip(label, at), end + 1)); /* as it stands */
        label = str_skip(label, at + end + 1);
    }
    buf_add(&b, label);
    return b.over ? S("") : buf_str(&b);
}
