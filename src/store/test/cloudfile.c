#include "store/test/blob_help.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>

static size_t length_of(int i) { return (size_t)i * (size_t)i * 97 % 150000; }

struct writer_side {
    struct place *p;
    _Atomic bool stop;
    _Atomic int put;
};
static void *keeps_writing(void *context) {
    struct writer_side *w = context;
    for (int i = 100; !w->stop; i++) {
        char name[32];
        snprintf(name, sizeof name, "later-%06d", i);
        CHECK(blob_put(w->p, name, length_of(i), (u64)i, 1, -1));
        w->put = i;
        snprintf(name, sizeof name, "later-%06d", i - 5);
        if (i % 3 == 0 && i >= 105) CHECK(delete_name(w->p, name));
    }
    return NULL;
}

/* Every name of the loaded store has its bytes; returns how many there are. */
static int check_names(struct place *p) {
    struct arena a = {0};
    struct txn *t = store_snapshot(p->store, &a);
    str from = name_key(&a, S("")), key, value;
    struct range r = txn_range(t, from, key_after_prefix(&a, from));
    int n = 0;
    while (range_next(&r, &key, &value)) {
        str name = str_skip(key, from.n);
        if (!str_starts(name, S("later-")) && !str_starts(name, S("early-"))) continue;
        u64 i;
        ASSERT(str_to_u64(str_skip(name, 6), &i));
        size_t length = length_of((int)i);
        CHECK_INT(blob_length(value), length);
        struct blob_reader *reader = blob_open(t, value, &a);
        char *want = pattern(length, i), *got = malloc(length + 1);
        CHECK(blob_read(reader, 0, got, length) && memcmp(got, want, length) == 0);
        free(want);
        free(got);
        n++;
    }
    store_snapshot_end(t);
    arena_free(&a);
    return n;
}

static void saved_while_writing_loads_elsewhere(void) {
    struct place p, q;
    struct arena a = {0};
    str problem = {0};
    char file[160];
    place_make(&p);
    place_open(&p);
    snprintf(file, sizeof file, "%s.cloud", p.path);
    for (int i = 0; i < 50; i++) {
        char name[32];
        snprintf(name, sizeof name, "early-%06d", i);
        CHECK(blob_put(&p, name, length_of(i), (u64)i, 1, -1));
    }
    struct writer_side w = {.p = &p};
    pthread_t thread;
    pthread_create(&thread, NULL, keeps_writing, &w);
    while (w.put < 110) usleep(1000);
    for (int round = 0; round < 3; round++) {
        int least = w.put;
        err saved = store_snapshot_save(p.store, file, &problem, &a);
        CHECK(!saved);
        if (saved) printf("# %.*s\n", STR_ARGS(problem));
        struct stat st;
        CHECK(stat(file, &st) == 0 && (st.st_mode & 0777) == 0600);
        place_make(&q);
        err loaded = store_snapshot_load(q.path, file, &problem, &a);
        CHECK(!loaded);
        if (loaded) printf("# %.*s\n", STR_ARGS(problem));
        place_open(&q);
        int n = check_names(&q);
        CHECK(n >= 50 + (least - 100) * 2 / 3 - 5);
        CHECK(blob_put(&q, "early-000051", length_of(51), 51, 1, -1));
        settle(&q);
        CHECK_INT(check_names(&q), n + 1);
        CHECK(store_snapshot_load(q.path, file, &problem, &a)); /* not empty */
        place_drop(&q);
    }
    w.stop = true;
    pthread_join(thread, NULL);
    /* Numbers go on growing. */
    place_make(&q);
    CHECK(!store_snapshot_load(q.path, file, &problem, &a));
    struct txn *before = store_snapshot(p.store, &a);
    u64 number = txn_number(before);
    store_snapshot_end(before);
    CHECK(!store_snapshot_save(p.store, file, &problem, &a));
    place_drop(&q);
    place_make(&q);
    CHECK(!store_snapshot_load(q.path, file, &problem, &a));
    place_open(&q);
    struct txn *after = store_snapshot(q.store, &a);
    CHECK(txn_number(after) >= number);
    store_snapshot_end(after);
    place_drop(&q);
    unlink(file);
    place_drop(&p);
    arena_free(&a);
}

