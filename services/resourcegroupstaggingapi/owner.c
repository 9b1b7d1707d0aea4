/* Which service owns a resource, and how that tags it. Nearly all take the same: a name and the tags, a name and
 * the keys; the table says the operations and what they call the resource. */
#include "gen/applicationautoscaling.h"
#include "gen/cloudtrail.h"
#include "gen/cloudwatch.h"
#include "gen/dynamodb.h"
#include "gen/events.h"
#include "gen/iam.h"
#include "gen/kms.h"
#include "gen/logs.h"
#include "gen/organizations.h"
#include "gen/pipes.h"
#include "gen/s3.h"
#include "gen/s3control.h"
#include "gen/scheduler.h"
#include "gen/schemas.h"
#include "gen/sns.h"
#include "gen/sqs.h"
#include "tagging.h"

/* ---- the common form of the inputs ---- */

struct tag_input {
    str name;
    struct record_pairs tags;
};
struct untag_input {
    str name;
    struct {
        str *v;
        u32 n;
        bool set;
    } keys;
};

#define SAME(T, name_, list_, form, form_list)                                                                                      \
    _Static_assert(sizeof(T) == sizeof(form) && offsetof(T, name_) == offsetof(form, name) && offsetof(T, list_) == offsetof(form, form_list) \
                       && sizeof(*((T *)0)->list_.v) == sizeof(*((form *)0)->form_list.v)                                           \
                       && offsetof(T, list_.n) == offsetof(form, form_list.n) && offsetof(T, list_.set) == offsetof(form, form_list.set), \
                   "it has the common form")
#define TAGS(T, name_, list_) SAME(struct T, name_, list_, struct tag_input, tags)
#define KEYS(T, name_, list_) SAME(struct T, name_, list_, struct untag_input, keys)

TAGS(applicationautoscaling_tag_resource_request, resource_arn, tags);
KEYS(applicationautoscaling_untag_resource_request, resource_arn, tag_keys);
TAGS(cloudtrail_add_tags_request, resource_id, tags_list);
TAGS(cloudtrail_remove_tags_request, resource_id, tags_list); /* by pairs, whose values do not count */
TAGS(cloudwatch_tag_resource_input, resource_arn, tags);
KEYS(cloudwatch_untag_resource_input, resource_arn, tag_keys);
TAGS(dynamodb_tag_resource_input, resource_arn, tags);
KEYS(dynamodb_untag_resource_input, resource_arn, tag_keys);
TAGS(events_tag_resource_request, resource_arn, tags);
KEYS(events_untag_resource_request, resource_arn, tag_keys);
TAGS(iam_tag_instance_profile_request, instance_profile_name, tags);
KEYS(iam_untag_instance_profile_request, instance_profile_name, tag_keys);
TAGS(iam_tag_mfa_device_request, serial_number, tags);
KEYS(iam_untag_mfa_device_request, serial_number, tag_keys);
TAGS(iam_tag_open_id_connect_provider_request, open_id_connect_provider_arn, tags);
KEYS(iam_untag_open_id_connect_provider_request, open_id_connect_provider_arn, tag_keys);
TAGS(iam_tag_policy_request, policy_arn, tags);
KEYS(iam_untag_policy_request, policy_arn, tag_keys);
TAGS(iam_tag_role_request, role_name, tags);
KEYS(iam_untag_role_request, role_name, tag_keys);
TAGS(iam_tag_saml_provider_request, saml_provider_arn, tags);
KEYS(iam_untag_saml_provider_request, saml_provider_arn, tag_keys);
TAGS(iam_tag_server_certificate_request, server_certificate_name, tags);
KEYS(iam_untag_server_certificate_request, server_certificate_name, tag_keys);
TAGS(iam_tag_user_request, user_name, tags);
KEYS(iam_untag_user_request, user_name, tag_keys);
TAGS(kms_tag_resource_request, key_id, tags);
KEYS(kms_untag_resource_request, key_id, tag_keys);
TAGS(logs_tag_resource_request, resource_arn, tags);
KEYS(logs_untag_resource_request, resource_arn, tag_keys);
TAGS(organizations_tag_resource_request, resource_id, tags);
KEYS(organizations_untag_resource_request, resource_id, tag_keys);
TAGS(pipes_tag_resource_request, resource_arn, tags);
KEYS(pipes_untag_resource_request, resource_arn, tag_keys);
TAGS(scheduler_tag_resource_input, resource_arn, tags);
KEYS(scheduler_untag_resource_input, resource_arn, tag_keys);
TAGS(schemas_tag_resource_request, resource_arn, tags);
KEYS(schemas_untag_resource_request, resource_arn, tag_keys);
TAGS(sns_tag_resource_request, resource_arn, tags);
KEYS(sns_untag_resource_request, resource_arn, tag_keys);
TAGS(sqs_tag_queue_request, queue_url, tags);
KEYS(sqs_untag_queue_request, queue_url, tag_keys);

