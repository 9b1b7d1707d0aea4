/* DescribeEffectivePolicy: the policies of a type from the root down to an account, merged. */
#include "merge.h"
#include "organizations.h"

static err refuse_absent(struct call *c) {
    return fail(c, &organizations_effective_policy_not_found_exception, "The specified effective policy doesn't exist.");
}

/* A member may ask for itself; for others only who may look at all. */
static err open_target(struct call *c, str target, struct organization *o, struct member *m) {
    bool own = !target.n || str_eq(target, c->account);
    TRY(organization_open(c, own ? REACH_MEMBER : REACH_DELEGATED, o));
    if (member_load(c->txn, c->arena, own ? c->account : target, m) && str_eq(m->organization, o->id)) return NULL;
    return fail(c, &organizations_target_not_found_exception, "You specified a target that doesn't exist.");
}

err organizations_describe_effective_policy(struct call *c, const struct organizations_describe_effective_policy_request *in,
                                            struct organizations_describe_effective_policy_response *out) {
    struct organization o;
    struct member m;
    str targets[LEVELS_MAX], ids[ATTACHED_MAX];
    i64 changed_ms = 0;
    TRY(open_target(c, in->target_id, &o, &m));
    const struct policy_rules *rules = org_policy_rules_of(in->policy_type);
    if (!rules || rules->authorization) return refuse_input(c, "INVALID_ENUM_POLICY_TYPE", "You specified an invalid value.");
    const struct enabled_type *type = type_enabled(&o, in->policy_type);
    if (!type) return refuse_absent(c);
    struct merge *merge = merge_new(c->arena); /* DIFFERS: of one target the smaller id comes first; AWS's order is not documented */
    u32 levels = levels_of(&o, &m, targets);
    for (u32 level = 0; level < levels; level++) {
        u32 n = attached_to(c->txn, c->arena, &o, type, targets[level], ids, ATTACHED_MAX);
        for (u32 i = 0; i < n; i++) {
            struct policy_row p;
            ASSERT(org_policy_load(c->txn, c->arena, &o, ids[i], &p) && merge_add(merge, level, p.content));
            changed_ms = MAX(changed_ms, p.changed_ms);
        }
    }
    str content = merge_result(merge);
    if (!content.p) return refuse_absent(c);
    out->effective_policy = NEW(c->arena, struct organizations_effective_policy);
    *out->effective_policy = (struct organizations_effective_policy){
        .policy_content = content, .last_updated_timestamp = SOME_TIME(changed_ms), .target_id = m.account, .policy_type = in->policy_type};
    return NULL;
}
