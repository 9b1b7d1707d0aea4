#include "cloud/record.h"

#include "cloud/counts.h"
#include "cloud/tally.h"

#include "sys/sys.h"

#include <stdatomic.h>

void records_open(struct cloud *cloud) {
    cloud->calls = journal_open(cloud->store, cloud->boot, "calls");
    cloud->tallies = tallies_new(cloud->boot);
    cloud->metrics = journal_open(cloud->store, cloud->boot, "metrics");
    cloud->lines = journal_open(cloud->store, cloud->boot, "lines");
}

static str name_of(const struct service *s) { return s ? wire_text(s->wire, s->wire->name) : S("-"); }

static str op_name(const struct call_end *end) { return end->op ? wire_text(end->service->wire, end->op->name) : S("-"); }

static void log_call(const struct call *c, const struct call_end *end) {
    bool ours = end->status >= 500;
    if (!log_enabled(LOG_DEBUG) && !(ours && log_enabled(LOG_WARN))) return;
    str service = name_of(end->service), op = op_name(end), code = end->error ? str_of(end->error->code) : (str){0};
    log_line(ours ? LOG_WARN : LOG_DEBUG, "call", "service=%.*s operation=%.*s status=%d error=%.*s us=%lld request=%.*s", STR_ARGS(service),
             STR_ARGS(op), end->status, STR_ARGS(code), (long long)end->us, STR_ARGS(c->request_id));
}

static void add_count(struct cloud *cloud, const struct call_note *n) {
    i64 at_ms = n->call->now_ms;
    if (n->kind != NOTE_USAGE) {
        at_ms = MAX(at_ms, atomic_load_explicit(&cloud->counts_closed_ms, memory_order_relaxed));
        counts_due(cloud, at_ms);
    }
    tally_add(cloud, n, at_ms);
}

/* How long it took is known when the call has ended. In steps of a hundredth to a tenth: a minute's values are to be few. */
static void settle_latencies(const struct call *c, i64 us) {
    i64 step = 10;
    while (us >= 100 * step) step *= 10;
    for (struct call_note *n = c->notes; n; n = n->older)
        if (n->kind == NOTE_LATENCY && n->call == c) n->quantity = (double)MAX(us / step * step, step) / 1000;
}

static void count_call(struct cloud *cloud, const struct call *c, const struct call_end *end) {
    if (!end->op || !(end->op->flags & WIRE_OP_COUNTED) || !c->service || !c->account.n) return;
    add_count(cloud, &(struct call_note){.call = c, .kind = NOTE_METRIC, .name = S("CallCount"), .dimension = S("Resource"), .of = op_name(end), .unit = S("None"), .quantity = 1});
}

static void count_failed(struct call *c, err e) {
    const struct cloud_config *config = &c->cloud->config;
    if (!e || !c->service || !c->principal || c->principal->kind == PRINCIPAL_ANONYMOUS) return;
    for (size_t i = 0; i < config->failed_call_count; i++)
        if (config->failed_calls[i].of == c->service) config->failed_calls[i].count(c, e);
}

void record_notes(struct cloud *cloud, const struct call *c, bool failed) {
    for (const struct call_note *n = c->notes; n; n = n->older) {
        if (n->kind != NOTE_CALL) {
            if (failed == (n->kind == NOTE_FAILURE)) add_count(cloud, n);
            continue;
        }
        const struct call *within = n->call;
        int success = within->status ? within->status : within->op->status;
        log_call(within, &(struct call_end){.service = within->service, .op = within->op, .error = n->error,
                                            .status = n->error ? n->error->status : success, .us = n->us});
        trail_journal(cloud, &n->record);
    }
}

void record_call(struct cloud *cloud, struct call *c, const struct call_end *end) {
    if (!c->now_ms) c->now_ms = store_now_ms(cloud->store); /* refused before anybody looked at the clock */
    log_call(c, end);
    struct trail_record record = trail_record(c, end->error, end->out);
    trail_journal(cloud, &record);
    settle_latencies(c, end->us);
    count_failed(c, end->error);
    record_notes(cloud, c, end->error != NULL);
    count_call(cloud, c, end);
}

