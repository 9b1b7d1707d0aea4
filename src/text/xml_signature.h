/* XML signatures as SAML has them: one signature inside the element that it signs, over that element
 * ("enveloped"), made by a certificate that is known beforehand. What comes back is the canonical text of what
 * was signed: whoever reads that, and nothing else of the document, cannot be shown what nobody signed.
 *
 * Parsing and canonical form (exclusive or inclusive, RFC 3741 and 3076) are libxml2's, which is loaded on the
 * first use: brume does not pay for it at start, nor without SAML. Signatures are judged by crypto/. */
#ifndef BRUME_XML_SIGNATURE_H
#define BRUME_XML_SIGNATURE_H

#include "base/arena.h"

enum { XML_SIGNED_MAX = 1 << 20 };
/* `document` is UTF-8 without DOCTYPE. Looked at are the outermost element and its children, the children first:
 * the first one that has a signature must be rightly signed by one of `certificates` (DER). Not in the writer: the
 * first use loads a library. False: *problem says why. */
MUST_USE bool xml_signature_verify(struct arena *a, str document, const str *certificates, size_t n, str *signed_text, const char **problem);

#endif
