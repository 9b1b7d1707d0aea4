/* Key conditions: a condition that is one equality and at most one range; and what names of key attributes
 * may not do in other expressions. */
#include "services/dynamodb/expression_tree.h"

static err refuse(struct call *c, const char *message) { return fail(c, &dynamodb_validation_exception, "%s", message); }

/* ---- from an expression ---- */

static err invalid_operator(struct call *c, str operator) {
    return fail(c, &dynamodb_validation_exception, "Invalid operator used in KeyConditionExpression: %.*s", STR_ARGS(operator));
}

static err check_shape(struct call *c, const struct node *n) {
    if (n->kind == NODE_OR || n->kind == NODE_NOT || n->kind == NODE_IN || n->kind == NODE_NE)
        return invalid_operator(c, str_of(operator_text(n->kind)));
    if (n->kind == NODE_FUNCTION && n->function == SIZE) return refuse(c, "KeyConditionExpressions cannot contain nested operations");
    if (n->kind == NODE_FUNCTION && n->function != BEGINS_WITH) return invalid_operator(c, n->name);
    bool first = n->kind == NODE_BETWEEN || n->kind == NODE_FUNCTION;
    if (first && n->args[0].kind == NODE_VALUE)
        return fail(c, &dynamodb_validation_exception,
                    "Invalid condition in KeyConditionExpression: %s operator must have the key attribute as its first operand",
                    n->kind == NODE_BETWEEN ? "BETWEEN" : "begins_with");
    return NULL;
}

/* The one path among the operands. */
static err find_attribute(struct call *c, const struct node *n, const struct node **attribute) {
    *attribute = NULL;
    for (u32 i = 0; i < n->n; i++) {
        const struct node *operand = &n->args[i];
        if (operand->kind == NODE_FUNCTION) return check_shape(c, operand);
        if (operand->kind != NODE_PATH) continue;
        if (*attribute) return refuse(c, "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition");
        if (operand->path.n > 1) return refuse(c, "Invalid KeyConditionExpression: KeyConditionExpressions cannot have conditions on nested attributes");
        *attribute = operand;
    }
    return *attribute ? NULL : refuse(c, "Invalid condition in KeyConditionExpression: No key attribute specified");
}

/* ":v < a" is "a > :v". */
static u8 turned(u8 kind) {
    switch (kind) {
    case NODE_LT: return NODE_GT;
    case NODE_LE: return NODE_GE;
    case NODE_GT: return NODE_LT;
    case NODE_GE: return NODE_LE;
    default: return kind;
    }
}

struct clauses {
    struct key_clause v[OPERATORS_MAX + 1];
    u32 n;
};

static err add_clauses(struct call *c, const struct node *n, struct clauses *all) {
    TRY(check_shape(c, n));
    if (n->kind == NODE_AND) {
        for (u32 i = 0; i < n->n; i++) TRY(add_clauses(c, &n->args[i], all));
        return NULL;
    }
    const struct node *attribute;
    TRY(find_attribute(c, n, &attribute));
    if (!attribute) return refuse(c, "KeyConditionExpressions cannot contain nested operations");
    struct key_clause clause = {.name = attribute->path.steps[0].name, .operator = attribute == n->args ? n->kind : turned(n->kind)};
    for (u32 i = 0; i < n->n && clause.n < 2; i++)
        if (n->args[i].kind == NODE_VALUE) clause.operands[clause.n++] = n->args[i].value;
    for (u32 i = 0; i < all->n; i++)
        if (str_eq(all->v[i].name, clause.name))
            return refuse(c, "Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key");
    all->v[all->n++] = clause;
    return NULL;
}

err parse_key_condition(struct call *c, const struct condition *in, struct key_condition *out) {
    struct clauses *all = NEW(c->arena, struct clauses);
    TRY(add_clauses(c, &in->root, all));
    if (all->n < 1 || all->n > LENGTH(out->clauses)) return refuse(c, "Conditions can be of length 1 or 2 only");
    *out = (struct key_condition){.n = all->n};
    memcpy(out->clauses, all->v, all->n * sizeof all->v[0]);
    return NULL;
}

/* ---- against the key of a table or index ---- */

static const struct key_clause *clause_of(const struct key_condition *k, str name) {
    for (u32 i = 0; i < k->n; i++)
        if (str_eq(k->clauses[i].name, name)) return &k->clauses[i];
    return NULL;
}

static err missed(struct call *c, str name) {
    return fail(c, &dynamodb_validation_exception, "Query condition missed key schema element: %.*s", STR_ARGS(name));
}

static err check_clause(struct call *c, const struct key_clause *clause, const struct key_attribute *key) {
    if (clause->older_name.p) return refuse(c, "Attempted conditional constraint is not an indexable operation");
    for (u32 i = 0; i < clause->n; i++)
        if (clause->operands[i].type != key->type)
            return refuse(c, "One or more parameter values were invalid: Condition parameter type does not match schema type");
    for (u32 i = 0; i < clause->n; i++)
        if (!clause->operands[i].n)
            return fail(c, &dynamodb_validation_exception,
                        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. "
                        "Key: %.*s", key->type == VALUE_S ? "string" : "binary", STR_ARGS(key->name));
    return NULL;
}

