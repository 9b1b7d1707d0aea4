/* Access advisor: which services an identity or policy lets be used, and when they and their actions last were. The
 * gate tells of each use (iam_key_used); a row a service or action and user or role: ("used", id, service) -> when, where. */
#include "iam.h"

enum { ENTITIES_MAX = 5000, LINES_MAX = 1 << 20 };

void service_used(const struct realm *r, str id, str service, str region, i64 at_ms) {
    struct service_use use = {at_ms, region};
    txn_put(r->txn, realm_key(r, "used", id, service), record_encode(r->arena, &service_use_record, &use));
}

bool use_of(const struct realm *r, str id, str service, struct service_use *use) {
    str value;
    *use = (struct service_use){0};
    if (!txn_get(r->txn, realm_key(r, "used", id, service), &value)) return false;
    ASSERT(record_decode(r->arena, &service_use_record, arena_str(r->arena, value), use));
    return true;
}

/* ---- whom an ARN stands for ---- */

struct subject {
    struct granted granted;
    struct entity *v; /* users and roles */
    u32 n;
};

static void add_entity(struct subject *s, const struct realm *r, const struct entity *e) {
    if (e->kind != ENTITY_GROUP) {
        for (u32 i = 0; i < s->n; i++)
            if (str_eq(s->v[i].id, e->id)) return;
        if (s->n < ENTITIES_MAX) s->v[s->n++] = *e;
        return;
    }
    struct entity member;
    str from = realm_key(r, "member", e->id, (str){0}), key;
    struct range rows = txn_range(r->txn, from, key_after_prefix(r->arena, from));
    while (range_next(&rows, &key, NULL)) {
        str rest = str_skip(key, from.n), id;
        ASSERT(key_read_str(&rest, r->arena, &id) && entity_load_by_id(r, id, &member));
        add_entity(s, r, &member);
    }
}

static void add_policy(struct subject *s, const struct realm *r, const struct entity *policy) {
    struct policy_version v;
    struct entity e;
    if (policy_document(r, policy, policy->default_version, &v)) granted_add(&s->granted, v.document);
    str from = realm_key(r, "attachment", policy->id, (str){0}), key;
    struct range rows = txn_range(r->txn, from, key_after_prefix(r->arena, from));
    while (range_next(&rows, &key, NULL)) {
        str rest = str_skip(key, from.n), owner;
        ASSERT(key_read_str(&rest, r->arena, &owner) && entity_load_by_id(r, str_skip(owner, 1), &e));
        if (owner.p[0] == 'p') add_entity(s, r, &e);
    }
}

static err subject_of(struct call *c, str arn, struct subject *s) {
    struct realm r = realm_of(c);
    struct entity e;
    *s = (struct subject){.granted = granted_new(c->arena), .v = NEW_ARRAY(c->arena, struct entity, ENTITIES_MAX)};
    if (policy_load(&r, arn, &e)) {
        add_policy(s, &r, &e);
        return NULL;
    }
    TRY(entity_by_arn(c, arn, &e));
    struct source_policies own = policies_of(&r, &e);
    for (u32 i = 0; i < own.n; i++) granted_add(&s->granted, own.v[i].json);
    add_entity(s, &r, &e);
    return NULL;
}

/* ---- the job: its lines are "service, name, when, by whom, where, by how many", with tabs between; after a service's,
 * with a tab in front, those of its actions: "action, when, by whom, where" ---- */

str advisor_key(const struct realm *r, str id) { return realm_key(r, "advisor", id, (str){0}); }

bool advisor_load(const struct realm *r, str id, struct advisor_job *job) {
    str value;
    if (!txn_get(r->txn, advisor_key(r, id), &value)) return false;
    *job = (struct advisor_job){0};
    ASSERT(record_decode(r->arena, &advisor_job_record, arena_str(r->arena, value), job));
    return true;
}

void advisor_save(const struct realm *r, str id, const struct advisor_job *job) {
    txn_put(r->txn, advisor_key(r, id), record_encode(r->arena, &advisor_job_record, job));
}

