/* DATA/credentials, which people edit. */
#include "front/credentials.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
    struct root_credentials c = {0};
    str text = {(const char *)data, size};
    if (!credentials_parse(text, &c)) return 0;
    ASSERT(c.access_key.n && c.secret.n && c.secret.n <= 128);
    ASSERT(c.secret.p >= text.p && c.secret.p + c.secret.n <= text.p + text.n);
    return 0;
}
