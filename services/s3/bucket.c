/* Buckets. A bucket belongs to an account and has a region; one endpoint serves all regions. */
#include "services/s3/access_point.h"

bool s3_bucket_own(struct call *c, str account, str name, struct bucket_row *bucket) {
    str value;
    if (name.n > S3_BUCKET_NAME_MAX) return false; /* any length comes in; a row's key has its limit */
    if (!txn_get(c->txn, s3_bucket_key(c, account, name), &value)) return false;
    *bucket = (struct bucket_row){0};
    ASSERT(record_decode(c->arena, &s3_bucket_record, value, bucket));
    bucket->account = account;
    return true;
}

/* Another account's: of several that have the name, the oldest. */
static bool bucket_elsewhere(struct call *c, str name, struct bucket_row *bucket) {
    if (name.n > S3_BUCKET_NAME_MAX) return false;
    str prefix = s3_owners_prefix(c, name), key, account;
    struct range owners = txn_range(c->txn, prefix, key_after_prefix(c->arena, prefix));
    return range_next(&owners, &key, &account) && s3_bucket_own(c, arena_str(c->arena, account), name, bucket);
}

/* The account whose names come first. In a call that went over to a bucket's account, still the caller's. */
static str home_of(const struct call *c) {
    const struct principal *p = c->principal;
    return p && p->kind != PRINCIPAL_SERVICE && p->account.p ? p->account : c->account;
}

bool s3_bucket_find(struct call *c, str name, struct bucket_row *bucket) {
    struct access_point_row point;
    if (s3_bucket_own(c, home_of(c), name, bucket) || bucket_elsewhere(c, name, bucket)) return true;
    return s3_access_point_find(c, name, &point) && s3_bucket_own(c, point.bucket_account, point.bucket, bucket);
}

void s3_bucket_update(struct call *c, const struct bucket_row *bucket) {
    txn_put(c->txn, s3_bucket_key(c, bucket->account, bucket->name), record_encode(c->arena, &s3_bucket_record, bucket));
}

err s3_bucket_open(struct call *c, str name, str owner, struct bucket_row *bucket) {
    if (owner.p && !account_valid(owner))
        return fail(c, &s3_invalid_bucket_owner_aws_account_id,
                    "The value of the expected bucket owner parameter must be an AWS Account ID... "
                    "[%.*s]",
                    STR_ARGS(owner));
    if (!s3_bucket_find(c, name, bucket)) return s3_fail_no_bucket(c, name);
    bool charged = bucket->requester_pays && !str_eq(home_of(c), bucket->account);
    if (charged) answer_header(c, S("x-amz-request-charged"), S("requester"));
    c->payer = charged ? home_of(c) : (str){0};
    c->account = bucket->account;
    if (owner.p && !str_eq(owner, bucket->account)) return fail(c, &s3_access_denied, "Access Denied");
    return NULL;
}
