/* Private to the room: a table's stream, as the table knows it. streams.c has the operations. */
#ifndef BRUME_DYNAMODB_STREAM_H
#define BRUME_DYNAMODB_STREAM_H

#include "services/dynamodb/dynamodb.h"

enum { DDB_STREAM_KEEP_MS = 24 * 3600 * 1000, DDB_SHARD_MS = 4 * 3600 * 1000 };

/* ("dynamodb", account, region, "stream", table, label) */
struct ddb_shard {
    u64 first, last; /* sequence numbers; last 0: open */
    i64 born_ms, closed_ms;
    u64 parent; /* `first` of the shard before it; 0: none */
};
struct ddb_stream {
    u64 space;
    i64 view, created_ms, ended_ms; /* ended_ms 0: enabled */
    struct ddb_schema keys;
    struct {
        struct ddb_shard *v;
        u32 n;
        bool set;
    } shards;
    /* from the key */
    str account, region, table, label;
};
/* ("ddb", space of the stream) sequence number */
enum ddb_event { DDB_INSERT = 1, DDB_MODIFY, DDB_REMOVE };
struct ddb_stream_entry {
    i64 event, at_ms, bytes;
    str keys, old, new_; /* encoded items */
    bool by_ttl;
};
extern const struct record_type ddb_stream_record, ddb_stream_entry_record;

void ddb_stream_begin(struct call *c, struct ddb_table *t, str view); /* the caller saves the table */
void ddb_stream_end(struct call *c, struct ddb_table *t);
void ddb_stream_note(struct call *c, const struct ddb_change *change);
void ddb_stream_describe_of(struct arena *a, const struct ddb_table *t, struct dynamodb_table_description *out);
err ddb_stream_tend(struct txn *t, const struct task *task, i64 now_ms);

str ddb_stream_label(struct arena *a, i64 born_ms);
str ddb_stream_row(struct arena *a, str account, str region, str table, str label);
bool ddb_stream_load(struct txn *t, struct arena *a, str account, str region, str table, str label, struct ddb_stream *s);
str ddb_view_name(i64 view);

#endif
