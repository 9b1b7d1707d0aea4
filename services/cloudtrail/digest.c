/* Digests: what was delivered in an hour, hashed, signed, each naming the one before. The stock CLI checks them
 * (aws cloudtrail validate-logs), and so fixes their form. */
#include "cloudtrail.h"

#include "crypto/crypto.h"
#include "crypto/keypair.h"
#include "text/json.h"

/* ---- the signing key of an account in a region: ("cloudtrail", account, region, "signing") ---- */

str ct_signing_row(struct arena *a, str account, str region) {
    struct key k = key_new(a, S("cloudtrail"));
    key_str(&k, account);
    key_str(&k, region);
    key_str(&k, S("signing"));
    return key_bytes(&k);
}

static const str signing_purpose = {"cloudtrail digest key", 21};

bool ct_signing_load(struct txn *t, struct arena *a, str account, str region, struct ct_signing *signing) {
    str row;
    *signing = (struct ct_signing){0};
    if (!txn_get(t, ct_signing_row(a, account, region), &row)) return false;
    ASSERT(record_decode(a, &ct_signing_record, arena_str(a, row), signing));
    return true;
}

struct ct_signing ct_signing_new(struct call *c) {
    enum { INFO_HEAD = 24 }; /* of a SubjectPublicKeyInfo of 2,048 bits, before the PKCS#1 key */
    struct keypair *pair = keypair_generate(c->arena, KEYPAIR_RSA_2048);
    str private = keypair_private(c->arena, pair), public = keypair_public(c->arena, pair);
    struct ct_signing signing = {.sealed = secret_seal(c->txn, c->arena, c->account, signing_purpose, private), .public_key = str_skip(public, INFO_HEAD), .made_ms = c->now_ms};
    explicit_bzero((char *)(size_t)private.p, private.n);
    return signing;
}

static str sign(struct call *c, const struct ct_signing *signing, str text) {
    str private;
    u8 digest[32];
    ASSERT(secret_open(c->txn, c->arena, c->account, signing_purpose, signing->sealed, &private));
    struct keypair *pair = keypair_read_private(c->arena, private);
    explicit_bzero((char *)(size_t)private.p, private.n);
    sha256(text, digest);
    return hex_of(c->arena, keypair_sign(c->arena, pair, SIGNATURE_PKCS1, HASH_SHA256, (str){(char *)digest, sizeof digest}));
}

static str hash_of(struct arena *a, str bytes) {
    u8 digest[32];
    sha256(bytes, digest);
    return hex_of(a, (str){(char *)digest, sizeof digest});
}

err cloudtrail_list_public_keys(struct call *c, const struct cloudtrail_list_public_keys_request *in, struct cloudtrail_list_public_keys_response *out) {
    enum { VALID_BEFORE_MS = DIGEST_MS, VALID_DAYS = 3650 };
    struct ct_signing signing;
    out->public_key_list.v = NEW(c->arena, struct cloudtrail_public_key);
    out->public_key_list.set = true;
    if (in->start_time.set && in->end_time.set && in->start_time.ms > in->end_time.ms)
        return fail(c, &cloudtrail_invalid_time_range_exception, "Invalid time range: StartTime is after EndTime.");
    if (!ct_signing_load(c->txn, c->arena, c->account, c->region, &signing)) return NULL;
    i64 from_ms = signing.made_ms - VALID_BEFORE_MS, to_ms = signing.made_ms + (i64)VALID_DAYS * DAY_MS;
    if ((in->start_time.set && in->start_time.ms > to_ms) || (in->end_time.set && in->end_time.ms < from_ms)) return NULL;
    out->public_key_list.v[out->public_key_list.n++] =
        (struct cloudtrail_public_key){.value = signing.public_key, .fingerprint = md5_hex(c->arena, signing.public_key),
                                       .validity_start_time = SOME_TIME(from_ms), .validity_end_time = SOME_TIME(to_ms)};
    return NULL;
}

/* ---- the digest ---- */

str ct_chain_row(struct arena *a, const struct ct_trail *trail, str region, str account) {
    struct key k = key_new(a, S("cloudtrail"));
    key_str(&k, trail->account);
    key_str(&k, trail->region);
    key_str(&k, S("chain"));
    key_str(&k, trail->name);
    if (region.p) key_str(&k, region);
    if (account.p && !str_eq(account, trail->account)) key_str(&k, account);
    return key_bytes(&k);
}

