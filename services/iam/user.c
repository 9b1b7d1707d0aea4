/* Users, and who is meant when no user is named. */
#include "iam.h"

struct iam_attached_permissions_boundary *boundary_shown(struct call *c, const struct entity *e) {
    if (!e->boundary.n) return NULL;
    struct iam_attached_permissions_boundary *b = NEW(c->arena, struct iam_attached_permissions_boundary);
    *b = (struct iam_attached_permissions_boundary){S("Policy"), e->boundary};
    return b;
}

struct iam_user user_shown(struct call *c, const struct entity *e, bool with_tags) {
    struct iam_user user = {.path = e->path, .user_name = e->name, .user_id = e->id, .arn = entity_arn(c->arena, e),
                            .create_date = SOME_TIME(e->created_ms)};
    if (e->used_ms) user.password_last_used = SOME_TIME(e->used_ms);
    if (!with_tags) return user;
    user.permissions_boundary = boundary_shown(c, e);
    user.tags = tags_shown(c, user.arn);
    return user;
}

/* ---- who is meant ---- */

static err unnamed(struct call *c) {
    return fail(c, &cloud_validation, "Must specify userName when calling with non-User credentials");
}

err user_or_caller(struct call *c, str name, struct entity *e) {
    struct realm r = realm_of(c);
    const struct principal *p = c->principal;
    if (name.p) return entity_open(c, ENTITY_USER, name, e);
    *e = (struct entity){.kind = ENTITY_USER, .account = c->account};
    if (p->kind == PRINCIPAL_ROOT) return NULL;
    if (p->kind == PRINCIPAL_USER && entity_load_by_id(&r, p->user_id, e)) return NULL;
    return unnamed(c);
}

/* The root user is there without a row; its birth is the account's, which nothing here knows. */
struct iam_user root_shown(struct call *c) {
    return (struct iam_user){.path = S("/"), .user_name = S("root"), .user_id = c->account, .create_date = SOME_TIME(0),
                             .arn = arena_format(c->arena, "arn:aws:iam::%.*s:root", STR_ARGS(c->account))};
}

/* ---- operations ---- */

err iam_create_user(struct call *c, const struct iam_create_user_request *in, struct iam_create_user_response *out) {
    struct entity e = {.kind = ENTITY_USER, .name = in->user_name};
    TRY(entity_create(c, &e, in->path, &in->tags));
    if (in->permissions_boundary.p) TRY(boundary_set(c, &e, in->permissions_boundary));
    out->user = NEW(c->arena, struct iam_user);
    *out->user = user_shown(c, &e, true);
    return NULL;
}

err iam_get_user(struct call *c, const struct iam_get_user_request *in, struct iam_get_user_response *out) {
    struct entity e;
    TRY(user_or_caller(c, in->user_name, &e));
    out->user = NEW(c->arena, struct iam_user);
    *out->user = e.id.p ? user_shown(c, &e, true) : root_shown(c);
    return NULL;
}

err iam_update_user(struct call *c, const struct iam_update_user_request *in, struct wire_unit *out) {
    (void)out;
    struct entity e;
    TRY(entity_open(c, ENTITY_USER, in->user_name, &e));
    return entity_rename(c, &e, in->new_user_name, in->new_path);
}

err entity_must_be_bare(struct call *c, const struct entity *e) {
    static const struct {
        const char *row, *first;
    } burdens[] = {
        {"login", "delete login profile"},       {"key-of", "delete access keys"},
        {"in", "remove users from group"},       {"member", "remove users from group"},
        {"mfa-of", "delete MFA device"},         {"signing", "delete signing certificates"},
        {"ssh-key", "delete SSH public keys"},   {"credential", "delete service specific credentials"},
        {"attached", "detach all policies"},     {"inline", "delete policies"},
        {"profile-of", "remove roles from instance profile"},
    };
    struct realm r = realm_of(c);
    for (size_t i = 0; i < LENGTH(burdens); i++)
        if (any_below(&r, burdens[i].row, e->id))
            return fail(c, &iam_delete_conflict_exception, "Cannot delete entity, must %s first.", burdens[i].first);
    return NULL;
}

err iam_delete_user(struct call *c, const struct iam_delete_user_request *in, struct wire_unit *out) {
    (void)out;
    struct entity e;
    TRY(entity_open(c, ENTITY_USER, in->user_name, &e));
    TRY(entity_must_be_bare(c, &e));
    if (e.boundary.p) TRY(boundary_set(c, &e, (str){0}));
    entity_delete(c, &e);
    return NULL;
}

err iam_list_users(struct call *c, const struct iam_list_users_request *in, struct iam_list_users_response *out) {
    struct realm r = realm_of(c);
    struct page p;
    TRY(page_open(c, &p, realm_key(&r, "user", (str){0}, (str){0}), in->marker, in->max_items));
    out->users = (struct iam_user_list_type){.v = NEW_ARRAY(c->arena, struct iam_user, p.max), .set = true};
    for (struct entity e; page_entity(&p, ENTITY_USER, in->path_prefix, &e);) out->users.v[out->users.n++] = user_shown(c, &e, false);
    page_close(&p, &out->is_truncated, &out->marker);
    return NULL;
}

/* ---- tags ---- */

err iam_tag_user(struct call *c, const struct iam_tag_user_request *in, struct wire_unit *out) {
    (void)out;
    struct entity e;
    TRY(entity_open(c, ENTITY_USER, in->user_name, &e));
    return tags_add(c, entity_arn(c->arena, &e), "TagsPerUser", &in->tags);
}

err iam_untag_user(struct call *c, const struct iam_untag_user_request *in, struct wire_unit *out) {
    (void)out;
    struct entity e;
    TRY(entity_open(c, ENTITY_USER, in->user_name, &e));
    untag_arn(c, entity_arn(c->arena, &e), &in->tag_keys);
    return NULL;
}

err iam_list_user_tags(struct call *c, const struct iam_list_user_tags_request *in, struct iam_list_user_tags_response *out) {
    struct entity e;
    TRY(entity_open(c, ENTITY_USER, in->user_name, &e));
    return tags_page(c, entity_arn(c->arena, &e), in->marker, in->max_items, &out->tags, &out->is_truncated, &out->marker);
}
