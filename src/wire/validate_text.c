/* What is wrong, in AWS's words and in Smithy's. */
#include "wire/validate.h"

#include <inttypes.h>

enum { MESSAGE_MAX = 256 << 10 };

static void add_enum(struct buf *b, const struct wire_service *s, const struct wire_constraint *k) {
    buf_add(b, S("Member must satisfy enum value set: ["));
    for (u32 i = 0; i < k->enum_count; i++)
        buf_format(b, "%s%s", i ? ", " : "", s->text + s->enums[k->first_enum + i]);
    buf_char(b, ']');
}

static void add_pattern(struct buf *b, const struct wire_service *s, const struct wire_constraint *k) {
    buf_format(b, "Member must satisfy regular expression pattern: %s", s->text + k->pattern);
}

/* ---- AWS ---- */

static void add_bound(struct buf *b, const char *what, const char *way, i64 bound) {
    buf_format(b, "Member must have %s %s than or equal to %" PRId64, what, way, bound);
}

static void add_constraint(struct buf *b, const struct wire_service *s, u8 kind, const struct wire_constraint *k) {
    switch ((enum wire_violation_kind)kind) {
    case WIRE_MISSING: buf_add(b, S("Member must not be null")); break;
    case WIRE_LENGTH_MIN: add_bound(b, "length", "greater", k->min); break;
    case WIRE_LENGTH_MAX: add_bound(b, "length", "less", k->max); break;
    case WIRE_RANGE_MIN: add_bound(b, "value", "greater", k->min); break;
    case WIRE_RANGE_MAX: add_bound(b, "value", "less", k->max); break;
    case WIRE_PATTERN: add_pattern(b, s, k); break;
    case WIRE_ENUM: add_enum(b, s, k); break;
    /* DIFFERS: AWS's words for unions are not known. */
    case WIRE_UNION_EMPTY:
    case WIRE_UNION_MANY: buf_add(b, S("Member must have exactly one member set")); break;
    }
}

/* All that an element, key or value must satisfy, whichever of it was broken. */
static void add_all(struct buf *b, const struct wire_service *s, const struct wire_violation *v) {
    static const char *const heads[] = {[WIRE_OF_ELEMENT] = "Member must satisfy constraint: [",
                                        [WIRE_OF_KEY] = "Map keys must satisfy constraint: [",
                                        [WIRE_OF_VALUE] = "Map value must satisfy constraint: ["};
    const struct wire_constraint *k = v->constraint;
    bool length = v->kind != WIRE_RANGE_MIN && v->kind != WIRE_RANGE_MAX;
    const u8 kinds[] = {length ? WIRE_LENGTH_MAX : WIRE_RANGE_MAX, length ? WIRE_LENGTH_MIN : WIRE_RANGE_MIN,
                        WIRE_PATTERN, WIRE_ENUM};
    const bool has[] = {k->has_max, k->has_min, k->pattern != 0, k->enum_count != 0};
    const char *between = "";
    buf_add(b, str_of(heads[v->place]));
    for (size_t i = 0; i < LENGTH(kinds); i++) {
        if (!has[i]) continue;
        buf_add(b, str_of(between));
        add_constraint(b, s, kinds[i], k);
        between = ", ";
    }
    buf_char(b, ']');
}

/* Several elements that break one constraint are one error of their list. */
static bool is_repeated(const struct wire_violation *v, size_t i) {
    if (v[i].place == WIRE_OF_MEMBER || !v[i].constraint) return false;
    for (size_t j = 0; j < i; j++)
        if (v[j].place == v[i].place && v[j].constraint == v[i].constraint && str_eq(v[j].path, v[i].path)) return true;
    return false;
}

str wire_validation_message(struct arena *a, const struct wire_service *s,
                            const struct wire_violation *violations, size_t n) {
    struct buf b = buf_new(a, MESSAGE_MAX);
    size_t told = 0;
    for (size_t i = 0; i < n; i++) told += !is_repeated(violations, i);
    buf_format(&b, "%zu validation error%s detected: ", told, told == 1 ? "" : "s");
    const char *between = "";
    for (size_t i = 0; i < n; i++) {
        const struct wire_violation *v = &violations[i];
        if (is_repeated(violations, i)) continue;
        buf_format(&b, "%sValue ", between);
        between = "; ";
        if (v->kind == WIRE_MISSING) buf_add(&b, S("null "));
        else if (v->value.p) buf_format(&b, "'%.*s' ", STR_ARGS(v->value));
        buf_format(&b, "at '%.*s' failed to satisfy constraint: ", STR_ARGS(v->path));
        if (v->kind == WIRE_ENUM && v->unlisted) buf_add(&b, S("Member must satisfy enum value set"));
        else if (v->place == WIRE_OF_MEMBER || !v->constraint) add_constraint(&b, s, v->kind, v->constraint);
        else add_all(&b, s, v);
    }
    return buf_str(&b);
}

/* ---- Smithy ---- */

static void add_span(struct buf *b, const char *what, const struct wire_constraint *k) {
    buf_format(b, "Member must %s", what);
    if (k->has_min && k->has_max) buf_format(b, "between %" PRId64 " and %" PRId64 ", inclusive", k->min, k->max);
    else if (k->has_min) buf_format(b, "greater than or equal to %" PRId64, k->min);
    else buf_format(b, "less than or equal to %" PRId64, k->max);
}

static void add_smithy(struct buf *b, const struct wire_service *s, const struct wire_violation *v) {
    bool length = v->kind == WIRE_LENGTH_MIN || v->kind == WIRE_LENGTH_MAX;
    buf_add(b, S("Value "));
    if (length) buf_format(b, "with length %" PRIu64 " ", v->length);
    buf_format(b, "at '%.*s' failed to satisfy constraint: ", STR_ARGS(v->pointer));
    if (length) add_span(b, "have length ", v->constraint);
    else if (v->kind == WIRE_RANGE_MIN || v->kind == WIRE_RANGE_MAX) add_span(b, "be ", v->constraint);
    else add_constraint(b, s, v->kind, v->constraint);
}

str wire_violation_smithy(struct arena *a, const struct wire_service *s, const struct wire_violation *v) {
    struct buf b = buf_new(a, MESSAGE_MAX);
    add_smithy(&b, s, v);
    return buf_str(&b);
}

str wire_validation_message_smithy(struct arena *a, const struct wire_service *s,
                                   const struct wire_violation *violations, size_t n) {
    struct buf b = buf_new(a, MESSAGE_MAX);
    buf_format(&b, "%zu validation error%s detected. ", n, n == 1 ? "" : "s");
    for (size_t i = 0; i < n; i++) {
        if (i) buf_add(&b, S("; "));
        add_smithy(&b, s, &violations[i]);
    }
    return buf_str(&b);
}
