/* The making of an inventory list: at midnight (UTC) of the cloud's clock, on Sundays if weekly, a worker reads the
 * bucket in slices; each becomes a file in the destination, and the manifest comes last. */
#include "services/s3/inventory.h"
#include "services/s3/lifecycle.h"
#include "services/s3/storage.h"
#include "text/json.h"

enum { SLICE = 50000, ROW_MAX = 8 << 10, SLICE_BYTES = 8 << 20, DAYS_OF_WEEK = 7 };

static const struct record_field file_fields[] = {RECORD_STR(1, struct inventory_file, key), RECORD_STR(2, struct inventory_file, md5),
                                                  RECORD_U64(3, struct inventory_file, size)};
static const struct record_type file_record = RECORD_TYPE(struct inventory_file, file_fields);
static const struct record_field run_fields[] = {
    RECORD_STR(1, struct inventory_run, account), RECORD_STR(2, struct inventory_run, bucket), RECORD_STR(3, struct inventory_run, id),
    RECORD_U64(4, struct inventory_run, bucket_id), RECORD_I64(5, struct inventory_run, begun_ms), RECORD_STR(6, struct inventory_run, after),
    RECORD_LIST(7, struct inventory_run, files, file_record),
};
static const struct record_type run_record = RECORD_TYPE(struct inventory_run, run_fields);

/* ---- when ---- */

static str task_key(struct arena *a, u64 bucket_id, str id) { return arena_format(a, "%llx/%.*s", (unsigned long long)bucket_id, STR_ARGS(id)); }

static void schedule(struct call *c, const struct inventory_run *run, i64 due_ms) {
    struct task task = {.kind = S("s3.inventory"), .key = task_key(c->arena, run->bucket_id, run->id),
                        .payload = record_encode(c->arena, &run_record, run), .due_ms = due_ms};
    txn_task_set(c->txn, &task);
}

/* 1970 began on a Thursday. */
static i64 next_ms(i64 now_ms, bool weekly) {
    i64 day = s3_midnight(now_ms + 1) / S3_DAY_MS;
    while (weekly && (day + 4) % DAYS_OF_WEEK) day++;
    return day * S3_DAY_MS;
}

void s3_inventory_begin(struct call *c, const struct bucket_row *bucket, const struct s3_inventory_configuration *i) {
    struct inventory_run run = {.account = bucket->account, .bucket = bucket->name, .id = i->id, .bucket_id = bucket->id};
    schedule(c, &run, next_ms(c->now_ms, str_eq(i->schedule->frequency, S("Weekly"))));
}

void s3_inventory_end(struct call *c, const struct bucket_row *bucket, str id) {
    txn_task_cancel(c->txn, S("s3.inventory"), task_key(c->arena, bucket->id, id));
}

/* ---- a slice: on a worker ---- */

enum { DATA, MANIFEST, CHECKSUM, LINKS, OBJECTS };
struct slice {
    struct inventory_run run;
    struct {
        str key;
        const char *type;
        struct stream *body;
    } objects[OBJECTS]; /* to be delivered; without a key: not now */
    bool done;
};

static bool open_run(struct call *c, const struct inventory_run *run, struct bucket_row *bucket, struct s3_inventory_configuration *inventory) {
    return s3_bucket_own(c, run->account, run->bucket, bucket) && bucket->id == run->bucket_id
           && s3_config_find(c, bucket, S3_CONFIG_INVENTORY, run->id, &s3_inventory_record, inventory) && inventory->is_enabled.v;
}

/* True: all rows were seen. */
static bool walk(struct inventory_list *l, str *after) {
    struct call *c = l->c;
    str base = s3_objects_prefix(c, &l->bucket), row_key, value;
    str first = s3_key_with_prefix(c, base, l->inventory.filter ? l->inventory.filter->prefix : S(""));
    struct range rows = txn_range(c->txn, after->p ? *after : first, key_after_prefix(c->arena, first));
    for (int n = 0; n < SLICE && l->text.n + ROW_MAX < SLICE_BYTES; n++) {
        struct object_row object = {0};
        str key;
        u64 order;
        if (!range_next(&rows, &row_key, &value)) return true;
        str rest = str_skip(row_key, base.n);
        ASSERT(key_read_str(&rest, c->arena, &key) && key_read_u64(&rest, &order));
        *after = s3_object_key(c, &l->bucket, key, order + 1);
        ASSERT(record_decode(c->arena, &s3_object_record, value, &object));
        object.order = order;
        if (l->all || (!order && !object.delete_marker)) s3_inventory_row(l, key, &object);
    }
    return false;
}

