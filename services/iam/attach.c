/* Managed policies on users, groups and roles, and as their boundaries. Two rows each:
 * ("attached", owner id, policy) -> ARN, and ("attachment", policy id, use and owner id) -> nothing. */
#include "iam.h"

enum { ATTACHED_MAX = 10 };
static const char of_permissions[] = "p", of_boundary[] = "b"; /* the use */

/* By name, in the account's own and AWS's: no name has a slash. */
static str attached_key(const struct realm *r, const struct entity *owner, const struct entity *policy) {
    str name = name_folded(r->arena, policy->name);
    return realm_key(r, "attached", owner->id, policy_is_aws(policy) ? arena_concat(r->arena, name, S("/aws")) : name);
}

static str attachment_key(const struct realm *r, const struct entity *policy, const char *use, str owner_id) {
    return realm_key(r, "attachment", policy->id, arena_concat(r->arena, str_of(use), owner_id));
}

err policy_attach(struct call *c, const struct entity *owner, str arn) {
    static const char *const quotas[ENTITY_KINDS] = {
        [ENTITY_USER] = "PoliciesPerUser", [ENTITY_GROUP] = "PoliciesPerGroup", [ENTITY_ROLE] = "PoliciesPerRole"};
    struct realm r = realm_of(c);
    struct entity policy;
    TRY(policy_attachable(c, arn, &policy));
    str key = attached_key(&r, owner, &policy);
    if (txn_get(c->txn, key, NULL)) return NULL;
    TRY(quota_check(c, quotas[owner->kind], ATTACHED_MAX, rows_below(&r, "attached", owner->id) + 1));
    txn_put(c->txn, key, arn);
    txn_put(c->txn, attachment_key(&r, &policy, of_permissions, owner->id), S(""));
    policy_count(c, &policy, 1, 0);
    txn_raise_epoch(c->txn);
    return NULL;
}

err policy_detach(struct call *c, const struct entity *owner, str arn) {
    struct realm r = realm_of(c);
    struct entity policy;
    TRY(policy_open(c, arn, &policy));
    str key = attached_key(&r, owner, &policy);
    if (!txn_get(c->txn, key, NULL)) return fail(c, &iam_no_such_entity_exception, "Policy %.*s was not found.", STR_ARGS(arn));
    txn_delete(c->txn, key);
    txn_delete(c->txn, attachment_key(&r, &policy, of_permissions, owner->id));
    policy_count(c, &policy, -1, 0);
    txn_raise_epoch(c->txn);
    return NULL;
}

err policies_detach_all(struct call *c, const struct entity *owner) {
    struct iam_attached_policies_list_type all = attached_shown(c, owner);
    for (u32 i = 0; i < all.n; i++) TRY(policy_detach(c, owner, all.v[i].policy_arn));
    return NULL;
}

struct iam_attached_policies_list_type attached_shown(struct call *c, const struct entity *owner) {
    struct realm r = realm_of(c);
    str from = realm_key(&r, "attached", owner->id, (str){0}), key, arn;
    struct range rows = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    u32 n = (u32)rows_below(&r, "attached", owner->id);
    struct iam_attached_policies_list_type list = {.v = NEW_ARRAY(c->arena, struct iam_attached_policy, n + 1), .set = true};
    while (range_next(&rows, &key, &arn)) {
        arn = arena_str(c->arena, arn);
        list.v[list.n++] = (struct iam_attached_policy){str_skip(arn, str_rfind_char(arn, '/') + 1), arn};
    }
    return list;
}

static str path_in_arn(str arn) {
    str resource = str_skip(arn, str_find_char(arn, '/'));
    return str_take(resource, str_rfind_char(resource, '/') + 1);
}

static err list(struct call *c, const struct entity *owner, str path_prefix, str marker, struct opt_i32 max_items,
                struct iam_attached_policies_list_type *policies, struct opt_bool *is_truncated, str *next) {
    struct realm r = realm_of(c);
    struct page p;
    str rest, arn;
    TRY(page_open(c, &p, realm_key(&r, "attached", owner->id, (str){0}), marker, max_items));
    *policies = (struct iam_attached_policies_list_type){.v = NEW_ARRAY(c->arena, struct iam_attached_policy, p.max), .set = true};
    while (page_next(&p, &rest, &arn)) {
        str name = str_skip(arn, str_rfind_char(arn, '/') + 1);
        if (path_prefix.p && !str_starts(path_in_arn(arn), path_prefix)) page_skip(&p);
        else policies->v[policies->n++] = (struct iam_attached_policy){name, arn};
    }
    page_close(&p, is_truncated, next);
    return NULL;
}

/* ---- boundaries ---- */

