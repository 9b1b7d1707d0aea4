#include "records.h"

static const struct record_field report_fields[] = {
    RECORD_I64(1, struct tagging_report, started_ms), RECORD_STR(2, struct tagging_report, bucket), RECORD_STR(3, struct tagging_report, object),
    RECORD_STR(4, struct tagging_report, caller),     RECORD_STR(5, struct tagging_report, status), RECORD_STR(6, struct tagging_report, error),
};
const struct record_type tagging_report_record = RECORD_TYPE(struct tagging_report, report_fields);
