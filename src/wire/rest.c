/* restJson and restXml: the body and how it goes together with the URI and the headers. */
#include "wire/rest.h"
#include "wire/xml.h"

/* ---- what makes the body ---- */

const struct wire_member *rest_payload(const struct coding *c, const struct wire_shape *shape) {
    for (u32 i = 0; i < shape->member_count; i++) {
        const struct wire_member *m = coding_member(c, shape, i);
        if (m->flags & WIRE_PAYLOAD) return m;
    }
    return NULL;
}

bool rest_has_body_members(const struct coding *c, const struct wire_shape *shape) {
    for (u32 i = 0; i < shape->member_count; i++)
        if (coding_member(c, shape, i)->location == WIRE_IN_BODY) return true;
    return false;
}

bool rest_streams(const struct coding *c, const struct wire_member *m) {
    const struct wire_shape *shape = coding_shape(c, m->shape);
    return (m->flags & WIRE_MEMBER_STREAMING) || (shape->flags & (WIRE_STREAMING | WIRE_EVENT_STREAM));
}

/* ---- reading ---- */

/* restJson's clients send {} for a structure that is not there. A required one is there. */
static bool stands_for_absent(const struct coding *c, const struct wire_member *m, str body) {
    return c->protocol == WIRE_REST_JSON && !c->from_server && !(m->flags & WIRE_REQUIRED)
           && coding_shape(c, m->shape)->type == WIRE_STRUCTURE && str_eq(str_trim(body), S("{}"));
}

static bool read_payload(struct coding *c, const struct wire_member *m, str body, void *structure) {
    const struct wire_shape *shape = coding_shape(c, m->shape);
    void *field = (char *)structure + m->offset;
    if (rest_streams(c, m)) return true; /* the caller's affair */
    if (shape->type == WIRE_BLOB || shape->type == WIRE_STRING) {
        if (shape->type == WIRE_STRING && !utf8_valid(body)) return rest_refuse(c, m, S("(not UTF-8)"));
        if (body.n) *(str *)field = body;
        return true;
    }
    if (body.n == 0 || stands_for_absent(c, m, body)) return true;
    if (shape->type == WIRE_STRUCTURE) field = value_structure(c, shape, field);
    return rest_speaks_xml(c) ? wire_xml_read_body(c, m->shape, c->from_server ? NULL : m, body, field)
                         : wire_json_read_value(c, m->shape, body, field);
}

static bool read_body(struct coding *c, u16 shape_index, str body, void *structure) {
    const struct wire_shape *shape = coding_shape(c, shape_index);
    const struct wire_member *payload = rest_payload(c, shape);
    if (payload) return read_payload(c, payload, body, structure);
    if (!rest_has_body_members(c, shape) || body.n == 0) return true;
    return rest_speaks_xml(c) ? wire_xml_read_body(c, shape_index, NULL, body, structure)
                         : wire_json_read_body(c, shape_index, body, structure);
}

static bool read_request(struct coding *c, const struct wire_op *op, const struct wire_message *m,
                         void *input) {
    if (!rest_check_media(c, op, m)) return false;
    if (op->input == WIRE_NONE) return true;
    const struct wire_shape *shape = coding_shape(c, op->input);
    if (!rest_read_uri(c, op, m, input) || !rest_read_headers(c, shape, m, input)) return false;
    if (!read_body(c, op->input, m->body, input)) return false;
    value_fill_defaults(c, shape, input);
    return true;
}

/* ---- writing ---- */

/* What stands_for_absent reads. Answers leave it out. */
static void write_absent_payload(struct coding *c, const struct wire_shape *shape,
                                 struct wire_message *message) {
    bool json = c->protocol == WIRE_REST_JSON && c->from_server;
    if (!json || shape->type != WIRE_STRUCTURE || (shape->flags & WIRE_UNION)) return;
    message->body = S("{}");
    message->has_body = true;
    rest_add_content_type(c, message, rest_document_type(c));
}

