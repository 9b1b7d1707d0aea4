#include "load/load.h"

#include "sys/sys.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { HISTOGRAM = 64 * 32, SAMPLE_US = 20000, PATIENCE_US = 10000000 };

struct connection {
    int fd;
    bool busy, writing, closes; /* writing: waits until it can; closes: the server said so */
    struct step step;
    struct request made;
    const struct request *request;
    bool ahead;         /* `request` is the next one already: the one under way was sent whole */
    bool bodyless;      /* of the one under way */
    u64 body_sent, all; /* likewise; all: with its head */
    u64 sent;
    i64 began;
    /* the answer */
    char text[ANSWER_MAX];
    size_t have, head; /* head: its length, 0 before it is whole */
    int status;
    i64 left; /* of the body; -1: until the connection ends */
    u64 body_bytes;
    bool chunked;
    u64 chunk_left;
    int chunk_state; /* enum chunk_state */
};
enum chunk_state { CHUNK_SIZE, CHUNK_EXTENSION, CHUNK_DATA, CHUNK_END, CHUNK_TRAILER, CHUNK_TRAILER_LINE };

struct tally {
    u64 done, errors, resets, bytes;
    u64 histogram[HISTOGRAM]; /* 64 steps an octave */
    char problem[200];
};

static struct tally tally;
static char sink[1 << 18];

static void tally_latency(i64 us) {
    u64 v = us < 1 ? 1 : (u64)us;
    unsigned octave = 63 - (unsigned)__builtin_clzll(v);
    u64 slot = octave < 6 ? v : (octave - 5) * 64 + ((v >> (octave - 6)) & 63);
    tally.histogram[MIN(slot, HISTOGRAM - 1)]++;
}

static double tally_percentile(double p) {
    u64 upto = (u64)((double)tally.done * p), sum = 0;
    for (unsigned i = 0; i < HISTOGRAM; i++) {
        sum += tally.histogram[i];
        if (sum > upto) return i < 64 ? i : (double)(64 + i % 64) * (double)(1ull << (i / 64 - 1));
    }
    return 0;
}

static bool connection_open(struct connection *c, const struct target *t) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((u16)t->port)};
    inet_pton(AF_INET, t->address, &to.sin_addr);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to) < 0) return false;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    return fcntl(c->fd, F_SETFL, O_NONBLOCK) == 0;
}

static void watch(int epoll, struct connection *c, int how, bool writing) {
    struct epoll_event e = {.events = EPOLLIN | (writing ? EPOLLOUT : 0), .data.ptr = c};
    ASSERT(epoll_ctl(epoll, how, c->fd, &e) == 0);
    c->writing = writing;
}

static bool is_sent(const struct connection *c) { return c->sent == c->all; }

/* As much as the socket takes. False: the connection is broken. */
static bool send_some(struct connection *c) {
    const struct request *r = c->request;
    u64 all = c->all;
    while (c->sent < all) {
        struct iovec v[9];
        int n = 0;
        u64 at = c->sent;
        if (at < r->head.n) {
            v[n++] = (struct iovec){(void *)(uintptr_t)(r->head.p + at), r->head.n - at};
            at = r->head.n;
        }
        while (n < 9 && at < all) {
            u64 offset = (at - r->head.n) % r->piece.n, size = MIN(r->piece.n - offset, all - at);
            v[n++] = (struct iovec){(void *)(uintptr_t)(r->piece.p + offset), size};
            at += size;
        }
        ssize_t sent = writev(c->fd, v, n);
        if (sent < 0) return errno == EAGAIN;
        c->sent += (u64)sent;
    }
    return true;
}

static u64 made; /* requests, sent or not yet */

static void make(struct connection *c, struct workload *w) {
    c->request = workload_next(w, &c->step, &c->made);
    made++;
}

static void begin(struct connection *c, struct workload *w) {
    if (!c->ahead) make(c, w);
    c->ahead = false;
    c->bodyless = c->request->bodyless;
    c->body_sent = c->request->body_bytes;
    c->all = c->request->head.n + c->body_sent;
    c->sent = c->have = c->head = 0;
    c->body_bytes = 0;
    c->busy = true;
    c->began = sys_monotonic_us();
}

static bool all_made(const struct run *run) { return run->count && made >= run->count; }

/* While nothing is to be read: a client that waits has its next request ready when the answer comes, so its own work
 * is no part of the server's latency. False: there is none to be made. */
static bool make_ahead(const struct run *run, struct connection *all) {
    for (int i = 0; run->workload->make && !all_made(run) && i < run->connections; i++) {
        struct connection *c = &all[i];
        if (!c->busy || c->ahead || !is_sent(c)) continue;
        make(c, run->workload);
        return c->ahead = true;
    }
    return false;
}

