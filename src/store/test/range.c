/* The merged view of rows and write set, against a model: a plain array of what should be there. */
#include "place.h"

enum { KEYS = 48, ROUNDS = 400, STEPS = 60 };

struct model {
    u64 state;
    u32 values[KEYS]; /* 0: absent */
    u32 next_value;
};

static str key_of(struct arena *a, u32 i) { return arena_format(a, "k%02u", i); }
static str value_of(struct arena *a, u32 v) { return arena_format(a, "v%u", v); }

static void change_one(struct model *m, struct txn *t, u32 i) {
    struct arena *a = txn_arena(t);
    if (random_next(&m->state) % 5 < 3) {
        m->values[i] = ++m->next_value;
        txn_put(t, key_of(a, i), value_of(a, m->values[i]));
    } else {
        m->values[i] = 0;
        txn_delete(t, key_of(a, i));
    }
}

/* Walks a random range, now and then changing rows ahead and behind or seeking on. */
static void walk(struct model *m, struct txn *t, bool may_change) {
    struct arena *a = txn_arena(t);
    bool backwards = random_next(&m->state) % 2;
    u32 x = (u32)(random_next(&m->state) % (KEYS + 1)), y = (u32)(random_next(&m->state) % (KEYS + 1));
    u32 from = MIN(x, y), to = MAX(x, y);
    str from_key = key_of(a, from), to_key = key_of(a, to), key, value;
    struct range r = backwards ? txn_range_backwards(t, from_key, to_key) : txn_range(t, from_key, to_key);
    i64 at = backwards ? (i64)to - 1 : (i64)from;
    for (;;) {
        if (!backwards && random_next(&m->state) % 6 == 0) {
            u32 target = (u32)(random_next(&m->state) % KEYS);
            range_seek(&r, key_of(a, target));
            at = MAX(at, (i64)target);
        }
        if (backwards) while (at >= (i64)from && !m->values[at]) at--;
        else while (at < (i64)to && !m->values[at]) at++;
        bool more = backwards ? at >= (i64)from : at < (i64)to;
        bool got = range_next(&r, &key, &value);
        CHECK(got == more);
        if (!got || !more) return;
        CHECK_STR(key, key_of(a, (u32)at));
        CHECK_STR(value, value_of(a, m->values[at]));
        at += backwards ? -1 : 1;
        if (may_change && random_next(&m->state) % 3 == 0) change_one(m, t, (u32)(random_next(&m->state) % KEYS));
    }
}

static const struct error dropped = {"Dropped", NULL, 400, 0xffff, true};

static err round_of_changes(void *context, struct txn *t) {
    struct model *m = context, before = *m;
    for (u32 i = 0; i < STEPS; i++) {
        u64 dice = random_next(&m->state) % 10;
        if (dice < 4) change_one(m, t, (u32)(random_next(&m->state) % KEYS));
        else if (dice < 8) walk(m, t, true);
        else if (dice == 8) { /* a savepoint that fails */
            struct model kept = *m;
            size_t mark = txn_mark(t);
            for (u32 j = 0; j < 5; j++) change_one(m, t, (u32)(random_next(&m->state) % KEYS));
            walk(m, t, true);
            txn_undo(t, mark);
            memcpy(m->values, kept.values, sizeof m->values);
        }
        for (u32 j = 0; j < 4; j++) {
            u32 k = (u32)(random_next(&m->state) % KEYS);
            str value;
            bool found = txn_get(t, key_of(txn_arena(t), k), &value);
            CHECK(found == (m->values[k] != 0));
            if (found) CHECK_STR(value, value_of(txn_arena(t), m->values[k]));
        }
    }
    if (random_next(&m->state) % 4) return NULL;
    memcpy(m->values, before.values, sizeof m->values);
    return &dropped;
}

static void ranges_are_as_the_model_says(void) {
    struct place p;
    struct model m = {.state = 42};
    place_make(&p);
    ASSERT(place_open_as(&p, (struct store_config){.ephemeral = true}));
    for (u32 i = 0; i < ROUNDS; i++) {
        struct arena a = {0};
        err e = store_write(p.store, &a, round_of_changes, &m);
        CHECK(!e || e == &dropped);
        arena_free(&a);
        struct txn *t = store_snapshot(p.store, &a);
        for (u32 j = 0; j < 8; j++) walk(&m, t, false);
        store_snapshot_end(t);
        arena_free(&a);
    }
    place_drop(&p);
}

static err two_at_once(void *context, struct txn *t) {
    str x, y;
    for (u32 i = 0; i < 20; i++) txn_put(t, key_of(txn_arena(t), i), S("v"));
    struct range outer = txn_range(t, S("k"), S("l"));
    u32 pairs = 0;
    while (range_next(&outer, &x, NULL)) {
        struct range inner = txn_range(t, x, S("l"));
        while (range_next(&inner, &y, NULL)) pairs++;
    }
    CHECK_INT(pairs, 210);
    return NULL;
}

static void ranges_nest(void) {
    struct place p;
    struct arena a = {0};
    place_make(&p);
    place_open(&p);
    CHECK(!store_write(p.store, &a, two_at_once, NULL));
    struct txn *t = store_snapshot(p.store, &a);
    str x, y;
    u32 pairs = 0;
    for (struct range outer = txn_range(t, S("k"), S("l")); range_next(&outer, &x, NULL);)
        for (struct range inner = txn_range_backwards(t, S("k"), x); range_next(&inner, &y, NULL);) pairs++;
    CHECK_INT(pairs, 190);
    store_snapshot_end(t);
    place_drop(&p);
    arena_free(&a);
}

static err many_puts(void *context, struct txn *t) {
    u64 state = 7;
    for (u32 i = 0; i < 5000; i++) txn_put(t, key_of(txn_arena(t), (u32)(random_next(&state) % 100000)), S("v"));
    return NULL;
}

static void a_large_write_set_is_affordable(void) {
    struct place p;
    struct arena a = {0};
    place_make(&p);
    ASSERT(place_open_as(&p, (struct store_config){.ephemeral = true}));
    CHECK(!store_write(p.store, &a, many_puts, NULL));
    place_drop(&p);
    arena_free(&a);
}

UNIT_MAIN(UNIT(ranges_are_as_the_model_says), UNIT(ranges_nest), UNIT(a_large_write_set_is_affordable))
