/* What a decision needs of IAM's own resources: their ARN, with the path that a name lacks, their tags, and
 * IAM's own condition keys. A table in the form of functions. */
#include "iam.h"

static void fact(struct call *c, struct auth_facts *facts, str key, str value) {
    enum { FACTS_MAX = 128 };
    if (!value.p || facts->n == FACTS_MAX) return;
    if (!facts->v) facts->v = NEW_ARRAY(c->arena, struct auth_fact, FACTS_MAX);
    facts->v[facts->n++] = (struct auth_fact){key, value};
}

/* What a call asks for stands before what is there: a condition is met by any of several values. */
static bool told(const struct auth_facts *facts, str key) {
    for (u32 i = 0; i < facts->n; i++)
        if (str_eq(facts->v[i].key, key)) return true;
    return false;
}

static err of_entity(struct call *c, struct auth_facts *facts, const struct entity *e) {
    facts->resource_arn = entity_arn(c->arena, e);
    struct record_pairs tags = tags_of(c, facts->resource_arn);
    for (u32 i = 0; i < tags.n; i++) {
        str key = tags.v[i].key, value = tags.v[i].value;
        fact(c, facts, arena_concat(c->arena, S("aws:ResourceTag/"), key), value);
        if (e->kind == ENTITY_USER || e->kind == ENTITY_ROLE) fact(c, facts, arena_concat(c->arena, S("iam:ResourceTag/"), key), value);
    }
    if (!told(facts, S("iam:PermissionsBoundary"))) fact(c, facts, S("iam:PermissionsBoundary"), e->boundary);
    return NULL;
}

static err named(struct call *c, struct auth_facts *facts, enum entity_kind kind, str name) {
    struct realm r = realm_of(c);
    struct entity e = {.kind = (u8)kind, .account = c->account, .path = S("/"), .name = name};
    (void)!entity_load(&r, kind, name, &e);
    return of_entity(c, facts, &e);
}

static err born(struct call *c, struct auth_facts *facts, enum entity_kind kind, str name, str path) {
    struct entity e = {.kind = (u8)kind, .account = c->account, .path = path.p ? path : S("/"), .name = name};
    facts->resource_arn = entity_arn(c->arena, &e);
    return NULL;
}

/* Nobody named: the caller. */
static err user(struct call *c, struct auth_facts *facts, str name) {
    struct realm r = realm_of(c);
    const struct principal *p = c->principal;
    struct entity e;
    if (name.p) return named(c, facts, ENTITY_USER, name);
    if (p->kind == PRINCIPAL_USER && entity_load_by_id(&r, p->user_id, &e)) return of_entity(c, facts, &e);
    facts->resource_arn = p->kind == PRINCIPAL_ROOT ? p->arn : S("*");
    return NULL;
}

static err policy(struct call *c, struct auth_facts *facts, str arn) {
    struct realm r = realm_of(c);
    struct entity e;
    facts->resource_arn = arn;
    facts->resource_account = c->account; /* AWS's own are at home in every account */
    return policy_load(&r, arn, &e) ? of_entity(c, facts, &e) : NULL;
}

#define FACTS(operation, ...)                                                                                                     \
    err iam_##operation##_facts(struct call *c, const struct iam_##operation##_request *in, struct auth_facts *facts) {          \
        return __VA_ARGS__;                                                                                                      \
    }
#define FACTS_AND(operation, key, value, ...)                                                                                    \
    err iam_##operation##_facts(struct call *c, const struct iam_##operation##_request *in, struct auth_facts *facts) {          \
        fact(c, facts, S(key), in->value);                                                                                       \
        return __VA_ARGS__;                                                                                                      \
    }

