/* Users and roles in a policy that is stored. As on AWS a policy names nobody who is not there, and keeps the unique id
 * of whom it names: who gets a name later does not get the rights of who had it before. A room binds a policy that it
 * has compiled before it stores it, hands the bound text to the gate, and shows it when it is asked for it. A right that
 * stands in a row of its own (a grant) names its one principal in the same way.
 *
 * DIFFERS: of an account that has never had a user or role here all names are taken, and stand as they are: it may live
 * in another cloud. Accounts and services need not exist, only be well-formed. */
#ifndef BRUME_POLICY_PRINCIPAL_H
#define BRUME_POLICY_PRINCIPAL_H

#include "cloud/cloud.h"

struct policy_stranger {
    const char *type; /* "AWS", "SERVICE", "FEDERATED", "CanonicalUser" */
    str name;
};
/* False: the policy names somebody who is not there; *stranger, which may be NULL, is the first. */
MUST_USE bool policy_principals_bind(struct call *c, str policy, str *bound, struct policy_stranger *stranger);
/* With the ARNs that users and roles have now; of those that are gone the id. */
str policy_principals_shown(struct call *c, str bound);

/* One name alone, as of the type "AWS". False: nobody is there who may be named so. */
MUST_USE bool policy_principal_bind(struct call *c, str name, str *bound);
str policy_principal_shown(struct call *c, str bound);
/* All bound names that are the caller's: his own, the session's and its role's. The number of them. */
enum { PRINCIPAL_NAMES_MAX = 4 };
u32 policy_principal_names(const struct call *c, str names[PRINCIPAL_NAMES_MAX]);

#endif
