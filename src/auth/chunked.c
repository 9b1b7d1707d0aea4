/* The aws-chunked content coding:
 *
 *     HEX[;chunk-signature=64 hex] CRLF  bytes CRLF  ...  0[;chunk-signature=...] CRLF  [trailers]  CRLF
 *
 * SDKs differ at the end: the last CRLF may be missing, trailers may end with LF before the CRLF, and
 * an empty line may stand before them. All else is strict. */
#include "auth/sigv4.h"
#include "base/encode.h"
#include "crypto/crypto.h"

#include <stdio.h>

enum {
    LINE_MAX_BYTES = 2048,
    TRAILERS_MAX = 16,
    SMALLEST_CHUNK = 8192, /* but for the last one */
    SIGNATURE_MAX = 144,   /* in Version 4A; 64 otherwise */
};
static const i64 LARGEST_CHUNK = (i64)5 << 30;

enum chunked_state { AT_SIZE, IN_DATA, AFTER_DATA, IN_TRAILERS, AT_END, FAILED };

struct chunked {
    struct arena *arena;
    u8 state; /* enum chunked_state */
    bool is_signed, has_trailers, trailers_signed, small_chunk_seen;
    enum chunked_result failure;
    const char *code, *message;

    i64 decoded_length, decoded; /* announced (or -1), so far */
    u64 chunk_left;
    char line[LINE_MAX_BYTES];
    size_t line_length;

    struct hmac key;
    struct sigv4_key pair; /* Version 4A, if pair.pair */
    str date_and_scope;    /* "20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n" */
    char previous[SIGNATURE_MAX], claimed[SIGNATURE_MAX];
    size_t previous_n, claimed_n;
    struct digest chunk_digest;

    str announced;
    struct auth_header trailers[TRAILERS_MAX];
    size_t trailer_count;
};

struct chunked *chunked_new(struct arena *a, const struct auth_claim *c, const struct sigv4_key *key,
                            i64 decoded_length, str announced_trailers) {
    struct chunked *k = NEW(a, struct chunked);
    k->arena = a;
    k->is_signed = c->payload != AUTH_PAYLOAD_UNSIGNED_TRAILER;
    k->has_trailers = c->payload != AUTH_PAYLOAD_CHUNKED;
    k->decoded_length = decoded_length;
    k->announced = arena_str(a, announced_trailers);
    if (!k->is_signed) return k;
    ASSERT(key && c->signature.n <= sizeof k->previous);
    k->pair = *key;
    if (!key->pair) hmac_init(&k->key, (str){(const char *)key->bytes, sizeof key->bytes});
    k->previous_n = c->signature.n;
    memcpy(k->previous, c->signature.p, c->signature.n);
    struct buf b = buf_new(a, 1024);
    buf_amz_date(&b, c->signed_at_ms);
    buf_format(&b, "\n%.*s/%.*s%s%.*s/aws4_request\n", STR_ARGS(c->date), key->pair ? 0 : (int)c->region.n, c->region.p, key->pair ? "" : "/",
               STR_ARGS(c->service));
    ASSERT(!b.over);
    k->date_and_scope = buf_str(&b);
    return k;
}

/* ---- failing ---- */

static void fail(struct chunked *k, enum chunked_result result, const char *code, const char *message) {
    k->state = FAILED;
    k->failure = result;
    k->code = code;
    k->message = message;
}
static void broken(struct chunked *k) {
    fail(k, CHUNKED_BROKEN, "IncompleteBody", "The request body terminated unexpectedly");
}
static void bad_trailer(struct chunked *k) {
    fail(k, CHUNKED_BROKEN, "MalformedTrailerError",
         "The request contained trailing data that was not well-formed or did not conform to our published schema.");
}
static void bad_signature(struct chunked *k) {
    fail(k, CHUNKED_BAD_SIGNATURE, "SignatureDoesNotMatch",
         "The request signature we calculated does not match the signature you provided. Check your key and "
         "signing method.");
}

void chunked_problem(const struct chunked *k, str *code, str *message) {
    ASSERT(k->state == FAILED);
    *code = str_of(k->code);
    *message = str_of(k->message);
}

/* ---- signatures: each signs the one before it, the first one that of the request ---- */

