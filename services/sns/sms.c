/* Text messages: to telephones themselves and to those that subscribed. They go to the local outbox (cloud/outbound.h),
 * with what a carrier would say of them. An account is in the sandbox, as each new one is with AWS: only verified numbers
 * are reached (sandbox.c). */
#include "sns.h"

#include "cloud/outbound.h"

/* DIFFERS: AWS's price depends on country and carrier; here each part of each text costs the same. */
static const double PRICE_USD = 0.00645;

struct key sms_rows(struct call *c, str type) { return topic_key(c->arena, c->account, c->region, type, (str){0}); }

/* ---- numbers ---- */

/* E.164 with hyphens between digits. */
bool phone_valid(str number) {
    if (number.n < 2 || number.n > 20 || number.p[0] != '+') return false;
    bool hyphen = false;
    for (size_t i = 1; i < number.n; i++) {
        char ch = number.p[i];
        if (ch == '-' && hyphen) return false;
        hyphen = ch == '-';
        if (ch != '-' && (ch < '0' || ch > '9')) return false;
    }
    return !hyphen;
}

err phone_check(struct call *c, str number) {
    if (!phone_valid(number)) return invalid_parameter(c, "PhoneNumber Reason: input incorrectly formatted");
    return NULL;
}

str phone_plain(struct arena *a, str number) {
    struct buf b = buf_new(a, 64);
    for (size_t i = 0; i < number.n; i++)
        if (number.p[i] != '-') buf_char(&b, number.p[i]);
    return buf_str(&b);
}

/* ---- attributes ---- */

static const char *const names[] = {"MonthlySpendLimit", "DeliveryStatusIAMRole", "DeliveryStatusSuccessSamplingRate", "DefaultSenderID", "DefaultSMSType", "UsageReportS3Bucket"};
enum { SPEND_LIMIT, ROLE, SAMPLING, SENDER, TYPE, REPORT };

static const struct record_field settings_fields[] = {RECORD_LIST(1, struct sms_settings, given, record_pair_type)};
static const struct record_type settings_record = RECORD_TYPE(struct sms_settings, settings_fields);

static void load(struct call *c, struct sms_settings *s) {
    struct key k = sms_rows(c, S("sms"));
    str row;
    *s = (struct sms_settings){0};
    if (txn_get(c->txn, key_bytes(&k), &row)) ASSERT(record_decode(c->arena, &settings_record, arena_str(c->arena, row), s));
}

static str *setting(struct sms_settings *s, int which) {
    for (u32 i = 0; i < s->given.n; i++)
        if (str_eq(s->given.v[i].key, str_of(names[which]))) return &s->given.v[i].value;
    return NULL;
}

static bool is_of(str text, size_t least, size_t most, const char *others) {
    for (size_t i = 0; i < text.n; i++) {
        char ch = text.p[i];
        if (!((ch | 32) >= 'a' && (ch | 32) <= 'z') && !(ch >= '0' && ch <= '9') && (!ch || !strchr(others, ch))) return false;
    }
    return text.n >= least && text.n <= most;
}

static err check_setting(struct call *c, str name, str value) {
    struct arn arn;
    double number;
    size_t which = 0;
    while (which < LENGTH(names) && !str_eq(name, str_of(names[which]))) which++;
    const char *problem = NULL;
    if (which == LENGTH(names)) return invalid_parameter(c, arena_c_string(c->arena, arena_format(c->arena, "attributes Reason: %.*s is not a valid attribute", STR_ARGS(name))));
    if (!value.n) return NULL;
    /* An account's own limit stands under a quota, which is one dollar at first. */
    if (which == SPEND_LIMIT && (!str_to_f64(value, &number) || number < 0 || number > (double)quota(c, S("sms-monthly-spend-usd"), 1))) problem = "MonthlySpendLimit Reason: exceeds the maximum spend limit of the account";
    if (which == SAMPLING && (!str_to_f64(value, &number) || number < 0 || number > 100)) problem = "DeliveryStatusSuccessSamplingRate Reason: must be a number from 0 to 100";
    if (which == TYPE && !str_eq(value, S("Promotional")) && !str_eq(value, S("Transactional"))) problem = "DefaultSMSType Reason: must be Promotional or Transactional";
    if (which == SENDER && !is_of(value, 1, 11, "-")) problem = "DefaultSenderID Reason: must have 1 to 11 letters and digits";
    if (which == REPORT && !is_of(value, 3, 255, "-._")) problem = "UsageReportS3Bucket Reason: must be the name of a bucket";
    if (which == ROLE && !arn_parse(value, &arn)) problem = "DeliveryStatusIAMRole Reason: must be the ARN of a role";
    return problem ? invalid_parameter(c, problem) : NULL;
}

