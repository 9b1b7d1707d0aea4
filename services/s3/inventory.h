/* Inventories: lists of what is in a bucket, written daily or weekly into another. */
#ifndef S3_INVENTORY_H
#define S3_INVENTORY_H

#include "services/s3/delivery.h"

/* Where a list stands between the slices of its making. */
struct inventory_file {
    str key, md5;
    u64 size;
};
struct inventory_run {
    str account, bucket, id;
    u64 bucket_id;
    i64 begun_ms; /* 0: not yet */
    str after;    /* row key; absent: from the start */
    struct {
        struct inventory_file *v;
        u32 n;
        bool set;
    } files;
};

/* inventory_run.c */
void s3_inventory_begin(struct call *c, const struct bucket_row *bucket, const struct s3_inventory_configuration *inventory);
void s3_inventory_end(struct call *c, const struct bucket_row *bucket, str id);
err s3_inventory_make(struct arena *a, const struct task *task, str *result);
err s3_inventory_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms);

/* inventory_file.c */
struct inventory_list {
    struct call *c;
    struct bucket_row bucket;
    struct s3_inventory_configuration inventory;
    bool all; /* versions */
    struct buf text; /* of its rows, as CSV */
};
bool s3_inventory_field_known(str name);
const char *s3_inventory_suffix(const struct s3_inventory_configuration *inventory); /* of its files */
void s3_inventory_row(struct inventory_list *l, str key, const struct object_row *object);
str s3_inventory_schema(struct call *c, const struct s3_inventory_configuration *inventory); /* as manifests tell it */
MUST_USE bool s3_inventory_file(struct inventory_list *l, str *bytes); /* false: the engine fails, or it is too long */

#endif
