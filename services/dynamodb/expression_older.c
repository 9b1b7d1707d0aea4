/* The parameters from before there were expressions, turned into the same trees: Expected, AttributeUpdates,
 * KeyConditions, QueryFilter, ScanFilter, AttributesToGet ("Legacy conditional parameters" of the guide). */
#include "services/dynamodb/expression_tree.h"

#define INVALID "One or more parameter values were invalid: "

static err refuse(struct call *c, const char *message) { return fail(c, &dynamodb_validation_exception, "%s", message); }

enum {
    SCALARS = 1 << VALUE_S | 1 << VALUE_N | 1 << VALUE_B,
    ANY = 0xffff,
};

static err check_name(struct call *c, str name) {
    return name.n <= ATTRIBUTE_NAME_MAX ? NULL : refuse(c, "Attribute name is too large, must be less than 65536 bytes");
}

static const struct operator {
    str name;
    u8 least, most; /* operands */
    u16 types;
    u8 node, function;
} operators[] = {
    {{"EQ", 2}, 1, 1, ANY, NODE_EQ, 0},
    {{"NE", 2}, 1, 1, ANY, NODE_NE, 0},
    {{"LE", 2}, 1, 1, SCALARS, NODE_LE, 0},
    {{"LT", 2}, 1, 1, SCALARS, NODE_LT, 0},
    {{"GE", 2}, 1, 1, SCALARS, NODE_GE, 0},
    {{"GT", 2}, 1, 1, SCALARS, NODE_GT, 0},
    {{"NULL", 4}, 0, 0, ANY, NODE_FUNCTION, ATTRIBUTE_NOT_EXISTS},
    {{"NOT_NULL", 8}, 0, 0, ANY, NODE_FUNCTION, ATTRIBUTE_EXISTS},
    {{"CONTAINS", 8}, 1, 1, SCALARS, NODE_FUNCTION, CONTAINS},
    {{"NOT_CONTAINS", 12}, 1, 1, SCALARS, NODE_NOT_CONTAINS, 0},
    {{"BEGINS_WITH", 11}, 1, 1, 1 << VALUE_S | 1 << VALUE_B, NODE_FUNCTION, BEGINS_WITH},
    {{"IN", 2}, 1, 255, SCALARS, NODE_IN, 0},
    {{"BETWEEN", 7}, 2, 2, SCALARS, NODE_BETWEEN, 0},
};

static err find_operator(struct call *c, str name, const struct operator **found) {
    for (size_t i = 0; i < LENGTH(operators); i++) {
        *found = &operators[i];
        if (str_eq(operators[i].name, name)) return NULL;
    }
    return fail(c, &dynamodb_validation_exception, INVALID "Unknown ComparisonOperator %.*s", STR_ARGS(name)); /* validation let none through */
}

static err values_in(struct call *c, const struct dynamodb_attribute_value *in, u32 n, struct value **out) {
    *out = NEW_ARRAY(c->arena, struct value, n + 1);
    for (u32 i = 0; i < n; i++) TRY(value_of_wire(c, &in[i], &(*out)[i]));
    return NULL;
}

static err check_operands(struct call *c, const struct operator *op, const struct value *v, u32 n) {
    if (n < op->least || n > op->most)
        return fail(c, &dynamodb_validation_exception, INVALID "Invalid number of argument(s) for the %s ComparisonOperator", op->name.p);
    for (u32 i = 1; i < n; i++)
        if (v[i].type != v[0].type) return refuse(c, INVALID "AttributeValues inside AttributeValueList must be of same type");
    for (u32 i = 0; i < n; i++)
        if (!(op->types >> v[i].type & 1)) {
            str type = value_type_name(v[i].type);
            return fail(c, &dynamodb_validation_exception, INVALID "ComparisonOperator %s is not valid for %.*s AttributeValue type", op->name.p,
                        STR_ARGS(type));
        }
    int order = 0;
    if (op->node == NODE_BETWEEN && value_compare(&v[0], &v[1], &order) && order > 0)
        return refuse(c, "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound");
    return NULL;
}

