/* What stands in the rows of EventBridge. Field numbers are never reused. README.md lists the keys. */
#ifndef BRUME_EVENTS_RECORDS_H
#define BRUME_EVENTS_RECORDS_H

#include "cloud/cloud.h"
#include "cloud/destination.h"

struct bus {
    i64 created_ms, modified_ms;
    str description, kms_key, dead_letter_arn, policy;
    str account, region, name; /* from the key */
};

struct partner_source { /* of a partner, as an account has it */
    i64 created_ms, expires_ms;
    bool deactivated, deleted;
    str partner; /* account */
    str account, region, name; /* from the key */
};

struct target {
    str id, arn, role, input, input_path, template, group, dead_letter_arn;
    struct record_pairs paths; /* of the input transformer */
    bool has_retry;
    i64 retry_attempts, retry_age_s;
    bool has_http; /* of API destinations */
    struct record_pairs path_values /* the values */, http_headers, http_query;
};
struct targets {
    struct target *v;
    u32 n;
    bool set;
};

struct rule {
    i64 created_ms;
    str pattern, schedule, state, description, role, created_by, managed_by;
    struct targets targets;
    str index_path; /* where the rule stands in the index; absent: among those that see every event */
    struct record_pairs index_values; /* the keys */
    str account, region, bus, name; /* from the key */
};

struct archive {
    i64 created_ms, retention_days, count, bytes;
    str source_arn, description, pattern, kms_key;
    u64 id; /* its events stand under it */
    str account, region, name; /* from the key */
};

struct archived {
    i64 at_ms;
    str json;
    bool sealed; /* json, under the archive's key of that time */
    i64 bytes;   /* of what was archived; of one that is not sealed: json's */
};

struct replay {
    str archive, destination, description, state, reason;
    struct record_pairs filter_arns; /* the keys */
    i64 from_ms, to_ms, started_ms, ended_ms, last_ms;
    u64 position; /* of the job */
};

struct connection {
    i64 created_ms, modified_ms, authorized_ms, token_until_ms;
    str uuid, description, type, state, reason;
    str sealed, token; /* struct connection_auth, and OAuth's token; absent: deauthorised, none yet */
    str account, region, name; /* from the key */
};

struct parameter { /* of HTTP requests */
    str place; /* header, query, body */
    str key, value;
    bool secret;
};
struct parameters {
    struct parameter *v;
    u32 n;
    bool set;
};
struct connection_auth {
    str user, password, key_name, key_value, client_id, client_secret, endpoint, method;
    bool has_invocation, has_oauth_http;
    struct parameters invocation, oauth;
};

struct destination {
    i64 created_ms, modified_ms, rate;
    str uuid, description, connection, endpoint, method;
    str account, region, name; /* from the key */
};

struct push { /* on its way to a destination */
    str account, region, rule_arn, rule, event, dead_letter_arn;
    struct destination_call call;
    i64 first_ms, attempts, attempts_max, age_max_s;
};

extern const struct record_type events_source_record, events_connection_record, events_connection_auth_record, events_destination_record, events_push_record;
extern const struct record_type events_bus_record, events_rule_record, events_archive_record, events_archived_record, events_replay_record;

#endif
