/* Requests and items as JSON, decoded as the front door does. */
#ifndef DYNAMODB_TEST_GIVEN_H
#define DYNAMODB_TEST_GIVEN_H

#include "services/dynamodb/value.h"
#include "unit.h"
#include "wire/wire.h"

static struct arena arena;
static struct call call = {.arena = &arena};

/* `text` may use ' for ", unless it holds one of its own. */
static void given_request(u16 op, const char *text, void *in) {
    char *body = arena_c_string(&arena, str_of(text));
    if (!strchr(body, '"'))
        for (char *p = body; *p; p++)
            if (*p == '\'') *p = '"';
    struct wire_message m = {.method = S("POST"), .path = S("/"), .body = str_of(body), .has_body = true};
    struct wire_problem problem = {0};
    const struct wire_service *s = &dynamodb_wire;
    bool read = wire_decode_request(s, &s->ops[op], WIRE_AWS_JSON_1_0, &m, &arena, in, &problem);
    if (!read) printf("# %s: %.*s\n", body, STR_ARGS(problem.message));
    CHECK(read);
}

/* {'a': {'S': 'x'}, ...} */
static err given_item(const char *text, struct value *item) {
    struct dynamodb_put_item_input in = {0};
    given_request(DYNAMODB_OP_PUT_ITEM, arena_format(&arena, "{'TableName':'table','Item':%s}", text).p, &in);
    return ITEM_OF_WIRE(&call, in.item, item);
}

static __attribute__((unused)) struct value item_of(const char *text) {
    struct value item = {.type = VALUE_M};
    CHECK(!given_item(text, &item));
    return item;
}

static __attribute__((unused)) str shown(const struct value *item) {
    struct buf b = buf_new(&arena, 1 << 20);
    item_write_json(&arena, &b, item);
    for (size_t i = 0; i < b.n; i++)
        if (b.p[i] == '"') b.p[i] = '\'';
    return buf_str(&b);
}

#endif
