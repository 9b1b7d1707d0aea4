/* Tasks as rows: ("store", "task", kind, key) holds the task, ("store", "due", class, time, kind, key)
 * is the order in which they fall due. Outbox tasks stand in a class of their own, so that slow
 * deliveries never stand in front of timers. */
#include "store/internal.h"

#include "store/record.h"

enum { KIND_TABLES_MAX = 128 };

/* Filled at boot, before any store opens, and constant from then on: kinds belong to the program. */
static const struct task_kind *tables[KIND_TABLES_MAX];
static size_t tables_n;

void store_register_tasks(const struct task_kind *kinds) {
    ASSERT(tables_n < KIND_TABLES_MAX);
    tables[tables_n++] = kinds;
}

const struct task_kind *task_kind_find(str name) {
    for (size_t i = 0; i < tables_n; i++)
        for (const struct task_kind *kind = tables[i]; kind->name; kind++)
            if (str_eq(name, str_of(kind->name))) return kind;
    return NULL;
}

static const struct record_field task_row_fields[] = {
    RECORD_STR(1, struct task_row, payload),    RECORD_I64(2, struct task_row, due_ms),
    RECORD_BOOL(3, struct task_row, job),       RECORD_U64(4, struct task_row, generation),
    RECORD_U64(5, struct task_row, attempts),
};
static const struct record_type task_row_record = RECORD_TYPE(struct task_row, task_row_fields);

static str row_key(struct txn *t, str kind, str key) {
    struct key k = store_key(t->arena, "task");
    key_str(&k, kind);
    key_str(&k, key);
    return key_bytes(&k);
}

static struct key due_prefix(struct arena *a, int class) {
    struct key k = store_key(a, "due");
    key_u64(&k, (u64)class);
    return k;
}

static str due_key(struct txn *t, i64 due_ms, str kind, str key) {
    const struct task_kind *known = task_kind_find(kind);
    struct key k = due_prefix(t->arena, known && known->perform ? TASK_OUTBOX : TASK_TIMER);
    key_i64(&k, due_ms);
    key_str(&k, kind);
    key_str(&k, key);
    return key_bytes(&k);
}

bool task_row_get(struct txn *t, str kind, str key, struct task_row *row) {
    str value;
    if (!txn_get(t, row_key(t, kind, key), &value)) return false;
    ASSERT(record_decode(t->arena, &task_row_record, value, row));
    return true;
}

void task_row_delete(struct txn *t, str kind, str key, const struct task_row *row) {
    txn_delete(t, row_key(t, kind, key));
    txn_delete(t, due_key(t, row->due_ms, kind, key));
}

static void task_row_put(struct txn *t, str kind, str key, const struct task_row *row) {
    txn_put(t, row_key(t, kind, key), record_encode(t->arena, &task_row_record, row));
    txn_put(t, due_key(t, row->due_ms, kind, key), S(""));
    txn_add_change(t, CHANGE_DUE)->n = (u64)row->due_ms;
}

void txn_task_set(struct txn *t, const struct task *task) {
    ASSERT(task_kind_find(task->kind)); /* a name that no table has would never run */
    struct task_row old;
    if (task_row_get(t, task->kind, task->key, &old)) task_row_delete(t, task->kind, task->key, &old);
    struct task_row row = {task->payload, task->due_ms, task->due_ms == 0, txn_sequence(t), 0};
    /* At once means: behind what is due already, or one long job would hold up all others. */
    if (row.job) row.due_ms = store_now_ms(t->store);
    task_row_put(t, task->kind, task->key, &row);
}

void tasks_after_epoch(struct txn *t) {
    struct task_row stands;
    for (size_t i = 0; i < tables_n; i++)
        for (const struct task_kind *kind = tables[i]; kind->name; kind++) {
            str name = str_of(kind->name);
            if (!kind->after_epoch_ms || task_row_get(t, name, name, &stands)) continue;
            txn_task_set(t, &(struct task){.kind = name, .key = name, .due_ms = store_now_ms(t->store) + kind->after_epoch_ms});
        }
}

void txn_task_cancel(struct txn *t, str kind, str key) {
    struct task_row row;
    if (task_row_get(t, kind, key, &row)) task_row_delete(t, kind, key, &row);
}

bool txn_task_get(struct txn *t, str kind, str key, struct task *task) {
    struct task_row row;
    if (!task_row_get(t, kind, key, &row)) return false;
    *task = (struct task){kind, key, row.payload, row.job ? 0 : row.due_ms};
    return true;
}

void task_row_postpone(struct txn *t, str kind, str key, u64 generation) {
    enum { SECOND = 1000, DAY = 86400000, DOUBLINGS = 17 };
    struct task_row row;
    if (!task_row_get(t, kind, key, &row) || row.generation != generation) return;
    task_row_delete(t, kind, key, &row);
    i64 delay_ms = MIN((i64)SECOND << MIN(row.attempts, (u64)DOUBLINGS), (i64)DAY);
    row.attempts++;
    row.due_ms = MAX(row.due_ms, store_now_ms(t->store)) + delay_ms;
    task_row_put(t, kind, key, &row);
}

struct range task_due_range(struct txn *t, int class) {
    struct key k = due_prefix(t->arena, class);
    str from = key_bytes(&k);
    return txn_range(t, from, key_after_prefix(t->arena, from));
}

bool task_due_next(struct range *r, i64 *due_ms, str *kind, str *key) {
    struct arena *a = r->txn->arena;
    str row, store, index;
    u64 class;
    if (!range_next(r, &row, NULL)) return false;
    ASSERT(key_read_str(&row, a, &store) && key_read_str(&row, a, &index) && key_read_u64(&row, &class));
    ASSERT(key_read_i64(&row, due_ms) && key_read_str(&row, a, kind) && key_read_str(&row, a, key));
    return true;
}
