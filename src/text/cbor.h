/* CBOR (RFC 8949), as far as AWS's RPC protocol uses it: a pull reader over bytes in memory, and a
 * writer.
 *
 * The reader takes every well-formed item: definite and indefinite lengths, all widths of integers and
 * floats, tags. Map keys are text, which must be UTF-8. The writer makes the smallest integers,
 * definite lengths where the count is known, and never half floats.
 *
 *     struct cbor_reader r = cbor_reader_new(arena, bytes, cbor_default_limits);
 *     struct cbor_loop map;
 *     str key;
 *     if (cbor_read_map(&r, &map))
 *         while (cbor_read_key(&r, &map, &key)) ... one value ...
 *     if (!cbor_done(&r)) refuse(r.problem);
 *
 * A broken text, or an item of another type than asked for, ends all loops: the problem sticks. */
#ifndef BRUME_CBOR_H
#define BRUME_CBOR_H

#include "base/arena.h"

struct cbor_limits {
    size_t bytes; /* of the whole */
    u32 depth;    /* of arrays, maps and tags */
};
extern const struct cbor_limits cbor_default_limits;

enum cbor_type { CBOR_BROKEN, CBOR_UNSIGNED, CBOR_NEGATIVE, CBOR_BYTES, CBOR_TEXT, CBOR_ARRAY, CBOR_MAP,
                 CBOR_TAG, CBOR_BOOLEAN, CBOR_NULL /* undefined too */, CBOR_FLOAT };

struct cbor_reader {
    struct arena *arena;
    const u8 *p, *end, *start;
    u32 depth, depth_max;
    const char *problem; /* NULL while all is well */
};
/* An array or map under way. */
struct cbor_loop {
    u64 left;
    bool indefinite;
};

struct cbor_reader cbor_reader_new(struct arena *a, str bytes, struct cbor_limits limits);
enum cbor_type cbor_peek(struct cbor_reader *r);

MUST_USE bool cbor_read_array(struct cbor_reader *r, struct cbor_loop *array);
MUST_USE bool cbor_read_item(struct cbor_reader *r, struct cbor_loop *array); /* false: left */
MUST_USE bool cbor_read_map(struct cbor_reader *r, struct cbor_loop *map);
MUST_USE bool cbor_read_key(struct cbor_reader *r, struct cbor_loop *map, str *key);
MUST_USE bool cbor_read_tag(struct cbor_reader *r, u64 *tag); /* then the tagged item */

MUST_USE bool cbor_read_null(struct cbor_reader *r);
MUST_USE bool cbor_read_boolean(struct cbor_reader *r, bool *value);
/* The value is `magnitude`, or -1 - magnitude if negative: CBOR's range is wider than i64. */
MUST_USE bool cbor_read_integer(struct cbor_reader *r, bool *negative, u64 *magnitude);
MUST_USE bool cbor_read_float(struct cbor_reader *r, double *value);
MUST_USE bool cbor_read_text(struct cbor_reader *r, str *value); /* a view; a copy if in chunks */
MUST_USE bool cbor_read_bytes(struct cbor_reader *r, str *value);
void cbor_skip(struct cbor_reader *r); /* one item, checked like all */
/* True if one item was read, nothing follows, and nothing was wrong. */
MUST_USE bool cbor_done(struct cbor_reader *r);
size_t cbor_offset(const struct cbor_reader *r);

/* ---- writing ---- */
void cbor_write_map(struct buf *b, u64 count);
void cbor_write_array(struct buf *b, u64 count);
void cbor_write_map_indefinite(struct buf *b); /* then keys and values, then cbor_write_break */
void cbor_write_break(struct buf *b);
void cbor_write_text(struct buf *b, str value);
void cbor_write_bytes(struct buf *b, str value);
void cbor_write_i64(struct buf *b, i64 value);
void cbor_write_f32(struct buf *b, float value);
void cbor_write_f64(struct buf *b, double value); /* four bytes where they hold the same value */
void cbor_write_boolean(struct buf *b, bool value);
void cbor_write_null(struct buf *b);
void cbor_write_tag(struct buf *b, u64 tag);

#endif
