/* The objects of an export: each file is made on a worker from what was gathered, and put when it is settled, with the
 * rights of who asked. A crash between the two makes the file again, under another name; the manifest names one. */
#include "services/dynamodb/export.h"

#include "crypto/crypto.h"
#include "services/dynamodb/value_ion.h"
#include "text/gzip.h"
#include "text/json.h"

enum { FILE_BYTES = 8 << 20, FILE_TEXT_MAX = 256 << 20, PUTS_MAX = 4, CHANGES_BILLED_MIN = 10000000 };

/* ---- on a worker ---- */

struct put {
    str object;
    struct stream *body;
    str md5; /* base64 */
};
struct made {
    bool there; /* the export is, and something was made */
    struct put puts[PUTS_MAX];
    u32 n;
    str position; /* of the last row in the file */
    i64 items, bytes;
    bool last;
};

static str md5_of(struct arena *a, str bytes) {
    u8 digest[DIGEST_MAX];
    struct buf b = buf_new(a, 64);
    digest_once(DIGEST_MD5, bytes, digest);
    buf_base64(&b, (str){(char *)digest, 16});
    return buf_str(&b);
}

static bool add(struct arena *a, const struct task *task, struct made *m, str object, str bytes) {
    struct put *p = &m->puts[m->n++];
    *p = (struct put){object, stream_stage(task->store, a, bytes), md5_of(a, bytes)};
    return p->body;
}

static struct value keys_of(struct arena *a, const struct ddb_export *e, const struct value *item) {
    str names[] = {e->keys.hash, e->keys.range};
    return item_of_names(a, item, names, e->keys.range.p ? 2 : 1);
}

static struct value micros(struct arena *a, i64 at_ms) {
    str text = arena_format(a, "%lld000", (long long)at_ms);
    return (struct value){.type = VALUE_N, .n = (u32)text.n, .text = text.p};
}

/* A line of the file: {"Item":...}, or what an item was and is. Both forms are maps of items. False: the filter does not take it. */
static bool write_line(struct arena *a, const struct ddb_export *e, const struct ddb_filter *f, str row, struct buf *out) {
    struct ddb_changed changed = {0};
    struct value before = {0}, after = {0}, keys, stamp, metadata = {.type = VALUE_M};
    const struct value *parts[] = {&metadata, &keys, &before, &after};
    static const char *const names[] = {"Metadata", "Keys", "OldImage", "NewImage"};
    if (!e->incremental) {
        struct value item = ddb_item_decode(a, row);
        if (!ddb_filter_takes(a, f, &item)) return false;
        item = ddb_filter_part(a, f, &item);
        if (e->ion) buf_add(out, S("$ion_1_0 {Item:"));
        else buf_add(out, S("{\"Item\":"));
        if (e->ion) item_write_ion(a, out, &item);
        else item_write_json(a, out, &item);
        buf_add(out, S("}\n"));
        return true;
    }
    ASSERT(record_decode(a, &ddb_changed_record, row, &changed));
    if (changed.before.p) before = ddb_item_decode(a, changed.before);
    if (changed.after.p) after = ddb_item_decode(a, changed.after);
    if (!ddb_filter_takes(a, f, changed.after.p ? &after : &before)) return false;
    keys = keys_of(a, e, changed.after.p ? &after : &before);
    stamp = micros(a, changed.at_ms);
    metadata = item_with(a, &metadata, S("WriteTimestampMicros"), &stamp);
    before = e->new_only ? (struct value){0} : ddb_filter_part(a, f, &before);
    after = ddb_filter_part(a, f, &after);
    buf_add(out, e->ion ? S("$ion_1_0 {Record:{") : S("{"));
    for (size_t i = 0; i < LENGTH(parts); i++) {
        if (!parts[i]->type) continue;
        buf_format(out, e->ion ? "%s%s:" : "%s\"%s\":", i ? "," : "", names[i]);
        if (e->ion) item_write_ion(a, out, parts[i]);
        else item_write_json(a, out, parts[i]);
    }
    buf_add(out, e->ion ? S("}}\n") : S("}\n"));
    return true;
}

static bool make_file(struct txn *t, struct arena *a, const struct task *task, const struct ddb_export *e, struct made *m) {
    struct call *c = call_for_task(t, &dynamodb_service, e->account, e->region, store_now_ms(task->store));
    struct ddb_filter f;
    ddb_filter_open(c, e, &f);
    struct ddb_span span = ddb_filter_span(a, &f, e->space);
    str key, value;
    struct buf text = buf_new(a, FILE_TEXT_MAX);
    if (e->position.p) span.from = arena_concat(a, e->position, (str){"", 1});
    struct range rows = txn_range(t, span.from, span.to);
    m->last = true;
    while (range_next(&rows, &key, &value)) {
        if (m->bytes >= FILE_BYTES) {
            m->last = false;
            break;
        }
        m->position = arena_str(a, key);
        struct arena line = {0};
        if (write_line(&line, e, &f, value, &text)) m->items++;
        arena_free(&line);
        m->bytes += (i64)value.n;
    }
    call_task_end(c);
    ASSERT(!text.over);
    if (e->incremental && !m->items && e->file_count) return true;
    str id = id_from(a, S("abcdefghijklmnopqrstuvwxyz234567"), 26);
    str name = arena_format(a, "%.*s%sdata/%.*s.%s.gz", STR_ARGS(e->incremental ? S("") : e->id), e->incremental ? "" : "/", STR_ARGS(id),
                            e->ion ? "ion" : "json");
    return add(a, task, m, ddb_export_object(a, e, name), gzip_of(a, buf_str(&text)));
}

