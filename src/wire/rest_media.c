/* Media types of requests. restJson's services are strict about them; restXml's take what comes. No
 * type at all is taken everywhere: botocore gives none with blobs and strings, and gave none with
 * documents for years. */
#include "wire/rest.h"

/* The type of a structure's body; "" is any. Absent: there is no body. */
static str body_type(const struct coding *c, u16 shape_index) {
    if (shape_index == WIRE_NONE) return (str){0};
    const struct wire_shape *shape = coding_shape(c, shape_index);
    const struct wire_member *payload = rest_payload(c, shape);
    if (!payload) return rest_document_type(c); /* {} where no member stands in the body */
    u8 type = coding_shape(c, payload->shape)->type;
    if (type == WIRE_BLOB || rest_streams(c, payload)) return S("");
    return type == WIRE_STRING ? S("text/plain") : rest_document_type(c);
}

/* Where the header is a parameter of the operation (API Gateway's GetExport has Accept), it is the
 * service's to judge. */
static bool is_parameter(const struct coding *c, const struct wire_op *op, str header) {
    if (op->input == WIRE_NONE) return false;
    const struct wire_shape *shape = coding_shape(c, op->input);
    for (u32 i = 0; i < shape->member_count; i++) {
        const struct wire_member *m = coding_member(c, shape, i);
        if (m->location == WIRE_IN_HEADER && str_eq_nocase(coding_text(c, m->location_name), header)) return true;
    }
    return false;
}

/* "application/json; charset=utf-8" without its parameters. */
static str bare_type(str text) { return str_trim(str_cut(&text, ';')); }

static bool reads(const struct coding *c, const struct wire_op *op, str type) {
    str wanted = body_type(c, op->input);
    if (!wanted.p) return false;
    if (!wanted.n || str_eq_nocase(type, wanted)) return true;
    /* The first SDK for Java sends REST documents as what awsJson calls them. */
    return str_eq(wanted, S("application/json")) && str_starts(type, S("application/x-amz-json-1."));
}

static bool range_has(str range, str type) {
    if (str_eq(range, S("*/*"))) return true;
    if (!str_ends(range, S("/*"))) return str_eq_nocase(range, type);
    size_t n = range.n - 1;
    return type.n > n && str_eq_nocase(str_take(type, n), str_take(range, n));
}

static bool accepts(str accept, str type) {
    if (!accept.n || !type.n) return true;
    while (accept.p)
        if (range_has(bare_type(str_cut(&accept, ',')), type)) return true;
    return false;
}

static bool refuse(struct coding *c, int status, str code, const char *why, str type) {
    coding_fail(c, code, "%s: %.*s", why, STR_ARGS(str_take(type, 200)));
    c->problem->status = status;
    return false;
}

bool rest_check_media(struct coding *c, const struct wire_op *op, const struct wire_message *m) {
    if (c->protocol != WIRE_REST_JSON) return true;
    str type = bare_type(wire_header_get(m, S("Content-Type")));
    if (m->body.n && type.n && !is_parameter(c, op, S("Content-Type")) && !reads(c, op, type))
        return refuse(c, 415, S("UnsupportedMediaTypeException"), "This operation does not read", type);
    str accept = wire_header_get(m, S("Accept"));
    if (!is_parameter(c, op, S("Accept")) && !accepts(accept, body_type(c, op->output)))
        return refuse(c, 406, S("NotAcceptableException"), "This operation does not answer", accept);
    return true;
}