static void write_payload(struct coding *c, const struct wire_member *m, const void *structure,
                          struct wire_message *message) {
    const struct wire_shape *shape = coding_shape(c, m->shape);
    const void *field = (const char *)structure + m->offset;
    if (rest_streams(c, m)) return;
    if (!value_is_set(shape, field)) {
        write_absent_payload(c, shape, message);
        return;
    }
    struct buf out = buf_new(c->arena, WIRE_OUTPUT_MAX);
    if (shape->type == WIRE_BLOB || shape->type == WIRE_STRING) {
        message->body = *(const str *)field;
        message->has_body = true;
        rest_add_content_type(c, message, shape->type == WIRE_BLOB ? S("application/octet-stream") : S("text/plain"));
        return;
    }
    if (shape->type == WIRE_STRUCTURE) field = *(const void *const *)field;
    if (rest_speaks_xml(c)) {
        xml_write_declaration(&out);
        wire_xml_write_body(c, m->shape, field, m, &out);
    } else {
        wire_json_write_value(c, m->shape, field, &out);
    }
    message_set_body(message, &out);
    rest_add_content_type(c, message, rest_document_type(c));
}

static void write_body(struct coding *c, u16 shape_index, const void *structure, struct wire_message *m) {
    const struct wire_shape *shape = coding_shape(c, shape_index);
    const struct wire_member *payload = rest_payload(c, shape);
    if (payload) write_payload(c, payload, structure, m);
    /* Who has an output answers {} at least. */
    bool always = c->protocol == WIRE_REST_JSON && !c->from_server;
    if (payload || !(always || rest_has_body_members(c, shape))) return;
    struct buf out = buf_new(c->arena, WIRE_OUTPUT_MAX);
    if (rest_speaks_xml(c)) {
        xml_write_declaration(&out);
        wire_xml_write_body(c, shape_index, structure, NULL, &out);
    } else {
        wire_json_write_body(c, shape_index, structure, &out);
    }
    message_set_body(m, &out);
    rest_add_content_type(c, m, rest_document_type(c));
}

static int status_of(struct coding *c, const struct wire_op *op, const void *output) {
    const struct wire_shape *shape = coding_shape(c, op->output);
    for (u32 i = 0; i < shape->member_count; i++) {
        const struct wire_member *m = coding_member(c, shape, i);
        const void *field = (const char *)output + m->offset;
        if (m->location != WIRE_IN_STATUS || !value_is_set(coding_shape(c, m->shape), field)) continue;
        i64 status = value_get_integer(coding_shape(c, m->shape), field);
        if (status >= 100 && status <= 599) return (int)status;
    }
    return op->status;
}

static void write_response(struct coding *c, const struct wire_op *op, const void *output,
                           str request_id, struct wire_message *m) {
    m->status = op->status;
    rest_add_request_id(c, request_id, m);
    if (op->output == WIRE_NONE) return;
    m->status = status_of(c, op, output);
    rest_write_headers(c, coding_shape(c, op->output), output, m);
    if (m->status != 204 && m->status != 304) write_body(c, op->output, output, m);
}

/* ---- client ---- */

static void write_request(struct coding *c, const struct wire_op *op, const void *input,
                          struct wire_message *m) {
    m->method = coding_text(c, op->method);
    rest_write_uri(c, op, input, m);
    if (op->input == WIRE_NONE) return;
    rest_write_headers(c, coding_shape(c, op->input), input, m);
    write_body(c, op->input, input, m);
}

static bool read_response(struct coding *c, const struct wire_op *op, const struct wire_message *m,
                          void *output, void *error_members, struct wire_answer *answer) {
    if (m->status >= 300) return rest_read_error(c, m, error_members, answer);
    if (op->output == WIRE_NONE) return true;
    const struct wire_shape *shape = coding_shape(c, op->output);
    for (u32 i = 0; i < shape->member_count; i++) {
        const struct wire_member *member = coding_member(c, shape, i);
        if (member->location == WIRE_IN_STATUS)
            value_set_integer(coding_shape(c, member->shape), (char *)output + member->offset, m->status);
    }
    return rest_read_headers(c, shape, m, output) && read_body(c, op->output, m->body, output);
}

const struct wire_codec wire_rest_codec = {
    .read_request = read_request,
    .write_response = write_response,
    .write_error = rest_write_error,
    .write_request = write_request,
    .read_response = read_response,
};
