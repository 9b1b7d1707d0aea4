/* Names: the ARNs of buckets and objects, how answers name accounts, and what a bucket may be called. */
#include "services/s3/s3.h"

str s3_bucket_arn(struct call *c, str bucket) {
    return arn_format(c->arena, S("s3"), S(""), S(""), bucket);
}

str s3_object_arn(struct call *c, str bucket, str key) {
    str path = arena_format(c->arena, "%.*s/%.*s", STR_ARGS(bucket), STR_ARGS(key));
    return arn_format(c->arena, S("s3"), S(""), S(""), path);
}

str s3_canonical_id(struct call *c, str account) {
    char *id = arena_alloc(c->arena, CANONICAL_ID, 1);
    account_canonical_id(account, id);
    return (str){id, CANONICAL_ID};
}

struct s3_owner *s3_owner(struct call *c, str account) {
    struct s3_owner *owner = NEW(c->arena, struct s3_owner);
    owner->id = s3_canonical_id(c, account);
    return owner;
}

static bool name_character(char x) {
    return (x >= 'a' && x <= 'z') || (x >= '0' && x <= '9') || x == '-' || x == '.';
}

static bool looks_like_address(str name) {
    int dots = 0;
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] == '.') dots++;
        else if (name.p[i] < '0' || name.p[i] > '9') return false;
    }
    return dots == 3;
}

/* The rules for general purpose buckets, in the S3 user guide. */
bool s3_bucket_name_valid(str name) {
    static const char *const prefixes[] = {"xn--", "sthree-", "amzn-s3-demo-"};
    static const char *const suffixes[] = {"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"};
    if (name.n < 3 || name.n > 63 || looks_like_address(name)) return false;
    for (size_t i = 0; i < name.n; i++)
        if (!name_character(name.p[i])) return false;
    char first = name.p[0], last = name.p[name.n - 1];
    if (first == '.' || first == '-' || last == '.' || last == '-') return false;
    if (str_find(name, S("..")) != STR_NONE) return false;
    for (size_t i = 0; i < LENGTH(prefixes); i++)
        if (str_starts(name, str_of(prefixes[i]))) return false;
    for (size_t i = 0; i < LENGTH(suffixes); i++)
        if (str_ends(name, str_of(suffixes[i]))) return false;
    return true;
}
