/* Imported key material. The wrapping key is nowhere kept: the import token is it, sealed, with its end. */
#include "kms.h"

struct ticket {
    str key_arn, algorithm, private_key;
    i64 until_ms;
};
static const struct record_field ticket_fields[] = {
    RECORD_STR(1, struct ticket, key_arn),
    RECORD_STR(2, struct ticket, algorithm),
    RECORD_STR(3, struct ticket, private_key),
    RECORD_I64(4, struct ticket, until_ms),
};
static const struct record_type ticket_record = RECORD_TYPE(struct ticket, ticket_fields);

/* ---- GetParametersForImport ---- */

static enum keypair_kind kind_of(str spec) {
    return str_eq(spec, S("RSA_2048")) ? KEYPAIR_RSA_2048 : str_eq(spec, S("RSA_3072")) ? KEYPAIR_RSA_3072 : KEYPAIR_RSA_4096;
}

static err check_wrapping(struct call *c, const struct kms_key *k, str algorithm, str spec) {
    bool wraps = str_starts(algorithm, S("RSA_AES_KEY_WRAP_")), oaep = str_starts(algorithm, S("RSAES_OAEP_"));
    if (!(wraps || oaep) || str_eq(spec, S("SM2")))
        return fail(c, &kms_unsupported_operation_exception, "Wrapping algorithm %.*s with wrapping key spec %.*s is not supported in this region.",
                    STR_ARGS(algorithm), STR_ARGS(spec));
    if (!wraps && kms_spec_find(k->spec)->family == FAMILY_RSA)
        return fail(c, &kms_unsupported_operation_exception, "Wrapping algorithm %.*s cannot be used with KeySpec %.*s.", STR_ARGS(algorithm), STR_ARGS(k->spec));
    return NULL;
}

err kms_get_parameters_for_import(struct call *c, const struct kms_get_parameters_for_import_request *in, struct kms_get_parameters_for_import_response *out) {
    struct kms_key k;
    TRY(kms_key_open_own(c, in->key_id, &k));
    TRY(kms_key_check_origin(c, &k, "EXTERNAL"));
    TRY(kms_key_check_not_pending(c, &k));
    TRY(check_wrapping(c, &k, in->wrapping_algorithm, in->wrapping_key_spec));
    struct keypair *pair = keypair_generate(c->arena, kind_of(in->wrapping_key_spec));
    struct ticket ticket = {k.arn, in->wrapping_algorithm, keypair_private(c->arena, pair), c->now_ms + DAY_MS};
    str plain = record_encode(c->arena, &ticket_record, &ticket);
    out->import_token = secret_seal(c->txn, c->arena, k.account, S("kms import token"), plain);
    kms_wipe(plain);
    kms_wipe(ticket.private_key);
    out->public_key = keypair_public(c->arena, pair);
    out->parameters_valid_to = SOME_TIME(ticket.until_ms);
    out->key_id = k.arn;
    return NULL;
}

/* ---- what was brought ---- */

static err open_ticket(struct call *c, const struct kms_key *k, str token, struct ticket *ticket) {
    str plain;
    if (!secret_open(c->txn, c->arena, k->account, S("kms import token"), token, &plain) || !record_decode(c->arena, &ticket_record, plain, ticket) || !str_eq(ticket->key_arn, k->arn))
        return &kms_invalid_import_token_exception;
    if (ticket->until_ms <= c->now_ms) return &kms_expired_import_token_exception;
    return NULL;
}

/* With RSA_AES_KEY_WRAP the RSA key brings an AES key, and that the material. */
static bool unwrap(struct call *c, const struct ticket *ticket, str wrapped, str *material) {
    struct keypair *pair = keypair_read_private(c->arena, ticket->private_key);
    int hash = str_ends(ticket->algorithm, S("SHA_1")) ? HASH_SHA1 : HASH_SHA256;
    if (!pair) return false;
    if (str_starts(ticket->algorithm, S("RSAES_"))) return keypair_decrypt(c->arena, pair, hash, wrapped, material);
    size_t modulus = keypair_kind(pair) == KEYPAIR_RSA_2048 ? 256 : keypair_kind(pair) == KEYPAIR_RSA_3072 ? 384 : 512;
    str key;
    if (!keypair_decrypt(c->arena, pair, hash, str_take(wrapped, modulus), &key)) return false;
    bool done = key_unwrap(c->arena, key, str_skip(wrapped, modulus), material);
    kms_wipe(key);
    return done;
}

