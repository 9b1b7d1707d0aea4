#include "wire/validate.h"

#include "wire/codec.h"
#include "wire/pattern.h"

/* Where the walk stands: a chain of steps on the C stack, turned into text only for a violation. */
struct step {
    const struct step *up;
    u8 place;  /* enum wire_violation_place */
    u32 name;  /* text: the member's */
    str key;   /* the map's */
    u32 index; /* of an element */
};

struct walk {
    struct coding coding; /* for value.c; nothing is coded */
    struct wire_violation *violations;
    size_t n, max;
    int depth;
};

static void check(struct walk *w, u16 shape, const void *value, const struct step *at,
                  const struct wire_member *member, const void *holder, u16 holder_shape);

/* ---- texts of a violation ---- */

enum { VALUE_MAX = 64 << 10, PATH_MAX_BYTES = 16 << 10 };

/* "tags.1.member.key": members begin in lower case; elements and entries are followed by "member". */
static void add_path(const struct walk *w, struct buf *b, const struct step *at) {
    if (!at) return;
    add_path(w, b, at->up);
    if (at->place == WIRE_OF_MEMBER) {
        if (b->n) buf_char(b, '.');
        str name = coding_text(&w->coding, at->name);
        char first = name.n ? name.p[0] : '_';
        buf_char(b, first >= 'A' && first <= 'Z' ? (char)(first + 'a' - 'A') : first);
        buf_add(b, str_skip(name, 1));
    } else {
        if (at->place == WIRE_OF_ELEMENT) buf_format(b, ".%u", at->index + 1);
        else buf_format(b, ".%.*s", STR_ARGS(at->key));
        buf_add(b, S(".member"));
    }
}

static void add_pointer(const struct walk *w, struct buf *b, const struct step *at) {
    if (!at) return;
    add_pointer(w, b, at->up);
    if (at->place == WIRE_OF_KEY) return; /* a key is told of its map */
    buf_char(b, '/');
    if (at->place == WIRE_OF_ELEMENT) {
        buf_u64(b, at->index);
        return;
    }
    str name = at->place == WIRE_OF_MEMBER ? coding_text(&w->coding, at->name) : at->key;
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] == '~') buf_add(b, S("~0"));
        else if (name.p[i] == '/') buf_add(b, S("~1"));
        else buf_char(b, name.p[i]);
    }
}

static void print(struct walk *w, struct buf *b, u16 shape, const void *value, int depth);

static void print_structure(struct walk *w, struct buf *b, const struct wire_shape *s, const void *value,
                            int depth) {
    buf_format(b, "%.*s(", STR_ARGS(coding_text(&w->coding, s->name)));
    for (u32 i = 0; i < s->member_count; i++) {
        const struct wire_member *m = coding_member(&w->coding, s, i);
        const struct wire_shape *target = coding_shape(&w->coding, m->shape);
        const void *field = (const char *)value + m->offset;
        struct step step = {.place = WIRE_OF_MEMBER, .name = m->name};
        if (i) buf_add(b, S(", "));
        struct buf name = buf_new(w->coding.arena, PATH_MAX_BYTES);
        add_path(w, &name, &step);
        buf_format(b, "%.*s=", STR_ARGS(buf_str(&name)));
        if ((m->flags & WIRE_MEMBER_STREAMING) || !value_is_set(target, field)) buf_add(b, S("null"));
        else if ((m->flags & WIRE_MEMBER_SENSITIVE) || (target->flags & WIRE_SHAPE_SENSITIVE)) buf_add(b, S("***"));
        else print(w, b, m->shape, target->type == WIRE_STRUCTURE ? *(void *const *)field : field, depth);
    }
    buf_char(b, ')');
}

