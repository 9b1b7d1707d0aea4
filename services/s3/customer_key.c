/* SSE-C: keys that the client brings with every request and that nobody keeps. The row holds an HMAC of a salt under
 * the key, which tells whether it is brought again. */
#include "services/s3/encryption.h"

enum { KEY = 32, SALT = 16, MAC = 32 };

static err invalid(struct call *c, const char *message) { return s3_fail_argument(c, "x-amz-server-side-encryption", (str){0}, message); }

static err wrong(struct call *c) {
    return fail(c, &s3_access_denied, "Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key.");
}

static bool brought(const struct customer_key *k) { return k->algorithm.p || k->key.p || k->md5.p; }

/* The form of what was brought; *key its bytes. */
static err read_key(struct call *c, const struct customer_key *k, bool for_reading, str *key) {
    u8 md5[DIGEST_MAX];
    if (!k->algorithm.p) return invalid(c, "Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption algorithm.");
    if (!str_eq(k->algorithm, S("AES256"))) {
        fail_detail(c, S("ArgumentName"), S("x-amz-server-side-encryption"));
        fail_detail(c, S("ArgumentValue"), k->algorithm);
        return fail(c, &s3_invalid_encryption_algorithm_error, "The Encryption request you specified is not valid. Supported value: AES256.");
    }
    if (!k->key.p) return invalid(c, "Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret key.");
    bool well = base64_decode(c->arena, k->key, key) && key->n == KEY;
    if (well && for_reading && !k->md5.p) return wrong(c);
    if (!well || !k->md5.p) return invalid(c, "The secret key was invalid for the specified algorithm.");
    size_t n = digest_once(DIGEST_MD5, *key, md5);
    if (str_eq(k->md5, base64_of(c->arena, (str){(const char *)md5, n}))) return NULL;
    return invalid(c, "The calculated MD5 hash of the key did not match the hash that was provided.");
}

err s3_customer_key_check(struct call *c, const struct customer_key *k, str encryption) {
    str key;
    if (!brought(k)) return NULL;
    if (encryption.p)
        return s3_fail_argument(c, "x-amz-server-side-encryption", encryption,
                                "Server Side Encryption with Customer provided key is incompatible with the encryption method specified");
    return read_key(c, k, false, &key);
}

static void mac_of(str key, const char *salt, u8 mac[static MAC]) { hmac_sha256(key, (str){salt, SALT}, mac); }

err s3_customer_key_take(struct call *c, const struct customer_key *k, struct object_row *object, str *data_key) {
    *data_key = (str){0};
    object->customer_key = (str){0};
    if (!brought(k)) return NULL;
    TRY(read_key(c, k, false, data_key));
    u8 *mark = arena_alloc(c->arena, SALT + MAC, 1);
    random_bytes(mark, SALT);
    mac_of(*data_key, (const char *)mark, mark + SALT);
    object->customer_key = (str){(const char *)mark, SALT + MAC};
    return NULL;
}

static bool fits(str key, str mark) {
    u8 mac[MAC], differs = 0;
    ASSERT(mark.n == SALT + MAC);
    mac_of(key, mark.p, mac);
    for (size_t i = 0; i < MAC; i++) differs |= mac[i] ^ (u8)mark.p[SALT + i];
    return !differs;
}

err s3_customer_key_open(struct call *c, const struct customer_key *k, const struct object_row *object) {
    str key;
    bool given = brought(k);
    if (given) TRY(read_key(c, k, true, &key));
    if (!object->customer_key.p)
        return given ? fail(c, &s3_invalid_request, "The encryption parameters are not applicable to this object.") : NULL;
    if (!given)
        return fail(c, &s3_invalid_request,
                    "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.");
    return fits(key, object->customer_key) ? NULL : wrong(c);
}

err s3_customer_key_of_part(struct call *c, const struct customer_key *k, const struct object_row *object, str *data_key) {
    bool given = brought(k);
    *data_key = (str){0};
    if (given) TRY(read_key(c, k, false, data_key));
    if (!given && object->customer_key.p)
        return fail(c, &s3_invalid_request,
                    "The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.");
    if (given && (!object->customer_key.p || !fits(*data_key, object->customer_key)))
        return fail(c, &s3_invalid_request, "The provided encryption parameters did not match the ones used originally.");
    return NULL;
}
