/* Puts the codecs behind a pipe: one JSON request a line in, one JSON answer a line out. The vectors
 * and the judgement about answers are Python's (run); values go through a walk of the descriptors
 * that is no codec's own.
 *
 *   {"kind":"request","service":s,"op":o,"method","path","query","headers":[[n,v]],"body":base64}
 *   {"kind":"response","service":s,"op":o,"id":request id,"params":{...}}
 *   {"kind":"response","service":s,"op":o,"shape":error,"message":text,"params":{...}}
 *
 * In values a blob is {"$blob":base64}, a timestamp {"$ms":n}, a streamed body {"$stream":true}. */
#include "services.h"
#include "text/json.h"
#include "wire/codec.h"
#include "wire/validate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static struct arena arena;
static str streamed; /* what the caller of the codecs would send as the body */

/* ---- C values to JSON ---- */

static void dump(struct coding *c, u16 shape, const void *value, struct buf *out);

/* An answer is one line; in JSON a line end is white space. */
static void dump_document(str json, struct buf *out) {
    char *line = arena_c_string(&arena, json);
    for (size_t i = 0; i < json.n; i++)
        if (line[i] == '\n' || line[i] == '\r') line[i] = ' ';
    json_write_raw(out, (str){line, json.n});
}

static void dump_structure(struct coding *c, const struct wire_shape *shape, const void *value,
                           struct buf *out) {
    json_write_object(out);
    for (u32 i = 0; i < shape->member_count; i++) {
        const struct wire_member *m = coding_member(c, shape, i);
        const struct wire_shape *s = coding_shape(c, m->shape);
        const void *field = (const char *)value + m->offset;
        bool stream = (s->flags & WIRE_STREAMING) != 0;
        if (!stream && !value_is_set(s, field)) continue;
        json_write_key(out, coding_text(c, m->name));
        if (stream) json_write_raw(out, S("{\"$stream\":true}"));
        else dump(c, m->shape, s->type == WIRE_STRUCTURE ? *(const void *const *)field : field, out);
    }
    json_write_object_end(out);
}

static void dump_items(struct coding *c, const struct wire_shape *shape, const struct wire_list *list,
                       struct buf *out) {
    bool map = shape->type == WIRE_MAP;
    const struct wire_member *m = coding_member(c, shape, map ? 1 : 0);
    size_t size = map ? value_entry_size(c, shape) : value_element_size(c, shape);
    if (map) json_write_object(out);
    else json_write_array(out);
    for (u32 i = 0; i < list->n; i++) {
        const char *item = (const char *)list->v + i * size;
        if (map) json_write_key(out, *(const str *)(const void *)item);
        if (map) item += m->offset;
        const struct wire_shape *s = coding_shape(c, m->shape);
        if (s->type != WIRE_STRUCTURE && !value_is_set(s, item)) json_write_null(out);
        else dump(c, m->shape, item, out);
    }
    if (map) json_write_object_end(out);
    else json_write_array_end(out);
}

static void dump(struct coding *c, u16 index, const void *value, struct buf *out) {
    const struct wire_shape *shape = coding_shape(c, index);
    switch ((enum wire_type)shape->type) {
    case WIRE_STRUCTURE: dump_structure(c, shape, value, out); break;
    case WIRE_LIST:
    case WIRE_MAP: dump_items(c, shape, value, out); break;
    case WIRE_STRING: json_write_string(out, *(const str *)value); break;
    case WIRE_BLOB:
        json_write_object(out);
        json_write_key(out, S("$blob"));
        json_write_string(out, base64_of(&arena, *(const str *)value));
        json_write_object_end(out);
        break;
    case WIRE_BOOLEAN: json_write_boolean(out, ((const struct opt_bool *)value)->v); break;
    case WIRE_BYTE:
    case WIRE_SHORT:
    case WIRE_INTEGER:
    case WIRE_LONG: json_write_i64(out, value_get_integer(shape, value)); break;
    case WIRE_FLOAT:
    case WIRE_DOUBLE: json_write_f64(out, ((const struct opt_f64 *)value)->v); break;
    case WIRE_BIG_NUMBER: json_write_raw(out, *(const str *)value); break;
    case WIRE_DOCUMENT: dump_document(*(const str *)value, out); break;
    case WIRE_TIMESTAMP:
        json_write_object(out);
        json_write_key(out, S("$ms"));
        json_write_i64(out, ((const struct opt_time *)value)->ms);
        json_write_object_end(out);
        break;
    }
}

/* ---- JSON to C values ---- */

static void fill(struct coding *c, struct json_reader *r, u16 index, void *value);

