/* A connection: its socket, what it polls for, what it waits for, its end. What is spoken on it is
 * its protocol's business. */
#include "http/internal.h"

#include "sys/sys.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* ---- lists ---- */

void conn_mark_dirty(struct http_conn *c) {
    if (c->dirty || c->closed) return;
    c->dirty = true;
    c->holds++;
    *c->loop->dirty_end = c;
    c->loop->dirty_end = &c->dirty_next;
}

void conn_set_timeout(struct http_conn *c, enum timeout_class class, bool refresh) {
    if (c->timeout == class && (!refresh || class == TIMEOUT_NONE)) return;
    struct timeout_list *list = &c->loop->timeouts[c->timeout];
    if (c->timeout != TIMEOUT_NONE) {
        *(c->older ? &c->older->newer : &list->oldest) = c->newer;
        *(c->newer ? &c->newer->older : &list->newest) = c->older;
        c->older = c->newer = NULL;
    }
    c->timeout = (u8)class;
    if (class == TIMEOUT_NONE) return;
    list = &c->loop->timeouts[class];
    c->deadline_ms = uv_now(&c->loop->uv) + list->duration_ms;
    c->older = list->newest;
    *(list->newest ? &list->newest->newer : &list->oldest) = c;
    list->newest = c;
}

/* ---- what it waits for ---- */

static void on_poll(uv_poll_t *handle, int status, int events);

/* May the socket be read now? */
static bool is_reading(const struct http_conn *c) {
    if (c->read_eof || (c->held && !c->needs_more)) return false;
    return c->protocol->wants_input(c) || (c->protocol->listens && c->protocol->listens(c));
}

/* With nothing to wait for, "prioritized" keeps the kernel telling us of errors: the client is gone. */
static void settle(struct http_conn *c) {
    if (c->closed) return;
    bool read = is_reading(c);
    int events = (read ? UV_READABLE : 0) | (c->want_write ? UV_WRITABLE : 0);
    if (!events) events = UV_PRIORITIZED;
    if (events != c->polled) {
        c->polled = (u8)events;
        uv_poll_start(&c->poll, events, on_poll);
    }
    enum timeout_class class = c->want_write ? TIMEOUT_WRITE : c->protocol->waits_for(c);
    bool refresh = c->progress
                   && (class == TIMEOUT_WRITE || class == TIMEOUT_BODY || c->protocol == &protocol_websocket);
    c->progress = false;
    conn_set_timeout(c, class, refresh);
}

/* ---- reading ---- */

static void hold(struct http_conn *c, str bytes) {
    ASSERT(!c->held);
    if (!bytes.n) return;
    c->held = malloc(bytes.n); /* at most SCRATCH_SIZE, and only while the protocol refuses input */
    ASSERT(c->held);
    memcpy(c->held, bytes.p, bytes.n);
    c->held_n = (u32)bytes.n;
    c->held_at = 0;
}

static bool can_take_held(const struct http_conn *c) {
    return c->held && !c->needs_more && c->protocol->wants_input(c);
}

static void give(struct http_conn *c, str bytes) {
    while (bytes.n && !c->closed) {
        const struct protocol *before = c->protocol;
        bytes = str_skip(bytes, before->input(c, bytes));
        if (c->protocol == before) break; /* a new one takes what the old one left */
    }
    if (!c->closed) hold(c, bytes);
}

static ssize_t receive_plain(struct http_conn *c, char *to, size_t n, int flags) {
    ssize_t got;
    do got = recv(c->fd, to, n, flags);
    while (got < 0 && errno == EINTR);
    return got < 0 && errno == EAGAIN ? -2 : got;
}

/* A TLS record opens with 0x16, which opens nothing in HTTP. */
static bool sniff_tls(struct http_conn *c) {
    if (!c->loop->tls || c->ssl || c->protocol != &protocol_unknown || c->held) return true;
    char first;
    return receive_plain(c, &first, 1, MSG_PEEK) != 1 || first != 0x16 || tls_start(c);
}

static void read_some(struct http_conn *c) {
    if (!sniff_tls(c)) {
        conn_close(c);
        return;
    }
    char *scratch = c->loop->scratch;
    size_t before = 0;
    if (c->held) { /* what was too short to judge stands before the new bytes */
        before = c->held_n;
        memcpy(scratch, c->held, before);
    }
    char *to = scratch + before;
    size_t size = before || !c->protocol->room ? 0 : c->protocol->room(c, &to);
    if (!size) size = SCRATCH_SIZE - before;
    i64 n = c->ssl ? tls_read(c, to, size) : receive_plain(c, to, size, 0);
    if (n == -2) return;
    if (n == -1) {
        conn_close(c);
    } else if (n == 0) {
        c->read_eof = true;
        c->protocol->eof(c);
    } else {
        free(c->held);
        c->held = NULL;
        c->progress = true;
        give(c, (str){to - before, before + (size_t)n});
    }
}

