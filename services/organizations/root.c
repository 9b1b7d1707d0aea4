/* The root, and the types of policies that are enabled in it. */
#include "organizations.h"

static struct organizations_root shown(struct call *c, const struct organization *o) {
    struct organizations_root out = {.id = o->root, .arn = organization_arn(c->arena, o, "root", o->root), .name = S("Root")};
    out.policy_types = (struct organizations_policy_types){NEW_ARRAY(c->arena, struct organizations_policy_type_summary, o->types.n + 1), 0, true};
    for (u32 i = 0; i < o->types.n; i++)
        out.policy_types.v[out.policy_types.n++] = (struct organizations_policy_type_summary){o->types.v[i].name, S("ENABLED")};
    return out;
}

err organizations_list_roots(struct call *c, const struct organizations_list_roots_request *in, struct organizations_list_roots_response *out) {
    (void)in;
    struct organization o;
    TRY(organization_open(c, REACH_DELEGATED, &o));
    out->roots = (struct organizations_roots){NEW(c->arena, struct organizations_root), 1, true};
    out->roots.v[0] = shown(c, &o);
    return NULL;
}

static err open_root(struct call *c, str root, str type, struct organization *o) {
    TRY(organization_open(c, REACH_POLICY, o));
    if (!str_eq(root, o->root)) return fail(c, &organizations_root_not_found_exception, "You specified a root that doesn't exist.");
    if (!org_policy_rules_of(type)) return refuse_input(c, "INVALID_ENUM_POLICY_TYPE", "You specified an invalid value.");
    return NULL;
}

err organizations_enable_policy_type(struct call *c, const struct organizations_enable_policy_type_request *in,
                                     struct organizations_enable_policy_type_response *out) {
    struct organization o;
    TRY(open_root(c, in->root_id, in->policy_type, &o));
    if (!o.all_features)
        return fail(c, &organizations_policy_type_not_available_for_organization_exception,
                    "This operation cannot be performed since your organization does not have the necessary features enabled.");
    if (type_enabled(&o, in->policy_type)) /* DIFFERS: of some types AWS first asks for access of the service */
        return fail(c, &organizations_policy_type_already_enabled_exception, "The specified policy type is already enabled.");
    struct enabled_type *types = NEW_ARRAY(c->arena, struct enabled_type, o.types.n + 1);
    for (u32 i = 0; i < o.types.n; i++) types[i] = o.types.v[i];
    types[o.types.n++] = (struct enabled_type){in->policy_type, txn_sequence(c->txn)};
    o.types.v = types;
    organization_save(c->txn, c->arena, &o);
    txn_raise_epoch(c->txn);
    out->root = NEW(c->arena, struct organizations_root);
    *out->root = shown(c, &o);
    return NULL;
}

err organizations_disable_policy_type(struct call *c, const struct organizations_disable_policy_type_request *in,
                                      struct organizations_disable_policy_type_response *out) {
    struct organization o;
    TRY(open_root(c, in->root_id, in->policy_type, &o));
    const struct enabled_type *type = type_enabled(&o, in->policy_type);
    if (!type) return fail(c, &organizations_policy_type_not_enabled_exception, "This operation can be performed only for enabled policy types.");
    str generation = arena_format(c->arena, "%llu", (unsigned long long)type->generation);
    txn_task_set(c->txn, &(struct task){.kind = S("organizations-detach"), .key = generation,
                                        .payload = arena_format(c->arena, "%.*s %.*s %.*s", STR_ARGS(o.management), STR_ARGS(o.id), STR_ARGS(generation))});
    u32 kept = 0;
    for (u32 i = 0; i < o.types.n; i++)
        if (!str_eq(o.types.v[i].name, in->policy_type)) o.types.v[kept++] = o.types.v[i];
    o.types.n = kept;
    organization_save(c->txn, c->arena, &o);
    txn_raise_epoch(c->txn);
    out->root = NEW(c->arena, struct organizations_root);
    *out->root = shown(c, &o);
    return NULL;
}
