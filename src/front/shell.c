/* What a shell or a command needs to use the cloud: env and run. */
#include "cloud/cloud.h"
#include "front/credentials.h"
#include "front/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READY_MS = 10000, VARIABLES = 6 };

struct variables {
    struct {
        const char *name;
        str value;
    } v[VARIABLES];
    size_t n;
};

static void add(struct variables *v, const char *name, str value) {
    v->v[v->n].name = name;
    v->v[v->n++].value = value;
}

static bool variables_of(struct front *f, str url, struct variables *v, str *problem) {
    struct root_credentials keys;
    const char *ca = endpoint_ca(f, url);
    str region = str_of(f->config.region);
    if (!region_known(region)) {
        *problem = arena_format(f->arena, "there is no region '%.*s' in AWS's partition 'aws', as us-east-1 or eu-central-1 is. Name one with --region.", STR_ARGS(region));
        return false;
    }
    if (!credentials_for_client(f->arena, &f->config, &keys, problem)) return false;
    *v = (struct variables){0};
    add(v, "AWS_ENDPOINT_URL", url);
    add(v, "AWS_ACCESS_KEY_ID", keys.access_key);
    add(v, "AWS_SECRET_ACCESS_KEY", keys.secret);
    add(v, "AWS_DEFAULT_REGION", region);
    add(v, "AWS_REGION", region);
    if (ca) add(v, "AWS_CA_BUNDLE", str_of(ca));
    return true;
}

/* In single quotes nothing means anything to a shell but the quote itself. */
static void print_quoted(str value) {
    putchar('\'');
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] == '\'') fputs("'\\''", stdout);
        else putchar(value.p[i]);
    putchar('\'');
}

int run_env(struct front *f) {
    struct variables v;
    str problem = {0};
    if (!variables_of(f, endpoint_url(f), &v, &problem)) return complain(EXIT_REFUSED, "%.*s", STR_ARGS(problem));
    for (size_t i = 0; i < v.n; i++) {
        printf("export %s=", v.v[i].name);
        print_quoted(v.v[i].value);
        putchar('\n');
    }
    /* A token of another login would go out with our key. */
    printf("unset AWS_SESSION_TOKEN AWS_PROFILE\n");
    return EXIT_DONE;
}

/* ---- run ---- */

static int become(struct front *f, str url) {
    struct variables v;
    str problem = {0};
    if (!variables_of(f, url, &v, &problem)) return complain(EXIT_REFUSED, "%.*s", STR_ARGS(problem));
    for (size_t i = 0; i < v.n; i++) setenv(v.v[i].name, arena_c_string(f->arena, v.v[i].value), 1);
    unsetenv("AWS_SESSION_TOKEN");
    unsetenv("AWS_PROFILE");
    char **command = NEW_ARRAY(f->arena, char *, (size_t)f->arguments.n + 1);
    for (int i = 0; i < f->arguments.n; i++) command[i] = arena_c_string(f->arena, str_of(f->arguments.v[i]));
    execvp(command[0], command);
    int error = errno;
    complain(0, "cannot run %s: %s.", command[0], strerror(error));
    return error == ENOENT ? 127 : 126; /* as shells say it */
}

/* A server of the command's own: this program again, ended with us. */
static pid_t start_server(struct front *f, int *ready) {
    int ends[2];
    pid_t parent = getpid();
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n < 0 || pipe2(ends, O_CLOEXEC) != 0) return -1;
    self[n] = 0;
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        setsid(); /* the terminal's Ctrl-C is for the command */
        if (getppid() != parent || dup2(ends[1], STDOUT_FILENO) < 0) _exit(1);
        execl(self, self, "serve", "--ephemeral", "--port", "0", "--listen", "127.0.0.1", "--tls=false", "--log",
              f->config.log == LOG_DEBUG ? "debug" : "warn", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    *ready = ends[0];
    return pid;
}

static bool read_ready(struct front *f, int fd, str *url) {
    char *line = arena_alloc(f->arena, 512, 1);
    size_t n = 0;
    i64 until = sys_monotonic_us() + READY_MS * 1000;
    while (n < 512 && !memchr(line, '\n', n)) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        i64 left = (until - sys_monotonic_us()) / 1000;
        if (left <= 0 || (poll(&p, 1, (int)left) < 0 && errno != EINTR)) return false;
        if (!p.revents) continue;
        ssize_t got = read(fd, line + n, 512 - n);
        if (got <= 0) return false;
        n += (size_t)got;
    }
    str rest = {line, n}, first = str_cut(&rest, '\n');
    *url = str_skip(first, S("brume ready ").n);
    return str_starts(first, S("brume ready "));
}

static int status_of(int wait_status) {
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

static int run_beside(struct front *f) {
    int ready, status = 0;
    str url;
    pid_t server = start_server(f, &ready);
    if (server < 0) return complain(EXIT_REFUSED, "cannot start a server: %s.", strerror(errno));
    if (!read_ready(f, ready, &url)) {
        kill(server, SIGTERM);
        return complain(EXIT_REFUSED, "the server of --ephemeral did not start; 'brume serve --ephemeral' shows why.");
    }
    pid_t command = fork();
    if (command == 0) {
        /* A cloud that is gone in a moment is reached by the built-in key. */
        f->config.root_access_key = f->config.root_secret = "test";
        fflush(stdout);
        _exit(become(f, url));
    }
    signal(SIGINT, SIG_IGN); /* the command decides what it means */
    signal(SIGQUIT, SIG_IGN);
    while (command > 0 && waitpid(command, &status, 0) < 0 && errno == EINTR) {}
    kill(server, SIGTERM);
    while (waitpid(server, NULL, 0) < 0 && errno == EINTR) {}
    return command > 0 ? status_of(status) : complain(EXIT_REFUSED, "cannot start a process: %s.", strerror(errno));
}

int run_run(struct front *f) {
    if (!f->arguments.n) return wrong_usage(f);
    if (f->config.ephemeral) return run_beside(f);
    str url = endpoint_url(f);
    if (!server_answers(f))
        return complain(EXIT_NO_SERVER, "no server answers at %.*s. Start one with 'brume', or let 'brume run --ephemeral' bring its own.", STR_ARGS(url));
    return become(f, url);
}
