/* Walking rows whose keys hold a string, the S3 way: by prefix, grouped by a delimiter. A group (a
 * common prefix) costs one seek however many keys it holds. */
#ifndef S3_WALK_H
#define S3_WALK_H

#include "services/s3/s3.h"

enum walk_kind { WALK_END, WALK_ROW, WALK_GROUP };
struct walk {
    struct call *c;
    str base, prefix, delimiter;
    struct range rows;
    bool empty;
    bool objects; /* rows are object rows: only current versions that are no delete markers count */
};
struct walk_item {
    str name;  /* the key, or the common prefix */
    str rest;  /* what follows the key in the row's key */
    str value; /* the row; valid until the next step */
    struct object_row object; /* the row read, in a walk of objects; as valid */
};
/* `after`: names above this; absent: from the start. A group that `after` names is not met again. */
struct walk s3_walk(struct call *c, str base, str prefix, str delimiter, str after);
/* The same, from a row key. */
struct walk s3_walk_from(struct call *c, str base, str prefix, str delimiter, str from);
enum walk_kind s3_walk_next(struct walk *w, struct walk_item *item);

/* A name as a listing writes it: percent-encoded when the client asked for encoding-type=url. */
str s3_listed(struct call *c, str name, bool url);
MUST_USE err s3_encoding_check(struct call *c, str encoding_type, bool *url);
/* max-keys and its kind: not negative, at most 1,000. */
MUST_USE err s3_page_size(struct call *c, const char *name, struct opt_i32 given, u32 *max);

#endif
