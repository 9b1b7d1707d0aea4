#include "auth/fault.h"

#include "base/encode.h"
#include "crypto/crypto.h"

/* "%1" is the detail, "%2" what was expected, "%M" the list of what is missing, "%H" the expected
 * text's SHA-256 in base64: AWS no longer repeats the header itself. */
struct fault_text {
    const char *code; /* the query protocols' code; others by `codes` below */
    const char *text;
    const char *s3_code, *s3_text;
    u16 status, s3_status;
};

#define MISMATCH                                                                                   \
    "The request signature we calculated does not match the signature you provided. Check your "
#define S3_HEADER "The authorization header is malformed; "
#define S3_QUERY "Error parsing the X-Amz-Credential parameter; "
#define S3_CREDENTIAL "the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\"."
#define FIVE "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '%1'"
#define QUERY_ERROR "AuthorizationQueryParametersError"
#define HEADER_ERROR "AuthorizationHeaderMalformed"
#define SKEW "The difference between the request time and the current time is too large."
#define BASIC "Date must be in ISO-8601 'basic format'. Got '%1'. See http://en.wikipedia.org/wiki/ISO_8601"
#define UNREADABLE "IncompleteSignature"
#define WRONG "SignatureDoesNotMatch"
#define NOT_SAME_DAY                                                                               \
    "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "   \
    "'%1' != '%D', from '%2'."
#define PAYLOADS                                                                                   \
    "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "          \
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, "             \
    "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER "  \
    "or a valid sha256 value."

