/* S3ComputeObjectChecksum: a worker reads an object's bytes, of whatever class they are, and the report says what they come to.
 * Nothing is changed. */
#include "services/s3/batch.h"
#include "services/s3/seal.h"
#include "text/json.h"

struct summed {
    struct call *as; /* in the role */
    struct store *store;
    struct bucket_row bucket;
    struct object_row object;
    struct call_plan plan; /* a reader over all of the bytes */
    enum digest_kind kind;
};

static int kind_of(const struct s3control_s3_compute_object_checksum_operation *o) {
    return o->checksum_algorithm.p ? s3_checksum_kind(o->checksum_algorithm) : DIGEST_CRC64NVME;
}

static bool by_parts(const struct s3control_s3_compute_object_checksum_operation *o) { return str_eq(o->checksum_type, S("COMPOSITE")); }

err batch_checksum_check(struct call *c, const struct s3control_s3_compute_object_checksum_operation *o) {
    if (!by_parts(o) || kind_of(o) != DIGEST_CRC64NVME) return NULL;
    return fail(c, &s3control_invalid_request, "The COMPOSITE checksum type is not supported for the CRC64NVME checksum algorithm.");
}

static err begin(struct summed *s, const struct batch_item *item) {
    const struct customer_key none = {0};
    struct object_row *o = &s->object;
    str data_key;
    TRY(s3_bucket_open(s->as, item->bucket, (str){0}, &s->bucket));
    TRY(s3_object_open(s->as, &s->bucket, item->key, item->version_id, o));
    TRY(s3_allow(s->as, &s->bucket, item->bucket, item->key, o, item->version_id.p ? S("s3:GetObjectVersion") : S("s3:GetObject")));
    if (o->customer_key.p) return fail(s->as, &s3_invalid_request, "Checksums of objects under SSE-C cannot be computed.");
    TRY(s3_seal_data_key(s->as, s->bucket.name, item->key, o, &none, &data_key));
    s->plan = (struct call_plan){.digest_only = true, .digests = 1u << s->kind};
    s->plan.source_keys = s3_seal_open(s->as, &s->bucket, o, data_key, 0, o->size);
    if (o->size) s->plan.source = blob_open(s->as->txn, o->blob, s->as->arena);
    return NULL;
}

/* Of [first, first + length). Absent: the bytes could not be read. */
static str sum(struct summed *s, u64 first, u64 length) {
    u8 *nothing = arena_alloc(s->as->arena, DIGEST_MAX, 1);
    if (!length) return (str){(char *)nothing, digest_once(s->kind, S(""), nothing)};
    s->plan.source_offset = first;
    s->plan.source_length = length;
    struct stream *body = stream_of_plan(s->store, s->as->arena, &s->plan);
    return body ? stream_digest(s->as, body, s->kind) : (str){0};
}

/* The checksum of the parts' checksums. What was not uploaded in parts is one. */
static str sum_of_parts(struct summed *s) {
    struct digest all;
    struct part_row part = {.size = s->object.size};
    u8 *raw = arena_alloc(s->as->arena, DIGEST_MAX, 1);
    u64 first = 0;
    u32 number;
    struct part_walk walk = s3_parts_walk(s->as, &s->bucket, s->object.upload_id, 0);
    digest_init(&all, s->kind);
    for (i32 i = 0; i < MAX(s->object.part_count, 1); i++, first += part.size) {
        if (s->object.part_count) ASSERT(s3_parts_next(&walk, &number, &part));
        str one = sum(s, first, part.size);
        if (!one.p) return one;
        digest_add(&all, one.p, one.n);
    }
    return (str){(char *)raw, digest_end(&all, raw)};
}

static str upper(struct arena *a, str hex) {
    char *letters = NEW_ARRAY(a, char, hex.n);
    for (size_t i = 0; i < hex.n; i++) letters[i] = (char)(hex.p[i] >= 'a' ? hex.p[i] - 32 : hex.p[i]);
    return (str){letters, hex.n};
}

static str said(struct summed *s, bool parts, str checksum) {
    struct arena *a = s->as->arena;
    struct buf b = buf_new(a, 1024);
    str base64 = base64_of(a, checksum);
    json_write_object(&b);
    json_write_member(&b, S("checksum_base64"), parts ? arena_format(a, "%.*s-%d", STR_ARGS(base64), MAX(s->object.part_count, 1)) : base64);
    json_write_member(&b, S("etag"), s->object.etag);
    json_write_member(&b, S("checksumAlgorithm"), s3_checksum_name(s->kind));
    json_write_member(&b, S("checksumType"), parts ? S("COMPOSITE") : S("FULL_OBJECT"));
    json_write_member(&b, S("checksum_hex"), upper(a, hex_of(a, checksum)));
    json_write_object_end(&b);
    return buf_str(&b);
}

err batch_checksum(struct call *as, struct store *store, const struct s3control_s3_compute_object_checksum_operation *o, struct batch_item *item) {
    struct summed s = {.as = as, .store = store, .kind = (enum digest_kind)kind_of(o)};
    TRY(begin(&s, item));
    str checksum = by_parts(o) ? sum_of_parts(&s) : sum(&s, 0, s.object.size);
    if (!checksum.p) return &store_unavailable;
    item->bytes = s.object.size;
    item->said = said(&s, by_parts(o), checksum);
    return NULL;
}
