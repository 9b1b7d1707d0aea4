/* Certificates and public keys that come from outside as text: X.509 in PEM, OpenSSH's "ssh-rsa". */
#ifndef BRUME_CERTIFICATE_H
#define BRUME_CERTIFICATE_H

#include "base/arena.h"

struct certificate {
    i64 not_before_ms, not_after_ms;
    bool self_issued; /* issuer and subject are the same */
};
/* One certificate in PEM, and nothing else but white space around it. */
MUST_USE bool certificate_read(str pem, struct certificate *c);
/* The same of the base64 that stands in SAML metadata. */
MUST_USE bool certificate_read_base64(struct arena *a, str base64, struct certificate *c);
/* Does the private key (PEM, without a passphrase) belong to the certificate? */
enum certificate_key { CERTIFICATE_KEY_FITS, CERTIFICATE_KEY_OTHER, CERTIFICATE_KEY_UNREADABLE };
enum certificate_key certificate_key_check(str pem, str key_pem);
/* Is each certificate of the chain the issuer of the one before it, the first that of `pem`? */
MUST_USE bool certificate_chain_fits(str pem, str chain_pem);

/* An RSA key as "ssh-rsa AAAA... comment", or in PEM; of at least 2048 bits. */
enum ssh_key_problem { SSH_KEY_FINE, SSH_KEY_UNREADABLE, SSH_KEY_WEAK };
struct ssh_key {
    str line; /* "ssh-rsa AAAA..." without a comment */
    str pem;  /* SubjectPublicKeyInfo */
    str fingerprint; /* MD5 of the key's bytes: "12:ab:..." */
};
enum ssh_key_problem ssh_key_read(struct arena *a, str text, struct ssh_key *key);

#endif
