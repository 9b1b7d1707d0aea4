/* Which policies are attached where. Of SCPs and RCPs every target has AWS's default one: it has no row, its
 * detachment has. The rows of a type stand under the generation that it was enabled with: to disable it is one
 * write, and enabled again it begins with the defaults. */
#include "organizations.h"

const struct enabled_type *type_enabled(const struct organization *o, str type) {
    for (u32 i = 0; i < o->types.n; i++)
        if (str_eq(o->types.v[i].name, type)) return &o->types.v[i];
    return NULL;
}

static struct key generation_key(struct arena *a, const struct organization *o, const char *rows, u64 generation) {
    struct key k = organization_key(a, o, rows);
    key_u64(&k, generation);
    return k;
}
static struct key of_target(struct arena *a, const struct organization *o, u64 generation, str target) {
    struct key k = generation_key(a, o, "attached", generation);
    key_str(&k, target);
    return k;
}
static str attached_key(struct arena *a, const struct organization *o, u64 generation, str target, str policy) {
    struct key k = of_target(a, o, generation, target);
    key_str(&k, policy);
    return key_bytes(&k);
}
static struct key of_policy(struct arena *a, const struct organization *o, u64 generation, str policy) {
    struct key k = generation_key(a, o, "target", generation);
    key_str(&k, policy);
    return k;
}
static str target_key(struct arena *a, const struct organization *o, u64 generation, str policy, str target) {
    struct key k = of_policy(a, o, generation, policy);
    key_str(&k, target);
    return key_bytes(&k);
}

static bool attached(struct txn *t, struct arena *a, const struct organization *o, const struct enabled_type *type, str target, str policy) {
    bool row = txn_get(t, attached_key(a, o, type->generation, target, policy), &(str){0});
    return str_eq(policy, org_policy_default(type->name)) ? !row : row;
}

u32 attached_to(struct txn *t, struct arena *a, const struct organization *o, const struct enabled_type *type, str target, str *ids, u32 max) {
    str usual = org_policy_default(type->name), key, value, id;
    u32 n = 0;
    if (usual.p && attached(t, a, o, type, target, usual) && n < max) ids[n++] = usual;
    struct key k = of_target(a, o, type->generation, target);
    str from = key_bytes(&k);
    struct range rows = txn_range(t, from, key_after_prefix(a, from));
    while (n < max && range_next(&rows, &key, &value)) {
        str rest = str_skip(key, from.n);
        ASSERT(key_read_str(&rest, a, &id));
        if (!str_eq(id, usual)) ids[n++] = id;
    }
    return n;
}

static void set(struct txn *t, struct arena *a, const struct organization *o, const struct enabled_type *type, str target, str policy, bool on) {
    str row = attached_key(a, o, type->generation, target, policy), back = target_key(a, o, type->generation, policy, target);
    if (on == !str_eq(policy, org_policy_default(type->name))) {
        txn_put(t, row, S(""));
        txn_put(t, back, S(""));
    } else {
        txn_delete(t, row);
        txn_delete(t, back);
    }
}

void attachments_drop(struct txn *t, struct arena *a, const struct organization *o, str target) {
    for (u32 i = 0; i < o->types.n; i++) {
        const struct enabled_type *type = &o->types.v[i];
        str usual = org_policy_default(type->name), ids[ATTACHED_MAX];
        u32 n = attached_to(t, a, o, type, target, ids, ATTACHED_MAX);
        for (u32 j = 0; j < n; j++)
            if (!str_eq(ids[j], usual)) set(t, a, o, type, target, ids[j], false);
        if (usual.p) set(t, a, o, type, target, usual, true);
    }
}

bool org_policy_in_use(struct txn *t, struct arena *a, const struct organization *o, const struct policy_row *p) {
    const struct enabled_type *type = type_enabled(o, p->type);
    if (!type) return false;
    struct key k = of_policy(a, o, type->generation, p->id);
    str from = key_bytes(&k), key, value;
    struct range rows = txn_range(t, from, key_after_prefix(a, from));
    return range_next(&rows, &key, &value);
}

u32 levels_of(const struct organization *o, const struct member *m, str targets[static LEVELS_MAX]) {
    str rest = m->path;
    u32 n = 0;
    str_cut(&rest, '/'); /* the organization's id */
    while (rest.n && n < LEVELS_MAX - 1) targets[n++] = str_cut(&rest, '/');
    targets[n++] = m->account;
    ASSERT(str_eq(targets[0], o->root));
    return n;
}

