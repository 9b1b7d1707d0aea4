/* WebSocket frames (RFC 6455, section 5) from a client's bytes, by pulling; no sockets. */
#ifndef BRUME_HTTP_WEBSOCKET_FRAME_H
#define BRUME_HTTP_WEBSOCKET_FRAME_H

#include "base/base.h"

enum ws_opcode { WS_CONTINUATION, WS_TEXT, WS_BINARY, WS_CLOSE = 8, WS_PING, WS_PONG };
struct ws_frames {
    u8 header[14];
    u8 header_n;
    bool in_payload, bad;
    u8 opcode;
    bool final;
    u8 mask[4];
    u64 left, at; /* of the payload */
};
enum ws_step {
    WS_MORE,  /* all input is taken */
    WS_BEGIN, /* a frame's header is complete: opcode, final, left are its own */
    WS_BYTES, /* payload, still masked: ws_unmask before the next step */
    WS_END,   /* the frame is complete */
    WS_BAD    /* a protocol error: close with 1002 */
};
enum ws_step ws_next(struct ws_frames *f, str *in, str *bytes);
/* Copies the payload bytes of the last WS_BYTES in clear. */
void ws_unmask(const struct ws_frames *f, str bytes, char *out);
/* A server's frame header into out; the count of bytes (at most 10). */
size_t ws_header(enum ws_opcode opcode, u64 n, u8 out[static 10]);

#endif
