#include "services/s3/acl.h"
#include "services/s3/observe.h"

/* The group to which lists of rights grant for access logs. */
static bool listed(struct call *c, const struct bucket_row *target) {
    struct s3_acl_row acl;
    if (s3_acls_off(target) || !s3_config_get(c, target, S3_CONFIG_ACL, &s3_acl_record, &acl)) return false;
    for (u32 i = 0; i < acl.grants.n; i++) {
        const struct s3_grant *g = &acl.grants.v[i];
        bool group = str_eq(g->grantee->uri, S("http://acs.amazonaws.com/groups/s3/LogDelivery"));
        if (group && (str_eq(g->permission, S("WRITE")) || str_eq(g->permission, S("FULL_CONTROL")))) return true;
    }
    return false;
}

err s3_deliver(struct call *c, const struct s3_delivery *d) {
    struct bucket_row target;
    str account = d->account.p ? d->account : d->source->account;
    if (!s3_bucket_own(c, account, d->bucket, &target)) return s3_fail_no_bucket(c, d->bucket);
    struct principal service = *c->principal;
    struct call as = *c;
    service.arn = str_of(d->service);
    as.principal = &service;
    as.outer = c; /* aws:SourceAccount is the source's */
    as.source_arn = s3_bucket_arn(c, d->source->name);
    as.account = target.account;
    as.region = target.region;
    as.notes = NULL;
    str arn = s3_object_arn(c, target.name, d->key);
    if (!(d->by_list && listed(c, &target)) && !s3_may(&as, &target, S("s3:PutObject"), arn)) return &cloud_access_denied;
    struct s3_put_object_request in = {.bucket = d->bucket, .key = d->key, .body = d->body, .content_type = d->content_type};
    struct s3_put_object_output out = {0};
    if (d->kms_key.n) {
        in.server_side_encryption = S("aws:kms");
        in.ssekms_key_id = d->kms_key;
    }
    return s3_put_object(&as, &in, &out);
}
