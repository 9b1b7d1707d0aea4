/* Endpoints of platform applications: one app on one device, found by its token. A push goes into the local outbox; a
 * device that was stopped there takes none, and its endpoint is disabled, as AWS does when a push service says so. */
#include "sns.h"

#include "cloud/outbound.h"
#include "text/json.h"

enum { SWEEP = 200, DATA_MAX = 2048, TOKEN_MAX = 800 };

struct device {
    str token, user_data;
    bool disabled;
    str id; /* from the key */
};
static const struct record_field fields[] = {RECORD_STR(1, struct device, token), RECORD_STR(2, struct device, user_data), RECORD_BOOL(3, struct device, disabled)};
static const struct record_type device_record = RECORD_TYPE(struct device, fields);

static struct key key_of(struct arena *a, u64 platform, str id) {
    struct key k = key_new(a, S("sns-device"));
    key_u64(&k, platform);
    if (id.p) key_str(&k, id);
    return k;
}

static struct key by_token(struct arena *a, u64 platform, str token) {
    struct key k = key_new(a, S("sns-device-token"));
    key_u64(&k, platform);
    key_str(&k, token);
    return k;
}

static bool load(struct call *c, u64 platform, str id, struct device *d) {
    struct key k = key_of(c->arena, platform, id);
    str row;
    *d = (struct device){0};
    if (id.n > 64 || !txn_get(c->txn, key_bytes(&k), &row)) return false;
    ASSERT(record_decode(c->arena, &device_record, arena_str(c->arena, row), d));
    d->id = id;
    return true;
}

static void save(struct call *c, const struct platform *p, const struct device *d) {
    struct key k = key_of(c->arena, p->id, d->id), token = by_token(c->arena, p->id, d->token);
    txn_put(c->txn, key_bytes(&k), record_encode(c->arena, &device_record, d));
    txn_put(c->txn, key_bytes(&token), d->id);
}

static str arn_of_device(struct call *c, const struct platform *p, const struct device *d) {
    return arn_of(c, S("sns"), arena_format(c->arena, "endpoint/%.*s/%.*s/%.*s", STR_ARGS(p->kind), STR_ARGS(p->name), STR_ARGS(d->id)));
}

/* False: no such form of an ARN. */
static bool parts(str resource, str *kind, str *name, str *id) {
    *id = resource;
    str type = str_cut(id, '/');
    *kind = id->p ? str_cut(id, '/') : (str){0};
    *name = id->p ? str_cut(id, '/') : (str){0};
    return str_eq(type, S("endpoint")) && id->p && str_find_char(*id, '/') == STR_NONE;
}

static bool find(struct call *c, const struct arn *arn, struct platform *p, struct device *d) {
    str kind, name, id;
    bool here = str_eq(arn->region, c->region) && str_eq(arn->account, c->account) && parts(arn->resource, &kind, &name, &id);
    return here && platform_load(c->txn, c->arena, arn->account, arn->region, kind, name, p) && load(c, p->id, id, d);
}

static err open(struct call *c, str text, struct platform *p, struct device *d) {
    struct arn arn;
    str kind, name, id;
    TRY(arn_check(c, "EndpointArn", text, &arn));
    if (!parts(arn.resource, &kind, &name, &id)) return invalid_parameter(c, "EndpointArn Reason: Wrong number of slashes in relative portion of the ARN.");
    return find(c, &arn, p, d) ? NULL : fail(c, &sns_not_found_exception, "Endpoint does not exist");
}

/* ---- attributes ---- */

static err apply(struct call *c, struct device *d, const struct sns_map_string_to_string *given) {
    for (u32 i = 0; i < given->n; i++) {
        str name = given->v[i].key, value = given->v[i].value;
        bool enabled = str_eq_nocase(value, S("true")), data = str_eq(name, S("CustomUserData")), token = str_eq(name, S("Token"));
        if (!data && !token && !str_eq(name, S("Enabled")))
            return fail(c, &sns_invalid_parameter_exception, "Invalid parameter: Attributes Reason: Invalid attribute name: %.*s", STR_ARGS(name));
        if (data && value.n > DATA_MAX)
            return invalid_parameter(c, "Attributes Reason: Invalid value for attribute: CustomUserData: must be at most 2048 bytes long in UTF-8 encoding");
        if (token && (!value.n || value.n > TOKEN_MAX)) return invalid_parameter(c, "Attributes Reason: Invalid value for attribute: Token: must have 1 to 800 bytes");
        if (!data && !token && !enabled && !str_eq_nocase(value, S("false"))) return invalid_parameter(c, "Attributes Reason: Invalid value for attribute: Enabled: must be true or false");
        if (data) d->user_data = value.n ? value : (str){0};
        else if (token) d->token = value;
        else d->disabled = !enabled;
    }
    return NULL;
}

