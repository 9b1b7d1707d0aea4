/* Metrics Insights: what is a query, and which metrics it takes. */
#include "../metric_select.h"

#include "unit.h"

static str result(struct arena *a, const char *text) {
    struct metric_select s;
    str problem;
    struct record_pair dimension = {S("QueueName"), S("orders")};
    struct metric m = {.space = S("AWS/SQS"), .name = S("Sent"), .dimensions = {&dimension, 1, true}};
    if (!metric_select_read(a, str_of(text), &s, &problem)) return problem;
    return metric_select_takes(&s, &m) ? S("yes") : S("no");
}
#define IS(text, expected) CHECK_STR(result(&a, text), S(expected))

static void queries(void) {
    struct arena a = {0};
    IS("SELECT SUM(Sent) FROM \"AWS/SQS\"", "yes");
    IS("select sum ( Sent ) from \"AWS/SQS\" ", "yes");
    IS("SELECT SUM(Other) FROM \"AWS/SQS\"", "no");
    IS("SELECT AVG(Sent) FROM SCHEMA(\"AWS/SQS\", QueueName)", "yes");
    IS("SELECT AVG(Sent) FROM SCHEMA(\"AWS/SQS\", QueueName, Region)", "no");
    IS("SELECT AVG(Sent) FROM SCHEMA(\"AWS/SQS\")", "no");
    IS("SELECT MAX(Sent) FROM \"AWS/SQS\" WHERE QueueName = 'orders' AND QueueName != 'bills'", "yes");
    IS("SELECT MAX(Sent) FROM \"AWS/SQS\" WHERE Nothing != 'x'", "no");
    IS("SELECT COUNT(Sent) FROM \"AWS/SQS\" GROUP BY QueueName ORDER BY COUNT() DESC LIMIT 3", "yes");
    IS("SELECT MIN(\"Sent\") FROM \"AWS/SQS\" GROUP BY Region ORDER BY MIN() ASC", "no");
    arena_free(&a);
}

static void refusals(void) {
    struct arena a = {0};
    IS("SELECT", "AVG, COUNT, MAX, MIN or SUM is expected at the end");
    IS("SELECT P99(Sent) FROM x", "AVG, COUNT, MAX, MIN or SUM is expected at 'P99(Sent) FROM x'");
    IS("SELECT SUM(Sent) WHERE", "FROM is expected at 'WHERE'");
    IS("SELECT SUM(Sent) FROM AWS/SQS", "the end is expected at '/SQS'");
    IS("SELECT SUM(Sent) FROM x WHERE a = \"b\"", "a value in single quotes is expected at '\"b\"'");
    IS("SELECT SUM(Sent) FROM x LIMIT 501", "a number from 1 to 500 is expected at '501'");
    IS("SELECT SUM(Sent) FROM SCHEMA(x, a, b, c, d, e, f, g, h, i, j, k)", "there are too many names");
    arena_free(&a);
}

UNIT_MAIN(UNIT(queries), UNIT(refusals))
