#include "store/blob.h"
#include "store/test/blob_help.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>

static const size_t sizes[] = {0, 1, 15, 16, 17, 1023, 1024, 1025, 4095, 4096, 4097, 65535, 65536, 65537, 131071,
                               131072, 131073, 262144, 262145, 1000000, 5 << 20};

static void every_size_comes_back(void) {
    struct place p;
    place_make(&p);
    place_open(&p);
    for (int reopened = 0; reopened < 2; reopened++) {
        for (size_t i = 0; i < LENGTH(sizes); i++) {
            char name[32];
            snprintf(name, sizeof name, "size-%zu", sizes[i]);
            if (!reopened) CHECK(blob_put(&p, name, sizes[i], sizes[i] + 7, 1, i % 2 ? (i64)sizes[i] : -1));
            CHECK(blob_same(&p, name, sizes[i], sizes[i] + 7));
        }
        place_close(&p);
        place_open(&p);
    }
    place_drop(&p);
}

static void added_in_any_pieces(void) {
    struct place p;
    place_make(&p);
    place_open(&p);
    static const size_t pieces[] = {1, 7, 4096, 65535, 65536, 65537, 200000};
    for (size_t i = 0; i < LENGTH(pieces); i++) {
        size_t n = pieces[i] < 100 ? 70000 : 700001;
        char *bytes = pattern(n, i);
        struct blob_stage *st = blob_stage_new(p.store, -1, (struct blob_placement){0});
        for (size_t at = 0; at < n; at += pieces[i])
            CHECK(blob_stage_add(st, (str){bytes + at, MIN(pieces[i], n - at)}));
        CHECK(blob_stage_finish(st));
        CHECK_INT(blob_stage_length(st), n);
        CHECK(adopt(&p, "pieces", st));
        blob_stage_drop(st);
        free(bytes);
        CHECK(blob_same(&p, "pieces", n, i));
        CHECK(delete_name(&p, "pieces"));
    }
    place_drop(&p);
}

static void ranges(void) {
    struct place p;
    place_make(&p);
    place_open(&p);
    static const size_t lengths[] = {1000, 50000, 300000};
    for (size_t i = 0; i < LENGTH(lengths); i++) {
        size_t n = lengths[i];
        char *want = pattern(n, 3), *got = malloc(n);
        CHECK(blob_put(&p, "range", n, 3, 1, (i64)n));
        struct arena a = {0};
        struct blob_reader *r = open_name(&p, "range", &a);
        CHECK_INT(blob_cached(r), n <= blob_inline_max);
        u64 state = 5;
        for (int j = 0; j < 300; j++) {
            u64 from = next_random(&state) % (n + 1), size = next_random(&state) % (n - from + 1);
            if (j % 3 == 0) from = from / blob_chunk * blob_chunk, size = MIN(size, n - from);
            CHECK(blob_read(r, from, got, size) && memcmp(got, want + from, size) == 0);
        }
        arena_free(&a);
        free(want);
        free(got);
        CHECK(delete_name(&p, "range"));
    }
    place_drop(&p);
}

/* One flipped bit in a file: at every byte for a small one, at many for a large one. */
static void flip(const char *path, size_t at, int bit) {
    int fd = open(path, O_RDWR);
    u8 byte;
    ASSERT(fd >= 0 && pread(fd, &byte, 1, (off_t)at) == 1);
    byte ^= (u8)(1 << bit);
    ASSERT(pwrite(fd, &byte, 1, (off_t)at) == 1);
    close(fd);
}

