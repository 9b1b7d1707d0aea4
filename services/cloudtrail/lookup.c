/* LookupEvents: 90 days of management events, newest first. */
#include "cloudtrail.h"

enum { PAGE_MAX = 50, LOOK_MAX = 50000 /* events that one call looks at: some tens of megabytes */ };

/* ---- filters ---- */

static str last_part(str arn) {
    size_t slash = str_rfind_char(arn, '/');
    return str_skip(arn, (slash == STR_NONE ? str_rfind_char(arn, ':') : slash) + 1);
}

static bool has_resource(const struct ct_event *e, bool by_type, str value) {
    for (u32 i = 0; i < e->resource_count; i++) {
        if (by_type && str_eq(e->resources[i].type, value)) return true;
        if (!by_type && (str_eq(e->resources[i].arn, value) || str_eq(last_part(e->resources[i].arn), value))) return true;
    }
    return false;
}

static bool fits(const struct ct_event *e, const struct cloudtrail_lookup_attribute *a) {
    str key = a->attribute_key, value = a->attribute_value;
    if (str_eq(key, S("EventId"))) return str_eq(e->id, value);
    if (str_eq(key, S("EventName"))) return str_eq(e->name, value);
    if (str_eq(key, S("EventSource"))) return str_eq(e->source, value);
    if (str_eq(key, S("Username"))) return str_eq(e->username, value);
    if (str_eq(key, S("AccessKeyId"))) return str_eq(e->access_key, value);
    if (str_eq(key, S("ReadOnly"))) return str_eq(e->read_only ? S("true") : S("false"), value);
    return has_resource(e, str_eq(key, S("ResourceType")), value);
}

/* What the call of every event that fits had somewhere in its words. A name that is the end of an ARN is in it, too;
 * types of resources, what reads and who is a root are told by looking at each event. */
static str held_by_all(const struct cloudtrail_lookup_attribute *a) {
    str key = a->attribute_key, value = a->attribute_value, source_end = S(".amazonaws.com");
    if (str_eq(key, S("ResourceType")) || str_eq(key, S("ReadOnly")) || str_eq(value, S("root"))) return (str){0};
    if (str_eq(key, S("EventSource")) && str_ends(value, source_end)) return str_take(value, value.n - source_end.n);
    return value;
}

/* ---- the page ---- */

struct lookup {
    struct call *c;
    const struct cloudtrail_lookup_attribute *attribute; /* NULL: all */
    struct cloudtrail_lookup_events_response *out;
    u32 max;
    i64 last_ms;      /* of the event that was shown last */
    u32 shown_at_ms;  /* events of that millisecond that were met: where the next page begins */
    i64 skip_ms;      /* the page before ended here, behind `skip` of its events */
    u32 skip;
    bool more;
};

static struct cloudtrail_event entry_of(struct call *c, const struct ct_event *e, i64 time_ms, str json) {
    struct cloudtrail_event entry = {.event_id = e->id, .event_name = e->name, .read_only = e->read_only ? S("true") : S("false"), .access_key_id = e->access_key,
                                     .event_time = SOME_TIME(time_ms - time_ms % 1000), .event_source = e->source, .cloud_trail_event = json};
    if (e->username.n) entry.username = e->username;
    entry.resources.v = NEW_ARRAY(c->arena, struct cloudtrail_resource, LENGTH(e->resources));
    entry.resources.set = true;
    for (u32 i = 0; i < e->resource_count; i++)
        entry.resources.v[entry.resources.n++] = (struct cloudtrail_resource){.resource_type = e->resources[i].type, .resource_name = last_part(e->resources[i].arn)};
    return entry;
}

static bool visit(void *context, const struct trail_event *event) {
    struct lookup *l = context;
    struct ct_event e;
    if (event->data) return true;
    if (event->time_ms == l->skip_ms && l->skip) {
        l->skip--;
        l->shown_at_ms++;
        l->last_ms = event->time_ms;
        return true;
    }
    ct_event_read(l->c->arena, event->json, &e);
    bool shown = !l->attribute || fits(&e, l->attribute);
    if (shown && l->out->events.n == l->max) {
        l->more = true;
        return false;
    }
    if (event->time_ms != l->last_ms) l->shown_at_ms = 0;
    l->last_ms = event->time_ms;
    l->shown_at_ms++;
    if (shown) l->out->events.v[l->out->events.n++] = entry_of(l->c, &e, event->time_ms, event->json);
    return true;
}

static err open_page(struct call *c, const struct cloudtrail_lookup_events_request *in, struct lookup *l, i64 *to_ms) {
    str position, ms;
    u64 skip = 0;
    if (!in->next_token.p) return NULL;
    if (!page_position(c, in->next_token, &position)) return fail(c, &cloudtrail_invalid_next_token_exception, "Invalid NextToken value.");
    ms = str_cut(&position, ' ');
    ASSERT(str_to_i64(ms, &l->skip_ms) && str_to_u64(position, &skip)); /* the token is sealed: we wrote it */
    l->skip = (u32)skip;
    l->last_ms = l->skip_ms;
    *to_ms = MIN(*to_ms, l->skip_ms + 1);
    return NULL;
}

err cloudtrail_lookup_events(struct call *c, const struct cloudtrail_lookup_events_request *in, struct cloudtrail_lookup_events_response *out) {
    struct lookup l = {.c = c, .out = out, .max = in->max_results.set ? (u32)in->max_results.v : PAGE_MAX, .last_ms = INT64_MIN, .skip_ms = INT64_MIN};
    i64 from_ms = c->now_ms - (i64)HISTORY_DAYS * DAY_MS, to_ms = c->now_ms + 1000;
    if (in->lookup_attributes.n > 1) return fail(c, &cloudtrail_invalid_lookup_attributes_exception, "You can specify only one attribute at a time.");
    if (in->start_time.set && in->end_time.set && in->start_time.ms > in->end_time.ms)
        return fail(c, &cloudtrail_invalid_time_range_exception, "Invalid time range: StartTime is after EndTime.");
    if (in->start_time.set) from_ms = MAX(from_ms, in->start_time.ms);
    if (in->end_time.set) to_ms = MIN(to_ms, in->end_time.ms + 1000);
    TRY(open_page(c, in, &l, &to_ms));
    if (in->lookup_attributes.n) l.attribute = &in->lookup_attributes.v[0];
    out->events.v = NEW_ARRAY(c->arena, struct cloudtrail_event, l.max + 1);
    out->events.set = true;
    if (in->event_category.p) return ct_insights_lookup(c, in, out, from_ms, to_ms); /* "insight" is the one there is */
    struct trail_search search = {.account = c->account, .region = c->region, .from_ms = from_ms, .to_ms = to_ms, .look_max = LOOK_MAX};
    if (l.attribute) search.holds = held_by_all(l.attribute);
    i64 stopped_ms = trail_walk(c, &search, visit, &l);
    if (l.more) out->next_token = page_token(c, arena_format(c->arena, "%lld %u", (long long)l.last_ms, l.shown_at_ms));
    else if (stopped_ms > from_ms) out->next_token = page_token(c, arena_format(c->arena, "%lld 0", (long long)stopped_ms - 1));
    return NULL;
}
