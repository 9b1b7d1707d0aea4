/* Metric filters: what PutLogEvents brings is matched as it comes, and what matches is put as metrics in the same
 * transaction. */
#include "metric_filter.h"

#include "gen/cloudwatch.h"

enum { FILTERS_MAX = 100 /* of a group */, REGEX_FILTERS_MAX = 5, DATA_MAX = 1000 /* of a put */, VALUES_MAX = 150, DIMENSIONS_MAX = 3, PAGE = 50 };

/* ---- rows ---- */

static struct key filters_of(struct arena *a, str account, str region, str group) {
    struct key k = log_rows(a, account, region, S("metric-filter"));
    if (group.p) key_str(&k, group);
    return k;
}

static str filter_row(struct arena *a, const struct log_group *group, str name) {
    struct key k = filters_of(a, group->account, group->region, group->name);
    key_str(&k, name);
    return key_bytes(&k);
}

static bool filter_load(struct txn *t, struct arena *a, const struct log_group *group, str name, struct metric_filter *f) {
    str row;
    if (!txn_get(t, filter_row(a, group, name), &row)) return false;
    *f = (struct metric_filter){0};
    ASSERT(record_decode(a, &logs_metric_filter_record, arena_str(a, row), f));
    f->group = group->name;
    f->name = name;
    return true;
}

static void filter_save(struct txn *t, struct arena *a, const struct log_group *group, const struct metric_filter *f) {
    txn_put(t, filter_row(a, group, f->name), record_encode(a, &logs_metric_filter_record, f));
}

static bool filter_next(struct range *r, struct arena *a, struct metric_filter *f) {
    str key, row, part;
    if (!range_next(r, &key, &row)) return false;
    *f = (struct metric_filter){0};
    ASSERT(record_decode(a, &logs_metric_filter_record, arena_str(a, row), f));
    for (str rest = arena_str(a, key); key_read_str(&rest, a, &part);) {
        f->group = f->name;
        f->name = part;
    }
    return true;
}

static struct range filters_range(struct txn *t, struct arena *a, const struct log_group *group) {
    struct key k = filters_of(a, group->account, group->region, group->name);
    return txn_range(t, key_bytes(&k), key_after_prefix(a, key_bytes(&k)));
}

void metric_filters_forget(struct txn *t, struct arena *a, const struct log_group *group) {
    struct metric_filter f;
    struct range r = filters_range(t, a, group);
    while (filter_next(&r, a, &f)) txn_delete(t, filter_row(a, group, f.name));
}

/* ---- put, described, deleted ---- */

static err check(struct call *c, const struct logs_put_metric_filter_request *in, const struct log_group *group, bool known) {
    str problem;
    struct metric_filter other;
    const struct logs_metric_transformation *m = &in->metric_transformations.v[0];
    struct log_pattern *p = log_pattern_compile(c->arena, in->filter_pattern, &problem);
    double value;
    if (!p) return fail(c, &logs_invalid_parameter_exception, "%.*s", STR_ARGS(problem));
    if (m->default_value.set && m->dimensions.n)
        return fail(c, &logs_invalid_parameter_exception, "Invalid metric transformation: dimensions and default value are mutually exclusive properties.");
    if (m->dimensions.n > DIMENSIONS_MAX) return fail(c, &logs_invalid_parameter_exception, "Invalid metric transformation: at most %d dimensions are allowed.", DIMENSIONS_MAX);
    for (u32 i = 0; i < m->dimensions.n; i++)
        if (!str_starts(m->dimensions.v[i].value, S("$")))
            return fail(c, &logs_invalid_parameter_exception, "Invalid metric transformation: the dimension value %.*s is not valid.", STR_ARGS(m->dimensions.v[i].value));
    if (!str_starts(m->metric_value, S("$")) && !str_to_f64(m->metric_value, &value))
        return fail(c, &logs_invalid_parameter_exception, "Invalid metric transformation: the metric value %.*s is neither a number nor a field.", STR_ARGS(m->metric_value));
    if (str_starts(m->metric_namespace, S("AWS/"))) return fail(c, &logs_invalid_parameter_exception, "Invalid metric transformation: the namespace AWS/ is reserved.");
    if (in->field_selection_criteria.n || in->emit_system_field_dimensions.n)
        return fail(c, &cloud_not_implemented, "brume does not have system fields in metric filters (yet): fieldSelectionCriteria, emitSystemFieldDimensions.");
    u32 with_regex = log_pattern_regexes(p) > 0;
    struct range r = filters_range(c->txn, c->arena, group);
    while (filter_next(&r, c->arena, &other)) {
        struct log_pattern *q = log_pattern_compile(c->arena, other.pattern, &problem);
        with_regex += q && log_pattern_regexes(q) && !str_eq(other.name, in->filter_name);
    }
    if ((!known && group->metric_filters >= FILTERS_MAX) || with_regex > REGEX_FILTERS_MAX) return fail(c, &logs_limit_exceeded_exception, "Resource limit exceeded.");
    return NULL;
}

