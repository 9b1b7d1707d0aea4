#include "services/s3/access_point.h"
#include "services/s3/acl.h"

/*   accesspoint  region, name                                 -> struct access_point_row, behind its account
 *   pointed      bucket id, account, region, name             -> nothing, behind the bucket's account
 *   alias        alias                                        -> its ARN, behind no account
 *   block                                                     -> struct block_row, behind the account */
struct block_row {
    i32 blocks;
};
static const struct record_field block_fields[] = {RECORD_I32(1, struct block_row, blocks)};
static const struct record_type block_record = RECORD_TYPE(struct block_row, block_fields);

static const struct record_field access_point_fields[] = {
    RECORD_STR(1, struct access_point_row, alias),       RECORD_STR(2, struct access_point_row, bucket),
    RECORD_STR(3, struct access_point_row, bucket_account), RECORD_STR(4, struct access_point_row, vpc),
    RECORD_I32(5, struct access_point_row, public_access),  RECORD_I64(6, struct access_point_row, created_ms),
    RECORD_STR(7, struct access_point_row, policy),      RECORD_BOOL(8, struct access_point_row, policy_public),
    RECORD_STR(9, struct access_point_row, account),     RECORD_STR(10, struct access_point_row, region),
    RECORD_STR(11, struct access_point_row, name),
};
static const struct record_type access_point_record = RECORD_TYPE(struct access_point_row, access_point_fields);

/* ---- keys ---- */

static struct key key_of(struct call *c, str account, const char *type) {
    struct key k = key_new(c->arena, S("s3"));
    key_str(&k, account);
    key_str(&k, S(""));
    key_str(&k, str_of(type));
    return k;
}

str s3_access_points_prefix(struct call *c, str account, str region) {
    struct key k = key_of(c, account, "accesspoint");
    key_str(&k, region);
    return key_bytes(&k);
}

static str row_key(struct call *c, str account, str region, str name) {
    struct key k = key_of(c, account, "accesspoint");
    key_str(&k, region);
    key_str(&k, name);
    return key_bytes(&k);
}

static str alias_key(struct call *c, str alias) {
    struct key k = key_of(c, S(""), "alias");
    key_str(&k, alias);
    return key_bytes(&k);
}

static str pointed_key(struct call *c, const struct access_point_row *row, u64 bucket_id) {
    struct key k = key_of(c, row->bucket_account, "pointed");
    key_u64(&k, bucket_id);
    key_str(&k, row->account);
    key_str(&k, row->region);
    key_str(&k, row->name);
    return key_bytes(&k);
}

/* ---- rows ---- */

str s3_access_point_arn(struct call *c, const struct access_point_row *row) {
    return arn_format(c->arena, S("s3"), row->region, row->account, arena_concat(c->arena, S("accesspoint/"), row->name));
}

bool s3_access_point_read(struct call *c, str value, struct access_point_row *row) {
    *row = (struct access_point_row){0};
    return record_decode(c->arena, &access_point_record, value, row);
}

bool s3_access_point_get(struct call *c, str account, str region, str name, struct access_point_row *row) {
    enum { NAME_MAX_LENGTH = 50 };
    str value;
    if (name.n > NAME_MAX_LENGTH || region.n > NAME_MAX_LENGTH || !account_valid(account)) return false;
    return txn_get(c->txn, row_key(c, account, region, name), &value) && s3_access_point_read(c, value, row);
}

void s3_access_point_put(struct call *c, const struct access_point_row *row, u64 bucket_id) {
    txn_put(c->txn, row_key(c, row->account, row->region, row->name), record_encode(c->arena, &access_point_record, row));
    txn_put(c->txn, alias_key(c, row->alias), s3_access_point_arn(c, row));
    txn_put(c->txn, pointed_key(c, row, bucket_id), S(""));
    txn_raise_epoch(c->txn);
}

void s3_access_point_remove(struct call *c, const struct access_point_row *row, u64 bucket_id) {
    txn_delete(c->txn, row_key(c, row->account, row->region, row->name));
    txn_delete(c->txn, alias_key(c, row->alias));
    if (bucket_id) txn_delete(c->txn, pointed_key(c, row, bucket_id));
    txn_raise_epoch(c->txn);
}

bool s3_has_access_points(struct call *c, const struct bucket_row *bucket) {
    struct key k = key_of(c, bucket->account, "pointed");
    key_u64(&k, bucket->id);
    str prefix = key_bytes(&k), key, value;
    struct range rows = txn_range(c->txn, prefix, key_after_prefix(c->arena, prefix));
    return range_next(&rows, &key, &value);
}

/* ---- in the place of a bucket ---- */

