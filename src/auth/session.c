/* A session token's payload: a version byte, the kind and MFA bytes, the two times, then the strings,
 * each with its length in four bytes; an absent string has the length 0xffffffff. Behind them the number
 * of tags, and of each a byte (transitive or not), key and value. Version 1 ended before
 * session_policy_arns, version 2 before session_issuer_id; their tokens are still opened. */
#include "auth/session.h"

enum { VERSION = 3 };

static const struct token_scope scope = {{"session", 7}, {"", 0}, {"", 0}};

static void put(struct buf *b, u64 v, int bytes) {
    for (int i = 0; i < bytes; i++) buf_char(b, (char)(v >> (8 * i)));
}
static void put_str(struct buf *b, str s) {
    put(b, s.p ? s.n : UINT32_MAX, 4);
    buf_add(b, s);
}

/* `*ok` turns false at the first lack and stays so. */
static u64 get(str *rest, int bytes, bool *ok) {
    if (rest->n < (size_t)bytes) {
        *ok = false;
        return 0;
    }
    u64 v = 0;
    for (int i = 0; i < bytes; i++) v |= (u64)(u8)rest->p[i] << (8 * i);
    *rest = str_skip(*rest, (size_t)bytes);
    return v;
}
static str get_str(str *rest, bool *ok) {
    u64 n = get(rest, 4, ok);
    if (!*ok || n == UINT32_MAX) return (str){0};
    if (n > rest->n) {
        *ok = false;
        return (str){0};
    }
    str s = str_take(*rest, (size_t)n);
    *rest = str_skip(*rest, (size_t)n);
    return s;
}

/* The strings of a session, in the order of the token. Append only; a change is a new version. */
enum { STRINGS = 13 };
static const int strings_of_version[VERSION + 1] = {0, 9, 12, STRINGS};
static void strings_of(struct session *s, str *out[static STRINGS]) {
    struct principal *p = &s->principal;
    str *all[STRINGS] = {&s->access_key,          &s->secret,          &p->account,
                         &p->arn,                 &p->user_id,         &p->access_key,
                         &p->session_name,        &p->session_policy,  &p->session_issuer,
                         &p->session_policy_arns, &p->source_identity, &p->federated_provider,
                         &p->session_issuer_id};
    memcpy(out, all, sizeof all);
}

static void put_tags(struct buf *b, const struct principal *p) {
    ASSERT(p->session_tag_count <= SESSION_TAGS_MAX);
    put(b, p->session_tag_count, 1);
    for (u32 i = 0; i < p->session_tag_count; i++) {
        put(b, p->session_tags[i].transitive, 1);
        put_str(b, p->session_tags[i].key);
        put_str(b, p->session_tags[i].value);
    }
}

static void get_tags(str *rest, struct principal *p, struct arena *a, bool *ok) {
    u64 n = get(rest, 1, ok);
    if (!*ok || n > SESSION_TAGS_MAX) {
        *ok = false;
        return;
    }
    if (!n) return;
    struct principal_tag *tags = NEW_ARRAY(a, struct principal_tag, n);
    for (u64 i = 0; i < n; i++) {
        tags[i].transitive = get(rest, 1, ok) != 0;
        tags[i].key = get_str(rest, ok);
        tags[i].value = get_str(rest, ok);
    }
    p->session_tags = tags;
    p->session_tag_count = (u32)n;
}

str session_seal(struct sealer *s, struct session *session, struct arena *a) {
    session->access_key = access_key_of(a, S("ASIA"), session->principal.account);
    session->secret = secret_key_new(a);
    session->principal.access_key = session->access_key;
    struct buf b = buf_new(a, TOKEN_MAX);
    put(&b, VERSION, 1);
    put(&b, session->principal.kind, 1);
    put(&b, session->principal.mfa, 1);
    put(&b, (u64)session->principal.session_made_ms, 8);
    put(&b, (u64)session->principal.session_expires_ms, 8);
    str *strings[STRINGS];
    strings_of(session, strings);
    for (int i = 0; i < STRINGS; i++) put_str(&b, *strings[i]);
    put_tags(&b, &session->principal);
    ASSERT(!b.over);
    return token_seal(s, &scope, buf_str(&b), a);
}

bool session_open(struct sealer *s, str token, str access_key, struct arena *a, struct session *session) {
    str rest;
    if (!token_open(s, &scope, token, a, &rest)) return false;
    bool ok = true;
    u64 version = get(&rest, 1, &ok);
    if (!ok || version < 1 || version > VERSION) return false;
    struct session found = {0};
    found.principal.kind = (u8)get(&rest, 1, &ok);
    found.principal.mfa = get(&rest, 1, &ok) != 0;
    found.principal.session_made_ms = (i64)get(&rest, 8, &ok);
    found.principal.session_expires_ms = (i64)get(&rest, 8, &ok);
    str *strings[STRINGS];
    strings_of(&found, strings);
    for (int i = 0; i < strings_of_version[version]; i++) *strings[i] = get_str(&rest, &ok);
    if (version > 1) get_tags(&rest, &found.principal, a, &ok);
    if (!ok || !str_eq(found.access_key, access_key)) return false;
    *session = found;
    return true;
}