err logs_put_metric_filter(struct call *c, const struct logs_put_metric_filter_request *in, struct wire_unit *out) {
    (void)out;
    struct log_group group;
    struct metric_filter f;
    TRY(log_group_open(c, in->log_group_name, &group));
    bool known = filter_load(c->txn, c->arena, &group, in->filter_name, &f);
    TRY(check(c, in, &group, known));
    const struct logs_metric_transformation *m = &in->metric_transformations.v[0];
    struct record_pairs dimensions = {NEW_ARRAY(c->arena, struct record_pair, m->dimensions.n + 1), m->dimensions.n, m->dimensions.n > 0};
    for (u32 i = 0; i < m->dimensions.n; i++) dimensions.v[i] = (struct record_pair){m->dimensions.v[i].key, m->dimensions.v[i].value};
    f = (struct metric_filter){.pattern = in->filter_pattern, .created_ms = c->now_ms, .metric = m->metric_name, .space = m->metric_namespace, .value = m->metric_value,
                               .has_default = m->default_value.set, .by_default = m->default_value.v, .dimensions = dimensions, .unit = m->unit,
                               .transformed = in->apply_on_transformed_logs.v, .group = group.name, .name = in->filter_name};
    filter_save(c->txn, c->arena, &group, &f);
    if (known) return NULL;
    group.metric_filters++;
    log_group_save(c->txn, c->arena, &group);
    return NULL;
}

err logs_delete_metric_filter(struct call *c, const struct logs_delete_metric_filter_request *in, struct wire_unit *out) {
    (void)out;
    struct log_group group;
    struct metric_filter f;
    TRY(log_group_open(c, in->log_group_name, &group));
    if (!filter_load(c->txn, c->arena, &group, in->filter_name, &f)) return fail(c, &logs_resource_not_found_exception, "The specified metric filter does not exist.");
    txn_delete(c->txn, filter_row(c->arena, &group, f.name));
    group.metric_filters--;
    log_group_save(c->txn, c->arena, &group);
    return NULL;
}

static struct logs_metric_filter shown(struct arena *a, const struct metric_filter *f) {
    struct logs_metric_transformation *m = NEW(a, struct logs_metric_transformation);
    *m = (struct logs_metric_transformation){.metric_name = f->metric, .metric_namespace = f->space, .metric_value = f->value, .unit = f->unit};
    if (f->has_default) m->default_value = SOME_F64(f->by_default);
    m->dimensions = (struct logs_dimensions){NEW_ARRAY(a, struct logs_dimensions_entry, f->dimensions.n + 1), f->dimensions.n, f->dimensions.n > 0};
    for (u32 i = 0; i < f->dimensions.n; i++) m->dimensions.v[i] = (struct logs_dimensions_entry){f->dimensions.v[i].key, f->dimensions.v[i].value};
    return (struct logs_metric_filter){.filter_name = f->name, .filter_pattern = f->pattern, .metric_transformations = {m, 1, true}, .creation_time = SOME_I64(f->created_ms),
                                       .log_group_name = f->group, .apply_on_transformed_logs = SOME_BOOL(f->transformed)};
}

