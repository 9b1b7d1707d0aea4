#include "store/record.h"

enum { WIRE_VARINT, WIRE_FIXED64, WIRE_BYTES };
/* A record's types may refer to themselves (a tree); stored trees are no deeper than this. */
enum { DEPTH_MAX = 64, RECORD_MAX = 256 << 20 };

static const struct record_field record_pair_fields[] = {
    RECORD_STR(1, struct record_pair, key),
    RECORD_STR(2, struct record_pair, value),
};
const struct record_type record_pair_type = RECORD_TYPE(struct record_pair, record_pair_fields);

struct any_list {
    char *v;
    u32 n;
    bool set;
};

static const u8 wire_of[] = {
    [RECORD_KIND_STR] = WIRE_BYTES,   [RECORD_KIND_I64] = WIRE_VARINT, [RECORD_KIND_U64] = WIRE_VARINT,
    [RECORD_KIND_BOOL] = WIRE_VARINT, [RECORD_KIND_F64] = WIRE_FIXED64, [RECORD_KIND_I32] = WIRE_VARINT,
    [RECORD_KIND_LIST] = WIRE_BYTES,  [RECORD_KIND_STRUCT] = WIRE_BYTES,
};

static u64 zigzag(i64 v) { return (u64)v << 1 ^ (u64)(v >> 63); }
static i64 unzigzag(u64 v) { return (i64)(v >> 1 ^ (0 - (v & 1))); }

static inline size_t varint_size(u64 v) {
    size_t n = 1;
    while (v >>= 7) n++;
    return n;
}

static inline void put_varint(struct buf *b, u64 v) {
    for (; v >= 0x80; v >>= 7) buf_char(b, (char)(v | 0x80));
    buf_char(b, (char)v);
}

static bool get_varint(str *rest, u64 *v) {
    if (rest->n && !(rest->p[0] & 0x80)) { /* most are short */
        *v = (u8)rest->p[0];
        *rest = (str){rest->p + 1, rest->n - 1};
        return true;
    }
    *v = 0;
    for (unsigned shift = 0; shift < 64 && rest->n; shift += 7) {
        u8 byte = (u8)rest->p[0];
        *rest = str_skip(*rest, 1);
        if (shift == 63 && byte > 1) return false;
        *v |= (u64)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return true;
    }
    return false;
}

/* ---- writing: sizes first, so that nested values are written once, in place ---- */
static u64 number_of(const struct record_field *f, const void *at) {
    switch ((enum record_kind)f->kind) {
    case RECORD_KIND_I64: return zigzag(*(const i64 *)at);
    case RECORD_KIND_I32: return zigzag(*(const i32 *)at);
    case RECORD_KIND_U64:
    case RECORD_KIND_F64: return *(const u64 *)at; /* a double's bits */
    case RECORD_KIND_BOOL: return *(const bool *)at;
    case RECORD_KIND_STR:
    case RECORD_KIND_LIST:
    case RECORD_KIND_STRUCT: break;
    }
    ASSERT(!"a number");
    return 0;
}

static size_t record_size(const struct record_type *type, const void *value, int depth);

/* Of a field that nests, without its length; false: absent. */
static bool bytes_size(const struct record_field *f, const char *at, int depth, size_t *size) {
    if (f->kind == RECORD_KIND_STRUCT) {
        const void *pointed = *(const void *const *)(const void *)at;
        if (pointed) *size = record_size(f->type, pointed, depth + 1);
        return pointed != NULL;
    }
    const struct any_list *list = (const struct any_list *)(const void *)at;
    if (!list->set && !list->n) return false;
    *size = varint_size(list->n);
    for (u32 i = 0; i < list->n; i++) {
        size_t n = record_size(f->type, list->v + (size_t)i * f->type->size, depth + 1);
        *size += varint_size(n) + n;
    }
    return true;
}

static size_t record_size(const struct record_type *type, const void *value, int depth) {
    ASSERT(depth <= DEPTH_MAX);
    size_t size = 0;
    for (u16 i = 0; i < type->count; i++) {
        const struct record_field *f = &type->fields[i];
        const char *at = (const char *)value + f->offset;
        size_t tag = varint_size((u64)f->number << 3), n;
        if (f->kind == RECORD_KIND_STR) { /* most are */
            const str *s = (const str *)(const void *)at;
            if (s->p) size += tag + varint_size(s->n) + s->n;
            continue;
        }
        if (wire_of[f->kind] == WIRE_BYTES) {
            if (bytes_size(f, at, depth, &n)) size += tag + varint_size(n) + n;
            continue;
        }
        u64 v = number_of(f, at);
        if (v) size += tag + (wire_of[f->kind] == WIRE_FIXED64 ? 8 : varint_size(v));
    }
    return size;
}

static void put_record(struct buf *b, const struct record_type *type, const void *value, int depth);

static void put_str(struct buf *b, const struct record_field *f, const str *s) {
    if (!s->p) return;
    put_varint(b, (u64)f->number << 3 | WIRE_BYTES);
    put_varint(b, s->n);
    buf_add(b, *s);
}

static void put_nested(struct buf *b, const struct record_field *f, const char *at, int depth) {
    if (f->kind == RECORD_KIND_STRUCT) {
        put_record(b, f->type, *(const void *const *)(const void *)at, depth + 1);
        return;
    }
    const struct any_list *list = (const struct any_list *)(const void *)at;
    put_varint(b, list->n);
    for (u32 i = 0; i < list->n; i++) {
        const char *element = list->v + (size_t)i * f->type->size;
        put_varint(b, record_size(f->type, element, depth + 1));
        put_record(b, f->type, element, depth + 1);
    }
}

