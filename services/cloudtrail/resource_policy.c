/* Policies of event data stores and of channels, set and shown. */
#include "auth/policy.h"
#include "cloud/policy_document.h"
#include "cloud/policy_principal.h"
#include "lake.h"

#include "text/json.h"

enum { CHANNEL_STATEMENTS_MAX = 20 };

struct guarded { /* a store, or a channel */
    struct ct_store store;
    struct ct_channel channel;
    str arn, *policy;
    bool is_channel;
};

static err open_guarded(struct call *c, str arn_text, struct guarded *g) {
    struct arn arn;
    if (!arn_parse(arn_text, &arn) || !str_eq(arn.service, S("cloudtrail")))
        return fail(c, &cloudtrail_resource_arn_not_valid_exception, "The resource ARN is not valid: %.*s", STR_ARGS(arn_text));
    g->is_channel = str_starts(arn.resource, S("channel/"));
    if (!g->is_channel && !str_starts(arn.resource, S("eventdatastore/")))
        return fail(c, &cloudtrail_resource_type_not_supported_exception, "Resource policies are of event data stores and channels here.");
    g->policy = g->is_channel ? &g->channel.policy : &g->store.policy;
    g->arn = arn_text;
    if (!(g->is_channel ? ct_channel_open(c, arn_text, &g->channel) : ct_store_open(c, arn_text, &g->store))) return NULL;
    return fail(c, &cloudtrail_resource_not_found_exception, "The resource %.*s does not exist.", STR_ARGS(arn_text));
}

static void save(struct call *c, const struct guarded *g) {
    if (g->is_channel) ct_channel_save(c->txn, c->arena, &g->channel);
    else ct_store_save(c->txn, c->arena, &g->store);
    txn_raise_epoch(c->txn);
}

static bool only(struct json_reader *r, str wanted) { /* the text, alone or alone in an array */
    str value = {0};
    u32 n = 0;
    if (json_peek(r) == JSON_STRING) return json_read_string(r, &value) && str_eq(value, wanted);
    bool same = true;
    if (json_read_array(r))
        for (; json_read_item(r); n++) same &= json_read_string(r, &value) && str_eq(value, wanted);
    return same && n == 1;
}

/* A channel's statements let someone put events into this channel, and nothing else. */
static err check_channel_policy(struct call *c, const struct guarded *g, str policy) {
    struct policy_document d;
    bool good = policy_document_read(c->arena, policy, &d) && d.n <= CHANNEL_STATEMENTS_MAX;
    for (u32 i = 0; good && i < d.n; i++) {
        struct json_reader r = json_reader_new(c->arena, d.statements[i].json, json_default_limits);
        bool action = false, resource = false;
        str key;
        if (json_read_object(&r))
            while (json_read_key(&r, &key)) {
                if (str_eq(key, S("Action"))) action = only(&r, S("cloudtrail-data:PutAuditEvents"));
                else if (str_eq(key, S("Resource"))) resource = only(&r, g->arn);
                else json_skip(&r);
            }
        good = action && resource;
    }
    if (good) return NULL;
    return fail(c, &cloudtrail_resource_policy_not_valid_exception,
                "The resource-based policy is not valid: a channel's has up to %d statements, each with the action cloudtrail-data:PutAuditEvents and the channel's ARN as its resource.",
                CHANNEL_STATEMENTS_MAX);
}

err cloudtrail_put_resource_policy(struct call *c, const struct cloudtrail_put_resource_policy_request *in, struct cloudtrail_put_resource_policy_response *out) {
    struct guarded g;
    str problem = {0};
    TRY(open_guarded(c, in->resource_arn, &g));
    if (!policy_compile(in->resource_policy, POLICY_RESOURCE, c->arena, &problem))
        return fail(c, &cloudtrail_resource_policy_not_valid_exception, "The resource-based policy is not valid: %.*s", STR_ARGS(problem));
    if (g.is_channel) TRY(check_channel_policy(c, &g, in->resource_policy));
    if (!policy_principals_bind(c, in->resource_policy, g.policy, NULL))
        return fail(c, &cloudtrail_resource_policy_not_valid_exception, "The resource-based policy is not valid: Invalid principal in policy.");
    save(c, &g);
    out->resource_arn = g.arn;
    out->resource_policy = policy_principals_shown(c, *g.policy);
    return NULL;
}

static err no_policy(struct call *c, const struct guarded *g) {
    return fail(c, &cloudtrail_resource_policy_not_found_exception, "There is no resource-based policy on %.*s.", STR_ARGS(g->arn));
}

err cloudtrail_get_resource_policy(struct call *c, const struct cloudtrail_get_resource_policy_request *in, struct cloudtrail_get_resource_policy_response *out) {
    struct guarded g;
    TRY(open_guarded(c, in->resource_arn, &g));
    if (!g.policy->n) return no_policy(c, &g);
    out->resource_arn = g.arn;
    out->resource_policy = policy_principals_shown(c, *g.policy);
    return NULL;
}

err cloudtrail_delete_resource_policy(struct call *c, const struct cloudtrail_delete_resource_policy_request *in, struct cloudtrail_delete_resource_policy_response *out) {
    (void)out;
    struct guarded g;
    TRY(open_guarded(c, in->resource_arn, &g));
    if (!g.policy->n) return no_policy(c, &g);
    *g.policy = (str){0};
    save(c, &g);
    return NULL;
}