static struct node comparison(struct arena *a, const struct operator *op, str name, const struct value *v, u32 n) {
    struct node *args = NEW_ARRAY(a, struct node, n + 1);
    args[0] = (struct node){.kind = NODE_PATH, .path = path_of_name(a, name)};
    for (u32 i = 0; i < n; i++) args[i + 1] = (struct node){.kind = NODE_VALUE, .value = v[i]};
    return (struct node){.kind = op->node, .function = op->function, .n = n + 1, .args = args};
}

static struct condition *joined(struct arena *a, struct node *nodes, u32 n, str operator) {
    struct condition *out = NEW(a, struct condition);
    out->older = true;
    out->root = (struct node){.kind = str_eq(operator, S("OR")) ? NODE_OR : NODE_AND, .n = n, .args = nodes};
    return n ? out : NULL; /* nothing is asked */
}

/* ---- filters ---- */

static err condition_in(struct call *c, str name, const struct dynamodb_condition *in, struct node *out) {
    const struct operator *op;
    struct value *v;
    TRY(find_operator(c, in->comparison_operator, &op));
    TRY(values_in(c, in->attribute_value_list.v, in->attribute_value_list.n, &v));
    TRY(check_operands(c, op, v, in->attribute_value_list.n));
    *out = comparison(c->arena, op, name, v, in->attribute_value_list.n);
    return NULL;
}

err older_filter(struct call *c, const struct dynamodb_filter_condition_map *map, str operator, struct condition **out) {
    struct node *nodes = NEW_ARRAY(c->arena, struct node, map->n + 1);
    for (u32 i = 0; i < map->n; i++) TRY(condition_in(c, map->v[i].key, &map->v[i].value, &nodes[i]));
    *out = joined(c->arena, nodes, map->n, operator);
    return NULL;
}

/* ---- Expected ---- */

PRINTF(3, 4) static err about(struct call *c, str name, const char *format, ...) {
    va_list args;
    va_start(args, format);
    str text = arena_vformat(c->arena, format, args);
    va_end(args);
    return fail(c, &dynamodb_validation_exception, INVALID "%.*s for Attribute: %.*s", STR_ARGS(text), STR_ARGS(name));
}

static err expected_exists(struct call *c, str name, const struct dynamodb_expected_attribute_value *in, struct node *out) {
    bool exists = !in->exists.set || in->exists.v;
    if (exists && !in->value) return about(c, name, "Value must be provided when Exists is %s", in->exists.set ? "true" : "null");
    if (!exists && in->value) return about(c, name, "Value cannot be used when Exists is false");
    struct value *v;
    const struct operator *op;
    TRY(find_operator(c, exists ? S("EQ") : S("NULL"), &op));
    TRY(values_in(c, in->value, exists ? 1 : 0, &v));
    *out = comparison(c->arena, op, name, v, exists ? 1 : 0);
    return NULL;
}

static err expected_in(struct call *c, str name, const struct dynamodb_expected_attribute_value *in, struct node *out) {
    if (in->attribute_value_list.set && in->value) return about(c, name, "Value and AttributeValueList cannot be used together");
    if (!in->comparison_operator.p) {
        if (in->attribute_value_list.set) return about(c, name, "AttributeValueList can only be used with a ComparisonOperator");
        return expected_exists(c, name, in, out);
    }
    if (in->exists.set) return about(c, name, "Exists and ComparisonOperator cannot be used together");
    const struct operator *op;
    TRY(find_operator(c, in->comparison_operator, &op));
    if (op->least && !in->attribute_value_list.set && !in->value)
        return about(c, name, "Value or AttributeValueList must be used with ComparisonOperator: %s", op->name.p);
    const struct dynamodb_attribute_value *given = in->attribute_value_list.set ? in->attribute_value_list.v : in->value;
    u32 n = in->attribute_value_list.set ? in->attribute_value_list.n : in->value != NULL;
    struct value *v;
    TRY(values_in(c, given, n, &v));
    TRY(check_operands(c, op, v, n));
    *out = comparison(c->arena, op, name, v, n);
    return NULL;
}

err older_expected(struct call *c, const struct dynamodb_expected_attribute_map *map, str operator, struct condition **out) {
    struct node *nodes = NEW_ARRAY(c->arena, struct node, map->n + 1);
    for (u32 i = 0; i < map->n; i++) TRY(expected_in(c, map->v[i].key, &map->v[i].value, &nodes[i]));
    *out = joined(c->arena, nodes, map->n, operator);
    return NULL;
}