struct last_use {
    struct service_use use;
    const struct entity *by; /* NULL: never */
    u32 total;               /* by how many */
};

static struct last_use last_use_of(const struct realm *r, const struct subject *s, str what) {
    struct last_use last = {0};
    struct service_use use;
    for (u32 i = 0; i < s->n; i++) {
        if (!use_of(r, s->v[i].id, what, &use)) continue;
        last.total++;
        if (use.at_ms > last.use.at_ms) {
            last.use = use;
            last.by = &s->v[i];
        }
    }
    return last;
}

static void add_line(struct buf *b, const struct realm *r, const struct subject *s, str service, str name) {
    struct last_use last = last_use_of(r, s, service);
    str arn = last.by ? entity_arn(r->arena, last.by) : S("");
    buf_format(b, "%.*s\t%.*s\t%lld\t%.*s\t%.*s\t%u\n", STR_ARGS(service), STR_ARGS(name), (long long)last.use.at_ms, STR_ARGS(arn),
               STR_ARGS(last.use.region), last.total);
}

/* The management actions of a service that this cloud has, whether they were used or not. */
static void add_actions(struct buf *b, struct call *c, const struct subject *s, str service) {
    struct realm r = realm_of(c);
    const struct service *room;
    for (size_t i = 0; (room = service_at(c, i)); i++)
        for (u32 op = 0; op < room->wire->op_count; op++) {
            const struct wire_op *o = &room->wire->ops[op];
            str action = o->iam_count ? wire_text(room->wire, room->wire->iam[o->iam].action) : S(""), prefix = str_take(action, service.n + 1);
            if (o->flags & WIRE_OP_DATA || !str_starts(prefix, service) || !str_ends(prefix, S(":"))) continue;
            struct last_use last = last_use_of(&r, s, action);
            str arn = last.by ? entity_arn(c->arena, last.by) : S("");
            buf_format(b, "\t%.*s\t%lld\t%.*s\t%.*s\n", STR_ARGS(str_skip(action, prefix.n)), (long long)last.use.at_ms, STR_ARGS(arn), STR_ARGS(last.use.region));
        }
}

err advisor_run(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    str id = arena_str(a, task->payload), account = str_cut(&id, ' '), line;
    struct call *c = call_for_task(t, &iam_service, account, S("us-east-1"), now_ms);
    struct realm r = realm_of(c);
    struct advisor_job job;
    struct subject s;
    struct buf b = buf_new(a, LINES_MAX);
    if (!advisor_load(&r, id, &job)) return NULL;
    if (subject_of(c, job.arn, &s) == NULL)
        for (struct packed_walk w = {0}; packed_next(&aws_services, a, &w, &line);) {
            str service = str_cut(&line, '\t');
            if (!grants(&s.granted, service)) continue;
            add_line(&b, &r, &s, service, line);
            if (job.actions) add_actions(&b, c, &s, service);
        }
    job.lines = b.n ? buf_str(&b) : S("");
    job.done_ms = now_ms;
    advisor_save(&r, id, &job);
    return NULL;
}

str advisor_start(struct call *c, str kind, const struct advisor_job *job) {
    struct realm r = realm_of(c);
    str id = id_uuid(c->arena);
    advisor_save(&r, id, job);
    txn_task_set(c->txn, &(struct task){.kind = kind, .key = advisor_key(&r, id), .payload = arena_format(c->arena, "%.*s %.*s", STR_ARGS(c->account), STR_ARGS(id))});
    return id;
}

err iam_generate_service_last_accessed_details(struct call *c, const struct iam_generate_service_last_accessed_details_request *in,
                                               struct iam_generate_service_last_accessed_details_response *out) {
    struct realm r = realm_of(c);
    struct entity e;
    if (!policy_load(&r, in->arn, &e)) TRY(entity_by_arn(c, in->arn, &e));
    struct advisor_job job = {.arn = in->arn, .created_ms = c->now_ms, .actions = str_eq(in->granularity, S("ACTION_LEVEL"))};
    out->job_id = advisor_start(c, S("iam-advisor"), &job);
    return NULL;
}

