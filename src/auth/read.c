/* Reading a claim: what the request says of itself. Strict; nothing here knows a secret. */
#include "auth/canonical.h"
#include "auth/fault.h"
#include "base/encode.h"

enum { WEEK_S = 604800 };

static const str hmac_algorithm = {"AWS4-HMAC-SHA256", 16};
static const str ecdsa_algorithm = {"AWS4-ECDSA-P256-SHA256", 22};

/* The parameters of all query forms, decoded. Absent where not sent. */
struct query_claim {
    str algorithm, credential, date, expires, signed_headers, signature, token, payload_hash, region_set;
    str v2_key, v2_expires, v2_signature, v2_token;
};

static struct auth_claim malformed(struct auth_claim c, enum auth_fault_kind kind, str detail,
                                   str expected, struct arena *a) {
    c.form = AUTH_MALFORMED;
    c.problem = (u8)kind;
    c.problem_detail = detail;
    c.problem_expected = expected;
    struct auth_fault fault = auth_fault_of_claim(&c, AUTH_BY_QUERY, a);
    c.problem_code = fault.code;
    c.problem_message = fault.message;
    return c;
}
#define MALFORMED(kind_, detail_, expected_) return malformed(c, (kind_), (detail_), (expected_), a)
static const str none = {0};

/* ---- the query ---- */

static void read_query(str query, struct query_claim *q, struct arena *a) {
    const struct {
        str name;
        str *value;
    } wanted[] = {
        {S("X-Amz-Algorithm"), &q->algorithm},
        {S("X-Amz-Credential"), &q->credential},
        {S("X-Amz-Date"), &q->date},
        {S("X-Amz-Expires"), &q->expires},
        {S("X-Amz-SignedHeaders"), &q->signed_headers},
        {S("X-Amz-Signature"), &q->signature},
        {S("X-Amz-Security-Token"), &q->token},
        {S("X-Amz-Content-Sha256"), &q->payload_hash},
        {S("X-Amz-Region-Set"), &q->region_set},
        {S("AWSAccessKeyId"), &q->v2_key},
        {S("Expires"), &q->v2_expires},
        {S("Signature"), &q->v2_signature},
        {S("x-amz-security-token"), &q->v2_token},
    };
    while (query.p) {
        str value = str_cut(&query, '&');
        str name = str_cut(&value, '=');
        if (name.n == 0 || !(name.p[0] == 'X' || name.p[0] == 'x' || name.p[0] == 'A' || name.p[0] == 'E'
                             || name.p[0] == 'S'))
            continue;
        for (size_t i = 0; i < LENGTH(wanted); i++) {
            if (!str_eq(name, wanted[i].name)) continue;
            if (value.p == NULL) value = S("");
            if (!percent_decode(a, value, false, wanted[i].value)) *wanted[i].value = value;
        }
    }
}

/* ---- the credential scope ---- */

static bool is_scope_date(str s) {
    u64 number;
    return s.n == 8 && str_to_u64(s, &number);
}

/* AK/20150830/us-east-1/sqs/aws4_request; Version 4A has no region. */
static bool read_credential(struct auth_claim *c, str credential) {
    str parts[6];
    size_t n = 0;
    for (str rest = credential; rest.p && n < LENGTH(parts);) parts[n++] = str_cut(&rest, '/');
    size_t want = c->form == AUTH_V4A ? 4 : 5;
    if (n != want || parts[0].n == 0 || parts[0].n > 128) return false;
    size_t at = 0;
    c->access_key = parts[at++];
    c->date = parts[at++];
    if (c->form != AUTH_V4A) c->region = parts[at++];
    c->service = parts[at++];
    c->terminal = parts[at];
    return true;
}

/* ---- the payload ---- */

static bool is_sha256_hex(str s) {
    u8 bytes[32];
    return s.n == 64 && hex_decode(s, bytes);
}

