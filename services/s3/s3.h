/* The room's own nouns: opening buckets and objects, what a request says of an object's headers,
 * checksums and conditions, and writing a new current version. */
#ifndef S3_S3_H
#define S3_S3_H

#include "crypto/crypto.h"
#include "services/s3/errors.h"
#include "services/s3/records.h"

/* ---- names.c ---- */
enum { S3_BUCKET_NAME_MAX = 255 /* of us-east-1 once; today 63 */ };
str s3_bucket_arn(struct call *c, str bucket);
str s3_object_arn(struct call *c, str bucket, str key);
bool s3_bucket_name_valid(str name);
/* The 64 hex digits by which S3's answers name an account. */
str s3_canonical_id(struct call *c, str account);
struct s3_owner *s3_owner(struct call *c, str account);

/* ---- bucket.c ---- */
bool s3_bucket_own(struct call *c, str account, str name, struct bucket_row *bucket);
/* The caller's own bucket of this name, else the oldest that another account has. */
bool s3_bucket_find(struct call *c, str name, struct bucket_row *bucket);
/* As above; NoSuchBucket, or AccessDenied when the client expects another owner (`owner` absent: it
 * expects none). The call goes on in the bucket's account: ARNs, tags, events and usage are there. */
MUST_USE err s3_bucket_open(struct call *c, str name, str owner, struct bucket_row *bucket);
void s3_bucket_update(struct call *c, const struct bucket_row *bucket);

/* ---- may.c ---- */
void s3_facts(struct call *c, const struct bucket_row *bucket, struct auth_facts *facts);
/* may(), for something of this bucket. */
bool s3_may(struct call *c, const struct bucket_row *bucket, str action, str arn);
/* The same for an object that the request reaches by `name`: where that is an access point, its own rules count besides.
 * `object`: what is to be read, whose list of rights and tags may count; else NULL. */
MUST_USE err s3_allow(struct call *c, const struct bucket_row *bucket, str name, str key, const struct object_row *object, str action);
/* The same for reading one object of it (NULL: there is none), whose list of rights and tags may count. */
bool s3_may_read(struct call *c, const struct bucket_row *bucket, const struct object_row *object, str action, str arn);
/* 404, or 403 for a caller who may not list the bucket and so must not learn what is absent. */
MUST_USE err s3_fail_no_key(struct call *c, const struct bucket_row *bucket, str key);

/* ---- mfa.c ---- */
/* Where the bucket wants a second factor: AccessDenied without a code that holds. */
MUST_USE err s3_mfa_check(struct call *c, const struct bucket_row *bucket, str mfa);
/* Turns the setting on or off (absent: leaves it); s3_mfa_check has passed. */
MUST_USE err s3_mfa_change(struct call *c, struct bucket_row *bucket, str wanted, str mfa);

/* ---- object.c ---- */
MUST_USE err s3_key_check(struct call *c, str key); /* KeyTooLongError */
/* The current version; false: none, or a delete marker. */
bool s3_object_find(struct call *c, const struct bucket_row *bucket, str key, struct object_row *object);
/* As above, by version id (absent: the current one), with S3's errors. */
MUST_USE err s3_object_open(struct call *c, const struct bucket_row *bucket, str key, str version_id,
                            struct object_row *object);
/* For tags, lists of rights and locks: a current delete marker does not hide the object, it is there and
 * has none of these. */
MUST_USE err s3_object_open_attribute(struct call *c, const struct bucket_row *bucket, str key, str version_id,
                                      struct object_row *object);
MUST_USE err s3_version_check(struct call *c, str id); /* InvalidArgument; absent is well */
/* Makes `object` the current version of the key (versions.h: s3_version_place) and tells. */
void s3_object_replace(struct call *c, const struct bucket_row *bucket, str key,
                       struct object_row *object, str reason);
/* Makes a delete marker the current version. */
void s3_object_hide(struct call *c, const struct bucket_row *bucket, str key, struct object_row *marker, str reason);
/* Deletes a version for good. */
void s3_object_remove(struct call *c, const struct bucket_row *bucket, str key, struct object_row *object, str reason);
/* Writes a row whose tags, rights or lock were altered. */
void s3_object_update(struct call *c, const struct bucket_row *bucket, str key, struct object_row *object);
str s3_quoted(struct call *c, str etag);
/* The seconds of a Last-Modified: what HTTP dates can say. */
static inline i64 s3_whole_seconds(i64 ms) { return ms / 1000 * 1000; }

