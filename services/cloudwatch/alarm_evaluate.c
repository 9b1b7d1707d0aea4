/* An alarm's metric, looked at each minute over the periods that end then: the last datapoints held against the threshold.
 * It looks at two periods more than it evaluates, as AWS does: what came late or is missing is made up for by older
 * datapoints. */
#include "cloudwatch.h"

#include "text/json.h"

enum { MORE_PERIODS = 2, TOLD_MAX = 50 /* datapoints in the reason's data */ };

struct datapoint {
    i64 at_ms;
    double value, samples /* 0: an expression's */, low, high /* of a band */;
    bool breaching;
};
struct look {
    const struct alarm *alarm;
    struct datapoint *v; /* newest first */
    u32 n, breaching;
    i64 missing; /* that no older one makes up for */
    i64 from_ms, now_ms;
};

static bool breaches(const struct alarm *m, const struct datapoint *d) {
    double v = d->value;
    if (str_eq(m->comparison, S("GreaterThanThreshold"))) return v > m->threshold;
    if (str_eq(m->comparison, S("GreaterThanOrEqualToThreshold"))) return v >= m->threshold;
    if (str_eq(m->comparison, S("LessThanThreshold"))) return v < m->threshold;
    if (str_eq(m->comparison, S("GreaterThanUpperThreshold"))) return v > d->high;
    if (str_eq(m->comparison, S("LessThanLowerThreshold"))) return v < d->low;
    if (str_eq(m->comparison, S("LessThanLowerOrGreaterThanUpperThreshold"))) return v < d->low || v > d->high;
    return v <= m->threshold;
}

struct datapoints { /* ascending */
    struct datapoint *v;
    u32 n;
};

static struct datapoints of_metric(struct call *c, const struct alarm *m, const struct span *span) {
    struct metric metric = {.space = m->space, .name = m->metric, .dimensions = m->dimensions};
    struct buckets b = {0};
    struct statistic s;
    ASSERT(statistic_parse(m->statistic, &s));
    if (metric_load(c->txn, c->arena, m->account, m->region, &metric)) b = points_of(c->txn, c->arena, metric.id, m->unit, span);
    struct datapoints all = {.v = NEW_ARRAY(c->arena, struct datapoint, b.n + 1)};
    for (u32 i = 0; i < b.n; i++) {
        struct datapoint *d = &all.v[all.n];
        *d = (struct datapoint){.at_ms = b.v[i].at_ms, .samples = b.v[i].point.count};
        all.n += statistic_of(&s, &b.v[i].point, &d->value);
    }
    return all;
}

static bool value_at(const struct series *s, i64 at, double *v) {
    for (u32 i = 0; i < s->n; i++)
        if (s->at[i] == at) {
            *v = s->v[i];
            return true;
        }
    return false;
}

/* The query that returns data, beside the band that is its threshold. What cannot be worked out any more has no
 * datapoints. */
static struct datapoints of_queries(struct call *c, const struct alarm *m, const struct span *span) {
    struct cloudwatch_metric_data_queries queries = alarm_queries_shown(c->arena, &m->queries);
    struct query_run *run;
    struct query_answer line = {0}, band = {0};
    struct datapoints all = {0};
    if (queries_open(c, &queries, span->from_ms, span->to_ms, &run)) return all;
    for (u32 i = 0; i < queries.n; i++) {
        bool threshold = m->threshold_id.p && str_eq(m->threshold_id, queries.v[i].id);
        if (!threshold && m->queries.v[i].hidden) continue;
        if (query_series(c, run, i, threshold ? &band : &line)) return all;
    }
    if (line.n != 1 || (m->threshold_id.p && band.n != 2)) return all;
    all.v = NEW_ARRAY(c->arena, struct datapoint, line.v->n + 1);
    for (u32 i = 0; i < line.v->n; i++) {
        struct datapoint *d = &all.v[all.n];
        *d = (struct datapoint){.at_ms = line.v->at[i], .value = line.v->v[i]};
        all.n += d->at_ms >= span->from_ms && d->at_ms < span->to_ms && (!band.n || (value_at(&band.v[0], d->at_ms, &d->high) && value_at(&band.v[1], d->at_ms, &d->low)));
    }
    return all;
}

