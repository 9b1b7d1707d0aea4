/* From an event to what is known of its kind: EventBridge sets a task for each event that a discoverer's rule lets
 * through. A schema gets a new version when the event has something that the newest one does not say. */
#include "schemas.h"

#include "shape.h"

static str schema_name(struct arena *a, const struct event_shape *e) {
    str name = arena_format(a, "%.*s@%.*s", STR_ARGS(e->source), STR_ARGS(shape_title(a, e->detail_type)));
    char *p = arena_c_string(a, name);
    for (size_t i = 0; i < name.n; i++)
        if (p[i] == '/' || p[i] == ' ') p[i] = '-';
    return (str){p, name.n};
}

static bool room_for_another(struct call *c) {
    str key, row;
    struct range r = schemas_of(c, S("discovered-schemas"), (str){0});
    i64 n = 0, most = quota(c, S("discovered-schemas"), DISCOVERED_MAX);
    while (n < most && range_next(&r, &key, &row)) n++;
    return n < most;
}

static void learn(struct call *c, struct event_shape *e) {
    struct schema s;
    struct schema_version v = {0};
    struct event_shape known = {0};
    str name = schema_name(c->arena, e);
    bool there = schema_load(c, S("discovered-schemas"), name, &s);
    if (!there && (name.n > 385 || !room_for_another(c))) return;
    if (there && !version_open(c, &s, (str){0}, &v) && event_shape_read(c->arena, v.content, &known)) e->body = shape_unite(known.body, e->body);
    str content = event_shape_write(c->arena, e, false);
    if (!content.p || str_eq(content, v.content) || !schema_add_version(c, &s, S("OpenApi3"), content)) return;
    if (!there) registry_add(c, schema_arn(c, s.registry, s.name), S("AWS::EventSchemas::Schema"));
}

/* The key: account, region, discoverer, and what tells events apart; the payload: the event. */
err discover(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct discoverer d;
    str rest = arena_str(a, task->key), account = str_cut(&rest, '/'), region = str_cut(&rest, '/'), id = str_cut(&rest, '/');
    const struct json_node *event = json_tree(a, arena_str(a, task->payload), json_default_limits, NULL, NULL);
    struct call *c = call_for_task(t, &schemas_service, account, region, now_ms);
    if (!event || !discoverer_load(c, id, &d) || d.stopped) return NULL;
    struct event_shape e = event_shape_of(a, event);
    if (e.source.p) learn(c, &e);
    return NULL;
}

const struct task_kind schemas_task_kinds[] = {
    {.name = "schemas-discover", .run = discover},
    {0},
};

/* ---- GetDiscoveredSchema: of events that the caller has ---- */

err schemas_get_discovered_schema(struct call *c, const struct schemas_get_discovered_schema_request *in, struct schemas_get_discovered_schema_response *out) {
    struct event_shape all = {0};
    for (u32 i = 0; i < in->events.n; i++) {
        const struct json_node *event = json_tree(c->arena, in->events.v[i], json_default_limits, NULL, NULL);
        if (!event || event->type != JSON_OBJECT) return refuse(c, &schemas_bad_request_exception, "Event is not valid JSON.");
        struct event_shape one = event_shape_of(c->arena, event);
        if (i && (!str_eq(one.source, all.source) || !str_eq(one.detail_type, all.detail_type)))
            return refuse(c, &schemas_bad_request_exception, "All events must be of the same source and detail-type.");
        one.body = shape_unite(all.body, one.body);
        all = one;
    }
    out->content = event_shape_write(c->arena, &all, str_eq(in->type, S("JSONSchemaDraft4")));
    return out->content.p ? NULL : refuse(c, &schemas_bad_request_exception, "The schema of the events is too long.");
}
