/* S3 Control's operations on access grants: the instance of a region, its locations, the grants. */
#include "services/s3/access_grant.h"

/* ---- the instance ---- */

err s3control_create_access_grants_instance(struct call *c, const struct s3control_create_access_grants_instance_request *in,
                                            struct s3control_create_access_grants_instance_result *out) {
    struct grants_instance row = {.created_ms = c->now_ms}, old;
    TRY(s3_control_account_check(c, in->account_id));
    if (in->identity_center_arn.p) return fail(c, &cloud_not_implemented, "IAM Identity Center is not there: access grants are for users and roles of IAM.");
    if (grants_instance_get(c, &old)) return grants_fail(c, "AccessGrantsInstanceAlreadyExists", 409, "Access Grants Instance already exists");
    registry_add(c, grants_arn(c, "", S("")), S("AWS::S3::AccessGrantsInstance"));
    TRY(s3_control_tags_add(c, grants_arn(c, "", S("")), &in->tags));
    grants_instance_put(c, &row);
    out->created_at = SOME_TIME(row.created_ms);
    out->access_grants_instance_id = S("default");
    out->access_grants_instance_arn = grants_arn(c, "", S(""));
    return NULL;
}

err s3control_get_access_grants_instance(struct call *c, const struct s3control_get_access_grants_instance_request *in,
                                         struct s3control_get_access_grants_instance_result *out) {
    struct grants_instance row;
    TRY(grants_open(c, in->account_id, &row));
    out->created_at = SOME_TIME(row.created_ms);
    out->access_grants_instance_id = S("default");
    out->access_grants_instance_arn = grants_arn(c, "", S(""));
    return NULL;
}

err s3control_delete_access_grants_instance(struct call *c, const struct s3control_delete_access_grants_instance_request *in, struct wire_unit *out) {
    struct grants_instance row;
    struct grants_location location;
    struct range rows;
    str key;
    TRY(grants_open(c, in->account_id, &row));
    rows = grants_locations(c);
    if (grants_location_next(c, &rows, &key, &location))
        return grants_fail(c, "AccessGrantsInstanceNotEmptyError", 400, "The Access Grants Instance has locations: delete these first");
    registry_remove(c, grants_arn(c, "", S("")));
    grants_instance_delete(c);
    return NULL;
}

err s3control_list_access_grants_instances(struct call *c, const struct s3control_list_access_grants_instances_request *in,
                                           struct s3control_list_access_grants_instances_result *out) {
    struct grants_instance row;
    TRY(s3_control_account_check(c, in->account_id));
    out->access_grants_instances_list.set = true;
    if (!grants_instance_get(c, &row)) return NULL;
    out->access_grants_instances_list.v = NEW(c->arena, struct s3control_list_access_grants_instance_entry);
    out->access_grants_instances_list.v[out->access_grants_instances_list.n++] = (struct s3control_list_access_grants_instance_entry){
        .access_grants_instance_id = S("default"), .access_grants_instance_arn = grants_arn(c, "", S("")), .created_at = SOME_TIME(row.created_ms)};
    return NULL;
}

/* ---- locations ---- */

/* "s3://", a bucket of the region, or a prefix in it. */
static err scope_check(struct call *c, str scope) {
    struct bucket_row bucket;
    if (!str_starts(scope, S("s3://"))) return grants_fail(c, "InvalidAccessGrantsLocation", 400, "The location scope must begin with s3://");
    str rest = str_skip(scope, 5), name = str_cut(&rest, '/');
    if (!name.p || !name.n) return NULL;
    if (rest.n && !str_ends(rest, S("*"))) return grants_fail(c, "InvalidAccessGrantsLocation", 400, "A prefix of a location scope must end with *");
    bool there = s3_bucket_own(c, c->account, name, &bucket) && str_eq(bucket.region, c->region);
    return there ? NULL : grants_fail(c, "InvalidAccessGrantsLocation", 400, "The bucket of the location scope does not exist in this region");
}

static err role_check(struct call *c, str role) {
    struct arn arn;
    if (!arn_parse(role, &arn) || !str_eq(arn.service, S("iam")) || !str_starts(arn.resource, S("role/")))
        return grants_fail(c, "InvalidIamRole", 400, "The specified IAM Role is invalid");
    return pass_role(c, role, S("access-grants.s3.amazonaws.com"));
}

