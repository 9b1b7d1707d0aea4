/* Private to the cloud: where the buckets of throttle_take (cloud.h) live. */
#ifndef BRUME_CLOUD_THROTTLE_H
#define BRUME_CLOUD_THROTTLE_H

#include "base/arena.h"

struct throttles;
struct throttles *throttles_new(struct arena *boot);

#endif
