/* Embedded metrics (EMF), as PutLogEvents uses them. */
#ifndef BRUME_LOGS_EMBEDDED_H
#define BRUME_LOGS_EMBEDDED_H

#include "logs.h"

/* NULL: none. Reads alone. */
struct embedded_metrics;
struct embedded_metrics *embedded_metrics_read(struct arena *a, const struct log_event *events, u32 n);
/* In the writer. */
void embedded_metrics_put(struct call *c, const struct embedded_metrics *all);

#endif
