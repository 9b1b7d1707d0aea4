/* Events from outside of AWS: each is looked at alone, and those that are as they should be go into the stores behind the
 * channel, as the user guide's "integrations event schema" has them. */
#include "lake.h"

#include "crypto/crypto.h"
#include "gen/cloudtrail_data.h"
#include "text/json.h"

enum { REQUEST_MAX = 1 << 20, PARAMETERS_MAX = 100 << 10, ADDITIONAL_MAX = 28 << 10 };

static err open_channel(struct call *c, str arn_text, struct ct_channel *ch) {
    struct arn arn;
    if (!arn_parse(arn_text, &arn) || !str_eq(arn.service, S("cloudtrail")) || !str_starts(arn.resource, S("channel/")))
        return fail(c, &cloudtrail_data_invalid_channel_arn, "The specified channel ARN is not a valid channel ARN.");
    if (str_eq(arn.region, c->region) && ct_channel_load(c->txn, c->arena, ct_channel_row(c->arena, arn.account, arn.region, str_skip(arn.resource, 8)), ch)) return NULL;
    return fail(c, &cloudtrail_data_channel_not_found, "The channel could not be found.");
}

err cloudtrail_data_put_audit_events_facts(struct call *c, const struct cloudtrail_data_put_audit_events_request *in, struct auth_facts *facts) {
    struct ct_channel ch;
    if (open_channel(c, in->channel_arn, &ch)) return NULL; /* the handler says it */
    facts->resource_account = ch.account;
    facts->resource_policy = ch.policy;
    facts->v = NEW(c->arena, struct auth_fact);
    facts->v[0] = (struct auth_fact){S("cloudtrail:ExternalId"), in->external_id};
    facts->n = in->external_id.p ? 1 : 0;
    return NULL;
}

/* ---- one event ---- */

struct refusal {
    const char *code, *message;
    str member;
};
struct event_member {
    const char *name;
    bool required;
    size_t max; /* characters of a text; of JSON, bytes */
    enum json_type type;
};
static const struct event_member event_members[] = {
    {"version", true, 256, JSON_STRING}, {"userIdentity", true, REQUEST_MAX, JSON_OBJECT}, {"userAgent", false, 1024, JSON_STRING}, {"eventSource", true, 1024, JSON_STRING},
    {"eventName", true, 1024, JSON_STRING}, {"eventTime", true, 64, JSON_STRING}, {"UID", true, 1024, JSON_STRING}, {"requestParameters", false, PARAMETERS_MAX, JSON_OBJECT},
    {"responseElements", false, PARAMETERS_MAX, JSON_OBJECT}, {"errorCode", false, 256, JSON_STRING}, {"errorMessage", false, 256, JSON_STRING},
    {"sourceIPAddress", false, 64, JSON_STRING}, {"recipientAccountId", true, 12, JSON_STRING}, {"additionalEventData", false, ADDITIONAL_MAX, JSON_OBJECT},
};
static const struct event_member identity_members[] = {
    {"type", true, 128, JSON_STRING}, {"principalId", true, 1024, JSON_STRING}, {"details", false, REQUEST_MAX, JSON_OBJECT}};

static bool refuse(struct refusal *why, const char *code, const char *message, str member) {
    *why = (struct refusal){code, message, member};
    return false;
}

/* The values of the members as they stand, texts read; absent ones absent. */
static bool read_members(struct arena *a, str json, const struct event_member *members, size_t n, str *values, struct refusal *why) {
    struct json_reader r = json_reader_new(a, json, json_default_limits);
    str key;
    if (json_read_object(&r))
        while (json_read_key(&r, &key))
            for (size_t i = 0;; i++) {
                if (i == n) {
                    json_skip(&r);
                    break;
                }
                if (!str_eq(key, str_of(members[i].name))) continue;
                if (json_peek(&r) != members[i].type) return refuse(why, "InvalidData", "has another type than it should", key);
                (void)!(members[i].type == JSON_STRING ? json_read_string(&r, &values[i]) : json_read_raw(&r, &values[i]));
                break;
            }
    if (!json_done(&r)) return refuse(why, "InvalidData", "is no JSON object", S("eventData"));
    for (size_t i = 0; i < n; i++) {
        if (members[i].required && !values[i].n) return refuse(why, "FieldNotFound", "is required", str_of(members[i].name));
        if (values[i].n > members[i].max) return refuse(why, "FieldTooLong", "is too long", str_of(members[i].name));
    }
    return true;
}

static bool check_event(struct call *c, const struct ct_channel *ch, const struct cloudtrail_data_audit_event *in, i64 *time_ms, struct refusal *why) {
    enum { IDENTITY = 1, TIME = 5, RECIPIENT = 12 };
    str v[LENGTH(event_members)] = {{0}}, identity[LENGTH(identity_members)] = {{0}};
    u8 digest[32];
    sha256(in->event_data, digest);
    if (in->event_data_checksum.p && !str_eq(in->event_data_checksum, base64_of(c->arena, (str){(const char *)digest, sizeof digest})))
        return refuse(why, "InvalidChecksum", "does not match the event", S("eventDataChecksum"));
    if (!read_members(c->arena, in->event_data, event_members, LENGTH(event_members), v, why)) return false;
    if (!read_members(c->arena, v[IDENTITY], identity_members, LENGTH(identity_members), identity, why)) return false;
    if (!iso8601_parse(v[TIME], time_ms)) return refuse(why, "InvalidData", "is no time", S("eventTime"));
    if (!str_eq(v[RECIPIENT], ch->account)) return refuse(why, "InvalidRecipient", "is not the account of the channel", S("recipientAccountId"));
    return true;
}

