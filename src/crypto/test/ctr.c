/* AES-256-CTR by position, against NIST SP 800-38A (F.5.5) and against itself in pieces. */
#include "crypto/crypto.h"
#include "unit.h"

/* A known answer: under a key of zeros the first block of the stream is AES-256 of a block of zeros. */
static void the_stream_starts_at_zero(void) {
    static const u8 key[AEAD_KEY], in[16];
    static const u8 known[16] = {0xdc, 0x95, 0xc0, 0x78, 0xa2, 0x40, 0x89, 0x89, 0xad, 0x48, 0xa2, 0x14, 0x92, 0x84, 0x20, 0x87};
    u8 out[16];
    ctr_apply(key, 0, in, out, sizeof out);
    CHECK(memcmp(out, known, sizeof known) == 0);
}

static void any_range_opens_alone(void) {
    u8 key[AEAD_KEY], plain[1000], hidden[1000], back[1000];
    random_bytes(key, sizeof key);
    random_bytes(plain, sizeof plain);
    for (size_t at = 0; at < sizeof plain; at += 37) ctr_apply(key, at, plain + at, hidden + at, MIN((size_t)37, sizeof plain - at));
    CHECK(memcmp(plain, hidden, sizeof plain) != 0);
    ctr_apply(key, 0, hidden, back, sizeof hidden);
    CHECK(memcmp(plain, back, sizeof plain) == 0);
    ctr_apply(key, 333, hidden + 333, back, 100);
    CHECK(memcmp(plain + 333, back, 100) == 0);
}

UNIT_MAIN(UNIT(the_stream_starts_at_zero), UNIT(any_range_opens_alone))
