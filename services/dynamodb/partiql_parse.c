/* PartiQL's statements, parsed front to back. The words of refusals are AWS's where they are known (measured in October
 * 2026); others begin with its "Statement wasn't well formed". */
#include "services/dynamodb/partiql.h"
#include "services/dynamodb/partiql_token.h"

/* Where inside an attribute's value a literal stands: AWS names it. */
struct place {
    const struct place *up;
    str name; /* of a map's entry; absent: `index` of a list */
    u32 index;
};

struct ql {
    struct call *c;
    str text;
    struct token_ql token;
    const struct dynamodb_prepared_statement_parameters *parameters;
    u32 used;  /* of the parameters */
    u32 depth, operators;
    bool assigning; /* behind SET */
};

static void next(struct ql *q) { q->token = ql_token(q->c->arena, q->text, q->token.end); }
static bool at(const struct ql *q, u16 sign) { return q->token.kind == SIGN && q->token.sign == sign; }
static bool at_word(const struct ql *q, str word) { return q->token.kind == WORD && str_eq_nocase(q->token.text, word); }

static err malformed(struct ql *q, const char *why) {
    return fail(q->c, &dynamodb_validation_exception, "Statement wasn't well formed, can't be processed: %s", why);
}

static err unexpected(struct ql *q) { return malformed(q, q->token.kind == STRAY ? "" : "Unexpected term"); }
static bool at_reserved(const struct ql *q) { return q->token.kind == WORD && ql_word_is_reserved(q->token.text); }
static err left_over(struct ql *q) { return malformed(q, q->token.kind == STRAY ? "" : "Unexpected token after expression"); }

/* What is wrong, and at which token. */
static err misplaced(struct ql *q, str what, const struct token_ql *token) {
    return fail(q->c, &dynamodb_validation_exception, "%.*s at %.*s", STR_ARGS(what), STR_ARGS(ql_position(q->c->arena, q->text, token)));
}

static bool take(struct ql *q, u16 sign) {
    if (!at(q, sign)) return false;
    next(q);
    return true;
}

static bool take_word(struct ql *q, str word) {
    if (!at_word(q, word)) return false;
    next(q);
    return true;
}

static err expect(struct ql *q, u16 sign) { return take(q, sign) ? NULL : unexpected(q); }
static err expect_word(struct ql *q, str word) { return take_word(q, word) ? NULL : unexpected(q); }

static err deeper(struct ql *q) {
    if (++q->depth > VALUE_DEPTH_MAX * 2) return malformed(q, "The statement is nested too deeply");
    return NULL;
}

/* ---- values ---- */

struct growing {
    void *v;
    u32 n, capacity;
};

static void *grow(struct ql *q, struct growing *g, size_t size) {
    if (g->n == g->capacity) {
        u32 capacity = g->capacity ? g->capacity * 2 : 8;
        void *more = arena_alloc_array(q->c->arena, capacity, size, 16);
        if (g->n) memcpy(more, g->v, g->n * size);
        g->v = more;
        g->capacity = capacity;
    }
    return (char *)g->v + g->n++ * size;
}

/* Literals become the wire's form, so that one check, with its messages, sees all values. */
static err literal(struct ql *q, const struct place *in, struct dynamodb_attribute_value *out);

static err literal_list(struct ql *q, const struct place *in, u16 end, struct dynamodb_list_attribute_value *out) {
    struct growing all = {0};
    struct place here = {.up = in};
    while (!at(q, end)) {
        if (all.n) TRY(expect(q, ','));
        here.index = all.n;
        TRY(literal(q, &here, grow(q, &all, sizeof *out->v)));
    }
    next(q);
    *out = (struct dynamodb_list_attribute_value){all.v, all.n, true};
    return NULL;
}

/* item: its entries are attributes, each a root. */
static err literal_map(struct ql *q, const struct place *in, bool item, struct dynamodb_map_attribute_value *out) {
    struct growing all = {0};
    struct place here = {.up = in};
    while (!at(q, '}')) {
        if (all.n) TRY(expect(q, ','));
        struct dynamodb_map_attribute_value_entry *e = grow(q, &all, sizeof *out->v);
        if (q->token.kind != STRING && q->token.kind != NAME) return unexpected(q);
        e->key = here.name = q->token.text;
        next(q);
        TRY(expect(q, ':'));
        TRY(literal(q, item ? NULL : &here, &e->value));
    }
    next(q);
    *out = (struct dynamodb_map_attribute_value){all.v, all.n, true};
    return NULL;
}

