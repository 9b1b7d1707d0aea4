/* What operands a function or operator may have, and how AWS says that these are others. */
#include "services/dynamodb/expression_tree.h"

static const struct {
    str name;
    u8 operands;
    bool in_update;
} functions[] = {
    [FUNCTION_UNKNOWN] = {{"", 0}, 0, false},
    [ATTRIBUTE_EXISTS] = {{"attribute_exists", 16}, 1, false},
    [ATTRIBUTE_NOT_EXISTS] = {{"attribute_not_exists", 20}, 1, false},
    [ATTRIBUTE_TYPE] = {{"attribute_type", 14}, 2, false},
    [BEGINS_WITH] = {{"begins_with", 11}, 2, false},
    [CONTAINS] = {{"contains", 8}, 2, false},
    [SIZE] = {{"size", 4}, 1, false},
    [IF_NOT_EXISTS] = {{"if_not_exists", 13}, 2, true},
    [LIST_APPEND] = {{"list_append", 11}, 2, true},
};

u8 function_of(str name) {
    for (u8 i = 1; i < LENGTH(functions); i++)
        if (str_eq(functions[i].name, name)) return i;
    return FUNCTION_UNKNOWN;
}

u8 function_of_nocase(str name) {
    for (u8 i = 1; i < LENGTH(functions); i++)
        if (str_eq_nocase(functions[i].name, name)) return i;
    return FUNCTION_UNKNOWN;
}

str function_name(u8 function) { return functions[function].name; }
u32 function_operands(u8 function) { return functions[function].operands; }
bool function_of_update(u8 function) { return functions[function].in_update; }

const char *operator_text(u8 kind) {
    static const char *const texts[] = {[NODE_OR] = "OR",  [NODE_AND] = "AND", [NODE_NOT] = "NOT", [NODE_EQ] = "=",
                                        [NODE_NE] = "<>",  [NODE_LT] = "<",    [NODE_LE] = "<=",   [NODE_GT] = ">",
                                        [NODE_GE] = ">=",  [NODE_BETWEEN] = "BETWEEN", [NODE_IN] = "IN",
                                        [NODE_PLUS] = "+", [NODE_MINUS] = "-"};
    return kind < LENGTH(texts) && texts[kind] ? texts[kind] : "";
}

/* The type that an operand has whatever the item holds, or VALUE_NONE. */
static u8 type_of(const struct node *node) {
    if (node->kind == NODE_VALUE) return node->value.type;
    if (node->kind != NODE_FUNCTION) return VALUE_NONE;
    if (node->function == SIZE) return VALUE_N;
    if (node->function == LIST_APPEND) return VALUE_L;
    if (node->function == IF_NOT_EXISTS && node->n == 2) return type_of(&node->args[1]);
    return VALUE_NONE;
}

/* ---- faults: the first of each class is kept ---- */

void parser_fault(struct parser *p, enum fault class, const char *format, ...) {
    if (p->faults[class].p) return;
    va_list args;
    va_start(args, format);
    p->faults[class] = arena_vformat(p->c->arena, format, args);
    va_end(args);
}

/* In conditions faults of operands are those of one condition, and wait for its end. */
PRINTF(3, 4) static void operand_fault(struct parser *p, int place, const char *format, ...) {
    va_list args;
    va_start(args, format);
    enum fault class = place == HERE_DISTINCT ? FAULT_DISTINCT : FAULT_FUNCTION;
    if (!p->is_condition) {
        if (!p->faults[class].p) p->faults[class] = arena_vformat(p->c->arena, format, args);
    } else if (!p->here[place].p) {
        p->here[place] = arena_vformat(p->c->arena, format, args);
    }
    va_end(args);
}
static void type_fault(struct parser *p, str operator, str type) {
    operand_fault(p, HERE_TYPE, "Incorrect operand type for operator or function; operator or function: %.*s, operand type: %.*s",
                  STR_ARGS(operator), STR_ARGS(type));
}

