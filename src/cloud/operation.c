#include "cloud/operation.h"

#include "cloud/boot.h"
#include "wire/validate.h"
#include "wire/wire.h"

/* "CloudWatch Logs" is cloudwatchlogs. */
static bool is_id(str id, str name) {
    size_t at = 0;
    for (size_t i = 0; i < id.n; i++) {
        if (id.p[i] == ' ') continue;
        if (at == name.n || !str_eq_nocase((str){id.p + i, 1}, (str){name.p + at, 1})) return false;
        at++;
    }
    return at == name.n;
}

/* Its handler counts on what a prepare function or a body brings. */
static bool needs_more(const struct service *s, u16 op) {
    u16 flags = s->wire->ops[op].flags;
    bool prepared = s->ops[op].prepare && (flags & WIRE_OP_WRITES) && (flags & WIRE_OP_HEAVY);
    bool copies = str_find(wire_text(s->wire, s->wire->ops[op].name), S("Copy")) != STR_NONE && s->ops[op].prepare;
    return prepared || copies || (flags & (WIRE_OP_STREAM_IN | WIRE_OP_STREAM_OUT | WIRE_OP_EVENTS_OUT));
}

err operation_find(struct call *c, str service, str operation, struct call_other *other) {
    const struct cloud_config *config = &c->cloud->config;
    for (size_t i = 0; i < config->service_count; i++) {
        const struct service *s = config->services[i];
        if (!is_id(wire_text(s->wire, s->wire->service_id), service)) continue;
        for (u16 op = 0; op < s->wire->op_count; op++) {
            if (!str_eq_nocase(wire_text(s->wire, s->wire->ops[op].name), operation)) continue;
            if (!s->ops[op].handle || needs_more(s, op)) break;
            other->service = s;
            other->op = op;
            return NULL;
        }
    }
    return fail(c, &cloud_not_implemented, "brume does not have %.*s:%.*s for this (yet).", STR_ARGS(service), STR_ARGS(operation));
}

static err decode(struct call *c, const struct call_other *other, str json, void **input) {
    const struct wire_service *w = other->service->wire;
    const struct wire_op *op = &w->ops[other->op];
    struct wire_problem problem;
    *input = arena_alloc(c->arena, op->input == WIRE_NONE ? sizeof(struct wire_unit) : w->shapes[op->input].size, 16);
    if (wire_decode_json(w, op, json, c->arena, *input, &problem)) return NULL;
    return fail(c, &cloud_validation, "Invalid RequestJson provided. Reason: %.*s", STR_ARGS(problem.message));
}

err operation_check(struct call *c, const struct call_other *other, str input_json) {
    void *input;
    return decode(c, other, input_json, &input);
}

err operation_call(struct call *c, const struct call_other *other, str input_json, str *output_json) {
    const struct wire_service *w = other->service->wire;
    const struct wire_op *op = &w->ops[other->op];
    void *input, *out = arena_alloc(c->arena, op->output == WIRE_NONE ? sizeof(struct wire_unit) : w->shapes[op->output].size, 16);
    TRY(decode(c, other, input_json, &input));
    TRY(call_service(c, other, input, out));
    if (output_json) *output_json = operation_output_write(c->arena, other->service, other->op, out);
    return NULL;
}

bool operation_input_read(struct arena *a, const struct service *s, u16 op, str json, void *input, str *problem) {
    struct wire_problem wrong = {0};
    struct wire_violation violations[10];
    bool decoded = wire_decode_json(s->wire, &s->wire->ops[op], json, a, input, &wrong);
    size_t n = decoded ? wire_validate(s->wire, s->wire->ops[op].input, input, a, violations, LENGTH(violations)) : 0;
    if (!decoded) *problem = wrong.message;
    else if (n) *problem = wire_validation_message(a, s->wire, violations, n);
    return decoded && !n;
}

str operation_output_write(struct arena *a, const struct service *s, u16 op, const void *output) {
    struct wire_message answer;
    wire_encode_response(s->wire, &s->wire->ops[op], WIRE_AWS_JSON_1_1, output, S(""), a, &answer);
    return answer.body;
}
