/* Roles. A role that a service is linked to changes, but for description and tags, and goes only through its service
 * (service_role.c). */
#include "iam.h"

#include "cloud/policy_principal.h"
#include "text/json.h"

enum { SESSION_DEFAULT_S = 3600, TRUST_MAX = 2048 };

str trust_shown(struct call *c, const struct entity *e) { return document_shown(c, policy_principals_shown(c, e->trust)); }

struct iam_role role_shown(struct call *c, const struct entity *e) {
    struct iam_role role = {.path = e->path, .role_name = e->name, .role_id = e->id, .arn = entity_arn(c->arena, e),
                            .create_date = SOME_TIME(e->created_ms), .assume_role_policy_document = trust_shown(c, e),
                            .description = e->description, .max_session_duration = SOME_I32((i32)e->max_session_s)};
    return role;
}

struct iam_role_last_used *role_last_used(struct call *c, const struct entity *e) {
    struct iam_role_last_used *used = NEW(c->arena, struct iam_role_last_used);
    if (e->used_ms) *used = (struct iam_role_last_used){SOME_TIME(e->used_ms), e->used_region};
    return used;
}

/* Takes a role's trust in someone. */
static err trust_set(struct call *c, struct entity *e, str document) {
    struct policy_stranger stranger;
    struct json_reader json = json_reader_new(c->arena, document, json_default_limits);
    json_skip(&json);
    if (!json_done(&json)) return fail(c, &iam_malformed_policy_document_exception, "This policy contains invalid Json");
    TRY(document_check(c, document, POLICY_TRUST));
    TRY(quota_check(c, "ACLSizePerRole", TRUST_MAX, document_size(document)));
    if (policy_principals_bind(c, document, &e->trust, &stranger)) return NULL;
    return fail(c, &iam_malformed_policy_document_exception, "Invalid principal in policy: \"%s\":\"%.*s\"", stranger.type, STR_ARGS(stranger.name));
}

err iam_create_role(struct call *c, const struct iam_create_role_request *in, struct iam_create_role_response *out) {
    struct entity e = {.kind = ENTITY_ROLE, .name = in->role_name, .description = in->description,
                       .max_session_s = in->max_session_duration.set ? in->max_session_duration.v : SESSION_DEFAULT_S};
    TRY(trust_set(c, &e, in->assume_role_policy_document));
    TRY(entity_create(c, &e, in->path, &in->tags));
    if (in->permissions_boundary.p) TRY(boundary_set(c, &e, in->permissions_boundary));
    out->role = NEW(c->arena, struct iam_role);
    *out->role = role_shown(c, &e);
    if (!in->max_session_duration.set) out->role->max_session_duration.set = false; /* as recorded */
    out->role->permissions_boundary = boundary_shown(c, &e);
    out->role->tags = tags_shown(c, out->role->arn);
    return NULL;
}

err iam_get_role(struct call *c, const struct iam_get_role_request *in, struct iam_get_role_response *out) {
    struct entity e;
    TRY(entity_open(c, ENTITY_ROLE, in->role_name, &e));
    out->role = NEW(c->arena, struct iam_role);
    *out->role = role_shown(c, &e);
    out->role->permissions_boundary = boundary_shown(c, &e);
    out->role->tags = tags_shown(c, out->role->arn);
    out->role->role_last_used = role_last_used(c, &e);
    return NULL;
}

err iam_update_role(struct call *c, const struct iam_update_role_request *in, struct iam_update_role_response *out) {
    (void)out;
    struct realm r = realm_of(c);
    struct entity e;
    TRY(entity_open(c, ENTITY_ROLE, in->role_name, &e));
    if (in->max_session_duration.set) TRY(role_open_to_change(c, in->role_name, &e)); /* the description of any role may change */
    e.description = in->description;
    e.max_session_s = in->max_session_duration.set ? in->max_session_duration.v : SESSION_DEFAULT_S;
    entity_save(&r, &e);
    txn_raise_epoch(c->txn);
    return NULL;
}

err iam_update_role_description(struct call *c, const struct iam_update_role_description_request *in,
                                struct iam_update_role_description_response *out) {
    struct realm r = realm_of(c);
    struct entity e;
    TRY(entity_open(c, ENTITY_ROLE, in->role_name, &e));
    e.description = in->description;
    entity_save(&r, &e);
    out->role = NEW(c->arena, struct iam_role);
    *out->role = role_shown(c, &e);
    return NULL;
}

err iam_update_assume_role_policy(struct call *c, const struct iam_update_assume_role_policy_request *in, struct wire_unit *out) {
    (void)out;
    struct realm r = realm_of(c);
    struct entity e;
    TRY(role_open_to_change(c, in->role_name, &e));
    TRY(trust_set(c, &e, in->policy_document));
    entity_save(&r, &e);
    txn_raise_epoch(c->txn);
    return NULL;
}

err iam_delete_role(struct call *c, const struct iam_delete_role_request *in, struct wire_unit *out) {
    (void)out;
    struct entity e;
    TRY(role_open_to_change(c, in->role_name, &e));
    TRY(entity_must_be_bare(c, &e));
    if (e.boundary.p) TRY(boundary_set(c, &e, (str){0}));
    entity_delete(c, &e);
    return NULL;
}

err iam_list_roles(struct call *c, const struct iam_list_roles_request *in, struct iam_list_roles_response *out) {
    struct realm r = realm_of(c);
    struct page p;
    TRY(page_open(c, &p, realm_key(&r, "role", (str){0}, (str){0}), in->marker, in->max_items));
    out->roles = (struct iam_role_list_type){.v = NEW_ARRAY(c->arena, struct iam_role, p.max), .set = true};
    for (struct entity e; page_entity(&p, ENTITY_ROLE, in->path_prefix, &e);) out->roles.v[out->roles.n++] = role_shown(c, &e);
    page_close(&p, &out->is_truncated, &out->marker);
    return NULL;
}

/* ---- tags ---- */

err iam_tag_role(struct call *c, const struct iam_tag_role_request *in, struct wire_unit *out) {
    (void)out;
    struct entity e;
    TRY(entity_open(c, ENTITY_ROLE, in->role_name, &e));
    return tags_add(c, entity_arn(c->arena, &e), "TagsPerRole", &in->tags);
}

err iam_untag_role(struct call *c, const struct iam_untag_role_request *in, struct wire_unit *out) {
    (void)out;
    struct entity e;
    TRY(entity_open(c, ENTITY_ROLE, in->role_name, &e));
    untag_arn(c, entity_arn(c->arena, &e), &in->tag_keys);
    return NULL;
}

err iam_list_role_tags(struct call *c, const struct iam_list_role_tags_request *in, struct iam_list_role_tags_response *out) {
    struct entity e;
    TRY(entity_open(c, ENTITY_ROLE, in->role_name, &e));
    return tags_page(c, entity_arn(c->arena, &e), in->marker, in->max_items, &out->tags, &out->is_truncated, &out->marker);
}
