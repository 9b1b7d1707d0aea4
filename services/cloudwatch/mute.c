/* The alarm mute rule: in its windows the alarms that it names take no actions. When the last window over an alarm ends
 * and its state is not the one that it had before, the actions of its state are taken then. */
#include "cloudwatch.h"

#include "cloud/schedule.h"

enum { LIST_PAGE = 50, DURATION_DAYS_MAX = 15 };

struct window { /* a rule's schedule, read */
    struct schedule schedule;
    const struct zone *zone;
    i64 duration_ms;
};

/* ---- reading ---- */

/* PT2H30M, P1D */
static bool duration_of(str text, i64 *ms) {
    bool clock = false;
    i64 number = -1;
    *ms = 0;
    if (!str_starts(text, S("P"))) return false;
    for (text = str_skip(text, 1); text.n; text = str_skip(text, 1)) {
        char ch = *text.p;
        if (ch >= '0' && ch <= '9') {
            number = MAX(number, 0) * 10 + ch - '0';
            if (number > 100000) return false;
            continue;
        }
        i64 unit = ch == 'D' && !clock ? day_ms : ch == 'H' && clock ? hour_ms : ch == 'M' && clock ? minute_ms : 0;
        if (ch == 'T' && !clock && number < 0) clock = true;
        else if (!unit || number < 0) return false;
        else {
            *ms += number * unit;
            number = -1;
        }
    }
    return number < 0 && *ms >= minute_ms && *ms <= DURATION_DAYS_MAX * day_ms;
}

/* Numbers of weekdays count from Sunday as 0 here, as 1 in EventBridge's expressions. */
static str weekday_of(struct arena *a, str field) {
    struct buf b = buf_new(a, 64);
    for (size_t i = 0; i < field.n; i++) {
        bool digit = field.p[i] >= '0' && field.p[i] <= '7', step = i && field.p[i - 1] == '/';
        buf_char(&b, digit && !step ? (char)('1' + (field.p[i] - '0') % 7) : field.p[i]);
    }
    return buf_str(&b);
}

/* cron(minute hour day month weekday), at(2026-11-22T10:00): rewritten to what schedule.h reads. */
static bool expression_read(struct arena *a, str text, struct schedule *s) {
    str fields[5], rest;
    int n = 0;
    if (str_starts(text, S("at(")) && text.n == 20) return schedule_parse(arena_format(a, "%.*s:00)", (int)text.n - 1, text.p), s);
    if (!str_starts(text, S("cron(")) || !str_ends(text, S(")"))) return false;
    for (rest = str_take(str_skip(text, 5), text.n - 6); rest.n && n < 5; n++) {
        fields[n] = str_cut(&rest, ' ');
        if (!fields[n].n) return false;
    }
    if (n != 5 || rest.n) return false;
    bool any_day = str_eq(fields[2], S("*")), any_weekday = str_eq(fields[4], S("*"));
    if (!any_day && !any_weekday) return false;
    str weekday = weekday_of(a, fields[4]);
    return schedule_parse(arena_format(a, "cron(%.*s %.*s %.*s %.*s %.*s *)", STR_ARGS(fields[0]), STR_ARGS(fields[1]), any_weekday ? (int)fields[2].n : 1,
                                       any_weekday ? fields[2].p : "?", STR_ARGS(fields[3]), any_weekday ? 1 : (int)weekday.n, any_weekday ? "?" : weekday.p), s);
}

static bool window_read(struct arena *a, const struct mute_rule *m, struct window *w) {
    return expression_read(a, m->expression, &w->schedule) && duration_of(m->duration, &w->duration_ms) &&
           zone_open(a, m->timezone.p ? m->timezone : S("UTC"), &w->zone) == ZONE_FOUND;
}