/* ---- headers.c: the headers of an object as a request gives them ---- */
/* Of its encryption: encryption.h. */
struct customer_key {
    str algorithm, key, md5;
};
#define S3_CUSTOMER_KEY_OF(in) ((struct customer_key){(in)->sse_customer_algorithm, (in)->sse_customer_key, (in)->sse_customer_key_md5})
struct encryption_asked {
    str algorithm, kms_key, context;
    struct opt_bool bucket_key;
    struct customer_key customer;
};
#define S3_ENCRYPTION_OF(in)                                                                                      \
    ((struct encryption_asked){(in)->server_side_encryption, (in)->ssekms_key_id, (in)->ssekms_encryption_context, \
                               (in)->bucket_key_enabled, S3_CUSTOMER_KEY_OF(in)})
struct object_headers {
    str cache_control, content_disposition, content_encoding, content_language, content_type, expires;
    str website_redirect, storage_class, tagging;
    struct encryption_asked encryption;
    str lock_mode, legal_hold;
    struct opt_time lock_until;
    bool event_hold;
    struct record_pairs metadata;
};
/* Fills from any generated request that has these members. */
#define S3_HEADERS_OF(in)                                                                          \
    ((struct object_headers){.cache_control = (in)->cache_control,                                 \
                             .content_disposition = (in)->content_disposition,                     \
                             .content_encoding = (in)->content_encoding,                           \
                             .content_language = (in)->content_language,                           \
                             .content_type = (in)->content_type,                                   \
                             .expires = (in)->expires,                                             \
                             .website_redirect = (in)->website_redirect_location,                  \
                             .storage_class = (in)->storage_class,                                 \
                             .tagging = (in)->tagging,                                             \
                             .encryption = S3_ENCRYPTION_OF(in),                                   \
                             .lock_mode = (in)->object_lock_mode,                                  \
                             .legal_hold = (in)->object_lock_legal_hold_status,                    \
                             .lock_until = (in)->object_lock_retain_until_date,                    \
                             .event_hold = (in)->object_lock_event_hold.p                          \
                                           || (in)->object_lock_event_hold_duration_days.set       \
                                           || (in)->object_lock_event_hold_duration_years.set,     \
                             .metadata = S3_PAIRS((in)->metadata)})
/* The generated map of strings is laid out like a list of pairs. */
#define S3_PAIRS(map)                                                                              \
    ((struct record_pairs){(struct record_pair *)(void *)(map).v, (map).n, (map).set})
/* What brume does not have is refused here, never accepted and forgotten. */
MUST_USE err s3_headers_check(struct call *c, const struct object_headers *h);
/* Content and system headers, metadata and tags; s3_headers_check has passed. */
MUST_USE err s3_headers_apply(struct call *c, const struct object_headers *h, struct object_row *object);

/* ---- tags.c ---- */
enum { S3_OBJECT_TAGS_MAX = 10, S3_BUCKET_TAGS_MAX = 50 };
MUST_USE err s3_tags_check(struct call *c, const struct record_pairs *tags, u32 max);
MUST_USE err s3_tags_parse(struct call *c, str header, struct record_pairs *tags); /* x-amz-tagging */

/* ---- checksum.c ---- */
/* wire name, digest kind, member of the generated structs */
#define S3_CHECKSUMS(X)                                                                            \
    X("CRC32", DIGEST_CRC32, checksum_crc32)                                                       \
    X("CRC32C", DIGEST_CRC32C, checksum_crc32c)                                                   \
    X("CRC64NVME", DIGEST_CRC64NVME, checksum_crc64nvme)                                          \
    X("SHA1", DIGEST_SHA1, checksum_sha1)                                                          \
    X("SHA256", DIGEST_SHA256, checksum_sha256)                                                    \
    X("SHA512", DIGEST_SHA512, checksum_sha512)                                                    \
    X("MD5", DIGEST_MD5, checksum_md5)                                                             \
    X("XXHASH64", DIGEST_XXHASH64, checksum_xxhash64)                                              \
    X("XXHASH3", DIGEST_XXHASH3, checksum_xxhash3)                                                 \
    X("XXHASH128", DIGEST_XXHASH128, checksum_xxhash128)
