/* JSON (RFC 8259): a pull reader over bytes in memory, and a writer.
 *
 * Strict: UTF-8 throughout, no byte order mark, no comments, no trailing commas, no lone surrogates, one
 * value and nothing behind it. The reader knows nothing of duplicate keys: it hands out each. Numbers
 * come as their text, so that 64-bit integers never pass through a double.
 *
 *     struct json_reader r = json_reader_new(arena, bytes, json_default_limits);
 *     str key;
 *     if (json_read_object(&r))
 *         while (json_read_key(&r, &key))
 *             if (str_eq(key, S("Name"))) ok = json_read_string(&r, &name);
 *             else json_skip(&r);
 *     if (!json_done(&r)) refuse(r.problem);
 *
 * A broken text, or a value of another type than asked for, ends all loops: the problem sticks and
 * json_done tells. json_peek looks before one asks. Strings are views of the input, or copies in
 * the arena where something was escaped. */
#ifndef BRUME_JSON_H
#define BRUME_JSON_H

#include "base/arena.h"

struct json_limits {
    size_t bytes; /* of the text */
    u32 depth;    /* of arrays and objects */
};
extern const struct json_limits json_default_limits;

enum json_type { JSON_BROKEN, JSON_NULL, JSON_BOOLEAN, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_reader {
    struct arena *arena;
    const char *p, *end, *start;
    u32 depth, depth_max;
    bool opened;         /* an array or object has just begun: no comma yet */
    const char *problem; /* NULL while all is well */
};

struct json_reader json_reader_new(struct arena *a, str bytes, struct json_limits limits);
/* The type of the next value, by its first byte. */
enum json_type json_peek(struct json_reader *r);

/* Enters an object or array. Then: json_read_key or json_read_item, and the value, in a loop until it says
 * false at the end, which leaves it. */
MUST_USE bool json_read_object(struct json_reader *r);
MUST_USE bool json_read_key(struct json_reader *r, str *key);
MUST_USE bool json_read_array(struct json_reader *r);
MUST_USE bool json_read_item(struct json_reader *r);

MUST_USE bool json_read_null(struct json_reader *r);
MUST_USE bool json_read_boolean(struct json_reader *r, bool *value);
MUST_USE bool json_read_string(struct json_reader *r, str *value);
MUST_USE bool json_read_number(struct json_reader *r, str *text); /* str_to_i64, str_to_f64 read it */
void json_skip(struct json_reader *r); /* one value, checked like all */
MUST_USE bool json_read_raw(struct json_reader *r, str *text); /* one value as it stands in the input */

/* True if one value was read, only white space follows, and nothing was wrong. */
MUST_USE bool json_done(struct json_reader *r);
/* Bytes of the input before the place where the reader stands or broke. */
size_t json_offset(const struct json_reader *r);

/* ---- writing: plain functions over a buf. Commas come by themselves; the caller keeps brackets in
 * balance and puts a key before each value in an object. ---- */
void json_write_object(struct buf *b);
void json_write_object_end(struct buf *b);
void json_write_array(struct buf *b);
void json_write_array_end(struct buf *b);
void json_write_key(struct buf *b, str key);
/* Bytes that are not UTF-8 become U+FFFD: what is written is always JSON. */
void json_write_string(struct buf *b, str value);
void json_write_i64(struct buf *b, i64 value);
void json_write_f64(struct buf *b, double value); /* shortest; not finite: "NaN", "Infinity", a string */
void json_write_boolean(struct buf *b, bool value);
void json_write_null(struct buf *b);
void json_write_raw(struct buf *b, str text); /* one value, already JSON */
/* A key and its string. */
void json_write_member(struct buf *b, str key, str value);
/* Before a value that the caller adds to the buf by hand. */
void json_write_comma(struct buf *b);

#endif
