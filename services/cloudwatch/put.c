/* PutMetricData. */
#include "cloudwatch.h"

#include <math.h>

enum { DATA_MAX = 1000, VALUES_MAX = 150 };

static bool value_valid(double v) { return isfinite(v) && fabs(v) <= 0x1p360; }

/* "MetricData.member.3" */
struct datum {
    const struct cloudwatch_metric_datum *in;
    const char *list;
    u32 number;
};
#define DATUM_ARGS(d) (d)->list, (d)->number

static err invalid_value(struct call *c, const struct datum *d, const char *member, double v) {
    struct buf b = buf_new(c->arena, 64);
    buf_f64(&b, v);
    return fail(c, &cloudwatch_invalid_parameter_value_exception, "The value %.*s for parameter %s.member.%u.%s is invalid.", STR_ARGS(buf_str(&b)), DATUM_ARGS(d), member);
}

static err exclusive(struct call *c, const struct datum *d, const char *other) {
    return fail(c, &cloudwatch_invalid_parameter_combination_exception,
                "The parameters %s.member.%u.Value and %s.member.%u.%s are mutually exclusive and you have specified both.", DATUM_ARGS(d), DATUM_ARGS(d), other);
}

static err check_values(struct call *c, const struct datum *d) {
    const struct cloudwatch_metric_datum *in = d->in;
    if (in->value.set && in->values.n) return exclusive(c, d, "Values");
    if (in->value.set && in->statistic_values) return exclusive(c, d, "StatisticValues");
    if (in->values.n && in->statistic_values)
        return fail(c, &cloudwatch_invalid_parameter_combination_exception,
                    "The parameters %s.member.%u.Values and %s.member.%u.StatisticValues are mutually exclusive and you have specified both.", DATUM_ARGS(d), DATUM_ARGS(d));
    if (!in->value.set && !in->values.n && !in->statistic_values)
        return fail(c, &cloudwatch_missing_required_parameter_exception, "At least one of the parameters must be specified: %s.member.%u.Value, Values or StatisticValues.", DATUM_ARGS(d));
    if (in->counts.n && in->counts.n != in->values.n)
        return fail(c, &cloudwatch_invalid_parameter_value_exception, "The parameters %s.member.%u.Values and %s.member.%u.Counts must be of the same size.", DATUM_ARGS(d), DATUM_ARGS(d));
    if (in->values.n > VALUES_MAX)
        return fail(c, &cloudwatch_invalid_parameter_value_exception, "The collection %s.member.%u.Values must not have a size greater than %d.", DATUM_ARGS(d), VALUES_MAX);
    if (in->value.set && !value_valid(in->value.v)) return invalid_value(c, d, "Value", in->value.v);
    for (u32 i = 0; i < in->values.n; i++) {
        if (!value_valid(in->values.v[i].v)) return invalid_value(c, d, "Values", in->values.v[i].v);
        if (in->counts.n && (!value_valid(in->counts.v[i].v) || in->counts.v[i].v <= 0)) return invalid_value(c, d, "Counts", in->counts.v[i].v);
    }
    const struct cloudwatch_statistic_set *s = in->statistic_values;
    if (!s) return NULL;
    if (!value_valid(s->sample_count.v) || s->sample_count.v <= 0) return invalid_value(c, d, "StatisticValues.SampleCount", s->sample_count.v);
    if (!value_valid(s->sum.v)) return invalid_value(c, d, "StatisticValues.Sum", s->sum.v);
    if (!value_valid(s->minimum.v)) return invalid_value(c, d, "StatisticValues.Minimum", s->minimum.v);
    if (!value_valid(s->maximum.v) || s->maximum.v < s->minimum.v) return invalid_value(c, d, "StatisticValues.Maximum", s->maximum.v);
    return NULL;
}

