/* The codecs behind a pipe: one command a line in, one answer a line out, both JSON. `run` asks.
 *
 *     driver TABLES.so      TABLES holds the descriptors of the vectors' services, one operation each
 *
 * Values travel by descriptor alone, in a form of their own that has nothing to do with any protocol:
 * members by their API name, timestamps as milliseconds, blobs as base64, unset as null. */
#include "base/encode.h"
#include "text/cbor.h"
#include "text/json.h"
#include "wire/wire.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

enum { ANSWER_MAX = 64 << 20 };
static const char *const unusable = "a command that makes no sense";

#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) fprintf(stderr, "driver: %s: %s\n", unusable, #condition), exit(2);      \
    } while (0)

/* ---- values as text ---- */

static void dump(const struct wire_service *s, const struct wire_shape *shape, const void *value, struct buf *out);

static bool dump_field(const struct wire_service *s, const struct wire_shape *shape, const void *field, struct buf *out) {
    if (shape->flags & (WIRE_EVENT_STREAM | WIRE_STREAMING)) return false;
    if (shape->type != WIRE_STRUCTURE) {
        dump(s, shape, field, out);
        return true;
    }
    const void *structure = *(void *const *)field;
    if (structure) dump(s, shape, structure, out);
    else json_write_null(out);
    return true;
}

static void dump_members(const struct wire_service *s, const struct wire_shape *shape, const char *value, struct buf *out) {
    json_write_object(out);
    for (u32 i = 0; i < shape->member_count; i++) {
        const struct wire_member *m = &s->members[shape->first_member + i];
        if (s->shapes[m->shape].flags & (WIRE_EVENT_STREAM | WIRE_STREAMING)) continue;
        json_write_key(out, wire_text(s, m->name));
        dump_field(s, &s->shapes[m->shape], value + m->offset, out);
    }
    json_write_object_end(out);
}

static size_t entry_size(const struct wire_service *s, const struct wire_member *value) {
    return (value->offset + s->shapes[value->shape].size + 7) / 8 * 8;
}

static void dump_collection(const struct wire_service *s, const struct wire_shape *shape, const struct wire_list *list,
                            struct buf *out) {
    bool is_map = shape->type == WIRE_MAP;
    const struct wire_member *value = &s->members[shape->first_member + is_map];
    size_t size = is_map ? entry_size(s, value) : s->shapes[value->shape].size;
    if (!list->set) {
        json_write_null(out);
        return;
    }
    if (is_map) json_write_object(out);
    else json_write_array(out);
    for (u32 i = 0; i < list->n; i++) {
        const char *at = (const char *)list->v + i * size;
        if (is_map) json_write_key(out, *(const str *)(const void *)at);
        dump(s, &s->shapes[value->shape], is_map ? at + value->offset : at, out);
    }
    if (is_map) json_write_object_end(out);
    else json_write_array_end(out);
}

static bool dump_scalar(const struct wire_shape *shape, const void *value, struct buf *out) {
    const str *text = value;
    const struct opt_i32 *i32s = value;
    const struct opt_i64 *i64s = value;
    const struct opt_f64 *f64s = value;
    const struct opt_bool *flag = value;
    switch (shape->type) {
    case WIRE_STRING:
    case WIRE_BIG_NUMBER:
        if (text->p) json_write_string(out, *text);
        return text->p;
    case WIRE_DOCUMENT:
        if (text->p) json_write_raw(out, *text);
        return text->p;
    case WIRE_BLOB:
        if (text->p) json_write_string(out, base64_of(out->arena, *text));
        return text->p;
    case WIRE_BOOLEAN:
        if (flag->set) json_write_boolean(out, flag->v);
        return flag->set;
    case WIRE_LONG:
    case WIRE_TIMESTAMP:
        if (i64s->set) json_write_i64(out, i64s->v);
        return i64s->set;
    case WIRE_FLOAT:
    case WIRE_DOUBLE:
        if (f64s->set) json_write_f64(out, f64s->v);
        return f64s->set;
    default:
        if (i32s->set) json_write_i64(out, i32s->v);
        return i32s->set;
    }
}

