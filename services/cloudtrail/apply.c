/* What follows of a trail or a store as it is now: its timer, and whether data calls are recorded. */
#include "lake.h"

static bool wants_data(struct call *c, str account, bool organization_alone) {
    struct key all = key_new(c->arena, S("cloudtrail"));
    key_str(&all, account);
    str from = key_bytes(&all), key, region, type;
    struct range r = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    while (range_next(&r, &key, NULL)) {
        struct ct_store s;
        str rest = str_skip(arena_str(c->arena, key), from.n);
        if (!key_read_str(&rest, c->arena, &region) || !key_read_str(&rest, c->arena, &type)) continue;
        if (!str_eq(type, S("store")) || !ct_store_load(c->txn, c->arena, arena_str(c->arena, key), &s)) continue;
        if (organization_alone && !s.organization.p) continue;
        if (s.ingests && !s.delete_ms && ct_selects_data(&(struct ct_trail){.advanced = s.advanced})) return true;
    }
    return false;
}

static bool stores_want_data(struct call *c) {
    str management = ct_management_of(c);
    return wants_data(c, c->account, false) || (management.p && wants_data(c, management, true));
}

static void ask_for_data(void *context, const struct ct_trail *trail) { *(bool *)context |= trail->logging && ct_selects_data(trail); }

void ct_apply_data(struct call *c, str account) {
    struct call theirs = *c;
    bool data = false;
    theirs.account = account;
    ct_trails_visit(&theirs, ask_for_data, &data);
    trail_select_data(&theirs, data || stores_want_data(&theirs));
}

void ct_apply(struct call *c, const struct ct_trail *trail) {
    str row = ct_trail_row(c->arena, trail), *accounts;
    if (trail->logging) txn_task_set(c->txn, &(struct task){.kind = S("cloudtrail-deliver"), .key = row, .due_ms = (c->now_ms / ROUND_MS + 1) * ROUND_MS});
    else txn_task_cancel(c->txn, S("cloudtrail-deliver"), row);
    for (u32 i = 0, n = ct_accounts_of(c, trail, &accounts); i < n; i++) ct_apply_data(c, accounts[i]);
}
