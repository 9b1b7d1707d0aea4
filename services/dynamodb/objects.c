/* A packed object is unpacked once, into a blob of its reader's own. */
#include "services/dynamodb/objects.h"

#include "gen/s3.h"
#include "services/dynamodb/dynamodb.h"
#include "text/gzip.h"
#include "text/zstandard.h"

enum { PIECE = 1 << 20, PIECE_MAX = 16 << 20, PACKED_MAX = 256 << 20, PAGE = 1000 };
#define UNPACKED_MAX ((size_t)1 << 30)

/* ---- refused ---- */

/* As the library tells it by which AWS's own exports and imports speak with S3. */
void ddb_s3_fault(struct call *c, err e, str *code, str *message) {
    str said = str_of(e->code), letters = S("0123456789ABCDEFGHJKMNPQRSTVWXYZ");
    *code = str_eq(said, S("KMS.NotFoundException")) ? S("KmsNotFoundException") : arena_concat(c->arena, S("S3"), said);
    *message = arena_format(c->arena, "%.*s (Service: Amazon S3; Status Code: %d; Error Code: %.*s; Request ID: %.*s; S3 Extended Request ID: %.*s; Proxy: null)",
                            STR_ARGS(c->error_message), e->status, STR_ARGS(said), STR_ARGS(id_from(c->arena, letters, 16)),
                            STR_ARGS(id_hex(c->arena, 32)));
}

/* ---- on a worker ---- */

static err get(struct ddb_fetch *f, const struct ddb_input *in, str object, str etag, i64 from, i64 n, struct stream **body) {
    struct s3_get_object_request request = {.bucket = in->bucket, .key = object, .if_match = etag, .expected_bucket_owner = in->owner};
    struct s3_get_object_output out;
    if (n) request.range = arena_format(f->c->arena, "bytes=%lld-%lld", (long long)from, (long long)(from + n - 1));
    TRY(call_service(f->c, &(struct call_other){.service = &s3_service, .op = S3_OP_GET_OBJECT, .as = CALL_FORWARDED}, &request, &out));
    *body = out.body;
    return NULL;
}

static bool refused(struct ddb_fetch *f, const char *code, const char *message) {
    f->code = str_of(code);
    f->message = str_of(message);
    return false;
}

/* The text of a packed object, staged. */
static bool unpack(struct ddb_fetch *f, const struct task *task, const struct ddb_input *in, err *e) {
    struct arena *a = f->c->arena;
    struct stream *body;
    str text;
    if (f->length > PACKED_MAX) return refused(f, "ItemValidationError", "A compressed object is larger than 256 MiB.");
    *e = get(f, in, f->object, f->etag, 0, 0, &body);
    if (*e) return false;
    char *packed = arena_alloc(a, (size_t)f->length + 1, 1);
    if (!stream_read(body, 0, packed, (size_t)f->length)) return refused(f, "S3InternalError", "The object could not be read.");
    str bytes = {packed, (size_t)f->length};
    bool whole = str_eq(in->compression, S("GZIP")) ? gzip_open(a, bytes, UNPACKED_MAX, &text) : zstd_unpack(a, bytes, UNPACKED_MAX, &text);
    if (!whole) return refused(f, "ItemValidationError", DDB_SOME_FAILED);
    f->packed = f->length;
    f->length = (i64)text.n;
    f->spool = stream_stage(task->store, a, text.p ? text : S(""));
    return f->spool != NULL;
}

static err list(struct call *c, const struct ddb_input *in, str after, i32 most, struct s3_list_objects_v2_output *out) {
    struct s3_list_objects_v2_request request = {.bucket = in->bucket, .prefix = in->prefix, .start_after = after, .max_keys = SOME_I32(most),
                                                 .expected_bucket_owner = in->owner};
    return call_service(c, &(struct call_other){.service = &s3_service, .op = S3_OP_LIST_OBJECTS_V2, .as = CALL_FORWARDED}, &request, out);
}

static err find(struct ddb_fetch *f, const struct task *task, const struct ddb_input *in) {
    struct s3_list_objects_v2_output out;
    err e = NULL;
    TRY(list(f->c, in, in->after, 1, &out));
    f->over = !out.contents.n;
    if (f->over) return NULL;
    f->object = out.contents.v[0].key;
    f->etag = out.contents.v[0].etag;
    f->length = out.contents.v[0].size.v;
    f->found = true;
    bool packed = !str_eq(in->compression, S("NONE")) && f->length;
    if (packed && !unpack(f, task, in, &e) && !e && !f->code.p) e = &store_unavailable;
    return e;
}

