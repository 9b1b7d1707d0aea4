/* Key material: made, sealed on its way to a row, opened for one use and wiped. What lies in a row is bound to
 * the account, the key and the material's id: a row that was exchanged does not open. */
#include "kms.h"

#include "crypto/crypto.h"

void kms_wipe(str secret) {
    if (secret.n) explicit_bzero((char *)(size_t)secret.p, secret.n);
}

/* ---- a key's material ---- */

static str purpose_of(struct call *c, const struct kms_key *k, str id) {
    return arena_format(c->arena, "kms material %.*s %.*s", STR_ARGS(k->id), STR_ARGS(id));
}

static struct kms_material sealed_as(struct call *c, const struct kms_key *k, str id, str plain) {
    str sealed = secret_seal(c->txn, c->arena, k->account, purpose_of(c, k, id), plain);
    return (struct kms_material){.id = id, .sealed = sealed, .since_ms = c->now_ms};
}

static str id_of(struct call *c, const struct kms_key *k, str plain) {
    u8 digest[32];
    hmac_sha256(plain, arena_concat(c->arena, S("brume kms material id 1 "), k->id), digest);
    return hex_of(c->arena, (str){(char *)digest, sizeof digest});
}

struct kms_material kms_material_seal(struct call *c, const struct kms_key *k, str plain) {
    return sealed_as(c, k, id_of(c, k, plain), plain);
}

struct kms_material kms_material_new(struct call *c, const struct kms_key *k, str *public) {
    const struct key_spec *spec = kms_spec_find(k->spec);
    str id = id_hex(c->arena, MATERIAL_ID);
    if (!kms_spec_is_asymmetric(spec)) {
        u8 bytes[HASH_MAX];
        random_bytes(bytes, spec->material_bytes);
        struct kms_material m = sealed_as(c, k, id, (str){(char *)bytes, spec->material_bytes});
        explicit_bzero(bytes, sizeof bytes);
        return m;
    }
    struct keypair *pair = keypair_generate(c->arena, spec->keypair);
    str plain = keypair_private(c->arena, pair);
    struct kms_material m = sealed_as(c, k, id, plain);
    kms_wipe(plain);
    *public = keypair_public(c->arena, pair);
    return m;
}

bool kms_material_open(struct call *c, const struct kms_key *k, const struct kms_material *m, str *plain) {
    return m->sealed.n && secret_open(c->txn, c->arena, k->account, purpose_of(c, k, m->id), m->sealed, plain);
}

struct keypair *kms_material_keypair(struct call *c, const struct kms_key *k) {
    struct kms_material m;
    str plain;
    ASSERT(kms_material_current(c, k, &m) && kms_material_open(c, k, &m, &plain)); /* the key is enabled: it has material */
    struct keypair *pair = keypair_read_private(c->arena, plain);
    kms_wipe(plain);
    ASSERT(pair);
    return pair;
}

/* ---- rows: ("kms", account, region, "material", key id, seq). The replicas of a multi-region key share
 * theirs under region "", unless each gets its own import. ---- */

static struct key rows_of(struct arena *a, const struct kms_key *k) {
    struct key key = key_new(a, S("kms"));
    bool shared = k->multi_region && !str_eq(k->origin, S("EXTERNAL"));
    key_str(&key, k->account);
    key_str(&key, shared ? S("") : k->region);
    key_str(&key, S("material"));
    key_str(&key, k->id);
    return key;
}

static bool read_material(struct arena *a, str key, str row, struct kms_material *m) {
    *m = (struct kms_material){0};
    ASSERT(record_decode(a, &kms_material_record, arena_str(a, row), m));
    str seq = str_skip(key, key.n - 8);
    ASSERT(key_read_u64(&seq, &m->seq));
    return true;
}

struct range kms_material_range(struct call *c, const struct kms_key *k) {
    struct key rows = rows_of(c->arena, k);
    str from = key_bytes(&rows);
    return txn_range(c->txn, from, key_after_prefix(c->arena, from));
}

bool kms_material_next(struct range *r, struct arena *a, struct kms_material *m) {
    str key, row;
    return range_next(r, &key, &row) && read_material(a, key, row, m);
}

void kms_material_put(struct call *c, const struct kms_key *k, struct kms_material *m) {
    struct key row = rows_of(c->arena, k);
    if (!m->seq) m->seq = txn_sequence(c->txn);
    key_u64(&row, m->seq);
    txn_put(c->txn, key_bytes(&row), record_encode(c->arena, &kms_material_record, m));
}

/* The newest but those that wait for a rotation: few, or one. */
bool kms_material_current(struct call *c, const struct kms_key *k, struct kms_material *m) {
    struct key rows = rows_of(c->arena, k);
    str from = key_bytes(&rows), key, row;
    struct range r = txn_range_backwards(c->txn, from, key_after_prefix(c->arena, from));
    while (range_next(&r, &key, &row))
        if (read_material(c->arena, key, row, m) && m->state == MATERIAL_CURRENT) return true;
    return false;
}

bool kms_material_find(struct call *c, const struct kms_key *k, str id, struct kms_material *m) {
    struct range r = kms_material_range(c, k);
    while (kms_material_next(&r, c->arena, m))
        if (str_eq(m->id, id)) return true;
    return false;
}

u32 kms_material_forget(struct txn *t, struct arena *a, const struct kms_key *k, u32 limit) {
    struct key rows = rows_of(a, k);
    str from = key_bytes(&rows), key;
    struct range r = txn_range(t, from, key_after_prefix(a, from));
    u32 n = 0;
    for (; n < limit && range_next(&r, &key, NULL); n++) txn_delete(t, arena_str(a, key));
    return n;
}
