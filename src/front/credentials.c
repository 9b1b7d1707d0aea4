#include "front/credentials.h"

#include "auth/keys.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { FILE_BYTES = 4096 };

bool address_is_loopback(const char *address) {
    struct in_addr four;
    struct in6_addr six;
    if (strcmp(address, "localhost") == 0) return true;
    if (inet_pton(AF_INET, address, &four) == 1) return ntohl(four.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, address, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

/* AWS's credentials file: the default profile, which is all that brume writes. */
bool credentials_parse(str text, struct root_credentials *c) {
    bool ours = false;
    while (text.p) {
        str value = str_trim(str_cut(&text, '\n'));
        if (str_starts(value, S("["))) ours = str_eq(value, S("[default]"));
        str key = str_trim(str_cut(&value, '='));
        if (!ours || !value.p) continue;
        if (str_eq(key, S("aws_access_key_id"))) c->access_key = str_trim(value);
        if (str_eq(key, S("aws_secret_access_key"))) c->secret = str_trim(value);
    }
    return c->access_key.n && c->secret.n && c->secret.n <= 128;
}

static int write_new(const char *path, const char *directory, str text) {
    int fd, error = file_open(path, O_CREAT | O_EXCL | O_WRONLY, 0600, &fd);
    if (error) return error;
    error = file_write_at(fd, text.p, text.n, 0);
    if (!error) error = file_sync_data(fd);
    close(fd);
    if (error) (void)file_remove(path);
    return error ? error : file_sync_directory(directory);
}

static int make_file(struct arena *a, const char *directory, const char *path) {
    str access_key = access_key_new(a, S("AKIA")), secret = secret_key_new(a);
    str text = arena_format(a, "# The root key of this brume. Made at its first start.\n[default]\naws_access_key_id = %.*s\naws_secret_access_key = %.*s\n",
                            STR_ARGS(access_key), STR_ARGS(secret));
    int error = file_make_directories(directory, 0700);
    return error ? error : write_new(path, directory, text);
}

bool credentials_read(struct arena *a, const struct config *config, bool make, struct root_credentials *c, str *problem) {
    *c = (struct root_credentials){0};
    if (config->root_access_key) {
        *c = (struct root_credentials){str_of(config->root_access_key), str_of(config->root_secret)};
        return true;
    }
    const char *path = arena_c_string(a, arena_format(a, "%s/credentials", config->data));
    int fd, error = file_open(path, O_RDONLY, 0, &fd);
    if (error == ENOENT && make) {
        error = make_file(a, config->data, path);
        if (!error) error = file_open(path, O_RDONLY, 0, &fd);
    }
    if (error == ENOENT && !make) return true;
    size_t n = 0;
    char *text = arena_alloc(a, FILE_BYTES, 1);
    if (!error) {
        error = file_read_at(fd, text, FILE_BYTES, 0, &n);
        close(fd);
    }
    if (!error && credentials_parse((str){text, n}, c)) return true;
    *problem = error ? arena_format(a, "%s: %s. Make it readable, or set BRUME_ROOT_ACCESS_KEY_ID and BRUME_ROOT_SECRET_ACCESS_KEY.", path, strerror(error))
                     : arena_format(a, "%s has no aws_access_key_id and aws_secret_access_key under [default]. Repair it, or remove it for new ones.", path);
    return false;
}

bool credentials_for_client(struct arena *a, const struct config *config, struct root_credentials *c, str *problem) {
    if (!credentials_read(a, config, false, c, problem)) return false;
    if (!c->access_key.n) *c = (struct root_credentials){S("test"), S("test")};
    return true;
}
