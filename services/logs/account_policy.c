/* Policies of the account for all of its groups, and where the documents of a group's own ones stand. */
#include "field_index.h"
#include "mask.h"
#include "text/tree.h"
#include "transformer.h"

enum { DOCUMENT_MAX = 30720, NAME_MAX_BYTES = 512, POLICIES_MAX = 20 /* of a type with prefixes */, PREFIXES_MAX = 20 };

/* ---- a group's own, by type ---- */

static struct key policies_of(struct arena *a, u64 group) {
    struct key k = key_new(a, S("logs-policy"));
    key_u64(&k, group);
    return k;
}

static str group_policy_row(struct arena *a, u64 group, str type) {
    struct key k = policies_of(a, group);
    key_str(&k, type);
    return key_bytes(&k);
}

bool log_group_policy_load(struct txn *t, struct arena *a, const struct log_group *group, str type, struct log_policy *p) {
    str row;
    *p = (struct log_policy){0};
    if (!txn_get(t, group_policy_row(a, group->id, type), &row)) return false;
    ASSERT(record_decode(a, &logs_policy_record, arena_str(a, row), p));
    return true;
}

void log_group_policy_save(struct call *c, const struct log_group *group, str type, const struct log_policy *p) {
    txn_put(c->txn, group_policy_row(c->arena, group->id, type), record_encode(c->arena, &logs_policy_record, p));
}

void log_group_policy_delete(struct call *c, const struct log_group *group, str type) { txn_delete(c->txn, group_policy_row(c->arena, group->id, type)); }

void log_group_policies_forget(struct txn *t, struct arena *a, u64 group, int *left) {
    struct key k = policies_of(a, group);
    log_rows_forget(t, a, &k, left);
}

/* ---- the account's, by type and name ---- */

static struct key all_of(struct arena *a, str account, str region, str type) {
    struct key k = log_rows(a, account, region, S("account-policy"));
    key_str(&k, type);
    return k;
}

static str row_of(struct call *c, str type, str name) {
    struct key k = all_of(c->arena, c->account, c->region, type);
    key_str(&k, name);
    return key_bytes(&k);
}

struct range log_account_policies(struct txn *t, struct arena *a, str account, str region, str type) {
    struct key k = all_of(a, account, region, type);
    return txn_range(t, key_bytes(&k), key_after_prefix(a, key_bytes(&k)));
}

bool log_account_policy_next(struct range *r, struct arena *a, struct log_policy *p) {
    str key, row, part;
    if (!range_next(r, &key, &row)) return false;
    *p = (struct log_policy){0};
    ASSERT(record_decode(a, &logs_policy_record, arena_str(a, row), p));
    for (str rest = arena_str(a, key); key_read_str(&rest, a, &part);) p->name = part;
    return true;
}

static struct range policies_of_type(struct call *c, str type) { return log_account_policies(c->txn, c->arena, c->account, c->region, type); }

static struct logs_account_policy shown(struct call *c, str type, const struct log_policy *p) {
    return (struct logs_account_policy){.policy_name = p->name, .policy_document = p->document, .last_updated_time = SOME_I64(p->updated_ms), .policy_type = type,
                                        .scope = S("ALL"), .account_id = c->account, .selection_criteria = p->selection};
}

enum type { TYPE_PROTECTION, TYPE_INDEX, TYPE_TRANSFORMER };

static err type_of(struct call *c, str name, enum type *type) {
    static const char *const names[] = {"DATA_PROTECTION_POLICY", "FIELD_INDEX_POLICY", "TRANSFORMER_POLICY"};
    for (u32 i = 0; i < LENGTH(names); i++)
        if (str_eq(name, str_of(names[i]))) {
            *type = (enum type)i;
            return NULL;
        }
    return fail(c, &cloud_not_implemented, "brume has no account policies of type %.*s (yet).", STR_ARGS(name));
}

