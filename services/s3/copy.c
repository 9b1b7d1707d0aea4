/* CopyObject, UploadPartCopy. The copy shares the bytes of its source; a part does where it is all of a source that was not
 * put together of parts itself. Where its ETag or checksum is not the source's (parts, another algorithm), a worker reads
 * the bytes once, before the handler runs. */
#include "services/s3/acl.h"
#include "services/s3/encryption.h"
#include "services/s3/lock.h"
#include "services/s3/seal.h"
#include "services/s3/storage.h"
#include "services/s3/versions.h"

static const u64 copy_max = 5ull << 30;

err s3_copy_source_parse(struct call *c, str header, struct copy_source *source) {
    *source = (struct copy_source){0};
    size_t query = str_find(header, S("?versionId="));
    str path = query == STR_NONE ? header : str_take(header, query);
    if (query != STR_NONE) source->version_id = str_skip(header, query + 11);
    if (str_starts(path, S("/"))) path = str_skip(path, 1);
    str decoded = {0};
    if (!percent_decode(c->arena, path, false, &decoded)) decoded = path;
    size_t object = str_starts(decoded, S("arn:")) ? str_find(decoded, S("/object/")) : STR_NONE;
    source->key = decoded;
    if (object == STR_NONE) {
        source->bucket = str_cut(&source->key, '/');
    } else { /* by an access point's ARN */
        source->bucket = str_take(decoded, object);
        source->key = str_skip(decoded, object + S("/object/").n);
    }
    if (!source->key.n || !source->bucket.n)
        return s3_fail_argument(c, "x-amz-copy-source", header,
                                "Copy Source must mention the source bucket and key: "
                                "sourcebucket/sourcekey");
    return NULL;
}

err s3_copy_source_open(struct call *c, str header, str owner, const struct condition *condition,
                        struct object_row *object) {
    struct copy_source source;
    struct bucket_row bucket;
    TRY(s3_copy_source_parse(c, header, &source));
    TRY(s3_bucket_open(c, source.bucket, owner, &bucket));
    str action = source.version_id.p ? S("s3:GetObjectVersion") : S("s3:GetObject");
    bool there = source.version_id.p ? s3_version_find(c, &bucket, source.key, source.version_id, object)
                                     : s3_object_find(c, &bucket, source.key, object);
    TRY(s3_allow(c, &bucket, source.bucket, source.key, there ? object : NULL, action));
    err e = s3_object_open(c, &bucket, source.key, source.version_id, object);
    if (e == &s3_method_not_allowed) /* a delete marker has nothing to copy */
        return fail(c, &s3_invalid_request, "The source of a copy request may not specifically refer to a delete marker by "
                                            "version id.");
    TRY(e);
    TRY(s3_storage_check(c, &bucket, source.key, object));
    return s3_condition_copy(c, condition, object);
}

err s3_copy_too_large(struct call *c) {
    return fail(c, &s3_invalid_request,
                "The specified copy source is larger than the maximum allowable size for a copy "
                "source: 5368709120");
}

#define SOURCE_KEY_OF(in)                                                                          \
    ((struct customer_key){(in)->copy_source_sse_customer_algorithm, (in)->copy_source_sse_customer_key, \
                           (in)->copy_source_sse_customer_key_md5})
#define CONDITION_OF(in)                                                                           \
    ((struct condition){(in)->copy_source_if_match, (in)->copy_source_if_none_match,               \
                        (in)->copy_source_if_modified_since, (in)->copy_source_if_unmodified_since})

static err directive(struct call *c, const char *header, str value, bool *replace, const char *message) {
    *replace = str_eq(value, S("REPLACE"));
    if (!value.p || *replace || str_eq(value, S("COPY"))) return NULL;
    return s3_fail_argument(c, header, value, message);
}

/* A copy of an object onto itself must change something. */
static err self_check(struct call *c, const struct s3_copy_object_request *in, bool replaces) {
    struct copy_source source;
    struct bucket_row bucket, from;
    TRY(s3_copy_source_parse(c, in->copy_source, &source));
    bool same = str_eq(source.key, in->key) && !source.version_id.p;
    bool changes = replaces || in->storage_class.p || in->website_redirect_location.p
                   || in->server_side_encryption.p || in->sse_customer_algorithm.p;
    if (!same || changes || !s3_bucket_find(c, in->bucket, &bucket) || !s3_bucket_find(c, source.bucket, &from)) return NULL;
    if (bucket.id != from.id || s3_configured(&bucket, S3_CONFIG_ENCRYPTION)) return NULL; /* one that says how to encrypt may say it anew */
    return fail(c, &s3_invalid_request,
                "This copy request is illegal because it is trying to copy an object to itself without "
                "changing the object's metadata, storage class, website redirect location or "
                "encryption attributes.");
}

