/* Access control lists. */
#include "services/s3/acl.h"
#include "services/s3/access_point.h"

enum { GRANTS_MAX = 100 };
#define GROUPS "http://acs.amazonaws.com/groups/"
static const char *const all_users = GROUPS "global/AllUsers", *const authenticated_users = GROUPS "global/AuthenticatedUsers",
                         *const log_delivery = GROUPS "s3/LogDelivery";
/* The canonical user of aws-exec-read: EC2 reading its images. */
static const char *const image_reader = "6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c";

static struct s3_grant grant_of(struct call *c, str type, str id, str uri, str permission) {
    struct s3_grant grant = {.permission = permission, .grantee = NEW(c->arena, struct s3_grantee)};
    *grant.grantee = (struct s3_grantee){.type = type, .id = id, .uri = uri};
    return grant;
}
static struct s3_grant to_user(struct call *c, str id, const char *permission) {
    return grant_of(c, S("CanonicalUser"), id, (str){0}, str_of(permission));
}
static struct s3_grant to_group(struct call *c, const char *uri, const char *permission) {
    return grant_of(c, S("Group"), (str){0}, str_of(uri), str_of(permission));
}

static void add(struct s3_grants *grants, struct s3_grant grant) {
    ASSERT(grants->n < GRANTS_MAX);
    grants->v[grants->n++] = grant;
    grants->set = true;
}

struct s3_grants s3_acl_shown(struct call *c, const struct s3_grants *grants, str owner) {
    struct s3_grants own = {.v = NEW_ARRAY(c->arena, struct s3_grant, 1)};
    if (grants->set) return *grants;
    own.v[0] = to_user(c, s3_canonical_id(c, owner), "FULL_CONTROL");
    own.n = 1;
    own.set = true;
    return own;
}

/* ---- canned ---- */

static err canned(struct call *c, const struct bucket_row *bucket, str name, str owner, struct s3_grants *grants) {
    str bucket_owner = s3_canonical_id(c, bucket->account);
    *grants = (struct s3_grants){.v = NEW_ARRAY(c->arena, struct s3_grant, 3)};
    if (str_eq(name, S("private"))) return NULL;
    add(grants, to_user(c, s3_canonical_id(c, owner), "FULL_CONTROL"));
    if (str_eq(name, S("public-read"))) add(grants, to_group(c, all_users, "READ"));
    else if (str_eq(name, S("public-read-write"))) add(grants, to_group(c, all_users, "READ")), add(grants, to_group(c, all_users, "WRITE"));
    else if (str_eq(name, S("authenticated-read"))) add(grants, to_group(c, authenticated_users, "READ"));
    else if (str_eq(name, S("aws-exec-read"))) add(grants, to_user(c, str_of(image_reader), "READ"));
    else if (str_eq(name, S("log-delivery-write"))) add(grants, to_group(c, log_delivery, "WRITE")), add(grants, to_group(c, log_delivery, "READ_ACP"));
    else if (str_eq(name, S("bucket-owner-read")) || str_eq(name, S("bucket-owner-full-control"))) {
        bool full = str_eq(name, S("bucket-owner-full-control"));
        if (!str_eq(owner, bucket->account)) add(grants, to_user(c, bucket_owner, full ? "FULL_CONTROL" : "READ"));
        else *grants = (struct s3_grants){0};
    } else return s3_fail_argument(c, "x-amz-acl", name, "");
    return NULL;
}

/* ---- what may stand in a list ---- */

static bool permission_known(str permission) {
    static const char *const known[] = {"FULL_CONTROL", "READ", "WRITE", "READ_ACP", "WRITE_ACP"};
    for (size_t i = 0; i < LENGTH(known); i++)
        if (str_eq(permission, str_of(known[i]))) return true;
    return false;
}

static err user_check(struct call *c, const char *argument, str id) {
    u8 bytes[32];
    if (id.n == 64 && hex_decode(id, bytes)) return NULL;
    return s3_fail_argument(c, argument, id, "Invalid id");
}

static err group_check(struct call *c, const char *argument, str uri) {
    const char *const known[] = {all_users, authenticated_users, log_delivery};
    for (size_t i = 0; i < LENGTH(known); i++)
        if (str_eq(uri, str_of(known[i]))) return NULL;
    return s3_fail_argument(c, argument, uri, "Invalid group uri");
}

