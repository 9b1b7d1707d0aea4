/* Operations by name: what users set up says which operation is to be called ("aws-sdk:sqs:sendMessage" of EventBridge
 * Scheduler), with its input as JSON. */
#ifndef BRUME_CLOUD_OPERATION_H
#define BRUME_CLOUD_OPERATION_H

#include "cloud/cloud.h"

/* By the names of AWS's SDKs: the service id without spaces, the operation; case does not count. Fills service and op.
 * NotImplemented: brume does not have it, or it needs more than an input (a body, work ahead on a worker). */
MUST_USE err operation_find(struct call *c, str service, str operation, struct call_other *other);
/* Is this an input of it? The API's member names, their first letter in either case. ValidationException. */
MUST_USE err operation_check(struct call *c, const struct call_other *other, str input_json);
/* call_service with such an input. *output_json (NULL: nobody wants it) is the answer in the same form. */
MUST_USE err operation_call(struct call *c, const struct call_other *other, str input_json, str *output_json);

/* An input of an operation that a room keeps, or is given, as JSON: with the operation's constraints. *input is its zeroed
 * struct. False: it is none, and *problem says why. */
MUST_USE bool operation_input_read(struct arena *a, const struct service *s, u16 op, str json, void *input, str *problem);
/* An answer of an operation as JSON. */
str operation_output_write(struct arena *a, const struct service *s, u16 op, const void *output);

#endif
