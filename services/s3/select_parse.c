/* SQL text into the tree of a query, by recursive descent. */
#include "services/s3/select_node.h"
#include "services/s3/select_token.h"

struct parser {
    struct arena *arena;
    str rest;
    struct sql_token token; /* the next */
    struct sql_query *query;
    str alias;
    u32 depth;
    bool in_aggregate;
    enum sql_problem problem;
};

static bool bad(struct parser *p, enum sql_problem problem) {
    if (!p->problem) p->problem = problem;
    return false;
}
static struct sql_node *none(struct parser *p, enum sql_problem problem) {
    (void)bad(p, problem);
    return NULL;
}

static void advance(struct parser *p) {
    enum sql_problem problem = p->problem ? SQL_OK : sql_token_next(p->arena, &p->rest, &p->token);
    if (p->problem || problem) p->token = (struct sql_token){0};
    if (problem) (void)bad(p, problem);
}

static bool is_op(const struct parser *p, const char *text) { return p->token.kind == TOKEN_OPERATOR && str_eq(p->token.text, str_of(text)); }
static bool is_keyword(const struct parser *p, const char *word) {
    return p->token.kind == TOKEN_WORD && str_eq_nocase(p->token.text, str_of(word));
}
static bool take_op(struct parser *p, const char *text) {
    if (!is_op(p, text)) return false;
    advance(p);
    return true;
}
static bool take_keyword(struct parser *p, const char *word) {
    if (!is_keyword(p, word)) return false;
    advance(p);
    return true;
}
static bool want_op(struct parser *p, const char *text, enum sql_problem problem) { return take_op(p, text) || bad(p, problem); }
static bool want_keyword(struct parser *p, const char *word) { return take_keyword(p, word) || bad(p, SQL_EXPECTED_KEYWORD); }

/* Words that end an expression: they are no aliases. */
static bool is_reserved(str word) {
    static const char *const words[] = {"from", "where",   "limit", "and",  "or",    "not",   "in",     "between", "like",  "is",    "escape", "as",
                                        "case", "when",    "then",  "else", "end",   "select", "group", "order",   "having", "join", "union",  "on",
                                        "by",   "distinct"};
    for (size_t i = 0; i < LENGTH(words); i++)
        if (str_eq_nocase(word, str_of(words[i]))) return true;
    return false;
}

/* ---- nodes ---- */

static struct sql_node *expression(struct parser *p);

static struct sql_node *node_of(struct parser *p, enum sql_op op, u32 n, struct sql_node *const *args) {
    for (u32 i = 0; i < n; i++)
        if (!args[i]) return NULL; /* the problem is told */
    struct sql_node *node = NEW(p->arena, struct sql_node);
    node->op = (u8)op;
    node->n = n;
    node->args = NEW_ARRAY(p->arena, struct sql_node *, n + 1);
    for (u32 i = 0; i < n; i++) node->args[i] = args[i];
    return node;
}
#define NODE(p, op, ...)                                                                        \
    node_of((p), (op), sizeof((struct sql_node *[]){__VA_ARGS__}) / sizeof(struct sql_node *), \
            (struct sql_node *[]){__VA_ARGS__})

static struct sql_node *value_node(struct parser *p, struct sql_value value) {
    struct sql_node *node = NEW(p->arena, struct sql_node);
    node->op = SQL_OP_VALUE;
    node->value = value;
    return node;
}

/* Expressions with commas between, up to the closing parenthesis, which is taken. */
static bool arguments(struct parser *p, struct sql_node **args, u32 *n) {
    for (u32 first = *n; !is_op(p, ")");) {
        if (*n > first && !want_op(p, ",", SQL_EXPECTED_ARGUMENT_DELIMITER)) return false;
        if (*n == SQL_ARGS_MAX) return bad(p, SQL_UNSUPPORTED_STRUCTURE);
        args[*n] = expression(p);
        if (!args[(*n)++]) return false;
    }
    return want_op(p, ")", SQL_EXPECTED_RIGHT_PAREN_FUNCTION);
}

/* ---- paths ---- */

static bool add_step(struct parser *p, struct sql_path *path, struct sql_step step) {
    enum { STEPS_MAX = 64 };
    if (!path->v) path->v = NEW_ARRAY(p->arena, struct sql_step, STEPS_MAX);
    if (path->n == STEPS_MAX) return bad(p, SQL_INVALID_KEY_PATH);
    step.column = -1;
    path->v[path->n++] = step;
    return true;
}

