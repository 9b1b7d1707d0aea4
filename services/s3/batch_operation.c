/* What a batch job does to one object: a call of S3's own operation, in the job's role. */
#include "services/s3/batch.h"
#include "services/s3/replication.h"
#include "services/s3/versions.h"

static err invalid(struct call *c, const char *message) { return fail(c, &s3control_invalid_request, "%s", message); }

str batch_operation_name(const struct s3control_job_operation *o) {
    return o->s3_put_object_copy           ? S("S3PutObjectCopy")
           : o->s3_put_object_acl          ? S("S3PutObjectAcl")
           : o->s3_put_object_tagging      ? S("S3PutObjectTagging")
           : o->s3_delete_object_tagging   ? S("S3DeleteObjectTagging")
           : o->s3_initiate_restore_object ? S("S3InitiateRestoreObject")
           : o->s3_put_object_legal_hold   ? S("S3PutObjectLegalHold")
           : o->s3_put_object_retention    ? S("S3PutObjectRetention")
           : o->s3_replicate_object        ? S("S3ReplicateObject")
           : o->s3_compute_object_checksum ? S("S3ComputeObjectChecksum")
           : o->s3_update_object_encryption ? S("S3UpdateObjectEncryption")
                                           : (str){0};
}

static str bucket_of(str arn_text) {
    struct arn arn;
    return arn_parse(arn_text, &arn) && str_eq(arn.service, S("s3")) && !arn.region.n && !arn.account.n ? arn.resource : (str){0};
}

static err copy_check(struct call *c, const struct s3control_s3_copy_object_operation *o) {
    if (!s3_bucket_name_valid(bucket_of(o->target_resource))) return invalid(c, "Invalid target resource");
    if (o->access_control_grants.n || o->annotation_directive.p || o->object_lock_event_hold.p || o->object_lock_event_hold_duration)
        return fail(c, &cloud_not_implemented, "AccessControlGrants, AnnotationDirective and event holds of S3PutObjectCopy are not implemented.");
    return NULL;
}

static err encryption_check(struct call *c, const struct s3control_s3_update_object_encryption_operation *o) {
    struct arn arn;
    if (!o->object_encryption || !o->object_encryption->ssekms) return invalid(c, "ObjectEncryption must be specified");
    bool key = arn_parse(o->object_encryption->ssekms->kms_key_arn, &arn) && str_eq(arn.service, S("kms")) && str_starts(arn.resource, S("key/"));
    return key ? NULL : invalid(c, "Invalid KMS key ARN");
}

static err retention_check(struct call *c, const struct s3control_s3_set_object_retention_operation *o) {
    bool held = o->retention->event_hold.p || o->retention->event_hold_duration;
    return held ? fail(c, &cloud_not_implemented, "Event holds are not implemented.") : NULL;
}

err batch_operation_check(struct call *c, const struct s3control_job_operation *o) {
    int named = (o->lambda_invoke != NULL) + (o->s3_put_object_copy != NULL) + (o->s3_put_object_acl != NULL) + (o->s3_put_object_tagging != NULL)
                + (o->s3_delete_object_tagging != NULL) + (o->s3_initiate_restore_object != NULL) + (o->s3_put_object_legal_hold != NULL)
                + (o->s3_put_object_retention != NULL) + (o->s3_replicate_object != NULL) + (o->s3_compute_object_checksum != NULL)
                + (o->s3_update_object_encryption != NULL);
    if (named != 1) return invalid(c, "Exactly one operation must be specified");
    if (o->lambda_invoke) return fail(c, &cloud_not_implemented, "LambdaInvoke is not implemented.");
    if (o->s3_compute_object_checksum) return batch_checksum_check(c, o->s3_compute_object_checksum);
    if (o->s3_update_object_encryption) return encryption_check(c, o->s3_update_object_encryption);
    if (o->s3_put_object_copy) return copy_check(c, o->s3_put_object_copy);
    if (o->s3_put_object_acl && !o->s3_put_object_acl->access_control_policy) return invalid(c, "AccessControlPolicy must be specified");
    if (o->s3_put_object_retention) return retention_check(c, o->s3_put_object_retention);
    return NULL;
}

/* ---- S3PutObjectCopy ---- */

static str tagging_header(struct call *c, const struct s3control_s3_tag_set *tags) {
    struct buf b = buf_new(c->arena, 8 << 10);
    for (u32 i = 0; i < tags->n; i++) {
        if (i) buf_char(&b, '&');
        buf_add(&b, percent_encode(c->arena, tags->v[i].key, false));
        buf_char(&b, '=');
        buf_add(&b, percent_encode(c->arena, tags->v[i].value, false));
    }
    return buf_str(&b);
}

