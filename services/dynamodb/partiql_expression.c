/* Expressions of a statement: paths, functions, operators. */
#include "services/dynamodb/partiql_parser.h"

/* ---- paths ---- */

static err step_in_brackets(struct ql *q, struct step *step) {
    u64 index = 0;
    if (q->token.kind == STRING) step->name = q->token.text;
    else if (q->token.kind == NUMBER && str_to_u64(q->token.text, &index) && index <= INT32_MAX) step->index = (u32)index;
    else return ql_unexpected(q);
    ql_next(q);
    return ql_expect(q, ']');
}

/* From an identifier on. A keyword behind a dot has to be quoted. */
static err path(struct ql *q, struct path *out) {
    struct growing steps = {0};
    ((struct step *)ql_grow(q, &steps, sizeof(struct step)))->name = q->token.text;
    ql_next(q);
    for (;;) {
        struct step step = {0};
        if (ql_take(q, '.')) {
            if (!ql_at_name(q)) return ql_malformed(q, "Invalid path dot component");
            step.name = q->token.text;
            ql_next(q);
        } else if (ql_take(q, '[')) {
            TRY(step_in_brackets(q, &step));
        } else {
            break;
        }
        if (steps.n == PATH_STEPS_MAX) return ql_malformed(q, "The document path has too many nesting levels");
        *(struct step *)ql_grow(q, &steps, sizeof step) = step;
    }
    *out = (struct path){steps.v, steps.n};
    return NULL;
}

err ql_simple_path(struct ql *q, struct path *out) {
    return ql_at_name(q) ? path(q, out) : ql_malformed(q, "Expected identifier for simple path");
}

/* ---- what DynamoDB makes of a tree ---- */

bool ql_is_test(const struct node *n) {
    if (n->kind == NODE_FUNCTION) return n->function != SIZE && !function_of_update(n->function);
    return n->kind >= NODE_OR && n->kind <= NODE_IN;
}

static err refusal(struct ql *q, const char *words) { return fail(q->c, &dynamodb_validation_exception, "%s", words); }

static void refuse_operator(struct ql *q, str operator) {
    const char *in = q->assigning ? "Update" : "Condition";
    ql_refuse(q, fail(q->c, &dynamodb_validation_exception, "Unsupported operator in %s Expression. Operator: %.*s", in, STR_ARGS(operator)));
}

/* Where values are asked for. DIFFERS: what else is a tree for PartiQL and none for DynamoDB is refused in words of our own. */
static void check_values(struct ql *q, const struct node *n, u32 many) {
    for (u32 i = 0; i < many; i++)
        if (ql_is_test(&n[i]) || n[i].kind == NODE_PLUS || n[i].kind == NODE_MINUS) ql_refuse(q, ql_malformed(q, "Unexpected term"));
}

static void check_tests(struct ql *q, const struct node *n, u32 many, const char *otherwise) {
    for (u32 i = 0; i < many; i++)
        if (!ql_is_test(&n[i])) ql_refuse(q, refusal(q, otherwise));
}

/* ---- functions ---- */

err ql_arguments(struct ql *q, struct node *args, u32 *n) {
    *n = 0;
    TRY(ql_expect(q, '('));
    if (ql_take(q, ')')) return NULL;
    do {
        struct node beyond;
        TRY(ql_expression(q, BINDS_NOTHING, *n < 2 ? &args[*n] : &beyond));
        ++*n;
    } while (ql_take(q, ','));
    return ql_expect(q, ')');
}

static str lowered(struct arena *a, str word) {
    struct buf b = buf_new(a, word.n);
    for (size_t i = 0; i < word.n; i++) buf_char(&b, word.p[i] >= 'A' && word.p[i] <= 'Z' ? (char)(word.p[i] + 'a' - 'A') : word.p[i]);
    return buf_str(&b);
}

/* COUNT and its kin are keywords; PartiQL knows them, DynamoDB does not. */
static bool is_aggregate(str name) {
    return str_eq(name, S("count")) || str_eq(name, S("avg")) || str_eq(name, S("max")) || str_eq(name, S("min")) || str_eq(name, S("sum"));
}

/* f(*), where the parenthesis is: COUNT alone is called so. */
static err star(struct ql *q, str name, bool *is) {
    struct token_ql following = ql_token(q->c->arena, q->text, q->token.end);
    *is = following.kind == SIGN && following.sign == '*';
    if (!*is) return NULL;
    if (!str_eq(name, S("count"))) return ql_malformed(q, arena_c_string(q->c->arena, arena_concat(q->c->arena, name, S("(*) is not allowed"))));
    q->token = following;
    ql_next(q);
    return ql_expect(q, ')');
}

