/* Unreadable claims, in AWS's codes and words, and the clock. */
#include "auth/fault.h"
#include "base/encode.h"
#include "unit.h"

#define SCOPE "AKIDEXAMPLE/20150830/us-east-1/"
#define SIGNATURE "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
#define GOOD "AWS4-HMAC-SHA256 Credential=" SCOPE "iam/aws4_request, SignedHeaders=host;x-amz-date, Signature=" SIGNATURE

static struct auth_claim read(struct arena *a, const char *authorization, const char *date, const char *query) {
    static struct auth_header h[4];
    size_t n = 0;
    h[n++] = (struct auth_header){S("Host"), S("localhost:4566")};
    if (authorization) h[n++] = (struct auth_header){S("authorization"), str_of(authorization)};
    if (date) h[n++] = (struct auth_header){S("X-Amz-Date"), str_of(date)};
    struct auth_request r = {S("GET"), S("/"), str_of(query), h, n};
    return auth_read(&r, a);
}

struct refusal {
    const char *authorization, *date, *query;
    const char *code, *message; /* query protocols */
    const char *s3_code, *s3_message;
};

#define V4_QUERY(credential_, rest_)                                                               \
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" credential_                               \
    "&X-Amz-SignedHeaders=host&X-Amz-Signature=" SIGNATURE rest_
#define QUERY_SCOPE "AK%2F20150830%2Fus-east-1%2Fs3%2Faws4_request"
#define NOW "20150830T123600Z"

