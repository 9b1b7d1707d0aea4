/* Private to the room of IAM; README.md says how the nouns fit together. */
#ifndef BRUME_IAM_H
#define BRUME_IAM_H

#include "auth/policy.h"
#include "cloud/identity.h"
#include "cloud/packed.h"
#include "gen/iam.h"
#include "records.h"

/* An account's identities in a transaction: what the door has that has no call. */
struct realm {
    struct txn *txn;
    struct arena *arena;
    str account;
};
struct realm realm_of(struct call *c);
/* A row of the realm; absent parts end the key. */
str realm_key(const struct realm *r, const char *type, str first, str second);
str name_folded(struct arena *a, str name); /* names are one whatever their case */

/* ---- entity.c: users, groups, roles, policies, instance profiles, server certificates ---- */
struct kind {
    const char *row;    /* the type in its rows, and its part of the ARN */
    const char *prefix; /* of its ids */
    const char *resource; /* as CloudFormation names it */
    const char *absent, *present; /* the errors, with $ for the name */
    const char *quota;  /* AWS's name of the limit per account */
    i64 limit;
};
extern const struct kind kinds[ENTITY_KINDS];

enum { ENTITY_NAME_MAX = 128 }; /* of any kind; an id is shorter */
bool entity_load(const struct realm *r, enum entity_kind kind, str name, struct entity *e);
bool entity_load_by_id(const struct realm *r, str id, struct entity *e); /* users, groups, roles, policies, profiles */
void entity_save(const struct realm *r, const struct entity *e);
str entity_arn(struct arena *a, const struct entity *e);
MUST_USE err entity_open(struct call *c, enum entity_kind kind, str name, struct entity *e); /* NoSuchEntity */
MUST_USE err entity_by_arn(struct call *c, str arn, struct entity *e); /* a user, group or role; NoSuchEntity, InvalidInput */
MUST_USE err role_open_to_change(struct call *c, str name, struct entity *e); /* not one that a service is linked to */
/* Checks name and quota, gives path, id and birth, and saves. Fills the rest before; tags may be NULL. */
MUST_USE err entity_create(struct call *c, struct entity *e, str path, const struct iam_tag_list_type *tags);
void entity_delete(struct call *c, struct entity *e);
/* Another name or path, absent: as it is. Tags and what others know of it go along. */
MUST_USE err entity_rename(struct call *c, struct entity *e, str name, str path);
i64 count_of(const struct realm *r, const char *what);
void count_add(const struct realm *r, const char *what, i64 n);
MUST_USE err quota_check(struct call *c, const char *name, i64 limit, i64 wanted); /* LimitExceeded */
bool any_below(const struct realm *r, const char *type, str first); /* is there a row? */
i64 rows_below(const struct realm *r, const char *type, str first); /* of few: a quota bounds them */

/* ---- page.c: Marker and MaxItems ---- */
struct page {
    struct call *call;
    struct range rows;
    str prefix; /* of the keys: what follows it is the position */
    u32 n, max;
    str marker;
};
MUST_USE err page_open(struct call *c, struct page *p, str prefix, str marker, struct opt_i32 max_items);
/* The next row within the page: the last part of its key, and its value; false at the page's end. */
bool page_next(struct page *p, str *last, str *value);
bool page_entity(struct page *p, enum entity_kind kind, str path_prefix, struct entity *e);
void page_skip(struct page *p); /* the row is not of the answer */
void page_close(struct page *p, struct opt_bool *is_truncated, str *marker);

/* ---- user.c: who is meant ---- */
/* The user of that name or, absent, the one who calls. Root has no row: e->id is then absent. */
MUST_USE err user_or_caller(struct call *c, str name, struct entity *e);
MUST_USE err entity_must_be_bare(struct call *c, const struct entity *e); /* DeleteConflict */

