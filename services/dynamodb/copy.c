/* A copy of a table: the job as it is kept. copy_run.c goes on with it, whoever began it: a backup, a restore,
 * an export, a new replica. */
#include "services/dynamodb/history.h"

#define COPY_TASK S("dynamodb.copy")

static const struct record_field copy_fields[] = {
    RECORD_U64(1, struct ddb_copy, source),       RECORD_U64(2, struct ddb_copy, history),
    RECORD_STR(3, struct ddb_copy, source_table), RECORD_U64(4, struct ddb_copy, after_seq),
    RECORD_I64(5, struct ddb_copy, after_ms),     RECORD_U64(6, struct ddb_copy, target),
    RECORD_STR(7, struct ddb_copy, target_table), RECORD_STR(8, struct ddb_copy, backup),
    RECORD_STR(9, struct ddb_copy, position),     RECORD_BOOL(10, struct ddb_copy, undoing),
    RECORD_U64(11, struct ddb_copy, undo_from),
    RECORD_I64(12, struct ddb_copy, items),       RECORD_I64(13, struct ddb_copy, bytes),
    RECORD_STR(14, struct ddb_copy, export),
};
const struct record_type ddb_copy_record = RECORD_TYPE(struct ddb_copy, copy_fields);

void ddb_copy_start(struct txn *t, struct arena *a, const struct ddb_copy *copy) {
    str key = copy->target_table.p ? copy->target_table : arena_format(a, "%llu", (unsigned long long)copy->target);
    txn_task_set(t, &(struct task){.kind = COPY_TASK, .key = key, .payload = record_encode(a, &ddb_copy_record, copy)});
}
