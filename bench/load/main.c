/* Signed load against a server that speaks SQS, S3 or STS. Prints one line of JSON; bench/run reads it.
 *
 *     load [options] WORKLOAD                  see workload.c for their names
 *     load [options] idle                      holds --connections idle ones until stdin ends
 *     load [options] start sts -- brume ...    from exec to the first signed answer; sts, sqs or s3
 *
 * Options: --port N, --connections N, --seconds S or --count N, --bytes N (of objects), --objects N and
 * --first N (where new keys begin), --pid N (the server: its CPU and memory), --key K,
 * --secret S, --rounds N, --idle S, --kill (SIGKILL). */
#include "load/load.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

static int usage_error(const char *what) {
    fprintf(stderr, "load: %s? see bench/load/main.c\n", what);
    return 2;
}

int main(int argc, char **argv) {
    struct target target = {"127.0.0.1", 4566, 0, S("test"), S("test"), S("us-east-1")};
    struct workload *workload = NULL;
    u64 port = 4566, pid = 0, connections = 32, count = 0, given = 0, objects = 1000, first = 0, rounds = 50;
    double seconds = 2, idle = 0;
    bool kill_hard = false;
    struct {
        const char *name;
        u64 *number;
        double *real;
        str *text;
    } options[] = {{"--port", &port},   {"--pid", &pid},           {"--connections", &connections},
                   {"--count", &count}, {"--bytes", &given},       {"--rounds", &rounds},
                   {"--objects", &objects}, {"--first", &first},
                   {"--seconds", .real = &seconds}, {"--idle", .real = &idle},
                   {"--key", .text = &target.access_key}, {"--secret", .text = &target.secret}};
    signal(SIGPIPE, SIG_IGN);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--kill") == 0) {
            kill_hard = true;
            continue;
        }
        size_t o = 0;
        while (o < LENGTH(options) && strcmp(argv[i], options[o].name) != 0) o++;
        if (o < LENGTH(options)) {
            if (i + 1 == argc) return usage_error(argv[i]);
            str value = str_of(argv[++i]);
            if (options[o].text) *options[o].text = value;
            else if (options[o].real ? !str_to_f64(value, options[o].real) : !str_to_u64(value, options[o].number)) return usage_error(argv[i]);
            continue;
        }
        target.port = (int)port;
        target.pid = (int)pid;
        if (strcmp(argv[i], "idle") == 0) return run_idle(&target, (int)connections);
        if (strcmp(argv[i], "start") == 0 && i + 3 < argc) return run_start(&target, argv[i + 1], (int)rounds, idle, kill_hard, argv + i + 3);
        workload = workload_named(argv[i]);
        if (!workload) return usage_error(argv[i]);
    }
    if (!workload) return usage_error("which workload");
    workload->given_bytes = given;
    workload->objects = objects;
    workload->first = first;
    struct run run = {&target, workload, (int)connections, seconds, count};
    return run_load(&run);
}
