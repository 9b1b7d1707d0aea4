/* PartiQL's statements, parsed front to back. */
#include "services/dynamodb/partiql.h"
#include "services/dynamodb/partiql_parser.h"

static err refuse(struct ql *q, const char *message) { return fail(q->c, &dynamodb_validation_exception, "%s", message); }
static err left_over(struct ql *q) { return ql_malformed(q, "Unexpected token after expression"); }

/* ---- clauses ---- */

static err component(struct ql *q, str *out) {
    if (!ql_at_name(q)) return ql_malformed(q, "Expected identifier for simple path");
    *out = q->token.text;
    ql_next(q);
    if (!out->n) ql_refuse(q, refuse(q, "Path component cannot be an empty string"));
    return NULL;
}

static err table(struct ql *q, struct statement *s) {
    TRY(component(q, &s->table));
    if (!ql_take(q, '.')) return NULL;
    if (!ql_at_name(q)) return ql_malformed(q, "Invalid path dot component");
    TRY(component(q, &s->index));
    while (ql_take(q, '.')) {
        if (!ql_at_name(q)) return ql_malformed(q, "Invalid path dot component");
        ql_next(q);
        ql_refuse(q, refuse(q, "A path may contain at most 2 components in the FROM clause"));
    }
    return NULL;
}

static err alias(struct ql *q) {
    bool as = ql_take_word(q, S("AS"));
    if (as && !ql_at_name(q)) return ql_malformed(q, "Expected identifier for AS-alias");
    if (!ql_at_name(q)) return NULL;
    ql_next(q);
    ql_refuse(q, refuse(q, "Aliasing is not supported"));
    return NULL;
}

static err where(struct ql *q, struct statement *s) {
    if (!ql_take_word(q, S("WHERE"))) return NULL;
    s->has_where = true;
    TRY(ql_expression(q, BINDS_NOTHING, &s->where));
    if (!ql_is_test(&s->where))
        ql_refuse(q, fail(q->c, &dynamodb_validation_exception, "WHERE clause must contain an expression that resolves to a boolean"));
    return NULL;
}

static err order_by(struct ql *q, struct statement *s) {
    struct growing all = {0};
    if (!ql_take_word(q, S("ORDER"))) return NULL;
    if (!ql_take_word(q, S("BY"))) return ql_malformed(q, "Expected BY");
    do {
        struct order *o = ql_grow(q, &all, sizeof *o);
        struct node by;
        TRY(ql_expression(q, BINDS_NOTHING, &by));
        if (by.kind == NODE_PATH && by.path.n == 1) o->by = by.path.steps[0].name;
        else ql_refuse(q, ql_malformed(q, "Unexpected term"));
        o->descending = ql_take_word(q, S("DESC"));
        if (!o->descending) (void)ql_take_word(q, S("ASC"));
    } while (ql_take(q, ','));
    s->order = all.v;
    s->n_order = all.n;
    return NULL;
}

/* How many items is said beside the statement. */
static err limit(struct ql *q) {
    struct node n;
    if (!ql_take_word(q, S("LIMIT"))) return NULL;
    struct token_ql at = q->token;
    TRY(ql_expression(q, BINDS_NOTHING, &n));
    ql_refuse_at(q, S("Unsupported clause: LIMIT"), &at);
    return NULL;
}

static err returning(struct ql *q, struct statement *s) {
    static const char expected[] = "Expected ( MODIFIED | ALL ) ( NEW | OLD ) in each returning element.";
    if (!ql_take_word(q, S("RETURNING"))) return NULL;
    bool all = ql_take_word(q, S("ALL"));
    if (!all && !ql_take_word(q, S("MODIFIED"))) return ql_malformed(q, expected);
    bool old = ql_take_word(q, S("OLD"));
    if (!old && !ql_take_word(q, S("NEW"))) return ql_malformed(q, expected);
    s->returning = all ? (old ? RETURNING_ALL_OLD : RETURNING_ALL_NEW) : (old ? RETURNING_MODIFIED_OLD : RETURNING_MODIFIED_NEW);
    return ql_expect(q, '*');
}

/* ---- SELECT ---- */

