/* What facts.c and the rights inside operations (s3.h: s3_may, s3_allow) both ask of buckets and objects. */
#ifndef S3_MAY_H
#define S3_MAY_H

#include "services/s3/s3.h"

/* What a request asks of a list of rights: NULL where only policies speak. */
struct s3_asked {
    const char *permission;
    bool of_object; /* of the object's own list; else of the bucket's */
};
bool s3_caller_is_of(const struct call *c, str account); /* or is a service */
/* Adds to the bucket's facts what the object brings: its owner, its list of rights, its tags. */
void s3_object_facts(struct call *c, const struct bucket_row *bucket, const struct object_row *object, struct s3_asked asked,
                     struct auth_facts *facts);
/* Whether the caller may learn that a key is absent: who could list it by its name may. */
bool s3_may_miss(struct call *c, const struct bucket_row *bucket, str key);

#endif
