/* Sealed tokens: what a client carries for us and must not read, alter or take elsewhere: pagination
 * tokens, session tokens. Each is bound to a kind, an account and an operation; a token from anywhere
 * else does not open. The text is base64url without padding. */
#ifndef BRUME_TOKEN_H
#define BRUME_TOKEN_H

#include "base/arena.h"

/* Holds the key; one per thread. `root_key` is the data directory's 32 bytes, from which a key for
 * tokens alone is derived. */
struct sealer;
struct sealer *sealer_new(struct arena *a, str root_key);

struct token_scope {
    str kind;      /* "page", "session" */
    str account;   /* or empty */
    str operation; /* "s3:ListObjectsV2", or empty */
};
enum { TOKEN_MAX = 8192 }; /* longest text that is looked at */
str token_seal(struct sealer *s, const struct token_scope *scope, str payload, struct arena *a);
/* false: garbage, altered, or sealed for another scope or data directory. */
MUST_USE bool token_open(struct sealer *s, const struct token_scope *scope, str token, struct arena *a,
                         str *payload);

#endif
