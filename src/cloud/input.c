#include "cloud/input.h"

#include "base/encode.h"
#include "wire/codec.h"

static const struct wire_shape *input_shape(const struct call *c) {
    return c->input && c->op && c->op->input != WIRE_NONE ? &c->service->wire->shapes[c->op->input] : NULL;
}

static const void *field(const void *structure, const struct wire_member *m) { return (const char *)structure + m->offset; }

static const struct wire_member *members_of(const struct call *c, const struct wire_shape *s) { return &c->service->wire->members[s->first_member]; }
static str name_of(const struct call *c, const struct wire_member *m) { return wire_text(c->service->wire, m->name); }
/* Most differ in their first letter: no length is taken of the table's text. */
static bool has_name(const struct call *c, const struct wire_member *m, str name) {
    const char *text = c->service->wire->text + m->name;
    return name.n && *text == *name.p && str_eq(str_of(text), name);
}
static const struct wire_shape *shape_of(const struct call *c, const struct wire_member *m) { return &c->service->wire->shapes[m->shape]; }

str input_text(const struct call *c, str name) {
    const struct wire_shape *input = input_shape(c);
    if (!input) return (str){0};
    const struct wire_member *members = members_of(c, input);
    for (u16 i = 0; i < input->member_count; i++)
        if (shape_of(c, &members[i])->type == WIRE_STRING && has_name(c, &members[i], name)) return *(const str *)field(c->input, &members[i]);
    return (str){0};
}

/* ---- presence ---- */

/* What says something: no empty list, and nothing that is false. A stream does. */
static bool present(const struct wire_shape *s, const void *value) {
    if (s->type == WIRE_BOOLEAN) return ((const struct opt_bool *)value)->v;
    if (s->type == WIRE_LIST || s->type == WIRE_MAP) return ((const struct wire_list *)value)->n;
    if (s->flags & (WIRE_STREAMING | WIRE_EVENT_STREAM)) return *(void *const *)value;
    return value_is_set(s, value);
}

struct input_names input_present(const struct call *c) {
    const struct wire_shape *input = input_shape(c);
    struct input_names names = {0};
    if (!input) return names;
    names.v = NEW_ARRAY(c->arena, str, input->member_count);
    for (u16 i = 0; i < input->member_count; i++) {
        const struct wire_member *m = &members_of(c, input)[i];
        if (present(shape_of(c, m), field(c->input, m))) names.v[names.n++] = name_of(c, m);
    }
    return names;
}

/* ---- values of condition keys ---- */

static bool scalar_text(struct arena *a, const struct wire_shape *s, const void *value, str *text) {
    struct buf b = buf_new(a, 64);
    if (s->type == WIRE_STRING) {
        *text = *(const str *)value;
        return text->p != NULL;
    }
    if (s->type == WIRE_BOOLEAN) {
        const struct opt_bool *v = value;
        *text = v->v ? S("true") : S("false");
        return v->set;
    }
    if (!present(s, value)) return false;
    if (s->type == WIRE_INTEGER || s->type == WIRE_SHORT || s->type == WIRE_BYTE) buf_i64(&b, ((const struct opt_i32 *)value)->v);
    else if (s->type == WIRE_LONG) buf_i64(&b, ((const struct opt_i64 *)value)->v);
    else if (s->type == WIRE_DOUBLE || s->type == WIRE_FLOAT) buf_f64(&b, ((const struct opt_f64 *)value)->v);
    else if (s->type == WIRE_TIMESTAMP) buf_iso8601(&b, ((const struct opt_time *)value)->ms);
    else return false;
    *text = buf_str(&b);
    return true;
}

static struct policy_values values_of(const struct call *c, const struct wire_shape *s, const void *value) {
    const struct wire_list *list = value;
    bool many = s->type == WIRE_LIST && list->set;
    const struct wire_shape *element = many ? shape_of(c, members_of(c, s)) : s;
    u32 n = many ? list->n : 1, found = 0;
    str *texts = NEW_ARRAY(c->arena, str, n + 1);
    for (u32 i = 0; i < n; i++) {
        const void *item = many ? (const char *)list->v + (size_t)i * element->size : value;
        found += scalar_text(c->arena, element, item, &texts[found]);
    }
    return found || many ? (struct policy_values){texts, found} : (struct policy_values){0};
}

/* "max-keys" is MaxKeys: hyphens and case aside. */
static bool same_name(str key, str member) {
    size_t at = 0;
    for (size_t i = 0; i < key.n; i++) {
        if (key.p[i] == '-') continue;
        if (at == member.n || (key.p[i] | 32) != (member.p[at] | 32)) return false;
        at++;
    }
    return at == member.n;
}

