/* What the user may set, from flags, environment (BRUME_*) and file, in this order of weight. */
#ifndef BRUME_CONFIG_H
#define BRUME_CONFIG_H

#include "base/arena.h"
#include "sys/sys.h"

struct config {
    const char *data;   /* directory */
    bool ephemeral;
    const char *listen; /* address */
    int port;
    bool tls;
    enum log_level log;
    int loops;          /* 0: one per core */
    int zones;
    const char *root_access_key, *root_secret; /* BRUME_ROOT_ACCESS_KEY_ID, BRUME_ROOT_SECRET_ACCESS_KEY */
};

#endif
