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
    random_bytes(wrapped, AEAD_NONCE);
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

/* ---- the root key: one line of text, so that a stray copy is recognised for what it is. ---- */
#define KEY_FILE_LINE "brume root key 1 "

static bool root_key_parse(struct blobs *b, str line) {
    if (!str_starts(line, S(KEY_FILE_LINE))) return false;
    str hex = str_trim(str_skip(line, sizeof KEY_FILE_LINE - 1));
    if (hex.n && hex.p[hex.n - 1] == '\n') hex.n--;
    return hex.n == 2 * AEAD_KEY && hex_decode(hex, b->root_key);
}

static int root_key_make(struct blobs *b, const char *path) {
    char temporary[BLOB_PATH + 8], line[sizeof KEY_FILE_LINE + 2 * AEAD_KEY + 1];
    snprintf(temporary, sizeof temporary, "%s.new", path);
    random_bytes(b->root_key, AEAD_KEY);
    memcpy(line, KEY_FILE_LINE, sizeof KEY_FILE_LINE - 1);
    hex_encode((str){(char *)b->root_key, AEAD_KEY}, line + sizeof KEY_FILE_LINE - 1);
    size_t n = sizeof KEY_FILE_LINE - 1 + 2 * AEAD_KEY;
    line[n++] = '\n';
    int fd;
    int error = file_open(temporary, O_CREAT | O_TRUNC | O_WRONLY, 0600, &fd);
    if (error) return error;
    error = file_write_at(fd, line, n, 0);
    if (!error && !b->ephemeral) error = file_sync_data(fd);
    close(fd);
    if (!error) error = file_rename(temporary, path);
    if (!error && !b->ephemeral) error = file_sync_directory(b->directory);
    return error;
}

/* A new key beside rows that were sealed under a lost one would only hide the loss: references hold
 * sealed bytes, and rooms have keys that come from the root key. */
static bool rows_exist(struct blobs *b) {
    struct arena a = {0};
    struct txn *t = store_snapshot(b->store, &a);
    struct key own = key_new(&a, S("store"));
    str prefix = key_bytes(&own), key;
    struct range before = txn_range(t, S(""), prefix);
    struct range behind = txn_range(t, key_after_prefix(&a, prefix), (str){0});
    bool any = range_next(&before, &key, NULL) || range_next(&behind, &key, NULL);
    store_snapshot_end(t);
    arena_free(&a);
    return any;
}

bool root_key_load(struct blobs *b, str *problem, struct arena *a) {
    char path[BLOB_PATH], line[256];
    snprintf(path, sizeof path, "%s/root.key", b->directory);
    int fd;
    int error = file_open(path, O_RDONLY, 0, &fd);
    if (error == ENOENT) {
        if (rows_exist(b)) {
            *problem = arena_format(a, "%s is missing, and without it what is stored cannot be read: put it back "
                                       "from a copy of the directory or a saved cloud, or begin with an empty one", path);
            return false;
        }
        error = root_key_make(b, path);
        if (!error) return true;
    } else if (!error) {
        size_t n;
        error = file_read_at(fd, line, sizeof line, 0, &n);
        close(fd);
        if (!error) {
            if (root_key_parse(b, (str){line, n})) return true;
            *problem = arena_format(a, "%s is not a root key: put it back from a copy of the directory or a saved cloud", path);
            return false;
        }
    }
    *problem = arena_format(a, "%s: %s", path, strerror(error));
    return false;
}
