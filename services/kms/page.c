/* A page of a list: as far as the limit, and where the next begins. */
#include "kms.h"

err kms_page_open(struct call *c, str prefix, struct opt_i32 limit, u32 default_limit, str marker, struct kms_page *p) {
    str from = prefix;
    *p = (struct kms_page){.c = c, .prefix = prefix, .limit = limit.set ? (u32)limit.v : default_limit};
    if (marker.p) {
        str position;
        if (!page_position(c, marker, &position) || !str_starts(position, prefix)) return fail(c, &kms_invalid_marker_exception, "Could not deserialize the marker.");
        from = arena_concat(c->arena, position, (str){"", 1}); /* behind it */
    }
    p->rows = txn_range(c->txn, from, key_after_prefix(c->arena, prefix));
    return NULL;
}

bool kms_page_next(struct kms_page *p, str *key, str *value) {
    str row;
    if (p->more || !range_next(&p->rows, &row, value)) return false;
    if (p->n == p->limit) {
        p->more = true;
        return false;
    }
    p->n++;
    p->last = arena_str(p->c->arena, row);
    *key = p->last;
    *value = arena_str(p->c->arena, *value);
    return true;
}

void kms_page_skip(struct kms_page *p) { p->n--; }

void kms_page_close(struct kms_page *p, str *marker, struct opt_bool *truncated) {
    *truncated = SOME_BOOL(p->more);
    if (p->more) *marker = page_token(p->c, p->last);
}
