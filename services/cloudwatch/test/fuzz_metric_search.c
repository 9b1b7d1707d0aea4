/* SEARCH expressions as customers write them. */
#include "../metric_search.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct arena a = {0};
    struct record_pair dimension = {S("QueueName"), S("orders-Dead")};
    struct metric m = {.space = S("AWS/SQS"), .name = S("NumberOfMessagesSent"), .dimensions = {&dimension, 1, true}};
    bool value = false;
    str problem = {0};
    bool done = search_matches(&a, (str){(const char *)bytes, n}, &m, &value, &problem);
    ASSERT(done != (problem.p != NULL));
    arena_free(&a);
    return 0;
}