bool records_flush(struct cloud *cloud) {
    tally_write(cloud);
    bool calls = journal_flush(cloud->calls);
    if (!journal_flush(cloud->lines)) log_line(LOG_ERROR, "journal", "problem=lines could not be written");
    if (!journal_flush(cloud->metrics)) log_line(LOG_ERROR, "journal", "problem=metrics could not be written");
    if (!calls) log_line(LOG_ERROR, "journal", "problem=calls could not be put on record: their answers are held back");
    return calls;
}

/* ---- what handlers note ---- */

static struct call_note *note(struct call *c, const struct call *whose, enum note_kind kind) {
    struct call_note *n = NEW(c->arena, struct call_note);
    *n = (struct call_note){.older = c->notes, .call = whose, .kind = (u8)kind};
    c->notes = n;
    return n;
}

static void count(struct call *c, enum note_kind kind, str metric_name, str dimension_name, str dimension_value, double value, str unit) {
    struct call_note *n = note(c, c, kind);
    n->name = metric_name;
    n->dimension = dimension_name;
    n->of = arena_str(c->arena, dimension_value); /* often a view into the transaction */
    n->unit = unit;
    n->quantity = value;
}

void count_metric(struct call *c, str metric_name, str dimension_name, str dimension_value, double value, str unit) {
    count(c, NOTE_METRIC, metric_name, dimension_name, dimension_value, value, unit);
}

void count_failure(struct call *c, str metric_name, str dimension_name, str dimension_value) {
    count(c, NOTE_FAILURE, metric_name, dimension_name, dimension_value, 1, S("Count"));
}

void count_failure_once(struct call *c, str metric_name, str dimension_name, str dimension_value) {
    for (const struct call_note *n = c->notes; n; n = n->older)
        if (n->kind == NOTE_FAILURE && n->call == c && str_eq(n->name, metric_name) && str_eq(n->of, dimension_value)) return;
    count_failure(c, metric_name, dimension_name, dimension_value);
}

void count_latency(struct call *c, str metric_name, str dimension_name, str dimension_value) {
    count(c, NOTE_LATENCY, metric_name, dimension_name, dimension_value, 0, S("Milliseconds"));
}

void count_usage(struct call *c, str usage_type, double quantity) {
    struct call_note *n = note(c, c, NOTE_USAGE);
    n->name = usage_type;
    n->quantity = quantity;
}

void note_call(struct call *outer, struct call *inner, err error, const void *out, i64 us) {
    struct call_note *oldest_first = NULL;
    settle_latencies(inner, us);
    count_failed(inner, error);
    while (inner->notes) {
        struct call_note *n = inner->notes;
        inner->notes = n->older;
        n->older = oldest_first;
        oldest_first = n;
    }
    while (oldest_first) {
        struct call_note *n = oldest_first;
        oldest_first = n->older;
        if (n->kind != NOTE_CALL && (error != NULL) != (n->kind == NOTE_FAILURE)) continue; /* who failed counts that alone */
        if (n->kind < NOTE_USAGE) n->kind = NOTE_METRIC; /* it is settled; what becomes of the outer call is another matter */
        n->older = outer->notes;
        outer->notes = n;
    }
    struct call_note *n = note(outer, inner, NOTE_CALL);
    n->error = error;
    n->record = trail_record(inner, error, out);
    n->us = us;
}

/* State changes go to the rules of the account and region in the transaction of the change: rows
 * ("event-rule", account, region, ...) of EventBridge's room. Where there is none, an event costs one look. */
bool events_wanted(struct call *c) {
    struct key rules = key_new(c->arena, S("event-rule"));
    key_str(&rules, c->account);
    key_str(&rules, c->region);
    str from = key_bytes(&rules), key;
    if (!c->cloud->config.events) return false;
    struct range any = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    return range_next(&any, &key, NULL);
}

void emit_event_of(struct call *c, str source, str detail_type, str resource_arn, str detail_json) {
    if (events_wanted(c)) c->cloud->config.events(c, source, detail_type, resource_arn, detail_json);
}

void emit_event(struct call *c, str detail_type, str resource_arn, str detail_json) {
    emit_event_of(c, arena_format(c->arena, "aws.%s", c->service->wire->text + c->service->wire->name), detail_type, resource_arn, detail_json);
}
