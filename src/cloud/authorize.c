/* May this caller do this? One gate for every operation, fed by the overlay's IAM facts and, where they live
 * in the store, by the room's <op>_facts. Each right of the operation is asked, in the overlay's order. */
#include "cloud/gate.h"
#include "cloud/input.h"
#include "cloud/keys.h"

/* ---- the resource ---- */

/* A member that is an ARN or a URL stands for its last part where the template goes on around it. */
static str last_part(str value) {
    size_t slash = str_rfind_char(value, '/');
    if (slash == STR_NONE && str_starts(value, S("arn:"))) slash = str_rfind_char(value, ':');
    return slash == STR_NONE ? value : str_skip(value, slash + 1);
}

/* What stands before the next ${Name}, and the name; absent behind the last. */
static str next_name(str *template, str *before) {
    size_t at = str_find_char(*template, '$'); /* nothing else begins so there */
    *before = str_take(*template, at);
    if (at == STR_NONE) return (str){0};
    *template = str_skip(*template, at + 2);
    return str_cut(template, '}');
}

static bool is_of_call(str name) { return str_eq(name, S("Partition")) || str_eq(name, S("Region")) || str_eq(name, S("Account")); }

/* Where the resource is: at the call's own place, unless a member names it by an ARN, which says so itself. */
static struct arn place_of(const struct call *c, str template) {
    struct arn place = {.region = c->region, .account = c->account}, named;
    str before;
    for (str name; (name = next_name(&template, &before)).p;)
        if (!is_of_call(name) && arn_parse(input_text(c, name), &named) && account_valid(named.account)) place = named;
    return place;
}

/* "arn:aws:sqs:${Region}:${Account}:${QueueName}": ${X} is the call's own or an input member. What is not
 * there is any: '*', as AWS names the resource of a call that does not say which. */
static str expand(const struct call *c, str template) {
    struct buf b = buf_new(c->arena, 4096);
    struct arn place = place_of(c, template);
    while (template.n) {
        str before, name = next_name(&template, &before);
        buf_add(&b, before);
        if (!name.p) break;
        if (str_eq(name, S("Partition"))) {
            buf_add(&b, S("aws"));
        } else if (str_eq(name, S("Region"))) {
            buf_add(&b, place.region);
        } else if (str_eq(name, S("Account"))) {
            buf_add(&b, place.account);
        } else {
            str value = input_text(c, name);
            bool around = b.n || template.n;
            bool link = str_starts(value, S("arn:")) || str_find(value, S("://")) != STR_NONE;
            buf_add(&b, value.n ? (around && link ? last_part(value) : value) : S("*"));
        }
    }
    return buf_str(&b);
}

/* ---- the rights ---- */

bool may_with(struct call *c, str action, str resource_arn, const struct auth_facts *facts) {
    struct policy_decision d = gate_decide(c, &(struct gate_question){.principal = c->principal, .action = action, .resource = resource_arn, .facts = facts});
    c->denial = d.reason;
    c->denied_explicitly = d.explicit_deny;
    return d.allowed;
}

bool may(struct call *c, str action, str resource_arn) { return may_with(c, action, resource_arn, NULL); }

err pass_role(struct call *c, str role_arn, str service) {
    struct auth_fact to = {S("iam:PassedToService"), service};
    struct auth_facts facts = {.v = &to, .n = 1};
    if (!role_arn.p || may_with(c, S("iam:PassRole"), role_arn, &facts)) return NULL;
    return deny(c, S("iam:PassRole"), role_arn);
}

static bool has(const struct input_names *names, str name) {
    for (u32 i = 0; i < names->n; i++)
        if (str_eq(names->v[i], name)) return true;
    return false;
}

/* "A": the member is there; "!A": it is not; "A|B": one of them is. `names` are gathered at the first question. */
static bool asked(const struct call *c, str when, struct input_names *names) {
    if (!when.n) return true;
    if (!names->v) *names = input_present(c);
    if (when.p[0] == '!') return !has(names, str_skip(when, 1));
    while (when.p)
        if (has(names, str_cut(&when, '|'))) return true;
    return false;
}

/* What the room said is of the resource that the first right asked names; a right to another resource (the source
 * of a copy, a role that is passed) stands on that one's own. */
static err decide(struct call *c, const struct auth_facts *facts) {
    const struct wire_service *w = c->service->wire;
    struct input_names names = {0};
    str main = {0};
    for (u16 i = 0; i < c->op->iam_count; i++) {
        const struct wire_iam *iam = &w->iam[c->op->iam + i];
        str action = wire_text(w, iam->action), template = wire_text(w, iam->resource);
        if (!action.n || !asked(c, wire_text(w, iam->when), &names)) continue; /* AWS asks no right for it: sts:GetCallerIdentity */
        if (!main.p) main = template;
        bool same = str_eq(template, main);
        /* Of a service that delivers (logs, with an ACL) its main right is asked alone: the bucket policies that
         * AWS publishes for it grant no other. */
        if (i && same && c->principal->kind == PRINCIPAL_SERVICE) continue;
        str resource = same && facts->resource_arn.p ? facts->resource_arn : expand(c, template);
        if (same) c->resource_arn = resource;
        if (!may_with(c, action, resource, same ? facts : NULL)) return deny(c, action, resource);
        const struct auth_facts *beneath = same ? facts->beneath : NULL;
        if (beneath && !may_with(c, action, beneath->resource_arn, beneath)) return deny(c, action, beneath->resource_arn);
    }
    return NULL;
}

/* A service that acts on its own resources, on the clock or in a call within itself, asks nobody. */
static bool own_business(const struct call *c) {
    if (c->principal->kind != PRINCIPAL_SERVICE) return false;
    return !c->outer || c->outer->service == c->service;
}

/* On the transaction that the call has. */
err call_authorize(struct call *c, const void *in) {
    c->input = in;
    if (c->op->flags & WIRE_OP_ANONYMOUS && c->principal->kind == PRINCIPAL_ANONYMOUS) return NULL;
    ASSERT(c->op->iam_count); /* a test refuses operations without facts; so does the gate */
    struct auth_facts facts = {0};
    u16 op = (u16)(c->op - c->service->wire->ops);
    if (c->service->ops[op].facts) TRY(c->service->call(op, SERVICE_FACTS, c, in, &facts));
    return own_business(c) ? NULL : decide(c, &facts);
}

err flight_authorize_again(struct flight *f) {
    if (!key_still_active(f)) return flight_key_unknown(f);
    return call_authorize(&f->call, f->in);
}

enum step stage_authorize(struct flight *f) {
    struct call *c = &f->call;
    u64 epoch = store_epoch(f->cloud->store);
    bool moved = epoch != f->epoch;
    f->epoch = epoch;
    c->now_ms = store_now_ms(f->cloud->store);
    bool reads = f->service->ops[f->op_index].facts != NULL;
    if (reads) c->txn = store_snapshot(f->cloud->store, f->arena);
    f->error = moved ? flight_authorize_again(f) : call_authorize(c, f->in);
    if (reads) store_snapshot_end(c->txn);
    c->txn = NULL;
    if (f->error && f->principal.kind == PRINCIPAL_ANONYMOUS && !f->s3) f->error = flight_unsigned(f);
    return f->error ? STEP_ANSWER : STEP_NEXT;
}
