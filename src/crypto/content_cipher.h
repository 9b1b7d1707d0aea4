/* Content that others have encrypted with AES, as XML Encryption has it: the IV before it; with CBC its length in the
 * last byte of the padding, with GCM the tag of 16 bytes behind it. */
#ifndef BRUME_CONTENT_CIPHER_H
#define BRUME_CONTENT_CIPHER_H

#include "base/arena.h"

enum content_cipher { CONTENT_AES_128_CBC, CONTENT_AES_192_CBC, CONTENT_AES_256_CBC, CONTENT_AES_128_GCM, CONTENT_AES_192_GCM, CONTENT_AES_256_GCM, CONTENT_CIPHERS };
/* False: a key of another length, or not encrypted under it. CBC proves nothing: what was in it must be signed. */
MUST_USE bool content_open(struct arena *a, enum content_cipher cipher, str key, str sealed, str *plain);

#endif
