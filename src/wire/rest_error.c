/* The error forms of restJson and restXml, S3's own among them, and headers that all answers carry. */
#include "text/json.h"
#include "wire/rest.h"
#include "wire/xml.h"

/* S3 alone answers errors as a bare <Error>. */
static bool is_s3(const struct coding *c) { return str_eq(coding_text(c, c->service->name), S("s3")); }

/* S3 Control wraps them, with S3's further elements in and behind. */
static bool is_of_s3(const struct coding *c) { return str_eq(coding_text(c, c->service->signing_name), S("s3")); }

void rest_add_content_type(struct coding *c, struct wire_message *m, str type) {
    if (!wire_header_get(m, S("Content-Type")).p) message_add_header(c, m, S("Content-Type"), type);
}

str rest_document_type(const struct coding *c) {
    return rest_speaks_xml(c) ? S("application/xml") : S("application/json");
}

/* S3 says who it was with its own two headers. */
void rest_add_request_id(struct coding *c, str request_id, struct wire_message *m) {
    str name = is_of_s3(c) ? S("x-amz-request-id") : S("x-amzn-RequestId");
    if (request_id.p) message_add_header(c, m, name, request_id);
}

static void write_s3_error(struct coding *c, const struct wire_fault *fault, str request_id,
                           struct buf *out) {
    buf_add(out, S("<Error>"));
    xml_write_error_members(c, fault, false, out);
    for (size_t i = 0; i < fault->extra_count; i++)
        xml_write_leaf(out, fault->extra[i].name, fault->extra[i].value);
    if (fault->resource.p) xml_write_leaf(out, S("Resource"), fault->resource);
    xml_write_leaf(out, S("RequestId"), request_id);
    xml_write_leaf(out, S("HostId"), fault->host_id);
    buf_add(out, S("</Error>"));
}

static void write_xml_error(struct coding *c, const struct wire_fault *fault, str request_id,
                            struct wire_message *m) {
    struct buf out = buf_new(c->arena, WIRE_OUTPUT_MAX);
    xml_write_declaration(&out);
    if (is_s3(c)) {
        write_s3_error(c, fault, request_id, &out);
    } else {
        xml_write_open(&out, S("ErrorResponse"));
        xml_write_service_namespace(c, &out);
        xml_write_open_end(&out);
        buf_add(&out, S("<Error>"));
        xml_write_error_members(c, fault, !is_of_s3(c), &out);
        for (size_t i = 0; i < fault->extra_count; i++) xml_write_leaf(&out, fault->extra[i].name, fault->extra[i].value);
        buf_add(&out, S("</Error>"));
        xml_write_leaf(&out, S("RequestId"), request_id);
        if (fault->host_id.p) xml_write_leaf(&out, S("HostId"), fault->host_id);
        buf_add(&out, S("</ErrorResponse>"));
    }
    message_set_body(m, &out);
}

/* The message that the caller of the codec gives goes where the structure has its member for it. */
static void *with_message(struct coding *c, const struct wire_fault *fault) {
    const struct wire_shape *shape = coding_shape(c, fault->error->shape);
    char *copy = arena_alloc(c->arena, MAX(shape->size, 1u), _Alignof(max_align_t));
    if (fault->members) memcpy(copy, fault->members, shape->size);
    for (u32 i = 0; i < shape->member_count; i++) {
        const struct wire_member *m = coding_member(c, shape, i);
        str *field = (str *)(void *)(copy + m->offset);
        if (coding_shape(c, m->shape)->type != WIRE_STRING || field->p) continue;
        if (str_eq_nocase(coding_text(c, m->name), S("message"))) *field = fault->message;
    }
    return copy;
}

static bool has_message_member(struct coding *c, const struct wire_shape *shape) {
    for (u32 i = 0; i < shape->member_count; i++)
        if (str_eq_nocase(coding_text(c, coding_member(c, shape, i)->name), S("message"))) return true;
    return false;
}

static void write_json_error(struct coding *c, const struct wire_fault *fault, struct wire_message *m) {
    const struct error *e = fault->error;
    struct buf out = buf_new(c->arena, WIRE_OUTPUT_MAX);
    message_add_header(c, m, S("X-Amzn-Errortype"), str_of(e->code));
    bool modelled = e->shape != WIRE_NONE && has_message_member(c, coding_shape(c, e->shape));
    if (modelled || (e->shape != WIRE_NONE && fault->members)) {
        wire_json_write_body(c, e->shape, with_message(c, fault), &out);
    } else {
        json_write_object(&out);
        if (fault->message.p) {
            json_write_member(&out, S("message"), fault->message);
        }
        json_write_object_end(&out);
    }
    message_set_body(m, &out);
}

void rest_write_error(struct coding *c, const struct wire_op *op, const struct wire_fault *fault,
                        str request_id, struct wire_message *m) {
    m->status = fault->error->status;
    rest_add_request_id(c, request_id, m);
    if (fault->host_id.p) message_add_header(c, m, S("x-amz-id-2"), fault->host_id);
    if (fault->members && fault->error->shape != WIRE_NONE)
        rest_write_headers(c, coding_shape(c, fault->error->shape), fault->members, m);
    if (rest_speaks_xml(c)) write_xml_error(c, fault, request_id, m);
    else write_json_error(c, fault, m);
    rest_add_content_type(c, m, rest_document_type(c));
    /* To HEAD goes no body: its code is the status alone. */
    if (op && str_eq(coding_text(c, op->method), S("HEAD"))) {
        m->body = S("");
        m->has_body = false;
    }
}

static bool read_json_error(struct coding *c, const struct wire_message *m, void *members,
                            struct wire_answer *answer) {
    str type, message, header = wire_header_get(m, S("X-Amzn-Errortype"));
    wire_json_error_facts(c, m->body, &type, &message);
    if (!error_identify(c, m, header.p ? header : type, message, answer) || !members) return true;
    u16 shape = answer->error->shape;
    return rest_read_headers(c, coding_shape(c, shape), m, members)
           && (m->body.n == 0 || wire_json_read_body(c, shape, m->body, members));
}

bool rest_read_error(struct coding *c, const struct wire_message *m, void *members,
                       struct wire_answer *answer) {
    if (!rest_speaks_xml(c)) return read_json_error(c, m, members, answer);
    if (m->body.n == 0) {
        answer->error_code = arena_format(c->arena, "%d", m->status);
        return true;
    }
    if (!xml_read_error(c, m, members, answer)) return false;
    if (!members || !answer->error || answer->error->shape == WIRE_NONE) return true;
    return rest_read_headers(c, coding_shape(c, answer->error->shape), m, members);
}