/* clang-format off */
FACTS_AND(create_user, "iam:PermissionsBoundary", permissions_boundary, born(c, facts, ENTITY_USER, in->user_name, in->path))
FACTS_AND(create_role, "iam:PermissionsBoundary", permissions_boundary, born(c, facts, ENTITY_ROLE, in->role_name, in->path))
FACTS(create_group, born(c, facts, ENTITY_GROUP, in->group_name, in->path))
FACTS(create_policy, born(c, facts, ENTITY_POLICY, in->policy_name, in->path))
FACTS(create_instance_profile, born(c, facts, ENTITY_PROFILE, in->instance_profile_name, in->path))

FACTS(get_user, user(c, facts, in->user_name))
FACTS(update_user, user(c, facts, in->user_name))
FACTS(delete_user, user(c, facts, in->user_name))
FACTS(tag_user, user(c, facts, in->user_name))
FACTS(untag_user, user(c, facts, in->user_name))
FACTS(list_user_tags, user(c, facts, in->user_name))
FACTS(list_groups_for_user, user(c, facts, in->user_name))
FACTS(put_user_policy, user(c, facts, in->user_name))
FACTS(get_user_policy, user(c, facts, in->user_name))
FACTS(delete_user_policy, user(c, facts, in->user_name))
FACTS(list_user_policies, user(c, facts, in->user_name))
FACTS(list_attached_user_policies, user(c, facts, in->user_name))
FACTS(create_access_key, user(c, facts, in->user_name))
FACTS(update_access_key, user(c, facts, in->user_name))
FACTS(delete_access_key, user(c, facts, in->user_name))
FACTS(list_access_keys, user(c, facts, in->user_name))
FACTS(delete_user_permissions_boundary, user(c, facts, in->user_name))
FACTS_AND(put_user_permissions_boundary, "iam:PermissionsBoundary", permissions_boundary, user(c, facts, in->user_name))
FACTS_AND(attach_user_policy, "iam:PolicyARN", policy_arn, user(c, facts, in->user_name))
FACTS_AND(detach_user_policy, "iam:PolicyARN", policy_arn, user(c, facts, in->user_name))

FACTS(get_group, named(c, facts, ENTITY_GROUP, in->group_name))
FACTS(update_group, named(c, facts, ENTITY_GROUP, in->group_name))
FACTS(delete_group, named(c, facts, ENTITY_GROUP, in->group_name))
FACTS(add_user_to_group, named(c, facts, ENTITY_GROUP, in->group_name))
FACTS(remove_user_from_group, named(c, facts, ENTITY_GROUP, in->group_name))
FACTS(put_group_policy, named(c, facts, ENTITY_GROUP, in->group_name))
FACTS(get_group_policy, named(c, facts, ENTITY_GROUP, in->group_name))
FACTS(delete_group_policy, named(c, facts, ENTITY_GROUP, in->group_name))
FACTS(list_group_policies, named(c, facts, ENTITY_GROUP, in->group_name))
FACTS(list_attached_group_policies, named(c, facts, ENTITY_GROUP, in->group_name))
FACTS_AND(attach_group_policy, "iam:PolicyARN", policy_arn, named(c, facts, ENTITY_GROUP, in->group_name))
FACTS_AND(detach_group_policy, "iam:PolicyARN", policy_arn, named(c, facts, ENTITY_GROUP, in->group_name))

