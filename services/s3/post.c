/* PostObject: a browser's form as an upload. The dispatcher splits the form (its fields up to `file`),
 * checks the policy's signature and expiration and decodes it; here the policy is held against the fields, and
 * what is left is a PutObject. */
#include "services/s3/s3.h"

static str field(const struct s3_post_object_request *in, const char *name) {
    for (u32 i = 0; i < in->fields.n; i++)
        if (str_eq_nocase(in->fields.v[i].key, str_of(name))) return in->fields.v[i].value;
    return (str){0};
}

/* ---- the policy ---- */

static err policy_failed(struct call *c, const char *why, str what) {
    return fail(c, &s3_access_denied, "Invalid according to Policy: %s%.*s", why, STR_ARGS(what));
}

static str condition_field(const struct s3_post_condition *condition) {
    return str_starts(condition->field, S("$")) ? str_skip(condition->field, 1) : condition->field;
}

static str post_value(const struct s3_post_object_request *in, str name) {
    if (str_eq_nocase(name, S("bucket"))) return in->bucket;
    for (u32 i = 0; i < in->fields.n; i++)
        if (str_eq_nocase(in->fields.v[i].key, name)) return in->fields.v[i].value;
    return (str){0};
}

static bool condition_holds(const struct s3_post_object_request *in, const struct s3_post_condition *condition) {
    str value = post_value(in, condition_field(condition));
    if (!value.p) return false;
    if (str_eq_nocase(condition->operator, S("starts-with"))) return str_starts(value, condition->value);
    return str_eq(value, condition->value);
}

static bool is_range(const struct s3_post_condition *condition) {
    return str_eq_nocase(condition->operator, S("content-length-range"));
}

/* Fields that a policy need not name: they are the policy, or stand for nothing. */
static bool field_is_free(str name) {
    static const char *const names[] = {"policy", "x-amz-signature", "signature", "awsaccesskeyid", "file"};
    for (size_t i = 0; i < LENGTH(names); i++)
        if (str_eq_nocase(name, str_of(names[i]))) return true;
    return str_eq_nocase(str_take(name, 9), S("x-ignore-"));
}

static bool field_is_named(const struct s3_post_object_request *in, str name) {
    for (u32 i = 0; i < in->conditions.n; i++)
        if (str_eq_nocase(condition_field(&in->conditions.v[i]), name)) return true;
    return field_is_free(name);
}

static err policy_check(struct call *c, const struct s3_post_object_request *in) {
    if (!in->signed_.set || !in->signed_.v) return NULL; /* anonymous: there is no policy to hold */
    for (u32 i = 0; i < in->conditions.n; i++) {
        const struct s3_post_condition *condition = &in->conditions.v[i];
        if (!is_range(condition) && !condition_holds(in, condition))
            return policy_failed(c, "Policy Condition failed: ", condition->text);
    }
    for (u32 i = 0; i < in->fields.n; i++)
        if (!field_is_named(in, in->fields.v[i].key))
            return policy_failed(c, "Extra input fields: ", in->fields.v[i].key);
    return NULL;
}

static void length_range(const struct s3_post_object_request *in, i64 *min, i64 *max) {
    *min = 0;
    *max = INT64_MAX;
    for (u32 i = 0; i < in->conditions.n; i++) {
        if (!is_range(&in->conditions.v[i])) continue;
        *min = MAX(*min, in->conditions.v[i].minimum.v);
        *max = MIN(*max, in->conditions.v[i].maximum.v);
    }
}

/* ---- the form as a PutObject ---- */

static str post_key(struct call *c, const struct s3_post_object_request *in) {
    str key = field(in, "key");
    size_t at = str_find(key, S("${filename}"));
    if (at == STR_NONE) return key;
    return arena_format(c->arena, "%.*s%.*s%.*s", STR_ARGS(str_take(key, at)), STR_ARGS(in->file_name),
                        STR_ARGS(str_skip(key, at + strlen("${filename}"))));
}

static void put_metadata(struct call *c, const struct s3_post_object_request *in, struct s3_put_object_request *put) {
    str prefix = S("x-amz-meta-");
    put->metadata.v = arena_alloc_array(c->arena, in->fields.n + 1, sizeof *put->metadata.v, _Alignof(str));
    for (u32 i = 0; i < in->fields.n; i++) {
        str name = in->fields.v[i].key;
        if (!str_eq_nocase(str_take(name, prefix.n), prefix)) continue;
        put->metadata.v[put->metadata.n].key = str_skip(name, prefix.n);
        put->metadata.v[put->metadata.n++].value = in->fields.v[i].value;
    }
    put->metadata.set = put->metadata.n > 0;
}

