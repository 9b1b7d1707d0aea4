/* Back-pressure both ways, many idle connections, tasks, drain. */
#include "app.h"
#include "unit.h"

#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>

static struct arena a;

static u64 sum_of(u64 n) {
    u64 sum = 0;
    for (u64 i = 0; i < n; i++) sum += (u8)app_byte(i);
    return sum;
}

enum { BIG = 64 << 20 };

static void large_bodies_arrive_whole(void) {
    struct http_server *s = app_start_with((struct http_config){0});
    char *bytes = malloc(BIG);
    for (u64 i = 0; i < BIG; i++) bytes[i] = app_byte(i);
    str want = arena_format(&a, "%d %llu", BIG, (unsigned long long)sum_of(BIG));
    int fd = raw_connect(s);
    raw_send(fd, arena_format(&a, "PUT /count HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", BIG));
    CHECK(raw_send(fd, (str){bytes, BIG}));
    CHECK_STR(raw_body(raw_read_answer(&a, fd)), want);
    raw_send(fd, S("PUT /count HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"));
    u64 sent = 0;
    for (u64 size = 1; sent < BIG; size = size * 3 % 200000 + 1) {
        u64 n = MIN(size, BIG - sent);
        char line[32];
        int width = snprintf(line, sizeof line, "%llx\r\n", (unsigned long long)n);
        raw_send(fd, (str){line, (size_t)width});
        raw_send(fd, (str){bytes + sent, n});
        raw_send(fd, S("\r\n"));
        sent += n;
    }
    raw_send(fd, S("0\r\n\r\n"));
    CHECK_STR(raw_body(raw_read_answer(&a, fd)), want);
    close(fd);
    free(bytes);
    http_server_drain(s, 1000);
}

/* With a second request behind each body: what is lent takes body bytes only. */
static void bodies_come_where_they_are_wanted(void) {
    enum { BODY = 1 << 20 };
    struct http_server *s = app_start_with((struct http_config){0});
    char *bytes = malloc(BODY);
    for (u64 i = 0; i < BODY; i++) bytes[i] = app_byte(i);
    str want = arena_format(&a, "%d %llu", BODY, (unsigned long long)sum_of(BODY));
    int fd = raw_connect(s);
    u64 before = app_state.received_in_place;
    for (int round = 0; round < 3; round++) {
        raw_send(fd, arena_format(&a, "PUT /count?lend HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", BODY));
        CHECK(raw_send(fd, (str){bytes, BODY}));
        CHECK(raw_send(fd, S("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")));
        CHECK_STR(raw_body(raw_read_answer(&a, fd)), want);
        CHECK_STR(raw_body(raw_read_answer(&a, fd)), S("hello"));
    }
    CHECK(app_state.received_in_place - before > BODY);
    CHECK(raw_send(fd, S("PUT /count?lend HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n")));
    usleep(20000);
    CHECK(raw_send(fd, S("2\r\nab\r\n0\r\n\r\n")));
    CHECK_STR(raw_body(raw_read_answer(&a, fd)), S("6 589"));
    close(fd);
    free(bytes);
    http_server_drain(s, 1000);
}

/* The application pauses 20 ms after each read: a sender must feel that. */
static void paused_bodies_stop_the_sender(void) {
    struct http_server *s = app_start_with((struct http_config){0});
    int fd = raw_connect(s);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    str head = arena_format(&a, "PUT /slow HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", BIG);
    CHECK(raw_send(fd, head));
    char *bytes = arena_alloc(&a, BIG, 1);
    i64 before = app_state.body_seen;
    size_t sent = 0;
    for (int ms = 0; ms < 100; ms++) {
        ssize_t n = send(fd, bytes + sent, BIG - sent, MSG_NOSIGNAL);
        if (n > 0) sent += (size_t)n;
        usleep(1000);
    }
    i64 taken = app_state.body_seen - before;
    CHECK(sent < BIG); /* the socket buffers are full, and nobody else holds the rest */
    CHECK(taken > 0 && taken < 4 << 20);
    close(fd);
    http_server_drain(s, 1000);
}

