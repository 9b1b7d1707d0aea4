#include "text/orc.h"

#include <zlib.h>

/* By the specification's names and numbers. */
enum { BLOCK_BYTES = 256 << 10, STRIPE_BYTES = 2 << 20 };
enum { RUN_MIN = 3, RUN_MAX = 130, LITERALS_MAX = 128, DELTA_MIN = -128, DELTA_MAX = 127 };
enum stream { PRESENT = 0, DATA = 1, LENGTHS = 2, SECONDARY = 5 };
enum { STRUCT = 12, COMPRESSION_ZLIB = 1, WRITER_VERSION = 6 };
static const u8 kinds[] = {[ORC_BOOLEAN] = 0, [ORC_BIGINT] = 4, [ORC_STRING] = 7, [ORC_TIMESTAMP] = 9};
static const i64 epoch_seconds = 1420070400; /* of timestamps: 2015-01-01 */

struct held { /* of a column, in the stripe that is being filled */
    struct buf present; /* a byte for each row */
    struct buf bytes;   /* of strings; a byte for each truth */
    struct buf numbers; /* i64: integers; seconds */
    struct buf second;  /* i64: lengths of strings; nanoseconds */
    u64 stripe_nulls, values, nulls;
};

struct orc_writer {
    struct arena *arena;
    const struct orc_column *columns;
    struct held *held;
    u32 n, at; /* columns; that of the next value */
    u64 stripe_rows, rows;
    size_t stripe_bytes;
    struct buf out, raw, bits, message;
    struct buf stripes; /* their entries in the footer */
    z_stream z;
    char *block;
};

/* ---- protobuf ---- */

static void varint(struct buf *b, u64 v) {
    for (; v >= 0x80; v >>= 7) buf_char(b, (char)(v | 0x80));
    buf_char(b, (char)v);
}

static void field_number(struct buf *b, u32 field, u64 v) {
    varint(b, (u64)field << 3);
    varint(b, v);
}

static void field_bytes(struct buf *b, u32 field, str bytes) {
    varint(b, (u64)field << 3 | 2);
    varint(b, bytes.n);
    buf_add(b, bytes);
}

/* ---- runs ---- */

enum width { BYTES, UNSIGNED, SIGNED };

static void value(struct buf *b, enum width width, i64 v) {
    if (width == BYTES) buf_char(b, (char)v);
    else varint(b, width == UNSIGNED ? (u64)v : (u64)v << 1 ^ (v < 0 ? ~0ull : 0));
}

/* Numbers lie in bufs, which are aligned for bytes. */
static void number(struct buf *b, i64 v) { buf_add(b, (str){(const char *)&v, sizeof v}); }
static i64 number_at(const char *v, size_t i) {
    i64 number;
    memcpy(&number, v + i * sizeof number, sizeof number);
    return number;
}

static void literals(struct buf *b, enum width width, const char *v, size_t from, size_t to) {
    if (from == to) return;
    buf_char(b, (char)((int)from - (int)to));
    for (size_t i = from; i < to; i++) value(b, width, number_at(v, i));
}

static bool step(i64 from, i64 to, enum width width, i64 *delta) {
    if (__builtin_sub_overflow(to, from, delta)) return false;
    return width == BYTES ? !*delta : *delta >= DELTA_MIN && *delta <= DELTA_MAX;
}

/* How many values from here on have the same distance. */
static size_t run_of(const char *v, size_t from, size_t n, enum width width, i64 *delta) {
    i64 next;
    if (n - from < 2 || !step(number_at(v, from), number_at(v, from + 1), width, delta)) return 1;
    size_t end = from + 2;
    while (end < n && end - from < RUN_MAX && step(number_at(v, end - 1), number_at(v, end), width, &next) && next == *delta) end++;
    return end - from;
}

static void runs(struct buf *b, enum width width, const char *v, size_t n) {
    size_t i = 0, literal = 0; /* the first that is not written */
    while (i < n) {
        i64 delta = 0;
        size_t run = run_of(v, i, n, width, &delta);
        if (run >= RUN_MIN) {
            literals(b, width, v, literal, i);
            buf_char(b, (char)(run - RUN_MIN));
            if (width != BYTES) buf_char(b, (char)delta);
            value(b, width, number_at(v, i));
            literal = i += run;
        } else if (++i - literal == LITERALS_MAX) {
            literals(b, width, v, literal, i);
            literal = i;
        }
    }
    literals(b, width, v, literal, i);
}

/* ---- a stripe ---- */

