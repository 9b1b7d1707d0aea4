/* Rows of channels: ("cloudtrail", account, region, "channel", id). */
#include "lake.h"

str ct_channel_row(struct arena *a, str account, str region, str id) {
    struct key k = key_new(a, S("cloudtrail"));
    key_str(&k, account);
    key_str(&k, region);
    key_str(&k, S("channel"));
    if (id.p) key_str(&k, id);
    return key_bytes(&k);
}

bool ct_channel_load(struct txn *t, struct arena *a, str row_key, struct ct_channel *channel) {
    str row, rest = arena_str(a, row_key), part;
    if (!txn_get(t, row_key, &row)) return false;
    *channel = (struct ct_channel){0};
    ASSERT(record_decode(a, &ct_channel_record, arena_str(a, row), channel));
    ASSERT(key_read_str(&rest, a, &part) && key_read_str(&rest, a, &channel->account) && key_read_str(&rest, a, &channel->region) && key_read_str(&rest, a, &part)
           && key_read_str(&rest, a, &channel->id));
    channel->arn = arn_format(a, S("cloudtrail"), channel->region, channel->account, arena_concat(a, S("channel/"), channel->id));
    return true;
}

void ct_channel_save(struct txn *t, struct arena *a, const struct ct_channel *ch) {
    txn_put(t, ct_channel_row(a, ch->account, ch->region, ch->id), record_encode(a, &ct_channel_record, ch));
}

err ct_channel_open(struct call *c, str name, struct ct_channel *channel) {
    str id = name;
    if (str_starts(name, S("arn:"))) {
        struct arn arn;
        if (!arn_parse(name, &arn) || !str_eq(arn.service, S("cloudtrail")) || !str_starts(arn.resource, S("channel/")))
            return fail(c, &cloudtrail_channel_arn_invalid_exception, "The channel ARN is not valid: %.*s", STR_ARGS(name));
        id = str_eq(arn.account, c->account) && str_eq(arn.region, c->region) ? str_skip(arn.resource, 8) : S("-");
    }
    if (ct_channel_load(c->txn, c->arena, ct_channel_row(c->arena, c->account, c->region, id), channel)) return NULL;
    return fail(c, &cloudtrail_channel_not_found_exception, "The channel %.*s does not exist.", STR_ARGS(name));
}

struct range ct_channels_of(struct call *c) {
    str from = ct_channel_row(c->arena, c->account, c->region, (str){0});
    return txn_range(c->txn, from, key_after_prefix(c->arena, from));
}

bool ct_channel_into(struct call *c, const struct ct_store *store) {
    struct range r = ct_channels_of(c);
    str key;
    while (range_next(&r, &key, NULL)) {
        struct ct_channel ch;
        ASSERT(ct_channel_load(c->txn, c->arena, arena_str(c->arena, key), &ch));
        for (u32 i = 0; i < ch.stores.n; i++)
            if (str_eq(ch.stores.v[i].text, store->id)) return true;
    }
    return false;
}