static bool name_step(struct parser *p, struct sql_path *path) {
    if (p->token.kind != TOKEN_WORD && p->token.kind != TOKEN_QUOTED) return bad(p, SQL_INVALID_KEY_PATH);
    struct sql_step step = {.kind = SQL_STEP_NAME, .exact = p->token.kind == TOKEN_QUOTED, .name = p->token.text};
    advance(p);
    return add_step(p, path, step);
}

static bool index_step(struct parser *p, struct sql_path *path, bool all_allowed) {
    u64 index = 0;
    struct sql_step step = {.kind = SQL_STEP_INDEX};
    if (all_allowed && take_op(p, "*")) {
        step.kind = SQL_STEP_ALL;
    } else if (p->token.kind == TOKEN_TEXT) {
        step = (struct sql_step){.kind = SQL_STEP_NAME, .exact = true, .name = p->token.text};
        advance(p);
    } else {
        if (p->token.kind != TOKEN_NUMBER || !str_to_u64(p->token.text, &index) || index > UINT32_MAX) return bad(p, SQL_INVALID_KEY_PATH);
        step.index = (u32)index;
        advance(p);
    }
    return want_op(p, "]", SQL_INVALID_KEY_PATH) && add_step(p, path, step);
}

/* ".name", "[0]" and, behind FROM, "[*]"; stops before ".*", which is the select list's. */
static bool steps(struct parser *p, struct sql_path *path, bool all_allowed) {
    for (;;) {
        if (is_op(p, ".")) {
            struct parser before = *p;
            advance(p);
            if (is_op(p, "*")) {
                *p = before;
                return true;
            }
            if (!name_step(p, path)) return false;
        } else if (take_op(p, "[")) {
            if (!index_step(p, path, all_allowed)) return false;
        } else {
            return !p->problem;
        }
    }
}

/* The table's name in front of a path says nothing that is not known. */
static struct sql_node *path_node(struct parser *p) {
    struct sql_node *node = NEW(p->arena, struct sql_node);
    node->op = SQL_OP_PATH;
    if (!name_step(p, &node->path) || !steps(p, &node->path, false)) return NULL;
    return node;
}

/* Once FROM is read, and so the alias is known. */
static void strip_alias(struct parser *p, struct sql_node *node) {
    if (!node) return;
    if (node->op == SQL_OP_PATH && node->path.n) {
        const struct sql_step *first = &node->path.v[0];
        bool alias = first->exact ? str_eq(first->name, p->alias) : str_eq_nocase(first->name, p->alias);
        if (alias) node->path = (struct sql_path){node->path.v + 1, node->path.n - 1};
    }
    for (u32 i = 0; i < node->n; i++) strip_alias(p, node->args[i]);
}

/* ---- functions ---- */

static bool date_part(struct parser *p, bool of_extract, u16 *part) {
    static const char *const names[] = {"year", "month", "day", "hour", "minute", "second", "timezone_hour", "timezone_minute"};
    for (u16 i = 0; i < (of_extract ? LENGTH(names) : SQL_PART_TIMEZONE_HOUR); i++)
        if (take_keyword(p, names[i])) return *part = i, true;
    return bad(p, SQL_EXPECTED_DATE_PART);
}

static struct sql_node *date_function(struct parser *p, enum sql_op op) {
    u16 part = 0;
    struct sql_node *args[SQL_ARGS_MAX], *node;
    u32 n = 0;
    if (!date_part(p, op == SQL_OP_EXTRACT, &part)) return NULL;
    if (op == SQL_OP_EXTRACT ? !want_keyword(p, "from") : !want_op(p, ",", SQL_EXPECTED_ARGUMENT_DELIMITER)) return NULL;
    if (!arguments(p, args, &n)) return NULL;
    if (n != (op == SQL_OP_EXTRACT ? 1 : 2)) return none(p, SQL_INVALID_ARGUMENTS);
    node = node_of(p, op, n, args);
    if (node) node->detail = part;
    return node;
}