/* ---- attach, detach ---- */

struct target {
    str id, arn, name, type;
};
static bool find_target(struct txn *t, struct arena *a, const struct organization *o, str id, struct target *found) {
    struct unit u;
    struct member m;
    *found = (struct target){.id = id};
    if (member_load(t, a, id, &m) && str_eq(m.organization, o->id)) {
        found->type = S("ACCOUNT");
        found->arn = member_arn(a, o, id);
        found->name = account_profile(t, a, id).name;
        return true;
    }
    if (!parent_load(t, a, o, id, &u)) return false;
    bool root = str_eq(id, o->root);
    found->type = root ? S("ROOT") : S("ORGANIZATIONAL_UNIT");
    found->arn = organization_arn(a, o, root ? "root" : "ou", id);
    found->name = u.name;
    return true;
}

static err refuse_target(struct call *c) {
    return fail(c, &organizations_target_not_found_exception, "You specified a target that doesn't exist.");
}

struct attachment {
    struct organization o;
    struct policy_row policy;
    struct target target;
    const struct enabled_type *type;
};
static err open_attachment(struct call *c, str policy, str target, struct attachment *x) {
    TRY(organization_open(c, REACH_POLICY, &x->o));
    TRY(org_policy_open(c, &x->o, policy, &x->policy));
    if (!find_target(c->txn, c->arena, &x->o, target, &x->target)) return refuse_target(c);
    x->type = type_enabled(&x->o, x->policy.type);
    if (x->type) return NULL;
    return fail(c, &organizations_policy_type_not_enabled_exception, "This operation can be performed only for enabled policy types.");
}

err organizations_attach_policy(struct call *c, const struct organizations_attach_policy_request *in, struct wire_unit *out) {
    (void)out;
    struct attachment x;
    str ids[ATTACHED_MAX];
    TRY(open_attachment(c, in->policy_id, in->target_id, &x));
    if (attached(c->txn, c->arena, &x.o, x.type, x.target.id, x.policy.id))
        return fail(c, &organizations_duplicate_policy_attachment_exception, "A policy with the specified name and type already exists.");
    if (attached_to(c->txn, c->arena, &x.o, x.type, x.target.id, ids, ATTACHED_MAX) >= org_policy_rules_of(x.policy.type)->max_attached)
        return refuse_constraint(c, "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", "You have attached the maximum number of policies to the specified target.");
    set(c->txn, c->arena, &x.o, x.type, x.target.id, x.policy.id, true);
    txn_raise_epoch(c->txn);
    return NULL;
}

err organizations_detach_policy(struct call *c, const struct organizations_detach_policy_request *in, struct wire_unit *out) {
    (void)out;
    struct attachment x;
    str ids[ATTACHED_MAX];
    TRY(open_attachment(c, in->policy_id, in->target_id, &x));
    if (str_eq(x.policy.id, org_policies_of_aws[1].id))
        return refuse_input(c, "NON_DETACHABLE_POLICY", "You can't detach this AWS managed policy.");
    if (!attached(c->txn, c->arena, &x.o, x.type, x.target.id, x.policy.id))
        return fail(c, &organizations_policy_not_attached_exception, "The policy is not attached to the specified target.");
    if (str_eq(x.policy.type, S("SERVICE_CONTROL_POLICY"))
        && attached_to(c->txn, c->arena, &x.o, x.type, x.target.id, ids, ATTACHED_MAX) == 1)
        return refuse_constraint(c, "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
                                 "You cannot detach the last policy of this type from the specified target.");
    set(c->txn, c->arena, &x.o, x.type, x.target.id, x.policy.id, false);
    txn_raise_epoch(c->txn);
    return NULL;
}

/* ---- lists ---- */

