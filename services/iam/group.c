/* Groups, and who is in them: two rows a membership, one from each side. */
#include "iam.h"

struct iam_group group_shown(struct call *c, const struct entity *e) {
    return (struct iam_group){.path = e->path, .group_name = e->name, .group_id = e->id, .arn = entity_arn(c->arena, e),
                              .create_date = SOME_TIME(e->created_ms)};
}

err iam_create_group(struct call *c, const struct iam_create_group_request *in, struct iam_create_group_response *out) {
    struct entity e = {.kind = ENTITY_GROUP, .name = in->group_name};
    TRY(entity_create(c, &e, in->path, NULL));
    out->group = NEW(c->arena, struct iam_group);
    *out->group = group_shown(c, &e);
    return NULL;
}

err iam_get_group(struct call *c, const struct iam_get_group_request *in, struct iam_get_group_response *out) {
    struct realm r = realm_of(c);
    struct entity e;
    struct page p;
    str id, value;
    TRY(entity_open(c, ENTITY_GROUP, in->group_name, &e));
    TRY(page_open(c, &p, realm_key(&r, "member", e.id, (str){0}), in->marker, in->max_items));
    out->group = NEW(c->arena, struct iam_group);
    *out->group = group_shown(c, &e);
    out->users = (struct iam_user_list_type){.v = NEW_ARRAY(c->arena, struct iam_user, p.max), .set = true};
    while (page_next(&p, &id, &value)) {
        struct entity user;
        ASSERT(entity_load_by_id(&r, id, &user));
        out->users.v[out->users.n++] = user_shown(c, &user, false);
    }
    page_close(&p, &out->is_truncated, &out->marker);
    return NULL;
}

err iam_update_group(struct call *c, const struct iam_update_group_request *in, struct wire_unit *out) {
    (void)out;
    struct entity e;
    TRY(entity_open(c, ENTITY_GROUP, in->group_name, &e));
    return entity_rename(c, &e, in->new_group_name, in->new_path);
}

err iam_delete_group(struct call *c, const struct iam_delete_group_request *in, struct wire_unit *out) {
    (void)out;
    struct entity e;
    TRY(entity_open(c, ENTITY_GROUP, in->group_name, &e));
    TRY(entity_must_be_bare(c, &e));
    entity_delete(c, &e);
    return NULL;
}

err iam_list_groups(struct call *c, const struct iam_list_groups_request *in, struct iam_list_groups_response *out) {
    struct realm r = realm_of(c);
    struct page p;
    TRY(page_open(c, &p, realm_key(&r, "group", (str){0}, (str){0}), in->marker, in->max_items));
    out->groups = (struct iam_group_list_type){.v = NEW_ARRAY(c->arena, struct iam_group, p.max), .set = true};
    for (struct entity e; page_entity(&p, ENTITY_GROUP, in->path_prefix, &e);) out->groups.v[out->groups.n++] = group_shown(c, &e);
    page_close(&p, &out->is_truncated, &out->marker);
    return NULL;
}

/* ---- membership ---- */

err iam_add_user_to_group(struct call *c, const struct iam_add_user_to_group_request *in, struct wire_unit *out) {
    (void)out;
    enum { GROUPS_PER_USER = 10 };
    struct realm r = realm_of(c);
    struct entity group, user;
    TRY(entity_open(c, ENTITY_GROUP, in->group_name, &group));
    TRY(entity_open(c, ENTITY_USER, in->user_name, &user));
    str of_user = realm_key(&r, "in", user.id, group.id);
    if (txn_get(c->txn, of_user, NULL)) return NULL;
    TRY(quota_check(c, "GroupsPerUser", GROUPS_PER_USER, rows_below(&r, "in", user.id) + 1));
    txn_put(c->txn, of_user, S(""));
    txn_put(c->txn, realm_key(&r, "member", group.id, user.id), S(""));
    txn_raise_epoch(c->txn);
    return NULL;
}

err iam_remove_user_from_group(struct call *c, const struct iam_remove_user_from_group_request *in, struct wire_unit *out) {
    (void)out;
    struct realm r = realm_of(c);
    struct entity group, user;
    TRY(entity_open(c, ENTITY_GROUP, in->group_name, &group));
    TRY(entity_open(c, ENTITY_USER, in->user_name, &user));
    txn_delete(c->txn, realm_key(&r, "in", user.id, group.id));
    txn_delete(c->txn, realm_key(&r, "member", group.id, user.id));
    txn_raise_epoch(c->txn);
    return NULL;
}

err iam_list_groups_for_user(struct call *c, const struct iam_list_groups_for_user_request *in, struct iam_list_groups_for_user_response *out) {
    struct realm r = realm_of(c);
    struct entity user, group;
    struct page p;
    str id, value;
    TRY(entity_open(c, ENTITY_USER, in->user_name, &user));
    TRY(page_open(c, &p, realm_key(&r, "in", user.id, (str){0}), in->marker, in->max_items));
    out->groups = (struct iam_group_list_type){.v = NEW_ARRAY(c->arena, struct iam_group, p.max), .set = true};
    while (page_next(&p, &id, &value)) {
        ASSERT(entity_load_by_id(&r, id, &group));
        out->groups.v[out->groups.n++] = group_shown(c, &group);
    }
    page_close(&p, &out->is_truncated, &out->marker);
    return NULL;
}
