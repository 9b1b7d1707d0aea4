/* Platform applications: an app as a push service (Apple's, Google's, ...) knows it. What is pushed stays in the local
 * outbox; credentials are kept sealed and never shown. */
#include "sns.h"

#include "text/json.h"

static const char *const kinds[] = {"ADM", "APNS", "APNS_SANDBOX", "APNS_VOIP", "APNS_VOIP_SANDBOX", "MACOS", "MACOS_SANDBOX", "BAIDU", "FCM", "GCM", "MPNS", "WNS"};
static const char *const settable[] = {"PlatformCredential", "PlatformPrincipal", "EventEndpointCreated", "EventEndpointDeleted", "EventEndpointUpdated", "EventDeliveryFailure",
                                       "SuccessFeedbackRoleArn", "FailureFeedbackRoleArn", "SuccessFeedbackSampleRate", "Enabled", "ApplePlatformTeamID", "ApplePlatformBundleID"};
enum { SECRETS = 2 }; /* the first ones */

static const struct record_field fields[] = {RECORD_U64(1, struct platform, id), RECORD_LIST(2, struct platform, attributes, record_pair_type)};
static const struct record_type platform_record = RECORD_TYPE(struct platform, fields);

static struct key key_of(struct arena *a, str account, str region, str kind, str name) {
    struct key k = topic_key(a, account, region, S("app"), (str){0});
    if (kind.p) key_str(&k, arena_format(a, "%.*s/%.*s", STR_ARGS(kind), STR_ARGS(name)));
    return k;
}

bool platform_load(struct txn *t, struct arena *a, str account, str region, str kind, str name, struct platform *p) {
    struct key k = key_of(a, account, region, kind, name);
    str row;
    *p = (struct platform){0};
    if (!txn_get(t, key_bytes(&k), &row)) return false;
    ASSERT(record_decode(a, &platform_record, arena_str(a, row), p));
    p->kind = kind;
    p->name = name;
    return true;
}

static void save(struct call *c, const struct platform *p) {
    struct key k = key_of(c->arena, c->account, c->region, p->kind, p->name);
    txn_put(c->txn, key_bytes(&k), record_encode(c->arena, &platform_record, p));
}

str platform_arn(struct call *c, const struct platform *p) {
    return arn_of(c, S("sns"), arena_format(c->arena, "app/%.*s/%.*s", STR_ARGS(p->kind), STR_ARGS(p->name)));
}

str platform_attribute(const struct platform *p, str name) {
    for (u32 i = 0; i < p->attributes.n; i++)
        if (str_eq(p->attributes.v[i].key, name)) return p->attributes.v[i].value;
    return (str){0};
}

err platform_find(struct call *c, const char *parameter, str text, struct platform *p) {
    struct arn arn;
    TRY(arn_check(c, parameter, text, &arn));
    str name = arn.resource, type = str_cut(&name, '/'), kind = name.p ? str_cut(&name, '/') : (str){0};
    if (!str_eq(type, S("app")) || !name.p || str_find_char(name, '/') != STR_NONE)
        return invalid_parameter(c, arena_c_string(c->arena, arena_format(c->arena, "%s Reason: Wrong number of slashes in relative portion of the ARN.", parameter)));
    bool here = str_eq(arn.region, c->region) && str_eq(arn.account, c->account);
    if (here && platform_load(c->txn, c->arena, arn.account, arn.region, kind, name, p)) return NULL;
    return fail(c, &sns_not_found_exception, "PlatformApplication does not exist");
}

/* ---- attributes ---- */

static err check_name(struct call *c, str name) {
    const char *reason = name.n == 0 ? "cannot be empty" : name.n > 256 ? "must be at most 256 characters long" : NULL;
    for (size_t i = 0; !reason && i < name.n; i++) {
        char ch = name.p[i];
        bool right = ((ch | 32) >= 'a' && (ch | 32) <= 'z') || (ch >= '0' && ch <= '9') || ch == '_' || ch == '-' || ch == '.';
        if (!right) reason = "must contain only characters 'a'-'z', 'A'-'Z', '0'-'9', '_', '-', and '.'";
    }
    return reason ? fail(c, &sns_invalid_parameter_exception, "Invalid parameter: %.*s Reason: %s", STR_ARGS(name), reason) : NULL;
}