static struct sns_map_string_to_string shown(struct arena *a, const struct device *d) {
    struct sns_map_string_to_string map = {.v = NEW_ARRAY(a, struct sns_map_string_to_string_entry, 3), .set = true};
    if (d->user_data.p) map.v[map.n++] = (struct sns_map_string_to_string_entry){S("CustomUserData"), d->user_data};
    map.v[map.n++] = (struct sns_map_string_to_string_entry){S("Enabled"), d->disabled ? S("false") : S("true")};
    map.v[map.n++] = (struct sns_map_string_to_string_entry){S("Token"), d->token};
    return map;
}

/* ---- operations ---- */

err sns_create_platform_endpoint(struct call *c, const struct sns_create_platform_endpoint_input *in, struct sns_create_endpoint_response *out) {
    struct platform p;
    struct device d = {.token = in->token, .user_data = in->custom_user_data.n ? in->custom_user_data : (str){0}}, there;
    str id;
    TRY(platform_find(c, "PlatformApplicationArn", in->platform_application_arn, &p));
    if (!in->token.n || in->token.n > TOKEN_MAX) return invalid_parameter(c, "Token Reason: must have 1 to 800 bytes");
    if (in->custom_user_data.n > DATA_MAX)
        return invalid_parameter(c, "CustomUserData Reason: must be at most 2048 bytes long in UTF-8 encoding");
    TRY(apply(c, &d, &in->attributes));
    if (in->custom_user_data.n) d.user_data = in->custom_user_data; /* before that of the attributes */
    struct key token = by_token(c->arena, p.id, d.token);
    if (txn_get(c->txn, key_bytes(&token), &id) && load(c, p.id, arena_str(c->arena, id), &there)) {
        str arn = arn_of_device(c, &p, &there);
        if (!str_eq(there.user_data, d.user_data) || there.disabled != d.disabled)
            return fail(c, &sns_invalid_parameter_exception, "Invalid parameter: Token Reason: Endpoint %.*s already exists with the same Token, but different attributes.", STR_ARGS(arn));
        out->endpoint_arn = arn;
        return NULL;
    }
    d.id = id_uuid(c->arena);
    save(c, &p, &d);
    out->endpoint_arn = arn_of_device(c, &p, &d);
    platform_event(c, &p, "EndpointCreated", out->endpoint_arn);
    return NULL;
}

err sns_delete_endpoint(struct call *c, const struct sns_delete_endpoint_input *in, struct wire_unit *out) {
    struct platform p;
    struct device d;
    (void)out;
    err e = open(c, in->endpoint_arn, &p, &d);
    if (e == &sns_not_found_exception) return NULL;
    if (e) return e;
    struct key k = key_of(c->arena, p.id, d.id), token = by_token(c->arena, p.id, d.token);
    txn_delete(c->txn, key_bytes(&k));
    txn_delete(c->txn, key_bytes(&token));
    platform_event(c, &p, "EndpointDeleted", in->endpoint_arn);
    return NULL;
}

err sns_get_endpoint_attributes(struct call *c, const struct sns_get_endpoint_attributes_input *in, struct sns_get_endpoint_attributes_response *out) {
    struct platform p;
    struct device d;
    TRY(open(c, in->endpoint_arn, &p, &d));
    out->attributes = shown(c->arena, &d);
    return NULL;
}

err sns_set_endpoint_attributes(struct call *c, const struct sns_set_endpoint_attributes_input *in, struct wire_unit *out) {
    struct platform p;
    struct device d;
    str other;
    (void)out;
    TRY(open(c, in->endpoint_arn, &p, &d));
    struct key old = by_token(c->arena, p.id, d.token);
    TRY(apply(c, &d, &in->attributes));
    struct key token = by_token(c->arena, p.id, d.token);
    if (txn_get(c->txn, key_bytes(&token), &other) && !str_eq(other, d.id)) return invalid_parameter(c, "Token Reason: Another endpoint has this token.");
    txn_delete(c->txn, key_bytes(&old));
    save(c, &p, &d);
    platform_event(c, &p, "EndpointUpdated", in->endpoint_arn);
    return NULL;
}

err sns_list_endpoints_by_platform_application(struct call *c, const struct sns_list_endpoints_by_platform_application_input *in,
                                               struct sns_list_endpoints_by_platform_application_response *out) {
    struct platform p;
    str position = {0}, key, row;
    TRY(platform_find(c, "PlatformApplicationArn", in->platform_application_arn, &p));
    if (in->next_token.p && !page_position(c, in->next_token, &position)) return invalid_parameter(c, "NextToken");
    struct key all = key_of(c->arena, p.id, (str){0}), from = key_of(c->arena, p.id, position);
    str prefix = key_bytes(&all);
    struct range r = txn_range(c->txn, key_bytes(&from), key_after_prefix(c->arena, prefix));
    out->endpoints.v = NEW_ARRAY(c->arena, struct sns_endpoint, PAGE);
    out->endpoints.set = true;
    while (range_next(&r, &key, &row)) {
        struct device d = {0};
        str rest = str_skip(arena_str(c->arena, key), prefix.n);
        ASSERT(record_decode(c->arena, &device_record, arena_str(c->arena, row), &d) && key_read_str(&rest, c->arena, &d.id));
        if (out->endpoints.n == PAGE) {
            out->next_token = page_token(c, d.id);
            break;
        }
        out->endpoints.v[out->endpoints.n++] = (struct sns_endpoint){arn_of_device(c, &p, &d), shown(c->arena, &d)};
    }
    return NULL;
}

