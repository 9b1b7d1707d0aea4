/* Encrypted assertions. A provider encrypts a key of AES's under the public key that belongs to ours, and the assertion under
 * that. Source: "XML Encryption Syntax and Processing" 1.1, 4 and 5; SAML 2.0 core, 2.3.4. */
#include "crypto/content_cipher.h"
#include "crypto/keypair.h"
#include "saml.h"
#include "text/xml.h"

enum { RECIPIENTS_MAX = 4 };
static const struct xml_limits limits = {1 << 20, 64, 64};

struct encrypted_key {
    str algorithm, digest, mask, value;
};
struct encrypted {
    str algorithm, value;
    struct encrypted_key keys[RECIPIENTS_MAX];
    u32 key_count;
    bool found;
};

static const struct {
    const char *algorithm;
    enum content_cipher cipher;
} ciphers[] = {
    {"http://www.w3.org/2001/04/xmlenc#aes128-cbc", CONTENT_AES_128_CBC}, {"http://www.w3.org/2001/04/xmlenc#aes192-cbc", CONTENT_AES_192_CBC},
    {"http://www.w3.org/2001/04/xmlenc#aes256-cbc", CONTENT_AES_256_CBC}, {"http://www.w3.org/2009/xmlenc11#aes128-gcm", CONTENT_AES_128_GCM},
    {"http://www.w3.org/2009/xmlenc11#aes192-gcm", CONTENT_AES_192_GCM},  {"http://www.w3.org/2009/xmlenc11#aes256-gcm", CONTENT_AES_256_GCM},
};
static const struct {
    const char *digest, *mask;
    enum hash_kind hash;
} digests[] = {
    {"http://www.w3.org/2000/09/xmldsig#sha1", "http://www.w3.org/2009/xmlenc11#mgf1sha1", HASH_SHA1},
    {"http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2009/xmlenc11#mgf1sha256", HASH_SHA256},
    {"http://www.w3.org/2001/04/xmldsig-more#sha384", "http://www.w3.org/2009/xmlenc11#mgf1sha384", HASH_SHA384},
    {"http://www.w3.org/2001/04/xmlenc#sha512", "http://www.w3.org/2009/xmlenc11#mgf1sha512", HASH_SHA512},
};

/* ---- reading ---- */

static str read_value(struct xml_reader *r) {
    struct xml_element e;
    str text = {0}, bytes;
    while (xml_child(r, &e))
        if (str_eq(e.name, S("CipherValue")) && !text.p) text = xml_text(r);
        else xml_skip(r);
    char *packed = arena_alloc(r->arena, text.n + 1, 1);
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++)
        if (!memchr(" \t\r\n", text.p[i], 4)) packed[n++] = text.p[i];
    return base64_decode(r->arena, (str){packed, n}, &bytes) ? bytes : (str){0};
}

static void read_method(struct xml_reader *r, struct encrypted_key *k) {
    struct xml_element e;
    while (xml_child(r, &e)) {
        if (str_eq(e.name, S("DigestMethod"))) k->digest = xml_attribute_get(&e, S("Algorithm"));
        if (str_eq(e.name, S("MGF"))) k->mask = xml_attribute_get(&e, S("Algorithm"));
        xml_skip(r);
    }
}

static void read_key(struct xml_reader *r, struct encrypted *x) {
    struct encrypted_key spare = {0}, *k = x->key_count < RECIPIENTS_MAX ? &x->keys[x->key_count++] : &spare;
    struct xml_element e;
    while (xml_child(r, &e)) {
        if (str_eq(e.name, S("EncryptionMethod"))) {
            k->algorithm = xml_attribute_get(&e, S("Algorithm"));
            read_method(r, k);
        } else if (str_eq(e.name, S("CipherData"))) {
            k->value = read_value(r);
        } else {
            xml_skip(r);
        }
    }
}

static void read_data(struct xml_reader *r, struct encrypted *x) {
    struct xml_element e, inner;
    while (xml_child(r, &e)) {
        if (str_eq(e.name, S("EncryptionMethod"))) {
            x->algorithm = xml_attribute_get(&e, S("Algorithm"));
            xml_skip(r);
        } else if (str_eq(e.name, S("CipherData"))) {
            x->value = read_value(r);
        } else if (str_eq(e.name, S("KeyInfo"))) {
            while (xml_child(r, &inner))
                if (str_eq(inner.name, S("EncryptedKey"))) read_key(r, x);
                else xml_skip(r);
        } else {
            xml_skip(r);
        }
    }
}

/* The key stands within the data or beside it. */
static bool read_document(struct arena *a, str document, struct encrypted *x) {
    struct xml_reader r = xml_reader_new(a, document, limits);
    struct xml_element root, e, inner;
    *x = (struct encrypted){0};
    if (!xml_root(&r, &root)) return false;
    while (xml_child(&r, &e)) {
        if (x->found || !str_eq(e.name, S("EncryptedAssertion"))) {
            xml_skip(&r);
            continue;
        }
        x->found = true;
        while (xml_child(&r, &inner))
            if (str_eq(inner.name, S("EncryptedData"))) read_data(&r, x);
            else if (str_eq(inner.name, S("EncryptedKey"))) read_key(&r, x);
            else xml_skip(&r);
    }
    return xml_done(&r);
}

/* ---- opening ---- */

/* RSA 1.5 lets its key be guessed by asking often: AWS does not take it either. The mask's hash is the digest's; that of
 * "rsa-oaep-mgf1p" is SHA-1's always. */
static bool padding_of(const struct encrypted_key *k, int *padding) {
    bool old = str_eq(k->algorithm, S("http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"));
    if (!old && !str_eq(k->algorithm, S("http://www.w3.org/2009/xmlenc11#rsa-oaep"))) return false;
    str digest = k->digest.n ? k->digest : str_of(digests[0].digest), mask = !old && k->mask.n ? k->mask : str_of(digests[0].mask);
    for (size_t i = 0; i < LENGTH(digests); i++) {
        if (!str_eq(digest, str_of(digests[i].digest))) continue;
        *padding = (int)digests[i].hash;
        return str_eq(mask, str_of(digests[i].mask));
    }
    return false;
}

static bool open_with(struct arena *a, const struct encrypted *x, const struct encrypted_key *k, const struct keypair *private, str *text) {
    int padding;
    str key;
    if (!padding_of(k, &padding) || !keypair_decrypt(a, private, padding, k->value, &key)) return false;
    bool opened = false;
    for (size_t i = 0; i < LENGTH(ciphers) && !opened; i++)
        opened = str_eq(x->algorithm, str_of(ciphers[i].algorithm)) && content_open(a, ciphers[i].cipher, key, x->value, text);
    explicit_bzero((char *)(size_t)key.p, key.n);
    return opened;
}

enum saml_encryption saml_open(struct arena *a, str document, const str *keys, u32 n, str *assertion) {
    struct encrypted x;
    if (!read_document(a, document, &x) || !x.found) return SAML_PLAIN;
    for (u32 i = 0; i < n; i++) {
        const struct keypair *private = keypair_read_private(a, keys[i]);
        for (u32 j = 0; private && j < x.key_count; j++)
            if (open_with(a, &x, &x.keys[j], private, assertion)) return SAML_OPENED;
    }
    return SAML_SHUT;
}
