/* An event, read: what is asked of it here. */
#include "cloudtrail.h"

#include "text/json.h"

static void read_identity(struct json_reader *r, struct ct_event *e) {
    str key, type = {0}, arn = {0}, user = {0};
    if (json_read_object(r))
        while (json_read_key(r, &key)) {
            if (str_eq(key, S("type"))) (void)!json_read_string(r, &type);
            else if (str_eq(key, S("arn"))) (void)!json_read_string(r, &arn);
            else if (str_eq(key, S("userName"))) (void)!json_read_string(r, &user);
            else if (str_eq(key, S("accessKeyId"))) (void)!json_read_string(r, &e->access_key);
            else json_skip(r);
        }
    e->identity_arn = arn;
    e->username = str_eq(type, S("Root")) ? S("root") : user;
    if (str_eq(type, S("AssumedRole")) || str_eq(type, S("FederatedUser"))) e->username = str_skip(arn, str_rfind_char(arn, '/') + 1);
}

static void read_resources(struct json_reader *r, struct ct_event *e) {
    str key;
    if (!json_read_array(r)) return;
    while (json_read_item(r)) {
        u32 i = MIN(e->resource_count, (u32)LENGTH(e->resources) - 1);
        if (json_read_object(r))
            while (json_read_key(r, &key)) {
                if (str_eq(key, S("type"))) (void)!json_read_string(r, &e->resources[i].type);
                else if (str_eq(key, S("ARN"))) (void)!json_read_string(r, &e->resources[i].arn);
                else json_skip(r);
            }
        e->resource_count = i + 1;
    }
}

void ct_event_read(struct arena *a, str json, struct ct_event *e) {
    struct json_reader r = json_reader_new(a, json, (struct json_limits){.bytes = 1 << 20, .depth = 64});
    str key;
    *e = (struct ct_event){0};
    if (json_read_object(&r))
        while (json_read_key(&r, &key)) {
            if (str_eq(key, S("userIdentity"))) read_identity(&r, e);
            else if (str_eq(key, S("resources"))) read_resources(&r, e);
            else if (str_eq(key, S("eventID"))) (void)!json_read_string(&r, &e->id);
            else if (str_eq(key, S("eventName"))) (void)!json_read_string(&r, &e->name);
            else if (str_eq(key, S("eventSource"))) (void)!json_read_string(&r, &e->source);
            else if (str_eq(key, S("awsRegion"))) (void)!json_read_string(&r, &e->region);
            else if (str_eq(key, S("recipientAccountId"))) (void)!json_read_string(&r, &e->account);
            else if (str_eq(key, S("errorCode"))) (void)!json_read_string(&r, &e->error);
            else if (str_eq(key, S("userAgent"))) (void)!json_read_string(&r, &e->agent);
            else if (str_eq(key, S("readOnly"))) (void)!json_read_boolean(&r, &e->read_only);
            else if (str_eq(key, S("managementEvent"))) (void)!json_read_boolean(&r, &e->management);
            else json_skip(&r);
        }
    ASSERT(json_done(&r)); /* we wrote it */
}

bool ct_of_place(const struct ct_trail *trail, const struct ct_event *e) {
    if (trail->multi_region || str_eq(e->region, trail->region)) return true;
    static const char *const global[] = {"iam.amazonaws.com", "organizations.amazonaws.com", "route53.amazonaws.com", "cloudfront.amazonaws.com"};
    for (size_t i = 0; i < LENGTH(global) && trail->global_events; i++)
        if (str_eq(e->source, str_of(global[i]))) return true;
    return false;
}
