/* Emptying the cloud while it serves, in slices that hold the writer only briefly. Rows go by the prefix
 * (room, account); before them, rooms give back the bytes that their rows own. Each slice is a
 * transaction of its own. The first step leaves a task that would go on in a minute: a reset that is cut
 * short, by a crash or a full disk, is finished by it; one that comes to its end takes the task back. */
#include "cloud/cloud.h"
#include "cloud/kept.h"
#include "cloud/upkeep.h"
#include "text/form.h"

enum { SLICE = 256, RESUME_MS = 60000 };

struct reset {
    struct store *store;
    const struct cloud_config *config;
    str account; /* absent: all */
    int left;    /* of this slice's budget when it ended */
    bool done;
};

static str prefix_of(struct txn *t, str room, str account) {
    struct key k = key_new(txn_arena(t), room);
    if (account.p) key_str(&k, account);
    return key_bytes(&k);
}

/* The next room or, inside a room, account at or behind `from`; false at the end. */
static bool next_part(struct txn *t, str from, str to, int part, str *found) {
    struct arena *a = txn_arena(t);
    struct range rows = txn_range(t, from, to);
    str key, value;
    if (!range_next(&rows, &key, &value)) return false;
    key = arena_str(a, key);
    for (int i = 0; i <= part; i++)
        if (!key_read_str(&key, a, found)) return false;
    return true;
}

/* True: the room owns no bytes of these accounts any more. */
static bool release_bytes(struct reset *r, struct txn *t, const struct room_release *room, int *budget) {
    struct arena *a = txn_arena(t);
    if (r->account.p) return room->release(t, r->account, budget);
    str from = prefix_of(t, str_of(room->room), (str){0}), end = key_after_prefix(a, from), account;
    while (next_part(t, from, end, 1, &account)) {
        if (!room->release(t, account, budget)) return false;
        from = key_after_prefix(a, prefix_of(t, str_of(room->room), account));
    }
    return true;
}

static bool delete_rows(struct txn *t, str prefix, int *budget) {
    struct arena *a = txn_arena(t);
    struct range rows = txn_range(t, prefix, key_after_prefix(a, prefix));
    for (str key, value; range_next(&rows, &key, &value); --*budget) {
        if (!*budget) return false;
        txn_delete(t, arena_str(a, key));
    }
    return true;
}

/* The store's own rows are its own: blobs went with the rows that named them, tasks find nothing to do. */
static bool belongs_to_store(str room) { return str_eq(room, S("store")) || str_eq(room, S("blob")); }

static bool delete_rooms(struct reset *r, struct txn *t, int *budget) {
    struct arena *a = txn_arena(t);
    str from = S(""), room;
    while (next_part(t, from, (str){0}, 0, &room)) {
        str all = prefix_of(t, room, (str){0});
        from = key_after_prefix(a, all);
        if (belongs_to_store(room)) continue;
        bool done = str_eq(room, S("registry")) ? registry_release(t, r->account, budget)
                                                : delete_rows(t, r->account.p ? prefix_of(t, room, r->account) : all, budget);
        if (!done) return false;
    }
    return true;
}

/* A task's key is never empty; no account is called so. */
static str task_key(const struct reset *r) { return r->account.p ? r->account : S("all"); }

static void set_task(struct txn *t, const struct reset *r, i64 due_ms) {
    txn_task_set(t, &(struct task){.kind = S("reset"), .key = task_key(r), .due_ms = due_ms});
}

static err begin(void *context, struct txn *t) {
    struct reset *r = context;
    set_task(t, r, store_now_ms(r->store) + RESUME_MS);
    return NULL;
}

static err slice(void *context, struct txn *t) {
    struct reset *r = context;
    int budget = SLICE;
    bool done = true;
    for (size_t i = 0; i < r->config->release_count && done; i++) done = release_bytes(r, t, &r->config->releases[i], &budget);
    r->done = done && delete_rooms(r, t, &budget);
    if (r->done) txn_task_cancel(t, S("reset"), task_key(r));
    r->left = budget;
    txn_raise_epoch(t); /* what was allowed to whom may be gone */
    return NULL;
}

err reset_resume(struct txn *t, const struct task *task, i64 now_ms) {
    (void)now_ms;
    struct cloud *cloud = txn_owner(t);
    if (!cloud) return &cloud_internal_failure; /* not open yet: once more in a second */
    struct reset r = {.store = cloud->store, .config = &cloud->config, .account = account_valid(task->key) ? task->key : (str){0}};
    err e = slice(&r, t);
    if (!e && !r.done) set_task(t, &r, 0);
    kept_forget(cloud->kept);
    return e;
}

static bool write_step(struct admin_call *c, struct reset *r, err (*step)(void *context, struct txn *t), const char *problem) {
    struct arena memory = {0};
    err e = store_write(r->store, &memory, step, r);
    arena_free(&memory);
    if (e) c->problem = str_of(problem);
    return !e;
}

void upkeep_reset(struct admin_call *c) {
    struct reset r = {.store = c->cloud->store, .config = &c->cloud->config, .account = form_find(c->arena, c->query, S("account"))};
    u64 rows = 0;
    if (r.account.p && !account_valid(r.account)) {
        c->status = 400;
        c->problem = S("account must have twelve digits.");
        return;
    }
    if (!write_step(c, &r, begin, "The store could not write. Nothing is deleted.")) return;
    while (!r.done) {
        if (!write_step(c, &r, slice, "The store could not write. Part of it is deleted; the rest goes when the disk is well.")) return;
        rows += (u64)(SLICE - r.left);
    }
    kept_forget(c->cloud->kept); /* data keys, under keys that are gone */
    buf_format(&c->answer, "{\"rows\":%llu}", (unsigned long long)rows);
}