/* ---- AttributeUpdates ---- */

static err update_in(struct call *c, str name, const struct dynamodb_attribute_value_update *in, struct action *out) {
    TRY(check_name(c, name));
    bool delete = str_eq(in->action, S("DELETE")), add = str_eq(in->action, S("ADD"));
    *out = (struct action){.kind = add ? ACTION_ADD : ACTION_SET, .older = true, .path = path_of_name(c->arena, name)};
    if (!in->value) {
        out->kind = ACTION_REMOVE;
        return delete ? NULL : refuse(c, INVALID "Only DELETE action is allowed when no attribute value is specified");
    }
    struct value v;
    TRY(value_of_wire(c, in->value, &v));
    if (delete) out->kind = ACTION_DELETE;
    str type = value_type_name(v.type);
    if (delete && !type_is_set(v.type))
        return fail(c, &dynamodb_validation_exception, INVALID "DELETE action with value is not supported for the type %.*s", STR_ARGS(type));
    if (add && !type_is_set(v.type) && v.type != VALUE_N && v.type != VALUE_L)
        return fail(c, &dynamodb_validation_exception, INVALID "ADD action is not supported for the type %.*s", STR_ARGS(type));
    out->operand = (struct node){.kind = NODE_VALUE, .value = v};
    return NULL;
}

err older_update(struct call *c, const struct dynamodb_attribute_updates *map, struct update **out) {
    *out = NEW(c->arena, struct update);
    (*out)->actions = NEW_ARRAY(c->arena, struct action, map->n + 1);
    (*out)->n = map->n;
    for (u32 i = 0; i < map->n; i++) TRY(update_in(c, map->v[i].key, &map->v[i].value, &(*out)->actions[i]));
    return NULL;
}

/* ---- AttributesToGet ---- */

err older_projection(struct call *c, const struct dynamodb_attribute_name_list *list, struct projection **out) {
    struct projection *p = *out = NEW(c->arena, struct projection);
    p->paths = NEW_ARRAY(c->arena, struct path, list->n + 1);
    p->sorted = NEW_ARRAY(c->arena, struct path, list->n + 1);
    p->n = list->n;
    for (u32 i = 0; i < list->n; i++) {
        TRY(check_name(c, list->v[i]));
        p->paths[i] = p->sorted[i] = path_of_name(c->arena, list->v[i]);
    }
    paths_sort(p->sorted, p->n);
    for (u32 i = 1; i < p->n; i++)
        if (path_compare(&p->sorted[i - 1], &p->sorted[i]) == 0) {
            str name = p->sorted[i].steps[0].name;
            return fail(c, &dynamodb_validation_exception, INVALID "Duplicate value in attribute name: %.*s", STR_ARGS(name));
        }
    return NULL;
}

/* ---- KeyConditions ---- */

static err clause_in(struct call *c, str name, const struct dynamodb_condition *in, struct key_clause *out) {
    const struct operator *op;
    struct node node;
    TRY(condition_in(c, name, in, &node));
    TRY(find_operator(c, in->comparison_operator, &op));
    *out = (struct key_clause){.name = name, .operator = op->node};
    bool indexable = op->node != NODE_NE && op->node != NODE_IN && op->node != NODE_NOT_CONTAINS
                  && (op->node != NODE_FUNCTION || op->function == BEGINS_WITH);
    if (!indexable) out->older_name = op->name;
    for (u32 i = 1; i < node.n && out->n < 2; i++) out->operands[out->n++] = node.args[i].value;
    return NULL;
}

err older_key_condition(struct call *c, const struct dynamodb_key_conditions *map, struct key_condition **out) {
    struct key_clause clause;
    *out = NEW(c->arena, struct key_condition);
    (*out)->older = true;
    for (u32 i = 0; i < map->n; i++) {
        TRY(clause_in(c, map->v[i].key, &map->v[i].value, &clause));
        if (i < LENGTH((*out)->clauses)) (*out)->clauses[(*out)->n++] = clause;
    }
    return map->n < 1 || map->n > LENGTH((*out)->clauses) ? refuse(c, "Conditions can be of length 1 or 2 only") : NULL;
}