static err function(struct ql *q, struct node *out) {
    struct node args[2] = {0};
    struct token_ql called = q->token;
    bool all;
    u8 which = function_of_nocase(called.text);
    str name = which ? function_name(which) : lowered(q->c->arena, called.text);
    ql_next(q);
    *out = (struct node){.kind = NODE_FUNCTION, .function = which, .name = name};
    TRY(star(q, name, &all));
    out->n = 1;
    if (!all) TRY(ql_arguments(q, args, &out->n));
    if (is_aggregate(name) && out->n != 1) return ql_malformed(q, "Aggregate functions are always unary");
    bool exists = which == ATTRIBUTE_EXISTS || which == ATTRIBUTE_NOT_EXISTS;
    if (!which || (function_of_update(which) && !q->assigning))
        ql_refuse_at(q, arena_concat(q->c->arena, S("Unrecognized function: "), name), &called);
    else if (out->n != function_operands(which))
        ql_refuse(q, fail(q->c, &dynamodb_validation_exception,
                          "Incorrect number of operands for operator or function; operator or function: %.*s, number of operands: %u", STR_ARGS(name), out->n));
    else if (exists && args[0].kind != NODE_PATH)
        ql_refuse(q, fail(q->c, &dynamodb_validation_exception, "Operator or function requires a document path; operator or function: %.*s", STR_ARGS(name)));
    out->n = MIN(out->n, 2);
    out->args = ql_nodes(q, args, out->n);
    check_values(q, args, out->n);
    return NULL;
}

/* ---- terms ---- */

static err group(struct ql *q, struct node *out) {
    ql_next(q);
    TRY(ql_expression(q, BINDS_NOTHING, out));
    if (ql_at(q, ',')) ql_refuse(q, ql_unexpected(q));
    while (ql_take(q, ',')) {
        struct node beyond;
        TRY(ql_expression(q, BINDS_NOTHING, &beyond));
    }
    return ql_expect(q, ')');
}

static err term(struct ql *q, struct node *out) {
    *out = (struct node){.kind = NODE_PATH};
    if (ql_at(q, '(')) return group(q, out);
    if (ql_at_reserved(q) && !(ql_call_follows(q) && ql_word_is_function(q->token.text))) return ql_malformed(q, "Unexpected keyword");
    if (ql_call_follows(q) && (ql_at_name(q) || ql_word_is_function(q->token.text))) return function(q, out);
    if (ql_at_name(q)) return path(q, &out->path);
    out->kind = NODE_VALUE;
    return ql_value(q, &out->value);
}

static err count(struct ql *q) {
    if (++q->operators > OPERATORS_MAX) return ql_malformed(q, "The expression contains too many operators");
    return NULL;
}

static err negated(struct ql *q, struct node *out) {
    TRY(count(q));
    ql_next(q);
    struct node test;
    TRY(ql_expression(q, BINDS_NOT, &test));
    check_tests(q, &test, 1, "The argument to NOT must be a Type or Expression");
    *out = (struct node){.kind = NODE_NOT, .n = 1, .args = ql_nodes(q, &test, 1)};
    return NULL;
}

static err unary(struct ql *q, struct node *out) {
    if (ql_at_word(q, S("NOT"))) return negated(q, out);
    bool sign = ql_at(q, '-') || ql_at(q, '+');
    if (!sign || ql_token(q->c->arena, q->text, q->token.end).kind == NUMBER) return term(q, out);
    if (q->assigning) ql_refuse(q, ql_malformed(q, "Unexpected term"));
    else refuse_operator(q, ql_at(q, '-') ? S("-") : S("+"));
    TRY(ql_deeper(q));
    ql_next(q);
    TRY(unary(q, out));
    q->depth--;
    return NULL;
}

/* ---- operators ---- */

static err right_side(struct ql *q, u32 binds, struct node *out) {
    if (q->token.kind == END) return ql_malformed(q, "Missing right-hand side expression of infix operator");
    return ql_expression(q, binds, out);
}

/* IN with something else than values behind it, or none. */
static void refuse_in(struct ql *q) {
    ql_refuse(q, refusal(q, "IN operator must have a left hand argument of type Variable Reference and right hand argument of type Seq with at least one member"));
}

