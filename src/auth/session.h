/* Session tokens: temporary credentials that carry themselves. Nothing is stored: the token is sealed
 * (AES-256-GCM under a key derived from the data directory's root key) and holds the access key, its
 * secret, the principal and the expiry, so it survives a restart and cannot be made by anybody else. */
#ifndef BRUME_SESSION_H
#define BRUME_SESSION_H

#include "auth/keys.h"
#include "auth/token.h"

struct session {
    str access_key, secret;     /* ASIA... */
    struct principal principal; /* session_* and expiry included */
};
enum { SESSION_TAGS_MAX = 50 };
/* A token has its bound (TOKEN_MAX): the session's policies, their ARNs and its tags together may come to
 * this many bytes, and four more for each of these strings. STS refuses more (PackedPolicyTooLarge). */
enum { SESSION_PACKED_MAX = 4096 };
/* Fills access_key and secret with new ones, sets the principal's access_key, and seals. */
str session_seal(struct sealer *s, struct session *session, struct arena *a);
/* false: not ours, altered, or of another access key. Expiry is the caller's to judge
 * (principal.session_expires_ms), for it has its own error. */
MUST_USE bool session_open(struct sealer *s, str token, str access_key, struct arena *a,
                           struct session *session);

#endif
