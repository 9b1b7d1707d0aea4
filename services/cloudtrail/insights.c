/* Insights: calls or errors at a rate that is unusual for the account.
 *
 * The method. Of each API (of errors: each code of it) a minute is unusual that has more than
 *     mean + 6 * sqrt(mean) + 5
 * calls, where mean is the average of a minute in the seven days before, looked at again each day: six standard
 * deviations of what arrives independently, and never a mere handful. Without 36 hours of history nothing is
 * unusual. An insight starts with the first unusual minute and ends when a round of delivery has none. Rates of
 * calls are of those that write, rates of errors of all.
 *
 * DIFFERS: AWS's own model is not published. */
#include "cloudtrail.h"

#include "text/json.h"

#include <math.h>
#include <stdlib.h>

enum { MINUTE_MS = 60000, BASELINE_DAYS = 7, LEARNING_MS = 36 * 3600000, FLOOR = 5, SHOWN_MAX = 5, VALUES_MAX = 200 };

/* ---- what an insight is about ---- */

struct subject {
    str account, region, kind, source, name, error; /* kind: InsightType; error: of ApiErrorRateInsight */
};

static str subject_text(struct arena *a, const struct subject *s) {
    return arena_format(a, "%.*s %.*s %.*s %.*s %.*s %.*s", STR_ARGS(s->account), STR_ARGS(s->region), STR_ARGS(s->kind), STR_ARGS(s->source), STR_ARGS(s->name), STR_ARGS(s->error));
}
static struct subject subject_of(str text) {
    struct subject s = {0};
    str *const parts[] = {&s.account, &s.region, &s.kind, &s.source, &s.name};
    for (size_t i = 0; i < LENGTH(parts); i++) *parts[i] = str_cut(&text, ' ');
    s.error = text;
    return s;
}

static struct key rows_of(struct arena *a, const struct ct_trail *trail) {
    struct key k = key_new(a, S("cloudtrail"));
    key_str(&k, trail->account);
    key_str(&k, trail->region);
    key_str(&k, S("insight"));
    key_str(&k, trail->name);
    return k;
}
static str row_of(struct arena *a, const struct ct_trail *trail, str subject) {
    struct key k = rows_of(a, trail);
    key_str(&k, subject);
    return key_bytes(&k);
}

static bool calls_alike(const struct subject *s, const struct ct_event *e) {
    bool errors = str_eq(s->kind, S("ApiErrorRateInsight"));
    return str_eq(e->source, s->source) && str_eq(e->name, s->name) && str_eq(e->region, s->region) && (errors ? str_eq(e->error, s->error) : !e->read_only);
}

/* ---- who made the calls of a time ---- */

struct tally {
    struct arena *arena;
    const struct subject *subject;
    i64 earliest_ms; /* of all events of the account */
    u32 n;           /* calls alike */
    struct value {
        const char *attribute;
        str value;
        u32 n;
    } *v;
    u32 value_count;
};

static void count(struct tally *t, const char *attribute, str value) {
    if (!value.n) value = S("null");
    for (u32 i = 0; i < t->value_count; i++)
        if (t->v[i].attribute == attribute && str_eq(t->v[i].value, value)) {
            t->v[i].n++;
            return;
        }
    if (t->value_count < VALUES_MAX) t->v[t->value_count++] = (struct value){attribute, value, 1};
}

static const char user_identity_arn[] = "userIdentityArn", user_agent[] = "userAgent", error_code[] = "errorCode";

static void tally_event(void *context, const struct trail_event *event) {
    struct tally *t = context;
    struct ct_event e;
    if (event->time_ms < t->earliest_ms) t->earliest_ms = event->time_ms;
    if (event->data) return;
    ct_event_read(t->arena, event->json, &e);
    if (!calls_alike(t->subject, &e)) return;
    t->n++;
    count(t, user_identity_arn, e.identity_arn);
    count(t, user_agent, e.agent);
    count(t, error_code, e.error);
}

