/* May this caller do this? One gate for every operation, fed by the overlay's IAM facts and, where
 * they live in the store, by the room's <op>_facts. Until IAM has its room the evaluator knows one
 * rule: the root user may do everything in its own account, and nobody else anything. */
#include "cloud/flight.h"

static bool is_label(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

/* A top-level string member of the input by its API name, or absent. */
static str input_member(const struct flight *f, str name) {
    const struct wire_service *w = f->service->wire;
    if (f->op->input == WIRE_NONE) return (str){0};
    const struct wire_shape *input = &w->shapes[f->op->input];
    for (u16 i = 0; i < input->member_count; i++) {
        const struct wire_member *m = &w->members[input->first_member + i];
        if (!str_eq(wire_text(w, m->name), name) || w->shapes[m->shape].type != WIRE_STRING) continue;
        return *(const str *)(const void *)((const char *)f->in + m->offset);
    }
    return (str){0};
}

/* "arn:aws:sqs:${Region}:${Account}:${QueueName}": ${X} is the call's own or an input member. A
 * member that is an ARN or URL stands for its last part where the template goes on around it. */
static str expand(struct flight *f, str template) {
    struct buf b = buf_new(f->arena, 4096);
    while (template.n) {
        size_t at = str_find(template, S("${"));
        if (at == STR_NONE) {
            buf_add(&b, template);
            break;
        }
        buf_add(&b, str_take(template, at));
        template = str_skip(template, at + 2);
        size_t end = 0;
        while (end < template.n && is_label(template.p[end])) end++;
        str name = str_take(template, end);
        template = str_skip(template, end + 1);
        if (str_eq(name, S("Partition"))) buf_add(&b, S("aws"));
        else if (str_eq(name, S("Region"))) buf_add(&b, f->call.region);
        else if (str_eq(name, S("Account"))) buf_add(&b, f->call.account);
        else {
            str value = input_member(f, name);
            if (!value.n && b.n == 0 && template.n == 0) return S("*");
            buf_add(&b, value);
        }
    }
    return buf_str(&b);
}

bool cloud_allows(struct call *c, str action, str resource_arn) {
    (void)action;
    const struct principal *p = c->principal;
    if (p->kind == PRINCIPAL_SERVICE) return true; /* the room that calls decides what it calls */
    if (p->kind != PRINCIPAL_ROOT) return false;
    struct arn arn;
    if (!arn_parse(resource_arn, &arn) || arn.account.n == 0) return true;
    return str_eq(arn.account, p->account);
}

bool may(struct call *c, str action, str resource_arn) { return cloud_allows(c, action, resource_arn); }

err deny(struct call *c, str action, str resource_arn) {
    if (c->flight && c->flight->s3 && c->principal->kind == PRINCIPAL_ANONYMOUS) return fail(c, &cloud_access_denied, "Access Denied");
    return fail(c, &cloud_access_denied,
                "User: %.*s is not authorized to perform: %.*s on resource: %.*s because no identity-based policy "
                "allows the %.*s action",
                STR_ARGS(c->principal->arn.p ? c->principal->arn : S("anonymous")), STR_ARGS(action),
                STR_ARGS(resource_arn), STR_ARGS(action));
}

static err decide(struct flight *f, const struct auth_facts *facts) {
    const struct wire_service *w = f->service->wire;
    for (u16 i = 0; i < f->op->iam_count; i++) {
        const struct wire_iam *iam = &w->iam[f->op->iam + i];
        str action = wire_text(w, iam->action);
        if (!action.n) continue; /* AWS asks no right for it: sts:GetCallerIdentity */
        str resource = facts->resource_arn.p ? facts->resource_arn : expand(f, wire_text(w, iam->resource));
        if (facts->resource_account.p && f->principal.kind == PRINCIPAL_ROOT
            && !str_eq(facts->resource_account, f->principal.account))
            return deny(&f->call, action, resource);
        if (!cloud_allows(&f->call, action, resource)) return deny(&f->call, action, resource);
        if (iam->when) break; /* conditional rights follow the main one; IAM's room will ask them */
    }
    return NULL;
}

/* On the transaction that the call has. */
static err decide_with_facts(struct flight *f) {
    if (f->op->flags & WIRE_OP_ANONYMOUS && f->claim.form == AUTH_ANONYMOUS) return NULL;
    ASSERT(f->op->iam_count); /* a test refuses operations without facts; so does the gate */
    struct auth_facts facts = {0};
    if (f->service->ops[f->op_index].facts)
        TRY(f->service->call(f->op_index, SERVICE_FACTS, &f->call, f->in, &facts));
    return decide(f, &facts);
}

err flight_authorize_again(struct flight *f) { return decide_with_facts(f); }

enum step stage_authorize(struct flight *f) {
    struct call *c = &f->call;
    f->epoch = store_epoch(f->cloud->store);
    bool reads = f->service->ops[f->op_index].facts != NULL;
    if (reads) c->txn = store_snapshot(f->cloud->store, f->arena);
    f->error = decide_with_facts(f);
    if (reads) store_snapshot_end(c->txn);
    c->txn = NULL;
    return f->error ? STEP_ANSWER : STEP_NEXT;
}
