#include "load/load.h"

#include "base/encode.h"

#include <stdio.h>

enum { POOL = 20000, OBJECTS = 1000, LISTED = 1000, MESSAGE_BYTES = 300 };
static const char json_type[] = "application/x-amz-json-1.0";
static char bytes[1 << 20]; /* what objects are made of */

static struct signing sqs_signing(const struct workload *w, const char *operation, str body) {
    return (struct signing){.target = w->target, .service = "sqs", .method = "POST", .path = S("/"),
                            .content_type = json_type, .operation = operation, .body = body};
}

static struct signing s3_signing(const struct workload *w, const char *method, str path) {
    return (struct signing){.target = w->target, .service = "s3", .method = method, .path = path};
}

bool workload_ask(struct workload *w, struct signing s, int other_status, struct answer *answer) {
    s.close = true;
    struct request r = request_sign(&w->arena, &s);
    if (!exchange(&w->arena, w->target, &r, answer)) {
        snprintf(w->problem, sizeof w->problem, "no answer to %s %.*s", s.method, STR_ARGS(s.path));
        return false;
    }
    if (answer->status / 100 == 2 || answer->status == other_status) return true;
    str said = str_take(answer->body, 160);
    snprintf(w->problem, sizeof w->problem, "%s %.*s: %d %.*s", s.method, STR_ARGS(s.path), answer->status, STR_ARGS(said));
    return false;
}

/* The value of "name" in JSON that this program's own requests brought about. */
static str json_value(str json, str name) {
    size_t at = str_find(json, name);
    if (at == STR_NONE) return (str){0};
    str rest = str_skip(json, at + name.n);
    rest = str_skip(rest, str_find_char(rest, '"') + 1);
    size_t end = str_find_char(rest, '"');
    return end == STR_NONE ? (str){0} : str_take(rest, end);
}

static void pool_new(struct workload *w, size_t n) {
    w->pool = NEW_ARRAY(&w->arena, struct request, n);
    w->pool_size = n;
}

static bool prepare_identity(struct workload *w) {
    struct signing s = {.target = w->target, .service = "sts", .method = "POST", .path = S("/"),
                        .content_type = "application/x-www-form-urlencoded",
                        .body = S("Action=GetCallerIdentity&Version=2011-06-15")};
    pool_new(w, 1);
    w->pool[0] = request_sign(&w->arena, &s);
    struct answer answer;
    return workload_ask(w, s, 0, &answer);
}

static bool prepare_queue(struct workload *w) {
    struct answer answer;
    str create = arena_format(&w->arena, "{\"QueueName\":\"bench-%s\"}", w->name);
    if (!workload_ask(w, sqs_signing(w, "AmazonSQS.CreateQueue", create), 0, &answer)) return false;
    w->queue_url = json_value(answer.body, S("\"QueueUrl\""));
    if (!w->queue_url.p) {
        snprintf(w->problem, sizeof w->problem, "CreateQueue answers no QueueUrl");
        return false;
    }
    str text = {bytes, MESSAGE_BYTES}, url = w->queue_url;
    bool attributes = strcmp(w->operation, "AmazonSQS.GetQueueAttributes") == 0;
    w->body = attributes ? arena_format(&w->arena, "{\"QueueUrl\":\"%.*s\",\"AttributeNames\":[\"All\"]}", STR_ARGS(url))
                         : arena_format(&w->arena, "{\"QueueUrl\":\"%.*s\",\"MessageBody\":\"%.*s\"}", STR_ARGS(url), STR_ARGS(text));
    pool_new(w, 1);
    struct signing s = sqs_signing(w, w->operation, w->body);
    w->pool[0] = request_sign(&w->arena, &s);
    return workload_ask(w, s, 0, &answer);
}

static bool prepare_cycle(struct workload *w) {
    if (!prepare_queue(w)) return false;
    struct request send = w->pool[0];
    pool_new(w, 2);
    str receive = arena_format(&w->arena, "{\"QueueUrl\":\"%.*s\",\"MaxNumberOfMessages\":1}", STR_ARGS(w->queue_url));
    struct signing s = sqs_signing(w, "AmazonSQS.ReceiveMessage", receive);
    w->pool[0] = send;
    w->pool[1] = request_sign(&w->arena, &s);
    return true;
}

static struct signing put_signing(const struct workload *w, str path) {
    struct signing s = s3_signing(w, "PUT", path);
    s.content_type = "application/octet-stream";
    s.body = (str){bytes, MIN(w->object_bytes, sizeof bytes)};
    s.body_bytes = w->object_bytes;
    return s;
}

static str object_path(struct workload *w, u64 i) {
    return arena_format(&w->arena, "/brume-bench/%s/%06llu", w->name, (unsigned long long)i);
}

bool workload_bucket(struct workload *w) {
    struct answer answer;
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (char)('a' + i * 7 % 26);
    return workload_ask(w, s3_signing(w, "PUT", S("/brume-bench")), 409, &answer);
}

/* The large ones: a handful of objects, written over and over. */
static void choose_size(struct workload *w) {
    if (!w->object_bytes) w->object_bytes = w->given_bytes ? w->given_bytes : 1u << 30;
}

