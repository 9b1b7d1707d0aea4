/* awsJson 1.0 and 1.1, and the JSON bodies of restJson: C values from JSON and back. */
#include "wire/codec.h"

#include "text/json.h"

#define SERIALIZATION S("SerializationException")

static const struct json_limits limits = {.bytes = WIRE_OUTPUT_MAX, .depth = WIRE_DEPTH_MAX};

/* ---- reading ---- */

static bool read_value(struct coding *c, struct json_reader *r, u16 shape_index,
                       const struct wire_member *m, void *value);

/* jsonName is a trait of restJson alone. */
static u32 wire_name(const struct coding *c, const struct wire_member *m) {
    return c->protocol == WIRE_REST_JSON ? m->location_name : m->name;
}

/* A value of another type than the API says, in the words that AWS's own reader has for it. */
static bool wrong_type(struct coding *c, struct json_reader *r, const struct wire_shape *shape, const char *wanted) {
    if (c->service->older_reader) return json_older_wrong_type(c, r, shape);
    static const char *const names[] = {[JSON_NULL] = "NULL_VALUE",     [JSON_BOOLEAN] = "BOOLEAN_VALUE",
                                        [JSON_NUMBER] = "NUMBER_VALUE", [JSON_STRING] = "STRING_VALUE",
                                        [JSON_ARRAY] = "START_ARRAY",   [JSON_OBJECT] = "START_OBJECT"};
    switch (json_peek(r)) {
    case JSON_BROKEN: break;
    case JSON_ARRAY: return coding_fail(c, SERIALIZATION, "Start of list found where not expected");
    case JSON_OBJECT:
        return coding_fail(c, SERIALIZATION, "Start of structure or map found where not expected.");
    case JSON_BOOLEAN:
        return coding_fail(c, SERIALIZATION, "%s can not be converted to %s",
                           *r->p == 't' ? "TRUE_VALUE" : "FALSE_VALUE", wanted);
    case JSON_NULL:
    case JSON_NUMBER:
    case JSON_STRING:
        return coding_fail(c, SERIALIZATION, "%s can not be converted to %s", names[json_peek(r)], wanted);
    }
    return false; /* the reader's problem says it */
}

static bool out_of_range(struct coding *c, str text, const char *wanted) {
    return coding_fail(c, SERIALIZATION, "%.*s can not be converted to %s", (int)MIN(text.n, (size_t)64),
                       text.p, wanted);
}

/* Of targets that name operations: AWS has the first letter of each member in upper case there. */
static bool same_name(const struct coding *c, str name, str key) {
    return str_eq(name, key) || (c->either_case && key.n && str_eq_nocase(str_take(name, 1), str_take(key, 1)) && str_eq(str_skip(name, 1), str_skip(key, 1)));
}

/* The member called `key`. Clients write members mostly in the model's order, so the search starts
 * behind the last one found. */
static const struct wire_member *find_member(struct coding *c, const struct wire_shape *shape, str key,
                                             bool body_only, u32 *next) {
    for (u32 tried = 0; tried < shape->member_count; tried++) {
        u32 i = *next + tried;
        if (i >= shape->member_count) i -= shape->member_count;
        const struct wire_member *m = coding_member(c, shape, i);
        if (!same_name(c, coding_text(c, wire_name(c, m)), key)) continue;
        if (body_only && m->location != WIRE_IN_BODY) return NULL;
        *next = i + 1;
        return m;
    }
    return NULL;
}

/* A member's field. Of a key that comes twice the last one counts, so the field starts afresh. */
static bool read_field(struct coding *c, struct json_reader *r, const struct wire_member *m,
                       void *structure) {
    const struct wire_shape *shape = coding_shape(c, m->shape);
    void *field = (char *)structure + m->offset;
    if (shape->type != WIRE_STRUCTURE) return read_value(c, r, m->shape, m, field);
    *(void **)field = NULL;
    return read_value(c, r, m->shape, m, value_structure(c, shape, field));
}

static bool is_stream(const struct wire_shape *shape) {
    return shape->flags & (WIRE_STREAMING | WIRE_EVENT_STREAM);
}

