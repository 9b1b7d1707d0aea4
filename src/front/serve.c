#include "front/serve.h"

#include "cloud/boot.h"
#include "front/services.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { DRAIN_MS = 10000 };

static int refuse(const char *what, str problem) {
    fprintf(stderr, "brume: %s: %.*s\n", what, STR_ARGS(problem));
    return 1;
}

static bool loopback(const char *address) {
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0 || strcmp(address, "localhost") == 0;
}

static void block_signals(sigset_t *set) {
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    pthread_sigmask(SIG_BLOCK, set, NULL); /* before any thread starts: all inherit it */
    signal(SIGPIPE, SIG_IGN);
}

int serve(const struct config *config) {
    struct arena boot = {0};
    str problem = {0};
    sigset_t stop_signals;
    block_signals(&stop_signals);
    log_set_level(config->log);

    for (size_t i = 0; i < room_count; i++) store_register_tasks(rooms[i].tasks, rooms[i].task_count);
    struct store_config store_config = {.directory = config->data, .ephemeral = config->ephemeral, .zones = config->zones};
    struct store *store = store_open(&boot, &store_config, &problem);
    if (!store) return refuse(config->data, problem);

    struct cloud_config cloud_config = {
        .store = store,
        .services = services,
        .service_count = service_count,
        .version = BRUME_VERSION,
        .root_access_key = str_of(config->root_access_key),
        .root_secret = str_of(config->root_secret),
        .builtin_keys = true,
        .data_directory = str_of(config->data),
    };
    struct cloud *cloud = cloud_open(&boot, &cloud_config);
    struct http_app app = cloud_app(cloud);
    struct http_config http = {.listen = config->listen, .port = config->port, .loops = config->loops};
    if (config->tls) {
        char *directory = arena_c_string(&boot, arena_format(&boot, "%s/tls", config->data));
        http.tls = http_tls_new(&boot, directory, &problem);
        if (!http.tls) return refuse("tls", problem);
    }
    cloud->server = http_server_start(&boot, &http, &app, &problem);
    if (!cloud->server) return refuse(config->listen, problem);
    const char *shown = loopback(config->listen) ? "localhost" : config->listen;
    printf("brume ready %s://%s:%d\n", config->tls ? "https" : "http", shown, http_server_port(cloud->server));
    fflush(stdout);

    int received;
    sigwait(&stop_signals, &received);
    log_line(LOG_INFO, "stopping", "signal=%d", received);
    http_server_drain(cloud->server, DRAIN_MS);
    store_close(store);
    return 0;
}