#define S3_CHECKSUM_SET_(name, digest, member)                                                     \
    case digest: checksum_out_->member = checksum_text_; break;
/* Sets the member of `out` that belongs to the kind. */
#define S3_CHECKSUM_SET(out, kind_, text)                                                          \
    do {                                                                                           \
        __typeof__(out) checksum_out_ = (out);                                                     \
        str checksum_text_ = (text);                                                               \
        switch (kind_) {                                                                           \
            S3_CHECKSUMS(S3_CHECKSUM_SET_)                                                         \
        default: break;                                                                            \
        }                                                                                          \
    } while (0)
/* What a request claims: at most one checksum. */
struct checksum_claim {
    int kind; /* enum digest_kind; -1: none */
    str text;
    int count;
};
#define S3_CHECKSUM_GET_(name, digest, member)                                                     \
    if (claim_in_->member.p) claim_out_->kind = digest, claim_out_->text = claim_in_->member, claim_out_->count++;
#define S3_CHECKSUM_CLAIM(in, claim)                                                               \
    do {                                                                                           \
        __typeof__(in) claim_in_ = (in);                                                           \
        struct checksum_claim *claim_out_ = (claim);                                               \
        *claim_out_ = (struct checksum_claim){-1, {0}, 0};                                         \
        S3_CHECKSUMS(S3_CHECKSUM_GET_)                                                             \
    } while (0)
str s3_checksum_name(int kind);                    /* "CRC32" */
str s3_checksum_lower_name(struct call *c, int kind); /* "crc32", and "null" for -1: as messages say it */
int s3_checksum_kind(str name);                    /* -1: unknown */
MUST_USE err s3_checksum_asked(struct call *c, str name, int *kind); /* the same, refusing what is unknown; -1: none is asked */
bool s3_checksum_linear(int kind);                 /* a CRC: combines, so FULL_OBJECT works */
str s3_checksum_text(struct call *c, const struct object_row *object); /* base64, "-N" if composite */
str s3_checksum_type(const struct object_row *object);
static inline int s3_object_checksum(const struct object_row *object) { return object->checksum_kind - 1; }
/* The digests that a body's receipt shall compute for a claim or an asked algorithm. */
MUST_USE err s3_body_digests(struct call *c, const struct checksum_claim *claim, str algorithm, u32 *digests);
/* Takes a body into the row: bytes, size, ETag, and the checksum that the client declared, else the
 * one of kind `otherwise`. NULL: no bytes. */
void s3_body_take(struct call *c, struct stream *body, int otherwise, struct object_row *object);
/* ETag and checksum of a body that was only digested. */
void s3_body_digest(struct call *c, const struct stream *body, int kind, struct object_row *object);

/* ---- condition.c ---- */
struct condition {
    str if_match, if_none_match;
    struct opt_time modified_since, unmodified_since;
};
enum condition_result { CONDITION_HOLDS, CONDITION_NOT_MODIFIED, CONDITION_FAILED };
/* RFC 9110's precedence. *which names the header that failed. */
enum condition_result s3_condition_read(const struct condition *condition, str etag, i64 modified_ms,
                                        i64 now_ms, const char **which);
/* Of a write: If-Match an ETag or If-None-Match "*", against the current object (NULL: none). */
MUST_USE err s3_condition_write(struct call *c, str if_match, str if_none_match, const struct bucket_row *bucket, str key,
                                const struct object_row *current);
MUST_USE err s3_condition_copy(struct call *c, const struct condition *condition,
                               const struct object_row *source);
bool s3_etag_matches(str header, str etag);

/* ---- cors.c ---- */
/* What the front door asks of a browser's request; the headers of the answer go into the call. */
int s3_cors(struct call *c, const struct cors_question *q);

/* ---- site.c ---- */
struct site_request;
struct site_answer;
void s3_site(struct call *c, const struct site_request *r, struct site_answer *answer); /* cloud/page.h */

/* ---- range.c ---- */
enum range_result { RANGE_WHOLE, RANGE_PART, RANGE_UNSATISFIABLE };
/* One bytes range of `size` bytes. A header that is no single byte range asks for the whole. */
enum range_result s3_range_parse(str header, u64 size, u64 *first, u64 *length);

