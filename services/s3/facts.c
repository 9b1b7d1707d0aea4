/* What the gate must know of a bucket or object before it decides, for each operation: may.c says whose it is and who
 * is let in; here is what the operation asks of it. */
#include "services/s3/access_point.h"
#include "services/s3/acl.h"
#include "services/s3/may.h"
#include "services/s3/observe.h"
#include "services/s3/versions.h"

/* The common case: the root of the account in a bucket without a policy needs no look at the object. */
static bool nothing_to_ask(struct call *c, const struct bucket_row *bucket) {
    return c->principal->kind == PRINCIPAL_ROOT && s3_acls_off(bucket) && s3_caller_is_of(c, bucket->account)
           && !s3_configured(bucket, S3_CONFIG_POLICY);
}

static err payer_check(struct call *c, const struct bucket_row *bucket, str payer) {
    if (!bucket->requester_pays || s3_caller_is_of(c, bucket->account)) return NULL;
    if (str_eq(payer, S("requester")) && c->principal->kind != PRINCIPAL_ANONYMOUS) return NULL;
    return fail(c, &cloud_access_denied, "Access Denied");
}

static err bucket_facts(struct call *c, struct bucket_row *bucket, str name, str key, str version_id, struct s3_asked asked, str payer, struct auth_facts *facts) {
    struct object_row object;
    struct s3_acl_row acl;
    if (!s3_bucket_find(c, name, bucket)) return s3_fail_no_bucket(c, name); /* whoever asks */
    s3_facts(c, bucket, facts);
    s3_observe(c, bucket, key, version_id);
    if (nothing_to_ask(c, bucket)) return NULL;
    TRY(payer_check(c, bucket, payer));
    if (asked.permission && !asked.of_object && !s3_acls_off(bucket)
        && s3_config_get(c, bucket, S3_CONFIG_ACL, &s3_acl_record, &acl))
        s3_acl_facts(c, bucket, &acl.grants, asked.permission, facts);
    bool there = key.p && (version_id.p ? s3_version_find(c, bucket, key, version_id, &object) : s3_version_current(c, bucket, key, &object) && !object.delete_marker);
    if (there) s3_object_facts(c, bucket, &object, asked, facts);
    /* What is absent has no list: who may list the bucket hears that it is absent. */
    bool absent = key.p && !there && asked.of_object && !s3_acls_off(bucket);
    if (absent && s3_may_miss(c, bucket, key)) facts->granted = true;
    return NULL;
}

/* Through an access point its own rules decide first, and it leads to objects, not to a bucket's configuration. */
static err facts_of(struct call *c, str name, str key, str version_id, struct s3_asked asked, str payer, struct auth_facts *facts) {
    struct bucket_row bucket;
    struct access_point_row point;
    TRY(bucket_facts(c, &bucket, name, key, version_id, asked, payer, facts));
    if (str_eq(bucket.name, name) || !s3_access_point_find(c, name, &point)) return NULL;
    bool configures = !key.p && c->op->flags & WIRE_OP_WRITES && (u16)(c->op - c->service->wire->ops) != S3_OP_DELETE_OBJECTS;
    if (configures) return fail(c, &s3_method_not_allowed, "The specified method is not allowed against this resource.");
    return s3_access_point_facts(c, &point, &bucket, key, facts);
}

/* The root of the bucket's account may always look at its policy and change it: a denial of everybody would
 * else lock everybody out for ever. */
static err policy_facts(struct call *c, str name, struct auth_facts *facts) {
    TRY(facts_of(c, name, (str){0}, (str){0}, (struct s3_asked){0}, S("requester"), facts));
    if (c->principal->kind == PRINCIPAL_ROOT && s3_caller_is_of(c, facts->resource_account)) facts->resource_policy = (str){0};
    return NULL;
}

/* s3:RequestObjectTag/...: the tags that a new object shall have. */
static void add_request_tags(struct call *c, str header, struct auth_facts *facts) {
    struct record_pairs tags = {0}, details = c->error_details;
    if (!header.n) return;
    if (s3_tags_parse(c, header, &tags)) { /* what is no list of tags is refused later, and tells then why */
        c->error_details = details;
        return;
    }
    struct auth_fact *all = NEW_ARRAY(c->arena, struct auth_fact, facts->n + tags.n);
    if (facts->n) memcpy(all, facts->v, facts->n * sizeof *all);
    for (u32 i = 0; i < tags.n; i++)
        all[facts->n++] = (struct auth_fact){arena_concat(c->arena, S("s3:RequestObjectTag/"), tags.v[i].key), tags.v[i].value};
    facts->v = all;
}

