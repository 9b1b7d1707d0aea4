/* A service as the dispatcher sees it: its API description and its operations, bound by name. */
#ifndef BRUME_SERVICE_H
#define BRUME_SERVICE_H

#include "wire/desc.h"

struct call;
struct call_plan;
struct auth_facts;

/* What a room may define for an operation (cloud/cloud.h). A stage that it does not define is NULL
 * here; the pointers serve only to be asked that, since their own types are the operation's. */
struct service_op {
    void (*handle)(void);
    void (*prepare)(void);
    void (*facts)(void);
};
#define SERVICE_BOUND(function) ((void (*)(void))(function))

enum service_stage {
    SERVICE_HANDLE,  /* third argument: the output struct */
    SERVICE_PREPARE, /* struct call_plan * */
    SERVICE_FACTS,   /* struct auth_facts * */
};

struct service {
    const struct wire_service *wire;
    const struct service_op *ops; /* indexed like wire->ops */
    /* Runs one stage of an operation, which must be there, through its own type. */
    err (*call)(u16 op, enum service_stage stage, struct call *c, const void *in, void *out);
};

#endif