/* ---- document.c: policies as text ---- */
MUST_USE err document_check(struct call *c, str json, enum policy_kind kind); /* MalformedPolicyDocument */
i64 document_size(str json); /* characters that count: white space does not */
str document_shown(struct call *c, str json); /* percent-encoded */
enum { STATEMENTS_MAX = 4096 };
struct statement {
    str text; /* a view into the document */
};
struct statements {
    struct statement *v;
    u32 n;
    str version;
};
struct statements statements_of(struct arena *a, str document);

/* ---- tag.c ---- */
MUST_USE err tags_add(struct call *c, str arn, const char *quota_name, const struct iam_tag_list_type *tags);
void tags_move(struct call *c, str from_arn, str to_arn);
struct iam_tag_list_type tags_shown(struct call *c, str arn);
void untag_arn(struct call *c, str arn, const struct iam_tag_key_list_type *keys);
MUST_USE err tags_page(struct call *c, str arn, str marker, struct opt_i32 max_items, struct iam_tag_list_type *tags,
                       struct opt_bool *is_truncated, str *next);

/* ---- user.c, role.c ---- */
struct iam_user user_shown(struct call *c, const struct entity *e, bool with_tags);
struct iam_user root_shown(struct call *c);
struct iam_group group_shown(struct call *c, const struct entity *e);
struct iam_role role_shown(struct call *c, const struct entity *e);
str trust_shown(struct call *c, const struct entity *e);
struct iam_role_last_used *role_last_used(struct call *c, const struct entity *e);
struct iam_attached_permissions_boundary *boundary_shown(struct call *c, const struct entity *e);

/* ---- policy.c: managed policies ---- */
/* A managed policy by its ARN: of the account, or one of AWS's own (`aws`). */
bool policy_load(const struct realm *r, str arn, struct entity *e);
bool policy_is_aws(const struct entity *e);
bool policy_document(const struct realm *r, const struct entity *e, i64 version, struct policy_version *v);
bool policy_default(const struct realm *r, str arn, struct identity_policy *policy); /* its document as it is in force */
MUST_USE err policy_open(struct call *c, str arn, struct entity *e);       /* NoSuchEntity, ValidationError */
MUST_USE err policy_open_to_change(struct call *c, str arn, struct entity *e); /* not one of AWS's */
MUST_USE err policy_attachable(struct call *c, str arn, struct entity *e); /* the same in other words */
void policy_count(struct call *c, struct entity *e, i64 attachments, i64 boundaries);

u32 policy_versions(struct call *c, const struct entity *e, struct iam_policy_version *shown, bool with_documents);
struct iam_policy policy_shown(struct call *c, const struct entity *e);

/* ---- aws_policy.c: AWS's own managed policies ---- */
bool aws_policy_load(const struct realm *r, str arn, struct entity *e);
bool aws_policy_next(const struct realm *r, struct packed_walk *w, struct entity *e); /* in the order of names */
bool aws_policy_document(const struct realm *r, const struct entity *e, i64 version, struct policy_version *v);
void aws_policy_save(const struct realm *r, const struct entity *e); /* how often the account uses it */

/* ---- attach.c ---- */
MUST_USE err policy_attach(struct call *c, const struct entity *owner, str arn);
MUST_USE err policy_detach(struct call *c, const struct entity *owner, str arn);
MUST_USE err policies_detach_all(struct call *c, const struct entity *owner);
struct iam_attached_policies_list_type attached_shown(struct call *c, const struct entity *owner);
MUST_USE err boundary_set(struct call *c, struct entity *e, str arn); /* absent: takes it away */
enum { POLICIES_PER_IDENTITY = 512 }; /* beyond what the quotas of policies and groups let stand */
struct source_policy { /* a policy of a user, group or role, and whose it is */
    str name, json; /* as in struct identity_policy */
    str owner;
    u8 owner_kind;
    bool inlined;
};
struct source_policies {
    struct source_policy *v;
    u32 n;
};
struct source_policies policies_of(const struct realm *r, const struct entity *e); /* a user's with those of its groups */

