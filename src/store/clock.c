/* The cloud's clock and the policy epoch. */
#include "store/internal.h"

#include "store/record.h"

i64 store_ahead_ms(struct store *s) { return atomic_load_explicit(&s->clock.offset_ms, memory_order_relaxed); }

i64 store_now_ms(struct store *s) { return sys_wall_ms() + store_ahead_ms(s); }

u64 store_epoch(struct store *s) { return atomic_load(&s->epoch); }

struct clock_row {
    i64 offset_ms;
};
static const struct record_field clock_fields[] = {RECORD_I64(1, struct clock_row, offset_ms)};
static const struct record_type clock_record = RECORD_TYPE(struct clock_row, clock_fields);

void clock_put(struct txn *t, i64 offset_ms) {
    struct clock_row row = {offset_ms};
    struct key k = store_key(t->arena, "clock");
    txn_put(t, key_bytes(&k), record_encode(t->arena, &clock_record, &row));
}

void clock_load(struct store *s, struct txn *t) {
    struct clock_row row = {0};
    struct key k = store_key(t->arena, "clock");
    str value;
    if (txn_get(t, key_bytes(&k), &value)) ASSERT(record_decode(t->arena, &clock_record, value, &row));
    atomic_store(&s->clock.offset_ms, row.offset_ms);
}