static void copy_metadata(struct call *c, const struct s3control_s3_object_metadata *m, struct s3_copy_object_request *in) {
    in->metadata_directive = S("REPLACE");
    in->cache_control = m->cache_control;
    in->content_disposition = m->content_disposition;
    in->content_encoding = m->content_encoding;
    in->content_language = m->content_language;
    in->content_type = m->content_type;
    in->metadata.v = NEW_ARRAY(c->arena, __typeof__(*in->metadata.v), m->user_metadata.n + 1);
    for (u32 i = 0; i < m->user_metadata.n; i++) {
        in->metadata.v[i].key = m->user_metadata.v[i].key;
        in->metadata.v[i].value = m->user_metadata.v[i].value;
    }
    in->metadata.n = m->user_metadata.n;
    in->metadata.set = true;
    if (m->http_expires_date.set) {
        struct buf b = buf_new(c->arena, 40);
        buf_iso8601(&b, m->http_expires_date.ms);
        in->expires = buf_str(&b);
    }
    if (m->sse_algorithm.p) in->server_side_encryption = str_eq(m->sse_algorithm, S("KMS")) ? S("aws:kms") : m->sse_algorithm;
}

static struct s3_copy_object_request copy_of(struct call *c, const struct s3control_s3_copy_object_operation *o, const struct batch_item *item) {
    str source = arena_format(c->arena, "%.*s/%.*s", STR_ARGS(item->bucket), STR_ARGS(percent_encode(c->arena, item->key, true)));
    if (item->version_id.p) source = arena_format(c->arena, "%.*s?versionId=%.*s", STR_ARGS(source), STR_ARGS(item->version_id));
    struct s3_copy_object_request in = {
        .bucket = bucket_of(o->target_resource), .key = item->key, .copy_source = source, .acl = o->canned_access_control_list,
        .metadata_directive = o->metadata_directive, .storage_class = o->storage_class, .website_redirect_location = o->redirect_location,
        .copy_source_if_modified_since = o->modified_since_constraint, .copy_source_if_unmodified_since = o->un_modified_since_constraint,
        .object_lock_legal_hold_status = o->object_lock_legal_hold_status, .object_lock_mode = o->object_lock_mode,
        .object_lock_retain_until_date = o->object_lock_retain_until_date, .bucket_key_enabled = o->bucket_key_enabled,
        .checksum_algorithm = o->checksum_algorithm};
    if (o->target_key_prefix.n) in.key = arena_format(c->arena, "%.*s/%.*s", STR_ARGS(o->target_key_prefix), STR_ARGS(item->key));
    if (o->new_object_metadata) copy_metadata(c, o->new_object_metadata, &in);
    if (o->sse_aws_kms_key_id.n) {
        in.server_side_encryption = S("aws:kms");
        in.ssekms_key_id = o->sse_aws_kms_key_id;
    }
    if (o->new_object_tagging.n) {
        in.tagging_directive = S("REPLACE");
        in.tagging = tagging_header(c, &o->new_object_tagging);
    }
    return in;
}

/* ---- S3UpdateObjectEncryption ---- */

static struct s3_update_object_encryption_request encryption_of(struct call *c, const struct s3control_s3_update_object_encryption_operation *o,
                                                                const struct batch_item *item) {
    const struct s3control_s3_update_object_encryption_ssekms *wanted = o->object_encryption->ssekms;
    struct s3_object_encryption *to = NEW(c->arena, struct s3_object_encryption);
    to->ssekms = NEW(c->arena, struct s3_ssekms_encryption);
    to->ssekms->kms_key_arn = wanted->kms_key_arn;
    to->ssekms->bucket_key_enabled = wanted->bucket_key_enabled;
    return (struct s3_update_object_encryption_request){.bucket = item->bucket, .key = item->key, .version_id = item->version_id, .object_encryption = to};
}

/* ---- what a worker does before ---- */

