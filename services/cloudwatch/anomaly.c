/* Anomaly detection. What is expected of a metric at an hour of the day is the mean of what it had at that hour in the
 * two weeks before (in all hours alike, while there are not three days of data); around that lies a band of so many
 * standard deviations of what the two weeks had around the same means. A detector keeps this for alarms: it is trained
 * by a task, on a snapshot, once a day. GetMetricData trains on what lies before its own time. */
#include "cloudwatch.h"

#include <math.h>

enum { HOURS = 24, TRAINING_DAYS = 14, DAILY_FROM_DAYS = 3, SAMPLES_ENOUGH = 30, PERIOD_S = 300, MODELS_MAX = 5, LIST_PAGE = 100 };

/* ---- the model ---- */

static bool excluded(const struct detector *d, i64 at_ms) {
    for (u32 i = 0; i < d->excluded.n; i++)
        if (at_ms >= d->excluded.v[i].from_ms && at_ms < d->excluded.v[i].to_ms) return true;
    return false;
}

static u32 hour_of(i64 at_ms) { return (u32)(at_ms / hour_ms % HOURS); }

static double expected(const struct detector_model *m, i64 at_ms) {
    const struct detector_hour *h = m->hours.n ? &m->hours.v[hour_of(at_ms)] : NULL;
    return h && h->count > 0 ? h->mean : m->mean;
}

static struct detector_model learn(struct arena *a, const struct detector *d, const struct series *s) {
    struct detector_model m = {.period_s = s->period_ms / 1000};
    double sum = 0, squares = 0;
    struct detector_hour *hours = NEW_ARRAY(a, struct detector_hour, HOURS);
    for (u32 i = 0; i < s->n; i++) {
        if (excluded(d, s->at[i])) continue;
        struct detector_hour *h = &hours[hour_of(s->at[i])];
        h->mean += s->v[i];
        h->count++;
        sum += s->v[i];
        m.samples++;
    }
    m.mean = m.samples ? sum / (double)m.samples : 0;
    for (u32 i = 0; i < HOURS; i++)
        if (hours[i].count > 0) hours[i].mean /= hours[i].count;
    bool daily = s->n && s->at[s->n - 1] - s->at[0] >= DAILY_FROM_DAYS * day_ms;
    if (daily) m.hours = (struct detector_hours){hours, HOURS, true};
    for (u32 i = 0; i < s->n; i++) {
        double off = s->v[i] - expected(&m, s->at[i]);
        if (!excluded(d, s->at[i])) squares += off * off;
    }
    m.deviation = m.samples ? sqrt(squares / (double)m.samples) : 0;
    return m;
}

static struct detector_model train(struct call *c, const struct detector *d, i64 period_s, i64 before_ms) {
    struct query_run run = {.c = c, .from_ms = before_ms - TRAINING_DAYS * day_ms, .to_ms = before_ms};
    struct metric metric = {.space = d->space, .name = d->metric, .dimensions = d->dimensions};
    struct statistic s;
    ASSERT(statistic_parse(d->statistic, &s));
    struct series series = query_metric(&run, &metric, &s, d->unit, period_s * 1000);
    return learn(c->arena, d, &series);
}

/* ---- the detector's row ---- */

static struct key detectors_key(struct arena *a, str account, str region) {
    struct key k = key_new(a, S("cloudwatch"));
    key_str(&k, account);
    key_str(&k, region);
    key_str(&k, S("detector"));
    return k;
}

static str detector_row(struct arena *a, str account, str region, const struct detector *d) {
    struct key k = detectors_key(a, account, region);
    struct metric m = {.space = d->space, .name = d->metric, .dimensions = d->dimensions};
    key_str(&k, d->space);
    key_str(&k, d->metric);
    key_str(&k, d->statistic);
    key_str(&k, dimensions_digest(a, &m.dimensions));
    return key_bytes(&k);
}

static bool load(struct txn *t, struct arena *a, str row, struct detector *d) {
    str value;
    if (!txn_get(t, row, &value)) return false;
    *d = (struct detector){0};
    ASSERT(record_decode(a, &cloudwatch_detector_record, arena_str(a, value), d));
    return true;
}

static void save(struct txn *t, struct arena *a, str row, const struct detector *d, i64 train_ms) {
    txn_put(t, row, record_encode(a, &cloudwatch_detector_record, d));
    txn_task_set(t, &(struct task){.kind = S("cloudwatch-train"), .key = row, .due_ms = train_ms});
}

static const struct detector_model *model_of(const struct detector *d, i64 period_s) {
    for (u32 i = 0; i < d->models.n; i++)
        if (d->models.v[i].period_s == period_s) return &d->models.v[i];
    return NULL;
}

