/* The expressions of a request: which parameters go together, placeholders, one parser after the other. */
#include "services/dynamodb/expression_tree.h"

static err refuse(struct call *c, const char *message) { return fail(c, &dynamodb_validation_exception, "%s", message); }

/* ---- old and new parameters ---- */

static void add_word(struct buf *b, bool there, str word) {
    if (!there) return;
    if (b->n) buf_add(b, S(", "));
    buf_add(b, word);
}

static str expressions_given(struct arena *a, const struct parameters *in) {
    struct buf b = buf_new(a, 256);
    add_word(&b, in->projection.p, S("ProjectionExpression"));
    add_word(&b, in->filter.p, S("FilterExpression"));
    add_word(&b, in->update.p, S("UpdateExpression"));
    add_word(&b, in->condition.p, S("ConditionExpression"));
    add_word(&b, in->key_condition.p, S("KeyConditionExpression"));
    add_word(&b, in->search.p, S("SearchConditionExpression"));
    return buf_str(&b);
}

#define GIVEN(map) ((map) && (map)->set)

static str older_given(struct arena *a, const struct parameters *in) {
    struct buf b = buf_new(a, 256);
    add_word(&b, GIVEN(in->attributes_to_get), S("AttributesToGet"));
    add_word(&b, GIVEN(in->attribute_updates), S("AttributeUpdates"));
    add_word(&b, GIVEN(in->query_filter), S("QueryFilter"));
    add_word(&b, GIVEN(in->scan_filter), S("ScanFilter"));
    add_word(&b, GIVEN(in->expected), S("Expected"));
    add_word(&b, in->conditional_operator.p, S("ConditionalOperator"));
    add_word(&b, GIVEN(in->key_conditions) && in->key_condition.p, S("KeyConditions")); /* beside others it may stand */
    return buf_str(&b);
}

/* Which expressions could have used values, in the words of the operation: a Query tells none (ExtendDB's pull request 162). */
static const char *values_need(const struct call *c) {
    u16 op = c->op && c->service ? (u16)(c->op - c->service->wire->ops) : DYNAMODB_OP_PUT_ITEM;
    if (op == DYNAMODB_OP_UPDATE_ITEM) return ": UpdateExpression and ConditionExpression are null";
    if (op == DYNAMODB_OP_QUERY) return "";
    if (op == DYNAMODB_OP_SCAN) return ": FilterExpression is null";
    if (op == DYNAMODB_OP_SEARCH_VECTORS) return ": SearchConditionExpression is null";
    return ": ConditionExpression is null";
}

err parameters_check(struct call *c, const struct parameters *in) {
    bool any_value = in->filter.p || in->update.p || in->condition.p || in->key_condition.p || in->search.p;
    if (any_value || in->projection.p) {
        str older = older_given(c->arena, in), newer = older.n ? expressions_given(c->arena, in) : older;
        if (older.n)
            return fail(c, &dynamodb_validation_exception,
                        "Can not use both expression and non-expression parameters in the same request: "
                        "Non-expression parameters: {%.*s} Expression parameters: {%.*s}", STR_ARGS(older), STR_ARGS(newer));
    } else if (GIVEN(in->names)) {
        return refuse(c, "ExpressionAttributeNames can only be specified when using expressions");
    }
    if (GIVEN(in->values) && !any_value)
        return fail(c, &dynamodb_validation_exception, "ExpressionAttributeValues can only be specified when using expressions%s",
                    values_need(c));
    return NULL;
}

/* ---- placeholders ---- */

enum { PLACEHOLDER_MAX = 255 };

