/* Values through the codecs and back: what one side writes, the other reads, in every protocol. And the
 * bytes that clients of S3, SQS and STS see. */
#include "gen/example.h"
#include "gen/s3.h"
#include "gen/sqs.h"
#include "gen/sts.h"
#include "unit.h"
#include "wire/codec.h"
#include "wire/wire.h"

#include <math.h>

static struct arena arena;
static struct wire_problem problem;

static const enum wire_protocol protocols[] = {WIRE_AWS_JSON_1_0, WIRE_AWS_JSON_1_1, WIRE_REST_JSON, WIRE_REST_XML,
                                               WIRE_AWS_QUERY, WIRE_EC2_QUERY, WIRE_RPC_V2_CBOR};

static const char *header(const struct wire_message *m, const char *name) {
    str value = wire_header_get(m, str_of(name));
    return value.p ? arena_c_string(&arena, value) : "(absent)";
}

/* ---- round trips ---- */

static void check_thing(const struct example_thing *a, const struct example_thing *b, bool with_header) {
    CHECK_STR(b->name, a->name);
    CHECK_INT(b->count.v, a->count.v);
    CHECK(b->ratio.set && b->ratio.v == a->ratio.v);
    CHECK_STR(b->state, a->state);
    CHECK_INT(b->names.n, 2);
    CHECK_INT(b->tags.n, 1);
    CHECK_INT(b->parts.n, 1);
    CHECK_INT(b->matrix.n, 2);
    if (b->names.n != 2 || b->tags.n != 1 || b->parts.n != 1 || b->matrix.n != 2) return;
    CHECK_STR(b->names.v[1], a->names.v[1]);
    CHECK_STR(b->tags.v[0].key, a->tags.v[0].key);
    CHECK_STR(b->tags.v[0].value, a->tags.v[0].value);
    CHECK(b->choice && b->choice->number.set && !b->choice->text.p);
    CHECK_STR(b->parts.v[0].next->id, a->parts.v[0].next->id);
    CHECK_INT(b->matrix.v[1].n, 1);
    CHECK_STR(b->matrix.v[1].v[0], a->matrix.v[1].v[0]);
    if (with_header) CHECK_INT(b->when.ms, a->when.ms);
    CHECK_INT(b->ids.v[0].v, 5);
    CHECK(!b->secret.p);
}

static struct example_thing thing(void) {
    static str names[] = {{"ab", 2}, {"\"<&>\n\xc3\xa9 ", 8}}, row[] = {{"x", 1}};
    static struct example_part next = {.id = {"next", 4}}, part = {.id = {"part", 4}, .next = &next};
    static struct example_names matrix[] = {{names, 2, true}, {row, 1, true}};
    static struct example_tag_map_entry tag = {{"k.1", 3}, {"v=&", 3}};
    static struct example_choice choice = {.number = {true, 3}};
    static struct opt_i32 five = {true, 5};
    return (struct example_thing){.name = S("n"), .count = SOME_I32(-1), .ratio = SOME_F64(0.1), .state = S("half way"),
                                  .names = {names, 2, true}, .tags = {&tag, 1, true}, .choice = &choice,
                                  .parts = {&part, 1, true}, .matrix = {matrix, 2, true}, .when = SOME_TIME(1700000000000),
                                  .ids = {&five, 1, true}};
}

static void answers_come_back_in_every_protocol(void) {
    const struct wire_op *op = &example_wire.ops[EXAMPLE_OP_GET_THING];
    struct example_thing sent = thing();
    for (size_t i = 0; i < LENGTH(protocols); i++) {
        struct example_thing got = {0};
        struct wire_message m;
        struct wire_answer answer;
        wire_encode_response(&example_wire, op, protocols[i], &sent, S("id"), &arena, &m);
        CHECK_INT(m.status, 203);
        bool ok = wire_decode_response(&example_wire, op, protocols[i], &m, &arena, &got, NULL, &answer, &problem);
        CHECK(ok && !answer.error_code.p);
        /* The query protocols know no headers, and no service that speaks them has any. */
        bool with_header = protocols[i] != WIRE_AWS_QUERY && protocols[i] != WIRE_EC2_QUERY;
        if (ok) check_thing(&sent, &got, with_header);
        if (!ok || unit_failures) printf("# protocol %d: %.*s\n", (int)protocols[i], STR_ARGS(m.body));
        if (!ok) printf("# protocol %d: %.*s\n", (int)protocols[i], STR_ARGS(problem.message));
    }
}

