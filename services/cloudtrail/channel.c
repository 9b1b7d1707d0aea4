/* Channels: by them events from outside of AWS come into event data stores that take such events. */
#include "lake.h"

enum { CHANNELS_MAX = 25 };

/* ---- checked ---- */

static err check_source(struct call *c, str source) {
    /* of the user guide, "Additional information about integration partners" */
    static const char *const sources[] = {"Custom", "CloudStorageSecurityConsole", "Clumio", "CrowdStrike", "CyberArk", "GitHub", "IBMMulticloud", "KongGatewayEnterprise",
                                          "LaunchDarkly", "MontyCloud", "NetskopeCloudExchange", "OktaSystemLogEvents", "OneLogin", "Shoreline", "Snyk", "WizAuditLogs"};
    for (size_t i = 0; i < LENGTH(sources); i++)
        if (str_eq(source, str_of(sources[i]))) return NULL;
    return fail(c, &cloudtrail_invalid_source_exception, "The source is not valid: %.*s", STR_ARGS(source));
}

/* Neither another of the name, nor another of the source. */
static err check_alone(struct call *c, const struct ct_channel *wanted) {
    struct range r = ct_channels_of(c);
    str key;
    u32 n = 0;
    while (range_next(&r, &key, NULL)) {
        struct ct_channel ch;
        ASSERT(ct_channel_load(c->txn, c->arena, arena_str(c->arena, key), &ch));
        if (str_eq(ch.id, wanted->id)) continue;
        n++;
        if (str_eq(ch.name, wanted->name)) return fail(c, &cloudtrail_channel_already_exists_exception, "A channel with the name %.*s already exists.", STR_ARGS(ch.name));
        if (str_eq(ch.source, wanted->source)) return fail(c, &cloudtrail_channel_already_exists_exception, "A channel for the source %.*s already exists.", STR_ARGS(ch.source));
    }
    if (n < quota(c, S("channels"), CHANNELS_MAX)) return NULL;
    return fail(c, &cloudtrail_channel_max_limit_exceeded_exception, "Your account has used the maximum number of channels.");
}

static err set_destinations(struct call *c, struct ct_channel *ch, const struct cloudtrail_destinations *in) {
    ch->stores = (struct ct_words){.v = NEW_ARRAY(c->arena, struct ct_word, in->n + 1), .set = true};
    for (u32 i = 0; i < in->n; i++) {
        struct ct_store s;
        if (!str_eq(in->v[i].type, S("EVENT_DATA_STORE"))) return fail(c, &cloudtrail_invalid_parameter_exception, "The destinations of an integration's channel are event data stores.");
        TRY(ct_store_open_active(c, in->v[i].location, &s));
        if (!ct_store_of_channels(&s))
            return fail(c, &cloudtrail_invalid_event_data_store_category_exception, "The event data store %.*s does not take ActivityAuditLog events.", STR_ARGS(s.arn));
        for (u32 j = 0; j < ch->stores.n; j++)
            if (str_eq(ch->stores.v[j].text, s.id)) return fail(c, &cloudtrail_invalid_parameter_exception, "The event data store %.*s is named twice.", STR_ARGS(s.arn));
        ch->stores.v[ch->stores.n++].text = s.id;
    }
    return NULL;
}

static struct cloudtrail_destinations destinations_shown(struct call *c, const struct ct_channel *ch) {
    struct cloudtrail_destinations shown = {NEW_ARRAY(c->arena, struct cloudtrail_destination, ch->stores.n + 1), ch->stores.n, true};
    for (u32 i = 0; i < shown.n; i++)
        shown.v[i] = (struct cloudtrail_destination){
            .type = S("EVENT_DATA_STORE"),
            .location = arn_format(c->arena, S("cloudtrail"), ch->region, ch->account, arena_concat(c->arena, S("eventdatastore/"), ch->stores.v[i].text))};
    return shown;
}

#define SHOW(out, ch)                                     \
    do {                                                  \
        (out)->channel_arn = (ch)->arn;                   \
        (out)->name = (ch)->name;                         \
        (out)->source = (ch)->source;                     \
        (out)->destinations = destinations_shown(c, ch);  \
    } while (0)

