/* awsQuery and ec2Query: forms come in, XML goes out. */
#include "wire/query.h"
#include "wire/xml.h"

/* ---- server ---- */

/* Old SQS clients post to the queue's own URL and leave QueueUrl out. */
static bool add_queue_url(struct coding *c, const struct wire_op *op, const struct wire_message *m,
                          void *input) {
    if (!str_eq(coding_text(c, c->service->name), S("sqs")) || m->path.n < 2) return true;
    const struct wire_shape *shape = coding_shape(c, op->input);
    for (u32 i = 0; i < shape->member_count; i++) {
        const struct wire_member *member = coding_member(c, shape, i);
        str *field = (str *)(void *)((char *)input + member->offset);
        if (!str_eq(coding_text(c, member->name), S("QueueUrl")) || field->p) continue;
        str host = wire_header_get(m, S("host"));
        *field = arena_format(c->arena, "http://%.*s%.*s", STR_ARGS(host), STR_ARGS(m->path));
    }
    return true;
}

static bool read_request(struct coding *c, const struct wire_op *op, const struct wire_message *m,
                         void *input) {
    if (op->input == WIRE_NONE) return true;
    struct form form;
    const str parts[] = {m->query, m->body}; /* a parameter may stand in either */
    for (size_t i = 0; i < LENGTH(parts); i++) {
        if (!form_parse(c->arena, parts[i], true, QUERY_PAIRS_MAX, &form))
            return coding_fail(c, S("MalformedQueryString"), "The query string could not be parsed");
        if (!query_read_pairs(c, &form, op->input, input)) return false;
    }
    value_fill_defaults(c, coding_shape(c, op->input), input);
    return add_queue_url(c, op, m, input);
}

static void finish(struct coding *c, struct wire_message *m, struct buf *body, str request_id) {
    bool ec2 = c->protocol == WIRE_EC2_QUERY;
    message_add_header(c, m, S("Content-Type"), ec2 ? S("text/xml;charset=UTF-8") : S("text/xml"));
    message_add_header(c, m, S("x-amzn-RequestId"), request_id);
    message_set_body(m, body);
}

static str result_name(struct coding *c, const struct wire_op *op) {
    if (op->result_wrapper) return coding_text(c, op->result_wrapper);
    return arena_concat(c->arena, coding_text(c, op->name), S("Result"));
}

static void write_response(struct coding *c, const struct wire_op *op, const void *output,
                           str request_id, struct wire_message *m) {
    bool ec2 = c->protocol == WIRE_EC2_QUERY;
    struct buf out = buf_new(c->arena, WIRE_OUTPUT_MAX);
    str name = coding_text(c, op->name), root = arena_concat(c->arena, name, S("Response"));
    if (ec2) xml_write_declaration(&out);
    xml_write_open(&out, root);
    xml_write_service_namespace(c, &out);
    xml_write_open_end(&out);
    if (ec2) {
        xml_write_leaf(&out, S("requestId"), request_id);
        if (op->output != WIRE_NONE) xml_write_members(c, op->output, output, (str){0}, &out);
    } else {
        if (op->output != WIRE_NONE) {
            str result = result_name(c, op);
            xml_write_open(&out, result);
            xml_write_open_end(&out);
            xml_write_members(c, op->output, output, (str){0}, &out);
            xml_write_close(&out, result);
        }
        buf_add(&out, S("<ResponseMetadata>"));
        xml_write_leaf(&out, S("RequestId"), request_id);
        buf_add(&out, S("</ResponseMetadata>"));
    }
    xml_write_close(&out, root);
    m->status = op->status;
    finish(c, m, &out, request_id);
}

static void write_error(struct coding *c, const struct wire_op *op, const struct wire_fault *fault,
                        str request_id, struct wire_message *m) {
    struct buf out = buf_new(c->arena, WIRE_OUTPUT_MAX);
    if (c->protocol == WIRE_EC2_QUERY) {
        xml_write_declaration(&out);
        buf_add(&out, S("<Response><Errors><Error>"));
        xml_write_error_members(c, fault, false, &out);
        buf_add(&out, S("</Error></Errors>"));
        xml_write_leaf(&out, S("RequestID"), request_id);
        buf_add(&out, S("</Response>"));
    } else {
        xml_write_open(&out, S("ErrorResponse"));
        xml_write_service_namespace(c, &out);
        xml_write_open_end(&out);
        buf_add(&out, S("<Error>"));
        xml_write_error_members(c, fault, true, &out);
        buf_add(&out, S("</Error>"));
        xml_write_leaf(&out, S("RequestId"), request_id);
        buf_add(&out, S("</ErrorResponse>"));
    }
    m->status = fault->error->status;
    finish(c, m, &out, request_id);
}

/* ---- client ---- */

static void write_request(struct coding *c, const struct wire_op *op, const void *input,
                          struct wire_message *m) {
    struct buf out = buf_new(c->arena, WIRE_OUTPUT_MAX);
    form_write(&out, S("Action"), coding_text(c, op->name));
    form_write(&out, S("Version"), coding_text(c, c->service->api_version));
    if (op->input != WIRE_NONE) query_write_pairs(c, op->input, input, &out);
    m->method = S("POST");
    m->path = S("/");
    message_add_header(c, m, S("Content-Type"), S("application/x-www-form-urlencoded; charset=utf-8"));
    message_set_body(m, &out);
}

static bool read_response(struct coding *c, const struct wire_op *op, const struct wire_message *m,
                          void *output, void *error_members, struct wire_answer *answer) {
    if (m->status >= 300) return xml_read_error(c, m, error_members, answer);
    if (op->output == WIRE_NONE) return true;
    struct xml_reader r = xml_reader_new(c->arena, m->body, xml_default_limits);
    struct xml_element root, e;
    if (!xml_root(&r, &root)) return xml_read_end(c, &r);
    if (c->protocol == WIRE_EC2_QUERY) {
        if (!xml_read_value(c, &r, &root, op->output, output)) return false;
        return xml_read_end(c, &r);
    }
    str result = result_name(c, op);
    while (xml_child(&r, &e)) {
        if (!str_eq(e.name, result)) xml_skip(&r);
        else if (!xml_read_value(c, &r, &e, op->output, output)) return false;
    }
    return xml_read_end(c, &r);
}

const struct wire_codec wire_query_codec = {
    .read_request = read_request,
    .write_response = write_response,
    .write_error = write_error,
    .write_request = write_request,
    .read_response = read_response,
};