static err put_of(struct call *c, const struct s3_post_object_request *in, struct s3_put_object_request *put) {
    *put = (struct s3_put_object_request){.bucket = in->bucket, .body = in->body};
    if (!in->fields.n)
        return fail(c, &s3_malformed_post_request,
                    "The body of your POST request is not well-formed multipart/form-data.");
    put->key = post_key(c, in);
    if (!put->key.n)
        return s3_fail_argument(c, "key", S(""),
                                "Bucket POST must contain a field named 'key'.  If it is specified, please "
                                "check the order of the fields.");
    if (field(in, "tagging").p)
        return s3_fail_header_not_implemented(c, "tagging", "Tags in a form are not implemented");
    put->acl = field(in, "acl");
    put->cache_control = field(in, "Cache-Control");
    put->content_disposition = field(in, "Content-Disposition");
    put->content_encoding = field(in, "Content-Encoding");
    put->content_type = field(in, "Content-Type");
    put->expires = field(in, "Expires");
    put->storage_class = field(in, "x-amz-storage-class");
    put->website_redirect_location = field(in, "x-amz-website-redirect-location");
    put->server_side_encryption = field(in, "x-amz-server-side-encryption");
    put->ssekms_key_id = field(in, "x-amz-server-side-encryption-aws-kms-key-id");
    put->sse_customer_algorithm = field(in, "x-amz-server-side-encryption-customer-algorithm");
    put_metadata(c, in, put);
    return NULL;
}

err s3_post_object_facts(struct call *c, const struct s3_post_object_request *in, struct auth_facts *facts) {
    facts->resource_arn = s3_object_arn(c, in->bucket, post_key(c, in));
    return NULL;
}

err s3_post_object_prepare(struct call *c, const struct s3_post_object_request *in, struct call_plan *plan) {
    struct s3_put_object_request put;
    i64 min, max;
    TRY(put_of(c, in, &put));
    TRY(policy_check(c, in));
    TRY(s3_put_object_prepare(c, &put, plan));
    length_range(in, &min, &max);
    plan->body_max = MIN(plan->body_max, (u64)MAX(max, 1));
    return NULL;
}

/* ---- the answer: 204, or what success_action_* asks for ---- */

static str redirect_to(struct call *c, str url, const struct s3_post_object_request *in, str key, str etag) {
    return arena_format(c->arena, "%.*s%cbucket=%.*s&key=%.*s&etag=%.*s", STR_ARGS(url),
                        str_find_char(url, '?') == STR_NONE ? '?' : '&', STR_ARGS(in->bucket),
                        STR_ARGS(percent_encode(c->arena, key, false)),
                        STR_ARGS(percent_encode(c->arena, etag, false)));
}

err s3_post_object(struct call *c, const struct s3_post_object_request *in, struct s3_post_object_output *out) {
    struct s3_put_object_request put;
    struct s3_put_object_output done = {0};
    i64 min, max, size = in->body ? (i64)stream_length(in->body) : 0;
    TRY(put_of(c, in, &put));
    TRY(policy_check(c, in));
    length_range(in, &min, &max);
    if (size < min || size > max) {
        bool small = size < min;
        fail_detail(c, S("ProposedSize"), arena_format(c->arena, "%lld", (long long)size));
        fail_detail(c, small ? S("MinSizeAllowed") : S("MaxSizeAllowed"),
                    arena_format(c->arena, "%lld", (long long)(small ? min : max)));
        return fail(c, small ? &s3_entity_too_small : &s3_entity_too_large, "Your proposed upload %s",
                    small ? "is smaller than the minimum allowed size" : "exceeds the maximum allowed size");
    }
    TRY(s3_put_object(c, &put, &done));
    str redirect = field(in, "success_action_redirect"), status = field(in, "success_action_status");
    if (!redirect.p) redirect = field(in, "redirect");
    out->etag_header = done.etag;
    out->location_header = arena_format(c->arena, "%.*s/%.*s/%.*s", STR_ARGS(c->base_url), STR_ARGS(in->bucket),
                                        STR_ARGS(percent_encode(c->arena, put.key, true)));
    c->status = str_eq(status, S("201")) ? 201 : str_eq(status, S("200")) ? 200 : 204;
    if (redirect.n) {
        c->status = 303;
        out->location_header = redirect_to(c, redirect, in, put.key, done.etag);
    } else if (c->status == 201) {
        out->location = out->location_header;
        out->bucket = in->bucket;
        out->key = put.key;
        out->etag = done.etag;
    }
    return NULL;
}