static void fill_structure(struct coding *c, struct json_reader *r, const struct wire_shape *shape,
                           void *value) {
    str key;
    if (!json_read_object(r)) return;
    while (json_read_key(r, &key)) {
        const struct wire_member *m = NULL;
        for (u32 i = 0; i < shape->member_count; i++)
            if (str_eq(coding_text(c, coding_member(c, shape, i)->name), key)) m = coding_member(c, shape, i);
        if (!m || json_peek(r) == JSON_NULL) {
            json_skip(r);
            continue;
        }
        const struct wire_shape *s = coding_shape(c, m->shape);
        void *field = (char *)value + m->offset;
        if (s->flags & WIRE_STREAMING) {
            if (!json_read_string(r, &streamed)) return;
            continue;
        }
        fill(c, r, m->shape, s->type == WIRE_STRUCTURE ? value_structure(c, s, field) : field);
    }
}

static void fill_items(struct coding *c, struct json_reader *r, const struct wire_shape *shape,
                       struct wire_list *list) {
    bool map = shape->type == WIRE_MAP;
    u32 capacity = 0;
    str key;
    list->set = true;
    if (map ? !json_read_object(r) : !json_read_array(r)) return;
    const struct wire_member *m = coding_member(c, shape, map ? 1 : 0);
    size_t size = map ? value_entry_size(c, shape) : value_element_size(c, shape);
    while (map ? json_read_key(r, &key) : json_read_item(r)) {
        char *item = value_list_add(c, list, size, &capacity);
        if (map) *(str *)(void *)item = key;
        if (json_peek(r) == JSON_NULL) json_skip(r);
        else fill(c, r, m->shape, item + (map ? m->offset : 0));
    }
}

static void fill_number(struct json_reader *r, const struct wire_shape *shape, void *value) {
    str text = {0};
    double f = 0;
    if (json_peek(r) == JSON_STRING) {
        if (!json_read_string(r, &text)) return;
        f = str_eq(text, S("NaN")) ? (double)NAN : str_eq(text, S("Infinity")) ? (double)INFINITY : -(double)INFINITY;
    } else if (!json_read_number(r, &text) || !str_to_f64(text, &f)) {
        return;
    }
    if (shape->type == WIRE_BIG_NUMBER) *(str *)value = text;
    else if (shape->type == WIRE_TIMESTAMP) *(struct opt_time *)value = SOME_TIME((i64)llround(f * 1000));
    else if (shape->type == WIRE_FLOAT || shape->type == WIRE_DOUBLE) *(struct opt_f64 *)value = SOME_F64(f);
    else {
        i64 whole = 0;
        ASSERT(str_to_i64(text, &whole) && value_set_integer(shape, value, whole));
    }
}

static void fill(struct coding *c, struct json_reader *r, u16 index, void *value) {
    const struct wire_shape *shape = coding_shape(c, index);
    switch ((enum wire_type)shape->type) {
    case WIRE_STRUCTURE: fill_structure(c, r, shape, value); break;
    case WIRE_LIST:
    case WIRE_MAP: fill_items(c, r, shape, value); break;
    case WIRE_STRING:
    case WIRE_BLOB: (void)!json_read_string(r, value); break;
    case WIRE_BOOLEAN:
        ((struct opt_bool *)value)->set = json_read_boolean(r, &((struct opt_bool *)value)->v);
        break;
    case WIRE_DOCUMENT: (void)!json_read_raw(r, value); break;
    case WIRE_BYTE:
    case WIRE_SHORT:
    case WIRE_INTEGER:
    case WIRE_LONG:
    case WIRE_FLOAT:
    case WIRE_DOUBLE:
    case WIRE_BIG_NUMBER:
    case WIRE_TIMESTAMP: fill_number(r, shape, value); break;
    }
}

/* ---- one case ---- */

struct query {
    str kind, service, op, shape, params, method, path, query, body, id, message;
    struct wire_header headers[64];
    size_t header_count;
};

static void read_headers(struct json_reader *r, struct query *q) {
    if (!json_read_array(r)) return;
    while (json_read_item(r)) {
        struct wire_header h = {0};
        if (json_read_array(r) && json_read_item(r) && json_read_string(r, &h.name) && json_read_item(r)
            && json_read_string(r, &h.value) && !json_read_item(r))
            q->headers[q->header_count++] = h;
    }
}

static void read_query(str line, struct query *q) {
    struct {
        const char *name;
        str *text;
    } texts[] = {{"kind", &q->kind}, {"service", &q->service}, {"op", &q->op}, {"shape", &q->shape},
                 {"method", &q->method}, {"path", &q->path}, {"query", &q->query}, {"body", &q->body},
                 {"id", &q->id}, {"message", &q->message}};
    struct json_reader r = json_reader_new(&arena, line, json_default_limits);
    str key;
    if (!json_read_object(&r)) exit(2);
    while (json_read_key(&r, &key)) {
        bool found = false;
        for (size_t i = 0; i < LENGTH(texts) && !found; i++)
            if ((found = str_eq(key, str_of(texts[i].name))) && !json_read_string(&r, texts[i].text)) exit(2);
        if (found) continue;
        if (str_eq(key, S("headers"))) read_headers(&r, q);
        else if (str_eq(key, S("params")) && !json_read_raw(&r, &q->params)) exit(2);
    }
    ASSERT(json_done(&r));
}

