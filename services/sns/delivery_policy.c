/* How often, how fast and how long a failed delivery over HTTP is tried again: the subscription's own policy,
 * else the topic's, else AWS's default (SNS developer guide, "Creating an HTTP/S delivery policy"). */
#include "sns.h"

#include "text/tree.h"

static const struct retry_policy defaults = {.retries = 3, .min_s = 20, .max_s = 20, .backoff = {"linear", 6}, .content_type = {"text/plain; charset=UTF-8", 25}};

static void read_number(const struct json_node *object, const char *name, i64 *value) {
    const struct json_node *n = json_node_member(object, str_of(name));
    if (n && n->type == JSON_NUMBER) *value = (i64)n->number;
}

static void read_policy(struct retry_policy *p, const struct json_node *retry, const struct json_node *request) {
    read_number(retry, "numRetries", &p->retries);
    read_number(retry, "numNoDelayRetries", &p->no_delay);
    read_number(retry, "numMinDelayRetries", &p->min_delay_retries);
    read_number(retry, "numMaxDelayRetries", &p->max_delay_retries);
    read_number(retry, "minDelayTarget", &p->min_s);
    read_number(retry, "maxDelayTarget", &p->max_s);
    const struct json_node *backoff = json_node_member(retry, S("backoffFunction")), *type = json_node_member(request, S("headerContentType"));
    if (backoff && backoff->type == JSON_STRING) p->backoff = backoff->text;
    if (type && type->type == JSON_STRING) p->content_type = type->text;
    p->retries = MIN(MAX(p->retries, 0), 100);
}

static struct retry_policy of_topic(struct arena *a, const struct topic *topic, bool *no_overrides) {
    struct retry_policy p = defaults;
    *no_overrides = false;
    if (!topic->delivery_policy.p) return p;
    const struct json_node *root = json_tree(a, topic->delivery_policy, json_default_limits, NULL, NULL), *http = json_node_member(root, S("http"));
    read_policy(&p, json_node_member(http, S("defaultHealthyRetryPolicy")), json_node_member(http, S("defaultRequestPolicy")));
    const struct json_node *no = json_node_member(http, S("disableSubscriptionOverrides"));
    *no_overrides = no && no->boolean;
    return p;
}

struct retry_policy retry_policy_of(struct arena *a, const struct topic *topic, const struct subscription *s) {
    bool no_overrides;
    struct retry_policy p = of_topic(a, topic, &no_overrides);
    if (!s->delivery_policy.p || no_overrides) return p;
    const struct json_node *root = json_tree(a, s->delivery_policy, json_default_limits, NULL, NULL);
    read_policy(&p, json_node_member(root, S("healthyRetryPolicy")), json_node_member(root, S("requestPolicy")));
    return p;
}

/* Attempts stand in four rows: at once, at the least distance, backing off, at the greatest. */
i64 retry_delay_s(const struct retry_policy *p, i64 attempt) {
    if (attempt > p->retries) return -1;
    if (attempt <= p->no_delay) return 0;
    i64 steps = p->retries - p->no_delay - p->min_delay_retries - p->max_delay_retries;
    i64 step = attempt - p->no_delay - p->min_delay_retries;
    if (step <= 0) return p->min_s;
    if (step > steps) return p->max_s;
    double share = (double)step / (double)MAX(steps, 1), span = (double)(p->max_s - p->min_s);
    if (str_eq(p->backoff, S("arithmetic"))) share = (double)(step * (step + 1)) / (double)(MAX(steps, 1) * (MAX(steps, 1) + 1));
    else if (str_eq(p->backoff, S("geometric"))) share = share * share;
    else if (str_eq(p->backoff, S("exponential"))) share = share * share * share;
    return p->min_s + (i64)(span * share + 0.5);
}

str effective_delivery_policy(struct arena *a, const struct topic *topic) {
    bool no_overrides;
    struct retry_policy p = of_topic(a, topic, &no_overrides);
    struct buf b = buf_new(a, 4096);
    buf_format(&b, "{\"http\":{\"defaultHealthyRetryPolicy\":{\"minDelayTarget\":%lld,\"maxDelayTarget\":%lld,\"numRetries\":%lld,\"numMaxDelayRetries\":%lld,", (long long)p.min_s,
               (long long)p.max_s, (long long)p.retries, (long long)p.max_delay_retries);
    buf_format(&b, "\"numNoDelayRetries\":%lld,\"numMinDelayRetries\":%lld,\"backoffFunction\":", (long long)p.no_delay, (long long)p.min_delay_retries);
    json_write_string(&b, p.backoff);
    buf_format(&b, "},\"disableSubscriptionOverrides\":%s,\"defaultRequestPolicy\":{\"headerContentType\":", no_overrides ? "true" : "false");
    json_write_string(&b, p.content_type);
    buf_add(&b, S("}}}"));
    return buf_str(&b);
}
