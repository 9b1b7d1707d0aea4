/* A request as text: "METHOD path?query", then headers, one a line. Read, checked in every version. */
#include "auth/fault.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
    struct arena a = {0};
    struct auth_header headers[64];
    str rest = {(const char *)data, size};
    str target = str_cut(&rest, '\n');
    struct auth_request r = {.headers = headers};
    r.method = str_cut(&target, ' ');
    r.query = target;
    r.path = str_cut(&r.query, '?');
    while (rest.p && r.header_count < LENGTH(headers)) {
        str value = str_cut(&rest, '\n');
        str name = str_cut(&value, ':');
        headers[r.header_count++] = (struct auth_header){name, value};
    }
    struct auth_claim c = auth_read(&r, &a);
    if (c.form == AUTH_MALFORMED) {
        for (int d = 0; d < AUTH_DIALECTS; d++) ASSERT(auth_fault_of_claim(&c, (enum auth_dialect)d, &a).code.n > 0);
    } else if (c.form != AUTH_ANONYMOUS) {
        struct sigv4_key key = {0};
        str canonical, to_sign;
        if (c.form == AUTH_V4A) sigv4a_derive(&key, S("AKIDEXAMPLE"), S("secret"), &a);
        if (c.form == AUTH_V4_HEADER || c.form == AUTH_V4_QUERY || c.form == AUTH_V4A) {
            ASSERT(c.access_key.n > 0 && c.date.n == 8);
            ASSERT(!sigv4_check(&r, &c, size & 1, &key, S("x"), &a, &canonical, &to_sign));
        } else {
            ASSERT(!sigv2_check(&r, &c, S("secret"), S("bucket"), &a, &to_sign));
        }
        auth_judge_time(&c, true, 1440938160000);
    }
    arena_free(&a);
    return 0;
}