/* What was held, and what TLS has decrypted already: no poll will tell of these. */
void conn_feed(struct http_conn *c) {
    if (c->protocol->feed) c->protocol->feed(c);
    if (!c->closed && can_take_held(c)) {
        str bytes = {c->held + c->held_at, c->held_n - c->held_at};
        char *held = c->held;
        c->held = NULL;
        give(c, bytes);
        free(held);
    }
    if (!c->closed && c->ssl && is_reading(c) && tls_has_input(c)) read_some(c);
}

static void on_poll(uv_poll_t *handle, int status, int events) {
    struct http_conn *c = handle->data;
    if (status < 0 || (events && !(events & (UV_READABLE | UV_WRITABLE)))) {
        conn_close(c); /* reset, or both directions are shut */
        return;
    }
    conn_mark_dirty(c);
    if (events & UV_WRITABLE) c->want_write = false;
    if ((events & UV_READABLE || c->ssl) && is_reading(c)) read_some(c);
}

/* ---- writing ---- */

i64 conn_write(struct http_conn *c, const str *parts, size_t n) {
    if (c->ssl) return tls_write(c, parts, n);
    struct iovec iov[4];
    int count = 0;
    for (size_t i = 0; i < n && count < (int)LENGTH(iov); i++) {
        if (!parts[i].n) continue;
        union { /* iovec is not const */
            const char *p;
            void *base;
        } at = {parts[i].p};
        iov[count++] = (struct iovec){at.base, parts[i].n};
    }
    struct msghdr message = {.msg_iov = iov, .msg_iovlen = (size_t)count};
    ssize_t written;
    do written = count == 1 ? send(c->fd, iov[0].iov_base, iov[0].iov_len, MSG_NOSIGNAL)
                            : sendmsg(c->fd, &message, MSG_NOSIGNAL);
    while (written < 0 && errno == EINTR);
    if (written < 0) {
        if (errno != EAGAIN) return -1;
        c->want_write = true;
        return 0;
    }
    if (written) c->progress = true;
    return written;
}

void conn_flush(struct http_conn *c) {
    if (!c->want_write) c->protocol->flush(c);
    if (c->closed) return;
    if (can_take_held(c) || (c->ssl && is_reading(c) && tls_has_input(c))) conn_mark_dirty(c);
    settle(c);
}

/* ---- the first bytes tell the protocol. TLS was told apart before, by a peek. ---- */

static size_t unknown_input(struct http_conn *c, str bytes) {
    str preface = S("PRI"); /* no HTTP/1.1 method; HTTP/2 checks the whole of it */
    c->needs_more = bytes.n < preface.n && str_starts(preface, bytes);
    if (!c->needs_more) c->protocol = str_starts(bytes, preface) ? &protocol_http2 : &protocol_http1;
    return 0;
}

static bool always_wants(const struct http_conn *c) { return true; }
static void nothing_to_flush(struct http_conn *c) { (void)c; }
static enum timeout_class unknown_waits(const struct http_conn *c) { return TIMEOUT_HEADER; }
static void expire_by_closing(struct http_conn *c, enum timeout_class waited_for) { conn_close(c); }
static void nothing_to_stop(struct http_conn *c) { (void)c; }

const struct protocol protocol_unknown = {.input = unknown_input,
                                          .wants_input = always_wants,
                                          .flush = nothing_to_flush,
                                          .eof = conn_close,
                                          .waits_for = unknown_waits,
                                          .expire = expire_by_closing,
                                          .drain = conn_close,
                                          .stop = nothing_to_stop};

/* ---- its end ---- */

/* Closing a socket with unread input resets the connection, and a reset may overtake the answer: so
 * we end our side and swallow what comes until the client ends its own. */
static size_t swallow(struct http_conn *c, str bytes) { return bytes.n; }
static enum timeout_class linger_waits(const struct http_conn *c) { return TIMEOUT_LINGER; }

const struct protocol protocol_linger = {.input = swallow,
                                         .wants_input = always_wants,
                                         .flush = nothing_to_flush,
                                         .eof = conn_close,
                                         .waits_for = linger_waits,
                                         .expire = expire_by_closing,
                                         .drain = nothing_to_flush,
                                         .stop = nothing_to_stop};

void conn_linger(struct http_conn *c) {
    if (c->closed) return;
    if (c->read_eof) {
        conn_close(c);
        return;
    }
    c->protocol->stop(c);
    c->protocol = &protocol_linger;
    c->want_write = false;
    free(c->held);
    c->held = NULL;
    if (c->ssl) tls_stop(c);
    shutdown(c->fd, SHUT_WR);
    settle(c);
}

void conn_expire(struct http_conn *c, enum timeout_class waited_for) {
    if (waited_for == TIMEOUT_WRITE) conn_close(c);
    else c->protocol->expire(c, waited_for);
    conn_mark_dirty(c);
}

static void poll_closed(uv_handle_t *handle) {
    struct http_conn *c = handle->data;
    if (!--c->holds) free(c);
}

