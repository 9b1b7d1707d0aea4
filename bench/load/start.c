#include "load/load.h"

#include "sys/sys.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS_MAX = 1000, PATIENCE_US = 60000000 };

static str read_small(const char *path, char *bytes, size_t max) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, bytes, max);
    if (fd >= 0) close(fd);
    return (str){bytes, n > 0 ? (size_t)n : 0};
}

static u64 status_kib(str status, str name) {
    size_t at = str_find(status, name);
    return at == STR_NONE ? 0 : strtoull(status.p + at + name.n, NULL, 10);
}

static void usage_add(int pid, struct usage *u, int depth) {
    char path[64], bytes[4097] = {0};
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    str text = read_small(path, bytes, sizeof bytes - 1);
    size_t at = str_rfind_char(text, ')');
    if (at == STR_NONE) return;
    unsigned long long user = 0, system = 0;
    if (sscanf(text.p + at + 2, "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu %llu", &user, &system) != 2) return;
    u->cpu_s += (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    memset(bytes, 0, sizeof bytes);
    text = read_small(path, bytes, sizeof bytes - 1);
    u->rss_kib += status_kib(text, S("VmRSS:"));
    u->anon_kib += status_kib(text, S("RssAnon:"));
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
    memset(bytes, 0, sizeof bytes);
    text = read_small(path, bytes, sizeof bytes - 1);
    for (str rest = text; depth < 4 && rest.n;) {
        u64 child;
        if (str_to_u64(str_cut(&rest, ' '), &child)) usage_add((int)child, u, depth + 1);
    }
}

struct usage usage_of(int pid) {
    struct usage u = {0};
    if (pid) usage_add(pid, &u, 0);
    return u;
}

/* stdout and stderr of the server go nowhere. */
static pid_t start(char **command) {
    pid_t pid = fork();
    if (pid < 0) {
        perror("load: fork");
        exit(1); /* nobody to be killed later: -1 is everybody */
    }
    if (pid) return pid;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(null, 0);
    dup2(null, 1);
    dup2(null, 2);
    execvp(command[0], command);
    _exit(127);
}

static struct request probe_request(struct arena *a, const struct target *t, const char *probe) {
    struct signing s = {.target = t, .service = probe, .method = "POST", .path = S("/"), .close = true};
    if (strcmp(probe, "s3") == 0) {
        s.method = "GET";
    } else if (strcmp(probe, "sqs") == 0) {
        s.content_type = "application/x-amz-json-1.0";
        s.operation = "AmazonSQS.ListQueues";
        s.body = S("{}");
    } else {
        s.content_type = "application/x-www-form-urlencoded";
        s.body = S("Action=GetCallerIdentity&Version=2011-06-15");
    }
    return request_sign(a, &s);
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int run_start(struct target *t, const char *probe, int rounds, double idle_s, bool kill_hard, char **command) {
    double ms[ROUNDS_MAX], rss[ROUNDS_MAX], anon[ROUNDS_MAX];
    rounds = MAX(1, MIN(rounds, ROUNDS_MAX));
    for (int i = 0; i < rounds; i++) {
        struct arena a = {0};
        struct request r = probe_request(&a, t, probe);
        struct answer answer = {0};
        i64 began = sys_monotonic_us();
        pid_t pid = start(command);
        while (!exchange(&a, t, &r, &answer) || answer.status != 200) {
            if (sys_monotonic_us() - began > PATIENCE_US || waitpid(pid, NULL, WNOHANG) == pid) {
                fprintf(stderr, "load: no answer from %s (%d %.*s)\n", command[0], answer.status,
                        (int)MIN(answer.body.n, 200), answer.body.p ? answer.body.p : "");
                kill(pid, SIGKILL);
                return 1;
            }
            usleep(50);
        }
        ms[i] = (double)(sys_monotonic_us() - began) / 1e3;
        usleep((useconds_t)(idle_s * 1e6));
        struct usage u = usage_of(pid);
        rss[i] = (double)u.rss_kib;
        anon[i] = (double)u.anon_kib;
        kill(pid, kill_hard ? SIGKILL : SIGTERM);
        waitpid(pid, NULL, 0);
        arena_free(&a);
    }
    qsort(ms, (size_t)rounds, sizeof *ms, by_value);
    qsort(rss, (size_t)rounds, sizeof *rss, by_value);
    qsort(anon, (size_t)rounds, sizeof *anon, by_value);
    printf("{\"rounds\":%d,\"start_ms\":%.3f,\"start_min_ms\":%.3f,\"start_max_ms\":%.3f,\"rss_kib\":%.0f,\"anon_kib\":%.0f}\n",
           rounds, ms[rounds / 2], ms[0], ms[rounds - 1], rss[rounds / 2], anon[rounds / 2]);
    return 0;
}
