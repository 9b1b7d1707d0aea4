#include "block.h"

#include "text/zstandard.h"

enum { PACKED_RAW = 0, PACKED_ZSTD = 1, WORTH = 256 /* bytes: fewer are not packed */, RAW_MAX = 64 << 20, VARINT_MAX = 10 };

int log_position_cmp(const struct log_position *x, const struct log_position *y) {
    if (x->time_ms != y->time_ms) return x->time_ms < y->time_ms ? -1 : 1;
    if (x->put != y->put) return x->put < y->put ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* ---- varints: 7 bits a byte, lowest first ---- */

static void add_varint(struct buf *b, u64 v) {
    for (; v >= 0x80; v >>= 7) buf_char(b, (char)(v | 0x80));
    buf_char(b, (char)v);
}

static u64 read_varint(str *s) { /* what is cut off reads as 0; the lengths are checked */
    u64 v = 0;
    for (unsigned shift = 0; s->n && shift < 64; shift += 7) {
        u8 byte = (u8)*s->p;
        *s = str_skip(*s, 1);
        v |= (u64)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) break;
    }
    return v;
}

/* ---- packing ---- */

struct put_entry {
    u64 put;
    i64 ingested_ms;
    u32 number, next;
};

/* The puts that events came by, in the order in which they first appear. */
static u32 puts_of(struct arena *a, const struct log_event *events, size_t n, struct put_entry **entries, u32 *which) {
    u32 count = 0, slots = 16;
    while (slots < 2 * n) slots *= 2;
    u32 *table = NEW_ARRAY(a, u32, slots); /* entry + 1 */
    *entries = NEW_ARRAY(a, struct put_entry, n + 1);
    for (size_t i = 0; i < n; i++) {
        u32 at = (u32)(events[i].put * 0x9e3779b97f4a7c15ull >> 32) & (slots - 1);
        while (table[at] && (*entries)[table[at] - 1].put != events[i].put) at = (at + 1) & (slots - 1);
        if (!table[at]) {
            (*entries)[count] = (struct put_entry){events[i].put, events[i].ingested_ms, events[i].number, events[i].number};
            table[at] = ++count;
        }
        which[i] = table[at] - 1;
    }
    return count;
}

str block_pack(struct arena *a, const struct log_event *events, size_t n, bool fresh, int level) {
    size_t text = 0;
    u32 *which = NEW_ARRAY(a, u32, n + 1), put_count = 0;
    struct put_entry *puts = NULL;
    ASSERT(n);
    for (size_t i = 0; i < n; i++) text += events[i].message.n + 1;
    if (!fresh) put_count = puts_of(a, events, n, &puts, which);
    size_t columns = (n * 4 + 3 * (size_t)put_count + 4) * VARINT_MAX;
    struct buf raw = buf_new(a, columns + text), out = buf_new(a, columns + text + 1024);
    add_varint(&raw, n);
    add_varint(&raw, put_count);
    for (u32 i = 0; i < put_count; i++) {
        add_varint(&raw, puts[i].put);
        add_varint(&raw, (u64)puts[i].ingested_ms);
        add_varint(&raw, puts[i].number);
    }
    for (size_t i = 0; i < n; i++) add_varint(&raw, (u64)(events[i].time_ms - (i ? events[i - 1].time_ms : 0)));
    for (size_t i = 0; i < n && put_count > 1; i++) add_varint(&raw, which[i]);
    /* Numbers go up by one within a put, as long as no event of it was left out (expired, deleted): then by steps. */
    for (size_t i = 0; i < n && put_count; i++) {
        struct put_entry *p = &puts[which[i]];
        add_varint(&raw, events[i].number - p->next);
        p->next = events[i].number + 1;
    }
    for (size_t i = 0; i < n; i++) add_varint(&raw, events[i].message.n);
    for (size_t i = 0; i < n; i++) {
        buf_add(&raw, events[i].message);
        buf_char(&raw, 0);
    }
    ASSERT(!raw.over);
    str bytes = buf_str(&raw), packed = bytes;
    if (bytes.n >= WORTH) packed = zstd_of(a, bytes, level);
    if (packed.n >= bytes.n) packed = bytes;
    buf_char(&out, packed.p == bytes.p ? PACKED_RAW : PACKED_ZSTD);
    add_varint(&out, bytes.n);
    buf_add(&out, packed);
    return buf_str(&out);
}

