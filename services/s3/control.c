/* S3 Control's operations on what S3 keeps: what an account blocks, access points, tags. */
#include "services/s3/access_grant.h"
#include "services/s3/acl.h"

#include "auth/policy.h"
#include "cloud/policy_principal.h"
#include "gen/s3control.h"

/* Requests say for which account they are: the caller's own. */
err s3_control_account_check(struct call *c, str account) {
    return str_eq(account, c->account) ? NULL : fail(c, &cloud_access_denied, "Access Denied");
}

err s3_control_page(struct call *c, str token, struct opt_i32 asked, err unknown, struct range *rows, u32 *max) {
    enum { PAGE_MAX = 1000 };
    str from;
    *max = asked.set ? (u32)MAX(MIN(asked.v, PAGE_MAX), 1) : PAGE_MAX;
    if (!token.p) return NULL;
    if (!page_position(c, token, &from)) return fail(c, unknown, "The provided token is not valid.");
    *rows = txn_range(c->txn, from, rows->to);
    return NULL;
}

/* ---- Block Public Access ---- */

static i32 blocks_of(const struct s3control_public_access_block_configuration *b) {
    return S3_PUBLIC_ACCESS_SET | (b->block_public_acls.v ? S3_BLOCK_PUBLIC_ACLS : 0) | (b->ignore_public_acls.v ? S3_IGNORE_PUBLIC_ACLS : 0)
           | (b->block_public_policy.v ? S3_BLOCK_PUBLIC_POLICY : 0) | (b->restrict_public_buckets.v ? S3_RESTRICT_PUBLIC_BUCKETS : 0);
}

static struct s3control_public_access_block_configuration *blocks_shown(struct call *c, i32 blocks) {
    struct s3control_public_access_block_configuration *b = NEW(c->arena, struct s3control_public_access_block_configuration);
    b->block_public_acls = SOME_BOOL(blocks & S3_BLOCK_PUBLIC_ACLS);
    b->ignore_public_acls = SOME_BOOL(blocks & S3_IGNORE_PUBLIC_ACLS);
    b->block_public_policy = SOME_BOOL(blocks & S3_BLOCK_PUBLIC_POLICY);
    b->restrict_public_buckets = SOME_BOOL(blocks & S3_RESTRICT_PUBLIC_BUCKETS);
    return b;
}

err s3control_put_public_access_block(struct call *c, const struct s3control_put_public_access_block_request *in, struct wire_unit *out) {
    TRY(s3_control_account_check(c, in->account_id));
    s3_account_blocks_put(c, c->account, blocks_of(in->public_access_block_configuration));
    return NULL;
}

err s3control_get_public_access_block(struct call *c, const struct s3control_get_public_access_block_request *in,
                                      struct s3control_get_public_access_block_output *out) {
    TRY(s3_control_account_check(c, in->account_id));
    i32 blocks = s3_account_blocks(c, c->account);
    if (!blocks) {
        fail_detail(c, S("AccountId"), c->account);
        return fail(c, &s3control_no_such_public_access_block_configuration, "The public access block configuration was not found");
    }
    out->public_access_block_configuration = blocks_shown(c, blocks);
    return NULL;
}

err s3control_delete_public_access_block(struct call *c, const struct s3control_delete_public_access_block_request *in, struct wire_unit *out) {
    TRY(s3_control_account_check(c, in->account_id));
    s3_account_blocks_put(c, c->account, 0);
    return NULL;
}

/* ---- access points ---- */

static bool name_valid(str name) {
    enum { LEAST = 3, MOST = 50 };
    if (name.n < LEAST || name.n > MOST || str_starts(name, S("xn--")) || str_ends(name, S("-s3alias"))) return false;
    for (size_t i = 0; i < name.n; i++) {
        char x = name.p[i];
        bool edge = i == 0 || i == name.n - 1;
        if (!((x >= 'a' && x <= 'z') || (x >= '0' && x <= '9') || (x == '-' && !edge))) return false;
    }
    return true;
}