/* ---- account.c, instance_profile.c, service_role.c ---- */
i64 token_version(const struct realm *r); /* of STS's global endpoint: 1 or 2 */
struct iam_instance_profile_list_type instance_profiles_of(struct call *c, const struct entity *role);
err report_slice(struct txn *t, const struct task *task, i64 now_ms); /* report.c */
err service_role_delete(struct txn *t, const struct task *task, i64 now_ms);

/* ---- granted.c: which services documents let be used ---- */
struct granted {
    struct arena *arena;
    bool all;
    str *v; /* prefixes of actions, folded */
    u32 n;
    struct denial {
        bool all, but; /* but: all services that are not named */
        str *v;
        u32 n;
    } *denials;
    u32 denial_count;
};
struct granted granted_new(struct arena *a);
void granted_add(struct granted *g, str json);       /* its Allow statements */
void granted_take_away(struct granted *g, str json); /* its Deny statements, without condition and of all resources */
bool grants(const struct granted *g, str service);

/* ---- advisor.c ---- */
/* `id` of a user or role, or "account" for anybody of the account; `what`: a service or an action. */
void service_used(const struct realm *r, str id, str what, str region, i64 at_ms);
bool use_of(const struct realm *r, str id, str what, struct service_use *use);
/* A job and what came of it, found by its id. */
str advisor_key(const struct realm *r, str id);
bool advisor_load(const struct realm *r, str id, struct advisor_job *job);
void advisor_save(const struct realm *r, str id, const struct advisor_job *job);
str advisor_start(struct call *c, str kind, const struct advisor_job *job); /* its id; the task has "account id" */
MUST_USE err advisor_open(struct call *c, str id, struct advisor_job *job); /* NoSuchEntity */
MUST_USE err advisor_page(struct call *c, str marker, u64 *from);
err advisor_run(struct txn *t, const struct task *task, i64 now_ms);

/* ---- access_report.c ---- */
err access_report_run(struct txn *t, const struct task *task, i64 now_ms);
extern const struct packed aws_services;

/* ---- password_policy.c, login.c ---- */
bool password_policy_load(const struct realm *r, struct password_policy *policy); /* false: AWS's default rules */
MUST_USE err password_check(struct call *c, str password); /* PasswordPolicyViolation */
bool login_load(const struct realm *r, str user_id, struct login *login);

/* ---- mfa.c ---- */
bool mfa_load(const struct realm *r, str serial, struct mfa *device);

/* ---- tasks.c ---- */
extern const struct task_kind iam_task_kinds[];

/* ---- access_key.c ---- */
bool access_key_load(const struct realm *r, str id, struct access_key *key);
str access_key_secret(const struct realm *r, const struct access_key *key);

/* ---- door.c: IAM's part of struct identity_door (cloud/identity.h); src/front/services.c names it ---- */
bool iam_key(struct txn *t, struct arena *a, str access_key, struct identity_key *key);
void iam_identity(struct txn *t, struct arena *a, const struct principal *p, struct identity *identity);
bool iam_managed_policy(struct txn *t, struct arena *a, str arn, struct identity_policy *policy);
bool iam_role(struct txn *t, struct arena *a, str arn, struct identity_role *role);
bool iam_named(struct txn *t, struct arena *a, str account, str arn_or_id, struct identity_named *named);
bool iam_inhabited(struct txn *t, struct arena *a, str account);
bool iam_oidc_provider(struct txn *t, struct arena *a, str arn, struct identity_oidc_provider *provider);
bool iam_saml_provider(struct txn *t, struct arena *a, str arn, struct identity_saml_provider *provider);
bool iam_mfa_check(struct txn *t, struct arena *a, const struct principal *p, str serial, str code);
void iam_key_used(struct txn *t, struct arena *a, const struct principal *p, str region, str service, str action, i64 at_ms);

/* ---- context_keys.c: which condition keys a document mentions ---- */
enum { KEY_NAMES_MAX = 512 };
struct key_names {
    str *v;
    u32 n;
};
void context_keys_of(struct arena *a, str document, struct key_names *names); /* adds */

#endif