/* TRIM(text), TRIM(FROM text), TRIM(LEADING 'x' FROM text). */
static struct sql_node *trim(struct parser *p) {
    u16 where = SQL_TRIM_BOTH;
    if (take_keyword(p, "leading")) where = SQL_TRIM_LEADING;
    else if (take_keyword(p, "trailing")) where = SQL_TRIM_TRAILING;
    else (void)take_keyword(p, "both");
    struct sql_node *characters = value_node(p, sql_text(S(" "))), *text = is_keyword(p, "from") ? NULL : expression(p);
    if (p->problem) return NULL;
    if (take_keyword(p, "from")) {
        if (text) characters = text;
        text = expression(p);
    }
    if (!want_op(p, ")", SQL_EXPECTED_RIGHT_PAREN_FUNCTION)) return NULL;
    struct sql_node *node = NODE(p, SQL_OP_TRIM, text, characters);
    if (node) node->detail = where;
    return node;
}

/* SUBSTRING(text, from, count), SUBSTRING(text FROM from FOR count). */
static struct sql_node *substring(struct parser *p) {
    struct sql_node *args[3];
    u32 n = 0;
    args[n++] = expression(p);
    if (!p->problem && (take_keyword(p, "from") || take_op(p, ","))) args[n++] = expression(p);
    if (!p->problem && n == 2 && (take_keyword(p, "for") || take_op(p, ","))) args[n++] = expression(p);
    if (p->problem || !want_op(p, ")", SQL_EXPECTED_RIGHT_PAREN_FUNCTION)) return NULL;
    return n < 2 ? none(p, SQL_INVALID_ARGUMENTS) : node_of(p, SQL_OP_SUBSTRING, n, args);
}

static struct sql_node *cast(struct parser *p) {
    static const struct {
        const char *name;
        enum sql_type type;
        u8 parameters;
    } types[] = {{"bool", SQL_TYPE_BOOL, 0},       {"boolean", SQL_TYPE_BOOL, 0},        {"int", SQL_TYPE_INT, 0},        {"integer", SQL_TYPE_INT, 0},
                 {"string", SQL_TYPE_STRING, 0},   {"float", SQL_TYPE_FLOAT, 0},         {"decimal", SQL_TYPE_DECIMAL, 2}, {"numeric", SQL_TYPE_DECIMAL, 2},
                 {"timestamp", SQL_TYPE_TIMESTAMP, 0}};
    struct sql_node *value = expression(p), *node;
    if (!value || !want_keyword(p, "as")) return NULL;
    size_t i = 0;
    while (i < LENGTH(types) && !is_keyword(p, types[i].name)) i++;
    if (i == LENGTH(types)) return none(p, p->token.kind == TOKEN_WORD ? SQL_INVALID_DATA_TYPE : SQL_EXPECTED_TYPE_NAME);
    advance(p);
    if (take_op(p, "(")) {
        u64 ignored;
        for (u8 k = 0; k < types[i].parameters && p->token.kind == TOKEN_NUMBER && str_to_u64(p->token.text, &ignored); k++) {
            advance(p);
            if (!take_op(p, ",")) break;
        }
        if (!types[i].parameters || !want_op(p, ")", SQL_INVALID_TYPE_PARAM)) return none(p, SQL_INVALID_TYPE_PARAM);
    }
    if (!want_op(p, ")", SQL_EXPECTED_RIGHT_PAREN_FUNCTION)) return NULL;
    node = NODE(p, SQL_OP_CAST, value);
    if (node) node->detail = (u16)types[i].type;
    return node;
}

static struct sql_node *aggregate(struct parser *p, enum sql_aggregation what) {
    enum { AGGREGATES_MAX = 256 };
    struct sql_query *q = p->query;
    struct sql_node *of = NULL, *node = NEW(p->arena, struct sql_node);
    if (p->in_aggregate) return none(p, SQL_UNSUPPORTED_STRUCTURE);
    p->in_aggregate = true;
    if (is_op(p, "*")) {
        if (what != SQL_COUNT) return none(p, SQL_UNSUPPORTED_CALL_WITH_STAR);
        advance(p);
    } else if (!(of = expression(p))) {
        return NULL;
    }
    p->in_aggregate = false;
    if (is_op(p, ",")) return none(p, SQL_NON_UNARY_AGGREGATE);
    if (!want_op(p, ")", SQL_EXPECTED_RIGHT_PAREN_FUNCTION)) return NULL;
    if (!q->aggregates) q->aggregates = NEW_ARRAY(p->arena, struct sql_aggregate, AGGREGATES_MAX);
    if (q->aggregate_count == AGGREGATES_MAX) return none(p, SQL_UNSUPPORTED_STRUCTURE);
    node->op = SQL_OP_AGGREGATE;
    node->detail = (u16)q->aggregate_count;
    q->aggregates[q->aggregate_count++] = (struct sql_aggregate){.what = (u8)what, .of = of};
    return node;
}

