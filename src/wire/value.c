#include "wire/codec.h"

#include <math.h>

/* ---- problems ---- */

bool coding_fail(struct coding *c, str code, const char *format, ...) {
    if (!c->problem || c->problem->code.p) return false;
    va_list args;
    va_start(args, format);
    *c->problem = (struct wire_problem){code, arena_vformat(c->arena, format, args), 400};
    va_end(args);
    return false;
}

/* ---- fields ---- */

void *value_structure(struct coding *c, const struct wire_shape *shape, void *field) {
    void **at = field;
    if (!*at) *at = arena_alloc(c->arena, MAX(shape->size, 1u), _Alignof(max_align_t));
    return *at;
}

void *value_list_add(struct coding *c, struct wire_list *list, size_t element_size, u32 *capacity) {
    if (list->n == *capacity) {
        u32 grown = *capacity ? *capacity * 2 : 4;
        ASSERT(grown > *capacity);
        void *elements = arena_alloc_array(c->arena, grown, element_size, _Alignof(max_align_t));
        if (list->n) memcpy(elements, list->v, list->n * element_size);
        list->v = elements;
        *capacity = grown;
    }
    list->set = true;
    return (char *)list->v + list->n++ * element_size;
}

size_t value_entry_size(const struct coding *c, const struct wire_shape *map) {
    const struct wire_member *value = coding_member(c, map, 1);
    size_t end = value->offset + coding_shape(c, value->shape)->size;
    return (end + _Alignof(str) - 1) / _Alignof(str) * _Alignof(str);
}

void value_fill_defaults(struct coding *c, const struct wire_shape *structure, void *value) {
    if (c->from_server || (structure->flags & WIRE_UNION)) return;
    for (u32 i = 0; i < structure->member_count; i++) {
        const struct wire_member *m = coding_member(c, structure, i);
        if (!m->default_value) continue;
        void *field = (char *)value + m->offset;
        if (value_is_set(coding_shape(c, m->shape), field)) continue;
        /* The text comes from the API description: one that does not fit is the generator's fault. */
        ASSERT(wire_json_read_value(c, m->shape, coding_text(c, m->default_value), field));
    }
}

u32 value_count_set(const struct coding *c, const struct wire_shape *structure, const void *value) {
    u32 n = 0;
    for (u32 i = 0; i < structure->member_count; i++) {
        const struct wire_member *m = coding_member(c, structure, i);
        n += value_is_set(coding_shape(c, m->shape), (const char *)value + m->offset);
    }
    return n;
}

/* ---- numbers ---- */

bool value_set_integer(const struct wire_shape *shape, void *field, i64 number) {
    if (shape->type == WIRE_LONG) {
        *(struct opt_i64 *)field = SOME_I64(number);
        return true;
    }
    i64 max = shape->type == WIRE_BYTE ? INT8_MAX : shape->type == WIRE_SHORT ? INT16_MAX : INT32_MAX;
    if (number > max || number < -max - 1) return false;
    *(struct opt_i32 *)field = SOME_I32((i32)number);
    return true;
}

i64 value_get_integer(const struct wire_shape *shape, const void *field) {
    return shape->type == WIRE_LONG ? ((const struct opt_i64 *)field)->v
                                    : ((const struct opt_i32 *)field)->v;
}

bool value_read_float_word(str text, double *number) {
    if (str_eq(text, S("NaN"))) *number = (double)NAN;
    else if (str_eq(text, S("Infinity"))) *number = (double)INFINITY;
    else if (str_eq(text, S("-Infinity"))) *number = -(double)INFINITY;
    else return false;
    return true;
}

/* ---- time ---- */

/* The years 1 to 9999: what a date can say, and what services may add to and subtract from. */
static bool is_date(i64 ms) { return ms >= -62135596800000 && ms <= 253402300799999; }

bool value_time_of_seconds(double seconds, i64 *ms) {
    if (!(fabs(seconds) < 1e15)) return false;
    *ms = (i64)(seconds * 1000 + (seconds < 0 ? -0.5 : 0.5));
    return is_date(*ms);
}

