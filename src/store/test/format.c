/* A data directory that an earlier build wrote (tests/data/format-1) is opened by this one, whole.
 *
 * BRUME_MAKE_FORMAT=directory writes a new one instead: for the day the format changes. */
#include "blob_help.h"

#include "store/journal.h"

#include <fcntl.h>

static void write_all(struct place *p) {
    CHECK(!put_row(p->store, S("plain"), S("a row of format 1")));
    CHECK(blob_put(p, "inline", 500, 1, 1, -1));
    CHECK(blob_put(p, "segment", 3000, 2, 1, -1));
    CHECK(share_name(p, "segment", "shared"));
    CHECK(blob_put(p, "part/1", 1200, 3, 1, -1) && blob_put(p, "part/2", 40, 4, 1, -1));
    CHECK(concat_names(p, "part/", "whole"));
    struct journal *j = journal_open(p->store, &p->boot, "trail");
    for (int i = 0; i < 3; i++) journal_add(j, 1000 + i, S("{\"eventName\":\"CreateBucket\"}"));
    CHECK(journal_flush(j));
}

static bool count(void *context, i64 time_ms, str record) {
    int *n = context;
    CHECK_INT(time_ms, 1000 + *n);
    CHECK_STR(record, S("{\"eventName\":\"CreateBucket\"}"));
    ++*n;
    return true;
}

static void check_all(struct place *p) {
    struct arena a = {0};
    str value = {0};
    CHECK(get_row(p->store, &a, S("plain"), &value));
    CHECK_STR(value, S("a row of format 1"));
    CHECK(blob_same(p, "inline", 500, 1));
    CHECK(blob_same(p, "segment", 3000, 2) && blob_same(p, "shared", 3000, 2));
    char *whole = malloc(1240), *first = pattern(1200, 3), *second = pattern(40, 4);
    memcpy(whole, first, 1200);
    memcpy(whole + 1200, second, 40);
    CHECK(name_is(p, "whole", whole, 1240));
    free(whole);
    free(first);
    free(second);
    int n = 0;
    journal_read(journal_open(p->store, &p->boot, "trail"), 0, INT64_MAX, count, &n);
    CHECK_INT(n, 3);
    arena_free(&a);
}

/* The test's own copy: opening writes. */
static const char *copy_to;
static int copy_entry(const char *path, const struct stat *st, int flag, struct FTW *where) {
    char to[600], bytes[65536];
    size_t n;
    int in, out;
    snprintf(to, sizeof to, "%s%s", copy_to, path + strlen(FORMAT_1));
    if (flag == FTW_D) return file_make_directories(to, 0700);
    ASSERT(file_open(path, O_RDONLY, 0, &in) == 0 && file_open(to, O_CREAT | O_RDWR, 0600, &out) == 0);
    for (u64 at = 0; file_read_at(in, bytes, sizeof bytes, at, &n) == 0 && n; at += n)
        ASSERT(file_write_at(out, bytes, n, at) == 0);
    close(in);
    close(out);
    return 0;
}

static void format_1_is_opened(void) {
    struct place p;
    const char *make = getenv("BRUME_MAKE_FORMAT");
    place_make(&p);
    if (make) {
        place_drop(&p);
        snprintf(p.path, sizeof p.path, "%s", make);
        place_open(&p);
        write_all(&p);
        place_close(&p);
        return;
    }
    copy_to = p.path;
    ASSERT(nftw(FORMAT_1, copy_entry, 16, FTW_PHYS) == 0);
    for (int round = 0; round < 2; round++) {
        place_open(&p);
        check_all(&p);
        CHECK(blob_put(&p, "later", 2000, 5, 1, -1));
        place_close(&p);
    }
    place_drop(&p);
}

UNIT_MAIN(UNIT(format_1_is_opened))