/* The caller must be able to read what he copies. *keys: under which [first, first + length) is hidden. */
static err source_open(struct call *c, str header, const struct object_row *object, const struct customer_key *customer, u64 first, u64 length,
                       const struct body_keys **keys) {
    struct copy_source source;
    struct bucket_row bucket;
    str data_key;
    TRY(s3_copy_source_parse(c, header, &source));
    if (!s3_bucket_find(c, source.bucket, &bucket)) return s3_fail_no_bucket(c, source.bucket);
    TRY(s3_seal_data_key(c, bucket.name, source.key, object, customer, &data_key));
    *keys = s3_seal_open(c, &bucket, object, data_key, first, length);
    return NULL;
}

/* The same right in the commit, where it is recorded. */
static err source_may(struct call *c, str header, const struct object_row *object) {
    struct copy_source source;
    struct bucket_row bucket;
    if (!object->kms_key.p) return NULL;
    TRY(s3_copy_source_parse(c, header, &source));
    if (!s3_bucket_find(c, source.bucket, &bucket)) return s3_fail_no_bucket(c, source.bucket);
    return s3_encryption_open(c, bucket.name, source.key, object, NULL);
}

/* The source's ETag and checksum are not those of its bytes in one piece, or the checksum is of another kind. */
static bool must_be_digested(const struct object_row *source, int kind) {
    return source->part_count > 0 || s3_sealed(source) || kind != s3_object_checksum(source);
}

struct copy_job {
    struct bucket_row bucket;
    struct object_row source;
    bool replace_metadata, replace_tags;
    int kind; /* checksum of the copy */
    bool digest; /* its bytes must be read for that, or for an ETag without parts */
    bool anew;   /* and stored: they were or will be hidden under another key */
    str version; /* of the source, to be found unchanged */
};

static err copy_begin(struct call *c, const struct s3_copy_object_request *in, struct copy_job *job) {
    *job = (struct copy_job){0};
    struct object_headers headers = S3_HEADERS_OF(in);
    struct condition condition = CONDITION_OF(in);
    TRY(s3_key_check(c, in->key));
    TRY(directive(c, "x-amz-metadata-directive", in->metadata_directive, &job->replace_metadata,
                  "Unknown metadata directive."));
    TRY(directive(c, "x-amz-tagging-directive", in->tagging_directive, &job->replace_tags,
                  "Unknown tagging directive."));
    TRY(s3_headers_check(c, &headers));
    TRY(self_check(c, in, job->replace_metadata));
    TRY(s3_copy_source_open(c, in->copy_source, in->expected_source_bucket_owner, &condition,
                            &job->source));
    struct customer_key source_key = SOURCE_KEY_OF(in);
    TRY(s3_customer_key_open(c, &source_key, &job->source));
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &job->bucket));
    if (job->source.size > copy_max) return s3_copy_too_large(c);
    job->kind = s3_object_checksum(&job->source);
    if (in->checksum_algorithm.p) TRY(s3_checksum_asked(c, in->checksum_algorithm, &job->kind));
    job->digest = must_be_digested(&job->source, job->kind);
    job->anew = s3_sealed(&job->source) || s3_seal_wanted(c, &job->bucket, &headers.encryption);
    job->version = s3_seal_note(c, &job->source, (str){0});
    return NULL;
}

static err conditions(struct call *c, const struct s3_copy_object_request *in,
                      const struct bucket_row *bucket) {
    struct object_row current;
    if (!in->if_match.p && !in->if_none_match.p) return NULL;
    bool there = s3_object_find(c, bucket, in->key, &current);
    return s3_condition_write(c, in->if_match, in->if_none_match, bucket, in->key,
                              there ? &current : NULL);
}

err s3_copy_object_prepare(struct call *c, const struct s3_copy_object_request *in,
                           struct call_plan *plan) {
    struct copy_job job;
    TRY(copy_begin(c, in, &job));
    TRY(conditions(c, in, &job.bucket));
    plan->note = job.version;
    if (!(job.digest || job.anew) || !job.source.size) return NULL;
    struct object_headers headers = S3_HEADERS_OF(in);
    struct customer_key source_key = SOURCE_KEY_OF(in);
    if (job.anew) TRY(source_open(c, in->copy_source, &job.source, &source_key, 0, job.source.size, &plan->source_keys));
    if (job.anew) s3_seal_begin(c, &job.bucket, &headers.encryption, plan);
    if (plan->hide) plan->note = s3_seal_note(c, &job.source, plan->note);
    plan->source = blob_open(c->txn, job.source.blob, c->arena);
    plan->source_length = job.source.size;
    plan->digest_only = !job.anew;
    plan->zones = s3_storage_zones(c, in->storage_class.n ? in->storage_class : S("STANDARD"));
    plan->digests = 1u << DIGEST_MD5 | 1u << job.kind;
    return NULL;
}

