/* rpcv2Cbor: C values from CBOR and back. */
#include "wire/codec.h"

#include "text/cbor.h"

#define SERIALIZATION S("SerializationException")

static const struct cbor_limits limits = {.bytes = WIRE_OUTPUT_MAX, .depth = WIRE_DEPTH_MAX};

enum { EPOCH_TAG = 1 };

/* ---- reading ---- */

static bool read_value(struct coding *c, struct cbor_reader *r, const struct wire_shape *shape, void *value);

static bool wrong_type(struct coding *c, struct cbor_reader *r, const char *wanted) {
    if (cbor_peek(r) == CBOR_BROKEN) return false; /* the reader's problem says it */
    return coding_fail(c, SERIALIZATION, "The value at byte %zu can not be converted to %s", cbor_offset(r),
                       wanted);
}

static const struct wire_member *find_member(struct coding *c, const struct wire_shape *shape, str key) {
    for (u32 i = 0; i < shape->member_count; i++) {
        const struct wire_member *m = coding_member(c, shape, i);
        if (str_eq(coding_text(c, m->name), key)) return m;
    }
    return NULL;
}

static bool read_structure(struct coding *c, struct cbor_reader *r, const struct wire_shape *shape,
                           void *value) {
    struct cbor_loop loop;
    str key;
    if (cbor_peek(r) != CBOR_MAP) return wrong_type(c, r, "a structure");
    bool open = cbor_read_map(r, &loop);
    while (open && cbor_read_key(r, &loop, &key)) {
        const struct wire_member *m = find_member(c, shape, key);
        const struct wire_shape *of = m ? coding_shape(c, m->shape) : NULL;
        if (!m || cbor_peek(r) == CBOR_NULL || (of->flags & (WIRE_STREAMING | WIRE_EVENT_STREAM))) {
            cbor_skip(r);
            continue;
        }
        void *field = (char *)value + m->offset;
        if (of->type == WIRE_STRUCTURE) {
            *(void **)field = NULL; /* of a key that comes twice the last one counts */
            field = value_structure(c, of, field);
        }
        if (!read_value(c, r, of, field)) return false;
    }
    return !r->problem;
}

static bool read_null_element(struct coding *c, struct cbor_reader *r, const struct wire_shape *shape) {
    if (!cbor_read_null(r)) return false;
    return (shape->flags & WIRE_SPARSE) || c->from_server
        || coding_fail(c, SERIALIZATION, "A null is not allowed in a list or map of this type");
}

static bool read_list(struct coding *c, struct cbor_reader *r, const struct wire_shape *shape,
                      struct wire_list *list) {
    const struct wire_shape *element = coding_shape(c, coding_member(c, shape, 0)->shape);
    struct cbor_loop loop;
    u32 capacity = 0;
    if (cbor_peek(r) != CBOR_ARRAY) return wrong_type(c, r, "a list");
    *list = (struct wire_list){.set = true};
    bool open = cbor_read_array(r, &loop);
    while (open && cbor_read_item(r, &loop)) {
        bool is_null = cbor_peek(r) == CBOR_NULL;
        if (is_null && !read_null_element(c, r, shape)) return false;
        if (is_null && !(shape->flags & WIRE_SPARSE)) continue;
        void *place = value_list_add(c, list, element->size, &capacity);
        if (!is_null && !read_value(c, r, element, place)) return false;
    }
    return !r->problem;
}

static bool read_map(struct coding *c, struct cbor_reader *r, const struct wire_shape *shape,
                     struct wire_list *map) {
    const struct wire_member *value = coding_member(c, shape, 1);
    size_t size = value_entry_size(c, shape);
    struct cbor_loop loop;
    u32 capacity = 0;
    str key;
    if (cbor_peek(r) != CBOR_MAP) return wrong_type(c, r, "a map");
    *map = (struct wire_list){.set = true};
    bool open = cbor_read_map(r, &loop);
    while (open && cbor_read_key(r, &loop, &key)) {
        bool is_null = cbor_peek(r) == CBOR_NULL;
        if (is_null && !read_null_element(c, r, shape)) return false;
        if (is_null && !(shape->flags & WIRE_SPARSE)) continue;
        char *entry = value_list_add(c, map, size, &capacity);
        *(str *)(void *)entry = key;
        if (!is_null && !read_value(c, r, coding_shape(c, value->shape), entry + value->offset)) return false;
    }
    return !r->problem;
}