/* When the window ends that is open at a time; 0: none is. */
static i64 open_until(struct arena *a, const struct mute_rule *m, i64 at_ms) {
    struct window w;
    if (!window_read(a, m, &w) || at_ms < m->start_ms || (m->expire_ms && at_ms >= m->expire_ms)) return 0;
    i64 begin = schedule_next_in(&w.schedule, w.zone, at_ms - w.duration_ms), last = 0;
    for (int i = 0; i < 100 && begin >= 0 && begin <= at_ms; i++) { /* windows may overlap */
        last = begin + w.duration_ms;
        begin = schedule_next_in(&w.schedule, w.zone, begin);
    }
    return m->expire_ms && last ? MIN(last, m->expire_ms) : last;
}

static str status_of(struct arena *a, const struct mute_rule *m, i64 now_ms) {
    struct window w;
    if (open_until(a, m, now_ms)) return S("ACTIVE");
    bool over = (m->expire_ms && now_ms >= m->expire_ms) || (window_read(a, m, &w) && schedule_next_in(&w.schedule, w.zone, now_ms) < 0);
    return over ? S("EXPIRED") : S("SCHEDULED");
}

/* ---- rows: the rule, and from each alarm to the rules that name it ---- */

static struct key rules_key(struct call *c) { return call_key(c, S("mute")); }

static str rule_row(struct call *c, str name) {
    struct key k = rules_key(c);
    key_str(&k, name);
    return key_bytes(&k);
}

static str rule_arn(struct call *c, str name) { return arn_of(c, S("cloudwatch"), arena_concat(c->arena, S("alarm-mute-rule:"), name)); }

static bool load(struct call *c, str name, struct mute_rule *m) {
    str row;
    if (!txn_get(c->txn, rule_row(c, name), &row)) return false;
    *m = (struct mute_rule){0};
    ASSERT(record_decode(c->arena, &cloudwatch_mute_rule_record, arena_str(c->arena, row), m));
    return true;
}

static struct key targets_key(struct call *c, str alarm) {
    struct key k = call_key(c, S("muted"));
    key_str(&k, alarm);
    return k;
}

static void link_targets(struct call *c, str name, const struct mute_rule *m, bool there) {
    for (u32 i = 0; i < m->alarms.n; i++) {
        struct key k = targets_key(c, m->alarms.v[i].key);
        key_str(&k, name);
        if (there) txn_put(c->txn, key_bytes(&k), S(""));
        else txn_delete(c->txn, key_bytes(&k));
    }
}

/* ---- what alarms ask ---- */

static i64 alarm_muted_until(struct call *c, str alarm) {
    struct key k = targets_key(c, alarm);
    str prefix = key_bytes(&k), key, row, name;
    struct mute_rule m;
    i64 until = 0;
    struct range r = txn_range(c->txn, prefix, key_after_prefix(c->arena, prefix));
    while (range_next(&r, &key, &row)) {
        str rest = str_skip(arena_str(c->arena, key), prefix.n);
        ASSERT(key_read_str(&rest, c->arena, &name));
        if (load(c, name, &m)) until = MAX(until, open_until(c->arena, &m, c->now_ms));
    }
    return until;
}

bool mute_holds_back(struct call *c, struct alarm *m, str old_state) {
    i64 until = alarm_muted_until(c, m->name);
    if (!until) return false;
    if (!m->muted_from.p) m->muted_from = old_state;
    alarm_save(c->txn, c->arena, m);
    txn_task_set(c->txn, &(struct task){.kind = S("cloudwatch-unmute"), .key = alarm_arn(c->arena, m), .due_ms = until});
    return true;
}

/* ---- operations ---- */

