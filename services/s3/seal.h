/* What an object's bytes are hidden under, beneath the seal of the store: a random key of their own, which the row holds
 * sealed under the data key that KMS lends (SSE-KMS) or under the key that the client brings (SSE-C). Without it the
 * bytes on disk say nothing, also to who has the data directory with its root key. Each part of an upload has its own. */
#ifndef S3_SEAL_H
#define S3_SEAL_H

#include "services/s3/encryption.h"

/* ---- writing. The prepare function draws the key, before a byte comes in; the handler has the data key and seals it. ---- */
/* A body for a new object that is encrypted as asked, or as the bucket says. */
void s3_seal_begin(struct call *c, const struct bucket_row *bucket, const struct encryption_asked *asked, struct call_plan *plan);
/* A part of this upload. */
void s3_seal_begin_part(struct call *c, const struct object_row *upload, struct call_plan *plan);
/* `key`: as plan->note brought it. OperationAborted where what was asked of the body changed meanwhile. */
MUST_USE err s3_seal_end(struct call *c, str key, str data_key, str *seal);
/* Where the body comes out of the store: plan->note with what version of its source was seen before the key. */
enum { S3_SEAL_NOTE = 16 };
str s3_seal_note(struct call *c, const struct object_row *source, str key);
/* Which of them hide an object's bytes: copies of these are made anew. */
bool s3_sealed(const struct object_row *object);
bool s3_seal_wanted(struct call *c, const struct bucket_row *bucket, const struct encryption_asked *asked);

/* ---- hide.c: bodies that services bring, which came in plain ---- */
struct hide {
    str seal, key;
};
MUST_USE err s3_hide_begin(struct call *c, const struct bucket_row *bucket, str data_key, struct hide *hide); /* while the data key is there */
void s3_hide_later(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object, const struct hide *hide);
err s3_hide_make(struct arena *a, const struct task *task, str *result);
err s3_hide_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms);

/* ---- reading ---- */
/* The data key, by the caller's rights (KMS) or out of the request (SSE-C, checked before); absent: none. */
MUST_USE err s3_seal_data_key(struct call *c, str bucket, str key, const struct object_row *object, const struct customer_key *customer, str *data_key);
/* The keys of [first, first + length). Wipes the data key. NULL: the bytes stand as they are. */
const struct body_keys *s3_seal_open(struct call *c, const struct bucket_row *bucket, const struct object_row *object, str data_key, u64 first,
                                     u64 length);

#endif
