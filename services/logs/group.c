/* Log groups: made, described, listed, deleted; how long they keep events. */
#include "field_index.h"
#include "mask.h"
#include "metric_filter.h"

struct key log_rows(struct arena *a, str account, str region, str type) {
    struct key k = key_new(a, S("logs"));
    key_str(&k, account);
    key_str(&k, region);
    key_str(&k, type);
    return k;
}

static str group_row(struct arena *a, str account, str region, str name) {
    struct key k = log_rows(a, account, region, S("group"));
    key_str(&k, name);
    return key_bytes(&k);
}

bool log_group_load(struct txn *t, struct arena *a, str account, str region, str name, struct log_group *group) {
    str row;
    if (name.n > 512 || region.n > 40 || account.n > 12 || !txn_get(t, group_row(a, account, region, name), &row)) return false;
    *group = (struct log_group){0};
    ASSERT(record_decode(a, &logs_group_record, arena_str(a, row), group));
    group->account = account;
    group->region = region;
    group->name = name;
    return true;
}

void log_group_save(struct txn *t, struct arena *a, const struct log_group *group) {
    txn_put(t, group_row(a, group->account, group->region, group->name), record_encode(a, &logs_group_record, group));
}

str log_group_arn(struct arena *a, const struct log_group *group) {
    return arn_format(a, S("logs"), group->region, group->account, arena_concat(a, S("log-group:"), group->name));
}

i64 log_horizon_ms(const struct log_group *group, i64 now_ms) { return group->retention_days ? now_ms - group->retention_days * day_ms : 0; }

/* ---- found ---- */

static err not_found(struct call *c) { return fail(c, &logs_resource_not_found_exception, "The specified log group does not exist."); }

err log_group_open(struct call *c, str name, struct log_group *group) {
    return log_group_load(c->txn, c->arena, c->account, c->region, name, group) ? NULL : not_found(c);
}

bool log_group_names(struct call *c, str identifier, struct arn *arn, str *name) {
    *arn = (struct arn){.partition = S("aws"), .service = S("logs"), .region = c->region, .account = c->account};
    *name = identifier;
    if (!str_starts(identifier, S("arn:"))) return true;
    if (!arn_parse(identifier, arn) || !str_eq(arn->service, S("logs")) || !str_starts(arn->resource, S("log-group:"))) return false;
    *name = str_skip(arn->resource, S("log-group:").n);
    if (str_ends(*name, S(":*"))) *name = str_take(*name, name->n - 2);
    return true;
}

err log_group_identify(struct call *c, str name, str identifier, struct log_group *group) {
    struct arn arn;
    if (name.p && identifier.p)
        return fail(c, &logs_invalid_parameter_exception, "LogGroup name and LogGroup identifier are mutually exclusive parameters.");
    if (!name.p && !identifier.p) return fail(c, &logs_invalid_parameter_exception, "Either logGroupName or logGroupIdentifier must be specified.");
    if (name.p) return log_group_open(c, name, group);
    if (!log_group_names(c, identifier, &arn, &name)) return fail(c, &logs_invalid_parameter_exception, "The specified log group identifier is not valid.");
    return log_group_load(c->txn, c->arena, arn.account, arn.region, name, group) ? NULL : not_found(c);
}

/* ---- how much it holds. DIFFERS: messages and 26 bytes for each, at once. ---- */

static str stored_row(struct arena *a, u64 group) {
    struct key k = key_new(a, S("logs-stored"));
    key_u64(&k, group);
    return key_bytes(&k);
}

i64 log_group_bytes(struct txn *t, struct arena *a, u64 group) {
    struct log_stored stored = {0};
    str row;
    if (txn_get(t, stored_row(a, group), &row)) ASSERT(record_decode(a, &logs_stored_record, row, &stored));
    return stored.bytes;
}

void log_group_bytes_add(struct txn *t, struct arena *a, u64 group, i64 more) {
    struct log_stored stored = {log_group_bytes(t, a, group) + more};
    if (stored.bytes <= 0) txn_delete(t, stored_row(a, group));
    else txn_put(t, stored_row(a, group), record_encode(a, &logs_stored_record, &stored));
}