static void requests_come_back_in_every_protocol(void) {
    const struct wire_op *op = &sqs_wire.ops[SQS_OP_SEND_MESSAGE];
    struct sqs_message_body_attribute_map_entry attribute = {
        S("a"), {.data_type = S("Binary"), .binary_value = {"\0\xff", 2}}};
    struct sqs_send_message_request sent = {.queue_url = S("http://h/1/q"), .message_body = S("<a b=\"c\">&\r\n\xe2\x82\xac"),
                                            .delay_seconds = SOME_I32(0), .message_attributes = {&attribute, 1, true}};
    for (size_t i = 0; i < LENGTH(protocols); i++) {
        if (protocols[i] == WIRE_REST_XML || protocols[i] == WIRE_EC2_QUERY) continue; /* no such input: a map at the root */
        struct sqs_send_message_request got = {0};
        struct wire_message m;
        wire_encode_request(&sqs_wire, op, protocols[i], &sent, &arena, &m);
        bool ok = wire_decode_request(&sqs_wire, op, protocols[i], &m, &arena, &got, &problem);
        CHECK(ok);
        if (!ok) continue;
        CHECK_STR(got.message_body, sent.message_body);
        CHECK(got.delay_seconds.set && got.delay_seconds.v == 0);
        CHECK_INT(got.message_attributes.n, 1);
        CHECK_STR(got.message_attributes.v[0].value.binary_value, attribute.value.binary_value);
        CHECK(!got.message_group_id.p);
    }
}

static void errors_come_back_in_every_protocol(void) {
    const struct wire_op *op = &example_wire.ops[EXAMPLE_OP_GET_THING];
    for (size_t i = 0; i < LENGTH(protocols); i++) {
        struct example_not_there sent = {0}, got = {0};
        struct wire_fault fault = {.error = &example_not_there, .message = S("gone & lost"), .members = &sent};
        struct wire_message m;
        struct wire_answer answer;
        wire_encode_error(&example_wire, op, protocols[i], &fault, S("id"), &arena, &m);
        CHECK_INT(m.status, 404);
        CHECK(wire_decode_response(&example_wire, op, protocols[i], &m, &arena, NULL, &got, &answer, &problem));
        CHECK_STR(answer.error_message, S("gone & lost"));
        CHECK(answer.error == &example_not_there);
    }
}

static void rest_requests_bind_path_query_and_headers(void) {
    const struct wire_op *op = &s3_wire.ops[S3_OP_LIST_OBJECTS_V2];
    struct s3_list_objects_v2_request sent = {.bucket = S("b"), .prefix = S("a b/+&\xc3\xa9"), .max_keys = SOME_I32(3),
                                              .expected_bucket_owner = S("111122223333")}, got = {0};
    struct wire_message m;
    wire_encode_request(&s3_wire, op, WIRE_REST_XML, &sent, &arena, &m);
    CHECK_STR(m.path, S("/b"));
    CHECK_STR(m.query, S("list-type=2&max-keys=3&prefix=a%20b%2F%2B%26%C3%A9"));
    CHECK_STR(str_of(header(&m, "x-amz-expected-bucket-owner")), S("111122223333"));
    CHECK(wire_decode_request(&s3_wire, op, WIRE_REST_XML, &m, &arena, &got, &problem));
    CHECK_STR(got.prefix, sent.prefix);
    CHECK_STR(got.bucket, sent.bucket);
    CHECK_INT(got.max_keys.v, 3);

    struct s3_get_object_request key = {.bucket = S("b"), .key = S("a//../ b?%")}, key_got = {0};
    op = &s3_wire.ops[S3_OP_GET_OBJECT];
    wire_encode_request(&s3_wire, op, WIRE_REST_XML, &key, &arena, &m);
    CHECK_STR(m.path, S("/b/a//../%20b%3F%25"));
    CHECK(wire_decode_request(&s3_wire, op, WIRE_REST_XML, &m, &arena, &key_got, &problem));
    CHECK_STR(key_got.key, key.key);
}