err logs_describe_metric_filters(struct call *c, const struct logs_describe_metric_filters_request *in, struct logs_describe_metric_filters_response *out) {
    struct metric_filter f;
    struct log_group group;
    str position, from, all;
    u32 max;
    TRY(log_page(c, in->next_token, in->limit, PAGE, &position, &max));
    if (!in->metric_name.p != !in->metric_namespace.p) return fail(c, &logs_invalid_parameter_exception, "Both metricName and metricNamespace must be specified, or neither of them.");
    if (in->log_group_name.p) TRY(log_group_open(c, in->log_group_name, &group));
    struct key k = filters_of(c->arena, c->account, c->region, in->log_group_name);
    all = key_bytes(&k);
    from = position.p ? position : all;
    out->metric_filters.v = NEW_ARRAY(c->arena, struct logs_metric_filter, max);
    out->metric_filters.set = true;
    if (!str_starts(from, all)) return fail(c, &logs_invalid_parameter_exception, "The specified nextToken is invalid.");
    struct range r = txn_range(c->txn, from, key_after_prefix(c->arena, all));
    while (filter_next(&r, c->arena, &f)) {
        if (in->filter_name_prefix.p && !str_starts(f.name, in->filter_name_prefix)) continue;
        if (in->metric_name.p && (!str_eq(f.metric, in->metric_name) || !str_eq(f.space, in->metric_namespace))) continue;
        if (out->metric_filters.n == max) {
            out->next_token = page_token(c, filter_row(c->arena, &(struct log_group){.account = c->account, .region = c->region, .name = f.group}, f.name));
            break;
        }
        out->metric_filters.v[out->metric_filters.n++] = shown(c->arena, &f);
    }
    return NULL;
}

err logs_test_metric_filter(struct call *c, const struct logs_test_metric_filter_request *in, struct logs_test_metric_filter_response *out) {
    enum { PICKED_MAX = 200 };
    str problem;
    struct log_picked picked[PICKED_MAX];
    struct log_pattern *p = log_pattern_compile(c->arena, in->filter_pattern, &problem);
    if (!p) return fail(c, &logs_invalid_parameter_exception, "%.*s", STR_ARGS(problem));
    out->matches.v = NEW_ARRAY(c->arena, struct logs_metric_filter_match_record, in->log_event_messages.n);
    out->matches.set = true;
    for (u32 i = 0; i < in->log_event_messages.n; i++) {
        str message = in->log_event_messages.v[i];
        if (!log_pattern_matches(p, c->arena, message)) continue;
        struct logs_metric_filter_match_record *m = &out->matches.v[out->matches.n++];
        u32 n = log_pattern_extract(p, c->arena, message, picked, PICKED_MAX);
        *m = (struct logs_metric_filter_match_record){.event_number = SOME_I64((i64)i + 1), .event_message = message,
                                                      .extracted_values = {NEW_ARRAY(c->arena, struct logs_extracted_values_entry, n + 1), n, true}};
        for (u32 j = 0; j < n; j++) m->extracted_values.v[j] = (struct logs_extracted_values_entry){picked[j].selector, picked[j].value};
    }
    return NULL;
}

/* ---- measured ---- */

struct datum { /* of a filter, a minute and dimensions: values, and how often each came */
    const struct metric_filter *filter;
    i64 minute_ms;
    struct cloudwatch_dimension dimensions[DIMENSIONS_MAX];
    u32 dimension_count;
    struct opt_f64 values[VALUES_MAX], counts[VALUES_MAX];
    u32 n;
};
struct silence { /* of a filter with a default value: a minute with events of which none matched */
    const struct metric_filter *filter;
    i64 minute_ms;
};
struct metric_measures {
    struct metric_filter *filters;
    u32 filter_count;
    struct datum *data[DATA_MAX];
    u32 n;
    struct silence *silences;
    u32 silence_count;
};