static void dump(const struct wire_service *s, const struct wire_shape *shape, const void *value, struct buf *out) {
    if (shape->type == WIRE_STRUCTURE) dump_members(s, shape, value, out);
    else if (shape->type == WIRE_LIST || shape->type == WIRE_MAP) dump_collection(s, shape, value, out);
    else if (!dump_scalar(shape, value, out)) json_write_null(out);
}

/* ---- and back ---- */

static void fill(const struct wire_service *s, const struct wire_shape *shape, struct json_reader *r, void *value);

static void fill_members(const struct wire_service *s, const struct wire_shape *shape, struct json_reader *r, char *value) {
    str key;
    EXPECT(json_read_object(r));
    while (json_read_key(r, &key)) {
        const struct wire_member *m = NULL;
        for (u32 i = 0; i < shape->member_count && !m; i++)
            if (str_eq(key, wire_text(s, s->members[shape->first_member + i].name))) m = &s->members[shape->first_member + i];
        EXPECT(m);
        const struct wire_shape *of = &s->shapes[m->shape];
        void *field = value + m->offset;
        if (of->type == WIRE_STRUCTURE && json_peek(r) != JSON_NULL)
            field = *(void **)field = arena_alloc(r->arena, MAX(of->size, 1u), 16);
        fill(s, of, r, field);
    }
}

static void fill_collection(const struct wire_service *s, const struct wire_shape *shape, struct json_reader *r,
                            struct wire_list *list) {
    enum { ELEMENTS_MAX = 64 };
    bool is_map = shape->type == WIRE_MAP;
    const struct wire_member *value = &s->members[shape->first_member + is_map];
    size_t size = is_map ? entry_size(s, value) : s->shapes[value->shape].size;
    *list = (struct wire_list){arena_alloc_array(r->arena, ELEMENTS_MAX, size, 16), 0, true};
    str key = {0};
    EXPECT(is_map ? json_read_object(r) : json_read_array(r));
    while (is_map ? json_read_key(r, &key) : json_read_item(r)) {
        EXPECT(list->n < ELEMENTS_MAX);
        char *at = (char *)list->v + list->n++ * size;
        if (is_map) *(str *)(void *)at = key;
        fill(s, &s->shapes[value->shape], r, is_map ? at + value->offset : at);
    }
}

static void fill_scalar(const struct wire_shape *shape, struct json_reader *r, void *value) {
    str text = {0};
    bool flag = false;
    double real = 0;
    if (shape->type == WIRE_DOCUMENT) {
        EXPECT(json_read_raw(r, value));
        return;
    }
    if (json_peek(r) == JSON_BOOLEAN) EXPECT(json_read_boolean(r, &flag));
    else if (json_peek(r) == JSON_STRING) EXPECT(json_read_string(r, &text));
    else EXPECT(json_read_number(r, &text));
    switch (shape->type) {
    case WIRE_STRING:
    case WIRE_BIG_NUMBER: *(str *)value = text; return;
    case WIRE_BLOB: EXPECT(base64_decode(r->arena, text, value)); return;
    case WIRE_BOOLEAN: *(struct opt_bool *)value = SOME_BOOL(flag); return;
    case WIRE_LONG:
    case WIRE_TIMESTAMP:
        ((struct opt_i64 *)value)->set = true;
        EXPECT(str_to_i64(text, &((struct opt_i64 *)value)->v));
        return;
    case WIRE_FLOAT:
    case WIRE_DOUBLE:
        real = strtod(arena_c_string(r->arena, text), NULL); /* "NaN" and "Infinity" too */
        *(struct opt_f64 *)value = SOME_F64(real);
        return;
    default: *(struct opt_i32 *)value = SOME_I32((i32)strtol(arena_c_string(r->arena, text), NULL, 10)); return;
    }
}

