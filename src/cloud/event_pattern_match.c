#include "cloud/event_pattern.h"

#include "base/encode.h"

#include <arpa/inet.h>

/* Letters of any script are compared as they are; only ASCII's have their case ignored. */
static bool equals(const struct event_pattern_value *v, str text) { return v->ignore_case ? str_eq_nocase(v->text, text) : str_eq(v->text, text); }

static bool has_prefix(const struct event_pattern_value *v, str text) { return text.n >= v->text.n && equals(v, str_take(text, v->text.n)); }
static bool has_suffix(const struct event_pattern_value *v, str text) { return text.n >= v->text.n && equals(v, str_skip(text, text.n - v->text.n)); }

/* One byte of the wildcard pattern at `i`: '*' or a plain one, which a backslash may stand before. */
static bool wildcard_star(str pattern, size_t i) { return i < pattern.n && pattern.p[i] == '*'; }

/* Linear in practice: on a mismatch only the latest star takes one byte more. */
static bool wildcard(str pattern, str text) {
    size_t p = 0, t = 0, star = STR_NONE, from = 0;
    while (t < text.n) {
        size_t at = p < pattern.n && pattern.p[p] == '\\' ? p + 1 : p;
        if (at == p && wildcard_star(pattern, p)) {
            star = p++;
            from = t;
        } else if (at < pattern.n && pattern.p[at] == text.p[t]) {
            p = at + 1;
            t++;
        } else if (star != STR_NONE) {
            p = star + 1;
            t = ++from;
        } else {
            return false;
        }
    }
    while (wildcard_star(pattern, p)) p++;
    return p == pattern.n;
}

static bool in_network(const struct event_pattern_value *v, str text) {
    char address[INET6_ADDRSTRLEN];
    u8 bytes[16];
    if (text.n >= sizeof address) return false;
    memcpy(address, text.p, text.n);
    address[text.n] = 0;
    if (inet_pton(v->address_bytes == 4 ? AF_INET : AF_INET6, address, bytes) != 1) return false;
    for (u32 bit = 0; bit < v->address_bits; bit++)
        if ((bytes[bit / 8] ^ v->address[bit / 8]) & (0x80 >> bit % 8)) return false;
    return true;
}

static bool in_range(const struct event_pattern_value *v, double n) {
    return (v->from_open ? n > v->from : n >= v->from) && (v->to_open ? n < v->to : n <= v->to);
}

static bool value_matches(const struct event_pattern_value *v, const struct json_node *n);

static bool any_matches(const struct event_pattern_value *values, const struct json_node *n) {
    for (const struct event_pattern_value *v = values; v; v = v->next)
        if (value_matches(v, n)) return true;
    return false;
}

/* One value of the event, which is neither array nor object. */
static bool value_matches(const struct event_pattern_value *v, const struct json_node *n) {
    bool text = n->type == JSON_STRING, number = n->type == JSON_NUMBER;
    switch ((enum event_pattern_test)v->test) {
    case EVENT_PATTERN_EQUALS_STRING: return text && equals(v, n->text);
    case EVENT_PATTERN_EQUALS_NUMBER: return number && n->number == v->from;
    case EVENT_PATTERN_EQUALS_LITERAL: return n->type == v->literal && (n->type == JSON_NULL || n->boolean == v->exists);
    case EVENT_PATTERN_PREFIX: return text && has_prefix(v, n->text);
    case EVENT_PATTERN_SUFFIX: return text && has_suffix(v, n->text);
    case EVENT_PATTERN_WILDCARD: return text && wildcard(v->text, n->text);
    case EVENT_PATTERN_NUMERIC: return number && in_range(v, n->number);
    case EVENT_PATTERN_CIDR: return text && in_network(v, n->text);
    case EVENT_PATTERN_EXISTS: return v->exists;
    case EVENT_PATTERN_ANYTHING_BUT: return !any_matches(v->but, n);
    }
    return false;
}

/* The values at a field: the one that is there, or each of an array's, arrays within arrays as one. */
struct leaf {
    const struct event_pattern_value *values;
    bool present, matched;
};
static void look_at(struct leaf *leaf, const struct json_node *n) {
    if (n->type == JSON_OBJECT || leaf->matched) return;
    if (n->type == JSON_ARRAY) {
        for (const struct json_node *item = n->first; item; item = item->next) look_at(leaf, item);
        return;
    }
    leaf->present = true;
    leaf->matched = any_matches(leaf->values, n);
}