static err copy_headers(struct call *c, const struct s3_copy_object_request *in,
                        const struct copy_job *job, struct object_row *copy) {
    struct object_headers headers = S3_HEADERS_OF(in);
    if (job->replace_metadata) {
        headers.tagging = (str){0};
        TRY(s3_headers_apply(c, &headers, copy));
    }
    copy->storage_class = in->storage_class.n ? in->storage_class : S("STANDARD"); /* nor is the class */
    copy->stored_ms = copy->accessed_ms = copy->restore_ready_ms = copy->restore_until_ms = 0;
    copy->told_tier = 0;
    copy->website_redirect = in->website_redirect_location; /* never copied */
    if (job->replace_tags) {
        copy->tags = (struct record_pairs){0};
        if (in->tagging.p) TRY(s3_tags_parse(c, in->tagging, &copy->tags));
    }
    return NULL;
}

err s3_copy_object(struct call *c, const struct s3_copy_object_request *in,
                   struct s3_copy_object_output *out) {
    struct copy_job job;
    s3_usage_tier1(c);
    TRY(copy_begin(c, in, &job));
    TRY(conditions(c, in, &job.bucket));
    struct object_headers headers = S3_HEADERS_OF(in);
    bool hidden = job.source.size && s3_seal_wanted(c, &job.bucket, &headers.encryption);
    if (!str_eq(str_take(c->note, S3_SEAL_NOTE), job.version) || hidden != (c->note.n > S3_SEAL_NOTE))
        return fail(c, &s3_operation_aborted,
                    "A conflicting conditional operation is currently in progress against this "
                    "resource. Please try again.");
    struct object_row copy = job.source;
    TRY(copy_headers(c, in, &job, &copy));
    TRY(s3_acl_of_new(c, &job.bucket, &S3_ACL_OF(in), &copy));
    TRY(s3_lock_of_new(c, &job.bucket, &headers, &copy));
    TRY(source_may(c, in->copy_source, &job.source));
    str data_key;
    TRY(s3_encryption_of_new(c, &job.bucket, in->key, &headers.encryption, &copy, &data_key));
    TRY(s3_seal_end(c, str_skip(c->note, S3_SEAL_NOTE), data_key, &copy.seal));
    if (job.digest || job.anew) s3_body_digest(c, call_body(c), job.kind, &copy);
    s3_encryption_etag(c, data_key, &copy.etag);
    copy.upload_id = (str){0};
    copy.part_count = 0;
    copy.part_size = 0;
    if (copy.blob.p) copy.blob = job.anew ? stream_adopt(c, call_body(c)) : txn_blob_share(c->txn, copy.blob);
    s3_object_replace(c, &job.bucket, in->key, &copy, S("CopyObject"));
    struct s3_copy_object_result *result = NEW(c->arena, struct s3_copy_object_result);
    result->etag = s3_quoted(c, copy.etag);
    result->last_modified = SOME_TIME(s3_whole_seconds(copy.modified_ms));
    result->checksum_type = s3_checksum_type(&copy);
    S3_CHECKSUM_SET(result, s3_object_checksum(&copy), s3_checksum_text(c, &copy));
    out->copy_object_result = result;
    out->version_id = s3_version_shown(&job.bucket, &copy);
    out->copy_source_version_id = job.source.version_id;
    S3_ENCRYPTION_SHOW(out, &copy);
    S3_CUSTOMER_KEY_SHOW(out, in);
    out->ssekms_encryption_context = copy.kms_context;
    return NULL;
}

/* ---- UploadPartCopy ---- */

struct part_copy {
    struct part_target target;
    struct object_row source;
    u64 first, length;
    bool shares; /* all bytes of a source that stands in one piece, hidden neither here nor there */
    bool reads;  /* its bytes: for a digest, or to store them anew */
    str version; /* of the source, and whether it is shared: to be found unchanged */
};

static err part_range(struct call *c, str header, u64 size, u64 *first, u64 *length) {
    *first = 0;
    *length = size;
    if (!header.p) return NULL;
    u64 from, to;
    str spec = str_skip(header, 6);
    str from_text = str_cut(&spec, '-');
    if (!str_starts(header, S("bytes=")) || !str_to_u64(from_text, &from) || !str_to_u64(spec, &to)
        || from > to)
        return s3_fail_argument(c, "x-amz-copy-source-range", header,
                                "The x-amz-copy-source-range value must be of the form "
                                "bytes=first-last where first and last are the zero-based offsets of "
                                "the first and last bytes to copy");
    if (to >= size)
        return s3_fail_argument(c, "x-amz-copy-source-range", header,
                                arena_format(c->arena,
                                             "Range specified is not valid for source object of size: "
                                             "%llu%c", (unsigned long long)size, 0).p);
    *first = from;
    *length = to - from + 1;
    return NULL;
}