static bool read_structure(struct coding *c, struct json_reader *r, const struct wire_shape *shape,
                           bool body_only, void *value) {
    if (json_peek(r) != JSON_OBJECT) return wrong_type(c, r, shape, "a structure");
    bool is_union = shape->flags & WIRE_UNION;
    u32 next = 0, set = 0, unknown = 0;
    str key;
    bool open = json_read_object(r);
    while (open && json_read_key(r, &key)) {
        const struct wire_member *m = find_member(c, shape, key, body_only, &next);
        bool is_null = json_peek(r) == JSON_NULL;
        if (!m || is_null || is_stream(coding_shape(c, m->shape))) {
            if (!is_null && !str_eq(key, S("__type"))) unknown++;
            json_skip(r);
            continue;
        }
        set++;
        if (!read_field(c, r, m, value)) return false;
    }
    if (r->problem) return false;
    /* awsJson leaves this to validation, where a service has its own words for it. */
    if (is_union && c->protocol == WIRE_REST_JSON && !c->from_server && set + unknown != 1)
        return coding_fail(c, SERIALIZATION, "Unions must have exactly one non-null member set.");
    if (is_union && c->protocol == WIRE_REST_JSON && !c->from_server && unknown)
        return coding_fail(c, SERIALIZATION, "Unknown union member.");
    return true;
}

static bool read_null_element(struct coding *c, struct json_reader *r, const struct wire_shape *shape) {
    if (!json_read_null(r)) return false;
    return (shape->flags & WIRE_SPARSE) || c->from_server
        || coding_fail(c, SERIALIZATION, "A null is not allowed in a list or map of this type");
}

static bool read_list(struct coding *c, struct json_reader *r, const struct wire_shape *shape,
                      struct wire_list *list) {
    if (json_peek(r) != JSON_ARRAY) return wrong_type(c, r, shape, "a list");
    const struct wire_member *element = coding_member(c, shape, 0);
    size_t size = value_element_size(c, shape);
    u32 capacity = 0;
    *list = (struct wire_list){.set = true};
    bool open = json_read_array(r);
    while (open && json_read_item(r)) {
        if (json_peek(r) == JSON_NULL) {
            if (!read_null_element(c, r, shape)) return false;
            if (shape->flags & WIRE_SPARSE) value_list_add(c, list, size, &capacity);
            continue;
        }
        void *place = value_list_add(c, list, size, &capacity);
        if (!read_value(c, r, element->shape, element, place)) return false;
    }
    return !r->problem;
}

static bool read_map(struct coding *c, struct json_reader *r, const struct wire_shape *shape,
                     struct wire_list *map) {
    if (json_peek(r) != JSON_OBJECT) return wrong_type(c, r, shape, "a map");
    const struct wire_member *value = coding_member(c, shape, 1);
    size_t size = value_entry_size(c, shape);
    u32 capacity = 0;
    str key;
    *map = (struct wire_list){.set = true};
    bool open = json_read_object(r);
    while (open && json_read_key(r, &key)) {
        bool is_null = json_peek(r) == JSON_NULL;
        if (is_null && !read_null_element(c, r, shape)) return false;
        if (is_null && !(shape->flags & WIRE_SPARSE)) continue;
        char *entry = value_list_add(c, map, size, &capacity);
        *(str *)(void *)entry = key;
        if (!is_null && !read_value(c, r, value->shape, value, entry + value->offset)) return false;
    }
    return !r->problem;
}

static bool read_string(struct coding *c, struct json_reader *r, const struct wire_shape *shape, str *value, const char *wanted) {
    if (json_peek(r) != JSON_STRING) return wrong_type(c, r, shape, wanted);
    return json_read_string(r, value);
}

