/* A service as the dispatcher sees it: its API description and its operations, bound by name. */
#ifndef BRUME_SERVICE_H
#define BRUME_SERVICE_H

#include "wire/desc.h"

struct call;
struct call_plan;
struct auth_facts;

/* Generated per operation; NULL where the room has no such function. */
struct service_op {
    err (*handle)(struct call *c, const void *in, void *out);
    err (*prepare)(struct call *c, const void *in, struct call_plan *plan);
    err (*facts)(struct call *c, const void *in, struct auth_facts *facts);
};
struct service {
    const struct wire_service *wire;
    const struct service_op *ops; /* indexed like wire->ops */
};

#endif