static int by_count(const void *x, const void *y) {
    const struct value *a = x, *b = y;
    if (a->n != b->n) return a->n > b->n ? -1 : 1;
    return str_cmp(a->value, b->value);
}

static struct tally tally_of(struct call *c, const struct subject *s, i64 from_ms, i64 to_ms) {
    struct tally t = {.arena = c->arena, .subject = s, .earliest_ms = to_ms, .v = NEW_ARRAY(c->arena, struct value, VALUES_MAX)};
    trail_gather(c, s->account, from_ms, to_ms, tally_event, &t);
    if (t.value_count) qsort(t.v, t.value_count, sizeof *t.v, by_count);
    return t;
}

static str tally_text(struct arena *a, const struct tally *t) {
    struct buf b = buf_new(a, 1 << 20);
    for (u32 i = 0; i < t->value_count; i++) buf_format(&b, "%s\t%.*s\t%u\n", t->v[i].attribute, STR_ARGS(t->v[i].value), t->v[i].n);
    return b.n ? buf_str(&b) : S("");
}

/* ---- the event ---- */

static void average(struct buf *b, const char *name, double value) {
    json_write_key(b, str_of(name));
    json_write_object(b);
    json_write_key(b, S("average"));
    json_write_f64(b, value);
    json_write_object_end(b);
}

/* Of lines of tally_text, the most frequent values of one attribute. */
static void write_values(struct buf *b, const char *list, str lines, const char *attribute, i64 minutes) {
    u32 shown = 0;
    json_write_key(b, str_of(list));
    json_write_array(b);
    while (lines.n && shown < SHOWN_MAX) {
        str line = str_cut(&lines, '\n');
        u64 n;
        if (!str_eq(str_cut(&line, '\t'), str_of(attribute))) continue;
        str value = str_take(line, str_rfind_char(line, '\t'));
        ASSERT(str_to_u64(str_skip(line, value.n + 1), &n));
        json_write_object(b);
        json_write_member(b, S("value"), value);
        json_write_key(b, S("average"));
        json_write_f64(b, (double)n / (double)minutes);
        json_write_object_end(b);
        shown++;
    }
    json_write_array_end(b);
}

static void write_attributions(struct buf *b, const struct ct_insight *row, str now, i64 minutes) {
    static const char *const all[] = {user_identity_arn, user_agent, error_code};
    json_write_key(b, S("attributions"));
    json_write_array(b);
    for (size_t i = 0; i < LENGTH(all); i++) {
        json_write_object(b);
        json_write_member(b, S("attribute"), str_of(all[i]));
        write_values(b, "insight", now, all[i], minutes);
        write_values(b, "baseline", row->usual, all[i], row->baseline_minutes);
        json_write_object_end(b);
    }
    json_write_array_end(b);
}

static void add_event(struct call *c, struct ct_found *found, const struct subject *s, const struct ct_insight *row, const char *state, i64 at_ms, i64 to_ms) {
    struct buf b = buf_new(c->arena, 1 << 20);
    struct tally now = tally_of(c, s, row->start_ms, to_ms);
    i64 minutes = MAX((to_ms - row->start_ms) / MINUTE_MS, 1);
    json_write_object(&b);
    json_write_member(&b, S("eventVersion"), S("1.09"));
    json_write_member(&b, S("eventTime"), ct_iso(c->arena, at_ms));
    json_write_member(&b, S("awsRegion"), s->region);
    json_write_member(&b, S("eventID"), id_uuid(c->arena));
    json_write_member(&b, S("eventType"), S("AwsCloudTrailInsight"));
    json_write_member(&b, S("recipientAccountId"), s->account);
    json_write_member(&b, S("sharedEventID"), row->shared_id);
    json_write_key(&b, S("insightDetails"));
    json_write_object(&b);
    json_write_member(&b, S("state"), str_of(state));
    json_write_member(&b, S("eventSource"), s->source);
    json_write_member(&b, S("eventName"), s->name);
    json_write_member(&b, S("insightType"), s->kind);
    if (s->error.n) json_write_member(&b, S("errorCode"), s->error);
    json_write_key(&b, S("insightContext"));
    json_write_object(&b);
    json_write_key(&b, S("statistics"));
    json_write_object(&b);
    average(&b, "baseline", row->average);
    average(&b, "insight", (double)now.n / (double)minutes);
    json_write_key(&b, S("insightDuration"));
    json_write_i64(&b, minutes);
    json_write_key(&b, S("baselineDuration"));
    json_write_i64(&b, row->baseline_minutes);
    json_write_object_end(&b);
    write_attributions(&b, row, tally_text(c->arena, &now), minutes);
    json_write_object_end(&b);
    json_write_object_end(&b);
    json_write_member(&b, S("eventCategory"), S("Insight"));
    json_write_object_end(&b);
    found->events[found->event_count++] = (struct ct_line){at_ms, s->account, s->region, buf_str(&b)};
}

