/* Forms against policies: which pass, and in whose words the others are refused. */
#include "services/s3/s3.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

enum { FIELDS_MAX = 6, CONDITIONS_MAX = 6 };
struct form {
    const char *name;
    struct s3_post_fields_entry fields[FIELDS_MAX];
    struct s3_post_condition conditions[CONDITIONS_MAX];
    err error;
    const char *message;
};
#define T(text) {"" text, sizeof(text) - 1}
#define EQ(field_, value_) {.operator= T("eq"), .field = T("$" field_), .value = T(value_), .text = T("[eq " field_ "]")}
#define STARTS(field_, value_) {.operator= T("starts-with"), .field = T("$" field_), .value = T(value_), .text = T("[starts-with " field_ "]")}

static const struct form forms[] = {
    {"plain", {{T("key"), T("k")}, {T("policy"), T("p")}}, {EQ("bucket", "forms"), EQ("key", "k")}, NULL, NULL},
    {"prefix", {{T("key"), T("user/a/${filename}")}}, {STARTS("key", "user/")}, NULL, NULL},
    {"any type", {{T("key"), T("k")}, {T("Content-Type"), T("text/x")}}, {STARTS("key", ""), STARTS("content-type", "")}, NULL, NULL},
    {"ignored", {{T("key"), T("k")}, {T("x-ignore-this"), T("1")}, {T("X-Amz-Signature"), T("s")}}, {EQ("key", "k")}, NULL, NULL},
    {"other bucket", {{T("key"), T("k")}}, {EQ("bucket", "others"), EQ("key", "k")}, &s3_access_denied,
     "Invalid according to Policy: Policy Condition failed: [eq bucket]"},
    {"other key", {{T("key"), T("k2")}}, {EQ("key", "k")}, &s3_access_denied,
     "Invalid according to Policy: Policy Condition failed: [eq key]"},
    {"absent field", {{T("key"), T("k")}}, {EQ("key", "k"), EQ("acl", "private")}, &s3_access_denied,
     "Invalid according to Policy: Policy Condition failed: [eq acl]"},
    {"extra field", {{T("key"), T("k")}, {T("x-amz-meta-a"), T("1")}}, {EQ("key", "k")}, &s3_access_denied,
     "Invalid according to Policy: Extra input fields: x-amz-meta-a"},
    {"no key", {{T("acl"), T("private")}}, {EQ("acl", "private")}, &s3_invalid_argument, NULL},
    {"too small", {{T("key"), T("k")}}, {EQ("key", "k"), {.operator= T("content-length-range"), .minimum = {true, 1}, .maximum = {true, 9}}},
     &s3_entity_too_small, "Your proposed upload is smaller than the minimum allowed size"},
    {"no form", {{{0}, {0}}}, {{.text = {0}}}, &s3_malformed_post_request, NULL},
};

static struct s3_post_object_request request_of(const struct form *form) {
    struct s3_post_object_request in = {.bucket = S("forms"), .file_name = S("photo.jpg"), .signed_ = SOME_BOOL(true)};
    struct form *writable = (struct form *)(void *)(uintptr_t)form;
    in.fields.v = writable->fields;
    in.conditions.v = writable->conditions;
    while (in.fields.n < FIELDS_MAX && form->fields[in.fields.n].key.p) in.fields.n++;
    while (in.conditions.n < CONDITIONS_MAX && form->conditions[in.conditions.n].operator.p) in.conditions.n++;
    return in;
}

static err post(void *context, struct txn *t) {
    const struct form *form = context;
    struct call *c = call_for_task(t, &s3_service, S("000000000000"), S("us-east-1"), 1000);
    struct s3_create_bucket_request make = {.bucket = S("forms")};
    struct s3_create_bucket_output made = {0};
    struct s3_post_object_request in = request_of(form);
    struct s3_post_object_output out = {0};
    struct call_plan plan = {0};
    CHECK(!s3_create_bucket(c, &make, &made));
    err e = s3_post_object_prepare(c, &in, &plan);
    if (!e) e = s3_post_object(c, &in, &out);
    CHECK(e == form->error);
    if (e != form->error) printf("# form \"%s\": %s\n", form->name, e ? e->code : "no error");
    if (form->message) CHECK_STR(c->error_message, str_of(form->message));
    if (e) return e;
    CHECK_INT(c->status, 204);
    CHECK_STR(out.etag_header, S("\"d41d8cd98f00b204e9800998ecf8427e\""));
    struct bucket_row bucket;
    struct object_row object;
    CHECK(!s3_bucket_open(c, S("forms"), (str){0}, &bucket));
    bool named = str_ends(form->fields[0].value, S("${filename}"));
    CHECK(s3_object_find(c, &bucket, named ? S("user/a/photo.jpg") : S("k"), &object));
    return NULL;
}

static void policies(void) {
    struct arena boot = {0};
    char directory[] = "/tmp/brume-s3-XXXXXX", command[64];
    str problem;
    CHECK(mkdtemp(directory) != NULL);
    struct store_config config = {.directory = directory, .ephemeral = true};
    struct store *store = store_open(&boot, &config, &problem);
    for (size_t i = 0; i < LENGTH(forms); i++) {
        struct arena a = {0};
        struct form form = forms[i];
        CHECK(store_write(store, &a, post, &form) == form.error);
        arena_free(&a);
    }
    store_close(store);
    arena_free(&boot);
    snprintf(command, sizeof command, "rm -rf %s", directory);
    CHECK_INT(system(command), 0);
}

UNIT_MAIN(UNIT(policies))
