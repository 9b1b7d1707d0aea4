/* Tags of roots, units, accounts, policies and the resource policy. They are the organization's, whoever sets
 * them: the registry keeps them under the management account. */
#include "organizations.h"

bool resource_arn_of(struct txn *t, struct arena *a, const struct organization *o, str id, str *arn) {
    struct unit u;
    struct member m;
    struct policy_row p;
    struct resource_policy resource;
    if (str_starts(id, S("rp-")) && resource_policy_load(t, a, o, &resource) && str_eq(resource.id, id)) *arn = organization_arn(a, o, "resourcepolicy", id);
    else if (str_starts(id, S("p-")) && org_policy_load(t, a, o, id, &p)) *arn = org_policy_arn(a, o, &p);
    else if (member_load(t, a, id, &m) && str_eq(m.organization, o->id)) *arn = member_arn(a, o, id);
    else if (parent_load(t, a, o, id, &u)) *arn = organization_arn(a, o, str_eq(id, o->root) ? "root" : "ou", id);
    else return false;
    return true;
}

struct record_pairs tags_given(struct call *c, const struct organizations_tags *tags) {
    struct record_pairs pairs = {NEW_ARRAY(c->arena, struct record_pair, tags->n + 1), tags->n, true};
    for (u32 i = 0; i < tags->n; i++) pairs.v[i] = (struct record_pair){tags->v[i].key, tags->v[i].value};
    return pairs;
}

err tags_put(struct call *c, const struct organization *o, str arn, const struct record_pairs *tags) {
    static const struct tag_errors errors = {&organizations_constraint_violation_exception, &organizations_invalid_input_exception};
    for (u32 i = 0; i < tags->n; i++)
        for (u32 j = 0; j < i; j++)
            if (str_eq(tags->v[i].key, tags->v[j].key)) return refuse_input(c, "DUPLICATE_TAG_KEY", "You provided duplicate tag keys.");
    str caller = c->account;
    c->account = o->management;
    err e = tags->n ? tags_set(c, arn, tags, &errors) : NULL;
    c->account = caller;
    if (e == errors.too_many) return refuse_constraint(c, "MAX_TAG_LIMIT_EXCEEDED", "You have exceeded the number of tags allowed on this resource.");
    if (e) return refuse_input(c, "INVALID_SYSTEM_TAGS_PARAMETER", "You specified a tag key or value that isn't allowed.");
    return NULL;
}

static err open_resource(struct call *c, enum reach reach, str id, struct organization *o, str *arn) {
    TRY(organization_open(c, reach, o));
    if (resource_arn_of(c->txn, c->arena, o, id, arn)) return NULL;
    return fail(c, &organizations_target_not_found_exception, "You specified a target that doesn't exist.");
}

err organizations_tag_resource(struct call *c, const struct organizations_tag_resource_request *in, struct wire_unit *out) {
    (void)out;
    struct organization o;
    str arn;
    TRY(open_resource(c, REACH_POLICY, in->resource_id, &o, &arn));
    struct record_pairs tags = tags_given(c, &in->tags);
    return tags_put(c, &o, arn, &tags);
}

err organizations_untag_resource(struct call *c, const struct organizations_untag_resource_request *in, struct wire_unit *out) {
    (void)out;
    struct organization o;
    str arn;
    TRY(open_resource(c, REACH_POLICY, in->resource_id, &o, &arn));
    str caller = c->account;
    c->account = o.management;
    tags_remove(c, arn, in->tag_keys.v, in->tag_keys.n);
    c->account = caller;
    return NULL;
}

/* At most 50: one page. */
err organizations_list_tags_for_resource(struct call *c, const struct organizations_list_tags_for_resource_request *in,
                                         struct organizations_list_tags_for_resource_response *out) {
    struct organization o;
    str arn;
    TRY(open_resource(c, REACH_DELEGATED, in->resource_id, &o, &arn));
    struct record_pairs tags = tags_of(c, arn);
    out->tags = (struct organizations_tags){NEW_ARRAY(c->arena, struct organizations_tag, tags.n + 1), tags.n, true};
    for (u32 i = 0; i < tags.n; i++) out->tags.v[i] = (struct organizations_tag){tags.v[i].key, tags.v[i].value};
    return NULL;
}
