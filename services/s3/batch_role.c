/* A batch job before S3 itself: it comes in the job's role. */
#include "services/s3/batch.h"

err batch_in_role(struct call *c, const struct batch_job *job, struct call *as) {
    *as = *c;
    as->service = &s3_service;
    as->outer = c;
    as->notes = NULL;
    return call_take_role(as, job->role);
}

err batch_call(struct call *c, const struct batch_job *job, u16 op, const struct batch_item *prepared, const void *in, void *out) {
    struct call_other other = {.service = &s3_service, .op = op, .as = CALL_AS_ROLE, .role_arn = job->role};
    if (prepared) {
        other.note = prepared->note;
        other.body = prepared->body;
    }
    return call_service(c, &other, in, out);
}
