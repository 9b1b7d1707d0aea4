#include "iam.h"

const struct task_kind iam_task_kinds[] = {
    {.name = "iam-role-deletion", .run = service_role_delete},
    {.name = "iam-report", .run = report_slice},
    {.name = "iam-advisor", .run = advisor_run},
    {.name = "iam-access-report", .run = access_report_run},
    {0},
};
