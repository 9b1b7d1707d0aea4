#include "cloud/contributors.h"
#include "cloud/boot.h"

#include "cloud/gate.h"
#include "cloud/kept.h"
#include "cloud/throttle.h"
#include "cloud/record.h"
#include "sys/sys.h"

struct cloud *cloud_open(struct arena *boot, const struct cloud_config *config) {
    struct cloud *cloud = NEW(boot, struct cloud);
    cloud->config = *config;
    cloud->store = config->store;
    cloud->boot = boot;
    cloud->gate = gate_slots_new(boot);
    cloud->throttles = throttles_new(boot);
    cloud->contributors = contributor_sketches_new(boot);
    cloud->kept = kept_new(boot);
    cloud->started_ms = sys_wall_ms();
    cloud->root_key = store_root_key(config->store);
    records_open(cloud);
    store_set_owner(config->store, cloud);
    return cloud;
}
