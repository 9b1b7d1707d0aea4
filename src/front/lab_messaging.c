/* Lab sqs-sns-eventbridge: the same 100 orders go through a queue, a topic and a bus while the consumers are away.
 * Every figure in the table that it prints was measured in this run. What it made it removes. */
#include "front/lab.h"

#include "front/aws_call.h"
#include "gen/events.h"
#include "gen/sns.h"
#include "gen/sqs.h"
#include "sys/sys.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ORDERS = 100, EUROPEAN = 25 /* every fourth */, BATCH = 10, QUEUES_MAX = 16 };

struct queue {
    str url, arn;
};
struct lab {
    struct front *front;
    str id; /* of this run, in every name */
    struct queue queues[QUEUES_MAX];
    u32 queue_count;
    str topic, bus, bus_arn, archive;
    const char *rules[4];
    u32 rule_count;
    int status; /* EXIT_DONE until a call failed */
};

static bool call(struct lab *l, const struct wire_service *service, u16 op, const void *in, void *out) {
    if (l->status == EXIT_DONE) l->status = aws_call(l->front, service, op, in, out);
    return l->status == EXIT_DONE;
}
#define SQS_CALL(l, op, in, out) call(l, sqs_service.wire, SQS_OP_##op, in, out)
#define SNS_CALL(l, op, in, out) call(l, sns_service.wire, SNS_OP_##op, in, out)
#define EVENTS_CALL(l, op, in, out) call(l, events_service.wire, EVENTS_OP_##op, in, out)

static str name_of(struct lab *l, const char *what) { return arena_format(l->front->arena, "lab-%.*s-%s", STR_ARGS(l->id), what); }

static str order(struct lab *l, int n) {
    return arena_format(l->front->arena, "{\"order\":%d,\"region\":\"%s\",\"amount\":%d}", n, n % 4 == 0 ? "eu" : "us", n);
}

/* ---- queues ---- */

