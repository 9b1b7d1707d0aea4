#include "services/s3/analytics.h"

#include "services/s3/versions.h"

static void ended(struct call *c, const struct call_ended *end, const void *what) {
    const struct observed *o = what;
    c->account = o->account; /* the owner's log and the owner's metrics */
    c->region = o->region;
    if (o->logged) s3_access_log_add(c, o, end);
    if (o->filter_count) s3_metrics_count(c, o, end);
    bool read = (u16)(c->op - c->service->wire->ops) == S3_OP_GET_OBJECT && (end->status == 200 || end->status == 206);
    if (o->analysed.n && read) s3_analytics_saw(c, o, end->sent);
}

void s3_observe(struct call *c, const struct bucket_row *bucket, str key, str version_id) {
    struct object_row object = {0};
    bool logged = s3_configured(bucket, S3_CONFIG_LOGGING);
    if (!logged && !s3_configured(bucket, S3_CONFIG_METRICS) && !s3_configured(bucket, S3_CONFIG_ANALYTICS)) return;
    struct observed *o = NEW(c->arena, struct observed);
    *o = (struct observed){.bucket = arena_str(c->arena, bucket->name), .account = arena_str(c->arena, bucket->account),
                           .region = arena_str(c->arena, bucket->region), .bucket_id = bucket->id, .key = key, .version_id = version_id,
                           .logged = logged};
    if (key.n) (void)(version_id.n ? s3_version_find(c, bucket, key, version_id, &object) : s3_object_find(c, bucket, key, &object));
    o->size = object.size;
    o->modified_ms = object.modified_ms;
    o->storage_class = arena_str(c->arena, object.storage_class);
    if (object.modified_ms) o->analysed = s3_analytics_ids(c, bucket, key, &object);
    o->filter_count = s3_metrics_filters(c, bucket, key, &object, &o->filters);
    call_watch(c, ended, o);
}
