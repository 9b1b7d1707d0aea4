/* Keys keep the order of their parts, whatever bytes the strings hold. */
#include "place.h"


enum { TUPLES = 2000 };
struct tuple {
    str name;
    u64 number;
    i64 time;
    str last, key;
};

static const char awkward[] = {0, 1, 2, 'a', 'b', (char)0x7f, (char)0x80, (char)0xfe, (char)0xff};

static str random_str(struct arena *a, u64 *state, size_t most) {
    size_t n = random_next(state) % (most + 1);
    char *p = arena_alloc(a, n, 1);
    for (size_t i = 0; i < n; i++) p[i] = awkward[random_next(state) % sizeof awkward];
    return (str){p, n};
}

static u64 random_number(u64 *state) {
    static const u64 edges[] = {0, 1, 0xff, 0x100, UINT64_MAX, UINT64_MAX - 1, (u64)1 << 63, ((u64)1 << 63) - 1};
    u64 r = random_next(state);
    return r % 3 ? edges[r / 3 % LENGTH(edges)] : random_next(state);
}

static int tuple_cmp(const struct tuple *x, const struct tuple *y) {
    int c = str_cmp(x->name, y->name);
    if (!c) c = x->number < y->number ? -1 : x->number > y->number;
    if (!c) c = x->time < y->time ? -1 : x->time > y->time;
    return c ? c : str_cmp(x->last, y->last);
}

static int sign(int x) { return (x > 0) - (x < 0); }

static void order_of_keys_is_order_of_tuples(void) {
    struct arena a = {0};
    u64 state = 1;
    struct tuple *tuples = NEW_ARRAY(&a, struct tuple, TUPLES);
    for (u32 i = 0; i < TUPLES; i++) {
        struct tuple *t = &tuples[i];
        t->name = random_str(&a, &state, 3);
        t->number = random_number(&state);
        t->time = (i64)random_number(&state);
        t->last = random_str(&a, &state, 4);
        struct key k = key_new(&a, S("test"));
        key_str(&k, t->name);
        key_u64(&k, t->number);
        key_i64(&k, t->time);
        key_str(&k, t->last);
        t->key = key_bytes(&k);
    }
    u32 wrong = 0;
    for (u32 i = 0; i < TUPLES; i++)
        for (u32 j = 0; j < TUPLES; j++)
            wrong += sign(str_cmp(tuples[i].key, tuples[j].key)) != sign(tuple_cmp(&tuples[i], &tuples[j]));
    CHECK_INT(wrong, 0);
    for (u32 i = 0; i < TUPLES; i++) {
        str rest = tuples[i].key, room, name = {0}, last = {0};
        u64 number = 0;
        i64 time = 0;
        CHECK(key_read_str(&rest, &a, &room) && key_read_str(&rest, &a, &name) && key_read_u64(&rest, &number));
        CHECK(key_read_i64(&rest, &time) && key_read_str(&rest, &a, &last) && rest.n == 0);
        CHECK_STR(name, tuples[i].name);
        CHECK_STR(last, tuples[i].last);
        CHECK(number == tuples[i].number && time == tuples[i].time);
    }
    arena_free(&a);
}

static void prefixes_hold_what_starts_with_them(void) {
    struct arena a = {0};
    u64 state = 2;
    for (u32 i = 0; i < 20000; i++) {
        struct arena_mark mark = arena_mark(&a);
        str whole = random_str(&a, &state, 5), prefix = random_str(&a, &state, 3);
        struct key k = key_new(&a, S("t")), p = key_new(&a, S("t"));
        key_str(&k, whole);
        key_str_prefix(&p, prefix);
        str from = key_bytes(&p), to = key_after_prefix(&a, from), key = key_bytes(&k);
        bool inside = str_cmp(key, from) >= 0 && str_cmp(key, to) < 0;
        CHECK(inside == str_starts(whole, prefix));
        arena_rewind(&a, mark);
    }
    CHECK(key_after_prefix(&a, S("\xff\xff")).p == NULL);
    CHECK_STR(key_after_prefix(&a, S("a\xff")), S("b"));
    arena_free(&a);
}