/* Seconds with a fraction. Exponents are legal JSON and occur with hand-written clients. */
static bool epoch_parse(str text, i64 *ms) {
    if (str_find_char(text, 'e') != STR_NONE || str_find_char(text, 'E') != STR_NONE) {
        double seconds;
        return str_to_f64(text, &seconds) && value_time_of_seconds(seconds, ms);
    }
    bool negative = str_starts(text, S("-"));
    str fraction = negative ? str_skip(text, 1) : text;
    str whole = str_cut(&fraction, '.');
    u64 seconds, thousandths = 0;
    if (!str_to_u64(whole, &seconds) || seconds >= (u64)INT64_MAX / 1000) return false;
    if (fraction.p) {
        u64 unit = 100;
        for (size_t i = 0; i < fraction.n; i++, unit /= 10) {
            if (fraction.p[i] < '0' || fraction.p[i] > '9') return false;
            thousandths += unit * (u64)(fraction.p[i] - '0');
        }
        if (!fraction.n) return false;
    }
    i64 magnitude = (i64)(seconds * 1000 + thousandths);
    *ms = negative ? -magnitude : magnitude;
    return true;
}

static void epoch_write(struct buf *out, i64 ms) {
    if (ms < 0) buf_char(out, '-');
    u64 magnitude = ms < 0 ? 0 - (u64)ms : (u64)ms;
    buf_u64(out, magnitude / 1000);
    u64 rest = magnitude % 1000;
    if (!rest) return;
    buf_char(out, '.');
    for (u64 unit = 100; rest; rest %= unit, unit /= 10) buf_char(out, (char)('0' + rest / unit));
}

bool value_time_has_refused_offset(const struct coding *c, enum wire_timestamp_format format, str text) {
    return format == WIRE_TIME_ISO8601 && c->protocol == WIRE_REST_JSON && !c->from_server
           && !str_ends(text, S("Z"));
}

static bool parse_time(str text, enum wire_timestamp_format format, i64 *ms) {
    switch (format) {
    case WIRE_TIME_EPOCH: return epoch_parse(text, ms);
    case WIRE_TIME_HTTP_DATE: return http_date_parse(text, ms);
    case WIRE_TIME_DEFAULT:
    case WIRE_TIME_ISO8601: break;
    }
    return iso8601_parse(text, ms);
}

bool value_read_time(str text, enum wire_timestamp_format format, i64 *ms) { return parse_time(text, format, ms) && is_date(*ms); }

void value_write_time(struct buf *out, enum wire_timestamp_format format, i64 ms) {
    switch (format) {
    case WIRE_TIME_EPOCH: epoch_write(out, ms); return;
    case WIRE_TIME_HTTP_DATE: buf_http_date(out, ms); return;
    case WIRE_TIME_DEFAULT:
    case WIRE_TIME_ISO8601: break;
    }
    buf_iso8601(out, ms);
}

/* ---- scalars as text ---- */

bool value_read_text(struct coding *c, const struct wire_shape *shape,
                     enum wire_timestamp_format format, str text, void *field) {
    switch ((enum wire_type)shape->type) {
    case WIRE_STRING:
    case WIRE_BIG_NUMBER:
    case WIRE_DOCUMENT: *(str *)field = text.p ? text : S(""); return true;
    case WIRE_BLOB: return base64_decode(c->arena, text, field);
    case WIRE_BOOLEAN: {
        bool is_true = str_eq(text, S("true"));
        if (!is_true && !str_eq(text, S("false"))) return false;
        *(struct opt_bool *)field = SOME_BOOL(is_true);
        return true;
    }
    case WIRE_BYTE:
    case WIRE_SHORT:
    case WIRE_INTEGER:
    case WIRE_LONG: {
        i64 number;
        return str_to_i64(text, &number) && value_set_integer(shape, field, number);
    }
    case WIRE_FLOAT:
    case WIRE_DOUBLE: {
        double number;
        if (!value_read_float_word(text, &number) && !str_to_f64(text, &number)) return false;
        *(struct opt_f64 *)field = SOME_F64(number);
        return true;
    }
    case WIRE_TIMESTAMP: {
        i64 ms;
        if (!value_read_time(text, format, &ms)) return false;
        *(struct opt_time *)field = SOME_TIME(ms);
        return true;
    }
    case WIRE_STRUCTURE:
    case WIRE_LIST:
    case WIRE_MAP: break;
    }
    ASSERT(!"a scalar");
    return false;
}

