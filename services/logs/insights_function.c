/* The functions of Insights. */
#include "insights_plan.h"

#include <arpa/inet.h>
#include <math.h>

typedef struct insights_value value; /* short, for the table's sake */
typedef struct insights_scope scope;

static str text_of(scope *s, const value *v) {
    str text = insights_show(s->arena, v);
    return text.p ? text : S("");
}
static bool is_present(const value *v) { return v->type > INSIGHTS_ABSENT; }

/* ---- numbers ---- */

static value apply(const value *args, double (*of)(double)) {
    double n;
    if (!insights_to_number(&args[0], &n)) return insights_absent();
    double result = of(n);
    return isfinite(result) ? insights_number(result) : insights_absent();
}
static value f_abs(scope *s, const value *args, u32 n) { return (void)s, (void)n, apply(args, fabs); }
static value f_ceil(scope *s, const value *args, u32 n) { return (void)s, (void)n, apply(args, ceil); }
static value f_floor(scope *s, const value *args, u32 n) { return (void)s, (void)n, apply(args, floor); }
static value f_log(scope *s, const value *args, u32 n) { return (void)s, (void)n, apply(args, log); }
static value f_sqrt(scope *s, const value *args, u32 n) { return (void)s, (void)n, apply(args, sqrt); }

static value extreme(const value *args, u32 n, bool greatest) {
    value best = insights_absent();
    double v, found = 0;
    for (u32 i = 0; i < n; i++)
        if (insights_to_number(&args[i], &v) && (!is_present(&best) || (greatest ? v > found : v < found))) {
            best = args[i];
            found = v;
        }
    return best;
}
static value f_greatest(scope *s, const value *args, u32 n) { return (void)s, extreme(args, n, true); }
static value f_least(scope *s, const value *args, u32 n) { return (void)s, extreme(args, n, false); }

/* ---- in general ---- */

static value f_ispresent(scope *s, const value *args, u32 n) { return (void)s, (void)n, insights_boolean(is_present(&args[0])); }
static value f_coalesce(scope *s, const value *args, u32 n) {
    (void)s;
    for (u32 i = 0; i < n; i++)
        if (is_present(&args[i])) return args[i];
    return insights_absent();
}
static value f_if(scope *s, const value *args, u32 n) {
    (void)s;
    return insights_is_true(&args[0]) ? args[1] : n > 2 ? args[2] : insights_absent();
}
static value f_unmask(scope *s, const value *args, u32 n) { return (void)s, (void)n, args[0]; }
static value f_json_parse(scope *s, const value *args, u32 n) {
    (void)n;
    return args[0].type == INSIGHTS_STRING ? insights_json(s->arena, args[0].text) : args[0];
}
static value f_json_stringify(scope *s, const value *args, u32 n) {
    (void)n;
    return is_present(&args[0]) ? insights_string(text_of(s, &args[0])) : insights_absent();
}

/* ---- time ---- */

static bool at_of(const value *v, i64 *ms) {
    double n;
    if (!insights_to_number(v, &n) || !(fabs(n) < 8e15)) return false;
    *ms = (i64)n;
    return true;
}
static value f_bin(scope *s, const value *args, u32 n) {
    (void)n;
    value at = insights_slot_value(s, SLOT_TIMESTAMP);
    i64 ms;
    return args[0].type == INSIGHTS_PERIOD && at_of(&at, &ms) ? insights_time(insights_floor(ms, &args[0])) : insights_absent();
}
static value f_datefloor(scope *s, const value *args, u32 n) {
    (void)s, (void)n;
    i64 ms;
    return args[1].type == INSIGHTS_PERIOD && at_of(&args[0], &ms) ? insights_time(insights_floor(ms, &args[1])) : insights_absent();
}
static value f_dateceil(scope *s, const value *args, u32 n) {
    (void)s, (void)n;
    i64 ms;
    return args[1].type == INSIGHTS_PERIOD && at_of(&args[0], &ms) ? insights_time(insights_ceil(ms, &args[1])) : insights_absent();
}
static value f_from_millis(scope *s, const value *args, u32 n) {
    (void)s, (void)n;
    i64 ms;
    return at_of(&args[0], &ms) ? insights_time(ms) : insights_absent();
}
static value f_to_millis(scope *s, const value *args, u32 n) {
    (void)s, (void)n;
    i64 ms;
    return at_of(&args[0], &ms) ? insights_number((double)ms) : insights_absent();
}
static value f_now(scope *s, const value *args, u32 n) { return (void)args, (void)n, insights_number(floor((double)insights_now(s) / 1000)); }