static err check_attributes(struct call *c, const struct sns_map_string_to_string *given) {
    for (u32 i = 0; i < given->n; i++) {
        str name = given->v[i].key, value = given->v[i].value;
        size_t known = 0;
        double rate;
        while (known < LENGTH(settable) && !str_eq(name, str_of(settable[known]))) known++;
        if (known == LENGTH(settable)) return fail(c, &sns_invalid_parameter_exception, "Invalid parameter: Attributes Reason: Invalid attribute name: %.*s", STR_ARGS(name));
        bool flag = !str_eq(name, S("Enabled")) || str_eq(value, S("true")) || str_eq(value, S("false"));
        bool sample = !str_eq(name, S("SuccessFeedbackSampleRate")) || (str_to_f64(value, &rate) && rate >= 0 && rate <= 100);
        if (!flag || !sample) return fail(c, &sns_invalid_parameter_exception, "Invalid parameter: Attributes Reason: Invalid value for attribute: %.*s", STR_ARGS(name));
    }
    return NULL;
}

struct record_pairs pairs_merge(struct arena *a, const struct record_pairs *now, const struct sns_map_string_to_string *given) {
    struct record_pairs all = {NEW_ARRAY(a, struct record_pair, now->n + given->n + 1), now->n, true};
    if (now->n) memcpy(all.v, now->v, now->n * sizeof *all.v);
    for (u32 i = 0; i < given->n; i++) {
        u32 at = 0;
        while (at < all.n && !str_eq(all.v[at].key, given->v[i].key)) at++;
        all.v[at] = (struct record_pair){given->v[i].key, given->v[i].value};
        all.n = MAX(all.n, at + 1);
    }
    return all;
}

static void seal_secrets(struct call *c, struct platform *p, const struct sns_map_string_to_string *given) {
    for (u32 i = 0; i < p->attributes.n; i++)
        for (u32 s = 0; s < SECRETS; s++)
            for (u32 g = 0; g < given->n; g++)
                if (str_eq(p->attributes.v[i].key, str_of(settable[s])) && str_eq(given->v[g].key, p->attributes.v[i].key))
                    p->attributes.v[i].value = secret_seal(c->txn, c->arena, c->account, S("sns-platform"), given->v[g].value);
}

static struct sns_map_string_to_string shown(struct arena *a, const struct platform *p) {
    struct sns_map_string_to_string map = {.v = NEW_ARRAY(a, struct sns_map_string_to_string_entry, p->attributes.n + 1), .set = true};
    for (u32 i = 0; i < p->attributes.n; i++) {
        const struct record_pair *pair = &p->attributes.v[i];
        bool secret = str_eq(pair->key, str_of(settable[0])) || str_eq(pair->key, str_of(settable[1]));
        if (!secret) map.v[map.n++] = (struct sns_map_string_to_string_entry){pair->key, pair->value};
    }
    return map;
}

/* ---- operations ---- */

err sns_create_platform_application(struct call *c, const struct sns_create_platform_application_input *in, struct sns_create_platform_application_response *out) {
    struct platform p;
    size_t known = 0;
    TRY(check_name(c, in->name));
    while (known < LENGTH(kinds) && !str_eq(in->platform, str_of(kinds[known]))) known++;
    if (known == LENGTH(kinds)) return fail(c, &sns_invalid_parameter_exception, "Invalid parameter: Platform Reason: %.*s is not supported", STR_ARGS(in->platform));
    TRY(check_attributes(c, &in->attributes));
    bool there = platform_load(c->txn, c->arena, c->account, c->region, in->platform, in->name, &p), credential = false;
    for (u32 i = 0; i < in->attributes.n; i++) credential |= str_eq(in->attributes.v[i].key, S("PlatformCredential")) && in->attributes.v[i].value.n;
    if (!credential) return invalid_parameter(c, "Attributes Reason: Invalid value for attribute: PlatformCredential: cannot be empty");
    if (!there) {
        static const struct record_pair enabled = {{"Enabled", 7}, {"true", 4}};
        p = (struct platform){.id = txn_sequence(c->txn), .kind = in->platform, .name = in->name, .attributes = {.v = NEW(c->arena, struct record_pair), .n = 1, .set = true}};
        p.attributes.v[0] = enabled;
        registry_add(c, platform_arn(c, &p), S("AWS::SNS::PlatformApplication"));
    }
    p.attributes = pairs_merge(c->arena, &p.attributes, &in->attributes);
    seal_secrets(c, &p, &in->attributes);
    save(c, &p);
    out->platform_application_arn = platform_arn(c, &p);
    return NULL;
}

