/* What services send to people and devices: mail, text messages, pushes. Each is a row for two weeks, which `brume outbox`
 * and GET /_brume/outbox show; rows commit with what sent them. Nothing leaves this machine, but mail where the user
 * named a server (--smtp): it is tried for a day, and its outcome goes from "queued" to "delivered" or the server's words. */
#ifndef BRUME_OUTBOUND_H
#define BRUME_OUTBOUND_H

#include "cloud/cloud.h"

struct outbound {
    str kind; /* "email", "sms", "push" */
    str from, to;
    str subject, body;
    str outcome; /* "delivered", or why not, as a carrier would say */
    str details; /* JSON of the service's own: what else the recipient gets; absent: nothing */
    str id;      /* the service's own, of the message */
    /* filled by outbound_put */
    str service, region;
    i64 at_ms;
};
void outbound_put(struct call *c, const struct outbound *o);

/* A telephone that answered STOP takes no more texts from this account in this region, until it opts in again; a device
 * whose token was stopped takes no pushes. That answer comes by POST /_brume/outbox/stop. */
bool outbound_is_stopped(struct call *c, str number);
void outbound_resume(struct call *c, str number);
/* Up to max telephone numbers behind `after`, in order. */
u32 outbound_stopped(struct call *c, str after, str *numbers, u32 max);

struct admin_call;
void outbound_show(struct admin_call *c); /* ?account=&kind=&to=&limit= */
void outbound_stop(struct admin_call *c); /* ?account=&region=&number= */

err outbound_mail_perform(struct arena *a, const struct task *task, str *result);
err outbound_mail_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms);
err outbound_sweep(struct txn *t, const struct task *task, i64 now_ms);

#endif
