/* Calls to the running cloud as any client makes them: signed, over HTTP, coded from the same descriptions. For
 * commands that use the cloud rather than look after it. */
#ifndef BRUME_AWS_CALL_H
#define BRUME_AWS_CALL_H

#include "front/command.h"
#include "wire/desc.h"

/* EXIT_DONE with *out filled (its zeroed output struct); anything else has been complained of. In us-east-1, as the
 * root user of account 000000000000. */
int aws_call(struct front *f, const struct wire_service *service, u16 op, const void *in, void *out);
/* The same with a body that streams (absent: none), in milliseconds, and a refusal that is no complaint: *refusal is its
 * code, "Broken" for an answer that ended early. The answer's body, if it streams, in *body. */
struct aws_attempt {
    str body;
    str refusal; /* absent: success */
    double ms;
};
int aws_try(struct front *f, const struct wire_service *service, u16 op, const void *in, void *out, struct aws_attempt *attempt);

#endif
