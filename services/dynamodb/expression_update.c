/* Update expressions: their grammar, and the item that comes of them. */
#include "services/dynamodb/expression_tree.h"

/* ---- parsing ----
 *
 *     update  := section+
 *     section := "SET" path "=" value, ... | "REMOVE" path, ... | "ADD" path :value, ... | "DELETE" path :value, ...
 *     value   := operand | operand "+" operand | operand "-" operand */

struct building {
    struct parser p;
    struct action *actions;
    struct path *paths; /* the targets, for the check of overlaps */
    u32 n, capacity;
    bool seen[ACTION_DELETE + 1];
};

static const struct {
    str word;
    u8 kind;
} sections[] = {
    {{"SET", 3}, ACTION_SET}, {{"REMOVE", 6}, ACTION_REMOVE}, {{"ADD", 3}, ACTION_ADD}, {{"DELETE", 6}, ACTION_DELETE}};

static struct action *action_new(struct building *b) {
    struct arena *a = b->p.c->arena;
    if (b->n == b->capacity) {
        u32 capacity = b->capacity ? b->capacity * 2 : 8;
        struct action *actions = NEW_ARRAY(a, struct action, capacity);
        struct path *paths = NEW_ARRAY(a, struct path, capacity);
        if (b->n) memcpy(actions, b->actions, b->n * sizeof *actions);
        if (b->n) memcpy(paths, b->paths, b->n * sizeof *paths);
        b->actions = actions;
        b->paths = paths;
        b->capacity = capacity;
    }
    return &b->actions[b->n];
}

static err count_operator(struct parser *p) {
    if (++p->operators <= OPERATORS_MAX) return NULL;
    return fail(p->c, &dynamodb_validation_exception, "Invalid %s: The expression contains too many operators; operator count: %u", p->what,
                p->operators);
}

/* Behind an operand: a sign and another one. */
static err parse_sum(struct parser *p, struct node *node) {
    bool plus = parser_at(p, '+');
    if (!plus && !parser_at(p, '-')) return NULL;
    TRY(count_operator(p));
    parser_next(p);
    struct node *args = node_new(p, 2);
    args[0] = *node;
    TRY(parse_operand(p, &args[1]));
    *node = (struct node){.kind = plus ? NODE_PLUS : NODE_MINUS, .n = 2, .args = args};
    parser_check_operator(p, node);
    return NULL;
}

/* "(" may belong to the first operand or to the whole sum. */
static err parse_set_value(struct parser *p, struct node *node) {
    if (!parser_at(p, '(')) {
        TRY(parse_operand(p, node));
        return parse_sum(p, node);
    }
    parser_next(p);
    TRY(parse_operand(p, node));
    TRY(parse_sum(p, node));
    TRY(parser_expect(p, ')'));
    return node->kind == NODE_PLUS || node->kind == NODE_MINUS ? NULL : parse_sum(p, node);
}

/* ADD takes numbers and sets, DELETE sets. */
static void check_literal(struct parser *p, u8 kind, u8 type) {
    static const char *const names[] = {[VALUE_S] = "STRING", [VALUE_N] = "NUMBER", [VALUE_B] = "BINARY", [VALUE_M] = "MAP",
                                        [VALUE_L] = "LIST",   [VALUE_NULL] = "NULL", [VALUE_BOOL] = "BOOLEAN"};
    if (!type || type_is_set(type) || (kind == ACTION_ADD && type == VALUE_N)) return;
    const char *operator = kind == ACTION_ADD ? "ADD" : "DELETE";
    parser_fault(p, FAULT_OPERAND, "Incorrect operand type for operator or function; operator: %s, operand type: %s, typeSet: ALLOWED_FOR_%s_OPERAND",
                 operator, names[type], operator);
}

static err parse_action(struct building *b, u8 kind) {
    struct parser *p = &b->p;
    struct action *action = action_new(b);
    *action = (struct action){.kind = kind};
    TRY(parse_path(p, &action->path));
    parser_check_paths(p, b->paths, b->n, &action->path);
    b->paths[b->n++] = action->path;
    if (kind == ACTION_REMOVE) return NULL;
    if (kind == ACTION_SET) {
        TRY(count_operator(p));
        TRY(parser_expect(p, '='));
        return parse_set_value(p, &action->operand);
    }
    TRY(count_operator(p));
    if (p->token.kind != TOKEN_VALUE) return parser_syntax(p);
    TRY(parse_operand(p, &action->operand));
    check_literal(p, kind, action->operand.value.type);
    return NULL;
}

