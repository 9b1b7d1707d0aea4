/* The rights that a statement asks, with the condition keys that AWS has for them. */
#include "services/dynamodb/access.h"
#include "services/dynamodb/partiql.h"

/* Partition keys that the statement names, as items of that one attribute. */
static u32 leading(struct call *c, const struct statement *s, str hash, const struct value **items) {
    const struct value *v;
    if (s->kind == STATEMENT_INSERT) {
        *items = &s->item;
        return 1;
    }
    u32 n = statement_equals(c->arena, s, hash, &v);
    struct value *made = NEW_ARRAY(c->arena, struct value, n + 1), none = {.type = VALUE_M};
    for (u32 i = 0; i < n; i++) made[i] = item_with(c->arena, &none, hash, &v[i]);
    *items = made;
    return n;
}

static err authorize(struct call *c, const struct statement *s, const struct ddb_table *t) {
    static const char *const actions[] = {[STATEMENT_SELECT] = "dynamodb:PartiQLSelect", [STATEMENT_INSERT] = "dynamodb:PartiQLInsert",
                                          [STATEMENT_UPDATE] = "dynamodb:PartiQLUpdate", [STATEMENT_DELETE] = "dynamodb:PartiQLDelete",
                                          [STATEMENT_EXISTS] = "dynamodb:PartiQLSelect"};
    const struct ddb_index *index = s->index.p ? ddb_index_find(t, s->index) : NULL;
    bool reads = s->kind == STATEMENT_SELECT || s->kind == STATEMENT_EXISTS;
    bool transaction = c->op - c->service->wire->ops == DYNAMODB_OP_EXECUTE_TRANSACTION;
    struct condition where = {.root = s->where};
    struct update update = s->update;
    struct expressions asked = {.condition = s->has_where ? &where : NULL, .update = s->kind == STATEMENT_UPDATE ? &update : NULL,
                                .projection = statement_projection(c, s)};
    struct ddb_access access = {.table = s->table, .index = s->index, .action = str_of(actions[s->kind]), .asked = &asked, .reads = reads,
                                .enclosing = transaction ? S("ExecuteTransaction") : (str){0}};
    access.n = leading(c, s, index ? index->keys.hash : t->keys.hash, &access.items);
    if (reads) access.full_scan = access.n ? S("false") : S("true");
    return ddb_allow(c, &access);
}

err statement_table(struct call *c, const struct statement *s, struct ddb_table *t) {
    *t = (struct ddb_table){0};
    err gone = ddb_table_use(c, s->table, t);
    str words = c->error_message;
    TRY(authorize(c, s, t));
    c->error_message = words;
    return gone;
}