static void fill(const struct wire_service *s, const struct wire_shape *shape, struct json_reader *r, void *value) {
    if (json_peek(r) == JSON_NULL) EXPECT(json_read_null(r));
    else if (shape->type == WIRE_STRUCTURE) fill_members(s, shape, r, value);
    else if (shape->type == WIRE_LIST || shape->type == WIRE_MAP) fill_collection(s, shape, r, value);
    else fill_scalar(shape, r, value);
}

/* ---- commands ---- */

struct command {
    struct arena *arena;
    str name, service_name, code, value, request_id;
    struct wire_message message;
    const struct wire_service *service;
    str fault_message;
};

static void read_headers(struct json_reader *r, struct wire_message *m) {
    enum { HEADERS_MAX = 64 };
    struct wire_header *headers = NEW_ARRAY(r->arena, struct wire_header, HEADERS_MAX);
    EXPECT(json_read_array(r));
    while (json_read_item(r)) {
        EXPECT(m->header_count < HEADERS_MAX);
        struct wire_header *h = &headers[m->header_count++];
        EXPECT(json_read_array(r) && json_read_item(r) && json_read_string(r, &h->name));
        EXPECT(json_read_item(r) && json_read_string(r, &h->value) && !json_read_item(r));
    }
    m->headers = headers;
}

static void read_command(struct json_reader *r, struct command *c) {
    str key, text;
    i64 status;
    EXPECT(json_read_object(r));
    while (json_read_key(r, &key)) {
        if (str_eq(key, S("headers"))) {
            read_headers(r, &c->message);
        } else if (str_eq(key, S("value"))) {
            EXPECT(json_read_raw(r, &c->value));
        } else if (str_eq(key, S("status"))) {
            EXPECT(json_read_number(r, &text) && str_to_i64(text, &status));
            c->message.status = (int)status;
        } else {
            EXPECT(json_read_string(r, &text));
            if (str_eq(key, S("do"))) c->name = text;
            else if (str_eq(key, S("service"))) c->service_name = text;
            else if (str_eq(key, S("method"))) c->message.method = text;
            else if (str_eq(key, S("path"))) c->message.path = text;
            else if (str_eq(key, S("query"))) c->message.query = text;
            else if (str_eq(key, S("code"))) c->code = text;
            else if (str_eq(key, S("message"))) c->fault_message = text;
            else EXPECT(str_eq(key, S("body")) && base64_decode(r->arena, text, &c->message.body));
        }
    }
    c->message.has_body = c->message.body.n > 0;
    EXPECT(json_done(r));
}

static void *new_value(struct command *c, u16 shape) {
    size_t size = shape == WIRE_NONE ? 1 : c->service->shapes[shape].size;
    return arena_alloc(c->arena, MAX(size, (size_t)1), 16);
}

static void *filled_value(struct command *c, u16 shape) {
    void *value = new_value(c, shape);
    if (shape == WIRE_NONE || !c->value.p) return value;
    struct json_reader r = json_reader_new(c->arena, c->value, json_default_limits);
    fill(c->service, &c->service->shapes[shape], &r, value);
    EXPECT(json_done(&r));
    return value;
}

static void put(struct buf *out, str key, str value) {
    if (!value.p) return;
    json_write_key(out, key);
    json_write_string(out, value);
}

static void put_value(struct command *c, str key, u16 shape, const void *value, struct buf *out) {
    json_write_key(out, key);
    if (shape == WIRE_NONE) json_write_raw(out, S("{}"));
    else dump(c->service, &c->service->shapes[shape], value, out);
}