static void slow_readers_get_all_and_cost_little(void) {
    struct http_server *s = app_start_with((struct http_config){0});
    static const char *const paths[] = {"/length", "/chunked", "/lent", "/lent-chunked"};
    for (size_t round = 0; round < LENGTH(paths); round++) {
        int fd = raw_connect(s);
        raw_send(fd, arena_format(&a, "GET %s?%d HTTP/1.0\r\n\r\n", paths[round], BIG));
        usleep(100000);
        CHECK(mallinfo2().uordblks < 16 << 20); /* the answer waits in its producer, not in memory */
        str answer = raw_body(raw_read_all(&a, fd, NULL));
        CHECK_INT(answer.n, BIG);
        bool right = true;
        for (size_t i = 0; i < answer.n && right; i++) right = answer.p[i] == app_byte(i);
        CHECK(right);
        close(fd);
        arena_free(&a);
    }
    http_server_drain(s, 1000);
}

static void a_producer_may_be_late(void) {
    struct http_server *s = app_start_with((struct http_config){0});
    str answer = raw_exchange(&a, s, S("GET /drip?95 HTTP/1.0\r\n\r\n"));
    CHECK_INT(raw_body(answer).n, 95);
    answer = raw_exchange(&a, s, S("GET /drip?25 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    CHECK(str_ends(answer, S("5\r\nuvwab\r\n0\r\n\r\n")));
    http_server_drain(s, 1000);
}

static void idle_connections_are_small(void) {
    enum { IDLE = 2000 };
    struct http_server *s = app_start_with((struct http_config){0});
    static int fds[IDLE];
    for (int i = 0; i < 300; i++) { /* warm: libuv's table, the free list */
        fds[i] = raw_connect(s);
        raw_send(fds[i], S("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"));
        CHECK_INT(raw_status(raw_read_answer(&a, fds[i])), 200);
    }
    arena_free(&a);
    size_t before = mallinfo2().uordblks;
    for (int i = 300; i < IDLE; i++) {
        fds[i] = raw_connect(s);
        raw_send(fds[i], S("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"));
        CHECK_INT(raw_status(raw_read_answer(&a, fds[i])), 200);
        arena_free(&a);
    }
    CHECK_INT(http_server_connections(s), IDLE);
    size_t each = (mallinfo2().uordblks - before) / (IDLE - 300);
    printf("# %zu bytes an idle connection\n", each);
    CHECK(each < 1024);
    http_server_drain(s, 1000);
    char c;
    CHECK_INT(recv(fds[0], &c, 1, 0), 0);
    for (int i = 0; i < IDLE; i++) close(fds[i]);
}

/* ---- posted tasks ---- */

struct posted {
    struct http_task task;
    int caller, number;
};
enum { CALLERS = 4, POSTS = 20000 };
static _Atomic int last_of[CALLERS], tasks_run, disorder;
static struct http_loop *_Atomic some_loop;

static void run_posted_task(struct http_task *task) {
    struct posted *p = (struct posted *)task;
    if (last_of[p->caller] != p->number - 1) disorder++;
    last_of[p->caller] = p->number;
    tasks_run++;
    free(p);
}

static void *post_many(void *context) {
    int caller = (int)(intptr_t)context;
    for (int i = 1; i <= POSTS; i++) {
        struct posted *p = malloc(sizeof *p);
        *p = (struct posted){{.run = run_posted_task}, caller, i};
        http_loop_post(some_loop, &p->task);
    }
    return NULL;
}

static bool learn_loop(void *context, struct http_loop *loop) {
    some_loop = loop;
    return true;
}

static void tasks_run_once_and_in_order(void) {
    struct http_app app = test_app;
    app.before_write = learn_loop;
    str problem;
    struct http_server *s = http_server_start(&app_boot, &(struct http_config){.listen = "::1", .loops = 1},
                                              &app, &problem);
    if (!s) { /* no IPv6 here */
        s = http_server_start(&app_boot, &(struct http_config){.listen = "127.0.0.1", .loops = 1}, &app, &problem);
    } else {
        int fd = socket(AF_INET6, SOCK_STREAM, 0);
        struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons((u16)http_server_port(s)),
                                  .sin6_addr = IN6ADDR_LOOPBACK_INIT};
        CHECK(connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
        raw_send(fd, S("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"));
        CHECK_STR(raw_body(raw_read_answer(&a, fd)), S("hello"));
        close(fd);
    }
    if (!some_loop) {
        int fd = raw_connect(s);
        raw_send(fd, S("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"));
        raw_read_answer(&a, fd);
        close(fd);
    }
    pthread_t callers[CALLERS];
    for (int i = 0; i < CALLERS; i++) pthread_create(&callers[i], NULL, post_many, (void *)(intptr_t)i);
    for (int i = 0; i < CALLERS; i++) pthread_join(callers[i], NULL);
    CHECK(wait_for(&tasks_run, CALLERS * POSTS));
    CHECK_INT(disorder, 0);
    http_server_drain(s, 1000);
}

/* ---- drain ---- */

static void *drain_in_a_thread(void *server) {
    http_server_drain(server, 20000);
    return NULL;
}

static void drain_lets_running_requests_end(void) {
    struct http_server *s = app_start_with((struct http_config){.loops = 1});
    int idle = raw_connect(s), busy = raw_connect(s);
    raw_send(idle, S("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"));
    raw_read_answer(&a, idle);
    int requests = app_state.requests;
    raw_send(busy, S("GET /told HTTP/1.1\r\nHost: x\r\n\r\n"));
    wait_for(&app_state.requests, requests + 1);
    pthread_t thread;
    pthread_create(&thread, NULL, drain_in_a_thread, s);
    CHECK_INT(raw_read_all(&a, idle, NULL).n, 0); /* it has begun */
    app_state.told = true;
    str answer = raw_read_all(&a, busy, NULL);
    CHECK_STR(raw_body(answer), S("late"));
    CHECK(str_find(answer, S("Connection: close")) != STR_NONE);
    pthread_join(thread, NULL);
    CHECK_INT(http_server_connections(s), 0);
    close(idle);
    close(busy);
    int aborts = app_state.aborts; /* past its time, drain cuts */
    s = app_start_with((struct http_config){0});
    busy = raw_connect(s);
    requests = app_state.requests;
    raw_send(busy, S("PUT /count HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc"));
    wait_for(&app_state.requests, requests + 1);
    http_server_drain(s, 100);
    CHECK_INT(app_state.aborts, aborts + 1);
    close(busy);
}

static void drain_waits_for_who_still_holds(void) {
    struct http_server *s = app_start_with((struct http_config){0});
    int fd = raw_connect(s), requests = app_state.requests;
    raw_send(fd, S("GET /held HTTP/1.1\r\nHost: x\r\n\r\n"));
    wait_for(&app_state.requests, requests + 1);
    close(fd);
    http_server_drain(s, 50);
    CHECK_INT(app_released, 1);
}

static void a_taken_port_is_a_problem(void) {
    struct http_server *s = app_start_with((struct http_config){0});
    str problem = {0};
    struct http_config config = {.listen = "127.0.0.1", .port = http_server_port(s), .loops = 1};
    CHECK(!http_server_start(&app_boot, &config, &test_app, &problem));
    CHECK(str_find(problem, S("another program listens")) != STR_NONE);
    config = (struct http_config){.listen = "nowhere", .loops = 1};
    CHECK(!http_server_start(&app_boot, &config, &test_app, &problem));
    http_server_drain(s, 1000);
}

UNIT_MAIN(UNIT(large_bodies_arrive_whole), UNIT(bodies_come_where_they_are_wanted), UNIT(paused_bodies_stop_the_sender),
          UNIT(slow_readers_get_all_and_cost_little), UNIT(a_producer_may_be_late),
          UNIT(idle_connections_are_small), UNIT(tasks_run_once_and_in_order),
          UNIT(drain_lets_running_requests_end), UNIT(drain_waits_for_who_still_holds),
          UNIT(a_taken_port_is_a_problem))
