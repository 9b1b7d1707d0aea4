/* Finding service, operation and bucket. */
#include "probe.h"

#include "cloud/uri.h"
#include "gen/s3.h"
#include "gen/sts.h"

static void present(void) {}
static err no_call(u16 op, enum service_stage stage, struct call *c, const void *in, void *out) { return NULL; }
static struct service_op all[S3_OP_COUNT];
static const struct service objects = {&s3_wire, all, no_call}, queues = {&sqs_wire, all, no_call}, tokens = {&sts_wire, all, no_call};
static const struct service *const services[] = {&objects, &queues, &tokens};

struct request {
    const char *method, *host, *target, *want, *path; /* path: as routed; NULL: the target's own */
    const char *header, *value; /* one, or NULL */
};

static const char *op_name(const struct flight *f) { return f->op ? f->service->wire->text + f->op->name : "-"; }

static void route(const struct request *q, struct arena *a) {
    struct cloud cloud = {.config = {.services = services, .service_count = LENGTH(services)}};
    struct loop_cache cache = {0};
    str target = str_of(q->target), path = str_cut(&target, '?');
    struct http_header header = q->header ? (struct http_header){str_of(q->header), str_of(q->value)} : (struct http_header){0};
    struct http_request r = {.method = str_of(q->method), .path = path, .query = target, .host = str_of(q->host), .headers = &header, .header_count = q->header ? 1 : 0};
    struct flight f = {.cloud = &cloud, .cache = &cache, .request = &r, .arena = a, .path = path, .call = {.arena = a}};
    enum step step = stage_route(&f);
    if (step == STEP_NEXT && !f.op) step = stage_operation(&f);
    str got = arena_format(a, "%s:%s", f.service ? f.service->wire->text + f.service->wire->name : "-", op_name(&f));
    if (!str_eq(got, str_of(q->want))) printf("# %s %s %s\n", q->method, q->host, q->target);
    CHECK_STR(got, str_of(q->want));
    CHECK_INT(step, f.op ? STEP_NEXT : STEP_ANSWER);
    if (f.op) CHECK_STR(f.path, q->path ? str_of(q->path) : path);
    arena_free(&cache.arena);
}

