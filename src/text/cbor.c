#include "text/cbor.h"

#include "base/encode.h"

#include <math.h>

const struct cbor_limits cbor_default_limits = {.bytes = 64 << 20, .depth = 128};

/* The upper three bits of an item's first byte. */
enum major { UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, OTHER };
/* The lower five bits: an argument up to 23, its width, or no definite length. */
enum { ONE_BYTE = 24, TWO_BYTES, FOUR_BYTES, EIGHT_BYTES, INDEFINITE = 31 };
enum { FALSE_VALUE = 20, TRUE_VALUE, NULL_VALUE, UNDEFINED_VALUE, BREAK = 0xff };

static bool broken(struct cbor_reader *r, const char *problem) {
    if (!r->problem) r->problem = problem;
    return false;
}

struct cbor_reader cbor_reader_new(struct arena *a, str bytes, struct cbor_limits limits) {
    const u8 *p = (const u8 *)(bytes.p ? bytes.p : "");
    struct cbor_reader r = {.arena = a, .p = p, .start = p, .end = p + bytes.n, .depth_max = limits.depth};
    if (bytes.n > limits.bytes) broken(&r, "the text is too long");
    return r;
}

size_t cbor_offset(const struct cbor_reader *r) { return (size_t)(r->p - r->start); }
static size_t remaining(const struct cbor_reader *r) { return (size_t)(r->end - r->p); }

enum cbor_type cbor_peek(struct cbor_reader *r) {
    if (r->problem || r->p == r->end) return CBOR_BROKEN;
    u8 minor = *r->p & 31;
    switch ((enum major)(*r->p >> 5)) {
    case UNSIGNED: return CBOR_UNSIGNED;
    case NEGATIVE: return CBOR_NEGATIVE;
    case BYTES: return CBOR_BYTES;
    case TEXT: return CBOR_TEXT;
    case ARRAY: return CBOR_ARRAY;
    case MAP: return CBOR_MAP;
    case TAG: return CBOR_TAG;
    case OTHER: break;
    }
    if (minor == FALSE_VALUE || minor == TRUE_VALUE) return CBOR_BOOLEAN;
    if (minor == NULL_VALUE || minor == UNDEFINED_VALUE) return CBOR_NULL;
    return minor >= TWO_BYTES && minor <= EIGHT_BYTES ? CBOR_FLOAT : CBOR_BROKEN;
}

/* ---- heads: the first byte and its argument ---- */

static bool take_argument(struct cbor_reader *r, u8 minor, u64 *argument) {
    if (minor < ONE_BYTE) {
        *argument = minor;
        return true;
    }
    if (minor > EIGHT_BYTES) return broken(r, "a reserved or indefinite length where none may be");
    size_t width = (size_t)1 << (minor - ONE_BYTE);
    if (remaining(r) < width) return broken(r, "the text ends within an item");
    u64 value = 0;
    for (size_t i = 0; i < width; i++) value = value << 8 | r->p[i];
    r->p += width;
    *argument = value;
    return true;
}

static bool take_head(struct cbor_reader *r, u64 *argument) {
    u8 minor = *r->p++ & 31;
    return take_argument(r, minor, argument);
}

/* ---- arrays, maps, tags ---- */

static bool enter(struct cbor_reader *r) {
    if (r->depth == r->depth_max) return broken(r, "the text is nested too deeply");
    r->depth++;
    return true;
}

static bool open(struct cbor_reader *r, struct cbor_loop *loop) {
    *loop = (struct cbor_loop){.indefinite = (*r->p & 31) == INDEFINITE};
    if (loop->indefinite) r->p++;
    else if (!take_head(r, &loop->left)) return false;
    /* Each element has at least a byte: a count that cannot be true is refused before any loop. */
    if (loop->left > remaining(r)) return broken(r, "more elements are announced than there are bytes");
    return enter(r);
}

bool cbor_read_array(struct cbor_reader *r, struct cbor_loop *array) {
    return cbor_peek(r) == CBOR_ARRAY ? open(r, array) : broken(r, "expected an array");
}

bool cbor_read_map(struct cbor_reader *r, struct cbor_loop *map) {
    return cbor_peek(r) == CBOR_MAP ? open(r, map) : broken(r, "expected a map");
}

