#include "text/tree.h"

static bool read_value(struct json_reader *r, struct json_node *n);

static struct json_node *append(struct json_reader *r, struct json_node *parent, struct json_node *last) {
    struct json_node *n = NEW(r->arena, struct json_node);
    if (last) last->next = n;
    else parent->first = n;
    parent->count++;
    return n;
}

static bool read_object(struct json_reader *r, struct json_node *n) {
    struct json_node *last = NULL;
    str key;
    if (!json_read_object(r)) return false;
    while (json_read_key(r, &key)) {
        last = append(r, n, last);
        last->key = key;
        if (!read_value(r, last)) return false;
    }
    return !r->problem;
}

static bool read_array(struct json_reader *r, struct json_node *n) {
    struct json_node *last = NULL;
    if (!json_read_array(r)) return false;
    while (json_read_item(r)) {
        last = append(r, n, last);
        if (!read_value(r, last)) return false;
    }
    return !r->problem;
}

/* The depth is bounded by the reader, and with it this recursion. */
static bool read_value(struct json_reader *r, struct json_node *n) {
    n->type = (u8)json_peek(r); /* skips what white space stands before */
    n->at = (u32)json_offset(r);
    bool whole = false;
    switch ((enum json_type)n->type) {
    case JSON_BROKEN: return false;
    case JSON_NULL: whole = json_read_null(r); break;
    case JSON_BOOLEAN: whole = json_read_boolean(r, &n->boolean); break;
    case JSON_NUMBER: whole = json_read_number(r, &n->text) && str_to_f64(n->text, &n->number); break;
    case JSON_STRING: whole = json_read_string(r, &n->text); break;
    case JSON_ARRAY: whole = read_array(r, n); break;
    case JSON_OBJECT: whole = read_object(r, n); break;
    }
    n->end = (u32)json_offset(r);
    return whole;
}

struct json_node *json_tree(struct arena *a, str text, struct json_limits limits, const char **problem, size_t *offset) {
    struct json_reader r = json_reader_new(a, text, limits);
    struct json_node *root = NEW(a, struct json_node);
    bool whole = text.n <= UINT32_MAX && read_value(&r, root) && json_done(&r);
    if (whole) return root;
    if (problem) *problem = r.problem ? r.problem : "a number out of range";
    if (offset) *offset = json_offset(&r);
    return NULL;
}

struct json_node *json_node_member(const struct json_node *object, str key) {
    struct json_node *found = NULL;
    if (!object || object->type != JSON_OBJECT) return NULL;
    for (struct json_node *n = object->first; n; n = n->next)
        if (str_eq(n->key, key)) found = n;
    return found;
}