void conn_close(struct http_conn *c) {
    if (c->closed) return;
    struct http_loop *loop = c->loop;
    c->closed = true;
    c->protocol->stop(c);
    conn_set_timeout(c, TIMEOUT_NONE, false);
    *c->all_link = c->all_next;
    if (c->all_next) c->all_next->all_link = c->all_link;
    free(c->held);
    c->held = NULL;
    if (c->ssl) tls_stop(c);
    uv_poll_stop(&c->poll);
    uv_close((uv_handle_t *)&c->poll, poll_closed);
    close(c->fd);
    atomic_fetch_sub_explicit(&loop->connections, 1, memory_order_relaxed);
    if (loop->accept_paused) conn_accept(loop);
}

/* ---- its birth ---- */

static bool v6_is_loopback(const struct in6_addr *a) {
    return IN6_IS_ADDR_LOOPBACK(a) || (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == 127);
}

static bool is_loopback(const struct sockaddr_storage *a) {
    if (a->ss_family == AF_INET6) return v6_is_loopback(&((const struct sockaddr_in6 *)a)->sin6_addr);
    return ntohl(((const struct sockaddr_in *)a)->sin_addr.s_addr) >> 24 == 127;
}

str conn_peer(const struct http_conn *c, struct arena *a) {
    static const u8 mapped[12] = {[10] = 0xff, [11] = 0xff};
    bool v4 = !c->peer_v6 || !memcmp(c->peer_bytes, mapped, 12);
    const u8 *bytes = c->peer_v6 && v4 ? c->peer_bytes + 12 : c->peer_bytes;
    if (v4) { /* of most requests: without printf, which is behind inet_ntop */
        struct buf b = buf_new(a, INET_ADDRSTRLEN);
        for (int i = 0; i < 4; i++) {
            if (i) buf_char(&b, '.');
            buf_u64(&b, bytes[i]);
        }
        return buf_str(&b);
    }
    char text[INET6_ADDRSTRLEN];
    inet_ntop(AF_INET6, bytes, text, sizeof text);
    return arena_str(a, str_of(text));
}

static void start(struct http_loop *loop, int fd, const struct sockaddr_storage *peer) {
    struct http_conn *c = malloc(sizeof *c); /* all that an idle connection takes, beside libuv's slot */
    ASSERT(c);
    *c = (struct http_conn){.loop = loop, .fd = fd, .protocol = &protocol_unknown, .holds = 1};
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    c->peer_v6 = peer->ss_family == AF_INET6;
    if (c->peer_v6) memcpy(c->peer_bytes, &((const struct sockaddr_in6 *)peer)->sin6_addr, 16);
    else memcpy(c->peer_bytes, &((const struct sockaddr_in *)peer)->sin_addr, 4);
    c->peer_loopback = is_loopback(peer);
    struct sockaddr_storage local = {0};
    socklen_t n = sizeof local;
    c->local_loopback = getsockname(fd, (struct sockaddr *)&local, &n) == 0 && is_loopback(&local);
    if (uv_poll_init(&loop->uv, &c->poll, fd) != 0) {
        close(fd);
        free(c);
        return;
    }
    c->poll.data = c;
    c->all_next = loop->all;
    c->all_link = &loop->all;
    if (c->all_next) c->all_next->all_link = &c->all_next;
    loop->all = c;
    atomic_fetch_add_explicit(&loop->connections, 1, memory_order_relaxed);
    loop_start_ticking(loop);
    settle(c);
}

static void on_connect(uv_poll_t *handle, int status, int events) { conn_accept(handle->data); }

/* Over the limit, or out of file descriptors, the listener rests until a connection ends or a tick. */
static void pause_accepting(struct http_loop *loop, bool pause) {
    if (loop->accept_paused == pause) return;
    loop->accept_paused = pause;
    if (pause) {
        uv_poll_stop(&loop->listener);
        loop_start_ticking(loop);
    } else {
        uv_poll_start(&loop->listener, UV_READABLE, on_connect);
    }
}

void conn_accept(struct http_loop *loop) {
    if (!loop->listening) return;
    for (int i = 0; i < ACCEPT_MAX; i++) {
        if (atomic_load_explicit(&loop->connections, memory_order_relaxed) >= loop->connections_max) {
            pause_accepting(loop, true);
            return;
        }
        struct sockaddr_storage peer;
        socklen_t n = sizeof peer;
        int fd = accept4(loop->listen_fd, (struct sockaddr *)&peer, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            start(loop, fd, &peer);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            log_line(LOG_WARN, "accept", "error=%s", strerror(errno));
            pause_accepting(loop, true);
            return;
        } else if (errno == EAGAIN) {
            break;
        }
    }
    pause_accepting(loop, false);
}

void conn_listen(struct http_loop *loop) {
    ASSERT(uv_poll_init(&loop->uv, &loop->listener, loop->listen_fd) == 0);
    loop->listener.data = loop;
    loop->listening = true;
    uv_poll_start(&loop->listener, UV_READABLE, on_connect);
}

void conn_stop_listening(struct http_loop *loop) {
    if (!loop->listening) return;
    if (!loop->accept_paused) conn_accept(loop); /* the kernel has promised these a server */
    loop->listening = false;
    uv_close((uv_handle_t *)&loop->listener, NULL);
    close(loop->listen_fd);
}
