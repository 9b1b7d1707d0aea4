/* What WHERE says of key attributes. */
#include "services/dynamodb/partiql.h"

static bool is_attribute(const struct node *n, str name) {
    return n->kind == NODE_PATH && n->path.n == 1 && str_eq(n->path.steps[0].name, name);
}

static u32 equals_in(struct arena *a, const struct node *n, str name, const struct value **values);

/* "a = 1 OR a = 2" is "a IN [1, 2]". */
static u32 equals_in_each(struct arena *a, const struct node *n, str name, const struct value **values) {
    struct {
        const struct value *v;
        u32 n;
    } *arms = arena_alloc_array(a, n->n, sizeof *arms, _Alignof(void *));
    u32 sum = 0, made = 0;
    for (u32 i = 0; i < n->n; i++) {
        arms[i].n = equals_in(a, &n->args[i], name, &arms[i].v);
        if (!arms[i].n) return 0;
        sum += arms[i].n;
    }
    struct value *all = NEW_ARRAY(a, struct value, sum);
    for (u32 i = 0; i < n->n; made += arms[i++].n) memcpy(all + made, arms[i].v, arms[i].n * sizeof *all);
    *values = all;
    return sum;
}

static u32 equals_in(struct arena *a, const struct node *n, str name, const struct value **values) {
    if (n->kind == NODE_EQ || n->kind == NODE_IN) {
        u32 at_path = n->kind == NODE_EQ && is_attribute(&n->args[1], name);
        if (!is_attribute(&n->args[at_path], name)) return 0;
        struct value *v = NEW_ARRAY(a, struct value, n->n);
        for (u32 i = 0, made = 0; i < n->n; i++) {
            if (i == at_path) continue;
            if (n->args[i].kind != NODE_VALUE) return 0;
            v[made++] = n->args[i].value;
        }
        *values = v;
        return n->n - 1;
    }
    if (n->kind == NODE_OR) return equals_in_each(a, n, name, values);
    for (u32 i = 0; n->kind == NODE_AND && i < n->n; i++) {
        u32 found = equals_in(a, &n->args[i], name, values);
        if (found) return found;
    }
    return 0;
}

u32 statement_equals(struct arena *a, const struct statement *s, str name, const struct value **values) {
    return s->has_where ? equals_in(a, &s->where, name, values) : 0;
}

static bool range_in(const struct node *n, str name, struct key_range *range) {
    for (u32 i = 0; n->kind == NODE_AND && i < n->n; i++)
        if (range_in(&n->args[i], name, range)) return true;
    bool begins = n->kind == NODE_FUNCTION && n->function == BEGINS_WITH;
    if (!begins && !(n->kind >= NODE_EQ && n->kind <= NODE_BETWEEN && n->kind != NODE_NE)) return false;
    if (!is_attribute(&n->args[0], name)) return false;
    for (u32 i = 1; i < n->n; i++)
        if (n->args[i].kind != NODE_VALUE) return false;
    range->range_operator = begins                 ? RANGE_BEGINS_WITH
                          : n->kind == NODE_EQ     ? RANGE_EQ
                          : n->kind == NODE_LT     ? RANGE_LT
                          : n->kind == NODE_LE     ? RANGE_LE
                          : n->kind == NODE_GT     ? RANGE_GT
                          : n->kind == NODE_GE     ? RANGE_GE
                                                   : RANGE_BETWEEN;
    range->low = n->args[1].value;
    if (n->n > 2) range->high = n->args[2].value;
    return true;
}

bool statement_range(const struct statement *s, str name, struct key_range *range) { return s->has_where && range_in(&s->where, name, range); }