/* false: a value that S3 refuses. */
static bool read_payload(struct auth_claim *c, str hash, bool presigned) {
    bool s3 = is_s3_service(c->service);
    if (!hash.p) {
        if (presigned && s3) hash = S("UNSIGNED-PAYLOAD");
        else return c->payload = AUTH_PAYLOAD_BODY, presigned || !s3;
    }
    bool pair = c->form == AUTH_V4A;
    const struct {
        str value;
        u8 payload;
    } known[] = {
        {S("UNSIGNED-PAYLOAD"), AUTH_PAYLOAD_UNSIGNED},
        {S("STREAMING-UNSIGNED-PAYLOAD-TRAILER"), AUTH_PAYLOAD_UNSIGNED_TRAILER},
        {pair ? S("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD") : S("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"), AUTH_PAYLOAD_CHUNKED},
        {pair ? S("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER") : S("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"),
         AUTH_PAYLOAD_CHUNKED_TRAILER},
    };
    c->payload_hash = hash;
    for (size_t i = 0; i < LENGTH(known); i++)
        if (str_eq(hash, known[i].value)) return c->payload = known[i].payload, true;
    if (is_sha256_hex(hash)) return c->payload = AUTH_PAYLOAD_HASH, true;
    /* Other services hash the body themselves, whatever the header says. */
    c->payload = AUTH_PAYLOAD_BODY;
    c->payload_hash = none;
    return !s3;
}

/* S3 refuses x-amz- headers that an intermediary might have added: they change what a request does. */
static bool all_signed(const struct auth_request *r, str signed_headers, str *which) {
    for (size_t i = 0; i < r->header_count; i++) {
        str name = r->headers[i].name;
        if (!str_eq_nocase(str_take(name, 6), S("x-amz-"))) continue;
        if (str_eq_nocase(name, S("x-amz-content-sha256"))) continue;
        if (is_signed(signed_headers, name)) continue;
        *which = name;
        return false;
    }
    return true;
}

/* ---- dates ---- */

static bool read_date(str s, i64 *ms) {
    return (amz_date_parse(s, ms) || http_date_parse(s, ms) || iso8601_parse(s, ms) || mail_date_parse(s, ms)) && *ms >= 0;
}

static bool dates_match(const struct auth_claim *c) {
    char text[8];
    struct civil_time t = civil_of(c->signed_at_ms);
    int day[] = {(int)(t.year / 1000 % 10), (int)(t.year / 100 % 10), (int)(t.year / 10 % 10), (int)(t.year % 10),
                 t.month / 10, t.month % 10, t.day / 10, t.day % 10};
    for (int i = 0; i < 8; i++) text[i] = (char)('0' + day[i]);
    return str_eq((str){text, 8}, c->date);
}

/* ---- Version 4, Authorization header ---- */

static struct auth_claim read_v4_header(const struct auth_request *r, struct auth_claim c, str rest,
                                        str header, struct arena *a) {
    str credential = none;
    size_t components = 0;
    while (rest.p) { /* commas, spaces or both stand between them */
        str part = str_trim(str_cut(&rest, str_find_char(rest, ',') < str_find_char(rest, ' ') ? ',' : ' '));
        if (part.n == 0) continue;
        str value = part;
        str name = str_cut(&value, '=');
        if (!value.p) MALFORMED(AUTH_FAULT_COMPONENT, part, header);
        components++;
        if (str_eq(name, S("Credential"))) credential = value;
        else if (str_eq(name, S("SignedHeaders"))) c.signed_headers = value;
        else if (str_eq(name, S("Signature"))) c.signature = value;
    }
    str date = header_find(r, S("x-amz-date"));
    if (!date.p) date = header_find(r, S("date"));
    if (!credential.p || !c.signed_headers.p || !c.signature.p || components != 3) {
        /* What is absent, by the letters C, G, H and D: the message lists them. */
        struct buf missing = buf_new(a, 8);
        if (!credential.p) buf_char(&missing, 'C');
        if (!c.signature.p) buf_char(&missing, 'G');
        if (!c.signed_headers.p) buf_char(&missing, 'H');
        if (!date.p) buf_char(&missing, 'D');
        if (missing.n) MALFORMED(AUTH_FAULT_MISSING_COMPONENTS, buf_str(&missing), header);
    }
    if (!read_credential(&c, credential)) MALFORMED(AUTH_FAULT_CREDENTIAL, credential, none);
    if (!str_eq(c.terminal, S("aws4_request"))) MALFORMED(AUTH_FAULT_TERMINAL, c.terminal, none);
    bool dated = date.p && read_date(date, &c.signed_at_ms); /* known also where the scope's own is none */
    if (!is_scope_date(c.date)) MALFORMED(AUTH_FAULT_SCOPE_DATE, c.date, none);
    if (!date.p) MALFORMED(AUTH_FAULT_NO_DATE, none, header);
    if (!dated) MALFORMED(AUTH_FAULT_DATE_FORMAT, date, none);
    if (!dates_match(&c)) MALFORMED(AUTH_FAULT_DATE_MISMATCH, c.date, date);
    if (!is_signed(c.signed_headers, S("host")) && !is_signed(c.signed_headers, S(":authority")))
        MALFORMED(AUTH_FAULT_HOST_UNSIGNED, S("host"), none);
    str unsigned_name;
    if (is_s3_service(c.service) && !all_signed(r, c.signed_headers, &unsigned_name))
        MALFORMED(AUTH_FAULT_HEADER_UNSIGNED, unsigned_name, none);
    if (c.form == AUTH_V4A) {
        c.region_set = header_find(r, S("x-amz-region-set"));
        if (!is_signed(c.signed_headers, S("x-amz-region-set"))) MALFORMED(AUTH_FAULT_HEADER_UNSIGNED, S("x-amz-region-set"), none);
    }
    str hash = header_find(r, S("x-amz-content-sha256"));
    if (!read_payload(&c, hash, false)) MALFORMED(AUTH_FAULT_PAYLOAD_HASH, hash, none);
    c.session_token = header_find(r, S("x-amz-security-token"));
    if (!c.session_token.p) c.session_token = header_find(r, S("x-amz-s3session-token"));
    return c;
}