static bool is_integer(struct cbor_reader *r) {
    enum cbor_type type = cbor_peek(r);
    return type == CBOR_UNSIGNED || type == CBOR_NEGATIVE;
}

static bool read_integer(struct coding *c, struct cbor_reader *r, const struct wire_shape *shape, void *field) {
    bool negative;
    u64 magnitude;
    if (!is_integer(r)) return wrong_type(c, r, "an Integer");
    if (!cbor_read_integer(r, &negative, &magnitude)) return false;
    i64 number = negative ? -1 - (i64)(magnitude & INT64_MAX) : (i64)(magnitude & INT64_MAX);
    if (magnitude <= INT64_MAX && value_set_integer(shape, field, number)) return true;
    return coding_fail(c, SERIALIZATION, "The number before byte %zu is out of range", cbor_offset(r));
}

/* Whole numbers may come as integers. */
static bool read_number(struct coding *c, struct cbor_reader *r, const char *wanted, double *number) {
    bool negative;
    u64 magnitude;
    if (cbor_peek(r) == CBOR_FLOAT) return cbor_read_float(r, number);
    if (!is_integer(r)) return wrong_type(c, r, wanted);
    if (!cbor_read_integer(r, &negative, &magnitude)) return false;
    *number = negative ? -1 - (double)magnitude : (double)magnitude;
    return true;
}

static bool read_timestamp(struct coding *c, struct cbor_reader *r, struct opt_time *field) {
    u64 tag;
    double seconds;
    if (cbor_peek(r) != CBOR_TAG) return wrong_type(c, r, "a timestamp");
    if (!cbor_read_tag(r, &tag)) return false;
    if (tag != EPOCH_TAG) return wrong_type(c, r, "a timestamp");
    if (!read_number(c, r, "a timestamp", &seconds)) return false;
    field->set = value_time_of_seconds(seconds, &field->ms);
    return field->set
        || coding_fail(c, SERIALIZATION, "The timestamp before byte %zu is out of range", cbor_offset(r));
}

static bool read_value(struct coding *c, struct cbor_reader *r, const struct wire_shape *shape, void *value) {
    bool flag;
    double number;
    switch ((enum wire_type)shape->type) {
    case WIRE_STRUCTURE:
        if (!read_structure(c, r, shape, value)) return false;
        value_fill_defaults(c, shape, value);
        return true;
    case WIRE_LIST: return read_list(c, r, shape, value);
    case WIRE_MAP: return read_map(c, r, shape, value);
    case WIRE_STRING:
    case WIRE_BIG_NUMBER:
    case WIRE_DOCUMENT:
        return cbor_peek(r) == CBOR_TEXT ? cbor_read_text(r, value) : wrong_type(c, r, "a String");
    case WIRE_BLOB:
        return cbor_peek(r) == CBOR_BYTES ? cbor_read_bytes(r, value) : wrong_type(c, r, "a Blob");
    case WIRE_BOOLEAN:
        if (cbor_peek(r) != CBOR_BOOLEAN) return wrong_type(c, r, "a Boolean");
        if (!cbor_read_boolean(r, &flag)) return false;
        *(struct opt_bool *)value = SOME_BOOL(flag);
        return true;
    case WIRE_BYTE:
    case WIRE_SHORT:
    case WIRE_INTEGER:
    case WIRE_LONG: return read_integer(c, r, shape, value);
    case WIRE_FLOAT:
    case WIRE_DOUBLE:
        if (!read_number(c, r, "a Double", &number)) return false;
        *(struct opt_f64 *)value = SOME_F64(number);
        return true;
    case WIRE_TIMESTAMP: return read_timestamp(c, r, value);
    }
    return false;
}

bool wire_cbor_read_body(struct coding *c, u16 shape, str body, void *value) {
    if (!body.n) return true;
    struct cbor_reader r = cbor_reader_new(c->arena, body, limits);
    if (read_structure(c, &r, coding_shape(c, shape), value) && cbor_done(&r)) return true;
    return coding_fail(c, SERIALIZATION, "Not a CBOR text of the expected form: %s at byte %zu",
                       r.problem ? r.problem : "a wrong value", cbor_offset(&r));
}

/* ---- writing ---- */

static void write_value(struct coding *c, const struct wire_shape *shape, const void *value, struct buf *out);