enum {
    SCALARS = 1 << VALUE_S | 1 << VALUE_N | 1 << VALUE_B,
    SIZED = 1 << VALUE_S | 1 << VALUE_B | 1 << VALUE_SS | 1 << VALUE_NS | 1 << VALUE_BS | 1 << VALUE_L | 1 << VALUE_M,
    HOLDING = SIZED & ~(1 << VALUE_M),
};

static bool type_check(struct parser *p, str operator, const struct node *operand, u32 allowed) {
    u8 type = type_of(operand);
    if (type == VALUE_NONE || allowed >> type & 1) return true;
    type_fault(p, operator, value_type_name(type));
    return false;
}

static bool same_path(const struct node *x, const struct node *y) {
    return x->kind == NODE_PATH && y->kind == NODE_PATH && path_compare(&x->path, &y->path) == 0;
}

static void check_distinct(struct parser *p, str operator, const struct node *args, u32 n) {
    for (u32 i = 1; i < n; i++) {
        if (!same_path(&args[0], &args[i])) continue;
        str path = path_text(p->c->arena, &args[0].path);
        operand_fault(p, HERE_DISTINCT,
                      "The first operand must be distinct from the remaining operands for this operator or function; "
                      "operator: %.*s, first operand: %.*s", STR_ARGS(operator), STR_ARGS(path));
    }
}

static void check_attribute_type(struct parser *p, const struct node *f) {
    u8 type = type_of(&f->args[1]);
    if (type != VALUE_S) {
        type_fault(p, f->name, type == VALUE_NONE ? S("{NS,SS,L,BS,N,M,B,BOOL,NULL,S}") : value_type_name(type));
        return;
    }
    str name = f->args[1].kind == NODE_VALUE ? value_text(&f->args[1].value) : S("");
    for (u8 t = VALUE_S; t <= VALUE_BOOL; t++)
        if (str_eq(value_type_name(t), name)) return;
    operand_fault(p, HERE_TYPE, "Invalid attribute type name found; type: %.*s, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
                  STR_ARGS(name));
}

static void check_types(struct parser *p, const struct node *f) {
    switch (f->function) {
    case ATTRIBUTE_EXISTS:
    case ATTRIBUTE_NOT_EXISTS:
    case IF_NOT_EXISTS:
        if (f->args[0].kind != NODE_PATH)
            operand_fault(p, HERE_TYPE, "Operator or function requires a document path; operator or function: %.*s", STR_ARGS(f->name));
        return;
    case BEGINS_WITH:
        if (type_check(p, f->name, &f->args[0], 1 << VALUE_S | 1 << VALUE_B))
            type_check(p, f->name, &f->args[1], 1 << VALUE_S | 1 << VALUE_B);
        return;
    case ATTRIBUTE_TYPE: check_attribute_type(p, f); return;
    case SIZE: type_check(p, f->name, &f->args[0], SIZED); return;
    case CONTAINS: type_check(p, f->name, &f->args[0], HOLDING); return;
    case LIST_APPEND:
        if (type_check(p, f->name, &f->args[0], 1 << VALUE_L)) type_check(p, f->name, &f->args[1], 1 << VALUE_L);
        return;
    default: return;
    }
}

/* size() and if_not_exists() give values; the others stand alone, or at the top of SET. */
static void check_misuse(struct parser *p, const struct node *args, u32 n) {
    for (u32 i = 0; i < n; i++)
        if (args[i].kind == NODE_FUNCTION && args[i].function != SIZE && args[i].function != IF_NOT_EXISTS && args[i].function)
            parser_fault(p, p->is_condition ? FAULT_MISUSED_FUNCTION_FIRST : FAULT_MISUSED_FUNCTION,
                         "The function is not allowed to be used this way in an expression; function: %.*s", STR_ARGS(args[i].name));
}