FACTS(get_role, named(c, facts, ENTITY_ROLE, in->role_name))
FACTS(update_role, named(c, facts, ENTITY_ROLE, in->role_name))
FACTS(update_role_description, named(c, facts, ENTITY_ROLE, in->role_name))
FACTS(update_assume_role_policy, named(c, facts, ENTITY_ROLE, in->role_name))
FACTS(delete_role, named(c, facts, ENTITY_ROLE, in->role_name))
FACTS(tag_role, named(c, facts, ENTITY_ROLE, in->role_name))
FACTS(untag_role, named(c, facts, ENTITY_ROLE, in->role_name))
FACTS(list_role_tags, named(c, facts, ENTITY_ROLE, in->role_name))
FACTS(put_role_policy, named(c, facts, ENTITY_ROLE, in->role_name))
FACTS(get_role_policy, named(c, facts, ENTITY_ROLE, in->role_name))
FACTS(delete_role_policy, named(c, facts, ENTITY_ROLE, in->role_name))
FACTS(list_role_policies, named(c, facts, ENTITY_ROLE, in->role_name))
FACTS(list_attached_role_policies, named(c, facts, ENTITY_ROLE, in->role_name))
FACTS(delete_role_permissions_boundary, named(c, facts, ENTITY_ROLE, in->role_name))
FACTS_AND(put_role_permissions_boundary, "iam:PermissionsBoundary", permissions_boundary, named(c, facts, ENTITY_ROLE, in->role_name))
FACTS_AND(attach_role_policy, "iam:PolicyARN", policy_arn, named(c, facts, ENTITY_ROLE, in->role_name))
FACTS_AND(detach_role_policy, "iam:PolicyARN", policy_arn, named(c, facts, ENTITY_ROLE, in->role_name))

FACTS(get_policy, policy(c, facts, in->policy_arn))
FACTS(delete_policy, policy(c, facts, in->policy_arn))
FACTS(get_policy_version, policy(c, facts, in->policy_arn))
FACTS(create_policy_version, policy(c, facts, in->policy_arn))
FACTS(delete_policy_version, policy(c, facts, in->policy_arn))
FACTS(set_default_policy_version, policy(c, facts, in->policy_arn))
FACTS(list_policy_versions, policy(c, facts, in->policy_arn))
FACTS(list_entities_for_policy, policy(c, facts, in->policy_arn))
FACTS(tag_policy, policy(c, facts, in->policy_arn))
FACTS(untag_policy, policy(c, facts, in->policy_arn))
FACTS(list_policy_tags, policy(c, facts, in->policy_arn))

FACTS(get_instance_profile, named(c, facts, ENTITY_PROFILE, in->instance_profile_name))
FACTS(delete_instance_profile, named(c, facts, ENTITY_PROFILE, in->instance_profile_name))
FACTS(add_role_to_instance_profile, named(c, facts, ENTITY_PROFILE, in->instance_profile_name))
FACTS(remove_role_from_instance_profile, named(c, facts, ENTITY_PROFILE, in->instance_profile_name))
FACTS(tag_instance_profile, named(c, facts, ENTITY_PROFILE, in->instance_profile_name))
FACTS(untag_instance_profile, named(c, facts, ENTITY_PROFILE, in->instance_profile_name))
FACTS(list_instance_profile_tags, named(c, facts, ENTITY_PROFILE, in->instance_profile_name))
FACTS(list_instance_profiles_for_role, named(c, facts, ENTITY_ROLE, in->role_name))
FACTS_AND(create_service_linked_role, "iam:AWSServiceName", aws_service_name,
          born(c, facts, ENTITY_ROLE, S("AWSServiceRole*"), arena_format(c->arena, "/aws-service-role/%.*s/", STR_ARGS(in->aws_service_name))))