static err in_list(struct ql *q, struct node *out) {
    struct growing all = {0};
    u16 end = ql_at(q, '(') ? ')' : ']';
    *(struct node *)ql_grow(q, &all, sizeof *out) = *out;
    if (!ql_take(q, '(') && !ql_take(q, '[')) {
        struct node other;
        TRY(right_side(q, BINDS_EQUAL, &other));
        refuse_in(q);
    } else if (end == ']' && ql_take(q, end)) {
        refuse_in(q);
    } else {
        do {
            if (all.n > OPERANDS_MAX) return ql_malformed(q, "Too many values in IN");
            struct node *one = ql_grow(q, &all, sizeof *out);
            TRY(ql_expression(q, BINDS_NOTHING, one));
        } while (ql_take(q, ','));
        TRY(ql_expect(q, end));
    }
    check_values(q, all.v, all.n);
    *out = (struct node){.kind = NODE_IN, .n = all.n, .args = all.v};
    return NULL;
}

static err between(struct ql *q, struct node *out) {
    struct node args[3] = {*out};
    TRY(right_side(q, BINDS_COMPARE, &args[1]));
    if (!ql_take_word(q, S("AND"))) return ql_malformed(q, "Expected AND keyword");
    if (q->token.kind == END) return ql_malformed(q, "Expected expression after AND");
    TRY(ql_expression(q, BINDS_COMPARE, &args[2]));
    check_values(q, args, 3);
    *out = (struct node){.kind = NODE_BETWEEN, .n = 3, .args = ql_nodes(q, args, 3)};
    return NULL;
}

/* DynamoDB's type of one of PartiQL's, of those that both have. */
static str type_of_name(str name) {
    static const struct {
        str name, type;
    } all[] = {{{"NULL", 4}, {"NULL", 4}},   {{"BOOLEAN", 7}, {"BOOL", 4}}, {{"BOOL", 4}, {"BOOL", 4}},  {{"STRING", 6}, {"S", 1}},  {{"BLOB", 4}, {"B", 1}},
               {{"NUMERIC", 7}, {"N", 1}},   {{"DECIMAL", 7}, {"N", 1}},    {{"INTEGER", 7}, {"N", 1}},  {{"INT", 3}, {"N", 1}},     {{"FLOAT", 5}, {"N", 1}},
               {{"STRUCT", 6}, {"M", 1}},    {{"TUPLE", 5}, {"M", 1}},      {{"LIST", 4}, {"L", 1}}};
    for (size_t i = 0; i < LENGTH(all); i++)
        if (str_eq_nocase(all[i].name, name)) return all[i].type;
    return (str){0};
}

/* IS [NOT] MISSING, or a type. */
static err is_something(struct ql *q, struct node *out) {
    bool no = ql_take_word(q, S("NOT")), missing = ql_at_word(q, S("MISSING"));
    str type = q->token.kind == WORD ? type_of_name(q->token.text) : (str){0};
    if (!missing && !type.p) return ql_malformed(q, "Expected type name");
    ql_next(q);
    check_values(q, out, 1);
    struct node args[2] = {*out, {.kind = NODE_VALUE, .value = value_string(type)}};
    struct node test = {.kind = NODE_FUNCTION, .n = missing ? 1 : 2, .args = ql_nodes(q, args, 2)};
    test.function = !missing ? ATTRIBUTE_TYPE : no ? ATTRIBUTE_EXISTS : ATTRIBUTE_NOT_EXISTS;
    *out = test;
    if (no && !missing) *out = (struct node){.kind = NODE_NOT, .n = 1, .args = ql_nodes(q, &test, 1)};
    return NULL;
}

enum infix_kind { INFIX_NONE, INFIX_TREE, INFIX_IN, INFIX_BETWEEN, INFIX_IS, INFIX_UNSUPPORTED };
struct infix {
    u8 what, node, binds;
    bool negated;
};

