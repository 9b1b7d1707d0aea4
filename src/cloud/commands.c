/* The administrative calls. A new one is a row of the table at the end. */
#include "cloud/admin.h"
#include "cloud/cloud.h"
#include "cloud/outbound.h"
#include "cloud/webhook.h"
#include "cloud/upkeep.h"

#include "sys/sys.h"
#include "text/form.h"
#include "text/json.h"

#include <stdatomic.h>

/* A parameter of the query, decoded; absent if none. */
static str parameter(struct admin_call *c, str name) { return form_find(c->arena, c->query, name); }

static void status(struct admin_call *c) {
    struct store_stats s = store_stats(c->cloud->store);
    const struct http_server *server = atomic_load(&c->cloud->server);
    struct buf *b = &c->answer;
    buf_format(b, "{\"version\":\"%s\",\"uptime_ms\":%lld,", c->cloud->config.version, (long long)(sys_wall_ms() - c->cloud->started_ms));
    buf_add(b, S("\"data\":"));
    json_write_string(b, c->cloud->config.data_directory);
    buf_format(b, ",\"requests\":%llu,\"errors\":%llu,\"connections\":%zu,",
               (unsigned long long)atomic_load(&c->cloud->requests), (unsigned long long)atomic_load(&c->cloud->errors),
               server ? http_server_connections(server) : 0);
    buf_format(b, "\"store\":{\"commits\":%llu,\"functions\":%llu,\"flushes\":%llu,\"entries\":%llu,\"map_bytes\":%llu,\"used_bytes\":%llu,"
                  "\"oldest_reader_ms\":%llu,\"longest_function_us\":%llu},\"clock_ms\":%lld}",
               (unsigned long long)s.commits, (unsigned long long)s.functions, (unsigned long long)s.flushes,
               (unsigned long long)s.entries, (unsigned long long)s.map_bytes, (unsigned long long)s.used_bytes,
               (unsigned long long)s.oldest_reader_ms, (unsigned long long)s.longest_function_us,
               (long long)store_now_ms(c->cloud->store));
}

static void clock_show(struct admin_call *c) {
    i64 now = store_now_ms(c->cloud->store);
    buf_format(&c->answer, "{\"now_ms\":%lld,\"ahead_ms\":%lld,\"now\":\"", (long long)now, (long long)store_ahead_ms(c->cloud->store));
    buf_iso8601_ms(&c->answer, now);
    buf_add(&c->answer, S("\"}"));
}

static void clock_advance(struct admin_call *c) {
    i64 by_ms;
    if (!str_to_i64(parameter(c, S("by_ms")), &by_ms) || by_ms < 0) {
        c->status = 400;
        c->problem = S("by_ms must be a number of milliseconds; the cloud's clock only moves forward.");
        return;
    }
    if (store_clock_advance(c->cloud->store, by_ms, str_eq(parameter(c, S("coalesce")), S("true")))) {
        c->problem = S("The store could not write; the clock stands where it stood.");
        return;
    }
    clock_show(c);
}

/* Per service, which operations the program has: read from the binding tables, never typed. */
static void coverage(struct admin_call *c) {
    struct buf *b = &c->answer;
    buf_char(b, '{');
    for (size_t i = 0; i < c->cloud->config.service_count; i++) {
        const struct service *s = c->cloud->config.services[i];
        const struct wire_service *w = s->wire;
        buf_format(b, "%s\"%s\":{", i ? "," : "", w->text + w->name);
        for (u16 op = 0; op < w->op_count; op++)
            buf_format(b, "%s\"%s\":%s", op ? "," : "", w->text + w->ops[op].name, s->ops[op].handle ? "true" : "false");
        buf_char(b, '}');
    }
    buf_char(b, '}');
}

/* ---- faults ---- */

static void zones_show(struct admin_call *c) {
    u32 n = store_zone_count(c->cloud->store), down = store_zones_down(c->cloud->store);
    buf_add(&c->answer, S("{"));
    for (u32 z = 0; z < n; z++) buf_format(&c->answer, "%s\"zone %c\":\"%s\"", z ? "," : "", 'a' + (int)z, down >> z & 1 ? "down" : "up");
    buf_add(&c->answer, S("}"));
}

static void links_show(struct admin_call *c) {
    struct txn *t = store_snapshot(c->cloud->store, c->arena);
    struct range cut = region_links_cut(t, c->arena);
    str one, other;
    buf_char(&c->answer, '{');
    for (bool more = false; region_link_cut_next(&cut, c->arena, &one, &other); more = true)
        buf_format(&c->answer, "%s\"%.*s %.*s\":\"down\"", more ? "," : "", STR_ARGS(one), STR_ARGS(other));
    buf_char(&c->answer, '}');
    store_snapshot_end(t);
}

