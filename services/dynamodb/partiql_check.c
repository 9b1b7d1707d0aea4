/* What is wrong with a statement whatever its table holds, and which item it names. */
#include "services/dynamodb/partiql.h"

static err refuse(struct call *c, const char *message) { return fail(c, &dynamodb_validation_exception, "%s", message); }

static err check_columns(struct call *c, const struct statement *s) {
    str *names = NEW_ARRAY(c->arena, str, s->n_paths + 1);
    for (u32 i = 0; i < s->n_paths; i++) {
        names[i] = statement_column(c->arena, &s->paths[i]);
        for (u32 j = 0; j < i; j++)
            if (str_eq(names[i], names[j]))
                return fail(c, &dynamodb_validation_exception, "Duplicate identifiers in select clause: %.*s", STR_ARGS(names[i]));
    }
    return NULL;
}

err statement_check(struct call *c, const struct statement *s) {
    static const char *const returned[] = {[RETURNING_MODIFIED_OLD] = "MODIFIED OLD", [RETURNING_ALL_NEW] = "ALL NEW",
                                           [RETURNING_MODIFIED_NEW] = "MODIFIED NEW"};
    TRY(check_columns(c, s));
    if (s->has_where) TRY(tree_check(c, &s->where, true));
    for (u32 i = 0; i < s->update.n; i++) TRY(tree_check(c, &s->update.actions[i].operand, false));
    if (s->index.p && s->kind != STATEMENT_SELECT) return refuse(c, "This operation is not supported on an index");
    if (s->kind == STATEMENT_DELETE && s->returning > RETURNING_ALL_OLD)
        return fail(c, &dynamodb_validation_exception,
                    "Invalid returning clause: RETURNING %s *. Only RETURNING ALL OLD * is allowed in DELETE statements.", returned[s->returning]);
    return NULL;
}

err statement_check_in_transaction(struct call *c, const struct statement *s, u32 at) {
    bool reads_index = s->kind == STATEMENT_SELECT && s->index.p;
    if (!s->returning && !reads_index) return statement_check(c, s);
    return fail(c, &dynamodb_validation_exception, "Validation failed in TransactStatements[%u]: %s", at,
                reads_index ? "Reads on indices are not supported within transactions."
                            : "RETURNING clause is not supported in ExecuteTransaction.");
}

err statement_key(struct call *c, const struct statement *s, const struct ddb_table *t, struct value *key) {
    str names[] = {t->keys.hash, t->keys.range};
    *key = (struct value){.type = VALUE_M};
    for (u32 i = 0; i < (t->keys.range.p ? 2u : 1u); i++) {
        const struct value *v;
        if (statement_equals(c->arena, s, names[i], &v) != 1)
            return refuse(c, "Where clause does not contain a mandatory equality on all key attributes");
        *key = item_with(c->arena, key, names[i], v);
    }
    return NULL;
}

/* The row of the item that a statement names; absent: none, or no such table. That is then said where it is run. */
static str row_of(struct call *c, const struct statement *s) {
    struct ddb_table t;
    struct value key;
    struct ddb_key k;
    if (ddb_table_use(c, s->table, &t)) return (str){0};
    if (s->kind == STATEMENT_INSERT) return ddb_key_of_item(c, &t, &s->item, &k) ? (str){0} : k.row;
    if (statement_key(c, s, &t, &key) || ddb_key_of_parameter(c, &t, &key, &k)) return (str){0};
    return k.row;
}

bool statements_meet(struct call *c, const struct statement *const *all, u32 n) {
    str *rows = NEW_ARRAY(c->arena, str, n + 1);
    bool meet = false;
    for (u32 i = 0; i < n && !meet; i++) {
        rows[i] = row_of(c, all[i]);
        for (u32 j = 0; rows[i].p && j < i && !meet; j++) meet = str_eq(rows[i], rows[j]);
    }
    c->error_message = (str){0};
    return meet;
}
