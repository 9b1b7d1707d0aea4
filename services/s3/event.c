/* State changes for those who listen: EventBridge's form of S3's events. */
#include "services/s3/s3.h"

enum { DETAIL_MAX = 16 << 10 };

static void json_text(struct buf *b, str text) {
    buf_char(b, '"');
    for (size_t i = 0; i < text.n; i++) {
        u8 x = (u8)text.p[i];
        if (x == '"' || x == '\\') buf_char(b, '\\'), buf_char(b, (char)x);
        else if (x < 0x20) buf_format(b, "\\u%04x", x);
        else buf_char(b, (char)x);
    }
    buf_char(b, '"');
}

static void member(struct buf *b, const char *name, str value) {
    buf_format(b, ",\"%s\":", name);
    json_text(b, value);
}

static struct buf detail_begin(struct call *c, const struct bucket_row *bucket, str key) {
    struct buf b = buf_new(c->arena, DETAIL_MAX);
    buf_add(&b, S("{\"version\":\"0\",\"bucket\":{\"name\":"));
    json_text(&b, bucket->name);
    buf_add(&b, S("},\"object\":{\"key\":"));
    json_text(&b, key);
    return b;
}

static void detail_end(struct call *c, struct buf *b, const struct object_row *object, str reason) {
    if (object->version_id.p) member(b, "version-id", object->version_id);
    buf_format(b, ",\"sequencer\":\"%018llX\"}", (unsigned long long)object->sequence);
    member(b, "request-id", c->request_id);
    member(b, "requester", c->principal->account.p ? c->principal->account : c->account);
    member(b, "source-ip-address", c->source_ip);
    member(b, "reason", reason);
}

void s3_event_created(struct call *c, const struct bucket_row *bucket, str key,
                      const struct object_row *object, str reason) {
    struct buf b = detail_begin(c, bucket, key);
    buf_format(&b, ",\"size\":%llu", (unsigned long long)object->size);
    member(&b, "etag", object->etag);
    detail_end(c, &b, object, reason);
    buf_char(&b, '}');
    emit_event(c, S("Object Created"), s3_bucket_arn(c, bucket->name), buf_str(&b));
}

void s3_event_deleted(struct call *c, const struct bucket_row *bucket, str key,
                      const struct object_row *object, bool marker_made, str reason) {
    struct buf b = detail_begin(c, bucket, key);
    detail_end(c, &b, object, reason);
    member(&b, "deletion-type", marker_made ? S("Delete Marker Created") : S("Permanently Deleted"));
    buf_char(&b, '}');
    emit_event(c, S("Object Deleted"), s3_bucket_arn(c, bucket->name), buf_str(&b));
}

void s3_event_restore(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object, const char *type) {
    struct buf b = detail_begin(c, bucket, key), date = buf_new(c->arena, 64);
    buf_format(&b, ",\"size\":%llu", (unsigned long long)object->size);
    member(&b, "etag", object->etag);
    if (object->version_id.p) member(&b, "version-id", object->version_id);
    buf_char(&b, '}');
    member(&b, "request-id", c->request_id);
    member(&b, "requester", c->principal->kind == PRINCIPAL_SERVICE ? c->principal->arn : c->principal->account);
    if (c->source_ip.n) member(&b, "source-ip-address", c->source_ip);
    if (str_eq(str_of(type), S("Object Restore Completed"))) {
        buf_iso8601_ms(&date, object->restore_until_ms);
        member(&b, "restore-expiry-time", buf_str(&date));
    }
    member(&b, "source-storage-class", object->storage_class);
    buf_char(&b, '}');
    emit_event(c, str_of(type), s3_bucket_arn(c, bucket->name), buf_str(&b));
}

void s3_event_class_changed(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object) {
    struct buf b = detail_begin(c, bucket, key);
    buf_format(&b, ",\"size\":%llu", (unsigned long long)object->size);
    member(&b, "etag", object->etag);
    if (object->version_id.p) member(&b, "version-id", object->version_id);
    buf_char(&b, '}');
    member(&b, "request-id", c->request_id);
    member(&b, "requester", c->principal->arn);
    member(&b, "destination-storage-class", object->storage_class);
    buf_char(&b, '}');
    emit_event(c, S("Object Storage Class Changed"), s3_bucket_arn(c, bucket->name), buf_str(&b));
}
