/* Pairs are sorted once so that all of one subtree stand together; a value is then read from a range
 * of pairs that share their first `depth` bytes of name. Nothing is quadratic, no index is a place. */
#include "wire/query.h"
#include "wire/xml.h"

#include <stdlib.h>

/* ---- names ---- */

/* ec2: the query name, else the name on the wire with its first letter in upper case. */
static str parameter_name(struct coding *c, const struct wire_member *m) {
    if (c->protocol != WIRE_EC2_QUERY) return xml_flat_name(c, m);
    if (m->query_name) return coding_text(c, m->query_name);
    str name = coding_text(c, m->location_name);
    if (name.n == 0 || name.p[0] < 'a' || name.p[0] > 'z') return name;
    char *upper = arena_c_string(c->arena, name);
    upper[0] = (char)(upper[0] - 'a' + 'A');
    return (str){upper, name.n};
}

/* ---- reading ---- */

/* Byte order, but '.' before all else: what lies under a name follows it at once. */
static int compare_names(const void *x, const void *y) {
    const struct form_pair *a = *(const struct form_pair *const *)x;
    const struct form_pair *b = *(const struct form_pair *const *)y;
    size_t n = MIN(a->name.n, b->name.n);
    for (size_t i = 0; i < n; i++) {
        u8 p = (u8)a->name.p[i], q = (u8)b->name.p[i];
        if (p == q) continue;
        if (p == '.' || q == '.') return p == '.' ? -1 : 1;
        return p < q ? -1 : 1;
    }
    if (a->name.n != b->name.n) return a->name.n < b->name.n ? -1 : 1;
    return a < b ? -1 : 1; /* the first of a doubled name stays the first */
}

/* Sorted pairs [first, last) that share the first `depth` bytes of their names. */
struct range {
    const struct form_pair *const *first, *const *last;
    size_t depth;
};

/* Takes the pairs of the next component ("Name" of "X.1.Name...") from *rest. A pair that ends at
 * `depth` has no component and is passed over. */
static bool next_component(struct range *rest, str *component, struct range *under) {
    while (rest->first < rest->last) {
        str tail = str_skip((*rest->first)->name, rest->depth);
        if (tail.n && rest->depth && tail.p[0] == '.') tail = str_skip(tail, 1);
        else if (tail.n && rest->depth) tail.n = 0;
        if (tail.n == 0) {
            rest->first++;
            continue;
        }
        *component = str_cut(&tail, '.');
        size_t depth = (size_t)(component->p + component->n - (*rest->first)->name.p);
        *under = (struct range){rest->first, rest->first, depth};
        while (under->last < rest->last) {
            str name = (*under->last)->name;
            if (name.n < depth || memcmp(name.p, (*rest->first)->name.p, depth) != 0) break;
            if (name.n > depth && name.p[depth] != '.') break;
            under->last++;
        }
        rest->first = under->last;
        return true;
    }
    return false;
}

/* The value of the pair that ends right here: the first of the range, by the order. */
static str own_value(const struct range *r) {
    const struct form_pair *pair = *r->first;
    if (pair->name.n != r->depth) return (str){0};
    return pair->value.p ? pair->value : S("");
}

static bool find_component(struct range r, str wanted, struct range *under) {
    str component;
    while (next_component(&r, &component, under))
        if (str_eq(component, wanted)) return true;
    return false;
}

static bool refuse(struct coding *c, const struct range *r, str value) {
    str name = str_take((*r->first)->name, r->depth);
    if (c->protocol == WIRE_EC2_QUERY)
        return coding_fail(c, S("InvalidParameterValue"), "Value (%.*s) for parameter %.*s is invalid.",
                           STR_ARGS(str_take(value, 200)), STR_ARGS(name));
    return coding_fail(c, S("MalformedInput"), "Value '%.*s' at '%.*s' could not be read",
                       STR_ARGS(str_take(value, 200)), STR_ARGS(name));
}

static bool read_value(struct coding *c, const struct range *r, const struct wire_member *m, u16 shape,
                       void *value, u32 depth);

struct indexed {
    u64 index;
    struct range under;
};

static int compare_indices(const void *x, const void *y) {
    u64 a = ((const struct indexed *)x)->index, b = ((const struct indexed *)y)->index;
    return a < b ? -1 : a > b;
}