/* At most 63 characters, as a bucket's name: S3's clients take it for one. */
static str new_alias(struct call *c, str name) {
    enum { PREFIX_MAX = 20, RANDOM = 34 };
    str random = id_from(c->arena, S("abcdefghijklmnopqrstuvwxyz0123456789"), RANDOM), prefix = str_take(name, PREFIX_MAX);
    return arena_format(c->arena, "%.*s-%.*s-s3alias", STR_ARGS(prefix), STR_ARGS(random));
}

static err point_open(struct call *c, str account, str name, struct access_point_row *row) {
    TRY(s3_control_account_check(c, account));
    if (s3_access_point_get(c, c->account, c->region, name, row)) return NULL;
    fail_detail(c, S("AccessPointName"), name);
    return fail(c, &s3control_no_such_access_point, "The specified accesspoint does not exist");
}

err s3_control_tags_add(struct call *c, str arn, const struct s3control_tag_list *tags) {
    static const struct tag_errors errors = {&s3control_too_many_tags_exception, &s3control_invalid_request};
    struct record_pairs pairs = {.v = NEW_ARRAY(c->arena, struct record_pair, tags->n + 1), .n = tags->n, .set = true};
    for (u32 i = 0; i < tags->n; i++) pairs.v[i] = (struct record_pair){tags->v[i].key, tags->v[i].value};
    return tags->n ? tags_set(c, arn, &pairs, &errors) : NULL;
}

err s3control_create_access_point(struct call *c, const struct s3control_create_access_point_request *in, struct s3control_create_access_point_result *out) {
    struct bucket_row bucket;
    struct access_point_row row = {.account = c->account, .region = c->region, .name = in->name, .bucket = in->bucket, .created_ms = c->now_ms}, before;
    TRY(s3_control_account_check(c, in->account_id));
    if (!name_valid(in->name)) {
        fail_detail(c, S("URI"), arena_concat(c->arena, S("accesspoint/"), in->name));
        return fail(c, &s3control_invalid_uri, "Couldn't parse the specified URI.");
    }
    if (!in->bucket.n) return s3_fail_malformed(c);
    row.bucket_account = in->bucket_account_id.p ? in->bucket_account_id : c->account;
    if (!s3_bucket_own(c, row.bucket_account, in->bucket, &bucket)) {
        fail_detail(c, S("BucketName"), in->bucket);
        return fail(c, &s3control_no_such_bucket, "The specified bucket does not exist");
    }
    if (!str_eq(bucket.region, c->region)) return fail(c, &s3control_invalid_request, "The bucket %.*s is not in the region %.*s.", STR_ARGS(in->bucket), STR_ARGS(c->region));
    if (s3_access_point_get(c, c->account, c->region, in->name, &before))
        return fail(c, &s3control_access_point_already_owned_by_you, "Your previous request to create the named accesspoint succeeded and you already own it.");
    row.alias = new_alias(c, in->name);
    if (in->vpc_configuration) row.vpc = in->vpc_configuration->vpc_id;
    row.public_access = in->public_access_block_configuration ? blocks_of(in->public_access_block_configuration)
                                                              : S3_PUBLIC_ACCESS_SET | S3_BLOCK_PUBLIC_ACLS | S3_IGNORE_PUBLIC_ACLS | S3_BLOCK_PUBLIC_POLICY | S3_RESTRICT_PUBLIC_BUCKETS;
    s3_access_point_put(c, &row, bucket.id);
    out->access_point_arn = s3_access_point_arn(c, &row);
    out->alias = row.alias;
    registry_add(c, out->access_point_arn, S("AWS::S3::AccessPoint"));
    return s3_control_tags_add(c, out->access_point_arn, &in->tags);
}

static str network_origin(const struct access_point_row *row) { return row->vpc.p ? S("VPC") : S("Internet"); }

static struct s3control_vpc_configuration *vpc_shown(struct call *c, const struct access_point_row *row) {
    if (!row->vpc.p) return NULL;
    struct s3control_vpc_configuration *vpc = NEW(c->arena, struct s3control_vpc_configuration);
    vpc->vpc_id = row->vpc;
    return vpc;
}

