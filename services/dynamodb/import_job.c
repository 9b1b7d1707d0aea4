/* An import at work: objects one after the other, each a piece at a time. A worker reads and parses, the settling
 * transaction writes the items and remembers how far the file is read: a crash repeats nothing. A packed object is
 * unpacked once, into a blob of the import's own. */
#include "services/dynamodb/import.h"

#include "gen/logs.h"
#include "gen/s3.h"
#include "text/gzip.h"
#include "text/json.h"
#include "text/zstandard.h"

enum { PIECE = 1 << 20, PIECE_MAX = 16 << 20, PACKED_MAX = 256 << 20 };
#define UNPACKED_MAX ((size_t)1 << 30)
#define SOME_FAILED "Some of the items failed validation checks and were not imported. Please check CloudWatch error logs for more details."

/* ---- on a worker ---- */

struct read {
    struct call *c;
    err wrong; /* of S3; with code and message for the import */
    str code, message;
    /* an object was found, or none is left */
    bool found, over;
    str object, etag;
    i64 length;
    struct stream *spool;
    /* or a piece of it was read */
    struct ddb_lines lines;
    i64 from, taken;
};

static err get(struct read *r, const struct ddb_import *m, str object, str etag, i64 from, i64 n, struct stream **body) {
    struct s3_get_object_request in = {.bucket = m->bucket, .key = object, .if_match = etag, .expected_bucket_owner = m->bucket_owner};
    struct s3_get_object_output out;
    if (n) in.range = arena_format(r->c->arena, "bytes=%lld-%lld", (long long)from, (long long)(from + n - 1));
    TRY(call_service(r->c, &(struct call_other){.service = &s3_service, .op = S3_OP_GET_OBJECT, .as = CALL_FORWARDED}, &in, &out));
    *body = out.body;
    return NULL;
}

static bool refused(struct read *r, const char *code, const char *message) {
    r->code = str_of(code);
    r->message = str_of(message);
    return false;
}

/* The text of a packed object, staged. */
static bool unpack(struct read *r, const struct task *task, const struct ddb_import *m, err *e) {
    struct arena *a = r->c->arena;
    struct stream *body;
    str text;
    if (r->length > PACKED_MAX) return refused(r, "ItemValidationError", "A compressed object is larger than 256 MiB.");
    *e = get(r, m, r->object, r->etag, 0, 0, &body);
    if (*e) return false;
    char *packed = arena_alloc(a, (size_t)r->length + 1, 1);
    if (!stream_read(body, 0, packed, (size_t)r->length)) return refused(r, "S3InternalError", "The object could not be read.");
    str bytes = {packed, (size_t)r->length};
    bool whole = str_eq(m->compression, S("GZIP")) ? gzip_open(a, bytes, UNPACKED_MAX, &text) : zstd_unpack(a, bytes, UNPACKED_MAX, &text);
    if (!whole) return refused(r, "ItemValidationError", SOME_FAILED);
    r->length = (i64)text.n;
    r->spool = stream_stage(task->store, a, text.p ? text : S(""));
    return r->spool != NULL;
}

static err find_object(struct read *r, const struct task *task, const struct ddb_import *m) {
    struct s3_list_objects_v2_request in = {.bucket = m->bucket, .prefix = m->prefix, .start_after = m->after, .max_keys = SOME_I32(1),
                                            .expected_bucket_owner = m->bucket_owner};
    struct s3_list_objects_v2_output out;
    err e = NULL;
    TRY(call_service(r->c, &(struct call_other){.service = &s3_service, .op = S3_OP_LIST_OBJECTS_V2, .as = CALL_FORWARDED}, &in, &out));
    r->over = !out.contents.n;
    if (r->over) return NULL;
    const struct s3_object *o = &out.contents.v[0];
    r->object = o->key;
    r->etag = o->etag;
    r->length = o->size.v;
    r->found = true;
    bool packed = !str_eq(m->compression, S("NONE")) && r->length;
    if (packed && !unpack(r, task, m, &e) && !e && !r->code.p) e = &store_unavailable;
    return e;
}