static void read_head(struct connection *c) {
    str text = {c->text, c->have};
    size_t end = str_find(text, S("\r\n\r\n"));
    ASSERT(end != STR_NONE || c->have < sizeof c->text);
    if (end == STR_NONE) return;
    c->head = end + 4;
    c->status = (int)strtol(c->text + 9, NULL, 10);
    c->closes = str_starts(text, S("HTTP/1.0"));
    c->chunked = false;
    bool none = c->status == 204 || c->status == 304 || c->bodyless;
    c->left = -1;
    for (str rest = str_take(text, end); rest.p;) {
        str value = str_cut(&rest, '\n');
        if (str_ends(value, S("\r"))) value.n--;
        str name = str_cut(&value, ':');
        value = str_trim(value);
        if (str_eq_nocase(name, S("content-length"))) str_to_i64(value, &c->left);
        if (str_eq_nocase(name, S("transfer-encoding"))) c->chunked = true;
        if (str_eq_nocase(name, S("connection"))) c->closes = str_eq_nocase(value, S("close"));
    }
    if (none) c->left = 0, c->chunked = false;
    c->chunk_state = CHUNK_SIZE;
    c->chunk_left = 0;
    if (c->left < 0 && !c->chunked) c->closes = true;
}

static int hex_digit(char c) {
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* True: that was the last byte. */
static bool read_chunked(struct connection *c, str bytes) {
    for (size_t i = 0; i < bytes.n; i++) {
        char b = bytes.p[i];
        switch ((enum chunk_state)c->chunk_state) {
        case CHUNK_SIZE:
            if (hex_digit(b) >= 0) c->chunk_left = c->chunk_left * 16 + (u64)hex_digit(b);
            else if (b == '\n') c->chunk_state = c->chunk_left ? CHUNK_DATA : CHUNK_TRAILER;
            else c->chunk_state = CHUNK_EXTENSION;
            break;
        case CHUNK_EXTENSION:
            if (b == '\n') c->chunk_state = c->chunk_left ? CHUNK_DATA : CHUNK_TRAILER;
            break;
        case CHUNK_DATA: {
            u64 n = MIN(c->chunk_left, bytes.n - i);
            c->body_bytes += n;
            c->chunk_left -= n;
            i += n - 1;
            if (!c->chunk_left) c->chunk_state = CHUNK_END;
            break;
        }
        case CHUNK_END:
            if (b == '\n') c->chunk_state = CHUNK_SIZE;
            break;
        case CHUNK_TRAILER:
            if (b == '\n') return true;
            if (b != '\r') c->chunk_state = CHUNK_TRAILER_LINE;
            break;
        case CHUNK_TRAILER_LINE:
            if (b == '\n') c->chunk_state = CHUNK_TRAILER;
            break;
        }
    }
    return false;
}

static bool read_body(struct connection *c, str bytes) {
    if (c->chunked) return read_chunked(c, bytes);
    c->body_bytes += bytes.n;
    return c->left >= 0 && c->body_bytes >= (u64)c->left;
}

enum received { RECEIVED_PART, RECEIVED_ALL, RECEIVED_END };

/* Body bytes beyond the kept begin are counted and forgotten. */
static enum received receive(struct connection *c) {
    for (;;) {
        bool keep = c->have < sizeof c->text;
        ssize_t n = keep ? recv(c->fd, c->text + c->have, sizeof c->text - c->have, 0) : recv(c->fd, sink, sizeof sink, 0);
        if (n < 0) return errno == EAGAIN ? RECEIVED_PART : RECEIVED_END;
        if (n == 0) return c->head && c->left < 0 && !c->chunked ? RECEIVED_ALL : RECEIVED_END;
        str body = {keep ? c->text + c->have : sink, (size_t)n};
        if (keep) c->have += (size_t)n;
        if (!c->head) {
            read_head(c);
            if (!c->head) continue;
            body = (str){c->text + c->head, c->have - c->head};
        }
        if (read_body(c, body)) return RECEIVED_ALL;
    }
}

static void note_answer(struct connection *c, struct workload *w) {
    struct answer answer = {c->status, {c->text, c->have}, str_skip((str){c->text, c->have}, c->head), c->body_bytes};
    c->busy = false;
    if (c->status / 100 == 2) {
        tally.done++;
        tally.bytes += c->body_bytes + c->body_sent;
        tally_latency(sys_monotonic_us() - c->began);
        workload_answered(w, &c->step, &answer);
        return;
    }
    if (!tally.errors++) snprintf(tally.problem, sizeof tally.problem, "%d %.*s", c->status, (int)MIN(answer.body.n, 150), answer.body.p);
    c->step.number = 0;
}

static bool reopen(struct connection *c, const struct target *t, int epoll) {
    close(c->fd);
    if (!connection_open(c, t)) return false;
    watch(epoll, c, EPOLL_CTL_ADD, false);
    return true;
}

static void print_text(const char *name, const char *text) {
    printf(",\"%s\":\"", name);
    for (; *text; text++)
        if (*text == '"' || *text == '\\') printf("\\%c", *text);
        else putchar((unsigned char)*text < ' ' ? ' ' : *text);
    putchar('"');
}

static void print_run(const struct run *run, double seconds, struct usage before, struct usage after, u64 anon_max) {
    double cpu_us = tally.done ? (after.cpu_s - before.cpu_s) * 1e6 / (double)tally.done : 0;
    printf("{\"workload\":\"%s\",\"connections\":%d,\"requests\":%llu,\"errors\":%llu,\"seconds\":%.3f,\"rate\":%.1f,"
           "\"mib_per_s\":%.2f,\"p50_us\":%.0f,\"p99_us\":%.0f,\"cpu_us\":%.2f,\"cpu_s\":%.2f,\"anon_before_kib\":%llu,"
           "\"anon_max_kib\":%llu,\"anon_after_kib\":%llu,\"rss_after_kib\":%llu",
           run->workload->name, run->connections, (unsigned long long)tally.done,
           (unsigned long long)(tally.errors + tally.resets), seconds, (double)tally.done / seconds,
           (double)tally.bytes / seconds / (1 << 20), tally_percentile(0.5), tally_percentile(0.99), cpu_us,
           after.cpu_s - before.cpu_s, (unsigned long long)before.anon_kib, (unsigned long long)anon_max,
           (unsigned long long)after.anon_kib, (unsigned long long)after.rss_kib);
    print_text("problem", tally.problem);
    printf("}\n");
}

static int drive(const struct run *run, struct connection *all, int epoll) {
    struct usage before = usage_of(run->target->pid);
    i64 start = sys_monotonic_us(), end = run->count ? INT64_MAX : start + (i64)(run->seconds * 1e6), sampled = start;
    u64 anon_max = before.anon_kib;
    int busy = 0;
    for (int i = 0; i < run->connections && !all_made(run); i++, busy++) {
        begin(&all[i], run->workload);
        watch(epoll, &all[i], EPOLL_CTL_ADD, true);
    }
    while (busy) {
        struct epoll_event events[256];
        int n = epoll_wait(epoll, events, 256, 0);
        if (n == 0 && make_ahead(run, all)) continue;
        if (n == 0) n = epoll_wait(epoll, events, 256, 1000);
        i64 now = sys_monotonic_us();
        if (end != INT64_MAX && now > end + PATIENCE_US) { /* a server that no longer answers */
            if (!tally.errors) snprintf(tally.problem, sizeof tally.problem, "%d requests were not answered", busy);
            tally.errors += (u64)busy;
            break;
        }
        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;
            bool broken = c->busy && (events[i].events & EPOLLOUT) && !send_some(c);
            enum received got = broken ? RECEIVED_END : events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR) ? receive(c) : RECEIVED_PART;
            bool stop = now >= end || (!c->ahead && all_made(run));
            if (got == RECEIVED_ALL) {
                note_answer(c, run->workload);
                if (c->closes && !stop && !reopen(c, run->target, epoll)) return 1;
            } else if (got == RECEIVED_END) {
                if (c->busy && tally.resets++ > 1000) return 1;
                if (!reopen(c, run->target, epoll)) return 1;
                c->busy = false;
            }
            if (got != RECEIVED_PART) {
                if (stop) {
                    busy--;
                    close(c->fd);
                    continue;
                }
                begin(c, run->workload);
                if (!send_some(c)) tally.resets++;
            }
            bool unsent = c->busy && !is_sent(c);
            if (unsent != c->writing) watch(epoll, c, EPOLL_CTL_MOD, unsent);
        }
        if (now - sampled > SAMPLE_US && run->count) { /* long single requests: how memory moves meanwhile */
            sampled = now;
            anon_max = MAX(anon_max, usage_of(run->target->pid).anon_kib);
        }
    }
    double seconds = (double)(sys_monotonic_us() - start) / 1e6;
    struct usage after = usage_of(run->target->pid);
    print_run(run, seconds, before, after, MAX(anon_max, after.anon_kib));
    return 0;
}

