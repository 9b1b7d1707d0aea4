/* A bucket as a website: the configuration. */
#include "services/s3/config.h"

static bool protocol_known(str protocol) {
    return !protocol.p || str_eq(protocol, S("http")) || str_eq(protocol, S("https"));
}

static err protocol_check(struct call *c, str protocol) {
    if (protocol_known(protocol)) return NULL;
    return fail(c, &s3_invalid_request,
                "Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.");
}

static err rule_check(struct call *c, const struct s3_routing_rule *rule) {
    const struct s3_redirect *redirect = rule->redirect;
    if (!redirect) return s3_fail_malformed(c);
    TRY(protocol_check(c, redirect->protocol));
    if (redirect->replace_key_prefix_with.p && redirect->replace_key_with.p)
        return fail(c, &s3_invalid_request, "You can only define ReplaceKeyPrefix or ReplaceKey but not both.");
    if (rule->condition && !rule->condition->http_error_code_returned_equals.p && !rule->condition->key_prefix_equals.p)
        return fail(c, &s3_invalid_request,
                    "Condition cannot be empty. To redirect all requests without a condition, the condition element shouldn't "
                    "be present.");
    i64 code;
    if (redirect->http_redirect_code.p
        && (!str_to_i64(redirect->http_redirect_code, &code) || code <= 300 || code > 399))
        return fail(c, &s3_invalid_request, "The provided HTTP redirect code (%.*s) is not valid. Valid codes are 3XX except 300.",
                    STR_ARGS(redirect->http_redirect_code));
    str asked = rule->condition ? rule->condition->http_error_code_returned_equals : (str){0};
    if (asked.p && (!str_to_i64(asked, &code) || code < 400 || code > 599))
        return fail(c, &s3_invalid_request, "The provided HTTP error code (%.*s) is not valid. Valid codes are 4XX or 5XX.", STR_ARGS(asked));
    return NULL;
}

static err website_check(struct call *c, const struct s3_website_configuration *wanted) {
    enum { RULES_MAX = 50 };
    const struct s3_index_document *index = wanted->index_document;
    if (wanted->redirect_all_requests_to) {
        if (index || wanted->error_document || wanted->routing_rules.n)
            return s3_fail_argument(c, "RedirectAllRequestsTo", S("not null"),
                                    "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.");
        if (!wanted->redirect_all_requests_to->host_name.n) return s3_fail_malformed(c);
        return protocol_check(c, wanted->redirect_all_requests_to->protocol);
    }
    if (!index)
        return s3_fail_argument(c, "IndexDocument", S("null"),
                                "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty");
    if (!index->suffix.n || str_find_char(index->suffix, '/') != STR_NONE)
        return s3_fail_argument(c, "IndexDocument", index->suffix, "The IndexDocument Suffix is not well formed");
    if (wanted->error_document && !wanted->error_document->key.n) return s3_fail_malformed(c);
    if (wanted->routing_rules.set && !wanted->routing_rules.n) return s3_fail_malformed(c);
    if (wanted->routing_rules.n > RULES_MAX)
        return fail(c, &s3_invalid_request, "%u routing rules provided, the number of routing rules in a website configuration is "
                                            "limited to %d.", wanted->routing_rules.n, RULES_MAX);
    for (u32 i = 0; i < wanted->routing_rules.n; i++) TRY(rule_check(c, &wanted->routing_rules.v[i]));
    return NULL;
}

err s3_put_bucket_website(struct call *c, const struct s3_put_bucket_website_request *in, struct wire_unit *out) {
    struct bucket_row bucket;
    s3_usage_tier1(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    if (!in->website_configuration) return s3_fail_malformed(c);
    TRY(website_check(c, in->website_configuration));
    s3_config_put(c, &bucket, S3_CONFIG_WEBSITE, &s3_website_record, in->website_configuration);
    return NULL;
}

err s3_get_bucket_website(struct call *c, const struct s3_get_bucket_website_request *in, struct s3_get_bucket_website_output *out) {
    struct bucket_row bucket;
    struct s3_website_configuration website;
    s3_usage_tier2(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    if (!s3_config_get(c, &bucket, S3_CONFIG_WEBSITE, &s3_website_record, &website)) {
        fail_detail(c, S("BucketName"), in->bucket);
        return fail(c, &s3_no_such_website_configuration, "The specified bucket does not have a website configuration");
    }
    out->redirect_all_requests_to = website.redirect_all_requests_to;
    out->index_document = website.index_document;
    out->error_document = website.error_document;
    out->routing_rules = website.routing_rules;
    return NULL;
}

err s3_delete_bucket_website(struct call *c, const struct s3_delete_bucket_website_request *in, struct wire_unit *out) {
    struct bucket_row bucket;
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    s3_config_delete(c, &bucket, S3_CONFIG_WEBSITE);
    return NULL;
}