static u8 range_operator(const struct key_clause *clause) {
    switch (clause->operator) {
    case NODE_EQ: return RANGE_EQ;
    case NODE_LT: return RANGE_LT;
    case NODE_LE: return RANGE_LE;
    case NODE_GT: return RANGE_GT;
    case NODE_GE: return RANGE_GE;
    case NODE_BETWEEN: return RANGE_BETWEEN;
    default: return RANGE_BEGINS_WITH;
    }
}

static err resolve_hashes(struct call *c, const struct key_condition *k, const struct key_attributes *keys, struct key_range *out) {
    for (u32 i = 0; i < keys->hashes; i++) {
        const struct key_clause *clause = clause_of(k, keys->hash[i].name);
        if (!clause) return missed(c, keys->hash[i].name);
        TRY(check_clause(c, clause, &keys->hash[i]));
        if (clause->operator != NODE_EQ) return refuse(c, "Query key condition not supported");
        out->hash[out->hashes++] = clause->operands[0];
    }
    return NULL;
}

static err too_many(struct call *c, const struct key_condition *k, u32 attributes) {
    if (k->older) return refuse(c, "Conditions can be of length 1 or 2 only");
    return fail(c, &dynamodb_validation_exception, "The number of query conditions (%u) exceeds the number of key attributes defined in the schema (%u)",
                k->n, attributes);
}

/* A condition on a range attribute asks for an equality on each before it. */
static err gap(struct call *c, str missing, str present) {
    return fail(c, &dynamodb_validation_exception,
                "RANGE key attributes %.*s must have equality conditions specified in the query because a condition is present on key attribute "
                "%.*s", STR_ARGS(missing), STR_ARGS(present));
}

static err resolve_ranges(struct call *c, const struct key_condition *k, const struct key_attributes *keys, struct key_range *out) {
    struct buf missing = buf_new(c->arena, 2048);
    u32 found = 0;
    for (u32 i = 0; i < keys->ranges; i++) {
        const struct key_clause *clause = clause_of(k, keys->range[i].name);
        if (clause) {
            if (missing.n) return gap(c, buf_str(&missing), keys->range[i].name);
            TRY(check_clause(c, clause, &keys->range[i]));
            if (found++) out->equal[out->equals++] = out->low;
            out->range_operator = range_operator(clause);
            out->low = clause->operands[0];
            out->high = clause->operands[1];
        }
        if (!clause || clause->operator != NODE_EQ) buf_format(&missing, "%s%.*s", missing.n ? ", " : "", STR_ARGS(keys->range[i].name));
    }
    if (k->n == keys->hashes + found) return NULL;
    return found < keys->ranges ? missed(c, keys->range[found].name) : refuse(c, "Query key condition not supported");
}

err key_condition_resolve(struct call *c, const struct key_condition *k, const struct key_attributes *keys, struct key_range *out) {
    *out = (struct key_range){0};
    if (k->n > keys->hashes + keys->ranges && k->n > 2) return too_many(c, k, keys->hashes + keys->ranges);
    if (!keys->ranges && k->n > keys->hashes) return refuse(c, "Query key condition not supported");
    TRY(resolve_hashes(c, k, keys, out));
    return resolve_ranges(c, k, keys, out);
}

/* ---- key attributes in other expressions ---- */

/* Does any path of the tree begin with the name, and, if asked, go on from there? Depth: that of the tree. */
static bool mentions(const struct node *n, str name, bool nested) {
    if (n->kind == NODE_PATH) return n->path.n > (nested ? 1 : 0) && str_eq(n->path.steps[0].name, name);
    for (u32 i = 0; i < n->n; i++)
        if (mentions(&n->args[i], name, nested)) return true;
    return false;
}

err filter_check_keys(struct call *c, const struct condition *filter, const str *names, u32 n) {
    for (u32 i = 0; filter && i < n; i++)
        if (mentions(&filter->root, names[i], false))
            return fail(c, &dynamodb_validation_exception, "%s can only contain non-primary key attributes: Primary key attribute: %.*s",
                        filter->older ? "QueryFilter" : "Filter Expression", STR_ARGS(names[i]));
    return NULL;
}

static bool path_goes_on(const struct path *path, str name) { return path->n > 1 && str_eq(path->steps[0].name, name); }

static bool goes_into(const struct expressions *e, str name) {
    if (e->condition && mentions(&e->condition->root, name, true)) return true;
    if (e->filter && mentions(&e->filter->root, name, true)) return true;
    for (u32 i = 0; e->projection && i < e->projection->n; i++)
        if (path_goes_on(&e->projection->paths[i], name)) return true;
    for (u32 i = 0; e->update && i < e->update->n; i++)
        if (path_goes_on(&e->update->actions[i].path, name) || mentions(&e->update->actions[i].operand, name, true)) return true;
    return false;
}

err expressions_check_scalars(struct call *c, const struct expressions *e, const str *names, u32 n, bool of_index) {
    for (u32 i = 0; i < n; i++)
        if (goes_into(e, names[i]))
            return fail(c, &dynamodb_validation_exception,
                        "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: %s: %.*s",
                        of_index ? "IndexKey" : "Key", STR_ARGS(names[i]));
    return NULL;
}
