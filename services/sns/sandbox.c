/* The SMS sandbox: up to ten numbers are verified by a code that is texted to them. */
#include "sns.h"

#include "cloud/outbound.h"

enum { NUMBERS_MAX = 10, CODE_DIGITS = 6 };
static const i64 CODE_MS = 24LL * 3600 * 1000, RELEASE_MS = 24LL * 3600 * 1000;

struct sandbox_number {
    bool verified;
    str code;
    i64 made_ms, coded_ms;
};
static const struct record_field number_fields[] = {
    RECORD_BOOL(1, struct sandbox_number, verified), RECORD_STR(2, struct sandbox_number, code), RECORD_I64(3, struct sandbox_number, made_ms),
    RECORD_I64(4, struct sandbox_number, coded_ms),
};
static const struct record_type number_record = RECORD_TYPE(struct sandbox_number, number_fields);

static struct key key_of(struct call *c, str number) {
    struct key k = sms_rows(c, S("sms-sandbox"));
    if (number.p) key_str(&k, phone_plain(c->arena, number));
    return k;
}

static bool load(struct call *c, str number, struct sandbox_number *s) {
    struct key k = key_of(c, number);
    str row;
    *s = (struct sandbox_number){0};
    if (!txn_get(c->txn, key_bytes(&k), &row)) return false;
    ASSERT(record_decode(c->arena, &number_record, arena_str(c->arena, row), s));
    return true;
}

static void save(struct call *c, str number, const struct sandbox_number *s) {
    struct key k = key_of(c, number);
    txn_put(c->txn, key_bytes(&k), record_encode(c->arena, &number_record, s));
}

/* An account leaves the sandbox by a quota of its own, as by AWS's support. */
static bool in_sandbox(struct call *c) { return quota(c, S("sms-sandbox"), 1) != 0; }

bool sandbox_reaches(struct call *c, str number) {
    struct sandbox_number s;
    return !in_sandbox(c) || (load(c, number, &s) && s.verified);
}

err sns_get_sms_sandbox_account_status(struct call *c, const struct sns_get_sms_sandbox_account_status_input *in, struct sns_get_sms_sandbox_account_status_result *out) {
    (void)in;
    out->is_in_sandbox = SOME_BOOL(in_sandbox(c));
    return NULL;
}

static u32 count(struct call *c) {
    struct key k = key_of(c, (str){0});
    struct range r = txn_range(c->txn, key_bytes(&k), key_after_prefix(c->arena, key_bytes(&k)));
    u32 n = 0;
    while (range_next(&r, &(str){0}, &(str){0})) n++;
    return n;
}

err sns_create_sms_sandbox_phone_number(struct call *c, const struct sns_create_sms_sandbox_phone_number_input *in, struct sns_create_sms_sandbox_phone_number_result *out) {
    struct sandbox_number s;
    (void)out;
    TRY(phone_check(c, in->phone_number));
    if (outbound_is_stopped(c, phone_plain(c->arena, in->phone_number))) return fail(c, &sns_opted_out_exception, "The phone number is opted out of receiving SMS messages.");
    bool there = load(c, in->phone_number, &s);
    if (!there && count(c) >= NUMBERS_MAX) return fail(c, &sns_user_error_exception, "The SMS sandbox has as many phone numbers as it may: %d.", NUMBERS_MAX);
    if (s.verified) return NULL;
    if (!there) s.made_ms = c->now_ms;
    s.code = id_from(c->arena, S("0123456789"), CODE_DIGITS);
    s.coded_ms = c->now_ms;
    save(c, in->phone_number, &s);
    outbound_put(c, &(struct outbound){.kind = S("sms"), .from = S("NOTICE"), .to = phone_plain(c->arena, in->phone_number), .outcome = S("delivered"), .id = id_uuid(c->arena),
                                       .body = arena_format(c->arena, "The verification code of your Amazon SNS phone number is %.*s.", STR_ARGS(s.code))});
    return NULL;
}

err sns_verify_sms_sandbox_phone_number(struct call *c, const struct sns_verify_sms_sandbox_phone_number_input *in, struct sns_verify_sms_sandbox_phone_number_result *out) {
    struct sandbox_number s;
    (void)out;
    TRY(phone_check(c, in->phone_number));
    if (!load(c, in->phone_number, &s)) return fail(c, &sns_resource_not_found_exception, "The phone number is not in the SMS sandbox.");
    if (s.verified) return NULL;
    bool right = c->now_ms < s.coded_ms + CODE_MS && str_eq_constant_time(s.code, in->one_time_password);
    if (!right) return fail(c, &sns_verification_exception, "The one-time password is not valid.");
    s.verified = true;
    s.code = (str){0};
    save(c, in->phone_number, &s);
    return NULL;
}

err sns_delete_sms_sandbox_phone_number(struct call *c, const struct sns_delete_sms_sandbox_phone_number_input *in, struct sns_delete_sms_sandbox_phone_number_result *out) {
    struct sandbox_number s;
    (void)out;
    TRY(phone_check(c, in->phone_number));
    if (!load(c, in->phone_number, &s)) return fail(c, &sns_resource_not_found_exception, "The phone number is not in the SMS sandbox.");
    if (s.verified && c->now_ms < s.made_ms + RELEASE_MS) return fail(c, &sns_user_error_exception, "A verified phone number can be deleted 24 hours after it was added.");
    struct key k = key_of(c, in->phone_number);
    txn_delete(c->txn, key_bytes(&k));
    return NULL;
}

err sns_list_sms_sandbox_phone_numbers(struct call *c, const struct sns_list_sms_sandbox_phone_numbers_input *in, struct sns_list_sms_sandbox_phone_numbers_result *out) {
    str position = {0}, key, row, number;
    u32 max = in->max_results.set ? (u32)in->max_results.v : PAGE;
    if (in->next_token.p && !page_position(c, in->next_token, &position)) return invalid_parameter(c, "NextToken");
    struct key all = key_of(c, (str){0}), from = key_of(c, position);
    str prefix = key_bytes(&all);
    struct range r = txn_range(c->txn, key_bytes(&from), key_after_prefix(c->arena, prefix));
    out->phone_numbers.v = NEW_ARRAY(c->arena, struct sns_sms_sandbox_phone_number, max + 1);
    out->phone_numbers.set = true;
    while (range_next(&r, &key, &row)) {
        struct sandbox_number s = {0};
        str rest = str_skip(arena_str(c->arena, key), prefix.n);
        ASSERT(record_decode(c->arena, &number_record, arena_str(c->arena, row), &s) && key_read_str(&rest, c->arena, &number));
        if (out->phone_numbers.n == max) {
            out->next_token = page_token(c, number);
            break;
        }
        out->phone_numbers.v[out->phone_numbers.n++] = (struct sns_sms_sandbox_phone_number){number, s.verified ? S("Verified") : S("Pending")};
    }
    return NULL;
}
