/* Listings over a real store against a model, page by page, with every prefix and delimiter; and what
 * the rows of versions that are not current must not do to them. */
#include "services/s3/walk.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const names[] = {"a",   "a/",   "a/b", "a/b/c", "a/b/d", "a/c", "a0",  "b",
                                    "b//x", "b/y", "c/1", "c/2",   "c/3/4", "d",   "\xc3\xa9/x", "\xf0\x9f\x98\x80"};
enum { NAMES = LENGTH(names) };
#define ACCOUNT {"000000000000", 12}
static const struct bucket_row bucket = {.account = ACCOUNT, .id = 7}, next_bucket = {.account = ACCOUNT, .id = 8};

struct bench {
    struct arena arena;
    struct store *store;
    char directory[64];
};

static struct call *call_of(struct txn *t) {
    static const struct service described = {.wire = &s3_wire}; /* no operation runs here */
    return call_for_task(t, &described, S("000000000000"), S("us-east-1"), 1000);
}

static void put_row(struct call *c, str name, u64 order, bool marker) {
    struct object_row row = {.sequence = 1, .etag = S("e"), .delete_marker = marker};
    txn_put(c->txn, s3_object_key(c, &bucket, name, order), record_encode(c->arena, &s3_object_record, &row));
}

static err fill(void *context, struct txn *t) {
    struct call *c = call_of(t);
    for (size_t i = 0; i < NAMES; i++) {
        put_row(c, str_of(names[i]), 0, false);
        for (u64 old = 1; old < 4; old++) put_row(c, str_of(names[i]), ~old, false); /* not current */
    }
    put_row(c, S("a/gone"), 0, true); /* a delete marker is current: the key is not shown */
    put_row(c, S("gone/only"), 0, true);
    struct object_row other = {.sequence = 1};
    txn_put(t, s3_object_key(c, &next_bucket, S("a"), 0), record_encode(c->arena, &s3_object_record, &other));
    return NULL;
}

static bool bench_open(struct bench *b) {
    str problem;
    *b = (struct bench){0};
    snprintf(b->directory, sizeof b->directory, "/tmp/brume-s3-XXXXXX");
    if (!mkdtemp(b->directory)) return false;
    struct store_config config = {.directory = b->directory, .ephemeral = true};
    b->store = store_open(&b->arena, &config, &problem);
    return b->store && !store_write(b->store, &b->arena, fill, NULL);
}

static void bench_close(struct bench *b) {
    char command[128];
    store_close(b->store);
    arena_free(&b->arena);
    snprintf(command, sizeof command, "rm -rf %s", b->directory);
    CHECK_INT(system(command), 0);
}

static int by_bytes(const void *x, const void *y) {
    return str_cmp(str_of(*(const char *const *)x), str_of(*(const char *const *)y));
}

/* The model: what stands after `after`, one line an entry. */
static str model(struct arena *a, str prefix, str delimiter, str after) {
    const char *sorted[NAMES];
    struct buf out = buf_new(a, 4096);
    str last = {0};
    memcpy(sorted, names, sizeof sorted);
    qsort(sorted, NAMES, sizeof *sorted, by_bytes);
    for (size_t i = 0; i < NAMES; i++) {
        str name = str_of(sorted[i]), shown = name;
        if (!str_starts(name, prefix)) continue;
        size_t at = delimiter.n ? str_find(str_skip(name, prefix.n), delimiter) : STR_NONE;
        if (at != STR_NONE) shown = str_take(name, prefix.n + at + delimiter.n);
        if (after.n && (str_cmp(name, after) <= 0 || (at != STR_NONE && str_eq(shown, after)))) continue;
        if (at != STR_NONE && last.p && str_eq(last, shown)) continue;
        last = at != STR_NONE ? shown : (str){0};
        buf_format(&out, "%.*s%s\n", STR_ARGS(shown), at != STR_NONE ? " group" : "");
    }
    return buf_str(&out);
}

/* The walk, begun anew after every `page` entries as a paging client does. */
static str walked(struct call *c, str prefix, str delimiter, str after, int page) {
    struct buf out = buf_new(c->arena, 4096);
    for (;;) {
        struct walk walk = s3_walk(c, s3_objects_prefix(c, &bucket), prefix, delimiter, after);
        walk.objects = true;
        struct walk_item item;
        enum walk_kind kind = WALK_END;
        for (int n = 0; n < page && (kind = s3_walk_next(&walk, &item)) != WALK_END; n++) {
            buf_format(&out, "%.*s%s\n", STR_ARGS(item.name), kind == WALK_GROUP ? " group" : "");
            after = arena_str(c->arena, item.name);
        }
        if (kind == WALK_END) return buf_str(&out);
    }
}

static void against_model(void) {
    static const char *const prefixes[] = {"", "a", "a/", "a/b", "b/", "c/", "zz", "\xc3"};
    static const char *const delimiters[] = {"", "/", "b", "//"};
    static const int pages[] = {1, 2, 3, 1000};
    static const char *const afters[] = {"", "a", "a/", "a/b/c", "b/", "bb", "zzz"};
    struct bench b;
    CHECK(bench_open(&b));
    struct arena a = {0};
    struct txn *t = store_snapshot(b.store, &a);
    struct call *c = call_of(t);
    c->arena = &a;
    for (size_t p = 0; p < LENGTH(prefixes); p++)
        for (size_t d = 0; d < LENGTH(delimiters); d++)
            for (size_t f = 0; f < LENGTH(afters); f++)
                for (size_t n = 0; n < LENGTH(pages); n++) {
                    str prefix = str_of(prefixes[p]), delimiter = str_of(delimiters[d]), after = str_of(afters[f]);
                    CHECK_STR(walked(c, prefix, delimiter, after, pages[n]), model(&a, prefix, delimiter, after));
                }
    store_snapshot_end(t);
    arena_free(&a);
    bench_close(&b);
}

UNIT_MAIN(UNIT(against_model))