/* The numbered children in the order of their numbers, which may have gaps. */
static bool sort_by_index(struct coding *c, struct range r, struct indexed **items, u32 *n) {
    size_t most = (size_t)(r.last - r.first);
    *items = NEW_ARRAY(c->arena, struct indexed, most);
    *n = 0;
    str component;
    struct range under;
    while (next_component(&r, &component, &under)) {
        struct indexed *item = &(*items)[*n];
        item->under = under;
        if (!str_to_u64(component, &item->index) || item->index > QUERY_INDEX_MAX)
            return refuse(c, &under, component);
        ++*n;
    }
    if (*n) qsort(*items, *n, sizeof **items, compare_indices);
    return true;
}

static bool read_entry(struct coding *c, const struct range *r, const struct wire_shape *map,
                       char *entry, u32 depth) {
    const struct wire_member *key = coding_member(c, map, 0), *value = coding_member(c, map, 1);
    struct range under;
    if (!find_component(*r, xml_member_name(c, key), &under)) return refuse(c, r, S(""));
    if (!read_value(c, &under, key, key->shape, entry, depth)) return false;
    if (!find_component(*r, xml_member_name(c, value), &under)) return true;
    return read_value(c, &under, value, value->shape, entry + value->offset, depth);
}

/* r stands where the numbers follow. "X=" alone is an empty list. */
static bool read_items(struct coding *c, const struct range *r, const struct wire_shape *shape,
                       struct wire_list *list, u32 depth) {
    struct indexed *items;
    u32 n, capacity = 0;
    list->set = true;
    if (!sort_by_index(c, *r, &items, &n)) return false;
    bool is_map = shape->type == WIRE_MAP;
    size_t size = is_map ? value_entry_size(c, shape) : value_element_size(c, shape);
    const struct wire_member *element = coding_member(c, shape, 0);
    for (u32 i = 0; i < n; i++) {
        void *item = value_list_add(c, list, size, &capacity);
        if (is_map ? !read_entry(c, &items[i].under, shape, item, depth)
                   : !read_value(c, &items[i].under, NULL, element->shape, item, depth))
            return false;
    }
    return true;
}

/* A list or map that is not flat has one more component before the numbers: "member", "entry". */
static bool read_collection(struct coding *c, const struct range *r, const struct wire_member *m,
                            const struct wire_shape *shape, struct wire_list *list, u32 depth) {
    if (c->protocol == WIRE_EC2_QUERY || (m && xml_member_is_flat(c, m)))
        return read_items(c, r, shape, list, depth);
    str name = shape->type == WIRE_MAP ? S("entry") : xml_member_name(c, coding_member(c, shape, 0));
    struct range under;
    list->set = true;
    return !find_component(*r, name, &under) || read_items(c, &under, shape, list, depth);
}

static bool read_structure(struct coding *c, struct range r, const struct wire_shape *shape,
                           void *structure, u32 depth) {
    str component;
    struct range under;
    while (next_component(&r, &component, &under))
        for (u32 i = 0; i < shape->member_count; i++) {
            const struct wire_member *m = coding_member(c, shape, i);
            if (!str_eq(parameter_name(c, m), component)) continue;
            void *field = (char *)structure + m->offset;
            const struct wire_shape *s = coding_shape(c, m->shape);
            if (s->type == WIRE_STRUCTURE) field = value_structure(c, s, field);
            if (!read_value(c, &under, m, m->shape, field, depth + 1)) return false;
            break;
        }
    return true;
}

static bool read_value(struct coding *c, const struct range *r, const struct wire_member *m,
                       u16 shape_index, void *value, u32 depth) {
    const struct wire_shape *shape = coding_shape(c, shape_index);
    if (depth > WIRE_DEPTH_MAX) return refuse(c, r, S(""));
    if (shape->type == WIRE_STRUCTURE) return read_structure(c, *r, shape, value, depth);
    if (shape->type == WIRE_LIST || shape->type == WIRE_MAP)
        return read_collection(c, r, m, shape, value, depth + 1);
    str text = own_value(r);
    if (!text.p) return true; /* only deeper names: not for a scalar, so unknown, so ignored */
    return value_read_text(c, shape, value_time_format(m, shape, WIRE_TIME_ISO8601), text, value)
           || refuse(c, r, text);
}

