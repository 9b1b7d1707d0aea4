/* Conditions: their grammar, and whether an item meets them. */
#include "services/dynamodb/expression_tree.h"

/* ---- parsing ----
 *
 *     or      := and ("OR" and)*           and := not ("AND" not)*        not := "NOT"* primary
 *     primary := "(" or ")" | operand comparison | function
 *
 * Behind "(" may stand a condition or a lone operand, which shows only at its end: so primary may give an
 * operand, and whoever needs a condition refuses it. */

static err parse_or(struct parser *p, struct node *node);

static bool is_condition(const struct node *n) { return n->kind >= NODE_OR && n->kind <= NODE_IN; }

/* Operators beyond the limit end the parse: what stands behind them is not looked at. */
static err count_operator(struct parser *p) {
    if (++p->operators <= OPERATORS_MAX) return NULL;
    return fail(p->c, &dynamodb_validation_exception, "Invalid %s: The expression contains too many operators; operator count: %u", p->what,
                p->operators);
}

static err need_condition(struct parser *p, const struct node *n) {
    if (is_condition(n)) return NULL;
    if (n->kind != NODE_FUNCTION) return parser_syntax(p);
    if (n->function == SIZE)
        parser_fault(p, FAULT_MISUSED_FUNCTION_FIRST, "The function is not allowed to be used this way in an expression; function: size");
    return NULL;
}

static struct node with_arguments(struct parser *p, u8 kind, const struct node *args, u32 n) {
    struct node node = {.kind = kind, .n = n, .args = node_new(p, n)};
    memcpy(node.args, args, n * sizeof *args);
    return node;
}

static err parse_in(struct parser *p, struct node *node) {
    struct node few[OPERANDS_MAX + 1] = {*node}; /* what stands before IN, and its values */
    u32 n = 1;
    TRY(parser_expect(p, '('));
    do {
        if (n > 1) parser_next(p);
        struct node operand;
        TRY(parse_operand(p, &operand));
        if (n < LENGTH(few)) few[n] = operand;
        n++;
    } while (parser_at(p, ','));
    TRY(parser_expect(p, ')'));
    if (n > LENGTH(few) && !p->here[HERE_COUNT].p)
        p->here[HERE_COUNT] = arena_format(p->c->arena, "The IN operator is provided with too many operands; number of operands: %u", n - 1);
    *node = with_arguments(p, NODE_IN, few, MIN(n, LENGTH(few)));
    return NULL;
}

static err parse_between(struct parser *p, struct node *node) {
    struct node args[3] = {*node};
    TRY(parse_operand(p, &args[1]));
    if (!parser_at_word(p, S("AND"))) return parser_syntax(p);
    parser_next(p);
    TRY(parse_operand(p, &args[2]));
    *node = with_arguments(p, NODE_BETWEEN, args, 3);
    return NULL;
}

static u8 comparator_at(const struct parser *p) {
    if (p->token.kind != TOKEN_SIGN) return 0;
    switch (p->token.sign) {
    case '=': return NODE_EQ;
    case 'n': return NODE_NE;
    case '<': return NODE_LT;
    case 'l': return NODE_LE;
    case '>': return NODE_GT;
    case 'g': return NODE_GE;
    default: return 0;
    }
}

/* What may follow an operand. Nothing of that: it stays an operand. */
static err parse_comparison(struct parser *p, struct node *node) {
    u8 comparator = comparator_at(p);
    bool between = parser_at_word(p, S("BETWEEN")), in = parser_at_word(p, S("IN"));
    if (!comparator && !between && !in) return NULL;
    TRY(count_operator(p));
    parser_next(p);
    if (comparator) {
        struct node args[2] = {*node};
        TRY(parse_operand(p, &args[1]));
        *node = with_arguments(p, comparator, args, 2);
    } else {
        TRY(between ? parse_between(p, node) : parse_in(p, node));
    }
    parser_check_operator(p, node);
    return NULL;
}

static err parse_group(struct parser *p, struct node *node) {
    u32 start = p->token.start;
    if (++p->depth > NESTING_MAX)
        return fail(p->c, &dynamodb_validation_exception, "Invalid %s: The expression has redundant parentheses;", p->what);
    parser_next(p);
    u32 inner = p->token.start;
    TRY(parse_or(p, node));
    if (p->group_start == inner && p->group_end == p->last.end)
        parser_fault(p, FAULT_PARENTHESES, "The expression has redundant parentheses;");
    TRY(parser_expect(p, ')'));
    p->group_start = start;
    p->group_end = p->last.end;
    p->depth--;
    return NULL;
}

