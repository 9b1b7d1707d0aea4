#include "services/s3/acl.h"
#include "services/s3/delivery.h"

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

/* As a header of PutObject's says it: its owner's full control, then what the configuration grants. */
static str granted(struct call *c, const struct s3_delivery *d, const char *permission, str first) {
    struct buf b = buf_new(c->arena, 64 << 10);
    if (first.p) buf_format(&b, "id=\"%.*s\"", STR_ARGS(first));
    for (u32 i = 0; i < d->grants->n; i++) {
        const struct s3_target_grant *g = &d->grants->v[i];
        if (!str_eq(g->permission, str_of(permission))) continue;
        str who = g->grantee->uri.p ? g->grantee->uri : g->grantee->id;
        buf_format(&b, "%s%s=\"%.*s\"", b.n ? ", " : "", g->grantee->uri.p ? "uri" : "id", STR_ARGS(who));
    }
    return b.n ? buf_str(&b) : (str){0};
}

err s3_deliver(struct call *c, const struct s3_delivery *d) {
    struct bucket_row target;
    str account = d->account.p ? d->account : d->source->account;
    if (!s3_bucket_own(c, account, d->bucket, &target)) return s3_fail_no_bucket(c, d->bucket);
    struct principal *service = NEW(c->arena, struct principal);
    struct call *as = NEW(c->arena, struct call); /* what it counts names it until the commit */
    *service = *c->principal;
    service->arn = str_of(d->service);
    *as = *c;
    as->principal = service;
    as->outer = c; /* aws:SourceAccount is the source's */
    as->source_arn = s3_bucket_arn(c, d->source->name);
    as->account = target.account;
    as->region = target.region;
    str arn = s3_object_arn(c, target.name, d->key);
    if (!(d->by_list && listed(c, &target)) && !s3_may(as, &target, S("s3:PutObject"), arn)) return &cloud_access_denied;
    struct s3_put_object_request in = {.bucket = d->bucket, .key = d->key, .body = d->body, .content_type = d->content_type};
    struct s3_put_object_output out = {0};
    if (d->grants && d->grants->n && !s3_acls_off(&target)) {
        in.grant_full_control = granted(c, d, "FULL_CONTROL", s3_canonical_id(c, target.account));
        in.grant_read = granted(c, d, "READ", (str){0});
    }
    if (d->kms_key.n) {
        in.server_side_encryption = S("aws:kms");
        in.ssekms_key_id = d->kms_key;
    } else if (d->sse_s3) {
        in.server_side_encryption = S("AES256");
    }
    TRY(s3_put_object(as, &in, &out));
    c->notes = as->notes;
    return NULL;
}
