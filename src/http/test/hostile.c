/* Clients that are wrong, slow, gone, or malicious. */
#include "app.h"
#include "unit.h"

static struct arena a;

#define BYTES(literal) literal, sizeof(literal) - 1
static const struct probe {
    const char *name;
    int status; /* of the only answer; the connection must end behind it */
    const char *request;
    size_t request_n;
} probes[] = {
    {"length and coding", 400, BYTES("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")},
    {"coding and length", 400, BYTES("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n")},
    {"two lengths", 400, BYTES("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde")},
    {"list of lengths", 400, BYTES("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4, 4\r\n\r\nabcd")},
    {"signed length", 400, BYTES("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: +4\r\n\r\nabcd")},
    {"negative length", 400, BYTES("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n")},
    {"hexadecimal length", 400, BYTES("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0x4\r\n\r\nabcd")},
    {"empty length", 400, BYTES("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n")},
    {"huge length", 400, BYTES("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n")},
    {"length with a space inside", 400, BYTES("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1 1\r\n\r\na")},
    {"space before the colon", 400, BYTES("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length : 4\r\n\r\nabcd")},
    {"folded header", 400, BYTES("GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n")},
    {"folded first header", 400, BYTES("GET / HTTP/1.1\r\n Host: x\r\n\r\n")},
    {"folded coding", 400, BYTES("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n")},
    {"bare line feed", 400, BYTES("GET / HTTP/1.1\nHost: x\r\n\r\n\r\n")},
    {"bare line feed in headers", 400, BYTES("GET / HTTP/1.1\r\nHost: x\r\nX: a\nY: b\r\n\r\n")},
    {"bare carriage return", 400, BYTES("GET / HTTP/1.1\r\nHost: x\r\nX: a\rY: b\r\n\r\n")},
    {"zero byte in a value", 400, BYTES("GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n")},
    {"zero byte in a name", 400, BYTES("GET / HTTP/1.1\r\nHost: x\r\nX\0: a\r\n\r\n")},
    {"control byte in a value", 400, BYTES("GET / HTTP/1.1\r\nHost: x\r\nX: a\001b\r\n\r\n")},
    {"no header name", 400, BYTES("GET / HTTP/1.1\r\nHost: x\r\n: a\r\n\r\n")},
    {"no colon", 400, BYTES("GET / HTTP/1.1\r\nHost: x\r\nabc\r\n\r\n")},
    {"bracket in a name", 400, BYTES("GET / HTTP/1.1\r\nHost: x\r\nA[b]: c\r\n\r\n")},
    {"unknown coding", 501, BYTES("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")},
    {"coding not chunked", 501, BYTES("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\n")},
    {"chunked twice", 400, BYTES("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")},
    {"chunked with a tab", 400, BYTES("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n")},
    {"xchunked", 501, BYTES("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n")},
    {"coding in HTTP/1.0", 400, BYTES("POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")},
    {"chunk size of letters", 400, BYTES("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")},
    {"chunk size 0x", 400, BYTES("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n")},
    {"chunk size signed", 400, BYTES("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n")},
    {"chunk size overflows", 400, BYTES("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n")},
    {"chunk size and a space", 400, BYTES("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n")},
    {"chunk size, bare line feed", 400, BYTES("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n")},
    {"chunk without its end", 400, BYTES("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX0\r\n\r\n")},
    {"line feed in an extension", 400, BYTES("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;a\nb\r\nhello\r\n0\r\n\r\n")},
    {"folded trailer", 400, BYTES("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n X: y\r\n\r\n")},
    {"no host", 400, BYTES("GET / HTTP/1.1\r\n\r\n")},
    {"two hosts", 400, BYTES("GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n")},
    {"host with a path", 400, BYTES("GET / HTTP/1.1\r\nHost: x/y\r\n\r\n")},
    {"host with a space", 400, BYTES("GET / HTTP/1.1\r\nHost: x y\r\n\r\n")},
    {"HTTP/2.0 line", 505, BYTES("GET / HTTP/2.0\r\nHost: x\r\n\r\n")},
    {"HTTP/1.2 line", 505, BYTES("GET / HTTP/1.2\r\nHost: x\r\n\r\n")},
    {"HTTP/0.9", 400, BYTES("GET /\r\n\r\n")},
    {"lower case protocol", 400, BYTES("GET / http/1.1\r\nHost: x\r\n\r\n")},
    {"other protocol", 400, BYTES("GET / RTSP/1.0\r\nHost: x\r\n\r\n")},
    {"unknown method", 501, BYTES("BREW / HTTP/1.1\r\nHost: x\r\n\r\n")},
    {"lower case method", 400, BYTES("get / HTTP/1.1\r\nHost: x\r\n\r\n")},
    {"connect", 501, BYTES("CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n")},
    {"two spaces", 400, BYTES("GET  / HTTP/1.1\r\nHost: x\r\n\r\n")},
    {"space in the target", 400, BYTES("GET /a b HTTP/1.1\r\nHost: x\r\n\r\n")},
    {"fragment", 400, BYTES("GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n")},
    {"no slash", 400, BYTES("GET a HTTP/1.1\r\nHost: x\r\n\r\n")},
    {"star", 400, BYTES("GET * HTTP/1.1\r\nHost: x\r\n\r\n")},
    {"other scheme", 400, BYTES("GET ftp://x/a HTTP/1.1\r\nHost: x\r\n\r\n")},
    {"user in the authority", 400, BYTES("GET http://u@x/a HTTP/1.1\r\nHost: x\r\n\r\n")},
    {"garbage", 400, BYTES("\x80\x81\x82\r\n\r\n")},
    {"TLS on a plain port", 400, BYTES("\x16\x03\x01\x02\r\n\r\n")},
};

