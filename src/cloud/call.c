/* What handlers call: answers other than success, waiting, names. */
#include "cloud/flight.h"

#include "cloud/record.h"
#include "crypto/crypto.h"
#include "sys/sys.h"

const struct error call_waits = {.code = "waits"};
const struct error cloud_internal_failure = {"InternalFailure", NULL, 500, WIRE_NONE, false};
const struct error cloud_access_denied = {"AccessDenied", NULL, 403, WIRE_NONE, true};
const struct error cloud_validation = {"ValidationException", "ValidationError", 400, WIRE_NONE, true};
const struct error cloud_not_implemented = {"NotImplemented", NULL, 501, WIRE_NONE, false};
const struct error cloud_throttling = {"ThrottlingException", "Throttling", 400, WIRE_NONE, true};

PRINTF(2, 0) static void set_message(struct call *c, const char *format, va_list args) {
    c->error_message = arena_vformat(c->arena, format, args);
    c->error_members = NULL;
}

err fail(struct call *c, err e, const char *format, ...) {
    va_list args;
    va_start(args, format);
    set_message(c, format, args);
    va_end(args);
    return e;
}

err fail_with(struct call *c, err e, const void *members, const char *format, ...) {
    va_list args;
    va_start(args, format);
    set_message(c, format, args);
    va_end(args);
    c->error_members = members;
    return e;
}

static void add_pair(struct call *c, struct record_pairs *d, str name, str value) {
    enum { PAIRS_MAX = 12 };
    if (!d->v) d->v = NEW_ARRAY(c->arena, struct record_pair, PAIRS_MAX);
    ASSERT(d->n < PAIRS_MAX);
    d->v[d->n++] = (struct record_pair){name, value};
}

void fail_detail(struct call *c, str name, str value) { add_pair(c, &c->error_details, name, value); }
void answer_header(struct call *c, str name, str value) { add_pair(c, &c->answer_headers, name, value); }

err wait_for(struct call *c, str topic, i64 until_ms) {
    c->wait_topic = topic;
    c->wait_until_ms = until_ms;
    return &call_waits;
}

/* ---- names ---- */

str arn_format(struct arena *a, str service, str region, str account, str resource) {
    struct buf b = buf_new(a, 4096);
    const str parts[] = {S("arn:aws"), service, region, account, resource};
    buf_reserve(&b, 16 + service.n + region.n + account.n + resource.n);
    for (size_t i = 0; i < LENGTH(parts); i++) {
        if (i) buf_char(&b, ':');
        buf_add(&b, parts[i]);
    }
    return buf_str(&b);
}

str arn_of(struct call *c, str service, str resource) {
    return arn_format(c->arena, service, c->region, c->account, resource);
}

bool arn_parse(str text, struct arn *arn) {
    str rest = text;
    if (!str_eq(str_cut(&rest, ':'), S("arn"))) return false;
    arn->partition = str_cut(&rest, ':');
    arn->service = str_cut(&rest, ':');
    arn->region = str_cut(&rest, ':');
    if (!rest.p) return false;
    arn->account = str_cut(&rest, ':');
    arn->resource = rest;
    return rest.p && arn->partition.n && arn->service.n && arn->resource.n;
}

str id_from(struct arena *a, str alphabet, size_t length) {
    char *text = arena_alloc(a, length, 1);
    u8 bytes[64], mask = 1;
    ASSERT(alphabet.n > 1 && alphabet.n <= 256);
    while (mask < alphabet.n - 1) mask = (u8)(mask << 1 | 1);
    for (size_t n = 0; n < length;) {
        size_t drawn = MIN(sizeof bytes, length - n);
        random_unique(bytes, drawn);
        for (size_t i = 0; i < drawn; i++) /* what is beyond the last letter is drawn again: none is favoured */
            if ((bytes[i] & mask) < alphabet.n) text[n++] = alphabet.p[bytes[i] & mask];
    }
    return (str){text, length};
}

str id_hex(struct arena *a, size_t digits) { return id_from(a, S("0123456789abcdef"), digits); }

str id_uuid(struct arena *a) {
    enum { UUID_LENGTH = 36 };
    static const u8 group_ends[] = {4, 6, 8, 10, 16}; /* bytes */
    u8 b[16];
    random_unique(b, sizeof b);
    b[6] = (u8)((b[6] & 0x0f) | 0x40);
    b[8] = (u8)((b[8] & 0x3f) | 0x80);
    char *text = arena_alloc(a, UUID_LENGTH, 1), *at = text;
    for (size_t group = 0, from = 0; group < LENGTH(group_ends); from = group_ends[group++]) {
        if (group) *at++ = '-';
        size_t n = group_ends[group] - from;
        hex_encode((str){(char *)b + from, n}, at);
        at += 2 * n;
    }
    return (str){text, UUID_LENGTH};
}

bool account_valid(str account) {
    if (account.n != 12) return false;
    for (size_t i = 0; i < 12; i++)
        if (account.p[i] < '0' || account.p[i] > '9') return false;
    return true;
}

