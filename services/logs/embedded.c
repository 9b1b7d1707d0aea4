/* Embedded metrics: an event of JSON whose "_aws" member says which of its other members are metrics. They are put like
 * those of metric filters. */
#include "embedded.h"

#include "gen/cloudwatch.h"
#include "text/tree.h"

enum { PARTS_MAX = 1000 /* of a put: what is more is left out */, METRICS_MAX = 100, SETS_MAX = 30, VALUES_MAX = 100, DIMENSIONS_MAX = 30 };
static const struct json_limits event_limits = {.bytes = 2 << 20, .depth = 64};

struct part { /* of one event, one namespace: a call to CloudWatch */
    str space;
    struct cloudwatch_metric_datum *data;
    u32 n;
};
struct embedded_metrics {
    struct part parts[PARTS_MAX];
    u32 n;
};

static str text_of(const struct json_node *object, str name) {
    const struct json_node *v = object ? json_node_member(object, name) : NULL;
    return v && v->type == JSON_STRING ? v->text : (str){0};
}

/* A number, or numbers. */
static bool read_values(struct arena *a, const struct json_node *v, struct cloudwatch_metric_datum *datum) {
    if (!v) return false;
    if (v->type == JSON_NUMBER) {
        datum->value = SOME_F64(v->number);
        return true;
    }
    if (v->type != JSON_ARRAY || !v->count || v->count > VALUES_MAX) return false;
    datum->values.v = NEW_ARRAY(a, struct opt_f64, v->count);
    datum->values.set = true;
    for (const struct json_node *one = v->first; one; one = one->next) {
        if (one->type != JSON_NUMBER) return false;
        datum->values.v[datum->values.n++] = SOME_F64(one->number);
    }
    return true;
}

/* The names of a set stand for members of the event; one that is missing leaves the set out. */
static bool read_dimensions(struct arena *a, const struct json_node *event, const struct json_node *set, struct cloudwatch_dimensions *dimensions) {
    if (set->type != JSON_ARRAY || set->count > DIMENSIONS_MAX) return false;
    *dimensions = (struct cloudwatch_dimensions){NEW_ARRAY(a, struct cloudwatch_dimension, set->count + 1), 0, set->count > 0};
    for (const struct json_node *name = set->first; name; name = name->next) {
        str value = name->type == JSON_STRING ? text_of(event, name->text) : (str){0};
        if (!value.n) return false;
        dimensions->v[dimensions->n++] = (struct cloudwatch_dimension){name->text, value};
    }
    return true;
}

static void read_set(struct arena *a, const struct json_node *event, const struct json_node *metrics, const struct cloudwatch_dimensions *dimensions, i64 time_ms, struct part *part) {
    u32 n = 0;
    for (const struct json_node *m = metrics->first; m && n < METRICS_MAX; m = m->next, n++) {
        struct cloudwatch_metric_datum datum = {.metric_name = text_of(m, S("Name")), .unit = text_of(m, S("Unit")), .dimensions = *dimensions, .timestamp = SOME_TIME(time_ms)};
        const struct json_node *resolution = json_node_member(m, S("StorageResolution"));
        if (resolution && resolution->type == JSON_NUMBER) datum.storage_resolution = SOME_I32(resolution->number == 1 ? 1 : 60);
        if (datum.metric_name.n && read_values(a, json_node_member(event, datum.metric_name), &datum)) part->data[part->n++] = datum;
    }
}

static void read_directive(struct arena *a, const struct json_node *event, const struct json_node *directive, i64 time_ms, struct embedded_metrics *all) {
    const struct json_node *sets = json_node_member(directive, S("Dimensions")), *metrics = json_node_member(directive, S("Metrics"));
    struct cloudwatch_dimensions dimensions = {0};
    struct part part = {.space = text_of(directive, S("Namespace"))};
    if (!part.space.n || !metrics || metrics->type != JSON_ARRAY || all->n == PARTS_MAX) return;
    u32 set_count = sets && sets->type == JSON_ARRAY ? MIN(sets->count, SETS_MAX) : 0, n = 0;
    part.data = NEW_ARRAY(a, struct cloudwatch_metric_datum, (size_t)MAX(set_count, 1) * MIN(metrics->count, METRICS_MAX) + 1);
    if (!set_count) read_set(a, event, metrics, &dimensions, time_ms, &part);
    for (const struct json_node *set = set_count ? sets->first : NULL; set && n < set_count; set = set->next, n++)
        if (read_dimensions(a, event, set, &dimensions)) read_set(a, event, metrics, &dimensions, time_ms, &part);
    if (part.n) all->parts[all->n++] = part;
}

struct embedded_metrics *embedded_metrics_read(struct arena *a, const struct log_event *events, u32 n) {
    struct embedded_metrics *all = NULL;
    for (u32 i = 0; i < n; i++) {
        str message = str_trim(events[i].message);
        if (!str_starts(message, S("{")) || str_find(message, S("\"CloudWatchMetrics\"")) == STR_NONE) continue;
        const struct json_node *event = json_tree(a, events[i].message, event_limits, NULL, NULL);
        const struct json_node *meta = event ? json_node_member(event, S("_aws")) : NULL, *directives = meta ? json_node_member(meta, S("CloudWatchMetrics")) : NULL;
        const struct json_node *timestamp = meta ? json_node_member(meta, S("Timestamp")) : NULL;
        if (!directives || directives->type != JSON_ARRAY) continue;
        if (!all) all = NEW(a, struct embedded_metrics);
        i64 time_ms = timestamp && timestamp->type == JSON_NUMBER && timestamp->number >= 0 && timestamp->number < 1e15 ? (i64)timestamp->number : events[i].time_ms;
        for (const struct json_node *d = directives->first; d; d = d->next) read_directive(a, event, d, time_ms, all);
    }
    return all;
}

void embedded_metrics_put(struct call *c, const struct embedded_metrics *all) {
    for (u32 i = 0; all && i < all->n; i++) {
        const struct part *p = &all->parts[i];
        struct cloudwatch_put_metric_data_input in = {.namespace = p->space, .metric_data = {p->data, p->n, true}};
        struct wire_unit out;
        /* What CloudWatch refuses is no metric; the event stays. */
        (void)!call_service(c, &(struct call_other){.service = &cloudwatch_service, .op = CLOUDWATCH_OP_PUT_METRIC_DATA, .as = CALL_AS_SERVICE}, &in, &out);
    }
}