FACTS(delete_service_linked_role, named(c, facts, ENTITY_ROLE, in->role_name))
FACTS(create_login_profile, user(c, facts, in->user_name))
FACTS(get_login_profile, user(c, facts, in->user_name))
FACTS(update_login_profile, user(c, facts, in->user_name))
FACTS(delete_login_profile, user(c, facts, in->user_name))
FACTS(enable_mfa_device, user(c, facts, in->user_name))
FACTS(resync_mfa_device, user(c, facts, in->user_name))
FACTS(deactivate_mfa_device, user(c, facts, in->user_name))
FACTS(list_mfa_devices, user(c, facts, in->user_name))
FACTS(get_mfa_device, user(c, facts, in->user_name))
FACTS(get_server_certificate, named(c, facts, ENTITY_CERTIFICATE, in->server_certificate_name))
FACTS(update_server_certificate, named(c, facts, ENTITY_CERTIFICATE, in->server_certificate_name))
FACTS(delete_server_certificate, named(c, facts, ENTITY_CERTIFICATE, in->server_certificate_name))
FACTS(tag_server_certificate, named(c, facts, ENTITY_CERTIFICATE, in->server_certificate_name))
FACTS(untag_server_certificate, named(c, facts, ENTITY_CERTIFICATE, in->server_certificate_name))
FACTS(list_server_certificate_tags, named(c, facts, ENTITY_CERTIFICATE, in->server_certificate_name))
FACTS(upload_server_certificate, born(c, facts, ENTITY_CERTIFICATE, in->server_certificate_name, in->path))
FACTS(upload_ssh_public_key, user(c, facts, in->user_name))
FACTS(get_ssh_public_key, user(c, facts, in->user_name))
FACTS(update_ssh_public_key, user(c, facts, in->user_name))
FACTS(delete_ssh_public_key, user(c, facts, in->user_name))
FACTS(list_ssh_public_keys, user(c, facts, in->user_name))
FACTS(upload_signing_certificate, user(c, facts, in->user_name))
FACTS(update_signing_certificate, user(c, facts, in->user_name))
FACTS(delete_signing_certificate, user(c, facts, in->user_name))
FACTS(list_signing_certificates, user(c, facts, in->user_name))
FACTS(reset_service_specific_credential, user(c, facts, in->user_name))
FACTS(update_service_specific_credential, user(c, facts, in->user_name))
FACTS(delete_service_specific_credential, user(c, facts, in->user_name))
FACTS(list_service_specific_credentials, user(c, facts, in->user_name))
/* clang-format on */

err iam_create_service_specific_credential_facts(struct call *c, const struct iam_create_service_specific_credential_request *in, struct auth_facts *facts) {
    fact(c, facts, S("iam:ServiceSpecificCredentialServiceName"), in->service_name);
    if (in->credential_age_days.set) fact(c, facts, S("iam:ServiceSpecificCredentialAgeDays"), arena_format(c->arena, "%d", in->credential_age_days.v));
    return user(c, facts, in->user_name);
}

/* The password policy itself may let every user change the own password. */
err iam_change_password_facts(struct call *c, const struct iam_change_password_request *in, struct auth_facts *facts) {
    (void)in;
    struct realm r = realm_of(c);
    struct password_policy rules;
    facts->granted = c->principal->kind == PRINCIPAL_USER && password_policy_load(&r, &rules) && rules.users_may_change;
    return user(c, facts, (str){0});
}

err iam_create_open_id_connect_provider_facts(struct call *c, const struct iam_create_open_id_connect_provider_request *in,
                                              struct auth_facts *facts) {
    size_t scheme = str_find(in->url, S("://"));
    str url = scheme == STR_NONE ? in->url : str_skip(in->url, scheme + 3);
    facts->resource_arn = arena_format(c->arena, "arn:aws:iam::%.*s:oidc-provider/%.*s", STR_ARGS(c->account), STR_ARGS(url));
    return NULL;
}

err iam_create_saml_provider_facts(struct call *c, const struct iam_create_saml_provider_request *in, struct auth_facts *facts) {
    facts->resource_arn = arena_format(c->arena, "arn:aws:iam::%.*s:saml-provider/%.*s", STR_ARGS(c->account), STR_ARGS(in->name));
    return NULL;
}

err iam_create_virtual_mfa_device_facts(struct call *c, const struct iam_create_virtual_mfa_device_request *in, struct auth_facts *facts) {
    facts->resource_arn = arena_format(c->arena, "arn:aws:iam::%.*s:mfa%.*s%.*s", STR_ARGS(c->account),
                                       STR_ARGS(in->path.n ? in->path : S("/")), STR_ARGS(in->virtual_mfa_device_name));
    return NULL;
}