static void rest_bodies_are_documents(void) {
    const struct wire_op *op = &s3_wire.ops[S3_OP_DELETE_OBJECTS];
    struct wire_message m = {.method = S("POST"), .path = S("/b"), .query = S("delete"), .has_body = true,
                             .body = S("<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Object><Key>a&amp;b</Key></Object>"
                                       "<Quiet> true </Quiet><Object><VersionId>v</VersionId><Key> c </Key></Object></Delete>")};
    struct s3_delete_objects_request got = {0};
    CHECK(wire_decode_request(&s3_wire, op, WIRE_REST_XML, &m, &arena, &got, &problem));
    CHECK(got.delete && got.delete->objects.n == 2 && got.delete->quiet.v);
    CHECK_STR(got.delete->objects.v[0].key, S("a&b"));
    CHECK_STR(got.delete->objects.v[1].key, S(" c "));
    m.body = S("<Delete><Object></Delete>");
    CHECK(!wire_decode_request(&s3_wire, op, WIRE_REST_XML, &m, &arena, &got, &problem));
    CHECK_STR(problem.code, S("MalformedXML"));
    CHECK_INT(problem.status, 400);
}

/* ---- the bytes ---- */

static void sqs_errors_are_as_its_clients_read_them(void) {
    const struct wire_op *op = &sqs_wire.ops[SQS_OP_SEND_MESSAGE];
    struct wire_fault fault = {.error = &sqs_queue_does_not_exist, .message = S("The specified queue does not exist.")};
    struct wire_message m;
    wire_encode_error(&sqs_wire, op, WIRE_AWS_JSON_1_0, &fault, S("r"), &arena, &m);
    CHECK_STR(m.body, S("{\"__type\":\"com.amazonaws.sqs#QueueDoesNotExist\",\"message\":\"The specified queue does not exist.\"}"));
    CHECK_STR(str_of(header(&m, "x-amzn-query-error")), S("AWS.SimpleQueueService.NonExistentQueue;Sender"));
    CHECK_STR(str_of(header(&m, "Content-Type")), S("application/x-amz-json-1.0"));
    CHECK_STR(str_of(header(&m, "x-amzn-RequestId")), S("r"));
    CHECK_INT(m.status, 400);
    wire_encode_error(&sqs_wire, op, WIRE_AWS_QUERY, &fault, S("r"), &arena, &m);
    CHECK_STR(m.body, S("<ErrorResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\"><Error><Type>Sender</Type>"
                        "<Code>AWS.SimpleQueueService.NonExistentQueue</Code><Message>The specified queue does not exist."
                        "</Message></Error><RequestId>r</RequestId></ErrorResponse>"));
}

static void query_answers_have_their_wrapper(void) {
    struct sts_get_caller_identity_response out = {.user_id = S("U"), .account = S("1"), .arn = S("arn:aws:iam::1:root")};
    struct wire_message m;
    wire_encode_response(&sts_wire, &sts_wire.ops[STS_OP_GET_CALLER_IDENTITY], WIRE_AWS_QUERY, &out, S("r"), &arena, &m);
    CHECK_STR(m.body, S("<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>"
                        "<UserId>U</UserId><Account>1</Account><Arn>arn:aws:iam::1:root</Arn></GetCallerIdentityResult>"
                        "<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>"));
    CHECK_STR(str_of(header(&m, "Content-Type")), S("text/xml"));
}

static void query_indices_may_have_gaps_and_any_order(void) {
    struct wire_message m = {.method = S("POST"), .path = S("/"), .has_body = true,
                             .body = S("Action=SendMessageBatch&QueueUrl=u&SendMessageBatchRequestEntry.10.Id=c&SendMessageBatchRequestEntry.2.Id=b"
                                       "&SendMessageBatchRequestEntry.1.Id=a&SendMessageBatchRequestEntry.1.MessageBody=x+y%21")};
    struct sqs_send_message_batch_request got = {0};
    const struct wire_op *op = &sqs_wire.ops[SQS_OP_SEND_MESSAGE_BATCH];
    CHECK(wire_decode_request(&sqs_wire, op, WIRE_AWS_QUERY, &m, &arena, &got, &problem));
    CHECK_INT(got.entries.n, 3);
    CHECK_STR(got.entries.v[0].message_body, S("x y!"));
    CHECK_STR(got.entries.v[1].id, S("b"));
    CHECK_STR(got.entries.v[2].id, S("c"));
    m.body = S("SendMessageBatchRequestEntry.x.Id=a");
    CHECK(!wire_decode_request(&sqs_wire, op, WIRE_AWS_QUERY, &m, &arena, &got, &problem));
}

