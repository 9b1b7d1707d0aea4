/* Last uses in an organization: which services its SCPs let an account or unit use, and when its accounts last did. A job
 * makes lines "service, name, when, where, by which entity, by how many" with tabs between. */
#include "iam.h"

#include <stdlib.h>

#include "gen/organizations.h"

enum { LEVELS_MAX = 8, LINES_MAX = 256 << 10 };

struct scope {
    struct granted levels[LEVELS_MAX]; /* a service must be granted by each */
    u32 n_levels;
    struct place { /* an account */
        str id, path;
    } *v;
    u32 n;
};

static err organizations_call(struct call *c, u16 op, const void *in, void *out) {
    return call_service(c, &(struct call_other){.service = &organizations_service, .op = op, .as = CALL_AS_SERVICE}, in, out);
}

static err add_policy(struct call *c, struct granted *g, str id) {
    struct organizations_describe_policy_request in = {.policy_id = id};
    struct organizations_describe_policy_response out = {0};
    TRY(organizations_call(c, ORGANIZATIONS_OP_DESCRIBE_POLICY, &in, &out));
    granted_add(g, out.policy->content);
    granted_take_away(g, out.policy->content);
    return NULL;
}

/* What the SCPs of a root, unit or account grant. */
static err add_level(struct call *c, struct scope *s, str target) {
    struct organizations_list_policies_for_target_request in = {.target_id = target, .filter = S("SERVICE_CONTROL_POLICY")};
    struct organizations_list_policies_for_target_response out;
    if (s->n_levels == LEVELS_MAX) return &iam_invalid_input_exception;
    struct granted *g = &s->levels[s->n_levels++];
    *g = granted_new(c->arena);
    do {
        out = (struct organizations_list_policies_for_target_response){0};
        TRY(organizations_call(c, ORGANIZATIONS_OP_LIST_POLICIES_FOR_TARGET, &in, &out));
        for (u32 i = 0; i < out.policies.n; i++) TRY(add_policy(c, g, out.policies.v[i].id));
        in.next_token = out.next_token;
    } while (in.next_token.p);
    return NULL;
}

static void add_accounts(struct call *c, struct scope *s, str entity_path) {
    const struct identity_door *door = identity_door_of(c);
    str below = arena_concat(c->arena, entity_path, S("/")), *accounts;
    u32 n = door->organization_accounts(c->txn, c->arena, c->account, &accounts);
    s->v = NEW_ARRAY(c->arena, struct place, n + 1);
    for (u32 i = 0; i < n; i++) {
        struct identity_organization where;
        door->organization(c->txn, c->arena, accounts[i], &where);
        str path = arena_concat(c->arena, where.path, accounts[i]);
        if (str_eq(path, entity_path) || str_starts(path, below)) s->v[s->n++] = (struct place){accounts[i], path};
    }
}

static err scope_of(struct call *c, const struct advisor_job *job, struct scope *s) {
    str rest = job->arn;
    *s = (struct scope){0};
    add_accounts(c, s, job->arn);
    str_cut(&rest, '/'); /* the organization */
    while (rest.n) TRY(add_level(c, s, str_cut(&rest, '/')));
    if (!job->policy.p) return NULL;
    s->n_levels = 1;
    s->levels[0] = granted_new(c->arena);
    return add_policy(c, &s->levels[0], job->policy);
}

static bool accessible(const struct scope *s, str service) {
    for (u32 i = 0; i < s->n_levels; i++)
        if (!grants(&s->levels[i], service)) return false;
    return true;
}

static void add_line(struct buf *b, struct call *c, const struct scope *s, str service, str name) {
    struct service_use last = {0}, use;
    str by = S("");
    u32 total = 0;
    for (u32 i = 0; i < s->n; i++) {
        struct realm r = {c->txn, c->arena, s->v[i].id};
        if (!use_of(&r, S("account"), service, &use)) continue;
        total++;
        if (use.at_ms <= last.at_ms) continue;
        last = use;
        by = s->v[i].path;
    }
    buf_format(b, "%.*s\t%.*s\t%lld\t%.*s\t%.*s\t%u\n", STR_ARGS(service), STR_ARGS(name), (long long)last.at_ms, STR_ARGS(last.region), STR_ARGS(by), total);
}

err access_report_run(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    str id = arena_str(a, task->payload), account = str_cut(&id, ' '), line;
    struct call *c = call_for_task(t, &iam_service, account, S("us-east-1"), now_ms);
    struct realm r = realm_of(c);
    struct advisor_job job;
    struct scope s;
    struct buf b = buf_new(a, LINES_MAX);
    if (!advisor_load(&r, id, &job)) return NULL;
    err e = scope_of(c, &job, &s);
    if (e) job.error = c->error_message.n ? c->error_message : str_of(e->code);
    else
        for (struct packed_walk w = {0}; packed_next(&aws_services, a, &w, &line);) {
            str service = str_cut(&line, '\t');
            if (accessible(&s, service)) add_line(&b, c, &s, service, line);
        }
    job.lines = b.n ? buf_str(&b) : S("");
    job.done_ms = now_ms;
    advisor_save(&r, id, &job);
    return NULL;
}