/* In blocks, each behind its length and whether packing it gained nothing. */
static void pack(struct orc_writer *w, str raw) {
    while (raw.n) {
        str block = {raw.p, MIN(raw.n, (size_t)BLOCK_BYTES)};
        ASSERT(deflateReset(&w->z) == Z_OK);
        w->z.next_in = (Bytef *)(size_t)block.p;
        w->z.avail_in = (uInt)block.n;
        w->z.next_out = (Bytef *)w->block;
        w->z.avail_out = (uInt)block.n - 1;
        bool smaller = deflate(&w->z, Z_FINISH) == Z_STREAM_END;
        str kept = smaller ? (str){w->block, w->z.total_out} : block;
        size_t head = kept.n << 1 | !smaller;
        for (int shift = 0; shift < 24; shift += 8) buf_char(&w->out, (char)(head >> shift));
        buf_add(&w->out, kept);
        raw = str_skip(raw, block.n);
    }
}

static struct buf small(struct orc_writer *w) { return buf_new(w->arena, 256); }

/* Packs it, and tells the stripe's footer. */
static void stream(struct orc_writer *w, enum stream kind, u32 column, str raw) {
    struct buf entry = small(w);
    size_t begin = w->out.n;
    pack(w, raw);
    field_number(&entry, 1, kind);
    field_number(&entry, 2, column);
    field_number(&entry, 3, w->out.n - begin);
    field_bytes(&w->message, 1, buf_str(&entry));
}

static void stream_of_runs(struct orc_writer *w, enum stream kind, u32 column, enum width width, const struct buf *numbers) {
    w->raw.n = 0;
    runs(&w->raw, width, numbers->p, numbers->n / sizeof(i64));
    stream(w, kind, column, buf_str(&w->raw));
}

/* Eight to a byte, the first in the highest bit. */
static void stream_of_bits(struct orc_writer *w, enum stream kind, u32 column, const struct buf *truths) {
    w->bits.n = 0;
    for (size_t from = 0; from < truths->n; from += 8) {
        i64 byte = 0;
        for (size_t i = from; i < from + 8; i++) byte = byte << 1 | (i < truths->n && truths->p[i]);
        number(&w->bits, byte);
    }
    stream_of_runs(w, kind, column, BYTES, &w->bits);
}

static void column_end(struct orc_writer *w, u32 k) {
    struct held *h = &w->held[k];
    u32 column = k + 1; /* 0: the row */
    if (h->stripe_nulls) stream_of_bits(w, PRESENT, column, &h->present);
    switch (w->columns[k].type) {
    case ORC_BOOLEAN: stream_of_bits(w, DATA, column, &h->bytes); break;
    case ORC_BIGINT: stream_of_runs(w, DATA, column, SIGNED, &h->numbers); break;
    case ORC_STRING:
        stream(w, DATA, column, buf_str(&h->bytes));
        stream_of_runs(w, LENGTHS, column, UNSIGNED, &h->second);
        break;
    case ORC_TIMESTAMP:
        stream_of_runs(w, DATA, column, SIGNED, &h->numbers);
        stream_of_runs(w, SECONDARY, column, UNSIGNED, &h->second);
        break;
    }
    h->present.n = h->bytes.n = h->numbers.n = h->second.n = 0;
    h->stripe_nulls = 0;
}

static void stripe_end(struct orc_writer *w) {
    struct buf entry = small(w);
    size_t begin = w->out.n;
    w->message.n = 0;
    for (u32 k = 0; k < w->n; k++) column_end(w, k);
    for (u32 k = 0; k <= w->n; k++) field_bytes(&w->message, 2, S("\x08\x00")); /* encoding: direct */
    field_bytes(&w->message, 3, S("UTC"));
    size_t data = w->out.n - begin;
    pack(w, buf_str(&w->message));
    field_number(&entry, 1, begin);
    field_number(&entry, 2, 0); /* no index */
    field_number(&entry, 3, data);
    field_number(&entry, 4, w->out.n - begin - data);
    field_number(&entry, 5, w->stripe_rows);
    field_bytes(&w->stripes, 3, buf_str(&entry));
    w->rows += w->stripe_rows;
    w->stripe_rows = w->stripe_bytes = 0;
}

/* ---- rows ---- */

