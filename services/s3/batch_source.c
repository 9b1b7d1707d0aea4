/* Manifests that are not one object of lines: inventory lists, and those that a job makes by looking into a bucket. While
 * the job prepares they become pages of lines, rows of the job, which it then goes through; a page goes when it was read. */
#include "services/s3/batch.h"
#include "services/s3/replication.h"

#include "text/gzip.h"
#include "text/tree.h"

enum { PAGE_BYTES = 128 << 10, MANIFEST_MAX = 16 << 20, FILE_MAX = 64 << 20, WALK_ROWS = 20000, WALK_PAGES = 16, LINE_ROOM = 8 << 10 };

bool batch_paged(const struct batch_job *job) { return job->generator || str_eq(job->manifest->spec->format, S("S3InventoryReport_CSV_20161130")); }

/* ---- what the worker reads ---- */

static bool broken(struct batch_source *s, const char *code, str why) {
    s->failure = code;
    s->why = why;
    return false;
}

/* A whole object, in the job's role. etag: what it must be; absent: any. */
static bool object_read(struct call *c, const struct batch_job *job, struct batch_source *s, str bucket, str key, str version, str etag, str *bytes) {
    struct s3_get_object_request in = {.bucket = bucket, .key = key, .version_id = version};
    struct s3_get_object_output out = {0};
    err e = batch_call(c, job, S3_OP_GET_OBJECT, NULL, &in, &out);
    if (e) return broken(s, "ManifestReadFailed", arena_format(c->arena, "Reading the manifest failed: %s: %.*s", e->code, STR_ARGS(c->error_message)));
    if (etag.p && !batch_etag_matches(etag, out.etag))
        return broken(s, "ManifestETagMismatch", S("The ETag of the manifest does not match the one that the job was created with."));
    u64 n = out.body ? stream_length(out.body) : 0;
    char *p = n <= FILE_MAX ? NEW_ARRAY(c->arena, char, n + 1) : NULL;
    if (!p || (n && !stream_read(out.body, 0, p, n))) return broken(s, "ManifestReadFailed", S("The manifest cannot be read."));
    *bytes = (str){p, n};
    return true;
}

/* Lines into pages. */
static void add_line(struct call *c, struct batch_source *s, str bucket, str key, str version) {
    if (!s->open.p || s->open.n + LINE_ROOM > PAGE_BYTES) {
        if (s->open.p) s->pages[s->page_count++] = buf_str(&s->open);
        s->open = buf_new(c->arena, PAGE_BYTES);
    }
    s->lines++;
    if (!s->bucket.p) s->bucket = bucket;
    buf_format(&s->open, "%.*s,%.*s,%.*s\n", STR_ARGS(bucket), STR_ARGS(key), STR_ARGS(version));
}

static void close_page(struct batch_source *s) {
    if (s->open.p && s->open.n) s->pages[s->page_count++] = buf_str(&s->open);
    s->open = (struct buf){0};
}

/* ---- inventories ---- */

static bool inventory_broken(struct batch_source *s) { return broken(s, "InvalidManifestContent", S("The manifest is not one of an inventory in CSV.")); }

static str text_of(const struct json_node *n, const char *name) {
    const struct json_node *m = json_node_member(n, str_of(name));
    return m && m->type == JSON_STRING ? m->text : (str){0};
}

/* manifest.json: which columns there are, and which files. */
static bool inventory_begin(struct call *c, const struct batch_job *job, struct batch_source *s) {
    const struct s3control_job_manifest_location *l = job->manifest->location;
    struct arn arn, to;
    str text, problem = {0};
    (void)problem;
    ASSERT(arn_parse(l->object_arn, &arn)); /* as it was taken */
    str key = arn.resource, bucket = str_cut(&key, '/');
    if (!object_read(c, job, s, bucket, key, l->object_version_id, l->etag, &text)) return false;
    const struct json_node *root = json_tree(c->arena, text, (struct json_limits){MANIFEST_MAX, 8}, NULL, NULL);
    const struct json_node *files = root ? json_node_member(root, S("files")) : NULL;
    if (!files || files->type != JSON_ARRAY || !str_eq(text_of(root, "fileFormat"), S("CSV")) || !arn_parse(text_of(root, "destinationBucket"), &to))
        return inventory_broken(s);
    s->schema = text_of(root, "fileSchema");
    s->files_in = to.resource;
    s->files = NEW_ARRAY(c->arena, struct batch_file, files->count + 1);
    for (const struct json_node *f = files->first; f; f = f->next) {
        struct batch_file file = {.key = text_of(f, "key"), .md5 = text_of(f, "MD5checksum")};
        if (!file.key.n) return inventory_broken(s);
        s->files[s->file_count++] = file;
    }
    return true;
}

