/* Signatures: AWS Signature Version 4 and 4A in header and query, chunk signatures and trailers, and the
 * Version 2 query form that S3 clients still presign with. Pure computation over views. */
#ifndef BRUME_SIGV4_H
#define BRUME_SIGV4_H

#include "base/arena.h"

struct auth_header {
    str name, value;
};
struct auth_request {
    str method;
    str path;  /* raw, as sent */
    str query; /* raw, absent if none */
    const struct auth_header *headers;
    size_t header_count;
};

enum auth_form {
    AUTH_ANONYMOUS,
    AUTH_V4_HEADER,
    AUTH_V4_QUERY,
    AUTH_V2_QUERY,
    AUTH_V2_HEADER,
    AUTH_V4A, /* in the query if expires_s >= 0 */
    AUTH_MALFORMED
};
enum auth_payload {
    AUTH_PAYLOAD_BODY,      /* no x-amz-content-sha256: hash the body */
    AUTH_PAYLOAD_HASH,      /* the header's hash; the body must match it */
    AUTH_PAYLOAD_UNSIGNED,  /* UNSIGNED-PAYLOAD, presigned */
    AUTH_PAYLOAD_CHUNKED,          /* STREAMING-AWS4-HMAC-SHA256-PAYLOAD, -ECDSA-P256- in Version 4A */
    AUTH_PAYLOAD_CHUNKED_TRAILER,  /* ...-TRAILER */
    AUTH_PAYLOAD_UNSIGNED_TRAILER, /* STREAMING-UNSIGNED-PAYLOAD-TRAILER */
};
struct auth_claim { /* what the request says of itself, before any key is known */
    u8 form, payload;
    str access_key, date, region, service; /* of the credential scope; in Version 4A no region: */
    str region_set;                        /* "us-east-1,eu-*" */
    str session_token;                     /* absent if none */
    str signed_headers, signature;
    str payload_hash; /* as in the canonical request */
    i64 signed_at_ms; /* X-Amz-Date or Date */
    i64 expires_s;    /* query forms; -1 otherwise */
    i64 expires_at_ms; /* V2 query */
    /* form == AUTH_MALFORMED: AWS's code and text as the query protocols put it; for the other
     * dialects ask auth_fault_of_claim() of fault.h. */
    str problem_code, problem_message;
    u8 problem; /* enum auth_fault_kind */
    str problem_detail, problem_expected;
    str terminal; /* of the credential scope: "aws4_request" */
};
/* Reads Authorization or the query. Cheap; no cryptography. */
struct auth_claim auth_read(const struct auth_request *r, struct arena *a);

/* The stages, each testable alone. s3: path is signed as sent, once encoded, not normalised. */
str sigv4_canonical_request(const struct auth_request *r, const struct auth_claim *c, bool s3,
                            str payload_hash, struct arena *a);
str sigv4_string_to_sign(const struct auth_claim *c, str canonical_request, struct arena *a);

/* `secret` is at most 128 bytes. A signing key, derived once per (secret, date, region, service) and cached by the caller's slot. */
struct keypair;
struct sigv4_key {
    u8 bytes[32];
    const struct keypair *pair; /* Version 4A: instead of the bytes, in an arena */
};
void sigv4_derive(struct sigv4_key *key, str secret, str date, str region, str service);
/* Version 4A's key is of the access key and secret alone. Some 100 us with a check: nothing is kept. */
void sigv4a_derive(struct sigv4_key *key, str access_key, str secret, struct arena *a);
MUST_USE bool sigv4a_verify(const struct sigv4_key *key, str text, str signature); /* hex of DER */
struct sigv4_cache; /* thread-local use; bounded; entries carry the epoch they were made in */
struct sigv4_cache *sigv4_cache_new(struct arena *a, size_t entries);
const struct sigv4_key *sigv4_cache_get(struct sigv4_cache *c, u64 epoch, str access_key, str secret,
                                        str date, str region, str service);

/* true if the signature is right. payload_hash: hex SHA-256 of the body for AUTH_PAYLOAD_BODY. On
 * false, *canonical_request and *string_to_sign are what we computed (S3 prints them in its error). */
MUST_USE bool sigv4_check(const struct auth_request *r, const struct auth_claim *c, bool s3,
                          const struct sigv4_key *key, str payload_hash, struct arena *a,
                          str *canonical_request, str *string_to_sign);
/* In the presigned Version 2 form the query parameters x-amz-*, content-type and content-md5 stand for
 * the headers of those names where these are not sent: they are signed, and S3 obeys them. */
MUST_USE bool sigv2_check(const struct auth_request *r, const struct auth_claim *c, str secret, str bucket_of_host,
                          struct arena *a, str *string_to_sign);
/* POST policy forms (S3): signature of the base64 policy. */
MUST_USE bool sigv4_check_policy(const struct sigv4_key *key, str policy, str signature);
MUST_USE bool sigv2_check_policy(str secret, str policy, str signature, struct arena *a);

/* Signing, for presigned URLs in answers, calls to outside and tests: the Authorization value. */
str sigv4_authorization(const struct auth_request *r, str access_key, str secret, str region,
                        str service, str amz_date, str payload_hash, bool s3, struct arena *a);

/* ---- aws-chunked bodies: a push decoder. Feed raw body bytes; it calls back with payload bytes.
 *
 * Payload is handed on as it arrives; a chunk's signature can be judged only at the chunk's end. So
 * nothing may be made of the bytes before CHUNKED_END: a staged blob that ends otherwise is dropped.
 * Made only for a claim whose own signature has been found right: it is the first link of the chain.
 * decoded_length: x-amz-decoded-content-length, -1 if not sent. announced_trailers: x-amz-trailer. ---- */
struct chunked; /* in an arena */
struct chunked *chunked_new(struct arena *a, const struct auth_claim *c, const struct sigv4_key *key,
                            i64 decoded_length, str announced_trailers);
enum chunked_result { CHUNKED_MORE, CHUNKED_END, CHUNKED_BROKEN, CHUNKED_BAD_SIGNATURE };
/* Consumes all of `bytes`; payload spans are views into it. */
enum chunked_result chunked_add(struct chunked *k, str bytes, void (*payload)(void *context, str bytes),
                                void *context);
enum chunked_result chunked_end(struct chunked *k); /* at the end of the HTTP body */
/* After CHUNKED_BROKEN or CHUNKED_BAD_SIGNATURE: S3's code and words. */
void chunked_problem(const struct chunked *k, str *code, str *message);
/* Trailers, verified, after CHUNKED_END: "x-amz-checksum-crc32". Absent str if not sent. */
str chunked_trailer(const struct chunked *k, str name);

#endif