static err literal_set(struct ql *q, const struct place *in, struct dynamodb_attribute_value *out) {
    struct dynamodb_list_attribute_value list;
    TRY(literal_list(q, in, TWO('>', '>'), &list));
    if (!list.n) return fail(q->c, &dynamodb_validation_exception, "Empty bags are not supported");
    str *strings = NEW_ARRAY(q->c->arena, str, list.n + 1);
    u32 of_s = 0, of_n = 0, of_b = 0;
    for (u32 i = 0; i < list.n; i++) {
        of_s += list.v[i].s.p != NULL;
        of_n += list.v[i].n.p != NULL;
        of_b += list.v[i].b.p != NULL;
        strings[i] = list.v[i].s.p ? list.v[i].s : list.v[i].n.p ? list.v[i].n : list.v[i].b;
    }
    if (of_n && of_n == list.n) out->ns = (struct dynamodb_number_set_attribute_value){strings, list.n, true};
    else if (of_b && of_b == list.n) out->bs = (struct dynamodb_binary_set_attribute_value){strings, list.n, true};
    else if (of_s == list.n) out->ss = (struct dynamodb_string_set_attribute_value){strings, list.n, true};
    else return malformed(q, "A set holds strings, numbers or binaries, of one type");
    return NULL;
}

static err parameter(struct ql *q, struct dynamodb_attribute_value *out) {
    if (!q->parameters || q->used >= q->parameters->n)
        return fail(q->c, &dynamodb_validation_exception, "Number of parameters in request and statement don't match.");
    *out = q->parameters->v[q->used++];
    return NULL;
}

static void add_place(struct buf *b, const struct place *p) {
    if (!p) return;
    add_place(b, p->up);
    if (p->name.p) buf_format(b, ".%.*s", STR_ARGS(p->name));
    else buf_format(b, "[%u]", p->index);
}

static err literal_number(struct ql *q, const struct place *in, str text, struct dynamodb_attribute_value *out) {
    struct number n;
    if (!ql_number_readable(text)) return malformed(q, "");
    enum number_fault fault = number_parse(text, &n);
    out->n = text;
    if (fault == NUMBER_FINE) return NULL;
    err e = number_fail(q->c, fault, text);
    struct buf at = buf_new(q->c->arena, 64 << 10);
    add_place(&at, in);
    return fail(q->c, e, "%.*s under root%.*s", STR_ARGS(q->c->error_message), STR_ARGS(buf_str(&at)));
}

static bool call_follows(struct ql *q) {
    if (q->token.kind != WORD) return false;
    struct token_ql following = ql_token(q->c->arena, q->text, q->token.end);
    return following.kind == SIGN && following.sign == '(';
}

static err literal(struct ql *q, const struct place *in, struct dynamodb_attribute_value *out) {
    if (call_follows(q)) return misplaced(q, arena_format(q->c->arena, "Unsupported data type: %.*s under key root", STR_ARGS(q->token.text)), &q->token);
    *out = (struct dynamodb_attribute_value){0};
    struct token_ql t = q->token;
    TRY(deeper(q));
    next(q);
    err e = NULL;
    if (t.kind == STRING) out->s = t.text;
    else if (t.kind == NUMBER) e = literal_number(q, in, t.text, out);
    else if (t.kind == SIGN && t.sign == '-' && q->token.kind == NUMBER) {
        e = literal_number(q, in, arena_format(q->c->arena, "-%.*s", STR_ARGS(q->token.text)), out);
        next(q);
    } else if (t.kind == WORD && str_eq_nocase(t.text, S("true"))) out->bool_ = SOME_BOOL(true);
    else if (t.kind == WORD && str_eq_nocase(t.text, S("false"))) out->bool_ = SOME_BOOL(false);
    else if (t.kind == WORD && str_eq_nocase(t.text, S("null"))) out->null = SOME_BOOL(true);
    else if (t.kind == SIGN && t.sign == '[') e = literal_list(q, in, ']', &out->l);
    else if (t.kind == SIGN && t.sign == '{') e = literal_map(q, in, false, &out->m);
    else if (t.kind == SIGN && t.sign == TWO('<', '<')) e = literal_set(q, in, out);
    else if (t.kind == SIGN && t.sign == '?') e = parameter(q, out);
    else {
        q->token = t;
        e = unexpected(q);
    }
    q->depth--;
    return e;
}

