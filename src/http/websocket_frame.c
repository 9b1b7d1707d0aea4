#include "http/websocket_frame.h"

static bool is_control(u8 opcode) { return opcode >= 8; }

/* How long the header is, from its first two bytes. */
static size_t header_length(const struct ws_frames *f) {
    u8 n = f->header[1] & 0x7f;
    return 2 + (n == 126 ? 2 : n == 127 ? 8 : 0) + 4;
}

/* Reserved bits, unmasked frames, unknown opcodes, long or cut control frames, lengths written longer
 * than needed: all refused. */
static bool read_header(struct ws_frames *f) {
    f->final = f->header[0] & 0x80;
    f->opcode = f->header[0] & 0x0f;
    u8 n = f->header[1] & 0x7f;
    if (f->header[0] & 0x70 || !(f->header[1] & 0x80)) return false;
    if ((f->opcode > WS_BINARY && f->opcode < WS_CLOSE) || f->opcode > WS_PONG) return false;
    if (is_control(f->opcode) && (!f->final || n > 125)) return false;
    size_t extra = n == 126 ? 2 : n == 127 ? 8 : 0;
    u64 length = extra ? 0 : n;
    for (size_t i = 0; i < extra; i++) length = length << 8 | f->header[2 + i];
    if ((extra == 2 && length < 126) || (extra == 8 && (length <= 0xffff || length >> 63))) return false;
    memcpy(f->mask, f->header + 2 + extra, 4);
    f->left = length;
    f->at = 0;
    return true;
}

enum ws_step ws_next(struct ws_frames *f, str *in, str *bytes) {
    if (f->bad) return WS_BAD;
    if (f->in_payload) {
        if (!f->left) {
            f->in_payload = false;
            f->header_n = 0;
            return WS_END;
        }
        if (!in->n) return WS_MORE;
        *bytes = str_take(*in, (size_t)MIN(f->left, (u64)in->n));
        *in = str_skip(*in, bytes->n);
        f->left -= bytes->n;
        f->at += bytes->n;
        return WS_BYTES;
    }
    while (in->n) {
        f->header[f->header_n++] = (u8)in->p[0];
        *in = str_skip(*in, 1);
        if (f->header_n < 2 || f->header_n < header_length(f)) continue;
        if (!read_header(f)) {
            f->bad = true;
            return WS_BAD;
        }
        f->in_payload = true;
        return WS_BEGIN;
    }
    return WS_MORE;
}

void ws_unmask(const struct ws_frames *f, str bytes, char *out) {
    u64 start = f->at - bytes.n;
    for (size_t i = 0; i < bytes.n; i++) out[i] = (char)((u8)bytes.p[i] ^ f->mask[(start + i) & 3]);
}

size_t ws_header(enum ws_opcode opcode, u64 n, u8 out[static 10]) {
    out[0] = (u8)(0x80 | opcode);
    if (n < 126) {
        out[1] = (u8)n;
        return 2;
    }
    size_t extra = n <= 0xffff ? 2 : 8;
    out[1] = extra == 2 ? 126 : 127;
    for (size_t i = 0; i < extra; i++) out[2 + i] = (u8)(n >> (8 * (extra - 1 - i)));
    return 2 + extra;
}
