#include "services/s3/walk.h"

enum { PAGE_MAX = 1000 };

/* Prefixes and markers come at any length; no row's key is longer than an object key may be. */
static str fitted(str text) {
    while (!s3_object_key_fits(text)) text.n--;
    return text;
}

/* The common prefix to which a name belongs; absent if to none. */
static str group_of(const struct walk *w, str name) {
    if (!w->delimiter.n || !str_starts(name, w->prefix)) return (str){0};
    size_t at = str_find(str_skip(name, w->prefix.n), w->delimiter);
    return at == STR_NONE ? (str){0} : str_take(name, w->prefix.n + at + w->delimiter.n);
}

struct walk s3_walk_from(struct call *c, str base, str prefix, str delimiter, str from) {
    struct walk w = {.c = c, .base = base, .prefix = prefix, .delimiter = delimiter};
    w.empty = !s3_object_key_fits(prefix);
    if (w.empty) return w;
    str start = s3_key_with_prefix(c, base, prefix), end = key_after_prefix(c->arena, start);
    if (from.p && str_cmp(from, start) > 0) start = from;
    w.empty = str_cmp(start, end) >= 0;
    if (!w.empty) w.rows = txn_range(c->txn, start, end);
    return w;
}

struct walk s3_walk(struct call *c, str base, str prefix, str delimiter, str after) {
    struct walk w = {.prefix = prefix, .delimiter = delimiter};
    if (!after.n) return s3_walk_from(c, base, prefix, delimiter, (str){0});
    after = fitted(after);
    str group = group_of(&w, after);
    str from = group.p && group.n == after.n
                   ? key_after_prefix(c->arena, s3_key_with_prefix(c, base, after))
                   : s3_key_after_string(c, base, after);
    return s3_walk_from(c, base, prefix, delimiter, from);
}

/* False for a row that a listing of current objects does not show; then the walk has moved on. */
static bool shown(struct walk *w, struct walk_item *item) {
    u64 order;
    str rest = item->rest;
    if (!w->objects) return true;
    ASSERT(key_read_u64(&rest, &order));
    if (order) {
        range_seek(&w->rows, s3_key_after_string(w->c, w->base, item->name));
        return false;
    }
    ASSERT(record_decode(w->c->arena, &s3_object_record, item->value, &item->object));
    return !item->object.delete_marker;
}

enum walk_kind s3_walk_next(struct walk *w, struct walk_item *item) {
    str key;
    while (!w->empty && range_next(&w->rows, &key, &item->value)) {
        item->rest = str_skip(key, w->base.n);
        ASSERT(key_read_str(&item->rest, w->c->arena, &item->name));
        if (!shown(w, item)) continue;
        str group = group_of(w, item->name);
        if (!group.p) return WALK_ROW;
        item->name = arena_str(w->c->arena, group);
        range_seek(&w->rows, key_after_prefix(w->c->arena, s3_key_with_prefix(w->c, w->base, group)));
        return WALK_GROUP;
    }
    return WALK_END;
}

/* As forms are encoded, but for slashes: measured of AWS, though elsewhere it writes a space as %20. */
str s3_listed(struct call *c, str name, bool url) {
    static const char hex[] = "0123456789ABCDEF";
    if (!url || !name.p) return name;
    struct buf b = buf_new(c->arena, 3 * name.n);
    for (size_t i = 0; i < name.n; i++) {
        u8 byte = (u8)name.p[i];
        bool letter = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
        if (byte == ' ') {
            buf_char(&b, '+');
        } else if (letter || byte == '-' || byte == '_' || byte == '.' || byte == '*' || byte == '/') {
            buf_char(&b, (char)byte);
        } else {
            buf_char(&b, '%');
            buf_char(&b, hex[byte >> 4]);
            buf_char(&b, hex[byte & 15]);
        }
    }
    return buf_str(&b);
}

err s3_encoding_check(struct call *c, str encoding_type, bool *url) {
    *url = str_eq(encoding_type, S("url"));
    if (!encoding_type.p || *url) return NULL;
    return s3_fail_argument(c, "encoding-type", encoding_type,
                            "Invalid Encoding Method specified in Request");
}

err s3_page_size(struct call *c, const char *name, struct opt_i32 given, u32 *max) {
    *max = given.set ? (u32)MIN(given.v, PAGE_MAX) : PAGE_MAX;
    if (!given.set || given.v >= 0) return NULL;
    str message = arena_format(c->arena, "Argument %s must be an integer between 0 and 2147483647%c",
                               name, 0);
    return s3_fail_argument(c, name, arena_format(c->arena, "%d", given.v), message.p);
}