static void s3_documents_have_their_root_and_namespace(void) {
    struct s3_get_bucket_location_output where = {.location_constraint = S("eu-west-1")};
    struct wire_message m;
    wire_encode_response(&s3_wire, &s3_wire.ops[S3_OP_GET_BUCKET_LOCATION], WIRE_REST_XML, &where, S("r"), &arena, &m);
    CHECK_STR(m.body, S("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                        "eu-west-1</LocationConstraint>"));
    struct s3_object object = {.key = S("k<"), .last_modified = SOME_TIME(1700000000120), .size = SOME_I64(5)};
    struct s3_list_objects_v2_output list = {.contents = {&object, 1, true}, .name = S("b")};
    wire_encode_response(&s3_wire, &s3_wire.ops[S3_OP_LIST_OBJECTS_V2], WIRE_REST_XML, &list, S("r"), &arena, &m);
    CHECK_STR(m.body, S("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Contents>"
                        "<Key>k&lt;</Key><LastModified>2023-11-14T22:13:20.120Z</LastModified><Size>5</Size></Contents><Name>b</Name></ListBucketResult>"));
    CHECK_STR(str_of(header(&m, "x-amz-request-id")), S("r"));
}

/* ---- what is refused ---- */

static str refused(enum wire_protocol protocol, str body) {
    struct wire_message m = {.method = S("POST"), .path = S("/"), .body = body, .has_body = true};
    struct sqs_send_message_request got = {0};
    bool ok = wire_decode_request(&sqs_wire, &sqs_wire.ops[SQS_OP_SEND_MESSAGE], protocol, &m, &arena, &got, &problem);
    return ok ? S("") : problem.code;
}

static str nested(str open, size_t n) {
    struct buf b = buf_new(&arena, 1 << 20);
    while (n--) buf_add(&b, open);
    return buf_str(&b);
}

static void what_is_no_request_is_refused(void) {
    CHECK_STR(refused(WIRE_AWS_JSON_1_0, S("{\"MessageBody\":\"x\",\"Unknown\":{\"a\":[1]},\"DelaySeconds\":null}")), S(""));
    CHECK_STR(refused(WIRE_AWS_JSON_1_0, S("{\"MessageBody\":1}")), S("SerializationException"));
    CHECK_STR(refused(WIRE_AWS_JSON_1_0, S("{\"MessageBody\":\"x\"} {}")), S("SerializationException"));
    CHECK_STR(refused(WIRE_AWS_JSON_1_0, S("{\"DelaySeconds\":2147483648}")), S("SerializationException"));
    CHECK_STR(refused(WIRE_AWS_JSON_1_0, S("{\"MessageBody\":\"\xff\"}")), S("SerializationException"));
    CHECK_STR(refused(WIRE_AWS_JSON_1_0, arena_concat(&arena, S("{\"Unknown\":"), nested(S("["), 200))), S("SerializationException"));
    CHECK_STR(refused(WIRE_RPC_V2_CBOR, S("\xa1")), S("SerializationException"));
    CHECK_STR(refused(WIRE_RPC_V2_CBOR, nested(S("\x81"), 200)), S("SerializationException"));
    CHECK_STR(refused(WIRE_AWS_QUERY, S("DelaySeconds=1x")), S("MalformedInput"));
}

static str media(const struct wire_header *headers, size_t n, str body) {
    struct wire_message m = {.method = S("POST"), .path = S("/"), .headers = headers, .header_count = n, .body = body, .has_body = true};
    struct sqs_send_message_request got = {0};
    bool ok = wire_decode_request(&sqs_wire, &sqs_wire.ops[SQS_OP_SEND_MESSAGE], WIRE_REST_JSON, &m, &arena, &got, &problem);
    return ok ? S("") : problem.code;
}

static bool is_time(str text, enum wire_timestamp_format format) {
    i64 ms;
    return value_read_time(text, format, &ms);
}

static void times_are_of_four_digit_years(void) {
    double seconds = 253402300800;
    i64 ms;
    CHECK(is_time(S("253402300799.999"), WIRE_TIME_EPOCH) && is_time(S("-62135596800"), WIRE_TIME_EPOCH));
    CHECK(is_time(S("9999-12-31T23:59:59.999Z"), WIRE_TIME_ISO8601));
    CHECK(!is_time(S("253402300800"), WIRE_TIME_EPOCH) && !is_time(S("2.534023008e11"), WIRE_TIME_EPOCH));
    CHECK(!is_time(S("9223372036854775"), WIRE_TIME_EPOCH) && !is_time(S("-62135596800.001"), WIRE_TIME_EPOCH));
    CHECK(!is_time(S("0000-12-31T23:59:59Z"), WIRE_TIME_ISO8601));
    CHECK(value_time_of_seconds(seconds - 1, &ms) && !value_time_of_seconds(seconds, &ms) && !value_time_of_seconds((double)NAN, &ms));
}

static void rest_json_reads_and_answers_json_alone(void) {
    struct wire_header h = {S("Content-Type"), S("application/json; charset=utf-8")};
    CHECK_STR(media(&h, 1, S("{}")), S(""));
    h.value = S("application/x-amz-json-1.1");
    CHECK_STR(media(&h, 1, S("{}")), S(""));
    h.value = S("text/html");
    CHECK_STR(media(&h, 1, S("")), S(""));
    CHECK_STR(media(&h, 1, S("{}")), S("UnsupportedMediaTypeException"));
    CHECK_INT(problem.status, 415);
    CHECK_STR(media(NULL, 0, S("{}")), S(""));
    h = (struct wire_header){S("Accept"), S("text/html, application/*;q=0.8")};
    CHECK_STR(media(&h, 1, S("{}")), S(""));
    h.value = S("text/*");
    CHECK_STR(media(&h, 1, S("{}")), S("NotAcceptableException"));
    CHECK_INT(problem.status, 406);
}

/* ---- events ---- */

static void events_come_back(void) {
    struct example_tick tick = {.body = S("bytes"), .at = SOME_TIME(1700000000000)};
    struct example_events event = {.tick = &tick};
    struct buf out = buf_new(&arena, 1 << 16);
    wire_encode_event(&example_wire, EXAMPLE_SHAPE_EVENTS, WIRE_AWS_JSON_1_0, &event, &arena, &out);
    wire_encode_initial_response(&example_wire, &example_wire.ops[EXAMPLE_OP_WATCH], WIRE_AWS_JSON_1_0,
                                 &(struct example_watch_output){0}, &arena, &out);
    str bytes = buf_str(&out), payload, seen[2][4] = {0};
    struct wire_event_header *headers;
    size_t n, frames = 0;
    bool broken = false;
    while (wire_event_unframe(&bytes, &arena, &headers, &n, &payload, &broken) && frames < 2) {
        for (size_t i = 0; i < n; i++) {
            if (str_eq(headers[i].name, S(":event-type"))) seen[frames][0] = headers[i].value;
            if (str_eq(headers[i].name, S(":message-type"))) seen[frames][1] = headers[i].value;
            if (str_eq(headers[i].name, S(":content-type"))) seen[frames][2] = headers[i].value;
            if (str_eq(headers[i].name, S("At"))) CHECK_INT(headers[i].number, tick.at.ms);
        }
        seen[frames++][3] = payload;
    }
    CHECK_INT(frames, 2);
    CHECK(!broken && !bytes.n);
    CHECK_STR(seen[0][0], S("Tick"));
    CHECK_STR(seen[0][1], S("event"));
    CHECK_STR(seen[0][2], S("application/octet-stream"));
    CHECK_STR(seen[0][3], S("bytes"));
    CHECK_STR(seen[1][0], S("initial-response"));
    CHECK_STR(seen[1][3], S("{}"));
}

UNIT_MAIN(UNIT(answers_come_back_in_every_protocol), UNIT(requests_come_back_in_every_protocol),
          UNIT(errors_come_back_in_every_protocol), UNIT(rest_requests_bind_path_query_and_headers),
          UNIT(rest_bodies_are_documents), UNIT(sqs_errors_are_as_its_clients_read_them),
          UNIT(query_answers_have_their_wrapper), UNIT(query_indices_may_have_gaps_and_any_order),
          UNIT(s3_documents_have_their_root_and_namespace), UNIT(what_is_no_request_is_refused), UNIT(times_are_of_four_digit_years),
          UNIT(rest_json_reads_and_answers_json_alone), UNIT(events_come_back))