err organizations_list_policies_for_target(struct call *c, const struct organizations_list_policies_for_target_request *in,
                                           struct organizations_list_policies_for_target_response *out) {
    struct organization o;
    struct target target;
    str ids[ATTACHED_MAX];
    TRY(organization_open(c, REACH_DELEGATED, &o));
    if (!find_target(c->txn, c->arena, &o, in->target_id, &target)) return refuse_target(c);
    out->policies = (struct organizations_policies){NEW_ARRAY(c->arena, struct organizations_policy_summary, ATTACHED_MAX), 0, true};
    const struct enabled_type *type = type_enabled(&o, in->filter);
    u32 n = type ? attached_to(c->txn, c->arena, &o, type, target.id, ids, ATTACHED_MAX) : 0;
    for (u32 i = 0; i < n; i++) {
        struct policy_row p;
        ASSERT(org_policy_load(c->txn, c->arena, &o, ids[i], &p));
        out->policies.v[out->policies.n++] = org_policy_shown(c, &o, &p);
    }
    return NULL;
}

static void add_target(struct call *c, const struct organization *o, str id, struct organizations_policy_targets *targets) {
    struct target x;
    if (find_target(c->txn, c->arena, o, id, &x))
        targets->v[targets->n++] = (struct organizations_policy_target_summary){x.id, x.arn, x.name, x.type};
}

/* Of a default one: all that did not detach it, so a page may be shorter than asked for. */
static err targets_of_default(struct call *c, const struct organization *o, const struct enabled_type *type, str policy,
                              const struct organizations_list_targets_for_policy_request *in,
                              struct organizations_list_targets_for_policy_response *out) {
    struct org_page p;
    str rest, parent, kind, id;
    struct key k = organization_key(c->arena, o, "child"); /* each unit and account below its parent */
    TRY(org_page_open(&p, c, &k, in->next_token, in->max_results, &out->next_token));
    if (!in->next_token.n && attached(c->txn, c->arena, o, type, o->root, policy)) {
        add_target(c, o, o->root, &out->targets);
        p.left--;
    }
    while (org_page_next(&p, &rest, NULL)) {
        ASSERT(key_read_str(&rest, c->arena, &parent) && key_read_str(&rest, c->arena, &kind) && key_read_str(&rest, c->arena, &id));
        if (attached(c->txn, c->arena, o, type, id, policy)) add_target(c, o, id, &out->targets);
    }
    return NULL;
}

err organizations_list_targets_for_policy(struct call *c, const struct organizations_list_targets_for_policy_request *in,
                                          struct organizations_list_targets_for_policy_response *out) {
    struct organization o;
    struct policy_row policy;
    struct org_page p;
    str rest, id;
    TRY(organization_open(c, REACH_DELEGATED, &o));
    TRY(org_policy_open(c, &o, in->policy_id, &policy));
    out->targets = (struct organizations_policy_targets){NEW_ARRAY(c->arena, struct organizations_policy_target_summary, PAGE_MAX + 1), 0, true};
    const struct enabled_type *type = type_enabled(&o, policy.type);
    if (!type) return NULL;
    if (str_eq(policy.id, org_policy_default(policy.type))) return targets_of_default(c, &o, type, policy.id, in, out);
    struct key k = of_policy(c->arena, &o, type->generation, policy.id);
    TRY(org_page_open(&p, c, &k, in->next_token, in->max_results, &out->next_token));
    while (org_page_next(&p, &rest, NULL)) {
        ASSERT(key_read_str(&rest, c->arena, &id));
        add_target(c, &o, id, &out->targets);
    }
    return NULL;
}

/* ---- what a disabled type leaves behind: payload "management organization generation" ---- */

err attachments_sweep(struct txn *t, const struct task *task, i64 now_ms) {
    (void)now_ms;
    enum { SLICE = 500 };
    static const char *const kinds[] = {"attached", "target"};
    struct arena *a = txn_arena(t);
    str rest = task->payload;
    struct organization o = {.management = str_cut(&rest, ' ')};
    o.id = str_cut(&rest, ' ');
    u64 generation;
    ASSERT(str_to_u64(rest, &generation));
    int n = 0;
    for (size_t i = 0; i < LENGTH(kinds); i++) {
        struct key k = generation_key(a, &o, kinds[i], generation);
        str from = key_bytes(&k), key, value;
        struct range rows = txn_range(t, from, key_after_prefix(a, from));
        for (; range_next(&rows, &key, &value); n++) {
            if (n == SLICE) {
                txn_task_set(t, task);
                return NULL;
            }
            txn_delete(t, arena_str(a, key));
        }
    }
    return NULL;
}