/* As Java's toString() of AWS's own classes: "[a, b]", "{k=v}", "Tag(key=k, value=null)". */
static void print(struct walk *w, struct buf *b, u16 shape, const void *value, int depth) {
    const struct wire_shape *s = coding_shape(&w->coding, shape);
    if (depth > WIRE_DEPTH_MAX || b->over) return;
    switch ((enum wire_type)s->type) {
    case WIRE_STRUCTURE: print_structure(w, b, s, value, depth + 1); break;
    case WIRE_LIST: {
        const struct wire_list *list = value;
        buf_char(b, '[');
        for (u32 i = 0; i < list->n; i++) {
            if (i) buf_add(b, S(", "));
            print(w, b, coding_member(&w->coding, s, 0)->shape,
                  (const char *)list->v + i * value_element_size(&w->coding, s), depth + 1);
        }
        buf_char(b, ']');
        break;
    }
    case WIRE_MAP: {
        const struct wire_list *map = value;
        const struct wire_member *v = coding_member(&w->coding, s, 1);
        buf_char(b, '{');
        for (u32 i = 0; i < map->n; i++) {
            const char *entry = (const char *)map->v + i * value_entry_size(&w->coding, s);
            if (i) buf_add(b, S(", "));
            buf_format(b, "%.*s=", STR_ARGS(*(const str *)(const void *)entry));
            print(w, b, v->shape, entry + v->offset, depth + 1);
        }
        buf_char(b, '}');
        break;
    }
    case WIRE_BLOB: {
        int n = (int)((const str *)value)->n;
        buf_format(b, "java.nio.HeapByteBuffer[pos=0 lim=%d cap=%d]", n, n);
        break;
    }
    case WIRE_STRING:
    case WIRE_BOOLEAN:
    case WIRE_BYTE:
    case WIRE_SHORT:
    case WIRE_INTEGER:
    case WIRE_LONG:
    case WIRE_FLOAT:
    case WIRE_DOUBLE:
    case WIRE_BIG_NUMBER:
    case WIRE_TIMESTAMP:
    case WIRE_DOCUMENT:
        if (value_is_set(s, value)) value_write_text(s, WIRE_TIME_EPOCH, value, b);
        else buf_add(b, S("null"));
        break;
    }
}

/* What is said of an element, key or value is printed as its holder: path and value are that one's. */
static void report(struct walk *w, enum wire_violation_kind kind, const struct step *at, u16 shape,
                   const void *value, bool sensitive, u64 length, const struct wire_constraint *constraint) {
    if (w->n == w->max) return;
    const struct step *told = at;
    while (told && told->place != WIRE_OF_MEMBER && kind != WIRE_MISSING) told = told->up;
    struct buf path = buf_new(w->coding.arena, PATH_MAX_BYTES), pointer = buf_new(w->coding.arena, PATH_MAX_BYTES);
    add_path(w, &path, told);
    add_pointer(w, &pointer, at);
    str text = {0};
    if (kind != WIRE_MISSING && !sensitive) {
        struct buf b = buf_new(w->coding.arena, VALUE_MAX);
        print(w, &b, shape, value, 0);
        text = b.n ? buf_str(&b) : S("");
    }
    w->violations[w->n++] = (struct wire_violation){(u8)kind, at ? at->place : (u8)WIRE_OF_MEMBER, buf_str(&path),
                                                    buf_str(&pointer), text, length, false, constraint};
}

/* ---- the checks ---- */

static u64 code_points(str s) {
    u64 n = 0;
    for (size_t i = 0; i < s.n; i++) n += ((u8)s.p[i] & 0xc0) != 0x80;
    return n;
}

static bool in_enum(const struct wire_service *s, const struct wire_constraint *k, str value) {
    for (u32 i = 0; i < k->enum_count; i++)
        if (str_eq(wire_text(s, s->enums[k->first_enum + i]), value)) return true;
    return false;
}

/* What a value is measured by: its length, or itself. */
struct measure {
    bool is_length, below, above;
    u64 length;
};

static struct measure measure_number(const struct wire_constraint *k, double number) {
    return (struct measure){.below = k->has_min && number < (double)k->min, .above = k->has_max && number > (double)k->max};
}

static struct measure measure_whole(const struct wire_constraint *k, i64 number) {
    return (struct measure){.below = k->has_min && number < k->min, .above = k->has_max && number > k->max};
}

