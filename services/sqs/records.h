/* What stands in the rows of SQS. Field numbers are never reused. README.md lists the keys. */
#ifndef BRUME_SQS_RECORDS_H
#define BRUME_SQS_RECORDS_H

#include "cloud/cloud.h"

/* Numbers of one message space. One writer thread: the row is as hot as the queue, and no hotter. */
struct counts {
    i64 ready, in_flight, delayed;
    i64 timer_ms; /* when the queue's timer is due; 0: none is set */
    /* A FIFO queue's calls in this second of the cloud's clock (fifo.c). */
    i64 second, sends, receives, deletes;
};

struct queue {
    u64 id;    /* given at birth: waits, deduplication */
    u64 space; /* where its messages stand; a purge gives a new one */
    i64 created_ms, modified_ms, purged_ms;
    i64 visibility_s, max_bytes, retention_s, delay_s, wait_s, kms_reuse_s;
    str policy, redrive_policy, redrive_allow_policy, kms_key;
    bool sse, fifo, content_dedup, scope_group, limit_per_group;
    str dlq_arn; /* of redrive_policy, read out */
    i64 max_receive;
    /* from the key, and beside the row */
    str account, region, name, key;
    struct counts counts, counts_before;
};

struct attribute {
    str name, type, text, binary;
};
struct attributes {
    struct attribute *v;
    u32 n;
    bool set;
};

/* A message is one row, which stands where its state says: ready in order of arrival, hidden (in
 * flight or delayed) by the time it comes back, or, in a FIFO queue, in its group. */
struct message {
    str id, body, group, dedup, sender, trace, source_arn;
    struct attributes attributes;
    bool body_apart; /* long bodies stand in a row of their own: a receive moves only the rest */
    i64 sent_ms, due_ms /* hidden until; 0: visible */, received_ms, first_received_ms, receives;
    u64 nonce; /* of the latest receive: what makes its receipt handle the valid one */
    u64 first_seq; /* a FIFO queue's SequenceNumber survives the way to the dead-letter queue */
    bool sealed; /* the body, under a key of KMS */
    bool delayed, moved; /* moved: a row ("moved") tells a receipt handle where it went */
    u64 seq; /* from the key */
};

struct sent_once { /* deduplication of FIFO queues */
    str message_id;
    u64 seq;
    i64 sent_ms;
};

struct taken { /* what one ReceiveRequestAttemptId got */
    str group;
    u64 seq, nonce;
};
struct attempt {
    struct {
        struct taken *v;
        u32 n;
        bool set;
    } taken;
    i64 made_ms;
};

struct move_task {
    str source_arn, destination_arn, status, failure;
    i64 rate, moved, to_move, started_ms;
};

extern const struct record_type queue_record, counts_record, message_record, sent_once_record, attempt_record, move_task_record;

#endif
