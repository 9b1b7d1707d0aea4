#include "merge.h"

#include "text/tree.h"

enum { DOCUMENT_MAX = 10000, DEPTH_MAX = 24, RESULT_MAX = 1 << 20 };
static const struct json_limits limits = {DOCUMENT_MAX, DEPTH_MAX};

enum { ASSIGN = 1, APPEND = 2, REMOVE = 4, ALL = 7 };
#define CONTROL S("@@operators_allowed_for_child_policies")

static u8 operator_of(str name) {
    if (str_eq(name, S("@@assign"))) return ASSIGN;
    if (str_eq(name, S("@@append"))) return APPEND;
    if (str_eq(name, S("@@remove"))) return REMOVE;
    return 0;
}

/* ---- documents ---- */

static bool is_scalar(const struct json_node *n) { return n->type == JSON_STRING || n->type == JSON_NUMBER || n->type == JSON_BOOLEAN; }

static bool is_value(const struct json_node *n) {
    if (n->type != JSON_ARRAY) return is_scalar(n);
    for (const struct json_node *item = n->first; item; item = item->next)
        if (!is_scalar(item)) return false;
    return true;
}

/* ["@@all"], ["@@none"], or some of the three. */
static bool control_read(const struct json_node *n, u8 *allowed) {
    *allowed = 0;
    if (n->type != JSON_ARRAY || !n->first) return false;
    for (const struct json_node *item = n->first; item; item = item->next) {
        if (item->type != JSON_STRING) return false;
        u8 one = str_eq(item->text, S("@@all")) ? ALL : operator_of(item->text);
        if (!one && !(str_eq(item->text, S("@@none")) && n->count == 1)) return false;
        *allowed |= one;
    }
    return true;
}

static const char *problem_of(const struct json_node *object) {
    if (object->type != JSON_OBJECT) return "a setting without an operator";
    u8 allowed;
    for (const struct json_node *m = object->first; m; m = m->next) {
        if (json_node_member(object, m->key) != m) return "a key that stands there twice";
        if (!str_starts(m->key, S("@@"))) {
            const char *inner = problem_of(m);
            if (inner) return inner;
        } else if (str_eq(m->key, CONTROL)) {
            if (!control_read(m, &allowed)) return "operators that are none";
        } else if (!operator_of(m->key)) {
            return "an unknown operator";
        } else if (!is_value(m)) {
            return "a value that is neither text nor a list";
        }
    }
    return NULL;
}

static struct json_node *document(struct arena *a, str json, const char **problem) {
    struct json_node *root = json_tree(a, json, limits, problem, NULL);
    if (!root) return NULL;
    *problem = problem_of(root);
    return *problem ? NULL : root;
}

bool merge_check(struct arena *a, str json, const char *top, const char **problem) {
    struct json_node *root = document(a, json, problem);
    if (!root) return false;
    if (!top || (root->count == 1 && str_eq(root->first->key, str_of(top)))) return true;
    *problem = "not the outermost key of this type";
    return false;
}

/* ---- merging ---- */

struct value {
    const struct json_node *node;
    struct value *next;
};
struct setting {
    str key;
    struct setting *first, *next; /* those inside it, in the order of their first appearance */
    struct value *values;
    bool set, list;
    u8 allowed;       /* to policies of this level; valid if `controlled` */
    u8 allowed_below; /* ... of the levels below, by what this level said */
    u32 said_at;      /* level + 1; 0: never */
    bool controlled;
};
struct merge {
    struct arena *a;
    struct setting root;
};

struct merge *merge_new(struct arena *a) {
    struct merge *m = NEW(a, struct merge);
    m->a = a;
    return m;
}

static struct setting *inside(struct merge *m, struct setting *s, str key) {
    struct setting **at = &s->first;
    for (; *at; at = &(*at)->next)
        if (str_eq((*at)->key, key)) return *at;
    *at = NEW(m->a, struct setting);
    (*at)->key = key;
    return *at;
}