int run_load(const struct run *run) {
    struct workload *w = run->workload;
    w->target = run->target;
    if (!w->prepare(w)) {
        printf("{\"workload\":\"%s\",\"requests\":0,\"errors\":1", w->name);
        print_text("problem", w->problem);
        printf("}\n");
        return 1;
    }
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct connection *all = calloc((size_t)run->connections, sizeof *all);
    for (int i = 0; i < run->connections; i++) {
        if (connection_open(&all[i], run->target)) continue;
        printf("{\"workload\":\"%s\",\"requests\":0,\"errors\":1,\"problem\":\"no connection\"}\n", w->name);
        return 1;
    }
    return drive(run, all, epoll);
}

int run_idle(const struct target *t, int connections) {
    static struct connection c;
    for (int i = 0; i < connections; i++) {
        if (!connection_open(&c, t)) {
            printf("held %d\n", i);
            break;
        }
        static const char ask[] = "GET /_brume/health HTTP/1.1\r\nHost: localhost\r\n\r\n";
        fcntl(c.fd, F_SETFL, 0);
        if (send(c.fd, ask, sizeof ask - 1, MSG_NOSIGNAL) < 0 || recv(c.fd, sink, sizeof sink, 0) <= 0) printf("refused %d\n", i);
        if (i == connections - 1) printf("held %d\n", connections);
    }
    fflush(stdout);
    while (getchar() != EOF) continue;
    return 0;
}
