#include "auth/session.h"
#include "unit.h"

static const char root_key[] = "0123456789abcdef0123456789abcdef";
static struct sealer *sealer(struct arena *a) { return sealer_new(a, (str){root_key, 32}); }

static void tokens_open_only_where_they_belong(void) {
    struct arena a = {0};
    struct token_scope scope = {S("page"), S("000000000000"), S("s3:ListObjectsV2")};
    str token = token_seal(sealer(&a), &scope, S("photos/2006"), &a), payload;
    CHECK(token_open(sealer(&a), &scope, token, &a, &payload)); /* another sealer of the same key: a restart */
    CHECK_STR(payload, S("photos/2006"));
    CHECK(str_find(token, S("photos")) == STR_NONE);
    for (size_t i = 0; i < token.n; i++)
        CHECK((token.p[i] >= '0' && token.p[i] <= '9') || (token.p[i] >= 'A' && token.p[i] <= 'Z')
              || (token.p[i] >= 'a' && token.p[i] <= 'z') || token.p[i] == '-' || token.p[i] == '_');

    struct token_scope others[] = {{S("session"), scope.account, scope.operation},
                                   {scope.kind, S("111111111111"), scope.operation},
                                   {scope.kind, scope.account, S("s3:ListBuckets")},
                                   {S("page0"), S("00000000000"), scope.operation}};
    for (size_t i = 0; i < LENGTH(others); i++) CHECK(!token_open(sealer(&a), &others[i], token, &a, &payload));
    struct sealer *other_cloud = sealer_new(&a, S("ffffffffffffffffffffffffffffffff"));
    CHECK(!token_open(other_cloud, &scope, token, &a, &payload));

    str empty = token_seal(sealer(&a), &scope, S(""), &a);
    CHECK(token_open(sealer(&a), &scope, empty, &a, &payload) && payload.n == 0);
    arena_free(&a);
}

static void altered_tokens_do_not_open(void) {
    struct arena a = {0};
    struct sealer *s = sealer(&a);
    struct token_scope scope = {S("page"), S("000000000000"), S("")};
    str token = token_seal(s, &scope, S("payload"), &a), payload;
    for (size_t i = 0; i < token.n; i++) {
        char *altered = arena_c_string(&a, token);
        altered[i] = altered[i] == 'A' ? 'B' : 'A';
        CHECK(!token_open(s, &scope, (str){altered, token.n}, &a, &payload));
        CHECK(!token_open(s, &scope, str_take(token, i), &a, &payload));
    }
    CHECK(!token_open(s, &scope, arena_concat(&a, token, S("A")), &a, &payload));
    CHECK(!token_open(s, &scope, arena_concat(&a, token, S("=")), &a, &payload));
    CHECK(!token_open(s, &scope, S("{\"page\": 2}"), &a, &payload));
    arena_free(&a);
}

static void sessions_carry_themselves(void) {
    struct arena a = {0};
    struct session s = {.principal = principal_root(&a, S("123456789012"), S("AKIAIOSFODNN7EXAMPLE"))};
    s.principal.mfa = true;
    s.principal.session_made_ms = 1700000000000;
    s.principal.session_expires_ms = 1700000900000;
    str token = session_seal(sealer(&a), &s, &a);
    CHECK_INT(s.access_key.n, ACCESS_KEY_LENGTH);
    CHECK_INT(s.secret.n, SECRET_KEY_LENGTH);
    CHECK(str_starts(s.access_key, S("ASIA")));

    struct session back;
    CHECK(session_open(sealer(&a), token, s.access_key, &a, &back));
    CHECK_STR(back.secret, s.secret);
    CHECK_INT(back.principal.kind, PRINCIPAL_ROOT);
    CHECK(back.principal.mfa);
    CHECK_STR(back.principal.arn, S("arn:aws:iam::123456789012:root"));
    CHECK_STR(back.principal.access_key, s.access_key);
    CHECK_INT(back.principal.session_expires_ms, 1700000900000);
    CHECK(!back.principal.session_policy.p);
    CHECK_INT(back.principal.session_tag_count, 0);
    CHECK(!session_open(sealer(&a), token, S("ASIAAAAAAAAAAAAAAAAA"), &a, &back));
    CHECK(!session_open(sealer(&a), S("token"), s.access_key, &a, &back));
    arena_free(&a);
}

