/* A bulk operation at work. A worker reads and parses, the settling transaction writes the items, keeps a line of the report for each
 * that it could not write, and remembers how far the object is read: a crash repeats nothing. At the end the reports are made of the
 * lines, and the manifest that names them, as exports make their files. */
#include "services/dynamodb/bulk.h"

#include "text/json.h"

enum { OBJECTS_MAX = 50000, REPORT_BYTES = 8 << 20, REPORT_TEXT_MAX = 64 << 20, REPORT_LINE_MAX = 8 << 20, UNIT_BYTES = 1024 };
static const i64 object_bytes_max = (i64)5 << 30;

/* ---- on a worker ---- */

struct step {
    struct ddb_fetch fetch; /* with code and message of what ends it */
    i64 objects, bytes, largest;
    str object; /* that is put */
    struct stream *body;
    str position; /* of a report: the last line that is in it */
    i64 lines;
    bool last;
};

static str report_name(enum ddb_report report) { return report == DDB_REPORT_ERROR ? S("error") : S("condition-check-failure"); }

static str lines_of(struct arena *a, const struct ddb_bulk *b, i64 report) {
    struct key k = ddb_space_key(a, b->reports);
    key_u64(&k, (u64)report);
    return key_bytes(&k);
}

static bool stage(struct step *s, const struct task *task, const struct ddb_bulk *b, str name, str text) {
    struct arena *a = s->fetch.c->arena;
    s->object = ddb_output_name(a, &b->output, arena_format(a, "%.*s/%.*s", STR_ARGS(b->id), STR_ARGS(name)));
    s->body = stream_stage(task->store, a, text.p ? text : S(""));
    return s->body;
}

static err begin(struct step *s, const struct task *task, const struct ddb_bulk *b) {
    TRY(ddb_input_measure(s->fetch.c, &b->input, OBJECTS_MAX, &s->objects, &s->bytes, &s->largest));
    return stage(s, task, b, S("_started"), S("")) ? NULL : &store_unavailable;
}

static err make_report(struct step *s, struct txn *t, const struct task *task, const struct ddb_bulk *b) {
    struct arena *a = s->fetch.c->arena;
    struct buf text = buf_new(a, REPORT_TEXT_MAX);
    str all = lines_of(a, b, b->report), from = b->position.p ? arena_concat(a, b->position, (str){"", 1}) : all, key, value;
    struct range rows = txn_range(t, from, key_after_prefix(a, all));
    s->last = true;
    while (range_next(&rows, &key, &value)) {
        if (text.n >= REPORT_BYTES) {
            s->last = false;
            break;
        }
        s->position = arena_str(a, key);
        buf_add(&text, value);
        s->lines++;
    }
    ASSERT(!text.over);
    if (!s->lines) return NULL;
    str name = arena_format(a, "%.*s/%.*s.json", STR_ARGS(report_name((enum ddb_report)b->report)), STR_ARGS(id_from(a, S("abcdefghijklmnopqrstuvwxyz234567"), 26)));
    return stage(s, task, b, name, buf_str(&text)) ? NULL : &store_unavailable;
}

static void write_time(struct arena *a, struct buf *b, str name, i64 ms) {
    struct buf when = buf_new(a, 64);
    buf_iso8601_ms(&when, ms);
    json_write_member(b, name, buf_str(&when));
}

static void write_count(struct buf *b, str name, i64 n) {
    json_write_key(b, name);
    json_write_i64(b, n);
}

static err make_manifest(struct step *s, struct txn *t, const struct task *task, const struct ddb_bulk *b) {
    struct arena *a = s->fetch.c->arena;
    struct buf out = buf_new(a, REPORT_TEXT_MAX);
    struct key k = ddb_space_key(a, b->files);
    str from = key_bytes(&k), value;
    struct ddb_bulk over = *b;
    over.phase = DDB_BULK_OVER;
    json_write_object(&out);
    json_write_member(&out, S("bulkOperationArn"), ddb_bulk_arn(a, b));
    json_write_member(&out, S("bulkOperationStatus"), ddb_bulk_status(&over));
    json_write_member(&out, S("tableArn"), arn_format(a, S("dynamodb"), b->region, b->account, arena_concat(a, S("table/"), b->table)));
    json_write_member(&out, S("tableId"), b->table_id);
    write_time(a, &out, S("startTime"), b->start_ms);
    write_time(a, &out, S("endTime"), store_now_ms(task->store));
    write_count(&out, S("processedItemCount"), b->processed);
    write_count(&out, S("failedItemCount"), b->failed);
    write_count(&out, S("conditionCheckFailureCount"), b->unmet);
    json_write_key(&out, S("files"));
    json_write_array(&out);
    struct range rows = txn_range(t, from, key_after_prefix(a, from));
    while (range_next(&rows, NULL, &value)) json_write_raw(&out, value);
    json_write_array_end(&out);
    json_write_object_end(&out);
    return stage(s, task, b, S("manifest-summary.json"), buf_str(&out)) ? NULL : &store_unavailable;
}

