/* The metrics of AWS/<Service>: what the cloud's services count (cloud/counts.h), put like any other data. */
#include "cloudwatch.h"

#include "cloud/counts.h"

enum { DIMENSIONS_MAX = 4 };

static str space_of(str service) {
    static const char *const spaces[][2] = {{"dynamodb", "AWS/DynamoDB"}, {"events", "AWS/Events"}, {"logs", "AWS/Logs"}, {"s3", "AWS/S3"},
                                            {"scheduler", "AWS/Scheduler"}, {"sns", "AWS/SNS"},      {"sqs", "AWS/SQS"}};
    for (size_t i = 0; i < LENGTH(spaces); i++)
        if (str_eq(service, str_of(spaces[i][0]))) return str_of(spaces[i][1]);
    return (str){0};
}

void cloudwatch_take(struct call *c, const struct metric_sum *sum);
void cloudwatch_take(struct call *c, const struct metric_sum *sum) {
    struct record_pair dimensions[DIMENSIONS_MAX];
    str names = sum->dimension, values = sum->of;
    u32 n = 0;
    while (names.n && n < DIMENSIONS_MAX) dimensions[n++] = (struct record_pair){str_cut(&names, ','), names.p ? str_cut(&values, ',') : values};
    struct metric m = {.space = space_of(sum->service), .name = sum->name, .dimensions = {dimensions, n, true}};
    struct point all = {0};
    if (!m.space.p) return;
    for (u32 i = 0; i < sum->samples.n; i++) {
        struct sample s = {sum->samples.v[i].value, sum->samples.v[i].count};
        point_add(c->arena, &all, &(struct point){.count = s.count, .sum = s.value * s.count, .min = s.value, .max = s.value, .samples = {&s, 1, true}});
    }
    metric_put(c, &m, sum->unit, sum->at_ms - sum->at_ms % minute_ms, &all);
}
