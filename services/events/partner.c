/* Partner event sources: a partner offers one to an account, which makes a bus of the same name to have its events.
 * DIFFERS: any account may be a partner; AWS lets those who are registered. */
#include "events.h"

enum { OFFERED_DAYS = 14, OFFERS_MAX = 100 };
static const i64 DAY_MS = 24LL * 3600 * 1000;

static str source_row(struct arena *a, str account, str region, str name) {
    struct key k = events_key(a, account, region, S("event-source"));
    if (name.p) key_str(&k, name);
    return key_bytes(&k);
}

/* The partner's side: to whom a source is offered. */
static str offer_row(struct arena *a, str partner, str region, str name, str account) {
    struct key k = events_key(a, partner, region, S("partner-source"));
    if (name.p) key_str(&k, name);
    if (account.p) key_str(&k, account);
    return key_bytes(&k);
}

static bool load(struct txn *t, struct arena *a, str account, str region, str name, struct partner_source *s) {
    str row;
    *s = (struct partner_source){0};
    if (!txn_get(t, source_row(a, account, region, name), &row)) return false;
    ASSERT(record_decode(a, &events_source_record, arena_str(a, row), s));
    s->account = account;
    s->region = region;
    s->name = name;
    return true;
}

static void save(struct txn *t, struct arena *a, const struct partner_source *s) {
    txn_put(t, source_row(a, s->account, s->region, s->name), record_encode(a, &events_source_record, s));
}

static void drop(struct txn *t, struct arena *a, const struct partner_source *s) {
    txn_delete(t, source_row(a, s->account, s->region, s->name));
    txn_delete(t, offer_row(a, s->partner, s->region, s->name, s->account));
}

static str arn_of_source(struct call *c, str name) { return arn_format(c->arena, S("events"), c->region, S(""), arena_concat(c->arena, S("event-source/"), name)); }

static bool has_bus(struct txn *t, struct arena *a, const struct partner_source *s) {
    struct bus bus;
    return bus_load(t, a, s->account, s->region, s->name, &bus);
}

static str state_of(struct call *c, const struct partner_source *s) {
    if (s->deleted) return S("DELETED");
    return !s->deactivated && has_bus(c->txn, c->arena, s) ? S("ACTIVE") : S("PENDING");
}

static struct opt_time expiry_of(struct call *c, const struct partner_source *s) {
    return str_eq(state_of(c, s), S("PENDING")) ? SOME_TIME(s->expires_ms) : (struct opt_time){0};
}

/* "aws.partner/example.com/..." -> "example.com" */
static str partner_of(str name) {
    str rest = name;
    (void)str_cut(&rest, '/');
    return str_cut(&rest, '/');
}

/* What nobody takes up is gone after two weeks. */
static void offer_until(struct call *c, struct partner_source *s) {
    s->expires_ms = c->now_ms + OFFERED_DAYS * DAY_MS;
    str key = arena_format(c->arena, "%.*s/%.*s/%.*s", STR_ARGS(s->account), STR_ARGS(s->region), STR_ARGS(s->name));
    txn_task_set(c->txn, &(struct task){.kind = S("events-source-expire"), .key = key, .due_ms = s->expires_ms});
}

err source_expire(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct partner_source s;
    str name = arena_str(a, task->key), account = str_cut(&name, '/'), region = str_cut(&name, '/');
    bool pending = load(t, a, account, region, name, &s) && !s.deleted && (s.deactivated || !has_bus(t, a, &s));
    if (pending && s.expires_ms <= now_ms) drop(t, a, &s);
    return NULL;
}

static err absent(struct call *c, str name) { return fail(c, &events_resource_not_found_exception, "Event source %.*s does not exist.", STR_ARGS(name)); }

/* ---- the bus of a source (bus.c) ---- */

err source_taken_up(struct call *c, str bus_name, str source_name) {
    struct partner_source s;
    if (!str_eq(bus_name, source_name)) return fail(c, &cloud_validation, "Event bus name and event source name must be the same.");
    if (!load(c->txn, c->arena, c->account, c->region, source_name, &s) || s.deleted) return absent(c, source_name);
    s.deactivated = false;
    save(c->txn, c->arena, &s);
    return NULL;
}

void source_left(struct call *c, str name) {
    struct partner_source s;
    if (!load(c->txn, c->arena, c->account, c->region, name, &s)) return;
    if (s.deleted) {
        drop(c->txn, c->arena, &s);
        return;
    }
    offer_until(c, &s);
    save(c->txn, c->arena, &s);
}

/* ---- the account's side ---- */

err events_activate_event_source(struct call *c, const struct events_activate_event_source_request *in, struct wire_unit *out) {
    (void)out;
    struct partner_source s;
    if (!load(c->txn, c->arena, c->account, c->region, in->name, &s)) return absent(c, in->name);
    if (s.deleted || !has_bus(c->txn, c->arena, &s)) return fail(c, &events_invalid_state_exception, "Event source %.*s has no event bus or is deleted.", STR_ARGS(in->name));
    s.deactivated = false;
    save(c->txn, c->arena, &s);
    return NULL;
}