/* ---- the operations ---- */

err cloudtrail_create_channel(struct call *c, const struct cloudtrail_create_channel_request *in, struct cloudtrail_create_channel_response *out) {
    struct ct_channel ch = {.name = in->name, .source = in->source, .account = c->account, .region = c->region, .id = id_uuid(c->arena)};
    ch.arn = arn_of(c, S("cloudtrail"), arena_concat(c->arena, S("channel/"), ch.id));
    TRY(check_source(c, ch.source));
    TRY(check_alone(c, &ch));
    TRY(set_destinations(c, &ch, &in->destinations));
    ct_channel_save(c->txn, c->arena, &ch);
    registry_add(c, ch.arn, S("AWS::CloudTrail::Channel"));
    if (in->tags.n) TRY(ct_tags_set(c, ch.arn, &in->tags));
    SHOW(out, &ch);
    out->tags = in->tags;
    return NULL;
}

err cloudtrail_get_channel(struct call *c, const struct cloudtrail_get_channel_request *in, struct cloudtrail_get_channel_response *out) {
    struct ct_channel ch;
    TRY(ct_channel_open(c, in->channel, &ch));
    SHOW(out, &ch);
    if (!ch.attempt_ms) return NULL;
    out->ingestion_status = NEW(c->arena, struct cloudtrail_ingestion_status);
    *out->ingestion_status = (struct cloudtrail_ingestion_status){.latest_ingestion_attempt_time = SOME_TIME(ch.attempt_ms), .latest_ingestion_attempt_event_id = ch.attempt_id,
                                                                  .latest_ingestion_error_code = ch.error, .latest_ingestion_success_event_id = ch.success_id};
    if (ch.success_ms) out->ingestion_status->latest_ingestion_success_time = SOME_TIME(ch.success_ms);
    return NULL;
}

err cloudtrail_list_channels(struct call *c, const struct cloudtrail_list_channels_request *in, struct cloudtrail_list_channels_response *out) {
    struct range r = ct_channels_of(c);
    str key, position;
    u32 max = in->max_results.set ? (u32)in->max_results.v : 1000;
    if (in->next_token.p && !page_position(c, in->next_token, &position)) return fail(c, &cloudtrail_invalid_next_token_exception, "Invalid NextToken value.");
    if (in->next_token.p) range_seek(&r, position);
    out->channels = (struct cloudtrail_channels){.v = NEW_ARRAY(c->arena, struct cloudtrail_channel, max + 1), .set = true};
    while (range_next(&r, &key, NULL)) {
        struct ct_channel ch;
        if (out->channels.n == max) {
            out->next_token = page_token(c, arena_str(c->arena, key));
            break;
        }
        ASSERT(ct_channel_load(c->txn, c->arena, arena_str(c->arena, key), &ch));
        out->channels.v[out->channels.n++] = (struct cloudtrail_channel){.channel_arn = ch.arn, .name = ch.name};
    }
    return NULL;
}

err cloudtrail_update_channel(struct call *c, const struct cloudtrail_update_channel_request *in, struct cloudtrail_update_channel_response *out) {
    struct ct_channel ch;
    TRY(ct_channel_open(c, in->channel, &ch));
    if (in->name.p) ch.name = in->name;
    TRY(check_alone(c, &ch));
    if (in->destinations.n) TRY(set_destinations(c, &ch, &in->destinations));
    ct_channel_save(c->txn, c->arena, &ch);
    SHOW(out, &ch);
    return NULL;
}

err cloudtrail_delete_channel(struct call *c, const struct cloudtrail_delete_channel_request *in, struct cloudtrail_delete_channel_response *out) {
    (void)out;
    struct ct_channel ch;
    TRY(ct_channel_open(c, in->channel, &ch));
    registry_remove(c, ch.arn);
    txn_delete(c->txn, ct_channel_row(c->arena, ch.account, ch.region, ch.id));
    txn_raise_epoch(c->txn);
    return NULL;
}
