/* Which identifiers hold for events of a group, by the put that brought them: those of the group's own policy and of its
 * account's, as they stood then. */
#include "mask.h"

#include "changes.h"
#include "cloud/sensitive.h"

static const struct record_field protection_fields[] = {
    RECORD_LIST(1, struct log_protection, identifiers, record_pair_type), RECORD_STR(2, struct log_protection, findings_group),
    RECORD_STR(3, struct log_protection, findings_bucket),
};
const struct record_type logs_protection_record = RECORD_TYPE(struct log_protection, protection_fields);

static struct log_changes masks_of(const struct log_group *group, str account, str region) {
    return (struct log_changes){"logs-mask", "mask", group, account, region};
}

void log_mask_set(struct call *c, const struct log_group *group, const struct log_protection *p) {
    struct log_changes masks = masks_of(group, c->account, c->region);
    log_change_add(c, &masks, (str){0}, record_encode(c->arena, &logs_protection_record, p));
}

void log_masks_prune(struct txn *t, struct arena *a, const struct log_group *group) {
    struct log_changes masks = masks_of(group, group->account, group->region);
    log_changes_prune(t, a, &masks);
}

void log_mask_forget(struct txn *t, struct arena *a, u64 group, int *left) { log_changes_forget(t, a, "logs-mask", group, left); }

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

static struct era *read_eras(struct txn *t, struct arena *a, const struct log_changes *of) {
    struct era *newest = NULL, **end = &newest;
    for (const struct log_change *i = log_changes_read(t, a, of); i; i = i->older) {
        struct era *e = NEW(a, struct era);
        *e = (struct era){.from = i->from};
        ASSERT(record_decode(a, &logs_protection_record, i->body, &e->protection));
        *end = e;
        end = &e->older;
    }
    return newest;
}

bool log_mask_of_account(struct call *c) {
    struct log_changes masks = masks_of(NULL, c->account, c->region);
    struct era *e = read_eras(c->txn, c->arena, &masks);
    return e && e->protection.identifiers.n;
}

struct log_masks *log_masks_of(struct txn *t, struct arena *a, const struct log_group *group) {
    struct log_changes of_group = masks_of(group, group->account, group->region), of_account = masks_of(NULL, group->account, group->region);
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