#define SHA256_OF_NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static bool check_link(struct chunked *k, const char *what, const char *middle, const u8 digest[static 32], str claimed) {
    char hex[64], ours[64];
    hex_encode((str){(const char *)digest, 32}, hex);
    char text[1024 + 512];
    int n = snprintf(text, sizeof text, "%s-%s\n%.*s%.*s\n%s%.64s", k->pair.pair ? "AWS4-ECDSA-P256-SHA256" : "AWS4-HMAC-SHA256", what,
                     STR_ARGS(k->date_and_scope), (int)k->previous_n, k->previous, middle, hex);
    ASSERT(n > 0 && (size_t)n < sizeof text);
    if (k->pair.pair) {
        if (!sigv4a_verify(&k->pair, (str){text, (size_t)n}, claimed)) return false;
    } else {
        u8 mac[32];
        hmac_once(&k->key, (str){text, (size_t)n}, mac);
        hex_encode((str){(const char *)mac, 32}, ours);
        if (!str_eq_constant_time((str){ours, 64}, claimed)) return false;
    }
    k->previous_n = claimed.n;
    memcpy(k->previous, claimed.p, claimed.n);
    return true;
}

/* Version 4A fills its signatures up to one length, so that a sender knows the body's. */
static bool read_signature(const struct chunked *k, str *value) {
    u8 bytes[SIGNATURE_MAX / 2];
    if (!k->pair.pair) return value->n == 64 && hex_decode(*value, bytes);
    while (value->n && value->p[value->n - 1] == '*') value->n--;
    return value->n <= SIGNATURE_MAX && value->n % 2 == 0 && hex_decode(*value, bytes);
}

static void end_chunk(struct chunked *k) {
    if (!k->is_signed) return;
    u8 digest[DIGEST_MAX];
    digest_end(&k->chunk_digest, digest);
    if (!check_link(k, "PAYLOAD", SHA256_OF_NOTHING "\n", digest, (str){k->claimed, k->claimed_n}))
        bad_signature(k);
}

static void check_trailer_signature(struct chunked *k, str claimed) {
    struct buf b = buf_new(k->arena, (size_t)TRAILERS_MAX * LINE_MAX_BYTES);
    for (size_t i = 0; i < k->trailer_count; i++) {
        buf_add(&b, k->trailers[i].name);
        buf_char(&b, ':');
        buf_add(&b, k->trailers[i].value);
        buf_char(&b, '\n');
    }
    u8 digest[32];
    sha256(buf_str(&b), digest);
    k->trailers_signed = check_link(k, "TRAILER", "", digest, claimed);
    if (!k->trailers_signed) bad_signature(k);
}

/* ---- the size line ---- */

static bool read_size(str digits, u64 *size) {
    if (digits.n == 0 || digits.n > 16) return false;
    *size = 0;
    for (size_t i = 0; i < digits.n; i++) {
        char pair[2] = {'0', digits.p[i]};
        u8 value;
        if (!hex_decode((str){pair, 2}, &value)) return false;
        *size = *size << 4 | value;
    }
    return true;
}

static bool read_extension(struct chunked *k, str extension) {
    if (!k->is_signed) return extension.p == NULL;
    str value = extension;
    if (!value.p) return false;
    str name = str_cut(&value, '=');
    if (!str_eq(name, S("chunk-signature")) || !read_signature(k, &value)) return false;
    memcpy(k->claimed, value.p, value.n);
    k->claimed_n = value.n;
    return true;
}

/* All bytes that were announced must have come. */
static bool is_whole(const struct chunked *k) {
    return k->decoded_length < 0 || k->decoded == k->decoded_length;
}

static void size_line(struct chunked *k, str line) {
    str extension = line;
    str digits = str_cut(&extension, ';');
    u64 size;
    if (!read_size(digits, &size) || !read_extension(k, extension) || size > (u64)LARGEST_CHUNK) {
        broken(k);
        return;
    }
    if (k->is_signed) digest_init(&k->chunk_digest, DIGEST_SHA256);
    if (size == 0) {
        end_chunk(k);
        if (k->state == FAILED) return;
        if (is_whole(k)) k->state = k->has_trailers ? IN_TRAILERS : AT_END;
        else broken(k);
        return;
    }
    if (k->small_chunk_seen) {
        fail(k, CHUNKED_BROKEN, "InvalidChunkSizeError",
             "Only the last chunk is allowed to have a size less than 8192 bytes");
        return;
    }
    k->small_chunk_seen = size < SMALLEST_CHUNK;
    if (k->decoded_length >= 0 && size > (u64)(k->decoded_length - k->decoded)) {
        broken(k);
        return;
    }
    k->chunk_left = size;
    k->state = IN_DATA;
}

/* ---- trailers ---- */

static bool is_announced(const struct chunked *k, str name) {
    for (str rest = k->announced; rest.p;)
        if (str_eq_nocase(str_trim(str_cut(&rest, ',')), name)) return true;
    return false;
}

