/* Private to the room: objects of S3, with the rights of who asked: those that imports and bulk operations read, one after the other,
 * each a piece at a time; and those that exports and reports are put into. */
#ifndef BRUME_DYNAMODB_OBJECTS_H
#define BRUME_DYNAMODB_OBJECTS_H

#include "services/dynamodb/lines.h"

struct ddb_input {
    str bucket, owner, prefix, compression; /* owner: absent: anybody's; compression: GZIP, ZSTD, NONE */
    /* where it is */
    str object, etag;  /* absent: the next one is to be found */
    str after;         /* the last object that is done */
    str spool;         /* of a packed object: the blob with its text */
    i64 offset, length, index; /* of `object` */
    i64 objects;
};
struct ddb_output {
    str bucket, owner, prefix, sse, kms_key; /* sse: AES256, KMS; absent: as the bucket has it */
};

/* What a worker has read: to be settled in the same flight. */
struct ddb_fetch {
    struct call *c;
    str code, message; /* it cannot go on: FailureCode, FailureMessage */
    /* an object was found, or none is left */
    bool found, over;
    str object, etag;
    i64 length, packed; /* of its text; of a packed object, read as a whole: in S3 */
    struct stream *spool;
    /* or a piece of it was read */
    struct ddb_lines lines;
    i64 from, taken;
};
/* On a worker: finds the next object, or reads of the one that is open as many whole records as `lines` takes, which says how they are
 * written. The errors of S3 stand in `f`; store_unavailable: try again. */
MUST_USE err ddb_input_fetch(struct ddb_fetch *f, struct txn *t, const struct task *task, const struct ddb_input *in, const struct ddb_lines *lines);
/* In the settling transaction: the object that was found is open; what was read of it is done; it is done; nothing more is read. */
void ddb_input_open(struct call *c, struct ddb_input *in, const struct ddb_fetch *f);
bool ddb_input_taken(struct ddb_input *in, const struct ddb_fetch *f); /* true: to its end */
void ddb_input_close(struct txn *t, struct ddb_input *in);
/* How many objects there are, and bytes in them; `most` objects are counted. Errors of S3. */
MUST_USE err ddb_input_measure(struct call *c, const struct ddb_input *in, i64 most, i64 *objects, i64 *bytes, i64 *largest);

void ddb_s3_fault(struct call *c, err e, str *code, str *message); /* FailureCode and FailureMessage of what S3 refused */

str ddb_output_name(struct arena *a, const struct ddb_output *o, str name); /* the key: behind the prefix, AWSDynamoDB/name */
MUST_USE err ddb_output_put(struct call *c, const struct ddb_output *o, str object, struct stream *body, str *etag);

#endif