static err work(struct step *s, struct txn *t, const struct task *task, const struct ddb_bulk *b) {
    struct ddb_table table;
    switch ((enum ddb_bulk_phase)b->phase) {
    case DDB_BULK_BEGIN: return begin(s, task, b);
    case DDB_BULK_ITEMS:
        if (b->cancelled || !ddb_table_load(t, s->fetch.c->arena, b->account, b->region, b->table, &table)) return NULL;
        return ddb_input_fetch(&s->fetch, t, task, &b->input, &(struct ddb_lines){.format = b->format, .conditions = true, .max = (u32)ddb_changes_max(&table)});
    case DDB_BULK_REPORTS: return make_report(s, t, task, b);
    case DDB_BULK_MANIFEST: return make_manifest(s, t, task, b);
    case DDB_BULK_OVER: return NULL;
    }
    return NULL;
}

err ddb_bulk_perform(struct arena *a, const struct task *task, str *result) {
    struct txn *t = store_snapshot(task->store, a);
    struct step *s = NEW(a, struct step);
    struct ddb_bulk *b = NEW(a, struct ddb_bulk);
    err e = NULL;
    *result = (str){(const char *)s, sizeof *s}; /* of this process: settled in the same flight */
    if (txn_owner(t) && ddb_bulk_load(t, a, task->key, b)) {
        s->fetch.c = call_for_task(t, &dynamodb_service, b->account, b->region, store_now_ms(task->store));
        caller_take(s->fetch.c, b->caller);
        e = work(s, t, task, b);
        if (e && e != &store_unavailable) {
            ddb_s3_fault(s->fetch.c, e, &s->fetch.code, &s->fetch.message);
            e = NULL;
        }
        call_task_end(s->fetch.c);
    }
    store_snapshot_end(t);
    return e;
}

/* ---- settled: items ---- */

/* {"itemS3Pointer":...,"errorCode":...,"errorMessage":...,"Item":...}: and what is in the item's place already, or the text that is no item.
 * False: that is more than a line takes. */
static bool write_line(struct call *c, const struct ddb_bulk *b, enum ddb_report kind, const struct ddb_line *line, const struct value *existing,
                       bool whole, str *text) {
    struct buf out = buf_new(c->arena, REPORT_LINE_MAX);
    json_write_object(&out);
    json_write_key(&out, S("itemS3Pointer"));
    json_write_object(&out);
    json_write_member(&out, S("bucketName"), b->input.bucket);
    json_write_member(&out, S("objectKey"), b->input.object);
    write_count(&out, S("itemIndex"), line->index);
    json_write_object_end(&out);
    json_write_member(&out, S("errorCode"), kind == DDB_REPORT_CONDITION ? S("ConditionalCheckFailed") : S("ValidationError"));
    json_write_member(&out, S("errorMessage"), line->problem);
    if (whole && line->item.type) {
        json_write_key(&out, S("Item"));
        item_write_json(c->arena, &out, &line->item);
    } else if (whole) {
        json_write_member(&out, S("record"), line->text);
    }
    if (whole && existing->type) {
        json_write_key(&out, S("ExistingItem"));
        item_write_json(c->arena, &out, existing);
    }
    json_write_object_end(&out);
    buf_char(&out, '\n');
    *text = buf_str(&out);
    return !out.over;
}

/* A line that would be too long names its record alone. */
static void report(struct call *c, struct ddb_bulk *b, enum ddb_report kind, const struct ddb_line *line, const struct value *existing) {
    struct key k = ddb_space_key(c->arena, b->reports);
    str text;
    if (!b->reported[kind]) return;
    if (!write_line(c, b, kind, line, existing, true, &text)) ASSERT(write_line(c, b, kind, line, existing, false, &text));
    key_u64(&k, (u64)kind);
    key_u64(&k, (u64)b->lines++);
    txn_put(c->txn, key_bytes(&k), text);
}

