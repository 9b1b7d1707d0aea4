/* Any request meets any operation in any protocol. The first two bytes choose them; then come lines:
 * "METHOD path?query", headers, an empty line, the body. What is decoded can be validated and encoded.
 * With the first bit of the first byte set, all the rest is event-stream frames. */
#include "gen/example.h"
#include "gen/s3.h"
#include "wire/validate.h"
#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void read_frames(struct arena *a, str bytes) {
    struct wire_event_header *headers;
    size_t n;
    str payload;
    bool broken = false;
    for (size_t left = bytes.n; wire_event_unframe(&bytes, a, &headers, &n, &payload, &broken); left = bytes.n)
        ASSERT(!broken && bytes.n < left && payload.n <= left);
}

static void read_request(struct arena *a, const struct wire_service *s, u8 chosen, enum wire_protocol protocol, str rest) {
    const struct wire_op *op = &s->ops[chosen % s->op_count];
    struct wire_header headers[32];
    str target = str_cut(&rest, '\n');
    struct wire_message m = {.headers = headers, .has_body = true};
    m.method = str_cut(&target, ' ');
    m.query = target;
    m.path = str_cut(&m.query, '?');
    while (rest.n && m.header_count < LENGTH(headers)) {
        str value = str_cut(&rest, '\n');
        if (!value.n) break;
        str name = str_cut(&value, ':');
        headers[m.header_count++] = (struct wire_header){name, value};
    }
    m.body = rest;
    struct wire_problem problem = {0};
    void *input = arena_alloc(a, op->input == WIRE_NONE ? 1 : s->shapes[op->input].size, 16);
    if (!wire_decode_request(s, op, protocol, &m, a, input, &problem)) {
        ASSERT(problem.code.n > 0 && problem.status >= 400);
        return;
    }
    struct wire_violation found[8];
    size_t n = wire_validate(s, op->input, input, a, found, LENGTH(found));
    if (n) ASSERT(wire_validation_message(a, s, found, n).n > 0);
    if (n || op->flags & WIRE_OP_STREAM_IN) return; /* an encoder is only asked for what is valid */
    struct wire_message again = {0};
    wire_encode_request(s, op, protocol, input, a, &again);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
    if (size < 2) return 0;
    static const u8 protocols[] = {WIRE_AWS_JSON_1_0, WIRE_REST_JSON, WIRE_AWS_QUERY, WIRE_RPC_V2_CBOR, WIRE_EC2_QUERY};
    struct arena a = {0};
    str rest = {(const char *)data + 2, size - 2};
    if (data[0] & 0x80) read_frames(&a, rest);
    else if (data[1] & 0x80) read_request(&a, &s3_wire, data[0], WIRE_REST_XML, rest);
    else read_request(&a, &example_wire, data[0], protocols[data[1] % LENGTH(protocols)], rest);
    arena_free(&a);
    return 0;
}
