/* Private to the room: Contributor Insights, by its rules and reports. */
#ifndef BRUME_CLOUDWATCH_INSIGHT_H
#define BRUME_CLOUDWATCH_INSIGHT_H

#include "cloud/contributors.h"
#include "cloudwatch.h"
#include "insight_rule.h"

/* ---- insight.c ---- */
bool insight_load(struct call *c, str name, struct insight *i); /* also one that a service keeps */

/* ---- insight_report.c ---- */
/* The values of one of a report's metrics, by the period; for metric math. */
bool insight_metric(struct query_run *run, str rule, str metric, i64 period_ms, struct math_value *value, str *problem);

#endif
