/* Rights to event data stores: the ARN that an operation is about, and the store's own policy. Who may ask a question may
 * ask it of every store that the statement names. */
#include "auth/policy.h"
#include "lake.h"

/* A store that is not there is still named: the refusal is the same. */
static err of_store(struct call *c, str name, struct auth_facts *facts) {
    struct ct_store s;
    if (!ct_store_open(c, name, &s)) {
        facts->resource_arn = s.arn;
        facts->resource_policy = s.policy;
        facts->resource_account = s.account;
    } else if (str_starts(name, S("arn:"))) {
        facts->resource_arn = name;
    } else {
        facts->resource_arn = arn_of(c, S("cloudtrail"), arena_concat(c->arena, S("eventdatastore/"), name));
    }
    return NULL;
}

static err of_query(struct call *c, str id, struct auth_facts *facts) {
    struct ct_query q;
    str stores = ct_query_load(c, id, &q) ? q.stores : S("*");
    return of_store(c, str_cut(&stores, ' '), facts);
}

#define STORE_FACTS(operation, member)                                                                                                   \
    err cloudtrail_##operation##_facts(struct call *c, const struct cloudtrail_##operation##_request *in, struct auth_facts *facts) {    \
        return of_store(c, in->member, facts);                                                                                           \
    }
#define QUERY_FACTS(operation)                                                                                                           \
    err cloudtrail_##operation##_facts(struct call *c, const struct cloudtrail_##operation##_request *in, struct auth_facts *facts) {    \
        return of_query(c, in->query_id, facts);                                                                                         \
    }
STORE_FACTS(get_event_data_store, event_data_store)
STORE_FACTS(update_event_data_store, event_data_store)
STORE_FACTS(delete_event_data_store, event_data_store)
STORE_FACTS(restore_event_data_store, event_data_store)
STORE_FACTS(start_event_data_store_ingestion, event_data_store)
STORE_FACTS(stop_event_data_store_ingestion, event_data_store)
STORE_FACTS(list_queries, event_data_store)
STORE_FACTS(put_resource_policy, resource_arn)
STORE_FACTS(get_resource_policy, resource_arn)
STORE_FACTS(delete_resource_policy, resource_arn)
QUERY_FACTS(describe_query)
QUERY_FACTS(get_query_results)
QUERY_FACTS(cancel_query)

err cloudtrail_start_query_facts(struct call *c, const struct cloudtrail_start_query_request *in, struct auth_facts *facts) {
    str ids[QUERY_STORES_MAX];
    u32 n;
    (void)ct_query_read(c->arena, in->query_statement.p ? in->query_statement : S(""), ids, &n);
    return n ? of_store(c, ids[0], facts) : NULL;
}

/* ---- resource policies ---- */

static err open_resource(struct call *c, str arn_text, struct ct_store *s) {
    struct arn arn;
    if (!arn_parse(arn_text, &arn) || !str_eq(arn.service, S("cloudtrail")))
        return fail(c, &cloudtrail_resource_arn_not_valid_exception, "The resource ARN is not valid: %.*s", STR_ARGS(arn_text));
    if (!str_starts(arn.resource, S("eventdatastore/")))
        return fail(c, &cloudtrail_resource_type_not_supported_exception, "Resource policies are of event data stores here.");
    if (!ct_store_open(c, arn_text, s)) return NULL;
    return fail(c, &cloudtrail_resource_not_found_exception, "The resource %.*s does not exist.", STR_ARGS(arn_text));
}

err cloudtrail_put_resource_policy(struct call *c, const struct cloudtrail_put_resource_policy_request *in, struct cloudtrail_put_resource_policy_response *out) {
    struct ct_store s;
    str problem = {0};
    TRY(open_resource(c, in->resource_arn, &s));
    if (!policy_compile(in->resource_policy, POLICY_RESOURCE, c->arena, &problem))
        return fail(c, &cloudtrail_resource_policy_not_valid_exception, "The resource-based policy is not valid: %.*s", STR_ARGS(problem));
    s.policy = in->resource_policy;
    ct_store_save(c->txn, c->arena, &s);
    txn_raise_epoch(c->txn);
    out->resource_arn = s.arn;
    out->resource_policy = s.policy;
    return NULL;
}

err cloudtrail_get_resource_policy(struct call *c, const struct cloudtrail_get_resource_policy_request *in, struct cloudtrail_get_resource_policy_response *out) {
    struct ct_store s;
    TRY(open_resource(c, in->resource_arn, &s));
    if (!s.policy.n) return fail(c, &cloudtrail_resource_policy_not_found_exception, "There is no resource-based policy on %.*s.", STR_ARGS(s.arn));
    out->resource_arn = s.arn;
    out->resource_policy = s.policy;
    return NULL;
}

err cloudtrail_delete_resource_policy(struct call *c, const struct cloudtrail_delete_resource_policy_request *in, struct cloudtrail_delete_resource_policy_response *out) {
    (void)out;
    struct ct_store s;
    TRY(open_resource(c, in->resource_arn, &s));
    if (!s.policy.n) return fail(c, &cloudtrail_resource_policy_not_found_exception, "There is no resource-based policy on %.*s.", STR_ARGS(s.arn));
    s.policy = (str){0};
    ct_store_save(c->txn, c->arena, &s);
    txn_raise_epoch(c->txn);
    return NULL;
}