static void add_fact(struct call *c, struct auth_facts *facts, const char *key, str value) {
    struct auth_fact *all = NEW_ARRAY(c->arena, struct auth_fact, facts->n + 1);
    if (facts->n) memcpy(all, facts->v, facts->n * sizeof *all);
    all[facts->n++] = (struct auth_fact){str_of(key), value};
    facts->v = all;
}

/* What CreateMultipartUpload and UploadPart do makes no object yet. */
static void add_creation(struct call *c, struct auth_facts *facts, bool creates) {
    add_fact(c, facts, "s3:ObjectCreationOperation", creates ? S("true") : S("false"));
}

/* DIFFERS: days that have begun count; how AWS rounds is not told. */
static void add_retention(struct call *c, struct opt_time until, struct auth_facts *facts) {
    const i64 day_ms = 86400000;
    if (!until.set) return;
    i64 left = MAX(until.ms - c->now_ms, 0);
    add_fact(c, facts, "s3:object-lock-remaining-retention-days", arena_format(c->arena, "%lld", (long long)((left + day_ms - 1) / day_ms)));
}

#define FACTS(operation, key, version_id, permission, of_object, payer)                                                    \
    err s3_##operation##_facts(struct call *c, const struct s3_##operation##_request *in, struct auth_facts *facts) { \
        return facts_of(c, in->bucket, key, version_id, (struct s3_asked){permission, of_object}, payer, facts);              \
    }
#define POLICY(operation)                                                                                                  \
    err s3_##operation##_facts(struct call *c, const struct s3_##operation##_request *in, struct auth_facts *facts) { \
        return policy_facts(c, in->bucket, facts);                                                                        \
    }
#define NEW_OBJECT(operation, creates)                                                                                     \
    err s3_##operation##_facts(struct call *c, const struct s3_##operation##_request *in, struct auth_facts *facts) { \
        TRY(facts_of(c, in->bucket, in->key, NONE, (struct s3_asked){"WRITE", false}, in->request_payer, facts));            \
        add_request_tags(c, in->tagging, facts);                                                                           \
        add_creation(c, facts, creates);                                                                                   \
        add_retention(c, in->object_lock_retain_until_date, facts);                                                        \
        return NULL;                                                                                                       \
    }
#define UPLOAD(operation, creates)                                                                                         \
    err s3_##operation##_facts(struct call *c, const struct s3_##operation##_request *in, struct auth_facts *facts) { \
        TRY(facts_of(c, in->bucket, in->key, NONE, (struct s3_asked){"WRITE", false}, in->request_payer, facts));         \
        add_creation(c, facts, creates);                                                                                   \
        return NULL;                                                                                                       \
    }
#define NONE ((str){0})
#define BUCKET(operation) FACTS(operation, NONE, NONE, NULL, false, S("requester"))
#define BUCKET_LIST(operation, permission) FACTS(operation, NONE, NONE, permission, false, S("requester"))
#define BUCKET_PAID(operation, permission) FACTS(operation, NONE, NONE, permission, false, in->request_payer)
#define OBJECT(operation, permission, of_object) FACTS(operation, in->key, NONE, permission, of_object, in->request_payer)
#define VERSION(operation, permission, of_object) FACTS(operation, in->key, in->version_id, permission, of_object, in->request_payer)

