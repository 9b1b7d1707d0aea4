/* Rows and references as bytes. Numbers are varints, so that a reference is some 15 bytes. */
#include "store/blob_internal.h"

static void add_varint(struct buf *b, u64 v) {
    for (; v >= 0x80; v >>= 7) buf_char(b, (char)(v | 0x80));
    buf_char(b, (char)v);
}

static bool take_varint(str *s, u64 *v) {
    *v = 0;
    for (int shift = 0; shift < 64 && s->n; shift += 7) {
        u8 byte = (u8)*s->p;
        *s = str_skip(*s, 1);
        *v |= (u64)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return true;
    }
    return false;
}

static bool take_u32(str *s, u32 *v) {
    u64 wide;
    if (!take_varint(s, &wide) || wide > UINT32_MAX) return false;
    *v = (u32)wide;
    return true;
}

static bool take_bytes(str *s, size_t n, str *bytes) {
    if (s->n < n) return false;
    *bytes = str_take(*s, n);
    *s = str_skip(*s, n);
    return true;
}

static str own_key(struct arena *a, str part, u64 number) {
    struct key k = key_new(a, S("blob"));
    key_str(&k, part);
    key_u64(&k, number);
    return key_bytes(&k);
}
str blob_key(struct arena *a, u64 id) { return own_key(a, S("b"), id); }
str segment_key(struct arena *a, u64 number) { return own_key(a, S("s"), number); }
str dead_key(struct arena *a, u64 id) { return own_key(a, S("d"), id); }

str blob_row_encode(struct arena *a, const struct blob_row *row) {
    struct buf b = buf_new(a, 160 + row->parts.n);
    buf_char(&b, BLOB_FORMAT);
    buf_char(&b, (char)row->kind);
    add_varint(&b, row->references);
    add_varint(&b, row->zones);
    add_varint(&b, row->length);
    if (row->kind != BLOB_PARTS) buf_add(&b, (str){(const char *)row->wrapped, WRAPPED_KEY});
    if (row->kind == BLOB_SEGMENT) {
        add_varint(&b, row->segment);
        add_varint(&b, row->offset);
    }
    if (row->kind == BLOB_PARTS) buf_add(&b, row->parts);
    ASSERT(!b.over);
    return buf_str(&b);
}

bool blob_row_decode(str s, struct blob_row *row) {
    *row = (struct blob_row){0};
    str bytes;
    if (s.n < 2 || s.p[0] != BLOB_FORMAT) return false;
    row->kind = (u8)s.p[1];
    s = str_skip(s, 2);
    if (!take_u32(&s, &row->references) || !take_u32(&s, &row->zones) || !take_varint(&s, &row->length))
        return false;
    if (row->kind == BLOB_PARTS) {
        row->parts = s;
        return true;
    }
    if (!take_bytes(&s, WRAPPED_KEY, &bytes)) return false;
    memcpy(row->wrapped, bytes.p, WRAPPED_KEY);
    if (row->kind == BLOB_FILE) return s.n == 0;
    return row->kind == BLOB_SEGMENT && take_varint(&s, &row->segment) && take_varint(&s, &row->offset)
           && s.n == 0;
}

bool blob_row_get(struct txn *t, u64 id, struct blob_row *row) {
    str value;
    if (!txn_get(t, blob_key(txn_arena(t), id), &value)) return false;
    ASSERT(blob_row_decode(value, row));
    return true;
}

void blob_row_put(struct txn *t, u64 id, const struct blob_row *row) {
    struct arena *a = txn_arena(t);
    txn_put(t, blob_key(a, id), blob_row_encode(a, row));
}

bool segment_row_decode(str s, struct segment_row *row) {
    if (s.n < 1 || s.p[0] != BLOB_FORMAT) return false;
    s = str_skip(s, 1);
    return take_u32(&s, &row->zones) && take_varint(&s, &row->end) && take_varint(&s, &row->live) && s.n == 0;
}

bool segment_row_get(struct txn *t, u64 number, struct segment_row *row) {
    str value;
    if (!txn_get(t, segment_key(txn_arena(t), number), &value)) return false;
    ASSERT(segment_row_decode(value, row));
    return true;
}

void segment_row_put(struct txn *t, u64 number, const struct segment_row *row) {
    struct arena *a = txn_arena(t);
    struct buf b = buf_new(a, 64);
    buf_char(&b, BLOB_FORMAT);
    add_varint(&b, row->zones);
    add_varint(&b, row->end);
    add_varint(&b, row->live);
    txn_put(t, segment_key(a, number), buf_str(&b));
}

void segment_row_change(struct txn *t, u64 number, u32 zones, u64 end, i64 live_change) {
    struct segment_row row = {.zones = zones};
    bool exists = segment_row_get(t, number, &row);
    ASSERT(exists || live_change > 0);
    ASSERT((i64)row.live + live_change >= 0);
    row.live = (u64)((i64)row.live + live_change);
    row.end = MAX(row.end, end);
    segment_row_put(t, number, &row);
}

str reference_encode(struct arena *a, u8 kind, u64 id, u64 length) {
    struct buf b = buf_new(a, 32);
    buf_char(&b, BLOB_FORMAT);
    buf_char(&b, (char)kind);
    add_varint(&b, length);
    add_varint(&b, id);
    return buf_str(&b);
}

bool reference_decode(str s, struct blob_reference *r) {
    *r = (struct blob_reference){0};
    if (s.n < 3 || s.p[0] != BLOB_FORMAT) return false;
    r->kind = (u8)s.p[1];
    s = str_skip(s, 2);
    if (!take_varint(&s, &r->length)) return false;
    if (r->kind != BLOB_INLINE)
        return r->kind <= BLOB_PARTS && r->kind > 0 && take_varint(&s, &r->id) && s.n == 0;
    str wrapped;
    if (!take_bytes(&s, WRAPPED_KEY, &wrapped) || s.n != r->length + AEAD_TAG) return false;
    r->wrapped = (const u8 *)wrapped.p;
    r->sealed = s;
    return true;
}

void parts_add(struct buf *list, str reference, str row) {
    add_varint(list, reference.n);
    buf_add(list, reference);
    add_varint(list, row.n);
    buf_add(list, row);
}

bool parts_next(str *rest, str *reference, str *row) {
    u64 n;
    if (!rest->n) return false;
    ASSERT(take_varint(rest, &n) && take_bytes(rest, n, reference));
    ASSERT(take_varint(rest, &n) && take_bytes(rest, n, row));
    return true;
}
