/* Private to the room of KMS; README.md says how the nouns fit together. */
#ifndef BRUME_KMS_H
#define BRUME_KMS_H

#include "gen/kms.h"
#include "records.h"
#include "spec.h"

extern const struct task_kind kms_task_kinds[];
enum {
    DAY_MS = 86400000,
    MATERIAL_MAX = 4096, /* bytes of a key's material: an RSA key of 4,096 bits in DER has 2,376 */
    PLAINTEXT_MAX = 4096,
    MATERIAL_ID = 64, /* digits */
};

/* ---- rows.c: keys ---- */
bool kms_key_load(struct txn *t, struct arena *a, str account, str region, str id, struct kms_key *k);
void kms_key_save(struct call *c, const struct kms_key *k);
/* Stores a key with its first material and its registry row; k has spec, usage, policy... and place and id. */
void kms_key_add(struct call *c, struct kms_key *k, const struct kms_material *first);
str kms_key_row(struct arena *a, str account, str region, const char *type, str id);
bool kms_key_read_row(struct arena *a, str key, str row, struct kms_key *k);
str kms_key_arn(struct arena *a, str account, str region, str id);
/* Tells EventBridge what happened to a key without a call. */
void kms_key_event(struct call *c, const struct kms_key *k, const char *type);
str kms_key_timer(struct call *c, const struct kms_key *k); /* the key of its tasks */
void kms_rotation_set_timer(struct call *c, const struct kms_key *k);

/* ---- rows.c: aliases ---- */
bool kms_alias_load(struct call *c, str account, str name, struct kms_alias *alias);
bool kms_alias_read_row(struct arena *a, str key, str row, struct kms_alias *alias);
void kms_alias_put(struct call *c, str account, str name, const struct kms_alias *alias);
void kms_alias_forget(struct call *c, const struct kms_key *k, str name);
/* Names of the aliases of a key, at most max. */
u32 kms_aliases_of(struct call *c, const struct kms_key *k, str *names, u32 max);

/* ---- rows.c: families of multi-region keys ---- */
bool kms_family_load(struct call *c, const struct kms_key *k, struct kms_family *f);
void kms_family_save(struct call *c, const struct kms_key *k, const struct kms_family *f);
bool kms_key_is_primary(struct call *c, const struct kms_key *k);
/* The row that holds the rotation settings: the key's own, or its primary's. */
struct kms_key kms_rotation_home(struct call *c, const struct kms_key *k);

/* ---- key.c: found, checked ---- */
enum key_open_how {
    OPEN_HERE = 0,
    OPEN_ALIAS = 1,   /* an alias may name it */
    OPEN_FOREIGN = 2, /* it may belong to another account */
};
/* By id, ARN, alias or alias ARN. NotFoundException, InvalidArnException. */
MUST_USE err kms_key_open(struct call *c, str name, int how, struct kms_key *k);
MUST_USE err kms_key_check_state(struct call *c, const struct kms_key *k); /* that it can be used */
MUST_USE err kms_key_check_not_pending(struct call *c, const struct kms_key *k); /* deletion, its own or of replicas */
MUST_USE err kms_key_check_usage(struct call *c, const struct kms_key *k, const char *usage);
MUST_USE err kms_key_check_origin(struct call *c, const struct kms_key *k, const char *origin);
/* An AWS managed key is not the user's to change. */
MUST_USE err kms_key_check_own(struct call *c, const struct kms_key *k);
/* Opens a key of the caller's account that is to be changed: those checks but the state. */
MUST_USE err kms_key_open_own(struct call *c, str name, struct kms_key *k);
struct kms_key_metadata *kms_key_metadata(struct call *c, const struct kms_key *k);
MUST_USE err kms_dry_run(struct call *c, struct opt_bool asked); /* DryRunOperationException if it is one */

/* ---- material.c ---- */
void kms_wipe(str secret);
/* New material for a spec; *public its public key's DER, if it has one. */
struct kms_material kms_material_new(struct call *c, const struct kms_key *k, str *public);
struct kms_material kms_material_seal(struct call *c, const struct kms_key *k, str plain); /* imported: its id is a function of it */
void kms_material_put(struct call *c, const struct kms_key *k, struct kms_material *m); /* seq 0: behind the others */
bool kms_material_current(struct call *c, const struct kms_key *k, struct kms_material *m);
bool kms_material_find(struct call *c, const struct kms_key *k, str id, struct kms_material *m);
struct range kms_material_range(struct call *c, const struct kms_key *k);
bool kms_material_next(struct range *r, struct arena *a, struct kms_material *m);
MUST_USE bool kms_material_open(struct call *c, const struct kms_key *k, const struct kms_material *m, str *plain); /* the caller wipes it */
/* The current material of an asymmetric key, to compute with. */
struct keypair *kms_material_keypair(struct call *c, const struct kms_key *k);
u32 kms_material_forget(struct txn *t, struct arena *a, const struct kms_key *k, u32 limit); /* all gone if under the limit */

