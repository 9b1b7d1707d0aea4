/* Values as bytes of rows.
 *
 *     item    := varint size, varint count, member...          size as AWS counts it
 *     member  := varint length, name, value
 *     value   := kind, body
 *     body    := S N B: varint length, bytes      NULL, TRUE, FALSE: nothing
 *                a long S that fits: varint characters, dense bytes
 *                M: varint length, (varint count, member...)    L: varint length, (varint count, value...)
 *                SS NS BS: varint length, (varint count, (varint length, bytes)...)
 *
 * What a container holds is skipped by its length; it is a packed value until someone opens it. */
#include "services/dynamodb/dense.h"
#include "services/dynamodb/value.h"

enum { KIND_FALSE = 11, KIND_DENSE = 12 }; /* the other kinds are enum value_type; a BOOL is true */
enum { DENSE_FROM = 24 };                  /* characters: of shorter ones little is won */

/* ---- writing ---- */

static void put_varint(struct buf *b, u64 v) {
    u8 bytes[10];
    size_t n = 0;
    for (; v >= 0x80; v >>= 7) bytes[n++] = (u8)(v | 0x80);
    bytes[n++] = (u8)v;
    buf_add(b, (str){(const char *)bytes, n});
}

static void put_str(struct buf *b, str s) {
    put_varint(b, s.n);
    buf_add(b, s);
}

static u32 varint_size(u64 v) {
    u32 n = 1;
    for (; v >= 0x80; v >>= 7) n++;
    return n;
}

static u32 str_size(u32 n) { return varint_size(n) + n; }

static bool is_dense(const struct value *v) { return v->type == VALUE_S && v->n >= DENSE_FROM && dense_fits(value_text(v)); }

/* Bytes of a value without its kind; of a container without its length. */
static u32 body_size(const struct value *v) {
    if (v->packed) return v->n;
    u32 size = 0;
    switch (v->type) {
    case VALUE_S: return is_dense(v) ? varint_size(v->n) + dense_size(v->n) : str_size(v->n);
    case VALUE_N:
    case VALUE_B: return str_size(v->n);
    case VALUE_SS:
    case VALUE_NS:
    case VALUE_BS:
        for (u32 i = 0; i < v->n; i++) size += str_size(v->elements[i].n);
        return varint_size(v->n) + size;
    case VALUE_L:
    case VALUE_M:
        for (u32 i = 0; i < v->n; i++) {
            const struct value *e = v->type == VALUE_M ? &v->members[i].value : &v->elements[i];
            u32 body = body_size(e);
            bool container = e->type >= VALUE_SS && e->type <= VALUE_L;
            size += 1 + body + (container ? varint_size(body) : 0);
            if (v->type == VALUE_M) size += str_size(v->members[i].name_n);
        }
        return varint_size(v->n) + size;
    default: return 0;
    }
}

static void put_value(struct buf *b, const struct value *v);

static void put_members(struct buf *b, const struct value *map) {
    put_varint(b, map->n);
    for (u32 i = 0; i < map->n; i++) {
        put_str(b, member_name(&map->members[i]));
        put_value(b, &map->members[i].value);
    }
}

/* Sizes are counted anew on each level: depth times size at worst, and most items are flat. */
static void put_container(struct buf *b, const struct value *v) {
    put_varint(b, body_size(v));
    if (v->packed) {
        buf_add(b, value_text(v));
        return;
    }
    if (v->type == VALUE_M) {
        put_members(b, v);
        return;
    }
    put_varint(b, v->n);
    for (u32 i = 0; i < v->n; i++) {
        if (v->type == VALUE_L) put_value(b, &v->elements[i]);
        else put_str(b, value_text(&v->elements[i]));
    }
}

