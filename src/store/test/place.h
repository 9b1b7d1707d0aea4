/* A place for a store under test: a directory that goes away, and short forms of the common calls. */
#ifndef BRUME_STORE_TEST_PLACE_H
#define BRUME_STORE_TEST_PLACE_H

#include "store/store.h"
#include "sys/sys.h"
#include "unit.h"

#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    char path[128];
    struct arena boot;
    struct store *store;
};

static inline void place_make(struct place *p) {
    *p = (struct place){0};
    snprintf(p->path, sizeof p->path, "/tmp/brume-store-XXXXXX");
    ASSERT(mkdtemp(p->path));
}

static inline bool place_open_as(struct place *p, struct store_config config) {
    str problem = {0};
    config.directory = p->path;
    p->store = store_open(&p->boot, &config, &problem);
    if (!p->store) printf("# cannot open: %.*s\n", STR_ARGS(problem));
    return p->store != NULL;
}

static inline void place_open(struct place *p) { ASSERT(place_open_as(p, (struct store_config){0})); }

static inline void place_close(struct place *p) {
    if (p->store) store_close(p->store);
    p->store = NULL;
    arena_free(&p->boot);
}

static inline int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *where) {
    return remove(path);
}

static inline void place_drop(struct place *p) {
    place_close(p);
    nftw(p->path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- one put, delete or get as a whole transaction ---- */
struct one_row {
    str key, value;
};
static inline err one_put(void *context, struct txn *t) {
    const struct one_row *row = context;
    if (row->value.p) txn_put(t, row->key, row->value);
    else txn_delete(t, row->key);
    return NULL;
}
static inline err put_row(struct store *s, str key, str value) {
    struct arena a = {0};
    struct one_row row = {key, value};
    err result = store_write(s, &a, one_put, &row);
    arena_free(&a);
    return result;
}
static inline bool get_row(struct store *s, struct arena *a, str key, str *value) {
    struct arena inner = {0};
    str view = {0};
    struct txn *t = store_snapshot(s, &inner);
    bool found = txn_get(t, key, &view);
    if (found) *value = arena_str(a, view);
    store_snapshot_end(t);
    arena_free(&inner);
    return found;
}

/* A small generator for tests: the same numbers every time. */
static inline u64 random_next(u64 *state) {
    u64 z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

#endif
