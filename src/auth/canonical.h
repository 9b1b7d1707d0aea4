/* Pieces that reading, signing and checking share. Inside the auth room only. */
#ifndef BRUME_CANONICAL_H
#define BRUME_CANONICAL_H

#include "auth/sigv4.h"

/* The first header of that name, any case; absent if none. "host" finds HTTP/2's ":authority" too. */
str header_find(const struct auth_request *r, str name);
/* Is `name` in "a;b;c"? */
bool is_signed(str signed_headers, str name);
/* S3 and its kin (s3express, s3-outposts, s3-object-lambda): own path rules, own errors. */
bool is_s3_service(str service);

/* Query without the parameter that carries the signature, and without the session token where a
 * client appended that after signing. */
void add_canonical_query(struct buf *b, str query, bool presigned, bool without_token);
void add_canonical_path(struct buf *b, str path, bool s3, struct arena *a);
/* Value trimmed, white space runs as one space. */
void add_collapsed(struct buf *b, str value);

/* For clients that append X-Amz-Security-Token to the query after signing. */
str sigv4_canonical_request_without_token(const struct auth_request *r, const struct auth_claim *c,
                                          bool s3, str payload_hash, struct arena *a);

enum { CANONICAL_MAX = 1 << 20 };

#endif
