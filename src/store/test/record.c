#include "store/record.h"
#include "unit.h"

struct inner {
    str name;
    i64 count;
};
struct outer {
    str text;
    i64 signed_number;
    u64 number;
    i32 small;
    bool flag;
    double ratio;
    struct record_pairs tags;
    struct {
        struct inner *v;
        u32 n;
        bool set;
    } list;
    struct inner *one;
};
static const struct record_field inner_fields[] = {RECORD_STR(1, struct inner, name), RECORD_I64(2, struct inner, count)};
static const struct record_type inner_record = RECORD_TYPE(struct inner, inner_fields);
static const struct record_field outer_fields[] = {
    RECORD_STR(1, struct outer, text),  RECORD_I64(2, struct outer, signed_number), RECORD_U64(3, struct outer, number),
    RECORD_I32(4, struct outer, small), RECORD_BOOL(5, struct outer, flag),         RECORD_F64(6, struct outer, ratio),
    RECORD_LIST(7, struct outer, tags, record_pair_type), RECORD_LIST(200, struct outer, list, inner_record),
    RECORD_STRUCT(9, struct outer, one, inner_record),
};
static const struct record_type outer_record = RECORD_TYPE(struct outer, outer_fields);

static struct outer sample(struct arena *a) {
    struct outer o = {.text = S("hello"), .signed_number = INT64_MIN, .number = UINT64_MAX, .small = INT32_MIN,
                      .flag = true, .ratio = -0.5};
    o.tags = (struct record_pairs){NEW_ARRAY(a, struct record_pair, 2), 2, true};
    o.tags.v[0] = (struct record_pair){S("k"), S("v")};
    o.tags.v[1] = (struct record_pair){S("empty"), S("")};
    o.list.v = NEW_ARRAY(a, struct inner, 3);
    o.list.n = 3;
    o.list.set = true;
    o.list.v[1] = (struct inner){S("x"), -1};
    o.one = NEW(a, struct inner);
    o.one->count = 12345;
    return o;
}

static void values_come_back(void) {
    struct arena a = {0};
    struct outer in = sample(&a), out;
    str bytes = record_encode(&a, &outer_record, &in);
    CHECK(record_decode(&a, &outer_record, bytes, &out));
    CHECK_STR(out.text, in.text);
    CHECK(out.signed_number == in.signed_number && out.number == in.number && out.small == in.small);
    CHECK(out.flag && out.ratio == -0.5);
    CHECK(out.tags.n == 2 && out.tags.set);
    CHECK_STR(out.tags.v[1].key, S("empty"));
    CHECK(out.tags.v[1].value.p && out.tags.v[1].value.n == 0);
    CHECK(out.list.n == 3 && !out.list.v[0].name.p && out.list.v[1].count == -1);
    CHECK(out.one && out.one->count == 12345 && !out.one->name.p);
    CHECK_STR(record_encode(&a, &outer_record, &out), bytes);
    arena_free(&a);
}

static void nothing_is_no_bytes(void) {
    struct arena a = {0};
    struct outer in = {0}, out;
    str bytes = record_encode(&a, &outer_record, &in);
    CHECK_INT(bytes.n, 0);
    CHECK(record_decode(&a, &outer_record, bytes, &out));
    CHECK(!out.text.p && !out.list.set && !out.one);
    in.list.set = true; /* an empty list that is there is not an absent one */
    CHECK(record_decode(&a, &outer_record, record_encode(&a, &outer_record, &in), &out));
    CHECK(out.list.set && out.list.n == 0);
    arena_free(&a);
}

static void unknown_fields_are_skipped(void) {
    struct arena a = {0};
    struct outer in = sample(&a);
    struct record_type later = {outer_fields, 2, sizeof(struct outer)}; /* knows text and signed_number only */
    struct outer out;
    CHECK(record_decode(&a, &later, record_encode(&a, &outer_record, &in), &out));
    CHECK_STR(out.text, in.text);
    CHECK(!out.number && !out.list.n && !out.one);
    arena_free(&a);
}

static void stored_bytes_keep_their_meaning(void) {
    /* Written by hand from record.h's description: must read the same for ever. */
    static const char bytes[] = "\x0a\x02hi\x10\x03\x28\x01\x4a\x02\x10\x04";
    struct arena a = {0};
    struct outer out;
    CHECK(record_decode(&a, &outer_record, (str){bytes, sizeof bytes - 1}, &out));
    CHECK_STR(out.text, S("hi"));
    CHECK(out.signed_number == -2 && out.flag && out.one && out.one->count == 2);
    CHECK_STR(record_encode(&a, &outer_record, &out), ((str){bytes, sizeof bytes - 1}));
    arena_free(&a);
}

static void damage_is_noticed_or_harmless(void) {
    struct arena a = {0};
    struct outer in = sample(&a), out;
    str bytes = record_encode(&a, &outer_record, &in);
    char *damaged = arena_alloc(&a, bytes.n, 1);
    u32 refused = 0;
    for (size_t at = 0; at < bytes.n; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            struct arena_mark mark = arena_mark(&a);
            memcpy(damaged, bytes.p, bytes.n);
            damaged[at] = (char)(damaged[at] ^ (1 << bit));
            refused += !record_decode(&a, &outer_record, (str){damaged, bytes.n}, &out);
            arena_rewind(&a, mark);
        }
    for (size_t n = 0; n < bytes.n; n++) (void)!record_decode(&a, &outer_record, str_take(bytes, n), &out);
    CHECK(refused > bytes.n);
    CHECK(!record_decode(&a, &outer_record, S("\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), &out)); /* 65 bits */
    CHECK(!record_decode(&a, &outer_record, S("\x3a\x05\xff\xff\xff\xff\x0f"), &out)); /* four thousand million pairs */
    CHECK(!record_decode(&a, &outer_record, S("\x0b"), &out));     /* a wire kind that is none */
    CHECK(!record_decode(&a, &outer_record, S("\x08\x01"), &out)); /* a number where text belongs */
    arena_free(&a);
}

UNIT_MAIN(UNIT(values_come_back), UNIT(nothing_is_no_bytes), UNIT(unknown_fields_are_skipped),
          UNIT(stored_bytes_keep_their_meaning), UNIT(damage_is_noticed_or_harmless))
