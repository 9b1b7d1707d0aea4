/* Insights switched on and off, and looked up. Rows: ("cloudtrail", account, region, "insight-event", ms, eventID) -> JSON. */
#include "cloudtrail.h"

#include "text/json.h"

enum { PAGE_MAX = 50, FORGOTTEN_AT_ONCE = 100 };

static struct key rows_of(struct call *c) {
    struct key k = key_new(c->arena, S("cloudtrail"));
    key_str(&k, c->account);
    key_str(&k, c->region);
    key_str(&k, S("insight-event"));
    return k;
}
static str row_at(struct call *c, i64 ms, str id) {
    struct key k = rows_of(c);
    key_i64(&k, ms);
    if (id.p) key_str(&k, id);
    return key_bytes(&k);
}

struct insight_event {
    str id, name, source;
};

static struct insight_event event_of(struct arena *a, str json) {
    struct json_reader r = json_reader_new(a, json, (struct json_limits){.bytes = 1 << 20, .depth = 64});
    struct insight_event e = {0};
    str key;
    if (json_read_object(&r))
        while (json_read_key(&r, &key)) {
            if (str_eq(key, S("eventID"))) (void)!json_read_string(&r, &e.id);
            else if (!str_eq(key, S("insightDetails"))) json_skip(&r);
            else if (json_read_object(&r))
                while (json_read_key(&r, &key)) {
                    if (str_eq(key, S("eventName"))) (void)!json_read_string(&r, &e.name);
                    else if (str_eq(key, S("eventSource"))) (void)!json_read_string(&r, &e.source);
                    else json_skip(&r);
                }
        }
    ASSERT(json_done(&r)); /* we wrote it */
    return e;
}

/* With what is too old to be looked up going. */
void ct_insight_put(struct call *c, const struct ct_line *event) {
    struct call there = *c;
    there.account = event->account;
    there.region = event->region;
    txn_put(c->txn, row_at(&there, event->time_ms, event_of(c->arena, event->json).id), event->json);
    emit_event(&there, S("AWS Insight via CloudTrail"), (str){0}, event->json);
    str key;
    struct range r = txn_range(c->txn, row_at(&there, 0, (str){0}), row_at(&there, c->now_ms - (i64)HISTORY_DAYS * DAY_MS, (str){0}));
    for (u32 n = 0; n < FORGOTTEN_AT_ONCE && range_next(&r, &key, NULL); n++) txn_delete(c->txn, arena_str(c->arena, key));
}

/* ---- LookupEvents of category "insight" ---- */

static bool fits(const struct insight_event *e, const struct cloudtrail_lookup_attribute *a) {
    if (str_eq(a->attribute_key, S("EventId"))) return str_eq(e->id, a->attribute_value);
    if (str_eq(a->attribute_key, S("EventName"))) return str_eq(e->name, a->attribute_value);
    return str_eq(a->attribute_key, S("EventSource")) && str_eq(e->source, a->attribute_value);
}

err ct_insights_lookup(struct call *c, const struct cloudtrail_lookup_events_request *in, struct cloudtrail_lookup_events_response *out, i64 from_ms, i64 to_ms) {
    u32 max = in->max_results.set ? (u32)in->max_results.v : PAGE_MAX;
    str to = row_at(c, to_ms, (str){0}), key, json, position;
    if (in->next_token.p && !page_position(c, in->next_token, &position)) return fail(c, &cloudtrail_invalid_next_token_exception, "Invalid NextToken value.");
    if (in->next_token.p) to = position;
    struct range r = txn_range_backwards(c->txn, row_at(c, from_ms, (str){0}), to);
    while (range_next(&r, &key, &json)) {
        struct insight_event e = event_of(c->arena, arena_str(c->arena, json));
        struct key all = rows_of(c);
        str rest = str_skip(key, key_bytes(&all).n);
        i64 ms;
        if (in->lookup_attributes.n && !fits(&e, &in->lookup_attributes.v[0])) continue;
        ASSERT(key_read_i64(&rest, &ms));
        if (out->events.n == max) {
            out->next_token = page_token(c, row_at(c, out->events.v[max - 1].event_time.ms, out->events.v[max - 1].event_id));
            break;
        }
        out->events.v[out->events.n++] = (struct cloudtrail_event){.event_id = e.id, .event_name = e.name, .event_source = e.source,
                                                                   .event_time = SOME_TIME(ms), .cloud_trail_event = arena_str(c->arena, json)};
    }
    return NULL;
}

/* ---- on and off ---- */

static struct cloudtrail_insight_selectors shown(struct call *c, const struct ct_trail *trail) {
    struct cloudtrail_insight_selectors out = {.v = NEW_ARRAY(c->arena, struct cloudtrail_insight_selector, 2), .set = true};
    if (trail->call_insights) out.v[out.n++].insight_type = S("ApiCallRateInsight");
    if (trail->error_insights) out.v[out.n++].insight_type = S("ApiErrorRateInsight");
    return out;
}

/* DIFFERS: of management events alone; event data stores have none. */
err cloudtrail_put_insight_selectors(struct call *c, const struct cloudtrail_put_insight_selectors_request *in, struct cloudtrail_put_insight_selectors_response *out) {
    struct ct_trail trail;
    if (!in->trail_name.p)
        return fail(c, &cloudtrail_invalid_parameter_combination_exception, "TrailName is required: event data stores have no Insights here.");
    TRY(ct_trail_open_to_change(c, in->trail_name, &trail));
    trail.call_insights = trail.error_insights = false;
    for (u32 i = 0; i < in->insight_selectors.n; i++) {
        const struct cloudtrail_insight_selector *s = &in->insight_selectors.v[i];
        for (u32 j = 0; j < s->event_categories.n; j++)
            if (!str_eq(s->event_categories.v[j], S("Management")))
                return fail(c, &cloudtrail_invalid_insight_selectors_exception, "Insights are of management events alone here.");
        if (str_eq(s->insight_type, S("ApiCallRateInsight"))) trail.call_insights = true;
        else if (str_eq(s->insight_type, S("ApiErrorRateInsight"))) trail.error_insights = true;
        else return fail(c, &cloudtrail_invalid_insight_selectors_exception, "The insight selector has no valid InsightType.");
    }
    ct_trail_save(c->txn, c->arena, &trail);
    if (!in->insight_selectors.n) ct_insights_forget(c, &trail);
    out->trail_arn = trail.arn;
    out->insight_selectors = shown(c, &trail);
    return NULL;
}

err cloudtrail_get_insight_selectors(struct call *c, const struct cloudtrail_get_insight_selectors_request *in, struct cloudtrail_get_insight_selectors_response *out) {
    struct ct_trail trail;
    if (!in->trail_name.p)
        return fail(c, &cloudtrail_invalid_parameter_combination_exception, "TrailName is required: event data stores have no Insights here.");
    TRY(ct_trail_open(c, in->trail_name, &trail));
    if (!trail.call_insights && !trail.error_insights)
        return fail(c, &cloudtrail_insight_not_enabled_exception, "Trail %.*s does not have Insights enabled. Edit the trail settings to enable Insights, and then try the operation again.",
                    STR_ARGS(trail.arn));
    out->trail_arn = trail.arn;
    out->insight_selectors = shown(c, &trail);
    return NULL;
}
