/* Administrative calls over the whole cloud: saving it, emptying it, summing up its use. */
#ifndef BRUME_UPKEEP_H
#define BRUME_UPKEEP_H

#include "cloud/admin.h"

void upkeep_save(struct admin_call *c);  /* POST snapshot?file=NAME: DATA/snapshots/NAME, or an absolute path */
void upkeep_reset(struct admin_call *c); /* POST reset[?account=ID] */
err reset_resume(struct txn *t, const struct task *task, i64 now_ms); /* the task "reset": what one left */
void upkeep_usage(struct admin_call *c); /* GET usage */

/* registry.c: deletes up to *budget registry rows, of one account or (absent) of all. True: none left. */
bool registry_release(struct txn *t, str account, int *budget);

#endif