static bool read_integer(struct coding *c, struct json_reader *r, const struct wire_shape *shape,
                         void *field) {
    static const char *const names[] = {
        [WIRE_BYTE] = "a Byte", [WIRE_SHORT] = "a Short", [WIRE_INTEGER] = "an Integer", [WIRE_LONG] = "a Long"};
    const char *wanted = names[shape->type];
    str text;
    i64 number;
    if (json_peek(r) != JSON_NUMBER) return wrong_type(c, r, shape, wanted);
    if (!json_read_number(r, &text)) return false;
    if (str_to_i64(text, &number) && value_set_integer(shape, field, number)) return true;
    return out_of_range(c, text, wanted);
}

static bool read_float(struct coding *c, struct json_reader *r, const struct wire_shape *shape, struct opt_f64 *field) {
    str text;
    double number;
    if (json_peek(r) == JSON_STRING) {
        if (!json_read_string(r, &text)) return false;
        if (!value_read_float_word(text, &number))
            return coding_fail(c, SERIALIZATION, "STRING_VALUE can not be converted to a Double");
    } else {
        if (json_peek(r) != JSON_NUMBER) return wrong_type(c, r, shape, "a Double");
        if (!json_read_number(r, &text)) return false;
        if (!str_to_f64(text, &number) || number - number != 0) return out_of_range(c, text, "a Double");
    }
    *field = SOME_F64(number);
    return true;
}

static bool read_timestamp(struct coding *c, struct json_reader *r, const struct wire_shape *shape,
                           const struct wire_member *m, struct opt_time *field) {
    enum wire_timestamp_format format = value_time_format(m, shape, WIRE_TIME_EPOCH);
    bool epoch = format == WIRE_TIME_EPOCH;
    str text;
    i64 ms;
    if (json_peek(r) != (epoch ? JSON_NUMBER : JSON_STRING)) return wrong_type(c, r, shape, "a timestamp");
    if (!(epoch ? json_read_number(r, &text) : json_read_string(r, &text))) return false;
    if (value_time_has_refused_offset(c, format, text) || !value_read_time(text, format, &ms)) return out_of_range(c, text, "a timestamp");
    *field = SOME_TIME(ms);
    return true;
}

static bool read_value(struct coding *c, struct json_reader *r, u16 shape_index,
                       const struct wire_member *m, void *value) {
    const struct wire_shape *shape = coding_shape(c, shape_index);
    str text;
    bool flag;
    switch ((enum wire_type)shape->type) {
    case WIRE_STRUCTURE:
        if (!read_structure(c, r, shape, false, value)) return false;
        value_fill_defaults(c, shape, value);
        return true;
    case WIRE_LIST: return read_list(c, r, shape, value);
    case WIRE_MAP: return read_map(c, r, shape, value);
    case WIRE_STRING: return read_string(c, r, shape, value, "a String");
    case WIRE_BLOB:
        if (!read_string(c, r, shape, &text, "a Blob")) return false;
        if (base64_decode(c->arena, text, value)) return true;
        if (c->service->older_reader) return json_older_wrong_blob(c, text);
        return coding_fail(c, SERIALIZATION, "STRING_VALUE can not be converted to a Blob");
    case WIRE_BOOLEAN:
        if (json_peek(r) != JSON_BOOLEAN) return wrong_type(c, r, shape, "a Boolean");
        if (!json_read_boolean(r, &flag)) return false;
        *(struct opt_bool *)value = SOME_BOOL(flag);
        return true;
    case WIRE_BYTE:
    case WIRE_SHORT:
    case WIRE_INTEGER:
    case WIRE_LONG: return read_integer(c, r, shape, value);
    case WIRE_FLOAT:
    case WIRE_DOUBLE: return read_float(c, r, shape, value);
    case WIRE_BIG_NUMBER:
        if (json_peek(r) != JSON_NUMBER) return wrong_type(c, r, shape, "a BigDecimal");
        return json_read_number(r, value);
    case WIRE_TIMESTAMP: return read_timestamp(c, r, shape, m, value);
    case WIRE_DOCUMENT: return json_read_raw(r, value);
    }
    return false;
}

/* What the reader found wrong with the text itself, unless something wrong with a value came first. */
static bool finish(struct coding *c, struct json_reader *r, bool ok) {
    if (ok && json_done(r)) return true;
    return coding_fail(c, SERIALIZATION, "Not a JSON text of the expected form: %s at byte %zu",
                       r->problem ? r->problem : "a wrong value", json_offset(r));
}