static bool same(const struct json_node *x, const struct json_node *y) {
    return x->type == y->type && str_eq(x->text, y->text) && x->boolean == y->boolean;
}

static void append(struct merge *m, struct setting *s, const struct json_node *item) {
    struct value **at = &s->values;
    for (; *at; at = &(*at)->next)
        if (same((*at)->node, item)) return;
    *at = NEW(m->a, struct value);
    (*at)->node = item;
}

static void take(struct setting *s, const struct json_node *item) {
    for (struct value **at = &s->values; *at; at = &(*at)->next)
        if (same((*at)->node, item)) {
            *at = (*at)->next;
            return;
        }
}

static void each(struct merge *m, struct setting *s, const struct json_node *value, u8 operator) {
    const struct json_node *item = value->type == JSON_ARRAY ? value->first : value;
    for (; item; item = value->type == JSON_ARRAY ? item->next : NULL) {
        if (operator == REMOVE) take(s, item);
        else append(m, s, item);
    }
}

static void operate(struct merge *m, struct setting *s, const struct json_node *value, u8 operator) {
    if (operator == ASSIGN) {
        s->values = NULL;
        s->list = value->type == JSON_ARRAY;
    } else if (operator == REMOVE && !s->set) {
        return;
    } else if (operator == APPEND) {
        s->list = true;
    }
    s->set = true;
    each(m, s, value, operator);
}

/* A control that a level gave binds the levels below it. They may narrow it further, never widen it. */
static u8 allowed_here(struct setting *s, u32 level, u8 above) {
    if (s->said_at && s->said_at <= level) {
        s->allowed = s->controlled ? s->allowed & s->allowed_below : s->allowed_below;
        s->controlled = true;
        s->said_at = 0;
    }
    return s->controlled ? s->allowed : above;
}

static void apply(struct merge *m, struct setting *s, const struct json_node *object, u32 level, u8 above) {
    u8 allowed = allowed_here(s, level, above), control;
    for (const struct json_node *x = object->first; x; x = x->next) {
        u8 operator = operator_of(x->key);
        if (operator) {
            if (allowed & operator) operate(m, s, x, operator);
        } else if (str_eq(x->key, CONTROL)) {
            ASSERT(control_read(x, &control));
            s->allowed_below = (s->said_at == level + 1 ? s->allowed_below & control : control) & allowed;
            s->said_at = level + 1;
        } else {
            apply(m, inside(m, s, x->key), x, level, allowed);
        }
    }
}

bool merge_add(struct merge *m, u32 level, str json) {
    const char *problem;
    struct json_node *root = document(m->a, json, &problem);
    if (root) apply(m, &m->root, root, level, ALL);
    return root != NULL;
}

/* ---- the result ---- */

static bool says_something(const struct setting *s) {
    if (s->set) return true;
    for (const struct setting *x = s->first; x; x = x->next)
        if (says_something(x)) return true;
    return false;
}

static void write_value(struct buf *b, const struct json_node *n) {
    if (n->type == JSON_STRING) json_write_string(b, n->text);
    else if (n->type == JSON_NUMBER) json_write_raw(b, n->text);
    else json_write_boolean(b, n->boolean);
}

static void write(struct buf *b, const struct setting *s) {
    if (s->set && !s->list) {
        if (s->values) write_value(b, s->values->node);
        else json_write_null(b);
        return;
    }
    if (s->set) {
        json_write_array(b);
        for (const struct value *v = s->values; v; v = v->next) write_value(b, v->node);
        json_write_array_end(b);
        return;
    }
    json_write_object(b);
    for (const struct setting *x = s->first; x; x = x->next) {
        if (!says_something(x)) continue;
        json_write_key(b, x->key);
        write(b, x);
    }
    json_write_object_end(b);
}

str merge_result(struct merge *m) {
    if (!says_something(&m->root)) return (str){0};
    struct buf b = buf_new(m->a, RESULT_MAX);
    write(&b, &m->root);
    ASSERT(!b.over);
    return buf_str(&b);
}
