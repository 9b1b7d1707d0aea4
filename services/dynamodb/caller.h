/* Private to the room: who asked for a job that goes on without him. What the job does in other services it does with
 * that caller's rights as they are when it does it, as AWS's forward access sessions let it. */
#ifndef BRUME_DYNAMODB_CALLER_H
#define BRUME_DYNAMODB_CALLER_H

#include "cloud/cloud.h"

str ddb_caller_pack(struct call *c);
void ddb_caller_take(struct call *c, str packed); /* the call of a task goes on as that caller */

#endif
