#include "crypto/content_cipher.h"

#include <openssl/evp.h>

enum { BLOCK = 16, NONCE = 12, TAG = 16 };

static const EVP_CIPHER *cipher_of(enum content_cipher cipher) {
    switch (cipher) {
    case CONTENT_AES_128_CBC: return EVP_aes_128_cbc();
    case CONTENT_AES_192_CBC: return EVP_aes_192_cbc();
    case CONTENT_AES_256_CBC: return EVP_aes_256_cbc();
    case CONTENT_AES_128_GCM: return EVP_aes_128_gcm();
    case CONTENT_AES_192_GCM: return EVP_aes_192_gcm();
    case CONTENT_AES_256_GCM: return EVP_aes_256_gcm();
    case CONTENT_CIPHERS: break;
    }
    return NULL;
}

/* The last byte says how many there are of it; the others may be anything. */
static bool take_padding(str *plain) {
    size_t padding = plain->n ? (u8)plain->p[plain->n - 1] : 0;
    if (padding < 1 || padding > BLOCK || padding > plain->n) return false;
    plain->n -= padding;
    return true;
}

bool content_open(struct arena *a, enum content_cipher cipher, str key, str sealed, str *plain) {
    const EVP_CIPHER *aes = cipher_of(cipher);
    bool gcm = cipher >= CONTENT_AES_128_GCM;
    size_t head = gcm ? NONCE : BLOCK, tail = gcm ? TAG : 0;
    if (!aes || key.n != (size_t)EVP_CIPHER_get_key_length(aes) || sealed.n > INT32_MAX / 2 || sealed.n < head + tail) return false;
    str text = str_take(str_skip(sealed, head), sealed.n - head - tail);
    if (!gcm && (!text.n || text.n % BLOCK)) return false;
    u8 *out = arena_alloc(a, text.n + BLOCK, 1);
    int n = 0, more = 0;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    bool open = c && EVP_DecryptInit_ex(c, aes, NULL, (const u8 *)key.p, (const u8 *)sealed.p) == 1 && EVP_CIPHER_CTX_set_padding(c, 0) == 1;
    if (open && gcm) open = EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG, (char *)(size_t)(sealed.p + sealed.n - TAG)) == 1;
    open = open && EVP_DecryptUpdate(c, out, &n, (const u8 *)text.p, (int)text.n) == 1 && EVP_DecryptFinal_ex(c, out + n, &more) == 1;
    EVP_CIPHER_CTX_free(c);
    *plain = (str){(char *)out, (size_t)(n + more)};
    return open && (gcm || take_padding(plain));
}
