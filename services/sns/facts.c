/* What the decision needs to know: the topic's policy and whose it is. A subscription is judged as its topic. */
#include "sns.h"

static void of_topic(struct call *c, str text, struct auth_facts *facts) {
    struct arn arn;
    struct topic topic;
    if (!text.p || !arn_parse(text, &arn)) return;
    str rest = arn.resource, name = str_cut(&rest, ':');
    facts->resource_arn = arn_format(c->arena, S("sns"), arn.region, arn.account, name);
    facts->resource_account = arn.account;
    if (topic_load(c->txn, c->arena, arn.account, arn.region, name, &topic)) facts->resource_policy = topic_policy(c->arena, &topic);
}

#define TOPIC_FACTS(operation, input, member)                                                                             \
    err sns_##operation##_facts(struct call *c, const struct sns_##input *in, struct auth_facts *facts) {                 \
        of_topic(c, in->member, facts);                                                                                   \
        return NULL;                                                                                                      \
    }
TOPIC_FACTS(get_data_protection_policy, get_data_protection_policy_input, resource_arn)
TOPIC_FACTS(put_data_protection_policy, put_data_protection_policy_input, resource_arn)
TOPIC_FACTS(add_permission, add_permission_input, topic_arn)
TOPIC_FACTS(delete_topic, delete_topic_input, topic_arn)
TOPIC_FACTS(get_topic_attributes, get_topic_attributes_input, topic_arn)
TOPIC_FACTS(list_subscriptions_by_topic, list_subscriptions_by_topic_input, topic_arn)
TOPIC_FACTS(publish_batch, publish_batch_input, topic_arn)
TOPIC_FACTS(remove_permission, remove_permission_input, topic_arn)
TOPIC_FACTS(set_topic_attributes, set_topic_attributes_input, topic_arn)
TOPIC_FACTS(subscribe, subscribe_input, topic_arn)
TOPIC_FACTS(confirm_subscription, confirm_subscription_input, topic_arn)
TOPIC_FACTS(get_subscription_attributes, get_subscription_attributes_input, subscription_arn)
TOPIC_FACTS(set_subscription_attributes, set_subscription_attributes_input, subscription_arn)
TOPIC_FACTS(unsubscribe, unsubscribe_input, subscription_arn)

err sns_publish_facts(struct call *c, const struct sns_publish_input *in, struct auth_facts *facts) {
    of_topic(c, in->topic_arn.p ? in->topic_arn : in->target_arn, facts);
    if (!facts->resource_arn.p) facts->resource_arn = S("*"); /* to a telephone */
    return NULL;
}