static err parse_section(struct building *b) {
    struct parser *p = &b->p;
    for (size_t i = 0; i < LENGTH(sections); i++) {
        if (!parser_at_word(p, sections[i].word)) continue;
        u8 kind = sections[i].kind;
        if (b->seen[kind])
            parser_fault(p, FAULT_SECTION, "The \"%s\" section can only be used once in an update expression;", sections[i].word.p);
        b->seen[kind] = true;
        do {
            parser_next(p); /* the word, or a comma */
            TRY(parse_action(b, kind));
        } while (parser_at(p, ','));
        return NULL;
    }
    return parser_syntax(p);
}

err parse_update(struct call *c, str text, struct placeholders *names, struct placeholders *values, struct update *out) {
    struct building b = {0};
    parser_start(&b.p, c, "UpdateExpression", text, names, values);
    do TRY(parse_section(&b));
    while (b.p.token.kind != TOKEN_END);
    TRY(parser_finish(&b.p));
    *out = (struct update){.actions = b.actions, .n = b.n};
    return NULL;
}

bool update_only_removes(const struct update *u) {
    for (u32 i = 0; u && i < u->n; i++)
        if (u->actions[i].kind != ACTION_REMOVE && u->actions[i].kind != ACTION_DELETE) return false;
    return u && u->n;
}

/* ---- what values come of operands ---- */

static err wrong_type(struct call *c) {
    return fail(c, &dynamodb_validation_exception, "An operand in the update expression has an incorrect data type");
}

static err absent(struct call *c) {
    return fail(c, &dynamodb_validation_exception, "The provided expression refers to an attribute that does not exist in the item");
}

static err evaluate(struct call *c, const struct node *n, const struct value *item, struct value *out);

static err arithmetic(struct call *c, bool minus, const struct value *x, const struct value *y, struct value *out) {
    if (x->type != VALUE_N || y->type != VALUE_N) return wrong_type(c);
    struct number nx = value_to_number(x), ny = value_to_number(y), result;
    enum number_fault fault = minus ? number_subtract(&nx, &ny, &result) : number_add(&nx, &ny, &result);
    if (fault) return number_fail(c, fault, S(""));
    *out = value_number(c->arena, &result);
    return NULL;
}

static struct value list_joined(struct arena *a, const struct value *x, const struct value *y) {
    struct value open_x = value_open(a, x), open_y = value_open(a, y);
    struct value *elements = NEW_ARRAY(a, struct value, open_x.n + open_y.n + 1);
    if (open_x.n) memcpy(elements, open_x.elements, open_x.n * sizeof *elements);
    if (open_y.n) memcpy(elements + open_x.n, open_y.elements, open_y.n * sizeof *elements);
    return (struct value){.type = VALUE_L, .n = open_x.n + open_y.n, .elements = elements};
}

static err list_append(struct call *c, const struct value *x, const struct value *y, struct value *out) {
    if (x->type != VALUE_L || y->type != VALUE_L) return wrong_type(c);
    *out = list_joined(c->arena, x, y);
    return NULL;
}

/* Depth: that of the parsed tree. */
static err evaluate(struct call *c, const struct node *n, const struct value *item, struct value *out) {
    if (n->kind == NODE_VALUE) {
        *out = n->value;
        return NULL;
    }
    if (n->kind == NODE_PATH) {
        const struct value *found = path_resolve(c->arena, &n->path, item);
        if (!found) return absent(c);
        *out = *found;
        return NULL;
    }
    if (n->function == IF_NOT_EXISTS && n->kind == NODE_FUNCTION) {
        const struct value *found = path_resolve(c->arena, &n->args[0].path, item);
        if (!found) return evaluate(c, &n->args[1], item, out);
        *out = *found;
        return NULL;
    }
    struct value x, y;
    TRY(evaluate(c, &n->args[0], item, &x));
    TRY(evaluate(c, &n->args[1], item, &y));
    if (n->kind == NODE_FUNCTION) return list_append(c, &x, &y, out);
    return arithmetic(c, n->kind == NODE_MINUS, &x, &y, out);
}

/* ---- sets ---- */

