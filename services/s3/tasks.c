/* What the room does later, by the names under which it stands in the store. */
#include "services/s3/analytics.h"
#include "services/s3/batch.h"
#include "services/s3/inventory.h"
#include "services/s3/replication.h"
#include "services/s3/seal.h"

const struct task_kind s3_tasks[] = {
    {.name = "s3.sweep", .run = s3_sweep_run},
    {.name = "s3.accessed", .run = s3_accessed_run},
    {.name = "s3.restored", .run = s3_restored_run},
    {.name = "s3.night", .run = s3_night_run},
    {.name = "s3.access-log", .perform = s3_access_log_make, .settle = s3_access_log_settle},
    {.name = "s3.analytics", .perform = s3_analytics_make, .settle = s3_analytics_settle},
    {.name = "s3.hide", .perform = s3_hide_make, .settle = s3_hide_settle},
    {.name = "s3.inventory", .perform = s3_inventory_make, .settle = s3_inventory_settle},
    {.name = "s3.replicate", .run = s3_replicate_run},
    {.name = "s3.batch", .perform = batch_make, .settle = batch_settle},
    {0},
};
