/* The attributes that a request's expressions name: what a policy may limit. */
#include "services/dynamodb/expression_tree.h"

struct names {
    struct arena *arena;
    str *v;
    u32 n, capacity;
};

static void add(struct names *names, str name) {
    for (u32 i = 0; i < names->n; i++)
        if (str_eq(names->v[i], name)) return;
    if (names->n == names->capacity) {
        u32 capacity = MAX(names->capacity * 2, 16u);
        str *more = NEW_ARRAY(names->arena, str, capacity);
        if (names->n) memcpy(more, names->v, names->n * sizeof *more);
        names->v = more;
        names->capacity = capacity;
    }
    names->v[names->n++] = name;
}

/* As deep as the parsers let it be. */
static void add_node(struct names *names, const struct node *n) {
    if (n->kind == NODE_PATH) add(names, n->path.steps[0].name);
    for (u32 i = 0; i < n->n; i++) add_node(names, &n->args[i]);
}

static void add_update(struct names *names, const struct update *u) {
    for (u32 i = 0; i < u->n; i++) {
        add(names, u->actions[i].path.steps[0].name);
        if (u->actions[i].kind != ACTION_REMOVE) add_node(names, &u->actions[i].operand);
    }
}

u32 expressions_names(struct arena *a, const struct expressions *e, const str **out) {
    struct names names = {.arena = a};
    if (e->condition) add_node(&names, &e->condition->root);
    if (e->filter) add_node(&names, &e->filter->root);
    if (e->update) add_update(&names, e->update);
    for (u32 i = 0; e->projection && i < e->projection->n; i++) add(&names, e->projection->paths[i].steps[0].name);
    for (u32 i = 0; e->key_condition && i < e->key_condition->n; i++) add(&names, e->key_condition->clauses[i].name);
    *out = names.v;
    return names.n;
}

u32 condition_names(struct arena *a, const struct condition *condition, const str **out) {
    struct names names = {.arena = a};
    add_node(&names, &condition->root);
    *out = names.v;
    return names.n;
}

bool key_condition_equals(const struct key_condition *k, str name, struct value *v) {
    for (u32 i = 0; i < k->n; i++) {
        if (k->clauses[i].operator != NODE_EQ || k->clauses[i].older_name.p || !str_eq(k->clauses[i].name, name)) continue;
        *v = k->clauses[i].operands[0];
        return true;
    }
    return false;
}