bool wire_json_read_body(struct coding *c, u16 shape_index, str body, void *value) {
    const struct wire_shape *shape = coding_shape(c, shape_index);
    if (!body.n) return true;
    struct json_reader r = json_reader_new(c->arena, body, limits);
    bool ok = read_structure(c, &r, shape, protocol_is_rest(c->protocol), value);
    return finish(c, &r, ok);
}

bool wire_json_read_value(struct coding *c, u16 shape, str text, void *value) {
    struct json_reader r = json_reader_new(c->arena, text, limits);
    bool ok = read_value(c, &r, shape, NULL, value);
    return finish(c, &r, ok);
}

/* ---- writing ---- */

static void write_value(struct coding *c, u16 shape_index, const struct wire_member *m, const void *value,
                        struct buf *out);

static void write_members(struct coding *c, const struct wire_shape *shape, bool body_only,
                          const struct wire_member *except, const void *value, struct buf *out) {
    for (u32 i = 0; i < shape->member_count; i++) {
        const struct wire_member *m = coding_member(c, shape, i);
        const struct wire_shape *of = coding_shape(c, m->shape);
        const void *field = (const char *)value + m->offset;
        if (m == except || (body_only && m->location != WIRE_IN_BODY) || !value_is_set(of, field)) continue;
        json_write_key(out, coding_text(c, wire_name(c, m)));
        write_value(c, m->shape, m, of->type == WIRE_STRUCTURE ? *(void *const *)field : field, out);
    }
}

static void write_element(struct coding *c, const struct wire_member *m, const void *value, struct buf *out) {
    const struct wire_shape *of = coding_shape(c, m->shape);
    if (of->type != WIRE_STRUCTURE && !value_is_set(of, value)) json_write_null(out);
    else write_value(c, m->shape, m, value, out);
}

static void write_list(struct coding *c, const struct wire_shape *shape, const struct wire_list *list,
                       struct buf *out) {
    const struct wire_member *element = coding_member(c, shape, 0);
    size_t size = value_element_size(c, shape);
    json_write_array(out);
    for (u32 i = 0; i < list->n; i++) write_element(c, element, (const char *)list->v + i * size, out);
    json_write_array_end(out);
}

static void write_map(struct coding *c, const struct wire_shape *shape, const struct wire_list *map,
                      struct buf *out) {
    const struct wire_member *value = coding_member(c, shape, 1);
    size_t size = value_entry_size(c, shape);
    json_write_object(out);
    for (u32 i = 0; i < map->n; i++) {
        const char *entry = (const char *)map->v + i * size;
        json_write_key(out, *(const str *)(const void *)entry);
        write_element(c, value, entry + value->offset, out);
    }
    json_write_object_end(out);
}

static void write_timestamp(const struct wire_member *m, const struct wire_shape *shape, i64 ms,
                            struct buf *out) {
    enum wire_timestamp_format format = value_time_format(m, shape, WIRE_TIME_EPOCH);
    json_write_comma(out);
    if (format != WIRE_TIME_EPOCH) buf_char(out, '"');
    value_write_time(out, format, ms);
    if (format != WIRE_TIME_EPOCH) buf_char(out, '"');
}

static void write_float(const struct wire_shape *shape, double number, struct buf *out) {
    if (shape->type == WIRE_DOUBLE || number - number != 0) {
        json_write_f64(out, number);
        return;
    }
    json_write_comma(out);
    buf_f32(out, (float)number);
}