static void add_model(struct arena *a, struct detector *d, i64 period_s) {
    if (model_of(d, period_s) || d->models.n == MODELS_MAX) return;
    struct detector_models grown = {NEW_ARRAY(a, struct detector_model, d->models.n + 1), d->models.n + 1, true};
    for (u32 i = 0; i < d->models.n; i++) grown.v[i] = d->models.v[i];
    grown.v[d->models.n] = (struct detector_model){.period_s = period_s};
    d->models = grown;
}

/* On a worker: two weeks of data are much to read. */
err anomaly_train(struct arena *a, const struct task *task, str *result) {
    struct detector d;
    str rest = task->key, room, account, region;
    struct txn *t = store_snapshot(task->store, a);
    ASSERT(key_read_str(&rest, a, &room) && key_read_str(&rest, a, &account) && key_read_str(&rest, a, &region));
    if (txn_owner(t) && load(t, a, task->key, &d)) {
        struct call *c = call_for_task(t, &cloudwatch_service, account, region, store_now_ms(task->store));
        for (u32 i = 0; i < d.models.n; i++) {
            d.models.v[i] = train(c, &d, d.models.v[i].period_s, c->now_ms);
            d.models.v[i].trained_ms = c->now_ms;
        }
        *result = record_encode(a, &cloudwatch_detector_record, &d);
    }
    store_snapshot_end(t);
    return NULL;
}

err anomaly_trained(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct detector d, trained = {0};
    bool enough = true;
    if (outcome || !result.n || !load(t, a, task->key, &d)) return outcome;
    ASSERT(record_decode(a, &cloudwatch_detector_record, arena_str(a, result), &trained));
    for (u32 i = 0; i < d.models.n; i++) {
        const struct detector_model *m = model_of(&trained, d.models.v[i].period_s);
        if (m) d.models.v[i] = *m;
        enough &= m && m->samples >= SAMPLES_ENOUGH;
    }
    save(t, a, arena_str(a, task->key), &d, now_ms + (enough ? day_ms : hour_ms));
    return NULL;
}

static struct detector detector_for(struct arena *a, const struct cloudwatch_metric_stat *stat) {
    return (struct detector){.space = stat->metric->namespace, .metric = stat->metric->metric_name, .statistic = stat->stat, .unit = stat->unit,
                             .dimensions = dimensions_sorted(a, &stat->metric->dimensions)};
}

void anomaly_watch(struct call *c, const struct cloudwatch_metric_stat *stat) {
    struct detector d = detector_for(c->arena, stat);
    str row = detector_row(c->arena, c->account, c->region, &d);
    if (!load(c->txn, c->arena, row, &d)) {
        d = detector_for(c->arena, stat);
        d.id = id_uuid(c->arena);
    }
    if (model_of(&d, stat->period.v)) return;
    add_model(c->arena, &d, stat->period.v);
    save(c->txn, c->arena, row, &d, c->now_ms);
}

/* The edges of the band over the run's time; none, where the model has seen too little. */
static bool draw(const struct query_run *run, const struct detector_model *m, i64 period_ms, double width, struct math_value *value, str *problem) {
    struct arena *a = run->c->arena;
    i64 from = run->from_ms - run->from_ms % period_ms, n = MAX(0, (run->to_ms - from + period_ms - 1) / period_ms);
    if (n > MATH_POINTS) *problem = S("The expression has too many datapoints");
    if (problem->p) return false;
    if (m->samples < SAMPLES_ENOUGH) n = 0;
    *value = (struct math_value){.type = MATH_ARRAY, .v = NEW_ARRAY(a, struct series, 2), .n = 2};
    for (int side = 0; side < 2; side++) {
        struct series *s = &value->v[side];
        *s = (struct series){.at = NEW_ARRAY(a, i64, (size_t)n + 1), .v = NEW_ARRAY(a, double, (size_t)n + 1), .period_ms = period_ms, .id = side ? S("low") : S("high")};
        for (; s->n < n; s->n++) {
            s->at[s->n] = from + s->n * period_ms;
            s->v[s->n] = expected(m, s->at[s->n]) + (side ? -width : width) * m->deviation;
        }
    }
    return true;
}

bool anomaly_band(struct query_run *run, const struct cloudwatch_metric_stat *stat, double width, struct math_value *value, str *problem) {
    struct call *c = run->c;
    struct detector wanted = detector_for(c->arena, stat), d;
    bool known = load(c->txn, c->arena, detector_row(c->arena, c->account, c->region, &wanted), &d);
    i64 period_ms = stat->period.v * 1000LL;
    struct detector_model m = {0};
    const struct detector_model *kept = known ? model_of(&d, stat->period.v) : NULL;
    if (!txn_writable(c->txn)) m = train(c, known ? &d : &wanted, stat->period.v, run->from_ms - run->from_ms % period_ms);
    else if (kept) m = *kept;
    return draw(run, &m, period_ms, width, value, problem);
}