static bool fits(struct call *c, const struct kms_key *k, str material, str *public) {
    const struct key_spec *spec = kms_spec_find(k->spec);
    if (!kms_spec_is_asymmetric(spec)) return material.n == spec->material_bytes;
    struct keypair *pair = keypair_read_private(c->arena, material);
    if (!pair || keypair_kind(pair) != spec->keypair || !keypair_sound(pair)) return false;
    *public = keypair_public(c->arena, pair);
    return true;
}

/* Handed from prepare, where the RSA work is done, to the handler. */
struct brought {
    str id, sealed, public_key;
};
static const struct record_field brought_fields[] = {
    RECORD_STR(1, struct brought, id),
    RECORD_STR(2, struct brought, sealed),
    RECORD_STR(3, struct brought, public_key),
};
static const struct record_type brought_record = RECORD_TYPE(struct brought, brought_fields);

static err open_brought(struct call *c, const struct kms_import_key_material_request *in, struct kms_key *k, struct brought *b) {
    struct ticket ticket;
    str plain;
    TRY(kms_key_open_own(c, in->key_id, k));
    TRY(kms_key_check_origin(c, k, "EXTERNAL"));
    TRY(kms_key_check_not_pending(c, k));
    if (c->note.p) {
        ASSERT(record_decode(c->arena, &brought_record, c->note, b));
        return NULL;
    }
    TRY(open_ticket(c, k, in->import_token, &ticket));
    bool done = unwrap(c, &ticket, in->encrypted_key_material, &plain);
    kms_wipe(ticket.private_key);
    if (!done) return &kms_invalid_ciphertext_exception;
    bool good = fits(c, k, plain, &b->public_key);
    struct kms_material m = kms_material_seal(c, k, plain);
    kms_wipe(plain);
    b->id = m.id;
    b->sealed = m.sealed;
    return good ? NULL : &kms_incorrect_key_material_exception;
}

static err check_validity(struct call *c, const struct kms_import_key_material_request *in) {
    bool expires = !str_eq(in->expiration_model, S("KEY_MATERIAL_DOES_NOT_EXPIRE"));
    if (expires && !in->valid_to.set) return fail(c, &cloud_validation, "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES");
    if (!expires && in->valid_to.set)
        return fail(c, &cloud_validation, "A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE");
    if (expires && (in->valid_to.ms <= c->now_ms || in->valid_to.ms > c->now_ms + 365ll * DAY_MS))
        return fail(c, &cloud_validation, "The validTo date must be in the future and within 365 days.");
    return NULL;
}

err kms_import_key_material_prepare(struct call *c, const struct kms_import_key_material_request *in, struct call_plan *plan) {
    struct kms_key k;
    struct brought b = {0};
    TRY(check_validity(c, in));
    TRY(open_brought(c, in, &k, &b));
    plan->note = record_encode(c->arena, &brought_record, &b);
    return NULL;
}

/* ---- ImportKeyMaterial ---- */

/* What stands: the material of this id, if there is one, and whether there is any. */
static bool find_known(struct call *c, const struct kms_key *k, str id, struct kms_material *m, bool *any, bool *waiting) {
    struct kms_material each;
    bool found = false;
    struct range r = kms_material_range(c, k);
    *any = *waiting = false;
    while (kms_material_next(&r, c->arena, &each)) {
        *any = true;
        *waiting |= each.state == MATERIAL_PENDING_ROTATION;
        if (!str_eq(each.id, id)) continue;
        *m = each;
        found = true;
    }
    return found;
}

/* A replica takes what its primary has. */
static bool is_primarys(struct call *c, const struct kms_key *k, str id) {
    struct kms_key home = kms_rotation_home(c, k);
    struct kms_material m;
    return str_eq(home.region, k->region) || kms_material_find(c, &home, id, &m);
}

