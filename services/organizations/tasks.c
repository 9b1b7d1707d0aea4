/* What Organizations does on the clock. */
#include "organizations.h"

extern const struct task_kind organizations_tasks[];
const struct task_kind organizations_tasks[] = {
    {.name = "organizations-create", .run = creation_run},
    {.name = "organizations-close", .run = close_finish},
    {.name = "organizations-detach", .run = attachments_sweep},
    {.name = "organizations-delete", .run = organization_sweep},
    {.name = "organizations-expire", .run = handshake_expire},
    {.name = "organizations-forget", .run = handshake_forget},
    {0},
};