static void smuggling_and_nonsense_are_refused(void) {
    struct http_server *s = app_start_with((struct http_config){0});
    for (size_t i = 0; i < LENGTH(probes); i++) {
        struct buf b = buf_new(&a, 4096);
        buf_add(&b, (str){probes[i].request, probes[i].request_n});
        buf_add(&b, S("GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"));
        bool reset = false;
        int fd = raw_connect(s);
        raw_send(fd, buf_str(&b));
        str answer = raw_read_all(&a, fd, &reset);
        close(fd);
        str second = str_skip(answer, 9);
        if (raw_status(answer) != probes[i].status || str_find(second, S("HTTP/1.1 ")) != STR_NONE || reset) {
            unit_failures++;
            printf("# probe \"%s\": want %d%s, got:\n# %.*s\n", probes[i].name, probes[i].status,
                   reset ? " (was reset)" : "", STR_ARGS(answer));
        }
    }
    http_server_drain(s, 1000);
}

static void odd_but_right_is_served(void) {
    struct http_server *s = app_start_with((struct http_config){0});
    str answer = raw_exchange(&a, s, S("\r\nGET http://y.example:80/target?a=b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    CHECK_STR(raw_body(answer), S("/target?a=b|a=b|y.example:80|00"));
    answer = raw_exchange(&a, s, S("GET /hello HTTP/1.0\r\n\r\n"));
    CHECK_INT(raw_status(answer), 200);
    CHECK(str_find(answer, S("Connection: close")) != STR_NONE);
    answer = raw_exchange(&a, s, S("GET /chunked?10 HTTP/1.0\r\n\r\n"));
    CHECK_STR(raw_body(answer), S("abcdefghij"));
    int fd = raw_connect(s);
    raw_send(fd, S("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    answer = raw_read_answer(&a, fd);
    CHECK(str_find(answer, S("Connection: keep-alive")) != STR_NONE);
    raw_send(fd, S("HEAD /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    answer = raw_read_all(&a, fd, NULL);
    close(fd);
    CHECK(str_find(answer, S("Content-Length: 12345\r\n")) != STR_NONE);
    CHECK_STR(raw_body(answer), S(""));
    answer = raw_exchange(&a, s, S("OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: Foo, CLOSE\r\n\r\n"));
    CHECK_INT(raw_status(answer), 200);
    answer = raw_exchange(&a, s, S("GET /inject HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    CHECK(str_find(answer, S("X-Value: a  X-Evil: 1\r\n")) != STR_NONE);
    http_server_drain(s, 1000);
}

static void what_begins_no_request_is_refused_at_once(void) {
    struct http_server *s = app_start_with((struct http_config){0});
    CHECK_INT(raw_status(raw_exchange(&a, s, S("\x16\x03\x01\x02"))), 400);
    CHECK_INT(raw_status(raw_exchange(&a, s, S("\r\n\x80"))), 400);
    http_server_drain(s, 1000);
}

static void limits_are_kept(void) {
    struct http_server *s = app_start_with((struct http_config){.limits = {.header_bytes = 4096, .header_count = 10}});
    struct buf b = buf_new(&a, 1 << 20);
    buf_add(&b, S("GET /"));
    for (int i = 0; i < 5000; i++) buf_char(&b, 'a');
    CHECK_INT(raw_status(raw_exchange(&a, s, buf_str(&b))), 414);
    b = buf_new(&a, 1 << 20);
    buf_add(&b, S("GET / HTTP/1.1\r\nHost: x\r\nX: "));
    for (int i = 0; i < 5000; i++) buf_char(&b, 'a');
    buf_add(&b, S("\r\n\r\n"));
    CHECK_INT(raw_status(raw_exchange(&a, s, buf_str(&b))), 431);
    b = buf_new(&a, 1 << 20);
    buf_add(&b, S("GET / HTTP/1.1\r\nHost: x\r\n"));
    for (int i = 0; i < 10; i++) buf_format(&b, "X-%d: y\r\n", i);
    buf_add(&b, S("\r\n"));
    CHECK_INT(raw_status(raw_exchange(&a, s, buf_str(&b))), 431);
    b = buf_new(&a, 1 << 20);
    buf_add(&b, S("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;"));
    for (int i = 0; i < 300; i++) buf_char(&b, 'e');
    CHECK_INT(raw_status(raw_exchange(&a, s, buf_str(&b))), 400);
    b = buf_new(&a, 1 << 20);
    buf_add(&b, S("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"));
    for (int i = 0; i < 1000; i++) buf_add(&b, S("Trailer: x\r\n"));
    CHECK_INT(raw_status(raw_exchange(&a, s, buf_str(&b))), 400);
    int ends = app_state.ends, aborts = app_state.aborts;
    CHECK_INT(raw_status(raw_exchange(&a, s, S("PUT /small HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n"))), 413);
    b = buf_new(&a, 1 << 20);
    buf_add(&b, S("PUT /small HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n"));
    for (int i = 0; i < 100; i++) buf_char(&b, 'e');
    buf_add(&b, S("\r\n1\r\n1\r\n"));
    CHECK_INT(raw_status(raw_exchange(&a, s, buf_str(&b))), 413);
    CHECK(wait_for(&app_state.ends, ends + 2));
    CHECK_INT(app_state.aborts, aborts + 2);
    http_server_drain(s, 1000);
}

static void continue_is_said_when_the_body_is_wanted(void) {
    struct http_server *s = app_start_with((struct http_config){0});
    int fd = raw_connect(s);
    raw_send(fd, S("PUT /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"));
    CHECK_STR(raw_read_answer(&a, fd), S("HTTP/1.1 100 Continue\r\n\r\n"));
    raw_send(fd, S("abc"));
    CHECK_STR(raw_body(raw_read_answer(&a, fd)), S("abc"));
    raw_send(fd, S("PUT /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n"));
    CHECK_STR(raw_read_answer(&a, fd), S("HTTP/1.1 100 Continue\r\n\r\n")); /* an empty body is waited for too */
    CHECK_INT(raw_status(raw_read_answer(&a, fd)), 200);
    raw_send(fd, S("PUT /refuse HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"));
    str answer = raw_read_all(&a, fd, NULL);
    CHECK_INT(raw_status(answer), 403);
    CHECK(str_find(answer, S("Connection: close\r\n")) != STR_NONE);
    close(fd);
    http_server_drain(s, 1000);
}

/* The client is still sending when the answer comes: it must be able to read it. */
static void early_answers_are_not_reset(void) {
    struct http_server *s = app_start_with((struct http_config){0});
    for (int round = 0; round < 2; round++) {
        int fd = raw_connect(s);
        raw_send(fd, round ? S("PUT /early HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n")
                           : S("PUT /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n"));
        char *bytes = arena_alloc(&a, 4000000, 1);
        CHECK(raw_send(fd, (str){bytes, 3900000}));
        bool reset;
        CHECK_INT(raw_status(raw_read_all(&a, fd, &reset)), round ? 400 : 403);
        CHECK(!reset);
        close(fd);
    }
    http_server_drain(s, 1000);
}

static void half_closed_clients_get_their_answer(void) {
    struct http_server *s = app_start_with((struct http_config){0});
    int fd = raw_connect(s);
    raw_send(fd, S("GET /later HTTP/1.1\r\nHost: x\r\n\r\n"));
    shutdown(fd, SHUT_WR);
    CHECK_STR(raw_body(raw_read_all(&a, fd, NULL)), S("late"));
    close(fd);
    http_server_drain(s, 1000);
}

static void gone_clients_abort(void) {
    struct http_server *s = app_start_with((struct http_config){0});
    int aborts = app_state.aborts, requests = app_state.requests;
    int fd = raw_connect(s); /* in the middle of a body */
    raw_send(fd, S("PUT /count HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc"));
    wait_for(&app_state.requests, requests + 1);
    close(fd);
    CHECK(wait_for(&app_state.aborts, aborts + 1));
    fd = raw_connect(s); /* while the application works, by a reset */
    raw_send(fd, S("GET /never HTTP/1.1\r\nHost: x\r\n\r\n"));
    wait_for(&app_state.requests, requests + 2);
    struct linger reset = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
    CHECK(wait_for(&app_state.aborts, aborts + 2));
    fd = raw_connect(s); /* while it streams */
    int closed = app_closed_producers;
    raw_send(fd, S("GET /chunked?900000000 HTTP/1.1\r\nHost: x\r\n\r\n"));
    char c;
    CHECK(recv(fd, &c, 1, 0) == 1);
    close(fd);
    CHECK(wait_for(&app_state.aborts, aborts + 3));
    CHECK_INT(app_closed_producers, closed + 1);
    str answer = raw_exchange(&a, s, S("GET /abort HTTP/1.1\r\nHost: x\r\n\r\n"));
    CHECK_INT(answer.n, 0);
    answer = raw_exchange(&a, s, S("GET /broken?100000000 HTTP/1.1\r\nHost: x\r\n\r\n"));
    CHECK(raw_status(answer) == 200 && raw_body(answer).n < 100000000);
    CHECK(wait_for(&app_state.aborts, aborts + 5));
    http_server_drain(s, 1000);
    CHECK_INT(app_state.requests, app_state.ends);
}

static void timeouts_end_the_slow(void) {
    struct http_limits limits = {.header_timeout_ms = 150, .body_idle_timeout_ms = 150,
                                 .write_idle_timeout_ms = 150, .keep_alive_timeout_ms = 150};
    struct http_server *s = app_start_with((struct http_config){.limits = limits});
    int fd = raw_connect(s); /* slowloris: a byte now and then does not help */
    str request = S("GET /hello HTTP/1.1\r\nHost: x\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n");
    size_t sent = 0;
    while (sent < request.n && raw_send(fd, (str){request.p + sent, 1})) {
        sent++;
        usleep(20000);
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, 0) == 1) break;
    }
    CHECK(sent < request.n);
    CHECK_INT(raw_status(raw_read_all(&a, fd, NULL)), 408);
    close(fd);
    CHECK_INT(raw_exchange(&a, s, S("")).n, 0); /* never says a word */
    CHECK_INT(raw_status(raw_exchange(&a, s, S("PUT /count HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"))), 408);
    fd = raw_connect(s); /* idle behind an answer */
    raw_send(fd, S("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"));
    CHECK_INT(raw_status(raw_read_all(&a, fd, NULL)), 200);
    close(fd);
    int aborts = app_state.aborts;
    fd = raw_connect(s); /* never reads its answer */
    raw_send(fd, S("GET /length?900000000 HTTP/1.1\r\nHost: x\r\n\r\n"));
    CHECK(wait_for(&app_state.aborts, aborts + 1));
    close(fd);
    http_server_drain(s, 1000);
}

static void connections_over_the_limit_wait(void) {
    struct http_server *s = app_start_with((struct http_config){.limits = {.connections = 2}});
    int first = raw_connect(s), second = raw_connect(s), third = raw_connect(s);
    raw_send(third, S("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"));
    struct pollfd p = {.fd = third, .events = POLLIN};
    CHECK_INT(poll(&p, 1, 200), 0);
    CHECK(http_server_connections(s) == 2);
    close(first);
    CHECK_STR(raw_body(raw_read_answer(&a, third)), S("hello"));
    close(second);
    close(third);
    http_server_drain(s, 1000);
}

UNIT_MAIN(UNIT(smuggling_and_nonsense_are_refused), UNIT(odd_but_right_is_served), UNIT(what_begins_no_request_is_refused_at_once), UNIT(limits_are_kept),
          UNIT(continue_is_said_when_the_body_is_wanted), UNIT(early_answers_are_not_reset),
          UNIT(half_closed_clients_get_their_answer), UNIT(gone_clients_abort), UNIT(timeouts_end_the_slow),
          UNIT(connections_over_the_limit_wait))
