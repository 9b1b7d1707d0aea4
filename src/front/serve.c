/* brume serve: opens the data directory, starts the server, stays until a signal. */
#include "cloud/boot.h"
#include "engine/sql.h"
#include "front/credentials.h"
#include "front/remote.h"
#include "front/services.h"

#include <errno.h>
#include <ftw.h>
#include <link.h>
#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { DRAIN_MS = 10000, MALLOC_ARENAS = 2, TRIM_EVERY_S = 5, TRIM_ABOVE = 4 << 20, IDLE_US = TRIM_EVERY_S * 1000 };

struct serving {
    struct front *front;
    struct store *store;
    struct cloud *cloud;
    struct root_credentials keys;
    sigset_t stop;
};

static void prepare_process(struct serving *s) {
    struct rlimit files;
    sigemptyset(&s->stop);
    sigaddset(&s->stop, SIGTERM);
    sigaddset(&s->stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, &s->stop, NULL); /* before any thread starts: all inherit it */
    setenv("TZ", "UTC", true); /* a cloud's days are UTC's, for the SQL engine too; and read while there is one thread */
    tzset();
    signal(SIGPIPE, SIG_IGN);
    mallopt(M_ARENA_MAX, MALLOC_ARENAS); /* one a thread would cost memory that arenas of ours hold already */
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    struct rlimit core;
    if (getrlimit(RLIMIT_CORE, &core) == 0) { /* memory holds keys: docs/SECURITY.md */
        core.rlim_cur = 0;
        setrlimit(RLIMIT_CORE, &core);
    }
}

/* In DIR of --data if that was given, else where temporary files go. */
static bool make_temporary(struct front *f) {
    const char *below = config_was_set(&f->config, "data") ? f->config.data : getenv("TMPDIR");
    if (!below || !*below) below = "/tmp";
    char *path = arena_c_string(f->arena, arena_format(f->arena, "%s/brume-XXXXXX", below));
    int error = file_make_directories(below, 0700);
    if (!error && !mkdtemp(path)) error = errno;
    if (error) complain(EXIT_REFUSED, "cannot make a temporary directory in %s: %s. Name another with --data DIR.", below, strerror(error));
    f->config.data = path;
    return error == 0;
}

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *where) { return remove(path); }

static bool open_store(struct serving *s) {
    struct front *f = s->front;
    str problem = {0};
    for (size_t i = 0; i < room_tasks_count; i++) store_register_tasks(room_tasks[i]);
    sql_library(f->config.duckdb);
    struct store_config config = {.directory = f->config.data, .ephemeral = f->config.ephemeral, .zones = (int)f->config.zones, .passphrase = f->config.root_passphrase, .owned = true};
    s->store = store_open(f->arena, &config, &problem);
    if (!s->store) complain(EXIT_REFUSED, "%.*s. Another directory is named with --data DIR.", STR_ARGS(problem));
    return s->store;
}

static bool open_cloud(struct serving *s) {
    struct front *f = s->front;
    str problem = {0};
    if (!credentials_read(f->arena, &f->config, !address_is_loopback(f->config.listen), &s->keys, &problem)) {
        complain(EXIT_REFUSED, "%.*s", STR_ARGS(problem));
        return false;
    }
    struct cloud_config config = {
        .store = s->store,
        .services = services,
        .service_count = service_count,
        .releases = releases,
        .release_count = release_count,
        .events = events,
        .metrics = metrics,
        .gauges = gauges,
        .gauge_count = gauge_count,
        .failed_calls = failed_calls,
        .failed_call_count = failed_call_count,
        .alarm_actions = alarm_actions,
        .alarm_action_count = alarm_action_count,
        .contributors = &contributors,
        .pages = pages,
        .page_count = page_count,
        .site = &site,
        .webhooks = webhooks,
        .identity = &identity_door,
        .cors = cors,
        .version = BRUME_VERSION,
        .root_access_key = s->keys.access_key,
        .root_secret = s->keys.secret,
        .builtin_keys = true,
        .data_directory = str_of(f->config.data),
        .smtp = {.user = str_of(f->config.smtp_user), .password = str_of(f->config.smtp_password), .from = str_of(f->config.smtp_from)},
    };
    if (f->config.smtp && !smtp_server_parse(str_of(f->config.smtp), &config.smtp)) {
        complain(EXIT_REFUSED, "--smtp is \"%s\": say HOST:PORT.", f->config.smtp);
        return false;
    }
    s->cloud = cloud_open(f->arena, &config);
    return s->cloud;
}

