/* Private to the room: event data stores and the questions that are asked of them. */
#ifndef BRUME_CLOUDTRAIL_LAKE_H
#define BRUME_CLOUDTRAIL_LAKE_H

#include "cloud/key_use.h"
#include "cloudtrail.h"
#include "engine/sql.h"

/* ---- store_row.c ---- */
bool ct_store_load(struct txn *t, struct arena *a, str row_key, struct ct_store *store);
str ct_store_row(struct arena *a, str account, str region, str id);
void ct_store_save(struct txn *t, struct arena *a, const struct ct_store *store);
/* By ARN or id, one of the caller's account and region. EventDataStoreNotFoundException. */
MUST_USE err ct_store_open(struct call *c, str name, struct ct_store *store);
/* The same, and it is not about to be deleted: InactiveEventDataStoreException. */
MUST_USE err ct_store_open_active(struct call *c, str name, struct ct_store *store);

/* Whether it takes what comes by channels (eventCategory ActivityAuditLog), and nothing else. */
bool ct_store_of_channels(const struct ct_store *store);

/* ---- store_key.c ---- */
/* kms_key as the customer wrote it; absent: nothing. */
MUST_USE err ct_key_associate(struct call *c, struct ct_store *store, str kms_key);
MUST_USE err ct_key_check(struct call *c, const struct ct_store *store); /* the caller's right to what is sealed */
/* Ready to seal and open, by CloudTrail's own right; NULL: the store has no key. */
MUST_USE err ct_key_ready(struct call *c, const struct ct_store *store, const struct data_key **key);
MUST_USE err ct_results_open(struct call *c, str sealed, str *plain); /* by the caller's right */

/* ---- channel_row.c ---- */
bool ct_channel_load(struct txn *t, struct arena *a, str row_key, struct ct_channel *channel);
str ct_channel_row(struct arena *a, str account, str region, str id);
void ct_channel_save(struct txn *t, struct arena *a, const struct ct_channel *channel);
/* By ARN or id, one of the caller's account and region. ChannelARNInvalidException, ChannelNotFoundException. */
MUST_USE err ct_channel_open(struct call *c, str name, struct ct_channel *channel);
struct range ct_channels_of(struct call *c);
bool ct_channel_into(struct call *c, const struct ct_store *store); /* whether one has the store as its destination */

/* ---- lake.c: its events ---- */
/* What came by a channel: JSON, a line each, without the last line's end. */
void ct_store_arrive(struct call *c, const struct ct_store *store, const struct data_key *key, str lines);
/* Whether it takes events in, and when next; after every change. */
void ct_store_apply(struct call *c, const struct ct_store *store);
struct key ct_batches_of(struct arena *a, const struct ct_store *store);
/* On a snapshot, and then without it. */
struct ct_lake {
    struct call *c;
    struct ct_reader {
        struct blob_reader *blob;
        u64 length;
        bool sealed;
    } *readers;
    u32 reader_count;
    str *fresh; /* events that are in the history, but in no batch yet */
    u32 fresh_count;
    const struct data_key *key; /* of the store; NULL: it has none */
};
/* InsufficientEncryptionPolicyException: its key does not open. */
MUST_USE err ct_lake_open(struct call *c, const struct ct_store *store, struct ct_lake *lake);
/* Into the table "lines". False: damaged, or too much for the memory. */
bool ct_lake_fill(struct ct_lake *lake, struct sql *sql, i64 *events, i64 *bytes);
err ct_lake_round(struct arena *a, const struct task *task, str *result);
err ct_lake_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms);
err ct_store_purge(struct txn *t, const struct task *task, i64 now_ms);

/* ---- statement.c ---- */
enum { QUERY_STORES_MAX = 8 };
/* The statement with its stores' ids in quotes, and the ids. */
str ct_query_read(struct arena *a, str statement, str ids[static QUERY_STORES_MAX], u32 *n);

/* ---- query.c ---- */
bool ct_query_load(struct call *c, str id, struct ct_query *query);
str ct_query_row(struct arena *a, str account, str region, str id);
err ct_query_perform(struct arena *a, const struct task *task, str *result);
err ct_query_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms);
err ct_query_forget(struct txn *t, const struct task *task, i64 now_ms);

/* ---- query_run.c ---- */
/* The tables of stores, empty or filled from `lakes` (NULL: empty), with nothing else to be reached. */
bool ct_sql_tables(struct sql *sql, struct arena *a, const struct ct_store *stores, u32 n, struct ct_lake *lakes, i64 *events, i64 *bytes);

#endif