/* ---- ciphertext.c: ciphertexts of symmetric keys ---- */
struct kms_ciphertext_head {
    str account, key_id, material_id;
};
MUST_USE bool kms_ciphertext_head(struct arena *a, str blob, struct kms_ciphertext_head *head);
str kms_ciphertext_seal(struct call *c, const struct kms_key *k, const struct kms_encryption_context_type *context, str plain, str *material_id);
MUST_USE err kms_ciphertext_open(struct call *c, const struct kms_key *k, const struct kms_encryption_context_type *context, str blob, str *plain, str *material_id);
MUST_USE err kms_context_check(struct call *c, const struct kms_encryption_context_type *context);

/* ---- encrypt.c ---- */
/* What a ciphertext says, or the caller, of the key that opens it. */
MUST_USE err kms_no_recipient(struct call *c, const struct kms_recipient_info *recipient); /* of a Nitro enclave */
MUST_USE err kms_ciphertext_key(struct call *c, str blob, str key_id, str algorithm, struct kms_key *k);

/* ---- usage.c ---- */
void kms_key_used(struct call *c, const struct kms_key *k); /* by this call, which succeeds */
i64 kms_key_last_used_ms(struct call *c, const struct kms_key *k); /* or made, if it never was */
err kms_usage_write(struct txn *t, const struct task *task, i64 now_ms);
void kms_usage_forget(struct call *c, const struct kms_key *k);

/* ---- policy.c ---- */
str kms_policy_default(struct call *c, str account);
MUST_USE err kms_policy_take(struct call *c, str given, struct opt_bool bypass, str key_arn, str *policy);

/* ---- grant.c ---- */
/* Does a grant on this key allow the operation to the caller, with this encryption context? */
bool kms_grant_allows(struct call *c, const struct kms_key *k, str operation, const struct kms_encryption_context_type *context);
bool kms_grant_retired_by(const struct call *c, const struct kms_grant *g); /* is the caller its retiring principal? */
MUST_USE err kms_grant_tokens_check(struct call *c, const struct kms_grant_token_list *tokens);
u32 kms_grants_forget(struct call *c, const struct kms_key *k, u32 limit);
bool kms_grant_load(struct call *c, const struct kms_key *k, str id, struct kms_grant *g);
bool kms_grant_by_token(struct call *c, str token, struct kms_key *k, struct kms_grant *g);

/* ---- alias.c ---- */
u32 kms_aliases_forget(struct call *c, const struct kms_key *k, u32 limit);

/* ---- tags.c ---- */
MUST_USE err kms_tags_apply(struct call *c, const struct kms_key *k, const struct kms_tag_list *tags);

/* ---- managed.c: AWS managed keys ---- */
/* The key of alias/aws/NAME as it is going to be; nothing is written. False: there is no such service. */
bool kms_managed_foresee(struct call *c, str alias, struct kms_key *k);
/* Made now: at its first use by a service, or by a DescribeKey. False: no such service, or the call only reads. */
bool kms_managed_open(struct call *c, str alias, struct kms_key *k);
str kms_managed_alias(struct call *c, u32 i); /* predefined, with or without a key; absent behind the last */

/* ---- rotation.c ---- */
MUST_USE err kms_rotate_due(struct call *c, struct kms_key *k); /* by the timer */

/* ---- import.c ---- */
/* Drops what is past its time, and sets the timer for what is next. */
void kms_import_expire(struct call *c, struct kms_key *k);

/* ---- family.c ---- */
void kms_deletion_of_replica(struct call *c, const struct kms_key *k);

/* ---- page.c: lists with Limit, Marker, NextMarker, Truncated ---- */
struct kms_page {
    struct call *c;
    struct range rows;
    str prefix, last;
    u32 limit, n;
    bool more;
};
MUST_USE err kms_page_open(struct call *c, str prefix, struct opt_i32 limit, u32 default_limit, str marker, struct kms_page *p);
bool kms_page_next(struct kms_page *p, str *key, str *value); /* false: the page is full, or the end */
void kms_page_skip(struct kms_page *p); /* what page_next gave last is not shown */
void kms_page_close(struct kms_page *p, str *marker, struct opt_bool *truncated);

#endif