err cloudwatch_put_alarm_mute_rule(struct call *c, const struct cloudwatch_put_alarm_mute_rule_input *in, struct wire_unit *out) {
    (void)out;
    struct window w;
    struct mute_rule old, m = {.description = in->description, .expression = in->rule->schedule->expression, .duration = in->rule->schedule->duration,
                               .timezone = in->rule->schedule->timezone, .start_ms = in->start_date.ms, .expire_ms = in->expire_date.ms, .changed_ms = c->now_ms};
    if (!expression_read(c->arena, m.expression, &w.schedule)) return fail(c, &cloud_validation, "The schedule expression %.*s is not valid.", STR_ARGS(m.expression));
    if (!duration_of(m.duration, &w.duration_ms)) return fail(c, &cloud_validation, "The duration %.*s is not valid. It must be from PT1M to P15D.", STR_ARGS(m.duration));
    enum zone_found zone = zone_open(c->arena, m.timezone.p ? m.timezone : S("UTC"), &w.zone);
    if (zone == ZONE_NO_DATA) return fail(c, &cloud_not_implemented, "brume knows time zones from the machine's tzdata, which is not installed.");
    if (zone != ZONE_FOUND) return fail(c, &cloud_validation, "The time zone %.*s is not valid.", STR_ARGS(m.timezone));
    if (m.expire_ms && m.expire_ms <= MAX(m.start_ms, c->now_ms)) return fail(c, &cloud_validation, "ExpireDate must be in the future and after StartDate.");
    if (in->mute_targets) {
        const struct cloudwatch_mute_target_alarm_name_list *names = &in->mute_targets->alarm_names;
        m.alarms = (struct record_pairs){NEW_ARRAY(c->arena, struct record_pair, names->n + 1), names->n, names->n > 0};
        for (u32 i = 0; i < names->n; i++) {
            str arn = arn_of(c, S("cloudwatch"), arena_concat(c->arena, S("alarm:"), names->v[i]));
            if (!may(c, S("cloudwatch:PutAlarmMuteRule"), arn)) return deny(c, S("cloudwatch:PutAlarmMuteRule"), arn);
            m.alarms.v[i] = (struct record_pair){names->v[i], S("")};
        }
    }
    bool known = load(c, in->name, &old);
    if (known) link_targets(c, in->name, &old, false);
    txn_put(c->txn, rule_row(c, in->name), record_encode(c->arena, &cloudwatch_mute_rule_record, &m));
    link_targets(c, in->name, &m, true);
    if (known) return NULL;
    registry_add(c, rule_arn(c, in->name), S("AWS::CloudWatch::AlarmMuteRule"));
    return tag(c, rule_arn(c, in->name), &in->tags);
}

static str type_of(const struct mute_rule *m) { return str_starts(m->expression, S("at(")) ? S("ONE_TIME") : S("RECURRING"); }

err cloudwatch_get_alarm_mute_rule(struct call *c, const struct cloudwatch_get_alarm_mute_rule_input *in, struct cloudwatch_get_alarm_mute_rule_output *out) {
    struct mute_rule m;
    if (!load(c, in->alarm_mute_rule_name, &m)) return fail(c, &cloudwatch_resource_not_found_exception, "Alarm mute rule %.*s does not exist", STR_ARGS(in->alarm_mute_rule_name));
    struct cloudwatch_rule *rule = NEW(c->arena, struct cloudwatch_rule);
    struct cloudwatch_schedule *schedule = NEW(c->arena, struct cloudwatch_schedule);
    struct cloudwatch_mute_targets *targets = NEW(c->arena, struct cloudwatch_mute_targets);
    *schedule = (struct cloudwatch_schedule){.expression = m.expression, .duration = m.duration, .timezone = m.timezone};
    rule->schedule = schedule;
    targets->alarm_names = (struct cloudwatch_mute_target_alarm_name_list){NEW_ARRAY(c->arena, str, m.alarms.n + 1), m.alarms.n, true};
    for (u32 i = 0; i < m.alarms.n; i++) targets->alarm_names.v[i] = m.alarms.v[i].key;
    *out = (struct cloudwatch_get_alarm_mute_rule_output){.name = in->alarm_mute_rule_name, .alarm_mute_rule_arn = rule_arn(c, in->alarm_mute_rule_name), .description = m.description, .rule = rule,
                                                          .mute_targets = targets, .status = status_of(c->arena, &m, c->now_ms), .last_updated_timestamp = SOME_TIME(m.changed_ms), .mute_type = type_of(&m)};
    if (m.start_ms) out->start_date = SOME_TIME(m.start_ms);
    if (m.expire_ms) out->expire_date = SOME_TIME(m.expire_ms);
    return NULL;
}