/* ---- copy.c ---- */
struct copy_source {
    str bucket, key, version_id;
};
MUST_USE err s3_copy_source_parse(struct call *c, str header, struct copy_source *source);
MUST_USE err s3_copy_source_open(struct call *c, str header, str owner,
                                 const struct condition *condition, struct object_row *object);
MUST_USE err s3_copy_too_large(struct call *c);

/* ---- parts.c ---- */
/* Deletes the part rows of an upload; many of them by a job. */
void s3_parts_sweep(struct call *c, const struct bucket_row *bucket, str upload_id, bool owns_blobs);
void s3_uploads_sweep(struct call *c, const struct bucket_row *bucket);
/* The parts of an upload or of the object made of it, in order, from numbers above `after`. */
struct part_walk {
    struct call *c;
    struct range rows;
    size_t base;
};
struct part_walk s3_parts_walk(struct call *c, const struct bucket_row *bucket, str upload_id, u32 after);
bool s3_parts_next(struct part_walk *walk, u32 *number, struct part_row *part);
/* The n-th part (from 1) of a completed object: its row, offset; false: fewer parts. */
bool s3_part_of_object(struct call *c, const struct bucket_row *bucket, const struct object_row *object,
                       u32 ordinal, struct part_row *part, u64 *offset);

/* ---- tasks.c: what the room does later ---- */
extern const struct task_kind s3_tasks[]; /* for store_register_tasks() */
err s3_sweep_run(struct txn *t, const struct task *task, i64 now_ms);    /* parts.c */
err s3_accessed_run(struct txn *t, const struct task *task, i64 now_ms); /* storage.c */
err s3_restored_run(struct txn *t, const struct task *task, i64 now_ms); /* restore.c */
err s3_night_run(struct txn *t, const struct task *task, i64 now_ms);    /* night.c */
void s3_night_begin(struct call *c, const struct bucket_row *bucket);    /* of a new bucket */

/* ---- upload.c ---- */
enum { S3_UPLOAD_ID = 64 }; /* characters of an upload id */
struct part_target {
    struct bucket_row bucket;
    struct upload_row upload;
    u32 number;
};
MUST_USE err s3_upload_open(struct call *c, const struct bucket_row *bucket, str key, str upload_id,
                            struct upload_row *upload);
MUST_USE err s3_part_target_open(struct call *c, str bucket, str owner, str key, str upload_id,
                                 i32 number, struct part_target *target);
/* The upload's data key, or a refusal: what is needed to bring it parts. */
MUST_USE err s3_part_data_key(struct call *c, const struct part_target *target, str key, const struct customer_key *customer, str *data_key);
/* Makes the body a part of the object to be. NULL: no bytes. seal_key: of seal.h, as the note brought it. data_key: wiped. */
MUST_USE err s3_part_store(struct call *c, const struct part_target *target, str seal_key, str data_key, struct stream *body,
                           struct part_row *part);
/* The same for bytes that the part owns already. A part of that number that was there goes. */
void s3_part_put(struct call *c, const struct part_target *target, struct part_row *part);

/* ---- event.c: what happened to an object, for whom the bucket's notifications name ---- */
void s3_event_created(struct call *c, const struct bucket_row *bucket, str key,
                      const struct object_row *object, str reason);
/* Of a marker that was made, or of what was deleted, with the sequence of the deletion. */
void s3_event_deleted(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object,
                      bool marker_made, str reason);
enum restore_event { RESTORE_INITIATED, RESTORE_COMPLETED, RESTORE_EXPIRED };
void s3_event_restore(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object, enum restore_event what);
void s3_event_class_changed(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object);
/* Into an archive tier of Intelligent-Tiering, by its name. */
void s3_event_archived(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object, str tier);
void s3_event_tags(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object); /* set, or none left */
/* `data`: the record's replicationEventData, behind a comma. */
void s3_event_replication(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object, const char *name, str data);
void s3_event_acl(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object);

/* ---- usage: S3's two request tiers ---- */
static inline void s3_usage_tier1(struct call *c) { count_usage(c, S("Requests-Tier1"), 1); }
static inline void s3_usage_tier2(struct call *c) { count_usage(c, S("Requests-Tier2"), 1); }

#endif
