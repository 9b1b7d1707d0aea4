/* Rights to event data stores and channels: the ARN that an operation is about, and a store's own policy. Who may ask a question may
 * ask it of every store that the statement names. */
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

static err of_channel(struct call *c, str name, struct auth_facts *facts) {
    struct ct_channel channel;
    if (!ct_channel_open(c, name, &channel)) facts->resource_arn = channel.arn;
    else facts->resource_arn = str_starts(name, S("arn:")) ? name : arn_of(c, S("cloudtrail"), arena_concat(c->arena, S("channel/"), name));
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
#define CHANNEL_FACTS(operation)                                                                                                         \
    err cloudtrail_##operation##_facts(struct call *c, const struct cloudtrail_##operation##_request *in, struct auth_facts *facts) {    \
        return of_channel(c, in->channel, facts);                                                                                        \
    }
#define RESOURCE_FACTS(operation)                                                                                                        \
    err cloudtrail_##operation##_facts(struct call *c, const struct cloudtrail_##operation##_request *in, struct auth_facts *facts) {    \
        bool channel = str_find(in->resource_arn, S(":channel/")) != STR_NONE;                                                           \
        return channel ? of_channel(c, in->resource_arn, facts) : of_store(c, in->resource_arn, facts);                                  \
    }
STORE_FACTS(get_event_data_store, event_data_store)
STORE_FACTS(update_event_data_store, event_data_store)
STORE_FACTS(delete_event_data_store, event_data_store)
STORE_FACTS(restore_event_data_store, event_data_store)
STORE_FACTS(start_event_data_store_ingestion, event_data_store)
STORE_FACTS(stop_event_data_store_ingestion, event_data_store)
STORE_FACTS(list_queries, event_data_store)
RESOURCE_FACTS(put_resource_policy)
RESOURCE_FACTS(get_resource_policy)
RESOURCE_FACTS(delete_resource_policy)
CHANNEL_FACTS(get_channel)
CHANNEL_FACTS(update_channel)
CHANNEL_FACTS(delete_channel)
QUERY_FACTS(describe_query)
QUERY_FACTS(get_query_results)
QUERY_FACTS(cancel_query)

err cloudtrail_start_query_facts(struct call *c, const struct cloudtrail_start_query_request *in, struct auth_facts *facts) {
    str ids[QUERY_STORES_MAX];
    u32 n;
    (void)ct_query_read(c->arena, in->query_statement.p ? in->query_statement : S(""), ids, &n);
    return n ? of_store(c, ids[0], facts) : NULL;
}
