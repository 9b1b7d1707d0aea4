/* Virtual MFA devices: a seed, the codes that follow from it and from the wall clock (RFC 6238), and the user
 * whom the device belongs to. FIDO keys and hardware tokens need the thing itself: there are none. */
#include "iam.h"

#include "crypto/crypto.h"
#include "crypto/password.h"
#include "engine/qrcode.h"

enum { DEVICES_PER_USER = 8, SEED = 40 /* bytes: 64 digits of base32, as AWS's */, WINDOW = 1, WINDOW_NEW = 20 };

static str device_key(const struct realm *r, str serial) { return realm_key(r, "mfa", serial, (str){0}); }

bool mfa_load(const struct realm *r, str serial, struct mfa *device) {
    str value;
    if (!txn_get(r->txn, device_key(r, serial), &value)) return false;
    *device = (struct mfa){0};
    ASSERT(record_decode(r->arena, &mfa_record, arena_str(r->arena, value), device));
    device->serial = serial;
    return true;
}

static void save(const struct realm *r, const struct mfa *device) {
    txn_put(r->txn, device_key(r, device->serial), record_encode(r->arena, &mfa_record, device));
}

static str purpose_of(struct arena *a, str serial) { return arena_concat(a, S("mfa "), serial); }

static err device_open(struct call *c, str serial, struct mfa *device) {
    struct realm r = realm_of(c);
    if (mfa_load(&r, serial, device)) return NULL;
    return fail(c, &iam_no_such_entity_exception, "VirtualMFADevice with serial number %.*s doesn't exist.", STR_ARGS(serial));
}

/* ---- codes ---- */

static str seed_of(const struct realm *r, const struct mfa *device) {
    str seed;
    ASSERT(secret_open(r->txn, r->arena, r->account, purpose_of(r->arena, device->serial), device->seed, &seed));
    return seed;
}

static u64 step_now(void) { return (u64)(wall_now_ms() / TOTP_STEP_MS); }

/* Two codes that follow each other, somewhere near now: tells also how far the device's clock is off. */
static bool codes_follow(const struct realm *r, struct mfa *device, str first, str second) {
    str seed = seed_of(r, device);
    u64 one, two, now = step_now();
    if (!str_to_u64(first, &one) || !str_to_u64(second, &two)) return false;
    for (u64 step = now - WINDOW_NEW; step <= now + WINDOW_NEW; step++) {
        if (totp_code(seed, step) != one || totp_code(seed, step + 1) != two) continue;
        device->last_step = step + 1;
        device->drift = (i64)(step + 1) - (i64)now;
        return true;
    }
    return false;
}

/* A code of the present, not one that was used. */
static bool code_counts(const struct realm *r, struct mfa *device, str code) {
    str seed = seed_of(r, device);
    u64 number, now = step_now() + (u64)device->drift;
    if (code.n != 6 || !str_to_u64(code, &number)) return false;
    for (u64 step = now + WINDOW; step >= now - WINDOW; step--) {
        if (step <= device->last_step || totp_code(seed, step) != number) continue;
        device->last_step = step;
        return true;
    }
    return false;
}

/* The root's own devices stand under this id. DIFFERS: the root enables one by the API, under the user name
 * "root" (unless a user has that name); AWS lets it be done in the console alone. */
static const str root_id = {"root", 4};

static bool is_root_itself(const struct call *c, str user_name) {
    return c->principal->kind == PRINCIPAL_ROOT && str_eq(user_name, root_id);
}

static err owner_open(struct call *c, str user_name, struct entity *e) {
    err failure = entity_open(c, ENTITY_USER, user_name, e);
    if (!failure || !is_root_itself(c, user_name)) return failure;
    *e = (struct entity){.id = root_id, .name = root_id};
    return NULL;
}

bool iam_mfa_check(struct txn *t, struct arena *a, const struct principal *p, str serial, str code) {
    struct realm r = {t, a, p->account};
    struct mfa device;
    str owner = p->kind == PRINCIPAL_ROOT ? root_id : p->kind == PRINCIPAL_USER ? p->user_id : (str){0};
    if (!owner.p || !mfa_load(&r, serial, &device) || !str_eq(device.user_id, owner)) return false;
    if (!code_counts(&r, &device, code)) return false;
    save(&r, &device);
    return true;
}

/* ---- devices ---- */

static str base32(struct arena *a, str bytes) {
    struct buf b = buf_new(a, bytes.n * 2 + 8);
    u32 bits = 0, n = 0;
    for (size_t i = 0; i < bytes.n; i++) {
        bits = bits << 8 | (u8)bytes.p[i];
        for (n += 8; n >= 5; n -= 5) buf_char(&b, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[bits >> (n - 5) & 31]);
    }
    return buf_str(&b);
}