/* Those since March 2019 are off in an account until it enables them: Account's ListRegions. */
static const struct {
    const char *name;
    bool opt_in;
} regions[] = {
    {"af-south-1", true},      {"ap-east-1", true},       {"ap-east-2", true},       {"ap-northeast-1", false},
    {"ap-northeast-2", false}, {"ap-northeast-3", false}, {"ap-south-1", false},     {"ap-south-2", true},
    {"ap-southeast-1", false}, {"ap-southeast-2", false}, {"ap-southeast-3", true},  {"ap-southeast-4", true},
    {"ap-southeast-5", true},  {"ap-southeast-6", true},  {"ap-southeast-7", true},  {"ca-central-1", false},
    {"ca-west-1", true},       {"eu-central-1", false},   {"eu-central-2", true},    {"eu-north-1", false},
    {"eu-south-1", true},      {"eu-south-2", true},      {"eu-west-1", false},      {"eu-west-2", false},
    {"eu-west-3", false},      {"il-central-1", true},    {"me-central-1", true},    {"me-south-1", true},
    {"mx-central-1", true},    {"sa-east-1", false},      {"us-east-1", false},      {"us-east-2", false},
    {"us-west-1", false},      {"us-west-2", false},
};

str region_at(size_t i, bool *opt_in) {
    if (i >= LENGTH(regions)) return (str){0};
    *opt_in = regions[i].opt_in;
    return str_of(regions[i].name);
}

bool region_known(str region) {
    size_t from = 0, to = LENGTH(regions);
    while (from < to) {
        size_t middle = (from + to) / 2;
        int order = str_cmp(region, str_of(regions[middle].name));
        if (order == 0) return true;
        if (order < 0) to = middle;
        else from = middle + 1;
    }
    return false;
}

static bool region_matches(str region, str pattern) {
    size_t star = str_find_char(pattern, '*');
    if (star == STR_NONE) return str_eq(region, pattern);
    str before = str_take(pattern, star), behind = str_skip(pattern, star + 1);
    return region.n >= before.n + behind.n && str_starts(region, before) && str_ends(region, behind);
}

str region_of_set(str set) {
    for (str rest = set; rest.p;) {
        str pattern = str_trim(str_cut(&rest, ','));
        if (region_matches(S("us-east-1"), pattern)) return S("us-east-1");
        for (size_t i = 0; i < LENGTH(regions); i++)
            if (region_matches(str_of(regions[i].name), pattern)) return str_of(regions[i].name);
    }
    return set.n ? set : S("-");
}

str call_region(const struct service *service, str region) {
    return service->wire->global || !region.n ? S("us-east-1") : region;
}

static struct key key_in(struct call *c, str region, str type) {
    struct key k = key_new(c->arena, wire_text(c->service->wire, c->service->wire->name));
    key_str(&k, c->account);
    key_str(&k, region);
    key_str(&k, type);
    return k;
}
struct key call_key(struct call *c, str type) { return key_in(c, c->region, type); }
struct key call_key_global(struct call *c, str type) { return key_in(c, S(""), type); }

/* ---- tasks ---- */

struct task_call {
    struct call call;
    struct txn_after after;
};

void call_task_end(struct call *c) {
    if (!c->notes) return;
    record_notes(c->cloud, c, false);
    (void)records_flush(c->cloud); /* it says so itself */
}

static void task_committed(struct txn_after *after) {
    struct task_call *t = (struct task_call *)((char *)after - offsetof(struct task_call, after));
    call_task_end(&t->call);
}

/* A service's principal is called as it signs, but CloudWatch's is not, and what S3 Control does itself are batch jobs. */
static str principal_name(const struct service *service) {
    str signs = str_of(service->wire->text + service->wire->signing_name);
    if (str_eq(wire_text(service->wire, service->wire->name), S("s3control"))) return S("batchoperations.s3");
    return str_eq(signs, S("monitoring")) ? S("cloudwatch") : signs;
}

struct principal *principal_service(struct arena *a, const struct service *service, str account) {
    struct principal *p = NEW(a, struct principal);
    *p = (struct principal){.kind = PRINCIPAL_SERVICE,
                            .account = account,
                            .arn = arena_format(a, "%.*s.amazonaws.com", STR_ARGS(principal_name(service)))};
    return p;
}

const struct service *service_at(const struct call *c, size_t i) {
    const struct cloud_config *config = &c->cloud->config;
    return i < config->service_count ? config->services[i] : NULL;
}

struct store *call_store(const struct call *c) { return c->cloud->store; }

struct call *call_for_task(struct txn *t, const struct service *service, str account, str region, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct task_call *task = NEW(a, struct task_call);
    *task = (struct task_call){.call = {.arena = a, .txn = t, .service = service, .account = account, .region = region,
                                        .principal = principal_service(a, service, account), .request_id = id_uuid(a),
                                        .base_url = S("http://localhost:4566"), .source_ip = S(""), .now_ms = now_ms, .cloud = txn_owner(t)},
                               .after = {task_committed}};
    if (task->call.cloud && txn_writable(t)) txn_after_commit(t, &task->after);
    return &task->call;
}
