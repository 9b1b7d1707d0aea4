/* HTTP/2 without TLS and with it: a small nghttp2 client over a blocking socket. */
#include "app.h"
#include "unit.h"

#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>

static struct arena a;

struct client {
    int fd;
    SSL *ssl;
    nghttp2_session *session;
    struct reply {
        int stream, status;
        u32 error;
        bool continued, closed;
        u64 received, sum;
        char text[64]; /* the first bytes of the body */
        u64 to_send, sent;
        bool reads; /* consumes what arrives */
    } replies[128];
    int count, open;
    bool gone;
};

static struct reply *reply_of(struct client *c, i32 stream) {
    for (int i = 0; i < c->count; i++)
        if (c->replies[i].stream == stream) return &c->replies[i];
    return NULL;
}

static ssize_t to_socket(nghttp2_session *s, const u8 *bytes, size_t n, int flags, void *user) {
    struct client *c = user;
    if (c->ssl) {
        int written = SSL_write(c->ssl, bytes, (int)n);
        return written > 0 ? written : NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    ssize_t written = send(c->fd, bytes, n, MSG_NOSIGNAL);
    return written > 0 ? written : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int got_header(nghttp2_session *s, const nghttp2_frame *frame, const u8 *name, size_t name_n,
                      const u8 *value, size_t value_n, u8 flags, void *user) {
    struct reply *r = reply_of(user, frame->hd.stream_id);
    if (!r || name_n != 7 || memcmp(name, ":status", 7) != 0) return 0;
    u64 status = 0;
    str_to_u64((str){(const char *)value, value_n}, &status);
    if (status == 100) r->continued = true;
    r->status = (int)status;
    return 0;
}

static int got_data(nghttp2_session *s, u8 flags, i32 stream, const u8 *bytes, size_t n, void *user) {
    struct reply *r = reply_of(user, stream);
    ASSERT(r);
    for (size_t i = 0; i < n; i++) {
        if (r->received + i < sizeof r->text) r->text[r->received + i] = (char)bytes[i];
        r->sum += bytes[i];
    }
    r->received += n;
    if (r->reads) nghttp2_session_consume(s, stream, n);
    return 0;
}

static int got_close(nghttp2_session *s, i32 stream, u32 error, void *user) {
    struct client *c = user;
    struct reply *r = reply_of(c, stream);
    ASSERT(r);
    r->closed = true;
    r->error = error;
    c->open--;
    return 0;
}

static ssize_t give_body(nghttp2_session *s, i32 stream, u8 *out, size_t n, u32 *flags,
                         nghttp2_data_source *source, void *user) {
    struct reply *r = reply_of(user, stream);
    ASSERT(r);
    n = (size_t)MIN((u64)n, r->to_send - r->sent);
    for (size_t i = 0; i < n; i++) out[i] = (u8)app_byte(r->sent + i);
    r->sent += n;
    if (r->sent == r->to_send) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

/* The name that the client hello asks for. OpenSSL's macro drops a const. */
static void ask_for(SSL *ssl, const char *name) {
    char copy[256];
    snprintf(copy, sizeof copy, "%s", name);
    SSL_set_tlsext_host_name(ssl, copy);
}

static struct client *client_new(struct http_server *s, SSL_CTX *tls) {
    struct client *c = calloc(1, sizeof *c);
    c->fd = raw_connect(s);
    if (tls) {
        c->ssl = SSL_new(tls);
        SSL_set_fd(c->ssl, c->fd);
        ask_for(c->ssl, "sqs.eu-west-1.localhost");
        SSL_set1_host(c->ssl, "sqs.eu-west-1.localhost");
        CHECK_INT(SSL_connect(c->ssl), 1);
    }
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_send_callback(callbacks, to_socket);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, got_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, got_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, got_close);
    nghttp2_option_new(&option);
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_session_client_new2(&c->session, callbacks, c, option);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(option);
    nghttp2_submit_settings(c->session, 0, NULL, 0);
    return c;
}

static void client_free(struct client *c) {
    nghttp2_session_del(c->session);
    if (c->ssl) SSL_free(c->ssl);
    close(c->fd);
    free(c);
}

static nghttp2_nv nv(const char *name, const char *value) {
    return (nghttp2_nv){(u8 *)(uintptr_t)name, (u8 *)(uintptr_t)value, strlen(name), strlen(value), 0};
}

static struct reply *ask(struct client *c, const char *method, const char *path, u64 body, const char *expect) {
    nghttp2_nv fields[] = {nv(":method", method), nv(":scheme", "http"), nv(":authority", "x.example"),
                           nv(":path", path), nv("expect", expect ? expect : "")};
    nghttp2_data_provider provider = {.read_callback = give_body};
    struct reply *r = &c->replies[c->count++];
    *r = (struct reply){.to_send = body, .reads = true};
    r->stream = nghttp2_submit_request(c->session, NULL, fields, expect ? 5 : 4, body ? &provider : NULL, NULL);
    CHECK(r->stream > 0);
    c->open++;
    return r;
}

/* Sends and receives until all streams are closed, or for `ms` without news. */
static void converse(struct client *c, int ms) {
    while (!c->gone) {
        if (nghttp2_session_send(c->session) != 0) c->gone = true;
        if (!c->open || c->gone) return;
        struct pollfd p = {.fd = c->fd, .events = POLLIN};
        if (!(c->ssl && SSL_pending(c->ssl)) && poll(&p, 1, ms) != 1) return;
        u8 bytes[65536];
        ssize_t n = c->ssl ? SSL_read(c->ssl, bytes, sizeof bytes) : recv(c->fd, bytes, sizeof bytes, 0);
        if (n <= 0) c->gone = true;
        else if (nghttp2_session_mem_recv(c->session, bytes, (size_t)n) < 0) c->gone = true;
    }
}

static u64 sum_of(u64 n) {
    u64 sum = 0;
    for (u64 i = 0; i < n; i++) sum += (u8)app_byte(i);
    return sum;
}

static void check_streams(struct http_server *s, SSL_CTX *tls) {
    struct client *c = client_new(s, tls);
    struct reply *hello = ask(c, "GET", "/hello", 0, NULL);
    struct reply *later = ask(c, "GET", "/later", 0, NULL);
    struct reply *target = ask(c, "GET", "/target?q=1", 0, NULL);
    struct reply *head = ask(c, "HEAD", "/hello", 0, NULL);
    struct reply *put = ask(c, "PUT", "/count", 3000000, NULL);
    struct reply *slow = ask(c, "PUT", "/slow", 1000000, NULL);
    struct reply *wait = ask(c, "PUT", "/count", 10, "100-continue");
    struct reply *get = ask(c, "GET", "/length?5000000", 0, NULL);
    struct reply *lent = ask(c, "GET", "/lent?5000000", 0, NULL);
    struct reply *drip = ask(c, "GET", "/drip?95", 0, NULL);
    struct reply *refuse = ask(c, "PUT", "/refuse", 100000, NULL);
    struct reply *gone = ask(c, "GET", "/abort", 0, NULL);
    struct reply *broken = ask(c, "GET", "/broken?100000000", 0, NULL);
    struct reply *small = ask(c, "PUT", "/small", 101, NULL);
    struct reply *bad = ask(c, "GET", "no-slash", 0, NULL);
    converse(c, 5000);
    CHECK(!c->gone);
    CHECK(hello->status == 200 && hello->received == 5);
    CHECK(later->status == 200 && !memcmp(later->text, "late", 4));
    str want = tls ? S("/target?q=1|q=1|x.example|11") : S("/target?q=1|q=1|x.example|01");
    CHECK_STR(((str){target->text, (size_t)target->received}), want);
    CHECK(head->status == 200 && head->received == 0);
    want = arena_format(&a, "3000000 %llu", (unsigned long long)sum_of(3000000));
    CHECK_STR(((str){put->text, (size_t)put->received}), want);
    want = arena_format(&a, "1000000 %llu", (unsigned long long)sum_of(1000000));
    CHECK_STR(((str){slow->text, (size_t)slow->received}), want);
    CHECK(wait->continued && wait->status == 200);
    CHECK(get->received == 5000000 && get->sum == sum_of(5000000));
    CHECK(lent->received == 5000000 && lent->sum == sum_of(5000000));
    CHECK(drip->received == 95 && drip->sum == sum_of(95));
    CHECK(refuse->status == 403 && refuse->error == NGHTTP2_NO_ERROR);
    CHECK(gone->closed && gone->error == NGHTTP2_INTERNAL_ERROR);
    CHECK(broken->status == 200 && broken->error != NGHTTP2_NO_ERROR);
    CHECK_INT(small->status, 413);
    CHECK(bad->closed && (bad->status == 400 || bad->error == NGHTTP2_PROTOCOL_ERROR));
    client_free(c);
}

static void streams_interleave(void) {
    struct http_server *s = app_start_with((struct http_config){0});
    check_streams(s, NULL);
    http_server_drain(s, 1000);
    CHECK_INT(app_state.requests, app_state.ends);
}

static void a_stuck_stream_blocks_no_other(void) {
    struct http_server *s = app_start_with((struct http_config){0});
    struct client *c = client_new(s, NULL);
    ask(c, "GET", "/length?100000000", 0, NULL)->reads = false; /* opens no window */
    nghttp2_session_set_local_window_size(c->session, 0, 0, 10 << 20);
    converse(c, 200);
    struct reply *hello = ask(c, "GET", "/hello", 0, NULL);
    converse(c, 200);
    CHECK_INT(hello->status, 200);
    int aborts = app_state.aborts;
    client_free(c);
    CHECK(wait_for(&app_state.aborts, aborts + 1));
    http_server_drain(s, 1000);
}

static void floods_of_resets_end_the_connection(void) {
    struct http_server *s = app_start_with((struct http_config){0});
    struct client *c = client_new(s, NULL);
    for (int i = 0; i < 1000 && !c->gone; i++) {
        c->count = 0;
        i32 stream = ask(c, "GET", "/later", 0, NULL)->stream;
        nghttp2_session_send(c->session);
        nghttp2_submit_rst_stream(c->session, 0, stream, NGHTTP2_CANCEL);
        converse(c, 0);
    }
    c->open = 1;
    converse(c, 1000);
    CHECK(c->gone || !nghttp2_session_want_read(c->session));
    client_free(c);
    http_server_drain(s, 1000);
    CHECK_INT(app_state.requests, app_state.ends);
}

static void nonsense_behind_the_preface_closes(void) {
    struct http_server *s = app_start_with((struct http_config){0});
    str answer = raw_exchange(&a, s, S("PRI * HTTP/1.1\r\nHost: x\r\n\r\n"));
    CHECK(str_find(answer, S("HTTP/1.1")) == STR_NONE);
    raw_exchange(&a, s, S("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"));
    int fd = raw_connect(s); /* the preface in pieces */
    raw_send(fd, S("P"));
    usleep(20000);
    raw_send(fd, S("OST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok"));
    CHECK_STR(raw_body(raw_read_answer(&a, fd)), S("ok"));
    close(fd);
    http_server_drain(s, 1000);
}

/* ---- TLS ---- */

static SSL_CTX *client_context(const struct http_tls *tls, bool h2) {
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    char *path = arena_c_string(&a, http_tls_ca_path(tls));
    CHECK_INT(SSL_CTX_load_verify_locations(context, path, NULL), 1);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    if (h2) SSL_CTX_set_alpn_protos(context, (const u8 *)"\x02h2", 3);
    return context;
}

static void names_are_certified(struct http_server *s, SSL_CTX *context) {
    static const struct {
        const char *asks, *verifies;
        bool good;
    } cases[] = {
        {"localhost", "localhost", true},           {"bucket.s3.localhost", "bucket.s3.localhost", true},
        {"S3.Example.COM", "s3.example.com", true}, {"s3.example.com", "bucket.s3.example.com", true},
        {"a.example", "b.example", false},          {NULL, "127.0.0.1", true},
        {"a.example", "localhost", true},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        int fd = raw_connect(s);
        SSL *ssl = SSL_new(context);
        SSL_set_fd(ssl, fd);
        if (cases[i].asks) ask_for(ssl, cases[i].asks);
        if (cases[i].asks) SSL_set1_host(ssl, cases[i].verifies);
        else X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), cases[i].verifies);
        bool good = SSL_connect(ssl) == 1;
        if (good != cases[i].good) printf("# %s as %s\n", cases[i].asks, cases[i].verifies);
        CHECK(good == cases[i].good);
        if (good) {
            static const char request[] = "GET /target HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
            CHECK(SSL_write(ssl, request, sizeof request - 1) > 0);
            char answer[1024];
            size_t n = 0;
            int got;
            while ((got = SSL_read(ssl, answer + n, (int)(sizeof answer - n))) > 0) n += (size_t)got;
            CHECK_STR(raw_body((str){answer, n}), S("/target||x|10"));
        }
        SSL_free(ssl);
        close(fd);
    }
}

