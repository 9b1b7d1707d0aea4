/* Sources: queues and streams out of which others take by themselves (Pipes). Who watches one has a task set in the
 * commit in which something arrives; a watcher costs nothing while nothing does. */
#ifndef BRUME_SOURCE_H
#define BRUME_SOURCE_H

#include "store/store.h"

/* At each arrival, unless it is set already, the task `kind` `key` is set, due `delay_ms` later. */
void source_watch(struct txn *t, struct arena *a, str arn, str kind, str key, i64 delay_ms);
void source_unwatch(struct txn *t, struct arena *a, str arn, str kind, str key);
/* For the room that has the source: something can be taken now. */
void source_arrived(struct txn *t, struct arena *a, str arn, i64 now_ms);

#endif
