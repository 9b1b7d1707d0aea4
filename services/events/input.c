/* What a target gets: the event, a fixed text, a part of the event, or a template filled from it (EventBridge user
 * guide, "Input transformation"). */
#include "events.h"

#include "cloud/template.h"
#include "text/json.h"

enum { INPUT_MAX = 2 << 20 };

/* ---- names that are always there ---- */

static str event_without_detail(struct arena *a, const struct event *e, i64 now_ms) {
    struct buf b = buf_new(a, INPUT_MAX), at = buf_new(a, 64);
    buf_iso8601(&at, now_ms / 1000 * 1000);
    const struct {
        const char *name;
        str value;
    } members[] = {{"version", S("0")},   {"id", e->id}, {"detailType", e->detail_type}, {"source", e->source}, {"account", e->account},
                   {"time", buf_str(&at)}, {"region", e->region}};
    json_write_object(&b);
    for (size_t i = 0; i < LENGTH(members); i++) {
        json_write_member(&b, str_of(members[i].name), members[i].value);
    }
    json_write_key(&b, S("resources"));
    json_write_array(&b);
    for (u32 i = 0; i < e->resource_count; i++) json_write_string(&b, e->resources[i]);
    json_write_array_end(&b);
    json_write_object_end(&b);
    return buf_str(&b);
}

struct fill {
    const struct rule *rule;
    const struct target *target;
    const struct event *event;
    i64 now_ms;
};

static str quoted(struct arena *a, str text) {
    struct buf b = buf_new(a, INPUT_MAX);
    json_write_string(&b, text);
    return buf_str(&b);
}

static str value_of(const void *context, struct arena *a, str name) {
    const struct fill *f = context;
    struct buf at = buf_new(a, 64);
    if (str_eq(name, S("aws.events.rule-arn"))) return quoted(a, rule_arn(a, f->rule));
    if (str_eq(name, S("aws.events.rule-name"))) return quoted(a, f->rule->name);
    if (str_eq(name, S("aws.events.event.json"))) return f->event->json;
    if (str_eq(name, S("aws.events.event"))) return event_without_detail(a, f->event, f->now_ms);
    if (str_eq(name, S("aws.events.event.ingestion-time"))) {
        buf_iso8601(&at, f->now_ms / 1000 * 1000);
        return quoted(a, buf_str(&at));
    }
    for (u32 i = 0; i < f->target->paths.n; i++) {
        if (!str_eq(f->target->paths.v[i].key, name)) continue;
        const struct json_node *n = json_path(f->event->tree, f->target->paths.v[i].value);
        return n ? json_node_raw(n, f->event->json) : (str){0};
    }
    return (str){0};
}

str target_input(struct arena *a, const struct rule *rule, const struct target *target, const struct event *e, i64 now_ms) {
    if (target->input.p) return target->input;
    if (target->input_path.p) {
        const struct json_node *n = json_path(e->tree, target->input_path);
        return n ? json_node_raw(n, e->json) : (str){0};
    }
    struct fill f = {rule, target, e, now_ms};
    return target->template.p ? template_fill(a, target->template, &(struct template_names){.value = value_of, .context = &f}) : e->json;
}

static bool known(const struct events_target *t, str name) {
    if (str_starts(name, S("aws."))) return true;
    const struct events_transformer_paths *paths = &t->input_transformer->input_paths_map;
    for (u32 i = 0; i < paths->n; i++)
        if (str_eq(paths->v[i].key, name)) return true;
    return false;
}

err target_input_check(struct call *c, const struct events_target *t) {
    if (t->input_path.p && !str_starts(t->input_path, S("$"))) return fail(c, &cloud_validation, "Invalid InputPath for target %.*s.", STR_ARGS(t->id));
    if (!t->input_transformer) return NULL;
    str rest = t->input_transformer->input_template;
    for (str name; (name = template_next_name(&rest, false)).p;)
        if (!known(t, name)) return fail(c, &cloud_validation, "InputTemplate for target %.*s contains invalid placeholder %.*s.", STR_ARGS(t->id), STR_ARGS(name));
    return NULL;
}