static struct sql_node *plain_function(struct parser *p, str name) {
    static const struct {
        const char *name;
        enum sql_op op;
        u16 least, most;
    } functions[] = {{"coalesce", SQL_OP_COALESCE, 1, SQL_ARGS_MAX}, {"nullif", SQL_OP_NULLIF, 2, 2},       {"char_length", SQL_OP_LENGTH, 1, 1},
                     {"character_length", SQL_OP_LENGTH, 1, 1},      {"lower", SQL_OP_LOWER, 1, 1},         {"upper", SQL_OP_UPPER, 1, 1},
                     {"utcnow", SQL_OP_UTCNOW, 0, 0},                {"to_string", SQL_OP_TO_STRING, 2, 2}, {"to_timestamp", SQL_OP_TO_TIMESTAMP, 1, 1}};
    struct sql_node *args[SQL_ARGS_MAX];
    u32 n = 0;
    size_t i = 0;
    while (i < LENGTH(functions) && !str_eq_nocase(name, str_of(functions[i].name))) i++;
    if (i == LENGTH(functions)) return none(p, SQL_UNSUPPORTED_FUNCTION);
    if (!arguments(p, args, &n)) return NULL;
    if (n < functions[i].least || n > functions[i].most) return none(p, SQL_INVALID_ARGUMENTS);
    return node_of(p, functions[i].op, n, args);
}

/* Its parenthesis is open. */
static struct sql_node *function(struct parser *p, str name) {
    static const char *const aggregates[] = {"count", "sum", "avg", "min", "max"};
    for (size_t i = 0; i < LENGTH(aggregates); i++)
        if (str_eq_nocase(name, str_of(aggregates[i]))) return aggregate(p, (enum sql_aggregation)i);
    if (str_eq_nocase(name, S("cast"))) return cast(p);
    if (str_eq_nocase(name, S("trim"))) return trim(p);
    if (str_eq_nocase(name, S("substring"))) return substring(p);
    if (str_eq_nocase(name, S("date_add"))) return date_function(p, SQL_OP_DATE_ADD);
    if (str_eq_nocase(name, S("date_diff"))) return date_function(p, SQL_OP_DATE_DIFF);
    if (str_eq_nocase(name, S("extract"))) return date_function(p, SQL_OP_EXTRACT);
    return plain_function(p, name);
}

/* CASE x WHEN y THEN z ... is CASE WHEN x = y THEN z ... */
static struct sql_node *case_expression(struct parser *p) {
    struct sql_node *args[SQL_ARGS_MAX], *of = NULL;
    u32 n = 0;
    if (!is_keyword(p, "when") && !(of = expression(p))) return NULL;
    while (take_keyword(p, "when")) {
        if (n + 3 > SQL_ARGS_MAX) return none(p, SQL_UNSUPPORTED_STRUCTURE);
        struct sql_node *when = expression(p);
        if (!when || !want_keyword(p, "then")) return NULL;
        args[n++] = of ? NODE(p, SQL_OP_EQUAL, of, when) : when;
        args[n++] = expression(p);
        if (p->problem) return NULL;
    }
    if (!n) return none(p, SQL_EXPECTED_WHEN);
    if (take_keyword(p, "else")) args[n++] = expression(p);
    if (p->problem || !want_keyword(p, "end")) return NULL;
    return node_of(p, SQL_OP_CASE, n, args);
}

/* ---- expressions, the tightest first ---- */

