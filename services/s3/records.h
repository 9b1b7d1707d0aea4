/* What S3 stores, and the keys under which it stores it.
 *
 *   bucket     name                              -> struct bucket_row
 *   object     bucket id, key, order             -> struct object_row
 *   null       bucket id, key                    -> struct null_row
 *   upload     bucket id, key, upload id         -> struct upload_row
 *   part       bucket id, upload id, number      -> struct part_row
 *
 * all behind ("s3", account of the bucket, ""). A bucket's id is drawn at its creation and never used
 * again, so a bucket made anew under an old name sees nothing of the old one's rows. Behind the account
 * "" stands who has a bucket of a name, the oldest first:
 *
 *   owner      name, bucket id                   -> the account
 *
 * `order` is 0 for the current version of a key. Versions that are no longer current stand behind it
 * at ~sequence: newest first, which is the order in which S3 lists them. Reading the current version
 * is one get, listing the current ones skips the others by one seek a key. A version's id tells its
 * sequence, so that finding one among many is two gets. The null version has no such id: where it is
 * not current, its null row has its sequence. */
#ifndef S3_RECORDS_H
#define S3_RECORDS_H

#include "cloud/cloud.h"
#include "gen/s3.h"

enum s3_versioning { S3_VERSIONING_NEVER, S3_VERSIONING_ENABLED, S3_VERSIONING_SUSPENDED };

/* What became of a version's copies in the buckets that replication rules name; or that it is such a copy. */
enum s3_replication { S3_REPLICATION_NONE, S3_REPLICATION_PENDING, S3_REPLICATION_COMPLETED, S3_REPLICATION_FAILED, S3_REPLICATION_REPLICA };

struct bucket_row {
    str account; /* whose it is: of its key, not in the row */
    u64 id;
    str name;
    str region;
    str location_constraint; /* as the client gave it ("EU"); absent: us-east-1 by default */
    i64 created_ms;
    i32 versioning; /* enum s3_versioning */
    u64 configured; /* which configurations it has: 1 << enum s3_config */
    i32 ownership;  /* enum s3_ownership */
    i32 public_access; /* Block Public Access, bits of acl.h */
    bool requester_pays;
    bool object_lock; /* and versions for ever */
    bool mfa_delete, mfa_delete_set; /* is on; was ever spoken of, which answers tell */
    i32 acceleration;
};

struct object_row {
    u64 order;         /* where it stands: of its key, not in the row */
    u64 sequence;      /* unique in the store, grows with every version: orders versions */
    str version_id;    /* absent: the null version */
    bool delete_marker;
    i64 modified_ms;
    u64 size;
    str etag;          /* hex MD5, with "-N" for N parts; without quotes */
    str blob;          /* blob.h reference */
    i32 checksum_kind; /* enum digest_kind + 1; 0: none */
    bool composite;    /* the checksum is one of the parts' checksums */
    str checksum;      /* raw bytes */
    i32 part_count;    /* 0: not uploaded in parts */
    str upload_id;     /* its part rows, if part_count */
    u64 part_size;     /* size of every part but the last; 0: they differ */
    str storage_class;
    str content_type, cache_control, content_disposition, content_encoding, content_language;
    str expires, website_redirect;
    struct record_pairs metadata; /* lower-case names without x-amz-meta- */
    struct record_pairs tags;
    str lock_mode;            /* GOVERNANCE, COMPLIANCE; absent: no retention */
    i64 lock_until_ms;
    i64 stored_ms;            /* since when in this storage class; 0: since it was written */
    i64 accessed_ms;          /* Intelligent-Tiering: the last read, to a day */
    i64 restore_ready_ms, restore_until_ms; /* of the copy out of an archive; 0: none */
    i32 told_tier;            /* Intelligent-Tiering: the archive tier that listeners know of (storage.h); 0: none */
    bool legal_hold, hold_known; /* known: somebody said ON or OFF */
    str owner;                /* account, where it is not the bucket's */
    struct s3_grants grants;  /* its access control list; absent: the owner's alone */
    str kms_key;              /* ARN; absent: SSE-S3 */
    str kms_data_key;         /* as KMS sealed it */
    str kms_context;          /* of the request's own, in Base64 */
    bool bucket_key;          /* the context is the bucket's */
    bool dual_layer;          /* aws:kms:dsse */
    str seal;                 /* seal.h: of the key that hides the bytes, where there are no parts */
    i32 replication;          /* enum s3_replication */
    str customer_key;         /* SSE-C: a salt and its HMAC under the key, which is not kept */
};

/* A version of a key, for tasks: by what does not change when it is no longer current. */
struct version_at {
    str account, bucket;
    u64 bucket_id;
    str key;
    u64 sequence;
    i64 at_ms; /* when it was read */
};

struct null_row {
    u64 sequence; /* of the null version that is not current */
};

struct upload_row {
    u64 sequence; /* of its creation */
    str id;
    i64 initiated_ms;
    bool checksum_asked;       /* the client named an algorithm at creation */
    struct object_row *object; /* what the object will have: headers, tags, checksum kind */
};

struct part_row {
    u64 size;
    str etag; /* hex MD5 */
    i64 modified_ms;
    str blob;     /* while the upload is open; the completed object owns the bytes */
    str checksum; /* raw bytes, of the upload's kind */
    str seal;     /* seal.h */
};

/* A sweep of part rows: more of them than one transaction may touch. */
struct sweep {
    u64 bucket_id;
    str upload_id;   /* absent: all uploads of the bucket */
    bool owns_blobs; /* the rows still own their bytes */
    str account;
};

extern const struct record_type s3_bucket_record, s3_object_record, s3_upload_record, s3_part_record, s3_sweep_record,
    s3_null_record, s3_grant_record, s3_version_at_record;

/* Keys as bytes. */
str s3_bucket_key(struct call *c, str account, str name);
str s3_buckets_prefix(struct call *c, str account);
str s3_owner_key(struct call *c, const struct bucket_row *bucket);
str s3_owners_prefix(struct call *c, str name);
str s3_null_key(struct call *c, const struct bucket_row *bucket, str key);
str s3_object_key(struct call *c, const struct bucket_row *bucket, str key, u64 order);
str s3_objects_prefix(struct call *c, const struct bucket_row *bucket);
str s3_upload_key(struct call *c, const struct bucket_row *bucket, str key, str upload_id);
str s3_uploads_prefix(struct call *c, const struct bucket_row *bucket);
str s3_part_key(struct call *c, const struct bucket_row *bucket, str upload_id, u32 number);
str s3_parts_prefix(struct call *c, const struct bucket_row *bucket, str upload_id);
/* Where the rows of a prefix' strings begin: `base` and then all strings that start with `prefix`. */
str s3_key_with_prefix(struct call *c, str base, str prefix);
/* The first row key behind all rows of exactly this string. */
str s3_key_after_string(struct call *c, str base, str string);
/* False for an object key that S3 refuses (over 1,024 bytes) or that does not fit a store key. */
bool s3_object_key_fits(str key);

#endif
