#include "connection.h"

const struct task_kind events_task_kinds[] = {
    {.name = "events-schedule", .run = schedule_fire},
    {.name = "events-replay", .run = replay_slice},
    {.name = "events-trim", .run = archive_trim},
    {.name = "events-source-expire", .run = source_expire},
    {.name = "events-sweep", .run = archive_sweep},
    {.name = "events-push", .perform = destination_perform, .settle = destination_settle},
    {.name = "events-invoke", .run = invoke_begin},
    {.name = "events-invoke-send", .perform = invoke_perform, .settle = invoke_settle},
    {.name = "events-authorize", .perform = authorize_perform, .settle = authorize_settle},
    {0},
};
