#include "records.h"

static const struct record_field entity_fields[] = {
    RECORD_STR(1, struct entity, path),
    RECORD_STR(2, struct entity, name),
    RECORD_STR(3, struct entity, id),
    RECORD_STR(4, struct entity, description),
    RECORD_I64(5, struct entity, created_ms),
    RECORD_I64(6, struct entity, updated_ms),
    RECORD_STR(7, struct entity, boundary),
    RECORD_STR(8, struct entity, trust),
    RECORD_STR(9, struct entity, service),
    RECORD_I64(10, struct entity, max_session_s),
    RECORD_I64(11, struct entity, default_version),
    RECORD_I64(12, struct entity, last_version),
    RECORD_I64(13, struct entity, attachments),
    RECORD_I64(14, struct entity, boundaries),
    RECORD_I64(15, struct entity, used_ms),
    RECORD_STR(16, struct entity, used_region),
    RECORD_STR(17, struct entity, role_id),
};
const struct record_type entity_record = RECORD_TYPE(struct entity, entity_fields);

static const struct record_field policy_version_fields[] = {
    RECORD_STR(1, struct policy_version, document),
    RECORD_I64(2, struct policy_version, created_ms),
};
const struct record_type policy_version_record = RECORD_TYPE(struct policy_version, policy_version_fields);

static const struct record_field access_key_fields[] = {
    RECORD_STR(1, struct access_key, user_id),     RECORD_STR(2, struct access_key, secret),
    RECORD_BOOL(3, struct access_key, active),     RECORD_I64(4, struct access_key, created_ms),
    RECORD_I64(5, struct access_key, used_ms),     RECORD_STR(6, struct access_key, used_region),
    RECORD_STR(7, struct access_key, used_service),
};
const struct record_type access_key_record = RECORD_TYPE(struct access_key, access_key_fields);

static const struct record_field password_policy_fields[] = {
    RECORD_I64(1, struct password_policy, length),     RECORD_I64(2, struct password_policy, max_age_days),
    RECORD_I64(3, struct password_policy, reuse),      RECORD_BOOL(4, struct password_policy, symbols),
    RECORD_BOOL(5, struct password_policy, numbers),   RECORD_BOOL(6, struct password_policy, upper),
    RECORD_BOOL(7, struct password_policy, lower),     RECORD_BOOL(8, struct password_policy, users_may_change),
    RECORD_BOOL(9, struct password_policy, hard_expiry),
};
const struct record_type password_policy_record = RECORD_TYPE(struct password_policy, password_policy_fields);

static const struct record_field login_fields[] = {
    RECORD_STR(1, struct login, hash),           RECORD_STR(2, struct login, old),
    RECORD_I64(3, struct login, created_ms),     RECORD_I64(4, struct login, changed_ms),
    RECORD_BOOL(5, struct login, reset_required),
};
const struct record_type login_record = RECORD_TYPE(struct login, login_fields);

static const struct record_field mfa_fields[] = {
    RECORD_STR(1, struct mfa, path),       RECORD_STR(2, struct mfa, name),       RECORD_STR(3, struct mfa, seed),
    RECORD_STR(4, struct mfa, user_id),    RECORD_I64(5, struct mfa, created_ms), RECORD_I64(6, struct mfa, enabled_ms),
    RECORD_U64(7, struct mfa, last_step),  RECORD_I64(8, struct mfa, drift),
};
const struct record_type mfa_record = RECORD_TYPE(struct mfa, mfa_fields);

static const struct record_field server_certificate_fields[] = {
    RECORD_STR(1, struct server_certificate, body),
    RECORD_STR(2, struct server_certificate, chain),
    RECORD_STR(3, struct server_certificate, key),
    RECORD_I64(4, struct server_certificate, expires_ms),
};
const struct record_type server_certificate_record = RECORD_TYPE(struct server_certificate, server_certificate_fields);

static const struct record_field user_key_fields[] = {
    RECORD_STR(1, struct user_key, text),
    RECORD_BOOL(2, struct user_key, active),
    RECORD_I64(3, struct user_key, created_ms),
};
const struct record_type user_key_record = RECORD_TYPE(struct user_key, user_key_fields);

static const struct record_field credential_fields[] = {
    RECORD_STR(1, struct credential, service),    RECORD_STR(2, struct credential, name),
    RECORD_STR(3, struct credential, secret),     RECORD_BOOL(4, struct credential, active),
    RECORD_I64(5, struct credential, created_ms), RECORD_I64(6, struct credential, expires_ms),
};
const struct record_type credential_record = RECORD_TYPE(struct credential, credential_fields);

static const struct record_field provider_fields[] = {
    RECORD_STR(1, struct provider, client_ids),  RECORD_STR(2, struct provider, thumbprints), RECORD_STR(3, struct provider, metadata),
    RECORD_STR(4, struct provider, uuid),        RECORD_I64(5, struct provider, created_ms),  RECORD_I64(6, struct provider, valid_until_ms),
    RECORD_STR(7, struct provider, encryption_mode),
    RECORD_STR(8, struct provider, key_ids[0]),  RECORD_STR(9, struct provider, keys[0]),     RECORD_I64(10, struct provider, keys_added_ms[0]),
    RECORD_STR(11, struct provider, key_ids[1]), RECORD_STR(12, struct provider, keys[1]),    RECORD_I64(13, struct provider, keys_added_ms[1]),
};
const struct record_type provider_record = RECORD_TYPE(struct provider, provider_fields);

static const struct record_field service_use_fields[] = {
    RECORD_I64(1, struct service_use, at_ms),
    RECORD_STR(2, struct service_use, region),
};
const struct record_type service_use_record = RECORD_TYPE(struct service_use, service_use_fields);

static const struct record_field advisor_job_fields[] = {
    RECORD_STR(1, struct advisor_job, arn),
    RECORD_STR(2, struct advisor_job, lines),
    RECORD_I64(3, struct advisor_job, created_ms),
    RECORD_I64(4, struct advisor_job, done_ms),
    RECORD_BOOL(5, struct advisor_job, actions),
    RECORD_STR(6, struct advisor_job, policy),
    RECORD_STR(7, struct advisor_job, error),
};
const struct record_type advisor_job_record = RECORD_TYPE(struct advisor_job, advisor_job_fields);

static const struct record_field token_issuer_fields[] = {
    RECORD_STR(1, struct token_issuer, id),         RECORD_STR(2, struct token_issuer, url),
    RECORD_BOOL(3, struct token_issuer, enabled),   RECORD_STR(4, struct token_issuer, rsa),
    RECORD_STR(5, struct token_issuer, curve),      RECORD_STR(6, struct token_issuer, rsa_public),
    RECORD_STR(7, struct token_issuer, curve_public),
};
const struct record_type token_issuer_record = RECORD_TYPE(struct token_issuer, token_issuer_fields);
