/* Every published vector, every stage, in header and in query form: read the signed request as a
 * server would, and compare what is computed on the way with the files. */
#include "auth/sigv4.h"
#include "auth/fault.h"
#include "base/encode.h"
#include "crypto/crypto.h"
#include "unit.h"

#include <dirent.h>

static str read_file(struct arena *a, const char *folder, const char *kind, const char *name) {
    str path = arena_format(a, "%s/v4/%s/%s%s", VECTORS, folder, kind, name);
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

static void check_vector(struct arena *a, const char *folder, const char *kind, enum auth_form form) {
    str context = read_file(a, folder, "", "context.json");
    str signed_request = read_file(a, folder, kind, "signed-request.txt");
    str want_canonical = read_file(a, folder, kind, "canonical-request.txt");
    CHECK(context.n > 0 && want_canonical.n > 0);
    struct parsed p = {0};
    parse(&p, signed_request);
    struct auth_claim c = auth_read(&p.r, a);
    CHECK_INT(c.form, form);
    CHECK_STR(c.access_key, S("AKIDEXAMPLE"));
    CHECK_STR(c.signature, read_file(a, folder, kind, "signature.txt"));

    u8 digest[32];
    sha256(has(context, S("\"sign_body\": true")) ? p.body : S(""), digest);
    str hash = hex_of(a, (str){(const char *)digest, 32});
    bool s3 = has(context, S("\"normalize\": false"));
    struct sigv4_key key;
    sigv4_derive(&key, S("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), c.date, c.region, c.service);
    str canonical, to_sign;
    bool right = sigv4_check(&p.r, &c, s3, &key, hash, a, &canonical, &to_sign);
    if (!right) printf("# in %s/%s\n", folder, kind);
    CHECK(right);
    bool token_appended = form == AUTH_V4_QUERY && has(context, S("\"omit_session_token\": true"));
    if (!token_appended) {
        CHECK_STR(canonical, want_canonical);
        CHECK_STR(to_sign, read_file(a, folder, kind, "string-to-sign.txt"));
    }

    /* One bit of anything that is signed makes it wrong. */
    char *method = arena_c_string(a, p.r.method);
    method[0] ^= 1;
    p.r.method.p = method;
    CHECK(!sigv4_check(&p.r, &c, s3, &key, hash, a, &canonical, &to_sign));
}

static void all_vectors(void) {
    DIR *folders = opendir(VECTORS "/v4");
    ASSERT(folders);
    int n = 0;
    for (struct dirent *e; (e = readdir(folders));) {
        if (e->d_name[0] == '.') continue;
        struct arena a = {0};
        check_vector(&a, e->d_name, "header-", AUTH_V4_HEADER);
        check_vector(&a, e->d_name, "query-", AUTH_V4_QUERY);
        arena_free(&a);
        n++;
    }
    closedir(folders);
    printf("# %d cases, header and query form each\n", n);
    CHECK_INT(n, 32);
}

UNIT_MAIN(UNIT(all_vectors))
