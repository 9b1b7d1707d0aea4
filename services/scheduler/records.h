/* What stands in the rows of the Scheduler. Field numbers are never reused. README.md lists the keys. */
#ifndef BRUME_SCHEDULER_RECORDS_H
#define BRUME_SCHEDULER_RECORDS_H

#include "cloud/cloud.h"

struct group {
    i64 created_ms, modified_ms; /* 0: the default group, which nobody created */
    bool deleting;
    str account, region, name; /* from the key */
};

struct target {
    str arn, role, input, dead_letter_arn;
    str message_group, detail_type, source;
    i64 retry_attempts, retry_age_s;
    str data_key, key_arn; /* the input is sealed under this key of KMS */
};

struct schedule_row {
    u64 id; /* the next one of that name is another */
    i64 created_ms, modified_ms, start_ms, end_ms, window_minutes;
    str expression, zone, state, description, action_after, kms_key;
    struct target *target;
    str account, region, group, name; /* from the key */
};

/* One invocation on its way. It keeps its target: an update is for the next one. */
struct invocation {
    u64 schedule_id;
    str account, region, group, name, execution;
    i64 scheduled_ms, first_ms, attempts;
    bool last; /* of its schedule */
    struct target *target;
};

extern const struct record_type scheduler_group_record, scheduler_schedule_record, scheduler_invocation_record;

#endif