static void put_record(struct buf *b, const struct record_type *type, const void *value, int depth) {
    for (u16 i = 0; i < type->count; i++) {
        const struct record_field *f = &type->fields[i];
        const char *at = (const char *)value + f->offset;
        u8 wire = wire_of[f->kind];
        if (f->kind == RECORD_KIND_STR) {
            put_str(b, f, (const str *)(const void *)at);
            continue;
        }
        if (wire == WIRE_BYTES) {
            size_t n;
            if (!bytes_size(f, at, depth, &n)) continue;
            put_varint(b, (u64)f->number << 3 | wire);
            put_varint(b, n);
            put_nested(b, f, at, depth);
            continue;
        }
        u64 v = number_of(f, at);
        if (!v) continue;
        put_varint(b, (u64)f->number << 3 | wire);
        if (wire == WIRE_VARINT) put_varint(b, v);
        else buf_add(b, (str){(const char *)&v, sizeof v});
    }
}

str record_encode(struct arena *a, const struct record_type *type, const void *value) {
    size_t size = record_size(type, value, 0);
    ASSERT(size <= RECORD_MAX);
    struct buf b = buf_new(a, size);
    buf_reserve(&b, size);
    put_record(&b, type, value, 0);
    ASSERT(!b.over && b.n == size);
    return buf_str(&b);
}

/* ---- reading ---- */
static bool get_record(struct arena *a, const struct record_type *type, str bytes, char *value, int depth);

static bool get_list(struct arena *a, const struct record_type *type, str bytes, struct any_list *list,
                     int depth) {
    u64 n;
    /* Each element takes at least its length byte, which bounds the allocation by the value's size. */
    if (!get_varint(&bytes, &n) || n > bytes.n || n > UINT32_MAX) return false;
    *list = (struct any_list){arena_alloc_array(a, n, type->size, _Alignof(max_align_t)), (u32)n, true};
    for (u32 i = 0; i < list->n; i++) {
        u64 size;
        if (!get_varint(&bytes, &size) || size > bytes.n) return false;
        char *element = list->v + (size_t)i * type->size;
        if (!get_record(a, type, str_take(bytes, size), element, depth)) return false;
        bytes = str_skip(bytes, size);
    }
    return bytes.n == 0;
}

static bool get_bytes(struct arena *a, const struct record_field *f, str bytes, char *at, int depth) {
    if (f->kind == RECORD_KIND_STR) {
        *(str *)(void *)at = bytes;
        return true;
    }
    if (f->kind == RECORD_KIND_LIST)
        return get_list(a, f->type, bytes, (struct any_list *)(void *)at, depth + 1);
    char *pointed = arena_alloc(a, f->type->size, _Alignof(max_align_t));
    *(void **)(void *)at = pointed;
    return get_record(a, f->type, bytes, pointed, depth + 1);
}

static bool set_number(const struct record_field *f, u64 v, char *at) {
    switch ((enum record_kind)f->kind) {
    case RECORD_KIND_I64: *(i64 *)(void *)at = unzigzag(v); return true;
    case RECORD_KIND_I32: {
        i64 wide = unzigzag(v);
        *(i32 *)(void *)at = (i32)wide;
        return wide >= INT32_MIN && wide <= INT32_MAX;
    }
    case RECORD_KIND_U64:
    case RECORD_KIND_F64: *(u64 *)(void *)at = v; return true;
    case RECORD_KIND_BOOL: *(bool *)at = v != 0; return v <= 1;
    case RECORD_KIND_STR:
    case RECORD_KIND_LIST:
    case RECORD_KIND_STRUCT: break;
    }
    return false;
}

static const struct record_field *field_of(const struct record_type *type, u64 number, u16 *hint) {
    /* Written in the table's order: the next one is nearly always the right one. */
    u16 i = *hint;
    for (u16 tried = 0; tried < type->count; tried++, i++) {
        if (i >= type->count) i = 0;
        if (type->fields[i].number != number) continue;
        *hint = (u16)(i + 1);
        return &type->fields[i];
    }
    return NULL;
}

static bool get_record(struct arena *a, const struct record_type *type, str bytes, char *value, int depth) {
    if (depth > DEPTH_MAX) return false;
    u16 hint = 0;
    while (bytes.n) {
        u64 tag, v = 0;
        str inner = {0};
        if (!get_varint(&bytes, &tag)) return false;
        u8 wire = (u8)(tag & 7);
        if (wire == WIRE_FIXED64) {
            if (bytes.n < sizeof v) return false;
            memcpy(&v, bytes.p, sizeof v);
            bytes = str_skip(bytes, sizeof v);
        } else if (wire <= WIRE_BYTES) {
            if (!get_varint(&bytes, &v)) return false;
        } else {
            return false;
        }
        if (wire == WIRE_BYTES) {
            if (v > bytes.n) return false;
            inner = str_take(bytes, v);
            bytes = str_skip(bytes, v);
        }
        const struct record_field *f = field_of(type, tag >> 3, &hint);
        if (!f) continue; /* of a later version, or given up */
        if (wire_of[f->kind] != wire) return false;
        char *at = value + f->offset;
        if (!(wire == WIRE_BYTES ? get_bytes(a, f, inner, at, depth) : set_number(f, v, at))) return false;
    }
    return true;
}

bool record_decode(struct arena *a, const struct record_type *type, str bytes, void *value) {
    memset(value, 0, type->size);
    return get_record(a, type, bytes, value, 0);
}