/* A piece of at least one record, or all that is left. */
static err read_piece(struct read *r, struct txn *t, const struct ddb_import *m, const struct ddb_table *table) {
    struct arena *a = r->c->arena;
    r->from = m->offset;
    for (i64 size = PIECE;; size *= 4) {
        i64 n = MIN(size, m->length - m->offset);
        char *text = arena_alloc(a, (size_t)n + 1, 1);
        struct stream *body;
        bool read = !n;
        if (n && m->spool.p) {
            read = blob_read(blob_open(t, m->spool, a), (u64)m->offset, text, (size_t)n);
        } else if (n) {
            TRY(get(r, m, m->object, m->etag, m->offset, n, &body));
            read = stream_read(body, 0, text, (size_t)n);
        }
        if (!read) return &store_unavailable;
        r->lines = (struct ddb_lines){.call = r->c, .import = m, .table = table, .columns = m->columns, .last = m->offset + n == m->length,
                                      .max = (u32)ddb_changes_max(table), .index = m->index};
        r->lines.items = NEW_ARRAY(a, struct ddb_import_item, r->lines.max);
        ddb_lines_read(&r->lines, (str){text, (size_t)n});
        r->taken = (i64)r->lines.taken;
        if (r->taken || r->lines.last) return NULL;
        if (size >= PIECE_MAX) break;
    }
    refused(r, "ItemValidationError", "An item is longer than 16 MiB.");
    return NULL;
}

static void note_wrong(struct read *r, err e) { ddb_s3_fault(r->c, e, &r->code, &r->message); }

err ddb_import_perform(struct arena *a, const struct task *task, str *result) {
    struct txn *t = store_snapshot(task->store, a);
    struct read *r = NEW(a, struct read);
    struct ddb_import *m = NEW(a, struct ddb_import);
    struct ddb_table *table = NEW(a, struct ddb_table);
    err e = NULL;
    *result = (str){(const char *)r, sizeof *r}; /* of this process: settled in the same flight */
    if (txn_owner(t) && ddb_import_load(t, a, task->key, m) && m->state == DDB_IMPORT_RUNNING
        && ddb_table_load(t, a, m->account, m->region, m->table, table)) {
        r->c = call_for_task(t, &dynamodb_service, m->account, m->region, store_now_ms(task->store));
        caller_take(r->c, m->caller);
        e = m->object.p ? read_piece(r, t, m, table) : find_object(r, task, m);
        if (e && e != &store_unavailable) {
            note_wrong(r, e);
            e = NULL;
        }
        call_task_end(r->c);
    }
    store_snapshot_end(t);
    return e;
}

/* ---- errors go to CloudWatch Logs; a group that cannot be written stops nothing ---- */

static str log_line(struct call *c, const struct ddb_import *m, const struct ddb_import_item *item) {
    struct buf b = buf_new(c->arena, 64 << 10);
    json_write_object(&b);
    json_write_key(&b, S("itemS3Pointer"));
    json_write_object(&b);
    json_write_member(&b, S("bucketName"), m->bucket);
    json_write_member(&b, S("objectKey"), m->object);
    json_write_key(&b, S("itemIndex"));
    json_write_i64(&b, item->index);
    json_write_object_end(&b);
    json_write_member(&b, S("importArn"), ddb_import_arn(c->arena, m));
    json_write_key(&b, S("errorMessages"));
    json_write_array(&b);
    json_write_string(&b, item->problem);
    json_write_array_end(&b);
    json_write_object_end(&b);
    return buf_str(&b);
}

static void log_errors(struct call *c, const struct ddb_import *m, const struct ddb_import_item *items, u32 n) {
    struct call_other logs = {.service = &logs_service, .op = LOGS_OP_CREATE_LOG_GROUP, .as = CALL_FORWARDED};
    str stream = arena_concat(c->arena, m->id, S("/error"));
    struct logs_create_log_group_request group = {.log_group_name = DDB_IMPORT_LOG};
    struct logs_create_log_stream_request log = {.log_group_name = DDB_IMPORT_LOG, .log_stream_name = stream};
    struct logs_put_log_events_request in = {.log_group_name = DDB_IMPORT_LOG, .log_stream_name = stream};
    struct logs_put_log_events_response out;
    struct wire_unit unit;
    in.log_events = (struct logs_input_log_events){NEW_ARRAY(c->arena, struct logs_input_log_event, n + 1), 0, true};
    for (u32 i = 0; i < n; i++)
        if (items[i].problem.p) in.log_events.v[in.log_events.n++] = (struct logs_input_log_event){SOME_I64(c->now_ms), log_line(c, m, &items[i])};
    if (!in.log_events.n) return;
    (void)!call_service(c, &logs, &group, &unit); /* it may be there */
    logs.op = LOGS_OP_CREATE_LOG_STREAM;
    (void)!call_service(c, &logs, &log, &unit);
    logs.op = LOGS_OP_PUT_LOG_EVENTS;
    (void)!call_service(c, &logs, &in, &out);
    c->error_message = (str){0};
}

