/* Rotation: a key gets new material and keeps the old, so that what was encrypted stays readable. By itself
 * once a period, on the cloud's clock, or on demand. */
#include "kms.h"

enum { PERIOD_DAYS = 365 };

/* The current material gives way; `next` is stored behind it, or was there, waiting. */
static void rotate(struct call *c, const struct kms_key *k, struct kms_material *next, enum rotation_type type) {
    struct kms_material before;
    if (kms_material_current(c, k, &before)) {
        before.state = MATERIAL_NON_CURRENT;
        kms_material_put(c, k, &before);
    }
    next->state = MATERIAL_CURRENT;
    next->rotation = type;
    next->since_ms = c->now_ms;
    kms_material_put(c, k, next);
    kms_key_event(c, k, "KMS CMK Rotation");
}

err kms_rotate_due(struct call *c, struct kms_key *k) {
    str public;
    if (!k->rotates || k->state != KEY_ENABLED) return NULL; /* enabled again it is due at once */
    struct kms_material m = kms_material_new(c, k, &public);
    rotate(c, k, &m, ROTATION_AUTOMATIC);
    k->next_rotation_ms = c->now_ms + k->rotation_days * DAY_MS;
    kms_key_save(c, k);
    kms_rotation_set_timer(c, k);
    return NULL;
}

/* ---- who can be rotated ---- */

static err check_symmetric(struct call *c, const struct kms_key *k) {
    return str_eq(k->spec, S("SYMMETRIC_DEFAULT")) ? NULL : &kms_unsupported_operation_exception;
}

static err check_rotatable(struct call *c, const struct kms_key *k) {
    TRY(check_symmetric(c, k));
    TRY(kms_key_check_origin(c, k, "AWS_KMS"));
    TRY(kms_key_check_state(c, k));
    if (kms_key_is_primary(c, k)) return NULL;
    return fail(c, &kms_unsupported_operation_exception, "%.*s is a multi-region replica key: rotation is set on the primary key.", STR_ARGS(k->arn));
}

err kms_enable_key_rotation(struct call *c, const struct kms_enable_key_rotation_request *in, struct wire_unit *out) {
    (void)out;
    struct kms_key k;
    TRY(kms_key_open_own(c, in->key_id, &k));
    TRY(check_rotatable(c, &k));
    i64 days = in->rotation_period_in_days.set ? in->rotation_period_in_days.v : k.rotation_days ? k.rotation_days : PERIOD_DAYS;
    if (!k.rotates || days != k.rotation_days) k.next_rotation_ms = c->now_ms + days * DAY_MS;
    k.rotates = true;
    k.rotation_days = days;
    kms_key_save(c, &k);
    kms_rotation_set_timer(c, &k);
    return NULL;
}

err kms_disable_key_rotation(struct call *c, const struct kms_disable_key_rotation_request *in, struct wire_unit *out) {
    (void)out;
    struct kms_key k;
    TRY(kms_key_open_own(c, in->key_id, &k));
    TRY(check_rotatable(c, &k));
    k.rotates = false;
    k.rotation_days = 0;
    kms_key_save(c, &k);
    kms_rotation_set_timer(c, &k);
    return NULL;
}

/* False of keys that cannot be rotated; a disabled key's stays as it is, though nothing rotates. */
err kms_get_key_rotation_status(struct call *c, const struct kms_get_key_rotation_status_request *in, struct kms_get_key_rotation_status_response *out) {
    struct kms_key k;
    TRY(kms_key_open(c, in->key_id, OPEN_FOREIGN, &k));
    struct kms_key home = kms_rotation_home(c, &k);
    bool rotates = home.rotates && k.state != KEY_PENDING_DELETION && k.state != KEY_PENDING_REPLICA_DELETION;
    out->key_id = k.id;
    out->key_rotation_enabled = SOME_BOOL(rotates);
    if (rotates) {
        out->rotation_period_in_days = SOME_I32((i32)home.rotation_days);
        out->next_rotation_date = SOME_TIME(home.next_rotation_ms);
    }
    return NULL;
}

