/* Event data stores: events kept for years, to be asked in SQL. */
#include "cloud/identity.h"
#include "lake.h"

enum { STORES_MAX = 10, WAIT_DAYS = 7, EXTENDABLE_DAYS = 366, FIXED_DAYS = 2557 };

static str status_of(const struct ct_store *s) {
    return s->delete_ms ? S("PENDING_DELETION") : s->ingests ? S("ENABLED") : S("STOPPED_INGESTION");
}

static bool or_else(struct opt_bool asked, bool otherwise) { return asked.set ? asked.v : otherwise; }

#define SHOW(out, s)                                                                   \
    do {                                                                               \
        struct ct_trail like_ = {.advanced = (s)->advanced};                           \
        (out)->event_data_store_arn = (s)->arn;                                        \
        (out)->name = (s)->name;                                                       \
        (out)->status = status_of(s);                                                  \
        (out)->advanced_event_selectors = ct_give_advanced(c, &like_);                 \
        (out)->multi_region_enabled = SOME_BOOL((s)->multi_region);                    \
        (out)->organization_enabled = SOME_BOOL((s)->organization.p != NULL);          \
        (out)->retention_period = SOME_I32((i32)(s)->retention_days);                  \
        (out)->termination_protection_enabled = SOME_BOOL((s)->protected);             \
        (out)->created_timestamp = SOME_TIME((s)->created_ms);                         \
        (out)->updated_timestamp = SOME_TIME((s)->updated_ms);                         \
    } while (0)

/* What lists leave out. */
#define SHOW_WHOLE(out, s)                                       \
    do {                                                         \
        (out)->billing_mode = (s)->billing;                      \
        (out)->kms_key_id = (s)->kms_key;                        \
    } while (0)

/* ---- checked ---- */

static struct range rows_of(struct call *c, str account, str region) {
    str from = ct_store_row(c->arena, account, region, (str){0});
    return txn_range(c->txn, from, key_after_prefix(c->arena, from));
}

static err check_name(struct call *c, const struct ct_store *wanted, u32 *n) {
    struct range r = rows_of(c, wanted->account, wanted->region);
    str key;
    *n = 0;
    while (range_next(&r, &key, NULL)) {
        struct ct_store s;
        ASSERT(ct_store_load(c->txn, c->arena, arena_str(c->arena, key), &s));
        (*n)++;
        if (str_eq(s.name, wanted->name) && !str_eq(s.id, wanted->id))
            return fail(c, &cloudtrail_event_data_store_already_exists_exception, "An event data store with the name %.*s already exists.", STR_ARGS(s.name));
    }
    return NULL;
}

static err check_retention(struct call *c, const struct ct_store *s) {
    if (s->retention_days <= FIXED_DAYS || str_eq(s->billing, S("EXTENDABLE_RETENTION_PRICING"))) return NULL;
    return fail(c, &cloudtrail_invalid_parameter_exception, "The retention period can be at most %d days with FIXED_RETENTION_PRICING.", FIXED_DAYS);
}

static err set_selectors(struct call *c, struct ct_store *s, const struct cloudtrail_advanced_event_selectors *in) {
    struct ct_trail like = {0};
    str management = S("Management");
    struct cloudtrail_advanced_field_selector category = {.field = S("eventCategory"), .equals = {&management, 1, true}};
    struct cloudtrail_advanced_event_selector all = {S("Default management events"), {&category, 1, true}};
    const struct cloudtrail_advanced_event_selectors otherwise = {&all, 1, true};
    TRY(ct_take_advanced(c, in->n ? in : &otherwise, &like));
    s->advanced = like.advanced;
    if (ct_store_of_channels(s) && in->n > 1)
        return fail(c, &cloudtrail_invalid_event_selectors_exception, "Invalid event selectors: a store of ActivityAuditLog events has one selector.");
    return NULL;
}

static err set_organization(struct call *c, struct ct_store *s, bool wanted) {
    str organization = {0}, account;
    if (wanted) TRY(ct_organization_check(c, &organization, &account));
    s->organization = organization;
    return NULL;
}

/* ---- the operations ---- */

