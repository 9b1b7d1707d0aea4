/* Refusals of the identify stage, in AWS's own codes and words. They differ by the service's dialect:
 *
 *                     query and ec2 (XML)         JSON and CBOR                     S3
 *   no signature      MissingAuthenticationToken  MissingAuthenticationTokenException  AccessDenied
 *   unreadable        IncompleteSignature         IncompleteSignatureException      AuthorizationHeaderMalformed,
 *                                                                                   AuthorizationQueryParametersError
 *   unknown key       InvalidClientTokenId        UnrecognizedClientException       InvalidAccessKeyId
 *   bad token         InvalidClientTokenId        UnrecognizedClientException       InvalidToken
 *   expired token     ExpiredToken                ExpiredTokenException             ExpiredToken
 *   wrong signature   SignatureDoesNotMatch       InvalidSignatureException         SignatureDoesNotMatch
 *   clock             SignatureDoesNotMatch       InvalidSignatureException         RequestTimeTooSkewed
 *   presigned, late   SignatureDoesNotMatch       InvalidSignatureException         AccessDenied
 *
 * Query dialects answer 403 (400 when unreadable), S3 as in its error list, JSON 400. */
#ifndef BRUME_FAULT_H
#define BRUME_FAULT_H

#include "auth/sigv4.h"

enum auth_dialect { AUTH_BY_QUERY, AUTH_BY_JSON, AUTH_BY_S3, AUTH_DIALECTS };

enum auth_fault_kind {
    AUTH_FAULT_NONE,
    AUTH_FAULT_NO_SIGNATURE, /* anonymous where the service wants none */
    AUTH_FAULT_UNKNOWN_KEY,
    AUTH_FAULT_BAD_TOKEN,
    AUTH_FAULT_EXPIRED_TOKEN,
    AUTH_FAULT_WRONG_SIGNATURE,
    AUTH_FAULT_TOO_OLD,   /* the clocks differ: signed too long ago */
    AUTH_FAULT_TOO_EARLY, /* ... or in the future */
    AUTH_FAULT_URL_EXPIRED,
    AUTH_FAULT_URL_TOO_EARLY,
    AUTH_FAULT_WRONG_REGION, /* S3: the bucket is elsewhere; see also the Region element */
    AUTH_FAULT_WRONG_SERVICE,
    AUTH_FAULT_BODY_HASH,    /* x-amz-content-sha256 is not the body's */
    /* What auth_read finds in an unreadable request (claim.problem). */
    AUTH_FAULT_TWO_MECHANISMS,
    AUTH_FAULT_UNSUPPORTED_SCHEME, /* Authorization: Basic ... */
    AUTH_FAULT_COMPONENT,          /* a part without "=" */
    AUTH_FAULT_MISSING_COMPONENTS,
    AUTH_FAULT_CREDENTIAL,
    AUTH_FAULT_TERMINAL,
    AUTH_FAULT_SCOPE_DATE,
    AUTH_FAULT_DATE_MISMATCH,
    AUTH_FAULT_NO_DATE,
    AUTH_FAULT_DATE_FORMAT,
    AUTH_FAULT_HOST_UNSIGNED,
    AUTH_FAULT_HEADER_UNSIGNED,
    AUTH_FAULT_PAYLOAD_HASH,
    AUTH_FAULT_QUERY_ALGORITHM,
    AUTH_FAULT_QUERY_PARAMETERS,
    AUTH_FAULT_QUERY_CREDENTIAL,
    AUTH_FAULT_QUERY_TERMINAL,
    AUTH_FAULT_QUERY_SCOPE_DATE,
    AUTH_FAULT_QUERY_DATE_MISMATCH,
    AUTH_FAULT_QUERY_DATE_FORMAT,
    AUTH_FAULT_EXPIRES_NUMBER,
    AUTH_FAULT_EXPIRES_NEGATIVE,
    AUTH_FAULT_EXPIRES_TOO_LONG,
    AUTH_FAULT_V2_HEADER,
    AUTH_FAULT_V2_QUERY,
    AUTH_FAULT_V2_EXPIRES,
    AUTH_FAULT_KINDS
};

struct auth_fault {
    u16 status;
    str code, message;
};
/* `detail` and `expected` fill the message where it quotes something. */
struct auth_fault auth_fault_of(enum auth_fault_kind kind, enum auth_dialect dialect, str detail,
                                str expected, struct arena *a);
/* Of a claim with form == AUTH_MALFORMED. */
struct auth_fault auth_fault_of_claim(const struct auth_claim *c, enum auth_dialect dialect,
                                      struct arena *a);

/* The clock's judgement, after the signature's: NONE, TOO_OLD, TOO_EARLY, URL_EXPIRED, URL_TOO_EARLY.
 * Skew: 15 minutes for S3, 5 for the others. */
enum auth_fault_kind auth_judge_time(const struct auth_claim *c, bool s3, i64 now_ms);
struct auth_fault auth_fault_of_time(enum auth_fault_kind kind, const struct auth_claim *c,
                                     enum auth_dialect dialect, i64 now_ms, struct arena *a);

#endif
