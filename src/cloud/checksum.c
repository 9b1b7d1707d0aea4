#include "cloud/checksum.h"

static const struct {
    const char *name; /* as in x-amz-checksum-<name> */
    const char *title; /* as AWS writes it in messages */
} algorithms[DIGEST_KINDS] = {
    [DIGEST_MD5] = {"md5", "MD5"},
    [DIGEST_SHA1] = {"sha1", "SHA1"},
    [DIGEST_SHA256] = {"sha256", "SHA256"},
    [DIGEST_SHA512] = {"sha512", "SHA512"},
    [DIGEST_CRC32] = {"crc32", "CRC32"},
    [DIGEST_CRC32C] = {"crc32c", "CRC32C"},
    [DIGEST_CRC64NVME] = {"crc64nvme", "CRC64NVME"},
    [DIGEST_XXHASH64] = {"xxhash64", "XXHASH64"},
    [DIGEST_XXHASH3] = {"xxhash3", "XXHASH3"},
    [DIGEST_XXHASH128] = {"xxhash128", "XXHASH128"},
};

static int kind_of_name(str name) {
    for (int i = 0; i < DIGEST_KINDS; i++)
        if (str_eq_nocase(name, str_of(algorithms[i].name))) return i;
    return -1;
}

static int kind_of_header(str name) {
    str prefix = S("x-amz-checksum-");
    if (name.n <= prefix.n || !str_eq_nocase(str_take(name, prefix.n), prefix)) return -1;
    return kind_of_name(str_skip(name, prefix.n));
}

static const struct error invalid_digest = {"InvalidDigest", NULL, 400, WIRE_NONE, true};
static const struct error bad_digest = {"BadDigest", NULL, 400, WIRE_NONE, true};
static const struct error invalid_request = {"InvalidRequest", NULL, 400, WIRE_NONE, true};
static const struct error malformed_trailer = {"MalformedTrailerError", NULL, 400, WIRE_NONE, true};
#define MALFORMED_TRAILER "The request contained trailing data that was not well-formed or did not conform to our published schema."

static err read_md5(struct flight *f, struct declared *d) {
    str text = http_header_get(f->request, S("content-md5")), bytes;
    if (!text.p) return NULL;
    if (!base64_decode(f->arena, text, &bytes) || bytes.n != 16) {
        fail_detail(&f->call, S("Content-MD5"), text);
        return fail(&f->call, &invalid_digest, "The Content-MD5 you specified was invalid.");
    }
    memcpy(d->md5, bytes.p, 16);
    d->md5_given = true;
    return NULL;
}

/* Says something of checksums, but is none. */
static bool about_checksums(str name) {
    return str_eq_nocase(name, S("x-amz-checksum-mode")) || str_eq_nocase(name, S("x-amz-checksum-type"))
           || str_eq_nocase(name, S("x-amz-checksum-algorithm"));
}

struct sums { /* how many checksums a request declares, and whether one is of no known kind */
    int headers, trailers;
    bool unknown_header, unknown_trailer;
};

static void note_header(struct declared *d, struct sums *n, const struct http_header *h) {
    str prefix = S("x-amz-checksum-");
    if (h->name.n <= prefix.n || !str_eq_nocase(str_take(h->name, prefix.n), prefix) || about_checksums(h->name)) return;
    n->headers++;
    d->kind = kind_of_header(h->name);
    d->text = h->value;
    n->unknown_header |= d->kind < 0;
}

static void note_trailers(struct declared *d, struct sums *n, str names) {
    for (str rest = str_trim(names); rest.n;) { /* what a comma ends is no name more */
        int kind = kind_of_header(str_trim(str_cut(&rest, ',')));
        n->trailers++;
        n->unknown_trailer |= kind < 0;
        if (!n->headers) d->kind = kind;
    }
}

/* x-amz-sdk-checksum-algorithm names the kind of what is declared, or is refused. */
static err check_named(struct flight *f, const struct declared *d) {
    str named = http_header_get(f->request, S("x-amz-sdk-checksum-algorithm"));
    if (!named.p) return NULL;
    int kind = kind_of_name(named);
    if (kind < 0) return NULL; /* the service has a word of its own for those */
    if (!d->sum_given)
        return fail(&f->call, &invalid_request,
                    "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.");
    return kind == d->kind ? NULL : fail(&f->call, &invalid_request, "Value for x-amz-sdk-checksum-algorithm header is invalid.");
}

