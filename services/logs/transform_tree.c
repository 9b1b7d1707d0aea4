/* Fields of an event under way, by their paths. */
#include "transform_parts.h"

bool transform_path_check(struct transform_compiler *c, str path) {
    u32 depth = 0;
    for (str rest = path; rest.p; depth++)
        if (!str_cut(&rest, '.').n) return transform_refuse(c, "The key %.*s is not valid.", STR_ARGS(path));
    return depth <= TRANSFORM_DEPTH_MAX || transform_refuse(c, "The key %.*s is nested deeper than %d.", STR_ARGS(path), TRANSFORM_DEPTH_MAX);
}

struct json_node *transform_new(struct arena *a, enum json_type type, str text) {
    struct json_node *n = NEW(a, struct json_node);
    *n = (struct json_node){.type = (u8)type, .text = text};
    return n;
}

/* The depth is that of JSON that was read, and some levels more. */
struct json_node *transform_copy(struct arena *a, const struct json_node *n) {
    struct json_node *copy = NEW(a, struct json_node);
    *copy = *n;
    copy->first = copy->next = NULL;
    copy->count = 0;
    struct json_node *last = NULL;
    for (const struct json_node *i = n->first; i; i = i->next) last = transform_append(copy, last, transform_copy(a, i));
    return copy;
}

/* Where the pointer to that member stands; behind the last member if there is none. */
static struct json_node **place_of(struct json_node *object, str name) {
    struct json_node **place = &object->first;
    while (*place && !str_eq((*place)->key, name)) place = &(*place)->next;
    return place;
}

/* The object that holds the last name of the path. NULL: there is none. */
static struct json_node *holder_of(struct json_node *object, str path, str *name) {
    for (str rest = path; object && object->type == JSON_OBJECT;) {
        *name = str_cut(&rest, '.');
        if (!rest.p) return object;
        object = *place_of(object, *name);
    }
    return NULL;
}

struct json_node *transform_at(struct json_node *object, str path) {
    str name;
    struct json_node *holder = holder_of(object, path, &name);
    return holder ? *place_of(holder, name) : NULL;
}

struct json_node *transform_take(struct json_node *object, str path) {
    str name;
    struct json_node *holder = holder_of(object, path, &name), **place = holder ? place_of(holder, name) : NULL, *found = place ? *place : NULL;
    if (!found) return NULL;
    *place = found->next;
    holder->count--;
    found->next = NULL;
    return found;
}

struct json_node *transform_append(struct json_node *list, struct json_node *last, struct json_node *value) {
    if (last) last->next = value;
    else list->first = value;
    value->next = NULL;
    list->count++;
    return value;
}

void transform_put_member(struct json_node *object, str name, struct json_node *value, bool overwrite) {
    struct json_node **place = place_of(object, name), *old = *place;
    if (old ? !overwrite : object->count >= TRANSFORM_MEMBERS_MAX) return;
    value->key = name;
    value->next = old ? old->next : NULL;
    *place = value;
    object->count += !old;
}

void transform_put(struct arena *a, struct json_node *object, str path, struct json_node *value, bool overwrite) {
    str rest = path, name = str_cut(&rest, '.');
    for (; rest.p; name = str_cut(&rest, '.')) {
        struct json_node *next = *place_of(object, name);
        if (next && next->type != JSON_OBJECT && !overwrite) return;
        if (!next || next->type != JSON_OBJECT) transform_put_member(object, name, next = transform_new(a, JSON_OBJECT, (str){0}), true);
        object = next;
    }
    transform_put_member(object, name, value, overwrite);
}

str transform_source(const struct transform_event *e, str path) {
    if (!path.p || str_eq(path, S("@message"))) return e->message;
    const struct json_node *n = transform_at(e->root, path);
    return n && n->type == JSON_STRING ? n->text : (str){0};
}

struct json_node *transform_destination(struct transform_event *e, str path) {
    if (!path.p) return e->root;
    struct json_node *n = transform_at(e->root, path);
    if (!n || n->type != JSON_OBJECT) transform_put(e->arena, e->root, path, n = transform_new(e->arena, JSON_OBJECT, (str){0}), true);
    return n;
}

void transform_write(struct buf *b, const struct json_node *n, u32 *fields_left) {
    switch ((enum json_type)n->type) {
    case JSON_OBJECT:
        json_write_object(b);
        for (const struct json_node *i = n->first; i && *fields_left; i = i->next) {
            *fields_left -= i->type != JSON_OBJECT;
            json_write_key(b, i->key);
            transform_write(b, i, fields_left);
        }
        json_write_object_end(b);
        break;
    case JSON_ARRAY:
        json_write_array(b);
        for (const struct json_node *i = n->first; i; i = i->next) {
            u32 within = TRANSFORM_FIELDS_MAX; /* a list is one field */
            transform_write(b, i, &within);
        }
        json_write_array_end(b);
        break;
    case JSON_STRING: json_write_string(b, n->text); break;
    case JSON_NUMBER: json_write_raw(b, n->text); break;
    case JSON_BOOLEAN: json_write_boolean(b, n->boolean); break;
    case JSON_NULL:
    case JSON_BROKEN: json_write_null(b);
    }
}

bool transform_is_number(struct arena *a, str text) {
    struct json_reader r = json_reader_new(a, text, json_default_limits);
    str digits;
    return text.n && text.n < 400 && json_peek(&r) == JSON_NUMBER && json_read_number(&r, &digits) && json_done(&r) && digits.n == text.n;
}