static bool leaf_matches(const struct event_pattern_value *values, const struct json_node *n) {
    struct leaf leaf = {.values = values};
    if (n) look_at(&leaf, n);
    if (leaf.present) return leaf.matched;
    for (const struct event_pattern_value *v = values; v; v = v->next)
        if (v->test == EVENT_PATTERN_EXISTS && !v->exists) return true;
    return false;
}

/* A field's path is one name: {"a": {"b": 1}} and {"a.b": 1} are alike, in patterns and in events. `under` is what has
 * been gone down in the pattern since the event went down last. */
struct path {
    const struct path *under;
    str name;
};

static bool object_matches(const struct event_pattern_object *o, const struct json_node *n, const struct path *under);

/* Is the key the path, joined by dots? */
static bool is_joined(str key, const struct path *p) {
    for (; p; p = p->under) {
        if (!str_ends(key, p->name)) return false;
        key = str_take(key, key.n - p->name.n);
        if (p->under) {
            if (!str_ends(key, S("."))) return false;
            key = str_take(key, key.n - 1);
        }
    }
    return !key.n;
}

static size_t length_of(const struct path *p) {
    size_t n = 0;
    for (; p; p = p->under) n += p->name.n + (p->under != NULL);
    return n;
}

/* What stands under the path in an object: by keys with dots, or (of a pattern's name with dots) further down. */
static const struct json_node *find_joined(const struct json_node *n, const struct path *p) {
    for (const struct json_node *m = n->first; m; m = m->next)
        if (is_joined(m->key, p)) return m;
    str rest = p->name, head = str_cut(&rest, '.');
    const struct json_node *inner = rest.p && !p->under ? json_node_member(n, head) : NULL;
    return inner && inner->type == JSON_OBJECT ? find_joined(inner, &(struct path){.name = rest}) : NULL;
}

static const struct json_node *find(const struct json_node *n, const struct path *p) {
    const struct json_node *m = p->under ? NULL : json_node_member(n, p->name);
    return m || !n || n->type != JSON_OBJECT ? m : find_joined(n, p);
}

/* Is there a key that begins with the path and a dot? */
static bool goes_on(const struct json_node *n, const struct path *p) {
    size_t length = length_of(p);
    for (const struct json_node *m = n && n->type == JSON_OBJECT ? n->first : NULL; m; m = m->next)
        if (m->key.n > length && m->key.p[length] == '.' && is_joined(str_take(m->key, length), p)) return true;
    return false;
}

static bool choice_matches(const struct event_pattern_choice *choice, const struct json_node *n, const struct path *under) {
    for (const struct event_pattern_object *o = choice->of; o; o = o->next)
        if (object_matches(o, n, under)) return true;
    return false;
}

static bool array_matches(const struct event_pattern_object *o, const struct json_node *n) {
    for (const struct json_node *item = n->first; item; item = item->next)
        if ((item->type == JSON_OBJECT || item->type == JSON_ARRAY) && object_matches(o, item, NULL)) return true;
    return false;
}

/* n is an object, an array of them, or NULL or something else: then only what need not exist is there. */
static bool field_matches(const struct event_pattern_field *f, const struct json_node *n, const struct path *under) {
    struct path p = {under, f->name};
    const struct json_node *child = find(n, &p);
    if (!f->nested) return leaf_matches(f->values, child);
    return !child && goes_on(n, &p) ? object_matches(f->nested, n, &p) : object_matches(f->nested, child, NULL);
}

static bool object_matches(const struct event_pattern_object *o, const struct json_node *n, const struct path *under) {
    if (n && n->type == JSON_ARRAY && n->first) return array_matches(o, n);
    for (const struct event_pattern_field *f = o->fields; f; f = f->next)
        if (!field_matches(f, n, under)) return false;
    for (const struct event_pattern_choice *c = o->choices; c; c = c->next)
        if (!choice_matches(c, n, under)) return false;
    return true;
}

bool event_pattern_matches(const struct event_pattern *p, const struct json_node *event) { return object_matches(&p->root, event, NULL); }
