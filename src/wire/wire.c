#include "wire/codec.h"

static const struct wire_codec *codec_of(enum wire_protocol protocol) {
    static const struct wire_codec *const codecs[] = {
        [WIRE_AWS_JSON_1_0] = &wire_json_codec, [WIRE_AWS_JSON_1_1] = &wire_json_codec,
        [WIRE_REST_JSON] = &wire_rest_codec,    [WIRE_REST_XML] = &wire_rest_codec,
        [WIRE_AWS_QUERY] = &wire_query_codec,   [WIRE_EC2_QUERY] = &wire_query_codec,
        [WIRE_RPC_V2_CBOR] = &wire_cbor_codec,
    };
    ASSERT((size_t)protocol < LENGTH(codecs));
    return codecs[protocol];
}

str wire_header_get(const struct wire_message *m, str name) {
    for (size_t i = 0; i < m->header_count; i++)
        if (str_eq_nocase(m->headers[i].name, name)) return m->headers[i].value;
    return (str){0};
}

bool wire_decode_request(const struct wire_service *s, const struct wire_op *op,
                         enum wire_protocol protocol, const struct wire_message *m, struct arena *a,
                         void *input, struct wire_problem *problem) {
    *problem = (struct wire_problem){0};
    struct coding c = {.service = s, .protocol = protocol, .arena = a, .problem = problem};
    bool ok = codec_of(protocol)->read_request(&c, op, m, input);
    ASSERT(ok || problem->code.p);
    return ok;
}

bool wire_decode_json(const struct wire_service *s, const struct wire_op *op, str json, struct arena *a, void *input,
                      struct wire_problem *problem) {
    *problem = (struct wire_problem){0};
    struct coding c = {.service = s, .protocol = WIRE_AWS_JSON_1_1, .arena = a, .problem = problem, .either_case = true};
    return wire_json_codec.read_request(&c, op, &(struct wire_message){.body = json}, input);
}

void wire_encode_response(const struct wire_service *s, const struct wire_op *op,
                          enum wire_protocol protocol, const void *output, str request_id,
                          struct arena *a, struct wire_message *m) {
    struct coding c = {.service = s, .protocol = protocol, .arena = a};
    *m = (struct wire_message){0};
    codec_of(protocol)->write_response(&c, op, output, request_id, m);
}

void wire_encode_error(const struct wire_service *s, const struct wire_op *op,
                       enum wire_protocol protocol, const struct wire_fault *fault, str request_id,
                       struct arena *a, struct wire_message *m) {
    struct coding c = {.service = s, .protocol = protocol, .arena = a};
    *m = (struct wire_message){0};
    codec_of(protocol)->write_error(&c, op, fault, request_id, m);
}

void wire_encode_request(const struct wire_service *s, const struct wire_op *op,
                         enum wire_protocol protocol, const void *input, struct arena *a,
                         struct wire_message *m) {
    struct coding c = {.service = s, .protocol = protocol, .arena = a, .from_server = true};
    *m = (struct wire_message){0};
    codec_of(protocol)->write_request(&c, op, input, m);
}

bool wire_decode_response(const struct wire_service *s, const struct wire_op *op,
                          enum wire_protocol protocol, const struct wire_message *m, struct arena *a,
                          void *output, void *error_members, struct wire_answer *answer,
                          struct wire_problem *problem) {
    *problem = (struct wire_problem){0};
    *answer = (struct wire_answer){0};
    struct coding c = {
        .service = s, .protocol = protocol, .arena = a, .problem = problem, .from_server = true};
    bool ok = codec_of(protocol)->read_response(&c, op, m, output, error_members, answer);
    ASSERT(ok || problem->code.p);
    return ok;
}
