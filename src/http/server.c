/* A server: its loops, their sockets on one port, start and drain. */
#include "http/internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct http_server {
    struct http_limits limits;
    struct http_app app;
    int port, loop_count;
    struct http_loop *loops;
    bool drained;
};

const struct http_limits http_default_limits = {
    .header_bytes = 64 * 1024,
    .header_count = 256,
    .connections = 20000,
    .header_timeout_ms = 20 * 1000,
    .body_idle_timeout_ms = 60 * 1000,
    .write_idle_timeout_ms = 60 * 1000,
    .keep_alive_timeout_ms = 120 * 1000,
};

static struct http_limits limits_of(const struct http_limits *given) {
    struct http_limits l = *given;
    const struct http_limits *d = &http_default_limits;
    if (!l.header_bytes) l.header_bytes = d->header_bytes;
    if (!l.header_count) l.header_count = d->header_count;
    if (!l.connections) l.connections = d->connections;
    if (!l.header_timeout_ms) l.header_timeout_ms = d->header_timeout_ms;
    if (!l.body_idle_timeout_ms) l.body_idle_timeout_ms = d->body_idle_timeout_ms;
    if (!l.write_idle_timeout_ms) l.write_idle_timeout_ms = d->write_idle_timeout_ms;
    if (!l.keep_alive_timeout_ms) l.keep_alive_timeout_ms = d->keep_alive_timeout_ms;
    l.header_bytes = MIN(l.header_bytes, (size_t)SCRATCH_SIZE);
    return l;
}

static bool parse_address(const char *text, int port, struct sockaddr_storage *address, socklen_t *n) {
    struct sockaddr_in *v4 = (struct sockaddr_in *)address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
    *address = (struct sockaddr_storage){0};
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((u16)port);
        *n = sizeof *v4;
        return true;
    }
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((u16)port);
        *n = sizeof *v6;
        return true;
    }
    return false;
}

/* A listening socket, or -1 with errno. */
static int open_listener(const char *listen_on, int port) {
    struct sockaddr_storage address;
    socklen_t n;
    if (!parse_address(listen_on, port, &address, &n)) {
        errno = EINVAL;
        return -1;
    }
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0
        || bind(fd, (struct sockaddr *)&address, n) < 0 || listen(fd, 4096) < 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

static int port_of(int fd) {
    struct sockaddr_storage address = {0};
    socklen_t n = sizeof address;
    getsockname(fd, (struct sockaddr *)&address, &n);
    return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                               : ((struct sockaddr_in *)&address)->sin_port);
}

/* SO_REUSEPORT would let a second server of the same user share our port in silence: so the port is
 * first bound without it. */
static bool port_is_free(const char *listen_on, int port) {
    struct sockaddr_storage address;
    socklen_t n;
    if (!port || !parse_address(listen_on, port, &address, &n)) return true;
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    if (fd < 0) return true;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    bool free = bind(fd, (struct sockaddr *)&address, n) == 0 || errno != EADDRINUSE;
    close(fd);
    return free;
}

static void *run(void *loop) {
    loop_run(loop);
    return NULL;
}

struct http_server *http_server_start(struct arena *boot, const struct http_config *config,
                                      const struct http_app *app, str *problem) {
    struct http_server *s = NEW(boot, struct http_server);
    s->limits = limits_of(&config->limits);
    s->app = *app;
    s->port = config->port;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    s->loop_count = config->loops > 0 ? config->loops : cores > 0 ? (int)cores : 1;
    s->loops = NEW_ARRAY(boot, struct http_loop, (size_t)s->loop_count);
    int error = port_is_free(config->listen, config->port) ? 0 : EADDRINUSE;
    for (int i = 0; i < s->loop_count && !error; i++) {
        struct http_loop *loop = &s->loops[i];
        loop->listen_fd = open_listener(config->listen, s->port);
        if (loop->listen_fd < 0) error = errno;
        else if (!s->port) s->port = port_of(loop->listen_fd);
    }
    if (error) {
        for (int i = 0; i < s->loop_count; i++)
            if (s->loops[i].listen_fd > 0) close(s->loops[i].listen_fd);
        *problem = arena_format(boot, "cannot listen on %s port %d: %s", config->listen, config->port,
                                error == EADDRINUSE ? "another program listens there" : error == EINVAL ? "that is no address" : strerror(error));
        return NULL;
    }
    for (int i = 0; i < s->loop_count; i++) {
        struct http_loop *loop = &s->loops[i];
        loop->server = s;
        loop->app = &s->app;
        loop->limits = &s->limits;
        loop->tls = config->tls;
        loop->connections_max = MAX(s->limits.connections / (size_t)s->loop_count, (size_t)1);
        loop_init(loop);
        conn_listen(loop);
        ASSERT(pthread_create(&loop->thread, NULL, run, loop) == 0);
    }
    return s;
}

int http_server_port(const struct http_server *s) { return s->port; }

size_t http_server_connections(const struct http_server *s) {
    size_t n = 0;
    for (int i = 0; i < s->loop_count; i++)
        n += atomic_load_explicit(&s->loops[i].connections, memory_order_relaxed);
    return n;
}

static void begin_drain(struct http_task *task) {
    struct http_loop *loop = (struct http_loop *)((char *)task - offsetof(struct http_loop, drain_task));
    conn_stop_listening(loop);
    loop->draining = true;
    loop->drain_deadline_ms += uv_now(&loop->uv);
    loop_start_ticking(loop);
    for (struct http_conn *c = loop->all, *next; c; c = next) {
        next = c->all_next;
        conn_mark_dirty(c);
        c->protocol->drain(c);
    }
}

void http_server_drain(struct http_server *s, i64 ms) {
    if (s->drained) return;
    s->drained = true;
    for (int i = 0; i < s->loop_count; i++) {
        struct http_loop *loop = &s->loops[i];
        loop->drain_deadline_ms = ms > 0 ? (u64)ms : 0;
        loop->drain_task.run = begin_drain;
        http_loop_post(loop, &loop->drain_task);
    }
    for (int i = 0; i < s->loop_count; i++) pthread_join(s->loops[i].thread, NULL);
}