static bool inventory_file(struct call *c, const struct batch_job *job, struct batch_source *s) {
    const struct batch_file *file = &job->sources.v[job->source_at];
    str packed, text, columns[BATCH_COLUMNS_MAX], schema = job->schema;
    int bucket = -1, key = -1, version = -1;
    for (int i = 0; schema.p; i++) {
        str name = str_trim(str_cut(&schema, ','));
        if (str_eq(name, S("Bucket"))) bucket = i;
        if (str_eq(name, S("Key"))) key = i;
        if (str_eq(name, S("VersionId"))) version = i;
    }
    if (bucket < 0 || key < 0) return inventory_broken(s);
    if (!object_read(c, job, s, job->sources_in, file->key, (str){0}, (str){0}, &packed)) return false;
    if ((file->md5.n && !str_eq_nocase(md5_hex(c->arena, packed), file->md5)) || !gzip_open(c->arena, packed, FILE_MAX, &text)) return inventory_broken(s);
    s->pages = NEW_ARRAY(c->arena, str, text.n / (PAGE_BYTES - LINE_ROOM) + 2);
    while (text.n) {
        u32 n;
        str line = str_cut(&text, '\n');
        if (str_ends(line, S("\r"))) line = str_take(line, line.n - 1);
        if (!line.n) continue;
        if (!batch_line_read(c->arena, line, columns, &n) || (u32)MAX(MAX(bucket, key), version) >= n) return inventory_broken(s);
        add_line(c, s, columns[bucket], columns[key], version < 0 ? S("") : columns[version]);
    }
    return true;
}

/* ---- made of a bucket ---- */

static bool any(const str *v, u32 n, bool (*holds)(str text, str one), str text) {
    for (u32 i = 0; i < n; i++)
        if (holds(text, v[i])) return true;
    return !n;
}
static bool same(str text, str one) { return str_eq(text, one); }
static bool contains(str text, str one) { return str_find(text, one) != STR_NONE; }
static bool begins(str text, str one) { return str_starts(text, one); }
static bool ends(str text, str one) { return str_ends(text, one); }

static bool encryption_means(const struct s3control_object_encryption_filter *f, const struct object_row *o) {
    bool by_customer = o->customer_key.p, by_kms = o->kms_key.p;
    if (f->ssec) return by_customer;
    if (f->dssekms) return by_kms && o->dual_layer && (!f->dssekms->kms_key_arn.p || str_eq(f->dssekms->kms_key_arn, o->kms_key));
    if (f->ssekms)
        return by_kms && !o->dual_layer && (!f->ssekms->kms_key_arn.p || str_eq(f->ssekms->kms_key_arn, o->kms_key))
               && (!f->ssekms->bucket_key_enabled.set || f->ssekms->bucket_key_enabled.v == o->bucket_key);
    return f->sses3 && !by_customer && !by_kms;
}

struct generator {
    const struct s3control_job_manifest_generator_filter *filter;
    struct s3_replication_configuration replication;
    const struct s3_replication_rule **found;
};

static bool eligible(struct generator *g, str key, const struct object_row *o) {
    return g->replication.rules.n && o->replication != S3_REPLICATION_REPLICA && s3_replication_rules(&g->replication, key, o, g->found);
}