/* ---- RotateKeyOnDemand ---- */

static bool find_waiting(struct call *c, const struct kms_key *k, struct kms_material *m) {
    struct range r = kms_material_range(c, k);
    while (kms_material_next(&r, c->arena, m))
        if (m->state == MATERIAL_PENDING_ROTATION && m->sealed.n) return true;
    return false;
}

err kms_rotate_key_on_demand(struct call *c, const struct kms_rotate_key_on_demand_request *in, struct kms_rotate_key_on_demand_response *out) {
    enum { ON_DEMAND_MAX = 25 };
    struct kms_key k;
    struct kms_material next;
    str public;
    TRY(kms_key_open_own(c, in->key_id, &k));
    TRY(check_symmetric(c, &k));
    TRY(kms_key_check_state(c, &k));
    bool external = str_eq(k.origin, S("EXTERNAL"));
    if (!kms_key_is_primary(c, &k))
        return fail(c, &kms_unsupported_operation_exception, "%.*s is a multi-region replica key: rotation is set on the primary key.", STR_ARGS(k.arn));
    if (k.rotated_on_demand >= quota(c, S("on-demand-rotations"), ON_DEMAND_MAX))
        return fail(c, &kms_limit_exceeded_exception,
                    "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: %.*s",
                    STR_ARGS(k.arn));
    if (external && !find_waiting(c, &k, &next))
        return fail(c, &kms_kms_invalid_state_exception, "No available key material pending rotation for the key: %.*s.", STR_ARGS(k.arn));
    if (!external) next = kms_material_new(c, &k, &public);
    rotate(c, &k, &next, ROTATION_ON_DEMAND);
    k.rotated_on_demand++;
    kms_key_save(c, &k);
    out->key_id = k.arn;
    return NULL;
}

/* ---- ListKeyRotations ---- */

static struct kms_rotations_list_entry entry_of(const struct kms_key *k, const struct kms_material *m) {
    static const char *const states[] = {"CURRENT", "NON_CURRENT", "PENDING_ROTATION"};
    struct kms_rotations_list_entry entry = {.key_id = k->id, .key_material_id = m->id, .key_material_state = str_of(states[m->state])};
    if (str_eq(k->origin, S("EXTERNAL"))) {
        entry.key_material_description = m->description;
        entry.import_state = m->sealed.n ? S("IMPORTED") : S("PENDING_IMPORT");
        entry.expiration_model = m->expires_ms ? S("KEY_MATERIAL_EXPIRES") : S("KEY_MATERIAL_DOES_NOT_EXPIRE");
        if (m->expires_ms) entry.valid_to = SOME_TIME(m->expires_ms);
    }
    if (m->rotation == ROTATION_NONE) return entry;
    entry.rotation_date = SOME_TIME(m->since_ms);
    entry.rotation_type = m->rotation == ROTATION_AUTOMATIC ? S("AUTOMATIC") : S("ON_DEMAND");
    return entry;
}

err kms_list_key_rotations(struct call *c, const struct kms_list_key_rotations_request *in, struct kms_list_key_rotations_response *out) {
    struct kms_key k;
    struct kms_page p;
    struct kms_material m;
    str key, row;
    TRY(kms_key_open(c, in->key_id, OPEN_FOREIGN, &k));
    TRY(check_symmetric(c, &k));
    bool all = str_eq(in->include_key_material, S("ALL_KEY_MATERIAL"));
    TRY(kms_page_open(c, kms_material_range(c, &k).from, in->limit, 100, in->marker, &p));
    out->rotations.v = NEW_ARRAY(c->arena, struct kms_rotations_list_entry, p.limit);
    out->rotations.set = true;
    while (kms_page_next(&p, &key, &row)) {
        m = (struct kms_material){0};
        ASSERT(record_decode(c->arena, &kms_material_record, row, &m));
        if (all || m.rotation != ROTATION_NONE) out->rotations.v[out->rotations.n++] = entry_of(&k, &m);
        else kms_page_skip(&p);
    }
    kms_page_close(&p, &out->next_marker, &out->truncated);
    return NULL;
}