err sns_delete_platform_application(struct call *c, const struct sns_delete_platform_application_input *in, struct wire_unit *out) {
    struct platform p;
    (void)out;
    err e = platform_find(c, "PlatformApplicationArn", in->platform_application_arn, &p);
    if (e == &sns_not_found_exception) return NULL;
    if (e) return e;
    struct key k = key_of(c->arena, c->account, c->region, p.kind, p.name);
    txn_delete(c->txn, key_bytes(&k));
    registry_remove(c, platform_arn(c, &p));
    txn_task_set(c->txn, &(struct task){.kind = S("sns-devices"), .key = arena_format(c->arena, "%llu", (unsigned long long)p.id)});
    return NULL;
}

err sns_get_platform_application_attributes(struct call *c, const struct sns_get_platform_application_attributes_input *in, struct sns_get_platform_application_attributes_response *out) {
    struct platform p;
    TRY(platform_find(c, "PlatformApplicationArn", in->platform_application_arn, &p));
    out->attributes = shown(c->arena, &p);
    return NULL;
}

err sns_set_platform_application_attributes(struct call *c, const struct sns_set_platform_application_attributes_input *in, struct wire_unit *out) {
    struct platform p;
    (void)out;
    TRY(platform_find(c, "PlatformApplicationArn", in->platform_application_arn, &p));
    TRY(check_attributes(c, &in->attributes));
    p.attributes = pairs_merge(c->arena, &p.attributes, &in->attributes);
    seal_secrets(c, &p, &in->attributes);
    save(c, &p);
    return NULL;
}

err sns_list_platform_applications(struct call *c, const struct sns_list_platform_applications_input *in, struct sns_list_platform_applications_response *out) {
    str position = {0}, key, row, id;
    if (in->next_token.p && !page_position(c, in->next_token, &position)) return invalid_parameter(c, "NextToken");
    struct key all = key_of(c->arena, c->account, c->region, (str){0}, (str){0}), from = all;
    str prefix = arena_str(c->arena, key_bytes(&all));
    if (position.p) key_str(&from, position);
    struct range r = txn_range(c->txn, position.p ? key_bytes(&from) : prefix, key_after_prefix(c->arena, prefix));
    out->platform_applications.v = NEW_ARRAY(c->arena, struct sns_platform_application, PAGE);
    out->platform_applications.set = true;
    while (range_next(&r, &key, &row)) {
        struct platform p = {0};
        str rest = str_skip(arena_str(c->arena, key), prefix.n);
        ASSERT(record_decode(c->arena, &platform_record, arena_str(c->arena, row), &p) && key_read_str(&rest, c->arena, &id));
        if (out->platform_applications.n == PAGE) {
            out->next_token = page_token(c, id);
            break;
        }
        p.name = id;
        p.kind = str_cut(&p.name, '/');
        out->platform_applications.v[out->platform_applications.n++] = (struct sns_platform_application){platform_arn(c, &p), shown(c->arena, &p)};
    }
    return NULL;
}

/* ---- events ---- */

void platform_event(struct call *c, const struct platform *p, const char *event, str device_arn) {
    str topic = platform_attribute(p, arena_concat(c->arena, S("Event"), str_of(event)));
    struct arn arn;
    if (!topic.n || !arn_parse(topic, &arn)) return;
    struct buf b = buf_new(c->arena, 4096), at = buf_new(c->arena, 64);
    buf_iso8601_ms(&at, c->now_ms);
    const struct record_pair pairs[] = {{S("EventType"), str_of(event)}, {S("EndpointArn"), device_arn}, {S("Resource"), platform_arn(c, p)}, {S("Service"), S("SNS")}, {S("Time"), buf_str(&at)}};
    json_write_object(&b);
    for (size_t i = 0; i < LENGTH(pairs); i++) {
        json_write_member(&b, pairs[i].key, pairs[i].value);
    }
    json_write_object_end(&b);
    struct sns_publish_input in = {.topic_arn = topic, .message = buf_str(&b)};
    struct sns_publish_response out;
    struct call_other other = {.service = &sns_service, .op = SNS_OP_PUBLISH, .as = CALL_AS_SERVICE, .account = arn.account, .region = arn.region, .source_arn = platform_arn(c, p)};
    (void)!call_service(c, &other, &in, &out); /* a topic that refuses does not fail what happened */
}