/* An empty value takes the setting back. */
static void change(struct record_pairs *given, str name, str value) {
    u32 at = 0;
    while (at < given->n && !str_eq(given->v[at].key, name)) at++;
    if (value.n) {
        given->v[at] = (struct record_pair){name, value};
        given->n = MAX(given->n, at + 1);
    } else if (at < given->n) {
        given->v[at] = given->v[--given->n];
    }
}

err sns_set_sms_attributes(struct call *c, const struct sns_set_sms_attributes_input *in, struct sns_set_sms_attributes_response *out) {
    struct sms_settings now, next = {0};
    (void)out;
    load(c, &now);
    next.given.v = NEW_ARRAY(c->arena, struct record_pair, now.given.n + in->attributes.n + 1);
    next.given.set = true;
    memcpy(next.given.v, now.given.v ? now.given.v : next.given.v, now.given.n * sizeof *next.given.v);
    next.given.n = now.given.n;
    for (u32 i = 0; i < in->attributes.n; i++) {
        TRY(check_setting(c, in->attributes.v[i].key, in->attributes.v[i].value));
        change(&next.given, in->attributes.v[i].key, in->attributes.v[i].value);
    }
    struct key k = sms_rows(c, S("sms"));
    txn_put(c->txn, key_bytes(&k), record_encode(c->arena, &settings_record, &next));
    return NULL;
}

static bool asked_for(const struct sns_list_string *wanted, str name) {
    for (u32 i = 0; i < wanted->n; i++)
        if (str_eq(wanted->v[i], name)) return true;
    return !wanted->n;
}

err sns_get_sms_attributes(struct call *c, const struct sns_get_sms_attributes_input *in, struct sns_get_sms_attributes_response *out) {
    struct sms_settings s;
    load(c, &s);
    out->attributes.v = NEW_ARRAY(c->arena, struct sns_map_string_to_string_entry, LENGTH(names));
    out->attributes.set = true;
    for (int i = 0; i < (int)LENGTH(names); i++) {
        const str *value = setting(&s, i);
        str shown = value ? *value : i == SPEND_LIMIT ? S("1") : (str){0};
        if (shown.p && asked_for(&in->attributes, str_of(names[i]))) out->attributes.v[out->attributes.n++] = (struct sns_map_string_to_string_entry){str_of(names[i]), shown};
    }
    return NULL;
}

/* ---- who wants no more ---- */

err sns_check_if_phone_number_is_opted_out(struct call *c, const struct sns_check_if_phone_number_is_opted_out_input *in, struct sns_check_if_phone_number_is_opted_out_response *out) {
    TRY(phone_check(c, in->phone_number));
    out->is_opted_out = SOME_BOOL(outbound_is_stopped(c, phone_plain(c->arena, in->phone_number)));
    return NULL;
}

err sns_opt_in_phone_number(struct call *c, const struct sns_opt_in_phone_number_input *in, struct sns_opt_in_phone_number_response *out) {
    (void)out;
    TRY(phone_check(c, in->phone_number));
    outbound_resume(c, phone_plain(c->arena, in->phone_number));
    return NULL;
}

err sns_list_phone_numbers_opted_out(struct call *c, const struct sns_list_phone_numbers_opted_out_input *in, struct sns_list_phone_numbers_opted_out_response *out) {
    str position = {0};
    if (in->next_token.p && !page_position(c, in->next_token, &position)) return invalid_parameter(c, "NextToken");
    str *found = NEW_ARRAY(c->arena, str, PAGE + 1);
    u32 n = outbound_stopped(c, position, found, PAGE + 1);
    if (n > PAGE) out->next_token = page_token(c, found[PAGE - 1]);
    out->phone_numbers.v = found;
    out->phone_numbers.n = MIN(n, (u32)PAGE);
    out->phone_numbers.set = true;
    return NULL;
}

/* AWS's own numbers are rented; there are none here. */
err sns_list_origination_numbers(struct call *c, const struct sns_list_origination_numbers_request *in, struct sns_list_origination_numbers_result *out) {
    str position;
    if (in->next_token.p && !page_position(c, in->next_token, &position)) return invalid_parameter(c, "NextToken");
    out->phone_numbers.set = true;
    return NULL;
}

/* ---- sending ---- */

