#include "cloud/record.h"

#include "cloud/flight.h"
#include "sys/sys.h"
#include "text/json.h"

void records_open(struct cloud *cloud) {
    cloud->calls = journal_open(cloud->store, cloud->boot, "calls");
    cloud->metrics = journal_open(cloud->store, cloud->boot, "metrics");
}

static void field(struct buf *b, const char *name, str value) {
    if (!value.n) return;
    buf_add(b, b->n > 1 ? S(",\"") : S("\""));
    buf_add(b, str_of(name));
    buf_add(b, S("\":"));
    json_write_string(b, value);
}

void record_call(struct flight *f, int status) {
    const struct call *c = &f->call;
    i64 us = sys_monotonic_us() - f->arrived_us;
    str service = f->service ? wire_text(f->service->wire, f->service->wire->name) : S("-");
    str op = f->op ? wire_text(f->service->wire, f->op->name) : S("-");
    str code = f->error ? str_of(f->error->code) : (str){0};
    if (log_enabled(LOG_DEBUG) || (status >= 500 && log_enabled(LOG_WARN)))
        log_line(status >= 500 ? LOG_WARN : LOG_DEBUG, "call", "service=%.*s operation=%.*s status=%d error=%.*s us=%lld request=%.*s",
                 STR_ARGS(service), STR_ARGS(op), status, STR_ARGS(code), (long long)us, STR_ARGS(c->request_id));
    struct buf b = buf_new(f->arena, 64 << 10);
    buf_char(&b, '{');
    field(&b, "service", service);
    field(&b, "operation", op);
    field(&b, "request", c->request_id);
    field(&b, "account", c->account);
    field(&b, "region", c->region);
    field(&b, "principal", c->principal ? c->principal->arn : (str){0});
    field(&b, "access_key", c->principal ? c->principal->access_key : (str){0});
    field(&b, "source", f->request->peer);
    field(&b, "agent", http_header_get(f->request, S("user-agent")));
    field(&b, "error", code);
    buf_add(&b, S(",\"status\":"));
    buf_i64(&b, status);
    buf_add(&b, S(",\"us\":"));
    buf_i64(&b, us);
    buf_char(&b, '}');
    if (!b.over) journal_add(f->cloud->calls, store_now_ms(f->cloud->store), buf_str(&b));
}

static struct cloud *cloud_of(const struct call *c) { return c->flight ? c->flight->cloud : NULL; }

static void add_metric(struct call *c, struct buf *b) {
    struct cloud *cloud = cloud_of(c);
    field(b, "service", wire_text(c->service->wire, c->service->wire->name));
    field(b, "account", c->account);
    field(b, "region", c->region);
    buf_char(b, '}');
    if (cloud && !b->over) journal_add(cloud->metrics, c->now_ms, buf_str(b));
}

void count_metric(struct call *c, str metric_name, str dimension_name, str dimension_value, double value, str unit) {
    struct buf b = buf_new(c->arena, 8 << 10);
    buf_char(&b, '{');
    field(&b, "metric", metric_name);
    field(&b, "dimension", dimension_name);
    field(&b, "of", dimension_value);
    field(&b, "unit", unit);
    buf_format(&b, ",\"value\":%.17g", value);
    add_metric(c, &b);
}

void count_usage(struct call *c, str usage_type, double quantity) {
    struct buf b = buf_new(c->arena, 8 << 10);
    buf_char(&b, '{');
    field(&b, "usage", usage_type);
    buf_format(&b, ",\"quantity\":%.17g", quantity);
    add_metric(c, &b);
}

/* State changes commit with the write set: ("event", account, region, sequence) -> JSON, for the
 * rules of that account and region to be matched against. Where there is no rule an event costs one
 * look; EventBridge's room will write ("event-rule", account, region, ...) rows and take the events. */
void emit_event(struct call *c, str detail_type, str resource_arn, str detail_json) {
    struct key rules = key_new(c->arena, S("event-rule"));
    key_str(&rules, c->account);
    key_str(&rules, c->region);
    str from = key_bytes(&rules), key, value;
    struct range any = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    if (!range_next(&any, &key, &value)) return;
    struct buf b = buf_new(c->arena, 256 << 10); /* EventBridge's limit of an entry */
    buf_char(&b, '{');
    field(&b, "source", arena_format(c->arena, "aws.%s", c->service->wire->text + c->service->wire->name));
    field(&b, "detail-type", detail_type);
    field(&b, "resource", resource_arn);
    buf_format(&b, ",\"time\":%lld,\"detail\":%.*s}", (long long)c->now_ms, STR_ARGS(detail_json.n ? detail_json : S("{}")));
    struct key event = key_new(c->arena, S("event"));
    key_str(&event, c->account);
    key_str(&event, c->region);
    key_u64(&event, txn_sequence(c->txn));
    if (!b.over) txn_put(c->txn, key_bytes(&event), buf_str(&b));
}