static str summary(struct arena *a, const struct ddb_export *e, i64 now_ms) {
    struct buf b = buf_new(a, 64 << 10);
    const struct {
        str name, text;
    } texts[] = {{S("s3Bucket"), e->output.bucket},
                 {S("s3Prefix"), e->output.prefix},
                 {S("s3SseAlgorithm"), e->output.sse.p ? e->output.sse : S("AES256")},
                 {S("s3SseKmsKeyId"), e->output.kms_key},
                 {S("manifestFilesS3Key"), ddb_export_object(a, e, arena_concat(a, e->id, S("/manifest-files.json")))}};
    const struct {
        str name;
        i64 ms;
    } times[] = {{S("startTime"), e->start_ms}, {S("endTime"), now_ms}, {S("exportTime"), e->incremental ? 0 : e->moment_ms},
                 {S("exportFromTime"), e->from_ms}, {S("exportToTime"), e->to_ms}};
    json_write_object(&b);
    json_write_member(&b, S("version"), e->incremental ? S("2023-08-01") : S("2020-06-30"));
    json_write_member(&b, S("exportArn"), ddb_export_arn(a, e));
    json_write_member(&b, S("tableArn"), arn_format(a, S("dynamodb"), e->region, e->account, arena_concat(a, S("table/"), e->table)));
    json_write_member(&b, S("tableId"), e->table_id);
    for (size_t i = 0; i < LENGTH(times); i++) {
        if (!times[i].ms) continue;
        struct buf when = buf_new(a, 64);
        buf_iso8601_ms(&when, times[i].ms);
        json_write_member(&b, times[i].name, buf_str(&when));
    }
    for (size_t i = 0; i < LENGTH(texts); i++) {
        json_write_key(&b, texts[i].name);
        if (texts[i].text.p) json_write_string(&b, texts[i].text);
        else json_write_null(&b);
    }
    json_write_key(&b, S("billedSizeBytes"));
    json_write_i64(&b, e->bytes);
    json_write_key(&b, S("itemCount"));
    json_write_i64(&b, e->items);
    json_write_member(&b, S("outputFormat"), e->ion ? S("ION") : S("DYNAMODB_JSON"));
    if (e->incremental) {
        json_write_member(&b, S("outputView"), e->new_only ? S("NEW_IMAGE") : S("NEW_AND_OLD_IMAGES"));
    }
    json_write_member(&b, S("exportType"), e->incremental ? S("INCREMENTAL_EXPORT") : S("FULL_EXPORT"));
    json_write_object_end(&b);
    return buf_str(&b);
}

static bool make_manifests(struct txn *t, struct arena *a, const struct task *task, const struct ddb_export *e, i64 now_ms, struct made *m) {
    struct key k = ddb_space_key(a, e->files);
    struct buf lines = buf_new(a, FILE_TEXT_MAX);
    str from = key_bytes(&k), value;
    struct range rows = txn_range(t, from, key_after_prefix(a, from));
    while (range_next(&rows, NULL, &value)) buf_add(&lines, value);
    const struct {
        const char *name;
        str text;
    } manifests[] = {{"manifest-files", buf_str(&lines)}, {"manifest-summary", summary(a, e, now_ms)}};
    bool made = true;
    for (size_t i = 0; i < LENGTH(manifests); i++) {
        str base = arena_format(a, "%.*s/%s", STR_ARGS(e->id), manifests[i].name), text = manifests[i].text.p ? manifests[i].text : S("");
        made = made && add(a, task, m, ddb_export_object(a, e, arena_concat(a, base, S(".json"))), text);
        made = made && add(a, task, m, ddb_export_object(a, e, arena_concat(a, base, S(".checksum"))), md5_of(a, text));
    }
    return made;
}

