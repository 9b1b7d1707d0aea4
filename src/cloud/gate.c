/* Who says what about a request, gathered for the evaluator (auth/policy.h). */
#include "cloud/gate.h"

struct txn *gate_txn(struct call *c) {
    if (!c->txn) {
        c->txn = store_snapshot(c->cloud->store, c->arena);
        c->gate_snapshot = true;
    }
    return c->txn;
}

void gate_txn_end(struct call *c) {
    if (!c->gate_snapshot) return;
    store_snapshot_end(c->txn);
    c->txn = NULL;
    c->gate_snapshot = false;
}

/* ---- the policies ---- */

/* Those that a session carries; a federated user has no right but by them. */
static void add_session_policies(struct gate *g, struct policy_set *set) {
    const struct principal *p = g->principal;
    set->has_session_policies = p->kind == PRINCIPAL_FEDERATED || p->session_policy.n || p->session_policy_arns.n;
    if (!p->session_policy.n && !p->session_policy_arns.n) return;
    u32 most = 1;
    for (size_t i = 0; i < p->session_policy_arns.n; i++) most += p->session_policy_arns.p[i] == ' ';
    const struct policy **v = NEW_ARRAY(g->c->arena, const struct policy *, most + 1);
    u32 n = 0;
    if (p->session_policy.n) v[n++] = gate_document(&g->view, p->session_policy, POLICY_IDENTITY);
    for (str rest = p->session_policy_arns; rest.n;) {
        const struct policy *managed = gate_managed(&g->view, str_cut(&rest, ' '));
        if (managed) v[n++] = managed; /* one that was deleted since allows nothing */
    }
    set->session = (struct policy_list){v, n};
}

/* AWS limits by resource control policies what these services keep; that a grant is given back they never stop. */
static bool resource_controlled(str action) {
    if (str_eq(action, S("kms:RetireGrant"))) return false;
    static const char *const services[] = {"s3", "sts", "kms", "sqs", "secretsmanager", "ecr", "dynamodb", "logs", "aoss", "cognito-identity", "cognito-idp"};
    str rest = action, service = str_cut(&rest, ':');
    for (size_t i = 0; i < LENGTH(services); i++)
        if (str_eq(service, str_of(services[i]))) return true;
    return false;
}

static void add_organization_policies(struct gate *g, struct policy_set *set, bool service_linked) {
    const struct principal *p = g->principal;
    if (service_linked) return;
    if (p->account.n && p->kind != PRINCIPAL_SERVICE) {
        const struct gate_account *of_caller = gate_account_of(&g->view, p->account);
        set->service_control = of_caller->service_control;
        set->service_control_levels = of_caller->service_control ? of_caller->levels : 0;
    }
    if (!resource_controlled(g->action) || g->facts->beyond_organizations) return;
    const struct gate_account *of_resource = gate_account_of(&g->view, g->resource_account);
    set->resource_control = of_resource->resource_control;
    set->resource_control_levels = of_resource->resource_control ? of_resource->levels : 0;
}

static struct policy_set gather(struct gate *g) {
    const struct principal *p = g->principal;
    struct policy_set set = {0};
    bool service_linked = false;
    if (p->kind == PRINCIPAL_USER || p->kind == PRINCIPAL_ROLE_SESSION || p->kind == PRINCIPAL_FEDERATED) {
        const struct gate_caller *caller = gate_caller_of(&g->view, p);
        if (caller->exists) {
            set.identity = caller->policies;
            set.boundary = caller->boundary;
            service_linked = caller->service_linked;
        }
    }
    add_session_policies(g, &set);
    add_organization_policies(g, &set, service_linked);
    if (g->facts->resource_policy.n) set.resource = gate_document(&g->view, g->facts->resource_policy, POLICY_RESOURCE_ANY_SID);
    set.resource_policy_rules = g->facts->policy_rules;
    set.granted = g->facts->granted;
    set.granted_to_account = g->facts->granted_to_account;
    set.cross_account = p->account.n && !str_eq(p->account, g->resource_account);
    return set;
}

/* ---- deciding ---- */

static bool abroad(struct gate *g, const struct policy_set *set) {
    if (!set->cross_account) return false;
    str home = gate_account_of(&g->view, g->principal->account)->organization, there = gate_account_of(&g->view, g->resource_account)->organization;
    return !home.n || !str_eq(home, there);
}

static str owner_of(struct call *c, const struct gate_question *q) {
    struct arn arn;
    if (q->facts && q->facts->resource_account.p) return q->facts->resource_account;
    if (arn_parse(q->resource, &arn) && account_valid(arn.account)) return arn.account;
    return c->account;
}

struct policy_decision gate_decide(struct call *c, const struct gate_question *q) {
    static const struct auth_facts no_facts;
    struct gate g = {
        .c = c,
        .principal = q->principal,
        .action = q->action,
        .resource = q->resource,
        .resource_account = owner_of(c, q),
        .facts = q->facts ? q->facts : &no_facts,
        .question = q,
    };
    struct policy_request r = {.principal = q->principal, .action = q->action, .resource = q->resource, .values = gate_values, .context = &g, .arena = c->arena};
    g.view = gate_view_open(c);
    struct policy_set set = gather(&g);
    struct policy_decision d = policy_decide(&set, &r);
    c->denied_abroad = !d.allowed && abroad(&g, &set);
    c->denied_hidden = c->denied_abroad && g.facts->hidden;
    gate_view_close(&g.view);
    d.decider = NULL; /* it is the cache's */
    gate_txn_end(c);
    return d;
}
