/* Keys: a string part is its bytes and a terminator 0x00. What a string itself holds of the two lowest
 * bytes is escaped, 0x00 as 01 01 and 0x01 as 01 02, so that the terminator stands below every
 * continuation and the order of the bytes is the order of the parts. */
#include "store/store.h"

enum { END = 0, ESCAPE = 1 };

struct key key_new(struct arena *a, str room) {
    struct key k = {buf_new(a, KEY_MAX)};
    key_str(&k, room);
    return k;
}

static size_t plain_length(str s) {
    size_t n = 0;
    while (n < s.n && (u8)s.p[n] > ESCAPE) n++;
    return n;
}

void key_str_prefix(struct key *k, str part) {
    while (part.n) {
        size_t plain = plain_length(part);
        buf_add(&k->buf, str_take(part, plain));
        part = str_skip(part, plain);
        if (!part.n) break;
        buf_char(&k->buf, ESCAPE);
        buf_char(&k->buf, (char)(part.p[0] + 1));
        part = str_skip(part, 1);
    }
}

void key_str(struct key *k, str part) {
    key_str_prefix(k, part);
    buf_char(&k->buf, END);
}

void key_u64(struct key *k, u64 part) {
    u64 big_endian = __builtin_bswap64(part);
    buf_add(&k->buf, (str){(const char *)&big_endian, sizeof big_endian});
}

/* The sign bit turned: negative numbers stand first. */
void key_i64(struct key *k, i64 part) { key_u64(k, (u64)part ^ (u64)1 << 63); }

bool key_fits(const struct key *k) { return !k->buf.over; }

/* One byte longer than any row's key, and behind all of what fitted: 0xff begins no text. */
static str nobody(const struct key *k) {
    char *p = arena_alloc(k->buf.arena, KEY_MAX + 1, 1);
    memset(p, 0xff, KEY_MAX + 1);
    memcpy(p, k->buf.p, k->buf.n);
    return (str){p, KEY_MAX + 1};
}

str key_bytes(const struct key *k) { return key_fits(k) ? buf_str(&k->buf) : nobody(k); }

str key_after_prefix(struct arena *a, str prefix) {
    while (prefix.n && (u8)prefix.p[prefix.n - 1] == 0xff) prefix.n--;
    if (!prefix.n) return (str){0}; /* no key stands behind all of these: open end */
    char *end = arena_alloc(a, prefix.n, 1);
    memcpy(end, prefix.p, prefix.n);
    end[prefix.n - 1]++;
    return (str){end, prefix.n};
}

bool key_read_str(str *rest, struct arena *a, str *part) {
    size_t plain = plain_length(*rest);
    if (plain == rest->n) return false;
    if (rest->p[plain] == END) {
        *part = str_take(*rest, plain);
        *rest = str_skip(*rest, plain + 1);
        return true;
    }
    char *out = arena_alloc(a, rest->n, 1);
    size_t n = 0;
    for (size_t i = 0; i < rest->n; i++) {
        char c = rest->p[i];
        if (c == END) {
            *part = (str){out, n};
            *rest = str_skip(*rest, i + 1);
            return true;
        }
        if (c == ESCAPE) {
            if (++i == rest->n || (rest->p[i] != 1 && rest->p[i] != 2)) return false;
            c = (char)(rest->p[i] - 1);
        }
        out[n++] = c;
    }
    return false;
}

bool key_read_u64(str *rest, u64 *part) {
    u64 big_endian;
    if (rest->n < sizeof big_endian) return false;
    memcpy(&big_endian, rest->p, sizeof big_endian);
    *part = __builtin_bswap64(big_endian);
    *rest = str_skip(*rest, sizeof big_endian);
    return true;
}

bool key_read_i64(str *rest, i64 *part) {
    u64 turned;
    if (!key_read_u64(rest, &turned)) return false;
    *part = (i64)(turned ^ (u64)1 << 63);
    return true;
}
