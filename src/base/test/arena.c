#include "base/arena.h"
#include "unit.h"

static int cleanups;
static void count_cleanup(void *object) { cleanups += *(int *)object; }

static void allocations_are_zeroed_and_aligned(void) {
    struct arena a = {0};
    for (int i = 1; i < 3000; i++) {
        u8 *p = arena_alloc(&a, (size_t)i, 8);
        CHECK((uintptr_t)p % 8 == 0);
        CHECK(p[0] == 0 && p[i - 1] == 0);
        memset(p, 0xaa, (size_t)i);
    }
    arena_free(&a);
    CHECK_INT(a.allocated, 0);
}

static void rewind_frees_and_runs_cleanups(void) {
    struct arena a = {0};
    int one = 1;
    arena_on_free(&a, count_cleanup, &one);
    struct arena_mark mark = arena_mark(&a);
    size_t before = a.allocated;
    arena_on_free(&a, count_cleanup, &one);
    arena_alloc(&a, 1 << 20, 1);
    cleanups = 0;
    arena_rewind(&a, mark);
    CHECK_INT(cleanups, 1);
    CHECK_INT(a.allocated, before);
    arena_free(&a);
    CHECK_INT(cleanups, 2);
}

static void reset_keeps_one_chunk(void) {
    struct arena a = {0};
    int one = 1;
    cleanups = 0;
    arena_on_free(&a, count_cleanup, &one);
    char *first = a.next;
    arena_alloc(&a, 1 << 20, 1);
    arena_reset(&a);
    CHECK_INT(cleanups, 1);
    CHECK(a.allocated > 0 && a.allocated <= 4096);
    u8 *again = arena_alloc(&a, 64, 1);
    CHECK((char *)again <= first && again[0] == 0);
    arena_free(&a);
    CHECK_INT(a.allocated, 0);
}

static void buf_keeps_its_maximum(void) {
    struct arena a = {0};
    struct buf b = buf_new(&a, 10);
    buf_add(&b, S("12345"));
    buf_i64(&b, -42);
    CHECK_STR(buf_str(&b), S("12345-42"));
    buf_add(&b, S("xyz"));
    CHECK(b.over);
    CHECK_STR(buf_str(&b), S("12345-42"));
    arena_free(&a);
}

static void views(void) {
    str rest = S("a,b,,c");
    int n = 0;
    while (rest.p) {
        str_cut(&rest, ',');
        n++;
    }
    CHECK_INT(n, 4);
    i64 v;
    CHECK(str_to_i64(S("-9223372036854775808"), &v) && v == INT64_MIN);
    CHECK(!str_to_i64(S("9223372036854775808"), &v));
    CHECK(!str_to_i64(S(""), &v));
    CHECK(str_cmp(S("a"), S("ab")) < 0 && str_cmp(S("b"), S("ab")) > 0);
    CHECK_STR(str_trim(S(" \t x ")), S("x"));
}

UNIT_MAIN(UNIT(allocations_are_zeroed_and_aligned), UNIT(rewind_frees_and_runs_cleanups),
          UNIT(reset_keeps_one_chunk), UNIT(buf_keeps_its_maximum), UNIT(views))