/* There is one for the account; AWS asks for the right to protect each group, too. */
static err protect_all(struct call *c, const struct logs_put_account_policy_request *in) {
    struct log_protection protection;
    struct log_policy other;
    if (!may(c, S("logs:PutDataProtectionPolicy"), S("*"))) return deny(c, S("logs:PutDataProtectionPolicy"), S("*"));
    if (in->selection_criteria.p) return fail(c, &logs_invalid_parameter_exception, "A data protection policy takes no selectionCriteria.");
    TRY(log_protection_read(c, in->policy_document, &protection));
    struct range r = policies_of_type(c, in->policy_type);
    while (log_account_policy_next(&r, c->arena, &other))
        if (!str_eq(other.name, in->policy_name)) return fail(c, &logs_limit_exceeded_exception, "Resource limit exceeded.");
    log_mask_set(c, NULL, &protection);
    return NULL;
}

/* LogGroupNamePrefix IN ["a", "b"] */
err log_policy_selection_read(struct call *c, str selection, struct log_policy *p) {
    p->selection = selection;
    if (!selection.n) return NULL;
    str rest = str_trim(selection), word = S("LogGroupNamePrefix");
    if (str_starts(rest, S("DataSource"))) return fail(c, &cloud_not_implemented, "brume knows no data sources of logs (yet).");
    bool prefix = str_starts(rest, word);
    if (prefix) rest = str_trim(str_skip(rest, word.n));
    bool in = prefix && str_starts(rest, S("IN"));
    const struct json_node *list = in ? json_tree(c->arena, str_trim(str_skip(rest, 2)), json_default_limits, NULL, NULL) : NULL;
    if (!list || list->type != JSON_ARRAY || !list->first || list->count > PREFIXES_MAX)
        return fail(c, &logs_invalid_parameter_exception, "selectionCriteria must be LogGroupNamePrefix IN [\"...\"].");
    p->prefixes = (struct record_pairs){NEW_ARRAY(c->arena, struct record_pair, list->count), 0, true};
    for (const struct json_node *i = list->first; i; i = i->next) {
        if (i->type != JSON_STRING || !i->text.n) return fail(c, &logs_invalid_parameter_exception, "The prefixes of selectionCriteria are strings.");
        p->prefixes.v[p->prefixes.n++].key = i->text;
    }
    return NULL;
}

static bool overlap(const struct log_policy *x, const struct log_policy *y) {
    if (!x->prefixes.n || !y->prefixes.n) return true; /* one is for all groups */
    for (u32 i = 0; i < x->prefixes.n; i++)
        for (u32 j = 0; j < y->prefixes.n; j++)
            if (str_starts(x->prefixes.v[i].key, y->prefixes.v[j].key) || str_starts(y->prefixes.v[j].key, x->prefixes.v[i].key)) return true;
    return false;
}

/* A group has at most one of them: prefixes do not overlap. */
static err check_others(struct call *c, const struct logs_put_account_policy_request *in, const struct log_policy *p) {
    struct log_policy other;
    u32 others = 0;
    struct range r = policies_of_type(c, in->policy_type);
    while (log_account_policy_next(&r, c->arena, &other)) {
        if (str_eq(other.name, in->policy_name)) continue;
        if (overlap(p, &other)) return fail(c, &logs_invalid_parameter_exception, "The policy overlaps with the account policy %.*s.", STR_ARGS(other.name));
        if (++others == POLICIES_MAX) return fail(c, &logs_limit_exceeded_exception, "Resource limit exceeded.");
    }
    return NULL;
}

static err index_all(struct call *c, const struct logs_put_account_policy_request *in, struct log_policy *p) {
    TRY(log_index_policy_read(c, in->policy_document, in->selection_criteria, p));
    return check_others(c, in, p);
}