static err check(struct call *c, const struct datum *d, const struct record_pairs *dimensions) {
    const struct cloudwatch_metric_datum *in = d->in;
    TRY(check_values(c, d));
    for (u32 i = 1; i < dimensions->n; i++)
        if (str_eq(dimensions->v[i].key, dimensions->v[i - 1].key))
            return fail(c, &cloudwatch_invalid_parameter_value_exception, "The dimension %.*s of %s.member.%u is given more than once.", STR_ARGS(dimensions->v[i].key), DATUM_ARGS(d));
    if (in->timestamp.set && in->timestamp.ms < c->now_ms - 14 * day_ms)
        return fail(c, &cloudwatch_invalid_parameter_value_exception, "The parameter %s.member.%u.Timestamp must specify a time within the past two weeks.", DATUM_ARGS(d));
    if (in->timestamp.set && in->timestamp.ms > c->now_ms + 2 * hour_ms)
        return fail(c, &cloudwatch_invalid_parameter_value_exception, "The parameter %s.member.%u.Timestamp must specify a time no more than two hours in the future.", DATUM_ARGS(d));
    if (in->storage_resolution.set && in->storage_resolution.v != 1 && in->storage_resolution.v != 60)
        return invalid_value(c, d, "StorageResolution", in->storage_resolution.v);
    return NULL;
}

static struct point point_made(struct arena *a, const struct cloudwatch_metric_datum *in) {
    const struct cloudwatch_statistic_set *s = in->statistic_values;
    u32 n = in->value.set ? 1 : in->values.n;
    struct point all = {0};
    if (s && s->minimum.v != s->maximum.v)
        return (struct point){.count = s->sample_count.v, .sum = s->sum.v, .min = s->minimum.v, .max = s->maximum.v, .opaque = true};
    if (s) n = 1;
    for (u32 i = 0; i < n; i++) {
        struct sample one = {in->value.set ? in->value.v : s ? s->minimum.v : in->values.v[i].v, s ? s->sample_count.v : in->counts.n ? in->counts.v[i].v : 1};
        struct point p = {.count = one.count, .sum = s ? s->sum.v : one.value * one.count, .min = one.value, .max = one.value, .samples = {&one, 1, true}};
        point_add(a, &all, &p);
    }
    return all;
}

static err put(struct call *c, str space, const struct cloudwatch_metric_data *data, const char *list) {
    for (u32 i = 0; i < data->n; i++) {
        struct datum d = {.in = &data->v[i], .list = list, .number = i + 1};
        struct metric m = {.space = space, .name = d.in->metric_name, .dimensions = dimensions_sorted(c->arena, &d.in->dimensions)};
        TRY(check(c, &d, &m.dimensions));
        i64 at = d.in->timestamp.set ? d.in->timestamp.ms : c->now_ms;
        at -= at % (d.in->storage_resolution.set && d.in->storage_resolution.v == 1 ? 1000 : minute_ms);
        struct point p = point_made(c->arena, d.in);
        metric_put(c, &m, d.in->unit.p ? d.in->unit : S("None"), at, &p);
    }
    return NULL;
}

/* A service of the account that counts what the account set it up to count (metric filters of Logs) asks nobody. */
err cloudwatch_put_metric_data_facts(struct call *c, const struct cloudwatch_put_metric_data_input *in, struct auth_facts *facts) {
    (void)in;
    facts->granted = c->outer && c->principal->kind == PRINCIPAL_SERVICE && str_eq(c->outer->account, c->account);
    return NULL;
}

err cloudwatch_put_metric_data(struct call *c, const struct cloudwatch_put_metric_data_input *in, struct wire_unit *out) {
    (void)out;
    size_t n = in->metric_data.n;
    for (u32 i = 0; i < in->entity_metric_data.n; i++) n += in->entity_metric_data.v[i].metric_data.n;
    if (str_starts(in->namespace, S("AWS/")))
        return fail(c, &cloudwatch_invalid_parameter_value_exception, "The value %.*s for parameter Namespace is invalid.", STR_ARGS(in->namespace));
    if (n > DATA_MAX) return fail(c, &cloudwatch_invalid_parameter_value_exception, "The collection MetricData must not have a size greater than %d.", DATA_MAX);
    if (!n) return fail(c, &cloudwatch_missing_required_parameter_exception, "The parameter MetricData is required.");
    TRY(put(c, in->namespace, &in->metric_data, "MetricData"));
    for (u32 i = 0; i < in->entity_metric_data.n; i++)
        TRY(put(c, in->namespace, &in->entity_metric_data.v[i].metric_data, arena_c_string(c->arena, arena_format(c->arena, "EntityMetricData.member.%u.MetricData", i + 1))));
    return NULL;
}