static void damage_is_never_returned(void) {
    struct place p;
    place_make(&p);
    place_open(&p);
    log_set_level(LOG_ERROR - 1);
    CHECK(blob_put(&p, "small", 2000, 1, 1, 2000));
    CHECK(blob_put(&p, "large", 200000, 2, 1, 200000));
    char path[512];
    for (int large = 0; large < 2; large++) {
        const char *name = large ? "large" : "small";
        size_t n = large ? 200000 : 2000, sealed = large ? 200000 + 4 * 16 : 2000 + 16;
        CHECK_INT(find_files(&p, large ? "files" : "segments", path, sizeof path), 1);
        for (size_t at = 0; at < sealed; at += large ? 997 : 1) {
            size_t where = at + (large ? 0 : 16);
            flip(path, where, (int)(at % 8));
            CHECK(!blob_same(&p, name, n, large ? 2 : 1));
            flip(path, where, (int)(at % 8));
        }
        CHECK(blob_same(&p, name, n, large ? 2 : 1));
        CHECK(truncate(path, (off_t)(sealed - 1)) == 0);
        CHECK(!blob_same(&p, name, n, large ? 2 : 1));
    }
    log_set_level(LOG_INFO);
    place_drop(&p);
}

static void copies_share_and_the_last_one_frees(void) {
    struct place p;
    place_make(&p);
    place_open(&p);
    static const size_t lengths[] = {500, 5000, 100000};
    char path[512];
    for (size_t i = 0; i < LENGTH(lengths); i++) {
        CHECK(blob_put(&p, "a", lengths[i], i, 1, -1));
        CHECK(share_name(&p, "a", "b"));
        CHECK(share_name(&p, "b", "c"));
        CHECK(delete_name(&p, "a"));
        CHECK(blob_same(&p, "b", lengths[i], i));
        CHECK(delete_name(&p, "c"));
        CHECK(blob_same(&p, "b", lengths[i], i));
        CHECK(delete_name(&p, "b"));
    }
    store_compact(p.store);
    settle(&p);
    CHECK_INT(find_files(&p, "files", path, sizeof path), 0);
    CHECK_INT(find_files(&p, "segments", path, sizeof path), 0);
    place_drop(&p);
}

static void a_failed_function_leaves_nothing(void) {
    struct place p;
    place_make(&p);
    place_open(&p);
    char path[512];
    for (size_t n = 100; n < 1000000; n *= 10) {
        struct blob_stage *st = stage(&p, n, 4, 1, -1);
        CHECK(!adopt_then_fail(&p, "x", st));
        CHECK(adopt(&p, "x", st)); /* the same stage, in a later function */
        CHECK(blob_same(&p, "x", n, 4));
        blob_stage_drop(st);
        CHECK(blob_same(&p, "x", n, 4));
        CHECK(!delete_then_fail(&p, "x"));
        settle(&p);
        CHECK(blob_same(&p, "x", n, 4));
        CHECK(delete_name(&p, "x"));
        st = stage(&p, n, 4, 1, -1);
        CHECK(!adopt_then_fail(&p, "x", st));
        blob_stage_drop(st);
    }
    store_compact(p.store);
    settle(&p);
    CHECK_INT(find_files(&p, "files", path, sizeof path), 0);
    place_drop(&p);
}