err events_deactivate_event_source(struct call *c, const struct events_deactivate_event_source_request *in, struct wire_unit *out) {
    (void)out;
    struct partner_source s;
    if (!load(c->txn, c->arena, c->account, c->region, in->name, &s)) return absent(c, in->name);
    if (!str_eq(state_of(c, &s), S("ACTIVE"))) return fail(c, &events_invalid_state_exception, "Event source %.*s is not active.", STR_ARGS(in->name));
    s.deactivated = true;
    offer_until(c, &s);
    save(c->txn, c->arena, &s);
    return NULL;
}

err events_describe_event_source(struct call *c, const struct events_describe_event_source_request *in, struct events_describe_event_source_response *out) {
    struct partner_source s;
    if (!load(c->txn, c->arena, c->account, c->region, in->name, &s)) return absent(c, in->name);
    *out = (struct events_describe_event_source_response){.arn = arn_of_source(c, s.name), .created_by = partner_of(s.name), .creation_time = SOME_TIME(s.created_ms),
                                                          .expiration_time = expiry_of(c, &s), .name = s.name, .state = state_of(c, &s)};
    return NULL;
}

static str last_part(struct arena *a, str key) {
    str part, last = {0};
    for (str rest = arena_str(a, key); key_read_str(&rest, a, &part);) last = part;
    return last;
}

err events_list_event_sources(struct call *c, const struct events_list_event_sources_request *in, struct events_list_event_sources_response *out) {
    struct partner_source s;
    str position, key, row, prefix = in->name_prefix.p ? in->name_prefix : S(""), all = source_row(c->arena, c->account, c->region, (str){0});
    u32 max;
    TRY(limits_page(c, in->next_token, in->limit, &position, &max));
    out->event_sources.v = NEW_ARRAY(c->arena, struct events_event_source, max);
    out->event_sources.set = true;
    struct range r = txn_range(c->txn, source_row(c->arena, c->account, c->region, position.p ? position : prefix), key_after_prefix(c->arena, all));
    while (range_next(&r, &key, &row)) {
        str name = last_part(c->arena, key);
        if (!str_starts(name, prefix)) break;
        if (out->event_sources.n == max) {
            out->next_token = page_token(c, name);
            break;
        }
        ASSERT(load(c->txn, c->arena, c->account, c->region, name, &s));
        out->event_sources.v[out->event_sources.n++] = (struct events_event_source){.arn = arn_of_source(c, name), .created_by = partner_of(name), .creation_time = SOME_TIME(s.created_ms),
                                                                                    .expiration_time = expiry_of(c, &s), .name = name, .state = state_of(c, &s)};
    }
    return NULL;
}

/* ---- the partner's side ---- */

/* The accounts that a source of this partner is offered to. */
static u32 offers(struct txn *t, struct arena *a, str partner, str region, str name, str *accounts) {
    str all = offer_row(a, partner, region, name, (str){0}), key, row;
    struct range r = txn_range(t, all, key_after_prefix(a, all));
    u32 n = 0;
    while (n < OFFERS_MAX && range_next(&r, &key, &row)) accounts[n++] = last_part(a, key);
    return n;
}

bool partner_has_source(struct txn *t, struct arena *a, str partner, str region, str name) {
    str accounts[OFFERS_MAX];
    return name.n <= 256 && offers(t, a, partner, region, name, accounts) > 0;
}

err events_create_partner_event_source(struct call *c, const struct events_create_partner_event_source_request *in, struct events_create_partner_event_source_response *out) {
    struct partner_source s;
    str accounts[OFFERS_MAX];
    if (load(c->txn, c->arena, in->account, c->region, in->name, &s))
        return fail(c, &events_resource_already_exists_exception, "Event source %.*s already exists.", STR_ARGS(in->name));
    if (offers(c->txn, c->arena, c->account, c->region, in->name, accounts) == OFFERS_MAX)
        return fail(c, &events_limit_exceeded_exception, "The requested resource exceeds the maximum number allowed.");
    s = (struct partner_source){.created_ms = c->now_ms, .partner = c->account, .account = in->account, .region = c->region, .name = in->name};
    offer_until(c, &s);
    save(c->txn, c->arena, &s);
    txn_put(c->txn, offer_row(c->arena, c->account, c->region, in->name, in->account), S(""));
    out->event_source_arn = arn_of_source(c, in->name);
    return NULL;
}

err events_delete_partner_event_source(struct call *c, const struct events_delete_partner_event_source_request *in, struct wire_unit *out) {
    (void)out;
    struct partner_source s;
    if (!load(c->txn, c->arena, in->account, c->region, in->name, &s) || !str_eq(s.partner, c->account)) return NULL;
    if (!has_bus(c->txn, c->arena, &s)) {
        drop(c->txn, c->arena, &s);
        return NULL;
    }
    s.deleted = true;
    save(c->txn, c->arena, &s);
    txn_delete(c->txn, offer_row(c->arena, s.partner, s.region, s.name, s.account));
    return NULL;
}

