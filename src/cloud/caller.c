/* Who asked for what a room does later: a record of the caller. */
#include "cloud/cloud.h"

#include "auth/principal.h"

/* Session tags are left out: they are the session's, and end with it. */
struct caller {
    i64 kind, made_ms, expires_ms;
    str account, arn, user_id, access_key, name, policy, policy_arns, issuer, identity, provider, issuer_id;
};
static const struct record_field caller_fields[] = {
    RECORD_I64(1, struct caller, kind),     RECORD_I64(2, struct caller, made_ms),    RECORD_I64(3, struct caller, expires_ms),
    RECORD_STR(4, struct caller, account),  RECORD_STR(5, struct caller, arn),        RECORD_STR(6, struct caller, user_id),
    RECORD_STR(7, struct caller, name),     RECORD_STR(8, struct caller, policy),     RECORD_STR(9, struct caller, policy_arns),
    RECORD_STR(10, struct caller, issuer),  RECORD_STR(11, struct caller, identity),  RECORD_STR(12, struct caller, provider),
    RECORD_STR(13, struct caller, access_key), RECORD_STR(14, struct caller, issuer_id),
};
static const struct record_type caller_record = RECORD_TYPE(struct caller, caller_fields);

str caller_keep(struct call *c) {
    const struct principal *p = c->principal;
    struct caller k = {p->kind, p->session_made_ms, p->session_expires_ms, p->account, p->arn, p->user_id, p->access_key, p->session_name,
                       p->session_policy, p->session_policy_arns, p->session_issuer, p->source_identity, p->federated_provider, p->session_issuer_id};
    return record_encode(c->arena, &caller_record, &k);
}

void caller_take(struct call *c, str kept) {
    struct principal *p = NEW(c->arena, struct principal);
    struct caller k = {0};
    ASSERT(record_decode(c->arena, &caller_record, kept, &k));
    *p = (struct principal){.kind = (u8)k.kind, .account = k.account, .arn = k.arn, .user_id = k.user_id, .access_key = k.access_key,
                            .session_name = k.name, .session_policy = k.policy, .session_policy_arns = k.policy_arns,
                            .session_issuer = k.issuer, .session_issuer_id = k.issuer_id, .source_identity = k.identity, .federated_provider = k.provider,
                            .session_made_ms = k.made_ms, .session_expires_ms = k.expires_ms};
    c->principal = p;
}
