/* GetMetricWidgetImage: a dashboard's metric widget, read from its JSON and drawn from the data. */
#include "chart.h"
#include "cloudwatch.h"

#include "text/json.h"
#include "text/tree.h"

#include <math.h>

enum { WIDTH = 600, HEIGHT = 395, SIDE_MAX = 2000, SIDE_MIN = 50, METRICS_MAX = 500, LINES_MAX = 500, MARKS_MAX = 50, PARTS_MAX = 62, PERIOD_S = 300 };

struct widget {
    struct call *c;
    const struct json_node *root;
    struct chart chart;
    struct cloudwatch_metric_data_queries queries;
    const struct json_node **render; /* of each query: its rendering object, or NULL */
};

static err wrong(struct call *c, const char *problem) { return fail(c, &cloud_validation, "The value of field MetricWidget is invalid: %s", problem); }

/* ---- members ---- */

static str text_of(const struct json_node *object, const char *name, str otherwise) {
    const struct json_node *n = object ? json_node_member(object, str_of(name)) : NULL;
    return n && n->type == JSON_STRING ? n->text : otherwise;
}
static double number_of(const struct json_node *object, const char *name, double otherwise) {
    const struct json_node *n = object ? json_node_member(object, str_of(name)) : NULL;
    return n && n->type == JSON_NUMBER ? n->number : otherwise;
}
static bool flag_of(const struct json_node *object, const char *name, bool otherwise) {
    const struct json_node *n = object ? json_node_member(object, str_of(name)) : NULL;
    return n && n->type == JSON_BOOLEAN ? n->boolean : otherwise;
}

/* #rgb and #rrggbb */
static struct color color_of(const struct json_node *object, struct color otherwise) {
    str text = text_of(object, "color", S(""));
    u8 v[3];
    char wide[6];
    if (!str_starts(text, S("#"))) return otherwise;
    text = str_skip(text, 1);
    for (int i = 0; text.n == 3 && i < 6; i++) wide[i] = text.p[i / 2];
    if (text.n == 3) text = (str){wide, 6};
    if (text.n != 6 || !hex_decode(text, v)) return otherwise;
    return (struct color){v[0] / 255.0, v[1] / 255.0, v[2] / 255.0, 1};
}

/* -PT3H, -P1D, P0D, PT0H: against now; or a date */
static bool time_of(str text, i64 now_ms, i64 *ms) {
    bool back = str_starts(text, S("-")), clock = false;
    str rest = back ? str_skip(text, 1) : text;
    i64 sum = 0, number = 0;
    if (!str_starts(rest, S("P"))) return iso8601_parse(text, ms);
    for (rest = str_skip(rest, 1); rest.n; rest = str_skip(rest, 1)) {
        char ch = *rest.p;
        if (ch >= '0' && ch <= '9') {
            if ((number = number * 10 + ch - '0') > 1000000) return false;
            continue;
        }
        i64 unit = ch == 'W' ? 7 * day_ms : ch == 'D' ? day_ms : ch == 'H' ? hour_ms : ch == 'S' ? 1000 : ch == 'M' ? clock ? minute_ms : 30 * day_ms : 0;
        if (ch == 'T') clock = true;
        else if (!unit) return false;
        sum += number * unit;
        number = 0;
    }
    *ms = back ? now_ms - sum : now_ms + sum;
    return number == 0;
}

static i64 zone_of(str text) { /* +0130 */
    i64 v;
    if (text.n != 5 || (*text.p != '+' && *text.p != '-') || !str_to_i64(str_skip(text, 1), &v)) return 0;
    v = v / 100 * hour_ms + v % 100 * minute_ms;
    return *text.p == '-' ? -v : v;
}

/* ---- metrics: [namespace, name, dimension, value, ..., { rendering }], "." as above, "..." all as above ---- */

struct row {
    str parts[PARTS_MAX];
    u32 n;
    const struct json_node *render;
};

static bool read_row(const struct json_node *node, const struct row *above, struct row *row) {
    u32 given = 0, i = 0;
    *row = (struct row){0};
    if (node->type != JSON_ARRAY) return false;
    for (const struct json_node *n = node->first; n; n = n->next) given += n->type == JSON_STRING;
    for (const struct json_node *n = node->first; n; n = n->next, i++) {
        if (n->type == JSON_OBJECT && !n->next) {
            row->render = n;
            continue;
        }
        if (n->type != JSON_STRING) return false;
        if (str_eq(n->text, S("..."))) {
            u32 copied = above->n >= given - 1 ? above->n - (given - 1) : 0;
            for (u32 j = 0; j < copied && row->n < PARTS_MAX; j++) row->parts[row->n] = above->parts[row->n], row->n++;
            continue;
        }
        if (row->n == PARTS_MAX) return false;
        row->parts[row->n] = str_eq(n->text, S(".")) && row->n < above->n ? above->parts[row->n] : n->text;
        row->n++;
    }
    return true;
}