struct query_run anomaly_training(const struct query_run *run) {
    return (struct query_run){.c = run->c, .queries = run->queries, .slots = NEW_ARRAY(run->c->arena, struct slot, run->queries->n),
                              .from_ms = run->from_ms - TRAINING_DAYS * day_ms, .to_ms = run->from_ms};
}

bool anomaly_band_after(struct query_run *run, const struct series *before, double width, struct math_value *value, str *problem) {
    struct detector_model m = learn(run->c->arena, &(struct detector){0}, before);
    return draw(run, &m, before->period_ms, width, value, problem);
}

/* ---- operations: a detector is named by its metric and statistic, in the older or the newer member, or by its Id ---- */

#define READ_DETECTOR(c, in, d) \
    TRY(read_detector((c), (in)->single_metric_anomaly_detector, (in)->metric_math_anomaly_detector != NULL, \
                      &(struct cloudwatch_single_metric_anomaly_detector){.namespace = (in)->namespace, .metric_name = (in)->metric_name, .dimensions = (in)->dimensions, .stat = (in)->stat}, (d)))

static err read_detector(struct call *c, const struct cloudwatch_single_metric_anomaly_detector *single, bool math, const struct cloudwatch_single_metric_anomaly_detector *older, struct detector *d) {
    struct statistic s;
    if (math) return fail(c, &cloud_not_implemented, "brume does not have anomaly detectors on metric math (yet).");
    if (single && older->metric_name.p) return fail(c, &cloudwatch_invalid_parameter_combination_exception, "SingleMetricAnomalyDetector must not be specified with MetricName, Namespace, Dimensions or Stat.");
    if (!single) single = older;
    if (!single->namespace.p || !single->metric_name.p || !single->stat.p)
        return fail(c, &cloudwatch_missing_required_parameter_exception, "Namespace, MetricName and Stat are required.");
    if (single->account_id.p && !str_eq(single->account_id, c->account)) return fail(c, &cloud_not_implemented, "brume does not have cross-account observability (yet).");
    if (!statistic_parse(single->stat, &s)) return fail(c, &cloudwatch_invalid_parameter_value_exception, "The value %.*s for parameter Stat is invalid.", STR_ARGS(single->stat));
    *d = (struct detector){.space = single->namespace, .metric = single->metric_name, .statistic = single->stat, .dimensions = dimensions_sorted(c->arena, &single->dimensions)};
    return NULL;
}

err cloudwatch_put_anomaly_detector(struct call *c, const struct cloudwatch_put_anomaly_detector_input *in, struct cloudwatch_put_anomaly_detector_output *out) {
    struct detector d, old;
    READ_DETECTOR(c, in, &d);
    str row = detector_row(c->arena, c->account, c->region, &d);
    bool known = load(c->txn, c->arena, row, &old);
    d.id = known ? old.id : id_uuid(c->arena);
    if (known) d.models = old.models;
    if (in->configuration) {
        const struct cloudwatch_anomaly_detector_excluded_time_ranges *ranges = &in->configuration->excluded_time_ranges;
        d.timezone = in->configuration->metric_timezone;
        d.excluded = (struct detector_ranges){NEW_ARRAY(c->arena, struct detector_range, ranges->n + 1), ranges->n, ranges->n > 0};
        for (u32 i = 0; i < ranges->n; i++) d.excluded.v[i] = (struct detector_range){ranges->v[i].start_time.ms, ranges->v[i].end_time.ms};
    }
    if (!d.models.n) add_model(c->arena, &d, PERIOD_S);
    save(c->txn, c->arena, row, &d, c->now_ms);
    out->anomaly_detector_id = d.id;
    return NULL;
}

static bool by_id(struct call *c, str id, str *row) {
    struct key k = detectors_key(c->arena, c->account, c->region);
    struct detector d;
    str prefix = key_bytes(&k), key, value;
    struct range r = txn_range(c->txn, prefix, key_after_prefix(c->arena, prefix));
    while (range_next(&r, &key, &value)) {
        *row = arena_str(c->arena, key);
        if (load(c->txn, c->arena, *row, &d) && str_eq(d.id, id)) return true;
    }
    return false;
}

err cloudwatch_delete_anomaly_detector(struct call *c, const struct cloudwatch_delete_anomaly_detector_input *in, struct cloudwatch_delete_anomaly_detector_output *out) {
    (void)out;
    struct detector d;
    str row = {0};
    bool there;
    if (in->anomaly_detector_id.p) there = by_id(c, in->anomaly_detector_id, &row);
    else {
        READ_DETECTOR(c, in, &d);
        row = detector_row(c->arena, c->account, c->region, &d);
        there = load(c->txn, c->arena, row, &d);
    }
    if (!there) return fail(c, &cloudwatch_resource_not_found_exception, "There is no such anomaly detector.");
    txn_delete(c->txn, row);
    txn_task_cancel(c->txn, S("cloudwatch-train"), row);
    return NULL;
}

