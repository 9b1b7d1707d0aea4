/* Users and roles in a policy that is stored. As on AWS a policy names nobody who is not there, and keeps the unique id
 * of whom it names: who gets a name later does not get the rights of who had it before. A room binds a policy that it
 * has compiled before it stores it, hands the bound text to the gate, and shows it when it is asked for it.
 *
 * DIFFERS: of an account that has never had a user or role here all names are taken, and stand as they are: it may live
 * in another cloud. Accounts and services need not exist, only be well-formed. */
#ifndef BRUME_POLICY_PRINCIPAL_H
#define BRUME_POLICY_PRINCIPAL_H

#include "cloud/cloud.h"

struct policy_stranger {
    const char *type; /* "AWS", "SERVICE", "FEDERATED" */
    str name;
};
/* False: the policy names somebody who is not there; *stranger, which may be NULL, is the first. */
MUST_USE bool policy_principals_bind(struct call *c, str policy, str *bound, struct policy_stranger *stranger);
/* With the ARNs that users and roles have now; of those that are gone the id. */
str policy_principals_shown(struct call *c, str bound);

/* Is somebody there whom a policy may name so, as its type "AWS"? */
bool policy_principal_known(struct call *c, str name);

#endif
