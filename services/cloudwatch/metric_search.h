/* SEARCH: '{AWS/SQS,QueueName} MetricName="NumberOfMessagesSent" QueueName=(orders OR bills) NOT test'. A word matches
 * where it is one of the words of a name or value, whatever its case; in quotes, where it is all of it. Pure. */
#ifndef BRUME_CLOUDWATCH_METRIC_SEARCH_H
#define BRUME_CLOUDWATCH_METRIC_SEARCH_H

#include "records.h"

/* False: the text is no search expression, and *problem says why. */
MUST_USE bool search_matches(struct arena *a, str text, const struct metric *m, bool *value, str *problem);

#endif
