/* Transactions: a view of LMDB with the function's own write set on top. */
#include "store/internal.h"

#include <stdlib.h>

void txn_begin(struct txn *t, struct store *s, struct arena *a, MDB_txn *lmdb) {
    *t = (struct txn){.store = s, .arena = a, .lmdb = lmdb};
}

struct arena *txn_arena(struct txn *t) { return t->arena; }
bool txn_writable(const struct txn *t) { return t->writable; }
u64 txn_number(const struct txn *t) { return t->number; }
struct store *txn_store(struct txn *t) { return t->store; }
void store_set_owner(struct store *s, void *owner) {
    atomic_store(&s->owner, owner);
    scheduler_poke(s);
}
void *txn_owner(const struct txn *t) { return atomic_load(&t->store->owner); }

void store_damaged(const char *what, int code) {
    log_line(LOG_ERROR, "store_damaged", "doing=%s error=\"%s\"", what, mdb_strerror(code));
    ASSERT(!"the store's file can be read");
    __builtin_unreachable();
}

/* ---- the write set. A sorted array of pointers: functions write one to ten rows, and a thousand still
 * costs less to shift than a tree costs to walk. ---- */

/* Index of the first entry not below `key`; *found if it is the key itself. */
static u32 order_position(const struct txn *t, str key, bool *found) {
    u32 low = 0, high = t->order_n;
    *found = false;
    while (low < high) {
        u32 middle = low + (high - low) / 2;
        int c = str_cmp(t->order[middle]->key, key);
        if (c == 0) {
            *found = true;
            return middle;
        }
        if (c < 0) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* Arena memory cannot be returned, so lists grow by doubling. */
static struct change **grown(struct arena *a, struct change **list, u32 n, u32 *capacity) {
    if (n < *capacity) return list;
    ASSERT(n < 1u << 24);
    *capacity = MAX(*capacity * 2, 8u);
    struct change **larger = NEW_ARRAY(a, struct change *, *capacity);
    if (n) memcpy(larger, list, n * sizeof(struct change *));
    return larger;
}

struct change *txn_add_change(struct txn *t, enum change_kind kind) {
    ASSERT(t->writable);
    struct change *c = NEW(t->arena, struct change);
    c->kind = kind;
    t->log = grown(t->arena, t->log, t->log_n, &t->log_capacity);
    t->log[t->log_n++] = c;
    return c;
}

static struct change *set(struct txn *t, enum change_kind kind, str key) {
    ASSERT(key.n > 0 && key.n <= KEY_MAX);
    struct change *c = txn_add_change(t, kind);
    c->key = arena_str(t->arena, key);
    bool found;
    u32 at = order_position(t, key, &found);
    if (found) {
        c->shadowed = t->order[at];
    } else {
        t->order = grown(t->arena, t->order, t->order_n, &t->order_capacity);
        memmove(t->order + at + 1, t->order + at, (t->order_n - at) * sizeof(struct change *));
        t->order_n++;
    }
    t->order[at] = c;
    return c;
}

void txn_put(struct txn *t, str key, str value) {
    struct change *c = set(t, CHANGE_PUT, key);
    c->value = arena_str(t->arena, value.p ? value : S(""));
    t->bytes += key.n + value.n;
}

void txn_delete(struct txn *t, str key) {
    if (key.n > KEY_MAX) return; /* names no row */
    set(t, CHANGE_DELETE, key);
    t->bytes += key.n;
}

size_t txn_mark(const struct txn *t) { return t->log_n; }

void txn_undo(struct txn *t, size_t mark) {
    ASSERT(mark <= t->log_n);
    while (t->log_n > mark) {
        struct change *c = t->log[--t->log_n];
        if (c->kind != CHANGE_PUT && c->kind != CHANGE_DELETE) continue;
        t->bytes -= c->key.n + c->value.n;
        bool found;
        u32 at = order_position(t, c->key, &found);
        ASSERT(found && t->order[at] == c);
        if (c->shadowed) {
            t->order[at] = c->shadowed;
            continue;
        }
        t->order_n--;
        memmove(t->order + at, t->order + at + 1, (t->order_n - at) * sizeof(struct change *));
    }
}

int txn_apply(struct txn *t) {
    MDB_dbi rows = t->store->env.rows;
    for (u32 i = 0; i < t->order_n; i++) {
        const struct change *c = t->order[i];
        MDB_val key = {c->key.n, (void *)(uintptr_t)c->key.p};
        MDB_val value = {c->value.n, (void *)(uintptr_t)c->value.p};
        int code = c->kind == CHANGE_PUT ? mdb_put(t->lmdb, rows, &key, &value, 0)
                                         : mdb_del(t->lmdb, rows, &key, NULL);
        if (code && code != MDB_NOTFOUND) return code;
        t->batch->dirty |= !code; /* what is absent cannot be deleted: LMDB stays as it is */
    }
    return 0;
}

/* ---- effects at commit ---- */
void txn_notify(struct txn *t, str topic, u32 items) {
    if (items == 0) return;
    struct change *c = txn_add_change(t, CHANGE_NOTIFY);
    c->key = arena_str(t->arena, topic);
    c->n = items;
}

void txn_after_commit(struct txn *t, struct txn_after *after) { txn_add_change(t, CHANGE_AFTER)->after = after; }

void txn_raise_epoch(struct txn *t) {
    txn_add_change(t, CHANGE_EPOCH);
    tasks_after_epoch(t);
}
bool txn_raised_epoch(const struct txn *t) {
    for (u32 i = t->log_n; i-- > 0;)
        if (t->log[i]->kind == CHANGE_EPOCH) return true;
    return false;
}

u64 txn_sequence(struct txn *t) {
    ASSERT(t->writable && t->batch->sequence < (1u << SEQUENCE_SHIFT) - 1);
    return t->batch->commit << SEQUENCE_SHIFT | ++t->batch->sequence;
}

/* ---- reading ---- */
bool txn_get(struct txn *t, str key, str *value) {
    if (t->order_n) {
        bool found;
        u32 at = order_position(t, key, &found);
        if (found) {
            if (value) *value = t->order[at]->value;
            return t->order[at]->kind == CHANGE_PUT;
        }
    }
    if (key.n == 0 || key.n > KEY_MAX) return false;
    MDB_val k = {key.n, (void *)(uintptr_t)key.p}, v;
    int code = mdb_get(t->lmdb, t->store->env.rows, &k, &v);
    if (code == MDB_NOTFOUND) return false;
    if (code) store_damaged("get", code);
    if (value) *value = (str){v.mv_data, v.mv_size};
    return true;
}

/* ---- ranges: LMDB's rows and the write set's changes, merged. Each step takes the nearer of the two;
 * a change hides the row of its key. The changes are looked up anew at each step, so that puts and
 * deletes during the walk are seen. ---- */
static struct walk *walk_new(struct txn *t) {
    /* A batch's cursors outlive the function's arena. */
    struct walk *w = t->batch ? calloc(1, sizeof *w) : NEW(t->arena, struct walk);
    ASSERT(w);
    struct walk **all = t->batch ? &t->batch->walks_all : &t->walks_all;
    w->next_all = *all;
    *all = w;
    if (t->reader && !t->reader->cursor_taken) {
        t->reader->cursor_taken = true;
        w->cursor = env_reader_cursor(&t->store->env, t->reader);
        return w;
    }
    int code = mdb_cursor_open(t->lmdb, t->store->env.rows, &w->cursor);
    if (code) store_damaged("cursor", code);
    return w;
}

static struct walk *walk_take(struct txn *t) {
    struct walk *w = t->walks;
    if (!w) return walk_new(t);
    t->walks = w->next;
    return w;
}

static void walk_give(struct txn *t, struct walk *w) {
    w->next = t->walks;
    t->walks = w;
}

void txn_end_walks(struct txn *t) {
    for (struct walk *w = t->walks_all; w; w = w->next_all)
        if (w->cursor != t->reader->cursor) mdb_cursor_close(w->cursor);
}

static bool move(struct walk *w, MDB_cursor_op op) {
    int code = mdb_cursor_get(w->cursor, &w->key, &w->value, op);
    if (code && code != MDB_NOTFOUND) store_damaged("range", code);
    return code == 0;
}

static str row_key(const struct walk *w) { return (str){w->key.mv_data, w->key.mv_size}; }

static bool seek(struct walk *w, str key) {
    if (key.n == 0) return move(w, MDB_FIRST);
    w->key = (MDB_val){key.n, (void *)(uintptr_t)key.p};
    return move(w, MDB_SET_RANGE);
}

static struct walk *start(struct range *r) {
    struct walk *w = walk_take(r->txn);
    r->cursor = w;
    r->started = true;
    w->consumed = false;
    if (r->backwards) {
        w->bound = r->to;
        w->bound_included = false;
        bool behind = r->to.p && seek(w, r->to);
        w->row = move(w, behind ? MDB_PREV : MDB_LAST);
    } else {
        w->bound = r->from;
        w->bound_included = true;
        w->row = seek(w, r->from);
    }
    return w;
}

/* The nearest change that the walk has not passed, or NULL. */
static struct change *next_change(const struct range *r, const struct walk *w) {
    const struct txn *t = r->txn;
    if (!t->order_n) return NULL;
    bool found = false;
    if (r->backwards) {
        u32 at = w->bound.p ? order_position(t, w->bound, &found) : t->order_n;
        if (at == 0 || str_cmp(t->order[at - 1]->key, r->from) < 0) return NULL;
        return t->order[at - 1];
    }
    u32 at = order_position(t, w->bound, &found);
    if (found && !w->bound_included) at++;
    if (at == t->order_n || (r->to.p && str_cmp(t->order[at]->key, r->to) >= 0)) return NULL;
    return t->order[at];
}

static bool row_in_range(const struct range *r, const struct walk *w) {
    if (!w->row) return false;
    if (r->backwards) return str_cmp(row_key(w), r->from) >= 0;
    return !r->to.p || str_cmp(row_key(w), r->to) < 0;
}

struct range txn_range(struct txn *t, str from, str to) { return (struct range){.txn = t, .from = from, .to = to}; }

struct range txn_range_backwards(struct txn *t, str from, str to) {
    return (struct range){.txn = t, .from = from, .to = to, .backwards = true};
}

bool range_next(struct range *r, str *key, str *value) {
    if (r->started && !r->cursor) return false;
    struct walk *w = r->started ? r->cursor : start(r);
    for (;;) {
        if (w->row && w->consumed) w->row = move(w, r->backwards ? MDB_PREV : MDB_NEXT);
        w->consumed = false;
        bool row = row_in_range(r, w);
        const struct change *c = next_change(r, w);
        if (!row && !c) break;
        int order = !c ? -1 : !row ? 1 : str_cmp(row_key(w), c->key);
        if (order && r->backwards && row && c) order = -order;
        w->consumed = order <= 0;
        w->bound = order < 0 ? row_key(w) : c->key;
        w->bound_included = false;
        if (order >= 0 && c->kind == CHANGE_DELETE) continue;
        if (key) *key = w->bound;
        if (value) *value = order < 0 ? (str){w->value.mv_data, w->value.mv_size} : c->value;
        return true;
    }
    walk_give(r->txn, w);
    r->cursor = NULL;
    return false;
}

void range_seek(struct range *r, str to_key) {
    ASSERT(!r->backwards);
    if (!r->started) {
        if (str_cmp(to_key, r->from) > 0) r->from = to_key;
        return;
    }
    struct walk *w = r->cursor;
    if (!w || str_cmp(to_key, w->bound) <= 0) return;
    if (w->row && str_cmp(row_key(w), to_key) < 0) {
        w->row = seek(w, to_key);
        w->consumed = false;
    }
    w->bound = to_key;
    w->bound_included = true;
}
