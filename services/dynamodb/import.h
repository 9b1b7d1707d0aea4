/* Private to the room: imports from S3 into a new table. import.c has the operations, import_job.c reads and writes. */
#ifndef BRUME_DYNAMODB_IMPORT_H
#define BRUME_DYNAMODB_IMPORT_H

#include "services/dynamodb/dynamodb.h"
#include "services/dynamodb/objects.h"

enum ddb_import_state { DDB_IMPORT_RUNNING, DDB_IMPORT_DONE, DDB_IMPORT_FAILED };

/* ("dynamodb", account, region, "import", id) */
struct ddb_import {
    i64 state, format; /* enum ddb_format */
    struct ddb_input input;
    str token, delimiter, table_record; /* table_record: as it was asked for */
    struct ddb_names headers;
    bool sse, sse_enabled; /* SSESpecification, as it was asked for */
    str sse_type, sse_key;
    i64 start_ms, end_ms;
    i64 processed_bytes, processed, imported, errors;
    str failure_code, failure_message, caller;
    struct ddb_names columns; /* of the CSV file that is read */
    /* from the key, and beside it */
    str account, region, id, table;
};
str ddb_import_row(struct arena *a, const struct ddb_import *m);
bool ddb_import_load(struct txn *t, struct arena *a, str row, struct ddb_import *m);
void ddb_import_save(struct txn *t, struct arena *a, const struct ddb_import *m);
str ddb_import_arn(struct arena *a, const struct ddb_import *m);
void ddb_import_release(struct txn *t, str row); /* the row's value: what it names beside itself */

/* ---- import_job.c ---- */
#define DDB_IMPORT_LOG S("/aws-dynamodb/imports")
void ddb_import_go(struct txn *t, struct arena *a, const struct ddb_import *m);
err ddb_import_perform(struct arena *a, const struct task *task, str *result);
err ddb_import_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms);

#endif
