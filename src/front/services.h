/* The rooms that are linked in: a row for each directory of services/. */
#ifndef BRUME_SERVICES_H
#define BRUME_SERVICES_H

#include "cloud/alarm_action.h"
#include "cloud/boot.h"
#include "cloud/contributors.h"

extern const struct service *const services[];
extern const size_t service_count;

/* What rooms do later, on the clock or after a commit (store.h). */
extern const struct task_kind *const room_tasks[];
extern const size_t room_tasks_count;

/* How a reset gives back the bytes of rooms that have any (cloud/boot.h). */
extern const struct room_release releases[];
extern const size_t release_count;

/* Rules for the requests of browsers (cloud/boot.h). */
struct cors_question;
extern int (*const cors)(struct call *c, const struct cors_question *q);
/* Who takes state changes (cloud/boot.h). */
struct call;
extern void (*const events)(struct call *c, str source, str detail_type, str resource_arn, str detail_json);

/* Who keeps metrics, and what there is to sample (cloud/boot.h). */
extern void (*const metrics)(struct call *c, const struct metric_sum *sum);
extern const struct gauge gauges[];
extern const size_t gauge_count;
extern const struct failed_call failed_calls[];
extern const size_t failed_call_count;

/* What alarms set off besides messages (cloud/alarm_action.h). */
extern const struct alarm_action alarm_actions[];
extern const size_t alarm_action_count;

/* Who keeps rules over contributors, and lines of logs (cloud/contributors.h). */
extern const struct contributor_sources contributors;

/* Pages that need no signature (cloud/page.h). */
extern const struct page *const pages[];
extern const size_t page_count;
/* And the room that takes webhooks. */
extern const struct webhook_door *const webhooks;
/* And the room that has a site. */
extern const struct site site;

/* Where the gate learns keys, policies and the organization (cloud/identity.h). */
extern const struct identity_door identity_door;

#endif
