/* Calls between services: the gates of a call from outside that mean something here, in the same order,
 * inside the transaction that the caller has. Routing, signature and decoding have no counterpart; prepare
 * is left out, since there is nobody to answer early and no body to receive. */
#include "cloud/flight.h"
#include "cloud/record.h"

#include "sys/sys.h"

enum { DEPTH_MAX = 8 };

static struct call *begin(struct call *c, const struct call_other *other) {
    struct call *inner = NEW(c->arena, struct call);
    bool forwarded = other->as == CALL_FORWARDED;
    const struct principal *service = principal_service(c->arena, c->service, c->account);
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
        .source_arn = other->source_arn,
        .depth = c->depth + 1,
    };
    return inner;
}

static err run(struct call *inner, u16 op, const void *in, void *out) {
    const struct service *s = inner->service;
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
    if (c->depth == DEPTH_MAX) /* what users set up may call in a ring */
        return fail(c, &cloud_internal_failure, "Services called each other more than %d deep.", DEPTH_MAX);
    struct call *inner = begin(c, other);
    bool writable = txn_writable(c->txn);
    ASSERT(writable || !(inner->op->flags & WIRE_OP_WRITES));
    if (inner->op->output != WIRE_NONE) memset(out, 0, w->shapes[inner->op->output].size);
    i64 from_us = sys_monotonic_us();
    size_t mark = writable ? txn_mark(c->txn) : 0;
    err e = run(inner, other->op, in, out);
    ASSERT(e != &call_waits); /* a call inside another cannot park it */
    if (e && writable) txn_undo(c->txn, mark);
    if (e) {
        c->error_message = inner->error_message;
        c->error_members = inner->error_members;
    }
    note_call(c, inner, e, sys_monotonic_us() - from_us);
    return e;
}
