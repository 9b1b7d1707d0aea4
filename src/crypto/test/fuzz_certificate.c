/* Certificates, keys and chains as clients send them: read or refused. The first byte says what the rest is. */
#include "crypto/certificate.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
    struct arena a = {0};
    struct certificate certificate;
    struct ssh_key key, again;
    str text = str_skip((str){(const char *)data, size}, 1);
    switch (size ? data[0] % 4 : 0) {
    case 0:
        if (ssh_key_read(&a, text, &key) == SSH_KEY_FINE) { /* what was taken is taken again, as the same */
            ASSERT(ssh_key_read(&a, key.line, &again) == SSH_KEY_FINE && str_eq(again.line, key.line));
            ASSERT(ssh_key_read(&a, key.pem, &again) == SSH_KEY_FINE && str_eq(again.fingerprint, key.fingerprint));
        }
        break;
    case 1: (void)!certificate_read(text, &certificate); break;
    case 2: (void)!certificate_read_base64(&a, text, &certificate); break;
    default: (void)certificate_key_check(text, text); (void)!certificate_chain_fits(text, text);
    }
    arena_free(&a);
    return 0;
}