static str destination_bucket(const struct s3_inventory_configuration *i) {
    struct arn arn;
    ASSERT(arn_parse(i->destination->s3_bucket_destination->bucket, &arn)); /* as it was taken */
    return arn.resource;
}

static str folder_of(struct call *c, const struct slice *s, const struct s3_inventory_configuration *i) {
    const struct s3_inventory_s3_bucket_destination *d = i->destination->s3_bucket_destination;
    return arena_format(c->arena, "%.*s%s%.*s/%.*s", STR_ARGS(d->prefix), d->prefix.n ? "/" : "", STR_ARGS(s->run.bucket), STR_ARGS(s->run.id));
}

static bool add(struct call *c, struct store *store, struct slice *s, int which, str key, const char *type, str bytes) {
    s->objects[which].key = key;
    s->objects[which].type = type;
    return (s->objects[which].body = stream_stage(store, c->arena, bytes)) != NULL;
}

static bool add_file(struct call *c, struct store *store, struct slice *s, struct inventory_list *l) {
    str packed;
    if (!s3_inventory_file(l, &packed)) return false;
    struct inventory_file *files = NEW_ARRAY(c->arena, struct inventory_file, s->run.files.n + 1);
    if (s->run.files.n) memcpy(files, s->run.files.v, s->run.files.n * sizeof *files);
    files[s->run.files.n++] = (struct inventory_file){
        .key = arena_format(c->arena, "%.*s/data/%.*s.%s", STR_ARGS(folder_of(c, s, &l->inventory)), STR_ARGS(id_uuid(c->arena)),
                            s3_inventory_suffix(&l->inventory)),
        .md5 = md5_hex(c->arena, packed), .size = packed.n};
    s->run.files.v = files;
    s->run.files.set = true;
    return add(c, store, s, DATA, files[s->run.files.n - 1].key, "application/octet-stream", packed);
}

static str manifest_of(struct call *c, const struct inventory_run *run, const struct s3_inventory_configuration *i) {
    struct buf b = buf_new(c->arena, 64 << 20);
    json_write_object(&b);
    json_write_member(&b, S("sourceBucket"), run->bucket);
    json_write_member(&b, S("destinationBucket"), i->destination->s3_bucket_destination->bucket);
    json_write_member(&b, S("version"), S("2016-11-30"));
    json_write_member(&b, S("creationTimestamp"), arena_format(c->arena, "%lld", (long long)run->begun_ms));
    json_write_member(&b, S("fileFormat"), i->destination->s3_bucket_destination->format);
    json_write_member(&b, S("fileSchema"), s3_inventory_schema(c, i));
    json_write_key(&b, S("files"));
    json_write_array(&b);
    for (u32 k = 0; k < run->files.n; k++) {
        json_write_object(&b);
        json_write_member(&b, S("key"), run->files.v[k].key);
        json_write_key(&b, S("size"));
        json_write_i64(&b, (i64)run->files.v[k].size);
        json_write_member(&b, S("MD5checksum"), run->files.v[k].md5);
        json_write_object_end(&b);
    }
    json_write_array_end(&b);
    json_write_object_end(&b);
    return buf_str(&b);
}

