/* What stands in the rows of SNS. Field numbers are never reused. README.md lists the keys. */
#ifndef BRUME_SNS_RECORDS_H
#define BRUME_SNS_RECORDS_H

#include "cloud/cloud.h"

struct topic {
    u64 id; /* given at birth: its subscriptions stand under it */
    i64 created_ms;
    str display_name, policy, delivery_policy, kms_key, signature_version, tracing;
    bool fifo, content_dedup, scope_group;
    struct record_pairs feedback; /* the delivery status attributes, as they were set */
    i64 confirmed, pending, deleted; /* subscriptions */
    i64 signed_subscriptions;        /* whose deliveries are signed: while it is 0 nobody computes one */
    u64 sequence;                    /* of a FIFO topic */
    str archive;                     /* its policy; absent: it keeps nothing */
    i64 archive_days, archive_from_ms;
    str protection;                  /* the data protection policy */
    /* from the key */
    str account, region, name;
};

struct subscription {
    str protocol, endpoint, owner, principal;
    bool pending, authenticated, guarded; /* guarded: AuthenticateOnUnsubscribe */
    bool raw, body_scope;
    str filter, redrive, dead_letter_arn, delivery_policy, role, token;
    str replay, replay_status;
    i64 replay_from_ms, replay_to_ms;
    i64 from_ms; /* what was published before this time it does not get: made or confirmed then */
    str id; /* from the key */
};

struct attribute {
    str name, type, text, binary;
};
struct attributes {
    struct attribute *v;
    u32 n;
    bool set;
};

/* A text and its signature; a message with MessageStructure json has one for each protocol. */
struct variant {
    str protocol; /* absent: all others */
    str text, signature;
};
struct variants {
    struct variant *v;
    u32 n;
    bool set;
};

/* Of a topic with a key of KMS: what seals a message while it waits, and with whose rights it is opened. */
struct seal {
    const struct data_key *key; /* of cloud/key_use.h, in this call; NULL: nothing is sealed */
    str publisher;              /* caller_keep */
};

/* A published message on its way to the subscribers. */
struct message {
    str id, subject, group, dedup, base_url;
    i64 published_ms;
    u64 sequence;
    bool replayed;
    struct attributes attributes;
    struct variants variants;
    struct seal seal;
    str sealed; /* in a row, all but id, time and sequence (encryption.c) */
};

/* What the prepare stage of Publish and PublishBatch hands to the handler: a message for each entry, without an
 * id where the entry was refused. */
struct prepared {
    struct {
        struct message *v;
        u32 n;
        bool set;
    } messages;
};

/* What is left of a large fan-out. */
struct fanout {
    str account, region, topic, after; /* the last subscription that was served */
    struct message *message;
};

struct sent_once { /* deduplication of FIFO topics */
    str message_id;
    u64 sequence;
    i64 published_ms;
};

/* A push over HTTP, until it succeeded or was given up. */
struct push {
    str account, region, topic, subscription;
    str url, type, message_id, body, content_type;
    bool raw;
    i64 attempts, first_ms;
    struct attributes attributes; /* of a raw message, for the dead-letter queue */
    str sealed, publisher;        /* body and attributes, of a topic with a key */
};

extern const struct record_type sns_topic_record, sns_subscription_record, sns_message_record, sns_prepared_record, sns_fanout_record, sns_push_record, sns_sent_once_record;

#endif
