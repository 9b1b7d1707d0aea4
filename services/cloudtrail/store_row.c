/* Rows of event data stores: ("cloudtrail", account, region, "store", id). */
#include "lake.h"

str ct_store_row(struct arena *a, str account, str region, str id) {
    struct key k = key_new(a, S("cloudtrail"));
    key_str(&k, account);
    key_str(&k, region);
    key_str(&k, S("store"));
    if (id.p) key_str(&k, id);
    return key_bytes(&k);
}

bool ct_store_load(struct txn *t, struct arena *a, str row_key, struct ct_store *store) {
    str row, rest = arena_str(a, row_key), part;
    if (!txn_get(t, row_key, &row)) return false;
    *store = (struct ct_store){0};
    ASSERT(record_decode(a, &ct_store_record, arena_str(a, row), store));
    ASSERT(key_read_str(&rest, a, &part) && key_read_str(&rest, a, &store->account) && key_read_str(&rest, a, &store->region) && key_read_str(&rest, a, &part)
           && key_read_str(&rest, a, &store->id));
    store->arn = arn_format(a, S("cloudtrail"), store->region, store->account, arena_concat(a, S("eventdatastore/"), store->id));
    return true;
}

void ct_store_save(struct txn *t, struct arena *a, const struct ct_store *s) {
    txn_put(t, ct_store_row(a, s->account, s->region, s->id), record_encode(a, &ct_store_record, s));
}

err ct_store_open(struct call *c, str name, struct ct_store *store) {
    str id = name;
    if (str_starts(name, S("arn:"))) {
        struct arn arn;
        if (!arn_parse(name, &arn) || !str_eq(arn.service, S("cloudtrail")) || !str_starts(arn.resource, S("eventdatastore/")))
            return fail(c, &cloudtrail_event_data_store_arn_invalid_exception, "The event data store ARN is not valid: %.*s", STR_ARGS(name));
        id = str_eq(arn.account, c->account) && str_eq(arn.region, c->region) ? str_skip(arn.resource, 15) : S("-");
    }
    if (ct_store_load(c->txn, c->arena, ct_store_row(c->arena, c->account, c->region, id), store)) return NULL;
    return fail(c, &cloudtrail_event_data_store_not_found_exception, "The event data store %.*s does not exist.", STR_ARGS(name));
}

err ct_store_open_active(struct call *c, str name, struct ct_store *store) {
    TRY(ct_store_open(c, name, store));
    if (!store->delete_ms) return NULL;
    return fail(c, &cloudtrail_inactive_event_data_store_exception, "The event data store %.*s is pending deletion.", STR_ARGS(store->arn));
}

bool ct_store_of_channels(const struct ct_store *s) {
    for (u32 i = 0; i < s->advanced.n; i++)
        for (u32 j = 0; j < s->advanced.v[i].fields.n; j++) {
            const struct ct_field *f = &s->advanced.v[i].fields.v[j];
            if (str_eq(f->field, S("eventCategory")) && f->equals.n && str_eq(f->equals.v[0].text, S("ActivityAuditLog"))) return true;
        }
    return false;
}
