/* What stands in the rows of IAM. Field numbers are never reused. README.md lists the keys. */
#ifndef BRUME_IAM_RECORDS_H
#define BRUME_IAM_RECORDS_H

#include "cloud/cloud.h"

enum entity_kind { ENTITY_USER, ENTITY_GROUP, ENTITY_ROLE, ENTITY_POLICY, ENTITY_PROFILE, ENTITY_CERTIFICATE, ENTITY_KINDS };

/* What has a name, a path and an id. One record for all kinds: each leaves most of it empty. */
struct entity {
    str path, name, id, description;
    i64 created_ms, updated_ms;
    str boundary; /* ARN; of a user or role */
    /* a role */
    str trust, service; /* service: the one that a service-linked role is linked to */
    i64 max_session_s;
    /* a managed policy */
    i64 default_version, last_version, attachments, boundaries;
    /* a role's or key's last use; a user's last password */
    i64 used_ms;
    str used_region;
    str role_id; /* an instance profile's role */
    /* from the key */
    u8 kind;
    str account;
};

struct policy_version {
    str document;
    i64 created_ms;
};

struct access_key {
    str user_id; /* absent: of the account's root */
    str secret;  /* sealed */
    bool active;
    i64 created_ms, used_ms;
    str used_region, used_service;
    str id; /* from the key */
};

struct password_policy {
    i64 length, max_age_days, reuse;
    bool symbols, numbers, upper, lower, users_may_change, hard_expiry;
};

/* A user's password. `old`: hashes of earlier ones, newest first, one after another. */
struct login {
    str hash, old;
    i64 created_ms, changed_ms;
    bool reset_required;
};

/* A virtual MFA device. Its last code's step: no code counts twice. */
struct mfa {
    str path, name, seed; /* sealed */
    str user_id;          /* absent: of nobody yet */
    i64 created_ms, enabled_ms;
    u64 last_step;
    i64 drift; /* steps by which its clock goes ahead */
    str serial; /* from the key */
};

struct server_certificate {
    str body, chain, key; /* key: sealed */
    i64 expires_ms;
};

struct user_key { /* an SSH public key, a signing certificate */
    str text;
    bool active;
    i64 created_ms;
};

struct credential { /* of one service */
    str service, name, secret; /* secret: sealed */
    bool active;
    i64 created_ms, expires_ms; /* 0: never */
};

enum { SAML_KEYS_MAX = 2 };
/* Who vouches for people from outside: an issuer of web identities or a SAML identity provider. */
struct provider {
    str client_ids, thumbprints; /* with single spaces between */
    str metadata, uuid;
    i64 created_ms, valid_until_ms;
    /* of SAML: encrypted assertions */
    str encryption_mode;
    str key_ids[SAML_KEYS_MAX], keys[SAML_KEYS_MAX]; /* keys: sealed; no id: none */
    i64 keys_added_ms[SAML_KEYS_MAX];
};

/* The account as an issuer of tokens for services outside. Its keys outlive its being disabled: tokens do, too. */
struct token_issuer {
    str id, url; /* id: in the url, which is that of the last time it was enabled */
    bool enabled;
    str rsa, curve; /* PKCS#8, sealed */
    str rsa_public, curve_public; /* SubjectPublicKeyInfo */
};

struct service_use {
    i64 at_ms;
    str region;
};

/* A report of last uses; `lines` when it is done (advisor.c). */
struct advisor_job {
    str arn, lines; /* arn: of an organizations report the entity's path */
    i64 created_ms, done_ms;
    bool actions;      /* of ACTION_LEVEL */
    str policy, error; /* of an organizations report: the SCP, and why it failed */
};

extern const struct record_type service_use_record, advisor_job_record, token_issuer_record;
extern const struct record_type server_certificate_record, user_key_record, credential_record, provider_record;
extern const struct record_type entity_record, policy_version_record, access_key_record, password_policy_record, login_record, mfa_record;

#endif