void log_group_forget(struct txn *t, struct arena *a, u64 group, int *left) {
    txn_delete(t, stored_row(a, group));
    log_index_forget(t, a, group);
    log_seal_forget(t, a, group, left);
    log_mask_forget(t, a, group, left);
    log_transformers_forget(t, a, group, left);
    log_group_policies_forget(t, a, group, left);
}

/* ---- retention ---- */

static bool retention_valid(i32 days) {
    static const i32 valid[] = {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653};
    for (size_t i = 0; i < LENGTH(valid); i++)
        if (valid[i] == days) return true;
    return false;
}

static void keep_for(struct call *c, struct log_group *group, i64 days) {
    str row = group_row(c->arena, group->account, group->region, group->name);
    group->retention_days = days;
    log_group_save(c->txn, c->arena, group);
    if (days) txn_task_set(c->txn, &(struct task){.kind = S("logs-expire"), .key = row, .due_ms = c->now_ms});
    else txn_task_cancel(c->txn, S("logs-expire"), row);
}

/* ---- made, deleted ---- */

err logs_create_log_group(struct call *c, const struct logs_create_log_group_request *in, struct wire_unit *out) {
    (void)out;
    struct log_group group;
    if (log_group_load(c->txn, c->arena, c->account, c->region, in->log_group_name, &group))
        return fail(c, &logs_resource_already_exists_exception, "The specified log group already exists");
    if (str_starts(in->log_group_name, S("aws/"))) return fail(c, &logs_invalid_parameter_exception, "Log groups starting with AWS/ are reserved for AWS.");
    group = (struct log_group){.id = txn_sequence(c->txn), .created_ms = c->now_ms, .account = c->account, .region = c->region, .name = in->log_group_name,
                               .protected = in->deletion_protection_enabled.v};
    if (in->log_group_class.p && !str_eq(in->log_group_class, S("STANDARD"))) group.class_name = in->log_group_class;
    if (str_eq(in->log_group_class, S("DELIVERY"))) group.retention_days = 1; /* for good */
    if (in->kms_key_id.p) TRY(log_seal_new(c, &group, in->kms_key_id));
    keep_for(c, &group, group.retention_days);
    str arn = log_group_arn(c->arena, &group);
    registry_add(c, arn, S("AWS::Logs::LogGroup"));
    return log_tags_add(c, arn, &in->tags, true);
}

err logs_delete_log_group(struct call *c, const struct logs_delete_log_group_request *in, struct wire_unit *out) {
    (void)out;
    struct log_group group;
    TRY(log_group_open(c, in->log_group_name, &group));
    if (group.protected) return fail(c, &logs_validation_exception, "Log group %.*s has deletion protection enabled and cannot be deleted.", STR_ARGS(group.name));
    txn_delete(c->txn, group_row(c->arena, group.account, group.region, group.name));
    metric_filters_forget(c->txn, c->arena, &group);
    struct key k = log_streams(c->arena, group.id);
    txn_task_set(c->txn, &(struct task){.kind = S("logs-sweep"), .key = key_bytes(&k)});
    txn_task_cancel(c->txn, S("logs-expire"), group_row(c->arena, group.account, group.region, group.name));
    registry_remove(c, log_group_arn(c->arena, &group));
    return NULL;
}

err logs_put_log_group_deletion_protection(struct call *c, const struct logs_put_log_group_deletion_protection_request *in, struct wire_unit *out) {
    (void)out;
    struct log_group group;
    TRY(log_group_identify(c, (str){0}, in->log_group_identifier, &group));
    group.protected = in->deletion_protection_enabled.v;
    log_group_save(c->txn, c->arena, &group);
    return NULL;
}

err logs_put_retention_policy(struct call *c, const struct logs_put_retention_policy_request *in, struct wire_unit *out) {
    (void)out;
    struct log_group group;
    TRY(log_group_open(c, in->log_group_name, &group));
    if (!retention_valid(in->retention_in_days.v))
        return fail(c, &logs_invalid_parameter_exception,
                    "1 validation error detected: Value '%d' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: "
                    "[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]",
                    in->retention_in_days.v);
    if (str_eq(group.class_name, S("DELIVERY"))) return fail(c, &logs_invalid_operation_exception, "The retention of a log group of class DELIVERY cannot be changed.");
    keep_for(c, &group, in->retention_in_days.v);
    return NULL;
}