bool query_read_pairs(struct coding *c, const struct form *form, u16 shape, void *structure) {
    if (form->n == 0) return true;
    const struct form_pair **sorted = NEW_ARRAY(c->arena, const struct form_pair *, form->n);
    for (size_t i = 0; i < form->n; i++) sorted[i] = &form->pairs[i];
    qsort(sorted, form->n, sizeof *sorted, compare_names);
    struct range all = {sorted, sorted + form->n, 0};
    return read_structure(c, all, coding_shape(c, shape), structure, 0);
}

/* ---- writing, for clients ---- */

static void write_members(struct coding *c, str prefix, const struct wire_shape *shape,
                          const void *structure, struct buf *out);

static str join(struct coding *c, str prefix, str name) {
    if (prefix.n == 0) return name;
    return arena_format(c->arena, "%.*s.%.*s", STR_ARGS(prefix), STR_ARGS(name));
}

static void write_value(struct coding *c, str name, const struct wire_member *m, u16 shape_index,
                        const void *value, struct buf *out);

static void write_items(struct coding *c, str prefix, const struct wire_shape *shape,
                        const struct wire_list *list, struct buf *out) {
    bool is_map = shape->type == WIRE_MAP;
    size_t size = is_map ? value_entry_size(c, shape) : value_element_size(c, shape);
    const struct wire_member *first = coding_member(c, shape, 0);
    for (u32 i = 0; i < list->n; i++) {
        const char *item = (const char *)list->v + i * size;
        str name = arena_format(c->arena, "%.*s.%u", STR_ARGS(prefix), i + 1);
        if (!is_map) {
            write_value(c, name, NULL, first->shape, item, out);
            continue;
        }
        const struct wire_member *value = coding_member(c, shape, 1);
        write_value(c, join(c, name, xml_member_name(c, first)), first, first->shape, item, out);
        write_value(c, join(c, name, xml_member_name(c, value)), value, value->shape,
                    item + value->offset, out);
    }
}

static void write_collection(struct coding *c, str name, const struct wire_member *m,
                             const struct wire_shape *shape, const struct wire_list *list,
                             struct buf *out) {
    bool ec2 = c->protocol == WIRE_EC2_QUERY, is_map = shape->type == WIRE_MAP;
    if (list->n == 0) {
        if (!ec2 && !is_map) form_write(out, name, S(""));
        return;
    }
    if (!ec2 && !(m && xml_member_is_flat(c, m)))
        name = join(c, name, is_map ? S("entry") : xml_member_name(c, coding_member(c, shape, 0)));
    write_items(c, name, shape, list, out);
}

static void write_value(struct coding *c, str name, const struct wire_member *m, u16 shape_index,
                        const void *value, struct buf *out) {
    const struct wire_shape *shape = coding_shape(c, shape_index);
    if (shape->type == WIRE_STRUCTURE) {
        write_members(c, name, shape, value, out);
        return;
    }
    if (shape->type == WIRE_LIST || shape->type == WIRE_MAP) {
        write_collection(c, name, m, shape, value, out);
        return;
    }
    if (!value_is_set(shape, value)) return;
    struct buf text = buf_new(c->arena, WIRE_OUTPUT_MAX);
    value_write_text(shape, value_time_format(m, shape, WIRE_TIME_ISO8601), value, &text);
    form_write(out, name, buf_str(&text));
}

static void write_members(struct coding *c, str prefix, const struct wire_shape *shape,
                          const void *structure, struct buf *out) {
    for (u32 i = 0; i < shape->member_count; i++) {
        const struct wire_member *m = coding_member(c, shape, i);
        const struct wire_shape *s = coding_shape(c, m->shape);
        const void *field = (const char *)structure + m->offset;
        if (!value_is_set(s, field)) continue;
        if (s->type == WIRE_STRUCTURE) field = *(const void *const *)field;
        write_value(c, join(c, prefix, parameter_name(c, m)), m, m->shape, field, out);
    }
}

void query_write_pairs(struct coding *c, u16 shape, const void *structure, struct buf *out) {
    write_members(c, S(""), coding_shape(c, shape), structure, out);
}