static const struct fault_text texts[AUTH_FAULT_KINDS] = {
    [AUTH_FAULT_NO_SIGNATURE] = {"MissingAuthenticationToken", "Request is missing Authentication Token",
                                 "AccessDenied", "Access Denied", 403, 403},
    [AUTH_FAULT_UNKNOWN_KEY] = {"InvalidClientTokenId", "The security token included in the request is invalid.",
                                "InvalidAccessKeyId",
                                "The AWS Access Key Id you provided does not exist in our records.", 403, 403},
    [AUTH_FAULT_BAD_TOKEN] = {"InvalidClientTokenId", "The security token included in the request is invalid",
                              "InvalidToken", "The provided token is malformed or otherwise invalid.", 403, 400},
    [AUTH_FAULT_EXPIRED_TOKEN] = {"ExpiredToken", "The security token included in the request is expired",
                                  "ExpiredToken", "The provided token has expired.", 403, 400},
    [AUTH_FAULT_WRONG_SIGNATURE] =
        {WRONG, MISMATCH "AWS Secret Access Key and signing method. Consult the service documentation for details.",
         WRONG, MISMATCH "key and signing method.", 403, 403},
    [AUTH_FAULT_TOO_OLD] = {WRONG, "Signature expired: %1 is now earlier than %2", "RequestTimeTooSkewed", SKEW, 403, 403},
    [AUTH_FAULT_TOO_EARLY] = {WRONG, "Signature not yet current: %1 is still later than %2", "RequestTimeTooSkewed", SKEW,
                              403, 403},
    [AUTH_FAULT_URL_EXPIRED] = {WRONG, "Signature expired: %1 is now earlier than %2", "AccessDenied", "Request has expired",
                                403, 403},
    [AUTH_FAULT_URL_TOO_EARLY] = {WRONG, "Signature not yet current: %1 is still later than %2", "AccessDenied",
                                  "Request is not yet valid", 403, 403},
    [AUTH_FAULT_WRONG_REGION] = {WRONG, "Credential should be scoped to a valid region. ", HEADER_ERROR,
                                 S3_HEADER "the region '%1' is wrong; expecting '%2'", 403, 400},
    [AUTH_FAULT_WRONG_SERVICE] = {WRONG, "Credential should be scoped to correct service: '%2'. ", HEADER_ERROR,
                                  S3_HEADER "incorrect service \"%1\". This endpoint belongs to \"%2\".", 403, 400},
    [AUTH_FAULT_BODY_HASH] =
        {WRONG, MISMATCH "AWS Secret Access Key and signing method. Consult the service documentation for details.",
         "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.", 403,
         400},
    [AUTH_FAULT_TWO_MECHANISMS] =
        {UNREADABLE, "The request contains both an Authorization header and query-string authentication parameters.",
         "InvalidArgument",
         "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter "
         "or the Authorization header should be specified",
         400, 400},
    [AUTH_FAULT_UNSUPPORTED_SCHEME] =
        {UNREADABLE, "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and "
         "encoded with Base64): '%h'.",
         "InvalidArgument", "Unsupported Authorization Type", 403, 400},
    [AUTH_FAULT_COMPONENT] =
        {UNREADABLE, "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and "
         "encoded with Base64): '%H'.",
         HEADER_ERROR, S3_HEADER "the authorization component \"%1\" is malformed.", 403, 400},
    [AUTH_FAULT_MISSING_COMPONENTS] =
        {UNREADABLE, "%M(Hashed with SHA-256 and encoded with Base64) Authorization=%H", HEADER_ERROR,
         S3_HEADER "the authorization header requires three components: Credential, SignedHeaders, and Signature.", 403,
         400},
    [AUTH_FAULT_CREDENTIAL] = {UNREADABLE, FIVE, HEADER_ERROR, S3_HEADER S3_CREDENTIAL, 400, 400},
    [AUTH_FAULT_TERMINAL] = {WRONG, "Credential should be scoped with a valid terminator: 'aws4_request', not '%1'.",
                             HEADER_ERROR, S3_HEADER "incorrect terminal \"%1\". This endpoint uses \"aws4_request\".", 403,
                             400},
    [AUTH_FAULT_SCOPE_DATE] =
        {WRONG, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP", HEADER_ERROR,
         S3_HEADER "incorrect date format \"%1\". This date in the credential must be in the format \"yyyyMMdd\".", 403,
         400},
    [AUTH_FAULT_DATE_MISMATCH] = {WRONG, NOT_SAME_DAY, HEADER_ERROR,
                                  S3_HEADER "Invalid credential date. Date is not the same as X-Amz-Date.", 403, 400},
    [AUTH_FAULT_NO_DATE] =
        {UNREADABLE, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. (Hashed with "
         "SHA-256 and encoded with Base64) Authorization=%H",
         "AccessDenied", "AWS authentication requires a valid Date or x-amz-date header", 403, 403},
    [AUTH_FAULT_DATE_FORMAT] = {UNREADABLE, BASIC, "AccessDenied",
                                "AWS authentication requires a valid Date or x-amz-date header", 400, 403},
    [AUTH_FAULT_HOST_UNSIGNED] =
        {WRONG, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.", "AccessDenied",
         "There were headers present in the request which were not signed", 403, 403},
    [AUTH_FAULT_HEADER_UNSIGNED] =
        {WRONG, "'%1' must be a 'SignedHeader' in the AWS Authorization.", "AccessDenied",
         "There were headers present in the request which were not signed", 403, 403},
    [AUTH_FAULT_PAYLOAD_HASH] = {UNREADABLE, PAYLOADS, "InvalidArgument", PAYLOADS, 400, 400},
    [AUTH_FAULT_QUERY_ALGORITHM] = {UNREADABLE, "Unsupported AWS 'algorithm': '%1'", QUERY_ERROR,
                                    "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256\"", 400,
                                    400},
    [AUTH_FAULT_QUERY_PARAMETERS] =
        {UNREADABLE, "%MRe-examine the query-string parameters.", QUERY_ERROR,
         "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
         "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
         400, 400},
    [AUTH_FAULT_QUERY_CREDENTIAL] = {UNREADABLE, FIVE, QUERY_ERROR, S3_QUERY S3_CREDENTIAL, 400, 400},
    [AUTH_FAULT_QUERY_TERMINAL] = {WRONG, "Credential should be scoped with a valid terminator: 'aws4_request', not '%1'.",
                                   QUERY_ERROR, S3_QUERY "incorrect terminal \"%1\". This endpoint uses \"aws4_request\".",
                                   403, 400},
    [AUTH_FAULT_QUERY_SCOPE_DATE] =
        {WRONG, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP", QUERY_ERROR,
         S3_QUERY "incorrect date format \"%1\". This date in the credential must be in the format \"yyyyMMdd\".", 403, 400},
    [AUTH_FAULT_QUERY_DATE_MISMATCH] =
        {WRONG, NOT_SAME_DAY, QUERY_ERROR,
         "Invalid credential date \"%1\". This date is not the same as X-Amz-Date: \"%D\".", 403, 400},
    [AUTH_FAULT_QUERY_DATE_FORMAT] = {UNREADABLE, BASIC, QUERY_ERROR,
                                      "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"", 400, 400},
    [AUTH_FAULT_EXPIRES_NUMBER] = {UNREADABLE, "X-Amz-Expires should be a number", QUERY_ERROR,
                                   "X-Amz-Expires should be a number", 400, 400},
    [AUTH_FAULT_EXPIRES_NEGATIVE] = {UNREADABLE, "X-Amz-Expires must be non-negative", QUERY_ERROR,
                                     "X-Amz-Expires must be non-negative", 400, 400},
    [AUTH_FAULT_EXPIRES_TOO_LONG] =
        {UNREADABLE, "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less "
         "than 604800 seconds",
         QUERY_ERROR,
         "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 "
         "seconds",
         400, 400},
    [AUTH_FAULT_V2_HEADER] = {UNREADABLE, "Authorization header is invalid.", "InvalidArgument",
                              "AWS authorization header is invalid.  Expected AwsAccessKeyId:signature", 400, 400},
    [AUTH_FAULT_V2_QUERY] =
        {UNREADABLE, "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters",
         "AccessDenied", "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters", 400,
         403},
    [AUTH_FAULT_V2_EXPIRES] = {UNREADABLE, "Invalid date (should be seconds since epoch): %1", "AccessDenied",
                               "Invalid date (should be seconds since epoch): %1", 400, 403},
};

static void add_hash(struct buf *b, str s) {
    u8 digest[32];
    sha256(s, digest);
    buf_base64(b, (str){(const char *)digest, sizeof digest});
}

/* `missing` holds letters; the query form says it in other words than the header form. */
static void add_missing(struct buf *b, str missing, bool query) {
    static const struct {
        char letter;
        const char *name;
    } names[] = {{'A', "Algorithm"}, {'C', "Credential"}, {'G', "Signature"}, {'H', "SignedHeaders"}, {'D', "Date"}, {'E', "Expires"}};
    for (size_t i = 0; i < LENGTH(names); i++) {
        if (str_find_char(missing, names[i].letter) == STR_NONE) continue;
        if (query) buf_format(b, "AWS query-string parameters must include 'X-Amz-%s'. ", names[i].name);
        else if (names[i].letter == 'D')
            buf_add(b, S("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "));
        else buf_format(b, "Authorization header requires '%s' parameter. ", names[i].name);
    }
}

static str fill(const char *text, enum auth_fault_kind kind, str detail, str expected, struct arena *a) {
    struct buf b = buf_new(a, 64 << 10);
    for (const char *p = text; *p; p++) {
        if (*p != '%') {
            buf_char(&b, *p);
            continue;
        }
        switch (*++p) {
        case '1': buf_add(&b, detail); break;
        case '2': buf_add(&b, expected); break;
        case 'D': buf_add(&b, str_take(expected, 8)); break;
        case 'H': add_hash(&b, expected); break;
        case 'h': add_hash(&b, detail); break;
        case 'M': add_missing(&b, detail, kind == AUTH_FAULT_QUERY_PARAMETERS); break;
        default: ASSERT(!"a known place holder");
        }
    }
    return buf_str(&b);
}

/* The JSON protocols' names are the query codes with "Exception", but for two. */
static str json_code(const char *code, struct arena *a) {
    str s = str_of(code);
    if (str_eq(s, S("SignatureDoesNotMatch"))) return S("InvalidSignatureException");
    if (str_eq(s, S("InvalidClientTokenId"))) return S("UnrecognizedClientException");
    return arena_concat(a, s, S("Exception"));
}

struct auth_fault auth_fault_of(enum auth_fault_kind kind, enum auth_dialect dialect, str detail,
                                str expected, struct arena *a) {
    ASSERT(kind > AUTH_FAULT_NONE && kind < AUTH_FAULT_KINDS);
    const struct fault_text *t = &texts[kind];
    ASSERT(t->code);
    if (dialect == AUTH_BY_S3) {
        if (kind == AUTH_FAULT_PAYLOAD_HASH && !detail.p)
            return (struct auth_fault){400, S("InvalidRequest"),
                                       S("Missing required header for this request: x-amz-content-sha256")};
        return (struct auth_fault){t->s3_status, str_of(t->s3_code), fill(t->s3_text, kind, detail, expected, a)};
    }
    struct auth_fault f = {t->status, str_of(t->code), fill(t->text, kind, detail, expected, a)};
    if (dialect == AUTH_BY_JSON) {
        f.status = 400;
        f.code = json_code(t->code, a);
    }
    return f;
}

struct auth_fault auth_fault_of_claim(const struct auth_claim *c, enum auth_dialect dialect,
                                      struct arena *a) {
    ASSERT(c->form == AUTH_MALFORMED);
    return auth_fault_of(c->problem, dialect, c->problem_detail, c->problem_expected, a);
}

/* ---- the clock ---- */

static i64 skew_ms(bool s3) { return (s3 ? 15 : 5) * 60000; }

enum auth_fault_kind auth_judge_time(const struct auth_claim *c, bool s3, i64 now_ms) {
    if (c->form == AUTH_V2_QUERY) return now_ms > c->expires_at_ms ? AUTH_FAULT_URL_EXPIRED : AUTH_FAULT_NONE;
    bool presigned = c->expires_s >= 0;
    if (c->signed_at_ms > now_ms + skew_ms(s3)) return presigned ? AUTH_FAULT_URL_TOO_EARLY : AUTH_FAULT_TOO_EARLY;
    if (presigned) return now_ms > c->signed_at_ms + c->expires_s * 1000 ? AUTH_FAULT_URL_EXPIRED : AUTH_FAULT_NONE;
    return c->signed_at_ms < now_ms - skew_ms(s3) ? AUTH_FAULT_TOO_OLD : AUTH_FAULT_NONE;
}

struct auth_fault auth_fault_of_time(enum auth_fault_kind kind, const struct auth_claim *c,
                                     enum auth_dialect dialect, i64 now_ms, struct arena *a) {
    bool early = kind == AUTH_FAULT_TOO_EARLY || kind == AUTH_FAULT_URL_TOO_EARLY;
    bool url = kind == AUTH_FAULT_URL_EXPIRED;
    i64 skew = skew_ms(dialect == AUTH_BY_S3);
    struct buf at = buf_new(a, 64), limit = buf_new(a, 128);
    buf_amz_date(&at, url ? c->signed_at_ms + c->expires_s * 1000 : c->signed_at_ms);
    buf_amz_date(&limit, url ? now_ms : early ? now_ms + skew : now_ms - skew);
    if (!url) {
        buf_add(&limit, S(" ("));
        buf_amz_date(&limit, now_ms);
        buf_format(&limit, " %c %d min.)", early ? '+' : '-', (int)(skew / 60000));
    }
    return auth_fault_of(kind, dialect, buf_str(&at), buf_str(&limit), a);
}