static struct sql_node *literal(struct parser *p) {
    struct sql_token t = p->token;
    struct sql_value value = {0};
    if (t.kind == TOKEN_TEXT) {
        value = sql_text(t.text);
    } else if (t.kind == TOKEN_NUMBER) {
        if (!sql_read_number(t.text, &value)) return none(p, SQL_LEXER_INVALID_LITERAL);
    } else {
        value.kind = SQL_TIME;
        if (!sql_time_read(t.text, &value.time)) return none(p, SQL_LEXER_INVALID_ION);
    }
    advance(p);
    return value_node(p, value);
}

static struct sql_node *constant(struct parser *p, struct sql_value value) {
    advance(p);
    return value_node(p, value);
}

static struct sql_node *word(struct parser *p) {
    str name = p->token.text;
    if (p->token.kind == TOKEN_WORD) {
        if (is_keyword(p, "true") || is_keyword(p, "false")) return constant(p, sql_bool(is_keyword(p, "true")));
        if (is_keyword(p, "null")) return constant(p, sql_null());
        if (is_keyword(p, "missing")) return constant(p, (struct sql_value){0});
        if (take_keyword(p, "case")) return case_expression(p);
        struct parser before = *p;
        advance(p);
        if (take_op(p, "(")) return function(p, name);
        if (str_eq_nocase(name, S("cast"))) return none(p, SQL_EXPECTED_LEFT_PAREN_AFTER_CAST);
        *p = before;
        if (is_reserved(name)) return none(p, SQL_EXPECTED_EXPRESSION);
    }
    return path_node(p);
}

static struct sql_node *primary(struct parser *p) {
    switch ((enum sql_token_kind)p->token.kind) {
    case TOKEN_TEXT:
    case TOKEN_NUMBER:
    case TOKEN_ION: return literal(p);
    case TOKEN_WORD:
    case TOKEN_QUOTED: return word(p);
    case TOKEN_END:
    case TOKEN_OPERATOR: break;
    }
    if (!take_op(p, "(")) return none(p, SQL_EXPECTED_EXPRESSION);
    struct sql_node *inner = expression(p);
    return inner && want_op(p, ")", SQL_EXPECTED_TOKEN) ? inner : NULL;
}

static struct sql_node *unary(struct parser *p) {
    u32 minus = 0;
    while (is_op(p, "-") || is_op(p, "+")) {
        minus += is_op(p, "-");
        advance(p);
    }
    struct sql_node *node = primary(p);
    if (!(minus & 1) || !node) return node;
    if (node->op == SQL_OP_VALUE && node->value.kind == SQL_INT) return value_node(p, sql_int(-node->value.integer));
    return NODE(p, SQL_OP_NEGATE, node);
}

struct level {
    const char *text;
    enum sql_op op;
};
static struct sql_node *chain(struct parser *p, const struct level *levels, size_t n, struct sql_node *(*tighter)(struct parser *p)) {
    struct sql_node *left = tighter(p);
    for (size_t i = 0; left && i < n; i++) {
        if (!is_op(p, levels[i].text)) continue;
        advance(p);
        left = NODE(p, levels[i].op, left, tighter(p));
        i = (size_t)-1; /* from the first again */
    }
    return left;
}
static struct sql_node *product(struct parser *p) {
    static const struct level levels[] = {{"*", SQL_OP_MULTIPLY}, {"/", SQL_OP_DIVIDE}, {"%", SQL_OP_MODULO}};
    return chain(p, levels, LENGTH(levels), unary);
}
static struct sql_node *sum(struct parser *p) {
    static const struct level levels[] = {{"+", SQL_OP_ADD}, {"-", SQL_OP_SUBTRACT}, {"||", SQL_OP_CONCAT}};
    return chain(p, levels, LENGTH(levels), product);
}

static struct sql_node *in_list(struct parser *p, struct sql_node *value) {
    struct sql_node *args[SQL_ARGS_MAX] = {value};
    u32 n = 1;
    if (!want_op(p, "(", SQL_EXPECTED_LEFT_PAREN_FUNCTION) || !arguments(p, args, &n)) return NULL;
    return n == 1 ? none(p, SQL_EXPECTED_EXPRESSION) : node_of(p, SQL_OP_IN, n, args);
}

static struct sql_node *like(struct parser *p, struct sql_node *value) {
    struct sql_node *pattern = sum(p);
    if (pattern && take_keyword(p, "escape")) return NODE(p, SQL_OP_LIKE, value, pattern, sum(p));
    return NODE(p, SQL_OP_LIKE, value, pattern);
}

