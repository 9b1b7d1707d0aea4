/* Keys: the root key of the data directory, a data key for each blob, chunks sealed under it. */
#include "store/blob_internal.h"

#include "base/encode.h"
#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct cipher *cipher_take(struct blobs *b) {
    pthread_mutex_lock(&b->pool_lock);
    struct cipher *c = b->ciphers;
    if (c) b->ciphers = c->next;
    pthread_mutex_unlock(&b->pool_lock);
    if (c) return c;
    c = calloc(1, sizeof *c); /* pooled: as many as ever worked at once */
    ASSERT(c);
    c->root = aead_new(&c->arena, b->root_key);
    c->data = aead_new(&c->arena, b->root_key);
    return c;
}

void cipher_give(struct blobs *b, struct cipher *c) {
    pthread_mutex_lock(&b->pool_lock);
    c->next = b->ciphers;
    b->ciphers = c;
    pthread_mutex_unlock(&b->pool_lock);
}

/* Binding id and length to the key makes a row that was exchanged or shortened an error. */
static str wrap_binding(u64 id, u64 length, u8 bytes[static 16]) {
    put_u64(bytes, id);
    put_u64(bytes + 8, length);
    return (str){(const char *)bytes, 16};
}

void cipher_new_key(struct cipher *c, u8 key[static AEAD_KEY]) {
    random_bytes(key, AEAD_KEY);
    aead_set_key(c->data, key);
}

void cipher_wrap(struct cipher *c, const u8 key[static AEAD_KEY], u64 id, u64 length,
                 u8 wrapped[static WRAPPED_KEY]) {
    u8 binding[16];
    random_unique(wrapped, AEAD_NONCE);
    aead_seal(c->root, wrapped, wrap_binding(id, length, binding), (str){(const char *)key, AEAD_KEY},
              wrapped + AEAD_NONCE, wrapped + AEAD_NONCE + AEAD_KEY);
}

bool cipher_unwrap(struct cipher *c, u64 id, u64 length, const u8 wrapped[static WRAPPED_KEY]) {
    u8 binding[16], key[AEAD_KEY];
    if (!aead_open(c->root, wrapped, wrap_binding(id, length, binding),
                   (str){(const char *)wrapped + AEAD_NONCE, AEAD_KEY}, wrapped + AEAD_NONCE + AEAD_KEY,
                   key))
        return false;
    aead_set_key(c->data, key);
    return true;
}

/* The data key seals one blob only, each chunk once: its index is a nonce that never repeats. */
static void chunk_nonce(u64 index, u8 nonce[static AEAD_NONCE]) {
    memset(nonce, 0, AEAD_NONCE);
    put_u64(nonce + AEAD_NONCE - 8, index);
}

void chunk_seal(struct cipher *c, u64 index, str in, u8 *out) {
    u8 nonce[AEAD_NONCE];
    chunk_nonce(index, nonce);
    aead_seal(c->data, nonce, S(""), in, out, out + in.n);
}

bool chunk_open(struct cipher *c, u64 index, str sealed, u8 *out) {
    u8 nonce[AEAD_NONCE];
    chunk_nonce(index, nonce);
    if (sealed.n < AEAD_TAG) return false;
    str bytes = str_take(sealed, sealed.n - AEAD_TAG);
    return aead_open(c->data, nonce, S(""), bytes, (const u8 *)sealed.p + bytes.n, out);
}

u64 sealed_length(u64 length) {
    return length + (length + blob_chunk - 1) / blob_chunk * AEAD_TAG;
}
