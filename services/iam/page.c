/* Marker and MaxItems: a page of rows in the order of their keys. */
#include "iam.h"

err page_open(struct call *c, struct page *p, str prefix, str marker, struct opt_i32 max_items) {
    enum { DEFAULT = 100 };
    *p = (struct page){.call = c, .prefix = prefix, .max = max_items.set ? (u32)max_items.v : DEFAULT};
    str from = prefix, position;
    if (marker.p) {
        if (!page_position(c, marker, &position)) return fail(c, &cloud_validation, "Invalid Marker.");
        from = arena_concat(c->arena, prefix, position);
    }
    p->rows = txn_range(c->txn, from, key_after_prefix(c->arena, prefix));
    return NULL;
}

bool page_next(struct page *p, str *last, str *value) {
    str key;
    if (p->marker.p || !range_next(&p->rows, &key, value)) return false;
    str rest = arena_str(p->call->arena, str_skip(key, p->prefix.n));
    if (p->n == p->max) {
        p->marker = page_token(p->call, rest);
        return false;
    }
    p->n++;
    *value = arena_str(p->call->arena, *value);
    ASSERT(key_read_str(&rest, p->call->arena, last));
    return true;
}

void page_skip(struct page *p) { p->n--; }

void page_close(struct page *p, struct opt_bool *is_truncated, str *marker) {
    *is_truncated = SOME_BOOL(p->marker.p != NULL);
    *marker = p->marker;
}

bool page_entity(struct page *p, enum entity_kind kind, str path_prefix, struct entity *e) {
    str rest, value;
    while (page_next(p, &rest, &value)) {
        *e = (struct entity){0};
        ASSERT(record_decode(p->call->arena, &entity_record, value, e));
        e->kind = (u8)kind;
        e->account = p->call->account;
        if (!path_prefix.p || str_starts(e->path, path_prefix)) return true;
        page_skip(p);
    }
    return false;
}
