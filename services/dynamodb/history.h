/* Private to the room: the past of a table, and copies of it. */
#ifndef BRUME_DYNAMODB_HISTORY_H
#define BRUME_DYNAMODB_HISTORY_H

#include "services/dynamodb/dynamodb.h"

/* ---- history.c: ("ddb", history) sequence -> what stood there before. Kept while point-in-time recovery
 * is on, or a copy is being made. ---- */
struct ddb_past {
    i64 at_ms;
    str tail;   /* the item's row without its space */
    str before; /* the item as it was; absent: there was none */
};
extern const struct record_type ddb_past_record;
void ddb_history_need(struct call *c, struct ddb_table *t);            /* from now on; the caller saves the table */
void ddb_history_release(struct call *c, struct ddb_table *t);         /* if nobody needs it */
void ddb_copied(struct call *c, struct ddb_table *t); /* a copy of the table is made: it is saved, and goes if it waited for that */
err ddb_history_tend(struct txn *t, const struct task *task, i64 now_ms);

/* ---- copy.c: a table as it was at one moment, made by a job while it is written to ---- */
struct ddb_copy {
    u64 source, history; /* spaces; history 0: the source stands still */
    str source_table;    /* row of the table that is copied; absent: a backup is */
    u64 after_seq;       /* the moment: changes behind both are undone */
    i64 after_ms;
    u64 target;          /* space of raw rows; 0: a table */
    str target_table;    /* its row */
    str backup;          /* row of the backup that is made */
    str export;          /* row of the export that it is made for */
    /* where the job is */
    str position;
    bool undoing;
    u64 undo_from;
    i64 items, bytes; /* of raw rows, so far */
};
extern const struct record_type ddb_copy_record;
void ddb_copy_start(struct txn *t, struct arena *a, const struct ddb_copy *copy);
/* ---- copy_run.c; what it tells those who wait for the copy stands in backup.c and export_job.c ---- */
err ddb_copy_slice(struct txn *t, const struct task *task, i64 now_ms);
/* The backup whose row this is has all its items. */
void ddb_backup_done(struct call *c, str row, i64 items, i64 bytes);
void ddb_backup_restored(struct call *c, str arn); /* nothing is made of it any more */
void ddb_export_copied(struct call *c, str row, i64 bytes);

/* ---- restore.c ---- */
struct ddb_overrides {
    str billing_mode;
    const struct dynamodb_provisioned_throughput *throughput;
    const struct dynamodb_on_demand_throughput *on_demand;
    const struct dynamodb_sse_specification *sse;
    const struct dynamodb_global_secondary_index_list *globals;
    const struct dynamodb_local_secondary_index_list *locals;
    const struct dynamodb_vector_index_list *vectors; /* NULL: all */
};
/* The source stands in `region`: what that asks of the request. */
MUST_USE err ddb_restore_abroad(struct call *c, str region, const struct ddb_overrides *o);
/* A table like `like`, under another name, which is one; the copy that fills it is the caller's. */
MUST_USE err ddb_restore_begin(struct call *c, const struct ddb_table *like, str name, const struct ddb_overrides *o, struct ddb_table *made);

#endif