err declared_read(struct flight *f, struct declared *d) {
    *d = (struct declared){.kind = -1};
    TRY(read_md5(f, d));
    /* Where the body needs none such a header says something else: of CompleteMultipartUpload, what the object will be. */
    if (!f->op->checksum_member && !(f->op->flags & WIRE_OP_CHECKSUM_REQUIRED)) return NULL;
    struct sums n = {0};
    for (size_t i = 0; i < f->request->header_count; i++) note_header(d, &n, &f->request->headers[i]);
    note_trailers(d, &n, http_header_get(f->request, S("x-amz-trailer")));
    if (n.headers > 1 || n.trailers > 1)
        return fail(&f->call, &invalid_request, "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
    if (n.unknown_header)
        return fail(&f->call, &invalid_request, "The algorithm type you specified in x-amz-checksum- header is invalid.");
    if (n.unknown_trailer) return fail(&f->call, &invalid_request, "The value specified in the x-amz-trailer header is not supported");
    if (n.headers && n.trailers) return fail(&f->call, &invalid_request, "Expecting a single x-amz-checksum- header");
    d->sum_given = n.headers || n.trailers;
    d->in_trailer = n.trailers;
    TRY(check_named(f, d));
    bool can = f->claim.payload == AUTH_PAYLOAD_UNSIGNED_TRAILER || f->claim.payload == AUTH_PAYLOAD_CHUNKED_TRAILER;
    return d->in_trailer && !can ? fail(&f->call, &malformed_trailer, MALFORMED_TRAILER) : NULL;
}

u32 declared_digests(const struct declared *d) {
    return (d->md5_given ? 1u << DIGEST_MD5 : 0) | (d->kind >= 0 ? 1u << d->kind : 0);
}

err declared_check(struct flight *f, const struct declared *d, u8 (*digest)[DIGEST_MAX]) {
    if (d->md5_given && memcmp(d->md5, digest[DIGEST_MD5], 16) != 0) {
        fail_detail(&f->call, S("ExpectedDigest"), hex_of(f->arena, (str){(const char *)d->md5, 16}));
        fail_detail(&f->call, S("CalculatedDigest"), base64_of(f->arena, (str){(const char *)digest[DIGEST_MD5], 16}));
        return fail(&f->call, &bad_digest, "The Content-MD5 you specified did not match what we received.");
    }
    if (d->kind < 0) return NULL;
    str bytes;
    if (!d->text.p || !base64_decode(f->arena, d->text, &bytes) || bytes.n != digest_size((enum digest_kind)d->kind))
        return fail(&f->call, &invalid_request, "Value for x-amz-checksum-%s %s is invalid.", algorithms[d->kind].name,
                    d->in_trailer ? "trailing header" : "header");
    if (memcmp(bytes.p, digest[d->kind], bytes.n) != 0)
        return fail(&f->call, &bad_digest, "The %s you specified did not match the calculated checksum.", algorithms[d->kind].title);
    return NULL;
}

str checksum_header(int kind) {
    static const str names[DIGEST_KINDS] = {
        [DIGEST_MD5] = {"x-amz-checksum-md5", 18},
        [DIGEST_SHA1] = {"x-amz-checksum-sha1", 19},           [DIGEST_SHA256] = {"x-amz-checksum-sha256", 21},
        [DIGEST_SHA512] = {"x-amz-checksum-sha512", 21},       [DIGEST_CRC32] = {"x-amz-checksum-crc32", 20},
        [DIGEST_CRC32C] = {"x-amz-checksum-crc32c", 21},       [DIGEST_CRC64NVME] = {"x-amz-checksum-crc64nvme", 24},
        [DIGEST_XXHASH64] = {"x-amz-checksum-xxhash64", 23},   [DIGEST_XXHASH3] = {"x-amz-checksum-xxhash3", 22},
        [DIGEST_XXHASH128] = {"x-amz-checksum-xxhash128", 24},
    };
    return names[kind];
}
