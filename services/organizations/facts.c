/* What the gate is told of a call: the ARN of what it is about, and the type of a policy. Members that act
 * for the organization need no more than their own account's policies here: how far up they may reach is
 * organization_open's to say. */
#include "organizations.h"

static err facts_of(struct call *c, str id, struct auth_facts *facts) {
    struct organization o;
    struct member m;
    struct policy_row p;
    facts->resource_account = c->account;
    /* AWS's own services that know organizations (Account, STS, IAM) may look. */
    facts->granted = c->principal->kind == PRINCIPAL_SERVICE;
    if (!member_load(c->txn, c->arena, c->account, &m) || !organization_load(c->txn, c->arena, m.management, &o)) return NULL;
    if (!resource_arn_of(c->txn, c->arena, &o, id, &facts->resource_arn)) return NULL;
    if (!str_starts(id, S("p-")) || !org_policy_load(c->txn, c->arena, &o, id, &p)) return NULL;
    facts->v = NEW(c->arena, struct auth_fact);
    facts->v[0] = (struct auth_fact){S("organizations:PolicyType"), p.type};
    facts->n = 1;
    return NULL;
}

#define FACTS(operation, member)                                                                                                     \
    err organizations_##operation##_facts(struct call *c, const struct organizations_##operation##_request *in, struct auth_facts *facts) { \
        return facts_of(c, in->member, facts);                                                                                       \
    }
FACTS(attach_policy, policy_id)
FACTS(close_account, account_id)
FACTS(create_organizational_unit, parent_id)
FACTS(delete_organizational_unit, organizational_unit_id)
FACTS(delete_policy, policy_id)
FACTS(deregister_delegated_administrator, account_id)
FACTS(describe_account, account_id)
FACTS(describe_effective_policy, target_id)
FACTS(describe_organizational_unit, organizational_unit_id)
FACTS(describe_policy, policy_id)
FACTS(detach_policy, policy_id)
FACTS(disable_policy_type, root_id)
FACTS(enable_policy_type, root_id)
FACTS(list_accounts_for_parent, parent_id)
FACTS(list_children, parent_id)
FACTS(list_delegated_services_for_account, account_id)
FACTS(list_organizational_units_for_parent, parent_id)
FACTS(list_parents, child_id)
FACTS(list_policies_for_target, target_id)
FACTS(list_tags_for_resource, resource_id)
FACTS(list_targets_for_policy, policy_id)
FACTS(move_account, account_id)
FACTS(register_delegated_administrator, account_id)
FACTS(remove_account_from_organization, account_id)
FACTS(tag_resource, resource_id)
FACTS(untag_resource, resource_id)
FACTS(update_organizational_unit, organizational_unit_id)
FACTS(update_policy, policy_id)
