/* Enabled, disabled, described anew; scheduled for deletion, and deleted when its time has come. */
#include "kms.h"

err kms_update_key_description(struct call *c, const struct kms_update_key_description_request *in, struct wire_unit *out) {
    (void)out;
    struct kms_key k;
    TRY(kms_key_open_own(c, in->key_id, &k));
    TRY(kms_key_check_not_pending(c, &k));
    k.description = in->description;
    kms_key_save(c, &k);
    return NULL;
}

static err set_enabled(struct call *c, str key_id, bool enabled) {
    struct kms_key k;
    TRY(kms_key_open_own(c, key_id, &k));
    if (k.state != KEY_ENABLED && k.state != KEY_DISABLED) TRY(kms_key_check_state(c, &k));
    k.state = enabled ? KEY_ENABLED : KEY_DISABLED;
    kms_key_save(c, &k);
    if (enabled) kms_rotation_set_timer(c, &k); /* what fell due meanwhile happens now */
    return NULL;
}

err kms_enable_key(struct call *c, const struct kms_enable_key_request *in, struct wire_unit *out) {
    (void)out;
    return set_enabled(c, in->key_id, true);
}

err kms_disable_key(struct call *c, const struct kms_disable_key_request *in, struct wire_unit *out) {
    (void)out;
    return set_enabled(c, in->key_id, false);
}

/* ---- deletion ---- */

static void begin_window(struct call *c, struct kms_key *k) {
    k->state = KEY_PENDING_DELETION;
    k->deletion_ms = c->now_ms + k->deletion_days * DAY_MS;
    kms_key_save(c, k);
    txn_task_set(c->txn, &(struct task){.kind = S("kms-delete"), .key = kms_key_timer(c, k), .due_ms = k->deletion_ms});
}

err kms_schedule_key_deletion(struct call *c, const struct kms_schedule_key_deletion_request *in, struct kms_schedule_key_deletion_response *out) {
    struct kms_key k;
    struct kms_family f;
    TRY(kms_key_open_own(c, in->key_id, &k));
    TRY(kms_key_check_not_pending(c, &k));
    k.deletion_days = in->pending_window_in_days.set ? in->pending_window_in_days.v : 30;
    if (k.deletion_days < 7 || k.deletion_days > 30) return fail(c, &cloud_validation, "PendingWindowInDays must be between 7 and 30 inclusive.");
    if (kms_family_load(c, &k, &f) && str_eq(f.primary, k.region) && f.replicas.n) {
        k.state = KEY_PENDING_REPLICA_DELETION; /* its window begins when the last replica is gone */
        kms_key_save(c, &k);
        out->key_state = S("PendingReplicaDeletion");
    } else {
        begin_window(c, &k);
        out->key_state = S("PendingDeletion");
        out->deletion_date = SOME_TIME(k.deletion_ms);
    }
    out->key_id = k.arn;
    out->pending_window_in_days = SOME_I32((i32)k.deletion_days);
    return NULL;
}

err kms_cancel_key_deletion(struct call *c, const struct kms_cancel_key_deletion_request *in, struct kms_cancel_key_deletion_response *out) {
    struct kms_key k;
    struct kms_material m;
    TRY(kms_key_open_own(c, in->key_id, &k));
    if (!(k.state == KEY_PENDING_DELETION || k.state == KEY_PENDING_REPLICA_DELETION))
        return fail(c, &kms_kms_invalid_state_exception, "%.*s is not pending deletion.", STR_ARGS(k.arn));
    bool material = kms_material_current(c, &k, &m) && m.sealed.n;
    k.state = material ? KEY_DISABLED : KEY_PENDING_IMPORT;
    k.deletion_ms = k.deletion_days = 0;
    kms_key_save(c, &k);
    txn_task_cancel(c->txn, S("kms-delete"), kms_key_timer(c, &k));
    out->key_id = k.arn;
    return NULL;
}

/* ---- the timer: aliases and grants first, some a slice, then the key and its material ---- */

static void primary_may_follow(struct call *c, const struct kms_key *gone) {
    struct kms_family f;
    struct kms_key primary;
    if (!kms_family_load(c, gone, &f) || f.replicas.n || !kms_key_load(c->txn, c->arena, gone->account, f.primary, gone->id, &primary)) return;
    if (primary.state == KEY_PENDING_REPLICA_DELETION) begin_window(c, &primary);
}

static err delete_key(struct txn *t, const struct task *task, i64 now_ms) {
    enum { SLICE = 200 };
    struct arena *a = txn_arena(t);
    struct kms_key k;
    struct kms_family f;
    str row;
    if (!txn_get(t, task->key, &row)) return NULL;
    kms_key_read_row(a, task->key, arena_str(a, row), &k);
    if (k.state != KEY_PENDING_DELETION) return NULL;
    struct call *c = call_for_task(t, &kms_service, k.account, k.region, now_ms);
    if (kms_aliases_forget(c, &k, SLICE) == SLICE || kms_grants_forget(c, &k, SLICE) == SLICE) {
        txn_task_set(t, task); /* there is more */
        return NULL;
    }
    kms_deletion_of_replica(c, &k);
    if (!kms_family_load(c, &k, &f) || str_eq(k.origin, S("EXTERNAL"))) kms_material_forget(t, a, &k, UINT32_MAX);
    primary_may_follow(c, &k);
    txn_delete(t, task->key);
    txn_task_cancel(t, S("kms-rotate"), task->key);
    txn_task_cancel(t, S("kms-expire"), task->key);
    txn_task_cancel(t, S("kms-used"), task->key);
    kms_usage_forget(c, &k);
    kms_key_event(c, &k, "KMS CMK Deletion");
    registry_remove(c, k.arn);
    txn_raise_epoch(t);
    return NULL;
}

static err rotate_key(struct txn *t, const struct task *task, i64 now_ms) {
    struct kms_key k;
    str row;
    if (!txn_get(t, task->key, &row)) return NULL;
    kms_key_read_row(txn_arena(t), task->key, arena_str(txn_arena(t), row), &k);
    struct call *c = call_for_task(t, &kms_service, k.account, k.region, now_ms);
    return c->cloud ? kms_rotate_due(c, &k) : &store_unavailable; /* not open yet: later */
}

static err expire_material(struct txn *t, const struct task *task, i64 now_ms) {
    struct kms_key k;
    str row;
    if (!txn_get(t, task->key, &row)) return NULL;
    kms_key_read_row(txn_arena(t), task->key, arena_str(txn_arena(t), row), &k);
    kms_import_expire(call_for_task(t, &kms_service, k.account, k.region, now_ms), &k);
    return NULL;
}

const struct task_kind kms_task_kinds[] = {
    {.name = "kms-delete", .run = delete_key},
    {.name = "kms-rotate", .run = rotate_key},
    {.name = "kms-expire", .run = expire_material},
    {.name = "kms-used", .run = kms_usage_write},
    {0},
};