/* 160 characters of a text in the telephones' own alphabet, or 153 of each of several; 70 and 67 of others. */
static u32 parts_of(str text) {
    bool plain = true;
    for (size_t i = 0; i < text.n; i++) plain &= (u8)text.p[i] < 0x80;
    size_t n = utf8_length(text), one = plain ? 160 : 70, each = plain ? 153 : 67;
    return (u32)(n <= one ? 1 : (n + each - 1) / each);
}

/* Spent this month, in millionths of a dollar. */
static struct key spent_key(struct call *c) {
    struct civil_time t = civil_of(c->now_ms);
    struct key k = sms_rows(c, S("sms-spent"));
    key_i64(&k, t.year * 12 + t.month);
    return k;
}

static i64 spent(struct call *c) {
    struct key k = spent_key(c);
    str row;
    i64 v = 0;
    if (txn_get(c->txn, key_bytes(&k), &row)) ASSERT(str_to_i64(row, &v));
    return v;
}

static bool spend(struct call *c, struct sms_settings *s, u32 parts) {
    const str *given = setting(s, SPEND_LIMIT);
    double limit = 1;
    if (given) (void)str_to_f64(*given, &limit);
    i64 next = spent(c) + (i64)(PRICE_USD * 1e6 * parts);
    if ((double)next > limit * 1e6) return false;
    struct key k = spent_key(c);
    txn_put(c->txn, key_bytes(&k), arena_format(c->arena, "%lld", (long long)next));
    count_metric(c, S("SMSMonthToDateSpentUSD"), (str){0}, (str){0}, (double)next / 1e6, S("None"));
    return true;
}

static str attribute_of(const struct attributes *given, str name) {
    for (u32 i = 0; given && i < given->n; i++)
        if (str_eq(given->v[i].name, name)) return given->v[i].text;
    return (str){0};
}

bool sms_send(struct call *c, str number, str text, const struct attributes *attributes, str id) {
    struct sms_settings s;
    load(c, &s);
    const str *by_default = setting(&s, SENDER);
    str from = attribute_of(attributes, S("AWS.SNS.SMS.SenderID")), plain = phone_plain(c->arena, number), outcome = S("delivered"), type = attribute_of(attributes, S("AWS.SNS.SMS.SMSType"));
    u32 parts = parts_of(text);
    if (!from.n) from = by_default ? *by_default : S("NOTICE");
    if (!type.n) type = setting(&s, TYPE) ? *setting(&s, TYPE) : S("Promotional");
    if (outbound_is_stopped(c, plain)) outcome = S("Phone number is opted out");
    else if (!sandbox_reaches(c, plain)) outcome = S("The number is not verified in the SMS sandbox");
    else if (!spend(c, &s, parts)) outcome = S("No quota left for account");
    bool sent = str_eq(outcome, S("delivered"));
    outbound_put(c, &(struct outbound){.kind = S("sms"), .from = from, .to = plain, .body = text, .outcome = outcome, .id = id,
                                       .details = arena_format(c->arena, "{\"parts\":%u,\"type\":\"%s\"}", parts, str_eq(type, S("Transactional")) ? "Transactional" : "Promotional")});
    const str *role = setting(&s, ROLE), *rate = setting(&s, SAMPLING);
    sms_delivery_log(c, role ? *role : (str){0}, rate ? *rate : (str){0}, &(struct delivery_status){.success = sent, .response = outcome, .message_id = id, .published_ms = c->now_ms, .destination = plain});
    count_metric(c, sent ? S("NumberOfNotificationsDelivered") : S("NumberOfNotificationsFailed"), S("SMSType"), type, 1, S("Count"));
    return sent;
}

err sms_publish(struct call *c, const struct sns_publish_input *in, struct sns_publish_response *out) {
    struct topic nowhere = {0};
    struct publication p = {in->message, in->subject, in->message_structure, (str){0}, (str){0}, &in->message_attributes};
    struct message m;
    if (!phone_valid(in->phone_number))
        return fail(c, &sns_invalid_parameter_exception, "Invalid parameter: PhoneNumber Reason: %.*s is not valid to publish to", STR_ARGS(in->phone_number));
    TRY(publication_check(c, &nowhere, &p));
    if (in->message.n > 1600) return invalid_parameter(c, "Message Reason: the text is longer than 1600 characters");
    message_make(c, &nowhere, &p, &m);
    (void)sms_send(c, in->phone_number, message_variant(&m, S("sms"))->text, &m.attributes, m.id);
    out->message_id = m.id;
    return NULL;
}