static bool same_dimensions(const struct datum *x, const struct datum *y) {
    if (x->dimension_count != y->dimension_count) return false;
    for (u32 i = 0; i < x->dimension_count; i++)
        if (!str_eq(x->dimensions[i].name, y->dimensions[i].name) || !str_eq(x->dimensions[i].value, y->dimensions[i].value)) return false;
    return true;
}

/* As CloudWatch stores it; what would be too many is left out, as AWS turns off a filter with too many dimensions. */
static void count_value(struct arena *a, struct metric_measures *m, const struct datum *one, double value) {
    struct datum *d = NULL;
    for (u32 i = m->n; i-- > 0 && m->data[i]->filter == one->filter && m->data[i]->minute_ms == one->minute_ms;) {
        if (!same_dimensions(m->data[i], one)) continue;
        for (u32 j = 0; j < m->data[i]->n; j++)
            if (m->data[i]->values[j].v == value) {
                m->data[i]->counts[j].v++;
                return;
            }
        if (!d && m->data[i]->n < VALUES_MAX) d = m->data[i];
    }
    if (!d) {
        if (m->n == DATA_MAX) return;
        d = m->data[m->n++] = NEW(a, struct datum);
        *d = *one;
    }
    d->values[d->n] = SOME_F64(value);
    d->counts[d->n++] = SOME_F64(1);
}

/* Dimensions that the event does not have are left out; an event without a number for the metric counts nothing. */
static void measure_event(struct arena *a, struct arena *scratch, struct metric_measures *m, const struct log_pattern *p, const struct metric_filter *f, const struct log_event *e) {
    struct datum one = {.filter = f, .minute_ms = e->time_ms - e->time_ms % minute_ms};
    str text = f->value;
    double value;
    if (str_starts(text, S("$")) && !log_pattern_pick(p, scratch, e->message, text, &text)) return;
    if (!str_to_f64(text, &value)) return;
    for (u32 i = 0; i < f->dimensions.n; i++) {
        str of;
        if (log_pattern_pick(p, scratch, e->message, f->dimensions.v[i].value, &of) && of.n)
            one.dimensions[one.dimension_count++] = (struct cloudwatch_dimension){f->dimensions.v[i].key, arena_str(a, str_take(of, 1024))};
    }
    count_value(a, m, &one, value);
}

static void measure_filter(struct arena *a, struct metric_measures *m, const struct metric_filter *f, const struct log_event *events, u32 n) {
    struct arena scratch = {0};
    str problem;
    struct log_pattern *p = log_pattern_compile(a, f->pattern, &problem);
    for (u32 i = 0, to; p && i < n; i = to) {
        i64 minute = events[i].time_ms / minute_ms;
        bool matched = false;
        for (to = i; to < n && events[to].time_ms / minute_ms == minute; to++) {
            arena_reset(&scratch);
            if (!log_pattern_matches(p, &scratch, events[to].message)) continue;
            matched = true;
            measure_event(a, &scratch, m, p, f, &events[to]);
        }
        if (f->has_default && !matched) m->silences[m->silence_count++] = (struct silence){f, minute * minute_ms};
    }
    arena_free(&scratch);
}

