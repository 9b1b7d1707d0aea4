/* Private to the room: exports of a table to S3. export.c has the operations, export_job.c makes the objects,
 * export_changes.c finds what an incremental one holds. README.md says how they go. */
#ifndef BRUME_DYNAMODB_EXPORT_H
#define BRUME_DYNAMODB_EXPORT_H

#include "services/dynamodb/expression.h"
#include "services/dynamodb/history.h"
#include "services/dynamodb/objects.h"

enum ddb_export_phase { DDB_EXPORT_BEGIN, DDB_EXPORT_GATHER, DDB_EXPORT_FILES, DDB_EXPORT_END, DDB_EXPORT_DONE, DDB_EXPORT_FAILED };

struct ddb_kept_filter { /* FilterSpecification; values: absent: none */
    str filter, projection, key_condition, names, values; /* names, values: items by placeholder */
};

/* ("dynamodb", account, region, "export", table, id) */
struct ddb_export {
    i64 phase;
    str table_id, token;
    struct ddb_output output;
    bool ion, incremental, new_only; /* new_only: NEW_IMAGE */
    i64 start_ms, end_ms, moment_ms; /* moment_ms: ExportTime */
    i64 from_ms, to_ms;              /* of an incremental one */
    str failure_code, failure_message;
    str caller;                      /* caller_keep */
    struct ddb_schema keys;
    struct ddb_kept_filter filter;
    u64 space; /* what is exported: rows of items, or of changes */
    u64 files; /* ("ddb", files) n -> a line of the manifest */
    str position;
    i64 file_count, items, bytes;
    u64 seen; /* of an incremental one: the last change of the history that was looked at */
    /* from the key */
    str account, region, table, id;
};
str ddb_export_row(struct arena *a, const struct ddb_export *e);
bool ddb_export_load(struct txn *t, struct arena *a, str row, struct ddb_export *e);
void ddb_export_save(struct txn *t, struct arena *a, const struct ddb_export *e);
str ddb_export_arn(struct arena *a, const struct ddb_export *e);
str ddb_export_object(struct arena *a, const struct ddb_export *e, str name); /* the key of one of its objects */
void ddb_export_spaces(struct arena *a, str row, u64 spaces[2]);

/* ---- export_job.c ---- */
void ddb_export_go(struct txn *t, struct arena *a, const struct ddb_export *e); /* its next step, soon */
err ddb_export_perform(struct arena *a, const struct task *task, str *result);
err ddb_export_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms);

/* ---- export_filter.c ---- */
struct ddb_filter {
    struct expressions asked;
    bool ranged; /* by a KeyConditionExpression */
    struct key_range range;
};
/* ValidationException in the words of Query and Scan. */
MUST_USE err ddb_filter_read(struct call *c, const struct dynamodb_filter_specification *in, const struct ddb_table *t, struct ddb_kept_filter *out);
str ddb_filter_identity(struct call *c, const struct dynamodb_filter_specification *in); /* what two requests with one token must share */
struct dynamodb_filter_specification *ddb_filter_told(struct arena *a, const struct ddb_kept_filter *kept); /* NULL: there is none */
void ddb_filter_open(struct call *c, const struct ddb_export *e, struct ddb_filter *f); /* lives as long as the call's arena */
struct ddb_span ddb_filter_span(struct arena *a, const struct ddb_filter *f, u64 space); /* where the items are that its keys take */
bool ddb_filter_takes(struct arena *a, const struct ddb_filter *f, const struct value *item);
struct value ddb_filter_part(struct arena *a, const struct ddb_filter *f, const struct value *item); /* the attributes that it takes */

/* ---- export_changes.c ---- */
struct ddb_changed { /* ("ddb", space) the item's row without its space */
    str before, after; /* stored items; absent: there was none */
    bool known;        /* `after` is */
    i64 at_ms;         /* of the last change */
};
extern const struct record_type ddb_changed_record;
void ddb_changes_gather(struct txn *t, struct arena *a, const struct ddb_export *e);
err ddb_changes_slice(struct txn *t, const struct task *task, i64 now_ms);

#endif