static err value(struct ql *q, struct value *out) {
    struct dynamodb_attribute_value wire;
    TRY(literal(q, NULL, &wire));
    return value_of_wire(q->c, &wire, out);
}

/* ---- paths and operands ---- */

static bool at_name(const struct ql *q) { return q->token.kind == NAME || (q->token.kind == WORD && !ql_word_is_keyword(q->token.text)); }

static err step_in_brackets(struct ql *q, struct step *step) {
    u64 index = 0;
    if (q->token.kind == STRING) step->name = q->token.text;
    else if (q->token.kind == NUMBER && str_to_u64(q->token.text, &index) && index <= INT32_MAX) step->index = (u32)index;
    else return unexpected(q);
    next(q);
    return expect(q, ']');
}

static err path(struct ql *q, struct path *out) {
    struct growing steps = {0};
    if (!at_name(q)) return malformed(q, "Expected identifier for simple path");
    ((struct step *)grow(q, &steps, sizeof(struct step)))->name = q->token.text;
    next(q);
    for (;;) {
        struct step step = {0};
        if (take(q, '.')) {
            if (q->token.kind != NAME && q->token.kind != WORD) return unexpected(q);
            step.name = q->token.text;
            next(q);
        } else if (take(q, '[')) {
            TRY(step_in_brackets(q, &step));
        } else {
            break;
        }
        if (steps.n == PATH_STEPS_MAX) return malformed(q, "The document path has too many nesting levels");
        *(struct step *)grow(q, &steps, sizeof step) = step;
    }
    *out = (struct path){steps.v, steps.n};
    return NULL;
}

static struct node *nodes(struct ql *q, const struct node *v, u32 n) {
    struct node *copy = NEW_ARRAY(q->c->arena, struct node, n);
    memcpy(copy, v, n * sizeof *v);
    return copy;
}

static err operand(struct ql *q, struct node *out);

/* Those of a function, up to two; more are counted. */
static err arguments(struct ql *q, struct node *args, u32 *n) {
    *n = 0;
    TRY(expect(q, '('));
    if (take(q, ')')) return NULL;
    do {
        struct node beyond;
        TRY(operand(q, *n < 2 ? &args[*n] : &beyond));
        ++*n;
    } while (take(q, ','));
    return expect(q, ')');
}

static str lowered(struct arena *a, str word) {
    struct buf b = buf_new(a, word.n);
    for (size_t i = 0; i < word.n; i++) buf_char(&b, word.p[i] >= 'A' && word.p[i] <= 'Z' ? (char)(word.p[i] + 'a' - 'A') : word.p[i]);
    return buf_str(&b);
}

static err function(struct ql *q, struct node *out) {
    struct node args[2] = {0};
    u8 which = function_of_nocase(q->token.text);
    str name = which ? function_name(which) : lowered(q->c->arena, q->token.text);
    if (!which || (function_of_update(which) && !q->assigning)) return misplaced(q, arena_concat(q->c->arena, S("Unrecognized function: "), name), &q->token);
    TRY(deeper(q));
    next(q);
    *out = (struct node){.kind = NODE_FUNCTION, .function = which, .name = name};
    TRY(arguments(q, args, &out->n));
    q->depth--;
    if (out->n != function_operands(which))
        return fail(q->c, &dynamodb_validation_exception,
                    "Incorrect number of operands for operator or function; operator or function: %.*s, number of operands: %u", STR_ARGS(name), out->n);
    bool exists = which == ATTRIBUTE_EXISTS || which == ATTRIBUTE_NOT_EXISTS;
    if (exists && args[0].kind != NODE_PATH)
        return fail(q->c, &dynamodb_validation_exception, "Operator or function requires a document path; operator or function: %.*s", STR_ARGS(name));
    out->args = nodes(q, args, out->n);
    return NULL;
}

static err operand(struct ql *q, struct node *out) {
    if (call_follows(q)) return function(q, out);
    if (at_reserved(q)) return malformed(q, "Unexpected keyword");
    *out = (struct node){.kind = NODE_PATH};
    if (at_name(q)) return path(q, &out->path);
    out->kind = NODE_VALUE;
    return value(q, &out->value);
}

/* ---- WHERE ---- */

static err where_or(struct ql *q, struct node *out);

static err count(struct ql *q) {
    if (++q->operators > OPERATORS_MAX) return malformed(q, "The expression contains too many operators");
    return NULL;
}