/* ---- Version 4, query ---- */

static struct auth_claim read_v4_query(const struct auth_request *r, struct auth_claim c,
                                       const struct query_claim *q, struct arena *a) {
    c.form = AUTH_V4_QUERY;
    if (q->algorithm.p && str_eq(q->algorithm, ecdsa_algorithm)) c.form = AUTH_V4A;
    else if (q->algorithm.p && !str_eq(q->algorithm, hmac_algorithm))
        MALFORMED(AUTH_FAULT_QUERY_ALGORITHM, q->algorithm, none);
    c.signed_headers = q->signed_headers;
    c.signature = q->signature;
    c.region_set = q->region_set;
    bool any_missing = !q->algorithm.p || !q->credential.p || !q->date.p || !q->signed_headers.p
        || !q->signature.p;
    if (any_missing) {
        struct buf missing = buf_new(a, 8); /* as above */
        if (!q->algorithm.p) buf_char(&missing, 'A');
        if (!q->credential.p) buf_char(&missing, 'C');
        if (!q->signature.p) buf_char(&missing, 'G');
        if (!q->signed_headers.p) buf_char(&missing, 'H');
        if (!q->date.p) buf_char(&missing, 'D');
        MALFORMED(AUTH_FAULT_QUERY_PARAMETERS, buf_str(&missing), none);
    }
    if (!read_credential(&c, q->credential)) MALFORMED(AUTH_FAULT_QUERY_CREDENTIAL, q->credential, none);
    if (!is_scope_date(c.date)) MALFORMED(AUTH_FAULT_QUERY_SCOPE_DATE, c.date, none);
    if (!str_eq(c.terminal, S("aws4_request"))) MALFORMED(AUTH_FAULT_QUERY_TERMINAL, c.terminal, none);
    if (!amz_date_parse(q->date, &c.signed_at_ms)) MALFORMED(AUTH_FAULT_QUERY_DATE_FORMAT, q->date, none);
    if (!dates_match(&c)) MALFORMED(AUTH_FAULT_QUERY_DATE_MISMATCH, c.date, q->date);
    if (!q->expires.p) {
        /* Only S3 insists; the others then allow their usual five minutes. */
        if (is_s3_service(c.service)) MALFORMED(AUTH_FAULT_QUERY_PARAMETERS, S("E"), none);
        c.expires_s = 300;
    } else if (!str_to_i64(q->expires, &c.expires_s)) {
        MALFORMED(AUTH_FAULT_EXPIRES_NUMBER, q->expires, none);
    } else if (c.expires_s < 0) {
        MALFORMED(AUTH_FAULT_EXPIRES_NEGATIVE, q->expires, none);
    } else if (c.expires_s > WEEK_S) {
        MALFORMED(AUTH_FAULT_EXPIRES_TOO_LONG, q->expires, none);
    }
    if (!is_signed(c.signed_headers, S("host")) && !is_signed(c.signed_headers, S(":authority")))
        MALFORMED(AUTH_FAULT_HOST_UNSIGNED, S("host"), none);
    str unsigned_name;
    if (is_s3_service(c.service) && !all_signed(r, c.signed_headers, &unsigned_name))
        MALFORMED(AUTH_FAULT_HEADER_UNSIGNED, unsigned_name, none);
    str hash = q->payload_hash;
    if (!hash.p && is_signed(c.signed_headers, S("x-amz-content-sha256")))
        hash = header_find(r, S("x-amz-content-sha256"));
    if (!read_payload(&c, hash, true)) MALFORMED(AUTH_FAULT_PAYLOAD_HASH, hash, none);
    c.session_token = q->token;
    return c;
}

