/* The dashboard: its body is the customer's JSON, held against the form that AWS describes. Dashboards are of an
 * account, not of a region. */
#include "cloudwatch.h"

#include "text/json.h"
#include "text/tree.h"

#include <stdarg.h>
#include <stdio.h>

enum { MESSAGES_MAX = 100, LIST_PAGE = 1000, GRID_WIDTH = 24, GRID_HEIGHT = 1000 };

static str dashboard_row(struct call *c, str name) {
    struct key k = call_key_global(c, S("dashboard"));
    key_str(&k, name);
    return key_bytes(&k);
}

static str dashboard_arn(struct call *c, str name) { return arn_format(c->arena, S("cloudwatch"), S(""), c->account, arena_concat(c->arena, S("dashboard/"), name)); }

static bool load(struct call *c, str name, struct dashboard *d) {
    str row;
    *d = (struct dashboard){0};
    if (name.n > 255 || !txn_get(c->txn, dashboard_row(c, name), &row)) return false;
    ASSERT(record_decode(c->arena, &cloudwatch_dashboard_record, arena_str(c->arena, row), d));
    return true;
}

/* ---- what is wrong with a body ---- */

struct check {
    struct arena *arena;
    struct cloudwatch_dashboard_validation_messages errors;
};

PRINTF(3, 4) static void complain(struct check *k, str path, const char *format, ...) {
    va_list args;
    char text[512];
    if (k->errors.n == MESSAGES_MAX) return;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    str message = arena_str(k->arena, (str){text, MIN((size_t)n, sizeof text - 1)});
    k->errors.v[k->errors.n++] = (struct cloudwatch_dashboard_validation_message){.data_path = path, .message = message};
    k->errors.set = true;
}

static const struct json_node *required(struct check *k, const struct json_node *object, str path, const char *name) {
    const struct json_node *n = json_node_member(object, str_of(name));
    if (!n) complain(k, path, "Should have required property '%s'", name);
    return n;
}

static str below(struct check *k, str path, const char *name) { return arena_format(k->arena, "%.*s/%s", STR_ARGS(path), name); }

static bool is(struct check *k, const struct json_node *n, u8 type, const char *word, str path) {
    if (!n || n->type == type) return n != NULL;
    complain(k, path, "Should be %s", word);
    return false;
}

static void check_number(struct check *k, const struct json_node *widget, str path, const char *name, double low, double high) {
    const struct json_node *n = json_node_member(widget, str_of(name));
    str at = below(k, path, name);
    if (!n || !is(k, n, JSON_NUMBER, "integer", at)) return;
    if (n->number < low) complain(k, at, "Should be >= %g", low);
    if (n->number > high) complain(k, at, "Should be <= %g", high);
}

/* [ "Namespace", "Metric", "Dimension", "value", { rendering } ], [ { "expression": ... } ] */
static void check_metrics(struct check *k, const struct json_node *metrics, str path) {
    static const char rows[] = "Field \"metrics\" has to be an array of array of strings, with an optional metricRenderer object as last element";
    u32 i = 0;
    if (!is(k, metrics, JSON_ARRAY, "array", path)) return;
    for (const struct json_node *row = metrics->first; row; row = row->next, i++) {
        str at = arena_format(k->arena, "%.*s/%u", STR_ARGS(path), i);
        bool fine = row->type == JSON_ARRAY;
        for (const struct json_node *n = fine ? row->first : NULL; n; n = n->next) fine &= n->type == JSON_STRING || (n->type == JSON_OBJECT && !n->next);
        if (row->type != JSON_ARRAY) complain(k, at, "Should be array");
        if (!fine) complain(k, at, "%s", rows);
    }
}

static void check_metric_widget(struct check *k, const struct json_node *properties, str path) {
    const struct json_node *metrics = json_node_member(properties, S("metrics")), *annotations = json_node_member(properties, S("annotations"));
    if (!metrics && !annotations) {
        complain(k, path, "Should have required property 'metrics'");
        complain(k, path, "The metric widget should have specified a region and a data source or an alarm annotation");
        complain(k, path, "Should have required property 'annotations'");
        return;
    }
    if (metrics) required(k, properties, path, "region");
    if (metrics) check_metrics(k, metrics, below(k, path, "metrics"));
    static const char *const views[] = {"timeSeries", "singleValue", "gauge", "bar", "pie", "table"};
    const struct json_node *view = json_node_member(properties, S("view"));
    bool known = !view;
    for (size_t i = 0; view && i < LENGTH(views); i++) known |= str_eq(view->text, str_of(views[i]));
    if (!known) complain(k, below(k, path, "view"), "Should be equal to one of the allowed values");
}

