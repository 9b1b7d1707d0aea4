/* Values: looking inside, equality, order, size, items as new ones. */
#include "services/dynamodb/value.h"

str value_type_name(u8 type) {
    static const str names[] = {
        [VALUE_NONE] = {"", 0},  [VALUE_S] = {"S", 1},   [VALUE_N] = {"N", 1},       [VALUE_B] = {"B", 1},
        [VALUE_SS] = {"SS", 2},  [VALUE_NS] = {"NS", 2}, [VALUE_BS] = {"BS", 2},     [VALUE_M] = {"M", 1},
        [VALUE_L] = {"L", 1},    [VALUE_NULL] = {"NULL", 4}, [VALUE_BOOL] = {"BOOL", 4},
    };
    return type < LENGTH(names) ? names[type] : names[0];
}

struct value value_number(struct arena *a, const struct number *n) {
    str text = number_text(a, n);
    return (struct value){.type = VALUE_N, .n = (u32)text.n, .text = text.p};
}

/* The number of an N in normal form. */
struct number value_to_number(const struct value *v) {
    struct number n;
    ASSERT(v->type == VALUE_N && number_parse(value_text(v), &n) == NUMBER_FINE);
    return n;
}

bool type_is_set(u8 type) { return type == VALUE_SS || type == VALUE_NS || type == VALUE_BS; }

/* ---- looking inside ---- */

static int compare_names(str x, str y) { return str_cmp(x, y); }