static err projected(struct ql *q, struct path *out) {
    struct token_ql at = q->token;
    struct node n;
    err before = q->fault;
    if (ql_at_word(q, S("FROM"))) return ql_malformed(q, "Expected data manipulation"); /* FROM begins a statement of PartiQL */
    TRY(ql_expression(q, BINDS_NOTHING, &n));
    if (n.kind == NODE_PATH) {
        *out = n.path;
        return alias(q);
    }
    if (!before) q->fault = NULL; /* what is no path is not looked into */
    ql_refuse_at(q, S("Unexpected path component"), &at);
    return alias(q);
}

static err select_list(struct ql *q, struct statement *s) {
    struct growing all = {0};
    bool star = false;
    do {
        if (ql_take(q, '*')) star = true;
        else TRY(projected(q, ql_grow(q, &all, sizeof *s->paths)));
    } while (ql_take(q, ','));
    if (star && all.n)
        return ql_malformed(q, "Other expressions may not be present in the select list when '*' is used without dot notation.");
    s->paths = all.v;
    s->n_paths = all.n;
    return NULL;
}

static err select(struct ql *q, struct statement *s) {
    s->kind = STATEMENT_SELECT;
    TRY(select_list(q, s));
    if (!ql_take_word(q, S("FROM"))) return ql_malformed(q, "Expected FROM after SELECT list");
    TRY(table(q, s));
    TRY(alias(q));
    TRY(where(q, s));
    TRY(order_by(q, s));
    return limit(q);
}

/* ---- INSERT ---- */

/* "INSERT INTO t ..." without VALUE has an expression there for PartiQL: SQL's "(a, b) VALUES (1, 2)" ends behind the first list. */
static err insert_other(struct ql *q) {
    struct node n;
    if (ql_take_word(q, S("VALUES"))) return ql_malformed(q, "Expected LEFT_PAREN for row value constructor");
    TRY(ql_expression(q, BINDS_NOTHING, &n));
    return left_over(q);
}

static err insert(struct ql *q, struct statement *s) {
    s->kind = STATEMENT_INSERT;
    TRY(table(q, s));
    return ql_take_word(q, S("VALUE")) ? ql_item(q, &s->item) : insert_other(q);
}

/* ---- UPDATE ---- */

static err set_function(struct ql *q, struct action *a, bool add) {
    const struct token_ql name = q->token;
    const char *said = add ? "SET_ADD" : "SET_DELETE";
    struct node args[2] = {0};
    u32 n;
    ql_next(q);
    struct token_ql first = ql_token(q->c->arena, q->text, q->token.end);
    TRY(ql_arguments(q, args, &n));
    a->kind = add ? ACTION_ADD : ACTION_DELETE;
    a->operand = args[1];
    if (n != 2) ql_refuse_at(q, arena_format(q->c->arena, "%s must have exactly two arguments", said), &name);
    else if (args[0].kind != NODE_PATH || path_compare(&args[0].path, &a->path) != 0)
        ql_refuse_at(q, arena_format(q->c->arena, "The first argument to %s must equal the assignment value", said), &name);
    else if (args[1].kind != NODE_VALUE || !type_is_set(args[1].value.type))
        ql_refuse_at(q, arena_format(q->c->arena, "The second argument to %s must be a value with type SET", said), &first);
    return NULL;
}