static void concatenation_takes_over_the_parts(void) {
    struct place p;
    place_make(&p);
    place_open(&p);
    char path[512];
    static const size_t lengths[] = {100000, 10, 5000, 0, 300000, 70000, 65536, 1};
    size_t total = 0;
    char *want = malloc(1 << 20);
    for (size_t i = 0; i < LENGTH(lengths); i++) {
        char name[16];
        snprintf(name, sizeof name, "part-%zu", i);
        CHECK(blob_put(&p, name, lengths[i], i, 1, -1));
        char *bytes = pattern(lengths[i], i);
        memcpy(want + total, bytes, lengths[i]);
        free(bytes);
        total += lengths[i];
    }
    CHECK(concat_names(&p, "part-", "whole"));
    CHECK(name_is(&p, "whole", want, total));
    CHECK(share_name(&p, "whole", "copy"));
    CHECK(blob_put(&p, "more-0", 80000, 0, 1, -1));
    char *tail = pattern(80000, 0);
    memcpy(want + total, tail, 80000);
    free(tail);
    CHECK(rename_name(&p, "copy", "Amore-0")); /* sorts before "more-0" once renamed below */
    CHECK(rename_name(&p, "Amore-0", "more-"));
    CHECK(concat_names(&p, "more-", "second"));
    CHECK(name_is(&p, "second", want, total + 80000));
    struct arena a = {0};
    struct blob_reader *r = open_name(&p, "whole", &a);
    CHECK(delete_name(&p, "whole"));
    CHECK(name_is(&p, "second", want, total + 80000));
    CHECK(delete_name(&p, "second"));
    settle(&p);
    char *got = malloc(total); /* the reader's files are still there */
    CHECK(blob_read(r, 0, got, total) && memcmp(got, want, total) == 0);
    blob_close(r);
    blob_close(r);
    arena_free(&a);
    store_compact(p.store);
    settle(&p);
    CHECK_INT(find_files(&p, "files", path, sizeof path), 0);
    CHECK_INT(find_files(&p, "segments", path, sizeof path), 0);
    free(got);
    free(want);
    place_drop(&p);
}

static void zones_stand_in_for_each_other(void) {
    struct place p;
    place_make(&p);
    CHECK(place_open_as(&p, (struct store_config){.zones = 3}));
    log_set_level(LOG_ERROR - 1);
    static const size_t lengths[] = {500, 5000, 500000};
    for (size_t i = 0; i < LENGTH(lengths); i++) {
        char name[8] = {(char)('a' + (int)i)};
        CHECK(blob_put(&p, name, lengths[i], i, 1 | 4, -1));
    }
    char path[256];
    snprintf(path, sizeof path, "%s/zones/0", p.path);
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    for (size_t i = 0; i < LENGTH(lengths); i++) {
        char name[8] = {(char)('a' + (int)i)};
        CHECK(blob_same(&p, name, lengths[i], i));
    }
    log_set_level(LOG_INFO);
    place_drop(&p);
}

static void the_sweep_takes_what_nobody_adopted(void) {
    struct place p;
    place_make(&p);
    place_open(&p);
    char path[512];
    CHECK(blob_put(&p, "kept", 100000, 1, 1, -1));
    struct blob_stage *lost = stage(&p, 100000, 2, 1, -1), *live;
    CHECK_INT(find_files(&p, "files", path, sizeof path), 2);
    blob_stage_drop(lost);
    live = stage(&p, 100000, 3, 1, -1);
    settle(&p);
    CHECK_INT(find_files(&p, "files", path, sizeof path), 2);
    CHECK(adopt(&p, "live", live));
    blob_stage_drop(live);
    snprintf(path, sizeof path, "%s/zones/0/files/abc", p.path);
    CHECK(mkdir(path, 0700) == 0); /* as a crash leaves them */
    snprintf(path, sizeof path, "%s/zones/0/files/abc/0000000000abc123", p.path);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    close(fd);
    snprintf(path, sizeof path, "%s/zones/0/segments/00000000000000ff", p.path);
    fd = open(path, O_CREAT | O_WRONLY, 0600);
    close(fd);
    place_close(&p);
    place_open(&p);
    settle(&p);
    CHECK_INT(find_files(&p, "files", path, sizeof path), 2);
    CHECK_INT(find_files(&p, "segments", path, sizeof path), 0);
    CHECK(blob_same(&p, "kept", 100000, 1) && blob_same(&p, "live", 100000, 3));
    place_drop(&p);
}

UNIT_MAIN(UNIT(every_size_comes_back), UNIT(added_in_any_pieces), UNIT(ranges), UNIT(damage_is_never_returned),
          UNIT(copies_share_and_the_last_one_frees), UNIT(a_failed_function_leaves_nothing),
          UNIT(concatenation_takes_over_the_parts), UNIT(zones_stand_in_for_each_other),
          UNIT(the_sweep_takes_what_nobody_adopted))
