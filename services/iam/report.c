/* The credential report: a line of CSV for the root and for each user. A job writes it, some hundred users a
 * transaction, as parts that are put together when somebody asks. */
#include "iam.h"

enum { SLICE = 200, PART_MAX = 512 << 10, FRESH_MS = 4 * 3600 * 1000 };

static const char head[] =
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,"
    "access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,"
    "access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,"
    "cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated";

/* The state: absent, "running", or when the report was done. */
static str state_key(const struct realm *r) { return realm_key(r, "report", (str){0}, (str){0}); }

static str part_key(const struct realm *r, u64 part) { return realm_key(r, "report-part", arena_format(r->arena, "%06llu", (unsigned long long)part), (str){0}); }

/* ---- lines ---- */

static void add_date(struct buf *b, i64 ms) {
    struct buf iso = buf_new(b->arena, 64);
    buf_iso8601(&iso, ms / 1000 * 1000);
    buf_add(b, str_take(buf_str(&iso), iso.n - 1)); /* without the Z */
    buf_add(b, S("+00:00"));
}

static void add_key(struct buf *b, const struct access_key *key) {
    if (!key) {
        buf_add(b, S(",false,N/A,N/A,N/A,N/A"));
        return;
    }
    buf_format(b, ",%s,", key->active ? "true" : "false");
    add_date(b, key->created_ms);
    if (!key->used_ms) {
        buf_add(b, S(",N/A,N/A,N/A"));
        return;
    }
    buf_char(b, ',');
    add_date(b, key->used_ms);
    buf_format(b, ",%.*s,%.*s", STR_ARGS(key->used_region), STR_ARGS(key->used_service));
}

static void add_keys(struct buf *b, const struct realm *r, str owner) {
    str from = realm_key(r, "key-of", owner, (str){0}), key;
    struct range rows = txn_range(r->txn, from, key_after_prefix(r->arena, from));
    struct access_key found[2];
    u32 n = 0;
    while (n < LENGTH(found) && range_next(&rows, &key, NULL)) {
        str rest = str_skip(key, from.n), id;
        ASSERT(key_read_str(&rest, r->arena, &id) && access_key_load(r, id, &found[n++]));
    }
    for (u32 i = 0; i < LENGTH(found); i++) add_key(b, i < n ? &found[i] : NULL);
}

static void add_certificates(struct buf *b, const struct realm *r, str user_id) {
    str from = realm_key(r, "signing", user_id, (str){0}), key, value;
    struct range rows = txn_range(r->txn, from, key_after_prefix(r->arena, from));
    for (int i = 0; i < 2; i++) {
        struct user_key certificate = {0};
        if (!range_next(&rows, &key, &value)) {
            buf_add(b, S(",false,N/A"));
            continue;
        }
        ASSERT(record_decode(r->arena, &user_key_record, value, &certificate));
        buf_format(b, ",%s,", certificate.active ? "true" : "false");
        add_date(b, certificate.created_ms);
    }
}

static void add_password(struct buf *b, const struct realm *r, const struct entity *e) {
    struct login login;
    struct password_policy policy;
    if (!login_load(r, e->id, &login)) {
        buf_add(b, S(",false,N/A,N/A,N/A"));
        return;
    }
    buf_add(b, S(",true,"));
    if (e->used_ms) add_date(b, e->used_ms);
    else buf_add(b, S("no_information"));
    buf_char(b, ',');
    add_date(b, login.changed_ms);
    buf_char(b, ',');
    password_policy_load(r, &policy);
    if (policy.max_age_days) add_date(b, login.changed_ms + policy.max_age_days * 86400000);
    else buf_add(b, S("N/A"));
}

static void add_user(struct buf *b, const struct realm *r, const struct entity *e) {
    buf_format(b, "\n%.*s,%.*s,", STR_ARGS(e->name), STR_ARGS(entity_arn(r->arena, e)));
    add_date(b, e->created_ms);
    add_password(b, r, e);
    buf_add(b, any_below(r, "mfa-of", e->id) ? S(",true") : S(",false"));
    add_keys(b, r, e->id);
    add_certificates(b, r, e->id);
}

static void add_root(struct buf *b, const struct realm *r) {
    buf_format(b, "%s\n<root_account>,arn:aws:iam::%.*s:root,", head, STR_ARGS(r->account));
    add_date(b, 0); /* when the account was born is known to nobody here */
    buf_add(b, S(",not_supported,no_information,not_supported,not_supported"));
    buf_add(b, any_below(r, "mfa-of", S("root")) ? S(",true") : S(",false"));
    add_keys(b, r, S("root"));
    buf_add(b, S(",false,N/A,false,N/A"));
}

