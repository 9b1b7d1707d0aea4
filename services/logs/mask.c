/* Which identifiers hold for events of a group, by the put that brought them: those of the group's own policy and of its
 * account's, as they stood then. */
#include "mask.h"

#include "cloud/sensitive.h"

static const struct record_field protection_fields[] = {
    RECORD_LIST(1, struct log_protection, identifiers, record_pair_type), RECORD_STR(2, struct log_protection, findings_group),
    RECORD_STR(3, struct log_protection, findings_bucket),
};
const struct record_type logs_protection_record = RECORD_TYPE(struct log_protection, protection_fields);

static struct key masks_of_group(struct arena *a, u64 group) {
    struct key k = key_new(a, S("logs-mask"));
    key_u64(&k, group);
    return k;
}

static struct key masks_of_account(struct arena *a, str account, str region) { return log_rows(a, account, region, S("mask")); }

/* What is set again as it is leaves no further row. */
void log_mask_set(struct call *c, const struct log_group *group, const struct log_protection *p) {
    struct key k = group ? masks_of_group(c->arena, group->id) : masks_of_account(c->arena, c->account, c->region);
    str prefix = arena_str(c->arena, key_bytes(&k)), row, now = record_encode(c->arena, &logs_protection_record, p);
    struct range r = txn_range_backwards(c->txn, prefix, key_after_prefix(c->arena, prefix));
    if (range_next(&r, NULL, &row) && str_eq(row, now)) return;
    key_u64(&k, txn_sequence(c->txn)); /* puts are numbers of this sequence */
    txn_put(c->txn, key_bytes(&k), now);
}

void log_mask_forget(struct txn *t, struct arena *a, u64 group, int *left) {
    struct key k = masks_of_group(a, group);
    log_rows_forget(t, a, &k, left);
}

/* ---- what held when ---- */

struct era {
    struct era *older;
    u64 from; /* puts behind this one */
    struct log_protection protection;
    struct sensitive *set; /* NULL: not compiled yet, or nothing to look for */
};
struct log_masks {
    struct arena *arena;
    struct era *newest[2]; /* of the group, of the account */
};

static struct era *read_eras(struct txn *t, struct arena *a, struct key *of) {
    struct era *newest = NULL, **end = &newest;
    str prefix = key_bytes(of), key, row;
    struct range r = txn_range_backwards(t, prefix, key_after_prefix(a, prefix));
    while (range_next(&r, &key, &row)) {
        struct era *e = NEW(a, struct era);
        str rest = str_skip(key, prefix.n);
        *e = (struct era){0};
        ASSERT(key_read_u64(&rest, &e->from) && record_decode(a, &logs_protection_record, arena_str(a, row), &e->protection));
        *end = e;
        end = &e->older;
    }
    return newest;
}

bool log_mask_of_account(struct call *c) {
    struct key k = masks_of_account(c->arena, c->account, c->region);
    struct era *e = read_eras(c->txn, c->arena, &k);
    return e && e->protection.identifiers.n;
}

struct log_masks *log_masks_of(struct txn *t, struct arena *a, const struct log_group *group) {
    struct key of_group = masks_of_group(a, group->id), of_account = masks_of_account(a, group->account, group->region);
    struct log_masks m = {a, {read_eras(t, a, &of_group), group->class_name.p ? NULL : read_eras(t, a, &of_account)}}, *kept;
    if (!m.newest[0] && !m.newest[1]) return NULL;
    kept = NEW(a, struct log_masks);
    *kept = m;
    return kept;
}

static struct sensitive *set_of(struct log_masks *m, struct era *e) {
    if (e->set || !e->protection.identifiers.n) return e->set;
    e->set = sensitive_new(m->arena);
    for (u32 i = 0; i < e->protection.identifiers.n; i++) {
        const struct record_pair *one = &e->protection.identifiers.v[i];
        ASSERT(sensitive_add(e->set, one->key, one->value.n ? one->value : (str){0})); /* was checked when the policy was set */
    }
    return e->set;
}

str log_masked(struct log_masks *m, struct arena *a, u64 put, str message) {
    for (u32 i = 0; m && i < LENGTH(m->newest); i++) {
        struct era *e = m->newest[i];
        while (e && e->from >= put) e = e->older;
        if (e && e->protection.identifiers.n) message = sensitive_masked(set_of(m, e), a, message, '*');
    }
    return message;
}

bool log_mask_now(struct log_masks *m, u32 i, const struct log_protection **p, struct sensitive **set) {
    if (i == LENGTH(m->newest)) return false;
    struct era *e = m->newest[i];
    *p = e ? &e->protection : NULL;
    *set = e ? set_of(m, e) : NULL;
    return true;
}