/* x with y's elements, or without them; both are sorted. */
static struct value set_merged(struct arena *a, const struct value *x, const struct value *y, bool without) {
    struct value open_x = value_open(a, x), open_y = value_open(a, y), merged = {.type = x->type};
    struct value *elements = NEW_ARRAY(a, struct value, open_x.n + open_y.n);
    for (u32 i = 0, j = 0; i < open_x.n || (j < open_y.n && !without);) {
        int order = i == open_x.n ? 1 : -1;
        if (i < open_x.n && j < open_y.n) value_compare(&open_x.elements[i], &open_y.elements[j], &order);
        if (order < 0 || (order == 0 && !without)) elements[merged.n++] = open_x.elements[i];
        else if (order > 0 && !without) elements[merged.n++] = open_y.elements[j];
        i += order <= 0;
        j += order >= 0;
    }
    merged.elements = elements;
    if (!merged.n) merged.type = VALUE_NONE; /* an empty set is no set */
    return merged;
}

/* ---- the new item ---- */

/* What stands where the action points: `was` (or NULL) becomes *out, VALUE_NONE to go. */
static err act(struct call *c, const struct action *action, const struct value *was, struct value *out) {
    const struct value *given = &action->operand.value; /* of SET: already evaluated */
    *out = (struct value){0};
    if (action->kind == ACTION_REMOVE) return NULL;
    if (action->kind == ACTION_SET || (!was && action->kind != ACTION_DELETE)) {
        *out = *given;
        return NULL;
    }
    if (!was) return NULL;
    if (was->type != given->type && action->older) return fail(c, &dynamodb_validation_exception, "Type mismatch for attribute to update");
    if (was->type != given->type) return wrong_type(c);
    if (given->type == VALUE_N) return arithmetic(c, false, was, given, out);
    if (given->type == VALUE_L) return list_append(c, was, given, out);
    *out = set_merged(c->arena, was, given, action->kind == ACTION_DELETE);
    return NULL;
}

static err bad_path(struct call *c) {
    return fail(c, &dynamodb_validation_exception, "The document path provided in the update expression is invalid for update");
}

static err apply(struct call *c, const struct action *actions, u32 n, u32 depth, const struct value *v, struct value *out);

/* The actions on one member or element: one that ends here, or some that go deeper. */
static err apply_group(struct call *c, const struct action *actions, u32 n, u32 depth, const struct value *was, struct value *out) {
    if (actions[0].path.n == depth) return act(c, &actions[0], was, out);
    if (!was) return bad_path(c);
    return apply(c, actions, n, depth, was, out);
}

static u32 same_step(const struct action *actions, u32 n, u32 depth) {
    const struct step *first = &actions[0].path.steps[depth];
    u32 same = 1;
    while (same < n && str_eq(actions[same].path.steps[depth].name, first->name)
           && actions[same].path.steps[depth].index == first->index)
        same++;
    return same;
}

/* Members and actions are both sorted by name: one walk over both. */
static err apply_to_map(struct call *c, const struct action *actions, u32 n, u32 depth, const struct value *map, struct value *out) {
    struct member *members = NEW_ARRAY(c->arena, struct member, map->n + n + 1);
    u32 made = 0, at = 0;
    for (u32 i = 0, same; i < n; i += same) {
        same = same_step(actions + i, n - i, depth);
        str name = actions[i].path.steps[depth].name;
        while (at < map->n && str_cmp(member_name(&map->members[at]), name) < 0) members[made++] = map->members[at++];
        bool there = at < map->n && str_eq(member_name(&map->members[at]), name);
        struct value v;
        TRY(apply_group(c, actions + i, same, depth + 1, there ? &map->members[at].value : NULL, &v));
        at += there;
        if (v.type) members[made++] = (struct member){v, name.p, (u32)name.n};
    }
    while (at < map->n) members[made++] = map->members[at++];
    *out = (struct value){.type = VALUE_M, .n = made, .members = members};
    return NULL;
}

/* Indices are those of the old list; what lies behind its end is appended. */
static err apply_to_list(struct call *c, const struct action *actions, u32 n, u32 depth, const struct value *list, struct value *out) {
    struct value *elements = NEW_ARRAY(c->arena, struct value, list->n + n + 1);
    u32 made = 0, at = 0;
    for (u32 i = 0, same; i < n; i += same) {
        same = same_step(actions + i, n - i, depth);
        u32 index = actions[i].path.steps[depth].index;
        while (at < list->n && at < index) elements[made++] = list->elements[at++];
        bool there = at < list->n;
        struct value v;
        TRY(apply_group(c, actions + i, same, depth + 1, there ? &list->elements[at] : NULL, &v));
        at += there;
        if (v.type) elements[made++] = v;
    }
    while (at < list->n) elements[made++] = list->elements[at++];
    *out = (struct value){.type = VALUE_L, .n = made, .elements = elements};
    return NULL;
}