static struct measure measure_length(const struct wire_constraint *k, u64 length) {
    return (struct measure){.is_length = true, .length = length,
                            .below = k->has_min && k->min > 0 && length < (u64)k->min,
                            .above = k->has_max && (k->max < 0 || length > (u64)k->max)};
}

/* It has as many characters as bytes at most, and a quarter of them at least: mostly that is enough to know. */
static bool surely_fits(const struct wire_constraint *k, str s) {
    return (!k->has_max || (k->max >= 0 && s.n <= (u64)k->max)) && (!k->has_min || k->min <= (i64)((s.n + 3) / 4));
}

static struct measure measure(const struct wire_shape *s, const struct wire_constraint *k, const void *value) {
    switch ((enum wire_type)s->type) {
    case WIRE_BYTE:
    case WIRE_SHORT:
    case WIRE_INTEGER:
    case WIRE_LONG: return measure_whole(k, value_get_integer(s, value));
    case WIRE_FLOAT:
    case WIRE_DOUBLE: return measure_number(k, ((const struct opt_f64 *)value)->v);
    case WIRE_STRING: return surely_fits(k, *(const str *)value) ? (struct measure){0} : measure_length(k, code_points(*(const str *)value));
    case WIRE_BLOB: return measure_length(k, ((const str *)value)->n);
    case WIRE_LIST:
    case WIRE_MAP: return measure_length(k, ((const struct wire_list *)value)->n);
    case WIRE_STRUCTURE:
    case WIRE_BOOLEAN:
    case WIRE_BIG_NUMBER:
    case WIRE_TIMESTAMP:
    case WIRE_DOCUMENT: break;
    }
    return (struct measure){0};
}

static void check_constraint(struct walk *w, const struct wire_shape *s, const void *value, const struct step *at,
                             bool sensitive, const void *told, u16 told_shape) {
    const struct wire_service *service = w->coding.service;
    const struct wire_constraint *k = &service->constraints[s->constraint];
    bool unlike = k->pattern && s->type == WIRE_STRING && !wire_pattern_matches(service->text + k->pattern, *(const str *)value);
    if (unlike && !k->length_first) report(w, WIRE_PATTERN, at, told_shape, told, sensitive, 0, k);
    struct measure m = measure(s, k, value);
    if (m.below)
        report(w, m.is_length ? WIRE_LENGTH_MIN : WIRE_RANGE_MIN, at, told_shape, told, sensitive, m.length, k);
    if (m.above)
        report(w, m.is_length ? WIRE_LENGTH_MAX : WIRE_RANGE_MAX, at, told_shape, told, sensitive, m.length, k);
    if (unlike && k->length_first) report(w, WIRE_PATTERN, at, told_shape, told, sensitive, 0, k);
    if (k->enum_count && s->type == WIRE_STRING && !in_enum(service, k, *(const str *)value))
        report(w, WIRE_ENUM, at, told_shape, told, sensitive, 0, k);
}

/* Any value will do. */
static bool is_free(const struct wire_shape *s) {
    return !s->constraint && s->type != WIRE_STRUCTURE && s->type != WIRE_LIST && s->type != WIRE_MAP;
}

static void check_structure(struct walk *w, u16 shape, const void *value, const struct step *at) {
    const struct wire_shape *s = coding_shape(&w->coding, shape);
    if (s->flags & WIRE_UNION) {
        u32 set = value_count_set(&w->coding, s, value);
        if (set != 1) report(w, set ? WIRE_UNION_MANY : WIRE_UNION_EMPTY, at, shape, value, false, set, NULL);
    }
    for (u32 i = 0; i < s->member_count; i++) {
        const struct wire_member *m = coding_member(&w->coding, s, i);
        const struct wire_shape *target = coding_shape(&w->coding, m->shape);
        const void *field = (const char *)value + m->offset;
        bool set = value_is_set(target, field);
        if (set ? is_free(target) : !(m->flags & WIRE_REQUIRED)) continue;
        if ((m->flags & WIRE_MEMBER_STREAMING) || (target->flags & WIRE_EVENT_STREAM)) continue;
        struct step step = {.up = at, .place = WIRE_OF_MEMBER, .name = m->name};
        const void *inner = target->type == WIRE_STRUCTURE ? *(void *const *)field : field;
        if (set) check(w, m->shape, inner, &step, m, inner, m->shape);
        else report(w, WIRE_MISSING, &step, m->shape, NULL, false, 0, NULL);
    }
}