static err write_item(struct call *c, const struct ddb_table *t, const struct ddb_line *line, struct ddb_written *done) {
    struct ddb_write w = {.kind = DDB_PUT, .table = t, .item = line->item, .asked = line->asked};
    TRY(ddb_write_check(c, &w));
    TRY(ddb_write_locate(c, &w, done));
    return ddb_write_run(c, &w, done);
}

static void put_item(struct call *c, const struct ddb_table *t, struct ddb_bulk *b, struct ddb_line *line, struct ddb_usage *used) {
    struct ddb_written done = {.usage.table = t};
    size_t mark = txn_mark(c->txn);
    b->processed++;
    if (!line->problem.p && write_item(c, t, line, &done)) {
        txn_undo(c->txn, mark);
        line->problem = c->error_message;
        c->error_message = (str){0};
    }
    if (!line->problem.p) {
        ddb_usage_add(used, &done.usage);
        return;
    }
    if (done.condition_failed) b->unmet++;
    else b->failed++;
    report(c, b, done.condition_failed ? DDB_REPORT_CONDITION : DDB_REPORT_ERROR, line, &done.before);
}

static struct ddb_bulk_index *index_bytes(struct arena *a, struct ddb_bulk *b, const struct ddb_index *index) {
    for (u32 i = 0; i < b->indexes.n; i++)
        if (str_eq(b->indexes.v[i].name, index->name)) return &b->indexes.v[i];
    struct ddb_bulk_index *more = NEW_ARRAY(a, struct ddb_bulk_index, b->indexes.n + 1);
    if (b->indexes.n) memcpy(more, b->indexes.v, b->indexes.n * sizeof *more);
    b->indexes.v = more;
    b->indexes.set = true;
    more[b->indexes.n] = (struct ddb_bulk_index){.name = index->name, .kind = index->kind};
    return &more[b->indexes.n++];
}

/* Returns the units that were used, of the table and its global indexes. */
static double add_usage(struct call *c, const struct ddb_table *t, struct ddb_bulk *b, const struct ddb_usage *used) {
    double units = used->write;
    b->table_bytes += (i64)(used->write * UNIT_BYTES);
    for (u32 i = 0; i < t->indexes.n; i++) {
        bool vector = t->indexes.v[i].kind == DDB_VECTOR;
        if (used->index_write[i] <= 0) continue;
        index_bytes(c->arena, b, &t->indexes.v[i])->bytes += (i64)(used->index_write[i] * (vector ? 1 : UNIT_BYTES));
        if (!vector) units += used->index_write[i];
    }
    return units;
}

/* Returns when the next items may be put: MaxWriteRequestUnits. */
static i64 put_items(struct call *c, const struct ddb_table *t, struct ddb_bulk *b, struct ddb_fetch *f) {
    struct ddb_usage used = {.table = t};
    struct ddb_lines *lines = &f->lines;
    for (u32 i = 0; i < lines->n; i++) put_item(c, t, b, &lines->items[i], &used);
    if (!b->input.spool.p) b->read_bytes += f->taken;
    bool ended = ddb_input_taken(&b->input, f);
    if (ended || (lines->n && lines->items[lines->n - 1].garbled)) ddb_input_close(c->txn, &b->input);
    double units = add_usage(c, t, b, &used);
    return b->most ? c->now_ms + (i64)(units * 1000 / (double)b->most) : 0;
}

/* ---- settled: from phase to phase ---- */

static void end(struct call *c, struct ddb_bulk *b) {
    struct ddb_table t;
    b->phase = DDB_BULK_OVER;
    b->end_ms = c->now_ms;
    ddb_input_close(c->txn, &b->input);
    ddb_sweep(c->txn, c->arena, b->reports);
    ddb_sweep(c->txn, c->arena, b->files);
    if (!ddb_table_load(c->txn, c->arena, b->account, b->region, b->table, &t) || !str_eq(t.id, b->table_id)) return;
    t.bulks--;
    ddb_table_save(c->txn, c->arena, &t);
}

static void failed(struct call *c, struct ddb_bulk *b, str code, str message) {
    b->cancelled = false;
    b->failure_code = code;
    b->failure_message = message;
    end(c, b);
}

static void begun(struct call *c, struct ddb_bulk *b, const struct step *s) {
    b->measured = true;
    b->total_bytes = s->bytes;
    b->phase = DDB_BULK_ITEMS;
    if (s->objects > OBJECTS_MAX) failed(c, b, S("InputLimitExceeded"), S("There are more than 50,000 objects."));
    else if (s->largest > object_bytes_max) failed(c, b, S("InputLimitExceeded"), S("An object is larger than 5 GB."));
}