static err in_list(struct ql *q, struct node *out) {
    struct growing all = {0};
    u16 end = at(q, '(') ? ')' : ']';
    *(struct node *)grow(q, &all, sizeof *out) = *out;
    if (!take(q, '(') && !take(q, '[')) return unexpected(q);
    do {
        if (all.n > OPERANDS_MAX) return malformed(q, "Too many values in IN");
        TRY(operand(q, grow(q, &all, sizeof *out)));
    } while (take(q, ','));
    TRY(expect(q, end));
    *out = (struct node){.kind = NODE_IN, .n = all.n, .args = all.v};
    return NULL;
}

static err between(struct ql *q, struct node *out) {
    struct node args[3] = {*out};
    TRY(operand(q, &args[1]));
    TRY(expect_word(q, S("AND")));
    TRY(operand(q, &args[2]));
    *out = (struct node){.kind = NODE_BETWEEN, .n = 3, .args = nodes(q, args, 3)};
    return NULL;
}

/* IS [NOT] MISSING, IS [NOT] NULL */
static err is_something(struct ql *q, struct node *out) {
    bool no = take_word(q, S("NOT")), missing = at_word(q, S("MISSING"));
    if (!missing && !at_word(q, S("NULL"))) return unexpected(q);
    next(q);
    struct node args[2] = {*out, {.kind = NODE_VALUE, .value = value_string(S("NULL"))}};
    struct node test = {.kind = NODE_FUNCTION, .n = missing ? 1 : 2, .args = nodes(q, args, 2)};
    test.function = !missing ? ATTRIBUTE_TYPE : no ? ATTRIBUTE_EXISTS : ATTRIBUTE_NOT_EXISTS;
    *out = test;
    if (no && !missing) *out = (struct node){.kind = NODE_NOT, .n = 1, .args = nodes(q, &test, 1)};
    return NULL;
}

static u8 comparator(const struct ql *q) {
    if (q->token.kind != SIGN) return 0;
    switch (q->token.sign) {
    case '=': return NODE_EQ;
    case '<': return NODE_LT;
    case '>': return NODE_GT;
    case TWO('<', '>'):
    case TWO('!', '='): return NODE_NE;
    case TWO('<', '='): return NODE_LE;
    case TWO('>', '='): return NODE_GE;
    default: return 0;
    }
}

static err comparison(struct ql *q, struct node *out) {
    TRY(operand(q, out));
    u8 kind = comparator(q);
    TRY(count(q));
    if (take_word(q, S("BETWEEN"))) return between(q, out);
    if (take_word(q, S("IN"))) return in_list(q, out);
    if (take_word(q, S("IS"))) return is_something(q, out);
    if (!kind) return out->kind == NODE_FUNCTION && out->function != SIZE ? NULL : unexpected(q);
    next(q);
    struct node args[2] = {*out};
    TRY(operand(q, &args[1]));
    *out = (struct node){.kind = kind, .n = 2, .args = nodes(q, args, 2)};
    return NULL;
}

static err where_not(struct ql *q, struct node *out) {
    bool odd = false;
    for (; take_word(q, S("NOT")); odd = !odd) TRY(count(q));
    if (at(q, '(')) {
        TRY(deeper(q));
        next(q);
        TRY(where_or(q, out));
        TRY(expect(q, ')'));
        q->depth--;
    } else {
        TRY(comparison(q, out));
    }
    if (odd) *out = (struct node){.kind = NODE_NOT, .n = 1, .args = nodes(q, out, 1)};
    return NULL;
}

static err joined(struct ql *q, u8 kind, struct node *out) {
    struct growing all = {0};
    do {
        if (all.n) TRY(count(q));
        struct node *one = grow(q, &all, sizeof *out);
        TRY(kind == NODE_AND ? where_not(q, one) : joined(q, NODE_AND, one));
    } while (take_word(q, kind == NODE_AND ? S("AND") : S("OR")));
    *out = all.n == 1 ? *(struct node *)all.v : (struct node){.kind = kind, .n = all.n, .args = all.v};
    return NULL;
}

static err where_or(struct ql *q, struct node *out) { return joined(q, NODE_OR, out); }

static err where(struct ql *q, struct statement *s) {
    if (!take_word(q, S("WHERE"))) return NULL;
    s->has_where = true;
    return where_or(q, &s->where);
}

