/* Queries of Metrics Insights as customers write them. */
#include "../metric_select.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct arena a = {0};
    struct record_pair dimension = {S("QueueName"), S("orders")};
    struct metric m = {.space = S("AWS/SQS"), .name = S("Sent"), .dimensions = {&dimension, 1, true}};
    struct metric_select s;
    str problem = {0};
    bool read = metric_select_read(&a, (str){(const char *)bytes, n}, &s, &problem);
    ASSERT(read != (problem.p != NULL));
    if (read) ASSERT(metric_select_begins((str){(const char *)bytes, n}));
    if (read && metric_select_takes(&s, &m)) ASSERT(str_eq(s.metric, m.name));
    arena_free(&a);
    return 0;
}