/* No account of the cloud has a mail address that S3 could look up. */
static err mail_unknown(struct call *c, str address) {
    fail_detail(c, S("emailAddress"), address);
    return fail(c, &s3_unresolvable_grant_by_email_address,
                "The e-mail address you provided does not match any account on record.");
}

/* ---- x-amz-grant-read: id="...", uri="..." ---- */

static err header_grants(struct call *c, const char *header, str value, const char *permission, struct s3_grants *grants) {
    str rest = value;
    while (rest.p) {
        str one = str_trim(str_cut(&rest, ','));
        str text = one, key = str_trim(str_cut(&text, '='));
        str name = str_trim(text);
        if (name.n >= 2 && name.p[0] == '"' && name.p[name.n - 1] == '"') name = (str){name.p + 1, name.n - 2};
        if (grants->n == GRANTS_MAX) return s3_fail_malformed(c);
        if (str_eq(key, S("id"))) {
            TRY(user_check(c, "id", name));
            add(grants, to_user(c, name, permission));
        } else if (str_eq(key, S("uri"))) {
            TRY(group_check(c, "uri", name));
            add(grants, grant_of(c, S("Group"), (str){0}, name, str_of(permission)));
        } else if (str_eq(key, S("emailAddress"))) {
            return mail_unknown(c, name);
        } else {
            return s3_fail_argument(c, header, value, "Argument format not recognized");
        }
    }
    return NULL;
}

static err all_header_grants(struct call *c, const struct s3_acl_request *r, struct s3_grants *grants) {
    *grants = (struct s3_grants){.v = NEW_ARRAY(c->arena, struct s3_grant, GRANTS_MAX)};
    if (r->full_control.p) TRY(header_grants(c, "x-amz-grant-full-control", r->full_control, "FULL_CONTROL", grants));
    if (r->read.p) TRY(header_grants(c, "x-amz-grant-read", r->read, "READ", grants));
    if (r->read_acp.p) TRY(header_grants(c, "x-amz-grant-read-acp", r->read_acp, "READ_ACP", grants));
    if (r->write.p) TRY(header_grants(c, "x-amz-grant-write", r->write, "WRITE", grants));
    if (r->write_acp.p) TRY(header_grants(c, "x-amz-grant-write-acp", r->write_acp, "WRITE_ACP", grants));
    return NULL;
}

/* ---- a document ---- */

static err malformed_acl(struct call *c) {
    return fail(c, &s3_malformed_acl_error, "The XML you provided was not well-formed or did not validate against our published schema");
}

static err document_grants(struct call *c, const struct s3_access_control_policy *policy, str owner, struct s3_grants *grants) {
    if (!policy->owner || !policy->owner->id.p || !policy->grants.set || policy->grants.n > GRANTS_MAX) return malformed_acl(c);
    for (u32 i = 0; i < policy->grants.n; i++) {
        const struct s3_grant *grant = &policy->grants.v[i];
        const struct s3_grantee *to = grant->grantee;
        if (!to || !to->type.p || !permission_known(grant->permission)) return malformed_acl(c);
        if (!to->id.p && !to->uri.p && !to->email_address.p) return malformed_acl(c);
    }
    TRY(user_check(c, "CanonicalUser/ID", policy->owner->id));
    *grants = (struct s3_grants){.v = NEW_ARRAY(c->arena, struct s3_grant, policy->grants.n + 1), .set = true};
    for (u32 i = 0; i < policy->grants.n; i++) {
        const struct s3_grantee *to = policy->grants.v[i].grantee;
        if (to->email_address.p) return mail_unknown(c, to->email_address);
        bool user = str_eq(to->type, S("CanonicalUser"));
        if (user ? !to->id.p : !to->uri.p || !str_eq(to->type, S("Group"))) return malformed_acl(c);
        TRY(user ? user_check(c, "CanonicalUser/ID", to->id) : group_check(c, "Group/URI", to->uri));
        add(grants, grant_of(c, to->type, to->id, to->uri, policy->grants.v[i].permission));
    }
    if (!str_eq(policy->owner->id, s3_canonical_id(c, owner))) return fail(c, &cloud_access_denied, "Access Denied");
    return NULL;
}

/* ---- what a request asks for ---- */

