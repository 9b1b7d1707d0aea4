/* What happened to an object, for those who listen: destinations by S3's records (notify.c), and EventBridge
 * by its own form. A bucket without notifications pays one look at a bit of its row. */
#include "services/s3/notify.h"

#include "text/json.h"

enum { DETAIL_MAX = 16 << 10 };

static void member(struct buf *b, const char *name, str value) {
    buf_format(b, ",\"%s\":", name);
    json_write_string(b, value);
}

static bool listened_to(struct call *c, const struct bucket_row *bucket, struct s3_notification_row *row) {
    return s3_config_get(c, bucket, S3_CONFIG_NOTIFICATION, &s3_notification_record, row);
}

/* ---- EventBridge's form: bucket, object and request; what an event has besides follows ---- */

static struct buf detail_of(struct call *c, const struct bucket_row *bucket, const struct s3_notice *n) {
    struct buf b = buf_new(c->arena, DETAIL_MAX);
    const struct principal *by = c->principal;
    buf_add(&b, S("{\"version\":\"0\",\"bucket\":{\"name\":"));
    json_write_string(&b, bucket->name);
    buf_add(&b, S("},\"object\":{\"key\":"));
    json_write_string(&b, n->key);
    if (n->sized) buf_format(&b, ",\"size\":%llu", (unsigned long long)n->object->size);
    if (n->tagged) member(&b, "etag", n->object->etag);
    if (n->object->version_id.p) member(&b, "version-id", n->object->version_id);
    if (n->sequenced) buf_format(&b, ",\"sequencer\":\"%018llX\"", (unsigned long long)n->object->sequence);
    buf_char(&b, '}');
    member(&b, "request-id", c->request_id);
    member(&b, "requester", by->kind == PRINCIPAL_SERVICE || !by->account.p ? by->arn : by->account);
    if (c->source_ip.n) member(&b, "source-ip-address", c->source_ip);
    return b;
}

/* On the bus of the bucket's account and region, whoever changed the object. */
static void emit(struct call *c, const struct bucket_row *bucket, const char *type, struct buf *detail) {
    str account = c->account, region = c->region;
    buf_char(detail, '}');
    c->account = bucket->account;
    c->region = bucket->region;
    emit_event(c, str_of(type), s3_bucket_arn(c, bucket->name), buf_str(detail));
    c->account = account;
    c->region = region;
}

/* ---- the events ---- */

static const char *created_by(struct call *c, str reason) {
    if (str_eq(reason, S("CopyObject"))) return "ObjectCreated:Copy";
    if (str_eq(reason, S("CompleteMultipartUpload"))) return "ObjectCreated:CompleteMultipartUpload";
    return c->by_form ? "ObjectCreated:Post" : "ObjectCreated:Put";
}

void s3_event_created(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object, str reason) {
    struct s3_notification_row row;
    if (!listened_to(c, bucket, &row)) return;
    struct s3_notice n = {.name = created_by(c, reason), .version = "2.1", .key = key, .object = object, .sized = true, .tagged = true, .sequenced = true};
    s3_notify(c, bucket, &row, &n);
    if (!row.event_bridge) return;
    struct buf b = detail_of(c, bucket, &n);
    member(&b, "reason", c->by_form ? S("POST Object") : reason);
    emit(c, bucket, "Object Created", &b);
}

void s3_event_deleted(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object, bool marker_made,
                      str reason) {
    static const char *const names[2][2] = {{"ObjectRemoved:Delete", "ObjectRemoved:DeleteMarkerCreated"},
                                            {"LifecycleExpiration:Delete", "LifecycleExpiration:DeleteMarkerCreated"}};
    struct s3_notification_row row;
    if (!listened_to(c, bucket, &row)) return;
    bool by_rule = str_eq(reason, S("Lifecycle Expiration"));
    struct object_row shown = *object;
    if (marker_made) shown.etag = S("d41d8cd98f00b204e9800998ecf8427e"); /* of no bytes */
    struct s3_notice n = {.name = names[by_rule][marker_made], .version = by_rule ? "2.3" : "2.1", .key = key, .object = &shown,
                          .tagged = marker_made, .sequenced = true};
    s3_notify(c, bucket, &row, &n);
    if (!row.event_bridge) return;
    struct buf b = detail_of(c, bucket, &n);
    member(&b, "reason", reason);
    member(&b, "deletion-type", marker_made ? S("Delete Marker Created") : S("Permanently Deleted"));
    emit(c, bucket, "Object Deleted", &b);
}

