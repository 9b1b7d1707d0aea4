/* Configurations of a bucket: each a row of its own, so that a bucket without them pays nothing. They
 * are stored as the structs of the API, under numbers of our own. */
#ifndef S3_CONFIG_H
#define S3_CONFIG_H

#include "services/s3/s3.h"

/* Numbers are in rows and never reused. */
enum s3_config {
    S3_CONFIG_ACL = 1,
    S3_CONFIG_POLICY = 2,
    S3_CONFIG_CORS = 3,
    S3_CONFIG_WEBSITE = 4,
    S3_CONFIG_LOGGING = 5,
    S3_CONFIG_LIFECYCLE = 6,
    S3_CONFIG_LOCK = 7,
    S3_CONFIG_TIERING = 8, /* one row for each id */
    S3_CONFIG_NOTIFICATION = 9,
    S3_CONFIG_ENCRYPTION = 10,
    S3_CONFIG_REPLICATION = 11,
    S3_CONFIG_METRICS = 12,   /* one row for each id */
    S3_CONFIG_INVENTORY = 13, /* likewise */
    S3_CONFIG_ANALYTICS = 14, /* likewise */
    S3_CONFIG_ANALYTICS_DAYS = 15, /* what analytics_run.c keeps of them */
};

static inline bool s3_configured(const struct bucket_row *bucket, enum s3_config kind) {
    return bucket->configured >> kind & 1;
}
/* False: the bucket has none. One look at the bucket's row, which is at hand. */
bool s3_config_get(struct call *c, const struct bucket_row *bucket, enum s3_config kind,
                   const struct record_type *type, void *value);
/* Both write the bucket's row too. */
void s3_config_put(struct call *c, struct bucket_row *bucket, enum s3_config kind, const struct record_type *type,
                   const void *value);
void s3_config_delete(struct call *c, struct bucket_row *bucket, enum s3_config kind);
/* ---- those that are several of a kind, by id ---- */
str s3_config_key(struct call *c, const struct bucket_row *bucket, enum s3_config kind, str id);
bool s3_config_find(struct call *c, const struct bucket_row *bucket, enum s3_config kind, str id, const struct record_type *type, void *value);
void s3_config_add(struct call *c, struct bucket_row *bucket, enum s3_config kind, str id, const struct record_type *type, const void *value);
MUST_USE err s3_config_remove(struct call *c, const struct bucket_row *bucket, enum s3_config kind, str id); /* NoSuchConfiguration */
MUST_USE err s3_fail_no_configuration(struct call *c);
MUST_USE err s3_config_id_check(struct call *c, str id); /* its letters */
MUST_USE err s3_config_room_check(struct call *c, const struct bucket_row *bucket, enum s3_config kind); /* for one more */
enum { S3_CONFIG_PAGE = 100, S3_CONFIG_MAX = 1000 };
/* A page into `list`, of that many; *next: the token of the one behind it, absent if it is the last. */
MUST_USE err s3_config_page(struct call *c, const struct bucket_row *bucket, enum s3_config kind, const struct record_type *type, str token,
                            void *list, u32 *n, str *next);
/* All of a kind: rows.from is where their keys begin. */
struct range s3_config_range(struct call *c, const struct bucket_row *bucket, enum s3_config kind);

/* All of them, when the bucket goes. */
void s3_config_clear(struct call *c, const struct bucket_row *bucket);

/* What a rule speaks of: keys by prefix, objects by tags that they all carry. Made of any of the API's filters. */
struct s3_filter {
    str prefix;
    const struct s3_tag *tags;
    u32 tag_count;
};
#define S3_FILTER_OF(f)                                                                        \
    ((struct s3_filter){(f)->and ? (f)->and->prefix : (f)->prefix, (f)->and ? (f)->and->tags.v : (f)->tag, \
                        (f)->and ? (f)->and->tags.n : (f)->tag != NULL})
/* As a configuration gives it: `named` of its members are there, one of them `and`, which needs two of its own. */
MUST_USE err s3_filter_check(struct call *c, int named, bool and, struct s3_filter filter);
bool s3_filter_means(struct s3_filter filter, str key, const struct object_row *object);

/* config_records.c */
struct s3_acl_row {
    struct s3_grants grants;
};
struct s3_policy_row {
    str json;
    bool is_public;
};
struct s3_lifecycle_row {
    struct s3_lifecycle_rules rules;
    str minimum_object_size; /* x-amz-transition-default-minimum-object-size */
};
/* Who is told: a queue or a topic, as the ARN says. */
struct s3_listener {
    str id, arn;
    struct s3_event_list events;
    struct s3_notification_configuration_filter *filter;
};
struct s3_listeners {
    struct s3_listener *v;
    u32 n;
    bool set;
};
struct s3_notification_row {
    struct s3_listeners destinations;
    bool event_bridge;
};
extern const struct record_type s3_acl_record, s3_policy_record, s3_cors_record, s3_website_record, s3_logging_record,
    s3_lifecycle_record, s3_lock_record, s3_tiering_record, s3_notification_record, s3_replication_record, s3_metrics_record, s3_inventory_record,
    s3_analytics_record;

#endif
