#include "cloud/contributors.h"
#include "cloud/boot.h"

#include "cloud/gate.h"
#include "cloud/kept.h"
#include "cloud/throttle.h"
#include "cloud/record.h"
#include "cloud/uri.h"
#include "sys/sys.h"

static struct uri_table **read_uris(struct arena *boot, const struct cloud_config *config) {
    struct uri_table **uris = NEW_ARRAY(boot, struct uri_table *, config->service_count);
    for (size_t i = 0; i < config->service_count; i++) {
        u8 protocol = config->services[i]->wire->protocol;
        if (protocol == WIRE_REST_JSON || protocol == WIRE_REST_XML) uris[i] = uri_table_new(boot, config->services[i]);
    }
    return uris;
}

struct cloud *cloud_open(struct arena *boot, const struct cloud_config *config) {
    struct cloud *cloud = NEW(boot, struct cloud);
    cloud->config = *config;
    cloud->store = config->store;
    cloud->boot = boot;
    cloud->gate = gate_slots_new(boot);
    cloud->throttles = throttles_new(boot);
    cloud->contributors = contributor_sketches_new(boot);
    cloud->kept = kept_new(boot);
    cloud->uris = read_uris(boot, config);
    cloud->started_ms = sys_wall_ms();
    cloud->root_key = store_root_key(config->store);
    records_open(cloud);
    store_set_owner(config->store, cloud);
    return cloud;
}
