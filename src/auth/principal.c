#include "auth/principal.h"

#include "base/encode.h"
#include "crypto/crypto.h"

#include <stdio.h>

struct principal principal_root(struct arena *a, str account, str access_key) {
    return (struct principal){
        .kind = PRINCIPAL_ROOT,
        .account = arena_str(a, account),
        .arn = arena_concat(a, arena_concat(a, S("arn:aws:iam::"), account), S(":root")),
        .user_id = arena_str(a, account),
        .access_key = arena_str(a, access_key),
    };
}

void account_canonical_id(str account, char id[CANONICAL_ID]) {
    char text[64];
    u8 digest[CANONICAL_ID / 2];
    int n = snprintf(text, sizeof text, "canonical user of account %.*s", STR_ARGS(account));
    ASSERT(n > 0 && (size_t)n < sizeof text);
    sha256((str){text, (size_t)n}, digest);
    hex_encode((str){(const char *)digest, sizeof digest}, id);
}
