/* What stands in the rows of Pipes. Field numbers are never reused. README.md lists the keys. */
#ifndef BRUME_PIPES_RECORDS_H
#define BRUME_PIPES_RECORDS_H

#include "cloud/cloud.h"

/* What a pipe takes from its source, and how. */
struct pipe_source {
    str arn;
    struct record_pairs filters; /* the keys: up to five patterns */
    bool has_batch, has_window;
    i64 batch, window_s;
    /* streams */
    str starting, dead_letter_arn;
    bool bisect, has_age, has_attempts, has_parallel;
    i64 age_s, attempts, parallel; /* -1: without end */
};

/* What a call of an API destination says beside its body: texts, or paths into the event. */
struct pipe_http {
    bool set;
    struct record_pairs path_values /* the values */, headers, query;
};

struct pipe_enrichment {
    str arn, template;
    struct pipe_http http;
};

struct pipe_target {
    str arn, template;
    struct pipe_http http;
    bool queue, bus, log; /* has parameters of this kind */
    str message_group, message_dedup;
    str detail_type, source, time;
    str log_stream; /* and `time` */
    struct record_pairs resources; /* the keys */
};

struct pipe_log {
    str level; /* OFF, ERROR, INFO, TRACE */
    str group; /* ARN */
    bool data; /* with the events */
};

struct pipe_journal; /* of log.c */

struct pipe {
    u64 id; /* the next one of that name is another */
    i64 created_ms, modified_ms;
    str description, desired, current, reason, role;
    struct pipe_source *source;
    struct pipe_enrichment *enrichment; /* NULL: none */
    struct pipe_target *target;
    struct pipe_log *log; /* NULL: none */
    struct pipe_journal *journal; /* not kept: of the transaction at work; NULL: nothing is logged */
    str account, region, name; /* from the key */
};

/* How far a pipe has come in a shard. */
struct pipe_position {
    str sequence; /* of the last record that is settled */
    str iterator; /* before the first one, of a pipe that began at the latest */
    bool done;    /* the shard is closed and read to its end */
    i64 failures; /* of what comes next */
    i64 pause_until_ms;
    bool flying;  /* what comes next is in a flight */
};

/* An event that waits for an API destination. */
struct pipe_flight {
    str json, parsed, id, group; /* of struct pipe_event */
    str execution;               /* in the log */
    bool enriching;              /* it is at the enrichment; else at the target */
    str receipt;                 /* of a queue */
    str shard, sequence;         /* of a stream */
    i64 made_ms;
};

extern const struct record_type pipes_pipe_record, pipes_position_record, pipes_flight_record;

#endif