static void check_list(struct walk *w, const struct wire_shape *s, const struct wire_list *list, const struct step *at,
                       const void *holder, u16 holder_shape) {
    const struct wire_member *element = coding_member(&w->coding, s, 0);
    const struct wire_shape *target = coding_shape(&w->coding, element->shape);
    bool structure = target->type == WIRE_STRUCTURE;
    for (u32 i = 0; i < list->n && w->n < w->max; i++) {
        const void *v = (const char *)list->v + i * (size_t)target->size;
        struct step step = {.up = at, .place = WIRE_OF_ELEMENT, .index = i};
        if (structure || value_is_set(target, v)) check(w, element->shape, v, &step, element, holder, holder_shape);
    }
}

static void check_map(struct walk *w, const struct wire_shape *s, const struct wire_list *map, const struct step *at,
                      const void *holder, u16 holder_shape) {
    const struct wire_member *key = coding_member(&w->coding, s, 0), *value = coding_member(&w->coding, s, 1);
    const struct wire_shape *target = coding_shape(&w->coding, value->shape);
    size_t size = value_entry_size(&w->coding, s);
    for (u32 i = 0; i < map->n && w->n < w->max; i++) {
        const char *entry = (const char *)map->v + i * size;
        str name = *(const str *)(const void *)entry;
        struct step of_key = {.up = at, .place = WIRE_OF_KEY, .key = name}, of_value = {.up = at, .place = WIRE_OF_VALUE, .key = name};
        check(w, key->shape, entry, &of_key, key, holder, holder_shape);
        const void *v = entry + value->offset;
        if (target->type == WIRE_STRUCTURE || value_is_set(target, v))
            check(w, value->shape, v, &of_value, value, holder, holder_shape);
    }
}

/* `holder`: the value of the nearest member, which is what AWS prints of its elements and entries. */
static void check(struct walk *w, u16 shape, const void *value, const struct step *at,
                  const struct wire_member *member, const void *holder, u16 holder_shape) {
    if (w->depth == WIRE_DEPTH_MAX || w->n == w->max) return;
    const struct wire_shape *s = coding_shape(&w->coding, shape);
    bool sensitive = (s->flags & WIRE_SHAPE_SENSITIVE) || (member && member->flags & WIRE_MEMBER_SENSITIVE);
    w->depth++;
    if (s->constraint) check_constraint(w, s, value, at, sensitive, holder, holder_shape);
    if (s->type == WIRE_STRUCTURE) check_structure(w, shape, value, at);
    else if (s->type == WIRE_LIST) check_list(w, s, value, at, holder, holder_shape);
    else if (s->type == WIRE_MAP) check_map(w, s, value, at, holder, holder_shape);
    w->depth--;
}

/* Stable: missing members first, the rest in the order of the walk. */
static void missing_first(struct wire_violation *v, size_t n) {
    size_t missing = 0;
    for (size_t i = 0; i < n; i++) {
        if (v[i].kind != WIRE_MISSING) continue;
        struct wire_violation found = v[i];
        memmove(v + missing + 1, v + missing, (i - missing) * sizeof *v);
        v[missing++] = found;
    }
}

size_t wire_validate(const struct wire_service *s, u16 shape, const void *value, struct arena *a,
                     struct wire_violation *violations, size_t max) {
    struct walk w = {.coding = {.service = s, .arena = a}, .violations = violations, .max = max};
    if (shape == WIRE_NONE || max == 0) return 0;
    check(&w, shape, value, NULL, NULL, value, shape);
    missing_first(violations, w.n);
    return w.n;
}
