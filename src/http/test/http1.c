#include "app.h"
#include "unit.h"

static struct arena a;

static void keep_alive_and_pipelining(void) {
    struct http_server *s = app_start_with((struct http_config){0});
    int fd = raw_connect(s);
    for (int i = 0; i < 3; i++) {
        CHECK(raw_send(fd, S("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")));
        str answer = raw_read_answer(&a, fd);
        CHECK_INT(raw_status(answer), 200);
        CHECK_STR(raw_body(answer), S("hello"));
        CHECK(str_find(answer, S("\r\nDate: ")) != STR_NONE);
        CHECK(str_find(answer, S("Connection")) == STR_NONE);
    }
    struct buf many = buf_new(&a, 1 << 20);
    for (int i = 0; i < 200; i++)
        buf_format(&many, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n%04d", i);
    CHECK(raw_send(fd, buf_str(&many)));
    for (int i = 0; i < 200; i++) {
        str body = raw_body(raw_read_answer(&a, fd));
        CHECK_STR(body, arena_format(&a, "%04d", i));
    }
    /* with an answer that comes later, the second waits for the first */
    CHECK(raw_send(fd, S("GET /later HTTP/1.1\r\nHost: x\r\n\r\nGET /hello HTTP/1.1\r\nHost: x\r\n\r\n")));
    CHECK_STR(raw_body(raw_read_answer(&a, fd)), S("late"));
    CHECK_STR(raw_body(raw_read_answer(&a, fd)), S("hello"));
    close(fd);
    http_server_drain(s, 1000);
    CHECK_INT(app_state.requests, app_state.ends);
    CHECK_INT(app_state.aborts, 0);
}

static void byte_by_byte(void) {
    struct http_server *s = app_start_with((struct http_config){0});
    int fd = raw_connect(s);
    str request = S("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "5\r\nhello\r\n006;a=b\r\n world\r\n0\r\nTrailer: x\r\n\r\n");
    for (size_t i = 0; i < request.n; i++) {
        CHECK(raw_send(fd, (str){request.p + i, 1}));
        usleep(500);
    }
    CHECK_STR(raw_body(raw_read_answer(&a, fd)), S("hello world"));
    CHECK(raw_send(fd, request));
    CHECK_STR(raw_body(raw_read_answer(&a, fd)), S("hello world"));
    close(fd);
    http_server_drain(s, 1000);
}

UNIT_MAIN(UNIT(keep_alive_and_pipelining), UNIT(byte_by_byte))
