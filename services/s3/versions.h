/* The versions of a key, by row: what object.c stands on. */
#ifndef S3_VERSIONS_H
#define S3_VERSIONS_H

#include "services/s3/s3.h"

/* ---- ids ---- */
str s3_version_id_new(struct call *c, u64 sequence);
bool s3_version_id_read(str id, u64 *sequence); /* false: no id that was ever given out */
bool s3_version_is_null(str id);
str s3_version_name(const struct object_row *object); /* its id, or "null" */
/* As answers say it: absent in a bucket that never had versions. */
str s3_version_shown(const struct bucket_row *bucket, const struct object_row *object);

/* ---- finding; delete markers count ---- */
bool s3_version_current(struct call *c, const struct bucket_row *bucket, str key, struct object_row *object);
bool s3_version_find(struct call *c, const struct bucket_row *bucket, str key, str id, struct object_row *object);

/* By its sequence, wherever it stands now. */
bool s3_version_of_sequence(struct call *c, const struct bucket_row *bucket, str key, u64 sequence, struct object_row *object);

/* For tasks. A replica has its source's sequence, so the bucket is part of what names a version. */
str s3_version_task_key(struct call *c, const struct bucket_row *bucket, const struct object_row *object);
struct version_at s3_version_at(const struct bucket_row *bucket, str key, const struct object_row *object);
/* The payload of a task back into what it speaks of, with a call in the bucket's account and region. False: gone. */
bool s3_version_of_task(struct txn *t, const struct task *task, i64 now_ms, struct call **c, struct bucket_row *bucket,
                        struct version_at *at, struct object_row *object);

/* ---- changing ---- */
/* Makes it the current version, with sequence, time and id of its own. What it replaces stays as a
 * version, or goes with its bytes, as the bucket's versioning has it. */
void s3_version_place(struct call *c, const struct bucket_row *bucket, str key, struct object_row *object);
/* The same for a replica: it keeps sequence, time and id of its source, and stands among the versions where these say. */
void s3_version_place_replica(struct call *c, const struct bucket_row *bucket, str key, struct object_row *object);
/* Writes an altered row where it stands. */
void s3_version_update(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object);
/* Deletes the version and its bytes; if it was the current one, the newest of the others becomes it. */
void s3_version_remove(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object);

#endif