/* An object that cannot be unpacked, or has a record that is longer than anything: it is reported as a whole, and the next one is read. */
static void pass_over(struct call *c, struct ddb_bulk *b, const struct ddb_fetch *f) {
    struct ddb_line line = {.text = S(""), .problem = S("The object could not be read: it is not packed as was said, or a record of it is too long"), .index = b->input.index};
    if (f->found) b->input.object = f->object;
    b->processed++;
    b->failed++;
    report(c, b, DDB_REPORT_ERROR, &line, &(struct value){0});
    ddb_input_close(c->txn, &b->input);
}

static i64 go_on_with_items(struct call *c, struct ddb_bulk *b, struct ddb_fetch *f) {
    struct ddb_table t;
    if (b->cancelled || f->over) {
        b->phase = DDB_BULK_REPORTS;
    } else if (!ddb_table_load(c->txn, c->arena, b->account, b->region, b->table, &t) || !str_eq(t.id, b->table_id) || t.state == DDB_DELETING) {
        failed(c, b, S("TableNotFound"), arena_format(c->arena, "Table not found: %.*s", STR_ARGS(b->table)));
    } else if (t.state == DDB_ARCHIVED || t.sse_lost_ms) {
        failed(c, b, S("TableNotAccessible"), S("The table's key of KMS cannot be used."));
    } else if (f->code.p) {
        pass_over(c, b, f);
    } else if (f->found) {
        b->read_bytes += f->packed;
        ddb_input_open(c, &b->input, f);
    } else {
        return put_items(c, &t, b, f);
    }
    return 0;
}

static void note_report(struct call *c, struct ddb_bulk *b, const struct step *s) {
    if (s->lines) {
        struct buf out = buf_new(c->arena, 4096);
        struct key k = ddb_space_key(c->arena, b->files);
        json_write_object(&out);
        json_write_member(&out, S("outputType"), b->report == DDB_REPORT_ERROR ? S("ERROR") : S("CONDITION_CHECK_FAILURE"));
        write_count(&out, S("itemCount"), s->lines);
        json_write_member(&out, S("dataFileS3Key"), s->object);
        json_write_object_end(&out);
        key_u64(&k, (u64)b->file_count++);
        txn_put(c->txn, key_bytes(&k), buf_str(&out));
    }
    b->position = s->position;
    if (!s->last) return;
    b->position = (str){0};
    if (++b->report == DDB_REPORTS) b->phase = DDB_BULK_MANIFEST;
}

static i64 advance(struct call *c, struct ddb_bulk *b, struct step *s) {
    str etag;
    err wrong = s->body ? ddb_output_put(c, &b->output, s->object, s->body, &etag) : NULL;
    if (wrong) ddb_s3_fault(c, wrong, &s->fetch.code, &s->fetch.message);
    bool garbage = b->phase == DDB_BULK_ITEMS && str_eq(s->fetch.code, S("ItemValidationError"));
    if (s->fetch.code.p && !garbage) {
        failed(c, b, s->fetch.code, s->fetch.message);
        return 0;
    }
    switch ((enum ddb_bulk_phase)b->phase) {
    case DDB_BULK_BEGIN: begun(c, b, s); return 0;
    case DDB_BULK_ITEMS: return go_on_with_items(c, b, &s->fetch);
    case DDB_BULK_REPORTS: note_report(c, b, s); return 0;
    case DDB_BULK_MANIFEST: end(c, b); return 0;
    case DDB_BULK_OVER: return 0;
    }
    return 0;
}

err ddb_bulk_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct step *s = (void *)(size_t)result.p;
    struct ddb_bulk b;
    if (!ddb_bulk_load(t, a, arena_str(a, task->key), &b) || b.phase == DDB_BULK_OVER) return NULL;
    if (outcome || !s->fetch.c) { /* the disk did not give it: again in a second */
        ddb_bulk_go(t, a, &b, now_ms + 1000);
        return NULL;
    }
    struct call *c = call_for_task(t, &dynamodb_service, b.account, b.region, now_ms);
    caller_take(c, b.caller);
    i64 due_ms = advance(c, &b, s);
    ddb_bulk_save(t, a, &b);
    if (b.phase != DDB_BULK_OVER) ddb_bulk_go(t, a, &b, due_ms);
    return NULL;
}
