/* What stands in the rows of CloudWatch Logs. Field numbers are never reused. README.md lists the keys. */
#ifndef BRUME_LOGS_RECORDS_H
#define BRUME_LOGS_RECORDS_H

#include "cloud/cloud.h"

struct log_group {
    u64 id; /* its streams and blocks stand under it */
    i64 created_ms;
    i64 retention_days; /* 0: for ever */
    str class_name;     /* absent: STANDARD */
    bool protected;     /* against deletion */
    str kms_key;        /* ARN of the key that seals what comes now */
    i64 kms_epoch;      /* which of the group's data keys that is; 0: none */
    i64 metric_filters;
    str protection; /* "ACTIVATED", "DELETED": what became of its data protection policy; absent: there was none */
    str account, region, name; /* from the key */
};

struct log_data_key { /* one for each association with a key; older events keep theirs */
    str kms_key, ciphertext;
};

struct log_stream {
    u64 id;
    i64 created_ms;
    i64 first_ms, last_ms;  /* of its events; last_ms 0 and no ingested_ms: none yet */
    i64 ingested_ms;        /* when the last came */
    i64 span_ms;            /* of its longest block */
    i64 fresh, fresh_from_ms; /* blocks that are not merged yet, and where the first begins */
    str name;               /* from the key */
};

struct log_stream_home { /* found by the stream's id */
    str account, region, group, stream;
    u64 group_id;
};

struct log_block {
    i64 last_ms;
    i64 bytes; /* of messages */
    u64 put;   /* the newest in it; of a fresh block the only one, with the next two */
    i64 ingested_ms, number;
    i64 kms_epoch;
    str packed;      /* the block itself, if it is small (and sealed, if the group has a key) */
    str blob;        /* or where it is */
    u64 count;       /* of events */
    str index;       /* over fields of its events (insights_index.c); absent: there is none */
};

struct log_time { /* of the index by time: when the block ends, and the newest put in it */
    i64 last_ms;
    u64 put;
};

struct metric_filter {
    str pattern, metric, space, value, unit;
    i64 created_ms;
    bool has_default, transformed;
    double by_default;
    struct record_pairs dimensions; /* names, and the fields they come from */
    i64 matched_ms, matched_before_ms; /* with a default: the last two minutes in which something matched */
    str group, name; /* from the key */
};

struct log_policy { /* a resource policy; a policy of a group or account, by type */
    str document, revision;
    i64 updated_ms;
    struct record_pairs fields;   /* of an index policy: names with their types */
    struct record_pairs prefixes; /* of the groups that it is for; none: all */
    str selection;                /* as it was written */
    i64 created_ms;               /* of a transformer */
    str name; /* from the key: a name, or the ARN of a group; of a group: none */
};

struct log_destination {
    str target, role, policy;
    i64 created_ms;
    str account, region, name; /* from the key */
};

struct log_export {
    str name, group, stream_prefix, bucket, prefix, status, message;
    u64 group_id;
    i64 from_ms, to_ms, created_ms, ended_ms;
    str stream; /* that it is at, and how far: the number of the next file, the last event in one */
    bool stream_done;
    i64 file, at_ms, at_number;
    u64 at_put;
    str account, region, type, id; /* from the key */
};

struct log_stored { /* bytes of a group's events */
    i64 bytes;
};

extern const struct record_type logs_group_record, logs_data_key_record, logs_stream_record, logs_stream_home_record, logs_block_record, logs_time_record, logs_stored_record, logs_metric_filter_record,
    logs_policy_record, logs_destination_record, logs_export_record;

#endif
