/* Tables under a key of KMS: AWS's own for DynamoDB (alias/aws/dynamodb) or a customer's. The table has a key, which KMS
 * sealed; whoever uses the table must be let open it, once in five minutes (developer guide, "DynamoDB encryption at
 * rest"). By a grant DynamoDB looks by itself whether a customer's key is still there, five minutes after a key, a grant
 * or a policy was changed: lifecycle.c has what becomes of a table whose key stays away.
 *
 * DIFFERS: rows are not sealed by it. */
#include "cloud/key_use.h"
#include "services/dynamodb/dynamodb.h"

#define INVALID "One or more parameter values were invalid: "
#define KEY_TASK S("dynamodb.key")
#define SEALED S("ddb-sealed")
enum { REUSE_MS = DDB_KEY_MS };

static struct record_pairs context_of(struct arena *a, str table) {
    struct record_pair *pairs = NEW_ARRAY(a, struct record_pair, 2);
    struct arn arn;
    ASSERT(arn_parse(table, &arn));
    pairs[0] = (struct record_pair){S("aws:dynamodb:tableName"), str_skip(arn.resource, 6)};
    pairs[1] = (struct record_pair){S("aws:dynamodb:subscriberId"), arn.account};
    return (struct record_pairs){pairs, 2, true};
}

/* What is wrong with the key, not with the caller; never answered. */
#define KEY_ERROR(code_) {.code = (code_), .status = 400, .shape = 0xffff, .sender = true}
static const struct error key_disabled = KEY_ERROR("DisabledException"), key_state = KEY_ERROR("KMSInvalidStateException"),
                          key_absent = KEY_ERROR("NotFoundException"), key_unfit = KEY_ERROR("ValidationException");

static bool is_lost(err e) { return e == &key_disabled || e == &key_state || e == &key_absent || e == &key_unfit; }

static struct key_use use_of(bool fresh, bool by_service) {
    static const struct key_use_errors errors = {&key_disabled, &key_state, &key_absent, &cloud_access_denied, &key_unfit};
    return (struct key_use){.context = context_of, .reuse_ms = fresh ? 0 : REUSE_MS, .errors = &errors, .by_service = by_service};
}

/* KMS's answer inside of DynamoDB's, as AWS tells it. */
static err told(struct call *c, err e) {
    if (!e) return NULL;
    str text = arena_str(c->arena, c->error_message);
    if (e == &cloud_access_denied) return fail(c, e, "KMS key access denied error: com.amazonaws.services.kms.model.AWSKMSException: %.*s", STR_ARGS(text));
    if (!is_lost(e)) return e;
    if (e == &key_unfit) text = S("EncryptionContext is supported only when creating a grant for a symmetric encryption KMS key.");
    const char *class_ = e == &key_unfit ? "AWSKMSException" : e->code;
    const char *what = e == &key_disabled ? "key disabled" : e == &key_unfit ? "internal" : "validation";
    return fail(c, e == &key_unfit ? &dynamodb_internal_server_error : &cloud_validation,
                "KMS %s error: com.amazonaws.services.kms.model.%s: %.*s (Service: AWSKMS; Status Code: 400; Error Code: %s; Request ID: %.*s; "
                "Proxy: null)",
                what, class_, STR_ARGS(text), e->code, STR_ARGS(id_uuid(c->arena)));
}

static struct task key_task(struct arena *a, const struct ddb_table *t, i64 due_ms) {
    return (struct task){.kind = KEY_TASK, .key = ddb_table_row(a, t->account, t->region, t->name), .due_ms = due_ms};
}

/* Rows: ("ddb-sealed", account, region, table) -> the table's row: those whose key somebody may take away. */
static str sealed_row(struct arena *a, const struct ddb_table *t) {
    struct key k = key_new(a, SEALED);
    key_str(&k, t->account);
    key_str(&k, t->region);
    key_str(&k, t->name);
    return key_bytes(&k);
}

void ddb_sse_watch(struct call *c, const struct ddb_table *t, i64 look_ms) {
    struct task look = key_task(c->arena, t, look_ms);
    txn_put(c->txn, sealed_row(c->arena, t), look.key);
    if (look_ms) txn_task_set(c->txn, &look);
}

err ddb_sse_look_round(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct key k = key_new(a, SEALED);
    str all = key_bytes(&k), row, key;
    struct range rows = txn_range(t, task->payload.p ? task->payload : all, key_after_prefix(a, all));
    for (int n = 0; range_next(&rows, &key, &row); n++) {
        if (n == DDB_SLICE) { /* by another key: what is changed meanwhile sets a round of its own */
            txn_task_set(t, &(struct task){.kind = task->kind, .key = S("rest"), .payload = arena_str(a, key), .due_ms = now_ms});
            break;
        }
        txn_task_set(t, &(struct task){.kind = KEY_TASK, .key = arena_str(a, row), .due_ms = now_ms});
    }
    return NULL;
}

bool ddb_sse_lost(struct call *c, const struct ddb_table *t) {
    const struct key_use use = use_of(true, true);
    return key_use_check(c, &use, ddb_table_arn(c->arena, t), &(struct resource_key){t->sse_key, t->sse_data_key}) != NULL;
}

/* ---- the table's key ---- */