static void put_value(struct buf *b, const struct value *v) {
    ASSERT(v->type > VALUE_NONE && v->type <= VALUE_BOOL);
    if (is_dense(v)) {
        buf_char(b, KIND_DENSE);
        put_varint(b, v->n);
        dense_write(b, value_text(v));
        return;
    }
    buf_char(b, v->type == VALUE_BOOL && !v->truth ? KIND_FALSE : (char)v->type);
    if (v->type <= VALUE_B) put_str(b, value_text(v));
    else if (v->type <= VALUE_L) put_container(b, v);
}

static str finished(struct buf *b) {
    ASSERT(!b->over); /* the size of items was checked */
    return buf_str(b);
}

str item_encode(struct arena *a, const struct value *item) {
    ASSERT(item->type == VALUE_M);
    struct value open = value_open(a, item);
    struct buf b = buf_new(a, ITEM_ROW_MAX);
    buf_reserve(&b, 8 + (size_t)body_size(&open));
    put_varint(&b, item_size(&open));
    put_members(&b, &open);
    return finished(&b);
}

str value_encode(struct arena *a, const struct value *v) {
    struct buf b = buf_new(a, ITEM_ROW_MAX);
    put_value(&b, v);
    return finished(&b);
}

/* ---- reading ---- */

static bool get_varint(str *s, u32 *v) {
    if (s->n && !((u8)s->p[0] & 0x80)) { /* nearly all */
        *v = (u8)s->p[0];
        *s = str_skip(*s, 1);
        return true;
    }
    u64 all = 0;
    for (u32 i = 0; i < 5 && i < s->n; i++) {
        u8 byte = (u8)s->p[i];
        all |= (u64)(byte & 0x7f) << (7 * i);
        if (byte & 0x80) continue;
        if (all > UINT32_MAX) return false;
        *v = (u32)all;
        *s = str_skip(*s, i + 1);
        return true;
    }
    return false;
}

static bool get_str(str *s, const char **p, u32 *n) {
    if (!get_varint(s, n) || *n > s->n) return false;
    *p = s->p;
    *s = (str){s->p + *n, s->n - *n};
    return true;
}

static bool get_dense(struct arena *a, str *s, struct value *v) {
    if (!get_varint(s, &v->n) || v->n < DENSE_FROM || dense_size(v->n) > s->n) return false;
    str bytes = str_take(*s, dense_size(v->n));
    *s = str_skip(*s, bytes.n);
    if (!a) return true;
    char *text = arena_alloc(a, v->n, 1);
    v->text = text;
    return dense_read(bytes, v->n, text);
}

/* Without an arena a text may be told of by its length alone. */
static bool get_value(struct arena *a, str *s, struct value *v) {
    if (!s->n) return false;
    u8 kind = (u8)s->p[0];
    *s = str_skip(*s, 1);
    if (kind == KIND_DENSE) {
        *v = (struct value){.type = VALUE_S};
        return get_dense(a, s, v);
    }
    *v = (struct value){.type = kind == KIND_FALSE ? VALUE_BOOL : kind, .truth = kind == VALUE_BOOL};
    if (kind == VALUE_NONE || kind > KIND_FALSE) return false;
    if (kind > VALUE_L) return true;
    v->packed = kind > VALUE_B;
    return get_str(s, &v->text, &v->n);
}

static bool get_members(struct arena *a, str s, struct value *map) {
    u32 count;
    if (!get_varint(&s, &count) || count > s.n / 2) return false; /* a member has two bytes at least */
    struct member *members = NEW_ARRAY(a, struct member, count + 1);
    for (u32 i = 0; i < count; i++)
        if (!get_str(&s, &members[i].name, &members[i].name_n) || !get_value(a, &s, &members[i].value)) return false;
    *map = (struct value){.type = VALUE_M, .n = count, .members = members};
    return s.n == 0;
}