struct orc_writer *orc_begin(struct arena *a, const struct orc_column *columns, u32 n, size_t max) {
    struct orc_writer *w = NEW(a, struct orc_writer);
    w->arena = a;
    w->columns = columns;
    w->n = n;
    w->out = buf_new(a, max);
    w->raw = buf_new(a, max);
    w->bits = buf_new(a, max);
    w->message = buf_new(a, max);
    w->stripes = buf_new(a, max);
    w->block = arena_alloc(a, BLOCK_BYTES, 1);
    w->held = NEW_ARRAY(a, struct held, n);
    for (u32 k = 0; k < n; k++) w->held[k] = (struct held){buf_new(a, max), buf_new(a, max), buf_new(a, max), buf_new(a, max), 0, 0, 0};
    enum { RAW_WINDOW = -15, MEMORY_LEVEL = 8 };
    ASSERT(deflateInit2(&w->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, RAW_WINDOW, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK);
    buf_add(&w->out, S("ORC"));
    return w;
}

static struct held *next(struct orc_writer *w, enum orc_type type) {
    ASSERT(w->columns[w->at].type == type);
    struct held *h = &w->held[w->at];
    buf_char(&h->present, 1);
    h->values++;
    return h;
}

static void done(struct orc_writer *w, size_t bytes) {
    w->stripe_bytes += bytes + 1;
    if (++w->at < w->n) return;
    w->at = 0;
    w->stripe_rows++;
    if (w->stripe_bytes >= STRIPE_BYTES) stripe_end(w);
}

void orc_null(struct orc_writer *w) {
    struct held *h = &w->held[w->at];
    buf_char(&h->present, 0);
    h->stripe_nulls++;
    h->nulls++;
    done(w, 0);
}

void orc_boolean(struct orc_writer *w, bool value) {
    buf_char(&next(w, ORC_BOOLEAN)->bytes, value);
    done(w, 1);
}

void orc_bigint(struct orc_writer *w, i64 value) {
    number(&next(w, ORC_BIGINT)->numbers, value);
    done(w, sizeof value);
}

void orc_string(struct orc_writer *w, str value) {
    struct held *h = next(w, ORC_STRING);
    buf_add(&h->bytes, value);
    number(&h->second, (i64)value.n);
    done(w, value.n + sizeof(i64));
}

/* Of seconds before 1970 readers take one away when they have a fraction: the seconds are cut towards 1970. The last
 * three bits of the nanoseconds say how many of their zeros are left out: one more, if any. */
void orc_timestamp(struct orc_writer *w, i64 ms) {
    struct held *h = next(w, ORC_TIMESTAMP);
    i64 nanoseconds = (ms % 1000 + 1000) % 1000 * 1000000, zeros = 0;
    while (nanoseconds && zeros < 8 && nanoseconds % 10 == 0) nanoseconds /= 10, zeros++;
    number(&h->numbers, ms / 1000 - epoch_seconds);
    number(&h->second, nanoseconds << 3 | (zeros ? zeros - 1 : 0));
    done(w, 2 * sizeof(i64));
}

/* ---- the end ---- */

static void types(struct orc_writer *w, struct buf *footer) {
    struct buf row = buf_new(w->arena, w->out.max), numbers = buf_new(w->arena, w->out.max);
    for (u32 k = 0; k < w->n; k++) varint(&numbers, k + 1);
    field_number(&row, 1, STRUCT);
    field_bytes(&row, 2, buf_str(&numbers));
    for (u32 k = 0; k < w->n; k++) field_bytes(&row, 3, str_of(w->columns[k].name));
    field_bytes(footer, 4, buf_str(&row));
    for (u32 k = 0; k < w->n; k++) {
        struct buf type = small(w);
        field_number(&type, 1, kinds[w->columns[k].type]);
        field_bytes(footer, 4, buf_str(&type));
    }
}

static void statistics(struct orc_writer *w, struct buf *footer, u64 values, u64 nulls) {
    struct buf entry = small(w);
    field_number(&entry, 1, values);
    field_number(&entry, 10, nulls > 0);
    field_bytes(footer, 7, buf_str(&entry));
}

bool orc_end(struct orc_writer *w, str *bytes) {
    struct buf tail = small(w), *footer = &w->message;
    ASSERT(!w->at);
    if (w->stripe_rows) stripe_end(w);
    size_t header = strlen("ORC"), begin = w->out.n;
    footer->n = 0;
    field_number(footer, 1, header);
    field_number(footer, 2, begin - header);
    buf_add(footer, buf_str(&w->stripes));
    types(w, footer);
    field_number(footer, 6, w->rows);
    statistics(w, footer, w->rows, 0);
    for (u32 k = 0; k < w->n; k++) statistics(w, footer, w->held[k].values, w->held[k].nulls);
    field_number(footer, 8, 0); /* rows between entries of the index: none */
    pack(w, buf_str(footer));
    deflateEnd(&w->z);
    field_number(&tail, 1, w->out.n - begin);
    field_number(&tail, 2, COMPRESSION_ZLIB);
    field_number(&tail, 3, BLOCK_BYTES);
    field_bytes(&tail, 4, S("\x00\x0c")); /* version 0.12 */
    field_number(&tail, 5, 0);            /* no statistics of stripes */
    field_number(&tail, 6, WRITER_VERSION);
    field_bytes(&tail, 8000, S("ORC"));
    buf_add(&w->out, buf_str(&tail));
    buf_char(&w->out, (char)tail.n);
    bool over = w->out.over || w->raw.over || w->bits.over || w->message.over || w->stripes.over;
    for (u32 k = 0; k < w->n; k++) over |= w->held[k].present.over || w->held[k].bytes.over || w->held[k].numbers.over || w->held[k].second.over;
    *bytes = buf_str(&w->out);
    return !over;
}