err iam_create_virtual_mfa_device(struct call *c, const struct iam_create_virtual_mfa_device_request *in,
                                  struct iam_create_virtual_mfa_device_response *out) {
    struct realm r = realm_of(c);
    struct mfa device = {.path = in->path.n ? in->path : S("/"), .name = in->virtual_mfa_device_name, .created_ms = c->now_ms}, other;
    device.serial = arena_format(c->arena, "arn:aws:iam::%.*s:mfa%.*s%.*s", STR_ARGS(c->account), STR_ARGS(device.path), STR_ARGS(device.name));
    if (mfa_load(&r, device.serial, &other))
        return fail(c, &iam_entity_already_exists_exception, "MFADevice entity at the same path and name already exists.");
    u8 seed[SEED];
    random_bytes(seed, sizeof seed);
    str plain = {(char *)seed, sizeof seed}, text = base32(c->arena, plain);
    device.seed = secret_seal(c->txn, c->arena, c->account, purpose_of(c->arena, device.serial), plain);
    explicit_bzero(seed, sizeof seed);
    registry_add(c, device.serial, S("AWS::IAM::VirtualMFADevice"));
    if (in->tags.n) TRY(tags_add(c, device.serial, "TagsPerVirtualMFADevice", &in->tags));
    save(&r, &device);
    count_add(&r, "mfa", 1);
    out->virtual_mfa_device = NEW(c->arena, struct iam_virtual_mfa_device);
    *out->virtual_mfa_device = (struct iam_virtual_mfa_device){
        .serial_number = device.serial,
        .base32_string_seed = text,
        .qr_code_png = qrcode_png(c->arena, arena_format(c->arena, "otpauth://totp/%.*s@%.*s?secret=%.*s", STR_ARGS(device.name),
                                                         STR_ARGS(c->account), STR_ARGS(text))),
        .tags = tags_shown(c, device.serial),
    };
    return NULL;
}

err iam_delete_virtual_mfa_device(struct call *c, const struct iam_delete_virtual_mfa_device_request *in, struct wire_unit *out) {
    (void)out;
    struct realm r = realm_of(c);
    struct mfa device;
    TRY(device_open(c, in->serial_number, &device));
    if (device.user_id.p) return fail(c, &iam_delete_conflict_exception, "MFA VirtualDevice in use. Must deactivate first.");
    txn_delete(c->txn, device_key(&r, device.serial));
    registry_remove(c, device.serial);
    count_add(&r, "mfa", -1);
    return NULL;
}

static err wrong_code(struct call *c) {
    return fail(c, &iam_invalid_authentication_code_exception, "Authentication code for device is not valid.");
}

err iam_enable_mfa_device(struct call *c, const struct iam_enable_mfa_device_request *in, struct wire_unit *out) {
    (void)out;
    struct realm r = realm_of(c);
    struct entity e;
    struct mfa device;
    TRY(owner_open(c, in->user_name, &e));
    TRY(device_open(c, in->serial_number, &device));
    if (device.user_id.p) return fail(c, &iam_entity_already_exists_exception, "MFA Device is already in use.");
    TRY(quota_check(c, "MFADevicesPerUser", DEVICES_PER_USER, rows_below(&r, "mfa-of", e.id) + 1));
    if (!codes_follow(&r, &device, in->authentication_code1, in->authentication_code2)) return wrong_code(c);
    device.user_id = e.id;
    device.enabled_ms = c->now_ms;
    save(&r, &device);
    txn_put(c->txn, realm_key(&r, "mfa-of", e.id, device.serial), S(""));
    count_add(&r, "mfa-in-use", 1);
    return NULL;
}

static err device_of_user(struct call *c, str user_name, str serial, struct entity *e, struct mfa *device) {
    if (user_name.p) TRY(owner_open(c, user_name, e));
    else TRY(user_or_caller(c, user_name, e));
    if (!e->id.p) e->id = root_id; /* the root that calls */
    struct realm r = realm_of(c);
    if (mfa_load(&r, serial, device) && str_eq(device->user_id, e->id)) return NULL;
    return fail(c, &iam_no_such_entity_exception, "MFA Device invalid for user.");
}

err iam_resync_mfa_device(struct call *c, const struct iam_resync_mfa_device_request *in, struct wire_unit *out) {
    (void)out;
    struct realm r = realm_of(c);
    struct entity e;
    struct mfa device;
    TRY(device_of_user(c, in->user_name, in->serial_number, &e, &device));
    if (!codes_follow(&r, &device, in->authentication_code1, in->authentication_code2)) return wrong_code(c);
    save(&r, &device);
    return NULL;
}

err iam_deactivate_mfa_device(struct call *c, const struct iam_deactivate_mfa_device_request *in, struct wire_unit *out) {
    (void)out;
    struct realm r = realm_of(c);
    struct entity e;
    struct mfa device;
    TRY(device_of_user(c, in->user_name, in->serial_number, &e, &device));
    device.user_id = (str){0};
    device.enabled_ms = 0;
    save(&r, &device);
    txn_delete(c->txn, realm_key(&r, "mfa-of", e.id, device.serial));
    count_add(&r, "mfa-in-use", -1);
    return NULL;
}

