/* Every published vector, every stage, in header and in query form: read the signed request as a
 * server would, and compare what is computed on the way with the files. */
#include "auth/sigv4.h"
#include "auth/fault.h"
#include "base/encode.h"
#include "crypto/crypto.h"
#include "crypto/keypair.h"
#include "unit.h"

#include <dirent.h>

static str read_file(struct arena *a, const char *version, const char *folder, const char *kind, const char *name) {
    str path = arena_format(a, "%s/%s/%s/%s%s", VECTORS, version, folder, kind, name);
    FILE *f = fopen(arena_c_string(a, path), "rb");
    if (!f) return (str){0};
    char *text = arena_alloc(a, 65536, 1);
    size_t n = fread(text, 1, 65536, f);
    fclose(f);
    return (str){text, n};
}

struct parsed {
    struct auth_request r;
    struct auth_header headers[32];
    str body;
};

static void parse(struct parsed *p, str text) {
    str line = str_cut(&text, '\n');
    size_t first = str_find_char(line, ' '), last = str_rfind_char(line, ' ');
    p->r.method = str_take(line, first);
    p->r.query = (str){line.p + first + 1, last - first - 1};
    p->r.path = str_cut(&p->r.query, '?');
    p->r.headers = p->headers;
    while (text.p) {
        line = str_cut(&text, '\n');
        if (line.n == 0) break;
        if (line.p[0] == ' ') { /* folded: the value goes on */
            struct auth_header *h = &p->headers[p->r.header_count - 1];
            h->value.n = (size_t)(line.p + line.n - h->value.p);
            continue;
        }
        str value = line;
        str name = str_cut(&value, ':');
        ASSERT(p->r.header_count < LENGTH(p->headers));
        p->headers[p->r.header_count++] = (struct auth_header){name, value};
    }
    p->body = text.p ? text : S("");
}

static bool has(str json, str member) { return str_find(json, member) != STR_NONE; }

static str member(str json, const char *name) {
    size_t at = str_find(json, str_of(name));
    if (at == STR_NONE) return (str){0};
    str value = str_skip(json, at + strlen(name));
    (void)str_cut(&value, '"');
    return str_cut(&value, '"');
}

static void check_pair(struct arena *a, const struct keypair *pair, str public_key) {
    str der = keypair_public(a, pair);
    CHECK_STR(hex_of(a, str_skip(der, der.n - 64)), arena_concat(a, member(public_key, "\"X\":"), member(public_key, "\"Y\":")));
}

static void check_vector(struct arena *a, const char *version, const char *folder, const char *kind, enum auth_form form) {
    str context = read_file(a, version, folder, "", "context.json");
    str signed_request = read_file(a, version, folder, kind, "signed-request.txt");
    str want_canonical = read_file(a, version, folder, kind, "canonical-request.txt");
    CHECK(context.n > 0 && want_canonical.n > 0);
    struct parsed p = {0};
    parse(&p, signed_request);
    struct auth_claim c = auth_read(&p.r, a);
    CHECK_INT(c.form, form);
    CHECK_STR(c.access_key, S("AKIDEXAMPLE"));
    if (form != AUTH_V4A) CHECK_STR(c.signature, read_file(a, version, folder, kind, "signature.txt"));

    u8 digest[32];
    sha256(has(context, S("\"sign_body\": true")) ? p.body : S(""), digest);
    str hash = hex_of(a, (str){(const char *)digest, 32}), secret = S("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    bool s3 = has(context, S("\"normalize\": false"));
    struct sigv4_key key;
    if (form == AUTH_V4A) {
        CHECK_STR(c.region_set, S("us-east-1"));
        sigv4a_derive(&key, c.access_key, secret, a);
        check_pair(a, key.pair, read_file(a, version, folder, "", "public-key.json"));
    } else {
        sigv4_derive(&key, secret, c.date, c.region, c.service);
    }
    str canonical, to_sign;
    bool right = sigv4_check(&p.r, &c, s3, &key, hash, a, &canonical, &to_sign);
    if (!right) printf("# in %s/%s\n", folder, kind);
    CHECK(right);
    bool token_appended = c.expires_s >= 0 && has(context, S("\"omit_session_token\": true"));
    if (!token_appended) {
        CHECK_STR(canonical, want_canonical);
        CHECK_STR(to_sign, read_file(a, version, folder, kind, "string-to-sign.txt"));
    }
    if (form == AUTH_V4A && !token_appended) /* of every run of the signer another signature is right */
        CHECK(sigv4a_verify(&key, to_sign, str_trim(read_file(a, version, folder, kind, "signature.txt"))));

    /* One bit of anything that is signed makes it wrong. */
    char *method = arena_c_string(a, p.r.method);
    method[0] ^= 1;
    p.r.method.p = method;
    CHECK(!sigv4_check(&p.r, &c, s3, &key, hash, a, &canonical, &to_sign));
}

static int check_version(const char *version, enum auth_form header, enum auth_form query) {
    struct arena a = {0};
    DIR *folders = opendir(arena_c_string(&a, arena_format(&a, VECTORS "/%s", version)));
    ASSERT(folders);
    int n = 0;
    for (struct dirent *e; (e = readdir(folders));) {
        arena_reset(&a);
        if (e->d_name[0] == '.' || !read_file(&a, version, e->d_name, "header-", "signed-request.txt").p) continue;
        check_vector(&a, version, e->d_name, "header-", header);
        check_vector(&a, version, e->d_name, "query-", query);
        n++;
    }
    closedir(folders);
    arena_free(&a);
    printf("# %d cases, header and query form each\n", n);
    return n;
}

static void all_vectors(void) { CHECK_INT(check_version("v4", AUTH_V4_HEADER, AUTH_V4_QUERY), 32); }
static void all_vectors_of_4a(void) { CHECK_INT(check_version("v4a", AUTH_V4A, AUTH_V4A), 31); }

static void pairs_of_other_secrets_differ(void) {
    struct arena a = {0};
    struct sigv4_key one, other;
    sigv4a_derive(&one, S("AKIDEXAMPLE"), S("secret"), &a);
    sigv4a_derive(&other, S("AKIDEXAMPLE2"), S("secret"), &a);
    CHECK(!str_eq(keypair_public(&a, one.pair), keypair_public(&a, other.pair)));
    CHECK(!sigv4a_verify(&one, S("text"), S("")));
    CHECK(!sigv4a_verify(&one, S("text"), S("30")));
    CHECK(!sigv4a_verify(&one, S("text"), S("xx")));
    arena_free(&a);
}

UNIT_MAIN(UNIT(all_vectors), UNIT(all_vectors_of_4a), UNIT(pairs_of_other_secrets_differ))