err logs_delete_retention_policy(struct call *c, const struct logs_delete_retention_policy_request *in, struct wire_unit *out) {
    (void)out;
    struct log_group group;
    TRY(log_group_open(c, in->log_group_name, &group));
    if (group.retention_days) keep_for(c, &group, 0);
    return NULL;
}

/* ---- described ---- */

err log_page(struct call *c, str token, struct opt_i32 limit, u32 by_default, str *position, u32 *max) {
    *position = (str){0};
    *max = limit.set ? (u32)limit.v : by_default;
    if (token.p && !page_position(c, token, position)) return fail(c, &logs_invalid_parameter_exception, "The specified nextToken is invalid.");
    return NULL;
}

static bool group_next(struct call *c, struct range *r, struct log_group *group) {
    str key, row, part;
    if (!range_next(r, &key, &row)) return false;
    ASSERT(record_decode(c->arena, &logs_group_record, arena_str(c->arena, row), group));
    group->account = c->account;
    group->region = c->region;
    for (str rest = arena_str(c->arena, key); key_read_str(&rest, c->arena, &part);) group->name = part;
    return true;
}

static struct range groups_from(struct call *c, str name, str prefix) {
    struct key all = log_rows(c->arena, c->account, c->region, S("group")), from = all;
    from.buf = buf_new(c->arena, KEY_MAX);
    buf_add(&from.buf, key_bytes(&all));
    key_str_prefix(&from, name.p ? name : prefix);
    struct key of_prefix = log_rows(c->arena, c->account, c->region, S("group"));
    key_str_prefix(&of_prefix, prefix);
    return txn_range(c->txn, key_bytes(&from), key_after_prefix(c->arena, key_bytes(&of_prefix)));
}

static str class_of(const struct log_group *group) { return group->class_name.p ? group->class_name : S("STANDARD"); }

static struct logs_log_group shown(struct call *c, const struct log_group *group) {
    str arn = log_group_arn(c->arena, group);
    struct logs_log_group s = {.log_group_name = group->name, .creation_time = SOME_I64(group->created_ms), .metric_filter_count = SOME_I32((i32)group->metric_filters),
                               .arn = arena_concat(c->arena, arn, S(":*")), .stored_bytes = SOME_I64(log_group_bytes(c->txn, c->arena, group->id)),
                               .kms_key_id = group->kms_key, .log_group_class = class_of(group), .log_group_arn = arn,
                               .deletion_protection_enabled = SOME_BOOL(group->protected), .data_protection_status = group->protection};
    if (!group->class_name.p && log_mask_of_account(c)) {
        s.inherited_properties = (struct logs_inherited_properties){NEW(c->arena, str), 1, true};
        *s.inherited_properties.v = S("ACCOUNT_DATA_PROTECTION");
    }
    if (group->retention_days) s.retention_in_days = SOME_I32((i32)group->retention_days);
    return s;
}

static char lower(char ch) { return ch >= 'A' && ch <= 'Z' ? (char)(ch + 32) : ch; }

static bool contains_nocase(struct arena *a, str text, str part) {
    char *x = arena_c_string(a, text), *y = arena_c_string(a, part);
    for (char *p = x; *p; p++) *p = lower(*p);
    for (char *p = y; *p; p++) *p = lower(*p);
    return strstr(x, y) != NULL;
}

static err describe_by_identifier(struct call *c, const struct logs_describe_log_groups_request *in, struct logs_describe_log_groups_response *out) {
    struct log_group group;
    struct arn arn;
    str name;
    for (u32 i = 0; i < in->log_group_identifiers.n; i++) {
        if (!log_group_names(c, in->log_group_identifiers.v[i], &arn, &name)) return fail(c, &logs_invalid_parameter_exception, "The specified log group identifier is not valid.");
        if (str_eq(arn.account, c->account) && log_group_load(c->txn, c->arena, arn.account, arn.region, name, &group)) out->log_groups.v[out->log_groups.n++] = shown(c, &group);
    }
    return NULL;
}