void value_write_text(const struct wire_shape *shape, enum wire_timestamp_format format,
                      const void *field, struct buf *out) {
    switch ((enum wire_type)shape->type) {
    case WIRE_STRING:
    case WIRE_BIG_NUMBER:
    case WIRE_DOCUMENT: buf_add(out, *(const str *)field); return;
    case WIRE_BLOB: buf_base64(out, *(const str *)field); return;
    case WIRE_BOOLEAN:
        buf_add(out, ((const struct opt_bool *)field)->v ? S("true") : S("false"));
        return;
    case WIRE_BYTE:
    case WIRE_SHORT:
    case WIRE_INTEGER:
    case WIRE_LONG: buf_i64(out, value_get_integer(shape, field)); return;
    case WIRE_FLOAT: buf_f32(out, (float)((const struct opt_f64 *)field)->v); return;
    case WIRE_DOUBLE: buf_f64(out, ((const struct opt_f64 *)field)->v); return;
    case WIRE_TIMESTAMP: value_write_time(out, format, ((const struct opt_time *)field)->ms); return;
    case WIRE_STRUCTURE:
    case WIRE_LIST:
    case WIRE_MAP: break;
    }
    ASSERT(!"a scalar");
}

/* ---- messages ---- */

void message_add_header(struct coding *c, struct wire_message *m, str name, str value) {
    /* Full at 8, 16, 32 ...: the capacity follows from the count. */
    size_t n = m->header_count;
    ASSERT(n < WIRE_HEADERS_MAX);
    if (n == 0 || (n >= 8 && (n & (n - 1)) == 0)) {
        struct wire_header *grown = NEW_ARRAY(c->arena, struct wire_header, MAX(n * 2, (size_t)8));
        if (n) memcpy(grown, m->headers, n * sizeof *grown);
        m->headers = grown;
    }
    ((struct wire_header *)(uintptr_t)m->headers)[n] = (struct wire_header){name, value};
    m->header_count++;
}

void message_set_body(struct wire_message *m, const struct buf *body) {
    ASSERT(!body->over);
    m->body = buf_str(body);
    m->has_body = true;
}

/* ---- errors ---- */

str error_bare_name(str name) {
    size_t hash = str_find_char(name, '#');
    if (hash != STR_NONE) name = str_skip(name, hash + 1);
    return str_cut(&name, ':');
}

const struct error *error_find(const struct wire_service *s, str code) {
    for (u16 i = 0; i < s->error_constant_count; i++) {
        const struct error *e = s->error_constants[i];
        if (str_eq(code, str_of(e->code)) || str_eq(code, (e->query_code ? str_of(e->query_code) : str_of(e->code)))) return e;
    }
    return NULL;
}

bool error_identify(struct coding *c, const struct wire_message *m, str type, str message, struct wire_answer *answer) {
    str code = type.p ? error_bare_name(type) : arena_format(c->arena, "%d", m->status);
    *answer = (struct wire_answer){.error_code = code, .error_message = message.p ? message : S(""), .error = error_find(c->service, code)};
    str query_code = wire_header_get(m, S("x-amzn-query-error"));
    if (query_code.p && c->service->query_compatible) answer->error_code = str_cut(&query_code, ';');
    return answer->error && answer->error->shape != WIRE_NONE;
}

void error_add_query_header(struct coding *c, const struct wire_fault *fault, struct wire_message *m) {
    if (!c->service->query_compatible) return;
    const struct error *e = fault->error;
    str value = arena_format(c->arena, "%s;%s", e->query_code ? e->query_code : e->code,
                             e->sender ? "Sender" : "Receiver");
    message_add_header(c, m, S("x-amzn-query-error"), value);
}