void batch_operation_prepare(struct call *c, struct store *store, const struct batch_job *job, struct batch_item *item) {
    const struct s3control_job_operation *o = job->operation;
    if (!o->s3_put_object_copy && !o->s3_update_object_encryption && !o->s3_compute_object_checksum) return;
    struct call_plan plan = {0};
    struct call *as = NEW(c->arena, struct call);
    err e = batch_in_role(c, job, as);
    if (!e && o->s3_put_object_copy) {
        struct s3_copy_object_request in = copy_of(c, o->s3_put_object_copy, item);
        e = s3_copy_object_prepare(as, &in, &plan);
    } else if (!e && o->s3_update_object_encryption) {
        struct s3_update_object_encryption_request in = encryption_of(c, o->s3_update_object_encryption, item);
        e = s3_update_object_encryption_prepare(as, &in, &plan);
    } else if (!e) {
        as->notes = c->notes; /* what KMS was asked is on record */
        e = batch_checksum(as, store, o->s3_compute_object_checksum, item);
        c->notes = as->notes;
    }
    if (!e && plan.source && !(item->body = stream_of_plan(store, c->arena, &plan))) e = &store_unavailable;
    item->refused = e;
    item->message = as->error_message;
    item->note = plan.note;
    item->bytes += plan.source_length;
}

/* ---- the others ---- */

static struct s3_access_control_policy *rights_of(struct call *c, const struct s3control_s3_access_control_list *list) {
    struct s3_access_control_policy *p = NEW(c->arena, struct s3_access_control_policy);
    p->owner = NEW(c->arena, struct s3_owner);
    if (list->owner) p->owner->id = list->owner->id;
    p->grants = (struct s3_grants){.v = NEW_ARRAY(c->arena, struct s3_grant, list->grants.n + 1), .n = list->grants.n, .set = true};
    for (u32 i = 0; i < list->grants.n; i++) {
        const struct s3control_s3_grantee *g = list->grants.v[i].grantee;
        struct s3_grantee *to = NEW(c->arena, struct s3_grantee);
        str kind = g ? g->type_identifier : S("");
        bool group = str_eq(kind, S("uri")), mail = str_eq(kind, S("emailAddress"));
        to->type = group ? S("Group") : mail ? S("AmazonCustomerByEmail") : S("CanonicalUser");
        if (g) *(group ? &to->uri : mail ? &to->email_address : &to->id) = g->identifier;
        p->grants.v[i] = (struct s3_grant){.grantee = to, .permission = list->grants.v[i].permission};
    }
    return p;
}

static err acl(struct call *c, const struct batch_job *job, const struct batch_item *item) {
    const struct s3control_s3_access_control_policy *p = job->operation->s3_put_object_acl->access_control_policy;
    struct s3_put_object_acl_request in = {.bucket = item->bucket, .key = item->key, .version_id = item->version_id, .acl = p->canned_access_control_list};
    struct s3_put_object_acl_output out;
    if (p->access_control_list) in.access_control_policy = rights_of(c, p->access_control_list);
    return batch_call(c, job, S3_OP_PUT_OBJECT_ACL, NULL, &in, &out);
}

static err tag(struct call *c, const struct batch_job *job, const struct batch_item *item) {
    const struct s3control_s3_tag_set *tags = &job->operation->s3_put_object_tagging->tag_set;
    struct s3_tagging tagging = {.tag_set = {.v = NEW_ARRAY(c->arena, struct s3_tag, tags->n + 1), .n = tags->n, .set = true}};
    for (u32 i = 0; i < tags->n; i++) tagging.tag_set.v[i] = (struct s3_tag){.key = tags->v[i].key, .value = tags->v[i].value};
    struct s3_put_object_tagging_request in = {.bucket = item->bucket, .key = item->key, .version_id = item->version_id, .tagging = &tagging};
    struct s3_put_object_tagging_output out;
    return batch_call(c, job, S3_OP_PUT_OBJECT_TAGGING, NULL, &in, &out);
}

static err restore(struct call *c, const struct batch_job *job, const struct batch_item *item) {
    const struct s3control_s3_initiate_restore_object_operation *o = job->operation->s3_initiate_restore_object;
    struct s3_glacier_job_parameters tier = {.tier = str_eq(o->glacier_job_tier, S("BULK")) ? S("Bulk") : S("Standard")};
    struct s3_restore_request request = {.days = o->expiration_in_days, .glacier_job_parameters = o->glacier_job_tier.p ? &tier : NULL};
    struct s3_restore_object_request in = {.bucket = item->bucket, .key = item->key, .version_id = item->version_id, .restore_request = &request};
    struct s3_restore_object_output out;
    return batch_call(c, job, S3_OP_RESTORE_OBJECT, NULL, &in, &out);
}