/* ---- the job: payload "account part", and behind it the key to go on from ---- */

static void start_slice(struct txn *t, const struct realm *r, u64 part, str from) {
    str payload = arena_format(r->arena, "%.*s %llu ", STR_ARGS(r->account), (unsigned long long)part);
    txn_task_set(t, &(struct task){.kind = S("iam-report"), .key = state_key(r), .payload = arena_concat(r->arena, payload, from)});
}

err report_slice(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    str rest = arena_str(a, task->payload), account = str_cut(&rest, ' ');
    u64 part;
    ASSERT(str_to_u64(str_cut(&rest, ' '), &part));
    struct realm r = {t, a, account};
    str prefix = realm_key(&r, "user", (str){0}, (str){0}), key, value;
    struct range rows = txn_range(t, rest.n ? rest : prefix, key_after_prefix(a, prefix));
    struct buf b = buf_new(a, PART_MAX);
    if (!part) add_root(&b, &r);
    for (int n = 0; range_next(&rows, &key, &value); n++) {
        if (n == SLICE) {
            start_slice(t, &r, part + 1, arena_str(a, key));
            break;
        }
        struct entity e = {0};
        ASSERT(record_decode(a, &entity_record, arena_str(a, value), &e));
        e.kind = ENTITY_USER;
        e.account = account;
        add_user(&b, &r, &e);
    }
    ASSERT(!b.over);
    txn_put(t, part_key(&r, part), buf_str(&b));
    struct task next;
    if (!txn_task_get(t, S("iam-report"), state_key(&r), &next)) txn_put(t, state_key(&r), arena_format(a, "%lld", (long long)now_ms));
    return NULL;
}

/* ---- operations ---- */

static bool running(str state) { return str_eq(state, S("running")); }

err iam_generate_credential_report(struct call *c, const struct wire_unit *in, struct iam_generate_credential_report_response *out) {
    (void)in;
    struct realm r = realm_of(c);
    str state, prefix = realm_key(&r, "report-part", (str){0}, (str){0}), key;
    i64 done_ms = 0;
    bool known = txn_get(c->txn, state_key(&r), &state);
    if (known && running(state)) {
        out->state = S("INPROGRESS");
        return NULL;
    }
    if (known) ASSERT(str_to_i64(state, &done_ms));
    if (known && done_ms + FRESH_MS > c->now_ms) {
        out->state = S("COMPLETE");
        return NULL;
    }
    struct range rows = txn_range(c->txn, prefix, key_after_prefix(c->arena, prefix));
    while (range_next(&rows, &key, NULL)) txn_delete(c->txn, arena_str(c->arena, key));
    txn_put(c->txn, state_key(&r), S("running"));
    start_slice(c->txn, &r, 0, S(""));
    out->state = S("STARTED");
    out->description = S("No report exists. Starting a new report generation task");
    return NULL;
}

err iam_get_credential_report(struct call *c, const struct wire_unit *in, struct iam_get_credential_report_response *out) {
    (void)in;
    enum { REPORT_MAX = 16 << 20 };
    struct realm r = realm_of(c);
    str state, prefix = realm_key(&r, "report-part", (str){0}, (str){0}), key, part;
    i64 done_ms;
    if (!txn_get(c->txn, state_key(&r), &state))
        return fail(c, &iam_credential_report_not_present_exception, "The credential report does not exist. To generate a credential report, use GenerateCredentialReport.");
    if (running(state)) return fail(c, &iam_credential_report_not_ready_exception, "The credential report is still being generated.");
    ASSERT(str_to_i64(state, &done_ms));
    if (done_ms + FRESH_MS <= c->now_ms)
        return fail(c, &iam_credential_report_expired_exception, "The most recent credential report has expired. To generate a new credential report, use GenerateCredentialReport.");
    struct buf b = buf_new(c->arena, REPORT_MAX);
    struct range rows = txn_range(c->txn, prefix, key_after_prefix(c->arena, prefix));
    while (range_next(&rows, &key, &part)) buf_add(&b, part);
    ASSERT(!b.over);
    out->content = buf_str(&b);
    out->report_format = S("text/csv");
    out->generated_time = SOME_TIME(done_ms);
    return NULL;
}
