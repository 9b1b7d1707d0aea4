/* Instance profiles: how a role comes to a machine. At most one role each. */
#include "iam.h"

static struct iam_instance_profile shown(struct call *c, const struct entity *e, bool with_tags) {
    struct realm r = realm_of(c);
    struct iam_instance_profile profile = {.path = e->path, .instance_profile_name = e->name, .instance_profile_id = e->id,
                                           .arn = entity_arn(c->arena, e), .create_date = SOME_TIME(e->created_ms),
                                           .roles = {.v = NEW(c->arena, struct iam_role), .set = true}};
    struct entity role;
    if (e->role_id.p) {
        ASSERT(entity_load_by_id(&r, e->role_id, &role));
        profile.roles.v[profile.roles.n++] = role_shown(c, &role);
    }
    if (with_tags) profile.tags = tags_shown(c, profile.arn);
    return profile;
}

err iam_create_instance_profile(struct call *c, const struct iam_create_instance_profile_request *in,
                                struct iam_create_instance_profile_response *out) {
    struct entity e = {.kind = ENTITY_PROFILE, .name = in->instance_profile_name};
    TRY(entity_create(c, &e, in->path, &in->tags));
    out->instance_profile = NEW(c->arena, struct iam_instance_profile);
    *out->instance_profile = shown(c, &e, true);
    return NULL;
}

err iam_get_instance_profile(struct call *c, const struct iam_get_instance_profile_request *in, struct iam_get_instance_profile_response *out) {
    struct entity e;
    TRY(entity_open(c, ENTITY_PROFILE, in->instance_profile_name, &e));
    out->instance_profile = NEW(c->arena, struct iam_instance_profile);
    *out->instance_profile = shown(c, &e, true);
    return NULL;
}

err iam_delete_instance_profile(struct call *c, const struct iam_delete_instance_profile_request *in, struct wire_unit *out) {
    (void)out;
    struct entity e;
    TRY(entity_open(c, ENTITY_PROFILE, in->instance_profile_name, &e));
    if (e.role_id.p)
        return fail(c, &iam_delete_conflict_exception, "Cannot delete entity, must remove roles from instance profile first.");
    entity_delete(c, &e);
    return NULL;
}

err iam_list_instance_profiles(struct call *c, const struct iam_list_instance_profiles_request *in,
                               struct iam_list_instance_profiles_response *out) {
    struct realm r = realm_of(c);
    struct page p;
    TRY(page_open(c, &p, realm_key(&r, "instance-profile", (str){0}, (str){0}), in->marker, in->max_items));
    out->instance_profiles = (struct iam_instance_profile_list_type){.v = NEW_ARRAY(c->arena, struct iam_instance_profile, p.max), .set = true};
    for (struct entity e; page_entity(&p, ENTITY_PROFILE, in->path_prefix, &e);)
        out->instance_profiles.v[out->instance_profiles.n++] = shown(c, &e, false);
    page_close(&p, &out->is_truncated, &out->marker);
    return NULL;
}

/* ---- the role in it ---- */

err iam_add_role_to_instance_profile(struct call *c, const struct iam_add_role_to_instance_profile_request *in, struct wire_unit *out) {
    (void)out;
    struct realm r = realm_of(c);
    struct entity profile, role;
    TRY(entity_open(c, ENTITY_PROFILE, in->instance_profile_name, &profile));
    TRY(role_open_to_change(c, in->role_name, &role));
    TRY(pass_role(c, entity_arn(c->arena, &role), S("ec2.amazonaws.com")));
    TRY(quota_check(c, "InstanceSessionsPerInstanceProfile", 1, profile.role_id.p ? 2 : 1));
    profile.role_id = role.id;
    entity_save(&r, &profile);
    txn_put(c->txn, realm_key(&r, "profile-of", role.id, profile.id), S(""));
    txn_raise_epoch(c->txn);
    return NULL;
}

err iam_remove_role_from_instance_profile(struct call *c, const struct iam_remove_role_from_instance_profile_request *in, struct wire_unit *out) {
    (void)out;
    struct realm r = realm_of(c);
    struct entity profile, role;
    TRY(entity_open(c, ENTITY_PROFILE, in->instance_profile_name, &profile));
    TRY(role_open_to_change(c, in->role_name, &role));
    if (!str_eq(profile.role_id, role.id))
        return fail(c, &iam_no_such_entity_exception, "Role %.*s in Instance Profile %.*s cannot be found.", STR_ARGS(role.name),
                    STR_ARGS(profile.name));
    profile.role_id = (str){0};
    entity_save(&r, &profile);
    txn_delete(c->txn, realm_key(&r, "profile-of", role.id, profile.id));
    txn_raise_epoch(c->txn);
    return NULL;
}

err iam_list_instance_profiles_for_role(struct call *c, const struct iam_list_instance_profiles_for_role_request *in,
                                        struct iam_list_instance_profiles_for_role_response *out) {
    struct realm r = realm_of(c);
    struct entity role, profile;
    struct page p;
    str id, value;
    TRY(entity_open(c, ENTITY_ROLE, in->role_name, &role));
    TRY(page_open(c, &p, realm_key(&r, "profile-of", role.id, (str){0}), in->marker, in->max_items));
    out->instance_profiles = (struct iam_instance_profile_list_type){.v = NEW_ARRAY(c->arena, struct iam_instance_profile, p.max), .set = true};
    while (page_next(&p, &id, &value)) {
        ASSERT(entity_load_by_id(&r, id, &profile));
        out->instance_profiles.v[out->instance_profiles.n++] = shown(c, &profile, false);
    }
    page_close(&p, &out->is_truncated, &out->marker);
    return NULL;
}

struct iam_instance_profile_list_type instance_profiles_of(struct call *c, const struct entity *role) {
    struct realm r = realm_of(c);
    struct entity profile;
    struct iam_instance_profile_list_type list = {.v = NEW_ARRAY(c->arena, struct iam_instance_profile, rows_below(&r, "profile-of", role->id) + 1), .set = true};
    str from = realm_key(&r, "profile-of", role->id, (str){0}), key;
    struct range rows = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    while (range_next(&rows, &key, NULL)) {
        str rest = str_skip(key, from.n), id;
        ASSERT(key_read_str(&rest, c->arena, &id) && entity_load_by_id(&r, id, &profile));
        list.v[list.n++] = shown(c, &profile, false);
    }
    return list;
}

/* ---- tags ---- */

err iam_tag_instance_profile(struct call *c, const struct iam_tag_instance_profile_request *in, struct wire_unit *out) {
    (void)out;
    struct entity e;
    TRY(entity_open(c, ENTITY_PROFILE, in->instance_profile_name, &e));
    return tags_add(c, entity_arn(c->arena, &e), "TagsPerInstanceProfile", &in->tags);
}

err iam_untag_instance_profile(struct call *c, const struct iam_untag_instance_profile_request *in, struct wire_unit *out) {
    (void)out;
    struct entity e;
    TRY(entity_open(c, ENTITY_PROFILE, in->instance_profile_name, &e));
    untag_arn(c, entity_arn(c->arena, &e), &in->tag_keys);
    return NULL;
}

err iam_list_instance_profile_tags(struct call *c, const struct iam_list_instance_profile_tags_request *in,
                                   struct iam_list_instance_profile_tags_response *out) {
    struct entity e;
    TRY(entity_open(c, ENTITY_PROFILE, in->instance_profile_name, &e));
    return tags_page(c, entity_arn(c->arena, &e), in->marker, in->max_items, &out->tags, &out->is_truncated, &out->marker);
}