static bool means(struct generator *g, str key, const struct object_row *o) {
    static const char *const statuses[] = {"NONE", "PENDING", "COMPLETED", "FAILED", "REPLICA"};
    const struct s3control_job_manifest_generator_filter *f = g->filter;
    if (!f) return true;
    const struct s3control_key_name_constraint *k = f->key_name_constraint;
    if (k && (!any(k->match_any_prefix.v, k->match_any_prefix.n, begins, key) || !any(k->match_any_suffix.v, k->match_any_suffix.n, ends, key)
              || !any(k->match_any_substring.v, k->match_any_substring.n, contains, key)))
        return false;
    if (f->created_after.set && o->modified_ms <= f->created_after.ms) return false;
    if (f->created_before.set && o->modified_ms >= f->created_before.ms) return false;
    if (f->object_size_greater_than_bytes.set && (i64)o->size <= f->object_size_greater_than_bytes.v) return false;
    if (f->object_size_less_than_bytes.set && (i64)o->size >= f->object_size_less_than_bytes.v) return false;
    if (!any(f->match_any_storage_class.v, f->match_any_storage_class.n, same, o->storage_class)) return false;
    if (!any(f->object_replication_statuses.v, f->object_replication_statuses.n, same, str_of(statuses[o->replication]))) return false;
    bool sealed = !f->match_any_object_encryption.n;
    for (u32 i = 0; i < f->match_any_object_encryption.n; i++) sealed |= encryption_means(&f->match_any_object_encryption.v[i], o);
    return sealed && (!f->eligible_for_replication.set || f->eligible_for_replication.v == eligible(g, key, o));
}

/* All versions but delete markers, each by its id. */
static void walk(struct call *c, const struct bucket_row *bucket, struct generator *g, str after, struct batch_source *s) {
    str base = s3_objects_prefix(c, bucket), row_key, value;
    struct range rows = txn_range(c->txn, after.p ? after : base, key_after_prefix(c->arena, base));
    s->pages = NEW_ARRAY(c->arena, str, WALK_PAGES + 2);
    s->after = after;
    for (int n = 0; n < WALK_ROWS && s->page_count < WALK_PAGES; n++) {
        struct object_row object = {0};
        str key;
        u64 order;
        if (!range_next(&rows, &row_key, &value)) {
            s->end = true;
            return;
        }
        str rest = str_skip(row_key, base.n);
        ASSERT(key_read_str(&rest, c->arena, &key) && key_read_u64(&rest, &order));
        s->after = s3_object_key(c, bucket, key, order + 1);
        ASSERT(record_decode(c->arena, &s3_object_record, value, &object));
        if (object.delete_marker || !means(g, key, &object)) continue;
        add_line(c, s, bucket->name, percent_encode(c->arena, key, true), object.version_id.p ? arena_str(c->arena, object.version_id) : S(""));
    }
}

static bool generate(struct call *c, const struct batch_job *job, struct batch_source *s) {
    struct generator g = {.filter = job->generator->filter};
    struct bucket_row bucket;
    struct arn arn;
    struct call *as = NEW(c->arena, struct call);
    ASSERT(arn_parse(job->generator->source_bucket, &arn)); /* as it was taken */
    err e = batch_in_role(c, job, as);
    if (!e) e = s3_bucket_open(as, arn.resource, job->generator->expected_bucket_owner, &bucket);
    if (!e && !s3_may(as, &bucket, S("s3:PutInventoryConfiguration"), s3_bucket_arn(c, bucket.name)))
        e = deny(as, S("s3:PutInventoryConfiguration"), s3_bucket_arn(c, bucket.name));
    if (e) return broken(s, "ManifestGenerationFailed", arena_format(c->arena, "%s: %.*s", e->code, STR_ARGS(as->error_message)));
    (void)s3_config_get(c, &bucket, S3_CONFIG_REPLICATION, &s3_replication_record, &g.replication); /* none: no rules */
    g.found = NEW_ARRAY(c->arena, const struct s3_replication_rule *, g.replication.rules.n + 1);
    s->bucket = bucket.name = arena_str(c->arena, bucket.name);
    walk(c, &bucket, &g, job->after, s);
    return true;
}

/* ---- a step of the preparation ---- */

void batch_source_read(struct call *c, const struct batch_job *job, struct batch_source *s) {
    *s = (struct batch_source){.bucket = job->bucket};
    if (job->generator) {
        if (!generate(c, job, s)) return;
    } else if (!job->schema.p) {
        (void)inventory_begin(c, job, s);
        return;
    } else if (job->source_at < job->sources.n && !inventory_file(c, job, s)) {
        return;
    } else {
        s->end = job->source_at + 1 >= job->sources.n;
    }
    close_page(s);
}

void batch_source_settle(struct call *c, struct batch_job *job, const struct batch_source *s) {
    if (s->schema.p) {
        job->schema = s->schema;
        job->sources_in = s->files_in;
        job->sources.v = s->files;
        job->sources.n = s->file_count;
        job->sources.set = true;
        return;
    }
    for (u32 i = 0; i < s->page_count; i++) batch_page_put(c, job, job->pages++, s->pages[i]);
    if (job->generator) job->after = s->after;
    else job->source_at++;
}