/* ---- finding ---- */

struct sample {
    str subject;
    i64 minute;
};

static int by_subject_and_minute(const void *x, const void *y) {
    const struct sample *a = x, *b = y;
    int order = str_cmp(a->subject, b->subject);
    return order ? order : a->minute < b->minute ? -1 : a->minute > b->minute;
}

static u32 samples_of(struct call *c, const struct ct_trail *trail, const struct ct_line *events, u32 n, struct sample *v) {
    u32 count = 0;
    for (u32 i = 0; i < n; i++) {
        struct ct_event e;
        ct_event_read(c->arena, events[i].json, &e);
        struct subject s = {events[i].account, e.region, S("ApiCallRateInsight"), e.source, e.name, S("")};
        if (!e.management) continue;
        if (trail->call_insights && !e.read_only) v[count++] = (struct sample){subject_text(c->arena, &s), events[i].time_ms / MINUTE_MS};
        s.kind = S("ApiErrorRateInsight");
        s.error = e.error;
        if (trail->error_insights && e.error.n) v[count++] = (struct sample){subject_text(c->arena, &s), events[i].time_ms / MINUTE_MS};
    }
    if (count) qsort(v, count, sizeof *v, by_subject_and_minute);
    return count;
}

/* What is usual before a minute; false: too little is known. */
static bool learn(struct call *c, const struct subject *s, i64 before_ms, struct ct_insight *row) {
    if (row->looked_ms && before_ms - row->looked_ms < DAY_MS) return row->baseline_minutes > 0;
    struct tally t = tally_of(c, s, before_ms - (i64)BASELINE_DAYS * DAY_MS, before_ms);
    row->looked_ms = before_ms;
    row->baseline_minutes = before_ms - t.earliest_ms < LEARNING_MS ? 0 : (before_ms - t.earliest_ms) / MINUTE_MS;
    if (!row->baseline_minutes) return false;
    row->average = (double)t.n / (double)row->baseline_minutes;
    row->usual = tally_text(c->arena, &t);
    return true;
}

static bool unusual(u32 n, double mean) { return (double)n > mean + 6 * sqrt(mean) + FLOOR; }

static void keep(struct call *c, struct ct_found *found, str key, const struct ct_insight *row) {
    found->rows[found->row_count++] = (struct ct_insight_row){key, record_encode(c->arena, &ct_insight_record, row)};
}