static struct sql_node *is_test(struct parser *p, struct sql_node *value) {
    bool not = take_keyword(p, "not");
    struct sql_node *node;
    if (take_keyword(p, "null")) node = NODE(p, SQL_OP_IS_NULL, value);
    else if (take_keyword(p, "missing")) node = NODE(p, SQL_OP_IS_MISSING, value);
    else return none(p, SQL_EXPECTED_KEYWORD);
    return not ? NODE(p, SQL_OP_NOT, node) : node;
}

static struct sql_node *between(struct parser *p, struct sql_node *value) {
    struct sql_node *from = sum(p);
    if (!from || !want_keyword(p, "and")) return NULL;
    return NODE(p, SQL_OP_BETWEEN, value, from, sum(p));
}

static struct sql_node *comparison(struct parser *p) {
    static const struct level levels[] = {{"=", SQL_OP_EQUAL},       {"<>", SQL_OP_UNEQUAL}, {"!=", SQL_OP_UNEQUAL},
                                          {"<=", SQL_OP_LESS_EQUAL}, {"<", SQL_OP_LESS},     {">=", SQL_OP_GREATER_EQUAL},
                                          {">", SQL_OP_GREATER}};
    struct sql_node *left = chain(p, levels, LENGTH(levels), sum);
    while (left) {
        bool not = is_keyword(p, "not");
        if (not) advance(p);
        if (take_keyword(p, "between")) left = between(p, left);
        else if (take_keyword(p, "in")) left = in_list(p, left);
        else if (take_keyword(p, "like")) left = like(p, left);
        else if (!not && take_keyword(p, "is")) left = is_test(p, left);
        else return not ? none(p, SQL_EXPECTED_KEYWORD) : left;
        if (not && left) left = NODE(p, SQL_OP_NOT, left);
    }
    return left;
}

static struct sql_node *negation(struct parser *p) {
    bool not = false;
    while (take_keyword(p, "not")) not = !not;
    struct sql_node *node = comparison(p);
    return not ? NODE(p, SQL_OP_NOT, node) : node;
}

static struct sql_node *conjunction(struct parser *p) {
    struct sql_node *left = negation(p);
    while (left && take_keyword(p, "and")) left = NODE(p, SQL_OP_AND, left, negation(p));
    return left;
}

static struct sql_node *expression(struct parser *p) {
    if (p->depth++ == SQL_DEPTH_MAX) return none(p, SQL_UNSUPPORTED_STRUCTURE);
    struct sql_node *left = conjunction(p);
    while (left && take_keyword(p, "or")) left = NODE(p, SQL_OP_OR, left, conjunction(p));
    p->depth--;
    return left;
}

/* ---- the statement ---- */

/* What a column is called: its alias, the last name of its path, or its place. */
static str item_name(struct parser *p, const struct sql_node *value, u32 place) {
    if (value->op == SQL_OP_PATH && value->path.n && value->path.v[value->path.n - 1].kind == SQL_STEP_NAME)
        return value->path.v[value->path.n - 1].name;
    return arena_format(p->arena, "_%u", place);
}

static bool alias_name(struct parser *p, bool asked, str *name) {
    bool is_name = p->token.kind == TOKEN_QUOTED || (p->token.kind == TOKEN_WORD && !is_reserved(p->token.text));
    if (!is_name) return !asked || bad(p, SQL_EXPECTED_IDENT_FOR_ALIAS);
    *name = p->token.text;
    advance(p);
    return true;
}

static bool select_item(struct parser *p) {
    enum { ITEMS_MAX = 1024 };
    struct sql_query *q = p->query;
    if (!q->items) q->items = NEW_ARRAY(p->arena, struct sql_item, ITEMS_MAX);
    if (q->item_count == ITEMS_MAX) return bad(p, SQL_UNSUPPORTED_STRUCTURE);
    struct sql_item *item = &q->items[q->item_count++];
    item->value = expression(p);
    if (!item->value) return false;
    if (is_op(p, ".") && item->value->op == SQL_OP_PATH && item->value->path.n == 1) { /* s.* */
        advance(p);
        if (!want_op(p, "*", SQL_INVALID_KEY_PATH)) return false;
        if (q->item_count > 1 || is_op(p, ",")) return bad(p, SQL_STAR_NOT_ALONE);
        q->all = true;
        return true;
    }
    bool asked = take_keyword(p, "as");
    return alias_name(p, asked, &item->name);
}

