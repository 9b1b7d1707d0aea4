/* The key that signs what is delivered. One row holds it, and one the certificate, which anybody may fetch at
 * the SigningCertURL. It is made on a worker when the first subscription wants signatures; until then such
 * deliveries wait in their job. */
#include "sns.h"

#include "cloud/page.h"
#include "crypto/rsa_signer.h"

struct signing {
    str private_der; /* as it is made; in the row it stands sealed */
    str certificate_pem, name; /* the page: SimpleNotificationService-NAME.pem */
    str sealed;
};
static const struct record_field signing_fields[] = {
    RECORD_STR(1, struct signing, private_der),
    RECORD_STR(2, struct signing, certificate_pem),
    RECORD_STR(3, struct signing, name),
    RECORD_STR(4, struct signing, sealed),
};
static const struct record_type signing_record = RECORD_TYPE(struct signing, signing_fields);

static const char page_path[] = "/SimpleNotificationService-";
#define NOBODY S("000000000000") /* the key is of the cloud, not of an account */
#define PURPOSE S("sns signing")

static str signing_row(struct arena *a) {
    struct key k = key_new(a, S("sns-signing"));
    return key_bytes(&k);
}

static bool signing_load(struct txn *t, struct arena *a, struct signing *s) {
    str row;
    *s = (struct signing){0};
    if (!txn_get(t, signing_row(a), &row)) return false;
    ASSERT(record_decode(a, &signing_record, arena_str(a, row), s));
    return true;
}

bool signing_ready(struct txn *t, struct arena *a) { return txn_get(t, signing_row(a), NULL); }

void signing_wanted(struct call *c) {
    struct task task;
    if (signing_ready(c->txn, c->arena) || txn_task_get(c->txn, S("sns-signing"), S(""), &task)) return;
    txn_task_set(c->txn, &(struct task){.kind = S("sns-signing"), .key = S("")});
}

err signing_make(struct arena *a, const struct task *task, str *result) {
    (void)task;
    enum { BITS = 2048, DAYS = 3650 };
    struct rsa_signer made = rsa_signer_make(a, "sns.amazonaws.com", BITS, DAYS);
    struct signing s = {made.private_der, made.certificate_pem, id_hex(a, 32)};
    *result = record_encode(a, &signing_record, &s);
    return NULL;
}

err signing_keep(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms) {
    (void)task, (void)outcome, (void)now_ms;
    struct arena *a = txn_arena(t);
    struct signing s = {0};
    if (signing_ready(t, a)) return NULL;
    ASSERT(record_decode(a, &signing_record, result, &s));
    s.sealed = secret_seal(t, a, NOBODY, PURPOSE, s.private_der);
    s.private_der = (str){0};
    txn_put(t, signing_row(a), record_encode(a, &signing_record, &s));
    return NULL;
}

str signing_sign(struct txn *t, struct arena *a, str version, str text) {
    struct signing s;
    ASSERT(signing_load(t, a, &s));
    if (s.sealed.p) ASSERT(secret_open(t, a, NOBODY, PURPOSE, s.sealed, &s.private_der)); /* an older row has it open */
    return base64_of(a, rsa_signer_sign(a, s.private_der, str_eq(version, S("2")) ? DIGEST_SHA256 : DIGEST_SHA1, text));
}

str signing_url(struct txn *t, struct arena *a, str base_url) {
    struct signing s;
    ASSERT(signing_load(t, a, &s));
    return arena_format(a, "%.*s%s%.*s.pem", STR_ARGS(base_url), page_path, STR_ARGS(s.name));
}

/* The page: the certificate, to whoever asks. */
static bool certificate(struct txn *t, struct arena *a, str path, struct page_answer *answer) {
    struct signing s;
    if (!signing_load(t, a, &s) || !str_eq(path, arena_format(a, "%s%.*s.pem", page_path, STR_ARGS(s.name)))) return false;
    *answer = (struct page_answer){.content_type = S("application/x-pem-file"), .body = s.certificate_pem};
    return true;
}

const struct page sns_page = {.prefix = page_path, .answer = certificate};
