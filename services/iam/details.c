/* GetAccountAuthorizationDetails: all that is granted in an account, a page of users, then of groups, roles and
 * policies. The marker says which kind the next page is of, and from where. */
#include "iam.h"

struct listing {
    struct call *call;
    const struct iam_get_account_authorization_details_request *in;
    struct iam_get_account_authorization_details_response *out;
    u32 left;    /* of this page */
    str resume;  /* absent: from the start of the kind */
};

static struct iam_policy_detail_list_type inline_of(struct call *c, const struct entity *e) {
    struct realm r = realm_of(c);
    str from = realm_key(&r, "inline", e->id, (str){0}), key, value;
    struct range rows = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    struct iam_policy_detail_list_type list = {.v = NEW_ARRAY(c->arena, struct iam_policy_detail, rows_below(&r, "inline", e->id) + 1), .set = true};
    while (range_next(&rows, &key, &value)) {
        str rest = str_skip(key, from.n), name;
        ASSERT(key_read_str(&rest, c->arena, &name));
        list.v[list.n++] = (struct iam_policy_detail){arena_str(c->arena, name), document_shown(c, value)};
    }
    return list;
}

static struct iam_group_name_list_type groups_of(struct call *c, const struct entity *user) {
    struct realm r = realm_of(c);
    struct entity group;
    str from = realm_key(&r, "in", user->id, (str){0}), key;
    struct range rows = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    struct iam_group_name_list_type list = {.v = NEW_ARRAY(c->arena, str, rows_below(&r, "in", user->id) + 1), .set = true};
    while (range_next(&rows, &key, NULL)) {
        str rest = str_skip(key, from.n), id;
        ASSERT(key_read_str(&rest, c->arena, &id) && entity_load_by_id(&r, id, &group));
        list.v[list.n++] = group.name;
    }
    return list;
}

static void add_user(struct listing *l, const struct entity *e) {
    struct call *c = l->call;
    str arn = entity_arn(c->arena, e);
    l->out->user_detail_list.v[l->out->user_detail_list.n++] = (struct iam_user_detail){
        .path = e->path, .user_name = e->name, .user_id = e->id, .arn = arn, .create_date = SOME_TIME(e->created_ms),
        .user_policy_list = inline_of(c, e), .group_list = groups_of(c, e), .attached_managed_policies = attached_shown(c, e),
        .permissions_boundary = boundary_shown(c, e), .tags = tags_shown(c, arn)};
}

static void add_group(struct listing *l, const struct entity *e) {
    struct call *c = l->call;
    l->out->group_detail_list.v[l->out->group_detail_list.n++] = (struct iam_group_detail){
        .path = e->path, .group_name = e->name, .group_id = e->id, .arn = entity_arn(c->arena, e), .create_date = SOME_TIME(e->created_ms),
        .group_policy_list = inline_of(c, e), .attached_managed_policies = attached_shown(c, e)};
}

static void add_role(struct listing *l, const struct entity *e) {
    struct call *c = l->call;
    str arn = entity_arn(c->arena, e);
    l->out->role_detail_list.v[l->out->role_detail_list.n++] = (struct iam_role_detail){
        .path = e->path, .role_name = e->name, .role_id = e->id, .arn = arn, .create_date = SOME_TIME(e->created_ms),
        .assume_role_policy_document = trust_shown(c, e), .instance_profile_list = instance_profiles_of(c, e),
        .role_policy_list = inline_of(c, e), .attached_managed_policies = attached_shown(c, e),
        .permissions_boundary = boundary_shown(c, e), .tags = tags_shown(c, arn), .role_last_used = role_last_used(c, e)};
}