static err location_open(struct call *c, str account, str id, struct grants_location *row) {
    struct grants_instance instance;
    TRY(grants_open(c, account, &instance));
    return grants_location_get(c, id, row) ? NULL : grants_fail(c, "NoSuchAccessGrantsLocationError", 404, "The specified Access Grants Location does not exist");
}

err s3control_create_access_grants_location(struct call *c, const struct s3control_create_access_grants_location_request *in,
                                            struct s3control_create_access_grants_location_result *out) {
    struct grants_instance instance;
    struct grants_location row = {.scope = in->location_scope, .role = in->iam_role_arn, .created_ms = c->now_ms}, other;
    str key;
    TRY(grants_open(c, in->account_id, &instance));
    TRY(scope_check(c, in->location_scope));
    TRY(role_check(c, in->iam_role_arn));
    struct range rows = grants_locations(c);
    while (grants_location_next(c, &rows, &key, &other))
        if (str_eq(other.scope, row.scope)) return grants_fail(c, "AccessGrantsLocationAlreadyExistsError", 409, "An Access Grants Location with this scope already exists");
    row.id = str_eq(row.scope, S("s3://")) ? S("default") : id_uuid(c->arena);
    out->created_at = SOME_TIME(row.created_ms);
    out->access_grants_location_id = row.id;
    out->access_grants_location_arn = grants_arn(c, "/location/", row.id);
    out->location_scope = row.scope;
    out->iam_role_arn = row.role;
    grants_location_put(c, &row);
    registry_add(c, out->access_grants_location_arn, S("AWS::S3::AccessGrantsLocation"));
    return s3_control_tags_add(c, out->access_grants_location_arn, &in->tags);
}

err s3control_get_access_grants_location(struct call *c, const struct s3control_get_access_grants_location_request *in,
                                         struct s3control_get_access_grants_location_result *out) {
    struct grants_location row;
    TRY(location_open(c, in->account_id, in->access_grants_location_id, &row));
    out->created_at = SOME_TIME(row.created_ms);
    out->access_grants_location_id = row.id;
    out->access_grants_location_arn = grants_arn(c, "/location/", row.id);
    out->location_scope = row.scope;
    out->iam_role_arn = row.role;
    return NULL;
}

err s3control_update_access_grants_location(struct call *c, const struct s3control_update_access_grants_location_request *in,
                                            struct s3control_update_access_grants_location_result *out) {
    struct grants_location row;
    TRY(location_open(c, in->account_id, in->access_grants_location_id, &row));
    TRY(role_check(c, in->iam_role_arn));
    row.role = in->iam_role_arn;
    grants_location_put(c, &row);
    out->created_at = SOME_TIME(row.created_ms);
    out->access_grants_location_id = row.id;
    out->access_grants_location_arn = grants_arn(c, "/location/", row.id);
    out->location_scope = row.scope;
    out->iam_role_arn = row.role;
    return NULL;
}

err s3control_delete_access_grants_location(struct call *c, const struct s3control_delete_access_grants_location_request *in, struct wire_unit *out) {
    struct grants_location row;
    struct access_grant grant;
    str key;
    TRY(location_open(c, in->account_id, in->access_grants_location_id, &row));
    struct range rows = access_grants(c);
    while (access_grant_next(c, &rows, &key, &grant))
        if (str_eq(grant.location, row.id)) return grants_fail(c, "AccessGrantsLocationNotEmptyError", 400, "The Access Grants Location has grants: delete these first");
    registry_remove(c, grants_arn(c, "/location/", row.id));
    grants_location_delete(c, row.id);
    return NULL;
}

