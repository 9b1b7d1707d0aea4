#include "app.h"
#include "http/websocket_frame.h"
#include "unit.h"

static struct arena a;
static _Atomic int opened, closed;

/* Echoes; "close" closes; "flood" sends until the buffer is full and says how far it came. */
static void on_message(void *context, struct http_websocket *w, str message, bool text) {
    if (str_eq(message, S("close"))) {
        http_websocket_close(w, 1000);
    } else if (str_eq(message, S("flood"))) {
        static char big[100000];
        int sent = 0;
        while (http_websocket_send(w, (str){big, sizeof big}, false)) sent++;
        CHECK(sent > 5 && sent < 100);
    } else {
        CHECK(http_websocket_send(w, message, text));
    }
}
static void on_close(void *context, struct http_websocket *w) { closed++; }

static void on_request(void *context, struct http_exchange *x) {
    if (!http_exchange_request(x)->upgrade_websocket) {
        http_respond(x, 400, NULL, 0, S("no upgrade"));
        return;
    }
    opened++;
    http_accept_websocket(x, (struct http_websocket_app){on_message, on_close, NULL}, 70000);
}

static struct http_server *start(void) {
    static const struct http_app app = {.on_request = on_request};
    str problem;
    struct http_limits limits = {.keep_alive_timeout_ms = 300};
    struct http_server *s = http_server_start(
        &app_boot, &(struct http_config){.listen = "127.0.0.1", .loops = 1, .limits = limits}, &app, &problem);
    ASSERT(s);
    return s;
}

static const char upgrade[] = "GET /chat HTTP/1.1\r\nHost: x\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

static int open_socket(struct http_server *s) {
    int fd = raw_connect(s);
    raw_send(fd, (str){upgrade, sizeof upgrade - 1});
    str answer = raw_read_answer(&a, fd);
    CHECK_INT(raw_status(answer), 101);
    CHECK(str_find(answer, S("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n")) != STR_NONE);
    return fd;
}

static str masked(u8 first, str payload) {
    struct buf b = buf_new(&a, 1 << 20);
    u8 header[10];
    size_t n = ws_header(WS_TEXT, payload.n, header);
    header[0] = first;
    header[1] |= 0x80;
    buf_add(&b, (str){(char *)header, n});
    buf_add(&b, S("\x11\x22\x33\x44"));
    for (size_t i = 0; i < payload.n; i++) buf_char(&b, (char)((u8)payload.p[i] ^ (u8)(0x11 * (i % 4 + 1))));
    return buf_str(&b);
}

static bool read_exactly(int fd, void *to, size_t n) {
    for (size_t got = 0; got < n;) {
        ssize_t r = recv(fd, (char *)to + got, n - got, 0);
        if (r <= 0) return false;
        got += (size_t)r;
    }
    return true;
}

/* The first byte of a server's frame, -1 at the end. */
static int read_frame(int fd, str *payload) {
    u8 head[2], more[8];
    if (!read_exactly(fd, head, 2)) return -1;
    u64 n = head[1];
    if (n >= 126) {
        size_t extra = n == 126 ? 2 : 8;
        if (!read_exactly(fd, more, extra)) return -1;
        n = 0;
        for (size_t i = 0; i < extra; i++) n = n << 8 | more[i];
    }
    char *bytes = arena_alloc(&a, n, 1);
    if (!read_exactly(fd, bytes, n)) return -1;
    *payload = (str){bytes, n};
    return head[0];
}