/* ---- the table ---- */

enum called { BY_ARN, BY_LAST_PART, BY_URL };

static const struct owner {
    const char *service, *prefix; /* of the ARN and of its resource */
    const struct service *owner;
    u16 tag, untag;
    u8 called; /* enum called */
    bool untag_by_pairs;
} owners[] = {
    {"application-autoscaling", "", &applicationautoscaling_service, APPLICATIONAUTOSCALING_OP_TAG_RESOURCE, APPLICATIONAUTOSCALING_OP_UNTAG_RESOURCE, BY_ARN, false},
    {"cloudtrail", "", &cloudtrail_service, CLOUDTRAIL_OP_ADD_TAGS, CLOUDTRAIL_OP_REMOVE_TAGS, BY_ARN, true},
    {"cloudwatch", "", &cloudwatch_service, CLOUDWATCH_OP_TAG_RESOURCE, CLOUDWATCH_OP_UNTAG_RESOURCE, BY_ARN, false},
    {"dynamodb", "", &dynamodb_service, DYNAMODB_OP_TAG_RESOURCE, DYNAMODB_OP_UNTAG_RESOURCE, BY_ARN, false},
    {"events", "", &events_service, EVENTS_OP_TAG_RESOURCE, EVENTS_OP_UNTAG_RESOURCE, BY_ARN, false},
    {"iam", "instance-profile/", &iam_service, IAM_OP_TAG_INSTANCE_PROFILE, IAM_OP_UNTAG_INSTANCE_PROFILE, BY_LAST_PART, false},
    {"iam", "mfa/", &iam_service, IAM_OP_TAG_MFA_DEVICE, IAM_OP_UNTAG_MFA_DEVICE, BY_ARN, false},
    {"iam", "oidc-provider/", &iam_service, IAM_OP_TAG_OPEN_ID_CONNECT_PROVIDER, IAM_OP_UNTAG_OPEN_ID_CONNECT_PROVIDER, BY_ARN, false},
    {"iam", "policy/", &iam_service, IAM_OP_TAG_POLICY, IAM_OP_UNTAG_POLICY, BY_ARN, false},
    {"iam", "role/", &iam_service, IAM_OP_TAG_ROLE, IAM_OP_UNTAG_ROLE, BY_LAST_PART, false},
    {"iam", "saml-provider/", &iam_service, IAM_OP_TAG_SAML_PROVIDER, IAM_OP_UNTAG_SAML_PROVIDER, BY_ARN, false},
    {"iam", "server-certificate/", &iam_service, IAM_OP_TAG_SERVER_CERTIFICATE, IAM_OP_UNTAG_SERVER_CERTIFICATE, BY_LAST_PART, false},
    {"iam", "user/", &iam_service, IAM_OP_TAG_USER, IAM_OP_UNTAG_USER, BY_LAST_PART, false},
    {"kms", "key/", &kms_service, KMS_OP_TAG_RESOURCE, KMS_OP_UNTAG_RESOURCE, BY_ARN, false},
    {"logs", "", &logs_service, LOGS_OP_TAG_RESOURCE, LOGS_OP_UNTAG_RESOURCE, BY_ARN, false},
    {"organizations", "", &organizations_service, ORGANIZATIONS_OP_TAG_RESOURCE, ORGANIZATIONS_OP_UNTAG_RESOURCE, BY_LAST_PART, false},
    {"pipes", "", &pipes_service, PIPES_OP_TAG_RESOURCE, PIPES_OP_UNTAG_RESOURCE, BY_ARN, false},
    {"scheduler", "", &scheduler_service, SCHEDULER_OP_TAG_RESOURCE, SCHEDULER_OP_UNTAG_RESOURCE, BY_ARN, false},
    {"schemas", "", &schemas_service, SCHEMAS_OP_TAG_RESOURCE, SCHEMAS_OP_UNTAG_RESOURCE, BY_ARN, false},
    {"sns", "", &sns_service, SNS_OP_TAG_RESOURCE, SNS_OP_UNTAG_RESOURCE, BY_ARN, false},
    {"sqs", "", &sqs_service, SQS_OP_TAG_QUEUE, SQS_OP_UNTAG_QUEUE, BY_URL, false},
};

