/* Search conditions of SearchVectors: equalities of attributes with values, joined by AND. */
#include "services/dynamodb/expression_tree.h"

#define INVALID "Invalid SearchConditionExpression: "

static const struct node *attribute_of(const struct node *equality) {
    return equality->args[0].kind == NODE_PATH ? &equality->args[0] : &equality->args[1];
}

static const struct node *value_of(const struct node *equality) {
    return equality->args[0].kind == NODE_PATH ? &equality->args[1] : &equality->args[0];
}

/* DIFFERS: beyond the comparator the words are our own. */
static err check(struct call *c, const struct node *n) {
    if (n->kind == NODE_AND) {
        for (u32 i = 0; i < n->n; i++) TRY(check(c, &n->args[i]));
        return NULL;
    }
    if (n->kind != NODE_EQ) return fail(c, &dynamodb_validation_exception, INVALID "Invalid comparator used in SearchConditionExpression");
    const struct node *attribute = attribute_of(n), *v = value_of(n);
    if (attribute->kind != NODE_PATH || v->kind != NODE_VALUE)
        return fail(c, &dynamodb_validation_exception, INVALID "An attribute must be compared with a value");
    if (attribute->path.n > 1) return fail(c, &dynamodb_validation_exception, INVALID "Only top-level attributes can be used");
    return NULL;
}

err search_condition_check(struct call *c, const struct condition *condition) { return check(c, &condition->root); }

static const struct value *find(const struct node *n, str name) {
    const struct value *found = NULL;
    if (n->kind == NODE_EQ) return str_eq(attribute_of(n)->path.steps[0].name, name) ? &value_of(n)->value : NULL;
    for (u32 i = 0; i < n->n && !found; i++) found = find(&n->args[i], name);
    return found;
}

const struct value *search_condition_value(const struct condition *condition, str name) { return condition ? find(&condition->root, name) : NULL; }