static err part_copy_begin(struct call *c, const struct s3_upload_part_copy_request *in,
                           struct part_copy *p) {
    struct condition condition = CONDITION_OF(in);
    *p = (struct part_copy){0};
    struct customer_key customer = S3_CUSTOMER_KEY_OF(in), source_key = SOURCE_KEY_OF(in);
    TRY(s3_customer_key_check(c, &customer, (str){0}));
    TRY(s3_copy_source_open(c, in->copy_source, in->expected_source_bucket_owner, &condition,
                            &p->source));
    TRY(s3_customer_key_open(c, &source_key, &p->source));
    TRY(s3_part_target_open(c, in->bucket, in->expected_bucket_owner, in->key, in->upload_id,
                            in->part_number.v, &p->target));
    TRY(part_range(c, in->copy_source_range, p->source.size, &p->first, &p->length));
    if (p->length > copy_max) return s3_copy_too_large(c);
    const struct object_row *upload = p->target.upload.object;
    bool whole = p->length && p->length == p->source.size;
    p->shares = whole && !s3_sealed(&p->source) && !s3_sealed(upload) && !blob_of_parts(p->source.blob);
    p->reads = p->length && (!p->shares || must_be_digested(&p->source, s3_object_checksum(upload)));
    p->version = s3_seal_note(c, &p->source, p->shares ? S("=") : S("+"));
    return NULL;
}

err s3_upload_part_copy_prepare(struct call *c, const struct s3_upload_part_copy_request *in,
                                struct call_plan *plan) {
    struct part_copy p;
    TRY(part_copy_begin(c, in, &p));
    plan->note = p.version;
    if (!p.reads) return NULL;
    struct customer_key source_key = SOURCE_KEY_OF(in);
    TRY(source_open(c, in->copy_source, &p.source, &source_key, p.first, p.length, &plan->source_keys));
    s3_seal_begin_part(c, p.target.upload.object, plan);
    if (plan->hide) plan->note = arena_concat(c->arena, p.version, plan->note);
    plan->source = blob_open(c->txn, p.source.blob, c->arena);
    plan->zones = s3_storage_zones(c, p.target.upload.object->storage_class);
    plan->source_offset = p.first;
    plan->source_length = p.length;
    plan->digest_only = p.shares;
    plan->digests = 1u << DIGEST_MD5 | 1u << s3_object_checksum(p.target.upload.object);
    return NULL;
}

/* The part is the source's bytes as they stand. */
static void part_share(struct call *c, const struct part_copy *p, struct part_row *part) {
    struct object_row as = p->source;
    if (p->reads) s3_body_digest(c, call_body(c), s3_object_checksum(p->target.upload.object), &as);
    *part = (struct part_row){.size = p->length, .etag = as.etag, .checksum = as.checksum, .blob = txn_blob_share(c->txn, p->source.blob)};
    s3_part_put(c, &p->target, part);
}

err s3_upload_part_copy(struct call *c, const struct s3_upload_part_copy_request *in,
                        struct s3_upload_part_copy_output *out) {
    struct part_copy p;
    s3_usage_tier1(c);
    TRY(part_copy_begin(c, in, &p));
    if (!str_eq(str_take(c->note, p.version.n), p.version))
        return fail(c, &s3_operation_aborted,
                    "A conflicting conditional operation is currently in progress against this "
                    "resource. Please try again.");
    struct part_row part;
    TRY(source_may(c, in->copy_source, &p.source));
    struct customer_key customer = S3_CUSTOMER_KEY_OF(in);
    str data_key;
    TRY(s3_part_data_key(c, &p.target, in->key, &customer, &data_key));
    if (p.shares) part_share(c, &p, &part);
    else TRY(s3_part_store(c, &p.target, str_skip(c->note, p.version.n), data_key, call_body(c), &part));
    struct s3_copy_part_result *result = NEW(c->arena, struct s3_copy_part_result);
    result->etag = s3_quoted(c, part.etag);
    result->last_modified = SOME_TIME(s3_whole_seconds(part.modified_ms));
    if (p.target.upload.checksum_asked)
        S3_CHECKSUM_SET(result, s3_object_checksum(p.target.upload.object),
                        base64_of(c->arena, part.checksum));
    out->copy_part_result = result;
    out->copy_source_version_id = p.source.version_id;
    S3_ENCRYPTION_SHOW(out, p.target.upload.object);
    S3_CUSTOMER_KEY_SHOW(out, in);
    return NULL;
}