err cloudtrail_create_event_data_store(struct call *c, const struct cloudtrail_create_event_data_store_request *in,
                                       struct cloudtrail_create_event_data_store_response *out) {
    struct ct_store s = {.name = in->name, .account = c->account, .region = c->region, .id = id_uuid(c->arena), .created_ms = c->now_ms, .updated_ms = c->now_ms,
                         .from_ms = c->now_ms, .multi_region = or_else(in->multi_region_enabled, true), .ingests = or_else(in->start_ingestion, true),
                         .protected = or_else(in->termination_protection_enabled, true),
                         .billing = in->billing_mode.p ? in->billing_mode : S("EXTENDABLE_RETENTION_PRICING")};
    u32 n;
    s.arn = arn_of(c, S("cloudtrail"), arena_concat(c->arena, S("eventdatastore/"), s.id));
    s.retention_days = in->retention_period.set ? in->retention_period.v : str_eq(s.billing, S("EXTENDABLE_RETENTION_PRICING")) ? EXTENDABLE_DAYS : FIXED_DAYS;
    TRY(check_name(c, &s, &n));
    if (n >= quota(c, S("event-data-stores"), STORES_MAX))
        return fail(c, &cloudtrail_event_data_store_max_limit_exceeded_exception, "Your account has used the maximum number of event data stores.");
    TRY(check_retention(c, &s));
    TRY(set_organization(c, &s, or_else(in->organization_enabled, false)));
    TRY(set_selectors(c, &s, &in->advanced_event_selectors));
    TRY(ct_key_associate(c, &s, in->kms_key_id));
    ct_store_save(c->txn, c->arena, &s);
    registry_add(c, s.arn, S("AWS::CloudTrail::EventDataStore"));
    if (in->tags_list.n) TRY(ct_tags_set(c, s.arn, &in->tags_list));
    ct_store_apply(c, &s);
    SHOW(out, &s);
    out->status = S("CREATED");
    SHOW_WHOLE(out, &s);
    out->tags_list = in->tags_list;
    return NULL;
}

err cloudtrail_get_event_data_store(struct call *c, const struct cloudtrail_get_event_data_store_request *in, struct cloudtrail_get_event_data_store_response *out) {
    struct ct_store s;
    TRY(ct_store_open(c, in->event_data_store, &s));
    SHOW(out, &s);
    SHOW_WHOLE(out, &s);
    return NULL;
}

err cloudtrail_list_event_data_stores(struct call *c, const struct cloudtrail_list_event_data_stores_request *in,
                                      struct cloudtrail_list_event_data_stores_response *out) {
    struct range r = rows_of(c, c->account, c->region);
    str key, position;
    u32 max = in->max_results.set ? (u32)in->max_results.v : 100;
    if (in->next_token.p && !page_position(c, in->next_token, &position)) return fail(c, &cloudtrail_invalid_next_token_exception, "Invalid NextToken value.");
    if (in->next_token.p) range_seek(&r, position);
    out->event_data_stores = (struct cloudtrail_event_data_stores){.v = NEW_ARRAY(c->arena, struct cloudtrail_event_data_store, max + 1), .set = true};
    while (range_next(&r, &key, NULL)) {
        struct ct_store s;
        if (out->event_data_stores.n == max) {
            out->next_token = page_token(c, arena_str(c->arena, key));
            break;
        }
        ASSERT(ct_store_load(c->txn, c->arena, arena_str(c->arena, key), &s));
        struct cloudtrail_event_data_store *shown = &out->event_data_stores.v[out->event_data_stores.n++];
        *shown = (struct cloudtrail_event_data_store){0};
        SHOW(shown, &s);
    }
    return NULL;
}

