#include "auth/sigv4.h"
#include "unit.h"

#define SECRET S("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")

static bool check(const char *method, const char *path, const char *query, const char *const (*headers)[2],
                  const char *bucket, enum auth_form form) {
    struct arena a = {0};
    struct auth_header h[8];
    size_t n = 0;
    for (; headers && headers[n][0]; n++) h[n] = (struct auth_header){str_of(headers[n][0]), str_of(headers[n][1])};
    struct auth_request r = {str_of(method), str_of(path), str_of(query), h, n};
    struct auth_claim c = auth_read(&r, &a);
    CHECK_INT(c.form, form);
    CHECK_STR(c.access_key, S("AKIAIOSFODNN7EXAMPLE"));
    str to_sign;
    bool right = sigv2_check(&r, &c, SECRET, str_of(bucket), &a, &to_sign);
    if (!right) printf("# string to sign:\n# %.*s\n", STR_ARGS(to_sign));
    CHECK(!sigv2_check(&r, &c, S("other"), str_of(bucket), &a, &to_sign));
    arena_free(&a);
    return right;
}

typedef const char *const header_list[][2];

/* "Authentication examples" of the S3 developer guide. */
static void documentation(void) {
    header_list get = {{"Host", "johnsmith.s3.amazonaws.com"}, {"Date", "Tue, 27 Mar 2007 19:36:42 +0000"},
                       {"Authorization", "AWS AKIAIOSFODNN7EXAMPLE:bWq2s1WEIj+Ydj0vQ697zp+IXMU="}, {NULL, NULL}};
    CHECK(check("GET", "/photos/puppy.jpg", NULL, get, "johnsmith", AUTH_V2_HEADER));
    header_list put = {{"Content-Type", "image/jpeg"}, {"Content-Length", "94328"},
                       {"Host", "johnsmith.s3.amazonaws.com"}, {"Date", "Tue, 27 Mar 2007 21:15:45 +0000"},
                       {"Authorization", "AWS AKIAIOSFODNN7EXAMPLE:MyyxeRY7whkBe+bq8fHCL/2kKUg="}, {NULL, NULL}};
    CHECK(check("PUT", "/photos/puppy.jpg", NULL, put, "johnsmith", AUTH_V2_HEADER));
    header_list list = {{"User-Agent", "Mozilla/5.0"}, {"Host", "johnsmith.s3.amazonaws.com"},
                        {"Date", "Tue, 27 Mar 2007 19:42:41 +0000"},
                        {"Authorization", "AWS AKIAIOSFODNN7EXAMPLE:htDYFYduRNen8P9ZfE/s9SuKy0U="}, {NULL, NULL}};
    CHECK(check("GET", "/", "prefix=photos&max-keys=50&marker=puppy", list, "johnsmith", AUTH_V2_HEADER));
    header_list acl = {{"Host", "johnsmith.s3.amazonaws.com"}, {"Date", "Tue, 27 Mar 2007 19:44:46 +0000"},
                       {"Authorization", "AWS AKIAIOSFODNN7EXAMPLE:c2WLPFtWHVgbEmeEG93a4cG37dM="}, {NULL, NULL}};
    CHECK(check("GET", "/", "acl", acl, "johnsmith", AUTH_V2_HEADER));
    CHECK(check("GET", "/photos/puppy.jpg",
                "AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D&Expires=1175139620",
                NULL, "johnsmith", AUTH_V2_QUERY));
}

/* Made by botocore 1.43.11's HmacV1QueryAuth. */
static void botocore_presigned(void) {
    CHECK(check("GET", "/bucket/a%20key",
                "response-content-disposition=attachment%3B%20filename%3Dx%2By.txt&versionId=abc&AWSAccessKeyId="
                "AKIAIOSFODNN7EXAMPLE&Signature=Ch99aArss%2Ftz407jTz%2FSMoJUddQ%3D&Expires=1175140220",
                NULL, NULL, AUTH_V2_QUERY));
    const char *put = "AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=dLtb56%2BWNHBjxyyeTvnGl5rv07o%3D&content-type="
                      "text%2Fplain&x-amz-meta-colour=blue%20%20green&x-amz-acl=private&Expires=1175140220";
    CHECK(check("PUT", "/bucket/key", put, NULL, NULL, AUTH_V2_QUERY));
    header_list as_headers = {{"content-type", "text/plain"}, {"X-Amz-Acl", "private"},
                              {"x-amz-meta-colour", "blue  green"}, {NULL, NULL}};
    CHECK(check("PUT", "/bucket/key", put, as_headers, NULL, AUTH_V2_QUERY));
    CHECK(check("GET", "/bucket/key",
                "AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=6K7Eprj6YEnY6W5ACzGWA79Hy0c%3D&x-amz-security-token="
                "to%2Bken%2F%3D&Expires=1175140220",
                NULL, NULL, AUTH_V2_QUERY));
    CHECK(check("GET", "/key",
                "x-id=GetObject&AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=A7KRJ091FWDV18ecYiDLh%2FwzKmE%3D&"
                "Expires=1175140220",
                NULL, "bucket", AUTH_V2_QUERY));
}

UNIT_MAIN(UNIT(documentation), UNIT(botocore_presigned))
