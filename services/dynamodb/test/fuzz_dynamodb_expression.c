/* Expressions of all kinds: the first byte picks the kind, the rest is the text. What is taken is applied to an
 * item, and what comes of it is in normal form. */
#include "services/dynamodb/expression.h"

static struct dynamodb_attribute_value numbers[] = {{.n = {"1", 1}}, {.n = {"-2.5", 4}}};
static str strings[] = {{"a", 1}, {"b", 1}};

static void sample(struct call *c, struct value *item) {
    struct dynamodb_map_attribute_value_entry inner[] = {{{"a", 1}, {.s = {"x", 1}}}, {{"b", 1}, {.l = {numbers, 2, true}}}};
    struct dynamodb_attribute_map_entry entries[] = {{{"a", 1}, {.n = {"5", 1}}},
                                                     {{"b", 1}, {.l = {numbers, 2, true}}},
                                                     {{"c", 1}, {.m = {inner, 2, true}}},
                                                     {{"d", 1}, {.ss = {strings, 2, true}}},
                                                     {{"e", 1}, {.s = {"text", 4}}}};
    ASSERT(!item_of_wire(c, entries, LENGTH(entries), sizeof entries[0], item));
    struct value stored;
    ASSERT(item_decode(c->arena, item_encode(c->arena, item), &stored));
    *item = stored;
}

static void apply(struct call *c, const struct expressions *e) {
    struct value item, updated;
    sample(c, &item);
    expression_holds(c->arena, e->condition, &item);
    expression_holds(c->arena, e->condition, NULL);
    struct value part = projection_apply(c->arena, e->projection, &item);
    ASSERT(value_sound(c->arena, &part));
    if (!update_apply(c, e->update, &item, &updated)) {
        ASSERT(value_sound(c->arena, &updated));
        if (e->update) part = update_touched(c->arena, e->update, &updated);
        ASSERT(value_sound(c->arena, &part));
        ASSERT(item_encoded_size(item_encode(c->arena, &updated)) == item_size(&updated));
    }
    struct key_attributes keys = {.hash = {{{"a", 1}, VALUE_N}}, .hashes = 1, .range = {{{"e", 1}, VALUE_S}}, .ranges = 1};
    struct key_range found;
    if (e->key_condition && key_condition_resolve(c, e->key_condition, &keys, &found)) ASSERT(c->error_message.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    if (n < 2) return 0;
    struct arena a = {0};
    struct call c = {.arena = &a};
    str text = {(const char *)bytes + 1, n - 1};
    struct dynamodb_expression_attribute_name_map_entry names[] = {{{"#a", 2}, {"a", 1}}, {{"#n", 2}, {"name with space", 15}}};
    struct dynamodb_expression_attribute_value_map_entry values[] = {
        {{":n", 2}, numbers[0]}, {{":s", 2}, {.s = {"tex", 3}}}, {{":l", 2}, {.l = {numbers, 2, true}}}, {{":t", 2}, {.ss = {strings, 1, true}}}};
    struct dynamodb_expression_attribute_name_map name_map = {names, LENGTH(names), true};
    struct dynamodb_expression_attribute_value_map value_map = {values, LENGTH(values), true};
    struct parameters p = {.names = &name_map, .values = &value_map};
    *(bytes[0] % 4 == 0 ? &p.condition : bytes[0] % 4 == 1 ? &p.update : bytes[0] % 4 == 2 ? &p.projection : &p.key_condition) = text;
    if (bytes[0] & 16) p.names = NULL;
    if (bytes[0] & 32 || p.projection.p) p.values = NULL;
    struct expressions e;
    err fault = expressions_parse(&c, &p, &e);
    ASSERT(!fault || c.error_message.n);
    bool unused = fault && str_starts(c.error_message, S("Value provided in"));
    if ((!fault || unused) && !(unused && p.key_condition.p)) apply(&c, &e);
    arena_free(&a);
    return 0;
}