#define COPY "x-amz-copy-source", "/b/k"
static const struct request requests[] = {
    {"PUT", "localhost:4566", "/b", "s3:CreateBucket", NULL, NULL, NULL},
    {"GET", "localhost:4566", "/b", "s3:ListObjects", NULL, NULL, NULL},
    {"GET", "localhost:4566", "/b/", "s3:ListObjects", NULL, NULL, NULL},
    {"GET", "localhost:4566", "/b?list-type=2", "s3:ListObjectsV2", NULL, NULL, NULL},
    {"GET", "localhost:4566", "/b?list-type=3", "s3:ListObjects", NULL, NULL, NULL},
    {"GET", "localhost:4566", "/b?prefix=a&list-type=2", "s3:ListObjectsV2", NULL, NULL, NULL},
    {"GET", "localhost:4566", "/b?acl", "s3:GetBucketAcl", NULL, NULL, NULL},
    {"GET", "localhost:4566", "/b?acl=", "s3:GetBucketAcl", NULL, NULL, NULL},
    {"GET", "localhost:4566", "/b?versions", "s3:ListObjectVersions", NULL, NULL, NULL},
    {"GET", "localhost:4566", "/b?uploads", "s3:ListMultipartUploads", NULL, NULL, NULL},
    {"GET", "localhost:4566", "/b?location", "s3:GetBucketLocation", NULL, NULL, NULL},
    {"POST", "localhost:4566", "/b?delete", "s3:DeleteObjects", NULL, NULL, NULL},
    {"DELETE", "localhost:4566", "/b?tagging", "s3:DeleteBucketTagging", NULL, NULL, NULL},
    {"DELETE", "localhost:4566", "/b", "s3:DeleteBucket", NULL, NULL, NULL},
    {"HEAD", "localhost:4566", "/b", "s3:HeadBucket", NULL, NULL, NULL},
    {"PUT", "localhost:4566", "/b/k", "s3:PutObject", NULL, NULL, NULL},
    {"PUT", "localhost:4566", "/b/k", "s3:CopyObject", NULL, COPY},
    {"PUT", "localhost:4566", "/b/k?partNumber=1&uploadId=u", "s3:UploadPart", NULL, NULL, NULL},
    {"PUT", "localhost:4566", "/b/k?partNumber=1&uploadId=u", "s3:UploadPartCopy", NULL, COPY},
    {"PUT", "localhost:4566", "/b/k?partNumber=1", "s3:PutObject", NULL, NULL, NULL},
    {"PUT", "localhost:4566", "/b/k?acl", "s3:PutObjectAcl", NULL, NULL, NULL},
    {"PUT", "localhost:4566", "/b/k?tagging", "s3:PutObjectTagging", NULL, NULL, NULL},
    {"POST", "localhost:4566", "/b/k?uploads", "s3:CreateMultipartUpload", NULL, NULL, NULL},
    {"POST", "localhost:4566", "/b/k?uploadId=u", "s3:CompleteMultipartUpload", NULL, NULL, NULL},
    {"GET", "localhost:4566", "/b/k?uploadId=u", "s3:ListParts", NULL, NULL, NULL},
    {"DELETE", "localhost:4566", "/b/k?uploadId=u", "s3:AbortMultipartUpload", NULL, NULL, NULL},
    {"GET", "localhost:4566", "/b/k//deep/../x", "s3:GetObject", NULL, NULL, NULL},
    {"GET", "localhost:4566", "/b/k?attributes", "s3:GetObjectAttributes", NULL, "x-amz-object-attributes", "ETag"},
    {"HEAD", "localhost:4566", "/b/k", "s3:HeadObject", NULL, NULL, NULL},
    {"PATCH", "localhost:4566", "/b/k", "s3:-", NULL, NULL, NULL},
    /* hosts */
    {"GET", "bucket.localhost:4566", "/k", "s3:GetObject", "/bucket/k", NULL, NULL},
    {"GET", "bucket.s3.localhost:4566", "/k", "s3:GetObject", "/bucket/k", NULL, NULL},
    {"GET", "my.dotted.bucket.s3.localhost", "/k", "s3:GetObject", "/my.dotted.bucket/k", NULL, NULL},
    {"GET", "bucket.s3.us-west-2.amazonaws.com", "/k", "s3:GetObject", "/bucket/k", NULL, NULL},
    {"GET", "bucket.s3-us-west-2.amazonaws.com", "/k", "s3:GetObject", "/bucket/k", NULL, NULL},
    {"GET", "bucket.s3.amazonaws.com", "/?list-type=2", "s3:ListObjectsV2", "/bucket/", NULL, NULL},
    {"GET", "bucket.s3.us-east-1.localhost.localstack.cloud:4566", "/k", "s3:GetObject", "/bucket/k", NULL, NULL},
    {"GET", "s3.localhost:4566", "/b/k", "s3:GetObject", NULL, NULL, NULL},
    {"GET", "s3.us-west-2.amazonaws.com", "/b/k", "s3:GetObject", NULL, NULL, NULL},
    {"GET", "127.0.0.1:4566", "/b/k", "s3:GetObject", NULL, NULL, NULL},
    {"GET", "[::1]:4566", "/b/k", "s3:GetObject", NULL, NULL, NULL},
    {"GET", "10.1.2.3", "/b/k", "s3:GetObject", NULL, NULL, NULL},
    {"GET", "", "/b/k", "s3:GetObject", NULL, NULL, NULL},
    /* other evidence */
    {"POST", "localhost", "/", "sqs:SendMessage", NULL, "X-Amz-Target", "AmazonSQS.SendMessage"},
    {"POST", "localhost", "/", "sqs:-", NULL, "X-Amz-Target", "AmazonSQS.SendMassage"},
    {"POST", "localhost", "/", "-:-", NULL, "X-Amz-Target", "Nobody.SendMessage"},
    {"GET", "localhost", "/?Action=GetCallerIdentity&Version=2011-06-15", "sts:GetCallerIdentity", NULL, NULL, NULL},
};

static void requests_find_their_operation(void) {
    struct arena a = {0};
    for (size_t i = 0; i < LENGTH(all); i++) all[i].handle = present;
    for (size_t i = 0; i < LENGTH(requests); i++) route(&requests[i], &a);
    arena_free(&a);
}

static const char *match(const char *method, const char *path, const char *query, struct arena *a) {
    int i = uri_match(uri_table_new(a, &objects), str_of(method), str_of(path), query ? str_of(query) : (str){0}, NULL, 0, a);
    return i < 0 ? "-" : s3_wire.text + s3_wire.ops[i].name;
}

/* Two operations of one form: the one that the room has. */
static void of_equals_the_present_one_is_taken(void) {
    struct arena a = {0};
    memset(all, 0, sizeof all);
    all[S3_OP_GET_BUCKET_LIFECYCLE].handle = present;
    CHECK_STR(str_of(match("GET", "/b", "lifecycle", &a)), S("GetBucketLifecycle"));
    memset(all, 0, sizeof all);
    all[S3_OP_GET_BUCKET_LIFECYCLE_CONFIGURATION].handle = present;
    CHECK_STR(str_of(match("GET", "/b", "lifecycle", &a)), S("GetBucketLifecycleConfiguration"));
    CHECK_STR(str_of(match("GET", "/b", "%6cifecycle", &a)), S("GetBucketLifecycleConfiguration"));
    CHECK_STR(str_of(match("BREW", "/b", NULL, &a)), S("-"));
    CHECK_STR(str_of(match("GET", "b", NULL, &a)), S("-"));
    arena_free(&a);
}

UNIT_MAIN(UNIT(requests_find_their_operation), UNIT(of_equals_the_present_one_is_taken))
