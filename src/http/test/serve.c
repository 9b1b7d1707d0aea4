/* The test application on a port, for load generators and curl:
 *     http_serve PORT [LOOPS [DIRECTORY-FOR-TLS]]
 * ends on a line or the end of standard input, with what it used. */
#include "app.h"

#include <sys/resource.h>

int main(int argc, char **argv) {
    str problem = {0};
    struct http_config config = {.port = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 0,
                                 .loops = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 1};
    if (argc > 3 && !(config.tls = http_tls_new(&app_boot, argv[3], &problem))) {
        fprintf(stderr, "%.*s\n", STR_ARGS(problem));
        return 1;
    }
    struct http_server *s = app_start_with(config);
    printf("port %d\n", http_server_port(s));
    fflush(stdout);
    getchar();
    http_server_drain(s, 2000);
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    double us = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6
                + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
    int n = app_state.requests;
    printf("requests %d, aborted %d, CPU %.2f us a request, peak %ld KiB\n", n, app_state.aborts,
           n ? us / n : 0, used.ru_maxrss);
    arena_free(&app_boot);
    return 0;
}