err cloudtrail_update_event_data_store(struct call *c, const struct cloudtrail_update_event_data_store_request *in,
                                       struct cloudtrail_update_event_data_store_response *out) {
    struct ct_store s;
    u32 n;
    TRY(ct_store_open_active(c, in->event_data_store, &s));
    if (in->name.p) s.name = in->name;
    TRY(check_name(c, &s, &n));
    if (in->billing_mode.p && !str_eq(in->billing_mode, s.billing) && str_eq(in->billing_mode, S("FIXED_RETENTION_PRICING")))
        return fail(c, &cloudtrail_invalid_parameter_exception, "The billing mode cannot be changed back to FIXED_RETENTION_PRICING.");
    if (in->billing_mode.p) s.billing = in->billing_mode;
    if (in->retention_period.set) s.retention_days = in->retention_period.v;
    TRY(check_retention(c, &s));
    TRY(ct_key_associate(c, &s, in->kms_key_id));
    if (in->advanced_event_selectors.n) TRY(set_selectors(c, &s, &in->advanced_event_selectors));
    if (in->organization_enabled.set) TRY(set_organization(c, &s, in->organization_enabled.v));
    s.multi_region = or_else(in->multi_region_enabled, s.multi_region);
    s.protected = or_else(in->termination_protection_enabled, s.protected);
    s.updated_ms = c->now_ms;
    ct_store_save(c->txn, c->arena, &s);
    ct_store_apply(c, &s);
    SHOW(out, &s);
    SHOW_WHOLE(out, &s);
    return NULL;
}

err cloudtrail_delete_event_data_store(struct call *c, const struct cloudtrail_delete_event_data_store_request *in,
                                       struct cloudtrail_delete_event_data_store_response *out) {
    (void)out;
    struct ct_store s;
    TRY(ct_store_open_active(c, in->event_data_store, &s));
    if (s.protected)
        return fail(c, &cloudtrail_event_data_store_termination_protected_exception, "The event data store cannot be deleted because termination protection is enabled for it.");
    if (ct_channel_into(c, &s))
        return fail(c, &cloudtrail_channel_exists_for_eds_exception, "The event data store %.*s is the destination of a channel.", STR_ARGS(s.arn));
    s.delete_ms = c->now_ms + (i64)WAIT_DAYS * DAY_MS;
    s.updated_ms = c->now_ms;
    ct_store_save(c->txn, c->arena, &s);
    ct_store_apply(c, &s);
    return NULL;
}

err cloudtrail_restore_event_data_store(struct call *c, const struct cloudtrail_restore_event_data_store_request *in,
                                        struct cloudtrail_restore_event_data_store_response *out) {
    struct ct_store s;
    TRY(ct_store_open(c, in->event_data_store, &s));
    if (!s.delete_ms) return fail(c, &cloudtrail_invalid_event_data_store_status_exception, "The event data store is not pending deletion.");
    s.delete_ms = 0;
    s.from_ms = c->now_ms; /* while it waited it took nothing in */
    s.updated_ms = c->now_ms;
    ct_store_save(c->txn, c->arena, &s);
    ct_store_apply(c, &s);
    SHOW(out, &s);
    SHOW_WHOLE(out, &s);
    return NULL;
}

static err set_ingestion(struct call *c, str name, bool on) {
    struct ct_store s;
    TRY(ct_store_open_active(c, name, &s));
    if (ct_store_of_channels(&s))
        return fail(c, &cloudtrail_invalid_event_data_store_category_exception, "Ingestion is started and stopped of event data stores of AWS's own events.");
    if (s.ingests == on)
        return fail(c, &cloudtrail_invalid_event_data_store_status_exception, on ? "The event data store ingests events already." : "The event data store does not ingest events.");
    s.ingests = on;
    if (on) s.from_ms = c->now_ms;
    s.updated_ms = c->now_ms;
    ct_store_save(c->txn, c->arena, &s);
    ct_store_apply(c, &s);
    return NULL;
}

err cloudtrail_start_event_data_store_ingestion(struct call *c, const struct cloudtrail_start_event_data_store_ingestion_request *in,
                                                struct cloudtrail_start_event_data_store_ingestion_response *out) {
    (void)out;
    return set_ingestion(c, in->event_data_store, true);
}
err cloudtrail_stop_event_data_store_ingestion(struct call *c, const struct cloudtrail_stop_event_data_store_ingestion_request *in,
                                               struct cloudtrail_stop_event_data_store_ingestion_response *out) {
    (void)out;
    return set_ingestion(c, in->event_data_store, false);
}

/* ---- data calls: does a store of the account, or of its organization, want them? ---- */