static const struct refusal refusals[] = {
    {"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE, SignedHeaders=host, Signature=x", NOW, NULL, "IncompleteSignature",
     "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKIDEXAMPLE'",
     "AuthorizationHeaderMalformed",
     "The authorization header is malformed; the Credential is mal-formed; expecting "
     "\"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\"."},
    {"AWS4-HMAC-SHA256 Credential=" SCOPE "s3/aws4_request, Signature=x", NULL, NULL, "IncompleteSignature",
     "Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a "
     "'X-Amz-Date' or a 'Date' header. (Hashed with SHA-256 and encoded with Base64) Authorization="
     "RsbFzezuvIc29RNdPMpGf5g2FF0TgVu4JF/yM9+m+Pc=",
     "AuthorizationHeaderMalformed",
     "The authorization header is malformed; the authorization header requires three components: Credential, "
     "SignedHeaders, and Signature."},
    {"Basic dGVzdDp0ZXN0", NOW, NULL, "IncompleteSignature", NULL, "InvalidArgument", "Unsupported Authorization Type"},
    {"AWS4-HMAC-SHA256 nonsense", NOW, NULL, "IncompleteSignature", NULL, "AuthorizationHeaderMalformed",
     "The authorization header is malformed; the authorization component \"nonsense\" is malformed."},
    {GOOD, NULL, NULL, "IncompleteSignature", NULL, "AccessDenied",
     "AWS authentication requires a valid Date or x-amz-date header"},
    {GOOD, "yesterday", NULL, "IncompleteSignature",
     "Date must be in ISO-8601 'basic format'. Got 'yesterday'. See http://en.wikipedia.org/wiki/ISO_8601", "AccessDenied",
     "AWS authentication requires a valid Date or x-amz-date header"},
    {GOOD, "20150831T000000Z", NULL, "SignatureDoesNotMatch",
     "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20150830' != "
     "'20150831', from '20150831T000000Z'.",
     "AuthorizationHeaderMalformed",
     "The authorization header is malformed; Invalid credential date. Date is not the same as X-Amz-Date."},
    {GOOD, NOW, "X-Amz-Signature=x", "IncompleteSignature", NULL, "InvalidArgument",
     "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or "
     "the Authorization header should be specified"},
    {"AWS4-HMAC-SHA256 Credential=" SCOPE "iam/aws4_request, SignedHeaders=x-amz-date, Signature=x", NOW, NULL,
     "SignatureDoesNotMatch", "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.", "AccessDenied",
     "There were headers present in the request which were not signed"},
    {"AWS4-HMAC-SHA256 Credential=" SCOPE "s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=x", NOW, NULL,
     "IncompleteSignature", NULL, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256"},
    {"AWS4-HMAC-SHA256 Credential=" SCOPE "iam/aws5_request, SignedHeaders=host, Signature=x", NOW, NULL,
     "SignatureDoesNotMatch", "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'.",
     "AuthorizationHeaderMalformed",
     "The authorization header is malformed; incorrect terminal \"aws5_request\". This endpoint uses \"aws4_request\"."},
    {NULL, NULL, "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=" NOW, "IncompleteSignature",
     "AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters must include "
     "'X-Amz-Signature'. AWS query-string parameters must include 'X-Amz-SignedHeaders'. Re-examine the query-string "
     "parameters.",
     "AuthorizationQueryParametersError",
     "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
     "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."},
    {NULL, NULL, V4_QUERY(QUERY_SCOPE, "&X-Amz-Date=" NOW "&X-Amz-Expires=604801"), "IncompleteSignature", NULL,
     "AuthorizationQueryParametersError",
     "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 "
     "seconds"},
    {NULL, NULL, V4_QUERY(QUERY_SCOPE, "&X-Amz-Date=" NOW "&X-Amz-Expires=-1"), "IncompleteSignature", NULL,
     "AuthorizationQueryParametersError", "X-Amz-Expires must be non-negative"},
    {NULL, NULL, V4_QUERY(QUERY_SCOPE, "&X-Amz-Date=" NOW "&X-Amz-Expires=soon"), "IncompleteSignature", NULL,
     "AuthorizationQueryParametersError", "X-Amz-Expires should be a number"},
    {NULL, NULL, V4_QUERY("AK", "&X-Amz-Date=" NOW "&X-Amz-Expires=60"), "IncompleteSignature", NULL,
     "AuthorizationQueryParametersError",
     "Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting "
     "\"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\"."},
    {NULL, NULL, "AWSAccessKeyId=AK&Signature=x&Expires=soon", "IncompleteSignature", NULL, "AccessDenied",
     "Invalid date (should be seconds since epoch): soon"},
    {NULL, NULL, "AWSAccessKeyId=AK", "IncompleteSignature", NULL, "AccessDenied",
     "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters"},
};

static void refused_in_awss_words(void) {
    for (size_t i = 0; i < LENGTH(refusals); i++) {
        const struct refusal *f = &refusals[i];
        struct arena a = {0};
        struct auth_claim c = read(&a, f->authorization, f->date, f->query);
        CHECK_INT(c.form, AUTH_MALFORMED);
        if (c.form == AUTH_MALFORMED) {
            CHECK_STR(c.problem_code, str_of(f->code));
            if (f->message) CHECK_STR(c.problem_message, str_of(f->message));
            struct auth_fault s3 = auth_fault_of_claim(&c, AUTH_BY_S3, &a);
            CHECK_STR(s3.code, str_of(f->s3_code));
            CHECK_STR(s3.message, str_of(f->s3_message));
            struct auth_fault json = auth_fault_of_claim(&c, AUTH_BY_JSON, &a);
            CHECK(str_ends(json.code, S("Exception")));
        }
        arena_free(&a);
    }
}

static void every_fault_has_its_words(void) {
    struct arena a = {0};
    for (int kind = AUTH_FAULT_NONE + 1; kind < AUTH_FAULT_KINDS; kind++)
        for (int dialect = 0; dialect < AUTH_DIALECTS; dialect++) {
            struct auth_fault f =
                auth_fault_of((enum auth_fault_kind)kind, (enum auth_dialect)dialect, S("x"), S("y"), &a);
            CHECK(f.code.n > 0 && f.message.n > 0 && f.status >= 400 && f.status < 404);
        }
    CHECK_STR(auth_fault_of(AUTH_FAULT_UNKNOWN_KEY, AUTH_BY_JSON, S(""), S(""), &a).code, S("UnrecognizedClientException"));
    CHECK_STR(auth_fault_of(AUTH_FAULT_WRONG_SIGNATURE, AUTH_BY_JSON, S(""), S(""), &a).code,
              S("InvalidSignatureException"));
    arena_free(&a);
}

static void the_clock(void) {
    struct arena a = {0};
    i64 now;
    CHECK(amz_date_parse(S("20150830T123600Z"), &now));
    struct auth_claim c = read(&a, GOOD, NOW, NULL);
    CHECK_INT(c.form, AUTH_V4_HEADER);
    i64 minute = 60000;
    CHECK_INT(auth_judge_time(&c, false, now + 5 * minute), AUTH_FAULT_NONE);
    CHECK_INT(auth_judge_time(&c, false, now + 5 * minute + 1), AUTH_FAULT_TOO_OLD);
    CHECK_INT(auth_judge_time(&c, true, now + 15 * minute), AUTH_FAULT_NONE);
    CHECK_INT(auth_judge_time(&c, true, now - 15 * minute - 1), AUTH_FAULT_TOO_EARLY);
    struct auth_fault f = auth_fault_of_time(AUTH_FAULT_TOO_OLD, &c, AUTH_BY_QUERY, now + 6 * minute, &a);
    CHECK_STR(f.message, S("Signature expired: 20150830T123600Z is now earlier than 20150830T123700Z "
                           "(20150830T124200Z - 5 min.)"));
    c = read(&a, NULL, NULL, V4_QUERY(QUERY_SCOPE, "&X-Amz-Date=" NOW "&X-Amz-Expires=60"));
    CHECK_INT(c.form, AUTH_V4_QUERY);
    CHECK_INT(c.payload, AUTH_PAYLOAD_UNSIGNED);
    CHECK_INT(auth_judge_time(&c, true, now + minute), AUTH_FAULT_NONE);
    CHECK_INT(auth_judge_time(&c, true, now + minute + 1), AUTH_FAULT_URL_EXPIRED);
    arena_free(&a);
}

static void version_4a_is_read(void) {
    struct arena a = {0};
    struct auth_claim c = read(&a,
                               "AWS4-ECDSA-P256-SHA256 Credential=AKIDEXAMPLE/20150830/events/aws4_request, "
                               "SignedHeaders=host;x-amz-date;x-amz-region-set, Signature=3045",
                               NOW, NULL);
    CHECK_INT(c.form, AUTH_V4A);
    CHECK_STR(c.service, S("events"));
    CHECK(!c.region.p);
    arena_free(&a);
}

/* Components stand apart by commas, by spaces, or by both (scylladb's test_authorization.py, which AWS passes). */
static void components_apart(void) {
    static const char *const between[] = {", ", ",", " ", "  ,  "};
    for (size_t i = 0; i < LENGTH(between); i++) {
        struct arena a = {0};
        str header = arena_format(&a, "AWS4-HMAC-SHA256 Credential=" SCOPE "iam/aws4_request%sSignedHeaders=x-amz-date;host%sSignature=" SIGNATURE,
                                  between[i], between[i]);
        struct auth_claim c = read(&a, header.p, NOW, NULL);
        CHECK_INT(c.form, AUTH_V4_HEADER);
        CHECK_STR(c.access_key, S("AKIDEXAMPLE"));
        CHECK_STR(c.signed_headers, S("x-amz-date;host"));
        CHECK_STR(c.signature, S(SIGNATURE));
        arena_free(&a);
    }
}

UNIT_MAIN(UNIT(components_apart), UNIT(refused_in_awss_words), UNIT(every_fault_has_its_words), UNIT(the_clock), UNIT(version_4a_is_read))