void parser_check_function(struct parser *p, const struct node *f) {
    check_misuse(p, f->args, MIN(f->n, ARGUMENTS_KEPT));
    enum fault class = p->is_condition ? FAULT_UNKNOWN_FUNCTION_FIRST : FAULT_UNKNOWN_FUNCTION;
    if (!f->function) {
        parser_fault(p, class, "Invalid function name; function: %.*s", STR_ARGS(f->name));
        return;
    }
    if (functions[f->function].in_update == p->is_condition) {
        parser_fault(p, class, "The function is not allowed in a%s expression; function: %.*s", p->is_condition ? " condition" : "n update",
                     STR_ARGS(f->name));
        return;
    }
    if (f->n != functions[f->function].operands) {
        operand_fault(p, HERE_COUNT, "Incorrect number of operands for operator or function; operator or function: %.*s, number of operands: %u",
                      STR_ARGS(f->name), f->n);
        return;
    }
    if (p->is_condition || f->function == IF_NOT_EXISTS) check_distinct(p, f->name, f->args, f->n);
    check_types(p, f);
}

/* A literal as BETWEEN's messages show it: "{S:b}". */
static str literal_text(struct arena *a, const struct value *v) {
    str type = value_type_name(v->type);
    struct buf b = buf_new(a, 1 << 20);
    buf_format(&b, "AttributeValue: {%.*s:", STR_ARGS(type));
    if (v->type == VALUE_B) buf_base64(&b, value_text(v));
    else buf_add(&b, value_text(v));
    buf_char(&b, '}');
    return buf_str(&b);
}

static void check_bounds(struct parser *p, const struct node *low, const struct node *high) {
    if (low->kind != NODE_VALUE || high->kind != NODE_VALUE || !low->value.type || !high->value.type) return;
    int order = 0;
    bool same = low->value.type == high->value.type;
    if (same && (!value_compare(&low->value, &high->value, &order) || order <= 0)) return;
    str x = literal_text(p->c->arena, &low->value), y = literal_text(p->c->arena, &high->value);
    operand_fault(p, HERE_TYPE, "The BETWEEN operator requires %s; lower bound operand: %.*s, upper bound operand: %.*s",
                  same ? "upper bound to be greater than or equal to lower bound" : "same data type for lower and upper bounds",
                  STR_ARGS(x), STR_ARGS(y));
}

void parser_check_operator(struct parser *p, const struct node *node) {
    str operator = str_of(operator_text(node->kind));
    check_misuse(p, node->args, node->n);
    switch (node->kind) {
    case NODE_LT:
    case NODE_LE:
    case NODE_GT:
    case NODE_GE:
    case NODE_BETWEEN:
        for (u32 i = 0; i < node->n; i++)
            if (!type_check(p, operator, &node->args[i], SCALARS)) break;
        if (node->kind == NODE_BETWEEN) check_bounds(p, &node->args[1], &node->args[2]);
        break;
    case NODE_PLUS:
    case NODE_MINUS:
        if (type_check(p, operator, &node->args[0], 1 << VALUE_N)) type_check(p, operator, &node->args[1], 1 << VALUE_N);
        return;
    default: break;
    }
    check_distinct(p, operator, node->args, node->n);
}

void parser_condition_done(struct parser *p) {
    str first = {0};
    for (size_t i = 0; i < LENGTH(p->here) && !first.p; i++) first = p->here[i];
    if (first.p) parser_fault(p, FAULT_CONDITION, "%.*s", STR_ARGS(first));
    memset(p->here, 0, sizeof p->here);
}

/* ---- trees that another grammar made ---- */

/* Depth: that of the tree. */
static void check_tree(struct parser *p, const struct node *n) {
    for (u32 i = 0; i < n->n; i++) check_tree(p, &n->args[i]);
    if (n->kind == NODE_FUNCTION) parser_check_function(p, n);
    else if (n->kind >= NODE_EQ && n->kind <= NODE_MINUS) parser_check_operator(p, n);
    parser_condition_done(p);
}

err tree_check(struct call *c, const struct node *root, bool is_condition) {
    struct parser p = {.c = c, .is_condition = is_condition};
    check_tree(&p, root);
    str fault = parser_first_fault(&p);
    return fault.p ? fail(c, &dynamodb_validation_exception, "%.*s", STR_ARGS(fault)) : NULL;
}