str ct_iso(struct arena *a, i64 ms) {
    struct buf b = buf_new(a, 32);
    buf_iso8601(&b, ms - ms % 1000);
    return buf_str(&b);
}

static void member(struct buf *b, const char *name, str value) {
    json_write_key(b, str_of(name));
    if (value.n) json_write_string(b, value);
    else json_write_null(b);
}

static void write_files(struct call *c, struct buf *b, const struct ct_trail *trail, const struct ct_chain *chain) {
    json_write_key(b, S("logFiles"));
    json_write_array(b);
    for (u32 i = 0; i < chain->files.n; i++) {
        const struct ct_log_file *f = &chain->files.v[i];
        json_write_object(b);
        member(b, "s3Bucket", trail->bucket);
        member(b, "s3Object", f->object);
        member(b, "hashValue", f->hash);
        member(b, "hashAlgorithm", S("SHA-256"));
        member(b, "newestEventTime", ct_iso(c->arena, f->newest_ms));
        member(b, "oldestEventTime", ct_iso(c->arena, f->oldest_ms));
        json_write_object_end(b);
    }
    json_write_array_end(b);
}

static str object_name(struct call *c, const struct ct_trail *t, str region, str account, i64 end_ms) {
    str place = ct_place(c->arena, t, account);
    struct civil_time at = civil_of(end_ms);
    return arena_format(c->arena, "%.*s/CloudTrail-Digest/%.*s/%04lld/%02d/%02d/%.*s_CloudTrail-Digest_%.*s_%.*s_%.*s_%04lld%02d%02dT%02d%02d%02dZ.json.gz",
                        STR_ARGS(place), STR_ARGS(region), (long long)at.year, at.month, at.day,
                        STR_ARGS(account), STR_ARGS(region), STR_ARGS(t->name), STR_ARGS(t->region), (long long)at.year, at.month, at.day, at.hour, at.minute,
                        at.second);
}

struct ct_digest ct_digest_make(struct call *c, const struct ct_trail *trail, str region, str account, const struct ct_signing *signing, struct ct_chain *chain, i64 end_ms) {
    struct buf b = buf_new(c->arena, 16 << 20);
    str end = ct_iso(c->arena, end_ms), object = object_name(c, trail, region, account, end_ms);
    i64 newest_ms = 0, oldest_ms = INT64_MAX;
    for (u32 i = 0; i < chain->files.n; i++) {
        newest_ms = MAX(newest_ms, chain->files.v[i].newest_ms);
        oldest_ms = MIN(oldest_ms, chain->files.v[i].oldest_ms);
    }
    bool any = chain->files.n > 0;
    json_write_object(&b);
    member(&b, "awsAccountId", account);
    member(&b, "digestStartTime", ct_iso(c->arena, chain->begin_ms));
    member(&b, "digestEndTime", end);
    member(&b, "digestS3Bucket", trail->bucket);
    member(&b, "digestS3Object", object);
    member(&b, "newestEventTime", any ? ct_iso(c->arena, newest_ms) : S(""));
    member(&b, "oldestEventTime", any ? ct_iso(c->arena, oldest_ms) : S(""));
    member(&b, "previousDigestS3Bucket", chain->object.n ? trail->bucket : S(""));
    member(&b, "previousDigestS3Object", chain->object);
    member(&b, "previousDigestHashValue", chain->hash);
    member(&b, "previousDigestHashAlgorithm", chain->object.n ? S("SHA-256") : S(""));
    member(&b, "previousDigestSignature", chain->signature);
    member(&b, "digestPublicKeyFingerprint", md5_hex(c->arena, signing->public_key));
    member(&b, "digestSignatureAlgorithm", S("SHA256withRSA"));
    write_files(c, &b, trail, chain);
    json_write_object_end(&b);
    ASSERT(!b.over); /* an hour has twelve rounds of bounded files */
    struct ct_digest d = {.object = object, .json = buf_str(&b)};
    str hash = hash_of(c->arena, d.json), before = chain->signature.n ? chain->signature : S("null");
    d.signature = sign(c, signing, arena_format(c->arena, "%.*s\n%.*s/%.*s\n%.*s\n%.*s", STR_ARGS(end), STR_ARGS(trail->bucket), STR_ARGS(object), STR_ARGS(hash), STR_ARGS(before)));
    *chain = (struct ct_chain){.object = object, .hash = hash, .signature = d.signature, .begin_ms = end_ms};
    return d;
}