err advisor_open(struct call *c, str id, struct advisor_job *job) {
    struct realm r = realm_of(c);
    if (advisor_load(&r, id, job)) return NULL;
    return fail(c, &iam_no_such_entity_exception, "Job with id %.*s cannot be found.", STR_ARGS(id));
}

err advisor_page(struct call *c, str marker, u64 *from) {
    str position;
    if (!marker.p || (page_position(c, marker, &position) && str_to_u64(position, from))) return NULL;
    return fail(c, &cloud_validation, "Invalid Marker.");
}

/* A line of a job without the tab of an action: names, when (0: never), by whom, where; `rest`: what follows. */
static i64 cut_use(str *line, str *by, str *region) {
    i64 at_ms;
    ASSERT(str_to_i64(str_cut(line, '\t'), &at_ms));
    *by = str_cut(line, '\t');
    *region = str_cut(line, '\t');
    return at_ms;
}

static void show_service(struct iam_service_last_accessed *s, str line) {
    u64 total;
    str by, region;
    s->service_namespace = str_cut(&line, '\t');
    s->service_name = str_cut(&line, '\t');
    i64 at_ms = cut_use(&line, &by, &region);
    ASSERT(str_to_u64(line, &total));
    s->total_authenticated_entities = SOME_I32((i32)total);
    if (!at_ms) return;
    s->last_authenticated = SOME_TIME(at_ms);
    s->last_authenticated_entity = by;
    s->last_authenticated_region = region;
}

static void show_action(struct call *c, struct iam_service_last_accessed *s, str line) {
    enum { ACTIONS_MAX = 400 };
    struct iam_tracked_actions_last_accessed *list = &s->tracked_actions_last_accessed;
    if (!list->set) *list = (struct iam_tracked_actions_last_accessed){.v = NEW_ARRAY(c->arena, struct iam_tracked_action_last_accessed, ACTIONS_MAX), .set = true};
    if (list->n == ACTIONS_MAX) return;
    struct iam_tracked_action_last_accessed *one = &list->v[list->n++];
    str by, region;
    one->action_name = str_cut(&line, '\t');
    i64 at_ms = cut_use(&line, &by, &region);
    if (!at_ms) return;
    one->last_accessed_time = SOME_TIME(at_ms);
    one->last_accessed_entity = by;
    one->last_accessed_region = region;
}

err iam_get_service_last_accessed_details(struct call *c, const struct iam_get_service_last_accessed_details_request *in,
                                          struct iam_get_service_last_accessed_details_response *out) {
    struct advisor_job job;
    u64 from = 0, number = 0;
    u32 max = in->max_items.set ? (u32)in->max_items.v : 100;
    struct iam_services_last_accessed *list = &out->services_last_accessed;
    TRY(advisor_open(c, in->job_id, &job));
    TRY(advisor_page(c, in->marker, &from));
    out->job_status = job.done_ms ? S("COMPLETED") : S("IN_PROGRESS");
    out->job_type = job.actions ? S("ACTION_LEVEL") : S("SERVICE_LEVEL");
    out->job_creation_date = SOME_TIME(job.created_ms);
    out->job_completion_date = SOME_TIME(job.done_ms ? job.done_ms : job.created_ms);
    out->is_truncated = SOME_BOOL(false);
    *list = (struct iam_services_last_accessed){.v = NEW_ARRAY(c->arena, struct iam_service_last_accessed, max), .set = true};
    for (str rest = job.lines; rest.n;) {
        str line = str_cut(&rest, '\n');
        if (line.p[0] == '\t') {
            if (list->n) show_action(c, &list->v[list->n - 1], str_skip(line, 1));
            continue;
        }
        if (number++ < from) continue;
        if (list->n == max) {
            out->is_truncated = SOME_BOOL(true);
            out->marker = page_token(c, arena_format(c->arena, "%llu", (unsigned long long)number - 1));
            break;
        }
        show_service(&list->v[list->n++], line);
    }
    return NULL;
}