static struct s3control_endpoints endpoints_of(struct call *c, str region) {
    static const struct {
        const char *kind, *host;
    } endpoints[] = {{"ipv4", "s3-accesspoint."}, {"dualstack", "s3-accesspoint.dualstack."}, {"fips", "s3-accesspoint-fips."}, {"fips_dualstack", "s3-accesspoint-fips.dualstack."}};
    struct s3control_endpoints shown = {.v = NEW_ARRAY(c->arena, struct s3control_endpoints_entry, LENGTH(endpoints)), .n = LENGTH(endpoints), .set = true};
    for (size_t i = 0; i < LENGTH(endpoints); i++)
        shown.v[i] = (struct s3control_endpoints_entry){str_of(endpoints[i].kind), arena_format(c->arena, "%s%.*s.amazonaws.com", endpoints[i].host, STR_ARGS(region))};
    return shown;
}

err s3control_get_access_point(struct call *c, const struct s3control_get_access_point_request *in, struct s3control_get_access_point_result *out) {
    struct access_point_row row;
    TRY(point_open(c, in->account_id, in->name, &row));
    out->name = row.name;
    out->bucket = row.bucket;
    out->bucket_account_id = row.bucket_account;
    out->network_origin = network_origin(&row);
    out->vpc_configuration = vpc_shown(c, &row);
    out->public_access_block_configuration = blocks_shown(c, row.public_access);
    out->creation_date = SOME_TIME(row.created_ms);
    out->alias = row.alias;
    out->access_point_arn = s3_access_point_arn(c, &row);
    out->endpoints = endpoints_of(c, row.region);
    return NULL;
}

err s3control_delete_access_point(struct call *c, const struct s3control_delete_access_point_request *in, struct wire_unit *out) {
    struct access_point_row row;
    struct bucket_row bucket = {0};
    TRY(point_open(c, in->account_id, in->name, &row));
    (void)s3_bucket_own(c, row.bucket_account, row.bucket, &bucket);
    s3_access_point_remove(c, &row, bucket.id);
    registry_remove(c, s3_access_point_arn(c, &row));
    return NULL;
}

err s3control_list_access_points(struct call *c, const struct s3control_list_access_points_request *in, struct s3control_list_access_points_result *out) {
    u32 max;
    TRY(s3_control_account_check(c, in->account_id));
    str prefix = s3_access_points_prefix(c, c->account, c->region), key, value;
    struct range rows = txn_range(c->txn, prefix, key_after_prefix(c->arena, prefix));
    TRY(s3_control_page(c, in->next_token, in->max_results, &s3control_invalid_request, &rows, &max));
    out->access_point_list.v = NEW_ARRAY(c->arena, struct s3control_access_point, max);
    out->access_point_list.set = true;
    while (range_next(&rows, &key, &value)) {
        struct access_point_row row;
        ASSERT(s3_access_point_read(c, value, &row));
        if (in->bucket.p && !str_eq(in->bucket, row.bucket)) continue;
        if (out->access_point_list.n == max) {
            out->next_token = page_token(c, key);
            return NULL;
        }
        out->access_point_list.v[out->access_point_list.n++] = (struct s3control_access_point){
            .name = row.name, .network_origin = network_origin(&row), .vpc_configuration = vpc_shown(c, &row), .bucket = row.bucket,
            .access_point_arn = s3_access_point_arn(c, &row), .alias = row.alias, .bucket_account_id = row.bucket_account};
    }
    return NULL;
}

/* ---- their policies ---- */

static err point_update(struct call *c, const struct access_point_row *row) {
    struct bucket_row bucket = {0};
    (void)s3_bucket_own(c, row->bucket_account, row->bucket, &bucket);
    s3_access_point_put(c, row, bucket.id);
    return NULL;
}