static void damaged_files_are_refused_and_leave_nothing(void) {
    struct place p, q;
    struct arena a = {0};
    str problem = {0};
    char file[160];
    place_make(&p);
    place_open(&p);
    snprintf(file, sizeof file, "%s.cloud", p.path);
    CHECK(blob_put(&p, "x", 3000, 1, 1, -1));
    CHECK(!store_snapshot_save(p.store, file, &problem, &a));
    struct stat st;
    CHECK(stat(file, &st) == 0);
    place_make(&q);
    int fd = open(file, O_RDWR);
    for (off_t at = 0; at < st.st_size; at += at < 100 ? 1 : 1499) {
        u8 byte, flipped;
        CHECK(pread(fd, &byte, 1, at) == 1);
        flipped = byte ^ 0x20;
        CHECK(pwrite(fd, &flipped, 1, at) == 1);
        problem = (str){0};
        CHECK(store_snapshot_load(q.path, file, &problem, &a) && problem.n);
        CHECK(pwrite(fd, &byte, 1, at) == 1);
        CHECK(rmdir(q.path) == 0 && mkdir(q.path, 0700) == 0);
    }
    CHECK(ftruncate(fd, st.st_size - 1) == 0);
    CHECK(store_snapshot_load(q.path, file, &problem, &a));
    close(fd);
    unlink(file);
    place_drop(&q);
    place_drop(&p);
    arena_free(&a);
}

enum { BIG_ROWS = 300, BIG_BYTES = 64 << 10 };
static void put_big(struct store *s, int i, char fill) {
    char name[32], *value = malloc(BIG_BYTES);
    memset(value, fill, BIG_BYTES);
    snprintf(name, sizeof name, "big-%06d", i % BIG_ROWS);
    CHECK(!put_row(s, str_of(name), (str){value, BIG_BYTES}));
    free(value);
}

static void *overwrites(void *context) {
    struct writer_side *w = context;
    for (int i = 0; !w->stop; i++, w->put++) put_big(w->p->store, i, (char)('a' + i / BIG_ROWS % 26));
    return NULL;
}

/* No page is used again during the copy, so each write needs new room: the map was given it before. */
static void a_save_holds_no_writer_up(void) {
    struct place p, q;
    struct arena a = {0};
    str problem = {0}, value;
    char file[160];
    place_make(&p);
    ASSERT(place_open_as(&p, (struct store_config){.ephemeral = true, .map_bytes = 32 << 20, .batch_bytes = 1 << 20}));
    for (int i = 0; i < BIG_ROWS; i++) put_big(p.store, i, 'a');
    u64 used = store_stats(p.store).used_bytes;
    struct writer_side w = {.p = &p};
    pthread_t thread;
    pthread_create(&thread, NULL, overwrites, &w);
    snprintf(file, sizeof file, "%s.cloud", p.path);
    for (int round = 0; round < 3; round++) {
        int before = w.put;
        CHECK(!store_snapshot_save(p.store, file, &problem, &a));
        CHECK(w.put > before);
        CHECK(store_stats(p.store).map_bytes >= 4 * used);
    }
    w.stop = true;
    pthread_join(thread, NULL);
    place_make(&q);
    CHECK(!store_snapshot_load(q.path, file, &problem, &a));
    place_open(&q);
    for (int i = 0; i < BIG_ROWS; i++) /* each row is one write's */
        CHECK(get_row(q.store, &a, arena_format(&a, "big-%06d", i), &value) && value.n == BIG_BYTES
              && value.p[0] == value.p[BIG_BYTES - 1]);
    place_drop(&q);
    unlink(file);
    place_drop(&p);
    arena_free(&a);
}

UNIT_MAIN(UNIT(a_save_holds_no_writer_up), UNIT(saved_while_writing_loads_elsewhere), UNIT(damaged_files_are_refused_and_leave_nothing))
