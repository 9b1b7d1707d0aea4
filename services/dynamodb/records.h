/* What stands in the rows of DynamoDB. Field numbers are never reused. README.md lists the keys. */
#ifndef BRUME_DYNAMODB_RECORDS_H
#define BRUME_DYNAMODB_RECORDS_H

#include "cloud/cloud.h"

struct ddb_name {
    str text;
};
struct ddb_names {
    struct ddb_name *v;
    u32 n;
    bool set;
};

/* A primary key: of a table, or of an index. */
struct ddb_key_part {
    str name;
    i64 type; /* enum value_type: S, N, B */
    bool range;
};
struct ddb_key_parts {
    struct ddb_key_part *v;
    u32 n;
    bool set;
};
struct ddb_schema {
    str hash, range;            /* names of attributes; range absent: there is none */
    i64 hash_type, range_type;  /* enum value_type: S, N, B */
    struct ddb_key_parts more;  /* of a global index alone: further attributes of either half, in their order */
};

enum ddb_state { DDB_ACTIVE, DDB_CREATING, DDB_UPDATING, DDB_DELETING, DDB_ARCHIVED };

/* Units a second: provisioned, and on demand the most that the user wants (0: none given). */
struct ddb_throughput {
    i64 read, write;
    i64 increased_ms, decreased_ms, decreases, decreases_day;
    i64 most_read, most_write;
    i64 warm_read, warm_write;
    i64 next_read, next_write, next_warm_read, next_warm_write; /* asked for, not yet in force; 0: nothing */
    bool own_read, own_most_read; /* a replica's own, whatever the others have */
};

/* Contributor insights: of a table or index. */
struct ddb_insights {
    i64 since_ms, changed_ms; /* since 0: off */
    bool throttles_only;
};

enum ddb_class { DDB_CLASS_UNSAID, DDB_STANDARD, DDB_INFREQUENT };
enum ddb_stream_change { DDB_STREAM_STAYS, DDB_STREAM_BEGINS, DDB_STREAM_ENDS };
enum ddb_view { DDB_VIEW_KEYS = 1, DDB_VIEW_NEW, DDB_VIEW_OLD, DDB_VIEW_BOTH };
enum ddb_index_kind { DDB_LOCAL, DDB_GLOBAL, DDB_VECTOR };
enum ddb_distance { DDB_COSINE, DDB_EUCLIDEAN, DDB_DOT_PRODUCT };
/* What a vector index compares, and how. The HASH of its SearchSchema is its key's, absent where there is none. */
struct ddb_vector {
    str attribute;
    i64 dimensions, distance;     /* enum ddb_distance */
    struct ddb_key_parts filters; /* INLINE_FILTER */
};
enum ddb_projection { DDB_ALL, DDB_KEYS_ONLY, DDB_INCLUDE };
struct ddb_index {
    str name;
    u64 space; /* where its rows stand */
    struct ddb_schema keys;
    i64 kind, projection, state;
    struct ddb_names include; /* NonKeyAttributes */
    bool backfilling; /* CREATING, and what the table holds is being put into it */
    struct ddb_throughput throughput;
    struct ddb_insights *insights; /* NULL: never had any */
    struct ddb_vector *vector;     /* NULL: it is of another kind */
};
struct ddb_indexes {
    struct ddb_index *v;
    u32 n;
    bool set;
};

struct ddb_table {
    str id;    /* TableId */
    u64 space; /* where its items stand */
    i64 state, created_ms;
    struct ddb_schema keys;
    struct ddb_indexes indexes;
    /* AttributeDefinitions in the order of their names: name, and type in `types`. */
    struct ddb_names attributes;
    str types; /* a byte for each of them: enum value_type */
    bool on_demand, protected_;
    i64 on_demand_ms; /* since when */
    struct ddb_throughput throughput;
    i64 class_; /* enum ddb_class; when it was changed last, and the time before */
    i64 class_ms, class_before_ms;
    /* What was asked of the table and is under way until it settles; 0: nothing. Since when its BillingMode is changed; the class
     * that it gets; DDB_STREAM_BEGINS or _ENDS; whether its key is changed, and the one that it had. */
    i64 billing_ms, next_class, stream_changing;
    bool sse_changing;
    str sse_before;
    /* SSE: the ARN of a key in KMS; absent: the one that AWS owns. The table's key, sealed by it; DynamoDB's grant on it;
     * since when it cannot be used. */
    str sse_key, sse_data_key, sse_grant;
    i64 sse_lost_ms;
    i64 sse_window_ms, sse_changed_ms, sse_changes; /* since when its changes are counted, the last, how many */
    i64 archived_ms; /* its key stayed away; the ARN of what was made of its items */
    str archived_backup;
    /* The stream: its space, view type (enum ddb_view) and birth, which labels it. 0: none was ever. */
    u64 stream;
    i64 stream_view, stream_ms;
    bool streaming;
    /* Time to live: the attribute and the space of what is due; absent: off. */
    str ttl;
    u64 ttl_space;
    i64 ttl_changed_ms;
    /* The history of changes, kept while somebody may ask for the past: PITR, a copy under way. */
    u64 history;
    i64 pitr_ms, pitr_days; /* since when; 0: off */
    bool pitr_was;          /* it was on */
    i64 copies;             /* under way; each needs the history */
    /* Replicas of a global table: regions, this one not among them. */
    struct ddb_names replicas;
    /* Of a replica: the region that was asked to make it. Of all of a group: MultiRegionConsistency STRONG, the region of its
     * witness. GlobalTableSettingsReplicationMode, where it was set. */
    str source_region, witness, settings_mode;
    bool strong;
    /* Of a restored or imported table. */
    str restored_backup, restored_table;
    i64 restored_ms;
    struct ddb_insights *insights; /* NULL: never had any */
    struct ddb_names failed_streams; /* of Kinesis: destinations that could not be enabled, newest first */
    i64 bulks;       /* bulk operations that put items into it */
    bool importing;  /* it stays CREATING until its import is over */
    u64 collections; /* space of the sizes of item collections; with local indexes only */
    /* from the key, and beside the row */
    str account, region, name;
    str named; /* name or ARN, as the request has it and its answer gives it back */
};

/* What a table and each of its indexes hold; the table first, then the indexes by their spaces. */
struct ddb_count {
    u64 space;
    i64 items, bytes;
};
struct ddb_counts {
    struct {
        struct ddb_count *v;
        u32 n;
        bool set;
    } of;
};

extern const struct record_type ddb_table_record, ddb_counts_record, ddb_name_record;

#endif