/* The manifest, its sum, and the list of files for Hive. */
static bool add_manifest(struct call *c, struct store *store, struct slice *s, const struct s3_inventory_configuration *i) {
    struct civil_time at = civil_of(s->run.begun_ms);
    str folder = folder_of(c, s, i), manifest = manifest_of(c, &s->run, i);
    str dated = arena_format(c->arena, "%.*s/%04lld-%02d-%02dT%02d-%02dZ/manifest", STR_ARGS(folder), (long long)at.year, at.month, at.day, at.hour, at.minute);
    str hive = arena_format(c->arena, "%.*s/hive/dt=%04lld-%02d-%02d-%02d-%02d/symlink.txt", STR_ARGS(folder), (long long)at.year, at.month, at.day,
                            at.hour, at.minute);
    struct buf links = buf_new(c->arena, 16 << 20);
    for (u32 k = 0; k < s->run.files.n; k++) buf_format(&links, "s3://%.*s/%.*s\n", STR_ARGS(destination_bucket(i)), STR_ARGS(s->run.files.v[k].key));
    return add(c, store, s, MANIFEST, arena_concat(c->arena, dated, S(".json")), "application/json", manifest)
           && add(c, store, s, CHECKSUM, arena_concat(c->arena, dated, S(".checksum")), "text/plain", md5_hex(c->arena, manifest))
           && add(c, store, s, LINKS, hive, "text/plain", buf_str(&links));
}

err s3_inventory_make(struct arena *a, const struct task *task, str *result) {
    struct slice *s = NEW(a, struct slice);
    struct inventory_list *l = NEW(a, struct inventory_list);
    bool staged = true;
    struct txn *t = store_snapshot(task->store, a);
    *result = (str){(const char *)s, sizeof *s}; /* of this process: settled in the same flight */
    ASSERT(record_decode(a, &run_record, task->payload, &s->run));
    s->done = true;
    if (txn_owner(t)) {
        if (!s->run.begun_ms) s->run.begun_ms = task->due_ms;
        l->c = call_for_task(t, &s3_service, s->run.account, S(""), s->run.begun_ms);
        if (open_run(l->c, &s->run, &l->bucket, &l->inventory)) {
            l->all = str_eq(l->inventory.included_object_versions, S("All"));
            l->text = buf_new(a, SLICE_BYTES);
            s->done = walk(l, &s->run.after);
            if (l->text.n) staged = add_file(l->c, task->store, s, l);
            if (staged && s->done) staged = add_manifest(l->c, task->store, s, &l->inventory);
        }
    }
    store_snapshot_end(t);
    return staged ? NULL : &store_unavailable;
}

/* ---- settling ---- */

static err deliver(struct call *c, const struct bucket_row *bucket, const struct s3_inventory_configuration *i, const struct slice *s) {
    const struct s3_inventory_s3_bucket_destination *d = i->destination->s3_bucket_destination;
    for (int k = 0; k < OBJECTS; k++) {
        struct s3_delivery out = {.service = "s3.amazonaws.com", .source = bucket, .bucket = destination_bucket(i), .account = d->account_id,
                                  .key = s->objects[k].key, .content_type = str_of(s->objects[k].type ? s->objects[k].type : ""), .body = s->objects[k].body,
                                  .kms_key = d->encryption && d->encryption->ssekms ? d->encryption->ssekms->key_id : (str){0},
                                  .sse_s3 = d->encryption && d->encryption->sses3};
        if (out.key.n) TRY(s3_deliver(c, &out));
    }
    return NULL;
}

/* What the destination refuses ends this list; the next is begun at its time. */
err s3_inventory_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms) {
    struct inventory_run run = {0};
    struct bucket_row bucket;
    struct s3_inventory_configuration inventory;
    ASSERT(record_decode(txn_arena(t), &run_record, task->payload, &run));
    struct call *c = call_for_task(t, &s3_service, run.account, S(""), now_ms);
    if (!open_run(c, &run, &bucket, &inventory)) return NULL;
    c->region = bucket.region;
    const struct slice *s = outcome ? NULL : (const struct slice *)(const void *)result.p;
    size_t mark = txn_mark(t);
    err e = s ? deliver(c, &bucket, &inventory, s) : outcome;
    if (e) txn_undo(t, mark);
    if (s && !e && !s->done) schedule(c, &s->run, 0);
    else s3_inventory_begin(c, &bucket, &inventory);
    return NULL;
}
