/* The history of alarms: kept for 30 days; each new entry clears away some old ones. */
#include "cloudwatch.h"

enum { HISTORY_DAYS = 30, TRIM = 3, SUMMARY_MAX = 255 /* characters, as the API has it */ };

static struct key history_key(struct arena *a, str account, str region) {
    struct key k = key_new(a, S("cloudwatch-history"));
    key_str(&k, account);
    key_str(&k, region);
    return k;
}

static str as_summary(str text) {
    str rest = text;
    u32 ignored;
    for (int n = 0; n < SUMMARY_MAX && utf8_next(&rest, &ignored); n++) {}
    return str_take(text, text.n - rest.n);
}

void history_add(struct call *c, const struct alarm *alarm, str type, str summary, str data) {
    struct alarm_event e = {.at_ms = c->now_ms, .alarm = alarm->name, .type = type, .summary = as_summary(summary), .data = data, .composite = alarm->rule.p != NULL};
    struct key k = history_key(c->arena, c->account, c->region), end = history_key(c->arena, c->account, c->region);
    str begin = key_bytes(&k), key, row;
    key_i64(&end, c->now_ms - HISTORY_DAYS * day_ms);
    struct range r = txn_range(c->txn, begin, key_bytes(&end));
    for (int i = 0; i < TRIM && range_next(&r, &key, &row); i++) txn_delete(c->txn, key);
    k = history_key(c->arena, c->account, c->region);
    key_i64(&k, c->now_ms);
    key_u64(&k, txn_sequence(c->txn));
    txn_put(c->txn, key_bytes(&k), record_encode(c->arena, &cloudwatch_alarm_event_record, &e));
}

/* As with DescribeAlarms: metric alarms where nothing is said. */
static bool type_wanted(const struct cloudwatch_alarm_types *types, bool composite) {
    bool wanted = types->n == 0 && !composite;
    for (u32 i = 0; i < types->n; i++) wanted |= str_eq(types->v[i], composite ? S("CompositeAlarm") : S("MetricAlarm"));
    return wanted;
}

err cloudwatch_describe_alarm_history(struct call *c, const struct cloudwatch_describe_alarm_history_input *in, struct cloudwatch_describe_alarm_history_output *out) {
    u32 max = in->max_records.set ? (u32)in->max_records.v : 100;
    bool ascending = str_eq(in->scan_by, S("TimestampAscending"));
    str position = {0}, key, row;
    if (in->next_token.p && !page_position(c, in->next_token, &position)) return fail(c, &cloudwatch_invalid_next_token, "Invalid NextToken");
    struct key from_key = history_key(c->arena, c->account, c->region), to_key = history_key(c->arena, c->account, c->region);
    key_i64(&from_key, MAX(in->start_date.ms, c->now_ms - HISTORY_DAYS * day_ms));
    key_i64(&to_key, in->end_date.set ? in->end_date.ms : INT64_MAX);
    str from = key_bytes(&from_key), to = key_bytes(&to_key);
    if (position.p && ascending) from = position;
    if (position.p && !ascending) to = position;
    out->alarm_history_items.v = NEW_ARRAY(c->arena, struct cloudwatch_alarm_history_item, max);
    out->alarm_history_items.set = true;
    struct range r = ascending ? txn_range(c->txn, from, to) : txn_range_backwards(c->txn, from, to);
    str last = {0};
    while (range_next(&r, &key, &row)) {
        struct alarm_event e = {0};
        ASSERT(record_decode(c->arena, &cloudwatch_alarm_event_record, arena_str(c->arena, row), &e));
        if (!type_wanted(&in->alarm_types, e.composite) || (in->alarm_name.p && !str_eq(in->alarm_name, e.alarm)) || (in->history_item_type.p && !str_eq(in->history_item_type, e.type))) continue;
        if (out->alarm_history_items.n == max) { /* a page begins at the next one, or ends before the last one */
            out->next_token = page_token(c, ascending ? arena_str(c->arena, key) : last);
            break;
        }
        last = arena_str(c->arena, key);
        out->alarm_history_items.v[out->alarm_history_items.n++] = (struct cloudwatch_alarm_history_item){.alarm_name = e.alarm, .alarm_type = e.composite ? S("CompositeAlarm") : S("MetricAlarm"), .timestamp = SOME_TIME(e.at_ms),
            .history_item_type = e.type, .history_summary = e.summary, .history_data = e.data};
    }
    return NULL;
}
