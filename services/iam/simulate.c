/* The policy simulator: the evaluator that also decides live calls, asked about policies and a context that the
 * caller gives. What of a live call is not given is unknown here, and told as a missing context value. */
#include "simulate.h"

static struct sim_document *add_document(struct sim *s, struct sim_documents *list, str json, str id, str type) {
    if (!list->v) list->v = NEW_ARRAY(s->call->arena, struct sim_document, SIM_DOCUMENTS_MAX);
    ASSERT(list->n < SIM_DOCUMENTS_MAX);
    list->v[list->n] = (struct sim_document){.json = json, .id = id, .type = type};
    context_keys_of(s->call->arena, json, &s->keys);
    return &list->v[list->n++];
}

static err compile(struct sim *s, struct sim_document *d, enum policy_kind kind) {
    struct call *c = s->call;
    str problem;
    d->compiled = policy_compile(d->json, kind, c->arena, &problem);
    if (!d->compiled) return fail(c, &iam_invalid_input_exception, "%.*s", STR_ARGS(problem));
    struct statements list = statements_of(c->arena, d->json);
    d->statements = NEW_ARRAY(c->arena, struct sim_statement, list.n + 1);
    for (u32 i = 0; i < list.n; i++) {
        str alone = arena_format(c->arena, "{\"Version\":\"%.*s\",\"Statement\":[%.*s]}", STR_ARGS(list.version), STR_ARGS(list.v[i].text));
        const struct policy *one = policy_compile(alone, kind, c->arena, &problem);
        if (one) d->statements[d->n++] = (struct sim_statement){list.v[i].text, one};
    }
    return NULL;
}

err sim_add(struct sim *s, struct sim_documents *list, str json, str id, str type, enum policy_kind kind) {
    return compile(s, add_document(s, list, json, id, type), kind);
}

/* ---- the context ---- */

static struct policy_values one(struct sim *s, str value) {
    str *v = NEW(s->call->arena, str);
    *v = value;
    return value.p ? (struct policy_values){v, 1} : (struct policy_values){0};
}

static const struct iam_context_entry *given(const struct sim *s, str key) {
    for (u32 i = 0; i < s->entries->n; i++)
        if (str_eq_nocase(s->entries->v[i].context_key_name, key)) return &s->entries->v[i];
    return NULL;
}

static str iso_now(struct sim *s) {
    struct buf b = buf_new(s->call->arena, 32);
    buf_iso8601(&b, s->call->now_ms);
    return buf_str(&b);
}

/* What is known of a caller without asking: the keys that live calls by it would have, too. */
static struct policy_values of_principal(struct sim *s, str key) {
    const struct principal *p = &s->principal;
    if (str_eq(key, S("aws:currenttime"))) return one(s, iso_now(s));
    if (str_eq(key, S("aws:epochtime"))) return one(s, arena_format(s->call->arena, "%lld", (long long)(s->call->now_ms / 1000)));
    if (!s->has_caller) return (struct policy_values){0};
    if (str_eq(key, S("aws:username")) && p->kind == PRINCIPAL_USER) return one(s, s->name);
    if (str_eq(key, S("aws:userid"))) return one(s, p->user_id);
    if (str_eq(key, S("aws:principalarn"))) return one(s, p->kind == PRINCIPAL_ROLE_SESSION ? p->session_issuer : p->arn);
    if (str_eq(key, S("aws:principalaccount"))) return one(s, p->account);
    if (str_eq(key, S("aws:principaltype"))) return one(s, p->kind == PRINCIPAL_USER ? S("User") : S("AssumedRole"));
    if (!str_starts(key, S("aws:principaltag/"))) return (struct policy_values){0};
    str name = str_skip(key, sizeof "aws:principaltag/" - 1);
    for (u32 i = 0; i < s->tags.n; i++)
        if (str_eq_nocase(s->tags.v[i].key, name)) return one(s, s->tags.v[i].value);
    return (struct policy_values){0};
}

static struct policy_values values(void *context, str key) {
    struct sim *s = context;
    const struct iam_context_entry *entry = given(s, key);
    if (entry) return (struct policy_values){entry->context_key_values.n ? entry->context_key_values.v : &key, entry->context_key_values.n};
    struct policy_values known = of_principal(s, key);
    if (known.v) return known;
    for (u32 i = 0; i < s->keys.n; i++) /* as the policy writes it */
        if (str_eq_nocase(s->keys.v[i], key)) s->missing[i] = true;
    return known;
}

/* ---- one action on one resource ---- */

static struct policy_list compiled(struct sim *s, const struct sim_documents *list) {
    const struct policy **v = NEW_ARRAY(s->call->arena, const struct policy *, list->n + 1);
    for (u32 i = 0; i < list->n; i++) v[i] = list->v[i].compiled;
    return (struct policy_list){v, list->n};
}

static struct iam_position *position(struct sim *s, str document, size_t offset) {
    struct iam_position *p = NEW(s->call->arena, struct iam_position);
    i32 line = 1, column = 1;
    for (size_t i = 0; i < offset; i++) {
        column = document.p[i] == '\n' ? 1 : column + 1;
        line += document.p[i] == '\n';
    }
    *p = (struct iam_position){SOME_I32(line), SOME_I32(column)};
    return p;
}

