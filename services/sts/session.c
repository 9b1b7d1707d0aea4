/* Sessions: policies and tags that narrow and describe them. They travel in the token, so they are bounded
 * together: AWS packs them, and tells how much of the room is taken. */
#include "sts.h"

#include "auth/policy.h"
#include "cloud/identity.h"

/* DIFFERS: AWS packs by a method of its own; here bytes are added up. */
enum { PACKED_MAX = 4096, PER_STRING = 4, POLICY_TEXT_MAX = 2048, POLICY_ARNS_MAX = 10, TAGS_MAX = 50 }; /* SESSION_PACKED_MAX of auth/session.h */

static err invalid(struct call *c, const char *message) { return fail(c, &sts_invalid_parameter_value, "%s", message); }

/* ---- policies ---- */

/* One of AWS's or of the session's own account. */
static err check_managed(struct call *c, const struct principal *p, str arn) {
    const struct identity_door *door = identity_door_of(c);
    struct identity_policy policy;
    struct arn read;
    if (!arn_parse(arn, &read) || !str_eq(read.service, S("iam")) || !str_starts(read.resource, S("policy/")) || str_find_char(arn, ' ') != STR_NONE)
        return fail(c, &cloud_validation, "%.*s is invalid", STR_ARGS(arn));
    bool near = str_eq(read.account, p->account) || str_eq(read.account, S("aws"));
    if (near && door->managed_policy(c->txn, c->arena, arn, &policy)) return NULL;
    return fail(c, &cloud_validation, "The policy %.*s does not exist or is not attachable.", STR_ARGS(arn));
}

static err add_policies(struct call *c, struct principal *p, const struct session_parts *parts, size_t *packed) {
    str problem;
    size_t text = parts->policy.n;
    if (parts->policy.n && !policy_compile(parts->policy, POLICY_IDENTITY, c->arena, &problem))
        return fail(c, &sts_malformed_policy_document_exception, "%.*s", STR_ARGS(problem));
    p->session_policy = parts->policy;
    *packed += parts->policy.n ? parts->policy.n + PER_STRING : 0;
    u32 n = parts->policy_arns ? parts->policy_arns->n : 0;
    if (n > POLICY_ARNS_MAX) return fail(c, &cloud_validation, "The number of managed session policies exceeds the limit of %d.", POLICY_ARNS_MAX);
    struct buf arns = buf_new(c->arena, 32768);
    for (u32 i = 0; i < n; i++) {
        str arn = parts->policy_arns->v[i].arn;
        TRY(check_managed(c, p, arn));
        if (i) buf_char(&arns, ' ');
        buf_add(&arns, arn);
        text += arn.n;
    }
    if (text > POLICY_TEXT_MAX && n) return fail(c, &sts_packed_policy_too_large_exception, "The session policies exceed %d characters.", POLICY_TEXT_MAX);
    if (n) p->session_policy_arns = buf_str(&arns);
    *packed += arns.n ? arns.n + PER_STRING : 0;
    return NULL;
}

/* ---- tags ---- */

static bool is_transitive(const struct session_parts *parts, str key) {
    for (u32 i = 0; parts->transitive && i < parts->transitive->n; i++)
        if (str_eq_nocase(parts->transitive->v[i], key)) return true;
    return false;
}

static bool is_given(const struct session_parts *parts, str key) {
    for (u32 i = 0; parts->tags && i < parts->tags->n; i++)
        if (str_eq_nocase(parts->tags->v[i].key, key)) return true;
    return false;
}

err session_tags_check(struct call *c, const struct principal *p, const struct session_parts *parts) {
    for (u32 i = 0; parts->tags && i < parts->tags->n; i++) {
        str key = parts->tags->v[i].key;
        if (key.n >= 4 && str_eq_nocase(str_take(key, 4), S("aws:"))) return invalid(c, "Tag keys may not start with the reserved prefix aws:.");
        for (u32 j = 0; j < i; j++)
            if (str_eq_nocase(parts->tags->v[j].key, key)) return invalid(c, "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
        for (u32 j = 0; j < p->session_tag_count; j++)
            if (str_eq_nocase(p->session_tags[j].key, key))
                return invalid(c, "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.");
    }
    for (u32 i = 0; parts->transitive && i < parts->transitive->n; i++)
        if (!is_given(parts, parts->transitive->v[i])) return invalid(c, "The specified transitive tag key must be included in the requested tags.");
    return NULL;
}

/* Behind those that were handed on. */
static err add_tags(struct call *c, struct principal *p, const struct session_parts *parts, size_t *packed) {
    TRY(session_tags_check(c, p, parts));
    u32 n = parts->tags ? parts->tags->n : 0;
    if (p->session_tag_count + n > TAGS_MAX) return invalid(c, "A session carries at most 50 tags.");
    struct principal_tag *tags = NEW_ARRAY(c->arena, struct principal_tag, p->session_tag_count + n + 1);
    for (u32 i = 0; i < p->session_tag_count; i++) tags[i] = p->session_tags[i];
    for (u32 i = 0; i < n; i++) {
        const struct sts_tag *t = &parts->tags->v[i];
        tags[p->session_tag_count++] = (struct principal_tag){t->key, t->value, is_transitive(parts, t->key)};
    }
    p->session_tags = tags;
    for (u32 i = 0; i < p->session_tag_count; i++) *packed += tags[i].key.n + tags[i].value.n + (size_t)2 * PER_STRING;
    return NULL;
}

err session_add(struct call *c, struct principal *p, const struct session_parts *parts, struct opt_i32 *packed) {
    size_t policies = 0, tags = 0;
    TRY(add_policies(c, p, parts, &policies));
    TRY(add_tags(c, p, parts, &tags));
    size_t percent = ((policies + tags) * 100 + PACKED_MAX - 1) / PACKED_MAX;
    if (percent > 100)
        return policies > tags ? fail(c, &sts_packed_policy_too_large_exception,
                                      "Packed policy consumes %zu%% of allotted space, please use smaller policy.", percent)
                               : fail(c, &sts_packed_policy_too_large_exception, "Packed size of session tags consumes %zu%% of allotted space.", percent);
    if (percent) *packed = SOME_I32((i32)percent);
    return NULL;
}

/* ---- credentials ---- */

struct sts_credentials *credentials_issue(struct call *c, const struct principal *p, i64 seconds) {
    struct credentials issued = session_issue(c, p, seconds);
    struct sts_credentials *out = NEW(c->arena, struct sts_credentials);
    *out = (struct sts_credentials){
        .access_key_id = issued.access_key,
        .secret_access_key = issued.secret,
        .session_token = issued.session_token,
        .expiration = SOME_TIME(issued.expires_ms),
    };
    return out;
}

err refuse_session(struct call *c) {
    if (!c->principal->session_expires_ms) return NULL;
    return fail(c, &sts_access_denied, "Cannot call %s with session credentials", c->service->wire->text + c->op->name);
}
