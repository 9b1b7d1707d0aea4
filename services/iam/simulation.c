/* SimulateCustomPolicy and SimulatePrincipalPolicy: gathering who, what and under which circumstances; which of these matter. */
#include "simulate.h"

/* ---- who ---- */

/* As a live call by it would be signed. */
static void call_as(struct sim *s, const struct entity *e) {
    struct arena *a = s->call->arena;
    s->has_caller = e->kind != ENTITY_GROUP;
    s->name = e->name;
    s->principal = (struct principal){.kind = PRINCIPAL_USER, .account = e->account, .arn = entity_arn(a, e), .user_id = e->id};
    if (e->kind == ENTITY_ROLE) {
        s->principal.kind = PRINCIPAL_ROLE_SESSION;
        s->principal.session_issuer = s->principal.arn;
        s->principal.session_name = S("simulation");
        s->principal.arn = arena_format(a, "arn:aws:sts::%.*s:assumed-role/%.*s/simulation", STR_ARGS(e->account), STR_ARGS(e->name));
        s->principal.user_id = arena_format(a, "%.*s:simulation", STR_ARGS(e->id));
    }
    s->tags = tags_of(s->call, entity_arn(a, e));
}

static err caller(struct sim *s, str arn) {
    struct entity e;
    struct arn parts;
    if (!arn_parse(arn, &parts) || !str_starts(parts.resource, S("user/")))
        return fail(s->call, &iam_invalid_input_exception, "CallerArn must be the ARN of an IAM user: %.*s", STR_ARGS(arn));
    if (!str_eq(parts.account, s->call->account)) { /* of another account: known by its ARN alone */
        s->principal = (struct principal){.kind = PRINCIPAL_USER, .account = parts.account, .arn = arn};
        return NULL;
    }
    TRY(entity_by_arn(s->call, arn, &e));
    call_as(s, &e);
    return NULL;
}

/* ---- which policies ---- */

static str source_id(struct call *c, const struct source_policy *p) {
    if (!p->inlined) return str_skip(p->name, str_rfind_char(p->name, '/') + 1);
    return arena_format(c->arena, "%s_%.*s_%.*s", kinds[p->owner_kind].row, STR_ARGS(p->owner), STR_ARGS(p->name));
}

static bool excluded(const struct iam_policy_exclusions_list_type *list, const struct source_policy *p) {
    for (u32 i = 0; i < list->n; i++) {
        const struct iam_inline_policy_identifier_type *one = list->v[i].inline_policy_identifier;
        if (!p->inlined && str_eq(list->v[i].policy_arn, p->name)) return true;
        if (p->inlined && one && str_eq(one->policy_name, p->name) && str_eq(one->attachment_name, p->owner)
            && str_eq(one->attachment_type, str_of(kinds[p->owner_kind].row)))
            return true;
    }
    return false;
}

static err add_own(struct sim *s, const struct entity *e, const struct iam_policy_exclusions_list_type *exclusions) {
    struct realm r = realm_of(s->call);
    struct source_policies own = policies_of(&r, e);
    for (u32 i = 0; i < own.n; i++)
        if (!excluded(exclusions, &own.v[i]))
            TRY(sim_add(s, &s->identity, own.v[i].json, source_id(s->call, &own.v[i]), S("IAM Policy"), POLICY_IDENTITY));
    struct entity policy;
    struct policy_version v;
    if (!e->boundary.p || s->boundary.n) return NULL;
    ASSERT(policy_load(&r, e->boundary, &policy) && policy_document(&r, &policy, policy.default_version, &v));
    return sim_add(s, &s->boundary, v.document, policy.name, S("Permissions Boundary Policy"), POLICY_IDENTITY);
}

static err add_list(struct sim *s, struct sim_documents *list, const struct iam_simulation_policy_list_type *input, const char *name) {
    for (u32 i = 0; i < input->n; i++)
        TRY(sim_add(s, list, input->v[i], arena_format(s->call->arena, "%s.%u", name, i + 1), S("IAM Policy"), POLICY_IDENTITY));
    return NULL;
}