err logs_describe_log_groups(struct call *c, const struct logs_describe_log_groups_request *in, struct logs_describe_log_groups_response *out) {
    str position, prefix = in->log_group_name_prefix.p ? in->log_group_name_prefix : S("");
    u32 max;
    struct log_group group;
    if (in->log_group_name_prefix.p && in->log_group_name_pattern.p)
        return fail(c, &logs_invalid_parameter_exception, "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.");
    TRY(log_page(c, in->next_token, in->limit, 50, &position, &max));
    out->log_groups.v = NEW_ARRAY(c->arena, struct logs_log_group, max + in->log_group_identifiers.n);
    out->log_groups.set = true;
    if (in->log_group_identifiers.n) return describe_by_identifier(c, in, out);
    struct range r = groups_from(c, position, prefix);
    while (group_next(c, &r, &group)) {
        if (in->log_group_name_pattern.n && !contains_nocase(c->arena, group.name, in->log_group_name_pattern)) continue;
        if (in->log_group_class.p && !str_eq(in->log_group_class, class_of(&group))) continue;
        if (out->log_groups.n == max) {
            out->next_token = page_token(c, group.name);
            break;
        }
        out->log_groups.v[out->log_groups.n++] = shown(c, &group);
    }
    return NULL;
}

/* "^/aws|lambda": up to five, each a prefix or a part, case counts. */
static bool listed(str name, str pattern) {
    if (!pattern.p) return true;
    for (str rest = pattern; rest.p;) {
        str one = str_cut(&rest, '|');
        if (str_starts(one, S("^")) ? str_starts(name, str_skip(one, 1)) : str_find(name, one) != STR_NONE) return true;
    }
    return false;
}

static bool value_matches(str value, str wanted) {
    bool not = str_starts(wanted, S("!")), front, back;
    if (not) wanted = str_skip(wanted, 1);
    front = str_starts(wanted, S("*"));
    if (front) wanted = str_skip(wanted, 1);
    back = str_ends(wanted, S("*"));
    if (back) wanted = str_take(wanted, wanted.n - 1);
    bool is = front && back ? str_find(value, wanted) != STR_NONE : front ? str_ends(value, wanted) : back ? str_starts(value, wanted) : str_eq(value, wanted);
    return is != not;
}

static bool tagged_so(struct call *c, const struct log_group *group, const struct logs_tag_filters *filters) {
    if (!filters->n) return true;
    struct record_pairs tags = tags_of(c, log_group_arn(c->arena, group));
    for (u32 i = 0; i < filters->n; i++) {
        bool found = false;
        for (u32 j = 0; j < tags.n && !found; j++) {
            if (!str_eq(tags.v[j].key, filters->v[i].key)) continue;
            found = !filters->v[i].values.n;
            for (u32 k = 0; k < filters->v[i].values.n && !found; k++) found = value_matches(tags.v[j].value, filters->v[i].values.v[k]);
        }
        if (!found) return false;
    }
    return true;
}

err logs_list_log_groups(struct call *c, const struct logs_list_log_groups_request *in, struct logs_list_log_groups_response *out) {
    str position;
    u32 max;
    struct log_group group;
    TRY(log_page(c, in->next_token, in->limit, 50, &position, &max));
    out->log_groups.v = NEW_ARRAY(c->arena, struct logs_log_group_summary, max);
    out->log_groups.set = true;
    if (in->data_sources.n) return NULL; /* no group has one */
    struct range r = groups_from(c, position, S(""));
    while (group_next(c, &r, &group)) {
        if (!listed(group.name, in->log_group_name_pattern) || (in->log_group_class.p && !str_eq(in->log_group_class, class_of(&group))) || !tagged_so(c, &group, &in->log_group_tags)) continue;
        if (in->field_index_names.n && !log_index_fields_are(c->txn, c->arena, &group, in->field_index_names.v, in->field_index_names.n)) continue;
        if (out->log_groups.n == max) {
            out->next_token = page_token(c, group.name);
            break;
        }
        out->log_groups.v[out->log_groups.n++] =
            (struct logs_log_group_summary){.log_group_name = group.name, .log_group_arn = log_group_arn(c->arena, &group), .log_group_class = class_of(&group)};
    }
    return NULL;
}
