/* What decoding and encoding cost: CPU time, on one thread. Printed, never judged.
 *
 *     build/bench/wire */
#include "gen/s3.h"
#include "gen/sqs.h"
#include "wire/wire.h"

#include <stdio.h>
#include <time.h>

enum { TEXT = 1024, KEYS = 1000 };

static double cpu_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Runs once to learn how often half a second lets it run. */
static void report(const char *what, void (*run)(struct arena *)) {
    struct arena a = {0};
    arena_alloc(&a, 1 << 20, 8); /* the first chunk stays */
    arena_reset(&a);
    struct arena_mark mark = arena_mark(&a);
    double elapsed = 0;
    long n = 0;
    for (long batch = 16; elapsed < 0.5; batch *= 2) {
        double start = cpu_s();
        for (long i = 0; i < batch; i++) {
            run(&a);
            arena_rewind(&a, mark);
        }
        elapsed += cpu_s() - start;
        n += batch;
    }
    printf("%-42s %8.2f us\n", what, elapsed / (double)n * 1e6);
    arena_free(&a);
}

static struct arena setup;
static struct wire_message json_request, query_request;
static struct s3_list_objects_v2_output list;
static str text;

static void decode(struct arena *a, enum wire_protocol protocol, const struct wire_message *m) {
    struct wire_problem problem;
    struct sqs_send_message_request in = {0};
    ASSERT(wire_decode_request(&sqs_wire, &sqs_wire.ops[SQS_OP_SEND_MESSAGE], protocol, m, a, &in, &problem));
    ASSERT(in.message_body.n == TEXT);
}
static void decode_json(struct arena *a) { decode(a, WIRE_AWS_JSON_1_0, &json_request); }
static void decode_query(struct arena *a) { decode(a, WIRE_AWS_QUERY, &query_request); }

static void encode_json(struct arena *a) {
    struct sqs_message message = {.message_id = S("b2f1a2f4-6c39-4a6f-8a0d-2f9f27b7a111"), .receipt_handle = S("handle"),
                                  .md5_of_body = S("9e107d9d372bb6826bd81d3542a419d6"), .body = text};
    struct sqs_receive_message_result out = {.messages = {&message, 1, true}};
    struct wire_message m;
    wire_encode_response(&sqs_wire, &sqs_wire.ops[SQS_OP_RECEIVE_MESSAGE], WIRE_AWS_JSON_1_0, &out, S("id"), a, &m);
    ASSERT(m.body.n > TEXT);
}

static void encode_list(struct arena *a) {
    struct wire_message m;
    wire_encode_response(&s3_wire, &s3_wire.ops[S3_OP_LIST_OBJECTS_V2], WIRE_REST_XML, &list, S("id"), a, &m);
    ASSERT(m.body.n > KEYS * 100);
}

int main(void) {
    char *bytes = arena_alloc(&setup, TEXT, 1);
    for (size_t i = 0; i < TEXT; i++) bytes[i] = (char)('a' + i % 26);
    text = (str){bytes, TEXT};
    struct sqs_send_message_request send = {.queue_url = S("http://localhost:4566/000000000000/jobs"), .message_body = text};
    wire_encode_request(&sqs_wire, &sqs_wire.ops[SQS_OP_SEND_MESSAGE], WIRE_AWS_JSON_1_0, &send, &setup, &json_request);
    wire_encode_request(&sqs_wire, &sqs_wire.ops[SQS_OP_SEND_MESSAGE], WIRE_AWS_QUERY, &send, &setup, &query_request);

    struct s3_object *objects = NEW_ARRAY(&setup, struct s3_object, KEYS);
    for (u32 i = 0; i < KEYS; i++)
        objects[i] = (struct s3_object){.key = arena_format(&setup, "logs/2026/11/22/part-%05u.json", i),
                                        .last_modified = SOME_TIME(1700000000000 + i), .size = SOME_I64(i),
                                        .etag = S("\"9e107d9d372bb6826bd81d3542a419d6\""), .storage_class = S("STANDARD")};
    list = (struct s3_list_objects_v2_output){.contents = {objects, KEYS, true}, .name = S("bucket"), .key_count = SOME_I32(KEYS)};

    report("JSON SendMessage, 1 KiB, decoded", decode_json);
    report("JSON ReceiveMessage, 1 KiB, encoded", encode_json);
    report("query SendMessage, 1 KiB, decoded", decode_query);
    report("XML ListObjectsV2, 1,000 keys, encoded", encode_list);
    arena_free(&setup);
    return 0;
}
