/* A form as schema: OpenAPI 3 with a component for each kind of object, or JSON Schema Draft 4 with definitions. */
#include "shape.h"

#include "text/json.h"

enum { TEXT_MAX = 100000, DEPTH_MAX = 255 };

struct component {
    str name;
    const struct shape *shape;
    struct component *next;
};
struct writer {
    struct arena *arena;
    struct buf out;
    bool draft4;
    struct component *components, **end; /* that are still to be written; they grow meanwhile */
};

static void text(struct writer *w, const char *key, str value) {
    json_write_member(&w->out, str_of(key), value);
}

static const char *place(const struct writer *w) { return w->draft4 ? "#/definitions/" : "#/components/schemas/"; }

static void refer(struct writer *w, str name) { text(w, "$ref", arena_format(w->arena, "%s%.*s", place(w), STR_ARGS(name))); }

/* A name that is taken gets a number. */
static str new_component(struct writer *w, str wish, const struct shape *shape) {
    str name = wish;
    for (u32 i = 1;; i++) {
        const struct component *k = w->components;
        while (k && !str_eq(k->name, name)) k = k->next;
        if (!k) break;
        name = arena_format(w->arena, "%.*s%u", STR_ARGS(wish), i);
    }
    struct component *k = *w->end = NEW(w->arena, struct component);
    *k = (struct component){name, shape, NULL};
    w->end = &k->next;
    return name;
}

static void write_value(struct writer *w, const struct shape *s, str name, str item_name);

/* The keywords of one type, in an object that is open. */
static void write_type(struct writer *w, const struct shape *s, u8 type, str name, str item_name) {
    static const struct {
        u8 type;
        const char *name, *format;
    } plain[] = {
        {SHAPE_STRING, "string", NULL}, {SHAPE_DATE_TIME, "string", "date-time"}, {SHAPE_INTEGER, "integer", "int64"}, {SHAPE_NUMBER, "number", NULL},
        {SHAPE_BOOLEAN, "boolean", NULL},
    };
    if (type == SHAPE_OBJECT) {
        refer(w, new_component(w, name, s));
        return;
    }
    if (type == SHAPE_ARRAY) {
        text(w, "type", S("array"));
        json_write_key(&w->out, S("items"));
        write_value(w, s->item, item_name, arena_concat(w->arena, item_name, S("Item")));
        return;
    }
    for (size_t i = 0; i < LENGTH(plain); i++) {
        if (plain[i].type != type) continue;
        text(w, "type", str_of(plain[i].name));
        if (plain[i].format) text(w, "format", str_of(plain[i].format));
    }
}

static void write_choice(struct writer *w, const struct shape *s, u8 types, str name, str item_name) {
    json_write_key(&w->out, S("anyOf"));
    json_write_array(&w->out);
    for (u32 bit = SHAPE_OBJECT; bit <= SHAPE_BOOLEAN; bit <<= 1) {
        if (!(types & bit)) continue;
        json_write_object(&w->out);
        write_type(w, s, (u8)bit, name, item_name);
        json_write_object_end(&w->out);
    }
    if (w->draft4 && (s->types & SHAPE_NULL)) json_write_raw(&w->out, S("{\"type\":\"null\"}"));
    json_write_array_end(&w->out);
}

/* Nothing is said of what was only null, as AWS does. */
static void write_value(struct writer *w, const struct shape *s, str name, str item_name) {
    u8 types = s ? s->types & (u8)~SHAPE_NULL : 0;
    bool one = (types & (types - 1)) == 0, nullable = types && (s->types & SHAPE_NULL);
    json_write_object(&w->out);
    if (types && one && !(nullable && w->draft4)) write_type(w, s, types, name, item_name);
    else if (types) write_choice(w, s, types, name, item_name);
    if (nullable && !w->draft4) {
        json_write_key(&w->out, S("nullable"));
        json_write_boolean(&w->out, true);
    }
    json_write_object_end(&w->out);
}

/* Those that are components first. */
static void write_members(struct writer *w, const struct shape *s, str name) {
    bool any = false;
    for (const struct shape_member *m = s->members; m; m = m->next) any |= m->required;
    text(w, "type", S("object"));
    if (any) {
        json_write_key(&w->out, S("required"));
        json_write_array(&w->out);
        for (const struct shape_member *m = s->members; m; m = m->next)
            if (m->required) json_write_string(&w->out, m->name);
        json_write_array_end(&w->out);
    }
    json_write_key(&w->out, S("properties"));
    json_write_object(&w->out);
    for (int turn = 0; turn < 2; turn++)
        for (const struct shape_member *m = s->members; m; m = m->next) {
            if ((m->shape->types == SHAPE_OBJECT) == turn) continue;
            json_write_key(&w->out, m->name);
            write_value(w, m->shape, shape_title(w->arena, m->name), arena_concat(w->arena, name, S("Item")));
        }
    json_write_object_end(&w->out);
}

