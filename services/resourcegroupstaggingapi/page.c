/* Tokens of pages. */
#include "crypto/crypto.h"
#include "tagging.h"

enum { TIME = 20, DIGEST = 32, TOKEN_MS = 15 * 60 * 1000 };

err tagging_invalid(struct call *c, const char *why) { return fail(c, &resourcegroupstaggingapi_invalid_parameter_exception, "%s", why); }

static str digest_of(struct arena *a, str question) {
    u8 *digest = arena_alloc(a, DIGEST, 1);
    sha256(question, digest);
    return (str){(char *)digest, DIGEST};
}

void tagging_question_add(struct buf *question, str part) {
    buf_u64(question, part.n);
    buf_add(question, S(" "));
    buf_add(question, part);
}

str tagging_token(struct call *c, str question, str position) {
    if (!position.p) return S("");
    str time = arena_format(c->arena, "%0*lld", TIME, (long long)c->now_ms);
    return page_token(c, arena_concat(c->arena, arena_concat(c->arena, time, digest_of(c->arena, question)), position));
}

err tagging_position(struct call *c, str token, str question, str *position) {
    str kept;
    u64 made_ms;
    *position = (str){0};
    if (!token.n) return NULL;
    if (!page_position(c, token, &kept) || !str_to_u64(str_take(kept, TIME), &made_ms)) return tagging_invalid(c, "The PaginationToken is not valid.");
    if (!str_eq(str_take(str_skip(kept, TIME), DIGEST), digest_of(c->arena, question)))
        return tagging_invalid(c, "The PaginationToken was made for a request with other parameters.");
    if ((i64)made_ms + TOKEN_MS < c->now_ms)
        return fail(c, &resourcegroupstaggingapi_pagination_token_expired_exception, "The PaginationToken has expired: it is valid for 15 minutes.");
    *position = str_skip(kept, TIME + DIGEST);
    return NULL;
}