static bool select_list(struct parser *p) {
    struct sql_query *q = p->query;
    if (is_keyword(p, "from") || p->token.kind == TOKEN_END) return bad(p, SQL_EMPTY_SELECT);
    if (take_op(p, "*")) {
        q->all = true;
        return !is_op(p, ",") || bad(p, SQL_STAR_NOT_ALONE);
    }
    do {
        if (is_op(p, "*")) return bad(p, SQL_STAR_NOT_ALONE);
        if (!select_item(p)) return false;
    } while (take_op(p, ","));
    return true;
}

static bool from_clause(struct parser *p) {
    if (!take_keyword(p, "from")) return bad(p, p->token.kind == TOKEN_END ? SQL_MISSING_FROM : SQL_EXPECTED_TOKEN);
    if (!take_keyword(p, "s3object")) return bad(p, SQL_INVALID_TABLE_ALIAS);
    if (!steps(p, &p->query->from, true)) return false;
    p->alias = S("S3Object");
    bool asked = take_keyword(p, "as");
    return alias_name(p, asked, &p->alias);
}

static bool limit_clause(struct parser *p) {
    p->query->limit = -1;
    if (!take_keyword(p, "limit")) return true;
    if (p->token.kind != TOKEN_NUMBER || !str_to_i64(p->token.text, &p->query->limit)) return bad(p, SQL_EXPECTED_NUMBER);
    advance(p);
    return true;
}

static bool is_constant(const struct sql_node *node) {
    if (node->op == SQL_OP_PATH) return false;
    for (u32 i = 0; i < node->n; i++)
        if (!is_constant(node->args[i])) return false;
    return true;
}

/* With aggregates there is one row, so nothing of a single record can stand in it. */
static bool finish(struct parser *p) {
    struct sql_query *q = p->query;
    if (q->all) {
        const struct sql_path *of = q->item_count ? &q->items[0].value->path : NULL;
        if (of && !str_eq_nocase(of->v[0].name, p->alias)) return bad(p, SQL_INVALID_TABLE_ALIAS);
        q->item_count = 0;
    }
    strip_alias(p, q->where);
    for (u32 i = 0; i < q->aggregate_count; i++) strip_alias(p, q->aggregates[i].of);
    for (u32 i = 0; i < q->item_count; i++) {
        strip_alias(p, q->items[i].value);
        if (!q->items[i].name.p) q->items[i].name = item_name(p, q->items[i].value, i + 1);
        if (q->aggregate_count && !is_constant(q->items[i].value)) return bad(p, SQL_UNSUPPORTED_STRUCTURE);
    }
    return true;
}

static bool statement(struct parser *p) {
    advance(p);
    if (p->problem) return false;
    if (!take_keyword(p, "select")) return bad(p, p->token.kind == TOKEN_WORD ? SQL_NOT_SELECT : SQL_EXPECTED_KEYWORD);
    if (!select_list(p) || !from_clause(p)) return false;
    if (take_keyword(p, "where")) {
        u32 before = p->query->aggregate_count;
        p->query->where = expression(p);
        if (!p->query->where) return false;
        if (p->query->aggregate_count != before) return bad(p, SQL_UNSUPPORTED_STRUCTURE);
    }
    if (!limit_clause(p)) return false;
    if (is_keyword(p, "group") || is_keyword(p, "order") || is_keyword(p, "having") || is_op(p, ",") || is_keyword(p, "join"))
        return bad(p, SQL_UNSUPPORTED_STRUCTURE);
    if (p->token.kind != TOKEN_END) return bad(p, SQL_EXPECTED_TOKEN);
    return !p->problem && finish(p);
}

struct sql_query *sql_parse(struct arena *a, str text, i64 now_ms, enum sql_problem *problem) {
    struct parser p = {.arena = a, .rest = text, .query = NEW(a, struct sql_query)};
    p.query->now_ms = now_ms;
    bool fine = statement(&p);
    *problem = fine ? SQL_OK : p.problem ? p.problem : SQL_UNSUPPORTED_SYNTAX;
    return fine ? p.query : NULL;
}