static void add_policy(struct listing *l, const struct entity *e) {
    struct call *c = l->call;
    struct iam_policy p = policy_shown(c, e);
    struct iam_policy_version *versions = NEW_ARRAY(c->arena, struct iam_policy_version, 5);
    u32 n = policy_versions(c, e, versions, true);
    l->out->policies.v[l->out->policies.n++] = (struct iam_managed_policy_detail){
        .policy_name = p.policy_name, .policy_id = p.policy_id, .arn = p.arn, .path = p.path, .default_version_id = p.default_version_id,
        .attachment_count = p.attachment_count, .permissions_boundary_usage_count = p.permissions_boundary_usage_count,
        .is_attachable = p.is_attachable, .create_date = p.create_date, .update_date = p.update_date, .policy_version_list = {versions, n, true}};
}

/* AWS's own: those that the account uses. */
static void add_aws_policy(struct listing *l, const struct entity *use) {
    struct realm r = realm_of(l->call);
    struct entity e;
    if (aws_policy_load(&r, use->description, &e)) add_policy(l, &e);
}

static const struct {
    const char *filter, *row;
    u8 kind;
    void (*add)(struct listing *l, const struct entity *e);
} parts[] = {
    {"User", "user", ENTITY_USER, add_user},
    {"Group", "group", ENTITY_GROUP, add_group},
    {"Role", "role", ENTITY_ROLE, add_role},
    {"LocalManagedPolicy", "policy", ENTITY_POLICY, add_policy},
    {"AWSManagedPolicy", "aws-policy", ENTITY_POLICY, add_aws_policy},
};

static bool wanted(const struct listing *l, const char *filter) {
    const struct iam_entity_list_type *list = &l->in->filter;
    for (u32 i = 0; i < list->n; i++)
        if (str_eq(list->v[i], str_of(filter))) return true;
    return !list->n;
}

/* False: the page is full, and the marker is set. */
static bool add_part(struct listing *l, size_t part) {
    struct call *c = l->call;
    struct realm r = realm_of(c);
    str prefix = realm_key(&r, parts[part].row, (str){0}, (str){0}), key, value;
    struct range rows = txn_range(c->txn, l->resume.p ? arena_concat(c->arena, prefix, l->resume) : prefix, key_after_prefix(c->arena, prefix));
    for (; range_next(&rows, &key, &value); l->left--) {
        if (!l->left) {
            l->out->marker = page_token(c, arena_format(c->arena, "%zu%.*s", part, STR_ARGS(str_skip(key, prefix.n))));
            return false;
        }
        struct entity e = {0};
        ASSERT(record_decode(c->arena, &entity_record, arena_str(c->arena, value), &e));
        e.kind = parts[part].kind;
        e.account = c->account;
        parts[part].add(l, &e);
    }
    return true;
}

err iam_get_account_authorization_details(struct call *c, const struct iam_get_account_authorization_details_request *in,
                                          struct iam_get_account_authorization_details_response *out) {
    struct listing l = {.call = c, .in = in, .out = out, .left = in->max_items.set ? (u32)in->max_items.v : 100};
    size_t first = 0;
    str position;
    if (in->marker.p) {
        if (!page_position(c, in->marker, &position) || !position.n) return fail(c, &cloud_validation, "Invalid Marker.");
        first = (size_t)(position.p[0] - '0');
        l.resume = str_skip(position, 1);
    }
    out->user_detail_list = (struct iam_user_detail_list_type){NEW_ARRAY(c->arena, struct iam_user_detail, l.left), 0, true};
    out->group_detail_list = (struct iam_group_detail_list_type){NEW_ARRAY(c->arena, struct iam_group_detail, l.left), 0, true};
    out->role_detail_list = (struct iam_role_detail_list_type){NEW_ARRAY(c->arena, struct iam_role_detail, l.left), 0, true};
    out->policies = (struct iam_managed_policy_detail_list_type){NEW_ARRAY(c->arena, struct iam_managed_policy_detail, l.left), 0, true};
    out->is_truncated = SOME_BOOL(false);
    for (size_t i = first; i < LENGTH(parts); i++, l.resume = (str){0})
        if (wanted(&l, parts[i].filter) && !add_part(&l, i)) {
            out->is_truncated = SOME_BOOL(true);
            break;
        }
    return NULL;
}