/* A piece of at least one record, or all that is left. */
static err read_piece(struct ddb_fetch *f, struct txn *t, const struct ddb_input *in, const struct ddb_lines *lines) {
    struct arena *a = f->c->arena;
    f->from = in->offset;
    for (i64 size = PIECE;; size *= 4) {
        i64 n = MIN(size, in->length - in->offset);
        char *text = arena_alloc(a, (size_t)n + 1, 1);
        struct stream *body;
        bool read = !n;
        if (n && in->spool.p) {
            read = blob_read(blob_open(t, in->spool, a), (u64)in->offset, text, (size_t)n);
        } else if (n) {
            TRY(get(f, in, in->object, in->etag, in->offset, n, &body));
            read = stream_read(body, 0, text, (size_t)n);
        }
        if (!read) return &store_unavailable;
        f->lines = *lines;
        f->lines.call = f->c;
        f->lines.last = in->offset + n == in->length;
        f->lines.index = in->index;
        f->lines.items = NEW_ARRAY(a, struct ddb_line, f->lines.max);
        ddb_lines_read(&f->lines, (str){text, (size_t)n});
        f->taken = (i64)f->lines.taken;
        if (f->taken || f->lines.last) return NULL;
        if (size >= PIECE_MAX) break;
    }
    refused(f, "ItemValidationError", "An item is longer than 16 MiB.");
    return NULL;
}

err ddb_input_fetch(struct ddb_fetch *f, struct txn *t, const struct task *task, const struct ddb_input *in, const struct ddb_lines *lines) {
    err e = in->object.p ? read_piece(f, t, in, lines) : find(f, task, in);
    if (e && e != &store_unavailable) {
        ddb_s3_fault(f->c, e, &f->code, &f->message);
        e = NULL;
    }
    return e;
}

err ddb_input_measure(struct call *c, const struct ddb_input *in, i64 most, i64 *objects, i64 *bytes, i64 *largest) {
    struct s3_list_objects_v2_output out = {.is_truncated = {.set = true, .v = true}};
    str after = {0};
    *objects = *bytes = *largest = 0;
    while (out.is_truncated.v && *objects <= most) {
        TRY(list(c, in, after, PAGE, &out));
        for (u32 i = 0; i < out.contents.n; i++) {
            after = out.contents.v[i].key;
            *bytes += out.contents.v[i].size.v;
            *largest = MAX(*largest, out.contents.v[i].size.v);
        }
        *objects += out.contents.n;
    }
    return NULL;
}

/* ---- settled ---- */

void ddb_input_open(struct call *c, struct ddb_input *in, const struct ddb_fetch *f) {
    in->object = f->object;
    in->etag = f->etag;
    in->length = f->length;
    in->offset = in->index = 0;
    in->objects++;
    if (f->spool) in->spool = stream_adopt(c, f->spool);
}

bool ddb_input_taken(struct ddb_input *in, const struct ddb_fetch *f) {
    in->offset = f->from + f->taken;
    in->index = f->lines.index;
    return in->offset == in->length;
}

void ddb_input_close(struct txn *t, struct ddb_input *in) {
    if (in->spool.p) txn_blob_delete(t, in->spool);
    in->after = in->object;
    in->object = in->etag = in->spool = (str){0};
}

/* ---- put ---- */

str ddb_output_name(struct arena *a, const struct ddb_output *o, str name) {
    return arena_format(a, "%.*s%sAWSDynamoDB/%.*s", STR_ARGS(o->prefix), o->prefix.n && !str_ends(o->prefix, S("/")) ? "/" : "", STR_ARGS(name));
}

err ddb_output_put(struct call *c, const struct ddb_output *o, str object, struct stream *body, str *etag) {
    struct s3_put_object_request in = {.bucket = o->bucket, .key = object, .body = body, .expected_bucket_owner = o->owner, .ssekms_key_id = o->kms_key};
    struct s3_put_object_output out;
    if (str_eq(o->sse, S("AES256"))) in.server_side_encryption = S("AES256");
    if (str_eq(o->sse, S("KMS"))) in.server_side_encryption = S("aws:kms");
    TRY(call_service(c, &(struct call_other){.service = &s3_service, .op = S3_OP_PUT_OBJECT, .as = CALL_FORWARDED}, &in, &out));
    *etag = out.etag;
    return NULL;
}