static err add_query(struct widget *w, const struct row *row) {
    struct arena *a = w->c->arena;
    struct cloudwatch_metric_data_query *q = &w->queries.v[w->queries.n];
    str expression = text_of(row->render, "expression", (str){0});
    double period = number_of(row->render, "period", number_of(w->root, "period", PERIOD_S));
    if (!(period >= 1 && period <= 86400)) return wrong(w->c, "a period is not valid");
    *q = (struct cloudwatch_metric_data_query){.id = text_of(row->render, "id", arena_format(a, "line%u", w->queries.n)), .label = text_of(row->render, "label", (str){0}),
                                               .expression = expression, .return_data = SOME_BOOL(flag_of(row->render, "visible", true))};
    w->render[w->queries.n++] = row->render;
    if (expression.p) {
        q->period = SOME_I32((i32)period);
        return row->n ? wrong(w->c, "an expression stands in a row of its own") : NULL;
    }
    if (row->n < 2 || row->n % 2) return wrong(w->c, "a metric has a namespace, a name, and pairs of dimensions");
    struct cloudwatch_metric *metric = NEW(a, struct cloudwatch_metric);
    struct cloudwatch_metric_stat *stat = NEW(a, struct cloudwatch_metric_stat);
    *metric = (struct cloudwatch_metric){.namespace = row->parts[0], .metric_name = row->parts[1], .dimensions = {NEW_ARRAY(a, struct cloudwatch_dimension, row->n), 0, true}};
    for (u32 i = 2; i < row->n; i += 2) metric->dimensions.v[metric->dimensions.n++] = (struct cloudwatch_dimension){row->parts[i], row->parts[i + 1]};
    *stat = (struct cloudwatch_metric_stat){.metric = metric, .period = SOME_I32((i32)period), .stat = text_of(row->render, "stat", text_of(w->root, "stat", S("Average")))};
    q->metric_stat = stat;
    return NULL;
}

static err read_metrics(struct widget *w) {
    const struct json_node *metrics = json_node_member(w->root, S("metrics"));
    struct row above = {0}, row;
    if (!metrics || metrics->type != JSON_ARRAY || !metrics->count) return wrong(w->c, "it has no metrics");
    if (metrics->count > METRICS_MAX) return wrong(w->c, "it has too many metrics");
    w->queries = (struct cloudwatch_metric_data_queries){NEW_ARRAY(w->c->arena, struct cloudwatch_metric_data_query, metrics->count), 0, true};
    w->render = NEW_ARRAY(w->c->arena, const struct json_node *, metrics->count);
    for (const struct json_node *n = metrics->first; n; n = n->next) {
        if (!read_row(n, &above, &row)) return wrong(w->c, "Field \"metrics\" has to be an array of array of strings, with an optional metricRenderer object as last element");
        TRY(add_query(w, &row));
        if (row.n) above = row;
    }
    return NULL;
}

/* ---- everything else ---- */

/* A band is written as an array of two: each is a line of its own. */
static void read_moment(struct widget *w, struct chart *c, const struct json_node *n) {
    str text = text_of(n, "value", S(""));
    i64 at_ms;
    for (const struct json_node *one = n->type == JSON_ARRAY ? n->first : NULL; one; one = one->next)
        if (one->type == JSON_OBJECT) read_moment(w, c, one);
    if (n->type != JSON_OBJECT || c->moment_count == MARKS_MAX || !iso8601_parse(text, &at_ms)) return;
    c->moments[c->moment_count++] = (struct chart_moment){at_ms, text_of(n, "label", S("")), color_of(n, chart_color(3))};
}

static void read_annotations(struct widget *w, struct chart *c) {
    const struct json_node *annotations = json_node_member(w->root, S("annotations"));
    const struct json_node *marks = annotations ? json_node_member(annotations, S("horizontal")) : NULL, *moments = annotations ? json_node_member(annotations, S("vertical")) : NULL;
    c->marks = NEW_ARRAY(w->c->arena, struct chart_mark, MARKS_MAX);
    c->moments = NEW_ARRAY(w->c->arena, struct chart_moment, MARKS_MAX);
    for (const struct json_node *n = marks ? marks->first : NULL; n && c->mark_count < MARKS_MAX; n = n->next)
        if (n->type == JSON_OBJECT && isfinite(number_of(n, "value", NAN)))
            c->marks[c->mark_count++] = (struct chart_mark){number_of(n, "value", 0), text_of(n, "label", S("")), color_of(n, chart_color(3)), str_eq(text_of(n, "yAxis", S("left")), S("right"))};
    for (const struct json_node *n = moments ? moments->first : NULL; n; n = n->next) read_moment(w, c, n);
}

