/* The first byte chooses the payload kind and the announced length, the second the size of the pieces. */
#include "auth/sigv4.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void count(void *total, str bytes) { *(size_t *)total += bytes.n; }

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
    if (size < 2) return 0;
    static const u8 kinds[] = {AUTH_PAYLOAD_CHUNKED, AUTH_PAYLOAD_CHUNKED_TRAILER, AUTH_PAYLOAD_UNSIGNED_TRAILER};
    struct arena a = {0};
    struct auth_claim c = {.form = AUTH_V4_HEADER, .payload = kinds[data[0] % 3], .date = S("20130524"),
                           .region = S("us-east-1"), .service = S("s3"),
                           .signature = S("4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9")};
    struct sigv4_key key = {0};
    i64 announced = data[0] & 0x80 ? -1 : (i64)(data[0] >> 2) * 300;
    struct chunked *k = chunked_new(&a, &c, &key, announced, data[0] & 0x40 ? S("x-amz-checksum-crc32") : (str){0});
    str rest = {(const char *)data + 2, size - 2};
    size_t step = (size_t)data[1] + 1, total = 0;
    while (rest.n) {
        chunked_add(k, str_take(rest, step), count, &total);
        rest = str_skip(rest, step);
    }
    enum chunked_result end = chunked_end(k);
    ASSERT(total <= size);
    if (end == CHUNKED_END) ASSERT(announced < 0 || total == (size_t)announced);
    arena_free(&a);
    return 0;
}