static void put_message(const struct wire_message *m, struct buf *out) {
    put(out, S("method"), m->method);
    put(out, S("path"), m->path);
    put(out, S("query"), m->query);
    json_write_key(out, S("status"));
    json_write_i64(out, m->status);
    json_write_key(out, S("headers"));
    json_write_array(out);
    for (size_t i = 0; i < m->header_count; i++) {
        json_write_array(out);
        json_write_string(out, m->headers[i].name);
        json_write_string(out, m->headers[i].value);
        json_write_array_end(out);
    }
    json_write_array_end(out);
    put(out, S("body"), base64_of(out->arena, m->body));
}

static void put_problem(const struct wire_problem *problem, struct buf *out) {
    put(out, S("problem"), problem->code);
    put(out, S("message"), problem->message);
}

static void decode_response(struct command *c, const struct wire_op *op, enum wire_protocol protocol, struct buf *out) {
    struct wire_problem problem;
    struct wire_answer answer;
    void *output = new_value(c, op->output), *members = arena_alloc(c->arena, 4096, 16);
    if (!wire_decode_response(c->service, op, protocol, &c->message, c->arena, output, members, &answer, &problem)) {
        put_problem(&problem, out);
        return;
    }
    put(out, S("error_code"), answer.error_code);
    put(out, S("error_message"), answer.error_message);
    if (!answer.error_code.p) put_value(c, S("value"), op->output, output, out);
    else if (answer.error) put_value(c, S("value"), answer.error->shape, members, out);
}

static void encode_error(struct command *c, const struct wire_op *op, enum wire_protocol protocol, struct wire_message *m) {
    const struct error *error = NULL;
    for (u16 i = 0; i < c->service->error_constant_count && !error; i++)
        if (str_eq(c->code, str_of(c->service->error_constants[i]->code))) error = c->service->error_constants[i];
    struct error unmodelled = {arena_c_string(c->arena, c->code), NULL, 400, WIRE_NONE, true};
    if (!error) error = &unmodelled;
    struct wire_fault fault = {.error = error, .message = c->fault_message, .members = filled_value(c, error->shape)};
    wire_encode_error(c->service, op, protocol, &fault, S("req-1"), c->arena, m);
}

static void run(struct command *c, struct buf *out) {
    const struct wire_op *op = &c->service->ops[0];
    enum wire_protocol protocol = (enum wire_protocol)c->service->protocol;
    struct wire_message made = {0};
    struct wire_problem problem;
    if (str_eq(c->name, S("decode_request"))) {
        void *input = new_value(c, op->input);
        if (wire_decode_request(c->service, op, protocol, &c->message, c->arena, input, &problem))
            put_value(c, S("value"), op->input, input, out);
        else put_problem(&problem, out);
    } else if (str_eq(c->name, S("encode_request"))) {
        wire_encode_request(c->service, op, protocol, filled_value(c, op->input), c->arena, &made);
        put_message(&made, out);
    } else if (str_eq(c->name, S("decode_response"))) {
        decode_response(c, op, protocol, out);
    } else if (str_eq(c->name, S("encode_response"))) {
        wire_encode_response(c->service, op, protocol, filled_value(c, op->output), S("req-1"), c->arena, &made);
        put_message(&made, out);
    } else {
        EXPECT(str_eq(c->name, S("encode_error")));
        encode_error(c, op, protocol, &made);
        put_message(&made, out);
    }
}

/* ---- CBOR items, as the decode vectors spell them ---- */

static void dump_cbor(struct cbor_reader *r, struct buf *out);

static void dump_cbor_loop(struct cbor_reader *r, bool is_map, struct buf *out) {
    struct cbor_loop loop;
    str key;
    if (!(is_map ? cbor_read_map(r, &loop) : cbor_read_array(r, &loop))) return;
    if (is_map) json_write_object(out);
    else json_write_array(out);
    while (is_map ? cbor_read_key(r, &loop, &key) : cbor_read_item(r, &loop)) {
        if (is_map) json_write_key(out, key);
        dump_cbor(r, out);
    }
    if (is_map) json_write_object_end(out);
    else json_write_array_end(out);
}