static str expiry_data(struct call *c, const struct object_row *object) {
    struct buf b = buf_new(c->arena, 1024);
    buf_add(&b, S(",\"glacierEventData\":{\"restoreEventData\":{\"lifecycleRestorationExpiryTime\":\""));
    buf_iso8601_ms(&b, object->restore_until_ms);
    buf_char(&b, '"');
    member(&b, "lifecycleRestoreStorageClass", object->storage_class);
    buf_add(&b, S("}}"));
    return buf_str(&b);
}

void s3_event_restore(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object, enum restore_event what) {
    static const char *const names[] = {"ObjectRestore:Post", "ObjectRestore:Completed", "ObjectRestore:Delete"};
    static const char *const types[] = {"Object Restore Initiated", "Object Restore Completed", "Object Restore Expired"};
    struct s3_notification_row row;
    if (!listened_to(c, bucket, &row)) return;
    bool completed = what == RESTORE_COMPLETED;
    struct s3_notice n = {.name = names[what], .version = "2.1", .key = key, .object = object, .sized = true, .tagged = true, .sequenced = true,
                          .more = completed ? expiry_data(c, object) : S("")};
    s3_notify(c, bucket, &row, &n);
    if (!row.event_bridge) return;
    n.sequenced = false;
    struct buf b = detail_of(c, bucket, &n), date = buf_new(c->arena, 64);
    if (completed) {
        buf_iso8601_ms(&date, object->restore_until_ms);
        member(&b, "restore-expiry-time", buf_str(&date));
    }
    member(&b, "source-storage-class", object->storage_class);
    emit(c, bucket, types[what], &b);
}

/* Of an object that S3 itself put elsewhere: where to, in each form. */
static void moved(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object, const char *name, str data, const char *type,
                  const char *where, str to) {
    struct s3_notification_row row;
    if (!listened_to(c, bucket, &row)) return;
    struct s3_notice n = {.name = name, .version = "2.3", .key = key, .object = object, .sized = true, .tagged = true, .sequenced = true, .more = data};
    s3_notify(c, bucket, &row, &n);
    if (!row.event_bridge) return;
    n.sequenced = false;
    struct buf b = detail_of(c, bucket, &n);
    member(&b, where, to);
    emit(c, bucket, type, &b);
}

void s3_event_class_changed(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object) {
    str data = arena_format(c->arena, ",\"lifecycleEventData\":{\"transitionEventData\":{\"destinationStorageClass\":\"%.*s\"}}",
                            STR_ARGS(object->storage_class));
    moved(c, bucket, key, object, "LifecycleTransition", data, "Object Storage Class Changed", "destination-storage-class", object->storage_class);
}

void s3_event_archived(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object, str tier) {
    str data = arena_format(c->arena, ",\"intelligentTieringEventData\":{\"destinationAccessTier\":\"%.*s\"}", STR_ARGS(tier));
    moved(c, bucket, key, object, "IntelligentTiering", data, "Object Access Tier Changed", "destination-access-tier", tier);
}

/* Of an object whose bytes stay what they are. */
static void changed_beside(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object, const char *name,
                           const char *type) {
    struct s3_notification_row row;
    if (!listened_to(c, bucket, &row)) return;
    struct s3_notice n = {.name = name, .version = "2.3", .key = key, .object = object, .tagged = true};
    s3_notify(c, bucket, &row, &n);
    if (!row.event_bridge) return;
    struct buf b = detail_of(c, bucket, &n);
    emit(c, bucket, type, &b);
}

void s3_event_tags(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object) {
    if (object->tags.n) changed_beside(c, bucket, key, object, "ObjectTagging:Put", "Object Tags Added");
    else changed_beside(c, bucket, key, object, "ObjectTagging:Delete", "Object Tags Deleted");
}

void s3_event_acl(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object) {
    changed_beside(c, bucket, key, object, "ObjectAcl:Put", "Object ACL Updated");
}

/* EventBridge has no form for these. */
void s3_event_replication(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object, const char *name, str data) {
    struct s3_notification_row row;
    if (!listened_to(c, bucket, &row)) return;
    struct s3_notice n = {.name = name, .version = "2.2", .key = key, .object = object, .sized = true, .tagged = true, .sequenced = true, .more = data};
    s3_notify(c, bucket, &row, &n);
}