struct link_change {
    struct arena *arena;
    str one, other;
    bool up;
};
static err link_change(void *context, struct txn *t) {
    struct link_change *l = context;
    region_link_set(t, l->arena, l->one, l->other, l->up);
    return NULL;
}

/* link=us-east-1,eu-west-1 */
static void link_fault(struct admin_call *c) {
    str other = parameter(c, S("link")), state = parameter(c, S("state")), one = str_cut(&other, ',');
    struct link_change l = {c->arena, one, other, str_eq(state, S("up"))};
    if (!region_known(one) || !region_known(other) || str_eq(one, other) || (!l.up && !str_eq(state, S("down")))) {
        c->status = 400;
        c->problem = S("a link stands between two different regions, and goes down or up.");
        return;
    }
    if (store_write(c->cloud->store, c->arena, link_change, &l)) c->problem = S("The store could not write; the links are as they were.");
    else links_show(c);
}

static void zone_fault(struct admin_call *c) {
    str zone = parameter(c, S("zone")), state = parameter(c, S("state"));
    u32 n = store_zone_count(c->cloud->store);
    bool down = str_eq(state, S("down"));
    bool known = zone.n == 1 && zone.p[0] >= 'a' && (u32)(zone.p[0] - 'a') < n && (down || str_eq(state, S("up")));
    if (!known || (down && n == 1)) {
        c->status = 400;
        c->problem = n == 1 ? S("this cloud has one zone, and a fault of zones needs more: serve with --zones 3.")
                            : arena_format(c->arena, "the zone must be a letter from a to %c, and then down or up.", 'a' + (int)n - 1);
        return;
    }
    if (store_zone_fault(c->cloud->store, (u32)(zone.p[0] - 'a'), down)) {
        c->problem = S("The store could not write; the zones are as they were.");
        return;
    }
    zones_show(c);
}

static void scrub(struct admin_call *c) {
    struct mend_report r;
    store_scrub(c->cloud->store, &r);
    buf_format(&c->answer, "{\"blobs\":%llu,\"bytes\":%llu,\"damaged\":%llu,\"repaired\":%llu,\"lost\":%llu}", (unsigned long long)r.blobs,
               (unsigned long long)r.bytes, (unsigned long long)r.damaged, (unsigned long long)r.repaired, (unsigned long long)r.lost);
}

/* ---- quotas: account=111122223333&region=us-east-1&service=events&code=rules&value=10000 ---- */

struct quota_change {
    struct arena *arena;
    str account, region, service, code;
    i64 value;
};
static err quota_change(void *context, struct txn *t) {
    struct quota_change *q = context;
    quota_set(t, q->arena, q->account, q->region, q->service, q->code, q->value);
    return NULL;
}

static void quota_give(struct admin_call *c) {
    struct quota_change q = {c->arena, parameter(c, S("account")), parameter(c, S("region")), parameter(c, S("service")), parameter(c, S("code")), 0};
    if (!account_valid(q.account) || !region_known(q.region) || !q.service.n || q.service.n > 64 || !q.code.n || q.code.n > 64 || !str_to_i64(parameter(c, S("value")), &q.value)
        || q.value < 0) {
        c->status = 400;
        c->problem = S("a quota has an account, a region, a service, a code and a value.");
        return;
    }
    if (store_write(c->cloud->store, c->arena, quota_change, &q)) c->problem = S("The store could not write; the quota is as it was.");
    else buf_format(&c->answer, "{\"value\":%lld}", (long long)q.value);
}

const struct admin_command admin_commands[] = {
    {"GET", "status", status},
    {"GET", "clock", clock_show},
    {"POST", "clock", clock_advance},
    {"GET", "coverage", coverage},
    {"POST", "snapshot", upkeep_save},
    {"POST", "reset", upkeep_reset},
    {"GET", "usage", upkeep_usage},
    {"GET", "fault", zones_show},
    {"GET", "links", links_show},
    {"POST", "links", link_fault},
    {"POST", "fault", zone_fault},
    {"POST", "scrub", scrub},
    {"GET", "outbox", outbound_show},
    {"POST", "outbox/stop", outbound_stop},
    {"POST", "quota", quota_give},
    {"POST", "webhooks", webhook_open},
    {"POST", "webhook", webhook_take, .open = true},
};
const size_t admin_command_count = LENGTH(admin_commands);