static bool prepare_puts(struct workload *w) {
    choose_size(w);
    if (!workload_bucket(w)) return false;
    pool_new(w, w->object_bytes > sizeof bytes ? 8 : w->object_bytes > 16384 ? 2000 : POOL);
    for (size_t i = 0; i < w->pool_size; i++) {
        struct signing s = put_signing(w, object_path(w, w->first + i));
        w->pool[i] = request_sign(&w->arena, &s);
    }
    return true;
}

static bool put_objects(struct workload *w, size_t n) {
    struct answer answer;
    for (size_t i = 0; i < n; i++) {
        struct arena_mark mark = arena_mark(&w->arena);
        if (!workload_ask(w, put_signing(w, object_path(w, i)), 0, &answer)) return false;
        arena_rewind(&w->arena, mark);
    }
    return true;
}

static bool prepare_gets(struct workload *w) {
    choose_size(w);
    size_t n = w->object_bytes > sizeof bytes ? 4 : w->object_bytes > 16384 ? 100 : OBJECTS;
    if (!workload_bucket(w) || !put_objects(w, n)) return false;
    pool_new(w, n);
    for (size_t i = 0; i < n; i++) {
        struct signing s = s3_signing(w, "GET", object_path(w, i));
        w->pool[i] = request_sign(&w->arena, &s);
    }
    return true;
}

static bool prepare_list(struct workload *w) {
    if (!workload_bucket(w) || !put_objects(w, LISTED)) return false;
    pool_new(w, 1);
    struct signing s = s3_signing(w, "GET", S("/brume-bench"));
    s.query = S("list-type=2&max-keys=1000&prefix=s3-list%2F");
    w->pool[0] = request_sign(&w->arena, &s);
    return true;
}

static struct workload workloads[] = {
    {"sts-identity", "sts", prepare_identity},
    {"sqs-attributes", "sqs", prepare_queue, .operation = "AmazonSQS.GetQueueAttributes"},
    {"sqs-send", "sqs", prepare_queue, .operation = "AmazonSQS.SendMessage"},
    {"sqs-cycle", "sqs", prepare_cycle, .operation = "AmazonSQS.SendMessage"},
    {"s3-put-1k", "s3", prepare_puts, .object_bytes = 1024},
    {"s3-get-1k", "s3", prepare_gets, .object_bytes = 1024},
    {"s3-put-64k", "s3", prepare_puts, .object_bytes = 65536},
    {"s3-get-64k", "s3", prepare_gets, .object_bytes = 65536},
    {"s3-put-large", "s3", prepare_puts},
    {"s3-get-large", "s3", prepare_gets},
    {"s3-list", "s3", prepare_list, .object_bytes = 100},
    {"objects-put", "s3", objects_prepare, .make = objects_put},
    {"objects-get", "s3", objects_prepare, .make = objects_get},
    {"objects-delete", "s3", objects_prepare, .make = objects_delete},
    {"objects-mixed", "s3", objects_prepare, .make = objects_mixed},
    {"objects-list-first", "s3", objects_prepare, .make = objects_list_first},
    {"objects-list-middle", "s3", objects_prepare, .make = objects_list_middle},
    {"objects-list-groups", "s3", objects_prepare, .make = objects_list_groups},
    {"items-fill", "dynamodb", items_prepare, .make = items_fill},
    {"items-put", "dynamodb", items_prepare, .make = items_put},
    {"items-a", "dynamodb", items_prepare, .make = items_a},
    {"items-b", "dynamodb", items_prepare, .make = items_b},
    {"items-c", "dynamodb", items_prepare, .make = items_c},
    {"items-d", "dynamodb", items_prepare, .make = items_d},
    {"items-e", "dynamodb", items_prepare, .make = items_e},
    {"items-f", "dynamodb", items_prepare, .make = items_f},
};

struct workload *workload_named(const char *name) {
    memset(bytes, 'm', sizeof bytes);
    for (size_t i = 0; i < LENGTH(workloads); i++)
        if (strcmp(workloads[i].name, name) == 0) return &workloads[i];
    return NULL;
}

const struct request *workload_next(struct workload *w, struct step *s, struct request *made) {
    if (w->make) return w->make(w, s, made);
    if (w->prepare != prepare_cycle) return &w->pool[w->next++ % w->pool_size];
    if (s->number < 2) return &w->pool[s->number];
    str body = arena_format(&s->arena, "{\"QueueUrl\":\"%.*s\",\"ReceiptHandle\":\"%.*s\"}", STR_ARGS(w->queue_url), STR_ARGS(s->receipt));
    struct signing signing = sqs_signing(w, "AmazonSQS.DeleteMessage", body);
    *made = request_sign(&s->arena, &signing);
    return made;
}

void workload_answered(struct workload *w, struct step *s, const struct answer *answer) {
    if (w->prepare != prepare_cycle) return;
    arena_reset(&s->arena);
    str receipt = s->number == 1 ? json_value(answer->body, S("\"ReceiptHandle\"")) : (str){0};
    if (s->number == 1 && !receipt.p) return; /* another took it: ask again */
    if (s->number == 1) s->receipt = arena_str(&s->arena, receipt);
    s->number = (s->number + 1) % 3;
}
