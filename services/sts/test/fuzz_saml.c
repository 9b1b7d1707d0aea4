/* Documents of identity providers, before and after their signature was judged. */
#include "../saml.h"

#include "text/xml_signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct arena a = {0};
    str text = {(const char *)bytes, n}, certificate = S("\x30\x03\x02\x01\x01"), signed_text;
    struct saml_metadata m;
    struct saml_assertion s;
    const char *problem;
    if (saml_metadata_read(&a, text, &m)) ASSERT(m.certificate_count <= SAML_CERTIFICATES_MAX);
    if (saml_assertion_read(&a, text, &s)) ASSERT(s.role_count <= SAML_ROLES_MAX && s.tags.n <= SAML_TAGS_MAX);
    ASSERT(!xml_signature_verify(&a, text, &certificate, 1, &signed_text, &problem)); /* nobody has that key */
    ASSERT(saml_open(&a, text, NULL, 0, &signed_text) != SAML_OPENED);
    arena_free(&a);
    return 0;
}
