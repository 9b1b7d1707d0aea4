/* What authorisation and recording add to a request: CPU time of the gate, as root and as a user with a typical set of
 * policies, and of a call's event. Printed, never judged.
 *
 *     build/bench/gate */
#include "cloud/flight.h"
#include "cloud/identity.h"
#include "cloud/trail.h"
#include "gen/sqs.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ACCOUNT "123456789012"

static double cpu_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void identity(struct txn *t, struct arena *a, const struct principal *p, struct identity *found) {
    static struct identity_policy policies[3];
    policies[0].json = S("{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"sqs:SendMessage\",\"sqs:ReceiveMessage\",\"sqs:DeleteMessage\"],"
                         "\"Resource\":\"arn:aws:sqs:*:" ACCOUNT ":app-*\"},{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"arn:aws:s3:::home/${aws:username}/*\"}]}");
    policies[1].json = S("{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Deny\",\"NotAction\":\"iam:*\",\"Resource\":\"*\",\"Condition\":{\"NotIpAddress\":{\"aws:SourceIp\":"
                         "[\"127.0.0.0/8\",\"::1/128\"]}}}}");
    policies[2].json = S("{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"sqs:*\",\"Resource\":\"*\",\"Condition\":{\"StringEquals\":"
                         "{\"aws:ResourceTag/team\":\"${aws:PrincipalTag/team}\"}}}}");
    *found = (struct identity){.exists = true, .policies = {policies, LENGTH(policies)}};
}
static const struct identity_door door = {.identity = identity};

static void report(const char *what, struct cloud *cloud, const struct principal *who) {
    static const struct service_op ops[SQS_OP_COUNT];
    static const struct service queues = {.wire = &sqs_wire, .ops = ops};
    struct arena a = {0};
    arena_alloc(&a, 8192, 8); /* the first chunk stays */
    struct arena_mark mark = arena_mark(&a);
    struct sqs_send_message_request in = {.queue_url = S("http://localhost/" ACCOUNT "/app-queue")};
    enum { TIMES = 100000 };
    double start = cpu_s();
    for (int i = 0; i < TIMES; i++) {
        struct call c = {.arena = &a, .service = &queues, .op = &sqs_wire.ops[SQS_OP_SEND_MESSAGE], .account = S(ACCOUNT), .region = S("us-east-1"), .principal = who,
                         .source_ip = S("127.0.0.1"), .cloud = cloud};
        ASSERT(!call_authorize(&c, &in));
        arena_rewind(&a, mark);
    }
    printf("%-58s %8.2f us\n", what, (cpu_s() - start) / TIMES * 1e6);
    arena_free(&a);
}

/* The event of a call that reads: made, and handed to the journal. */
static void report_record(const char *what, struct cloud *cloud, const struct principal *who, u16 op, const void *in, const void *out) {
    static const struct service_op ops[SQS_OP_COUNT];
    static const struct service queues = {.wire = &sqs_wire, .ops = ops};
    struct arena a = {0};
    arena_alloc(&a, 65536, 8); /* the first chunk stays */
    struct arena_mark mark = arena_mark(&a);
    enum { TIMES = 100000 };
    double start = cpu_s();
    for (int i = 0; i < TIMES; i++) {
        struct call c = {.arena = &a, .service = &queues, .op = &sqs_wire.ops[op], .account = S(ACCOUNT), .region = S("us-east-1"), .principal = who,
                         .source_ip = S("127.0.0.1"), .request_id = S("01234567-89ab-cdef-0123-456789abcdef"), .cloud = cloud, .input = in,
                         .resource_arn = S("arn:aws:sqs:us-east-1:" ACCOUNT ":app-queue")};
        struct trail_record record = trail_record(&c, NULL, out);
        trail_journal(cloud, &record);
        arena_rewind(&a, mark);
    }
    printf("%-58s %8.2f us\n", what, (cpu_s() - start) / TIMES * 1e6);
    arena_free(&a);
}

int main(void) {
    char directory[] = "/tmp/brume-bench-XXXXXX", command[64];
    struct arena boot = {0};
    str problem;
    ASSERT(mkdtemp(directory));
    struct store *store = store_open(&boot, &(struct store_config){.directory = directory, .ephemeral = true}, &problem);
    ASSERT(store);
    struct cloud *cloud = cloud_open(&boot, &(struct cloud_config){.store = store, .version = "bench", .identity = &door, .data_directory = str_of(directory)});
    struct arena a = {0};
    struct principal root = principal_root(&a, S(ACCOUNT), S("test"));
    struct principal bob = {.kind = PRINCIPAL_USER, .account = S(ACCOUNT), .arn = S("arn:aws:iam::" ACCOUNT ":user/bob"), .user_id = S("AIDAEXAMPLE0000000001")};
    report("authorise as root", cloud, &root);
    report("as a user: 3 policies, source address, tags of both sides", cloud, &bob);
    struct sqs_send_message_request send = {.queue_url = S("http://localhost/" ACCOUNT "/app-queue"), .message_body = S("a message")};
    struct sqs_send_message_result sent = {.message_id = S("01234567-89ab-cdef-0123-456789abcdef")};
    struct sqs_get_queue_attributes_request get = {.queue_url = S("http://localhost/" ACCOUNT "/app-queue")};
    struct sqs_get_queue_attributes_result got = {0};
    report_record("record a call of the data plane, that nobody selected", cloud, &root, SQS_OP_SEND_MESSAGE, &send, &sent);
    report_record("record a call of the management plane", cloud, &root, SQS_OP_GET_QUEUE_ATTRIBUTES, &get, &got);
    cloud_close(cloud);
    store_close(store);
    arena_free(&boot); /* the journals write what is left */
    snprintf(command, sizeof command, "rm -r %s", directory);
    int left = system(command);
    arena_free(&a);
    return left;
}