/* The envelope of an event, as EventBridge describes it. */
static void write_envelope(struct writer *w, const struct event_shape *e, str title) {
    text(w, "type", S("object"));
    json_write_key(&w->out, S("required"));
    json_write_raw(&w->out, S("[\"detail-type\",\"resources\",\"detail\",\"id\",\"source\",\"time\",\"region\",\"version\",\"account\"]"));
    text(w, "x-amazon-events-detail-type", e->detail_type);
    text(w, "x-amazon-events-source", e->source);
    json_write_key(&w->out, S("properties"));
    json_write_object(&w->out);
    json_write_key(&w->out, S("detail"));
    write_value(w, e->body, title, arena_concat(w->arena, title, S("Item")));
    static const char *const rest[][2] = {
        {"account", "{\"type\":\"string\"}"}, {"detail-type", "{\"type\":\"string\"}"}, {"id", "{\"type\":\"string\"}"}, {"region", "{\"type\":\"string\"}"},
        {"resources", "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}"}, {"source", "{\"type\":\"string\"}"}, {"time", "{\"type\":\"string\",\"format\":\"date-time\"}"},
        {"version", "{\"type\":\"string\"}"},
    };
    for (size_t i = 0; i < LENGTH(rest); i++) {
        json_write_key(&w->out, str_of(rest[i][0]));
        json_write_raw(&w->out, str_of(rest[i][1]));
    }
    json_write_object_end(&w->out);
}

/* What stands at the top: the envelope, or the value itself. */
static void write_root(struct writer *w, const struct event_shape *e, str title) {
    if (e->source.p) write_envelope(w, e, title);
    else if (e->body && e->body->types == SHAPE_OBJECT) write_members(w, e->body, title);
    else if (e->body && e->body->types) write_choice(w, e->body, e->body->types & (u8)~SHAPE_NULL, title, arena_concat(w->arena, title, S("Item")));
}

static void write_components(struct writer *w) {
    for (const struct component *k = w->components; k && !w->out.over; k = k->next) {
        if (!k->shape) continue;
        json_write_key(&w->out, k->name);
        json_write_object(&w->out);
        write_members(w, k->shape, k->name);
        json_write_object_end(&w->out);
    }
}

static void write_openapi(struct writer *w, const struct event_shape *e, str title, str root) {
    text(w, "openapi", S("3.0.0"));
    json_write_key(&w->out, S("info"));
    json_write_object(&w->out);
    text(w, "version", S("1.0.0"));
    text(w, "title", title);
    json_write_object_end(&w->out);
    json_write_key(&w->out, S("paths"));
    json_write_raw(&w->out, S("{}"));
    json_write_key(&w->out, S("components"));
    json_write_object(&w->out);
    json_write_key(&w->out, S("schemas"));
    json_write_object(&w->out);
    json_write_key(&w->out, root);
    json_write_object(&w->out);
    write_root(w, e, title);
    json_write_object_end(&w->out);
    write_components(w);
    json_write_object_end(&w->out);
    json_write_object_end(&w->out);
}

static void write_draft4(struct writer *w, const struct event_shape *e, str title) {
    text(w, "$schema", S("http://json-schema.org/draft-04/schema#"));
    text(w, "title", title);
    write_root(w, e, title);
    json_write_key(&w->out, S("definitions"));
    json_write_object(&w->out);
    write_components(w);
    json_write_object_end(&w->out);
}

str event_shape_write(struct arena *a, const struct event_shape *e, bool draft4) {
    struct writer w = {.arena = a, .out = buf_new(a, TEXT_MAX), .draft4 = draft4};
    str title = e->source.p ? shape_title(a, e->detail_type) : S("Event"), root = e->source.p ? S("AWSEvent") : title;
    w.end = &w.components;
    (void)new_component(&w, root, NULL); /* its name is taken */
    json_write_object(&w.out);
    if (draft4) write_draft4(&w, e, title);
    else write_openapi(&w, e, title, root);
    json_write_object_end(&w.out);
    return w.out.over ? (str){0} : buf_str(&w.out);
}
