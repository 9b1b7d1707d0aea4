/* A token and its issuer's key set, as anybody may send them: before a line feed the token, behind it the keys. */
#include "../jwt.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct arena a = {0};
    struct jwt j;
    str rest = {(const char *)bytes, n}, token = str_cut(&rest, '\n');
    if (jwt_read(&a, token, &j)) {
        ASSERT(j.issuer.n && j.subject.n && j.audience_count <= JWT_AUDIENCES_MAX && j.tags.n <= JWT_TAGS_MAX);
        (void)!jwt_verify(&a, &j, rest);
    }
    arena_free(&a);
    return 0;
}