static const struct wire_service *find_service(str name) {
    for (size_t i = 0; i < LENGTH(services); i++)
        if (str_eq(wire_text(services[i], services[i]->name), name)) return services[i];
    ASSERT(!"a service");
    return NULL;
}

static const struct wire_op *find_op(const struct wire_service *s, str name) {
    for (u16 i = 0; i < s->op_count; i++)
        if (str_eq(wire_text(s, s->ops[i].name), name)) return &s->ops[i];
    ASSERT(!"an operation");
    return NULL;
}

static void write_message(const struct wire_message *m, struct buf *out) {
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
    json_write_key(out, S("body"));
    json_write_string(out, base64_of(&arena, streamed.p ? streamed : m->body.p ? m->body : S("")));
}

static void refuse(struct coding *c, const struct wire_op *op, str code, str message, int status,
                   struct buf *out) {
    struct error e = {.code = arena_c_string(&arena, code), .status = (u16)status, .shape = WIRE_NONE, .sender = true};
    struct wire_fault fault = {.error = &e, .message = message};
    struct wire_message m;
    wire_encode_error(c->service, op, c->protocol, &fault, S("foo-id"), &arena, &m);
    json_write_key(out, S("refused"));
    json_write_string(out, code);
    write_message(&m, out);
}

static void decode(struct coding *c, const struct wire_op *op, const struct query *q, struct buf *out) {
    struct wire_message m = {.method = q->method, .path = q->path, .query = q->query,
                             .headers = q->headers, .header_count = q->header_count};
    if (q->body.p && !base64_decode(&arena, q->body, &m.body)) exit(2);
    m.has_body = m.body.n > 0;
    size_t size = op->input == WIRE_NONE ? 1 : c->service->shapes[op->input].size;
    void *input = arena_alloc(&arena, MAX(size, (size_t)1), _Alignof(max_align_t));
    struct wire_problem problem;
    if (!wire_decode_request(c->service, op, c->protocol, &m, &arena, input, &problem)) {
        refuse(c, op, problem.code, problem.message, problem.status, out);
        return;
    }
    json_write_key(out, S("params"));
    if (op->input == WIRE_NONE) json_write_raw(out, S("{}"));
    else dump(c, op->input, input, out);
#ifdef HAVE_VALIDATE
    struct wire_violation violations[100];
    size_t n = op->input == WIRE_NONE ? 0 : wire_validate(c->service, op->input, input, &arena, violations, 100);
    if (n) refuse(c, op, S("ValidationException"), wire_validation_message(&arena, c->service, violations, n), 400, out);
#endif
}

static u16 find_shape(const struct wire_service *s, str name) {
    for (u16 i = 0; i < s->shape_count; i++)
        if (str_eq(wire_text(s, s->shapes[i].name), name)) return i;
    ASSERT(!"a shape");
    return 0;
}

static void encode(struct coding *c, const struct wire_op *op, const struct query *q, struct buf *out) {
    bool is_error = q->shape.p;
    u16 shape = is_error ? find_shape(c->service, q->shape) : op->output;
    void *value = arena_alloc(&arena, shape == WIRE_NONE ? 1 : MAX(c->service->shapes[shape].size, 1u), _Alignof(max_align_t));
    struct json_reader r = json_reader_new(&arena, q->params, json_default_limits);
    if (shape != WIRE_NONE) {
        fill(c, &r, shape, value);
        ASSERT(json_done(&r));
    }
    struct wire_message m;
    if (!is_error) {
        wire_encode_response(c->service, op, c->protocol, value, q->id, &arena, &m);
    } else {
        const struct error *error = NULL;
        for (u16 i = 0; i < c->service->error_constant_count; i++)
            if (c->service->error_constants[i]->shape == shape) error = c->service->error_constants[i];
        ASSERT(error);
        struct wire_fault fault = {.error = error, .members = value, .message = q->message};
        wire_encode_error(c->service, op, c->protocol, &fault, q->id, &arena, &m);
    }
    write_message(&m, out);
}

int main(void) {
    char *line = NULL;
    size_t capacity = 0;
    ssize_t n;
    while ((n = getline(&line, &capacity, stdin)) > 0) {
        struct query q = {0};
        streamed = (str){0};
        read_query((str){line, (size_t)n}, &q);
        const struct wire_service *s = find_service(q.service);
        const struct wire_op *op = find_op(s, q.op);
        struct coding c = {.service = s, .protocol = s->protocol, .arena = &arena};
        struct buf out = buf_new(&arena, 16 << 20);
        json_write_object(&out);
        if (str_eq(q.kind, S("request"))) decode(&c, op, &q, &out);
        else encode(&c, op, &q, &out);
        json_write_object_end(&out);
        printf("%.*s\n", STR_ARGS(buf_str(&out)));
        fflush(stdout);
        arena_free(&arena);
    }
    free(line);
    return 0;
}