/* ---- the manifest that was made, for who wants to keep it ---- */

enum { SAVED_MAX = 256 << 20 };

static str folder_of(struct call *c, const struct batch_job *job) {
    str prefix = job->generator->manifest_output_location->manifest_prefix;
    return arena_format(c->arena, "%.*s%sjob-%.*s/", STR_ARGS(prefix), prefix.n && !str_ends(prefix, S("/")) ? "/" : "", STR_ARGS(job->id));
}

static str manifest_json(struct call *c, const struct batch_job *job, str key, str packed) {
    struct buf b = buf_new(c->arena, 16 << 10);
    json_write_object(&b);
    json_write_member(&b, S("sourceBucket"), job->generator->source_bucket);
    json_write_member(&b, S("destinationBucket"), job->generator->manifest_output_location->bucket);
    json_write_member(&b, S("version"), S("2021-11-30"));
    json_write_member(&b, S("creationTimestamp"), arena_format(c->arena, "%lld", (long long)c->now_ms));
    json_write_member(&b, S("fileFormat"), S("CSV"));
    json_write_member(&b, S("fileSchema"), S("Bucket, Key, VersionId"));
    json_write_key(&b, S("files"));
    json_write_array(&b);
    json_write_object(&b);
    json_write_member(&b, S("key"), key);
    json_write_key(&b, S("size"));
    json_write_i64(&b, (i64)packed.n);
    json_write_member(&b, S("MD5checksum"), md5_hex(c->arena, packed));
    json_write_object_end(&b);
    json_write_array_end(&b);
    json_write_object_end(&b);
    return buf_str(&b);
}

bool batch_source_stage(struct call *c, struct store *store, const struct batch_job *job, struct batch_source *s) {
    str page;
    if (!s->end || !job->generator || !job->generator->enable_manifest_output.v) return true;
    struct buf all = buf_new(c->arena, SAVED_MAX);
    for (u64 i = 0; i < job->pages; i++)
        if (batch_page_get(c, job, i, &page)) buf_add(&all, page);
    for (u32 i = 0; i < s->page_count; i++) buf_add(&all, s->pages[i]);
    str packed = gzip_of(c->arena, buf_str(&all));
    s->list_key = arena_format(c->arena, "%.*sdata/%.*s.csv.gz", STR_ARGS(folder_of(c, job)), STR_ARGS(id_uuid(c->arena)));
    s->list = stream_stage(store, c->arena, packed);
    s->manifest = stream_stage(store, c->arena, manifest_json(c, job, s->list_key, packed));
    return s->list && s->manifest;
}

static err put(struct call *c, const struct batch_job *job, str key, const char *type, struct stream *body, str *etag) {
    const struct s3control_s3_manifest_output_location *to = job->generator->manifest_output_location;
    const struct s3control_generated_manifest_encryption *how = to->manifest_encryption;
    struct arn arn;
    ASSERT(arn_parse(to->bucket, &arn)); /* as it was taken */
    struct s3_put_object_request in = {.bucket = arn.resource, .key = key, .body = body, .content_type = str_of(type),
                                       .server_side_encryption = how && how->ssekms ? S("aws:kms") : S("AES256"),
                                       .ssekms_key_id = how && how->ssekms ? how->ssekms->key_id : (str){0},
                                       .expected_bucket_owner = to->expected_manifest_bucket_owner};
    struct s3_put_object_output out = {0};
    TRY(batch_call(c, job, S3_OP_PUT_OBJECT, NULL, &in, &out));
    *etag = out.etag;
    return NULL;
}

err batch_source_save(struct call *c, struct batch_job *job, const struct batch_source *s) {
    str etag;
    if (!s->list) return NULL;
    TRY(put(c, job, s->list_key, "application/octet-stream", s->list, &etag));
    str key = arena_concat(c->arena, folder_of(c, job), S("manifest.json"));
    TRY(put(c, job, key, "application/json", s->manifest, &etag));
    job->saved_arn = arena_format(c->arena, "%.*s/%.*s", STR_ARGS(job->generator->manifest_output_location->bucket), STR_ARGS(key));
    job->saved_etag = str_take(str_skip(etag, 1), etag.n - 2);
    return NULL;
}
