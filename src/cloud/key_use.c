#include "cloud/key_use.h"

#include "gen/kms.h"

/* Rows: (the resource's service, account, region, "key-use", resource, principal) -> when it was let; under an empty principal the latest
 * data key, for those who open. A role's sessions are one. */
struct use_row {
    str ciphertext, key;
    i64 sealed_ms, opened_ms;
};
static const struct record_field use_fields[] = {
    RECORD_STR(1, struct use_row, ciphertext),
    RECORD_STR(2, struct use_row, key),
    RECORD_I64(3, struct use_row, sealed_ms),
    RECORD_I64(4, struct use_row, opened_ms),
};
static const struct record_type use_record = RECORD_TYPE(struct use_row, use_fields);

static str row_of(struct call *c, str resource, str who) {
    struct arn arn;
    ASSERT(arn_parse(resource, &arn)); /* of a room's making */
    struct key k = key_new(c->arena, arn.service);
    key_str(&k, arn.account);
    key_str(&k, arn.region);
    key_str(&k, S("key-use"));
    key_str(&k, resource);
    if (who.p) key_str(&k, who);
    return key_bytes(&k);
}

static void load(struct call *c, str resource, str who, struct use_row *row) {
    str value;
    *row = (struct use_row){0};
    if (txn_get(c->txn, row_of(c, resource, who), &value)) ASSERT(record_decode(c->arena, &use_record, arena_str(c->arena, value), row));
}
static void save(struct call *c, str resource, str who, const struct use_row *row) { txn_put(c->txn, row_of(c, resource, who), record_encode(c->arena, &use_record, row)); }

/* No other room can be named here: it is found by its own name. */
static const struct service *kms_of(const struct call *c) {
    const struct service *s;
    for (size_t i = 0; (s = service_at(c, i)); i++)
        if (str_eq(wire_text(s->wire, s->wire->name), S("kms"))) return s;
    return NULL;
}

static err call_kms(struct call *c, const struct key_use *use, u16 op, const void *in, void *out) {
    struct call_other kms = {.service = kms_of(c), .op = op, .as = CALL_FORWARDED, .source_arn = use->resource};
    struct arn arn;
    if (!kms.service) return &cloud_not_implemented;
    if (arn_parse(use->key, &arn) || arn_parse(use->resource, &arn)) { /* a bare id or alias is of the resource's account */
        kms.account = arn.account;
        kms.region = arn.region;
    }
    return call_service(c, &kms, in, out);
}

/* By its code: the constants of a room's errors are the room's. */
static err translate(struct call *c, err e, const struct key_use_errors *errors) {
    const struct {
        str code;
        err ours;
    } table[] = {
        {S("DisabledException"), errors->disabled},      {S("KMSInvalidStateException"), errors->invalid_state},     {S("NotFoundException"), errors->not_found},
        {S("AccessDeniedException"), errors->access_denied}, {S("AccessDenied"), errors->access_denied}, {S("InvalidKeyUsageException"), errors->invalid_usage},
    };
    str message = c->error_message;
    for (size_t i = 0; i < LENGTH(table); i++)
        if (str_eq(str_of(e->code), table[i].code)) return fail(c, table[i].ours, "%.*s", STR_ARGS(message));
    return e;
}

static struct kms_encryption_context_type context_of(struct call *c, const struct key_use *use) {
    struct kms_encryption_context_type context = {.v = NEW(c->arena, struct kms_encryption_context_type_entry), .n = 1, .set = true};
    context.v[0] = (struct kms_encryption_context_type_entry){str_of(use->context), use->resource};
    return context;
}

static err open_data_key(struct call *c, const struct key_use *use, str ciphertext, const struct key_use_errors *errors) {
    struct kms_decrypt_request in = {.ciphertext_blob = ciphertext, .encryption_context = context_of(c, use)};
    struct kms_decrypt_response out = {0};
    err e = call_kms(c, use, KMS_OP_DECRYPT, &in, &out);
    return e ? translate(c, e, errors) : NULL;
}

static str caller_of(const struct call *c) { return c->principal->session_issuer.n ? c->principal->session_issuer : c->principal->arn; }

static bool still(const struct use_row *row, const struct key_use *use, i64 at_ms, i64 now_ms) { return at_ms && str_eq(row->key, use->key) && now_ms < at_ms + use->reuse_ms; }

err key_use_to_seal(struct call *c, const struct key_use *use, const struct key_use_errors *errors) {
    struct use_row mine;
    struct kms_generate_data_key_request in = {.key_id = use->key, .key_spec = S("AES_256"), .encryption_context = context_of(c, use)};
    struct kms_generate_data_key_response out = {0};
    load(c, use->resource, caller_of(c), &mine);
    if (still(&mine, use, mine.sealed_ms, c->now_ms)) return NULL;
    err e = call_kms(c, use, KMS_OP_GENERATE_DATA_KEY, &in, &out);
    if (e) return translate(c, e, errors);
    TRY(open_data_key(c, use, out.ciphertext_blob, errors)); /* AWS has its producers check the key that they got */
    mine.key = use->key;
    mine.sealed_ms = mine.opened_ms = c->now_ms;
    save(c, use->resource, caller_of(c), &mine);
    save(c, use->resource, S(""), &(struct use_row){.ciphertext = out.ciphertext_blob, .key = use->key});
    return NULL;
}

err key_use_to_open(struct call *c, const struct key_use *use, const struct key_use_errors *errors) {
    struct use_row mine, latest;
    load(c, use->resource, caller_of(c), &mine);
    load(c, use->resource, S(""), &latest);
    if (still(&mine, use, mine.opened_ms, c->now_ms) || !latest.ciphertext.n) return NULL;
    TRY(open_data_key(c, use, latest.ciphertext, errors));
    mine.key = use->key;
    mine.opened_ms = c->now_ms;
    save(c, use->resource, caller_of(c), &mine);
    return NULL;
}

void key_use_forget(struct call *c, str resource) {
    enum { AT_ONCE = 1000 };
    str from = row_of(c, resource, (str){0}), key;
    struct range r = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    for (u32 n = 0; n < AT_ONCE && range_next(&r, &key, NULL); n++) txn_delete(c->txn, arena_str(c->arena, key));
}
