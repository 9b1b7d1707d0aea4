/* SAML 2.0 as AWS takes it: the answer of an identity provider, signed by a certificate of its metadata, says
 * who somebody is and which roles he may have. Source: "Configure SAML assertions for the authentication
 * response" of the IAM user guide. */
#ifndef BRUME_STS_SAML_H
#define BRUME_STS_SAML_H

#include "cloud/cloud.h"

enum { SAML_CERTIFICATES_MAX = 8, SAML_ROLES_MAX = 64, SAML_TAGS_MAX = 50 };
struct saml_metadata {
    str entity_id;
    str certificates[SAML_CERTIFICATES_MAX]; /* DER, for signatures */
    u32 certificate_count;
};
MUST_USE bool saml_metadata_read(struct arena *a, str xml, struct saml_metadata *m);

/* The assertion of a document (a Response) in which one is encrypted, opened by one of the keys (PKCS#8): the text of an
 * Assertion, which nobody has signed unless something says so. SAML_PLAIN: none is encrypted. XML Encryption 1.1: keys by
 * RSA-OAEP, content by AES with CBC or GCM. */
enum saml_encryption { SAML_PLAIN, SAML_OPENED, SAML_SHUT };
enum saml_encryption saml_open(struct arena *a, str document, const str *keys, u32 n, str *assertion);

struct saml_assertion {
    str issuer, subject, subject_format, name_qualifier, recipient, audience;
    i64 not_before_ms, expires_ms, session_expires_ms; /* 0: not said */
    str roles[SAML_ROLES_MAX]; /* "role ARN,provider ARN", in either order */
    u32 role_count;
    str session_name, source_identity;
    i64 session_s; /* 0: not said */
    struct record_pairs tags;
    str transitive[SAML_TAGS_MAX];
    u32 transitive_count;
};
/* Of the canonical text of what was signed: an Assertion, or a Response with one. */
MUST_USE bool saml_assertion_read(struct arena *a, str signed_text, struct saml_assertion *s);

#endif
