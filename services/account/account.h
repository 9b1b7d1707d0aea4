/* The room's own. */
#ifndef BRUME_ACCOUNT_H
#define BRUME_ACCOUNT_H

#include "cloud/cloud.h"
#include "gen/account.h"

/* Whom a call is about: the caller's own account, or, asked by the management account or a delegated
 * administrator, a member of its organization. */
MUST_USE err account_open(struct call *c, str asked, str *account);
/* ("account", account, "", type, name) */
str account_key(struct arena *a, str account, const char *type, str name);
MUST_USE err account_absent(struct call *c, const char *what);

err region_settle(struct txn *t, const struct task *task, i64 now_ms);

#endif