BUCKET(delete_bucket)
BUCKET(delete_bucket_analytics_configuration)
BUCKET(get_bucket_analytics_configuration)
BUCKET(list_bucket_analytics_configurations)
BUCKET(put_bucket_analytics_configuration)
BUCKET(delete_bucket_cors)
BUCKET(delete_bucket_encryption)
BUCKET(delete_bucket_ownership_controls)
POLICY(delete_bucket_policy)
BUCKET(delete_bucket_tagging)
BUCKET(delete_bucket_website)
BUCKET(delete_public_access_block)
BUCKET(get_object_lock_configuration)
BUCKET(put_object_lock_configuration)
BUCKET(get_bucket_accelerate_configuration)
BUCKET(get_bucket_cors)
BUCKET(get_bucket_encryption)
BUCKET(get_bucket_lifecycle_configuration)
BUCKET(put_bucket_lifecycle_configuration)
BUCKET(delete_bucket_lifecycle)
BUCKET(delete_bucket_intelligent_tiering_configuration)
BUCKET(get_bucket_intelligent_tiering_configuration)
BUCKET(list_bucket_intelligent_tiering_configurations)
BUCKET(put_bucket_intelligent_tiering_configuration)
BUCKET(get_bucket_location)
BUCKET(get_bucket_notification_configuration)
BUCKET(get_bucket_replication)
BUCKET(delete_bucket_inventory_configuration)
BUCKET(get_bucket_inventory_configuration)
BUCKET(list_bucket_inventory_configurations)
BUCKET(delete_bucket_metrics_configuration)
BUCKET(get_bucket_metrics_configuration)
BUCKET(list_bucket_metrics_configurations)
BUCKET(put_bucket_metrics_configuration)
BUCKET(put_bucket_replication)
BUCKET(delete_bucket_replication)
BUCKET(get_bucket_logging)
BUCKET(get_bucket_ownership_controls)
POLICY(get_bucket_policy)
BUCKET(get_bucket_policy_status)
BUCKET(get_bucket_request_payment)
BUCKET(get_bucket_tagging)
BUCKET(get_bucket_versioning)
BUCKET(get_bucket_website)
BUCKET(get_public_access_block)
BUCKET(put_bucket_accelerate_configuration)
BUCKET(put_bucket_cors)
BUCKET(put_bucket_encryption)
BUCKET(put_bucket_logging)
BUCKET(put_bucket_notification_configuration)
BUCKET(put_bucket_ownership_controls)
POLICY(put_bucket_policy)
BUCKET(put_bucket_request_payment)
BUCKET(put_bucket_tagging)
BUCKET(put_bucket_versioning)
BUCKET(put_bucket_website)
BUCKET(put_public_access_block)

/* Lists of rights: READ of a bucket lists it, WRITE makes, replaces and deletes its objects. */
BUCKET_LIST(get_bucket_acl, "READ_ACP")
BUCKET_LIST(head_bucket, "READ")
BUCKET_LIST(put_bucket_acl, "WRITE_ACP")
BUCKET_PAID(delete_objects, "WRITE")
BUCKET_PAID(list_multipart_uploads, "READ")
BUCKET_PAID(list_object_versions, "READ")
BUCKET_PAID(list_objects, "READ")
BUCKET_PAID(list_objects_v2, "READ")

OBJECT(abort_multipart_upload, "WRITE", false)
UPLOAD(complete_multipart_upload, true)
NEW_OBJECT(copy_object, true)
NEW_OBJECT(create_multipart_upload, false)
OBJECT(list_parts, "WRITE", false)
NEW_OBJECT(put_object, true)
UPLOAD(upload_part, false)
UPLOAD(upload_part_copy, false)

VERSION(delete_object, "WRITE", false)
FACTS(delete_object_tagging, in->key, in->version_id, NULL, false, S("requester"))
VERSION(get_object, "READ", true)
VERSION(get_object_acl, "READ_ACP", true)
VERSION(get_object_attributes, "READ", true)
VERSION(get_object_tagging, NULL, false)
OBJECT(get_object_torrent, NULL, false)
VERSION(head_object, "READ", true)
VERSION(get_object_legal_hold, NULL, false)
VERSION(get_object_retention, NULL, false)
VERSION(put_object_legal_hold, NULL, false)
VERSION(put_object_acl, "WRITE_ACP", true)
VERSION(restore_object, NULL, false)
FACTS(select_object_content, in->key, NONE, "READ", true, S("requester"))
VERSION(put_object_tagging, NULL, false)
VERSION(update_object_encryption, NULL, false)

err s3_put_object_retention_facts(struct call *c, const struct s3_put_object_retention_request *in, struct auth_facts *facts) {
    TRY(facts_of(c, in->bucket, in->key, in->version_id, (struct s3_asked){0}, in->request_payer, facts));
    if (in->retention) add_retention(c, in->retention->retain_until_date, facts);
    return NULL;
}

err s3_put_bucket_inventory_configuration_facts(struct call *c, const struct s3_put_bucket_inventory_configuration_request *in, struct auth_facts *facts) {
    TRY(facts_of(c, in->bucket, NONE, NONE, (struct s3_asked){0}, S("requester"), facts));
    const struct s3_inventory_configuration *wanted = in->inventory_configuration;
    for (u32 i = 0; wanted && i < wanted->optional_fields.n; i++) add_fact(c, facts, "s3:InventoryAccessibleOptionalFields", wanted->optional_fields.v[i]);
    return NULL;
}
