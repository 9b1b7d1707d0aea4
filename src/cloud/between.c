/* Calls between services: the gates of a call from outside that mean something here, in the same order,
 * inside the transaction that the caller has. Routing, signature and decoding have no counterpart; prepare
 * is left out, since there is nobody to answer early and no body to receive. */
#include "cloud/gate.h"
#include "cloud/record.h"

#include "sys/sys.h"

enum { DEPTH_MAX = 8, ROLE_SESSION_MS = 3600000 };

/* The service in a role that trusts it: the session that sts:AssumeRole would have made. */
static err take_role(struct call *c, const struct principal *service, str role_arn) {
    const struct identity_door *door = c->cloud->config.identity;
    struct identity_role role = {0};
    struct arn arn;
    bool found = door && door->role && arn_parse(role_arn, &arn) && door->role(c->txn, c->arena, role_arn, &role);
    struct auth_facts trust = {.resource_policy = role.trust_json, .resource_account = found ? arn.account : c->account, .policy_rules = true};
    struct gate_question q = {.principal = service, .action = S("sts:AssumeRole"), .resource = role_arn, .facts = &trust};
    if (!found || !gate_decide(c, &q).allowed)
        return fail(c, &cloud_access_denied, "The role %.*s does not exist or does not trust %.*s.", STR_ARGS(role_arn), STR_ARGS(service->arn));
    str path = arn.resource, account = arn.account;
    str name = str_skip(path, str_rfind_char(path, '/') + 1);
    str session_name = str_take(service->arn, str_find_char(service->arn, '.'));
    struct principal *p = NEW(c->arena, struct principal);
    *p = (struct principal){
        .kind = PRINCIPAL_ROLE_SESSION,
        .account = account,
        .arn = arena_format(c->arena, "arn:aws:sts::%.*s:assumed-role/%.*s/%.*s", STR_ARGS(account), STR_ARGS(name), STR_ARGS(session_name)),
        .user_id = arena_format(c->arena, "%.*s:%.*s", STR_ARGS(role.id), STR_ARGS(session_name)),
        .session_name = session_name,
        .session_issuer = role.arn,
        .session_made_ms = c->now_ms,
        .session_expires_ms = c->now_ms + ROLE_SESSION_MS,
    };
    c->principal = p;
    return NULL;
}

err call_take_role_part(struct call *c, const char *part, str role_arn) {
    struct principal *service = principal_service(c->arena, c->outer->service, c->outer->account);
    if (part) service->arn = arena_format(c->arena, "%s.%.*s", part, STR_ARGS(service->arn));
    return take_role(c, service, role_arn);
}

err call_take_role(struct call *c, str role_arn) { return call_take_role_part(c, NULL, role_arn); }

static struct call *begin(struct call *c, const struct call_other *other) {
    struct call *inner = NEW(c->arena, struct call);
    bool forwarded = other->as == CALL_FORWARDED;
    struct principal *service = principal_service(c->arena, c->service, c->account);
    if (other->principal) service->arn = str_of(other->principal);
    *inner = (struct call){
        .arena = c->arena,
        .txn = c->txn,
        .service = other->service,
        .op = &other->service->wire->ops[other->op],
        .account = other->account.p ? other->account : c->account,
        .region = call_region(other->service, other->region.p ? other->region : c->region),
        .principal = forwarded ? c->principal : service,
        .request_id = id_uuid(c->arena),
        .base_url = c->base_url,
        .source_ip = service->arn, /* as CloudTrail shows it */
        .now_ms = c->now_ms,
        .cloud = c->cloud,
        .outer = c,
        .forwarded = forwarded,
        .source_arn = other->source_arn,
        .depth = c->depth + 1,
        .note = other->note,
        .body = other->body,
    };
    return inner;
}

static err run(struct call *inner, const struct call_other *other, const void *in, void *out) {
    const struct service *s = inner->service;
    u16 op = other->op;
    if (other->as == CALL_AS_ROLE) TRY(call_take_role_part(inner, other->role_part, other->role_arn));
    if (!s->ops[op].handle)
        return fail(inner, &cloud_not_implemented, "brume does not have %s:%s (yet). brume coverage lists what it has.", s->wire->text + s->wire->name,
                    s->wire->text + inner->op->name);
    TRY(call_validate(inner, in));
    TRY(call_authorize(inner, in));
    return s->call(op, SERVICE_HANDLE, inner, in, out);
}

err call_service(struct call *c, const struct call_other *other, const void *in, void *out) {
    const struct wire_service *w = other->service->wire;
    ASSERT(other->op < w->op_count);
    if (c->depth >= DEPTH_MAX) /* what users set up may call in a ring */
        return fail(c, &cloud_internal_failure, "Services called each other more than %d deep.", DEPTH_MAX);
    struct call *inner = begin(c, other);
    bool writable = txn_writable(c->txn);
    ASSERT(writable || !(inner->op->flags & WIRE_OP_WRITES));
    if (inner->op->output != WIRE_NONE) memset(out, 0, w->shapes[inner->op->output].size);
    i64 from_us = sys_monotonic_us();
    size_t mark = writable ? txn_mark(c->txn) : 0;
    err e = run(inner, other, in, out);
    ASSERT(e != &call_waits); /* a call inside another cannot park it */
    if (e && writable) txn_undo(c->txn, mark);
    if (!e && writable) trail_change(inner, out);
    if (e) {
        c->error_message = inner->error_message;
        c->error_members = inner->error_members;
    }
    note_call(c, inner, e, out, sys_monotonic_us() - from_us);
    return e;
}
