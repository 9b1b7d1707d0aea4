/* What stands in the row of this room: ("resourcegroupstaggingapi", management account, "us-east-1", "report") -> tagging_report.
 * Field numbers are never reused. */
#ifndef BRUME_TAGGING_RECORDS_H
#define BRUME_TAGGING_RECORDS_H

#include "cloud/cloud.h"

/* The newest report on an organization. */
struct tagging_report {
    i64 started_ms;
    str bucket, object;
    str caller; /* who asked for it (caller_keep) */
    str status; /* as DescribeReportCreation tells it */
    str error;
};

extern const struct record_type tagging_report_record;

#endif
