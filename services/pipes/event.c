/* One event on its way through a pipe: does it pass the filters, and what does the target get of it? A queue's body that
 * is JSON is seen as such by filters, templates and paths; the event itself keeps it as text. */
#include "pipes.h"

#include "cloud/template.h"
#include "text/json.h"

void event_read(struct arena *a, struct pipe_event *e, str json, str parsed) {
    e->json = json;
    e->parsed = parsed.p ? parsed : json;
    e->tree = json_tree(a, e->json, json_default_limits, NULL, NULL);
    e->parsed_tree = parsed.p ? json_tree(a, e->parsed, json_default_limits, NULL, NULL) : e->tree;
    ASSERT(e->tree && e->parsed_tree);
}

/* ---- filters: of several, any ---- */

struct pipe_filter filter_of(struct arena *a, const struct pipe_source *s) {
    struct pipe_filter f = {.n = s->filters.n};
    str problem;
    for (u32 i = 0; i < f.n; i++) {
        f.v[i] = event_pattern_compile(s->filters.v[i].key, EVENT_PATTERN_EVENTS, a, &problem);
        ASSERT(f.v[i]); /* was checked when it was set */
    }
    return f;
}

bool filter_lets(const struct pipe_filter *f, const struct pipe_event *e) {
    for (u32 i = 0; i < f->n; i++)
        if (event_pattern_matches(f->v[i], e->parsed_tree) || (e->tree != e->parsed_tree && event_pattern_matches(f->v[i], e->tree))) return true;
    return !f->n;
}

/* ---- what the target gets ---- */

struct fill {
    struct call *call;
    const struct pipe *pipe;
    const struct pipe_event *event;
};

static str quoted(struct arena *a, str text) {
    struct buf b = buf_new(a, TEMPLATE_TEXT_MAX);
    json_write_string(&b, text);
    return buf_str(&b);
}

static str value_of(const void *context, struct arena *a, str name) {
    const struct fill *f = context;
    struct buf at = buf_new(a, 64);
    if (str_starts(name, S("$"))) {
        const struct json_node *n = json_path(f->event->parsed_tree, name);
        return n ? json_node_raw(n, f->event->parsed) : (str){0};
    }
    if (str_starts(name, S("aws.pipes.event.i"))) { /* ngestion-time */
        buf_iso8601_ms(&at, f->call->now_ms);
        return quoted(a, buf_str(&at));
    }
    if (str_starts(name, S("aws.pipes.event"))) return f->event->json;
    if (str_eq(name, S("aws.pipes.pipe-arn"))) return quoted(a, pipe_arn(a, f->pipe));
    if (str_eq(name, S("aws.pipes.pipe-name"))) return quoted(a, f->pipe->name);
    if (str_eq(name, S("aws.pipes.source-arn"))) return quoted(a, f->pipe->source->arn);
    if (str_eq(name, S("aws.pipes.target-arn"))) return quoted(a, f->pipe->target->arn);
    return quoted(a, f->pipe->enrichment ? f->pipe->enrichment->arn : S("")); /* aws.pipes.enrichment-arn */
}

str event_payload(struct call *c, const struct pipe *p, const char *stage, str template, const struct pipe_event *e) {
    struct fill f = {c, p, e};
    if (!template.p) return e->json;
    pipe_step(c, p, e, stage, "TRANSFORMATION_STARTED", e->json, NULL);
    str made = template_fill(c->arena, template, &(struct template_names){.value = value_of, .context = &f, .paths = true});
    if (made.p) pipe_step(c, p, e, stage, "TRANSFORMATION_SUCCEEDED", made, NULL);
    else pipe_step(c, p, e, stage, "TRANSFORMATION_FAILED", e->json, fail(c, &cloud_validation, "The event is too long for its target."));
    return made;
}

str event_parameter(struct arena *a, const struct pipe_event *e, str parameter) {
    if (!str_starts(parameter, S("$."))) return parameter.n ? parameter : (str){0};
    const struct json_node *n = json_path(e->parsed_tree, parameter);
    if (!n) return (str){0};
    return n->type == JSON_STRING ? arena_str(a, n->text) : json_node_raw(n, e->parsed);
}