static bool by_arn(struct call *c, str text, struct access_point_row *row) {
    struct arn arn;
    if (!arn_parse(text, &arn) || !str_eq(arn.service, S("s3"))) return false;
    bool named = str_starts(arn.resource, S("accesspoint/")) || str_starts(arn.resource, S("accesspoint:"));
    return named && s3_access_point_get(c, arn.account, arn.region, str_skip(arn.resource, S("accesspoint/").n), row);
}

static bool by_host(struct call *c, str name, struct access_point_row *row) {
    enum { ACCOUNT = 12 };
    bool opt_in;
    if (name.n <= ACCOUNT + 1 || name.p[name.n - ACCOUNT - 1] != '-') return false;
    str account = str_skip(name, name.n - ACCOUNT), point = str_take(name, name.n - ACCOUNT - 1), region;
    if (!account_valid(account)) return false;
    if (s3_access_point_get(c, account, c->region, point, row)) return true;
    for (size_t i = 0; (region = region_at(i, &opt_in)).p; i++) /* one endpoint is that of every region */
        if (s3_access_point_get(c, account, region, point, row)) return true;
    return false;
}

bool s3_access_point_find(struct call *c, str name, struct access_point_row *row) {
    enum { ALIAS_MAX = 63 };
    str arn;
    if (str_starts(name, S("arn:"))) return by_arn(c, name, row);
    if (name.n > ALIAS_MAX) return false;
    if (str_ends(name, S("-s3alias"))) return txn_get(c->txn, alias_key(c, name), &arn) && by_arn(c, arena_str(c->arena, arn), row);
    return by_host(c, name, row);
}

/* ---- what the gate asks ---- */

static void add_fact(struct call *c, struct auth_facts *facts, const char *key, str value) {
    struct auth_fact *all = NEW_ARRAY(c->arena, struct auth_fact, facts->n + 1);
    if (facts->n) memcpy(all, facts->v, facts->n * sizeof *all);
    all[facts->n++] = (struct auth_fact){str_of(key), value};
    facts->v = all;
}

static bool of_account(const struct call *c, str account) { return c->principal->account.p && str_eq(c->principal->account, account); }

/* The bucket must allow too. In one account that goes without saying, unless its policy denies. */
err s3_access_point_facts(struct call *c, const struct access_point_row *row, const struct bucket_row *bucket, str key, struct auth_facts *facts) {
    struct auth_facts *beneath = NEW(c->arena, struct auth_facts);
    str arn = s3_access_point_arn(c, row);
    if (row->vpc.p) return fail(c, &cloud_access_denied, "Access Denied"); /* nobody comes out of a VPC here */
    add_fact(c, facts, "s3:DataAccessPointArn", arn);
    add_fact(c, facts, "s3:DataAccessPointAccount", row->account);
    add_fact(c, facts, "s3:AccessPointNetworkOrigin", S("Internet"));
    *beneath = *facts;
    beneath->resource_arn = key.p ? s3_object_arn(c, bucket->name, key) : s3_bucket_arn(c, bucket->name);
    if (str_eq(row->account, bucket->account) && of_account(c, bucket->account)) beneath->granted = true;
    bool restricted = row->policy_public && (row->public_access | s3_account_blocks(c, row->account)) & S3_RESTRICT_PUBLIC_BUCKETS;
    *facts = (struct auth_facts){.resource_account = row->account,
                                 .resource_arn = key.p ? arena_format(c->arena, "%.*s/object/%.*s", STR_ARGS(arn), STR_ARGS(key)) : arn,
                                 .resource_policy = restricted && !of_account(c, row->account) ? (str){0} : row->policy,
                                 .v = facts->v,
                                 .n = facts->n,
                                 .beneath = beneath};
    return NULL;
}

/* ---- what an account blocks ---- */

static str block_key(struct call *c, str account) {
    struct key k = key_of(c, account, "block");
    return key_bytes(&k);
}

i32 s3_account_blocks(struct call *c, str account) {
    struct block_row row = {0};
    str value;
    if (txn_get(c->txn, block_key(c, account), &value)) ASSERT(record_decode(c->arena, &block_record, value, &row));
    return row.blocks;
}

void s3_account_blocks_put(struct call *c, str account, i32 blocks) {
    struct block_row row = {blocks};
    if (blocks) txn_put(c->txn, block_key(c, account), record_encode(c->arena, &block_record, &row));
    else txn_delete(c->txn, block_key(c, account));
    txn_raise_epoch(c->txn);
}

i32 s3_blocked(struct call *c, const struct bucket_row *bucket) { return bucket->public_access | s3_account_blocks(c, bucket->account); }
