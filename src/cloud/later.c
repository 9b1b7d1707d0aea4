/* A task that a reading call leaves behind: its row is written in a transaction of its own. */
#include "cloud/cloud.h"
#include "cloud/boot.h"

struct later { /* lives in its own arena: the call may be gone when the writer comes to it */
    struct store_work work;
    struct arena arena;
    struct task task;
};

static err set(struct store_work *w, struct txn *t) {
    txn_task_set(t, &((struct later *)w)->task);
    return NULL;
}

static void done(struct store_work *w, err result) {
    struct arena arena = ((struct later *)w)->arena;
    arena_free(&arena);
}

void task_later(struct call *c, const struct task *task) {
    if (txn_writable(c->txn)) {
        txn_task_set(c->txn, task);
        return;
    }
    struct arena arena = {0};
    struct later *l = NEW(&arena, struct later);
    l->task = (struct task){.kind = arena_str(&arena, task->kind), .key = arena_str(&arena, task->key),
                            .payload = arena_str(&arena, task->payload), .due_ms = task->due_ms};
    l->arena = arena;
    l->work = (struct store_work){.run = set, .done = done, .arena = &l->arena};
    store_submit(c->cloud->store, &l->work);
}