/* ---- telling ---- */

err iam_get_mfa_device(struct call *c, const struct iam_get_mfa_device_request *in, struct iam_get_mfa_device_response *out) {
    struct realm r = realm_of(c);
    struct entity e;
    struct mfa device;
    if (in->user_name.p) TRY(device_of_user(c, in->user_name, in->serial_number, &e, &device));
    else TRY(device_open(c, in->serial_number, &device));
    out->serial_number = device.serial;
    if (!device.user_id.p) return NULL;
    if (str_eq(device.user_id, root_id)) e.name = root_id;
    else ASSERT(entity_load_by_id(&r, device.user_id, &e));
    out->user_name = e.name;
    out->enable_date = SOME_TIME(device.enabled_ms);
    return NULL;
}

err iam_list_mfa_devices(struct call *c, const struct iam_list_mfa_devices_request *in, struct iam_list_mfa_devices_response *out) {
    struct realm r = realm_of(c);
    struct entity e;
    struct page p;
    str serial, value;
    TRY(user_or_caller(c, in->user_name, &e));
    TRY(page_open(c, &p, realm_key(&r, "mfa-of", e.id.p ? e.id : S("root"), (str){0}), in->marker, in->max_items));
    out->mfa_devices = (struct iam_mfa_device_list_type){.v = NEW_ARRAY(c->arena, struct iam_mfa_device, p.max), .set = true};
    while (page_next(&p, &serial, &value)) {
        struct mfa device;
        ASSERT(mfa_load(&r, serial, &device));
        out->mfa_devices.v[out->mfa_devices.n++] = (struct iam_mfa_device){e.name, serial, SOME_TIME(device.enabled_ms)};
    }
    page_close(&p, &out->is_truncated, &out->marker);
    return NULL;
}

static struct iam_virtual_mfa_device device_shown(struct call *c, const struct mfa *device) {
    struct realm r = realm_of(c);
    struct iam_virtual_mfa_device shown = {.serial_number = device->serial};
    struct entity e;
    if (!device->user_id.p) return shown;
    if (str_eq(device->user_id, root_id)) {
        shown.enable_date = SOME_TIME(device->enabled_ms);
        shown.user = NEW(c->arena, struct iam_user);
        *shown.user = root_shown(c);
        return shown;
    }
    ASSERT(entity_load_by_id(&r, device->user_id, &e));
    shown.enable_date = SOME_TIME(device->enabled_ms);
    shown.user = NEW(c->arena, struct iam_user);
    *shown.user = user_shown(c, &e, false);
    return shown;
}

err iam_list_virtual_mfa_devices(struct call *c, const struct iam_list_virtual_mfa_devices_request *in,
                                 struct iam_list_virtual_mfa_devices_response *out) {
    struct realm r = realm_of(c);
    struct page p;
    str serial, value;
    bool assigned = str_eq(in->assignment_status, S("Assigned")), free = str_eq(in->assignment_status, S("Unassigned"));
    TRY(page_open(c, &p, realm_key(&r, "mfa", (str){0}, (str){0}), in->marker, in->max_items));
    out->virtual_mfa_devices = (struct iam_virtual_mfa_device_list_type){.v = NEW_ARRAY(c->arena, struct iam_virtual_mfa_device, p.max), .set = true};
    while (page_next(&p, &serial, &value)) {
        struct mfa device;
        ASSERT(mfa_load(&r, serial, &device));
        if ((assigned && !device.user_id.p) || (free && device.user_id.p)) page_skip(&p);
        else out->virtual_mfa_devices.v[out->virtual_mfa_devices.n++] = device_shown(c, &device);
    }
    page_close(&p, &out->is_truncated, &out->marker);
    return NULL;
}

/* ---- tags ---- */

err iam_tag_mfa_device(struct call *c, const struct iam_tag_mfa_device_request *in, struct wire_unit *out) {
    (void)out;
    struct mfa device;
    TRY(device_open(c, in->serial_number, &device));
    return tags_add(c, device.serial, "TagsPerVirtualMFADevice", &in->tags);
}

err iam_untag_mfa_device(struct call *c, const struct iam_untag_mfa_device_request *in, struct wire_unit *out) {
    (void)out;
    struct mfa device;
    TRY(device_open(c, in->serial_number, &device));
    untag_arn(c, device.serial, &in->tag_keys);
    return NULL;
}

err iam_list_mfa_device_tags(struct call *c, const struct iam_list_mfa_device_tags_request *in, struct iam_list_mfa_device_tags_response *out) {
    struct mfa device;
    TRY(device_open(c, in->serial_number, &device));
    return tags_page(c, device.serial, in->marker, in->max_items, &out->tags, &out->is_truncated, &out->marker);
}