const struct value *value_member(struct arena *a, const struct value *map, str name) {
    if (map->type != VALUE_M) return NULL;
    struct value open = value_open(a, map);
    u32 low = 0, high = open.n;
    while (low < high) {
        u32 middle = low + (high - low) / 2;
        int order = compare_names(member_name(&open.members[middle]), name);
        if (order == 0) return &open.members[middle].value;
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return NULL;
}

const struct value *value_element(struct arena *a, const struct value *list, u32 index) {
    if (list->type != VALUE_L) return NULL;
    struct value open = value_open(a, list);
    return index < open.n ? &open.elements[index] : NULL;
}

static u8 element_type(u8 set) { return set == VALUE_SS ? VALUE_S : set == VALUE_NS ? VALUE_N : VALUE_B; }

bool set_contains(struct arena *a, const struct value *set, const struct value *element) {
    if (!type_is_set(set->type) || element->type != element_type(set->type)) return false;
    struct value open = value_open(a, set);
    u32 low = 0, high = open.n;
    while (low < high) {
        u32 middle = low + (high - low) / 2;
        int order = 0;
        value_compare(&open.elements[middle], element, &order);
        if (order == 0) return true;
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return false;
}

/* ---- equality and order ---- */

static bool elements_equal(struct arena *a, const struct value *x, const struct value *y) {
    for (u32 i = 0; i < x->n; i++)
        if (!value_equal(a, &x->elements[i], &y->elements[i])) return false;
    return true;
}

static bool members_equal(struct arena *a, const struct value *x, const struct value *y) {
    for (u32 i = 0; i < x->n; i++) {
        const struct member *m = &x->members[i], *n = &y->members[i];
        if (!str_eq(member_name(m), member_name(n)) || !value_equal(a, &m->value, &n->value)) return false;
    }
    return true;
}

/* Depth: that of values, VALUE_DEPTH_MAX. */
bool value_equal(struct arena *a, const struct value *x, const struct value *y) {
    if (x->type != y->type) return false;
    switch (x->type) {
    case VALUE_S:
    case VALUE_N:
    case VALUE_B: return str_eq(value_text(x), value_text(y)); /* normal form: equal numbers are spelt alike */
    case VALUE_BOOL: return x->truth == y->truth;
    case VALUE_SS:
    case VALUE_NS:
    case VALUE_BS:
    case VALUE_L:
    case VALUE_M: {
        if (x->packed && y->packed && str_eq(value_text(x), value_text(y))) return true; /* else a text of an older row may be spelt otherwise */
        struct value open_x = value_open(a, x), open_y = value_open(a, y);
        if (open_x.n != open_y.n) return false;
        return x->type == VALUE_M ? members_equal(a, &open_x, &open_y) : elements_equal(a, &open_x, &open_y);
    }
    default: return true;
    }
}

bool value_compare(const struct value *x, const struct value *y, int *order) {
    if (x->type != y->type) return false;
    if (x->type == VALUE_N) {
        struct number nx = value_to_number(x), ny = value_to_number(y);
        *order = number_compare(&nx, &ny);
        return true;
    }
    if (x->type != VALUE_S && x->type != VALUE_B) return false;
    *order = str_cmp(value_text(x), value_text(y));
    return true;
}

str value_key(struct arena *a, const struct value *v) {
    if (v->type != VALUE_N) return value_text(v);
    struct number n = value_to_number(v);
    u8 key[NUMBER_KEY_MAX];
    return arena_str(a, (str){(const char *)key, number_key(&n, key)});
}

struct value value_of_key(struct arena *a, u8 type, str key) {
    if (type != VALUE_N) return (struct value){.type = type, .n = (u32)key.n, .text = key.p ? key.p : ""};
    struct number n;
    ASSERT(number_of_key(key, &n));
    return value_number(a, &n);
}

/* ---- size ---- */

static u32 container_size(const struct value *v) {
    u32 size = type_is_set(v->type) ? 0 : 3;
    for (u32 i = 0; i < v->n; i++) {
        if (v->type == VALUE_M) size += 1 + v->members[i].name_n + value_size(&v->members[i].value);
        else size += (v->type == VALUE_L) + value_size(&v->elements[i]);
    }
    return size;
}

u32 item_size(const struct value *item) {
    if (item->type != VALUE_M) return 0;
    ASSERT(!item->packed);
    u32 size = 0;
    for (u32 i = 0; i < item->n; i++) size += item->members[i].name_n + value_size(&item->members[i].value);
    return size;
}

u32 value_size(const struct value *v) {
    switch (v->type) {
    case VALUE_S:
    case VALUE_B: return v->n;
    case VALUE_N: {
        struct number n = value_to_number(v);
        return number_size(&n);
    }
    case VALUE_NULL:
    case VALUE_BOOL: return 1;
    case VALUE_NONE: return 0;
    default: return v->packed ? value_packed_size(v) : container_size(v);
    }
}

/* ---- items as new ones ---- */

struct value item_with(struct arena *a, const struct value *item, str name, const struct value *v) {
    struct value open = item->type == VALUE_M ? value_open(a, item) : (struct value){.type = VALUE_M};
    struct member *members = NEW_ARRAY(a, struct member, open.n + 1);
    u32 n = 0;
    bool placed = v->type == VALUE_NONE;
    for (u32 i = 0; i < open.n; i++) {
        int order = compare_names(member_name(&open.members[i]), name);
        if (order >= 0 && !placed) {
            members[n++] = (struct member){*v, name.p, (u32)name.n};
            placed = true;
        }
        if (order != 0) members[n++] = open.members[i];
    }
    if (!placed) members[n++] = (struct member){*v, name.p, (u32)name.n};
    return (struct value){.type = VALUE_M, .n = n, .members = members};
}

struct value item_of_names(struct arena *a, const struct value *item, const str *names, u32 n) {
    struct value picked = {.type = VALUE_M};
    if (item->type != VALUE_M) return picked;
    struct value open = value_open(a, item);
    struct member *members = NEW_ARRAY(a, struct member, MIN(open.n, n) + 1);
    for (u32 i = 0; i < open.n; i++) {
        str name = member_name(&open.members[i]);
        bool wanted = false;
        for (u32 j = 0; j < n && !wanted; j++) wanted = str_eq(names[j], name);
        if (wanted) members[picked.n++] = open.members[i];
    }
    picked.members = members;
    return picked;
}
