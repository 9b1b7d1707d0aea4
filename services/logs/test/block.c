/* Blocks: what is packed comes out again, with the same names; what is damaged is refused. */
#include "../block.h"

#include "unit.h"

static struct log_event made(struct arena *a, u32 i, u64 put, u32 number, i64 time_ms) {
    return (struct log_event){.time_ms = time_ms, .ingested_ms = (i64)put * 10, .put = put, .number = number, .message = arena_format(a, "event %u of put %llu", i, (unsigned long long)put)};
}

static bool same(const struct log_event *x, const struct log_event *y) {
    return x->time_ms == y->time_ms && x->ingested_ms == y->ingested_ms && x->put == y->put && x->number == y->number && str_eq(x->message, y->message);
}

static void a_fresh_block_learns_its_put_later(void) {
    struct arena a = {0};
    struct log_event events[300];
    struct block_view v;
    struct block_origin origin = {.put = 77, .ingested_ms = 770, .number = 5};
    for (u32 i = 0; i < 300; i++) events[i] = made(&a, i, 77, i + 5, 1000 + i / 3);
    str packed = block_pack(&a, events, 300, true, 1);
    CHECK(packed.n < 300 * 10); /* it is packed */
    CHECK(block_unpack(&a, packed, &origin, &v));
    CHECK_INT(v.count, 300);
    for (u32 i = 0; i < 300; i++) {
        struct log_event e = block_event(&v, i);
        CHECK(same(&e, &events[i]));
    }
    arena_free(&a);
}

static void merged_events_keep_their_names(void) {
    struct arena a = {0};
    struct log_event events[400];
    struct block_view v;
    u32 numbers[7] = {0, 3, 0, 9, 0, 0, 1000};
    for (u32 i = 0; i < 400; i++) { /* puts interleave; in one a number is left out here and there */
        u32 put = i * 5 % 7;
        events[i] = made(&a, i, 1ull << 40 | put, numbers[put]++, 1000 + i);
        if (i % 11 == 0) numbers[put]++;
    }
    str packed = block_pack(&a, events, 400, false, 3);
    CHECK(block_unpack(&a, packed, &(struct block_origin){0}, &v));
    CHECK_INT(v.count, 400);
    for (u32 i = 0; i < 400; i++) {
        struct log_event e = block_event(&v, i);
        CHECK(same(&e, &events[i]));
    }
    arena_free(&a);
}

static void odd_messages(void) {
    struct arena a = {0};
    struct block_view v;
    char *noise = arena_alloc(&a, 1 << 20, 1);
    for (u32 i = 0, x = 1; i < 1 << 20; i++) noise[i] = (char)((x = x * 1103515245 + 12345) >> 16);
    struct log_event events[] = {{.time_ms = 0, .message = {noise, 1 << 20}}, {.time_ms = 0, .message = {"a\0b", 3}}, {.time_ms = INT64_C(9999999999999), .message = S("")}};
    CHECK(block_unpack(&a, block_pack(&a, events, 3, true, 1), &(struct block_origin){0}, &v));
    struct log_event e = block_event(&v, 0), zero = block_event(&v, 1), empty = block_event(&v, 2);
    CHECK(str_eq(e.message, events[0].message) && str_eq(zero.message, events[1].message) && empty.message.n == 0 && empty.time_ms == events[2].time_ms);
    arena_free(&a);
}

static void what_is_damaged_is_refused(void) {
    struct arena a = {0};
    struct log_event events[40];
    struct block_view v;
    struct block_origin origin = {0};
    for (u32 i = 0; i < 40; i++) events[i] = made(&a, i, i % 3, i, i);
    str packed = block_pack(&a, events, 40, false, 1);
    for (size_t n = 0; n < packed.n; n++) CHECK(!block_unpack(&a, str_take(packed, n), &origin, &v));
    for (size_t i = 0; i < packed.n; i++) { /* a changed byte is refused, or gives some block: no reader falls over it */
        char *bytes = arena_alloc(&a, packed.n, 1);
        memcpy(bytes, packed.p, packed.n);
        bytes[i] ^= 0x55;
        if (!block_unpack(&a, (str){bytes, packed.n}, &origin, &v)) continue;
        for (u32 j = 0; j < v.count; j++) CHECK(block_event(&v, j).message.n <= v.text.n);
    }
    arena_free(&a);
}

static void the_order_of_events(void) {
    struct log_position first = {1, 5, 9}, later = {2, 1, 1}, put = {1, 6, 0}, number = {1, 5, 10};
    CHECK(log_position_cmp(&first, &later) < 0 && log_position_cmp(&first, &put) < 0 && log_position_cmp(&first, &number) < 0 && log_position_cmp(&put, &number) > 0);
    CHECK(log_position_cmp(&first, &first) == 0);
}

UNIT_MAIN(UNIT(a_fresh_block_learns_its_put_later), UNIT(merged_events_keep_their_names), UNIT(odd_messages), UNIT(what_is_damaged_is_refused), UNIT(the_order_of_events))