static void write_value(struct coding *c, u16 shape_index, const struct wire_member *m, const void *value,
                        struct buf *out) {
    const struct wire_shape *shape = coding_shape(c, shape_index);
    switch ((enum wire_type)shape->type) {
    case WIRE_STRUCTURE:
        json_write_object(out);
        write_members(c, shape, false, NULL, value, out);
        json_write_object_end(out);
        return;
    case WIRE_LIST: write_list(c, shape, value, out); return;
    case WIRE_MAP: write_map(c, shape, value, out); return;
    case WIRE_STRING: json_write_string(out, *(const str *)value); return;
    case WIRE_BLOB:
        json_write_comma(out);
        buf_char(out, '"');
        buf_base64(out, *(const str *)value);
        buf_char(out, '"');
        return;
    case WIRE_BOOLEAN: json_write_boolean(out, ((const struct opt_bool *)value)->v); return;
    case WIRE_BYTE:
    case WIRE_SHORT:
    case WIRE_INTEGER:
    case WIRE_LONG: json_write_i64(out, value_get_integer(shape, value)); return;
    case WIRE_FLOAT:
    case WIRE_DOUBLE: write_float(shape, ((const struct opt_f64 *)value)->v, out); return;
    case WIRE_BIG_NUMBER:
    case WIRE_DOCUMENT: json_write_raw(out, *(const str *)value); return;
    case WIRE_TIMESTAMP: write_timestamp(m, shape, ((const struct opt_time *)value)->ms, out); return;
    }
}

void wire_json_write_body(struct coding *c, u16 shape, const void *value, struct buf *out) {
    json_write_object(out);
    write_members(c, coding_shape(c, shape), protocol_is_rest(c->protocol), NULL, value, out);
    json_write_object_end(out);
}

void wire_json_write_value(struct coding *c, u16 shape, const void *value, struct buf *out) {
    write_value(c, shape, NULL, value, out);
}

/* ---- errors ---- */

static const struct wire_member *find_message_member(struct coding *c, const struct wire_shape *shape) {
    for (u32 i = 0; i < shape->member_count; i++) {
        const struct wire_member *m = coding_member(c, shape, i);
        if (m->location == WIRE_IN_BODY && coding_shape(c, m->shape)->type == WIRE_STRING
            && str_eq_nocase(coding_text(c, wire_name(c, m)), S("message")))
            return m;
    }
    return NULL;
}

/* awsJson 1.0 names errors by their absolute shape id; what no service models belongs to AWS's frame. */
static str error_type(struct coding *c, const struct error *e) {
    if (c->protocol != WIRE_AWS_JSON_1_0) return str_of(e->code);
    bool validation = strcmp(e->code, "ValidationException") == 0;
    if (e->shape == WIRE_NONE) return arena_format(c->arena, "com.amazon.coral.%s#%s", validation ? "validate" : "service", e->code);
    str name = coding_text(c, coding_shape(c, e->shape)->name);
    str space = coding_text(c, c->service->namespace_);
    return arena_format(c->arena, "%.*s#%.*s", STR_ARGS(space), STR_ARGS(name));
}

/* Where AWS's frame says what is wrong, before the service with the older reader is asked, it is a "Message". */
static str message_name(const struct coding *c, const struct error *e) {
    bool of_frame = c->service->older_reader && (!strcmp(e->code, "SerializationException") || !strcmp(e->code, "AccessDeniedException"));
    return of_frame ? S("Message") : S("message");
}

void wire_json_write_error(struct coding *c, const struct wire_fault *fault, struct buf *out) {
    const struct error *e = fault->error;
    const struct wire_shape *shape = e->shape == WIRE_NONE ? NULL : coding_shape(c, e->shape);
    const struct wire_member *message = shape ? find_message_member(c, shape) : NULL;
    json_write_object(out);
    if (c->protocol != WIRE_REST_JSON) {
        json_write_member(out, S("__type"), error_type(c, e));
    }
    if (fault->message.p) {
        json_write_member(out, message ? coding_text(c, wire_name(c, message)) : message_name(c, e), fault->message);
    }
    if (shape && fault->members)
        write_members(c, shape, protocol_is_rest(c->protocol), fault->message.p ? message : NULL,
                      fault->members, out);
    json_write_object_end(out);
}

