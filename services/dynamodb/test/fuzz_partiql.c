/* PartiQL's statements: any text is refused in words, or parsed; what a statement writes is in normal form, and its
 * condition and changes apply to an item. */
#include "services/dynamodb/partiql.h"

static void apply(struct call *c, const struct statement *s) {
    const struct value *values;
    struct key_range range = {0};
    struct value key = value_string(S("x")), item = {.type = VALUE_M}, updated;
    item = item_with(c->arena, &item, S("a"), &key);
    statement_equals(c->arena, s, S("a"), &values);
    statement_range(s, S("a"), &range);
    if (s->kind == STATEMENT_INSERT) ASSERT(value_sound(c->arena, &s->item));
    struct condition condition = {.root = s->where};
    if (s->has_where) expression_holds(c->arena, &condition, &item);
    if (!update_apply(c, &s->update, &item, &updated)) ASSERT(value_sound(c->arena, &updated));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct arena a = {0};
    struct call c = {.arena = &a};
    struct dynamodb_attribute_value given[] = {{.s = {"x", 1}}, {.n = {"7", 1}}};
    struct dynamodb_prepared_statement_parameters parameters = {given, LENGTH(given), true};
    struct statement s;
    for (int with = 0; with < 2; with++) {
        c.error_message = (str){0};
        err fault = statement_parse(&c, (str){(const char *)bytes, n}, with ? &parameters : NULL, &s);
        ASSERT(!fault || c.error_message.n);
        if (!fault) apply(&c, &s);
    }
    arena_free(&a);
    return 0;
}
