/* Queries of Insights as they are kept: one row each, for a week; a job runs it, and its rows of results are one blob. */
#ifndef BRUME_LOGS_QUERY_H
#define BRUME_LOGS_QUERY_H

#include "logs.h"

struct log_query {
    str text; /* as it came */
    struct record_pairs groups; /* by name */
    i64 from_ms, to_ms; /* both belong to it */
    i64 limit;
    i64 created_ms, ended_ms;
    str status; /* "Scheduled", "Running", ... as the API has them */
    str user;   /* ARN */
    double matched, scanned, bytes, skipped, skipped_bytes;
    i64 rows;
    str results; /* a blob's reference */
    str account, region, id; /* from the key */
};
/* What stands in the blob: rows, each behind its length as four bytes. */
struct log_query_row {
    struct record_pairs fields;
};
extern const struct record_type logs_query_record, logs_query_row_record;

bool log_query_load(struct txn *t, struct arena *a, str account, str region, str id, struct log_query *q);
void log_query_save(struct txn *t, struct arena *a, const struct log_query *q);
bool log_query_is_open(const struct log_query *q); /* it has not ended yet */
/* The end, however it came: the place among those that run is free. */
void log_query_close(struct txn *t, struct arena *a, struct log_query *q, str status, i64 now_ms);
/* A row of a type that begins with "query" goes with its account. */
void log_query_release(struct txn *t, struct arena *a, str type, str key, str row);
struct key log_query_key(struct arena *a, str account, str region, str id);

/* ---- query_job.c ---- */
err log_query_run(struct arena *a, const struct task *task, str *result);
err log_query_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms);
err log_query_forget(struct txn *t, const struct task *task, i64 now_ms);

#endif
