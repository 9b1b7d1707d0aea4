/* Private to the cloud: where secret_keep() keeps. */
#ifndef BRUME_KEPT_H
#define BRUME_KEPT_H

#include "base/arena.h"

struct kept;
struct kept *kept_new(struct arena *boot);
void kept_forget(struct kept *k); /* all: what they were of may be gone */

#endif