static void check_widget(struct check *k, const struct json_node *widget, str path) {
    static const char *const types[] = {"metric", "text", "log", "alarm", "explorer", "custom", "chart"};
    if (!is(k, widget, JSON_OBJECT, "object", path)) return;
    const struct json_node *type = required(k, widget, path, "type"), *properties = required(k, widget, path, "properties");
    bool known = !type;
    for (size_t i = 0; type && i < LENGTH(types); i++) known |= type->type == JSON_STRING && str_eq(type->text, str_of(types[i]));
    if (!known) complain(k, below(k, path, "type"), "Should be equal to one of the allowed values");
    check_number(k, widget, path, "x", 0, GRID_WIDTH - 1);
    check_number(k, widget, path, "y", 0, 1e9);
    check_number(k, widget, path, "width", 1, GRID_WIDTH);
    check_number(k, widget, path, "height", 1, GRID_HEIGHT);
    str at = below(k, path, "properties");
    if (!type || !is(k, properties, JSON_OBJECT, "object", at)) return;
    if (str_eq(type->text, S("metric"))) check_metric_widget(k, properties, at);
    if (str_eq(type->text, S("text"))) required(k, properties, at, "markdown");
    if (str_eq(type->text, S("log"))) required(k, properties, at, "query");
    if (str_eq(type->text, S("alarm"))) required(k, properties, at, "alarms");
    if (str_eq(type->text, S("custom"))) required(k, properties, at, "endpoint");
}

static str quoted(struct arena *a, str text) {
    struct buf b = buf_new(a, 4096);
    json_write_string(&b, text);
    return buf_str(&b);
}

static str listing(struct arena *a, const struct cloudwatch_dashboard_validation_messages *messages) {
    struct buf b = buf_new(a, 1 << 17);
    buf_format(&b, "The dashboard body is invalid, there are %u validation errors:\n[\n", messages->n);
    for (u32 i = 0; i < messages->n; i++) {
        buf_add(&b, S("  {\n    \"dataPath\": "));
        buf_add(&b, quoted(a, messages->v[i].data_path));
        buf_add(&b, S(",\n    \"message\": "));
        buf_add(&b, quoted(a, messages->v[i].message));
        buf_format(&b, "\n  }%s\n", i + 1 < messages->n ? "," : "");
    }
    buf_char(&b, ']');
    return buf_str(&b);
}

static err check_body(struct call *c, str body) {
    struct check k = {.arena = c->arena, .errors = {.v = NEW_ARRAY(c->arena, struct cloudwatch_dashboard_validation_message, MESSAGES_MAX)}};
    const struct json_node *tree = json_tree(c->arena, body, json_default_limits, NULL, NULL);
    u32 i = 0;
    if (!tree || tree->type != JSON_OBJECT) return fail(c, &cloudwatch_dashboard_invalid_input_error, "The field DashboardBody must be a valid JSON object");
    const struct json_node *widgets = required(&k, tree, S(""), "widgets");
    if (is(&k, widgets, JSON_ARRAY, "array", S("/widgets")))
        for (const struct json_node *w = widgets->first; w; w = w->next, i++) check_widget(&k, w, arena_format(c->arena, "/widgets/%u", i));
    if (json_node_member(tree, S("end")) && !json_node_member(tree, S("start"))) complain(&k, S(""), "Should have property start when property end is present");
    if (!k.errors.n) return NULL;
    str text = listing(c->arena, &k.errors);
    struct cloudwatch_dashboard_invalid_input_error *members = NEW(c->arena, struct cloudwatch_dashboard_invalid_input_error);
    *members = (struct cloudwatch_dashboard_invalid_input_error){.message = text, .dashboard_validation_messages = k.errors};
    return fail_with(c, &cloudwatch_dashboard_invalid_input_error, members, "%.*s", STR_ARGS(text));
}

/* ---- operations ---- */

static bool name_valid(str name) {
    for (size_t i = 0; i < name.n; i++) {
        char ch = name.p[i];
        if (!((ch | 32) >= 'a' && (ch | 32) <= 'z') && !(ch >= '0' && ch <= '9') && ch != '-' && ch != '_') return false;
    }
    return name.n && name.n <= 255;
}

