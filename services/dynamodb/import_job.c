/* An import at work: a worker reads and parses, the settling transaction writes the items and remembers how far the file is
 * read: a crash repeats nothing. */
#include "services/dynamodb/import.h"

#include "gen/logs.h"
#include "text/json.h"

/* ---- on a worker ---- */

err ddb_import_perform(struct arena *a, const struct task *task, str *result) {
    struct txn *t = store_snapshot(task->store, a);
    struct ddb_fetch *f = NEW(a, struct ddb_fetch);
    struct ddb_import *m = NEW(a, struct ddb_import);
    struct ddb_table *table = NEW(a, struct ddb_table);
    err e = NULL;
    *result = (str){(const char *)f, sizeof *f}; /* of this process: settled in the same flight */
    if (txn_owner(t) && ddb_import_load(t, a, task->key, m) && m->state == DDB_IMPORT_RUNNING
        && ddb_table_load(t, a, m->account, m->region, m->table, table)) {
        struct ddb_lines lines = {.format = m->format, .delimiter = m->delimiter, .table = table, .columns = m->columns, .max = (u32)ddb_changes_max(table)};
        f->c = call_for_task(t, &dynamodb_service, m->account, m->region, store_now_ms(task->store));
        caller_take(f->c, m->caller);
        e = ddb_input_fetch(f, t, task, &m->input, &lines);
        call_task_end(f->c);
    }
    store_snapshot_end(t);
    return e;
}

/* ---- errors go to CloudWatch Logs; a group that cannot be written stops nothing ---- */

static str log_line(struct call *c, const struct ddb_import *m, const struct ddb_line *item) {
    struct buf b = buf_new(c->arena, 64 << 10);
    json_write_object(&b);
    json_write_key(&b, S("itemS3Pointer"));
    json_write_object(&b);
    json_write_member(&b, S("bucketName"), m->input.bucket);
    json_write_member(&b, S("objectKey"), m->input.object);
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

static void log_errors(struct call *c, const struct ddb_import *m, const struct ddb_line *items, u32 n) {
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

static err write_item(struct call *c, const struct ddb_table *t, struct ddb_line *item) {
    struct ddb_write w = {.kind = DDB_PUT, .table = t, .item = item->item};
    struct ddb_written done = {.usage.table = t};
    TRY(ddb_write_check(c, &w));
    TRY(ddb_write_locate(c, &w, &done));
    return ddb_write_run(c, &w, &done);
}

static void write_items(struct call *c, const struct ddb_table *t, struct ddb_import *m, struct ddb_fetch *f) {
    for (u32 i = 0; i < f->lines.n; i++) {
        struct ddb_line *item = &f->lines.items[i];
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
    log_errors(c, m, f->lines.items, f->lines.n);
    m->processed_bytes += f->taken;
    m->columns = f->lines.columns;
    if (ddb_input_taken(&m->input, f)) ddb_input_close(c->txn, &m->input);
}

static void end_import(struct call *c, struct ddb_import *m, struct ddb_table *t, str code, str message) {
    ddb_input_close(c->txn, &m->input);
    m->end_ms = c->now_ms;
    m->failure_code = code;
    m->failure_message = message;
    m->state = code.p ? DDB_IMPORT_FAILED : DDB_IMPORT_DONE;
    t->importing = false;
    if (code.p && !m->input.objects && !str_eq(code, S("ItemValidationError"))) t->state = DDB_DELETING; /* nothing could be read: as AWS, there is no table */
    ddb_table_save(c->txn, c->arena, t);
    ddb_table_settle(c->txn, c->arena, t);
}

static void advance(struct call *c, struct ddb_import *m, struct ddb_table *t, struct ddb_fetch *f) {
    if (f->code.p) {
        end_import(c, m, t, f->code, f->message);
    } else if (f->over) {
        if (m->errors) end_import(c, m, t, S("ItemValidationError"), S(DDB_SOME_FAILED));
        else end_import(c, m, t, (str){0}, (str){0});
    } else if (f->found) {
        ddb_input_open(c, &m->input, f);
        m->columns = m->headers;
    } else {
        write_items(c, t, m, f);
    }
}

err ddb_import_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct ddb_fetch *f = (void *)(size_t)result.p;
    struct ddb_import m;
    struct ddb_table table;
    if (!ddb_import_load(t, a, arena_str(a, task->key), &m) || m.state != DDB_IMPORT_RUNNING) return NULL;
    if (!ddb_table_load(t, a, m.account, m.region, m.table, &table)) return NULL;
    if (outcome || !f->c) { /* the disk did not give it: again in a second */
        txn_task_set(t, &(struct task){.kind = task->kind, .key = task->key, .due_ms = now_ms + 1000});
        return NULL;
    }
    struct call *c = call_for_task(t, &dynamodb_service, m.account, m.region, now_ms);
    caller_take(c, m.caller);
    advance(c, &m, &table, f);
    ddb_import_save(t, a, &m);
    if (m.state == DDB_IMPORT_RUNNING) ddb_import_go(t, a, &m);
    return NULL;
}