/* The management account asks, for a place in its own organization. */
static err check_path(struct call *c, str path) {
    struct identity_organization o;
    identity_door_of(c)->organization(c->txn, c->arena, c->account, &o);
    if (!o.management) return fail(c, &cloud_access_denied, "You must be signed in to the management account of an organization.");
    str rest = path;
    if (str_eq(str_cut(&rest, '/'), o.id) && rest.n) return NULL;
    return fail(c, &iam_invalid_input_exception, "The entity path %.*s is not of your organization.", STR_ARGS(path));
}

err iam_generate_organizations_access_report(struct call *c, const struct iam_generate_organizations_access_report_request *in,
                                             struct iam_generate_organizations_access_report_response *out) {
    TRY(check_path(c, in->entity_path));
    struct advisor_job job = {.arn = str_ends(in->entity_path, S("/")) ? str_take(in->entity_path, in->entity_path.n - 1) : in->entity_path, .policy = in->organizations_policy_id, .created_ms = c->now_ms};
    out->job_id = advisor_start(c, S("iam-access-report"), &job);
    return NULL;
}

/* ---- the report ---- */

static struct iam_access_detail detail_of(str line) {
    struct iam_access_detail d = {0};
    i64 at_ms;
    u64 total;
    d.service_namespace = str_cut(&line, '\t');
    d.service_name = str_cut(&line, '\t');
    ASSERT(str_to_i64(str_cut(&line, '\t'), &at_ms));
    str region = str_cut(&line, '\t'), path = str_cut(&line, '\t');
    ASSERT(str_to_u64(line, &total));
    d.total_authenticated_entities = SOME_I32((i32)total);
    if (!at_ms) return d;
    d.last_authenticated_time = SOME_TIME(at_ms);
    d.region = region;
    d.entity_path = path;
    return d;
}

static int by_namespace(const void *x, const void *y) {
    const struct iam_access_detail *a = x, *b = y;
    return str_cmp(a->service_namespace, b->service_namespace);
}

/* What was never used is the oldest. */
static int by_time(const void *x, const void *y) {
    const struct iam_access_detail *a = x, *b = y;
    i64 earlier = a->last_authenticated_time.set ? a->last_authenticated_time.ms : 0, later = b->last_authenticated_time.set ? b->last_authenticated_time.ms : 0;
    return earlier == later ? by_namespace(x, y) : earlier < later ? -1 : 1;
}

static void reverse(struct iam_access_detail *v, u32 n) {
    for (u32 i = 0; i < n / 2; i++) {
        struct iam_access_detail kept = v[i];
        v[i] = v[n - 1 - i];
        v[n - 1 - i] = kept;
    }
}

err iam_get_organizations_access_report(struct call *c, const struct iam_get_organizations_access_report_request *in,
                                        struct iam_get_organizations_access_report_response *out) {
    enum { SERVICES_MAX = 1000 };
    struct advisor_job job;
    u64 from = 0;
    u32 max = in->max_items.set ? (u32)in->max_items.v : 100, n = 0, unused = 0;
    TRY(advisor_open(c, in->job_id, &job));
    TRY(advisor_page(c, in->marker, &from));
    out->job_status = !job.done_ms ? S("IN_PROGRESS") : job.error.p ? S("FAILED") : S("COMPLETED");
    out->job_creation_date = SOME_TIME(job.created_ms);
    if (!job.done_ms) return NULL;
    out->job_completion_date = SOME_TIME(job.done_ms);
    if (job.error.p) {
        out->error_details = NEW(c->arena, struct iam_error_details);
        *out->error_details = (struct iam_error_details){.message = job.error, .code = S("InvalidInput")};
        return NULL;
    }
    struct iam_access_detail *v = NEW_ARRAY(c->arena, struct iam_access_detail, SERVICES_MAX);
    for (str rest = job.lines; rest.n && n < SERVICES_MAX; n++) {
        v[n] = detail_of(str_cut(&rest, '\n'));
        unused += !v[n].last_authenticated_time.set;
    }
    qsort(v, n, sizeof *v, str_starts(in->sort_key, S("LAST_AUTHENTICATED_TIME")) ? by_time : by_namespace);
    if (str_ends(in->sort_key, S("_DESCENDING"))) reverse(v, n);
    out->number_of_services_accessible = SOME_I32((i32)n);
    out->number_of_services_not_accessed = SOME_I32((i32)unused);
    u32 first = from < n ? (u32)from : n, shown = n - first < max ? n - first : max;
    out->access_details = (struct iam_access_details){.v = v + first, .n = shown, .set = true};
    out->is_truncated = SOME_BOOL(first + shown < n);
    if (out->is_truncated.v) out->marker = page_token(c, arena_format(c->arena, "%u", first + shown));
    return NULL;
}