static err read_chart(struct widget *w) {
    struct chart *c = &w->chart;
    const struct json_node *axes = json_node_member(w->root, S("yAxis")), *legend = json_node_member(w->root, S("legend"));
    double width = number_of(w->root, "width", WIDTH), height = number_of(w->root, "height", HEIGHT);
    if (!str_eq(text_of(w->root, "view", S("timeSeries")), S("timeSeries"))) return fail(w->c, &cloud_not_implemented, "brume draws widgets whose view is timeSeries (yet).");
    if (!(width >= SIDE_MIN && width <= SIDE_MAX && height >= SIDE_MIN && height <= SIDE_MAX)) return wrong(w->c, "width and height must be from 50 to 2000");
    if (!time_of(text_of(w->root, "start", S("-PT3H")), w->c->now_ms, &c->from_ms) || !time_of(text_of(w->root, "end", S("PT0H")), w->c->now_ms, &c->to_ms) || c->from_ms >= c->to_ms)
        return wrong(w->c, "start and end are not valid");
    c->width = (int)width;
    c->height = (int)height;
    c->title = text_of(w->root, "title", S(""));
    c->stacked = flag_of(w->root, "stacked", false);
    c->dark = str_eq(text_of(w->root, "theme", S("light")), S("dark"));
    c->legend_hidden = str_eq(text_of(legend, "position", S("bottom")), S("hidden"));
    c->zone_ms = zone_of(text_of(w->root, "timezone", S("")));
    for (u8 side = 0; side < CHART_SIDES; side++) {
        const struct json_node *axis = axes ? json_node_member(axes, side ? S("right") : S("left")) : NULL;
        c->label[side] = text_of(axis, "label", S(""));
        c->min[side] = number_of(axis, "min", NAN);
        c->max[side] = number_of(axis, "max", NAN);
    }
    read_annotations(w, c);
    return NULL;
}

static err read_data(struct widget *w) {
    struct query_run *run;
    struct query_answer answer;
    struct chart *c = &w->chart;
    TRY(queries_open(w->c, &w->queries, c->from_ms, c->to_ms, &run));
    c->lines = NEW_ARRAY(w->c->arena, struct chart_line, LINES_MAX);
    for (u32 i = 0; i < w->queries.n; i++) {
        const struct cloudwatch_metric_data_query *q = &w->queries.v[i];
        if (!q->return_data.v) continue;
        TRY(query_series(w->c, run, i, &answer));
        for (u32 j = 0; j < answer.n && c->line_count < LINES_MAX; j++) {
            const struct series *s = &answer.v[j];
            str own = answer.n > 1 && s->id.n ? s->id : q->metric_stat ? q->metric_stat->metric->metric_name : q->expression;
            c->lines[c->line_count] = (struct chart_line){*s, q->label.p ? label_expand(w->c, q->label, s, q, own, (str){0}) : own, color_of(w->render[i], chart_color(c->line_count)),
                                                          str_eq(text_of(w->render[i], "yAxis", S("left")), S("right"))};
            c->line_count++;
        }
    }
    return NULL;
}

err cloudwatch_get_metric_widget_image(struct call *c, const struct cloudwatch_get_metric_widget_image_input *in, struct cloudwatch_get_metric_widget_image_output *out) {
    struct widget w = {.c = c, .root = json_tree(c->arena, in->metric_widget, json_default_limits, NULL, NULL)};
    if (in->output_format.p && !str_eq(in->output_format, S("png"))) return fail(c, &cloud_not_implemented, "brume answers a widget's image as png only (yet).");
    if (!w.root || w.root->type != JSON_OBJECT) return wrong(c, "it must be a valid JSON object");
    TRY(read_metrics(&w));
    TRY(read_chart(&w));
    TRY(read_data(&w));
    out->metric_widget_image = chart_png(c->arena, &w.chart);
    return out->metric_widget_image.p ? NULL : fail(c, &cloud_not_implemented, "brume draws with cairo, which this machine lacks (Debian: libcairo2, fonts-dejavu-core).");
}