static bool header_asked(const struct s3_acl_request *r) {
    return r->full_control.p || r->read.p || r->read_acp.p || r->write.p || r->write_acp.p;
}

bool s3_acl_asked(const struct s3_acl_request *r) { return r->canned.p || header_asked(r) || r->policy; }

err s3_acl_read(struct call *c, const struct bucket_row *bucket, const struct s3_acl_request *r, str owner,
                struct s3_grants *grants) {
    bool headers = header_asked(r);
    *grants = (struct s3_grants){0};
    if (r->policy && (r->canned.p || headers)) return fail(c, &s3_unexpected_content, "This request does not support content");
    if (r->canned.p && headers)
        return fail(c, &s3_invalid_request, "Specifying both Canned ACLs and Header Grants is not allowed");
    if (r->canned.p) return canned(c, bucket, r->canned, owner, grants);
    if (headers) return all_header_grants(c, r, grants);
    return r->policy ? document_grants(c, r->policy, owner, grants) : NULL;
}

/* ---- whom it lets in ---- */

static bool to_everybody(const struct s3_grantee *to) {
    return str_eq(to->uri, str_of(all_users)) || str_eq(to->uri, str_of(authenticated_users));
}

bool s3_acl_public(const struct s3_grants *grants) {
    for (u32 i = 0; i < grants->n; i++)
        if (to_everybody(grants->v[i].grantee)) return true;
    return false;
}

void s3_acl_facts(struct call *c, const struct bucket_row *bucket, const struct s3_grants *grants, const char *permission, struct auth_facts *facts) {
    const struct principal *p = c->principal;
    str id = p->account.p && p->kind != PRINCIPAL_SERVICE ? s3_canonical_id(c, p->account) : (str){0};
    for (u32 i = 0; i < grants->n; i++) {
        const struct s3_grant *grant = &grants->v[i];
        if (!str_eq(grant->permission, str_of(permission)) && !str_eq(grant->permission, S("FULL_CONTROL"))) continue;
        if (id.p && str_eq(grant->grantee->id, id)) facts->granted_to_account = true;
        if (!to_everybody(grant->grantee) || s3_blocked(c, bucket) & S3_IGNORE_PUBLIC_ACLS) continue;
        bool authenticated = p->kind != PRINCIPAL_ANONYMOUS && str_eq(grant->grantee->uri, str_of(authenticated_users));
        if (authenticated || str_eq(grant->grantee->uri, str_of(all_users))) facts->granted = true;
    }
}

err s3_fail_public(struct call *c, str action, str arn, const char *what, const char *setting) {
    return fail(c, &cloud_access_denied,
                "User: %.*s is not authorized to perform: %.*s on resource: \"%.*s\" because public %s are blocked by the %s "
                "block public access setting.",
                STR_ARGS(c->principal->arn.p ? c->principal->arn : S("anonymous")), STR_ARGS(action), STR_ARGS(arn), what, setting);
}

err s3_acl_of_new(struct call *c, const struct bucket_row *bucket, const struct s3_acl_request *r, struct object_row *object) {
    const struct principal *p = c->principal;
    bool own = p->kind == PRINCIPAL_SERVICE || !p->account.p || str_eq(p->account, bucket->account) || s3_acls_off(bucket);
    bool handed = bucket->ownership == S3_OWNERSHIP_PREFERRED && str_eq(r->canned, S("bucket-owner-full-control"));
    struct s3_grants grants;
    object->owner = own || handed ? (str){0} : p->account;
    object->grants = (struct s3_grants){0};
    TRY(s3_acl_read(c, bucket, r, object->owner.p ? object->owner : bucket->account, &grants));
    if (s3_acls_off(bucket)) {
        bool harmless = !s3_acl_asked(r) || str_eq(r->canned, S("private")) || str_eq(r->canned, S("bucket-owner-full-control"));
        return harmless ? NULL : fail(c, &s3_access_control_list_not_supported, "The bucket does not allow ACLs");
    }
    if (s3_acl_public(&grants) && s3_blocked(c, bucket) & S3_BLOCK_PUBLIC_ACLS)
        return s3_fail_public(c, S("s3:PutObject"), s3_bucket_arn(c, bucket->name), "access control lists (ACLs)", "BlockPublicAcls");
    object->grants = grants;
    return NULL;
}