err device_sweep(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    u64 platform;
    str key, row;
    int n = 0;
    (void)now_ms;
    ASSERT(str_to_u64(task->key, &platform));
    struct key k = key_of(a, platform, (str){0});
    struct range r = txn_range(t, key_bytes(&k), key_after_prefix(a, key_bytes(&k)));
    for (; n < SWEEP && range_next(&r, &key, &row); n++) {
        struct device d = {0};
        key = arena_str(a, key);
        ASSERT(record_decode(a, &device_record, arena_str(a, row), &d));
        struct key token = by_token(a, platform, d.token);
        txn_delete(t, key_bytes(&token));
        txn_delete(t, key);
    }
    if (n == SWEEP) txn_task_set(t, &(struct task){.kind = task->kind, .key = task->key});
    return NULL;
}

/* ---- pushing ---- */

/* What the push service gets: the message's own text for it, or the plain one in its form. */
static str payload(struct call *c, const struct platform *p, const struct message *m) {
    const struct variant *v = message_variant(m, p->kind);
    if (v->protocol.p) return v->text;
    bool apple = str_starts(p->kind, S("APNS")) || str_starts(p->kind, S("MACOS"));
    struct buf b = buf_new(c->arena, 2 * MESSAGE_MAX);
    json_write_object(&b);
    json_write_key(&b, apple ? S("aps") : S("data"));
    json_write_object(&b);
    json_write_member(&b, apple ? S("alert") : S("default"), v->text);
    json_write_object_end(&b);
    json_write_object_end(&b);
    return buf_str(&b);
}

static bool push(struct call *c, const struct platform *p, struct device *d, const struct message *m) {
    bool reached = !outbound_is_stopped(c, d->token);
    str arn = arn_of_device(c, p, d);
    outbound_put(c, &(struct outbound){.kind = S("push"), .from = platform_arn(c, p), .to = d->token, .subject = m->subject, .body = payload(c, p, m),
                                       .outcome = reached ? S("delivered") : S("The device is not registered"), .id = m->id,
                                       .details = arena_format(c->arena, "{\"platform\":\"%.*s\",\"endpoint\":\"%.*s\"}", STR_ARGS(p->kind), STR_ARGS(arn))});
    count_metric(c, reached ? S("NumberOfNotificationsDelivered") : S("NumberOfNotificationsFailed"), S("Application"), p->name, 1, S("Count"));
    if (reached) return true;
    d->disabled = true;
    save(c, p, d);
    platform_event(c, p, "DeliveryFailure", arn);
    return false;
}

err device_check(struct call *c, str text) {
    struct arn arn;
    struct platform p;
    struct device d;
    if (!arn_parse(text, &arn) || !str_eq(arn.service, S("sns"))) return invalid_parameter(c, "Application endpoint arn invalid");
    if (find(c, &arn, &p, &d)) return NULL;
    return fail(c, &sns_invalid_parameter_exception, "Invalid parameter: Endpoint Reason: Endpoint does not exist for endpoint %.*s", STR_ARGS(text));
}

static bool is_enabled(const struct platform *p) { return !str_eq(platform_attribute(p, S("Enabled")), S("false")); }

err device_publish(struct call *c, const struct sns_publish_input *in, struct sns_publish_response *out) {
    struct topic nowhere = {0};
    struct publication publication = {in->message, in->subject, in->message_structure, (str){0}, (str){0}, &in->message_attributes};
    struct platform p;
    struct device d;
    struct message m;
    struct arn arn;
    TRY(arn_check(c, "TargetArn", in->target_arn, &arn));
    if (!find(c, &arn, &p, &d)) return invalid_parameter(c, "TargetArn Reason: No endpoint found for the target arn specified");
    if (!is_enabled(&p)) return fail(c, &sns_platform_application_disabled_exception, "Platform application is disabled");
    if (d.disabled) return fail(c, &sns_endpoint_disabled_exception, "Endpoint is disabled");
    TRY(publication_check(c, &nowhere, &publication));
    message_make(c, &nowhere, &publication, &m);
    (void)push(c, &p, &d, &m);
    out->message_id = m.id;
    return NULL;
}

bool device_push(struct call *c, str text, const struct message *m) {
    struct arn arn;
    struct platform p;
    struct device d;
    return arn_parse(text, &arn) && find(c, &arn, &p, &d) && is_enabled(&p) && !d.disabled && push(c, &p, &d, m);
}