static struct cloudwatch_anomaly_detector shown(struct arena *a, const struct detector *d) {
    u64 samples = 0;
    bool trained = false;
    for (u32 i = 0; i < d->models.n; i++) {
        samples = MAX(samples, d->models.v[i].samples);
        trained |= d->models.v[i].trained_ms > 0;
    }
    struct cloudwatch_single_metric_anomaly_detector *single = NEW(a, struct cloudwatch_single_metric_anomaly_detector);
    struct cloudwatch_anomaly_detector_configuration *configuration = NEW(a, struct cloudwatch_anomaly_detector_configuration);
    *single = (struct cloudwatch_single_metric_anomaly_detector){.namespace = d->space, .metric_name = d->metric, .dimensions = dimensions_shown(a, &d->dimensions), .stat = d->statistic};
    *configuration = (struct cloudwatch_anomaly_detector_configuration){.metric_timezone = d->timezone};
    struct cloudwatch_anomaly_detector_excluded_time_ranges *ranges = &configuration->excluded_time_ranges;
    *ranges = (struct cloudwatch_anomaly_detector_excluded_time_ranges){NEW_ARRAY(a, struct cloudwatch_range, d->excluded.n + 1), d->excluded.n, true};
    for (u32 i = 0; i < d->excluded.n; i++) ranges->v[i] = (struct cloudwatch_range){SOME_TIME(d->excluded.v[i].from_ms), SOME_TIME(d->excluded.v[i].to_ms)};
    return (struct cloudwatch_anomaly_detector){
        .anomaly_detector_id = d->id, .namespace = d->space, .metric_name = d->metric, .dimensions = single->dimensions, .stat = d->statistic, .configuration = configuration,
        .single_metric_anomaly_detector = single, .state_value = !trained ? S("PENDING_TRAINING") : samples < SAMPLES_ENOUGH ? S("TRAINED_INSUFFICIENT_DATA") : S("TRAINED")};
}

static bool listed(const struct cloudwatch_describe_anomaly_detectors_input *in, const struct record_pairs *wanted, const struct detector *d) {
    bool named = in->anomaly_detector_ids.n == 0, typed = in->anomaly_detector_types.n == 0, same = !in->dimensions.n || wanted->n == d->dimensions.n;
    for (u32 i = 0; i < in->anomaly_detector_ids.n; i++) named |= str_eq(in->anomaly_detector_ids.v[i], d->id);
    for (u32 i = 0; i < in->anomaly_detector_types.n; i++) typed |= str_eq(in->anomaly_detector_types.v[i], S("SINGLE_METRIC"));
    for (u32 i = 0; same && i < wanted->n; i++) same = str_eq(wanted->v[i].key, d->dimensions.v[i].key) && str_eq(wanted->v[i].value, d->dimensions.v[i].value);
    return named && typed && same && (!in->namespace.p || str_eq(in->namespace, d->space)) && (!in->metric_name.p || str_eq(in->metric_name, d->metric));
}

err cloudwatch_describe_anomaly_detectors(struct call *c, const struct cloudwatch_describe_anomaly_detectors_input *in, struct cloudwatch_describe_anomaly_detectors_output *out) {
    u32 max = in->max_results.set ? (u32)MIN(in->max_results.v, LIST_PAGE) : LIST_PAGE;
    struct record_pairs wanted = dimensions_sorted(c->arena, &in->dimensions);
    struct key k = detectors_key(c->arena, c->account, c->region);
    str prefix = key_bytes(&k), position = {0}, key, value;
    struct detector d;
    if (in->next_token.p && !page_position(c, in->next_token, &position)) return fail(c, &cloudwatch_invalid_next_token, "Invalid NextToken");
    out->anomaly_detectors.v = NEW_ARRAY(c->arena, struct cloudwatch_anomaly_detector, max);
    out->anomaly_detectors.set = true;
    struct range r = txn_range(c->txn, position.p ? position : prefix, key_after_prefix(c->arena, prefix));
    while (range_next(&r, &key, &value)) {
        str row = arena_str(c->arena, key);
        if (!load(c->txn, c->arena, row, &d) || !listed(in, &wanted, &d)) continue;
        if (out->anomaly_detectors.n == max) {
            out->next_token = page_token(c, row);
            break;
        }
        out->anomaly_detectors.v[out->anomaly_detectors.n++] = shown(c->arena, &d);
    }
    return NULL;
}
