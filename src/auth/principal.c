#include "auth/principal.h"

struct principal principal_root(struct arena *a, str account, str access_key) {
    return (struct principal){
        .kind = PRINCIPAL_ROOT,
        .account = arena_str(a, account),
        .arn = arena_concat(a, arena_concat(a, S("arn:aws:iam::"), account), S(":root")),
        .user_id = arena_str(a, account),
        .access_key = arena_str(a, access_key),
    };
}
