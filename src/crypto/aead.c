#include "crypto/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>

/* The fetched algorithm and idle contexts. Process-wide since libcrypto is: fetching costs its
 * initialisation (milliseconds, so it waits for the first seal), a context costs a heap allocation. */
static struct {
    pthread_once_t once;
    EVP_CIPHER *cipher;
    pthread_mutex_t lock;
    int idle_count;
    EVP_CIPHER_CTX *idle[64];
} pool = {.once = PTHREAD_ONCE_INIT, .lock = PTHREAD_MUTEX_INITIALIZER};

static void pool_start(void) {
    /* A foreign openssl.cnf must not change what "sealed" means, nor cost its reading. */
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    pool.cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    ASSERT(pool.cipher);
}

static EVP_CIPHER_CTX *context_take(void) {
    EVP_CIPHER_CTX *context = NULL;
    pthread_mutex_lock(&pool.lock);
    if (pool.idle_count) context = pool.idle[--pool.idle_count];
    pthread_mutex_unlock(&pool.lock);
    if (context) return context;
    context = EVP_CIPHER_CTX_new();
    ASSERT(context && EVP_EncryptInit_ex(context, pool.cipher, NULL, NULL, NULL) == 1);
    return context;
}

static void context_give(EVP_CIPHER_CTX *context) {
    pthread_mutex_lock(&pool.lock);
    bool kept = pool.idle_count < (int)LENGTH(pool.idle);
    if (kept) pool.idle[pool.idle_count++] = context;
    pthread_mutex_unlock(&pool.lock);
    if (!kept) EVP_CIPHER_CTX_free(context);
}

struct aead {
    EVP_CIPHER_CTX *context;
};

static void aead_end(void *object) {
    struct aead *k = object;
    /* The schedule of a key that is no longer used does not stay in memory. */
    static const u8 no_key[AEAD_KEY];
    aead_set_key(k, no_key);
    context_give(k->context);
    k->context = NULL;
}

struct aead *aead_new(struct arena *a, const u8 key[static AEAD_KEY]) {
    pthread_once(&pool.once, pool_start);
    struct aead *k = NEW(a, struct aead);
    k->context = context_take();
    aead_set_key(k, key);
    arena_on_free(a, aead_end, k);
    return k;
}

void aead_set_key(struct aead *k, const u8 key[static AEAD_KEY]) {
    ASSERT(EVP_EncryptInit_ex(k->context, NULL, NULL, key, NULL) == 1);
}

/* libcrypto counts in int. */
static void check_length(str in) { ASSERT(in.n <= INT32_MAX); }

void aead_seal(struct aead *k, const u8 nonce[static AEAD_NONCE], str associated, str in, u8 *out,
               u8 tag[static AEAD_TAG]) {
    EVP_CIPHER_CTX *c = k->context;
    int n;
    check_length(in);
    check_length(associated);
    ASSERT(EVP_EncryptInit_ex(c, NULL, NULL, NULL, nonce) == 1);
    if (associated.n)
        ASSERT(EVP_EncryptUpdate(c, NULL, &n, (const u8 *)associated.p, (int)associated.n) == 1);
    if (in.n) ASSERT(EVP_EncryptUpdate(c, out, &n, (const u8 *)in.p, (int)in.n) == 1);
    ASSERT(EVP_EncryptFinal_ex(c, tag, &n) == 1);
    ASSERT(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG, tag) == 1);
}

bool aead_open(struct aead *k, const u8 nonce[static AEAD_NONCE], str associated, str in,
               const u8 tag[static AEAD_TAG], u8 *out) {
    EVP_CIPHER_CTX *c = k->context;
    int n;
    u8 expected[AEAD_TAG], none[1];
    memcpy(expected, tag, AEAD_TAG);
    check_length(in);
    check_length(associated);
    ASSERT(EVP_DecryptInit_ex(c, NULL, NULL, NULL, nonce) == 1);
    if (associated.n)
        ASSERT(EVP_DecryptUpdate(c, NULL, &n, (const u8 *)associated.p, (int)associated.n) == 1);
    if (in.n) ASSERT(EVP_DecryptUpdate(c, out, &n, (const u8 *)in.p, (int)in.n) == 1);
    ASSERT(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG, expected) == 1);
    return EVP_DecryptFinal_ex(c, none, &n) == 1;
}