static void forget(struct call *c, struct ddb_table *t) {
    ddb_sse_end(c, t);
    t->sse_key = t->sse_data_key = t->sse_grant = (str){0};
    t->sse_lost_ms = 0;
}

err ddb_sse_begin(struct call *c, struct ddb_table *t, str key) {
    const struct key_use use = use_of(false, false);
    str arn = ddb_table_arn(c->arena, t);
    struct resource_key made;
    bool managed = str_eq(key, S("alias/aws/dynamodb"));
    TRY(told(c, key_use_make(c, &use, arn, key, &made)));
    if (t->sse_key.p && str_eq(t->sse_key, key)) /* by its ARN; by another name it is changed for itself */
        return fail(c, &cloud_validation, INVALID "Table is already encrypted with given KMSMasterKeyId. Use "
                                                                                                            "KMSMasterKeyId parameter if you want to change Master Key");
    forget(c, t);
    t->sse_key = made.key_arn;
    t->sse_data_key = made.data_key;
    if (managed) return NULL; /* nobody can take it away */
    TRY(told(c, key_use_grant(c, &use, arn, made.key_arn, &t->sse_grant)));
    ddb_sse_watch(c, t, 0);
    return NULL;
}

static err check(struct call *c, const struct dynamodb_sse_specification *in) {
    const char *wrong = !in->enabled.v && in->sse_type.p            ? "SSEType can not be specified if Enabled is false"
                      : !in->enabled.v && in->kms_master_key_id.p   ? "KMSMasterKeyId can not be specified if Enabled is false"
                      : str_eq(in->sse_type, S("AES256"))           ? "SSEType AES256 is not supported"
                      : in->kms_master_key_id.p && !in->sse_type.p  ? "SSEType KMS is required if KMSMasterKeyId is specified"
                                                                    : NULL;
    return wrong ? fail(c, &cloud_validation, INVALID "%s", wrong) : NULL;
}

err ddb_sse_read(struct call *c, const struct dynamodb_sse_specification *in, struct ddb_table *t) {
    if (!in) return NULL;
    TRY(check(c, in));
    TRY(ddb_sse_check(c, t)); /* nobody gets a table out from under a key by giving it another */
    if (in->enabled.v) return ddb_sse_begin(c, t, in->kms_master_key_id.p ? in->kms_master_key_id : S("alias/aws/dynamodb"));
    forget(c, t);
    return NULL;
}

/* Four changes in the 24 hours that begin with the first of them, then one in six hours. */
static err count_change(struct call *c, struct ddb_table *t) {
    enum { FREE = 4, THEN_EVERY_S = 21600 };
    const i64 window = 86400000;
    if (c->now_ms - t->sse_window_ms >= window) {
        t->sse_window_ms = c->now_ms;
        t->sse_changes = 0;
    }
    i64 next_ms = t->sse_changed_ms + THEN_EVERY_S * 1000;
    if (t->sse_changes >= FREE && c->now_ms < next_ms) {
        struct buf ends = buf_new(c->arena, 32), last = buf_new(c->arena, 32), next = buf_new(c->arena, 32);
        buf_iso8601_ms(&ends, t->sse_window_ms + window);
        buf_iso8601_ms(&last, t->sse_changed_ms);
        buf_iso8601_ms(&next, next_ms);
        return fail(c, &dynamodb_limit_exceeded_exception,
                    "Subscriber limit exceeded: Encryption mode changes are limited in the 24h window ending at %.*s. After the first %d change, each "
                    "subsequent change in the same window can be performed at most once every %d seconds. Number of updates today: %lld. Last change "
                    "at %.*s. Next changes can be made at %.*s.",
                    STR_ARGS(buf_str(&ends)), FREE, THEN_EVERY_S, (long long)t->sse_changes, STR_ARGS(buf_str(&last)), STR_ARGS(buf_str(&next)));
    }
    t->sse_changes++;
    t->sse_changed_ms = c->now_ms;
    return NULL;
}

err ddb_sse_change(struct call *c, const struct dynamodb_sse_specification *in, struct ddb_table *t) {
    TRY(check(c, in));
    TRY(count_change(c, t));
    if (!in->enabled.v && !t->sse_key.p) return fail(c, &cloud_validation, INVALID "Table is already encrypted by default");
    t->sse_before = t->sse_key;
    t->sse_changing = true;
    return ddb_sse_read(c, in, t);
}

err ddb_sse_check(struct call *c, const struct ddb_table *t) {
    if (!t->sse_data_key.p) return NULL;
    const struct key_use use = use_of(t->sse_lost_ms != 0, false);
    err e = key_use_check(c, &use, ddb_table_arn(c->arena, t), &(struct resource_key){t->sse_key, t->sse_data_key});
    if (is_lost(e) == (t->sse_lost_ms != 0) || !t->sse_grant.p) return told(c, e);
    struct task look = key_task(c->arena, t, c->now_ms); /* the table does not know yet */
    task_later(c, &look);
    return told(c, e);
}

void ddb_sse_end(struct call *c, const struct ddb_table *t) {
    if (!t->sse_grant.p) return;
    const struct key_use use = use_of(false, true);
    key_use_retire(c, &use, ddb_table_arn(c->arena, t), t->sse_key, t->sse_grant);
    txn_delete(c->txn, sealed_row(c->arena, t));
}
