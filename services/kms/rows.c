/* The rows of keys, of their aliases and of the families of multi-region keys, and the timers that stand beside a key. */
#include "kms.h"

/* ---- keys ---- */

str kms_key_row(struct arena *a, str account, str region, const char *type, str id) {
    struct key k = key_new(a, S("kms"));
    key_str(&k, account);
    key_str(&k, region);
    key_str(&k, str_of(type));
    if (id.p) key_str(&k, id);
    return key_bytes(&k);
}

str kms_key_arn(struct arena *a, str account, str region, str id) {
    return arn_format(a, S("kms"), region, account, arena_concat(a, S("key/"), id));
}

bool kms_key_read_row(struct arena *a, str key, str row, struct kms_key *k) {
    str part, rest = key;
    *k = (struct kms_key){0};
    ASSERT(record_decode(a, &kms_key_record, row, k));
    ASSERT(key_read_str(&rest, a, &part) && key_read_str(&rest, a, &k->account) && key_read_str(&rest, a, &k->region)
           && key_read_str(&rest, a, &part) && key_read_str(&rest, a, &k->id));
    k->arn = kms_key_arn(a, k->account, k->region, k->id);
    return true;
}

bool kms_key_load(struct txn *t, struct arena *a, str account, str region, str id, struct kms_key *k) {
    str key = kms_key_row(a, account, region, "key", id), row;
    return txn_get(t, key, &row) && kms_key_read_row(a, key, arena_str(a, row), k);
}

void kms_key_save(struct call *c, const struct kms_key *k) {
    txn_put(c->txn, kms_key_row(c->arena, k->account, k->region, "key", k->id), record_encode(c->arena, &kms_key_record, k));
    txn_raise_epoch(c->txn);
}

void kms_key_add(struct call *c, struct kms_key *k, const struct kms_material *first) {
    k->arn = kms_key_arn(c->arena, k->account, k->region, k->id);
    k->created_ms = c->now_ms;
    if (first) {
        struct kms_material m = *first;
        m.since_ms = c->now_ms;
        kms_material_put(c, k, &m);
    }
    kms_key_save(c, k);
    registry_add(c, k->arn, S("AWS::KMS::Key"));
}

void kms_key_event(struct call *c, const struct kms_key *k, const char *type) {
    emit_event(c, str_of(type), k->arn, arena_format(c->arena, "{\"key-id\":\"%.*s\"}", STR_ARGS(k->id)));
}

/* ---- timers ---- */

str kms_key_timer(struct call *c, const struct kms_key *k) { return kms_key_row(c->arena, k->account, k->region, "key", k->id); }

void kms_rotation_set_timer(struct call *c, const struct kms_key *k) {
    str key = kms_key_timer(c, k);
    if (k->rotates) txn_task_set(c->txn, &(struct task){.kind = S("kms-rotate"), .key = key, .due_ms = MAX(k->next_rotation_ms, 1)});
    else txn_task_cancel(c->txn, S("kms-rotate"), key);
}

/* ---- aliases: a row by name, and one under the key that it names ---- */

static str alias_of_row(struct call *c, const struct kms_key *k, str name) {
    struct key row = key_new(c->arena, S("kms"));
    key_str(&row, k->account);
    key_str(&row, k->region);
    key_str(&row, S("alias-of"));
    key_str(&row, k->id);
    if (name.p) key_str(&row, name);
    return key_bytes(&row);
}

bool kms_alias_read_row(struct arena *a, str key, str row, struct kms_alias *alias) {
    str part, rest = key;
    *alias = (struct kms_alias){0};
    ASSERT(record_decode(a, &kms_alias_record, arena_str(a, row), alias));
    for (int i = 0; i < 4; i++) ASSERT(key_read_str(&rest, a, &part)); /* room, account, region, type */
    ASSERT(key_read_str(&rest, a, &alias->name));
    return true;
}

bool kms_alias_load(struct call *c, str account, str name, struct kms_alias *alias) {
    str key = kms_key_row(c->arena, account, c->region, "alias", name), row;
    return name.n <= 256 && txn_get(c->txn, key, &row) && kms_alias_read_row(c->arena, key, row, alias);
}

void kms_alias_put(struct call *c, str account, str name, const struct kms_alias *alias) {
    struct kms_key k = {.account = account, .region = c->region, .id = alias->key_id};
    txn_put(c->txn, kms_key_row(c->arena, account, c->region, "alias", name), record_encode(c->arena, &kms_alias_record, alias));
    txn_put(c->txn, alias_of_row(c, &k, name), S(""));
    txn_raise_epoch(c->txn);
}

void kms_alias_forget(struct call *c, const struct kms_key *k, str name) {
    txn_delete(c->txn, kms_key_row(c->arena, k->account, k->region, "alias", name));
    txn_delete(c->txn, alias_of_row(c, k, name));
    txn_raise_epoch(c->txn);
}

u32 kms_aliases_of(struct call *c, const struct kms_key *k, str *names, u32 max) {
    str from = alias_of_row(c, k, (str){0}), key;
    struct range r = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    u32 n = 0;
    while (n < max && range_next(&r, &key, NULL)) {
        str rest = str_skip(arena_str(c->arena, key), from.n);
        ASSERT(key_read_str(&rest, c->arena, &names[n]));
        n++;
    }
    return n;
}

/* ---- families ---- */

static str family_row(struct call *c, const struct kms_key *k) { return kms_key_row(c->arena, k->account, S(""), "family", k->id); }

bool kms_family_load(struct call *c, const struct kms_key *k, struct kms_family *f) {
    str row;
    *f = (struct kms_family){0};
    if (!k->multi_region || !txn_get(c->txn, family_row(c, k), &row)) return false;
    ASSERT(record_decode(c->arena, &kms_family_record, arena_str(c->arena, row), f));
    return true;
}

void kms_family_save(struct call *c, const struct kms_key *k, const struct kms_family *f) {
    if (!f->primary.n) txn_delete(c->txn, family_row(c, k));
    else txn_put(c->txn, family_row(c, k), record_encode(c->arena, &kms_family_record, f));
}

bool kms_key_is_primary(struct call *c, const struct kms_key *k) {
    struct kms_family f;
    return !kms_family_load(c, k, &f) || str_eq(f.primary, k->region);
}

struct kms_key kms_rotation_home(struct call *c, const struct kms_key *k) {
    struct kms_family f;
    struct kms_key home = *k;
    if (kms_family_load(c, k, &f) && !str_eq(f.primary, k->region)) ASSERT(kms_key_load(c->txn, c->arena, k->account, f.primary, k->id, &home));
    return home;
}