err s3control_list_access_grants_locations(struct call *c, const struct s3control_list_access_grants_locations_request *in,
                                           struct s3control_list_access_grants_locations_result *out) {
    struct grants_instance instance;
    struct grants_location row;
    str key;
    u32 max;
    TRY(grants_open(c, in->account_id, &instance));
    struct range rows = grants_locations(c);
    TRY(s3_control_page(c, in->next_token, in->max_results, &s3control_invalid_next_token_exception, &rows, &max));
    struct s3control_access_grants_locations_list *list = &out->access_grants_locations_list;
    list->v = NEW_ARRAY(c->arena, struct s3control_list_access_grants_locations_entry, max);
    list->set = true;
    while (grants_location_next(c, &rows, &key, &row)) {
        if (in->location_scope.n && !str_eq(in->location_scope, row.scope)) continue;
        if (list->n == max) return out->next_token = page_token(c, key), NULL;
        list->v[list->n++] = (struct s3control_list_access_grants_locations_entry){
            .created_at = SOME_TIME(row.created_ms), .access_grants_location_id = row.id, .access_grants_location_arn = grants_arn(c, "/location/", row.id),
            .location_scope = row.scope, .iam_role_arn = row.role};
    }
    return NULL;
}

/* ---- grants ---- */

/* The location's scope and the prefix beneath it. Beneath "s3://" that begins with the bucket. */
static err scope_of(struct call *c, const struct grants_location *l, str sub, bool of_object, str *scope) {
    str base = str_ends(l->scope, S("*")) ? str_take(l->scope, l->scope.n - 1) : l->scope, rest = str_skip(base, 5);
    bool slash = sub.n && rest.n && str_find_char(rest, '/') == STR_NONE;
    if (!rest.n && !sub.n) return grants_fail(c, "InvalidAccessGrant", 400, "A subprefix is needed beneath the location s3://");
    *scope = sub.n ? arena_format(c->arena, "%.*s%s%.*s", STR_ARGS(base), slash ? "/" : "", STR_ARGS(sub))
             : str_ends(l->scope, S("*")) ? l->scope : arena_concat(c->arena, base, S("/*"));
    bool wild = str_ends(*scope, S("*"));
    if (of_object && wild) return grants_fail(c, "InvalidAccessGrant", 400, "A grant of an object must not end with *");
    if (!of_object && !wild) return grants_fail(c, "InvalidAccessGrant", 400, "The subprefix of a grant must end with *");
    return NULL;
}

static err grantee_check(struct call *c, const struct s3control_grantee *g) {
    struct arn arn;
    if (!g->grantee_identifier.n) return grants_fail(c, "InvalidAccessGrant", 400, "A grantee is needed");
    if (!str_eq(g->grantee_type, S("IAM"))) return fail(c, &cloud_not_implemented, "IAM Identity Center is not there: access grants are for users and roles of IAM.");
    bool known = arn_parse(g->grantee_identifier, &arn) && str_eq(arn.service, S("iam")) && (str_starts(arn.resource, S("user/")) || str_starts(arn.resource, S("role/")));
    return known ? NULL : grants_fail(c, "InvalidAccessGrant", 400, "The grantee must be the ARN of a user or role");
}

err s3control_create_access_grant(struct call *c, const struct s3control_create_access_grant_request *in, struct s3control_create_access_grant_result *out) {
    struct grants_location location;
    struct access_grant row = {.created_ms = c->now_ms, .permission = in->permission, .application = in->application_arn,
                               .of_object = str_eq(in->s3_prefix_type, S("Object"))}, other;
    str key;
    TRY(location_open(c, in->account_id, in->access_grants_location_id, &location));
    TRY(grantee_check(c, in->grantee));
    if (in->application_arn.p && !str_eq(in->application_arn, S("ALL"))) return fail(c, &cloud_not_implemented, "IAM Identity Center is not there: no applications.");
    if (in->access_grants_location_configuration) row.sub_prefix = in->access_grants_location_configuration->s3_sub_prefix;
    TRY(scope_of(c, &location, row.sub_prefix, row.of_object, &row.scope));
    row.location = location.id;
    row.grantee = in->grantee->grantee_identifier;
    struct range rows = access_grants(c);
    while (access_grant_next(c, &rows, &key, &other))
        if (str_eq(other.scope, row.scope) && str_eq(other.grantee, row.grantee) && str_eq(other.permission, row.permission))
            return grants_fail(c, "AccessGrantAlreadyExists", 409, "An identical Access Grant already exists");
    row.id = id_uuid(c->arena);
    access_grant_put(c, &row);
    out->created_at = SOME_TIME(row.created_ms);
    out->access_grant_id = row.id;
    out->access_grant_arn = grants_arn(c, "/grant/", row.id);
    out->grantee = in->grantee;
    out->access_grants_location_id = row.location;
    out->access_grants_location_configuration = in->access_grants_location_configuration;
    out->permission = row.permission;
    out->application_arn = row.application;
    out->grant_scope = row.scope;
    registry_add(c, out->access_grant_arn, S("AWS::S3::AccessGrant"));
    return s3_control_tags_add(c, out->access_grant_arn, &in->tags);
}