static void tls_and_plain_share_the_port(void) {
    char directory[] = "/tmp/brume-http-XXXXXX";
    CHECK(mkdtemp(directory) != NULL);
    str problem = {0};
    struct arena boot = {0};
    struct http_tls *tls = http_tls_new(&boot, directory, &problem);
    CHECK(tls != NULL);
    struct http_server *s = app_start_with((struct http_config){.tls = tls, .loops = 2});
    SSL_CTX *plain = client_context(tls, false), *h2 = client_context(tls, true);
    names_are_certified(s, plain);
    CHECK_INT(raw_status(raw_exchange(&a, s, S("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))), 200);
    check_streams(s, h2);
    raw_exchange(&a, s, S("\x16\x03\x01 garbage that is no handshake at all, but long enough to be one"));
    http_server_drain(s, 1000);
    arena_free(&boot);
    /* the same authority at the next start */
    tls = http_tls_new(&boot, directory, &problem);
    s = app_start_with((struct http_config){.tls = tls});
    names_are_certified(s, plain);
    http_server_drain(s, 1000);
    arena_free(&boot);
    SSL_CTX_free(plain);
    SSL_CTX_free(h2);
    static const char *const files[] = {"ca.pem", "ca-key.pem"};
    for (size_t i = 0; i < LENGTH(files); i++) {
        char *path = arena_c_string(&a, arena_format(&a, "%s/%s", directory, files[i]));
        CHECK_INT(unlink(path), 0);
    }
    CHECK_INT(rmdir(directory), 0);
}

UNIT_MAIN(UNIT(streams_interleave), UNIT(a_stuck_stream_blocks_no_other), UNIT(floods_of_resets_end_the_connection),
          UNIT(nonsense_behind_the_preface_closes), UNIT(tls_and_plain_share_the_port))
