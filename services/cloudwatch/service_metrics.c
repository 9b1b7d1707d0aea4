/* The metrics of AWS/<Service>: what the cloud's services count (cloud/counts.h), put like any other data. */
#include "cloudwatch.h"

#include "cloud/counts.h"

enum { DIMENSIONS_MAX = 4 };

/* usage: the service's name in AWS/Usage, where calls are counted (the overlay's `counted` says which), and what it has of
 * resources. */
static const struct counting {
    const char *service, *space, *usage;
} counting[] = {{"cloudwatch", NULL, "CloudWatch"}, {"dynamodb", "AWS/DynamoDB", "DynamoDB"}, {"dynamodbstreams", "AWS/DynamoDB", NULL}, {"events", "AWS/Events", NULL}, {"logs", "AWS/Logs", "Logs"},
                {"pipes", "AWS/EventBridge/Pipes", NULL}, {"s3", "AWS/S3", NULL}, {"scheduler", "AWS/Scheduler", "Scheduler"}, {"sns", "AWS/SNS", NULL}, {"sqs", "AWS/SQS", NULL}};

static const struct counting *counting_of(str service) {
    for (size_t i = 0; i < LENGTH(counting); i++)
        if (str_eq(service, str_of(counting[i].service))) return &counting[i];
    return NULL;
}

void cloudwatch_take(struct call *c, const struct metric_sum *sum);
void cloudwatch_take(struct call *c, const struct metric_sum *sum) {
    struct record_pair dimensions[DIMENSIONS_MAX] = {0}; /* by name */
    str names = sum->dimension, values = sum->of;
    u32 n = 0;
    while (names.n && n < DIMENSIONS_MAX) dimensions[n++] = (struct record_pair){str_cut(&names, ','), names.p ? str_cut(&values, ',') : values};
    const struct counting *of = counting_of(sum->service);
    bool calls = str_eq(sum->name, S("CallCount")), usage = calls || str_eq(sum->name, S("ResourceCount"));
    const char *space = !of ? NULL : !usage ? of->space : of->usage ? "AWS/Usage" : NULL;
    if (!space) return;
    const struct record_pair of_call[] = {{S("Class"), S("None")}, dimensions[0], {S("Service"), usage ? str_of(of->usage) : S("")}, {S("Type"), calls ? S("API") : S("Resource")}};
    struct metric m = {.space = str_of(space), .name = sum->name, .dimensions = {dimensions, n, true}};
    if (usage) m.dimensions.n = LENGTH(of_call), memcpy(dimensions, of_call, sizeof of_call);
    struct point all = {0};
    for (u32 i = 0; i < sum->samples.n; i++) {
        struct sample s = {sum->samples.v[i].value, sum->samples.v[i].count};
        point_add(c->arena, &all, &(struct point){.count = s.count, .sum = s.value * s.count, .min = s.value, .max = s.value, .samples = {&s, 1, true}});
    }
    metric_put(c, &m, sum->unit, sum->at_ms - sum->at_ms % minute_ms, &all);
}
