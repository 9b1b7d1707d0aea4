/* Who may do what with a bucket or object: whose it is, the bucket's policy, what lists of rights grant, and the tags that
 * policies may ask for. */
#include "services/s3/may.h"

#include "services/s3/access_point.h"
#include "services/s3/acl.h"

bool s3_caller_is_of(const struct call *c, str account) {
    const struct principal *p = c->principal;
    return p->kind == PRINCIPAL_SERVICE || (p->account.p && str_eq(p->account, account));
}

/* A policy that is public counts for the owner's account alone where the bucket restricts it. */
static void add_policy(struct call *c, const struct bucket_row *bucket, struct auth_facts *facts) {
    struct s3_policy_row row;
    if (!s3_config_get(c, bucket, S3_CONFIG_POLICY, &s3_policy_record, &row)) return;
    bool restricted = row.is_public && s3_blocked(c, bucket) & S3_RESTRICT_PUBLIC_BUCKETS;
    if (!restricted || s3_caller_is_of(c, bucket->account)) facts->resource_policy = row.json;
}

/* An object that another account wrote is that account's: the bucket's policy has no say over it. */
void s3_object_facts(struct call *c, const struct bucket_row *bucket, const struct object_row *object, struct s3_asked asked,
                       struct auth_facts *facts) {
    if (object->owner.p && !s3_acls_off(bucket) && asked.of_object) {
        facts->resource_account = object->owner;
        facts->resource_policy = (str){0};
    }
    if (asked.of_object && !s3_acls_off(bucket) && object->grants.set)
        s3_acl_facts(c, bucket, &object->grants, asked.permission, facts);
    if (!object->tags.n) return;
    facts->v = NEW_ARRAY(c->arena, struct auth_fact, object->tags.n);
    for (u32 i = 0; i < object->tags.n; i++)
        facts->v[facts->n++] = (struct auth_fact){
            arena_concat(c->arena, S("s3:ExistingObjectTag/"), object->tags.v[i].key), object->tags.v[i].value};
}

void s3_facts(struct call *c, const struct bucket_row *bucket, struct auth_facts *facts) {
    facts->resource_account = bucket->account;
    add_policy(c, bucket, facts);
}

/* What a right inside an operation asks of the bucket's list: those that operations decide for themselves. */
static const char *listed_permission(str action) {
    if (str_eq(action, S("s3:ListBucket")) || str_eq(action, S("s3:ListBucketVersions"))) return "READ";
    if (str_eq(action, S("s3:DeleteObject")) || str_eq(action, S("s3:DeleteObjectVersion"))) return "WRITE";
    return NULL;
}

static void facts_within(struct call *c, const struct bucket_row *bucket, str action, struct auth_facts *facts) {
    struct s3_acl_row acl;
    const char *permission = listed_permission(action);
    s3_facts(c, bucket, facts);
    if (permission && !s3_acls_off(bucket) && s3_config_get(c, bucket, S3_CONFIG_ACL, &s3_acl_record, &acl))
        s3_acl_facts(c, bucket, &acl.grants, permission, facts);
}

bool s3_may_miss(struct call *c, const struct bucket_row *bucket, str key) {
    struct auth_fact prefix = {S("s3:prefix"), key};
    struct auth_facts facts = {0};
    facts_within(c, bucket, S("s3:ListBucket"), &facts);
    facts.v = &prefix;
    facts.n = 1;
    return may_with(c, S("s3:ListBucket"), s3_bucket_arn(c, bucket->name), &facts);
}

bool s3_may(struct call *c, const struct bucket_row *bucket, str action, str arn) {
    struct auth_facts facts = {0};
    facts_within(c, bucket, action, &facts);
    return may_with(c, action, arn, &facts);
}

err s3_allow(struct call *c, const struct bucket_row *bucket, str name, str key, const struct object_row *object, str action) {
    struct auth_facts facts = {0};
    struct access_point_row point;
    str arn = s3_object_arn(c, bucket->name, key);
    facts_within(c, bucket, action, &facts);
    if (object) s3_object_facts(c, bucket, object, (struct s3_asked){"READ", true}, &facts);
    if (!str_eq(bucket->name, name) && s3_access_point_find(c, name, &point)) {
        TRY(s3_access_point_facts(c, &point, bucket, key, &facts));
        arn = facts.resource_arn;
    }
    if (!may_with(c, action, arn, &facts)) return deny(c, action, arn);
    const struct auth_facts *beneath = facts.beneath;
    return !beneath || may_with(c, action, beneath->resource_arn, beneath) ? NULL : deny(c, action, beneath->resource_arn);
}

bool s3_may_read(struct call *c, const struct bucket_row *bucket, const struct object_row *object, str action, str arn) {
    struct auth_facts facts = {0};
    s3_facts(c, bucket, &facts);
    if (object) s3_object_facts(c, bucket, object, (struct s3_asked){"READ", true}, &facts);
    return may_with(c, action, arn, &facts);
}

err s3_fail_no_key(struct call *c, const struct bucket_row *bucket, str key) {
    if (!s3_may_miss(c, bucket, key)) return deny(c, S("s3:ListBucket"), s3_bucket_arn(c, bucket->name));
    fail_detail(c, S("Key"), key);
    return fail(c, &s3_no_such_key, "The specified key does not exist.");
}