static bool is_complete(struct call *c, const struct kms_key *k) {
    struct kms_material m;
    struct range r = kms_material_range(c, k);
    while (kms_material_next(&r, c->arena, &m))
        if (!m.sealed.n && m.state != MATERIAL_PENDING_ROTATION) return false;
    return true;
}

err kms_import_key_material(struct call *c, const struct kms_import_key_material_request *in, struct kms_import_key_material_response *out) {
    struct kms_key k;
    struct brought b = {0};
    struct kms_material m = {0};
    bool any, waiting;
    TRY(check_validity(c, in));
    TRY(open_brought(c, in, &k, &b));
    bool known = find_known(c, &k, b.id, &m, &any, &waiting), new = str_eq(in->import_type, S("NEW_KEY_MATERIAL"));
    bool wrong = (in->key_material_id.p && !str_eq(in->key_material_id, b.id)) || (new ? known : any && !known) || !is_primarys(c, &k, b.id);
    if (wrong) return &kms_incorrect_key_material_exception;
    if (new && any && !str_eq(k.spec, S("SYMMETRIC_DEFAULT"))) return &kms_unsupported_operation_exception;
    if (new && waiting) return fail(c, &kms_kms_invalid_state_exception, "%.*s has key material that is pending rotation.", STR_ARGS(k.arn));
    if (!known) m = (struct kms_material){.id = b.id, .since_ms = c->now_ms, .state = any ? MATERIAL_PENDING_ROTATION : MATERIAL_CURRENT};
    m.sealed = b.sealed;
    m.expires_ms = in->valid_to.set ? in->valid_to.ms : 0;
    if (in->key_material_description.p) m.description = in->key_material_description;
    kms_material_put(c, &k, &m);
    if (b.public_key.n) k.public_key = b.public_key;
    if (k.state == KEY_PENDING_IMPORT && is_complete(c, &k)) k.state = KEY_ENABLED;
    kms_key_save(c, &k);
    kms_import_expire(c, &k);
    out->key_id = k.arn;
    if (str_eq(k.spec, S("SYMMETRIC_DEFAULT"))) out->key_material_id = m.id;
    return NULL;
}

/* ---- gone again ---- */

static void drop(struct call *c, struct kms_key *k, struct kms_material *m) {
    m->sealed = (str){0};
    m->expires_ms = 0;
    kms_material_put(c, k, m);
    if (m->state != MATERIAL_PENDING_ROTATION && (k->state == KEY_ENABLED || k->state == KEY_DISABLED)) k->state = KEY_PENDING_IMPORT;
}

err kms_delete_imported_key_material(struct call *c, const struct kms_delete_imported_key_material_request *in,
                                     struct kms_delete_imported_key_material_response *out) {
    struct kms_key k;
    struct kms_material m;
    TRY(kms_key_open_own(c, in->key_id, &k));
    TRY(kms_key_check_origin(c, &k, "EXTERNAL"));
    TRY(kms_key_check_not_pending(c, &k));
    out->key_id = k.arn;
    bool found = in->key_material_id.p ? kms_material_find(c, &k, in->key_material_id, &m) : kms_material_current(c, &k, &m);
    if (!found && in->key_material_id.p) return &kms_incorrect_key_material_exception;
    if (!found) return NULL;
    drop(c, &k, &m);
    kms_key_save(c, &k);
    if (str_eq(k.spec, S("SYMMETRIC_DEFAULT"))) out->key_material_id = m.id;
    return NULL;
}

void kms_import_expire(struct call *c, struct kms_key *k) {
    struct kms_material m;
    i64 next_ms = INT64_MAX;
    struct range r = kms_material_range(c, k);
    while (kms_material_next(&r, c->arena, &m)) {
        if (!m.expires_ms) continue;
        if (m.expires_ms <= c->now_ms) {
            drop(c, k, &m);
            kms_key_save(c, k);
            kms_key_event(c, k, "KMS Imported Key Material Expiration");
        } else {
            next_ms = MIN(next_ms, m.expires_ms);
        }
    }
    str timer = kms_key_timer(c, k);
    if (next_ms < INT64_MAX) txn_task_set(c->txn, &(struct task){.kind = S("kms-expire"), .key = timer, .due_ms = next_ms});
    else txn_task_cancel(c->txn, S("kms-expire"), timer);
}