static err assignment(struct ql *q, struct action *a) {
    a->kind = ACTION_SET;
    TRY(ql_simple_path(q, &a->path));
    TRY(ql_expect(q, '='));
    bool add = ql_call_follows(q) && ql_at_word(q, S("set_add"));
    if (add || (ql_call_follows(q) && ql_at_word(q, S("set_delete")))) return set_function(q, a, add);
    q->assigning = true; /* there are functions that WHERE does not know */
    TRY(ql_expression(q, BINDS_NOTHING, &a->operand));
    q->assigning = false;
    if (ql_is_test(&a->operand)) ql_refuse(q, ql_malformed(q, "Unexpected term"));
    return NULL;
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

/* SET takes several, REMOVE one; both may come again. */
static err changes(struct ql *q, struct update *u) {
    struct growing all = {0};
    while (ql_at_word(q, S("SET")) || ql_at_word(q, S("REMOVE"))) {
        bool set = ql_at_word(q, S("SET"));
        do {
            if (all.n >= OPERATORS_MAX) return ql_malformed(q, "Too many changes in one statement");
            struct action *a = ql_grow(q, &all, sizeof *a);
            a->kind = ACTION_REMOVE;
            ql_next(q);
            TRY(set ? assignment(q, a) : ql_simple_path(q, &a->path));
        } while (set && ql_at(q, ','));
    }
    *u = (struct update){all.v, all.n};
    return all.n ? NULL : ql_malformed(q, "Expected data manipulation");
}

static err update(struct ql *q, struct statement *s) {
    s->kind = STATEMENT_UPDATE;
    TRY(table(q, s));
    TRY(alias(q));
    TRY(changes(q, &s->update));
    TRY(where(q, s));
    TRY(returning(q, s));
    if (!q->fault) ql_refuse(q, check_overlaps(q, &s->update));
    return NULL;
}

/* ---- DELETE, EXISTS ---- */

static err delete_from(struct ql *q, struct statement *s) {
    s->kind = STATEMENT_DELETE;
    if (!ql_take_word(q, S("FROM"))) return ql_malformed(q, "Expected FROM after DELETE");
    TRY(table(q, s));
    TRY(alias(q));
    TRY(where(q, s));
    return returning(q, s);
}

static err exists(struct ql *q, struct statement *s) {
    TRY(ql_expect(q, '('));
    if (!ql_take_word(q, S("SELECT"))) return ql_unexpected(q);
    TRY(select(q, s));
    s->kind = STATEMENT_EXISTS;
    return ql_expect(q, ')');
}

/* ---- statements ---- */

/* For PartiQL any expression is a statement: "SELEC * FROM t" multiplies, and its FROM lacks what is to be done. */
static err other(struct ql *q) {
    struct node n;
    bool schema = ql_at_word(q, S("CREATE")) || ql_at_word(q, S("DROP"));
    if (!schema && !ql_at_name(q)) return ql_unexpected(q);
    ql_next(q);
    if (schema || q->token.kind == END || ql_at(q, '*')) return ql_malformed(q, "Expected data manipulation");
    if (ql_at(q, '(')) TRY(ql_expression(q, BINDS_NOTHING, &n));
    return left_over(q);
}

static err any_statement(struct ql *q, struct statement *s) {
    struct token_ql first = q->token;
    if (ql_take_word(q, S("SELECT"))) return select(q, s);
    if (ql_take_word(q, S("UPDATE"))) return update(q, s);
    if (ql_take_word(q, S("DELETE"))) return delete_from(q, s);
    if (ql_at_word(q, S("EXISTS")) && ql_call_follows(q)) {
        ql_next(q);
        return exists(q, s);
    }
    if (ql_take_word(q, S("INSERT")) && ql_take_word(q, S("INTO"))) return insert(q, s);
    q->token = first;
    return other(q);
}

/* All of a text is read before any of it is understood. */
static err check_tokens(struct ql *q) {
    for (q->token = ql_token(q->c->arena, q->text, 0); q->token.kind != END; ql_next(q))
        if (q->token.kind == STRAY) return ql_malformed(q, "");
    return NULL;
}

err statement_parse(struct call *c, str text, const struct dynamodb_prepared_statement_parameters *parameters, struct statement *out) {
    struct ql q = {.c = c, .text = text, .parameters = parameters && parameters->set ? parameters : NULL};
    *out = (struct statement){0};
    TRY(check_tokens(&q));
    q.token = ql_token(c->arena, text, 0);
    TRY(any_statement(&q, out));
    if (ql_take(&q, ';') && q.token.kind != END) return ql_malformed(&q, "Unexpected token after semicolon. (Only one query is allowed.)");
    if (q.token.kind != END) return left_over(&q);
    if (!q.fault && q.parameters && q.used != q.parameters->n)
        return fail(c, &dynamodb_validation_exception, "Number of parameters in request and statement don't match.");
    if (!q.fault) return NULL;
    return fail(c, q.fault, "%.*s", STR_ARGS(q.fault_words));
}