err s3control_put_access_point_policy(struct call *c, const struct s3control_put_access_point_policy_request *in, struct wire_unit *out) {
    struct access_point_row row;
    str problem = {0};
    TRY(point_open(c, in->account_id, in->name, &row));
    str arn = s3_access_point_arn(c, &row);
    if (!in->policy.n) return s3_fail_malformed(c);
    const struct policy *policy = policy_compile(in->policy, POLICY_RESOURCE, c->arena, &problem);
    if (!policy) return fail(c, &s3control_malformed_policy, "%.*s", STR_ARGS(problem));
    if (!policy_actions_of(policy, S("s3"))) return fail(c, &s3control_malformed_policy, "Policy has invalid action");
    if (!policy_resources_of(policy, arn)) return fail(c, &s3control_malformed_policy, "Policy has invalid resource");
    TRY(s3_policy_bind(c, in->policy, &row.policy, &s3control_malformed_policy));
    row.policy_public = policy_is_public(policy);
    if (row.policy_public && (row.public_access | s3_account_blocks(c, c->account)) & S3_BLOCK_PUBLIC_POLICY)
        return s3_fail_public(c, S("s3:PutAccessPointPolicy"), arn, "policies", "BlockPublicPolicy");
    return point_update(c, &row);
}

static err policy_open(struct call *c, str account, str name, struct access_point_row *row) {
    TRY(point_open(c, account, name, row));
    if (row->policy.p) return NULL;
    fail_detail(c, S("AccessPointName"), name);
    return fail(c, &s3control_no_such_access_point_policy, "The specified accesspoint policy does not exist");
}

err s3control_get_access_point_policy(struct call *c, const struct s3control_get_access_point_policy_request *in, struct s3control_get_access_point_policy_result *out) {
    struct access_point_row row;
    TRY(policy_open(c, in->account_id, in->name, &row));
    out->policy = policy_principals_shown(c, row.policy);
    return NULL;
}

err s3control_get_access_point_policy_status(struct call *c, const struct s3control_get_access_point_policy_status_request *in,
                                             struct s3control_get_access_point_policy_status_result *out) {
    struct access_point_row row;
    TRY(policy_open(c, in->account_id, in->name, &row));
    out->policy_status = NEW(c->arena, struct s3control_policy_status);
    out->policy_status->is_public = SOME_BOOL(row.policy_public);
    return NULL;
}

err s3control_delete_access_point_policy(struct call *c, const struct s3control_delete_access_point_policy_request *in, struct wire_unit *out) {
    struct access_point_row row;
    TRY(point_open(c, in->account_id, in->name, &row));
    row.policy = (str){0};
    row.policy_public = false;
    return point_update(c, &row);
}

/* ---- tags of buckets, access points and grants; what other services keep has theirs elsewhere, under other rights ---- */

static err resource_open(struct call *c, str account, str arn) {
    struct resource found;
    TRY(s3_control_account_check(c, account));
    if (registry_get(c, arn, &found) && str_starts(found.type, S("AWS::S3::")) && str_eq(found.account, c->account)) return NULL;
    return fail(c, &s3control_no_such_resource, "The specified resource doesn't exist.");
}

err s3control_tag_resource(struct call *c, const struct s3control_tag_resource_request *in, struct s3control_tag_resource_result *out) {
    TRY(resource_open(c, in->account_id, in->resource_arn));
    return s3_control_tags_add(c, in->resource_arn, &in->tags);
}

err s3control_untag_resource(struct call *c, const struct s3control_untag_resource_request *in, struct s3control_untag_resource_result *out) {
    TRY(resource_open(c, in->account_id, in->resource_arn));
    tags_remove(c, in->resource_arn, in->tag_keys.v, in->tag_keys.n);
    return NULL;
}

err s3control_list_tags_for_resource(struct call *c, const struct s3control_list_tags_for_resource_request *in,
                                     struct s3control_list_tags_for_resource_result *out) {
    TRY(resource_open(c, in->account_id, in->resource_arn));
    struct record_pairs tags = tags_of(c, in->resource_arn);
    out->tags.v = NEW_ARRAY(c->arena, struct s3control_tag, tags.n + 1);
    out->tags.set = true;
    for (; out->tags.n < tags.n; out->tags.n++) out->tags.v[out->tags.n] = (struct s3control_tag){tags.v[out->tags.n].key, tags.v[out->tags.n].value};
    return NULL;
}
