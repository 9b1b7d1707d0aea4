/* Lines of groups, for rules over them (cloud/contributors.h). */
#include "cloud/contributors.h"
#include "scan.h"

enum { GROUPS_MAX = 20 };

err logs_lines(struct call *c, str group, i64 from_ms, i64 to_ms, void (*visit)(void *context, i64 time_ms, str line), void *context);

static void add_groups(struct call *c, struct scan *s, str prefix) {
    struct key k = log_rows(c->arena, c->account, c->region, S("group"));
    key_str_prefix(&k, prefix);
    str all = key_bytes(&k), key, row, part, name = {0};
    struct log_group group;
    struct range r = txn_range(c->txn, all, key_after_prefix(c->arena, all));
    for (int i = 0; i < GROUPS_MAX && range_next(&r, &key, &row); i++) {
        for (str rest = arena_str(c->arena, key); key_read_str(&rest, c->arena, &part);) name = part;
        if (log_group_load(c->txn, c->arena, c->account, c->region, name, &group)) scan_add_group(s, &group);
    }
}

err logs_lines(struct call *c, str group, i64 from_ms, i64 to_ms, void (*visit)(void *context, i64 time_ms, str line), void *context) {
    struct log_group one;
    struct scan_event e;
    struct call *own = call_for_task(c->txn, &logs_service, c->account, c->region, c->now_ms);
    struct scan *s = scan_new(own, from_ms, to_ms);
    if (str_ends(group, S("*"))) add_groups(own, s, str_take(group, group.n - 1));
    else if (log_group_load(own->txn, own->arena, own->account, own->region, group, &one)) scan_add_group(s, &one);
    while (scan_next(s, &e)) visit(context, e.event.time_ms, e.event.message);
    return scan_error(s);
}