static struct look look(struct call *c, const struct alarm *m) {
    i64 period_ms = alarm_period_s(m) * 1000, step_ms = m->queries.n ? period_ms : alarm_step_ms(m), to = c->now_ms - c->now_ms % step_ms;
    struct span span = {.from_ms = to - (m->periods + MORE_PERIODS) * period_ms, .to_ms = to, .period_ms = period_ms, .now_ms = c->now_ms};
    struct datapoints all = m->queries.n ? of_queries(c, m, &span) : of_metric(c, m, &span);
    struct look l = {.alarm = m, .v = NEW_ARRAY(c->arena, struct datapoint, (u32)m->periods), .from_ms = span.to_ms - m->periods * period_ms, .now_ms = c->now_ms};
    for (u32 i = all.n; i-- > 0 && l.n < m->periods;) {
        struct datapoint *d = &l.v[l.n++];
        *d = all.v[i];
        d->breaching = breaches(m, d);
        l.breaching += d->breaching;
        l.from_ms = MIN(l.from_ms, d->at_ms);
    }
    l.missing = m->periods - l.n;
    return l;
}

static i64 needed(const struct alarm *m) { return m->to_alarm ? m->to_alarm : m->periods; }

/* Absent: it stays as it is. */
static str state_of(const struct look *l) {
    const struct alarm *m = l->alarm;
    str treat = m->missing.p ? m->missing : S("missing");
    bool alarm = l->breaching >= needed(m), fine = l->n - l->breaching > m->periods - needed(m);
    if (alarm) return S("ALARM");
    if (fine || l->missing == 0 || str_eq(treat, S("notBreaching"))) return S("OK");
    if (str_eq(treat, S("breaching"))) return l->breaching + l->missing >= needed(m) ? S("ALARM") : S("OK");
    if (str_eq(treat, S("ignore"))) return (str){0};
    if (l->n == 0) return S("INSUFFICIENT_DATA");
    return l->breaching == l->n ? S("ALARM") : S("OK");
}

static const char *words(const struct alarm *m) {
    if (str_eq(m->comparison, S("GreaterThanThreshold"))) return "greater than";
    if (str_eq(m->comparison, S("GreaterThanOrEqualToThreshold"))) return "greater than or equal to";
    if (str_eq(m->comparison, S("LessThanThreshold"))) return "less than";
    if (str_eq(m->comparison, S("GreaterThanUpperThreshold"))) return "greater than the upper thresholds";
    if (str_eq(m->comparison, S("LessThanLowerThreshold"))) return "less than the lower thresholds";
    if (str_eq(m->comparison, S("LessThanLowerOrGreaterThanUpperThreshold"))) return "less than the lower thresholds or greater than the upper thresholds";
    return "less than or equal to";
}

/* " [1.5, 2.5]": the bounds of a band that the datapoints were held against */
static void band_words(struct buf *b, const struct look *l, bool breaching) {
    bool low = str_eq(l->alarm->comparison, S("LessThanLowerThreshold")), first = true;
    buf_add(b, S(" ["));
    for (u32 i = 0; i < l->n && b->n < 900; i++) {
        if (l->v[i].breaching != breaching) continue;
        buf_add(b, first ? S("") : S(", "));
        buf_f64(b, low || (str_starts(l->alarm->comparison, S("LessThanLowerOr")) && l->v[i].value < l->v[i].low) ? l->v[i].low : l->v[i].high);
        first = false;
    }
    buf_add(b, S("]"));
}