struct metric_measures *metric_filters_measure(struct call *c, const struct log_group *group, const struct log_event *events, const struct log_event *transformed, u32 n) {
    if (!group->metric_filters || !n) return NULL;
    struct metric_measures *m = NEW(c->arena, struct metric_measures);
    m->filters = NEW_ARRAY(c->arena, struct metric_filter, FILTERS_MAX);
    struct range r = filters_range(c->txn, c->arena, group);
    while (m->filter_count < FILTERS_MAX && filter_next(&r, c->arena, &m->filters[m->filter_count])) m->filter_count++;
    i64 minutes = (events[n - 1].time_ms - events[0].time_ms) / minute_ms + 2;
    m->silences = NEW_ARRAY(c->arena, struct silence, (size_t)MIN(minutes, (i64)n) * m->filter_count);
    for (u32 i = 0; i < m->filter_count; i++) measure_filter(c->arena, m, &m->filters[i], m->filters[i].transformed ? transformed : events, n);
    return m;
}

/* ---- put as metrics ---- */

/* A metric that CloudWatch refuses (too old for it) does not keep the events out. */
static void put_data(struct call *c, str space, struct cloudwatch_metric_datum *data, u32 n) {
    struct cloudwatch_put_metric_data_input in = {.namespace = space, .metric_data = {data, n, true}};
    struct wire_unit out;
    (void)!call_service(c, &(struct call_other){.service = &cloudwatch_service, .op = CLOUDWATCH_OP_PUT_METRIC_DATA, .as = CALL_AS_SERVICE}, &in, &out);
}

static void remember(struct call *c, const struct log_group *group, const struct metric_filter *f, i64 minute_ms_) {
    struct metric_filter now;
    if (!f->has_default || !filter_load(c->txn, c->arena, group, f->name, &now) || now.matched_ms >= minute_ms_) return;
    now.matched_before_ms = now.matched_ms;
    now.matched_ms = minute_ms_;
    filter_save(c->txn, c->arena, group, &now);
}

static str silence_key(struct arena *a, const struct log_group *group, const struct silence *s) {
    struct key k = key_new(a, S("logs"));
    key_str(&k, group->account);
    key_str(&k, group->region);
    key_str(&k, group->name);
    key_str(&k, s->filter->name);
    key_i64(&k, s->minute_ms);
    return key_bytes(&k);
}

void metric_filters_put(struct call *c, const struct log_group *group, const struct metric_measures *m) {
    if (!m) return;
    for (u32 i = 0; i < m->n; i++) {
        struct datum *d = m->data[i];
        struct cloudwatch_metric_datum datum = {.metric_name = d->filter->metric, .dimensions = {d->dimensions, d->dimension_count, d->dimension_count > 0},
                                                .timestamp = SOME_TIME(d->minute_ms), .values = {d->values, d->n, true}, .counts = {d->counts, d->n, true}, .unit = d->filter->unit};
        put_data(c, d->filter->space, &datum, 1);
        remember(c, group, d->filter, d->minute_ms);
    }
    for (u32 i = 0; i < m->silence_count; i++)
        txn_task_set(c->txn, &(struct task){.kind = S("logs-default"), .key = silence_key(c->arena, group, &m->silences[i]), .due_ms = (c->now_ms / minute_ms + 1) * minute_ms});
}

/* The minute is over: if events came and none matched, the default is the minute's value. */
err metric_filter_default(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct log_group group;
    struct metric_filter f;
    str rest = task->key, room, account, region, group_name, name;
    i64 minute;
    ASSERT(key_read_str(&rest, a, &room) && key_read_str(&rest, a, &account) && key_read_str(&rest, a, &region) && key_read_str(&rest, a, &group_name) && key_read_str(&rest, a, &name) &&
           key_read_i64(&rest, &minute));
    if (!txn_owner(t) || !log_group_load(t, a, account, region, group_name, &group) || !filter_load(t, a, &group, name, &f) || !f.has_default) return NULL;
    if (f.matched_ms == minute || f.matched_before_ms == minute) return NULL;
    struct cloudwatch_metric_datum datum = {.metric_name = f.metric, .timestamp = SOME_TIME(minute), .value = SOME_F64(f.by_default), .unit = f.unit};
    put_data(call_for_task(t, &logs_service, account, region, now_ms), f.space, &datum, 1);
    return NULL;
}
