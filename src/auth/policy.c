/* Statements: compiled, and held against one request. */
#include "policy_form.h"

#include "base/encode.h"

/* ---- compiling ---- */

u64 service_bit(str service) { return 1ull << (str_hash(service) & 63); }

static str lower_case(struct arena *a, str s) {
    char *text = arena_alloc(a, s.n, 1);
    for (size_t i = 0; i < s.n; i++) text[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] | 32) : s.p[i];
    return (str){text, s.n};
}

static struct patterns compile_patterns(struct arena *a, const struct texts *t, unsigned flags) {
    struct pattern *v = NEW_ARRAY(a, struct pattern, t->n);
    for (u32 i = 0; i < t->n; i++) v[i] = policy_pattern_compile(a, t->v[i], flags);
    return (struct patterns){v, t->n};
}

static u64 services_of(struct arena *a, const struct texts *actions) {
    u64 bits = 0;
    for (u32 i = 0; i < actions->n; i++) {
        str rest = actions->v[i], service = str_cut(&rest, ':');
        bool any = !rest.p || str_find_char(service, '*') != STR_NONE || str_find_char(service, '?') != STR_NONE;
        bits |= any ? ~0ull : service_bit(lower_case(a, service));
    }
    return bits;
}

static struct principal_names compile_principals(struct arena *a, const struct raw_statement *raw) {
    u32 most = 0, n = 0;
    for (int type = 0; type <= PRINCIPAL_TYPE_CANONICAL; type++) most += raw->principals[type].n;
    struct principal_name *v = NEW_ARRAY(a, struct principal_name, most);
    for (int type = 0; type <= PRINCIPAL_TYPE_CANONICAL; type++)
        for (u32 i = 0; i < raw->principals[type].n; i++)
            n += principal_name_compile((enum principal_type)type, raw->principals[type].v[i], &v[n]);
    return (struct principal_names){v, n};
}

static struct conditions compile_conditions(struct arena *a, const struct raw_statement *raw, bool variables) {
    struct condition *v = NEW_ARRAY(a, struct condition, raw->condition_count);
    for (u32 i = 0; i < raw->condition_count; i++) {
        const struct raw_condition *c = &raw->conditions[i];
        bool legacy = false;
        ASSERT(condition_compile(a, c->operator_name, c->key, c->values.v, c->values.n, variables, &v[i], &legacy)); /* judged before */
    }
    return (struct conditions){v, raw->condition_count};
}

static void compile_statement(struct arena *a, const struct raw_statement *raw, bool variables, struct statement *s) {
    const struct texts *actions = raw->actions.given ? &raw->actions : &raw->not_actions;
    const struct texts *resources = raw->resources.given ? &raw->resources : &raw->not_resources;
    *s = (struct statement){
        .sid = raw->sid,
        .allows = str_eq(raw->effect, S("Allow")),
        .not_action = raw->not_actions.given,
        .not_resource = raw->not_resources.given,
        .has_principal = raw->principal || raw->not_principal,
        .not_principal = raw->not_principal,
        .services = raw->not_actions.given ? ~0ull : services_of(a, actions),
        .actions = compile_patterns(a, actions, PATTERN_WILD | PATTERN_FOLD),
        .resources = compile_patterns(a, resources, PATTERN_WILD | (variables ? PATTERN_VARIABLES : 0u)),
        .principals = compile_principals(a, raw),
        .conditions = compile_conditions(a, raw, variables),
    };
}

const struct policy *policy_compile(str json, enum policy_kind kind, struct arena *a, str *problem) {
    struct raw_policy raw;
    json = arena_str(a, json); /* what is compiled may outlive what it was read from */
    *problem = policy_read(json, a, &raw) ? policy_judge(&raw, kind, a) : S("Syntax errors in policy.");
    if (problem->p) return NULL;
    struct policy *p = NEW(a, struct policy);
    struct statement *statements = NEW_ARRAY(a, struct statement, raw.n);
    *p = (struct policy){.kind = (u8)kind, .statements = statements, .n = raw.n};
    bool variables = str_eq(raw.version, S("2012-10-17")); /* an older document takes ${...} as it stands */
    for (u32 i = 0; i < raw.n; i++) {
        compile_statement(a, &raw.statements[i], variables, &statements[i]);
        p->services |= statements[i].services;
    }
    return p;
}

/* ---- asking ---- */

struct question question_of(const struct policy_request *r, char *lowered, size_t capacity) {
    size_t n = MIN(r->action.n, capacity); /* no action is as long: cut, it fits none by name */
    for (size_t i = 0; i < n; i++) lowered[i] = r->action.p[i] >= 'A' && r->action.p[i] <= 'Z' ? (char)(r->action.p[i] | 32) : r->action.p[i];
    str rest = {lowered, n};
    struct question q = {.request = r, .action = rest};
    q.service = service_bit(str_cut(&rest, ':'));
    return q;
}

static bool any_pattern(const struct patterns *patterns, str text, const struct policy_request *r) {
    for (u32 i = 0; i < patterns->n; i++)
        if (policy_pattern_matches(&patterns->v[i], text, r)) return true;
    return false;
}

/* Bits of enum principal_match by which the statement means the caller; 0: it does not. */
static unsigned caller_meant(const struct statement *s, const struct question *q) {
    const struct principal *p = q->request->principal;
    if (!s->has_principal) return MATCH_DIRECT;
    if (!s->not_principal) return principal_named(&s->principals, p);
    /* AWS: a Deny with NotPrincipal denies whoever has a permissions boundary, listed or not. */
    if (!s->allows && q->bounded) return MATCH_DIRECT;
    return principal_excepted(&s->principals, p, s->allows) ? 0 : MATCH_DIRECT;
}

/* 0: the statement does not speak about this request. */
static unsigned statement_applies(const struct statement *s, const struct question *q) {
    const struct policy_request *r = q->request;
    if (!(s->services & q->service)) return 0;
    if (any_pattern(&s->actions, q->action, r) == s->not_action) return 0;
    unsigned meant = caller_meant(s, q);
    if (!meant) return 0;
    if ((s->resources.n || s->not_resource) && any_pattern(&s->resources, r->resource, r) == s->not_resource) return 0;
    for (u32 i = 0; i < s->conditions.n; i++)
        if (!condition_holds(&s->conditions.v[i], r)) return 0;
    return meant;
}

unsigned policy_answer(const struct policy *p, const struct question *q) {
    unsigned allowed = 0;
    if (!(p->services & q->service)) return 0;
    for (u32 i = 0; i < p->n; i++) {
        unsigned meant = statement_applies(&p->statements[i], q);
        if (meant && !p->statements[i].allows) return ANSWER_DENIES;
        allowed |= meant;
    }
    return allowed;
}

enum policy_effect policy_evaluate(const struct policy *p, const struct policy_request *r) {
    char lowered[QUESTION_ACTION_MAX];
    struct question q = question_of(r, lowered, sizeof lowered);
    unsigned answer = policy_answer(p, &q);
    return answer & ANSWER_DENIES ? POLICY_DENIES : answer ? POLICY_ALLOWS : POLICY_SILENT;
}
