/* All policies that speak about a request, in AWS's order. Source: the IAM user guide, "Policy evaluation
 * logic": "How AWS enforcement code logic evaluates requests", "... within a single account",
 * "Cross-account policy evaluation logic", and for key policies the KMS developer guide. */
#include "policy_form.h"

static struct policy_decision refused(enum policy_reason reason) { return (struct policy_decision){.reason = (u8)reason}; }
static const struct policy_decision allowed = {.allowed = true};

/* ---- what each kind of policy answers, asked once ---- */

struct answers {
    unsigned identity, boundary, session, resource, endpoint; /* as policy_answer() */
    bool service_control, resource_control;                   /* every level allows */
};

/* False: denied; then *denier tells by which. */
static bool ask(const struct policy_list *list, const struct question *q, unsigned *answer, const struct policy **denier) {
    for (u32 i = 0; i < list->n; i++) {
        *answer |= policy_answer(list->v[i], q);
        *denier = list->v[i];
        if (*answer & ANSWER_DENIES) return false;
    }
    return true;
}
static bool ask_one(const struct policy *p, const struct question *q, unsigned *answer, const struct policy **denier) {
    return ask(&(struct policy_list){&p, p != NULL}, q, answer, denier);
}
static bool ask_levels(const struct policy_level *levels, u32 n, const struct question *q, bool *allow, const struct policy **denier) {
    *allow = true;
    for (u32 i = 0; i < n; i++) {
        unsigned answer = 0;
        if (!ask(&levels[i].policies, q, &answer, denier)) return false;
        *allow &= answer != 0;
    }
    return true;
}

/* An explicit deny, wherever it stands, ends it: the kind of policy where one was found. */
static enum policy_reason ask_all(const struct policy_set *s, const struct question *q, struct answers *a, const struct policy **denier) {
    if (!ask_levels(s->service_control, s->service_control_levels, q, &a->service_control, denier)) return POLICY_REASON_SERVICE_CONTROL;
    if (!ask_levels(s->resource_control, s->resource_control_levels, q, &a->resource_control, denier)) return POLICY_REASON_RESOURCE_CONTROL;
    if (!ask_one(s->endpoint, q, &a->endpoint, denier)) return POLICY_REASON_ENDPOINT;
    if (!ask_one(s->resource, q, &a->resource, denier)) return POLICY_REASON_RESOURCE;
    if (!ask(&s->identity, q, &a->identity, denier)) return POLICY_REASON_IDENTITY;
    if (!ask_one(s->boundary, q, &a->boundary, denier)) return POLICY_REASON_BOUNDARY;
    if (!ask(&s->session, q, &a->session, denier)) return POLICY_REASON_SESSION;
    return POLICY_REASON_NONE;
}

/* ---- allows ---- */

/* What narrows a grant: of identity policies, and of resource policies that name the role behind a session. */
static struct policy_decision narrowed(const struct policy_set *s, const struct answers *a) {
    if (s->boundary && !a->boundary) return refused(POLICY_REASON_BOUNDARY);
    if (s->has_session_policies && !a->session) return refused(POLICY_REASON_SESSION);
    return allowed;
}

/* The caller's own side. The root user's side is always given, but for the task policy of AssumeRoot. */
static struct policy_decision by_identity(const struct policy_set *s, const struct answers *a, bool root) {
    return root || a->identity ? narrowed(s, a) : refused(POLICY_REASON_IDENTITY);
}

static struct policy_decision within_account(const struct policy_set *s, const struct answers *a, bool root) {
    /* Granted to this very user or session, or to everybody: implicit denies elsewhere do not limit it. */
    if (a->resource & MATCH_DIRECT && !(root && s->has_session_policies)) return allowed;
    if (a->resource & MATCH_ROLE) return narrowed(s, a);
    if (s->resource_policy_rules && !a->resource) return refused(POLICY_REASON_RESOURCE);
    return by_identity(s, a, root);
}

static struct policy_decision across_accounts(const struct policy_set *s, const struct answers *a, bool root) {
    struct policy_decision own = by_identity(s, a, root);
    if (!own.allowed) return own;
    return a->resource ? allowed : refused(POLICY_REASON_RESOURCE);
}

struct policy_decision policy_decide(const struct policy_set *set, const struct policy_request *r) {
    char lowered[QUESTION_ACTION_MAX];
    struct question q = question_of(r, lowered, sizeof lowered);
    q.bounded = set->boundary != NULL;
    struct answers a = {0};
    const struct policy *denier = NULL;
    enum policy_reason denies = ask_all(set, &q, &a, &denier);
    if (denies) return (struct policy_decision){.explicit_deny = true, .reason = (u8)denies, .decider = denier};
    if (!a.resource_control) return refused(POLICY_REASON_RESOURCE_CONTROL);
    if (!a.service_control) return refused(POLICY_REASON_SERVICE_CONTROL);
    if (set->endpoint && !a.endpoint) return refused(POLICY_REASON_ENDPOINT);
    bool root = r->principal->kind == PRINCIPAL_ROOT;
    if (set->granted || (set->granted_to_account && root)) a.resource |= MATCH_DIRECT;
    if (set->granted_to_account) a.resource |= MATCH_ACCOUNT;
    u8 kind = r->principal->kind;
    if (kind == PRINCIPAL_ANONYMOUS || kind == PRINCIPAL_SERVICE) /* they have no policies of their own */
        return a.resource ? allowed : refused(POLICY_REASON_RESOURCE);
    return set->cross_account ? across_accounts(set, &a, root) : within_account(set, &a, root);
}
