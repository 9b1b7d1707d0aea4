/* May this caller do this? One gate for every operation, fed by the overlay's IAM facts and, where
 * they live in the store, by the room's <op>_facts. Until IAM has its room the evaluator knows one
 * rule: the root user may do everything in its own account, and nobody else anything. */
#include "cloud/flight.h"

static bool is_label(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

/* A top-level string member of the input by its API name, or absent. */
static str input_member(const struct call *c, const void *in, str name) {
    const struct wire_service *w = c->service->wire;
    if (c->op->input == WIRE_NONE) return (str){0};
    const struct wire_shape *input = &w->shapes[c->op->input];
    for (u16 i = 0; i < input->member_count; i++) {
        const struct wire_member *m = &w->members[input->first_member + i];
        if (!str_eq(wire_text(w, m->name), name) || w->shapes[m->shape].type != WIRE_STRING) continue;
        return *(const str *)(const void *)((const char *)in + m->offset);
    }
    return (str){0};
}

/* "arn:aws:sqs:${Region}:${Account}:${QueueName}": ${X} is the call's own or an input member. A
 * member that is an ARN or URL stands for its last part where the template goes on around it. */
static str expand(struct call *c, const void *in, str template) {
    struct buf b = buf_new(c->arena, 4096);
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
        else if (str_eq(name, S("Region"))) buf_add(&b, c->region);
        else if (str_eq(name, S("Account"))) buf_add(&b, c->account);
        else {
            str value = input_member(c, in, name);
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
    bool s3 = str_eq(wire_text(c->service->wire, c->service->wire->name), S("s3"));
    if (s3 && c->principal->kind == PRINCIPAL_ANONYMOUS) return fail(c, &cloud_access_denied, "Access Denied");
    return fail(c, &cloud_access_denied,
                "User: %.*s is not authorized to perform: %.*s on resource: %.*s because no identity-based policy "
                "allows the %.*s action",
                STR_ARGS(c->principal->arn.p ? c->principal->arn : S("anonymous")), STR_ARGS(action),
                STR_ARGS(resource_arn), STR_ARGS(action));
}

static err decide(struct call *c, const void *in, const struct auth_facts *facts) {
    const struct wire_service *w = c->service->wire;
    for (u16 i = 0; i < c->op->iam_count; i++) {
        const struct wire_iam *iam = &w->iam[c->op->iam + i];
        str action = wire_text(w, iam->action);
        if (!action.n) continue; /* AWS asks no right for it: sts:GetCallerIdentity */
        str resource = facts->resource_arn.p ? facts->resource_arn : expand(c, in, wire_text(w, iam->resource));
        if (facts->resource_account.p && c->principal->kind == PRINCIPAL_ROOT
            && !str_eq(facts->resource_account, c->principal->account))
            return deny(c, action, resource);
        if (!cloud_allows(c, action, resource)) return deny(c, action, resource);
        if (iam->when) break; /* conditional rights follow the main one; IAM's room will ask them */
    }
    return NULL;
}

/* On the transaction that the call has. */
err call_authorize(struct call *c, const void *in) {
    if (c->op->flags & WIRE_OP_ANONYMOUS && c->principal->kind == PRINCIPAL_ANONYMOUS) return NULL;
    ASSERT(c->op->iam_count); /* a test refuses operations without facts; so does the gate */
    struct auth_facts facts = {0};
    u16 op = (u16)(c->op - c->service->wire->ops);
    if (c->service->ops[op].facts) TRY(c->service->call(op, SERVICE_FACTS, c, in, &facts));
    return decide(c, in, &facts);
}

enum step stage_authorize(struct flight *f) {
    struct call *c = &f->call;
    f->epoch = store_epoch(f->cloud->store);
    bool reads = f->service->ops[f->op_index].facts != NULL;
    if (reads) c->txn = store_snapshot(f->cloud->store, f->arena);
    f->error = call_authorize(c, f->in);
    if (reads) store_snapshot_end(c->txn);
    c->txn = NULL;
    return f->error ? STEP_ANSWER : STEP_NEXT;
}
