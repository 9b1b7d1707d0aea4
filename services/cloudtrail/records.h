/* What stands in the rows of CloudTrail. Field numbers are never reused. README.md lists the keys. */
#ifndef BRUME_CLOUDTRAIL_RECORDS_H
#define BRUME_CLOUDTRAIL_RECORDS_H

#include "cloud/cloud.h"

struct ct_word {
    str text;
};
struct ct_words {
    struct ct_word *v;
    u32 n;
    bool set;
};

/* Basic selectors. */
struct ct_resource {
    str type;
    struct ct_words values;
};
struct ct_selector {
    str read_write; /* "All", "ReadOnly", "WriteOnly" */
    bool without_management;
    struct {
        struct ct_resource *v;
        u32 n;
        bool set;
    } resources;
    struct ct_words excluded; /* sources of management events */
};
struct ct_selectors {
    struct ct_selector *v;
    u32 n;
    bool set;
};

/* Advanced selectors. */
struct ct_field {
    str field;
    struct ct_words equals, starts, ends, not_equals, not_starts, not_ends;
};
struct ct_advanced {
    str name;
    struct {
        struct ct_field *v;
        u32 n;
        bool set;
    } fields;
};
struct ct_advanced_list {
    struct ct_advanced *v;
    u32 n;
    bool set;
};

struct ct_trail {
    str bucket, prefix, topic_arn, logs_group_arn, logs_role_arn, kms_key;
    bool global_events, multi_region, validates, logging;
    struct ct_selectors selectors;
    struct ct_advanced_list advanced;
    i64 started_ms, stopped_ms; /* logging; 0: never */
    i64 from_ms;                /* what is not delivered yet begins here */
    i64 delivered_ms, digested_ms, tried_ms;
    str delivery_error, digest_error;
    str organization; /* id: the trail of all its accounts; absent: of this account alone */
    bool call_insights, error_insights;
    i64 logs_delivered_ms;
    str logs_error;
    /* from the key of the row */
    str account, region, name, arn;
};

/* The chain of digests of a trail in one region. */
struct ct_log_file {
    str object, hash;
    i64 newest_ms, oldest_ms;
};
struct ct_chain {
    str object, hash, signature; /* of the latest digest; absent: none yet */
    i64 begin_ms;                /* of the next digest */
    struct {
        struct ct_log_file *v;
        u32 n;
        bool set;
    } files; /* delivered since */
};

/* The key that signs an account's digests in a region. */
struct ct_signing {
    str sealed, public_key; /* public_key: PKCS#1 DER */
    i64 made_ms;
};

/* An event data store. */
struct ct_store {
    str name, billing, policy;
    str organization; /* as of a trail */
    struct ct_advanced_list advanced;
    bool multi_region, protected, ingests;
    i64 retention_days, created_ms, updated_ms;
    i64 from_ms;   /* what was not taken in yet begins here */
    i64 delete_ms; /* 0: it stays */
    str kms_key, data_key; /* the ARN of a key of KMS, and what it sealed (key_use.h) */
    /* from the key of the row */
    str account, region, id, arn;
};

/* A stretch of its events: JSON, a line each, gzip. */
struct ct_batch {
    str blob;
    i64 count, bytes, last_ms;
    bool sealed; /* with the store's data key, within the blob */
};

/* Events of a channel that no batch has taken yet: JSON, a line each. */
struct ct_arrival {
    str lines;
    i64 time_ms;
    bool sealed; /* the lines, with the store's data key */
};

/* A channel: events from outside of AWS come by it into stores. */
struct ct_channel {
    str name, source, policy;
    struct ct_words stores; /* ids */
    i64 success_ms, attempt_ms; /* the latest; 0: none */
    str success_id, attempt_id, error;
    /* from the key of the row */
    str account, region, id, arn;
};

struct ct_query {
    str statement, status, error, alias;
    str stores; /* ids, with single spaces between */
    str columns, results; /* a JSON array of names; a blob with a JSON array a line */
    str delivery_uri, delivery_status;
    struct ct_words parameters;
    i64 created_ms, took_ms, rows, events, bytes;
    bool sealed; /* the results, with the data key of a store */
};

extern const struct record_type ct_store_record, ct_batch_record, ct_arrival_record, ct_channel_record, ct_query_record;

/* An insight that goes on, and what is usual for its calls. */
struct ct_insight {
    str shared_id;
    i64 start_ms, end_ms; /* end_ms: behind the last unusual minute; 0: nothing unusual now */
    /* of the seven days before, looked at once a day */
    i64 looked_ms, baseline_minutes;
    double average;
    str usual; /* who made the calls: lines "attribute TAB value TAB count" */
};

extern const struct record_type ct_insight_record, ct_trail_record, ct_chain_record, ct_signing_record;

#endif