static void messages_and_fragments(void) {
    struct http_server *s = start();
    int fd = open_socket(s);
    str payload;
    raw_send(fd, masked(0x81, S("hello")));
    CHECK_INT(read_frame(fd, &payload), 0x81);
    CHECK_STR(payload, S("hello"));
    raw_send(fd, masked(0x02, S("ab")));
    raw_send(fd, masked(0x89, S("ping")));
    raw_send(fd, masked(0x00, S("")));
    raw_send(fd, masked(0x80, S("cd")));
    CHECK_INT(read_frame(fd, &payload), 0x8a);
    CHECK_STR(payload, S("ping"));
    CHECK_INT(read_frame(fd, &payload), 0x82);
    CHECK_STR(payload, S("abcd"));
    for (size_t n = 120; n <= 70000; n = n * 4 + 6) {
        char *bytes = arena_alloc(&a, n, 1);
        memset(bytes, 'x', n);
        raw_send(fd, masked(0x81, (str){bytes, n}));
        CHECK_INT(read_frame(fd, &payload), 0x81);
        CHECK_STR(payload, ((str){bytes, n}));
    }
    raw_send(fd, masked(0x88, S("\x03\xe8 bye")));
    CHECK_INT(read_frame(fd, &payload), 0x88);
    CHECK_STR(payload, S("\x03\xe8"));
    CHECK_INT(read_frame(fd, &payload), -1);
    close(fd);
    CHECK(wait_for(&closed, 1));
    fd = raw_connect(s); /* the first frame right behind the request */
    raw_send(fd, arena_concat(&a, (str){upgrade, sizeof upgrade - 1}, masked(0x81, S("early"))));
    CHECK_INT(raw_status(raw_read_answer(&a, fd)), 101);
    CHECK_INT(read_frame(fd, &payload), 0x81);
    raw_send(fd, masked(0x81, S("close")));
    CHECK_INT(read_frame(fd, &payload), 0x88);
    close(fd);
    CHECK_INT(raw_status(raw_exchange(&a, s, S("GET /chat HTTP/1.1\r\nHost: x\r\nConnection: close\r\nUpgrade: websocket\r\n\r\n"))), 400);
    http_server_drain(s, 1000);
    CHECK_INT(opened, closed);
}

static void broken_frames_close(void) {
    struct http_server *s = start();
    char *huge = arena_alloc(&a, 70001, 1);
    memset(huge, 'x', 70001);
    const struct {
        int code;
        str bytes;
    } cases[] = {
        {1002, S("\x81\x05hello")},                       /* not masked */
        {1002, masked(0xc1, S("x"))},                     /* a reserved bit */
        {1002, masked(0x83, S("x"))},                     /* an unknown opcode */
        {1002, masked(0x80, S("x"))},                     /* nothing to continue */
        {1002, masked(0x09, S("x"))},                     /* a cut ping */
        {1002, S("\x89\xfe\x00\x7e")},                    /* a long ping: refused by its header */
        {1002, S("\x81\xfe\x00\x01\x00\x00\x00\x00x")},   /* a length written too long */
        {1002, masked(0x88, S("\x03"))},                  /* half a code */
        {1002, masked(0x88, S("\x03\xed"))},              /* 1005 is never sent */
        {1007, masked(0x81, S("\xff\xfe"))},              /* not UTF-8 */
        {1009, masked(0x82, (str){huge, 70001})},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        int fd = open_socket(s);
        raw_send(fd, cases[i].bytes);
        if (i == 5) raw_send(fd, S("\x11\x22\x33\x44"));
        str payload = {0};
        int first = read_frame(fd, &payload);
        int code = payload.n >= 2 ? (u8)payload.p[0] << 8 | (u8)payload.p[1] : 0;
        if (first != 0x88 || code != cases[i].code) printf("# case %zu: %x %d\n", i, first, code);
        CHECK(first == 0x88 && code == cases[i].code);
        close(fd);
    }
    http_server_drain(s, 1000);
    CHECK_INT(opened, closed);
}

static void slow_readers_and_silence(void) {
    struct http_server *s = start();
    int fd = open_socket(s);
    str payload;
    CHECK_INT(read_frame(fd, &payload), 0x89); /* idle: asked whether it lives */
    raw_send(fd, masked(0x8a, payload));
    CHECK_INT(read_frame(fd, &payload), 0x89);
    CHECK_INT(read_frame(fd, &payload), -1); /* and gone without an answer */
    close(fd);
    fd = open_socket(s);
    raw_send(fd, masked(0x81, S("flood")));
    CHECK_INT(read_frame(fd, &payload), 0x82);
    CHECK_INT(payload.n, 100000);
    close(fd);
    http_server_drain(s, 1000);
    CHECK_INT(opened, closed);
}

UNIT_MAIN(UNIT(messages_and_fragments), UNIT(broken_frames_close), UNIT(slow_readers_and_silence))