/* Actions sorted by path, all within `v`. Depth: that of paths. */
static err apply(struct call *c, const struct action *actions, u32 n, u32 depth, const struct value *v, struct value *out) {
    bool name = actions[0].path.steps[depth].name.p != NULL;
    if (v->type != (name ? VALUE_M : VALUE_L)) return bad_path(c);
    struct value open = value_open(c->arena, v);
    return name ? apply_to_map(c, actions, n, depth, &open, out) : apply_to_list(c, actions, n, depth, &open, out);
}

static bool too_deep(struct arena *a, const struct value *v, int depth) {
    if (depth > VALUE_DEPTH_MAX) return true;
    if (v->type != VALUE_M && v->type != VALUE_L) return false;
    struct value open = value_open(a, v);
    for (u32 i = 0; i < open.n; i++)
        if (too_deep(a, v->type == VALUE_M ? &open.members[i].value : &open.elements[i], depth + 1)) return true;
    return false;
}

/* Copies of attributes, and literals below a path, may pass the depth that each alone keeps. */
static err check_depth(struct call *c, const struct action *action) {
    u8 type = action->operand.value.type;
    if ((type != VALUE_M && type != VALUE_L) || !too_deep(c->arena, &action->operand.value, (int)action->path.n)) return NULL;
    return fail(c, &dynamodb_validation_exception, "Nesting Levels have exceeded supported limits: Attributes in the item have nested "
                                                   "levels beyond supported limit");
}

static void sort_actions(struct action *actions, u32 n) {
    for (u32 i = 1; i < n; i++) {
        struct action action = actions[i];
        u32 at = i;
        for (; at && path_compare(&actions[at - 1].path, &action.path) > 0; at--) actions[at] = actions[at - 1];
        actions[at] = action;
    }
}

err update_apply(struct call *c, const struct update *u, const struct value *old, struct value *updated) {
    *updated = *old;
    if (!u || !u->n) return NULL;
    struct action *actions = NEW_ARRAY(c->arena, struct action, u->n);
    memcpy(actions, u->actions, u->n * sizeof *actions);
    for (u32 i = 0; i < u->n; i++) {
        if (actions[i].kind != ACTION_SET) continue;
        struct value v;
        TRY(evaluate(c, &actions[i].operand, old, &v));
        actions[i].operand.value = v;
        TRY(check_depth(c, &actions[i]));
    }
    sort_actions(actions, u->n);
    return apply(c, actions, u->n, 0, old, updated);
}

struct value update_touched(struct arena *a, const struct update *u, const struct value *item) {
    if (!u || !u->n) return (struct value){.type = VALUE_M};
    struct path *paths = NEW_ARRAY(a, struct path, u->n);
    for (u32 i = 0; i < u->n; i++) paths[i] = u->actions[i].path;
    paths_sort(paths, u->n);
    return paths_pick(a, paths, u->n, item);
}

bool update_names(const struct update *u, str name) {
    for (u32 i = 0; u && i < u->n; i++)
        if (str_eq(u->actions[i].path.steps[0].name, name)) return true;
    return false;
}

enum update_source update_source_of(const struct update *u, str name) {
    for (u32 i = 0; i < u->n; i++) {
        const struct action *action = &u->actions[i];
        if (!str_eq(action->path.steps[0].name, name)) continue;
        if (action->older) return UPDATE_OLDER;
        if (action->kind == ACTION_SET && action->operand.kind != NODE_VALUE) return UPDATE_COMPUTED;
    }
    return UPDATE_LITERAL;
}

err update_check_keys(struct call *c, const struct update *u, const str *names, u32 n) {
    for (u32 k = 0; k < n; k++)
        if (update_names(u, names[k]))
            return fail(c, &dynamodb_validation_exception,
                        "One or more parameter values were invalid: Cannot update attribute %.*s. This attribute is part of the key",
                        STR_ARGS(names[k]));
    return NULL;
}
