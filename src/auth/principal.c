#include "auth/principal.h"

struct principal principal_root(struct arena *a, str account, str access_key) {
    return (struct principal){
        .kind = PRINCIPAL_ROOT,
        .account = arena_str(a, account),
        .arn = arena_format(a, "arn:aws:iam::%.*s:root", STR_ARGS(account)),
        .user_id = arena_str(a, account),
        .access_key = arena_str(a, access_key),
    };
}
