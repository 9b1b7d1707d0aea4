/* Private to the cloud: one decision on its way. authorize.c asks for an operation, gate.c gathers who says
 * what, gate_cache.c keeps it compiled, gate_context.c knows the condition keys, denial.c has AWS's words. */
#ifndef BRUME_CLOUD_GATE_H
#define BRUME_CLOUD_GATE_H

#include "cloud/flight.h"
#include "cloud/identity.h"

/* ---- gate_cache.c: what the door told, compiled, until the policy epoch moves; documents by content. A slot
 * a thread, locked for the time of one decision, since threads come and go and may share one. ---- */
struct gate_caller { /* a user or a role */
    bool exists, service_linked;
    struct policy_list policies;
    const struct policy *boundary;
    struct record_pairs tags;
    str name;
};
struct gate_account { /* an account's place in its organization */
    str organization, path; /* absent: in none */
    const struct policy_level *service_control, *resource_control; /* NULL: not limited */
    u32 levels;
};
struct gate_slot;
/* They end with the boot arena: tasks may still ask while the store closes. */
struct gate_slots *gate_slots_new(struct arena *boot);

struct gate_view { /* one decision's use of a slot */
    struct call *c;
    struct gate_slot *slot;
    u64 epoch;
    bool apart; /* the transaction has raised the epoch itself: nothing of it is kept or taken */
};
struct gate_view gate_view_open(struct call *c);
void gate_view_close(struct gate_view *v);
const struct gate_caller *gate_caller_of(struct gate_view *v, const struct principal *p);
const struct gate_account *gate_account_of(struct gate_view *v, str account);
/* A lasting key of a user or root that IAM knows; NULL: none. */
const struct identity_key *gate_key_of(struct gate_view *v, str access_key);
/* Whether it is time to mark a key or role as used: once a minute, over all threads (now and then once more). */
bool gate_key_mark(struct gate_slots *s, str what, i64 now_ms);
/* A document of a kind; one that does not compile denies everything: what it would have denied is unknown. */
const struct policy *gate_document(struct gate_view *v, str json, enum policy_kind kind);
/* The managed policy of an ARN; NULL: there is none. */
const struct policy *gate_managed(struct gate_view *v, str arn);

/* ---- gate_context.c ---- */
struct gate {
    struct call *c;
    const struct principal *principal;
    str action, resource, resource_account;
    const struct auth_facts *facts;
    const struct gate_question *question; /* whose values stand first; or NULL */
    struct gate_view view;
    struct record_pairs request_tags;
    bool request_tags_known;
};
/* The values of a condition key; `context` is a struct gate. */
struct policy_values gate_values(void *context, str key);
/* A snapshot for who asks outside of a transaction: the call has one from here to gate_txn_end(). */
struct txn *gate_txn(struct call *c);
void gate_txn_end(struct call *c);

#endif
