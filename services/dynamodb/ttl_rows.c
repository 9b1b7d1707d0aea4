/* The order in which a table's items expire:
 *
 *   ("ddb", expiries) second, the item's row without its space -> nothing
 *
 * is kept with every change while time to live is on; a timer stands at the first of them. */
#include "services/dynamodb/dynamodb.h"

#define TTL_TASK S("dynamodb.ttl")
enum { SPACE_PREFIX = 12, YEARS_KEPT_S = 5 * 365 * 86400 };

/* The second at which an item expires; 0: never, or at no time that a clock will tell. Only whole numbers of the epoch count. */
static i64 expiry_of(struct arena *a, const struct ddb_table *t, str bytes) {
    struct value v;
    i64 seconds;
    if (!bytes.p || !item_encoded_find(a, bytes, t->ttl, &v) || v.type != VALUE_N) return 0;
    str text = value_text(&v);
    size_t dot = str_find_char(text, '.');
    return str_to_i64(dot == STR_NONE ? text : str_take(text, dot), &seconds) && seconds > 0 && seconds <= INT64_MAX / 1000 ? seconds : 0;
}

static str expiry_row(struct arena *a, const struct ddb_table *t, i64 second, const struct ddb_key *k) {
    struct key key = ddb_space_key(a, t->ttl_space);
    key_u64(&key, (u64)second);
    buf_add(&key.buf, str_skip(k->row, SPACE_PREFIX));
    return key_bytes(&key);
}

void ddb_ttl_timer(struct txn *t, struct arena *a, const struct ddb_table *table, i64 second) {
    struct task task;
    str key = ddb_table_row(a, table->account, table->region, table->name);
    if (txn_task_get(t, TTL_TASK, key, &task) && task.due_ms <= second * 1000) return;
    txn_task_set(t, &(struct task){.kind = TTL_TASK, .key = key, .due_ms = second * 1000});
}

static void add(struct call *c, const struct ddb_table *t, const struct ddb_key *k, i64 second) {
    if (!second || second < c->now_ms / 1000 - YEARS_KEPT_S) return; /* as AWS: what is so old was not meant */
    txn_put(c->txn, expiry_row(c->arena, t, second, k), S(""));
    ddb_ttl_timer(c->txn, c->arena, t, second);
}

void ddb_ttl_note(struct call *c, const struct ddb_change *change) {
    const struct ddb_table *t = change->table;
    i64 before = expiry_of(c->arena, t, change->before), after = expiry_of(c->arena, t, change->after);
    if (before == after) return;
    if (before) txn_delete(c->txn, expiry_row(c->arena, t, before, change->key));
    add(c, t, change->key, after);
}

void ddb_ttl_fill(struct call *c, const struct ddb_table *t, const struct ddb_key *k, str bytes) { add(c, t, k, expiry_of(c->arena, t, bytes)); }
