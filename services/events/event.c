/* Events: their text; put by clients and by services. */
#include "events.h"

#include "text/json.h"

enum { EVENT_TEXT_MAX = 2 << 20 };

/* Times that an event's text can say: of the years 1 to 9999. */
static bool time_sayable(i64 ms) { return ms >= -62135596800000 && ms < 253402300800000; }

void event_finish(struct arena *a, struct event *e) {
    struct buf b = buf_new(a, EVENT_TEXT_MAX), at = buf_new(a, 64);
    const struct {
        const char *name;
        str value;
    } heads[] = {{"version", S("0")}, {"id", e->id}, {"detail-type", e->detail_type}, {"source", e->source}, {"account", e->account}};
    json_write_object(&b);
    for (size_t i = 0; i < LENGTH(heads); i++) {
        json_write_member(&b, str_of(heads[i].name), heads[i].value);
    }
    buf_iso8601(&at, e->time_ms / 1000 * 1000);
    json_write_member(&b, S("time"), buf_str(&at));
    json_write_member(&b, S("region"), e->region);
    json_write_key(&b, S("resources"));
    json_write_array(&b);
    for (u32 i = 0; i < e->resource_count; i++) json_write_string(&b, e->resources[i]);
    json_write_array_end(&b);
    if (e->replay.p) {
        json_write_member(&b, S("replay-name"), e->replay);
    }
    json_write_key(&b, S("detail"));
    json_write_raw(&b, e->detail);
    json_write_object_end(&b);
    e->json = buf_str(&b);
    e->tree = json_tree(a, e->json, json_default_limits, NULL, NULL);
    ASSERT(e->tree && !b.over);
}

/* ---- from services: the cloud asks here when somebody listens (cloud.h, emit_event) ---- */

void events_take(struct call *c, str source, str detail_type, str resource_arn, str detail_json) {
    struct bus bus;
    struct call *own = call_for_task(c->txn, &events_service, c->account, c->region, c->now_ms);
    own->depth = c->depth + 1;
    ASSERT(bus_load(c->txn, c->arena, c->account, c->region, S("default"), &bus));
    struct event e = {.id = id_uuid(c->arena), .source = source, .detail_type = detail_type,
                      .detail = detail_json.n ? detail_json : S("{}"), .account = c->account, .region = c->region, .resources = &resource_arn,
                      .resource_count = resource_arn.n > 0, .time_ms = c->now_ms};
    event_finish(c->arena, &e);
    event_route(own, &bus, &e, NULL);
}

/* ---- PutEvents ---- */

static size_t entry_bytes(const struct events_put_events_request_entry *in) {
    size_t n = in->source.n + in->detail_type.n + in->detail.n + (in->time.set ? 14 : 0);
    for (u32 i = 0; i < in->resources.n; i++) n += in->resources.v[i].n;
    return n;
}

struct refusal entry_read(struct call *c, const struct events_put_events_request_entry *in, struct event *e) {
    static const struct json_limits limits = {.bytes = ENTRY_MAX, .depth = 100};
    if (!in->source.n) return (struct refusal){"InvalidArgument", "Parameter Source is not valid. Reason: Source is a required argument."};
    if (!in->detail_type.n) return (struct refusal){"InvalidArgument", "Parameter DetailType is not valid. Reason: DetailType is a required argument."};
    if (!in->detail.n) return (struct refusal){"InvalidArgument", "Parameter Detail is not valid. Reason: Detail is a required argument."};
    const struct json_node *detail = json_tree(c->arena, in->detail, limits, NULL, NULL);
    if (!detail || detail->type != JSON_OBJECT) return (struct refusal){"MalformedDetail", "Detail is malformed."};
    if (in->time.set && !time_sayable(in->time.ms)) return (struct refusal){"InvalidArgument", "Parameter Time is not valid."};
    *e = (struct event){.id = id_uuid(c->arena), .source = in->source, .detail_type = in->detail_type, .detail = json_node_raw(detail, in->detail), .account = c->account,
                        .region = c->region, .resources = in->resources.v, .resource_count = in->resources.n, .time_ms = in->time.set ? in->time.ms : c->now_ms};
    event_finish(c->arena, e);
    return (struct refusal){0};
}

