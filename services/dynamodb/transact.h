/* Private to the room: several writes as one, or reads at one moment. TransactWriteItems and PartiQL's
 * transactions are both this. */
#ifndef BRUME_DYNAMODB_TRANSACT_H
#define BRUME_DYNAMODB_TRANSACT_H

#include "services/dynamodb/dynamodb.h"

enum { DDB_TRANSACT_MAX = 100, DDB_TRANSACT_BYTES = 4 << 20 };

struct ddb_step {
    str table_name;
    struct ddb_write write;
    struct expressions asked;
    str on_failure; /* ReturnValuesOnConditionCheckFailure */
    bool insert;    /* PartiQL's INSERT: its condition says that the item is there already */
    struct ddb_table table;
    struct ddb_written done;
};
/* Runs all or answers TransactionCanceledException with reasons. Of keys that do not fit their tables the first is
 * named, or `each`. */
MUST_USE err ddb_transact(struct call *c, struct ddb_step *steps, u32 n, bool each);
MUST_USE err ddb_transact_twice(struct call *c); /* two operations on one item */
MUST_USE err ddb_transact_canceled(struct call *c, struct dynamodb_cancellation_reason *reasons, u32 n);
/* For a request with a token: what to keep of it, and what its repetition costs, which is reading what it moved. */
str ddb_transact_note(struct call *c, const struct ddb_step *steps, u32 n);
MUST_USE err ddb_transact_again(struct call *c, struct ddb_step *steps, u32 n, str note, str asked, struct dynamodb_consumed_capacity_multiple *out);
/* One entry for each table, in the order in which tables come. */
void ddb_transact_consumed(struct call *c, const struct ddb_usage *const *usages, u32 n, str asked,
                           struct dynamodb_consumed_capacity_multiple *out);

#endif