static void sessions_carry_what_was_handed_to_them(void) {
    struct arena a = {0};
    struct principal_tag tags[] = {{S("team"), S("blue"), true}, {S("cost"), S(""), false}};
    struct session s = {.principal = principal_root(&a, S("123456789012"), S("x"))};
    s.principal.session_tags = tags;
    s.principal.session_tag_count = LENGTH(tags);
    s.principal.session_policy_arns = S("arn:aws:iam::aws:policy/ReadOnlyAccess");
    s.principal.source_identity = S("alice");
    s.principal.federated_provider = S("https://issuer.example");
    str token = session_seal(sealer(&a), &s, &a);
    struct session back;
    CHECK(session_open(sealer(&a), token, s.access_key, &a, &back));
    CHECK_STR(back.principal.session_policy_arns, S("arn:aws:iam::aws:policy/ReadOnlyAccess"));
    CHECK_STR(back.principal.source_identity, S("alice"));
    CHECK_STR(back.principal.federated_provider, S("https://issuer.example"));
    CHECK_INT(back.principal.session_tag_count, 2);
    CHECK_STR(back.principal.session_tags[0].key, S("team"));
    CHECK_STR(back.principal.session_tags[0].value, S("blue"));
    CHECK(back.principal.session_tags[0].transitive && !back.principal.session_tags[1].transitive);
    CHECK(back.principal.session_tags[1].value.p && back.principal.session_tags[1].value.n == 0);
    arena_free(&a);
}

static str repeated(struct arena *a, char c, size_t n) {
    char *text = arena_alloc(a, n, 1);
    memset(text, c, n);
    return (str){text, n};
}

/* The longest of everything, as AWS bounds it: the token still fits. */
static void the_longest_session_fits(void) {
    struct arena a = {0};
    struct session s = {.principal = {.kind = PRINCIPAL_ROLE_SESSION,
                                      .account = S("123456789012"),
                                      .arn = repeated(&a, 'a', 43 + 64 + 1 + 64),
                                      .user_id = repeated(&a, 'u', 21 + 1 + 64),
                                      .session_name = repeated(&a, 'n', 64),
                                      .session_issuer = repeated(&a, 'r', 31 + 512 + 64),
                                      .source_identity = repeated(&a, 's', 64),
                                      .federated_provider = repeated(&a, 'f', 255)}};
    struct principal_tag *tags = NEW_ARRAY(&a, struct principal_tag, SESSION_TAGS_MAX);
    for (int i = 0; i < SESSION_TAGS_MAX; i++) tags[i] = (struct principal_tag){S("k"), S("v"), false};
    s.principal.session_tags = tags;
    s.principal.session_tag_count = SESSION_TAGS_MAX;
    s.principal.session_policy = repeated(&a, 'p', SESSION_PACKED_MAX - 100 * 5 - 8);
    str token = session_seal(sealer(&a), &s, &a);
    CHECK(token.n <= TOKEN_MAX);
    struct session back;
    CHECK(session_open(sealer(&a), token, s.access_key, &a, &back));
    CHECK_INT(back.principal.session_tag_count, SESSION_TAGS_MAX);
    arena_free(&a);
}

static void builtin_keys(void) {
    struct arena a = {0};
    struct auth_key key;
    CHECK(auth_builtin_key(S("test"), &a, &key));
    CHECK_STR(key.principal.account, S("000000000000"));
    CHECK(auth_builtin_key(S("123456789012"), &a, &key));
    CHECK_STR(key.principal.account, S("123456789012"));
    CHECK_STR(key.principal.arn, S("arn:aws:iam::123456789012:root"));
    CHECK(!auth_builtin_key(S("12345678901"), &a, &key));
    CHECK(!auth_builtin_key(S("12345678901a"), &a, &key));
    CHECK(!auth_builtin_key(S("Test"), &a, &key));
    CHECK(!str_eq(access_key_new(&a, S("AKIA")), access_key_new(&a, S("AKIA"))));
    arena_free(&a);
}

/* Python: base64.b32encode((1 << 47 | 123456789012 << 7).to_bytes(6, "big"))[:8] is the key's part. */
static void access_keys_carry_their_account(void) {
    struct arena a = {0};
    str key = access_key_of(&a, S("ASIA"), S("123456789012"));
    CHECK_INT(key.n, ACCESS_KEY_LENGTH);
    CHECK_STR(str_take(key, 12), S("ASIARZPUZDIK"));
    CHECK(!str_eq(key, access_key_of(&a, S("ASIA"), S("123456789012"))));
    CHECK_STR(str_take(access_key_new(&a, S("AKIA")), 12), S("AKIAQAAAAAAA"));
    arena_free(&a);
}

UNIT_MAIN(UNIT(tokens_open_only_where_they_belong), UNIT(altered_tokens_do_not_open),
          UNIT(sessions_carry_themselves), UNIT(sessions_carry_what_was_handed_to_them),
          UNIT(the_longest_session_fits), UNIT(builtin_keys), UNIT(access_keys_carry_their_account))