/* ---- statements ---- */

static err component(struct ql *q, str *out) {
    if (!at_name(q)) return malformed(q, "Expected identifier for simple path");
    *out = q->token.text;
    next(q);
    return out->n ? NULL : fail(q->c, &dynamodb_validation_exception, "Path component cannot be an empty string");
}

static err table(struct ql *q, struct statement *s) {
    TRY(component(q, &s->table));
    if (!take(q, '.')) return NULL;
    TRY(component(q, &s->index));
    return at(q, '.') ? fail(q->c, &dynamodb_validation_exception, "A path may contain at most 2 components in the FROM clause") : NULL;
}

static err no_alias(struct ql *q) {
    return at_name(q) ? fail(q->c, &dynamodb_validation_exception, "Aliasing is not supported") : NULL;
}

static err order_by(struct ql *q, struct statement *s) {
    if (!take_word(q, S("ORDER"))) return NULL;
    TRY(expect_word(q, S("BY")));
    if (!at_name(q)) return unexpected(q);
    s->order_by = q->token.text;
    next(q);
    s->descending = take_word(q, S("DESC"));
    if (!s->descending) (void)take_word(q, S("ASC"));
    return NULL;
}

static err projected(struct ql *q, struct path *out) {
    if (call_follows(q)) return misplaced(q, S("Unexpected path component"), &q->token);
    return at_reserved(q) ? malformed(q, "Unexpected keyword") : path(q, out);
}

static err select(struct ql *q, struct statement *s) {
    s->kind = STATEMENT_SELECT;
    if (!take(q, '*')) {
        struct growing all = {0};
        do TRY(projected(q, grow(q, &all, sizeof *s->paths)));
        while (take(q, ','));
        s->paths = all.v;
        s->n_paths = all.n;
    }
    TRY(expect_word(q, S("FROM")));
    TRY(table(q, s));
    TRY(no_alias(q));
    TRY(where(q, s));
    return order_by(q, s);
}

/* SQL's "(a, b) VALUES (1, 2)": for AWS the expression ends at the parenthesis. */
static err insert_columns(struct ql *q) {
    struct node column;
    do {
        next(q);
        TRY(operand(q, &column));
    } while (at(q, ','));
    TRY(expect(q, ')'));
    return left_over(q);
}

static err insert(struct ql *q, struct statement *s) {
    s->kind = STATEMENT_INSERT;
    TRY(expect_word(q, S("INTO")));
    TRY(table(q, s));
    if (at(q, '(')) return insert_columns(q);
    if (!take_word(q, S("VALUE"))) return at_name(q) ? left_over(q) : unexpected(q);
    struct dynamodb_attribute_value wire = {0};
    TRY(take(q, '{') ? literal_map(q, NULL, true, &wire.m) : literal(q, NULL, &wire));
    if (!wire.m.set) return malformed(q, "Expected a map as the value of INSERT");
    return item_of_wire(q->c, wire.m.v, wire.m.n, sizeof *wire.m.v, &s->item);
}

/* a = set_add(a, <<1>>) and set_delete are ADD and DELETE. */
static err set_function(struct ql *q, struct action *a, bool add) {
    const struct token_ql name = q->token;
    const char *said = add ? "SET_ADD" : "SET_DELETE";
    struct node args[2] = {0};
    u32 n;
    next(q);
    struct token_ql first = ql_token(q->c->arena, q->text, q->token.end);
    TRY(arguments(q, args, &n));
    if (n != 2) return misplaced(q, arena_format(q->c->arena, "%s must have exactly two arguments", said), &name);
    if (args[0].kind != NODE_PATH || path_compare(&args[0].path, &a->path) != 0)
        return misplaced(q, arena_format(q->c->arena, "The first argument to %s must equal the assignment value", said), &name);
    if (args[1].kind != NODE_VALUE || !type_is_set(args[1].value.type))
        return misplaced(q, arena_format(q->c->arena, "The second argument to %s must be a value with type SET", said), &first);
    a->kind = add ? ACTION_ADD : ACTION_DELETE;
    a->operand = args[1];
    return NULL;
}

/* What is assigned may be made by functions that WHERE does not know. */
static err assigned(struct ql *q, struct node *out) {
    q->assigning = true;
    err e = operand(q, out);
    q->assigning = false;
    return e;
}

