/* Signature Version 2, in the form S3 had: header "AWS key:signature", and the presigned query that
 * stock boto3 still writes. HMAC-SHA1 over method, MD5, type, date, x-amz- headers and the resource. */
#include "auth/canonical.h"
#include "base/encode.h"
#include "crypto/crypto.h"

#include <stdlib.h>

/* The query parameters that belong to the resource: the list of the clients that still sign so. */
static const char *const sub_resources[] = {
    "accelerate", "acl", "analytics", "cors", "defaultObjectAcl", "delete", "inventory", "lifecycle", "location",
    "logging", "metrics", "notification", "object-lock", "partNumber", "policy", "replication", "requestPayment",
    "response-cache-control", "response-content-disposition", "response-content-encoding", "response-content-language",
    "response-content-type", "response-expires", "restore", "select", "select-type", "storageClass", "tagging",
    "torrent", "uploadId", "uploads", "versionId", "versioning", "versions", "website",
};

static bool is_sub_resource(str name) {
    for (size_t i = 0; i < LENGTH(sub_resources); i++)
        if (str_eq(name, str_of(sub_resources[i]))) return true;
    return false;
}

struct pair {
    str name, value;
};
static int pair_order(const void *x, const void *y) {
    const struct pair *a = x, *b = y;
    return str_cmp(a->name, b->name);
}

static str lower(struct arena *a, str s) {
    char *out = arena_alloc(a, s.n + 1, 1);
    for (size_t i = 0; i < s.n; i++)
        out[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] | 0x20) : s.p[i];
    return (str){out, s.n};
}

/* A parameter of the presigned form, decoded: there it stands for the header of that name. */
static str query_value(const struct auth_request *r, const struct auth_claim *c, str name, struct arena *a) {
    str decoded = {0};
    if (c->form != AUTH_V2_QUERY) return decoded;
    for (str rest = r->query; rest.p;) {
        str value = str_cut(&rest, '&');
        if (!str_eq(str_cut(&value, '='), name) || !value.p) continue;
        return percent_decode(a, value, true, &decoded) ? decoded : value;
    }
    return decoded;
}

/* x-amz- headers, and the parameters that stand for them. */
static void add_amz_headers(struct buf *b, const struct auth_request *r, const struct auth_claim *c) {
    size_t most = r->header_count + 1;
    for (size_t i = 0; i < r->query.n; i++) most += r->query.p[i] == '&';
    struct pair *v = NEW_ARRAY(b->arena, struct pair, most);
    size_t n = 0;
    for (size_t i = 0; i < r->header_count; i++)
        if (str_eq_nocase(str_take(r->headers[i].name, 6), S("x-amz-")))
            v[n++] = (struct pair){lower(b->arena, r->headers[i].name), r->headers[i].value};
    for (str rest = r->query; rest.p && c->form == AUTH_V2_QUERY;) {
        str name = str_cut(&rest, '&');
        name = str_cut(&name, '=');
        if (!str_starts(name, S("x-amz-")) || header_find(r, name).p) continue;
        v[n++] = (struct pair){name, query_value(r, c, name, b->arena)};
    }
    /* Insertion keeps the order of equal names, which qsort does not promise. */
    for (size_t i = 1; i < n; i++) {
        struct pair one = v[i];
        size_t at = i;
        for (; at > 0 && pair_order(&one, &v[at - 1]) < 0; at--) v[at] = v[at - 1];
        v[at] = one;
    }
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && str_eq(v[i].name, v[i - 1].name)) {
            buf_char(b, ',');
        } else {
            if (i > 0) buf_char(b, '\n');
            buf_add(b, v[i].name);
            buf_char(b, ':');
        }
        buf_add(b, str_trim(v[i].value));
    }
    if (n > 0) buf_char(b, '\n');
}

