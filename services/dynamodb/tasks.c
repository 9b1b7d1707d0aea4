/* What the room does later, by its names in the store. */
#include "services/dynamodb/bulk.h"
#include "services/dynamodb/export.h"
#include "services/dynamodb/history.h"
#include "services/dynamodb/import.h"
#include "services/dynamodb/stream.h"

const struct task_kind ddb_task_kinds[] = {
    {.name = "dynamodb.backup", .run = ddb_backup_expire},
    {.name = "dynamodb.bulk", .perform = ddb_bulk_perform, .settle = ddb_bulk_settle},
    {.name = "dynamodb.changes", .run = ddb_changes_slice},
    {.name = "dynamodb.copy", .run = ddb_copy_slice},
    {.name = "dynamodb.export", .perform = ddb_export_perform, .settle = ddb_export_settle},
    {.name = "dynamodb.fill", .run = ddb_fill_slice},
    {.name = "dynamodb.history", .run = ddb_history_tend},
    {.name = "dynamodb.import", .perform = ddb_import_perform, .settle = ddb_import_settle},
    {.name = "dynamodb.key", .run = ddb_sse_look},
    {.name = "dynamodb.keys", .run = ddb_sse_look_round, .after_epoch_ms = DDB_KEY_MS},
    {.name = "dynamodb.stream", .run = ddb_stream_tend},
    {.name = "dynamodb.sweep", .run = ddb_sweep_slice},
    {.name = "dynamodb.table", .run = ddb_table_run},
    {.name = "dynamodb.ttl", .run = ddb_ttl_run},
    {0},
};