/* In one line: a break of lines stands in JSON only between its parts. */
static void write_event(struct call *c, struct buf *lines, const struct ct_channel *ch, str data, i64 time_ms, str id) {
    struct buf own = buf_new(c->arena, REQUEST_MAX + (64 << 10)), *b = &own;
    json_write_object(b);
    json_write_member(b, S("eventVersion"), S("0.01"));
    json_write_member(b, S("eventCategory"), S("ActivityAuditLog"));
    json_write_member(b, S("eventType"), S("ActivityLog"));
    json_write_member(b, S("eventID"), id);
    json_write_member(b, S("eventTime"), ct_iso(c->arena, time_ms));
    json_write_member(b, S("awsRegion"), c->region);
    json_write_member(b, S("recipientAccountId"), ch->account);
    json_write_key(b, S("metadata"));
    json_write_object(b);
    json_write_member(b, S("ingestionTime"), ct_iso(c->arena, c->now_ms));
    json_write_member(b, S("channelARN"), ch->arn);
    json_write_object_end(b);
    json_write_key(b, S("eventData"));
    char *line = arena_alloc(c->arena, data.n + 1, 1);
    for (size_t i = 0; i < data.n; i++) line[i] = data.p[i] == '\n' || data.p[i] == '\r' ? ' ' : data.p[i];
    json_write_raw(b, (str){line, data.n});
    json_write_object_end(b);
    ASSERT(!b->over);
    if (lines->n) buf_char(lines, '\n');
    buf_add(lines, buf_str(b));
}

/* ---- the call ---- */

static err check_request(struct call *c, const struct cloudtrail_data_audit_events *events) {
    size_t bytes = 0;
    for (u32 i = 0; i < events->n; i++) {
        bytes += events->v[i].event_data.n;
        for (u32 j = 0; j < i; j++)
            if (str_eq(events->v[i].id, events->v[j].id)) return fail(c, &cloudtrail_data_duplicated_audit_event_id, "Two or more entries in the request have the same event ID.");
    }
    return bytes > REQUEST_MAX ? fail(c, &cloud_validation, "The events of a request take at most 1 MB.") : NULL;
}

struct destinations {
    struct {
        struct ct_store store;
        const struct data_key *key;
    } *v;
    u32 n;
};

/* Those that take events in: none that is about to be deleted, none whose key does not open. */
static struct destinations destinations_of(struct call *c, const struct ct_channel *ch) {
    struct destinations d = {.v = arena_alloc(c->arena, (ch->stores.n + 1) * sizeof *d.v, _Alignof(struct ct_store))};
    for (u32 i = 0; i < ch->stores.n; i++) {
        struct ct_store *s = &d.v[d.n].store;
        if (!ct_store_load(c->txn, c->arena, ct_store_row(c->arena, ch->account, ch->region, ch->stores.v[i].text), s) || s->delete_ms) continue;
        d.n += ct_key_ready(c, s, &d.v[d.n].key) == NULL;
    }
    return d;
}

err cloudtrail_data_put_audit_events(struct call *c, const struct cloudtrail_data_put_audit_events_request *in, struct cloudtrail_data_put_audit_events_response *out) {
    const struct cloudtrail_data_audit_events *events = &in->audit_events;
    struct ct_channel ch;
    TRY(open_channel(c, in->channel_arn, &ch));
    TRY(check_request(c, events));
    out->successful = (struct cloudtrail_data_audit_event_result_entries){.v = NEW_ARRAY(c->arena, struct cloudtrail_data_audit_event_result_entry, events->n + 1), .set = true};
    out->failed = (struct cloudtrail_data_result_error_entries){.v = NEW_ARRAY(c->arena, struct cloudtrail_data_result_error_entry, events->n + 1), .set = true};
    struct buf lines = buf_new(c->arena, 2 * REQUEST_MAX);
    struct destinations to = destinations_of(c, &ch);
    for (u32 i = 0; i < events->n; i++) {
        const struct cloudtrail_data_audit_event *e = &events->v[i];
        struct refusal why = {"AccountNotSubscribed", "of the channel takes no events in", S("every event data store")};
        i64 time_ms;
        str id = id_uuid(c->arena);
        ch.attempt_ms = c->now_ms;
        ch.attempt_id = id;
        if (to.n && check_event(c, &ch, e, &time_ms, &why)) {
            write_event(c, &lines, &ch, e->event_data, time_ms, id);
            out->successful.v[out->successful.n++] = (struct cloudtrail_data_audit_event_result_entry){.event_id = id, .id = e->id};
            ch.success_ms = c->now_ms;
            ch.success_id = id;
            continue;
        }
        str message = arena_format(c->arena, "%.*s %s.", STR_ARGS(why.member), why.message);
        out->failed.v[out->failed.n++] = (struct cloudtrail_data_result_error_entry){.error_code = str_of(why.code), .error_message = message, .id = e->id};
        ch.error = str_of(why.code);
    }
    ASSERT(!lines.over);
    for (u32 i = 0; i < to.n && lines.n; i++) ct_store_arrive(c, &to.v[i].store, to.v[i].key, buf_str(&lines));
    ct_channel_save(c->txn, c->arena, &ch);
    return NULL;
}