/* ---- unpacking ---- */

static bool unpack_bytes(struct arena *a, str packed, str *raw) {
    if (!packed.n) return false;
    u8 codec = (u8)packed.p[0];
    packed = str_skip(packed, 1);
    u64 n = read_varint(&packed);
    if (n > RAW_MAX || codec > PACKED_ZSTD) return false;
    *raw = packed;
    if (codec == PACKED_RAW) return packed.n == n;
    char *out = arena_alloc(a, n + 1, 16);
    *raw = (str){out, n};
    return zstd_open(packed, out, n);
}

struct columns {
    i64 *times, *ingested;
    u32 *offsets, *numbers;
    u64 *puts;
};

static bool read_origins(struct arena *a, str *s, u32 put_count, const struct columns *v, u32 n) {
    struct put_entry *puts = NEW_ARRAY(a, struct put_entry, (size_t)put_count + 1);
    for (u32 i = 0; i < put_count; i++) {
        puts[i].put = read_varint(s);
        puts[i].ingested_ms = (i64)read_varint(s);
        puts[i].next = (u32)read_varint(s);
    }
    u64 time = 0;
    for (u32 i = 0; i < n; i++) v->times[i] = (i64)(time += read_varint(s));
    for (u32 i = 0; i < n; i++) {
        u64 which = put_count > 1 ? read_varint(s) : 0;
        if (which >= put_count) return false;
        v->puts[i] = which;
    }
    for (u32 i = 0; i < n; i++) {
        struct put_entry *p = &puts[v->puts[i]];
        v->numbers[i] = p->next + (u32)read_varint(s);
        p->next = v->numbers[i] + 1;
        v->puts[i] = p->put;
        v->ingested[i] = p->ingested_ms;
    }
    return true;
}

static void take_origin(str *s, const struct block_origin *origin, const struct columns *v, u32 n) {
    u64 time = 0;
    for (u32 i = 0; i < n; i++) {
        v->times[i] = (i64)(time += read_varint(s));
        v->puts[i] = origin->put;
        v->ingested[i] = origin->ingested_ms;
        v->numbers[i] = origin->number + i;
    }
}

bool block_unpack(struct arena *a, str packed, const struct block_origin *origin, struct block_view *view) {
    str s;
    if (!unpack_bytes(a, packed, &s)) return false;
    u64 n = read_varint(&s), put_count = read_varint(&s);
    if (!n || n > s.n || put_count > n) return false; /* each event has a NUL at least */
    struct columns v = {NEW_ARRAY(a, i64, n), NEW_ARRAY(a, i64, n), NEW_ARRAY(a, u32, n + 1), NEW_ARRAY(a, u32, n), NEW_ARRAY(a, u64, n)};
    if (!put_count) take_origin(&s, origin, &v, (u32)n);
    else if (!read_origins(a, &s, (u32)put_count, &v, (u32)n)) return false;
    u64 at = 0;
    for (u64 i = 0; i < n; i++) {
        u64 length = read_varint(&s);
        if (length > RAW_MAX) return false;
        v.offsets[i] = (u32)at;
        at += length + 1;
        if (at > RAW_MAX) return false;
    }
    v.offsets[n] = (u32)at;
    *view = (struct block_view){.count = (u32)n, .times = v.times, .offsets = v.offsets, .puts = v.puts, .ingested = v.ingested, .numbers = v.numbers, .text = s};
    return at == s.n;
}

struct log_event block_event(const struct block_view *v, u32 i) {
    str message = {v->text.p + v->offsets[i], v->offsets[i + 1] - v->offsets[i] - 1};
    return (struct log_event){.time_ms = v->times[i], .ingested_ms = v->ingested[i], .put = v->puts[i], .number = v->numbers[i], .message = message};
}
