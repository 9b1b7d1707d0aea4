/* Queries within a query: `in (SOURCE 'group' | ...)` and join. The inner one is compiled with the whole and knows nothing of
 * it; its answer is kept in a table by the text of one of its fields. */
#include "insights_plan.h"

/* ---- reading ---- */

struct insights_inner *insights_read_inner(struct insights_parser *p, str key) {
    struct insights_inner *inner = NEW(p->arena, struct insights_inner), **end = &p->query->inner;
    size_t start = p->at;
    if (!insights_take_word(p, "SOURCE")) return insights_unexpected(p);
    if (p->inner) return insights_wrong(p, start, p->at, "nested subqueries are not supported");
    struct insights_token group = insights_peek(p);
    if (group.kind != TOKEN_STRING) return insights_unexpected(p);
    p->at = group.end;
    *inner = (struct insights_inner){.query = insights_query_new(p->arena, p->text), .group = group.text, .key = key};
    struct insights_parser within = {.query = inner->query, .arena = p->arena, .text = p->text, .at = p->at, .depth = p->depth, .nodes = p->nodes, .problem = p->problem, .inner = true};
    (void)insights_take_sign(&within, "|");
    p->wrong = !insights_read_commands(&within);
    p->at = within.at;
    p->nodes = within.nodes;
    if (p->wrong) return NULL;
    if (!insights_take_sign(p, ")")) return insights_unexpected(p);
    while (*end) end = &(*end)->next;
    return *end = inner;
}

/* What stands behind "alias."; absent: the name is not of that side. */
static str behind(str name, str alias) {
    bool of = alias.p && name.n > alias.n + 1 && str_starts(name, alias) && name.p[alias.n] == '.';
    return of ? str_skip(name, alias.n + 1) : (str){0};
}

bool insights_is_joined(const struct insights_query *q, str name) {
    str left = behind(name, q->left);
    for (u32 i = 0; left.p && i < q->slot_count; i++)
        if (q->slots[i].known && str_eq(q->slots[i].name, left)) return true;
    return behind(name, q->right).p != NULL;
}

/* `word=name` */
static bool setting(struct insights_parser *p, const char *word, str *name) {
    struct insights_token t;
    if (!insights_take_word(p, word)) return false;
    if (!insights_take_sign(p, "=") || (t = insights_peek(p)).kind != TOKEN_NAME) return insights_unexpected(p), false;
    *name = t.text;
    p->at = t.end;
    return true;
}

/* A field of either side, by its alias. */
static bool side(struct insights_parser *p, struct insights_token *left, struct insights_token *right) {
    struct insights_token t = insights_peek(p);
    str of_left = t.kind == TOKEN_NAME ? behind(t.text, p->query->left) : (str){0}, of_right = t.kind == TOKEN_NAME ? behind(t.text, p->query->right) : (str){0};
    if ((!of_left.p || left->text.p) && (!of_right.p || right->text.p)) return insights_unexpected(p), false;
    t.text = of_left.p ? of_left : of_right;
    *(of_left.p ? left : right) = t;
    p->at = t.end;
    return true;
}

bool insights_read_join(struct insights_parser *p) {
    struct insights_query *q = p->query;
    struct insights_token left = {0}, right = {0};
    str type = S("inner");
    size_t start = p->at;
    if (q->left.p || p->inner) return insights_wrong(p, start, start, "a query can have one join, and a subquery none"), false;
    struct insights_stage *s = insights_add_stage(p, STAGE_JOIN);
    while (setting(p, "type", &type) || setting(p, "left", &q->left) || setting(p, "right", &q->right)) continue;
    s->keeps_left = str_eq_nocase(type, S("left"));
    if (!p->wrong && !s->keeps_left && !str_eq_nocase(type, S("inner"))) return insights_wrong(p, start, p->at, "unknown type of join: %.*s", STR_ARGS(type)), false;
    if (!q->left.p || !q->right.p || str_eq(q->left, q->right) || !insights_take_word(p, "where")) return insights_unexpected(p), false;
    if (!side(p, &left, &right)) return false;
    if (!insights_take_sign(p, "=")) return insights_unexpected(p), false;
    if (!side(p, &left, &right)) return false;
    s->of = NEW(p->arena, struct insights_expression);
    *s->of = (struct insights_expression){.op = OP_FIELD, .index = insights_slot_of(q, left.text), .start = left.start, .end = left.end};
    if (p->limited && !q->slots[s->of->index].known) return insights_unknown(p, s->of), false;
    if (!insights_take_sign(p, "(")) return insights_unexpected(p), false;
    p->joined = true;
    return (s->inner = insights_read_inner(p, right.text)) != NULL;
}