/* The samples of one subject, by minutes. */
static void look(struct call *c, const struct ct_trail *trail, const struct sample *v, u32 n, struct ct_found *found) {
    struct subject s = subject_of(v[0].subject);
    str key = row_of(c->arena, trail, v[0].subject), value;
    struct ct_insight row = {0};
    bool known = txn_get(c->txn, key, &value), started = false, changed = false;
    if (known) ASSERT(record_decode(c->arena, &ct_insight_record, arena_str(c->arena, value), &row));
    i64 goes_on_ms = 0;
    for (u32 i = 0, m; i < n; i += m) {
        for (m = 1; i + m < n && v[i + m].minute == v[i].minute; m++) {}
        if (m <= FLOOR) continue;
        changed = true;
        if (!row.end_ms && !learn(c, &s, v[i].minute * MINUTE_MS, &row)) continue;
        if (!unusual(m, row.average)) continue;
        goes_on_ms = (v[i].minute + 1) * MINUTE_MS;
        if (row.end_ms) continue;
        row.start_ms = v[i].minute * MINUTE_MS;
        row.end_ms = goes_on_ms;
        row.shared_id = id_uuid(c->arena);
        started = true;
    }
    if (started) add_event(c, found, &s, &row, "Start", row.start_ms, row.start_ms + MINUTE_MS);
    if (goes_on_ms) row.end_ms = goes_on_ms;
    if (changed) keep(c, found, key, &row);
}

/* Those of earlier rounds that had no unusual minute in this one. */
static void end_others(struct call *c, const struct ct_trail *trail, i64 to_ms, struct ct_found *found) {
    struct key all = rows_of(c->arena, trail);
    str from = key_bytes(&all), key, value, subject;
    struct range r = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    while (range_next(&r, &key, &value)) {
        struct ct_insight row;
        ASSERT(record_decode(c->arena, &ct_insight_record, arena_str(c->arena, value), &row));
        str rest = str_skip(arena_str(c->arena, key), from.n);
        ASSERT(key_read_str(&rest, c->arena, &subject));
        bool gone_on = false;
        for (u32 i = 0; i < found->row_count; i++) {
            struct ct_insight now;
            if (!str_eq(found->rows[i].key, key)) continue;
            ASSERT(record_decode(c->arena, &ct_insight_record, found->rows[i].value, &now));
            gone_on = now.end_ms != row.end_ms;
        }
        if (gone_on) continue;
        if (row.end_ms) {
            struct subject s = subject_of(subject);
            add_event(c, found, &s, &row, "End", row.end_ms, row.end_ms);
        }
        if (row.end_ms || to_ms - row.looked_ms >= DAY_MS) found->rows[found->row_count++] = (struct ct_insight_row){arena_str(c->arena, key), {0}};
    }
}

static u32 rows_standing(struct call *c, const struct ct_trail *trail) {
    struct key all = rows_of(c->arena, trail);
    str from = key_bytes(&all);
    struct range r = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    u32 n = 0;
    while (range_next(&r, NULL, NULL)) n++;
    return n;
}

struct ct_found ct_insights_find(struct call *c, const struct ct_trail *trail, const struct ct_line *events, u32 n, i64 to_ms) {
    struct ct_found found = {0};
    if (!trail->call_insights && !trail->error_insights) return found;
    struct sample *v = NEW_ARRAY(c->arena, struct sample, 2 * n + 1);
    u32 samples = samples_of(c, trail, events, n, v), most = samples + rows_standing(c, trail) + 1;
    found.events = NEW_ARRAY(c->arena, struct ct_line, 2 * most);
    found.rows = NEW_ARRAY(c->arena, struct ct_insight_row, 2 * most);
    for (u32 i = 0, m; i < samples; i += m) {
        for (m = 1; i + m < samples && str_eq(v[i + m].subject, v[i].subject); m++) {}
        look(c, trail, v + i, m, &found);
    }
    end_others(c, trail, to_ms, &found);
    return found;
}

void ct_insights_forget(struct call *c, const struct ct_trail *trail) {
    enum { AT_ONCE = 1000 };
    struct key all = rows_of(c->arena, trail);
    str from = key_bytes(&all), key;
    struct range r = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    for (u32 n = 0; n < AT_ONCE && range_next(&r, &key, NULL); n++) txn_delete(c->txn, arena_str(c->arena, key));
}
