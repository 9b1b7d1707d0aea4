/* Encryption at rest. Every blob is sealed under a data key of its own by the store: that is SSE-S3. An object under
 * SSE-KMS has besides a data key of KMS, which its row holds as KMS sealed it; whoever reads the object must be
 * able to have KMS open it. What that key does for the bytes: seal.h. */
#ifndef S3_ENCRYPTION_H
#define S3_ENCRYPTION_H

#include "services/s3/s3.h"

bool s3_encryption_by_kms(str algorithm); /* aws:kms, aws:kms:dsse */
bool s3_encryption_default_is_kms(struct call *c, const struct bucket_row *bucket);
/* Its form alone: for prepare functions. */
MUST_USE err s3_encryption_check(struct call *c, const struct encryption_asked *asked);
/* How the new object is encrypted: as asked, else as the bucket says. Under SSE-KMS with a new data key, by the caller's
 * right to kms:GenerateDataKey. *data_key (NULL: not wanted) is for s3_encryption_etag, which wipes it. */
MUST_USE err s3_encryption_of_new(struct call *c, const struct bucket_row *bucket, str key, const struct encryption_asked *asked,
                                  struct object_row *object, str *data_key);
/* SSE-C (customer_key.c): the form of a key that a request brings, beside another encryption that it names. */
MUST_USE err s3_customer_key_check(struct call *c, const struct customer_key *k, str encryption);
/* Of a new object: the mark by which the key is known again; the key itself is the *data_key. */
MUST_USE err s3_customer_key_take(struct call *c, const struct customer_key *k, struct object_row *object, str *data_key);
/* Whoever asks for an object under SSE-C, or for its headers, brings its key; for another one, none. */
MUST_USE err s3_customer_key_open(struct call *c, const struct customer_key *k, const struct object_row *object);
MUST_USE err s3_customer_key_of_part(struct call *c, const struct customer_key *k, const struct object_row *object, str *data_key);
/* Before bytes of the object leave, or parts come to it: kms:Decrypt, by the caller's rights. */
MUST_USE err s3_encryption_open(struct call *c, str bucket, str key, const struct object_row *object, str *data_key);
/* A copy under another KMS key: the data key, which is wiped, is sealed anew (kms:Encrypt by the caller's rights) and goes
 * into the row. */
MUST_USE err s3_encryption_seal(struct call *c, const struct bucket_row *bucket, str key, str kms_key, str data_key, struct object_row *object);
/* An ETag under SSE-KMS and SSE-C does not tell the MD5 of the bytes. An absent data key leaves it as it is. */
void s3_encryption_etag(struct call *c, str data_key, str *etag);
str s3_encryption_name(const struct object_row *object);
#define S3_ENCRYPTION_SHOW(out, object_)                                              \
    do {                                                                              \
        const struct object_row *shown_ = (object_);                                  \
        (out)->server_side_encryption = s3_encryption_name(shown_);                   \
        (out)->ssekms_key_id = shown_->kms_key;                                       \
        if (shown_->bucket_key) (out)->bucket_key_enabled = SOME_BOOL(true);          \
    } while (0)
#define S3_CUSTOMER_KEY_SHOW(out, in)                                                \
    ((out)->sse_customer_algorithm = (in)->sse_customer_algorithm, (out)->sse_customer_key_md5 = (in)->sse_customer_key_md5)

#endif