static struct policy_values find_values(const struct call *c, const struct wire_shape *s, const void *structure, str name, int levels) {
    const struct wire_member *members = members_of(c, s);
    struct policy_values found = {0};
    for (u16 i = 0; i < s->member_count && !found.v; i++) {
        const struct wire_member *m = &members[i];
        bool header = m->location == WIRE_IN_HEADER && str_eq_nocase(wire_text(c->service->wire, m->location_name), name);
        if (header || same_name(name, name_of(c, m))) found = values_of(c, shape_of(c, m), field(structure, m));
    }
    for (u16 i = 0; levels && i < s->member_count && !found.v; i++) {
        const struct wire_shape *inner = shape_of(c, &members[i]);
        const void *value = inner->type == WIRE_STRUCTURE ? *(void *const *)field(structure, &members[i]) : NULL;
        if (value) found = find_values(c, inner, value, name, levels - 1);
    }
    return found;
}

struct policy_values input_values(const struct call *c, str name) {
    const struct wire_shape *input = input_shape(c);
    return input ? find_values(c, input, c->input, name, 1) : (struct policy_values){0};
}

/* ---- tags ---- */

enum { TAGS_MAX = 200 };

static void add_tag(const struct call *c, struct record_pairs *tags, str key, str value) {
    if (!tags->v) tags->v = NEW_ARRAY(c->arena, struct record_pair, TAGS_MAX);
    if (tags->n < TAGS_MAX && key.p) tags->v[tags->n++] = (struct record_pair){key, value};
}

static bool named_for_tags(str name) {
    static const char *const names[] = {"Tags", "TagList", "TagSet", "TagsList", "NewTags", "TagKeys", "TagsToAdd", "TagKeyList", "ResourceTags", "TagsModel"};
    for (size_t i = 0; i < LENGTH(names); i++)
        if (str_eq_nocase(name, str_of(names[i]))) return true;
    return false;
}

/* A list of {Key, Value}, {TagKey, TagValue}, {key, value}, or of keys alone; a map of strings. */
static void take_tags(const struct call *c, const struct wire_shape *s, const void *value, struct record_pairs *tags) {
    const struct wire_list *list = value;
    const struct wire_member *element = members_of(c, s);
    for (u32 i = 0; i < list->n && s->type == WIRE_MAP && shape_of(c, &element[1])->type == WIRE_STRING; i++) {
        const struct record_pair *pair = &((const struct record_pair *)list->v)[i];
        add_tag(c, tags, pair->key, pair->value);
    }
    if (s->type != WIRE_LIST) return;
    const struct wire_shape *item = shape_of(c, &element[0]);
    for (u32 i = 0; i < list->n; i++) {
        const char *at = (const char *)list->v + (size_t)i * item->size;
        if (item->type == WIRE_STRING) add_tag(c, tags, *(const str *)(const void *)at, (str){0});
        if (item->type != WIRE_STRUCTURE) continue;
        str key = {0}, text = {0};
        for (u16 j = 0; j < item->member_count; j++) {
            const struct wire_member *m = &members_of(c, item)[j];
            if (shape_of(c, m)->type != WIRE_STRING) continue;
            str name = name_of(c, m);
            if (name.n >= 3 && str_eq_nocase(str_skip(name, name.n - 3), S("key"))) key = *(const str *)field(at, m);
            else if (name.n >= 5 && str_eq_nocase(str_skip(name, name.n - 5), S("value"))) text = *(const str *)field(at, m);
        }
        add_tag(c, tags, key, text.p ? text : S(""));
    }
}

static void find_tags(const struct call *c, const struct wire_shape *s, const void *structure, struct record_pairs *tags, int levels) {
    for (u16 i = 0; i < s->member_count; i++) {
        const struct wire_member *m = &members_of(c, s)[i];
        const struct wire_shape *shape = shape_of(c, m);
        const void *value = field(structure, m);
        if (named_for_tags(name_of(c, m)) && (shape->type == WIRE_LIST || shape->type == WIRE_MAP)) {
            take_tags(c, shape, value, tags);
        } else if (shape->type == WIRE_STRUCTURE && levels && *(void *const *)value) {
            find_tags(c, shape, *(void *const *)value, tags, levels - 1);
        } else if (shape->type == WIRE_LIST && levels && str_eq(name_of(c, m), S("TagSpecifications"))) { /* EC2: per type of resource */
            const struct wire_list *list = value;
            const struct wire_shape *item = shape_of(c, members_of(c, shape));
            for (u32 j = 0; j < list->n; j++) find_tags(c, item, (const char *)list->v + (size_t)j * item->size, tags, 0);
        }
    }
}

struct record_pairs input_tags(const struct call *c) {
    struct record_pairs tags = {.set = true};
    const struct wire_shape *input = input_shape(c);
    if (input) find_tags(c, input, c->input, &tags, 2);
    return tags;
}