bool cbor_read_item(struct cbor_reader *r, struct cbor_loop *loop) {
    if (r->problem) return false;
    bool ended = loop->left == 0;
    if (loop->indefinite) {
        if (r->p == r->end) return broken(r, "an array or map without end");
        ended = *r->p == BREAK;
        if (ended) r->p++;
    } else if (!ended) {
        loop->left--;
    }
    if (ended) r->depth--;
    return !ended;
}

bool cbor_read_key(struct cbor_reader *r, struct cbor_loop *map, str *key) {
    return cbor_read_item(r, map) && cbor_read_text(r, key);
}

bool cbor_read_tag(struct cbor_reader *r, u64 *tag) {
    return cbor_peek(r) == CBOR_TAG ? take_head(r, tag) : broken(r, "expected a tag");
}

/* ---- scalars ---- */

bool cbor_read_null(struct cbor_reader *r) {
    if (cbor_peek(r) != CBOR_NULL) return broken(r, "expected null");
    r->p++;
    return true;
}

bool cbor_read_boolean(struct cbor_reader *r, bool *value) {
    if (cbor_peek(r) != CBOR_BOOLEAN) return broken(r, "expected a boolean");
    *value = (*r->p++ & 31) == TRUE_VALUE;
    return true;
}

bool cbor_read_integer(struct cbor_reader *r, bool *negative, u64 *magnitude) {
    enum cbor_type type = cbor_peek(r);
    *negative = type == CBOR_NEGATIVE;
    return type == CBOR_UNSIGNED || *negative ? take_head(r, magnitude) : broken(r, "expected an integer");
}

/* 1 bit sign, 5 bits exponent, 10 bits fraction. */
static double half_value(u16 half) {
    int exponent = half >> 10 & 31;
    double fraction = half & 0x3ff;
    double value = exponent == 0    ? ldexp(fraction, -24)
                   : exponent != 31 ? ldexp(fraction + 1024, exponent - 25)
                   : fraction != 0  ? (double)NAN
                                    : (double)INFINITY;
    return half & 0x8000 ? -value : value;
}

bool cbor_read_float(struct cbor_reader *r, double *value) {
    u64 bits;
    if (cbor_peek(r) != CBOR_FLOAT) return broken(r, "expected a float");
    u8 minor = *r->p & 31;
    if (!take_head(r, &bits)) return false;
    if (minor == TWO_BYTES) {
        *value = half_value((u16)bits);
    } else if (minor == FOUR_BYTES) {
        u32 bits32 = (u32)bits;
        float single;
        memcpy(&single, &bits32, sizeof single);
        *value = (double)single;
    } else {
        memcpy(value, &bits, sizeof *value);
    }
    return true;
}

/* ---- strings ---- */

static bool take_definite(struct cbor_reader *r, str *value) {
    u64 n;
    if (!take_head(r, &n)) return false;
    if (n > remaining(r)) return broken(r, "a string is longer than the text");
    *value = (str){(const char *)r->p, (size_t)n};
    r->p += n;
    return true;
}

/* Chunks of the same major type, each definite, put together. */
static bool take_chunks(struct cbor_reader *r, str *value) {
    u8 major = *r->p++ >> 5;
    struct buf b = buf_new(r->arena, remaining(r));
    for (;;) {
        str chunk;
        if (r->p == r->end) return broken(r, "a string without end");
        if (*r->p == BREAK) break;
        if (*r->p >> 5 != major || (*r->p & 31) == INDEFINITE) return broken(r, "a chunk of another type");
        if (!take_definite(r, &chunk)) return false;
        if (major == TEXT && !utf8_valid(chunk)) return broken(r, "a text that is not UTF-8");
        buf_add(&b, chunk);
    }
    r->p++;
    *value = buf_str(&b);
    return true;
}

static bool take_string(struct cbor_reader *r, str *value) {
    return (*r->p & 31) == INDEFINITE ? take_chunks(r, value) : take_definite(r, value);
}

bool cbor_read_bytes(struct cbor_reader *r, str *value) {
    return cbor_peek(r) == CBOR_BYTES ? take_string(r, value) : broken(r, "expected bytes");
}

bool cbor_read_text(struct cbor_reader *r, str *value) {
    if (cbor_peek(r) != CBOR_TEXT) return broken(r, "expected a text");
    return take_string(r, value) && (utf8_valid(*value) || broken(r, "a text that is not UTF-8"));
}

/* ---- whole items ---- */

