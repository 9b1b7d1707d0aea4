/* Row keys: the order of sort keys, room for the longest, and partitions whose hashes fall together. */
#include "services/dynamodb/dynamodb.h"
#include "unit.h"

static struct arena arena;

static str key_of(struct arena *a, u8 type, str sort) {
    struct key k = {buf_new(a, KEY_MAX)};
    ddb_key_sort(&k, type, sort);
    return key_bytes(&k);
}

static int sign(int n) { return (n > 0) - (n < 0); }

static void the_order_of_bytes_is_kept(void) {
    struct arena *a = &arena;
    enum { N = 400 };
    str v[N];
    u32 seed = 7;
    for (int i = 0; i < N; i++) {
        size_t n = seed % 20;
        char *p = arena_alloc(a, n + 1, 1);
        for (size_t j = 0; j < n; j++) {
            seed = seed * 1103515245 + 12345;
            p[j] = "\0\1\x7f\x80\xff"
                   "ab"[seed >> 16 & 7 ? (seed >> 16) % 7 : 0];
        }
        seed = seed * 1103515245 + 12345;
        v[i] = (str){p, n};
    }
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            if (sign(str_cmp(key_of(a, VALUE_B, v[i]), key_of(a, VALUE_B, v[j]))) != sign(str_cmp(v[i], v[j]))) {
                CHECK(!"the keys have the order of the strings");
                return;
            }
    CHECK(true);
}

static void a_key_is_never_the_beginning_of_another(void) {
    struct arena *a = &arena;
    str eight = key_of(a, VALUE_S, S("abcdefgh")), nine = key_of(a, VALUE_S, S("abcdefghi"));
    CHECK(!str_starts(nine, eight));
    CHECK(str_cmp(eight, nine) < 0);
    struct number zero = {0}, tiny = {.coefficient = 1, .exponent = -130};
    u8 x[NUMBER_KEY_MAX], y[NUMBER_KEY_MAX];
    str k = key_of(a, VALUE_N, (str){(char *)x, number_key(&zero, x)}), l = key_of(a, VALUE_N, (str){(char *)y, number_key(&tiny, y)});
    CHECK(!str_starts(l, k));
    CHECK(str_cmp(k, l) < 0);
}

static void the_longest_keys_fit(void) {
    struct arena *a = &arena;
    char *zeros = arena_alloc(a, DDB_HASH_MAX, 1);
    struct ddb_table t = {.space = UINT64_MAX};
    struct ddb_key k = {.hash = {.type = VALUE_B, .n = DDB_HASH_MAX, .text = zeros}, .range = {.type = VALUE_B, .n = DDB_SORT_MAX, .text = zeros}};
    ddb_key_locate(a, &t, &k);
    CHECK(k.row.n < KEY_MAX);
    struct ddb_index global = {.space = 1, .kind = DDB_GLOBAL, .keys = {.range = S("r"), .range_type = VALUE_B}}, local = global;
    struct ddb_index_key keys = {.hash = {k.hash}, .range = {k.range}};
    local.kind = DDB_LOCAL;
    CHECK(ddb_index_row(a, &global, &keys, &k).n < KEY_MAX);
    CHECK(ddb_index_row(a, &local, &keys, &k).n < KEY_MAX);
}

/* Two partitions with the same place in AWS's order: each is walked alone, and neither hides the other. */
static void hashes_that_fall_together(void) {
    struct arena *a = &arena;
    struct ddb_place x = ddb_place_of(S("one")), y = ddb_place_of(S("other"));
    memcpy(y.bytes, x.bytes, DDB_PLACE_HASH);
    str from_x = ddb_place_key(a, 1, &x), from_y = ddb_place_key(a, 1, &y);
    CHECK(!str_eq(from_x, from_y));
    CHECK(!str_starts(arena_concat(a, from_x, S("sort")), from_y));
    CHECK(!str_starts(arena_concat(a, from_y, S("sort")), from_x));
}

/* As AWS scans them: MD5 of a word and the key. */
static void the_hash_is_awss(void) {
    struct ddb_place p = ddb_place_of(S("a"));
    CHECK_STR(hex_of(&arena, (str){p.bytes, DDB_PLACE_HASH}), S("f6558e516275dee2"));
}

UNIT_MAIN(UNIT(the_order_of_bytes_is_kept), UNIT(a_key_is_never_the_beginning_of_another), UNIT(the_longest_keys_fit),
          UNIT(hashes_that_fall_together), UNIT(the_hash_is_awss))
