#include "shape.h"

#include "base/encode.h"

enum { DEPTH_MAX = 255 /* deeper ones are left out */, SEEN_MAX = 4000 /* of one object or array: a schema has no room for more */ };

/* ---- from values ---- */

static struct shape *new_shape(struct arena *a, u8 types) {
    struct shape *s = NEW(a, struct shape);
    s->types = types;
    return s;
}

static bool is_date_time(str text) {
    i64 ms;
    return text.n >= 19 && text.p[10] == 'T' && iso8601_parse(text, &ms);
}

static bool is_integer(str digits) {
    i64 v;
    return str_to_i64(digits, &v);
}

void shape_add_member(struct shape *s, struct shape_member *m) {
    struct shape_member **list = &s->members;
    int order = 1;
    while (*list && (order = str_cmp((*list)->name, m->name)) < 0) list = &(*list)->next;
    if (*list && order == 0) return;
    m->next = *list;
    *list = m;
}

static struct shape *look(struct arena *a, const struct json_node *v, u32 depth) {
    switch (v->type) {
    case JSON_STRING: return new_shape(a, is_date_time(v->text) ? SHAPE_DATE_TIME : SHAPE_STRING);
    case JSON_NUMBER: return new_shape(a, is_integer(v->text) ? SHAPE_INTEGER : SHAPE_NUMBER);
    case JSON_BOOLEAN: return new_shape(a, SHAPE_BOOLEAN);
    case JSON_NULL: return new_shape(a, SHAPE_NULL);
    }
    struct shape *s = new_shape(a, v->type == JSON_OBJECT ? SHAPE_OBJECT : SHAPE_ARRAY);
    u32 seen = 0;
    for (const struct json_node *n = depth < DEPTH_MAX ? v->first : NULL; n && seen < SEEN_MAX; n = n->next, seen++) {
        struct shape *inner = look(a, n, depth + 1);
        if (v->type == JSON_ARRAY) {
            s->item = shape_unite(s->item, inner);
            continue;
        }
        struct shape_member *m = NEW(a, struct shape_member);
        *m = (struct shape_member){.name = n->key, .required = true, .shape = inner};
        shape_add_member(s, m);
    }
    return s;
}

struct shape *shape_of(struct arena *a, const struct json_node *value) { return look(a, value, 0); }

/* ---- united ---- */

/* Both lists are ordered: one walk over them. */
static void unite_members(struct shape *one, struct shape *other) {
    bool both = one->types & other->types & SHAPE_OBJECT;
    struct shape_member **at = &one->members, *next;
    for (struct shape_member *m = other->members; m; m = next) {
        next = m->next;
        for (; *at && str_cmp((*at)->name, m->name) < 0; at = &(*at)->next)
            if (both) (*at)->required = false;
        if (*at && str_eq((*at)->name, m->name)) {
            (*at)->required = (*at)->required && m->required;
            (*at)->shape = shape_unite((*at)->shape, m->shape);
        } else {
            m->required = m->required && !both;
            m->next = *at;
            *at = m;
        }
        at = &(*at)->next;
    }
    for (; both && *at; at = &(*at)->next) (*at)->required = false;
}

struct shape *shape_unite(struct shape *one, struct shape *other) {
    if (!one || !other) return one ? one : other;
    unite_members(one, other);
    one->types |= other->types;
    if (one->types & SHAPE_STRING) one->types &= (u8)~SHAPE_DATE_TIME;
    if (one->types & SHAPE_NUMBER) one->types &= (u8)~SHAPE_INTEGER;
    one->item = shape_unite(one->item, other->item);
    return one;
}

/* ---- of events ---- */

static bool is_letter_or_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (u8)c >= 0x80; }

str shape_title(struct arena *a, str name) {
    struct buf b = buf_new(a, name.n + 8);
    bool begins = true;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool part = is_letter_or_digit(c);
        if (part) buf_char(&b, begins && c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c);
        begins = !part;
    }
    return b.n ? buf_str(&b) : S("Event");
}

struct event_shape event_shape_of(struct arena *a, const struct json_node *event) {
    const struct json_node *detail = json_node_member(event, S("detail")), *type = json_node_member(event, S("detail-type")), *source = json_node_member(event, S("source"));
    bool is_event = detail && type && source && type->type == JSON_STRING && source->type == JSON_STRING;
    if (!is_event) return (struct event_shape){.body = shape_of(a, event)};
    return (struct event_shape){.source = source->text, .detail_type = type->text, .body = shape_of(a, detail)};
}