static err grant_open(struct call *c, str account, str id, struct access_grant *row) {
    struct grants_instance instance;
    TRY(grants_open(c, account, &instance));
    return access_grant_get(c, id, row) ? NULL : grants_fail(c, "NoSuchAccessGrantError", 404, "The specified Access Grant does not exist");
}

static struct s3control_access_grants_location_configuration *configuration_of(struct call *c, const struct access_grant *row) {
    struct s3control_access_grants_location_configuration *l = NEW(c->arena, struct s3control_access_grants_location_configuration);
    l->s3_sub_prefix = row->sub_prefix;
    return row->sub_prefix.p ? l : NULL;
}

err s3control_get_access_grant(struct call *c, const struct s3control_get_access_grant_request *in, struct s3control_get_access_grant_result *out) {
    struct access_grant row;
    TRY(grant_open(c, in->account_id, in->access_grant_id, &row));
    out->created_at = SOME_TIME(row.created_ms);
    out->access_grant_id = row.id;
    out->access_grant_arn = grants_arn(c, "/grant/", row.id);
    out->grantee = grants_grantee(c, &row);
    out->permission = row.permission;
    out->access_grants_location_id = row.location;
    out->access_grants_location_configuration = configuration_of(c, &row);
    out->grant_scope = row.scope;
    out->application_arn = row.application;
    return NULL;
}

err s3control_delete_access_grant(struct call *c, const struct s3control_delete_access_grant_request *in, struct wire_unit *out) {
    struct access_grant row;
    TRY(grant_open(c, in->account_id, in->access_grant_id, &row));
    registry_remove(c, grants_arn(c, "/grant/", row.id));
    access_grant_delete(c, row.id);
    return NULL;
}

static bool listed(const struct s3control_list_access_grants_request *in, const struct access_grant *row) {
    return (!in->grantee_type.p || str_eq(in->grantee_type, S("IAM"))) && (!in->grantee_identifier.p || str_eq(in->grantee_identifier, row->grantee))
           && (!in->permission.p || str_eq(in->permission, row->permission)) && (!in->grant_scope.p || str_eq(in->grant_scope, row->scope))
           && (!in->application_arn.p || str_eq(in->application_arn, row->application));
}

err s3control_list_access_grants(struct call *c, const struct s3control_list_access_grants_request *in, struct s3control_list_access_grants_result *out) {
    struct grants_instance instance;
    struct access_grant row;
    str key;
    u32 max;
    TRY(grants_open(c, in->account_id, &instance));
    struct range rows = access_grants(c);
    TRY(s3_control_page(c, in->next_token, in->max_results, &s3control_invalid_next_token_exception, &rows, &max));
    struct s3control_access_grants_list *list = &out->access_grants_list;
    list->v = NEW_ARRAY(c->arena, struct s3control_list_access_grant_entry, max);
    list->set = true;
    while (access_grant_next(c, &rows, &key, &row)) {
        if (!listed(in, &row)) continue;
        if (list->n == max) return out->next_token = page_token(c, key), NULL;
        list->v[list->n++] = (struct s3control_list_access_grant_entry){
            .created_at = SOME_TIME(row.created_ms), .access_grant_id = row.id, .access_grant_arn = grants_arn(c, "/grant/", row.id),
            .grantee = grants_grantee(c, &row), .permission = row.permission, .access_grants_location_id = row.location,
            .access_grants_location_configuration = configuration_of(c, &row), .grant_scope = row.scope, .application_arn = row.application};
    }
    return NULL;
}
