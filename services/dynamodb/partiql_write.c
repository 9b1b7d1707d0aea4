/* INSERT, UPDATE, DELETE and EXISTS as writes with conditions. */
#include "services/dynamodb/partiql.h"

static struct node path_node(struct arena *a, str name) { return (struct node){.kind = NODE_PATH, .path = path_of_name(a, name)}; }

static struct node absent(struct arena *a, str hash) {
    struct node *args = NEW(a, struct node);
    *args = path_node(a, hash);
    return (struct node){.kind = NODE_FUNCTION, .function = ATTRIBUTE_NOT_EXISTS, .n = 1, .args = args};
}

/* What has to hold: an insert finds no item, an update and EXISTS one as WHERE says, a delete such one or none. */
static struct node condition_of(struct call *c, const struct statement *s, const struct ddb_table *t) {
    if (s->kind == STATEMENT_INSERT) return absent(c->arena, t->keys.hash);
    if (s->kind != STATEMENT_DELETE) return s->where;
    struct node *either = NEW_ARRAY(c->arena, struct node, 2);
    either[0] = absent(c->arena, t->keys.hash);
    either[1] = s->where;
    return (struct node){.kind = NODE_OR, .n = 2, .args = either};
}

err statement_step(struct call *c, const struct statement *s, struct ddb_step *step) {
    static const u8 kinds[] = {[STATEMENT_INSERT] = DDB_PUT, [STATEMENT_UPDATE] = DDB_UPDATE, [STATEMENT_DELETE] = DDB_DELETE,
                               [STATEMENT_EXISTS] = DDB_CHECK};
    ASSERT(s->kind != STATEMENT_SELECT);
    TRY(statement_check(c, s));
    TRY(statement_table(c, s, &step->table));
    step->table_name = s->table;
    step->insert = s->kind == STATEMENT_INSERT;
    step->write = (struct ddb_write){.kind = kinds[s->kind], .table = &step->table, .item = s->item, .asked = &step->asked};
    if (s->kind != STATEMENT_INSERT) TRY(statement_key(c, s, &step->table, &step->write.item));
    struct condition *condition = NEW(c->arena, struct condition);
    condition->root = condition_of(c, s, &step->table);
    step->asked = (struct expressions){.condition = condition};
    if (s->kind == STATEMENT_UPDATE) {
        step->asked.update = NEW(c->arena, struct update);
        *step->asked.update = s->update;
    }
    return ddb_write_check(c, &step->write);
}

struct value statement_returned(struct call *c, const struct statement *s, const struct ddb_written *done) {
    switch ((enum returning)s->returning) {
    case RETURNING_ALL_OLD: return done->before;
    case RETURNING_ALL_NEW: return done->after;
    case RETURNING_MODIFIED_OLD: return update_touched(c->arena, &s->update, &done->before);
    case RETURNING_MODIFIED_NEW: return update_touched(c->arena, &s->update, &done->after);
    case RETURNING_NOTHING: break;
    }
    return (struct value){0};
}
