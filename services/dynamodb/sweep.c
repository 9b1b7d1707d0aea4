/* The rows of a space that nobody needs any more go, a slice a transaction. */
#include "services/dynamodb/dynamodb.h"

#define SWEEP_TASK S("dynamodb.sweep")

void ddb_sweep(struct txn *t, struct arena *a, u64 space) {
    if (space) txn_task_set(t, &(struct task){.kind = SWEEP_TASK, .key = arena_format(a, "%llu", (unsigned long long)space)});
}

err ddb_sweep_slice(struct txn *t, const struct task *task, i64 now_ms) {
    (void)now_ms;
    struct arena *a = txn_arena(t);
    u64 space;
    ASSERT(str_to_u64(task->key, &space));
    struct key k = ddb_space_key(a, space);
    str from = key_bytes(&k), key;
    struct range rows = txn_range(t, from, key_after_prefix(a, from));
    int n = 0;
    for (; n < DDB_SLICE && range_next(&rows, &key, NULL); n++) txn_delete(t, arena_str(a, key));
    if (n == DDB_SLICE) txn_task_set(t, &(struct task){.kind = task->kind, .key = task->key});
    return NULL;
}