static void dump_cbor_scalar(struct cbor_reader *r, enum cbor_type type, struct buf *out) {
    bool flag;
    u64 number;
    double real;
    str text;
    if (type == CBOR_UNSIGNED || type == CBOR_NEGATIVE) {
        if (!cbor_read_integer(r, &flag, &number)) return;
        json_write_comma(out);
        buf_u64(out, number); /* of a negative number its distance from -1 */
    } else if (type == CBOR_BYTES) {
        if (cbor_read_bytes(r, &text)) json_write_string(out, hex_of(r->arena, text));
    } else if (type == CBOR_TEXT) {
        if (cbor_read_text(r, &text)) json_write_string(out, text);
    } else if (type == CBOR_BOOLEAN) {
        if (cbor_read_boolean(r, &flag)) json_write_boolean(out, flag);
    } else if (type == CBOR_FLOAT) {
        if (cbor_read_float(r, &real)) json_write_f64(out, real);
    } else if (type == CBOR_NULL) {
        if (cbor_read_null(r)) json_write_null(out);
    } else {
        cbor_skip(r);
    }
}

static void dump_cbor(struct cbor_reader *r, struct buf *out) {
    static const char *const names[] = {"broken", "uint", "negint", "bytestring", "string", "list",
                                        "map",    "tag",  "bool",   "null",       "float"};
    enum cbor_type type = cbor_peek(r);
    u64 tag;
    json_write_object(out);
    json_write_key(out, str_of(names[type]));
    if (type == CBOR_ARRAY || type == CBOR_MAP) {
        dump_cbor_loop(r, type == CBOR_MAP, out);
    } else if (type == CBOR_TAG) {
        if (!cbor_read_tag(r, &tag)) return;
        json_write_object(out);
        json_write_key(out, S("id"));
        json_write_comma(out);
        buf_u64(out, tag);
        json_write_key(out, S("value"));
        dump_cbor(r, out);
        json_write_object_end(out);
    } else {
        dump_cbor_scalar(r, type, out);
    }
    json_write_object_end(out);
}

static void run_cbor(struct command *c, struct buf *out) {
    struct buf item = buf_new(c->arena, ANSWER_MAX);
    struct cbor_reader r = cbor_reader_new(c->arena, c->message.body, cbor_default_limits);
    dump_cbor(&r, &item);
    if (cbor_done(&r)) {
        json_write_key(out, S("item"));
        json_write_raw(out, buf_str(&item));
    } else {
        put(out, S("problem"), str_of(r.problem));
    }
}

int main(int argc, char **argv) {
    void *tables = argc == 2 ? dlopen(argv[1], RTLD_NOW) : NULL;
    if (!tables) {
        fprintf(stderr, "driver: %s\n", argc == 2 ? dlerror() : "usage: driver TABLES.so");
        return 2;
    }
    char *line = NULL;
    size_t capacity = 0;
    for (ssize_t n; (n = getline(&line, &capacity, stdin)) > 0;) {
        struct arena a = {0};
        struct command c = {.arena = &a};
        struct json_reader r = json_reader_new(&a, (str){line, (size_t)n}, json_default_limits);
        read_command(&r, &c);
        struct buf out = buf_new(&a, ANSWER_MAX);
        json_write_object(&out);
        if (str_eq(c.name, S("cbor"))) {
            run_cbor(&c, &out);
        } else {
            c.service = dlsym(tables, arena_format(&a, "%.*s_wire", STR_ARGS(c.service_name)).p);
            EXPECT(c.service);
            run(&c, &out);
        }
        json_write_object_end(&out);
        for (size_t i = 0; i < out.n; i++) /* documents keep their line ends; an answer is one line */
            if (out.p[i] == '\n' || out.p[i] == '\r') out.p[i] = ' ';
        printf("%.*s\n", STR_ARGS(buf_str(&out)));
        fflush(stdout);
        arena_free(&a);
    }
    free(line);
    return 0;
}