static bool get_elements(struct arena *a, u8 type, str s, struct value *v) {
    u32 count;
    if (!get_varint(&s, &count) || count > s.n) return false;
    struct value *elements = NEW_ARRAY(a, struct value, count + 1);
    u8 element = type == VALUE_SS ? VALUE_S : type == VALUE_NS ? VALUE_N : VALUE_B;
    for (u32 i = 0; i < count; i++) {
        elements[i].type = element;
        bool fine = type == VALUE_L ? get_value(a, &s, &elements[i]) : get_str(&s, &elements[i].text, &elements[i].n);
        if (!fine) return false;
    }
    *v = (struct value){.type = type, .n = count, .elements = elements};
    return s.n == 0;
}

/* Our own bytes: if they do not read, the disk lies. */
struct value value_open(struct arena *a, const struct value *v) {
    if (!v->packed) return *v;
    struct value open;
    ASSERT(v->type == VALUE_M ? get_members(a, value_text(v), &open) : get_elements(a, v->type, value_text(v), &open));
    return open;
}

/* value_size() without unpacking: counted as the elements go by. */
u32 value_packed_size(const struct value *v) {
    str s = value_text(v), name;
    u32 count, n, size = type_is_set(v->type) ? 0 : 3;
    struct value e = {.type = v->type == VALUE_SS ? VALUE_S : v->type == VALUE_NS ? VALUE_N : VALUE_B};
    ASSERT(get_varint(&s, &count));
    for (u32 i = 0; i < count; i++) {
        if (v->type == VALUE_M) {
            ASSERT(get_str(&s, &name.p, &n));
            size += n;
        }
        bool fine = type_is_set(v->type) ? get_str(&s, &e.text, &e.n) : get_value(NULL, &s, &e);
        ASSERT(fine);
        size += value_size(&e) + !type_is_set(v->type);
    }
    return size;
}

bool item_decode(struct arena *a, str bytes, struct value *item) {
    u32 size;
    return get_varint(&bytes, &size) && get_members(a, bytes, item);
}

u32 item_encoded_size(str bytes) {
    u32 size = 0;
    ASSERT(get_varint(&bytes, &size));
    return size;
}

bool item_encoded_find(struct arena *a, str bytes, str name, struct value *v) {
    u32 size, count, n;
    const char *p;
    ASSERT(get_varint(&bytes, &size) && get_varint(&bytes, &count));
    for (u32 i = 0; i < count; i++) {
        ASSERT(get_str(&bytes, &p, &n));
        bool found = n == name.n && memcmp(p, name.p, n) == 0;
        ASSERT(get_value(found ? a : NULL, &bytes, v));
        if (found) return true;
    }
    return false;
}

bool value_decode(struct arena *a, str bytes, struct value *v) {
    return get_value(a, &bytes, v) && bytes.n == 0;
}

/* ---- is it all in order: for bytes that come from elsewhere, and for tests ---- */

static bool numbers_fine(const struct value *v) {
    struct number n;
    if (v->type != VALUE_N) return true;
    char text[NUMBER_TEXT_MAX];
    return number_parse(value_text(v), &n) == NUMBER_FINE && str_eq(value_text(v), (str){text, number_print(&n, text)});
}

static bool sound(struct arena *a, const struct value *v, int depth) {
    if (depth > VALUE_DEPTH_MAX + 1) return false;
    if (v->type <= VALUE_B || v->type > VALUE_L) return numbers_fine(v);
    struct value open = *v;
    if (v->packed && !(v->type == VALUE_M ? get_members(a, value_text(v), &open) : get_elements(a, v->type, value_text(v), &open)))
        return false;
    for (u32 i = 0; i < open.n; i++) {
        const struct value *e = v->type == VALUE_M ? &open.members[i].value : &open.elements[i];
        if (!sound(a, e, depth + 1)) return false;
        int order = -1;
        if (i && v->type == VALUE_M) order = str_cmp(member_name(&open.members[i - 1]), member_name(&open.members[i]));
        if (i && v->type != VALUE_M && v->type != VALUE_L) value_compare(&open.elements[i - 1], e, &order);
        if (order >= 0) return false;
    }
    return true;
}

bool value_sound(struct arena *a, const struct value *v) { return sound(a, v, 0); }