static err hold(struct call *c, const struct batch_job *job, const struct batch_item *item) {
    struct s3_object_lock_legal_hold status = {.status = job->operation->s3_put_object_legal_hold->legal_hold->status};
    struct s3_put_object_legal_hold_request in = {.bucket = item->bucket, .key = item->key, .version_id = item->version_id, .legal_hold = &status};
    struct s3_put_object_legal_hold_output out;
    return batch_call(c, job, S3_OP_PUT_OBJECT_LEGAL_HOLD, NULL, &in, &out);
}

static err retain(struct call *c, const struct batch_job *job, const struct batch_item *item) {
    const struct s3control_s3_set_object_retention_operation *o = job->operation->s3_put_object_retention;
    struct s3_object_lock_retention retention = {.mode = o->retention->mode, .retain_until_date = o->retention->retain_until_date};
    struct s3_put_object_retention_request in = {.bucket = item->bucket, .key = item->key, .version_id = item->version_id, .retention = &retention,
                                                 .bypass_governance_retention = o->bypass_governance_retention};
    struct s3_put_object_retention_output out;
    return batch_call(c, job, S3_OP_PUT_OBJECT_RETENTION, NULL, &in, &out);
}

/* Begins it: batch_replicated() tells what became of it. */
static err replicate(struct call *c, const struct batch_job *job, struct batch_item *item) {
    struct call *as = NEW(c->arena, struct call);
    struct bucket_row bucket;
    struct object_row object;
    err e = batch_in_role(c, job, as);
    if (!e) e = s3_bucket_open(as, item->bucket, (str){0}, &bucket);
    str arn = s3_object_arn(c, item->bucket, item->key);
    if (!e && !s3_may(as, &bucket, S("s3:InitiateReplication"), arn)) e = deny(as, S("s3:InitiateReplication"), arn);
    if (!e) e = s3_object_open(as, &bucket, item->key, item->version_id, &object);
    if (!e && !s3_replication_begin(as, &bucket, item->key, &object, REPLICATE_EXISTING))
        e = fail(as, &s3_invalid_request, "The object is not eligible for replication.");
    c->error_message = as->error_message;
    item->sequence = e ? 0 : object.sequence;
    return e;
}

bool batch_replicated(struct call *c, const struct batch_job *job, const struct batch_wait *wait, err *outcome) {
    struct bucket_row bucket;
    struct object_row object;
    *outcome = NULL;
    bool there = s3_bucket_find(c, job->bucket, &bucket) && s3_version_of_sequence(c, &bucket, wait->key, wait->sequence, &object);
    if (!there) *outcome = fail(c, &s3_no_such_key, "The object was deleted before it was replicated.");
    else if (object.replication == S3_REPLICATION_PENDING) return false;
    else if (object.replication != S3_REPLICATION_COMPLETED) *outcome = fail(c, &s3_invalid_request, "Replication of the object failed.");
    return true;
}

err batch_operation_do(struct call *c, const struct batch_job *job, struct batch_item *item) {
    const struct s3control_job_operation *o = job->operation;
    if (item->refused) {
        c->error_message = item->message;
        return item->refused;
    }
    if (o->s3_compute_object_checksum) return NULL; /* the worker has done it */
    if (o->s3_put_object_acl) return acl(c, job, item);
    if (o->s3_put_object_tagging) return tag(c, job, item);
    if (o->s3_initiate_restore_object) return restore(c, job, item);
    if (o->s3_put_object_legal_hold) return hold(c, job, item);
    if (o->s3_put_object_retention) return retain(c, job, item);
    if (o->s3_replicate_object) return replicate(c, job, item);
    if (o->s3_delete_object_tagging) {
        struct s3_delete_object_tagging_request in = {.bucket = item->bucket, .key = item->key, .version_id = item->version_id};
        struct s3_delete_object_tagging_output out;
        return batch_call(c, job, S3_OP_DELETE_OBJECT_TAGGING, NULL, &in, &out);
    }
    if (o->s3_update_object_encryption) {
        struct s3_update_object_encryption_request in = encryption_of(c, o->s3_update_object_encryption, item);
        struct s3_update_object_encryption_response out;
        return batch_call(c, job, S3_OP_UPDATE_OBJECT_ENCRYPTION, item, &in, &out);
    }
    struct s3_copy_object_request in = copy_of(c, o->s3_put_object_copy, item);
    struct s3_copy_object_output out;
    return batch_call(c, job, S3_OP_COPY_OBJECT, item, &in, &out);
}