static err parse_primary(struct parser *p, struct node *node) {
    if (parser_at(p, '(')) TRY(parse_group(p, node));
    else TRY(parse_operand(p, node));
    if (!is_condition(node)) TRY(parse_comparison(p, node));
    if (is_condition(node) || node->kind == NODE_FUNCTION) parser_condition_done(p);
    return NULL;
}

static err parse_not(struct parser *p, struct node *node) {
    u32 nots = 0;
    for (; parser_at_word(p, S("NOT")); nots++) {
        TRY(count_operator(p));
        parser_next(p);
    }
    TRY(parse_primary(p, node));
    if (!nots) return NULL;
    TRY(need_condition(p, node));
    if (nots & 1) *node = with_arguments(p, NODE_NOT, node, 1);
    return NULL;
}

/* One of "AND", "OR" and what it joins, as one n-ary node. */
static err parse_joined(struct parser *p, u8 kind, struct node *node) {
    str word = kind == NODE_AND ? S("AND") : S("OR");
    TRY(kind == NODE_AND ? parse_not(p, node) : parse_joined(p, NODE_AND, node));
    if (!parser_at_word(p, word)) return NULL;
    u32 n = 1, capacity = 4;
    struct node *args = node_new(p, capacity);
    args[0] = *node;
    TRY(need_condition(p, node));
    while (parser_at_word(p, word)) {
        TRY(count_operator(p));
        parser_next(p);
        if (n == capacity) {
            struct node *more = node_new(p, capacity * 2);
            memcpy(more, args, n * sizeof *args);
            args = more;
            capacity *= 2;
        }
        TRY(kind == NODE_AND ? parse_not(p, &args[n]) : parse_joined(p, NODE_AND, &args[n]));
        TRY(need_condition(p, &args[n++]));
    }
    *node = (struct node){.kind = kind, .n = n, .args = args};
    return NULL;
}

static err parse_or(struct parser *p, struct node *node) { return parse_joined(p, NODE_OR, node); }

err parse_condition(struct call *c, const char *what, str text, struct placeholders *names, struct placeholders *values,
                    struct condition *out) {
    struct parser p;
    parser_start(&p, c, what, text, names, values);
    p.is_condition = true;
    *out = (struct condition){0};
    TRY(parse_or(&p, &out->root));
    TRY(need_condition(&p, &out->root));
    return parser_finish(&p);
}

/* ---- evaluation ---- */

static bool holds(struct arena *a, const struct node *n, const struct value *item);

static u64 utf16_length(str s) {
    u64 units = 0;
    for (size_t i = 0; i < s.n; i++) {
        u8 byte = (u8)s.p[i];
        units += (byte & 0xc0) != 0x80; /* the first of a character */
        units += byte >= 0xf0;
    }
    return units;
}

/* false: it has no size. */
static bool size_of(struct arena *a, const struct value *v, struct value *size) {
    if (!v || v->type == VALUE_N || v->type == VALUE_NULL || v->type == VALUE_BOOL) return false;
    struct value open = value_open(a, v);
    struct number n = {.coefficient = v->type == VALUE_S ? utf16_length(value_text(v)) : open.n};
    char text[24];
    size_t length = 0;
    for (u64 rest = (u64)n.coefficient; rest || !length; rest /= 10) text[sizeof text - ++length] = (char)('0' + rest % 10);
    str copy = arena_str(a, (str){text + sizeof text - length, length});
    *size = (struct value){.type = VALUE_N, .n = (u32)copy.n, .text = copy.p};
    return true;
}

/* The value of an operand, or NULL where there is none. *room: for values that are computed. */
static const struct value *operand(struct arena *a, const struct node *n, const struct value *item, struct value *room) {
    if (n->kind == NODE_VALUE) return &n->value;
    if (n->kind == NODE_PATH) return path_resolve(a, &n->path, item);
    struct value inner;
    if (n->kind == NODE_FUNCTION && n->function == SIZE && size_of(a, operand(a, &n->args[0], item, &inner), room)) return room;
    return NULL;
}