err iam_get_service_last_accessed_details_with_entities(struct call *c, const struct iam_get_service_last_accessed_details_with_entities_request *in,
                                                        struct iam_get_service_last_accessed_details_with_entities_response *out) {
    struct realm r = realm_of(c);
    struct advisor_job job;
    struct subject s;
    u64 from = 0;
    u32 max = in->max_items.set ? (u32)in->max_items.v : 100;
    TRY(advisor_open(c, in->job_id, &job));
    TRY(advisor_page(c, in->marker, &from));
    TRY(subject_of(c, job.arn, &s));
    bool granted = grants(&s.granted, in->service_namespace);
    out->job_status = job.done_ms ? S("COMPLETED") : S("IN_PROGRESS");
    out->job_creation_date = SOME_TIME(job.created_ms);
    out->job_completion_date = SOME_TIME(job.done_ms ? job.done_ms : job.created_ms);
    out->entity_details_list = (struct iam_entity_details_list_type){.v = NEW_ARRAY(c->arena, struct iam_entity_details, max), .set = true};
    u64 at = from;
    for (; granted && at < s.n && out->entity_details_list.n < max; at++) {
        const struct entity *e = &s.v[at];
        struct service_use use;
        struct iam_entity_details *d = &out->entity_details_list.v[out->entity_details_list.n++];
        d->entity_info = NEW(c->arena, struct iam_entity_info);
        *d->entity_info = (struct iam_entity_info){entity_arn(c->arena, e), e->name, e->kind == ENTITY_USER ? S("USER") : S("ROLE"), e->id, e->path};
        if (use_of(&r, e->id, in->service_namespace, &use)) d->last_authenticated = SOME_TIME(use.at_ms);
    }
    out->is_truncated = SOME_BOOL(granted && at < s.n);
    if (out->is_truncated.v) out->marker = page_token(c, arena_format(c->arena, "%llu", (unsigned long long)at));
    return NULL;
}

/* ---- ListPoliciesGrantingServiceAccess ---- */

static struct iam_policy_granting_service_access granting(const struct source_policy *p, const struct entity *e) {
    static const char *const types[ENTITY_KINDS] = {[ENTITY_USER] = "USER", [ENTITY_GROUP] = "GROUP", [ENTITY_ROLE] = "ROLE"};
    struct iam_policy_granting_service_access one = {.policy_type = p->inlined ? S("INLINE") : S("MANAGED")};
    one.policy_name = p->inlined ? p->name : str_skip(p->name, str_rfind_char(p->name, '/') + 1);
    if (!p->inlined) one.policy_arn = p->name;
    if (p->inlined || p->owner_kind != e->kind) {
        one.entity_type = str_of(types[p->owner_kind]);
        one.entity_name = p->owner;
    }
    return one;
}

err iam_list_policies_granting_service_access(struct call *c, const struct iam_list_policies_granting_service_access_request *in,
                                              struct iam_list_policies_granting_service_access_response *out) {
    struct realm r = realm_of(c);
    struct entity e;
    TRY(entity_by_arn(c, in->arn, &e));
    struct source_policies own = policies_of(&r, &e);
    u32 n = in->service_namespaces.n;
    struct iam_list_policies_granting_service_access_entry *v = NEW_ARRAY(c->arena, struct iam_list_policies_granting_service_access_entry, n + 1);
    for (u32 i = 0; i < n; i++) {
        v[i].service_namespace = in->service_namespaces.v[i];
        v[i].policies = (struct iam_policy_granting_service_access_list_type){.v = NEW_ARRAY(c->arena, struct iam_policy_granting_service_access, own.n + 1), .set = true};
        for (u32 j = 0; j < own.n; j++) {
            struct granted g = granted_new(c->arena);
            granted_add(&g, own.v[j].json);
            if (grants(&g, in->service_namespaces.v[i])) v[i].policies.v[v[i].policies.n++] = granting(&own.v[j], &e);
        }
    }
    out->policies_granting_service_access.v = v;
    out->policies_granting_service_access.n = n;
    out->policies_granting_service_access.set = true;
    out->is_truncated = SOME_BOOL(false);
    return NULL;
}
