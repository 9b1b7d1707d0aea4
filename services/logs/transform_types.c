/* typeConverter: a field's value as another type. */
#include "transform_parts.h"

#include <math.h>

bool transform_check_type(struct transform_compiler *c, struct transform_step *step) {
    const struct logs_type_converter *in = step->config;
    for (u32 i = 0; i < in->entries.n; i++)
        if (!transform_path_check(c, in->entries.v[i].key)) return false;
    return true;
}

static str text_of(struct arena *a, const struct json_node *n) {
    if (n->type == JSON_BOOLEAN) return n->boolean ? S("true") : S("false");
    return n->text.p ? n->text : arena_str(a, S(""));
}

static bool to_integer(struct arena *a, struct json_node *n) {
    i64 whole;
    double number;
    if (n->type == JSON_BOOLEAN) n->text = n->boolean ? S("1") : S("0");
    else if (str_to_i64(n->text, &whole)) n->text = arena_format(a, "%lld", (long long)whole);
    else if (str_to_f64(n->text, &number) && fabs(number) < 9e18) n->text = arena_format(a, "%lld", (long long)number);
    else return false;
    n->type = JSON_NUMBER;
    return true;
}

static bool to_double(struct arena *a, struct json_node *n) {
    double number;
    if (n->type == JSON_BOOLEAN) number = n->boolean;
    else if (!str_to_f64(n->text, &number) || !isfinite(number)) return false;
    struct buf digits = buf_new(a, 64);
    json_write_f64(&digits, number);
    *n = (struct json_node){.type = JSON_NUMBER, .key = n->key, .next = n->next, .text = buf_str(&digits)};
    return true;
}

static bool to_boolean(struct json_node *n) {
    double number = 0;
    bool word = n->type == JSON_STRING;
    bool yes = word ? str_eq_nocase(n->text, S("true")) : n->type == JSON_NUMBER && str_to_f64(n->text, &number) && number != 0;
    if (word && !yes && !str_eq_nocase(n->text, S("false"))) return false;
    if (n->type == JSON_BOOLEAN) return true;
    *n = (struct json_node){.type = JSON_BOOLEAN, .key = n->key, .next = n->next, .boolean = yes};
    return true;
}

static bool convert(struct arena *a, struct json_node *n, str type) {
    if (n->type != JSON_STRING && n->type != JSON_NUMBER && n->type != JSON_BOOLEAN) return false;
    if (str_eq(type, S("integer"))) return to_integer(a, n);
    if (str_eq(type, S("double"))) return to_double(a, n);
    if (str_eq(type, S("boolean"))) return to_boolean(n);
    *n = (struct json_node){.type = JSON_STRING, .key = n->key, .next = n->next, .text = text_of(a, n)};
    return true;
}

bool transform_convert_type(const struct transform_step *step, struct transform_event *e) {
    const struct logs_type_converter *in = step->config;
    for (u32 i = 0; i < in->entries.n; i++) {
        const struct logs_type_converter_entry *one = &in->entries.v[i];
        struct json_node *n = transform_at(e->root, one->key);
        if (n && n->type != JSON_NULL && !convert(e->arena, n, one->type))
            return transform_fail(e, "typeConverter: the value of %.*s is no %.*s.", STR_ARGS(one->key), STR_ARGS(one->type));
    }
    return true;
}