/* "Threshold Crossed: 1 datapoint [21.5 (22/11/26 06:44:00)] was greater than the threshold (21.0)." */
static str reason_of(struct arena *a, const struct look *l, str state) {
    const struct alarm *m = l->alarm;
    struct buf b = buf_new(a, 1023);
    const char *plural = l->missing == 1 ? "" : "s", *were = l->missing == 1 ? "was" : "were";
    bool alarm = str_eq(state, S("ALARM")), part = needed(m) < m->periods, first = true;
    u32 shown = alarm ? l->breaching : l->n - l->breaching;
    if (str_eq(state, S("INSUFFICIENT_DATA"))) return arena_format(a, "Insufficient Data: %lld datapoint%s %s unknown.", (long long)l->missing, plural, were);
    if (l->n == 0)
        return arena_format(a, "Threshold Crossed: no datapoints were received for %lld period%s and %lld missing datapoint%s %s treated as [%s].", (long long)l->missing, plural,
                            (long long)l->missing, plural, were, str_eq(m->missing, S("breaching")) ? "Breaching" : "NonBreaching");
    const char *crossed = m->threshold_id.p ? "Thresholds Crossed" : "Threshold Crossed";
    if (part) buf_format(&b, "%s: %u out of the last %lld datapoints [", crossed, shown, (long long)m->periods);
    else buf_format(&b, "%s: %u datapoint%s [", crossed, shown, shown == 1 ? "" : "s");
    for (u32 i = 0; i < l->n && b.n < 800; i++) {
        if (l->v[i].breaching != alarm) continue;
        struct civil_time t = civil_of(l->v[i].at_ms);
        buf_add(&b, first ? S("") : S(", "));
        buf_f64(&b, l->v[i].value);
        buf_format(&b, " (%02d/%02d/%02d %02d:%02d:%02d)", t.day, t.month, (int)(t.year % 100), t.hour, t.minute, t.second);
        first = false;
    }
    buf_format(&b, "] %s %s%s", shown == 1 ? "was" : "were", alarm ? "" : "not ", words(m));
    if (m->threshold_id.p) band_words(&b, l, alarm);
    else {
        buf_add(&b, S(" the threshold ("));
        buf_f64(&b, m->threshold);
        buf_add(&b, S(")"));
    }
    i64 minimum = alarm ? needed(m) : m->periods - needed(m) + 1;
    if (part) buf_format(&b, " (minimum %lld datapoint%s for %s transition)", (long long)minimum, minimum == 1 ? "" : "s", alarm ? "OK -> ALARM" : "ALARM -> OK");
    buf_add(&b, S("."));
    return buf_str(&b);
}

static void date_member(struct arena *a, struct buf *b, const char *name, i64 ms) {
    json_write_member(b, str_of(name), full_date(a, ms));
}

static str reason_data(struct arena *a, const struct look *l) {
    const struct alarm *m = l->alarm;
    struct buf b = buf_new(a, 1 << 16);
    json_write_object(&b);
    json_write_member(&b, S("version"), S("1.0"));
    date_member(a, &b, "queryDate", l->now_ms);
    if (l->n) date_member(a, &b, "startDate", l->from_ms);
    if (m->unit.p) {
        json_write_member(&b, S("unit"), m->unit);
    }
    if (m->statistic.p) {
        json_write_member(&b, S("statistic"), m->statistic);
    }
    json_write_key(&b, S("period"));
    json_write_i64(&b, alarm_period_s(m));
    json_write_key(&b, S("recentDatapoints"));
    json_write_array(&b);
    for (u32 i = MIN(l->n, TOLD_MAX); i-- > 0;) json_write_f64(&b, l->v[i].value);
    json_write_array_end(&b);
    if (!m->threshold_id.p) {
        json_write_key(&b, S("threshold"));
        json_write_f64(&b, m->threshold);
    }
    json_write_key(&b, S("evaluatedDatapoints"));
    json_write_array(&b);
    for (u32 i = 0; i < MIN(l->n, TOLD_MAX); i++) {
        json_write_object(&b);
        date_member(a, &b, "timestamp", l->v[i].at_ms);
        if (l->v[i].samples > 0) {
            json_write_key(&b, S("sampleCount"));
            json_write_f64(&b, l->v[i].samples);
        }
        if (m->threshold_id.p) {
            json_write_key(&b, S("lowerThreshold"));
            json_write_f64(&b, l->v[i].low);
            json_write_key(&b, S("upperThreshold"));
            json_write_f64(&b, l->v[i].high);
        }
        json_write_key(&b, S("value"));
        json_write_f64(&b, l->v[i].value);
        json_write_object_end(&b);
    }
    json_write_array_end(&b);
    json_write_object_end(&b);
    return buf_str(&b);
}

err alarm_evaluate(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct arn arn;
    struct alarm alarm;
    ASSERT(arn_parse(arena_str(a, task->key), &arn));
    if (!alarm_load(t, a, arn.account, arn.region, str_skip(arn.resource, 6), &alarm)) return NULL;
    struct call *c = call_for_task(t, &cloudwatch_service, arn.account, arn.region, now_ms);
    if (alarm.rule.p) {
        composite_evaluate(c, &alarm, NULL);
        return NULL;
    }
    struct look l = look(c, &alarm);
    str state = state_of(&l);
    alarm.values = NEW_ARRAY(a, double, l.n + 1);
    for (; alarm.value_count < l.n; alarm.value_count++) alarm.values[alarm.value_count] = l.v[alarm.value_count].value;
    if (!state.p || str_eq(state, alarm.state)) alarm_act_again(c, &alarm);
    else alarm_becomes(c, &alarm, state, reason_of(a, &l, state), reason_data(a, &l));
    alarm_schedule(t, a, &alarm, now_ms);
    return NULL;
}
