/* One write: a put, an update, a delete or a check, as single operations, batches, transactions and
 * PartiQL all make it. */
#include "services/dynamodb/dynamodb.h"

err ddb_write_check(struct call *c, const struct ddb_write *w) {
    if (w->kind == DDB_PUT && item_size(&w->item) > ITEM_SIZE_MAX) return ddb_item_too_large(c, false);
    return NULL;
}

static err locate(struct call *c, const struct ddb_write *w, struct ddb_written *out) {
    *out = (struct ddb_written){.usage = {.table = w->table, .key = &out->key}};
    if (w->kind == DDB_PUT) {
        TRY(ddb_key_of_item(c, w->table, &w->item, &out->key));
        return ddb_index_keys_check(c, w->table, &w->item, NULL);
    }
    TRY(ddb_key_of_parameter(c, w->table, &w->item, &out->key));
    if (w->kind != DDB_UPDATE || !w->asked) return NULL;
    str names[] = {w->table->keys.hash, w->table->keys.range};
    return update_check_keys(c, w->asked->update, names, w->table->keys.range.p ? 2 : 1);
}

err ddb_write_locate(struct call *c, const struct ddb_write *w, struct ddb_written *out) {
    TRY(locate(c, w, out));
    return w->asked ? ddb_scalars_check(c, w->table, w->asked) : NULL;
}

static bool holds(struct call *c, const struct ddb_write *w, const struct ddb_written *out) {
    if (!w->asked || !w->asked->condition) return true;
    return expression_holds(c->arena, w->asked->condition, &out->before);
}

/* The item after the write, as bytes; absent: none. */
static err result_of(struct call *c, const struct ddb_write *w, struct ddb_written *out, str before, str *after) {
    *after = (str){0};
    if (w->kind == DDB_DELETE) return NULL;
    out->after = w->item;
    if (w->kind == DDB_UPDATE) {
        const struct value *old = before.p ? &out->before : &w->item;
        out->after = *old;
        if (w->asked && w->asked->update) {
            if (!before.p && update_only_removes(w->asked->update)) {
                out->after = (struct value){0};
                return NULL;
            }
            TRY(update_apply(c, w->asked->update, old, &out->after));
            if (item_size(&out->after) > ITEM_SIZE_MAX) return ddb_item_too_large(c, true); /* DIFFERS: keys are left out, changes counted */
            TRY(ddb_index_keys_check(c, w->table, &out->after, w->asked->update));
        } else if (before.p) {
            *after = before;
            return NULL;
        }
    }
    *after = item_encode(c->arena, &out->after);
    bool fit = ddb_index_entries_fit(c, w->table, &out->key, *after);
    return fit ? NULL : ddb_item_too_large(c, w->kind == DDB_UPDATE); /* DIFFERS: AWS's words are not known */
}

err ddb_write_run(struct call *c, const struct ddb_write *w, struct ddb_written *out) {
    str before = ddb_item_read(c, &out->key), after;
    out->before = ddb_item_decode(c->arena, before);
    if (!holds(c, w, out)) {
        out->condition_failed = true;
        out->usage.write += ddb_write_units(before.p ? item_encoded_size(before) : 0);
        return fail(c, &dynamodb_conditional_check_failed_exception, "The conditional request failed");
    }
    if (w->kind == DDB_CHECK) {
        out->usage.write += ddb_write_units(before.p ? item_encoded_size(before) : 0);
        return NULL;
    }
    TRY(result_of(c, w, out, before, &after));
    struct ddb_change change = {.table = w->table, .key = &out->key, .before = before, .after = after};
    return ddb_item_change(c, &change, &out->usage);
}

err ddb_write_failed(struct call *c, err e, const struct ddb_written *out, str return_values) {
    if (out->condition_failed) count_failure(c, S("ConditionalCheckFailedRequests"), S("TableName"), out->usage.table->name);
    if (!out->condition_failed || !out->before.type || !str_eq(return_values, S("ALL_OLD"))) return e;
    struct dynamodb_conditional_check_failed_exception *members = NEW(c->arena, struct dynamodb_conditional_check_failed_exception);
    ITEM_TO_WIRE(c->arena, &out->before, members->item);
    return fail_with(c, e, members, "The conditional request failed");
}