/* ---- Version 2: S3 alone still takes it ---- */

static struct auth_claim read_v2_header(const struct auth_request *r, struct auth_claim c, str rest,
                                        struct arena *a) {
    c.form = AUTH_V2_HEADER;
    c.service = S("s3");
    str signature = str_trim(rest);
    c.access_key = str_cut(&signature, ':');
    c.signature = signature;
    if (c.access_key.n == 0 || c.access_key.n > 128 || signature.n == 0)
        MALFORMED(AUTH_FAULT_V2_HEADER, rest, none);
    str date = header_find(r, S("x-amz-date"));
    if (!date.p) date = header_find(r, S("date"));
    if (!date.p) MALFORMED(AUTH_FAULT_NO_DATE, none, none);
    if (!read_date(date, &c.signed_at_ms)) MALFORMED(AUTH_FAULT_DATE_FORMAT, date, none);
    c.payload = AUTH_PAYLOAD_UNSIGNED;
    c.session_token = header_find(r, S("x-amz-security-token"));
    return c;
}

static struct auth_claim read_v2_query(struct auth_claim c, const struct query_claim *q, struct arena *a) {
    c.form = AUTH_V2_QUERY;
    c.service = S("s3");
    c.access_key = q->v2_key;
    c.signature = q->v2_signature;
    if (!q->v2_key.n || q->v2_key.n > 128 || !q->v2_signature.n || !q->v2_expires.n)
        MALFORMED(AUTH_FAULT_V2_QUERY, none, none);
    i64 at_s;
    if (!str_to_i64(q->v2_expires, &at_s) || at_s < 0 || at_s > INT64_MAX / 1000)
        MALFORMED(AUTH_FAULT_V2_EXPIRES, q->v2_expires, none);
    c.expires_at_ms = at_s * 1000;
    c.payload = AUTH_PAYLOAD_UNSIGNED;
    c.session_token = q->v2_token;
    return c;
}

struct auth_claim auth_read(const struct auth_request *r, struct arena *a) {
    struct auth_claim c = {.form = AUTH_ANONYMOUS, .expires_s = -1};
    str header = header_find(r, S("authorization"));
    struct query_claim q = {0};
    if (r->query.n) read_query(r->query, &q, a);
    bool v4_query = q.algorithm.p || q.credential.p || q.signature.p;
    bool v2_query = q.v2_signature.p && q.v2_key.p;
    if ((header.p != NULL) + v4_query + v2_query > 1) MALFORMED(AUTH_FAULT_TWO_MECHANISMS, header, none);
    if (v4_query) return read_v4_query(r, c, &q, a);
    if (v2_query || (q.v2_key.p && !header.p)) return read_v2_query(c, &q, a);
    if (!header.p) {
        str hash = header_find(r, S("x-amz-content-sha256"));
        bool trailer = hash.p && str_eq(hash, S("STREAMING-UNSIGNED-PAYLOAD-TRAILER"));
        c.payload = trailer ? AUTH_PAYLOAD_UNSIGNED_TRAILER : AUTH_PAYLOAD_UNSIGNED;
        return c;
    }
    str rest = str_trim(header);
    str scheme = str_cut(&rest, ' ');
    if (str_eq(scheme, S("AWS")) && rest.p) return read_v2_header(r, c, rest, a);
    if (str_eq(scheme, hmac_algorithm)) c.form = AUTH_V4_HEADER;
    else if (str_eq(scheme, ecdsa_algorithm)) c.form = AUTH_V4A;
    else MALFORMED(AUTH_FAULT_UNSUPPORTED_SCHEME, header, scheme);
    return read_v4_header(r, c, rest, header, a);
}
