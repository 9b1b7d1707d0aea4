#include "crypto/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>

enum { BLOCK = 16 };

static EVP_CIPHER *cipher; /* process-wide since libcrypto is; fetched once */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fetch(void) {
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    cipher = EVP_CIPHER_fetch(NULL, "AES-256-CTR", NULL);
    ASSERT(cipher);
}

/* The counter of the block in which the position lies; the bytes before it are worked off and dropped. */
void ctr_apply(const u8 key[static AEAD_KEY], u64 position, const void *in, void *out, size_t n) {
    static const u8 nothing[BLOCK];
    u8 counter[BLOCK] = {0}, dropped[BLOCK];
    u64 block = position / BLOCK;
    int done;
    for (int i = 0; i < 8; i++) counter[BLOCK - 1 - i] = (u8)(block >> 8 * i);
    pthread_once(&once, fetch);
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    ASSERT(c && n <= INT32_MAX && EVP_EncryptInit_ex(c, cipher, NULL, key, counter) == 1);
    if (position % BLOCK) ASSERT(EVP_EncryptUpdate(c, dropped, &done, nothing, (int)(position % BLOCK)) == 1);
    if (n) ASSERT(EVP_EncryptUpdate(c, out, &done, in, (int)n) == 1);
    EVP_CIPHER_CTX_free(c); /* wipes the schedule */
}