void cbor_skip(struct cbor_reader *r) {
    struct cbor_loop loop;
    str ignored;
    bool flag, ok = false;
    u64 number;
    double real;
    /* Recursion ends at depth_max, where arrays, maps and (below) tags are refused. */
    switch (cbor_peek(r)) {
    case CBOR_UNSIGNED:
    case CBOR_NEGATIVE: ok = cbor_read_integer(r, &flag, &number); break;
    case CBOR_BYTES: ok = cbor_read_bytes(r, &ignored); break;
    case CBOR_TEXT: ok = cbor_read_text(r, &ignored); break;
    case CBOR_BOOLEAN: ok = cbor_read_boolean(r, &flag); break;
    case CBOR_NULL: ok = cbor_read_null(r); break;
    case CBOR_FLOAT: ok = cbor_read_float(r, &real); break;
    case CBOR_ARRAY:
        ok = cbor_read_array(r, &loop);
        while (ok && cbor_read_item(r, &loop)) cbor_skip(r);
        break;
    case CBOR_MAP:
        ok = cbor_read_map(r, &loop);
        while (ok && cbor_read_key(r, &loop, &ignored)) cbor_skip(r);
        break;
    case CBOR_TAG:
        ok = cbor_read_tag(r, &number) && enter(r);
        if (!ok) break;
        cbor_skip(r);
        r->depth--;
        break;
    case CBOR_BROKEN: break;
    }
    if (!ok) broken(r, "expected an item");
}

bool cbor_done(struct cbor_reader *r) {
    if (r->depth) broken(r, "an array or map is still open");
    if (r->p != r->end || r->p == r->start) broken(r, "expected one item and nothing behind it");
    return !r->problem;
}

/* ---- writing ---- */

static void write_bits(struct buf *b, u64 bits, size_t width) {
    char out[8];
    for (size_t i = 0; i < width; i++) out[i] = (char)(bits >> (8 * (width - 1 - i)));
    buf_add(b, (str){out, width});
}

static void write_head(struct buf *b, enum major major, u64 argument) {
    int width = argument <= UINT8_MAX ? 0 : argument <= UINT16_MAX ? 1 : argument <= UINT32_MAX ? 2 : 3;
    bool within = argument < ONE_BYTE;
    buf_char(b, (char)((u32)major << 5 | (within ? (u32)argument : (u32)(ONE_BYTE + width))));
    if (!within) write_bits(b, argument, (size_t)1 << width);
}

static void write_other(struct buf *b, u8 minor) { buf_char(b, (char)((u32)OTHER << 5 | minor)); }

void cbor_write_map(struct buf *b, u64 count) { write_head(b, MAP, count); }
void cbor_write_array(struct buf *b, u64 count) { write_head(b, ARRAY, count); }
void cbor_write_map_indefinite(struct buf *b) { buf_char(b, (char)((u32)MAP << 5 | INDEFINITE)); }
void cbor_write_break(struct buf *b) { buf_char(b, (char)BREAK); }
void cbor_write_tag(struct buf *b, u64 tag) { write_head(b, TAG, tag); }
void cbor_write_boolean(struct buf *b, bool value) { write_other(b, value ? TRUE_VALUE : FALSE_VALUE); }
void cbor_write_null(struct buf *b) { write_other(b, NULL_VALUE); }

void cbor_write_text(struct buf *b, str value) {
    write_head(b, TEXT, value.n);
    buf_add(b, value);
}

void cbor_write_bytes(struct buf *b, str value) {
    write_head(b, BYTES, value.n);
    buf_add(b, value);
}

void cbor_write_i64(struct buf *b, i64 value) {
    write_head(b, value < 0 ? NEGATIVE : UNSIGNED, value < 0 ? (u64)(-1 - value) : (u64)value);
}

void cbor_write_f32(struct buf *b, float value) {
    u32 bits;
    memcpy(&bits, &value, sizeof bits);
    write_other(b, FOUR_BYTES);
    write_bits(b, bits, sizeof bits);
}

void cbor_write_f64(struct buf *b, double value) {
    u64 bits;
    if (!(fabs(value) > 3e38) && (double)(float)value == value) {
        cbor_write_f32(b, (float)value);
        return;
    }
    memcpy(&bits, &value, sizeof bits);
    write_other(b, EIGHT_BYTES);
    write_bits(b, bits, sizeof bits);
}
