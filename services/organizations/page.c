/* Lists: a page is a stretch of rows, and its token the place of its last row. */
#include "organizations.h"

err org_page_open(struct org_page *p, struct call *c, const struct key *prefix, str token, struct opt_i32 max, str *next) {
    str position = {0};
    if (token.n && !page_position(c, token, &position)) return refuse_input(c, "INVALID_NEXT_TOKEN", "You provided an invalid NextToken.");
    *p = (struct org_page){.c = c, .prefix = key_bytes(prefix), .next = next, .left = max.set ? (u32)max.v : PAGE_MAX};
    p->left = MIN(p->left, PAGE_MAX);
    p->rows = txn_range(c->txn, p->prefix, key_after_prefix(c->arena, p->prefix));
    if (position.n) range_seek(&p->rows, arena_concat(c->arena, arena_concat(c->arena, p->prefix, position), (str){"", 1}));
    return NULL;
}

bool org_page_next(struct org_page *p, str *rest, str *value) {
    str key, row;
    if (!range_next(&p->rows, &key, &row)) return false;
    if (!p->left) {
        *p->next = page_token(p->c, p->last);
        return false;
    }
    p->left--;
    p->last = arena_str(p->c->arena, str_skip(key, p->prefix.n));
    *rest = p->last;
    if (value) *value = arena_str(p->c->arena, row);
    return true;
}
