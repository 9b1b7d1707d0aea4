/* Blobs under names, for tests: a row ("t", name) holds the reference. */
#ifndef BRUME_STORE_TEST_BLOB_HELP_H
#define BRUME_STORE_TEST_BLOB_HELP_H

#include "store/blob.h"
#include "store/blob_core.h"
#include "store/test/place.h"

#include <dirent.h>
#include <stdio.h>

static inline u64 next_random(u64 *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

static inline char *pattern(size_t n, u64 seed) {
    char *bytes = malloc(n + 1);
    u64 state = seed * 77 + 1;
    for (size_t i = 0; i < n; i++) bytes[i] = (char)next_random(&state);
    return bytes;
}

static inline str name_key(struct arena *a, str name) {
    struct key k = key_new(a, S("t"));
    key_str_prefix(&k, name);
    return key_bytes(&k);
}

static inline struct blob_stage *stage(struct place *p, size_t n, u64 seed, u32 zones, i64 expected) {
    char *bytes = pattern(n, seed);
    struct blob_stage *st = blob_stage_new(p->store, expected, (struct blob_placement){zones});
    bool fine = blob_stage_add(st, (str){bytes, n}) && blob_stage_finish(st);
    free(bytes);
    if (fine) return st;
    blob_stage_drop(st);
    return NULL;
}

/* ---- write functions ---- */
static const struct error refused = {"Refused", NULL, 400, 0xffff, true};
struct named {
    str from, to;
    struct blob_stage *stage;
    bool fail, move;
};

static inline err run_adopt(void *context, struct txn *t) {
    struct named *n = context;
    str key = name_key(txn_arena(t), n->to), old;
    str reference = txn_blob_adopt(t, n->stage);
    if (txn_get(t, key, &old)) txn_blob_delete(t, arena_str(txn_arena(t), old));
    txn_put(t, key, reference);
    return n->fail ? &refused : NULL;
}
static inline err run_delete(void *context, struct txn *t) {
    struct named *n = context;
    str key = name_key(txn_arena(t), n->from), reference;
    if (!txn_get(t, key, &reference)) return &refused;
    txn_blob_delete(t, arena_str(txn_arena(t), reference));
    txn_delete(t, key);
    return n->fail ? &refused : NULL;
}
static inline err run_share(void *context, struct txn *t) {
    struct named *n = context;
    str reference;
    if (!txn_get(t, name_key(txn_arena(t), n->from), &reference)) return &refused;
    reference = arena_str(txn_arena(t), reference);
    if (n->move) txn_delete(t, name_key(txn_arena(t), n->from));
    else reference = txn_blob_share(t, reference);
    txn_put(t, name_key(txn_arena(t), n->to), reference);
    return NULL;
}
static inline err run_concat(void *context, struct txn *t) {
    struct named *n = context;
    struct arena *a = txn_arena(t);
    str from = name_key(a, n->from), key, value, references[64];
    size_t count = 0;
    struct range r = txn_range(t, from, key_after_prefix(a, from));
    while (range_next(&r, &key, &value)) {
        references[count++] = arena_str(a, value);
        txn_delete(t, arena_str(a, key));
    }
    txn_put(t, name_key(a, n->to), txn_blob_concat(t, references, count));
    return NULL;
}
static inline err written(struct place *p, err (*run)(void *, struct txn *), struct named n) {
    struct arena a = {0};
    err error = store_write(p->store, &a, run, &n);
    arena_free(&a);
    return error;
}

static inline bool adopt(struct place *p, const char *name, struct blob_stage *st) {
    return !written(p, run_adopt, (struct named){.to = str_of(name), .stage = st});
}
static inline bool adopt_then_fail(struct place *p, const char *name, struct blob_stage *st) {
    return !written(p, run_adopt, (struct named){.to = str_of(name), .stage = st, .fail = true});
}
static inline bool delete_name(struct place *p, const char *name) {
    return !written(p, run_delete, (struct named){.from = str_of(name)});
}
static inline bool delete_then_fail(struct place *p, const char *name) {
    return !written(p, run_delete, (struct named){.from = str_of(name), .fail = true});
}
static inline bool share_name(struct place *p, const char *from, const char *to) {
    return !written(p, run_share, (struct named){.from = str_of(from), .to = str_of(to)});
}
static inline bool rename_name(struct place *p, const char *from, const char *to) {
    return !written(p, run_share, (struct named){.from = str_of(from), .to = str_of(to), .move = true});
}
static inline bool concat_names(struct place *p, const char *prefix, const char *to) {
    return !written(p, run_concat, (struct named){.from = str_of(prefix), .to = str_of(to)});
}

static inline bool blob_put(struct place *p, const char *name, size_t n, u64 seed, u32 zones, i64 expected) {
    struct blob_stage *st = stage(p, n, seed, zones, expected);
    if (!st) return false;
    bool fine = adopt(p, name, st);
    blob_stage_drop(st);
    return fine;
}

/* ---- reading ---- */
static inline struct blob_reader *open_name(struct place *p, const char *name, struct arena *a) {
    struct arena inner = {0};
    struct txn *t = store_snapshot(p->store, &inner);
    str reference;
    struct blob_reader *r = NULL;
    if (txn_get(t, name_key(&inner, str_of(name)), &reference)) r = blob_open(t, reference, a);
    store_snapshot_end(t);
    arena_free(&inner);
    return r;
}
static inline bool name_is(struct place *p, const char *name, const char *want, size_t n) {
    struct arena a = {0};
    struct blob_reader *r = open_name(p, name, &a);
    char *got = malloc(n + 1);
    bool same = r && blob_read(r, 0, got, n) && memcmp(got, want, n) == 0;
    free(got);
    arena_free(&a);
    return same;
}
static inline bool blob_same(struct place *p, const char *name, size_t n, u64 seed) {
    char *want = pattern(n, seed);
    bool same = name_is(p, name, want, n);
    free(want);
    return same;
}

/* ---- files ---- */
static inline void settle(struct place *p) {
    struct arena a = {0};
    struct one_row row = {S("t\0settled"), S("1")}; /* a batch must end before its hints are believed */
    for (int i = 0; i < 3; i++) {
        ASSERT(!store_write(p->store, &a, one_put, &row));
        usleep(50000);
        blobs_sweep(store_blobs(p->store));
    }
    usleep(150000);
    blobs_sweep(store_blobs(p->store));
    arena_free(&a);
}

static int files_found;
static char *files_last;
static const char *files_kind;
static size_t files_last_size;
static inline int count_file(const char *path, const struct stat *st, int flag, struct FTW *where) {
    if (flag != FTW_F || !strstr(path, files_kind)) return 0;
    files_found++;
    snprintf(files_last, files_last_size, "%s", path);
    return 0;
}
/* How many files of "files" or "segments" there are, and the path of one. */
static inline int find_files(struct place *p, const char *kind, char *path, size_t size) {
    char zones[256];
    snprintf(zones, sizeof zones, "%s/zones", p->path);
    files_found = 0;
    files_last = path;
    files_last_size = size;
    char part[32];
    snprintf(part, sizeof part, "/%s/", kind);
    files_kind = part;
    nftw(zones, count_file, 16, FTW_PHYS);
    return files_found;
}

/* The keeper takes its turns when it gets the processor: on a busy machine that is not soon. */
static inline bool files_become(struct place *p, const char *kind, int least, int most) {
    char path[512];
    int n = -1;
    for (int i = 0; i < 200; i++) {
        settle(p);
        n = find_files(p, kind, path, sizeof path);
        if (n >= least && n <= most) return true;
    }
    printf("# %d %s, expected %d to %d\n", n, kind, least, most);
    return false;
}

#endif