static bool all_trailers_came(const struct chunked *k) {
    for (str rest = k->announced; rest.p;) {
        str name = str_trim(str_cut(&rest, ','));
        if (name.n && !chunked_trailer(k, name).p) return false;
    }
    return k->trailers_signed || !k->is_signed;
}

static void trailer_line(struct chunked *k, str line) {
    if (line.n == 0) { /* the end, or one of the empty lines that some put before or between */
        if (all_trailers_came(k)) k->state = AT_END;
        return;
    }
    str value = line;
    str name = str_trim(str_cut(&value, ':'));
    if (!value.p || name.n == 0) {
        bad_trailer(k);
        return;
    }
    value = str_trim(value);
    if (k->is_signed && str_eq_nocase(name, S("x-amz-trailer-signature"))) {
        if (k->trailers_signed || !read_signature(k, &value)) bad_trailer(k);
        else check_trailer_signature(k, value);
        return;
    }
    if (k->trailers_signed || k->trailer_count == TRAILERS_MAX || !is_announced(k, name)
        || chunked_trailer(k, name).p) {
        bad_trailer(k);
        return;
    }
    struct auth_header *h = &k->trailers[k->trailer_count++];
    char *lower = arena_alloc(k->arena, name.n, 1);
    for (size_t i = 0; i < name.n; i++)
        lower[i] = name.p[i] >= 'A' && name.p[i] <= 'Z' ? (char)(name.p[i] | 0x20) : name.p[i];
    h->name = (str){lower, name.n};
    h->value = arena_str(k->arena, value);
}

str chunked_trailer(const struct chunked *k, str name) {
    for (size_t i = 0; i < k->trailer_count; i++)
        if (str_eq_nocase(k->trailers[i].name, name)) return k->trailers[i].value;
    return (str){0};
}

/* ---- feeding ---- */

static void line_done(struct chunked *k, bool strict) {
    str line = {k->line, k->line_length};
    k->line_length = 0;
    if (line.n && line.p[line.n - 1] == '\r') line.n--;
    else if (strict) {
        broken(k);
        return;
    }
    switch ((enum chunked_state)k->state) {
    case AT_SIZE: size_line(k, line); break;
    case AFTER_DATA:
        if (line.n) broken(k);
        else k->state = AT_SIZE;
        break;
    case IN_TRAILERS: trailer_line(k, line); break;
    case AT_END:
        if (line.n) broken(k);
        break;
    case IN_DATA:
    case FAILED: ASSERT(!"in a line");
    }
}

/* Takes one line's worth; returns how many bytes that was. */
static size_t take_line(struct chunked *k, str bytes) {
    size_t end = str_find_char(bytes, '\n');
    size_t n = end == STR_NONE ? bytes.n : end;
    if (n > sizeof k->line - k->line_length) {
        broken(k);
        return bytes.n;
    }
    memcpy(k->line + k->line_length, bytes.p, n);
    k->line_length += n;
    if (end == STR_NONE) return n;
    line_done(k, k->state != IN_TRAILERS);
    return n + 1;
}

enum chunked_result chunked_add(struct chunked *k, str bytes, void (*payload)(void *context, str bytes),
                                void *context) {
    while (bytes.n > 0 && k->state != FAILED) {
        if (k->state != IN_DATA) {
            bytes = str_skip(bytes, take_line(k, bytes));
            continue;
        }
        str data = str_take(bytes, (size_t)MIN((u64)bytes.n, k->chunk_left));
        if (k->is_signed) digest_add(&k->chunk_digest, data.p, data.n);
        payload(context, data);
        bytes = str_skip(bytes, data.n);
        k->decoded += (i64)data.n;
        k->chunk_left -= data.n;
        if (k->chunk_left > 0) continue;
        k->state = AFTER_DATA;
        end_chunk(k);
    }
    if (k->state == FAILED) return k->failure;
    return k->state == AT_END ? CHUNKED_END : CHUNKED_MORE;
}

enum chunked_result chunked_end(struct chunked *k) {
    if (k->state == IN_TRAILERS) {
        if (k->line_length > 0) line_done(k, false);
        if (k->state == IN_TRAILERS) {
            if (all_trailers_came(k)) k->state = AT_END;
            else bad_trailer(k);
        }
    } else if (k->state == AT_SIZE && k->line_length > 0) {
        line_done(k, false); /* "0" without its CRLF */
        if (k->state == IN_TRAILERS && all_trailers_came(k)) k->state = AT_END;
    } else if (k->state == AT_END && k->line_length > 0) {
        broken(k);
    }
    if (k->state == AT_END) return CHUNKED_END;
    if (k->state != FAILED) broken(k);
    return k->failure;
}
