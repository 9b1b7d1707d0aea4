/* The root key: one line of text, so that a stray copy is recognised for what it is. Under a passphrase the key is
 * sealed by another that scrypt makes of it; a directory that had none gets it at the next start.
 *
 *     brume root key 1 KEY
 *     brume root key 2 SALT NONCE TAG SEALED-KEY       all in hex */
#include "store/blob_internal.h"

#include "base/encode.h"
#include "crypto/password.h"
#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define PLAIN "brume root key 1 "
#define SEALED "brume root key 2 "
enum { LINE_MAX_BYTES = 256 };

static bool parse_plain(struct blobs *b, str line) {
    str hex = str_trim(str_skip(line, sizeof PLAIN - 1));
    return hex.n == 2 * AEAD_KEY && hex_decode(hex, b->root_key);
}

static bool cut_hex(str *rest, u8 *out, size_t n) {
    str hex = str_cut(rest, ' ');
    return hex.n == 2 * n && hex_decode(hex, out);
}

struct sealed_key {
    u8 salt[PASSWORD_SALT], nonce[AEAD_NONCE], tag[AEAD_TAG], key[AEAD_KEY];
};

static bool parse_sealed(str line, struct sealed_key *k) {
    str rest = str_trim(str_skip(line, sizeof SEALED - 1));
    return cut_hex(&rest, k->salt, sizeof k->salt) && cut_hex(&rest, k->nonce, sizeof k->nonce) && cut_hex(&rest, k->tag, sizeof k->tag)
        && cut_hex(&rest, k->key, sizeof k->key) && !rest.n;
}

static bool open_sealed(struct blobs *b, const struct sealed_key *k) {
    struct arena a = {0};
    u8 key[PASSWORD_DIGEST], both[AEAD_KEY + AEAD_TAG];
    password_key(str_of(b->passphrase), k->salt, key);
    memcpy(both, k->key, AEAD_KEY);
    memcpy(both + AEAD_KEY, k->tag, AEAD_TAG);
    bool ok = aead_open(aead_new(&a, key), k->nonce, S(SEALED), (str){(const char *)both, AEAD_KEY}, both + AEAD_KEY, b->root_key);
    explicit_bzero(key, sizeof key);
    arena_free(&a);
    return ok;
}

static size_t add_hex(char *line, size_t at, const u8 *bytes, size_t n, char end) {
    hex_encode((str){(const char *)bytes, n}, line + at);
    line[at + 2 * n] = end;
    return at + 2 * n + 1;
}

static size_t write_sealed(struct blobs *b, char line[static LINE_MAX_BYTES]) {
    struct arena a = {0};
    struct sealed_key k;
    u8 key[PASSWORD_DIGEST];
    size_t n = sizeof SEALED - 1;
    random_bytes(k.salt, sizeof k.salt);
    random_bytes(k.nonce, sizeof k.nonce);
    password_key(str_of(b->passphrase), k.salt, key);
    aead_seal(aead_new(&a, key), k.nonce, S(SEALED), (str){(const char *)b->root_key, AEAD_KEY}, k.key, k.tag);
    explicit_bzero(key, sizeof key);
    arena_free(&a);
    memcpy(line, SEALED, n);
    n = add_hex(line, n, k.salt, sizeof k.salt, ' ');
    n = add_hex(line, n, k.nonce, sizeof k.nonce, ' ');
    n = add_hex(line, n, k.tag, sizeof k.tag, ' ');
    return add_hex(line, n, k.key, sizeof k.key, '\n');
}

static int save(struct blobs *b, const char *path) {
    char temporary[BLOB_PATH + 8], line[LINE_MAX_BYTES];
    snprintf(temporary, sizeof temporary, "%s.new", path);
    size_t n = sizeof PLAIN - 1;
    memcpy(line, PLAIN, n);
    n = b->passphrase ? write_sealed(b, line) : add_hex(line, n, b->root_key, AEAD_KEY, '\n');
    int fd;
    int error = file_open(temporary, O_CREAT | O_TRUNC | O_WRONLY, 0600, &fd);
    if (error) return error;
    error = file_write_at(fd, line, n, 0);
    if (!error && !b->ephemeral) error = file_sync_data(fd);
    close(fd);
    if (!error) error = file_rename(temporary, path);
    if (!error && !b->ephemeral) error = file_sync_directory(b->directory);
    explicit_bzero(line, sizeof line);
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

/* NULL: the key is open. */
static const char *open_line(struct blobs *b, str line, const char *path, int *error) {
    struct sealed_key k;
    line = str_take(line, str_find_char(line, '\n'));
    if (str_starts(line, S(PLAIN)) && parse_plain(b, line)) {
        if (b->passphrase) *error = save(b, path);
        return NULL;
    }
    if (!str_starts(line, S(SEALED)) || !parse_sealed(line, &k)) return "%s is not a root key: put it back from a copy of the directory or a saved cloud";
    if (!b->passphrase) return "%s is under a passphrase: set BRUME_ROOT_PASSPHRASE";
    return open_sealed(b, &k) ? NULL : "%s is not opened by the passphrase of BRUME_ROOT_PASSPHRASE";
}

bool root_key_load(struct blobs *b, str *problem, struct arena *a) {
    char path[BLOB_PATH], line[LINE_MAX_BYTES];
    snprintf(path, sizeof path, "%s/root.key", b->directory);
    int fd;
    int error = file_open(path, O_RDONLY, 0, &fd);
    if (error == ENOENT) {
        if (rows_exist(b)) {
            *problem = arena_format(a, "%s is missing, and without it what is stored cannot be read: put it back "
                                       "from a copy of the directory or a saved cloud, or begin with an empty one", path);
            return false;
        }
        random_bytes(b->root_key, AEAD_KEY);
        error = save(b, path);
    } else if (!error) {
        size_t n;
        error = file_read_at(fd, line, sizeof line, 0, &n);
        close(fd);
        const char *why = error ? NULL : open_line(b, (str){line, n}, path, &error);
        explicit_bzero(line, sizeof line);
        if (why) {
            str place = str_of(path), text = str_skip(str_of(why), 2);
            *problem = arena_concat(a, place, text);
            return false;
        }
    }
    if (!error) return true;
    *problem = arena_format(a, "%s: %s", path, strerror(error));
    return false;
}