err cloudwatch_delete_alarm_mute_rule(struct call *c, const struct cloudwatch_delete_alarm_mute_rule_input *in, struct wire_unit *out) {
    (void)out;
    struct mute_rule m;
    if (!load(c, in->alarm_mute_rule_name, &m)) return NULL;
    for (u32 i = 0; i < m.alarms.n; i++) { /* what it muted is told now, unless another rule mutes it */
        str arn = arn_of(c, S("cloudwatch"), arena_concat(c->arena, S("alarm:"), m.alarms.v[i].key));
        struct task task;
        if (txn_task_get(c->txn, S("cloudwatch-unmute"), arn, &task)) txn_task_set(c->txn, &(struct task){.kind = S("cloudwatch-unmute"), .key = arn, .due_ms = c->now_ms});
    }
    link_targets(c, in->alarm_mute_rule_name, &m, false);
    txn_delete(c->txn, rule_row(c, in->alarm_mute_rule_name));
    registry_remove(c, rule_arn(c, in->alarm_mute_rule_name));
    return NULL;
}

static bool listed(const struct cloudwatch_list_alarm_mute_rules_input *in, const struct mute_rule *m, str status) {
    bool named = !in->alarm_name.p, wanted = in->statuses.n == 0;
    for (u32 i = 0; i < m->alarms.n; i++) named |= str_eq(m->alarms.v[i].key, in->alarm_name);
    for (u32 i = 0; i < in->statuses.n; i++) wanted |= str_eq(in->statuses.v[i], status);
    return named && wanted;
}

err cloudwatch_list_alarm_mute_rules(struct call *c, const struct cloudwatch_list_alarm_mute_rules_input *in, struct cloudwatch_list_alarm_mute_rules_output *out) {
    u32 max = in->max_records.set ? (u32)in->max_records.v : LIST_PAGE;
    struct key k = rules_key(c);
    str prefix = key_bytes(&k), position = {0}, key, row, name;
    if (in->next_token.p && !page_position(c, in->next_token, &position)) return fail(c, &cloudwatch_invalid_next_token, "Invalid NextToken");
    out->alarm_mute_rule_summaries.v = NEW_ARRAY(c->arena, struct cloudwatch_alarm_mute_rule_summary, max);
    out->alarm_mute_rule_summaries.set = true;
    struct range r = txn_range(c->txn, position.p ? position : prefix, key_after_prefix(c->arena, prefix));
    while (range_next(&r, &key, &row)) {
        struct mute_rule m = {0};
        key = arena_str(c->arena, key);
        str rest = str_skip(key, prefix.n);
        ASSERT(key_read_str(&rest, c->arena, &name));
        ASSERT(record_decode(c->arena, &cloudwatch_mute_rule_record, arena_str(c->arena, row), &m));
        str status = status_of(c->arena, &m, c->now_ms);
        if (!listed(in, &m, status)) continue;
        if (out->alarm_mute_rule_summaries.n == max) {
            out->next_token = page_token(c, key);
            break;
        }
        struct cloudwatch_alarm_mute_rule_summary *s = &out->alarm_mute_rule_summaries.v[out->alarm_mute_rule_summaries.n++];
        *s = (struct cloudwatch_alarm_mute_rule_summary){.alarm_mute_rule_arn = rule_arn(c, name), .status = status, .mute_type = type_of(&m), .last_updated_timestamp = SOME_TIME(m.changed_ms)};
        if (m.expire_ms) s->expire_date = SOME_TIME(m.expire_ms);
    }
    return NULL;
}