static err put_entry(struct call *c, const struct events_put_events_request_entry *in, struct events_put_events_result_entry *out) {
    struct bus bus;
    struct event e;
    str bus_name = in->event_bus_name;
    struct refusal no = entry_read(c, in, &e);
    if (str_starts(in->source, S("aws."))) no = (struct refusal){"NotAuthorizedForSourceException", "Not authorized for the source."};
    err problem = no.code ? NULL : bus_open(c, bus_name, &bus);
    if (problem) { /* an unknown bus of one's own swallows the event, as AWS's does; the entry is a success */
        out->event_id = e.id;
        return NULL;
    }
    if (!no.code) {
        str arn = bus_arn(c->arena, &bus);
        struct auth_facts facts = {.resource_policy = bus.policy, .resource_account = bus.account};
        condition_of_event(c, &e, false, &facts);
        if (!may_with(c, S("events:PutEvents"), arn, &facts)) return deny(c, S("events:PutEvents"), arn);
        out->event_id = e.id;
        event_route(c, &bus, &e, NULL);
        return NULL;
    }
    out->error_code = str_of(no.code);
    out->error_message = str_of(no.message);
    return NULL;
}

static void count_put(struct call *c, u32 entries, u32 failed, size_t bytes) {
    static const str none = {0};
    count_metric(c, S("PutEventsApproximateCallCount"), none, none, 1, S("Count"));
    count_metric(c, S("PutEventsApproximateSuccessCount"), none, none, 1, S("Count"));
    count_metric(c, S("PutEventsEntriesCount"), none, none, entries, S("Count"));
    count_metric(c, S("PutEventsRequestSize"), none, none, (double)bytes, S("Bytes"));
    if (failed) count_metric(c, S("PutEventsFailedEntriesCount"), none, none, failed, S("Count"));
    count_latency(c, S("PutEventsLatency"), none, none);
}

err events_put_events(struct call *c, const struct events_put_events_request *in, struct events_put_events_response *out) {
    size_t total = 0;
    i32 failed = 0;
    count_failure(c, S("PutEventsApproximateCallCount"), (str){0}, (str){0});
    count_failure(c, S("PutEventsApproximateFailedCount"), (str){0}, (str){0});
    if (in->endpoint_id.p) return fail(c, &cloud_not_implemented, "brume does not have global endpoints (yet).");
    for (u32 i = 0; i < in->entries.n; i++) total += entry_bytes(&in->entries.v[i]);
    if (total > ENTRY_MAX) return fail(c, &cloud_validation, "Total size of the entries in the request is over the limit.");
    out->entries.v = NEW_ARRAY(c->arena, struct events_put_events_result_entry, in->entries.n);
    out->entries.set = true;
    for (u32 i = 0; i < in->entries.n; i++) {
        struct events_put_events_result_entry *entry = &out->entries.v[out->entries.n++];
        TRY(put_entry(c, &in->entries.v[i], entry));
        failed += entry->error_code.p != NULL;
    }
    out->failed_entry_count = SOME_I32(failed);
    count_put(c, in->entries.n, (u32)failed, total);
    count_usage(c, S("Event-64K-Chunks"), (double)((total + 65535) / 65536));
    return NULL;
}

/* ---- TestEventPattern ---- */

err events_test_event_pattern(struct call *c, const struct events_test_event_pattern_request *in, struct events_test_event_pattern_response *out) {
    static const char *const required[] = {"id", "source", "detail-type", "account", "time", "region"};
    str problem;
    const struct event_pattern *p = event_pattern_compile(in->event_pattern, EVENT_PATTERN_EVENTS, c->arena, &problem);
    if (!p) return fail(c, &events_invalid_event_pattern_exception, "Event pattern is not valid. Reason: %.*s", STR_ARGS(problem));
    const struct json_node *event = json_tree(c->arena, in->event, json_default_limits, NULL, NULL);
    if (!event || event->type != JSON_OBJECT) return fail(c, &cloud_validation, "Parameter Event is not valid.");
    for (size_t i = 0; i < LENGTH(required); i++)
        if (!json_node_member(event, str_of(required[i])))
            return fail(c, &cloud_validation, "Parameter Event is not valid. Reason: %s is a required field.", required[i]);
    out->result = SOME_BOOL(event_pattern_matches(p, event));
    return NULL;
}