static void broken_keys_are_refused(void) {
    struct arena a = {0};
    static const char *const broken[] = {"", "abc", "abc\1", "abc\1\3", "\1"};
    for (size_t i = 0; i < LENGTH(broken); i++) {
        str rest = str_of(broken[i]), part;
        CHECK(!key_read_str(&rest, &a, &part));
    }
    str rest = S("1234567");
    u64 n;
    CHECK(!key_read_u64(&rest, &n));
    arena_free(&a);
}

/* S3's longest key fits behind its prefix, also when most of it needs an escape. */
static void the_longest_keys_fit(void) {
    struct place p;
    struct arena a = {0};
    char bytes[1024];
    place_make(&p);
    place_open(&p);
    for (int variant = 0; variant < 3; variant++) {
        memset(bytes, variant == 0 ? 'x' : 0xff, sizeof bytes);
        /* A third variant: 700 of the 1,024 need an escape, more than a text ever has. */
        if (variant == 2) memset(bytes + 324, 0, 700);
        struct key k = key_new(&a, S("s3"));
        key_str(&k, S("000000000000"));
        key_str(&k, S("eu-central-1"));
        key_str(&k, S("a-bucket-with-the-longest-name-that-is-allowed-which-is-63-long"));
        key_str(&k, (str){bytes, sizeof bytes});
        key_u64(&k, 1);
        CHECK(key_fits(&k));
        if (!key_fits(&k)) continue;
        CHECK(!put_row(p.store, key_bytes(&k), S("v")));
        str value;
        CHECK(get_row(p.store, &a, key_bytes(&k), &value));
    }
    memset(bytes, 0, sizeof bytes);
    struct key k = key_new(&a, S("s3"));
    key_str(&k, (str){bytes, sizeof bytes});
    CHECK(!key_fits(&k)); /* the room answers the caller; nothing is cut off silently */
    str none, nothing = key_bytes(&k), all = key_after_prefix(&a, nothing);
    CHECK(nothing.n > KEY_MAX && str_cmp(nothing, all) < 0);
    CHECK(!get_row(p.store, &a, nothing, &none));
    place_drop(&p);
    arena_free(&a);
}

static err put_long_keys(void *context, struct txn *t) {
    u32 *n = context;
    for (u32 i = 0; i < 500; i++, ++*n) {
        char bytes[KEY_MAX - 40];
        memset(bytes, 'k', sizeof bytes);
        struct key k = key_new(txn_arena(t), S("long"));
        key_str(&k, (str){bytes, sizeof bytes});
        key_u64(&k, *n * 7919 % 2000);
        txn_put(t, key_bytes(&k), S("v"));
    }
    return NULL;
}

static void long_keys_walk_in_order(void) {
    struct place p;
    u32 n = 0, seen = 0;
    place_make(&p);
    place_open_as(&p, (struct store_config){.ephemeral = true});
    while (n < 2000) {
        struct arena a = {0};
        CHECK(!store_write(p.store, &a, put_long_keys, &n));
        arena_free(&a);
    }
    struct arena a = {0};
    struct txn *t = store_snapshot(p.store, &a);
    struct key k = key_new(&a, S("long"));
    struct range r = txn_range(t, key_bytes(&k), key_after_prefix(&a, key_bytes(&k)));
    for (str key, last; range_next(&r, &key, NULL); seen++) {
        u64 number;
        last = str_skip(key, key.n - 8);
        CHECK(key_read_u64(&last, &number) && number == seen);
    }
    store_snapshot_end(t);
    CHECK_INT(seen, 2000);
    arena_free(&a);
    place_drop(&p);
}

UNIT_MAIN(UNIT(order_of_keys_is_order_of_tuples), UNIT(prefixes_hold_what_starts_with_them),
          UNIT(broken_keys_are_refused), UNIT(the_longest_keys_fit), UNIT(long_keys_walk_in_order))