static void write_members(struct coding *c, const struct wire_shape *shape, const void *value, struct buf *out) {
    for (u32 i = 0; i < shape->member_count; i++) {
        const struct wire_member *m = coding_member(c, shape, i);
        const struct wire_shape *of = coding_shape(c, m->shape);
        const void *field = (const char *)value + m->offset;
        if (!value_is_set(of, field)) continue;
        cbor_write_text(out, coding_text(c, m->name));
        write_value(c, of, of->type == WIRE_STRUCTURE ? *(void *const *)field : field, out);
    }
}

static void write_element(struct coding *c, const struct wire_member *m, const void *value, struct buf *out) {
    const struct wire_shape *of = coding_shape(c, m->shape);
    if (of->type != WIRE_STRUCTURE && !value_is_set(of, value)) cbor_write_null(out);
    else write_value(c, of, value, out);
}

static void write_list(struct coding *c, const struct wire_shape *shape, const struct wire_list *list,
                       struct buf *out) {
    const struct wire_member *element = coding_member(c, shape, 0);
    size_t size = value_element_size(c, shape);
    cbor_write_array(out, list->n);
    for (u32 i = 0; i < list->n; i++) write_element(c, element, (const char *)list->v + i * size, out);
}

static void write_map(struct coding *c, const struct wire_shape *shape, const struct wire_list *map,
                      struct buf *out) {
    const struct wire_member *value = coding_member(c, shape, 1);
    size_t size = value_entry_size(c, shape);
    cbor_write_map(out, map->n);
    for (u32 i = 0; i < map->n; i++) {
        const char *entry = (const char *)map->v + i * size;
        cbor_write_text(out, *(const str *)(const void *)entry);
        write_element(c, value, entry + value->offset, out);
    }
}

static void write_timestamp(i64 ms, struct buf *out) {
    cbor_write_tag(out, EPOCH_TAG);
    if (ms % 1000) cbor_write_f64(out, (double)ms / 1000);
    else cbor_write_i64(out, ms / 1000);
}

static void write_value(struct coding *c, const struct wire_shape *shape, const void *value, struct buf *out) {
    switch ((enum wire_type)shape->type) {
    case WIRE_STRUCTURE:
        cbor_write_map(out, value_count_set(c, shape, value));
        write_members(c, shape, value, out);
        return;
    case WIRE_LIST: write_list(c, shape, value, out); return;
    case WIRE_MAP: write_map(c, shape, value, out); return;
    case WIRE_STRING:
    case WIRE_BIG_NUMBER:
    case WIRE_DOCUMENT: cbor_write_text(out, *(const str *)value); return;
    case WIRE_BLOB: cbor_write_bytes(out, *(const str *)value); return;
    case WIRE_BOOLEAN: cbor_write_boolean(out, ((const struct opt_bool *)value)->v); return;
    case WIRE_BYTE:
    case WIRE_SHORT:
    case WIRE_INTEGER:
    case WIRE_LONG: cbor_write_i64(out, value_get_integer(shape, value)); return;
    case WIRE_FLOAT: cbor_write_f32(out, (float)((const struct opt_f64 *)value)->v); return;
    case WIRE_DOUBLE: cbor_write_f64(out, ((const struct opt_f64 *)value)->v); return;
    case WIRE_TIMESTAMP: write_timestamp(((const struct opt_time *)value)->ms, out); return;
    }
}

void wire_cbor_write_body(struct coding *c, u16 shape, const void *value, struct buf *out) {
    write_value(c, coding_shape(c, shape), value, out);
}

/* ---- errors ---- */

static void write_error_body(struct coding *c, const struct wire_fault *fault, struct buf *out) {
    const struct error *e = fault->error;
    const struct wire_shape *shape = e->shape == WIRE_NONE ? NULL : coding_shape(c, e->shape);
    str space = coding_text(c, c->service->namespace_);
    str name = shape ? coding_text(c, shape->name) : str_of(e->code);
    const struct wire_member *message = shape ? find_member(c, shape, S("message")) : NULL;
    if (!message && shape) message = find_member(c, shape, S("Message"));
    bool message_in_members = message && fault->members
        && value_is_set(coding_shape(c, message->shape), (const char *)fault->members + message->offset);
    cbor_write_map_indefinite(out);
    cbor_write_text(out, S("__type"));
    cbor_write_text(out, arena_format(c->arena, "%.*s#%.*s", STR_ARGS(space), STR_ARGS(name)));
    if (fault->message.p && !message_in_members) {
        cbor_write_text(out, message ? coding_text(c, message->name) : S("message"));
        cbor_write_text(out, fault->message);
    }
    if (shape && fault->members) write_members(c, shape, fault->members, out);
    cbor_write_break(out);
}