/* ---- text ---- */

static value f_isempty(scope *s, const value *args, u32 n) { return (void)n, insights_boolean(!text_of(s, &args[0]).n); }

static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static str skip_set(str text, str set, bool left, bool right) {
    while (left && text.n && (set.p ? str_find_char(set, text.p[0]) != STR_NONE : is_blank(text.p[0]))) text = str_skip(text, 1);
    while (right && text.n && (set.p ? str_find_char(set, text.p[text.n - 1]) != STR_NONE : is_blank(text.p[text.n - 1]))) text.n--;
    return text;
}
static value f_isblank(scope *s, const value *args, u32 n) { return (void)n, insights_boolean(!skip_set(text_of(s, &args[0]), (str){0}, true, false).n); }

static value f_concat(scope *s, const value *args, u32 n) {
    struct buf b = buf_new(s->arena, 1 << 20);
    for (u32 i = 0; i < n; i++) buf_add(&b, text_of(s, &args[i]));
    return insights_string(b.n ? buf_str(&b) : S(""));
}
static value trim(scope *s, const value *args, u32 n, bool left, bool right) {
    if (!is_present(&args[0])) return insights_absent();
    return insights_string(skip_set(text_of(s, &args[0]), n > 1 ? text_of(s, &args[1]) : (str){0}, left, right));
}
static value f_ltrim(scope *s, const value *args, u32 n) { return trim(s, args, n, true, false); }
static value f_rtrim(scope *s, const value *args, u32 n) { return trim(s, args, n, false, true); }
static value f_trim(scope *s, const value *args, u32 n) { return trim(s, args, n, true, true); }

static size_t code_points(str text) {
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) n += ((u8)text.p[i] & 0xc0) != 0x80;
    return n;
}
static str skip_points(str text, double count) {
    size_t i = 0;
    for (; i < text.n && count >= 1; count--)
        for (i++; i < text.n && ((u8)text.p[i] & 0xc0) == 0x80;) i++;
    return str_skip(text, i);
}
static value f_strlen(scope *s, const value *args, u32 n) {
    (void)n;
    return is_present(&args[0]) ? insights_number((double)code_points(text_of(s, &args[0]))) : insights_absent();
}
static value f_substr(scope *s, const value *args, u32 n) {
    double from, length = 0;
    if (!is_present(&args[0]) || !insights_to_number(&args[1], &from) || (n > 2 && !insights_to_number(&args[2], &length))) return insights_absent();
    str rest = skip_points(text_of(s, &args[0]), from);
    return insights_string(n > 2 ? str_take(rest, rest.n - skip_points(rest, length).n) : rest);
}
static value f_replace(scope *s, const value *args, u32 n) {
    (void)n;
    if (!is_present(&args[0])) return insights_absent();
    str rest = text_of(s, &args[0]), old = text_of(s, &args[1]), new = text_of(s, &args[2]);
    if (!old.n) return insights_string(rest);
    struct buf b = buf_new(s->arena, 1 << 20);
    for (size_t at; (at = str_find(rest, old)) != STR_NONE; rest = str_skip(rest, at + old.n)) {
        buf_add(&b, str_take(rest, at));
        buf_add(&b, new);
    }
    buf_add(&b, rest);
    return insights_string(b.n ? buf_str(&b) : S(""));
}
static value f_strcontains(scope *s, const value *args, u32 n) {
    (void)n;
    bool found = is_present(&args[0]) && str_find(text_of(s, &args[0]), text_of(s, &args[1])) != STR_NONE;
    return insights_number(found);
}
static value recased(scope *s, const value *args, char first, char last) {
    if (!is_present(&args[0])) return insights_absent();
    str text = text_of(s, &args[0]);
    char *copy = NEW_ARRAY(s->arena, char, text.n + 1);
    for (size_t i = 0; i < text.n; i++) copy[i] = text.p[i] >= first && text.p[i] <= last ? text.p[i] ^ 32 : text.p[i];
    return insights_string((str){copy, text.n});
}
static value f_toupper(scope *s, const value *args, u32 n) { return (void)n, recased(s, args, 'a', 'z'); }
static value f_tolower(scope *s, const value *args, u32 n) { return (void)n, recased(s, args, 'A', 'Z'); }