static void add_resource(struct buf *b, const struct auth_request *r, str bucket_of_host) {
    if (bucket_of_host.n) {
        buf_char(b, '/');
        buf_add(b, bucket_of_host);
    }
    add_canonical_path(b, r->path, true, b->arena);
    size_t most = 1;
    for (size_t i = 0; i < r->query.n; i++) most += r->query.p[i] == '&';
    struct pair *v = NEW_ARRAY(b->arena, struct pair, most);
    size_t n = 0;
    for (str rest = r->query; rest.p;) {
        str value = str_cut(&rest, '&');
        str name = str_cut(&value, '=');
        if (!is_sub_resource(name)) continue;
        v[n].name = name;
        if (!value.p || !percent_decode(b->arena, value, false, &v[n].value)) v[n].value = value;
        n++;
    }
    qsort(v, n, sizeof *v, pair_order);
    for (size_t i = 0; i < n; i++) {
        buf_char(b, i > 0 ? '&' : '?');
        buf_add(b, v[i].name);
        if (!v[i].value.p) continue;
        buf_char(b, '=');
        buf_add(b, v[i].value);
    }
}

static void add_standard_header(struct buf *b, const struct auth_request *r, const struct auth_claim *c, str name) {
    str value = header_find(r, name);
    if (!value.p) value = query_value(r, c, name, b->arena);
    buf_add(b, str_trim(value));
    buf_char(b, '\n');
}

static str string_to_sign(const struct auth_request *r, const struct auth_claim *c, str bucket_of_host,
                          struct arena *a) {
    struct buf b = buf_new(a, CANONICAL_MAX);
    buf_add(&b, r->method);
    buf_char(&b, '\n');
    add_standard_header(&b, r, c, S("content-md5"));
    add_standard_header(&b, r, c, S("content-type"));
    if (c->form == AUTH_V2_QUERY) buf_i64(&b, c->expires_at_ms / 1000);
    else if (!header_find(r, S("x-amz-date")).p) buf_add(&b, str_trim(header_find(r, S("date"))));
    buf_char(&b, '\n');
    add_amz_headers(&b, r, c);
    add_resource(&b, r, bucket_of_host);
    return b.over ? (str){0} : buf_str(&b);
}

static void hmac_sha1(str key, str message, u8 out[static 20]) {
    u8 block[64] = {0}, inner[DIGEST_MAX], outer[DIGEST_MAX];
    if (key.n > sizeof block) {
        digest_once(DIGEST_SHA1, key, inner);
        memcpy(block, inner, 20);
    } else if (key.n) {
        memcpy(block, key.p, key.n);
    }
    struct digest d;
    for (int i = 0; i < 64; i++) block[i] ^= 0x36;
    digest_init(&d, DIGEST_SHA1);
    digest_add(&d, block, sizeof block);
    digest_add(&d, message.p, message.n);
    digest_end(&d, inner);
    for (int i = 0; i < 64; i++) block[i] ^= 0x36 ^ 0x5c;
    digest_init(&d, DIGEST_SHA1);
    digest_add(&d, block, sizeof block);
    digest_add(&d, inner, 20);
    digest_end(&d, outer);
    memcpy(out, outer, 20);
}

bool sigv2_check_policy(str secret, str policy, str signature, struct arena *a) {
    u8 mac[20];
    hmac_sha1(secret, policy, mac);
    return str_eq_constant_time(signature, base64_of(a, (str){(const char *)mac, sizeof mac}));
}

bool sigv2_check(const struct auth_request *r, const struct auth_claim *c, str secret, str bucket_of_host,
                 struct arena *a, str *to_sign) {
    *to_sign = string_to_sign(r, c, bucket_of_host, a);
    if (!to_sign->p) return false;
    if (sigv2_check_policy(secret, *to_sign, c->signature, a)) return true;
    /* botocore asks for "/bucket" and signs "/bucket/", as it would with the bucket in the host. */
    if (bucket_of_host.n || str_rfind_char(r->path, '/') != 0 || r->path.n < 2) return false;
    struct auth_request with_slash = *r;
    with_slash.path = arena_concat(a, r->path, S("/"));
    str other = string_to_sign(&with_slash, c, bucket_of_host, a);
    return other.p && sigv2_check_policy(secret, other, c->signature, a);
}
