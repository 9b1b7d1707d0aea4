/* Private to the room: replicas of a table in other regions. */
#ifndef BRUME_DYNAMODB_GLOBAL_H
#define BRUME_DYNAMODB_GLOBAL_H

#include "services/dynamodb/dynamodb.h"

/* What a request asks of replicas and witnesses, before it is asked whether the table is at rest. */
MUST_USE err ddb_settings_mode_check(struct call *c, str mode); /* GlobalTableSettingsReplicationMode of a table without replicas */
MUST_USE err ddb_replicas_check(struct call *c, const struct dynamodb_update_table_input *in, const struct ddb_table *t);
/* Creates and removes replicas and the witness; the caller saves the table. The request has been checked. */
MUST_USE err ddb_replicas_update(struct call *c, const struct dynamodb_update_table_input *in, struct ddb_table *t);
/* Whether the replica in `region` may go: it is not protected, and no other was made of it lately. t: any of the group. */
MUST_USE err ddb_replica_may_go(struct call *c, const struct ddb_table *t, str region);
const struct dynamodb_global_table_witness_group_update *ddb_witness_update(const struct dynamodb_update_table_input *in); /* NULL: none that says something */
bool ddb_replica_listed(const struct ddb_table *t, str region);
void ddb_replica_forget(struct call *c, const struct ddb_table *gone); /* the others no longer name it */

/* Scaling of writes, which every replica of a provisioned table has, and so has each of its global indexes: whether this table has
 * it already; and the same for its new replica. By the rights of who asks. */
MUST_USE err ddb_writes_scaled(struct call *c, const struct ddb_table *t);
MUST_USE err ddb_writes_scale_there(struct call *c, const struct ddb_table *t, str region);

#endif