static err transform_all(struct call *c, const struct logs_put_account_policy_request *in, struct log_policy *p) {
    if (!may(c, S("logs:PutTransformer"), S("*"))) return deny(c, S("logs:PutTransformer"), S("*"));
    TRY(log_transformer_policy_read(c, in->policy_document, in->selection_criteria, p));
    TRY(check_others(c, in, p));
    log_transformer_policy_set(c, in->policy_name, p);
    return NULL;
}

static err put_of_type(struct call *c, const struct logs_put_account_policy_request *in, enum type type, struct log_policy *p) {
    switch (type) {
    case TYPE_INDEX: return index_all(c, in, p);
    case TYPE_TRANSFORMER: return transform_all(c, in, p);
    case TYPE_PROTECTION: break;
    }
    return protect_all(c, in);
}

err logs_put_account_policy(struct call *c, const struct logs_put_account_policy_request *in, struct logs_put_account_policy_response *out) {
    enum type type;
    struct log_policy p = {.document = in->policy_document, .updated_ms = c->now_ms, .name = in->policy_name, .selection = in->selection_criteria};
    if (in->dry_run.v) return fail(c, &cloud_not_implemented, "brume does not try account policies (yet).");
    TRY(type_of(c, in->policy_type, &type));
    if (!in->policy_name.n || in->policy_name.n > NAME_MAX_BYTES) return fail(c, &logs_invalid_parameter_exception, "The policy name is not valid.");
    if (in->policy_document.n > DOCUMENT_MAX) return fail(c, &logs_invalid_parameter_exception, "The policy document is longer than %d characters.", DOCUMENT_MAX);
    TRY(put_of_type(c, in, type, &p));
    txn_put(c->txn, row_of(c, in->policy_type, in->policy_name), record_encode(c->arena, &logs_policy_record, &p));
    out->account_policy = NEW(c->arena, struct logs_account_policy);
    *out->account_policy = shown(c, in->policy_type, &p);
    return NULL;
}

/* There are few: one page. */
err logs_describe_account_policies(struct call *c, const struct logs_describe_account_policies_request *in, struct logs_describe_account_policies_response *out) {
    struct log_policy p;
    u32 n = 0;
    struct range r = policies_of_type(c, in->policy_type);
    while (log_account_policy_next(&r, c->arena, &p)) n++;
    out->account_policies = (struct logs_account_policies){NEW_ARRAY(c->arena, struct logs_account_policy, n + 1), 0, true};
    r = policies_of_type(c, in->policy_type);
    while (log_account_policy_next(&r, c->arena, &p))
        if (!in->policy_name.p || str_eq(in->policy_name, p.name)) out->account_policies.v[out->account_policies.n++] = shown(c, in->policy_type, &p);
    return NULL;
}

err logs_delete_account_policy(struct call *c, const struct logs_delete_account_policy_request *in, struct logs_delete_account_policy_response *out) {
    (void)out;
    enum type type;
    str row;
    if (in->dry_run.v) return fail(c, &cloud_not_implemented, "brume does not try account policies (yet).");
    TRY(type_of(c, in->policy_type, &type));
    if (type == TYPE_PROTECTION && !may(c, S("logs:DeleteDataProtectionPolicy"), S("*"))) return deny(c, S("logs:DeleteDataProtectionPolicy"), S("*"));
    if (type == TYPE_TRANSFORMER && !may(c, S("logs:DeleteTransformer"), S("*"))) return deny(c, S("logs:DeleteTransformer"), S("*"));
    if (in->policy_name.n > NAME_MAX_BYTES || !txn_get(c->txn, row_of(c, in->policy_type, in->policy_name), &row))
        return fail(c, &logs_resource_not_found_exception, "The account policy %.*s does not exist.", STR_ARGS(in->policy_name));
    txn_delete(c->txn, row_of(c, in->policy_type, in->policy_name));
    if (type == TYPE_PROTECTION) log_mask_set(c, NULL, &(struct log_protection){0});
    if (type == TYPE_TRANSFORMER) log_transformer_policy_set(c, in->policy_name, NULL);
    return NULL;
}