err ddb_export_perform(struct arena *a, const struct task *task, str *result) {
    struct txn *t = store_snapshot(task->store, a);
    struct made *m = NEW(a, struct made);
    struct ddb_export e;
    bool made = true;
    *result = (str){(const char *)m, sizeof *m}; /* of this process: settled in the same flight */
    if (ddb_export_load(t, a, task->key, &e)) {
        m->there = true;
        if (e.phase == DDB_EXPORT_BEGIN) made = add(a, task, m, ddb_export_object(a, &e, arena_concat(a, e.id, S("/_started"))), S(""));
        if (e.phase == DDB_EXPORT_FILES) made = make_file(t, a, task, &e, m);
        if (e.phase == DDB_EXPORT_END) made = make_manifests(t, a, task, &e, store_now_ms(task->store), m);
    }
    store_snapshot_end(t);
    return made ? NULL : &store_unavailable;
}

/* ---- settled ---- */

static void note_file(struct call *c, struct ddb_export *e, const struct made *m, str etag) {
    struct buf b = buf_new(c->arena, 4096);
    struct key k = ddb_space_key(c->arena, e->files);
    if (etag.n > 2 && etag.p[0] == '"') etag = str_take(str_skip(etag, 1), etag.n - 2);
    json_write_object(&b);
    json_write_key(&b, S("itemCount"));
    json_write_i64(&b, m->items);
    json_write_member(&b, S("md5Checksum"), m->puts[0].md5);
    json_write_member(&b, S("etag"), etag);
    json_write_member(&b, S("dataFileS3Key"), m->puts[0].object);
    json_write_object_end(&b);
    buf_char(&b, '\n');
    key_u64(&k, (u64)e->file_count++);
    txn_put(c->txn, key_bytes(&k), buf_str(&b));
    e->items += m->items;
}

static void fail_export(struct call *c, struct ddb_export *e, err why) {
    struct ddb_table t;
    ddb_s3_fault(c, why, &e->failure_code, &e->failure_message);
    if (e->phase == DDB_EXPORT_BEGIN && ddb_table_load(c->txn, c->arena, e->account, e->region, e->table, &t)) ddb_copied(c, &t);
    e->phase = DDB_EXPORT_FAILED;
}

static void begin(struct call *c, struct ddb_export *e) {
    struct ddb_table t;
    e->phase = DDB_EXPORT_GATHER;
    if (!ddb_table_load(c->txn, c->arena, e->account, e->region, e->table, &t)) return;
    if (e->incremental) {
        ddb_changes_gather(c->txn, c->arena, e);
        return;
    }
    struct ddb_copy copy = {.source = t.space, .history = t.history, .source_table = ddb_table_row(c->arena, t.account, t.region, t.name),
                            .after_ms = e->moment_ms, .target = e->space, .export = ddb_export_row(c->arena, e)};
    ddb_copy_start(c->txn, c->arena, &copy);
}

void ddb_export_copied(struct call *c, str row, i64 bytes) {
    struct ddb_export e;
    if (!ddb_export_load(c->txn, c->arena, row, &e)) return;
    e.bytes = bytes;
    e.phase = DDB_EXPORT_FILES;
    ddb_export_save(c->txn, c->arena, &e);
    ddb_export_go(c->txn, c->arena, &e);
}

static void advance(struct call *c, struct ddb_export *e, const struct made *m, str etag) {
    switch ((enum ddb_export_phase)e->phase) {
    case DDB_EXPORT_BEGIN: begin(c, e); return;
    case DDB_EXPORT_FILES:
        if (m->n) note_file(c, e, m, etag);
        if (e->incremental) e->bytes += m->bytes;
        e->position = m->position;
        if (m->last && e->incremental) e->bytes = MAX(e->bytes, CHANGES_BILLED_MIN);
        if (m->last) e->phase = DDB_EXPORT_END;
        ddb_export_go(c->txn, c->arena, e);
        return;
    case DDB_EXPORT_END: e->phase = DDB_EXPORT_DONE; return;
    case DDB_EXPORT_GATHER:
    case DDB_EXPORT_DONE:
    case DDB_EXPORT_FAILED: return;
    }
}

err ddb_export_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms) {
    struct arena *a = txn_arena(t);
    const struct made *m = (const void *)result.p;
    struct ddb_export e;
    err wrong = NULL;
    str etag = {0};
    if (!ddb_export_load(t, a, arena_str(a, task->key), &e)) return NULL;
    if (outcome || !m->there) { /* the disk did not take it: again in a second */
        txn_task_set(t, &(struct task){.kind = task->kind, .key = task->key, .due_ms = now_ms + 1000});
        return NULL;
    }
    struct call *c = call_for_task(t, &dynamodb_service, e.account, e.region, now_ms);
    caller_take(c, e.caller);
    for (u32 i = 0; i < m->n && !wrong; i++) wrong = ddb_output_put(c, &e.output, m->puts[i].object, m->puts[i].body, &etag);
    if (wrong) fail_export(c, &e, wrong);
    else advance(c, &e, m, etag);
    if (e.phase >= DDB_EXPORT_DONE) {
        e.end_ms = now_ms;
        ddb_sweep(t, a, e.space);
        ddb_sweep(t, a, e.files);
    }
    ddb_export_save(t, a, &e);
    return NULL;
}
