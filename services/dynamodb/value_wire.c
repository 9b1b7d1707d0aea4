/* Attribute values from and to the wire. What comes in is checked with AWS's messages, which were read off
 * its answers (dynalite's and LocalStack's records of them, the developer guide's "Data types"). */
#include "services/dynamodb/value.h"

#include <stdlib.h>

#define INVALID "One or more parameter values were invalid: "

static err invalid(struct call *c, const char *message) {
    return fail(c, &dynamodb_validation_exception, "%s", message);
}

/* ---- in ---- */

static err number_of_wire(struct call *c, str text, struct value *out) {
    struct number n;
    enum number_fault fault = number_parse(text, &n);
    if (fault) return number_fail(c, fault, text);
    char normal[NUMBER_TEXT_MAX];
    size_t length = number_print(&n, normal);
    if (!str_eq(text, (str){normal, length})) text = arena_str(c->arena, (str){normal, length});
    *out = (struct value){.type = VALUE_N, .n = (u32)text.n, .text = text.p};
    return NULL;
}

static int by_value(const void *x, const void *y) {
    int order = 0;
    value_compare(x, y, &order);
    return order;
}

/* "[a, b]", as Java prints a collection; binaries in base64. */
static str collection_text(struct call *c, const struct value *elements, u32 n) {
    struct buf b = buf_new(c->arena, 1 << 20);
    buf_char(&b, '[');
    for (u32 i = 0; i < n; i++) {
        if (i) buf_add(&b, S(", "));
        if (elements[i].type == VALUE_B) buf_base64(&b, value_text(&elements[i]));
        else buf_add(&b, value_text(&elements[i]));
    }
    buf_char(&b, ']');
    return buf_str(&b);
}

static err duplicates(struct call *c, u8 type, str given) {
    if (type == VALUE_NS) return invalid(c, "Input collection contains duplicates");
    return fail(c, &dynamodb_validation_exception, INVALID "Input collection %.*s%s contains duplicates.", STR_ARGS(given),
                type == VALUE_BS ? "of type BS" : "");
}

static err empty_set(struct call *c, u8 type) {
    return invalid(c, type == VALUE_SS   ? INVALID "An string set  may not be empty"
                      : type == VALUE_NS ? INVALID "An number set  may not be empty"
                                         : INVALID "Binary sets should not be empty");
}

static err set_of_wire(struct call *c, u8 type, const str *in, u32 n, struct value *out) {
    if (!n) return empty_set(c, type);
    struct value *elements = NEW_ARRAY(c->arena, struct value, n);
    bool sorted = true;
    for (u32 i = 0; i < n; i++) {
        if (type == VALUE_NS) TRY(number_of_wire(c, in[i], &elements[i]));
        else elements[i] = (struct value){.type = type == VALUE_SS ? VALUE_S : VALUE_B, .n = (u32)in[i].n, .text = in[i].p};
        if (i && by_value(&elements[i - 1], &elements[i]) >= 0) sorted = false;
    }
    if (!sorted) {
        struct value *given = NEW_ARRAY(c->arena, struct value, n);
        memcpy(given, elements, n * sizeof *given);
        qsort(elements, n, sizeof *elements, by_value);
        for (u32 i = 1; i < n; i++)
            if (by_value(&elements[i - 1], &elements[i]) == 0) return duplicates(c, type, collection_text(c, given, n));
    }
    *out = (struct value){.type = type, .n = n, .elements = elements};
    return NULL;
}

static err value_in(struct call *c, const struct dynamodb_attribute_value *in, int depth, struct value *out);

static err list_in(struct call *c, const struct dynamodb_list_attribute_value *in, int depth, struct value *out) {
    struct value *elements = NEW_ARRAY(c->arena, struct value, in->n + 1);
    for (u32 i = 0; i < in->n; i++) TRY(value_in(c, &in->v[i], depth + 1, &elements[i]));
    *out = (struct value){.type = VALUE_L, .n = in->n, .elements = elements};
    return NULL;
}

static int by_name(const void *x, const void *y) { return str_cmp(member_name(x), member_name(y)); }

/* Into the order of the names. Of a name that came twice one stays; a JSON object has it once. */
static u32 sort_members(struct member *m, u32 n) {
    bool sorted = true;
    for (u32 i = 1; i < n && sorted; i++) sorted = by_name(&m[i - 1], &m[i]) < 0;
    if (sorted) return n;
    qsort(m, n, sizeof *m, by_name);
    u32 kept = 1;
    for (u32 i = 1; i < n; i++) {
        if (by_name(&m[kept - 1], &m[i]) == 0) kept--;
        m[kept++] = m[i];
    }
    return kept;
}

static err map_in(struct call *c, const struct dynamodb_attribute_map_entry *in, u32 n, int depth, struct value *out) {
    struct member *members = NEW_ARRAY(c->arena, struct member, n + 1);
    for (u32 i = 0; i < n; i++) {
        if (in[i].key.n > ATTRIBUTE_NAME_MAX) return invalid(c, "Attribute name is too large, must be less than 65536 bytes");
        members[i].name = in[i].key.p;
        members[i].name_n = (u32)in[i].key.n;
        TRY(value_in(c, &in[i].value, depth + 1, &members[i].value));
    }
    *out = (struct value){.type = VALUE_M, .n = sort_members(members, n), .members = members};
    return NULL;
}