static err forward(struct call *c, const struct service *service, u16 op, const void *in, void *out) {
    return call_service(c, &(struct call_other){.service = service, .op = op, .as = CALL_FORWARDED}, in, out);
}

static err owner_find(struct call *c, const struct tagged *resource, const struct owner **found) {
    for (size_t i = 0; i < LENGTH(owners); i++) {
        *found = &owners[i];
        if (str_eq(resource->arn.service, str_of(owners[i].service)) && str_starts(resource->arn.resource, str_of(owners[i].prefix))) return NULL;
    }
    return fail(c, &resourcegroupstaggingapi_invalid_parameter_exception, "The resource type of %.*s is not supported.", STR_ARGS(resource->text));
}

static str name_for(struct call *c, const struct owner *o, const struct tagged *resource) {
    const struct arn *arn = &resource->arn;
    if (o->called == BY_ARN) return resource->text;
    if (o->called == BY_LAST_PART) return str_skip(arn->resource, str_rfind_char(arn->resource, '/') + 1);
    return arena_format(c->arena, "%.*s/%.*s/%.*s", STR_ARGS(c->base_url), STR_ARGS(arn->account), STR_ARGS(arn->resource));
}

/* None of these operations answers anything. */
union answer {
    struct applicationautoscaling_tag_resource_response a;
    struct applicationautoscaling_untag_resource_response b;
    struct cloudtrail_add_tags_response c;
    struct cloudtrail_remove_tags_response d;
    struct cloudwatch_tag_resource_output e;
    struct cloudwatch_untag_resource_output f;
    struct events_tag_resource_response g;
    struct events_untag_resource_response h;
    struct pipes_tag_resource_response i;
    struct pipes_untag_resource_response j;
    struct scheduler_tag_resource_output k;
    struct scheduler_untag_resource_output l;
    struct sns_tag_resource_response m;
    struct sns_untag_resource_response n;
    struct s3control_tag_resource_result o;
    struct s3control_untag_resource_result p;
    struct wire_unit unit;
};

/* ---- S3: tags of a bucket are one document; other resources are S3 Control's, which asks for the account ---- */

static bool is_bucket(const struct tagged *resource) { return !resource->arn.region.n && str_find_char(resource->arn.resource, '/') == STR_NONE; }

_Static_assert(sizeof(struct s3_tag) == sizeof(struct record_pair) && sizeof(struct s3control_tag) == sizeof(struct record_pair), "a tag is a pair");

static err bucket_tags(struct call *c, str bucket, struct record_pairs *tags, u32 room_for) {
    struct s3_get_bucket_tagging_request in = {.bucket = bucket};
    struct s3_get_bucket_tagging_output out = {0};
    err e = forward(c, &s3_service, S3_OP_GET_BUCKET_TAGGING, &in, &out);
    if (e && !str_eq(str_of(e->code), S("NoSuchTagSet"))) return e;
    *tags = (struct record_pairs){.v = NEW_ARRAY(c->arena, struct record_pair, out.tag_set.n + room_for + 1), .set = true};
    for (u32 i = 0; i < out.tag_set.n && !e; i++) tags->v[tags->n++] = (struct record_pair){out.tag_set.v[i].key, out.tag_set.v[i].value};
    return NULL;
}

