/* JSON Web Tokens of OpenID Connect providers: read, and checked against the provider's keys (RFC 7515, 7517,
 * 7518, 7519). RS256, RS384, RS512, ES256, ES384, ES512; nothing unsigned, no secret shared with us. */
#ifndef BRUME_STS_JWT_H
#define BRUME_STS_JWT_H

#include "cloud/cloud.h"

enum { JWT_AUDIENCES_MAX = 16, JWT_TAGS_MAX = 50, JWT_METHODS_MAX = 16 };
struct jwt {
    str algorithm, key_id; /* key_id: absent if it has none */
    str signing_input, signature;
    /* claims */
    str issuer, subject, authorized_party;
    str audiences[JWT_AUDIENCES_MAX];
    str methods[JWT_METHODS_MAX]; /* amr */
    u32 audience_count, method_count;
    i64 expires_s, not_before_s, issued_s; /* 0: not said */
    /* https://aws.amazon.com/tags, and .../source_identity */
    str source_identity;
    struct record_pairs tags;
    str transitive[JWT_TAGS_MAX];
    u32 transitive_count;
};
/* False: no JWT with an issuer and a subject. Its signature is not looked at. */
MUST_USE bool jwt_read(struct arena *a, str token, struct jwt *jwt);
/* Is it signed by one of these keys, a JSON Web Key Set? */
MUST_USE bool jwt_verify(struct arena *a, const struct jwt *jwt, str key_set);

#endif