err boundary_set(struct call *c, struct entity *e, str arn) {
    struct realm r = realm_of(c);
    struct entity policy;
    if (arn.p) TRY(policy_attachable(c, arn, &policy));
    if (e->boundary.p && policy_load(&r, e->boundary, &policy)) {
        txn_delete(c->txn, attachment_key(&r, &policy, of_boundary, e->id));
        policy_count(c, &policy, 0, -1);
    }
    e->boundary = arn;
    if (arn.p && policy_load(&r, arn, &policy)) {
        txn_put(c->txn, attachment_key(&r, &policy, of_boundary, e->id), S(""));
        policy_count(c, &policy, 0, 1);
    }
    entity_save(&r, e);
    txn_raise_epoch(c->txn);
    return NULL;
}

static err boundary_take_away(struct call *c, struct entity *e) {
    if (e->boundary.p) return boundary_set(c, e, (str){0});
    return fail(c, &iam_no_such_entity_exception, "The %s with name %.*s does not have a permissions boundary.", kinds[e->kind].row,
                STR_ARGS(e->name));
}

err iam_put_user_permissions_boundary(struct call *c, const struct iam_put_user_permissions_boundary_request *in, struct wire_unit *out) {
    (void)out;
    struct entity e;
    TRY(entity_open(c, ENTITY_USER, in->user_name, &e));
    return boundary_set(c, &e, in->permissions_boundary);
}

err iam_put_role_permissions_boundary(struct call *c, const struct iam_put_role_permissions_boundary_request *in, struct wire_unit *out) {
    (void)out;
    struct entity e;
    TRY(role_open_to_change(c, in->role_name, &e));
    return boundary_set(c, &e, in->permissions_boundary);
}

err iam_delete_user_permissions_boundary(struct call *c, const struct iam_delete_user_permissions_boundary_request *in, struct wire_unit *out) {
    (void)out;
    struct entity e;
    TRY(entity_open(c, ENTITY_USER, in->user_name, &e));
    return boundary_take_away(c, &e);
}

err iam_delete_role_permissions_boundary(struct call *c, const struct iam_delete_role_permissions_boundary_request *in, struct wire_unit *out) {
    (void)out;
    struct entity e;
    TRY(role_open_to_change(c, in->role_name, &e));
    return boundary_take_away(c, &e);
}

/* ---- attach, detach, list ---- */

err iam_attach_user_policy(struct call *c, const struct iam_attach_user_policy_request *in, struct wire_unit *out) {
    (void)out;
    struct entity e;
    TRY(entity_open(c, ENTITY_USER, in->user_name, &e));
    return policy_attach(c, &e, in->policy_arn);
}

err iam_attach_group_policy(struct call *c, const struct iam_attach_group_policy_request *in, struct wire_unit *out) {
    (void)out;
    struct entity e;
    TRY(entity_open(c, ENTITY_GROUP, in->group_name, &e));
    return policy_attach(c, &e, in->policy_arn);
}

err iam_attach_role_policy(struct call *c, const struct iam_attach_role_policy_request *in, struct wire_unit *out) {
    (void)out;
    struct entity e;
    TRY(role_open_to_change(c, in->role_name, &e));
    return policy_attach(c, &e, in->policy_arn);
}

err iam_detach_user_policy(struct call *c, const struct iam_detach_user_policy_request *in, struct wire_unit *out) {
    (void)out;
    struct entity e;
    TRY(entity_open(c, ENTITY_USER, in->user_name, &e));
    return policy_detach(c, &e, in->policy_arn);
}

err iam_detach_group_policy(struct call *c, const struct iam_detach_group_policy_request *in, struct wire_unit *out) {
    (void)out;
    struct entity e;
    TRY(entity_open(c, ENTITY_GROUP, in->group_name, &e));
    return policy_detach(c, &e, in->policy_arn);
}

err iam_detach_role_policy(struct call *c, const struct iam_detach_role_policy_request *in, struct wire_unit *out) {
    (void)out;
    struct entity e;
    TRY(role_open_to_change(c, in->role_name, &e));
    return policy_detach(c, &e, in->policy_arn);
}

err iam_list_attached_user_policies(struct call *c, const struct iam_list_attached_user_policies_request *in,
                                    struct iam_list_attached_user_policies_response *out) {
    struct entity e;
    TRY(entity_open(c, ENTITY_USER, in->user_name, &e));
    return list(c, &e, in->path_prefix, in->marker, in->max_items, &out->attached_policies, &out->is_truncated, &out->marker);
}

err iam_list_attached_group_policies(struct call *c, const struct iam_list_attached_group_policies_request *in,
                                     struct iam_list_attached_group_policies_response *out) {
    struct entity e;
    TRY(entity_open(c, ENTITY_GROUP, in->group_name, &e));
    return list(c, &e, in->path_prefix, in->marker, in->max_items, &out->attached_policies, &out->is_truncated, &out->marker);
}

err iam_list_attached_role_policies(struct call *c, const struct iam_list_attached_role_policies_request *in,
                                    struct iam_list_attached_role_policies_response *out) {
    struct entity e;
    TRY(entity_open(c, ENTITY_ROLE, in->role_name, &e));
    return list(c, &e, in->path_prefix, in->marker, in->max_items, &out->attached_policies, &out->is_truncated, &out->marker);
}