/* The statements that speak for what was decided: those that deny, or those that allow. */
static void add_matched(struct sim *s, const struct sim_documents *list, const struct policy_request *r, enum policy_effect wanted,
                        struct iam_statement_list_type *matched) {
    for (u32 i = 0; i < list->n; i++) {
        const struct sim_document *d = &list->v[i];
        for (u32 j = 0; j < d->n && matched->n < SIM_MATCHED_MAX; j++) {
            if (policy_evaluate(d->statements[j].compiled, r) != wanted) continue;
            size_t from = (size_t)(d->statements[j].text.p - d->json.p);
            matched->v[matched->n++] = (struct iam_statement){d->id, d->type, position(s, d->json, from),
                                                              position(s, d->json, from + d->statements[j].text.n - 1)};
        }
    }
}

static struct iam_context_key_names_result_list_type missing_keys(struct sim *s) {
    struct iam_context_key_names_result_list_type list = {.v = NEW_ARRAY(s->call->arena, str, s->keys.n + 1), .set = true};
    for (u32 i = 0; i < s->keys.n; i++)
        if (s->missing[i]) list.v[list.n++] = s->keys.v[i];
    return list;
}

static bool allows_alone(const struct sim *s, const struct policy_set *part, const struct policy_request *r) {
    const struct policy *all[] = {s->everything};
    struct policy_set set = *part;
    set.identity = (struct policy_list){all, 1};
    return policy_decide(&set, r).allowed;
}

static str word_of(const struct policy_decision *d) { return d->allowed ? S("allowed") : d->explicit_deny ? S("explicitDeny") : S("implicitDeny"); }

static void details(struct sim *s, const struct policy_set *set, const struct policy_request *r, struct iam_evaluation_result *out) {
    struct arena *a = s->call->arena;
    out->eval_decision_details.set = true;
    if (s->organization) {
        struct policy_set alone = {.service_control = set->service_control, .service_control_levels = set->service_control_levels};
        out->organizations_decision_detail = NEW(a, struct iam_organizations_decision_detail);
        out->organizations_decision_detail->allowed_by_organizations = SOME_BOOL(allows_alone(s, &alone, r));
    }
    if (set->boundary) {
        struct policy_set alone = {.boundary = set->boundary};
        out->permissions_boundary_decision_detail = NEW(a, struct iam_permissions_boundary_decision_detail);
        out->permissions_boundary_decision_detail->allowed_by_permissions_boundary = SOME_BOOL(allows_alone(s, &alone, r));
    }
    if (!set->cross_account || !set->resource) return;
    struct policy_set identity = {.identity = set->identity, .boundary = set->boundary}, resource = {.resource = set->resource};
    struct policy_decision by_identity = policy_decide(&identity, r), by_resource = policy_decide(&resource, r);
    out->eval_decision_details.v = NEW_ARRAY(a, struct iam_eval_decision_details_type_entry, 2);
    out->eval_decision_details.v[out->eval_decision_details.n++] = (struct iam_eval_decision_details_type_entry){S("IAM Policy"), word_of(&by_identity)};
    out->eval_decision_details.v[out->eval_decision_details.n++] = (struct iam_eval_decision_details_type_entry){S("Resource Policy"), word_of(&by_resource)};
}

void sim_evaluate(struct sim *s, str action, str resource, struct iam_evaluation_result *out) {
    struct arena *a = s->call->arena;
    struct policy_request r = {.principal = &s->principal, .action = action, .resource = resource, .values = values, .context = s, .arena = a};
    struct policy_set set = {
        .identity = compiled(s, &s->identity),
        .boundary = s->boundary.n ? s->boundary.v[0].compiled : NULL,
        .service_control = s->levels,
        .service_control_levels = s->level_count,
        .resource = s->resource.n ? s->resource.v[0].compiled : NULL,
        .cross_account = s->resource.n && !str_eq(s->owner, s->principal.account),
    };
    s->missing = NEW_ARRAY(a, bool, s->keys.n + 1);
    struct policy_decision d = policy_decide(&set, &r);
    struct iam_statement_list_type matched = {.v = NEW_ARRAY(a, struct iam_statement, SIM_MATCHED_MAX), .set = true};
    enum policy_effect wanted = d.explicit_deny ? POLICY_DENIES : POLICY_ALLOWS;
    if (d.allowed || d.explicit_deny) {
        add_matched(s, &s->identity, &r, wanted, &matched);
        add_matched(s, &s->boundary, &r, wanted, &matched);
        add_matched(s, &s->resource, &r, wanted, &matched);
    }
    *out = (struct iam_evaluation_result){.eval_action_name = action, .eval_resource_name = resource, .eval_decision = word_of(&d),
                                          .matched_statements = matched, .missing_context_values = missing_keys(s)};
    details(s, &set, &r, out);
    struct iam_resource_specific_result *each = NEW(a, struct iam_resource_specific_result);
    *each = (struct iam_resource_specific_result){.eval_resource_name = resource, .eval_resource_decision = out->eval_decision,
                                                  .matched_statements = matched, .missing_context_values = out->missing_context_values,
                                                  .permissions_boundary_decision_detail = out->permissions_boundary_decision_detail};
    out->resource_specific_results = (struct iam_resource_specific_result_list_type){each, 1, true};
}