static bool placeholder_fits(str key, char sign) {
    if (key.n < 2 || key.p[0] != sign) return false;
    for (size_t i = 1; i < key.n; i++) {
        char c = key.p[i];
        if (!(c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) return false;
    }
    return true;
}

/* How long a key is comes before how it is written; a value's is not told (ExtendDB's pull request 181). */
static err check_key(struct call *c, const char *which, char sign, str key) {
    if (key.n > PLACEHOLDER_MAX) {
        str size = sign == '#' ? arena_format(c->arena, " size of key: %zu", key.n) : (str){0};
        return fail(c, &dynamodb_validation_exception,
                    "%s contains invalid key: The expression attribute map contains a key that is too long;%.*s", which, STR_ARGS(size));
    }
    if (placeholder_fits(key, sign)) return NULL;
    return fail(c, &dynamodb_validation_exception, "%s contains invalid key: Syntax error; key: \"%.*s\"", which, STR_ARGS(key));
}

static err names_in(struct call *c, const struct dynamodb_expression_attribute_name_map *in, struct placeholders *out) {
    *out = (struct placeholders){0};
    if (!GIVEN(in)) return NULL;
    if (!in->n) return refuse(c, "ExpressionAttributeNames must not be empty");
    out->v = NEW_ARRAY(c->arena, struct placeholder, in->n);
    out->n = in->n;
    for (u32 i = 0; i < in->n; i++) {
        str key = in->v[i].key, name = in->v[i].value;
        TRY(check_key(c, "ExpressionAttributeNames", '#', key));
        if (!name.n || name.n > ATTRIBUTE_NAME_MAX)
            return fail(c, &dynamodb_validation_exception, "ExpressionAttributeNames contains invalid value: %s for key %.*s",
                        name.n ? "Attribute name is too large, must be less than 65536 bytes" : "Empty attribute name", STR_ARGS(key));
        out->v[i].key = key;
        out->v[i].name = name;
    }
    return NULL;
}

static err values_in(struct call *c, const struct dynamodb_expression_attribute_value_map *in, struct placeholders *out) {
    *out = (struct placeholders){0};
    if (!GIVEN(in)) return NULL;
    if (!in->n) return refuse(c, "ExpressionAttributeValues must not be empty");
    out->v = NEW_ARRAY(c->arena, struct placeholder, in->n);
    out->n = in->n;
    for (u32 i = 0; i < in->n; i++) TRY(check_key(c, "ExpressionAttributeValues", ':', in->v[i].key));
    for (u32 i = 0; i < in->n; i++) {
        out->v[i].key = in->v[i].key;
        err e = value_of_wire(c, &in->v[i].value, &out->v[i].value);
        if (!e) continue;
        str why = c->error_message;
        return fail(c, e, "ExpressionAttributeValues contains invalid value: %.*s for key %.*s", STR_ARGS(why), STR_ARGS(in->v[i].key));
    }
    return NULL;
}

static err check_used(struct call *c, const char *which, const struct placeholders *all) {
    struct buf b = buf_new(c->arena, 1 << 20);
    for (u32 i = 0; i < all->n; i++)
        if (!all->v[i].used) add_word(&b, true, all->v[i].key);
    if (!b.n) return NULL;
    str keys = buf_str(&b);
    return fail(c, &dynamodb_validation_exception, "Value provided in %s unused in expressions: keys: {%.*s}", which, STR_ARGS(keys));
}

/* ---- one after the other ---- */

static err check_text(struct call *c, const char *what, str text) {
    if (!text.n) return fail(c, &dynamodb_validation_exception, "Invalid %s: The expression can not be empty;", what);
    if (text.n > EXPRESSION_MAX)
        return fail(c, &dynamodb_validation_exception,
                    "Invalid %s: Expression size has exceeded the maximum allowed size; expression size: %zu", what, text.n);
    return NULL;
}

struct texts {
    struct placeholders names, values;
};

static err condition_in(struct call *c, const char *what, str text, struct texts *t, struct condition **out) {
    if (!text.p) return NULL;
    TRY(check_text(c, what, text));
    *out = NEW(c->arena, struct condition);
    return parse_condition(c, what, text, &t->names, &t->values, *out);
}

static err update_in(struct call *c, str text, struct texts *t, struct update **out) {
    if (!text.p) return NULL;
    TRY(check_text(c, "UpdateExpression", text));
    *out = NEW(c->arena, struct update);
    return parse_update(c, text, &t->names, &t->values, *out);
}

static err projection_in(struct call *c, str text, struct texts *t, struct projection **out) {
    if (!text.p) return NULL;
    TRY(check_text(c, "ProjectionExpression", text));
    *out = NEW(c->arena, struct projection);
    return parse_projection(c, text, &t->names, *out);
}

static err texts_in(struct call *c, const struct parameters *in, struct expressions *out) {
    struct texts t;
    struct condition *key = NULL;
    TRY(names_in(c, in->names, &t.names));
    TRY(values_in(c, in->values, &t.values));
    TRY(update_in(c, in->update, &t, &out->update));
    TRY(condition_in(c, "ConditionExpression", in->condition, &t, &out->condition));
    TRY(condition_in(c, "KeyConditionExpression", in->key_condition, &t, &key));
    TRY(condition_in(c, "FilterExpression", in->filter, &t, &out->filter));
    TRY(condition_in(c, "SearchConditionExpression", in->search, &t, &out->search));
    TRY(projection_in(c, in->projection, &t, &out->projection));
    TRY(check_used(c, "ExpressionAttributeNames", &t.names));
    TRY(check_used(c, "ExpressionAttributeValues", &t.values));
    if (out->search) TRY(search_condition_check(c, out->search));
    if (!key) return NULL;
    out->key_condition = NEW(c->arena, struct key_condition);
    return parse_key_condition(c, key, out->key_condition);
}

err expressions_parse(struct call *c, const struct parameters *in, struct expressions *out) {
    *out = (struct expressions){0};
    TRY(parameters_check(c, in));
    str operator = in->conditional_operator;
    const struct dynamodb_filter_condition_map *filter = GIVEN(in->query_filter) ? in->query_filter : in->scan_filter;
    u32 conditions = (GIVEN(in->expected) ? in->expected->n : 0) + (GIVEN(filter) ? filter->n : 0);
    if (operator.p && !GIVEN(in->expected) && !GIVEN(filter))
        return refuse(c, "ConditionalOperator cannot be used without Filter or Expected");
    if (operator.p && conditions < 2)
        return refuse(c, "ConditionalOperator can only be used when Filter or Expected has two or more elements");
    if (GIVEN(in->attribute_updates)) TRY(older_update(c, in->attribute_updates, &out->update));
    if (GIVEN(in->expected)) TRY(older_expected(c, in->expected, operator, &out->condition));
    if (GIVEN(filter)) TRY(older_filter(c, filter, operator, &out->filter));
    if (GIVEN(in->attributes_to_get)) TRY(older_projection(c, in->attributes_to_get, &out->projection));
    TRY(texts_in(c, in, out));
    if (GIVEN(in->key_conditions)) TRY(older_key_condition(c, in->key_conditions, &out->key_condition));
    return NULL;
}
