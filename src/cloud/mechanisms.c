/* Small mechanisms that every service shares: page tokens, idempotency tokens, quotas, counters,
 * state-change events. */
#include "auth/session.h"
#include "auth/token.h"
#include "cloud/contributors.h"
#include "cloud/counts.h"
#include "cloud/flight.h"
#include "cloud/outbound.h"
#include "cloud/tag_change.h"
#include "cloud/trail.h"
#include "cloud/upkeep.h"
#include "crypto/crypto.h"
#include "sys/sys.h"

/* ---- pagination ---- */

static struct token_scope page_scope(struct call *c) {
    const struct wire_service *w = c->service->wire;
    str operation = arena_format(c->arena, "%s:%s:%.*s", w->text + w->name, w->text + c->op->name, STR_ARGS(c->region));
    return (struct token_scope){.kind = S("page"), .account = c->account, .operation = operation};
}

/* Made anew for each token: rare enough, and handlers run on loops, workers and the writer. */
static struct sealer *sealer_of(struct call *c) { return sealer_new(c->arena, c->cloud->root_key); }

str page_token(struct call *c, str position) {
    struct token_scope scope = page_scope(c);
    return token_seal(sealer_of(c), &scope, position, c->arena);
}

bool page_position(struct call *c, str token, str *position) {
    struct token_scope scope = page_scope(c);
    return token_open(sealer_of(c), &scope, token, c->arena, position);
}

/* ---- temporary credentials ---- */

struct credentials session_issue(struct call *c, const struct principal *as, i64 seconds) {
    struct session session = {.principal = *as};
    session.principal.session_made_ms = c->now_ms;
    session.principal.session_expires_ms = c->now_ms + seconds * 1000;
    str token = session_seal(sealer_of(c), &session, c->arena);
    return (struct credentials){session.access_key, session.secret, token, session.principal.session_expires_ms};
}

/* ---- idempotency: ("idempotency", account, region, service, operation, token) -> record. Rows whose
 * time has passed are not found; a task sweeps them. ---- */

struct idempotent {
    str params_hash, answer;
    i64 until_ms;
};
static const struct record_field idempotent_fields[] = {
    RECORD_STR(1, struct idempotent, params_hash),
    RECORD_STR(2, struct idempotent, answer),
    RECORD_I64(3, struct idempotent, until_ms),
};
static const struct record_type idempotent_record = RECORD_TYPE(struct idempotent, idempotent_fields);

static str idempotency_key(struct call *c, str token) {
    const struct wire_service *w = c->service->wire;
    struct key k = key_new(c->arena, S("idempotency"));
    key_str(&k, c->account);
    key_str(&k, c->region);
    key_str(&k, wire_text(w, w->name));
    key_str(&k, wire_text(w, c->op->name));
    key_str(&k, token);
    return key_bytes(&k);
}

static str hash_of(struct call *c, str params) {
    u8 *digest = arena_alloc(c->arena, 32, 1);
    sha256(params, digest);
    return (str){(char *)digest, 32};
}

enum idempotency idempotency_look(struct call *c, str token, str params, str *answer) {
    str value;
    struct idempotent row;
    if (!txn_get(c->txn, idempotency_key(c, token), &value)) return IDEMPOTENCY_NEW;
    ASSERT(record_decode(c->arena, &idempotent_record, value, &row));
    if (row.until_ms <= c->now_ms) return IDEMPOTENCY_NEW;
    if (!str_eq(row.params_hash, hash_of(c, params))) return IDEMPOTENCY_MISMATCH;
    *answer = row.answer;
    return IDEMPOTENCY_SAME;
}

static err forget_token(struct txn *t, const struct task *task, i64 now_ms) {
    (void)now_ms;
    txn_delete(t, task->payload);
    return NULL;
}
const struct task_kind cloud_task_kinds[] = {
    {.name = "outbound-sweep", .run = outbound_sweep},
    {.name = "outbound-mail", .perform = outbound_mail_perform, .settle = outbound_mail_settle},
    {.name = "idempotency", .run = forget_token},
    {.name = "reset", .run = reset_resume},
    {.name = "trail-sweep", .run = trail_sweep},
    {.name = "counts", .perform = counts_read, .settle = counts_settle},
    {.name = "counts-put", .run = counts_put},
    {.name = "gauges", .run = gauges_sample},
    {.name = "contributors", .run = contributors_keep},
    {.name = "tag-change", .run = tag_change_tell},
    {0},
};

void idempotency_store(struct call *c, str token, str params, str answer, i64 keep_ms) {
    str key = idempotency_key(c, token);
    struct idempotent row = {hash_of(c, params), answer, c->now_ms + keep_ms};
    txn_put(c->txn, key, record_encode(c->arena, &idempotent_record, &row));
    txn_task_set(c->txn, &(struct task){.kind = S("idempotency"), .key = key, .payload = key, .due_ms = row.until_ms});
}

i64 wall_now_ms(void) { return sys_wall_ms(); }

/* ---- quotas: ("quota", account, region, service, code) -> number ---- */

static str quota_key(struct arena *a, str account, str region, str service, str code) {
    struct key k = key_new(a, S("quota"));
    key_str(&k, account);
    key_str(&k, region);
    key_str(&k, service);
    key_str(&k, code);
    return key_bytes(&k);
}

void quota_set(struct txn *t, struct arena *a, str account, str region, str service, str code, i64 value) {
    txn_put(t, quota_key(a, account, region, service, code), arena_format(a, "%lld", (long long)value));
}

i64 quota(struct call *c, str code, i64 default_value) {
    const struct wire_service *w = c->service->wire;
    str value;
    i64 given;
    if (txn_get(c->txn, quota_key(c->arena, c->account, c->region, wire_text(w, w->name), code), &value) && str_to_i64(value, &given)) return given;
    return default_value;
}