/* Service control policies: of the account's place in its organization, from the root down. */
static void add_organization(struct sim *s) {
    struct call *c = s->call;
    const struct identity_door *door = identity_door_of(c);
    struct identity_organization found = {0};
    str problem;
    if (!door->organization) return;
    door->organization(c->txn, c->arena, c->account, &found);
    s->organization = found.id.p != NULL;
    if (found.management || !found.service_control) return;
    s->levels = NEW_ARRAY(c->arena, struct policy_level, found.levels + 1);
    for (; s->level_count < found.levels; s->level_count++) {
        const struct identity_policies *level = &found.service_control[s->level_count];
        const struct policy **v = NEW_ARRAY(c->arena, const struct policy *, level->n + 1);
        for (u32 i = 0; i < level->n; i++) ASSERT((v[i] = policy_compile(level->v[i].json, POLICY_SERVICE_CONTROL, c->arena, &problem)));
        s->levels[s->level_count].policies = (struct policy_list){v, level->n};
    }
}

static err add_given_organization(struct sim *s, const struct iam_organization_policy_list_type *input) {
    struct call *c = s->call;
    str problem;
    s->organization = input->n > 0;
    s->levels = NEW_ARRAY(c->arena, struct policy_level, input->n + 1);
    for (; s->level_count < input->n; s->level_count++) {
        const struct iam_simulation_policy_list_type *level = &input->v[s->level_count].service_control_policy_input_list;
        const struct policy **v = NEW_ARRAY(c->arena, const struct policy *, level->n + 1);
        for (u32 i = 0; i < level->n; i++) {
            v[i] = policy_compile(level->v[i], POLICY_SERVICE_CONTROL, c->arena, &problem);
            if (!v[i]) return fail(c, &iam_invalid_input_exception, "%.*s", STR_ARGS(problem));
        }
        s->levels[s->level_count].policies = (struct policy_list){v, level->n};
    }
    return NULL;
}

static err add_resource_policy(struct sim *s, str policy, str owner) {
    struct arn parts;
    s->owner = s->call->account;
    if (owner.p) s->owner = arn_parse(owner, &parts) ? parts.account : owner;
    if (!policy.p) return NULL;
    if (!s->principal.arn.p) return fail(s->call, &iam_invalid_input_exception, "CallerArn is required when ResourcePolicy is given.");
    return sim_add(s, &s->resource, policy, S("ResourcePolicy"), S("Resource Policy"), POLICY_RESOURCE);
}

/* ---- the answer: an entry for each action and resource, in pages ---- */

static err check_action(struct call *c, str action) {
    size_t colon = str_find_char(action, ':');
    if (colon != STR_NONE && colon > 0 && colon + 1 < action.n && !memchr(action.p, '*', action.n)) return NULL;
    return fail(c, &iam_invalid_input_exception, "Invalid Action Name: %.*s", STR_ARGS(action));
}

static err answer(struct sim *s, const struct iam_action_name_list_type *actions, const struct iam_resource_name_list_type *resources, str marker,
                  struct opt_i32 max_items, struct iam_simulate_policy_response *out) {
    enum { MAX_DEFAULT = 1000 };
    struct call *c = s->call;
    u64 from = 0, columns = resources->n ? resources->n : 1, all = actions->n * columns;
    u32 max = max_items.set ? (u32)max_items.v : MAX_DEFAULT;
    str position;
    if (marker.p && (!page_position(c, marker, &position) || !str_to_u64(position, &from)))
        return fail(c, &cloud_validation, "Invalid Marker.");
    for (u32 i = 0; i < actions->n; i++) TRY(check_action(c, actions->v[i]));
    u64 to = MIN(all, from + max);
    out->evaluation_results = (struct iam_evaluation_results_list_type){.v = NEW_ARRAY(c->arena, struct iam_evaluation_result, max), .set = true};
    for (u64 i = from; i < to; i++) {
        str resource = resources->n ? resources->v[i % columns] : S("*");
        sim_evaluate(s, actions->v[i / columns], resource, &out->evaluation_results.v[out->evaluation_results.n++]);
    }
    out->is_truncated = SOME_BOOL(to < all);
    if (to < all) out->marker = page_token(c, arena_format(c->arena, "%llu", (unsigned long long)to));
    return NULL;
}