/* ---- addresses ---- */

static bool address(str text, int family, u8 *bytes) {
    char copy[INET6_ADDRSTRLEN] = {0};
    if (!text.n || text.n >= sizeof copy) return false;
    memcpy(copy, text.p, text.n);
    return inet_pton(family, copy, bytes) == 1;
}
static bool is_address(str text, int family) {
    u8 bytes[16];
    return address(text, family, bytes);
}
static bool in_subnet(str text, str subnet, int family) {
    u8 x[16], y[16];
    u64 bits;
    str length = subnet, net = str_cut(&length, '/');
    u64 most = family == AF_INET ? 32 : 128;
    if (!length.p || !str_to_u64(length, &bits) || bits > most || !address(text, family, x) || !address(net, family, y)) return false;
    for (u64 i = 0; i < bits; i++)
        if ((x[i / 8] ^ y[i / 8]) >> (7 - i % 8) & 1) return false;
    return true;
}
static value f_valid4(scope *s, const value *args, u32 n) { return (void)n, insights_boolean(is_address(text_of(s, &args[0]), AF_INET)); }
static value f_valid6(scope *s, const value *args, u32 n) { return (void)n, insights_boolean(is_address(text_of(s, &args[0]), AF_INET6)); }
static value f_valid(scope *s, const value *args, u32 n) {
    str text = text_of(s, &args[0]);
    return (void)n, insights_boolean(is_address(text, AF_INET) || is_address(text, AF_INET6));
}
static value f_in4(scope *s, const value *args, u32 n) { return (void)n, insights_boolean(in_subnet(text_of(s, &args[0]), text_of(s, &args[1]), AF_INET)); }
static value f_in6(scope *s, const value *args, u32 n) { return (void)n, insights_boolean(in_subnet(text_of(s, &args[0]), text_of(s, &args[1]), AF_INET6)); }
static value f_in(scope *s, const value *args, u32 n) {
    str text = text_of(s, &args[0]), subnet = text_of(s, &args[1]);
    return (void)n, insights_boolean(in_subnet(text, subnet, AF_INET) || in_subnet(text, subnet, AF_INET6));
}

static const struct insights_function functions[] = {
    {"abs", 1, 1, f_abs}, {"ceil", 1, 1, f_ceil}, {"floor", 1, 1, f_floor}, {"greatest", 1, 0, f_greatest}, {"least", 1, 0, f_least},
    {"log", 1, 1, f_log}, {"sqrt", 1, 1, f_sqrt},
    {"ispresent", 1, 1, f_ispresent}, {"coalesce", 1, 0, f_coalesce}, {"if", 2, 3, f_if}, {"unmask", 1, 1, f_unmask},
    {"jsonParse", 1, 1, f_json_parse}, {"jsonStringify", 1, 1, f_json_stringify},
    {"bin", 1, 1, f_bin}, {"datefloor", 2, 2, f_datefloor}, {"dateceil", 2, 2, f_dateceil}, {"fromMillis", 1, 1, f_from_millis},
    {"toMillis", 1, 1, f_to_millis}, {"now", 0, 0, f_now},
    {"isempty", 1, 1, f_isempty}, {"isblank", 1, 1, f_isblank}, {"concat", 1, 0, f_concat}, {"ltrim", 1, 2, f_ltrim}, {"rtrim", 1, 2, f_rtrim},
    {"trim", 1, 2, f_trim}, {"strlen", 1, 1, f_strlen}, {"toupper", 1, 1, f_toupper}, {"tolower", 1, 1, f_tolower}, {"substr", 2, 3, f_substr},
    {"replace", 3, 3, f_replace}, {"strcontains", 2, 2, f_strcontains},
    {"isValidIp", 1, 1, f_valid}, {"isValidIpv4", 1, 1, f_valid4}, {"isValidIpv6", 1, 1, f_valid6}, {"isIpInSubnet", 2, 2, f_in},
    {"isIpv4InSubnet", 2, 2, f_in4}, {"isIpv6InSubnet", 2, 2, f_in6},
};

const struct insights_function *insights_function_find(str name) {
    for (size_t i = 0; i < LENGTH(functions); i++)
        if (str_eq_nocase(name, str_of(functions[i].name))) return &functions[i];
    return NULL;
}