static int types_set(const struct dynamodb_attribute_value *in) {
    return (in->s.p != NULL) + (in->n.p != NULL) + (in->b.p != NULL) + in->ss.set + in->ns.set + in->bs.set + in->m.set
         + in->l.set + in->null.set + in->bool_.set;
}

/* Faults of a type come before the fault of having several. */
static err value_in(struct call *c, const struct dynamodb_attribute_value *in, int depth, struct value *out) {
    int types = types_set(in);
    if (!types)
        return invalid(c, "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes");
    if (depth > VALUE_DEPTH_MAX)
        return invalid(c, "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels "
                          "beyond supported limit");
    if (in->s.p) *out = (struct value){.type = VALUE_S, .n = (u32)in->s.n, .text = in->s.p};
    if (in->n.p) TRY(number_of_wire(c, in->n, out));
    if (in->b.p) *out = (struct value){.type = VALUE_B, .n = (u32)in->b.n, .text = in->b.p};
    if (in->null.set && !in->null.v) return invalid(c, INVALID "Null attribute value types must have the value of true");
    if (in->null.set) *out = (struct value){.type = VALUE_NULL};
    if (in->bool_.set) *out = (struct value){.type = VALUE_BOOL, .truth = in->bool_.v};
    if (in->ss.set) TRY(set_of_wire(c, VALUE_SS, in->ss.v, in->ss.n, out));
    if (in->ns.set) TRY(set_of_wire(c, VALUE_NS, in->ns.v, in->ns.n, out));
    if (in->bs.set) TRY(set_of_wire(c, VALUE_BS, in->bs.v, in->bs.n, out));
    if (in->m.set) TRY(map_in(c, (const void *)in->m.v, in->m.n, depth, out));
    if (in->l.set) TRY(list_in(c, &in->l, depth, out));
    if (types > 1)
        return invalid(c, "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the "
                          "supported datatypes");
    return NULL;
}

err value_of_wire(struct call *c, const struct dynamodb_attribute_value *in, struct value *out) {
    return value_in(c, in, 1, out);
}

err item_of_wire(struct call *c, const void *entries, u32 n, size_t entry_size, struct value *item) {
    ASSERT(entry_size == sizeof(struct dynamodb_attribute_map_entry));
    return map_in(c, entries, n, 0, item);
}

/* ---- out ---- */

static str *strings_out(struct arena *a, const struct value *set) {
    str *v = NEW_ARRAY(a, str, set->n + 1);
    for (u32 i = 0; i < set->n; i++) v[i] = value_text(&set->elements[i]);
    return v;
}

struct dynamodb_attribute_map_entry *item_entries(struct arena *a, const struct value *item, u32 *n) {
    struct value open = item->type == VALUE_M ? value_open(a, item) : (struct value){.type = VALUE_M};
    struct dynamodb_attribute_map_entry *v = NEW_ARRAY(a, struct dynamodb_attribute_map_entry, open.n + 1);
    for (u32 i = 0; i < open.n; i++) {
        v[i].key = member_name(&open.members[i]);
        value_to_wire(a, &open.members[i].value, &v[i].value);
    }
    *n = open.n;
    return v;
}

static void list_out(struct arena *a, const struct value *list, struct dynamodb_list_attribute_value *out) {
    out->v = NEW_ARRAY(a, struct dynamodb_attribute_value, list->n + 1);
    out->n = list->n;
    out->set = true;
    for (u32 i = 0; i < list->n; i++) value_to_wire(a, &list->elements[i], &out->v[i]);
}

void value_to_wire(struct arena *a, const struct value *v, struct dynamodb_attribute_value *out) {
    *out = (struct dynamodb_attribute_value){0};
    struct value open = value_open(a, v);
    switch (v->type) {
    case VALUE_S: out->s = value_text(v); return;
    case VALUE_N: out->n = value_text(v); return;
    case VALUE_B: out->b = value_text(v); return;
    case VALUE_NULL: out->null = SOME_BOOL(true); return;
    case VALUE_BOOL: out->bool_ = SOME_BOOL(v->truth); return;
    case VALUE_SS:
        out->ss.v = strings_out(a, &open);
        out->ss.n = open.n;
        out->ss.set = true;
        return;
    case VALUE_NS:
        out->ns.v = strings_out(a, &open);
        out->ns.n = open.n;
        out->ns.set = true;
        return;
    case VALUE_BS:
        out->bs.v = strings_out(a, &open);
        out->bs.n = open.n;
        out->bs.set = true;
        return;
    case VALUE_L: list_out(a, &open, &out->l); return;
    case VALUE_M:
        out->m.v = (void *)item_entries(a, &open, &out->m.n);
        out->m.set = true;
        return;
    default: ASSERT(false);
    }
}

_Static_assert(sizeof(struct dynamodb_map_attribute_value_entry) == sizeof(struct dynamodb_attribute_map_entry),
               "maps of values are alike");
