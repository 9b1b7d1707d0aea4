/* Private to the room: bulk operations, which put the items of S3's objects into a table that is there. bulk.c has the operations,
 * bulk_job.c reads, writes and reports. */
#ifndef BRUME_DYNAMODB_BULK_H
#define BRUME_DYNAMODB_BULK_H

#include "services/dynamodb/dynamodb.h"
#include "services/dynamodb/objects.h"

enum ddb_bulk_phase { DDB_BULK_BEGIN, DDB_BULK_ITEMS, DDB_BULK_REPORTS, DDB_BULK_MANIFEST, DDB_BULK_OVER };
enum ddb_report { DDB_REPORT_ERROR, DDB_REPORT_CONDITION, DDB_REPORTS };

struct ddb_bulk_index { /* what was put into an index */
    str name;
    i64 kind, bytes; /* enum ddb_index_kind */
};

/* ("dynamodb", account, region, "bulk", id) */
struct ddb_bulk {
    i64 phase;
    str table, table_id, named, token; /* named: as the request has it */
    i64 format; /* enum ddb_format */
    struct ddb_input input;
    struct ddb_output output;
    bool reported[DDB_REPORTS]; /* OutputType */
    i64 most;                   /* MaxWriteRequestUnits; 0: as fast as it goes */
    str tier, caller;
    i64 start_ms, end_ms, total_bytes, read_bytes, processed, failed, unmet; /* unmet: conditions */
    bool measured, cancelled;
    str failure_code, failure_message;
    i64 table_bytes;
    struct {
        struct ddb_bulk_index *v;
        u32 n;
        bool set;
    } indexes;
    u64 reports, files; /* spaces: ("ddb", reports) kind n -> a line of a report; ("ddb", files) n -> a line of the manifest */
    i64 lines, report;  /* lines so far; the report that is made: enum ddb_report */
    str position;       /* the last line that is in a file */
    i64 file_count;
    /* from the key */
    str account, region, id;
};
str ddb_bulk_row(struct arena *a, const struct ddb_bulk *b);
bool ddb_bulk_load(struct txn *t, struct arena *a, str row, struct ddb_bulk *b);
void ddb_bulk_save(struct txn *t, struct arena *a, const struct ddb_bulk *b);
str ddb_bulk_arn(struct arena *a, const struct ddb_bulk *b);
str ddb_bulk_status(const struct ddb_bulk *b);
void ddb_bulk_release(struct txn *t, struct arena *a, str row, u64 spaces[2]); /* the row's value: what it names beside itself */

/* ---- bulk_job.c ---- */
void ddb_bulk_go(struct txn *t, struct arena *a, const struct ddb_bulk *b, i64 due_ms); /* its next step */
err ddb_bulk_perform(struct arena *a, const struct task *task, str *result);
err ddb_bulk_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms);

#endif