/* ---- who has it ---- */

static bool entity_wanted(const struct iam_list_entities_for_policy_request *in, const struct entity *e, char use) {
    static const char *const filters[ENTITY_KINDS] = {[ENTITY_USER] = "User", [ENTITY_GROUP] = "Group", [ENTITY_ROLE] = "Role"};
    if (in->entity_filter.p && !str_eq(in->entity_filter, str_of(filters[e->kind]))) return false;
    if (in->path_prefix.p && !str_starts(e->path, in->path_prefix)) return false;
    return !in->policy_usage_filter.p || (use == of_boundary[0]) == str_eq(in->policy_usage_filter, S("PermissionsBoundary"));
}

static void entity_add(struct iam_list_entities_for_policy_response *out, const struct entity *e) {
    if (e->kind == ENTITY_USER) out->policy_users.v[out->policy_users.n++] = (struct iam_policy_user){e->name, e->id};
    else if (e->kind == ENTITY_GROUP) out->policy_groups.v[out->policy_groups.n++] = (struct iam_policy_group){e->name, e->id};
    else out->policy_roles.v[out->policy_roles.n++] = (struct iam_policy_role){e->name, e->id};
}

err iam_list_entities_for_policy(struct call *c, const struct iam_list_entities_for_policy_request *in,
                                 struct iam_list_entities_for_policy_response *out) {
    struct realm r = realm_of(c);
    struct entity policy, e;
    struct page p;
    str owner, value;
    TRY(policy_open(c, in->policy_arn, &policy));
    TRY(page_open(c, &p, realm_key(&r, "attachment", policy.id, (str){0}), in->marker, in->max_items));
    out->policy_users = (struct iam_policy_user_list_type){.v = NEW_ARRAY(c->arena, struct iam_policy_user, p.max), .set = true};
    out->policy_groups = (struct iam_policy_group_list_type){.v = NEW_ARRAY(c->arena, struct iam_policy_group, p.max), .set = true};
    out->policy_roles = (struct iam_policy_role_list_type){.v = NEW_ARRAY(c->arena, struct iam_policy_role, p.max), .set = true};
    while (page_next(&p, &owner, &value)) {
        ASSERT(entity_load_by_id(&r, str_skip(owner, 1), &e));
        if (entity_wanted(in, &e, owner.p[0])) entity_add(out, &e);
        else page_skip(&p);
    }
    page_close(&p, &out->is_truncated, &out->marker);
    return NULL;
}

/* ---- all that a user, group or role has, inline policies too: for the gate, the simulator and the advisor ---- */

static struct source_policy *add(const struct realm *r, struct source_policies *list, str name, str json) {
    ASSERT(list->n < POLICIES_PER_IDENTITY);
    if (!list->v) list->v = NEW_ARRAY(r->arena, struct source_policy, POLICIES_PER_IDENTITY);
    list->v[list->n] = (struct source_policy){.name = arena_str(r->arena, name), .json = arena_str(r->arena, json)};
    return &list->v[list->n++];
}

/* Those of one user, group or role. */
static void add_of_owner(const struct realm *r, struct source_policies *list, const struct entity *owner) {
    str from = realm_key(r, "inline", owner->id, (str){0}), key, value;
    struct range rows = txn_range(r->txn, from, key_after_prefix(r->arena, from));
    while (range_next(&rows, &key, &value)) {
        str rest = str_skip(key, from.n), name;
        ASSERT(key_read_str(&rest, r->arena, &name));
        struct source_policy *p = add(r, list, name, value);
        p->owner_kind = owner->kind;
        p->owner = owner->name;
        p->inlined = true;
    }
    from = realm_key(r, "attached", owner->id, (str){0});
    rows = txn_range(r->txn, from, key_after_prefix(r->arena, from));
    while (range_next(&rows, &key, &value)) {
        struct identity_policy policy;
        if (!policy_default(r, arena_str(r->arena, value), &policy)) continue;
        struct source_policy *p = add(r, list, policy.name, policy.json);
        p->owner_kind = owner->kind;
        p->owner = owner->name;
    }
}

struct source_policies policies_of(const struct realm *r, const struct entity *e) {
    struct source_policies list = {0};
    struct entity group;
    add_of_owner(r, &list, e);
    if (e->kind != ENTITY_USER) return list;
    str from = realm_key(r, "in", e->id, (str){0}), key;
    struct range rows = txn_range(r->txn, from, key_after_prefix(r->arena, from));
    while (range_next(&rows, &key, NULL)) {
        str rest = str_skip(key, from.n), id;
        ASSERT(key_read_str(&rest, r->arena, &id) && entity_load_by_id(r, arena_str(r->arena, id), &group));
        add_of_owner(r, &list, &group);
    }
    return list;
}