/* ---- settled ---- */

static err write_item(struct call *c, const struct ddb_table *t, struct ddb_import_item *item) {
    struct ddb_write w = {.kind = DDB_PUT, .table = t, .item = item->item};
    struct ddb_written done = {.usage.table = t};
    TRY(ddb_write_check(c, &w));
    TRY(ddb_write_locate(c, &w, &done));
    return ddb_write_run(c, &w, &done);
}

static void write_items(struct call *c, const struct ddb_table *t, struct ddb_import *m, struct read *r) {
    for (u32 i = 0; i < r->lines.n; i++) {
        struct ddb_import_item *item = &r->lines.items[i];
        size_t mark = txn_mark(c->txn);
        if (!item->problem.p && write_item(c, t, item)) {
            txn_undo(c->txn, mark);
            item->problem = c->error_message;
            c->error_message = (str){0};
        }
        m->processed++;
        if (item->problem.p) m->errors++;
        else m->imported++;
    }
    log_errors(c, m, r->lines.items, r->lines.n);
    m->offset = r->from + r->taken;
    m->processed_bytes += r->taken;
    m->index = r->lines.index;
    m->columns = r->lines.columns;
}

static void end_object(struct call *c, struct ddb_import *m) {
    if (m->spool.p) txn_blob_delete(c->txn, m->spool);
    m->after = m->object;
    m->object = m->etag = m->spool = (str){0};
    m->columns = (struct ddb_names){0};
}

static void end_import(struct call *c, struct ddb_import *m, struct ddb_table *t, str code, str message) {
    if (m->spool.p) txn_blob_delete(c->txn, m->spool);
    m->spool = (str){0};
    m->end_ms = c->now_ms;
    m->failure_code = code;
    m->failure_message = message;
    m->state = code.p ? DDB_IMPORT_FAILED : DDB_IMPORT_DONE;
    t->importing = false;
    if (code.p && !m->objects && !str_eq(code, S("ItemValidationError"))) t->state = DDB_DELETING; /* nothing could be read: as AWS, there is no table */
    ddb_table_save(c->txn, c->arena, t);
    ddb_table_settle(c->txn, c->arena, t);
}

static void advance(struct call *c, struct ddb_import *m, struct ddb_table *t, struct read *r) {
    if (r->code.p) {
        end_import(c, m, t, r->code, r->message);
    } else if (r->over) {
        if (m->errors) end_import(c, m, t, S("ItemValidationError"), S(SOME_FAILED));
        else end_import(c, m, t, (str){0}, (str){0});
    } else if (r->found) {
        m->object = r->object;
        m->etag = r->etag;
        m->length = r->length;
        m->offset = m->index = 0;
        m->columns = m->headers;
        m->objects++;
        if (r->spool) m->spool = stream_adopt(c, r->spool);
    } else {
        write_items(c, t, m, r);
        if (m->offset == m->length) end_object(c, m);
    }
}

err ddb_import_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct read *r = (void *)(size_t)result.p;
    struct ddb_import m;
    struct ddb_table table;
    if (!ddb_import_load(t, a, arena_str(a, task->key), &m) || m.state != DDB_IMPORT_RUNNING) return NULL;
    if (!ddb_table_load(t, a, m.account, m.region, m.table, &table)) return NULL;
    if (outcome || !r->c) { /* the disk did not give it: again in a second */
        txn_task_set(t, &(struct task){.kind = task->kind, .key = task->key, .due_ms = now_ms + 1000});
        return NULL;
    }
    struct call *c = call_for_task(t, &dynamodb_service, m.account, m.region, now_ms);
    caller_take(c, m.caller);
    advance(c, &m, &table, r);
    ddb_import_save(t, a, &m);
    if (m.state == DDB_IMPORT_RUNNING) ddb_import_go(t, a, &m);
    return NULL;
}