static struct sim begin(struct call *c, const struct iam_context_entry_list_type *entries) {
    str problem, all = S("{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}]}");
    struct sim s = {.call = c, .entries = entries, .everything = policy_compile(all, POLICY_IDENTITY, c->arena, &problem)};
    s.principal = (struct principal){.kind = PRINCIPAL_USER, .account = c->account};
    return s;
}

err iam_simulate_custom_policy(struct call *c, const struct iam_simulate_custom_policy_request *in, struct iam_simulate_policy_response *out) {
    struct sim s = begin(c, &in->context_entries);
    if (in->caller_arn.p) TRY(caller(&s, in->caller_arn));
    TRY(add_list(&s, &s.identity, &in->policy_input_list, "PolicyInputList"));
    TRY(add_list(&s, &s.boundary, &in->permissions_boundary_policy_input_list, "PermissionsBoundaryPolicyInputList"));
    TRY(add_given_organization(&s, &in->ordered_organization_policy_input_list));
    TRY(add_resource_policy(&s, in->resource_policy, in->resource_owner));
    return answer(&s, &in->action_names, &in->resource_arns, in->marker, in->max_items, out);
}

err iam_simulate_principal_policy(struct call *c, const struct iam_simulate_principal_policy_request *in, struct iam_simulate_policy_response *out) {
    struct sim s = begin(c, &in->context_entries);
    struct entity e;
    TRY(entity_by_arn(c, in->policy_source_arn, &e));
    call_as(&s, &e);
    if (in->caller_arn.p) TRY(caller(&s, in->caller_arn));
    TRY(add_list(&s, &s.boundary, &in->permissions_boundary_policy_input_list, "PermissionsBoundaryPolicyInputList"));
    TRY(add_own(&s, &e, &in->policy_exclusion_list));
    TRY(add_list(&s, &s.identity, &in->policy_input_list, "PolicyInputList"));
    if (!e.service.p) add_organization(&s);
    TRY(add_resource_policy(&s, in->resource_policy, in->resource_owner));
    return answer(&s, &in->action_names, &in->resource_arns, in->marker, in->max_items, out);
}

/* ---- GetContextKeysForCustomPolicy, GetContextKeysForPrincipalPolicy: what a simulation would have to be given ---- */

static err answer_keys(struct call *c, const struct iam_simulation_policy_list_type *input, const struct source_policies *own,
                       struct iam_get_context_keys_for_policy_response *out) {
    struct key_names names = {0};
    str problem;
    for (u32 i = 0; i < input->n; i++) {
        if (!policy_compile(input->v[i], POLICY_IDENTITY, c->arena, &problem) && !policy_compile(input->v[i], POLICY_RESOURCE, c->arena, &problem))
            return fail(c, &iam_invalid_input_exception, "%.*s", STR_ARGS(problem));
        context_keys_of(c->arena, input->v[i], &names);
    }
    for (u32 i = 0; own && i < own->n; i++) context_keys_of(c->arena, own->v[i].json, &names);
    out->context_key_names = (struct iam_context_key_names_result_list_type){.v = names.v, .n = names.n, .set = true};
    return NULL;
}

err iam_get_context_keys_for_custom_policy(struct call *c, const struct iam_get_context_keys_for_custom_policy_request *in,
                                           struct iam_get_context_keys_for_policy_response *out) {
    return answer_keys(c, &in->policy_input_list, NULL, out);
}

err iam_get_context_keys_for_principal_policy(struct call *c, const struct iam_get_context_keys_for_principal_policy_request *in,
                                              struct iam_get_context_keys_for_policy_response *out) {
    struct realm r = realm_of(c);
    struct entity e;
    TRY(entity_by_arn(c, in->policy_source_arn, &e));
    struct source_policies own = policies_of(&r, &e);
    return answer_keys(c, &in->policy_input_list, &own, out);
}
