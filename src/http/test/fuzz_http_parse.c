/* The parsers that read a stranger's bytes first: heads, bodies, WebSocket frames. Each input is read
 * whole and in pieces; both readings must agree. */
#include "http/h1_parse.h"
#include "http/websocket_frame.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

/* Everything that a reading saw, folded into one number. */
static u64 fold(u64 seen, str bytes) {
    for (size_t i = 0; i < bytes.n; i++) seen = (seen ^ (u8)bytes.p[i]) * 0x100000001b3u;
    return seen;
}

static u64 read_requests(str all, size_t piece) {
    struct arena a = {0};
    u64 seen = 1;
    while (all.n) {
        size_t from = 0, n = 0;
        for (size_t end = MIN(piece, all.n); !n; end = MIN(end + piece, all.n)) {
            n = h1_head_end(str_take(all, end), &from);
            if (end == all.n) break;
        }
        if (!n) break;
        struct http_request r = {0};
        struct h1_head h = {0};
        char *head = malloc(n); /* its own block: reading beyond it is seen */
        memcpy(head, all.p, n);
        int status = h1_parse_head((str){head, n}, &http_default_limits, &a, &r, &h);
        seen = seen * 31 + (u64)status;
        if (!status) {
            seen = fold(fold(seen, r.method), r.target);
            ASSERT(r.path.p && (r.path.n == 0 || r.path.p[0] == '/' || r.path.p[0] == '*'));
            ASSERT(r.body_length >= -1 && h.chunked == (r.body_length < 0));
            for (size_t i = 0; i < r.header_count; i++) {
                seen = fold(fold(seen, r.headers[i].name), r.headers[i].value);
                ASSERT(r.headers[i].name.n && str_find_char(r.headers[i].value, '\n') == STR_NONE);
            }
        }
        free(head);
        if (status) break;
        all = str_skip(all, n);
        struct h1_body b;
        h1_body_start(&b, h.chunked, h.chunked ? 0 : (u64)r.body_length);
        enum h1_body_step step = H1_BODY_MORE;
        for (;;) {
            str in = str_take(all, piece), bytes, before = in;
            step = h1_body_next(&b, &in, &bytes);
            if (step == H1_BODY_BYTES) seen = fold(seen, bytes);
            all = str_skip(all, before.n - in.n);
            if (step == H1_BODY_END || step == H1_BODY_BAD || (step == H1_BODY_MORE && !all.n)) break;
        }
        seen = seen * 31 + step;
        if (step != H1_BODY_END) break;
    }
    arena_free(&a);
    return seen;
}

static u64 read_frames(str all, size_t piece) {
    struct ws_frames f = {0};
    u64 seen = 2;
    for (;;) {
        str in = str_take(all, piece), bytes, before = in;
        enum ws_step step = ws_next(&f, &in, &bytes);
        all = str_skip(all, before.n - in.n);
        if (step == WS_BYTES) {
            char *clear = malloc(bytes.n);
            ws_unmask(&f, bytes, clear);
            seen = fold(seen, (str){clear, bytes.n});
            free(clear);
        } else if (step != WS_MORE) {
            seen = seen * 31 + step * 16u + f.opcode;
        }
        if (step == WS_BAD || (step == WS_MORE && !all.n)) return seen;
    }
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t n) {
    if (!n) return 0;
    str all = {(const char *)data, n};
    u64 (*read)(str, size_t) = data[0] == 1 ? read_frames : read_requests;
    if (data[0] == 1) all = str_skip(all, 1);
    ASSERT(read(all, n + 1) == read(all, 1));
    ASSERT(read(all, n + 1) == read(all, 7));
    return 0;
}