err events_describe_partner_event_source(struct call *c, const struct events_describe_partner_event_source_request *in, struct events_describe_partner_event_source_response *out) {
    if (!partner_has_source(c->txn, c->arena, c->account, c->region, in->name)) return absent(c, in->name);
    *out = (struct events_describe_partner_event_source_response){.arn = arn_of_source(c, in->name), .name = in->name};
    return NULL;
}

err events_list_partner_event_sources(struct call *c, const struct events_list_partner_event_sources_request *in, struct events_list_partner_event_sources_response *out) {
    str position, key, row, part, last = {0}, all = offer_row(c->arena, c->account, c->region, (str){0}, (str){0});
    u32 max;
    TRY(limits_page(c, in->next_token, in->limit, &position, &max));
    out->partner_event_sources.v = NEW_ARRAY(c->arena, struct events_partner_event_source, max);
    out->partner_event_sources.set = true;
    struct range r = txn_range(c->txn, offer_row(c->arena, c->account, c->region, position.p ? position : in->name_prefix, (str){0}), key_after_prefix(c->arena, all));
    while (range_next(&r, &key, &row)) {
        str rest = str_skip(arena_str(c->arena, key), all.n);
        ASSERT(key_read_str(&rest, c->arena, &part));
        if (!str_starts(part, in->name_prefix)) break;
        if (str_eq(part, last)) continue; /* a row for each account */
        if (out->partner_event_sources.n == max) {
            out->next_token = page_token(c, part);
            break;
        }
        last = part;
        out->partner_event_sources.v[out->partner_event_sources.n++] = (struct events_partner_event_source){.arn = arn_of_source(c, part), .name = part};
    }
    return NULL;
}

err events_list_partner_event_source_accounts(struct call *c, const struct events_list_partner_event_source_accounts_request *in,
                                              struct events_list_partner_event_source_accounts_response *out) {
    struct partner_source s;
    str accounts[OFFERS_MAX], position;
    u32 max, n = offers(c->txn, c->arena, c->account, c->region, in->event_source_name, accounts);
    TRY(limits_page(c, in->next_token, in->limit, &position, &max));
    if (!n) return absent(c, in->event_source_name);
    out->partner_event_source_accounts.v = NEW_ARRAY(c->arena, struct events_partner_event_source_account, max);
    out->partner_event_source_accounts.set = true;
    for (u32 i = 0; i < n; i++) {
        if (position.p && str_cmp(accounts[i], position) < 0) continue;
        if (out->partner_event_source_accounts.n == max) {
            out->next_token = page_token(c, accounts[i]);
            break;
        }
        if (!load(c->txn, c->arena, accounts[i], c->region, in->event_source_name, &s)) continue; /* that account was reset */
        out->partner_event_source_accounts.v[out->partner_event_source_accounts.n++] = (struct events_partner_event_source_account){
            .account = accounts[i], .creation_time = SOME_TIME(s.created_ms), .expiration_time = expiry_of(c, &s), .state = state_of(c, &s)};
    }
    return NULL;
}

/* ---- events ---- */

void partner_event_route(struct call *c, str partner, const struct event *from) {
    struct partner_source s;
    struct bus bus;
    str accounts[OFFERS_MAX];
    u32 n = offers(c->txn, c->arena, partner, c->region, from->source, accounts);
    for (u32 i = 0; i < n; i++) {
        bool offered = load(c->txn, c->arena, accounts[i], c->region, from->source, &s); /* not to an account that was reset */
        if (!offered || s.deactivated || !bus_load(c->txn, c->arena, accounts[i], c->region, from->source, &bus)) continue;
        struct event e = *from;
        e.account = accounts[i];
        event_finish(c->arena, &e);
        event_route(c, &bus, &e, NULL);
    }
}

err events_put_partner_events(struct call *c, const struct events_put_partner_events_request *in, struct events_put_partner_events_response *out) {
    i32 failed = 0;
    out->entries.v = NEW_ARRAY(c->arena, struct events_put_partner_events_result_entry, in->entries.n);
    out->entries.set = true;
    for (u32 i = 0; i < in->entries.n; i++) {
        const struct events_put_partner_events_request_entry *from = &in->entries.v[i];
        struct events_put_partner_events_result_entry *to = &out->entries.v[out->entries.n++];
        struct events_put_events_request_entry entry = {.time = from->time, .source = from->source, .resources = from->resources, .detail_type = from->detail_type, .detail = from->detail};
        struct event e;
        struct refusal no = entry_read(c, &entry, &e);
        if (!no.code && !partner_has_source(c->txn, c->arena, c->account, c->region, from->source))
            no = (struct refusal){"NotAuthorizedForSourceException", "Not authorized for the source."};
        if (!no.code) {
            to->event_id = e.id;
            partner_event_route(c, c->account, &e);
            continue;
        }
        to->error_code = str_of(no.code);
        to->error_message = str_of(no.message);
        failed++;
    }
    out->failed_entry_count = SOME_I32(failed);
    return NULL;
}