/* ---- the plan ---- */

static bool has_column(const struct insights_query *q, str name) {
    for (const struct insights_column *c = q->columns; c; c = c->next)
        if (str_eq(q->slots[c->slot].name, name)) return true;
    return false;
}

/* A right side that chooses no fields answers those that are asked for. */
static void plan_join(struct insights_query *q, struct insights_query *right, bool chosen) {
    for (u32 i = SLOTS_FIXED; i < q->slot_count; i++) {
        str of_left = behind(q->slots[i].name, q->left), of_right = behind(q->slots[i].name, q->right);
        if (of_left.p) {
            u32 base = insights_slot_of(q, of_left); /* may move the slots */
            q->slots[i].base = base;
            q->slots[i].alias = q->slots[i].defined = true;
        } else if (of_right.p) {
            q->slots[i].joined = q->slots[i].defined = true;
            if (!chosen) insights_show_slot(right, insights_slot_of(right, of_right));
        }
    }
}

void insights_plan_inner(struct insights_query *q) {
    const struct insights_inner *right = NULL;
    for (const struct insights_stage *s = q->stages; s; s = s->next)
        if (s->type == STAGE_JOIN) right = s->inner;
    for (struct insights_inner *i = q->inner; i; i = i->next) {
        bool chosen = i->query->columns && !i->query->columns_implied;
        if (!chosen && i->key.p) i->query->columns = NULL, insights_show_slot(i->query, insights_slot_of(i->query, i->key));
        if (i == right) plan_join(q, i->query, chosen);
        insights_plan(i->query);
        if (i != right && !has_column(i->query, i->key)) i->key = i->query->slots[i->query->columns->slot].name;
    }
}

/* ---- what it answered ---- */

struct insights_query *insights_inner(const struct insights_query *q, u32 i, str *group) {
    const struct insights_inner *inner = q->inner;
    while (inner && i--) inner = inner->next;
    if (inner) *group = inner->group;
    return inner ? inner->query : NULL;
}

static str value_of(const struct insights_result *r, str name) {
    for (u32 i = 0; r && i < r->n; i++)
        if (str_eq(r->fields[i].name, name)) return r->fields[i].value;
    return (str){0};
}

void insights_inner_give(struct insights_query *q, u32 i, const struct insights_answer *answer) {
    struct insights_inner *inner = q->inner;
    while (i--) inner = inner->next;
    const struct insights_result **rows = NEW_ARRAY(q->arena, const struct insights_result *, answer->rows + 1);
    u32 n = 0;
    for (const struct insights_result *r = answer->first; r; r = r->next) rows[n++] = r;
    for (inner->table_size = 16; inner->table_size < 2 * n;) inner->table_size *= 2;
    inner->table = NEW_ARRAY(q->arena, struct insights_match *, inner->table_size);
    while (n--) { /* from the last: those of one place stand in the order of the answer */
        str key = value_of(rows[n], inner->key);
        if (!key.p) continue;
        struct insights_match *m = NEW(q->arena, struct insights_match);
        u64 hash = str_hash(key);
        struct insights_match **place = &inner->table[hash & (inner->table_size - 1)];
        *m = (struct insights_match){*place, hash, key, rows[n]};
        *place = m;
    }
}

static const struct insights_match *same(const struct insights_match *m, u64 hash, str key) {
    while (m && !(m->hash == hash && str_eq(m->key, key))) m = m->next;
    return m;
}

const struct insights_match *insights_inner_find(const struct insights_inner *inner, str text) {
    u64 hash = str_hash(text);
    return inner->table ? same(inner->table[hash & (inner->table_size - 1)], hash, text) : NULL;
}

const struct insights_match *insights_inner_next(const struct insights_match *m) { return same(m->next, m->hash, m->key); }

void insights_join_values(const struct insights_query *q, const struct insights_match *m, struct insights_value *v) {
    for (u32 i = SLOTS_FIXED; i < q->slot_count; i++) {
        if (!q->slots[i].joined) continue;
        str text = value_of(m ? m->row : NULL, behind(q->slots[i].name, q->right));
        v[i] = text.p ? insights_string(text) : insights_absent();
        if (text.p && str_to_f64(text, &v[i].number)) v[i].type = INSIGHTS_NUMBER;
    }
}