static err assignment(struct ql *q, struct action *a) {
    a->kind = ACTION_SET;
    TRY(path(q, &a->path));
    TRY(expect(q, '='));
    bool add = call_follows(q) && at_word(q, S("set_add"));
    if (add || (call_follows(q) && at_word(q, S("set_delete")))) return set_function(q, a, add);
    TRY(assigned(q, &a->operand));
    bool plus = at(q, '+');
    if (!plus && !at(q, '-')) return NULL;
    next(q);
    struct node args[2] = {a->operand};
    TRY(assigned(q, &args[1]));
    a->operand = (struct node){.kind = plus ? NODE_PLUS : NODE_MINUS, .n = 2, .args = nodes(q, args, 2)};
    return NULL;
}

static err returning(struct ql *q, struct statement *s) {
    if (!take_word(q, S("RETURNING"))) return NULL;
    bool all = take_word(q, S("ALL"));
    if (!all) TRY(expect_word(q, S("MODIFIED")));
    bool old = take_word(q, S("OLD"));
    if (!old) TRY(expect_word(q, S("NEW")));
    s->returning = all ? (old ? RETURNING_ALL_OLD : RETURNING_ALL_NEW) : (old ? RETURNING_MODIFIED_OLD : RETURNING_MODIFIED_NEW);
    return expect(q, '*');
}

static err check_overlaps(struct ql *q, const struct update *u) {
    struct parser p = {.c = q->c};
    struct path *paths = NEW_ARRAY(q->c->arena, struct path, u->n + 1);
    for (u32 i = 0; i < u->n; i++) {
        parser_check_paths(&p, paths, i, &u->actions[i].path);
        paths[i] = u->actions[i].path;
    }
    str fault = p.faults[FAULT_OVERLAP].p ? p.faults[FAULT_OVERLAP] : p.faults[FAULT_CONFLICT];
    return fault.p ? fail(q->c, &dynamodb_validation_exception, "%.*s", STR_ARGS(fault)) : NULL;
}

static err update(struct ql *q, struct statement *s) {
    struct growing all = {0};
    s->kind = STATEMENT_UPDATE;
    TRY(table(q, s));
    TRY(no_alias(q));
    while (at_word(q, S("SET")) || at_word(q, S("REMOVE"))) {
        bool set = at_word(q, S("SET"));
        next(q);
        do {
            if (all.n >= OPERATORS_MAX) return malformed(q, "Too many changes in one statement");
            struct action *a = grow(q, &all, sizeof *a);
            a->kind = ACTION_REMOVE;
            TRY(set ? assignment(q, a) : path(q, &a->path));
        } while (take(q, ','));
    }
    if (!all.n) return malformed(q, "Expected data manipulation");
    s->update = (struct update){all.v, all.n};
    TRY(check_overlaps(q, &s->update));
    TRY(where(q, s));
    return returning(q, s);
}

static err delete_from(struct ql *q, struct statement *s) {
    s->kind = STATEMENT_DELETE;
    TRY(expect_word(q, S("FROM")));
    TRY(table(q, s));
    TRY(no_alias(q));
    TRY(where(q, s));
    return returning(q, s);
}

static err exists(struct ql *q, struct statement *s) {
    TRY(expect(q, '('));
    TRY(expect_word(q, S("SELECT")));
    TRY(select(q, s));
    s->kind = STATEMENT_EXISTS;
    return expect(q, ')');
}

static err any_statement(struct ql *q, struct statement *s) {
    if (take_word(q, S("SELECT"))) return select(q, s);
    if (take_word(q, S("INSERT"))) return insert(q, s);
    if (take_word(q, S("UPDATE"))) return update(q, s);
    if (take_word(q, S("DELETE"))) return delete_from(q, s);
    if (take_word(q, S("EXISTS"))) return exists(q, s);
    return at_name(q) ? malformed(q, "Expected data manipulation") : unexpected(q);
}

err statement_parse(struct call *c, str text, const struct dynamodb_prepared_statement_parameters *parameters, struct statement *out) {
    struct ql q = {.c = c, .text = text, .parameters = parameters && parameters->set ? parameters : NULL};
    *out = (struct statement){0};
    q.token = ql_token(c->arena, text, 0);
    TRY(any_statement(&q, out));
    (void)take(&q, ';');
    if (q.token.kind != END) return left_over(&q);
    if (q.parameters && q.used != q.parameters->n)
        return fail(c, &dynamodb_validation_exception, "Number of parameters in request and statement don't match.");
    return NULL;
}