/* One that topics and buses of this account may send to. */
static struct queue *make_queue(struct lab *l, const char *what) {
    struct arena *a = l->front->arena;
    struct queue *q = &l->queues[l->queue_count];
    struct sqs_queue_attribute_map_entry policy = {.key = S("Policy")};
    str name = name_of(l, what);
    q->arn = arena_format(a, "arn:aws:sqs:us-east-1:000000000000:%.*s", STR_ARGS(name));
    policy.value = arena_format(a,
                                "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":[\"sns.amazonaws.com\","
                                "\"events.amazonaws.com\"]},\"Action\":\"sqs:SendMessage\",\"Resource\":\"%.*s\"}]}",
                                STR_ARGS(q->arn));
    struct sqs_create_queue_request in = {.queue_name = name, .attributes = {.v = &policy, .n = 1, .set = true}};
    struct sqs_create_queue_result out = {0};
    if (SQS_CALL(l, CREATE_QUEUE, &in, &out)) l->queue_count++;
    q->url = out.queue_url;
    return q;
}

/* Takes up to BATCH messages for good; how many there were. */
static u32 take(struct lab *l, const struct queue *q) {
    struct sqs_receive_message_request in = {.queue_url = q->url, .max_number_of_messages = SOME_I32(BATCH)};
    struct sqs_receive_message_result out = {0};
    if (!SQS_CALL(l, RECEIVE_MESSAGE, &in, &out)) return 0;
    for (u32 i = 0; i < out.messages.n; i++) {
        struct sqs_delete_message_request gone = {.queue_url = q->url, .receipt_handle = out.messages.v[i].receipt_handle};
        struct wire_unit nothing = {0};
        if (!SQS_CALL(l, DELETE_MESSAGE, &gone, &nothing)) return 0;
    }
    return out.messages.n;
}

static u32 drain(struct lab *l, const struct queue *q) {
    u32 total = 0, got;
    while ((got = take(l, q)) > 0) total += got;
    return total;
}

static bool send_to_queue(struct lab *l, const struct queue *q, int n) {
    struct sqs_send_message_request in = {.queue_url = q->url, .message_body = order(l, n)};
    struct sqs_send_message_result out = {0};
    return SQS_CALL(l, SEND_MESSAGE, &in, &out);
}

/* ---- the topic ---- */

static void subscribe(struct lab *l, const struct queue *q, const char *filter) {
    struct sns_subscription_attributes_map_entry attributes[3] = {{S("RawMessageDelivery"), S("true")}, {S("FilterPolicyScope"), S("MessageBody")}, {S("FilterPolicy"), str_of(filter)}};
    struct sns_subscribe_input in = {.topic_arn = l->topic, .protocol = S("sqs"), .endpoint = q->arn, .attributes = {.v = attributes, .n = filter ? 3 : 1, .set = true}};
    struct sns_subscribe_response out = {0};
    (void)SNS_CALL(l, SUBSCRIBE, &in, &out);
}

static bool publish(struct lab *l, int n) {
    struct sns_publish_input in = {.topic_arn = l->topic, .message = order(l, n)};
    struct sns_publish_response out = {0};
    return SNS_CALL(l, PUBLISH, &in, &out);
}

/* ---- the bus ---- */

static void make_rule(struct lab *l, const char *name, const char *pattern, const struct queue *q) {
    struct events_put_rule_request in = {.name = str_of(name), .event_bus_name = l->bus, .event_pattern = str_of(pattern)};
    struct events_put_rule_response out = {0};
    if (EVENTS_CALL(l, PUT_RULE, &in, &out)) l->rules[l->rule_count++] = name;
    struct events_target target = {.id = S("queue"), .arn = q->arn, .input_path = S("$.detail")};
    struct events_put_targets_request targets = {.rule = str_of(name), .event_bus_name = l->bus, .targets = {.v = &target, .n = 1, .set = true}};
    struct events_put_targets_response put = {0};
    (void)EVENTS_CALL(l, PUT_TARGETS, &targets, &put);
}

static bool put_event(struct lab *l, int n) {
    struct events_put_events_request_entry entry = {.source = S("lab.shop"), .detail_type = S("order"), .detail = order(l, n), .event_bus_name = l->bus};
    struct events_put_events_request in = {.entries = {.v = &entry, .n = 1, .set = true}};
    struct events_put_events_response out = {0};
    return EVENTS_CALL(l, PUT_EVENTS, &in, &out);
}

/* Everything of the archive once more, to the rule "late" alone. */
static void replay(struct lab *l, i64 from_ms) {
    struct arena *a = l->front->arena;
    str rule = arena_format(a, "arn:aws:events:us-east-1:000000000000:rule/%.*s/late", STR_ARGS(l->bus));
    struct events_replay_destination to = {.arn = l->bus_arn, .filter_arns = {.v = &rule, .n = 1, .set = true}};
    struct events_start_replay_request in = {.replay_name = name_of(l, "replay"), .destination = &to, .event_start_time = SOME_TIME(from_ms - 60000),
                                             .event_end_time = SOME_TIME(sys_wall_ms() + 60000),
                                             .event_source_arn = arena_format(a, "arn:aws:events:us-east-1:000000000000:archive/%.*s", STR_ARGS(l->archive))};
    struct events_start_replay_response out = {0};
    (void)EVENTS_CALL(l, START_REPLAY, &in, &out);
}

static u32 wait_for_replay(struct lab *l, const struct queue *q, u32 want) {
    u32 got = 0;
    for (int i = 0; i < 100 && got < want && l->status == EXIT_DONE; i++) {
        got += drain(l, q);
        if (got < want) usleep(50000);
    }
    return got;
}

/* ---- measuring ---- */

struct latency {
    double p50_ms, p99_ms;
};
static int ascending(const void *x, const void *y) {
    i64 a = *(const i64 *)x, b = *(const i64 *)y;
    return (a > b) - (a < b);
}

/* From the call that sends to the answer that brings it, with a consumer that asks at once. */
static struct latency measure(struct lab *l, bool (*send)(struct lab *l, int n), const struct queue *q) {
    i64 us[ORDERS];
    for (int n = 0; n < ORDERS; n++) {
        i64 from = sys_monotonic_us();
        if (!send(l, n)) return (struct latency){0};
        while (l->status == EXIT_DONE && take(l, q) == 0) {}
        us[n] = sys_monotonic_us() - from;
    }
    qsort(us, ORDERS, sizeof *us, ascending);
    return (struct latency){(double)us[ORDERS / 2] / 1000, (double)us[ORDERS * 99 / 100] / 1000};
}

static struct queue *own_queue;
static bool send_to_own_queue(struct lab *l, int n) { return send_to_queue(l, own_queue, n); }

static bool send_all(struct lab *l, bool (*send)(struct lab *l, int n)) {
    for (int n = 0; n < ORDERS; n++)
        if (!send(l, n)) return false;
    return true;
}

/* ---- the lab ---- */

static void set_up(struct lab *l) {
    struct sns_create_topic_input topic = {.name = name_of(l, "orders")};
    struct sns_create_topic_response made_topic = {0};
    struct events_create_event_bus_request bus = {.name = name_of(l, "bus")};
    struct events_create_event_bus_response made_bus = {0};
    if (SNS_CALL(l, CREATE_TOPIC, &topic, &made_topic)) l->topic = made_topic.topic_arn;
    if (EVENTS_CALL(l, CREATE_EVENT_BUS, &bus, &made_bus)) l->bus = bus.name;
    l->bus_arn = made_bus.event_bus_arn;
    struct events_create_archive_request archive = {.archive_name = name_of(l, "kept"), .event_source_arn = l->bus_arn};
    struct events_create_archive_response made_archive = {0};
    if (EVENTS_CALL(l, CREATE_ARCHIVE, &archive, &made_archive)) l->archive = archive.archive_name;
}

static void clean_up(struct lab *l) {
    struct wire_unit nothing = {0};
    int status = l->status;
    l->status = EXIT_DONE;
    for (u32 i = 0; i < l->rule_count; i++) {
        str queue = S("queue");
        struct events_remove_targets_request targets = {.rule = str_of(l->rules[i]), .event_bus_name = l->bus, .ids = {.v = &queue, .n = 1, .set = true}};
        struct events_remove_targets_response removed = {0};
        struct events_delete_rule_request rule = {.name = str_of(l->rules[i]), .event_bus_name = l->bus};
        if (EVENTS_CALL(l, REMOVE_TARGETS, &targets, &removed)) (void)EVENTS_CALL(l, DELETE_RULE, &rule, &nothing);
    }
    struct events_delete_archive_response gone = {0};
    if (l->archive.p) (void)EVENTS_CALL(l, DELETE_ARCHIVE, (&(struct events_delete_archive_request){.archive_name = l->archive}), &gone);
    if (l->bus.p) (void)EVENTS_CALL(l, DELETE_EVENT_BUS, (&(struct events_delete_event_bus_request){.name = l->bus}), &nothing);
    if (l->topic.p) (void)SNS_CALL(l, DELETE_TOPIC, (&(struct sns_delete_topic_input){.topic_arn = l->topic}), &nothing);
    for (u32 i = 0; i < l->queue_count; i++) (void)SQS_CALL(l, DELETE_QUEUE, (&(struct sqs_delete_queue_request){.queue_url = l->queues[i].url}), &nothing);
    if (status != EXIT_DONE) l->status = status;
}

struct found {
    u32 first, second;              /* two consumers of one queue */
    u32 billing, shipping, late;    /* of the topic */
    u32 rule_billing, rule_shipping, rule_late, replayed;
    struct latency queue, topic, bus;
};

static void print(const struct found *found, i64 seconds) {
    printf("\n%d orders each way, consumers away for %lld s while they were sent\n\n", ORDERS, (long long)seconds);
    printf("%-34s %18s %18s %18s\n", "", "queue (SQS)", "topic (SNS)", "bus (EventBridge)");
    printf("%-34s %18s %18s %18s\n", "who got it", "one of two", "every subscriber", "every rule's target");
    printf("%-34s %11u and %2u %18u %18u\n", "  copies: the first two consumers", found->first, found->second, found->billing, found->rule_billing);
    printf("%-34s %18s %18u %18u\n", "  copies: who wants Europe alone", "no filter", found->shipping, found->rule_shipping);
    printf("%-34s %18u %18u %18u\n", "waited for the absent", found->first + found->second, found->billing, found->rule_billing);
    printf("%-34s %18s %18u %18u\n", "  for who came afterwards", "what is left", found->late, found->rule_late);
    printf("%-34s %18s %18s %18u\n", "replayed afterwards", "no", "no", found->replayed);
    printf("%-34s %18s %18s %18s\n", "filters", "none", "attributes or body", "any field");
    printf("%-34s %18.2f %18.2f %18.2f\n", "latency p50, ms", found->queue.p50_ms, found->topic.p50_ms, found->bus.p50_ms);
    printf("%-34s %18.2f %18.2f %18.2f\n\n", "latency p99, ms", found->queue.p99_ms, found->topic.p99_ms, found->bus.p99_ms);
    printf("The queues behind topic and bus are what waited there: a topic and a bus keep nothing themselves.\n");
}

static void run(struct lab *l, i64 seconds, struct found *found) {
    i64 from_ms = sys_wall_ms();
    set_up(l);
    struct queue *orders = own_queue = make_queue(l, "orders"), *billing = make_queue(l, "billing"), *shipping = make_queue(l, "shipping");
    struct queue *rule_billing = make_queue(l, "rule-billing"), *rule_shipping = make_queue(l, "rule-shipping"), *late = make_queue(l, "late"), *rule_late = make_queue(l, "rule-late");
    subscribe(l, billing, NULL);
    subscribe(l, shipping, "{\"region\":[\"eu\"]}");
    make_rule(l, "billing", "{\"source\":[\"lab.shop\"]}", rule_billing);
    make_rule(l, "shipping", "{\"source\":[\"lab.shop\"],\"detail\":{\"region\":[\"eu\"]}}", rule_shipping);
    if (l->status != EXIT_DONE) return;
    printf("sending %d orders to a queue, a topic and a bus ...\n", ORDERS);
    if (!send_all(l, send_to_own_queue) || !send_all(l, publish) || !send_all(l, put_event)) return;
    printf("nobody is there for %lld s ...\n", (long long)seconds);
    fflush(stdout);
    sleep((unsigned)seconds);
    subscribe(l, late, NULL);
    make_rule(l, "late", "{\"source\":[\"lab.shop\"]}", rule_late);
    for (u32 got = 1; got && l->status == EXIT_DONE;) { /* two consumers take turns */
        got = take(l, orders);
        found->first += got;
        got = take(l, orders);
        found->second += got;
    }
    found->billing = drain(l, billing);
    found->shipping = drain(l, shipping);
    found->late = drain(l, late);
    found->rule_billing = drain(l, rule_billing);
    found->rule_shipping = drain(l, rule_shipping);
    found->rule_late = drain(l, rule_late);
    replay(l, from_ms);
    found->replayed = wait_for_replay(l, rule_late, ORDERS);
    found->queue = measure(l, send_to_own_queue, orders);
    found->topic = measure(l, publish, billing);
    found->bus = measure(l, put_event, rule_billing);
}

int lab_messaging(struct front *f) {
    i64 seconds = 30;
    str given = argument(f, 1);
    if (given.p && (!str_to_i64(given, &seconds) || seconds < 0 || seconds > 3600)) return complain(EXIT_USAGE, "for how many seconds are the consumers away? 0 to 3600.");
    struct lab l = {.front = f, .id = arena_format(f->arena, "%llx", (unsigned long long)sys_wall_ms())};
    struct found found = {0};
    run(&l, seconds, &found);
    if (l.status == EXIT_DONE) print(&found, seconds);
    clean_up(&l);
    return l.status;
}
