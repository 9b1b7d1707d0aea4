/* What IAM tells the gate of the cloud: its part of struct identity_door (cloud/identity.h). */
#ifndef BRUME_IAM_DOOR_H
#define BRUME_IAM_DOOR_H

#include "cloud/identity.h"

bool iam_key(struct txn *t, struct arena *a, str access_key, struct identity_key *key);
void iam_identity(struct txn *t, struct arena *a, const struct principal *p, struct identity *identity);
bool iam_managed_policy(struct txn *t, struct arena *a, str arn, struct identity_policy *policy);
bool iam_role(struct txn *t, struct arena *a, str arn, struct identity_role *role);
void iam_key_used(struct txn *t, struct arena *a, str access_key, str region, str service, i64 at_ms);

#endif
