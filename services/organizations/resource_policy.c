/* The organization's resource policy: which members may do what in it, beside the management account. */
#include "auth/policy.h"
#include "cloud/identity.h"
#include "cloud/policy_principal.h"
#include "organizations.h"

static str row_key(struct arena *a, const struct organization *o) {
    struct key k = organization_key(a, o, "resource-policy");
    return key_bytes(&k);
}

bool resource_policy_load(struct txn *t, struct arena *a, const struct organization *o, struct resource_policy *p) {
    str row;
    if (!txn_get(t, row_key(a, o), &row)) return false;
    *p = (struct resource_policy){0};
    ASSERT(record_decode(a, &resource_policy_record, arena_str(a, row), p));
    return true;
}

bool resource_policy_allows(struct call *c, const struct organization *o) {
    struct resource_policy p;
    if (!resource_policy_load(c->txn, c->arena, o, &p)) return false;
    const struct wire_service *w = c->service->wire;
    struct auth_facts facts = {.resource_policy = p.content, .resource_account = o->management};
    struct gate_question q = {
        .principal = c->principal,
        .action = arena_format(c->arena, "organizations:%s", w->text + c->op->name),
        .resource = arena_format(c->arena, "arn:aws:organizations::%.*s:organization/%.*s", STR_ARGS(o->management), STR_ARGS(o->id)),
        .facts = &facts,
    };
    return gate_decide(c, &q).allowed;
}

static struct organizations_resource_policy *shown(struct call *c, const struct organization *o, const struct resource_policy *p) {
    struct organizations_resource_policy *out = NEW(c->arena, struct organizations_resource_policy);
    out->resource_policy_summary = NEW(c->arena, struct organizations_resource_policy_summary);
    *out->resource_policy_summary = (struct organizations_resource_policy_summary){p->id, organization_arn(c->arena, o, "resourcepolicy", p->id)};
    out->content = policy_principals_shown(c, p->content);
    return out;
}

static err refuse_absent(struct call *c) {
    return fail(c, &organizations_resource_policy_not_found_exception, "We can't find a resource policy request with the parameter that you specified.");
}

err organizations_put_resource_policy(struct call *c, const struct organizations_put_resource_policy_request *in,
                                      struct organizations_put_resource_policy_response *out) {
    struct organization o;
    struct resource_policy p = {0};
    str problem;
    TRY(organization_open(c, REACH_MANAGEMENT, &o));
    if (!policy_compile(in->content, POLICY_RESOURCE, c->arena, &problem))
        return refuse_input(c, "INVALID_RESOURCE_POLICY_JSON", "The provided policy document does not meet the requirements of a resource policy.");
    bool had = resource_policy_load(c->txn, c->arena, &o, &p);
    if (had && in->tags.n)
        return refuse_input(c, "UPDATE_EXISTING_RESOURCE_POLICY_WITH_TAGS_NOT_SUPPORTED", "You can't add tags while you update a resource policy.");
    if (!had) p.id = arena_concat(c->arena, S("rp-"), id_from(c->arena, S("abcdefghijklmnopqrstuvwxyz0123456789"), 8));
    if (!policy_principals_bind(c, in->content, &p.content, NULL))
        return refuse_input(c, "INVALID_PRINCIPAL", "The provided policy document names a principal that does not exist.");
    txn_put(c->txn, row_key(c->arena, &o), record_encode(c->arena, &resource_policy_record, &p));
    out->resource_policy = shown(c, &o, &p);
    str arn = out->resource_policy->resource_policy_summary->arn;
    if (!had) registry_add(c, arn, S("AWS::Organizations::ResourcePolicy"));
    struct record_pairs tags = tags_given(c, &in->tags);
    return tags_put(c, &o, arn, &tags);
}

err organizations_describe_resource_policy(struct call *c, const struct wire_unit *in, struct organizations_describe_resource_policy_response *out) {
    (void)in;
    struct organization o;
    struct resource_policy p;
    TRY(organization_open(c, REACH_DELEGATED, &o));
    if (!resource_policy_load(c->txn, c->arena, &o, &p)) return refuse_absent(c);
    out->resource_policy = shown(c, &o, &p);
    return NULL;
}

err organizations_delete_resource_policy(struct call *c, const struct wire_unit *in, struct wire_unit *out) {
    (void)in;
    (void)out;
    struct organization o;
    struct resource_policy p;
    TRY(organization_open(c, REACH_MANAGEMENT, &o));
    if (!resource_policy_load(c->txn, c->arena, &o, &p)) return refuse_absent(c);
    txn_delete(c->txn, row_key(c->arena, &o));
    registry_remove(c, organization_arn(c->arena, &o, "resourcepolicy", p.id));
    return NULL;
}