static struct infix infix_sign(u16 sign) {
    switch (sign) {
    case '=': return (struct infix){INFIX_TREE, NODE_EQ, BINDS_EQUAL, false};
    case TWO('<', '>'):
    case TWO('!', '='): return (struct infix){INFIX_TREE, NODE_NE, BINDS_EQUAL, false};
    case '<': return (struct infix){INFIX_TREE, NODE_LT, BINDS_COMPARE, false};
    case '>': return (struct infix){INFIX_TREE, NODE_GT, BINDS_COMPARE, false};
    case TWO('<', '='): return (struct infix){INFIX_TREE, NODE_LE, BINDS_COMPARE, false};
    case TWO('>', '='): return (struct infix){INFIX_TREE, NODE_GE, BINDS_COMPARE, false};
    case '+': return (struct infix){INFIX_TREE, NODE_PLUS, BINDS_ADD, false};
    case '-': return (struct infix){INFIX_TREE, NODE_MINUS, BINDS_ADD, false};
    case TWO('|', '|'): return (struct infix){INFIX_UNSUPPORTED, 0, BINDS_ADD, false};
    case '*':
    case '/':
    case '%': return (struct infix){INFIX_UNSUPPORTED, 0, BINDS_MULTIPLY, false};
    default: return (struct infix){0};
    }
}

static struct infix infix_word(str word, bool negated) {
    static const struct {
        str word;
        struct infix infix;
        bool negates;
    } all[] = {{{"AND", 3}, {INFIX_TREE, NODE_AND, BINDS_AND, false}, false}, {{"OR", 2}, {INFIX_TREE, NODE_OR, BINDS_OR, false}, false},
               {{"IS", 2}, {INFIX_IS, 0, BINDS_EQUAL, false}, false},         {{"IN", 2}, {INFIX_IN, 0, BINDS_EQUAL, false}, true},
               {{"BETWEEN", 7}, {INFIX_BETWEEN, 0, BINDS_COMPARE, false}, true}, {{"LIKE", 4}, {INFIX_UNSUPPORTED, 0, BINDS_COMPARE, false}, true}};
    for (size_t i = 0; i < LENGTH(all); i++) {
        if (!str_eq_nocase(all[i].word, word) || (negated && !all[i].negates)) continue;
        struct infix infix = all[i].infix;
        infix.negated = negated;
        return infix;
    }
    return (struct infix){0};
}

/* NOT IN and its like are one operator. */
static struct infix infix_at(struct ql *q) {
    if (q->token.kind == SIGN) return infix_sign(q->token.sign);
    if (q->token.kind != WORD) return (struct infix){0};
    if (!ql_at_word(q, S("NOT"))) return infix_word(q->token.text, false);
    struct token_ql following = ql_token(q->c->arena, q->text, q->token.end);
    return following.kind == WORD ? infix_word(following.text, true) : (struct infix){0};
}

static void join(struct ql *q, u8 kind, struct node *out, const struct node *right) {
    bool tests = kind == NODE_AND || kind == NODE_OR, sum = kind == NODE_PLUS || kind == NODE_MINUS;
    struct node args[2] = {*out, *right};
    if (sum && !q->assigning) refuse_operator(q, str_of(operator_text(kind)));
    if (tests) check_tests(q, args, 2, "The arguments to AND/OR must be Expressions");
    else check_values(q, args, 2);
    if (!tests || out->kind != kind) {
        *out = (struct node){.kind = kind, .n = 2, .args = ql_nodes(q, args, 2)};
        return;
    }
    struct node *more = ql_nodes(q, out->args, out->n); /* with room for one */
    more[out->n] = *right;
    *out = (struct node){.kind = kind, .n = out->n + 1, .args = more};
}

static err infix(struct ql *q, const struct infix *op, struct node *out) {
    struct node right;
    TRY(count(q));
    if (op->negated) ql_next(q);
    str operator = lowered(q->c->arena, str_take(str_skip(q->text, q->token.start), q->token.end - q->token.start));
    ql_next(q);
    switch ((enum infix_kind)op->what) {
    case INFIX_IN: TRY(in_list(q, out)); break;
    case INFIX_BETWEEN: TRY(between(q, out)); break;
    case INFIX_IS: TRY(is_something(q, out)); break;
    case INFIX_TREE:
        TRY(right_side(q, op->binds, &right));
        join(q, op->node, out, &right);
        break;
    case INFIX_NONE:
    case INFIX_UNSUPPORTED:
        refuse_operator(q, operator);
        TRY(right_side(q, op->binds, &right));
        break;
    }
    if (op->negated) *out = (struct node){.kind = NODE_NOT, .n = 1, .args = ql_nodes(q, out, 1)};
    return NULL;
}

err ql_expression(struct ql *q, u32 binds, struct node *out) {
    TRY(ql_deeper(q));
    TRY(unary(q, out));
    for (struct infix op = infix_at(q); op.binds > binds; op = infix_at(q)) TRY(infix(q, &op, out));
    q->depth--;
    return NULL;
}
