/* What is remembered of calls: the call record, metrics, usage, state changes. Journal records, one
 * line of JSON each, so that whoever reads them later (CloudTrail, CloudWatch, bills) needs no schema. */
#ifndef BRUME_CLOUD_RECORD_H
#define BRUME_CLOUD_RECORD_H

#include "cloud/boot.h"

void records_open(struct cloud *cloud);

#endif
