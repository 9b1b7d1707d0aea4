#include "text/multipart.h"

/* A form in one piece and in pieces of three bytes: no crash, and the same verdict. */
static void field(void *context, str name, str value) { *(size_t *)context += name.n + value.n; }
static void file(void *context, str name, str filename, str type) { *(size_t *)context += name.n + filename.n + type.n; }
static void bytes(void *context, str b) { *(size_t *)context += b.n; }

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);
int LLVMFuzzerTestOneInput(const u8 *data, size_t n) {
    struct arena a = {0};
    str all = {(const char *)data, n};
    size_t whole = 0, pieces = 0;
    struct multipart *m = multipart_new(&a, S("B"), (struct multipart_events){field, file, bytes, &whole});
    enum multipart_result verdict = multipart_add(m, all), last = MULTIPART_MORE;
    m = multipart_new(&a, S("B"), (struct multipart_events){field, file, bytes, &pieces});
    for (size_t at = 0; at < n; at += 3) last = multipart_add(m, str_take(str_skip(all, at), 3));
    ASSERT(n == 0 || last == verdict);
    ASSERT(verdict != MULTIPART_END || whole == pieces);
    arena_free(&a);
    return 0;
}