static bool start_server(struct serving *s) {
    struct front *f = s->front;
    str problem = {0};
    static struct http_app app; /* the loops keep pointing at it */
    app = cloud_app(s->cloud);
    bool named = strcmp(f->config.listen, "localhost") == 0;
    struct http_config http = {.listen = named ? "127.0.0.1" : f->config.listen, .port = (int)f->config.port, .loops = (int)f->config.loops};
    if (f->config.tls) {
        http.tls = http_tls_new(f->arena, arena_c_string(f->arena, arena_format(f->arena, "%s/tls", f->config.data)), &problem);
        if (!http.tls) return complain(EXIT_REFUSED, "TLS: %.*s", STR_ARGS(problem)), false;
    }
    struct http_server *server = http_server_start(f->arena, &http, &app, &problem);
    atomic_store(&s->cloud->server, server);
    if (server) return true;
    complain(EXIT_REFUSED, "%.*s. Take another port with --port (0 takes any free one), or another address with --listen.", STR_ARGS(problem));
    return false;
}

static void say_ready(struct serving *s) {
    struct config *c = &s->front->config;
    c->port = http_server_port(s->cloud->server);
    const char *shown = address_is_loopback(c->listen) ? "localhost" : c->listen;
    bool six = strchr(shown, ':') != NULL;
    str url = arena_format(s->front->arena, "%s://%s%s%s:%lld", c->tls ? "https" : "http", six ? "[" : "", shown,
                           six ? "]" : "", (long long)c->port);
    bool everywhere = strcmp(shown, "0.0.0.0") == 0 || strcmp(shown, "::") == 0;
    str local = everywhere ? arena_format(s->front->arena, "%s://localhost:%lld", c->tls ? "https" : "http", (long long)c->port) : url;
    endpoint_note(s->front->arena, c->data, local);
    printf("brume ready %.*s\n", STR_ARGS(url));
    fflush(stdout);
}

/* glibc keeps what was freed below a chunk that is still in use: a hundred listings at once would leave
 * their memory with us for good. */
static void give_memory_back(void) {
    struct mallinfo2 heap = mallinfo2();
    if (heap.fordblks > TRIM_ABOVE) malloc_trim(0);
}

static int unmap_pages(struct dl_phdr_info *object, size_t size, void *none) {
    (void)size, (void)none;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W)) continue;
        uintptr_t start = object->dlpi_addr + segment->p_vaddr, first = start & ~(page - 1);
        madvise((void *)first, start + segment->p_memsz - first, MADV_DONTNEED); // NOLINT(performance-no-int-to-ptr)
    }
    return 0;
}

/* Whoever has used a thousandth of a processor since the last look is idle. What idleness follows upon has left
 * pages of the program's file in our resident memory, 16 around each that ran; the kernel has them at hand when they
 * run again (0.1 ms for a whole request's). Only segments that nobody writes: relocated data are no file's. (A
 * debugger's breakpoints are written into such pages: set hardware ones.) */
static void give_pages_back(int64_t *used_us, bool *given) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    int64_t now_us = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    bool idle = now_us - *used_us < IDLE_US;
    *used_us = now_us;
    if (idle && !*given) dl_iterate_phdr(unmap_pages, NULL);
    *given = idle;
}

/* From the second signal on, the kernel's default: the process ends at once. */
static void stay(struct serving *s) {
    int received;
    int64_t used_us = 0;
    bool given = false;
    while ((received = sigtimedwait(&s->stop, NULL, &(struct timespec){.tv_sec = TRIM_EVERY_S})) < 0) {
        give_memory_back();
        give_pages_back(&used_us, &given);
    }
    pthread_sigmask(SIG_UNBLOCK, &s->stop, NULL);
    log_line(LOG_INFO, "stopping", "signal=%d", received);
    http_server_drain(s->cloud->server, DRAIN_MS);
    endpoint_forget(s->front->arena, s->front->config.data);
}

static int serve(struct serving *s) {
    if (!open_store(s)) return EXIT_REFUSED;
    bool started = open_cloud(s) && start_server(s);
    if (started) {
        say_ready(s);
        stay(s);
    }
    if (s->cloud) cloud_close(s->cloud);
    store_close(s->store);
    return started ? EXIT_DONE : EXIT_REFUSED;
}

int run_serve(struct front *f) {
    struct serving s = {.front = f};
    prepare_process(&s);
    if (f->config.ephemeral && !make_temporary(f)) return EXIT_REFUSED;
    int status = serve(&s);
    if (f->config.ephemeral) nftw(f->config.data, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return status;
}