static err bucket_save(struct call *c, str bucket, const struct record_pairs *tags) {
    struct wire_unit out;
    if (!tags->n) return forward(c, &s3_service, S3_OP_DELETE_BUCKET_TAGGING, &(struct s3_delete_bucket_tagging_request){.bucket = bucket}, &out);
    struct s3_tagging tagging = {.tag_set = {.v = (struct s3_tag *)(void *)tags->v, .n = tags->n, .set = true}};
    return forward(c, &s3_service, S3_OP_PUT_BUCKET_TAGGING, &(struct s3_put_bucket_tagging_request){.bucket = bucket, .tagging = &tagging}, &out);
}

static void pairs_set(struct record_pairs *pairs, const struct record_pair *tag) {
    u32 i = 0;
    while (i < pairs->n && !str_eq(pairs->v[i].key, tag->key)) i++;
    pairs->v[i] = *tag;
    pairs->n = MAX(pairs->n, i + 1);
}

static void pairs_drop(struct record_pairs *pairs, str key) {
    u32 n = 0;
    for (u32 i = 0; i < pairs->n; i++)
        if (!str_eq(pairs->v[i].key, key)) pairs->v[n++] = pairs->v[i];
    pairs->n = n;
}

static err s3_tag(struct call *c, const struct tagged *resource, const struct record_pairs *tags) {
    if (!is_bucket(resource)) {
        struct s3control_tag_resource_request in = {.account_id = resource->arn.account, .resource_arn = resource->text,
                                                    .tags = {.v = (struct s3control_tag *)(void *)tags->v, .n = tags->n, .set = true}};
        return forward(c, &s3control_service, S3CONTROL_OP_TAG_RESOURCE, &in, &(union answer){0});
    }
    struct record_pairs all;
    TRY(bucket_tags(c, resource->arn.resource, &all, tags->n));
    for (u32 i = 0; i < tags->n; i++) pairs_set(&all, &tags->v[i]);
    return bucket_save(c, resource->arn.resource, &all);
}

static err s3_untag(struct call *c, const struct tagged *resource, str *keys, u32 n) {
    if (!is_bucket(resource)) {
        struct s3control_untag_resource_request in = {.account_id = resource->arn.account, .resource_arn = resource->text, .tag_keys = {.v = keys, .n = n, .set = true}};
        return forward(c, &s3control_service, S3CONTROL_OP_UNTAG_RESOURCE, &in, &(union answer){0});
    }
    struct record_pairs all;
    TRY(bucket_tags(c, resource->arn.resource, &all, 0));
    for (u32 i = 0; i < n; i++) pairs_drop(&all, keys[i]);
    return bucket_save(c, resource->arn.resource, &all);
}

/* ---- all ---- */

err tagged_tag(struct call *c, const struct tagged *resource, const struct record_pairs *tags) {
    const struct owner *o;
    if (str_eq(resource->arn.service, S("s3"))) return s3_tag(c, resource, tags);
    TRY(owner_find(c, resource, &o));
    struct tag_input in = {name_for(c, o, resource), *tags};
    return forward(c, o->owner, o->tag, &in, &(union answer){0});
}

err tagged_untag(struct call *c, const struct tagged *resource, str *keys, u32 n) {
    const struct owner *o;
    if (str_eq(resource->arn.service, S("s3"))) return s3_untag(c, resource, keys, n);
    TRY(owner_find(c, resource, &o));
    struct untag_input in = {name_for(c, o, resource), {keys, n, true}};
    if (!o->untag_by_pairs) return forward(c, o->owner, o->untag, &in, &(union answer){0});
    struct tag_input pairs = {in.name, {.v = NEW_ARRAY(c->arena, struct record_pair, n + 1), .n = n, .set = true}};
    for (u32 i = 0; i < n; i++) pairs.tags.v[i].key = keys[i];
    return forward(c, o->owner, o->untag, &pairs, &(union answer){0});
}
