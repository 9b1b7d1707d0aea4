/* The room's own: whose organization a caller acts in, its tree, its policies. Rows: README.md. */
#ifndef BRUME_ORGANIZATIONS_H
#define BRUME_ORGANIZATIONS_H

#include "cloud/identity.h"
#include "gen/organizations.h"
#include "records.h"

/* ---- door.c: what the gate and services ask (cloud/identity.h); src/front/services.c names it ---- */
void organizations_door(struct txn *t, struct arena *a, str account, struct identity_organization *out);
bool organizations_trusts(struct txn *t, struct arena *a, str account, str service);
bool organizations_administers(struct txn *t, struct arena *a, str account, str service);
u32 organizations_accounts(struct txn *t, struct arena *a, str account, str **accounts);

/* ---- organization.c: the caller's organization ---- */
enum reach {
    REACH_MEMBER,     /* any account of the organization */
    REACH_DELEGATED,  /* the management account, delegated administrators, and whom the resource policy lets */
    REACH_POLICY,     /* the management account, and whom the resource policy lets */
    REACH_MANAGEMENT, /* the management account alone */
};
/* Refuses who is in no organization, or not far enough up for `reach`. */
MUST_USE err organization_open(struct call *c, enum reach reach, struct organization *o);
bool organization_load(struct txn *t, struct arena *a, str management, struct organization *o);
void organization_save(struct txn *t, struct arena *a, const struct organization *o);
/* Rows of an organization stand under its management account and its own id, so that the next one of that
 * account begins empty. */
struct key organization_key(struct arena *a, const struct organization *o, const char *type);
err organization_sweep(struct txn *t, const struct task *task, i64 now_ms);
str organization_arn(struct arena *a, const struct organization *o, const char *kind, str id); /* kind "ou", "account", ... */

MUST_USE err refuse_constraint(struct call *c, const char *reason, const char *message);
MUST_USE err refuse_input(struct call *c, const char *reason, const char *message);

/* ---- page.c: a page of a list is a stretch of rows ---- */
enum { PAGE_MAX = 20 };
struct org_page {
    struct call *c;
    struct range rows;
    str prefix, last;
    str *next; /* the answer's NextToken */
    u32 left;
};
MUST_USE err org_page_open(struct org_page *p, struct call *c, const struct key *prefix, str token, struct opt_i32 max, str *next);
/* `rest`: of the key, behind the prefix. */
bool org_page_next(struct org_page *p, str *rest, str *value);

/* ---- tree.c: the root, units, and who stands below whom ---- */
bool unit_load(struct txn *t, struct arena *a, const struct organization *o, str id, struct unit *u);
/* A root or unit by id; of the root the path alone. */
bool parent_load(struct txn *t, struct arena *a, const struct organization *o, str id, struct unit *u);
enum child { CHILD_UNIT, CHILD_ACCOUNT };
struct key children_key(struct arena *a, const struct organization *o, str parent, enum child kind);
str child_key(struct arena *a, const struct organization *o, str parent, enum child kind, str id);

/* ---- member.c: accounts of the organization ---- */
bool member_load(struct txn *t, struct arena *a, str account, struct member *m);
void member_save(struct txn *t, struct arena *a, const struct member *m);
/* An account of this very organization, or AccountNotFoundException. */
MUST_USE err member_open(struct call *c, const struct organization *o, str account, struct member *m);
/* Joins at the root. */
void member_join(struct txn *t, struct arena *a, struct organization *o, str account, bool invited, i64 now_ms);
void member_leave(struct txn *t, struct arena *a, struct organization *o, const struct member *m);
str member_arn(struct arena *a, const struct organization *o, str account);
/* The words for a state: Status and State. */
str member_status(const struct member *m);
str member_state_name(const struct member *m);
struct organizations_account account_shown(struct call *c, const struct organization *o, const struct member *m);
MUST_USE err check_account_room(struct call *c, const struct organization *o);
err close_finish(struct txn *t, const struct task *task, i64 now_ms);

/* ---- creation.c ---- */
err creation_run(struct txn *t, const struct task *task, i64 now_ms);

/* ---- policy.c ---- */
struct policy_rules {
    const char *type;
    const char *prefix;   /* of ARNs: "service_control_policy" */
    const char *document; /* the one key of its documents; NULL: an authorization policy, or any */
    const char *service;  /* must have been given access before the type is enabled; NULL: none */
    u32 max_attached, max_bytes;
    bool authorization;
};
extern const struct policy_rules org_policy_rules[];
extern const size_t org_policy_rules_count;
const struct policy_rules *org_policy_rules_of(str type);
/* AWS's own among them. */
bool org_policy_load(struct txn *t, struct arena *a, const struct organization *o, str id, struct policy_row *p);
MUST_USE err org_policy_open(struct call *c, const struct organization *o, str id, struct policy_row *p);
str org_policy_arn(struct arena *a, const struct organization *o, const struct policy_row *p);
struct organizations_policy_summary org_policy_shown(struct call *c, const struct organization *o, const struct policy_row *p);
/* What every target of the type has unless it was detached: "p-FullAWSAccess"; absent: none. */
str org_policy_default(str type);
extern const struct policy_row org_policies_of_aws[2];

/* ---- attachment.c ---- */
const struct enabled_type *type_enabled(const struct organization *o, str type); /* NULL: it is not */
/* The ids of what is attached to a target, the default first. At most `max`. */
u32 attached_to(struct txn *t, struct arena *a, const struct organization *o, const struct enabled_type *type, str target, str *ids,
                u32 max);
enum { ATTACHED_MAX = 32 };
bool org_policy_in_use(struct txn *t, struct arena *a, const struct organization *o, const struct policy_row *p);
/* All that is attached to a target that goes away. */
void attachments_drop(struct txn *t, struct arena *a, const struct organization *o, str target);
/* The targets above and with an account, the root first; their number. */
enum { LEVELS_MAX = 8 };
u32 levels_of(const struct organization *o, const struct member *m, str targets[static LEVELS_MAX]);
err attachments_sweep(struct txn *t, const struct task *task, i64 now_ms);

/* ---- handshake.c ---- */
err handshake_expire(struct txn *t, const struct task *task, i64 now_ms);
err handshake_forget(struct txn *t, const struct task *task, i64 now_ms);

/* ---- delegation.c ---- */
bool is_delegated(struct txn *t, struct arena *a, const struct organization *o, str account);
bool is_delegated_for(struct txn *t, struct arena *a, const struct organization *o, str account, str principal);
bool service_trusted(struct txn *t, struct arena *a, const struct organization *o, str principal);
void delegations_drop(struct txn *t, struct arena *a, const struct organization *o, str account);

/* ---- resource_policy.c ---- */
bool resource_policy_load(struct txn *t, struct arena *a, const struct organization *o, struct resource_policy *p);
/* Does the organization's resource policy let this member do what it calls? */
bool resource_policy_allows(struct call *c, const struct organization *o);

/* ---- tags.c ---- */
struct record_pairs tags_given(struct call *c, const struct organizations_tags *tags);
MUST_USE err tags_put(struct call *c, const struct organization *o, str arn, const struct record_pairs *tags);
/* The ARN of a root, unit, account, policy or the resource policy; false: there is none. */
bool resource_arn_of(struct txn *t, struct arena *a, const struct organization *o, str id, str *arn);

#endif
