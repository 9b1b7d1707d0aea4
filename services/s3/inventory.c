/* A bucket's inventory configurations. */
#include "services/s3/inventory.h"

#include "engine/sql.h"

static err destination_check(struct call *c, const struct s3_inventory_destination *to) {
    const struct s3_inventory_s3_bucket_destination *d = to ? to->s3_bucket_destination : NULL;
    struct arn arn;
    if (!d) return s3_fail_malformed(c);
    if (!arn_parse(d->bucket, &arn) || !str_eq(arn.service, S("s3")) || !s3_bucket_name_valid(arn.resource))
        return s3_fail_argument(c, "Bucket", d->bucket, "Invalid bucket ARN.");
    bool parquet = str_eq(d->format, S("Parquet"));
    if (parquet && !sql_there()) return s3_fail_header_not_implemented(c, "Format", sql_missing());
    if (!parquet && !str_eq(d->format, S("CSV")) && !str_eq(d->format, S("ORC"))) return s3_fail_malformed(c);
    if (d->account_id.p && !account_valid(d->account_id)) return s3_fail_argument(c, "AccountId", d->account_id, "Invalid account ID.");
    bool keyed = d->encryption && d->encryption->ssekms;
    return keyed && !d->encryption->ssekms->key_id.n ? s3_fail_malformed(c) : NULL;
}

static err configuration_check(struct call *c, const struct s3_inventory_configuration *i) {
    bool all = str_eq(i->included_object_versions, S("All"));
    if (!i->is_enabled.set || (!all && !str_eq(i->included_object_versions, S("Current")))) return s3_fail_malformed(c);
    if (!i->schedule || (!str_eq(i->schedule->frequency, S("Daily")) && !str_eq(i->schedule->frequency, S("Weekly")))) return s3_fail_malformed(c);
    if (i->filter && !i->filter->prefix.p) return s3_fail_malformed(c);
    for (u32 k = 0; k < i->optional_fields.n; k++)
        if (!s3_inventory_field_known(i->optional_fields.v[k]))
            return s3_fail_header_not_implemented(c, "OptionalFields", arena_format(c->arena, "The field %.*s of inventories is not implemented%c",
                                                                                    STR_ARGS(i->optional_fields.v[k]), 0).p);
    return destination_check(c, i->destination);
}

err s3_put_bucket_inventory_configuration(struct call *c, const struct s3_put_bucket_inventory_configuration_request *in, struct wire_unit *out) {
    struct bucket_row bucket;
    struct s3_inventory_configuration old;
    const struct s3_inventory_configuration *wanted = in->inventory_configuration;
    (void)out;
    s3_usage_tier1(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    if (!wanted || !str_eq(wanted->id, in->id)) return s3_fail_malformed(c);
    TRY(s3_config_id_check(c, in->id));
    TRY(configuration_check(c, wanted));
    if (!s3_config_find(c, &bucket, S3_CONFIG_INVENTORY, in->id, &s3_inventory_record, &old)) TRY(s3_config_room_check(c, &bucket, S3_CONFIG_INVENTORY));
    s3_config_add(c, &bucket, S3_CONFIG_INVENTORY, in->id, &s3_inventory_record, wanted);
    if (wanted->is_enabled.v) s3_inventory_begin(c, &bucket, wanted);
    else s3_inventory_end(c, &bucket, in->id);
    return NULL;
}

err s3_get_bucket_inventory_configuration(struct call *c, const struct s3_get_bucket_inventory_configuration_request *in,
                                          struct s3_get_bucket_inventory_configuration_output *out) {
    struct bucket_row bucket;
    s3_usage_tier2(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    out->inventory_configuration = NEW(c->arena, struct s3_inventory_configuration);
    bool there = s3_config_find(c, &bucket, S3_CONFIG_INVENTORY, in->id, &s3_inventory_record, out->inventory_configuration);
    return there ? NULL : s3_fail_no_configuration(c);
}

err s3_delete_bucket_inventory_configuration(struct call *c, const struct s3_delete_bucket_inventory_configuration_request *in, struct wire_unit *out) {
    struct bucket_row bucket;
    (void)out;
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    s3_inventory_end(c, &bucket, in->id);
    return s3_config_remove(c, &bucket, S3_CONFIG_INVENTORY, in->id);
}

err s3_list_bucket_inventory_configurations(struct call *c, const struct s3_list_bucket_inventory_configurations_request *in,
                                            struct s3_list_bucket_inventory_configurations_output *out) {
    struct bucket_row bucket;
    s3_usage_tier2(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    struct s3_inventory_configuration_list *list = &out->inventory_configuration_list;
    list->v = NEW_ARRAY(c->arena, struct s3_inventory_configuration, S3_CONFIG_PAGE);
    TRY(s3_config_page(c, &bucket, S3_CONFIG_INVENTORY, &s3_inventory_record, in->continuation_token, list->v, &list->n, &out->next_continuation_token));
    list->set = list->n > 0;
    out->is_truncated = SOME_BOOL(out->next_continuation_token.p != NULL);
    out->continuation_token = in->continuation_token;
    return NULL;
}
