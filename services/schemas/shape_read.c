/* A form read back from the OpenAPI that it was written as: a further event is united with what is known so far. */
#include "shape.h"

enum { DEPTH_MAX = 255, NODES_MAX = 20000 /* components that refer to each other must come to an end */ };

struct reader {
    struct arena *arena;
    const struct json_node *components;
    u32 nodes;
};

static bool says(const struct json_node *n, str key, str value) {
    const struct json_node *m = json_node_member(n, key);
    return m && m->type == JSON_STRING && str_eq(m->text, value);
}

static struct shape *read_value(struct reader *r, const struct json_node *n, u32 depth);

static const struct json_node *referred(const struct reader *r, const struct json_node *n) {
    const struct json_node *ref = json_node_member(n, S("$ref"));
    if (!ref) return n;
    str prefix = S("#/components/schemas/");
    return ref->type == JSON_STRING && str_starts(ref->text, prefix) ? json_node_member(r->components, str_skip(ref->text, prefix.n)) : NULL;
}

static bool is_required(const struct json_node *object, str name) {
    const struct json_node *list = json_node_member(object, S("required"));
    for (const struct json_node *n = list && list->type == JSON_ARRAY ? list->first : NULL; n; n = n->next)
        if (n->type == JSON_STRING && str_eq(n->text, name)) return true;
    return false;
}

static void read_members(struct reader *r, const struct json_node *n, struct shape *s, u32 depth) {
    const struct json_node *properties = json_node_member(n, S("properties"));
    for (const struct json_node *p = properties && properties->type == JSON_OBJECT ? properties->first : NULL; p; p = p->next) {
        struct shape_member *m = NEW(r->arena, struct shape_member);
        *m = (struct shape_member){.name = p->key, .required = is_required(n, p->key), .shape = read_value(r, p, depth + 1)};
        if (!m->shape->types) m->shape->types = SHAPE_NULL; /* nothing is said of a member that was null */
        shape_add_member(s, m);
    }
}

static u8 type_of(const struct json_node *n) {
    if (says(n, S("type"), S("object"))) return SHAPE_OBJECT;
    if (says(n, S("type"), S("array"))) return SHAPE_ARRAY;
    if (says(n, S("type"), S("boolean"))) return SHAPE_BOOLEAN;
    if (says(n, S("type"), S("integer"))) return SHAPE_INTEGER;
    if (says(n, S("type"), S("number"))) return SHAPE_NUMBER;
    if (says(n, S("type"), S("string"))) return says(n, S("format"), S("date-time")) ? SHAPE_DATE_TIME : SHAPE_STRING;
    return 0;
}

static struct shape *read_value(struct reader *r, const struct json_node *n, u32 depth) {
    struct shape *s = NEW(r->arena, struct shape);
    const struct json_node *nullable = json_node_member(n, S("nullable")), *choice = json_node_member(n, S("anyOf"));
    if (nullable && nullable->boolean) s->types |= SHAPE_NULL;
    n = referred(r, n);
    if (!n || n->type != JSON_OBJECT || depth > DEPTH_MAX || ++r->nodes > NODES_MAX) return s;
    s->types |= type_of(n);
    if (s->types & SHAPE_OBJECT) read_members(r, n, s, depth);
    const struct json_node *items = json_node_member(n, S("items"));
    if ((s->types & SHAPE_ARRAY) && items) s->item = read_value(r, items, depth + 1);
    for (const struct json_node *m = choice && choice->type == JSON_ARRAY ? choice->first : NULL; m; m = m->next) s = shape_unite(s, read_value(r, m, depth + 1));
    return s;
}

bool event_shape_read(struct arena *a, str content, struct event_shape *e) {
    *e = (struct event_shape){0};
    const struct json_node *tree = json_tree(a, content, json_default_limits, NULL, NULL);
    if (!tree) return false;
    struct reader r = {.arena = a, .components = json_node_member(json_node_member(tree, S("components")), S("schemas"))};
    const struct json_node *event = json_node_member(r.components, S("AWSEvent")), *source = json_node_member(event, S("x-amazon-events-source")),
                           *type = json_node_member(event, S("x-amazon-events-detail-type"));
    const struct json_node *detail = json_node_member(json_node_member(event, S("properties")), S("detail"));
    if (source && type && detail && source->type == JSON_STRING && type->type == JSON_STRING) {
        *e = (struct event_shape){source->text, type->text, read_value(&r, detail, 0)};
        return true;
    }
    event = json_node_member(r.components, S("Event"));
    if (event) e->body = read_value(&r, event, 0);
    return true;
}