void wire_json_error_facts(struct coding *c, str body, str *type, str *message) {
    struct json_reader r = json_reader_new(c->arena, body, limits);
    str key, code = {0};
    *type = *message = (str){0};
    if (json_peek(&r) != JSON_OBJECT || !json_read_object(&r)) return;
    while (json_read_key(&r, &key)) {
        str *wanted = str_eq(key, S("__type")) ? type : str_eq(key, S("code")) ? &code : NULL;
        if (str_eq_nocase(key, S("message")) || str_eq(key, S("errorMessage"))) wanted = message;
        if (!wanted || wanted->p || json_peek(&r) != JSON_STRING) json_skip(&r);
        else if (!json_read_string(&r, wanted)) break;
    }
    if (!type->p) *type = code;
}

void wire_json_read_error(struct coding *c, const struct wire_message *m, void *error_members,
                          struct wire_answer *answer) {
    str type, message, header = wire_header_get(m, S("x-amzn-errortype"));
    wire_json_error_facts(c, m->body, &type, &message);
    if (!error_identify(c, m, header.p ? header : type, message, answer) || !error_members) return;
    /* Members that cannot be read do not make the error another one. */
    if (!wire_json_read_body(c, answer->error->shape, m->body, error_members))
        *c->problem = (struct wire_problem){0};
}

/* ---- awsJson ---- */

static str content_type(const struct coding *c) {
    return c->protocol == WIRE_AWS_JSON_1_0 ? S("application/x-amz-json-1.0")
                                            : S("application/x-amz-json-1.1");
}

static bool read_request(struct coding *c, const struct wire_op *op, const struct wire_message *m,
                         void *input) {
    if (op->input == WIRE_NONE) return true;
    if (!wire_json_read_body(c, op->input, m->body, input)) return false;
    value_fill_defaults(c, coding_shape(c, op->input), input);
    return true;
}

static void start_response(struct coding *c, int status, str request_id, struct wire_message *m) {
    m->status = status;
    message_add_header(c, m, S("x-amzn-RequestId"), request_id);
    message_add_header(c, m, S("Content-Type"), content_type(c));
}

static void write_response(struct coding *c, const struct wire_op *op, const void *output, str request_id,
                           struct wire_message *m) {
    struct buf body = buf_new(c->arena, WIRE_OUTPUT_MAX);
    start_response(c, op->status ? op->status : 200, request_id, m);
    if (op->output != WIRE_NONE) wire_json_write_body(c, op->output, output, &body);
    message_set_body(m, &body);
}

static void write_error(struct coding *c, const struct wire_op *op, const struct wire_fault *fault,
                        str request_id, struct wire_message *m) {
    struct buf body = buf_new(c->arena, WIRE_OUTPUT_MAX);
    start_response(c, fault->error->status, request_id, m);
    error_add_query_header(c, fault, m);
    wire_json_write_error(c, fault, &body);
    message_set_body(m, &body);
}

static void write_request(struct coding *c, const struct wire_op *op, const void *input,
                          struct wire_message *m) {
    const char *text = c->service->text;
    struct buf body = buf_new(c->arena, WIRE_OUTPUT_MAX);
    m->method = S("POST");
    m->path = S("/");
    str target = arena_format(c->arena, "%s.%s", text + c->service->target_prefix, text + op->name);
    message_add_header(c, m, S("X-Amz-Target"), target);
    message_add_header(c, m, S("Content-Type"), content_type(c));
    if (c->service->query_compatible) message_add_header(c, m, S("x-amzn-query-mode"), S("true"));
    if (op->input != WIRE_NONE) wire_json_write_body(c, op->input, input, &body);
    else buf_add(&body, S("{}"));
    message_set_body(m, &body);
}

static bool read_response(struct coding *c, const struct wire_op *op, const struct wire_message *m,
                          void *output, void *error_members, struct wire_answer *answer) {
    if (m->status >= 300) {
        wire_json_read_error(c, m, error_members, answer);
        return true;
    }
    return op->output == WIRE_NONE || wire_json_read_body(c, op->output, m->body, output);
}

const struct wire_codec wire_json_codec = {
    .read_request = read_request,
    .write_response = write_response,
    .write_error = write_error,
    .write_request = write_request,
    .read_response = read_response,
};
