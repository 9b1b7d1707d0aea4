#include "auth/sigv4.h"
#include "base/encode.h"
#include "crypto/crypto.h"
#include "unit.h"

static void hash_payload(void *digest, str bytes) { digest_add(digest, bytes.p, bytes.n); }

static struct auth_claim claim_of(enum auth_payload payload, str signature) {
    struct auth_claim c = {.form = AUTH_V4_HEADER, .payload = (u8)payload, .date = S("20130524"),
                           .region = S("us-east-1"), .service = S("s3"), .signature = signature, .expires_s = -1};
    ASSERT(amz_date_parse(S("20130524T000000Z"), &c.signed_at_ms));
    return c;
}

static struct sigv4_key documented_key(void) {
    struct sigv4_key key;
    sigv4_derive(&key, S("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), S("20130524"), S("us-east-1"), S("s3"));
    return key;
}

/* Feeds `body` in pieces of `step`; the result is the decoder's last word. */
static enum chunked_result decode(struct chunked *k, str body, size_t step, u8 sha[static 64]) {
    struct digest d;
    digest_init(&d, DIGEST_SHA256);
    while (body.n) {
        enum chunked_result r = chunked_add(k, str_take(body, step), hash_payload, &d);
        body = str_skip(body, step);
        if (r == CHUNKED_BROKEN || r == CHUNKED_BAD_SIGNATURE) return r;
    }
    digest_end(&d, sha);
    return chunked_end(k);
}

/* The worked examples of the S3 API reference, "Transferring Payload in Multiple Chunks" and
 * "Including Trailing Headers": 65 KiB of "a", with the signatures printed there. */
static str documented_body(struct arena *a, bool trailer) {
    static const char *const signatures[2][3] = {
        {"ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
         "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
         "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"},
        {"b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
         "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
         "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"}};
    struct buf b = buf_new(a, 1 << 20);
    static const size_t sizes[] = {65536, 1024, 0};
    for (int i = 0; i < 3; i++) {
        buf_format(&b, "%zx;chunk-signature=%s\r\n", sizes[i], signatures[trailer][i]);
        for (size_t n = 0; n < sizes[i]; n++) buf_char(&b, 'a');
        if (sizes[i] || !trailer) buf_add(&b, S("\r\n"));
    }
    if (trailer)
        buf_add(&b, S("x-amz-checksum-crc32c:sOO8/Q==\n\r\n"
                      "x-amz-trailer-signature:"
                      "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n"));
    return buf_str(&b);
}

static void documentation(void) {
    static const size_t steps[] = {1, 7, 100, 65536, 1 << 20};
    for (size_t i = 0; i < LENGTH(steps); i++) {
        struct arena a = {0};
        struct sigv4_key key = documented_key();
        u8 sha[64];
        struct auth_claim c =
            claim_of(AUTH_PAYLOAD_CHUNKED, S("4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"));
        struct chunked *k = chunked_new(&a, &c, &key, 66560, (str){0});
        CHECK_INT(decode(k, documented_body(&a, false), steps[i], sha), CHUNKED_END);

        c = claim_of(AUTH_PAYLOAD_CHUNKED_TRAILER,
                     S("106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"));
        k = chunked_new(&a, &c, &key, 66560, S("x-amz-checksum-crc32c"));
        CHECK_INT(decode(k, documented_body(&a, true), steps[i], sha), CHUNKED_END);
        CHECK_STR(chunked_trailer(k, S("X-Amz-Checksum-Crc32c")), S("sOO8/Q=="));
        CHECK(!chunked_trailer(k, S("x-amz-checksum-sha1")).p);
        arena_free(&a);
    }
}

struct body_case {
    char name[64], kind[32], announced[64], result[32], sha[65];
    long long decoded_length;
    size_t length;
};

static void check_case(const struct body_case *b, str body, size_t step) {
    struct arena a = {0};
    struct sigv4_key key = documented_key();
    enum auth_payload payload = !strcmp(b->kind, "signed")     ? AUTH_PAYLOAD_CHUNKED
                                : !strcmp(b->kind, "signed-trailer") ? AUTH_PAYLOAD_CHUNKED_TRAILER
                                                                     : AUTH_PAYLOAD_UNSIGNED_TRAILER;
    struct auth_claim c =
        claim_of(payload, S("4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"));
    str announced = str_of(b->announced);
    if (str_eq(announced, S("-"))) announced = (str){0};
    struct chunked *k = chunked_new(&a, &c, &key, b->decoded_length, announced);
    u8 sha[64];
    enum chunked_result got = decode(k, body, step, sha);
    enum chunked_result want = !strcmp(b->result, "end")             ? CHUNKED_END
                               : !strcmp(b->result, "bad-signature") ? CHUNKED_BAD_SIGNATURE
                                                                     : CHUNKED_BROKEN;
    if (got != want) printf("# %s/%s in pieces of %zu\n", b->kind, b->name, step);
    CHECK_INT(got, want);
    if (got == CHUNKED_END) {
        CHECK_STR(hex_of(&a, (str){(char *)sha, 32}), str_of(b->sha));
        if (announced.p) CHECK(chunked_trailer(k, announced).n > 0);
    } else {
        str code = {0}, message = {0};
        chunked_problem(k, &code, &message);
        CHECK(code.n > 0 && message.n > 0);
        CHECK_INT(chunked_add(k, S("0\r\n"), hash_payload, NULL), got); /* it stays so */
    }
    arena_free(&a);
}

static void bodies_of_another_implementation(void) {
    FILE *f = fopen(BODIES, "rb");
    ASSERT(f);
    static char body[200000];
    struct body_case b;
    int n = 0;
    while (fscanf(f, "%63s %31s %lld %63s %31s %zu %64s", b.name, b.kind, &b.decoded_length, b.announced, b.result,
                  &b.length, b.sha) == 7) {
        ASSERT(fgetc(f) == '\n' && b.length <= sizeof body);
        ASSERT(fread(body, 1, b.length, f) == b.length);
        static const size_t steps[] = {1, 13, 4096, sizeof body};
        for (size_t i = 0; i < LENGTH(steps); i++) check_case(&b, (str){body, b.length}, steps[i]);
        n++;
    }
    fclose(f);
    printf("# %d bodies\n", n);
    CHECK(n >= 30);
}

UNIT_MAIN(UNIT(documentation), UNIT(bodies_of_another_implementation))