static bool contains(struct arena *a, const struct value *whole, const struct value *part) {
    if (whole->type == VALUE_S || whole->type == VALUE_B)
        return part->type == whole->type && str_find(value_text(whole), value_text(part)) != STR_NONE;
    if (type_is_set(whole->type)) return set_contains(a, whole, part);
    if (whole->type != VALUE_L) return false;
    struct value open = value_open(a, whole);
    for (u32 i = 0; i < open.n; i++)
        if (value_equal(a, &open.elements[i], part)) return true;
    return false;
}

static bool begins_with(const struct value *whole, const struct value *part) {
    return whole->type == part->type && (whole->type == VALUE_S || whole->type == VALUE_B)
        && str_starts(value_text(whole), value_text(part));
}

static bool function_holds(struct arena *a, const struct node *n, const struct value *item) {
    struct value room[2];
    const struct value *x = operand(a, &n->args[0], item, &room[0]);
    if (n->function == ATTRIBUTE_EXISTS) return x != NULL;
    if (n->function == ATTRIBUTE_NOT_EXISTS) return !x;
    const struct value *y = n->n > 1 ? operand(a, &n->args[1], item, &room[1]) : NULL;
    if (!x || !y) return false;
    switch (n->function) {
    case ATTRIBUTE_TYPE: return str_eq(value_type_name(x->type), value_text(y));
    case BEGINS_WITH: return begins_with(x, y);
    case CONTAINS: return contains(a, x, y);
    default: return false;
    }
}

static bool ordered(u8 kind, int order) {
    switch (kind) {
    case NODE_LT: return order < 0;
    case NODE_LE: return order <= 0;
    case NODE_GT: return order > 0;
    default: return order >= 0;
    }
}

/* What is not there is unlike everything, and in no order with anything. */
static bool comparison_holds(struct arena *a, const struct node *n, const struct value *item) {
    struct value room[2];
    const struct value *x = operand(a, &n->args[0], item, &room[0]), *y = operand(a, &n->args[1], item, &room[1]);
    int order;
    if (!x || !y) return n->kind == NODE_NE;
    if (n->kind == NODE_EQ) return value_equal(a, x, y);
    if (n->kind == NODE_NE) return !value_equal(a, x, y);
    return value_compare(x, y, &order) && ordered(n->kind, order);
}

static bool between_holds(struct arena *a, const struct node *n, const struct value *item) {
    struct value room[3];
    const struct value *v[3];
    int low, high;
    for (int i = 0; i < 3; i++)
        if (!(v[i] = operand(a, &n->args[i], item, &room[i]))) return false;
    return value_compare(v[0], v[1], &low) && value_compare(v[0], v[2], &high) && low >= 0 && high <= 0;
}

static bool in_holds(struct arena *a, const struct node *n, const struct value *item) {
    struct value room[2];
    const struct value *x = operand(a, &n->args[0], item, &room[0]);
    for (u32 i = 1; x && i < n->n; i++) {
        const struct value *y = operand(a, &n->args[i], item, &room[1]);
        if (y && value_equal(a, x, y)) return true;
    }
    return false;
}

static bool holds(struct arena *a, const struct node *n, const struct value *item) {
    struct value room[2];
    switch ((enum node_kind)n->kind) {
    case NODE_OR:
        for (u32 i = 0; i < n->n; i++)
            if (holds(a, &n->args[i], item)) return true;
        return false;
    case NODE_AND:
        for (u32 i = 0; i < n->n; i++)
            if (!holds(a, &n->args[i], item)) return false;
        return true;
    case NODE_NOT: return !holds(a, &n->args[0], item);
    case NODE_FUNCTION: return function_holds(a, n, item);
    case NODE_BETWEEN: return between_holds(a, n, item);
    case NODE_IN: return in_holds(a, n, item);
    case NODE_NOT_CONTAINS: {
        const struct value *x = operand(a, &n->args[0], item, &room[0]);
        return x && !contains(a, x, &n->args[1].value);
    }
    case NODE_EQ:
    case NODE_NE:
    case NODE_LT:
    case NODE_LE:
    case NODE_GT:
    case NODE_GE: return comparison_holds(a, n, item);
    case NODE_PATH:
    case NODE_VALUE:
    case NODE_PLUS:
    case NODE_MINUS: return false;
    }
    return false;
}

bool expression_holds(struct arena *a, const struct condition *condition, const struct value *item) {
    static const struct value nothing = {.type = VALUE_M};
    if (!condition) return true;
    return holds(a, &condition->root, item && item->type == VALUE_M ? item : &nothing);
}