err cloudwatch_put_dashboard(struct call *c, const struct cloudwatch_put_dashboard_input *in, struct cloudwatch_put_dashboard_output *out) {
    struct dashboard d;
    if (!name_valid(in->dashboard_name))
        return fail(c, &cloudwatch_dashboard_invalid_input_error, "The value %.*s for field DashboardName contains invalid characters. It can only contain alphanumerics, dash (-) and underscore (_).",
                    STR_ARGS(in->dashboard_name));
    TRY(check_body(c, in->dashboard_body));
    bool known = load(c, in->dashboard_name, &d);
    d = (struct dashboard){.body = in->dashboard_body, .changed_ms = c->now_ms};
    txn_put(c->txn, dashboard_row(c, in->dashboard_name), record_encode(c->arena, &cloudwatch_dashboard_record, &d));
    out->dashboard_validation_messages.set = true;
    if (known) return NULL;
    str arn = dashboard_arn(c, in->dashboard_name);
    registry_add(c, arn, S("AWS::CloudWatch::Dashboard"));
    return tag(c, arn, &in->tags);
}

static err absent(struct call *c, str name) { return fail(c, &cloudwatch_dashboard_not_found_error, "Dashboard %.*s does not exist", STR_ARGS(name)); }

err cloudwatch_get_dashboard(struct call *c, const struct cloudwatch_get_dashboard_input *in, struct cloudwatch_get_dashboard_output *out) {
    struct dashboard d;
    if (!load(c, in->dashboard_name, &d)) return absent(c, in->dashboard_name);
    *out = (struct cloudwatch_get_dashboard_output){.dashboard_arn = dashboard_arn(c, in->dashboard_name), .dashboard_body = d.body, .dashboard_name = in->dashboard_name};
    return NULL;
}

err cloudwatch_list_dashboards(struct call *c, const struct cloudwatch_list_dashboards_input *in, struct cloudwatch_list_dashboards_output *out) {
    str position = {0}, key, row, name = {0};
    if (in->next_token.p && !page_position(c, in->next_token, &position)) return fail(c, &cloudwatch_invalid_parameter_value_exception, "Invalid NextToken");
    struct key k = call_key_global(c, S("dashboard"));
    size_t skip = key_bytes(&k).n;
    key_str_prefix(&k, in->dashboard_name_prefix.p ? in->dashboard_name_prefix : S(""));
    str prefix = key_bytes(&k);
    out->dashboard_entries.v = NEW_ARRAY(c->arena, struct cloudwatch_dashboard_entry, LIST_PAGE);
    out->dashboard_entries.set = true;
    struct range r = txn_range(c->txn, position.p ? position : prefix, key_after_prefix(c->arena, prefix));
    while (range_next(&r, &key, &row)) {
        struct dashboard d = {0};
        str rest = str_skip(arena_str(c->arena, key), skip);
        if (out->dashboard_entries.n == LIST_PAGE) {
            out->next_token = page_token(c, arena_str(c->arena, key));
            break;
        }
        ASSERT(key_read_str(&rest, c->arena, &name));
        ASSERT(record_decode(c->arena, &cloudwatch_dashboard_record, row, &d));
        out->dashboard_entries.v[out->dashboard_entries.n++] = (struct cloudwatch_dashboard_entry){
            .dashboard_name = name, .dashboard_arn = dashboard_arn(c, name), .last_modified = SOME_TIME(d.changed_ms), .size = SOME_I64((i64)d.body.n)};
    }
    return NULL;
}

/* All of them or none. */
err cloudwatch_delete_dashboards(struct call *c, const struct cloudwatch_delete_dashboards_input *in, struct cloudwatch_delete_dashboards_output *out) {
    (void)out;
    struct dashboard d;
    for (u32 i = 0; i < in->dashboard_names.n; i++) {
        str arn = dashboard_arn(c, in->dashboard_names.v[i]);
        if (!may(c, S("cloudwatch:DeleteDashboards"), arn)) return deny(c, S("cloudwatch:DeleteDashboards"), arn);
        if (!load(c, in->dashboard_names.v[i], &d)) return absent(c, in->dashboard_names.v[i]);
    }
    for (u32 i = 0; i < in->dashboard_names.n; i++) {
        txn_delete(c->txn, dashboard_row(c, in->dashboard_names.v[i]));
        registry_remove(c, dashboard_arn(c, in->dashboard_names.v[i]));
    }
    return NULL;
}