static void error_facts(struct coding *c, str body, str *type, str *message) {
    struct cbor_reader r = cbor_reader_new(c->arena, body, limits);
    struct cbor_loop loop;
    str key;
    *type = *message = (str){0};
    if (cbor_peek(&r) != CBOR_MAP || !cbor_read_map(&r, &loop)) return;
    while (cbor_read_key(&r, &loop, &key)) {
        str *wanted = str_eq(key, S("__type")) ? type : str_eq_nocase(key, S("message")) ? message : NULL;
        if (!wanted || cbor_peek(&r) != CBOR_TEXT) cbor_skip(&r);
        else if (!cbor_read_text(&r, wanted)) return;
    }
}

static void read_error(struct coding *c, const struct wire_message *m, void *members, struct wire_answer *answer) {
    str type, message;
    error_facts(c, m->body, &type, &message);
    if (!error_identify(c, m, type, message, answer) || !members) return;
    /* Members that cannot be read do not make the error another one. */
    if (!wire_cbor_read_body(c, answer->error->shape, m->body, members))
        *c->problem = (struct wire_problem){0};
}

/* ---- messages ---- */

static void add_protocol_headers(struct coding *c, struct wire_message *m, bool has_body) {
    message_add_header(c, m, S("Smithy-Protocol"), S("rpc-v2-cbor"));
    if (has_body) message_add_header(c, m, S("Content-Type"), S("application/cbor"));
}

static bool read_request(struct coding *c, const struct wire_op *op, const struct wire_message *m, void *input) {
    if (op->input == WIRE_NONE) return true;
    if (!wire_cbor_read_body(c, op->input, m->body, input)) return false;
    value_fill_defaults(c, coding_shape(c, op->input), input);
    return true;
}

static void write_response(struct coding *c, const struct wire_op *op, const void *output, str request_id,
                           struct wire_message *m) {
    bool has_body = op->output != WIRE_NONE;
    m->status = op->status ? op->status : 200;
    message_add_header(c, m, S("x-amzn-RequestId"), request_id);
    add_protocol_headers(c, m, has_body);
    if (!has_body) return;
    struct buf body = buf_new(c->arena, WIRE_OUTPUT_MAX);
    wire_cbor_write_body(c, op->output, output, &body);
    message_set_body(m, &body);
}

static void write_error(struct coding *c, const struct wire_op *op, const struct wire_fault *fault,
                        str request_id, struct wire_message *m) {
    struct buf body = buf_new(c->arena, WIRE_OUTPUT_MAX);
    m->status = fault->error->status;
    message_add_header(c, m, S("x-amzn-RequestId"), request_id);
    add_protocol_headers(c, m, true);
    error_add_query_header(c, fault, m);
    write_error_body(c, fault, &body);
    message_set_body(m, &body);
}

static void write_request(struct coding *c, const struct wire_op *op, const void *input,
                          struct wire_message *m) {
    const char *text = c->service->text;
    bool has_body = op->input != WIRE_NONE;
    m->method = S("POST");
    m->path = arena_format(c->arena, "/service/%s/operation/%s", text + c->service->target_prefix,
                           text + op->name);
    add_protocol_headers(c, m, has_body);
    message_add_header(c, m, S("Accept"), S("application/cbor"));
    if (c->service->query_compatible) message_add_header(c, m, S("x-amzn-query-mode"), S("true"));
    if (!has_body) return;
    struct buf body = buf_new(c->arena, WIRE_OUTPUT_MAX);
    wire_cbor_write_body(c, op->input, input, &body);
    message_set_body(m, &body);
}

static bool read_response(struct coding *c, const struct wire_op *op, const struct wire_message *m,
                          void *output, void *error_members, struct wire_answer *answer) {
    if (m->status >= 300) {
        read_error(c, m, error_members, answer);
        return true;
    }
    return op->output == WIRE_NONE || wire_cbor_read_body(c, op->output, m->body, output);
}

const struct wire_codec wire_cbor_codec = {
    .read_request = read_request,
    .write_response = write_response,
    .write_error = write_error,
    .write_request = write_request,
    .read_response = read_response,
};
