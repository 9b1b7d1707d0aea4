/* Private to the room: replicas of a table in other regions. */
#ifndef BRUME_DYNAMODB_GLOBAL_H
#define BRUME_DYNAMODB_GLOBAL_H

#include "services/dynamodb/dynamodb.h"

/* Creates and removes replicas; the caller saves the table. */
MUST_USE err ddb_replicas_update(struct call *c, const struct dynamodb_replication_group_update_list *list, struct ddb_table *t);
void ddb_replica_forget(struct call *c, const struct ddb_table *gone); /* the others no longer name it */

#endif
