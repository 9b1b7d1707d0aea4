/* Field indexes: PutIndexPolicy and its siblings, which policy holds for a group, and which of its fields were found. */
#include "field_index.h"

#include "insights.h"
#include "text/tree.h"

enum { FIELDS_MAX = 20, NAME_MAX_CHARACTERS = 100 };
static const char type[] = "FIELD_INDEX_POLICY";

/* ---- a policy as it is written ---- */

static err wrong(struct call *c, const char *reason) { return fail(c, &logs_invalid_parameter_exception, "The field index policy is not valid: %s", reason); }

static err add_field(struct call *c, struct log_policy *p, str name, str kind) {
    if (!name.n || name.n > NAME_MAX_CHARACTERS) return wrong(c, "the name of a field has 1 to 100 characters.");
    if (!str_eq(kind, S("FIELD_INDEX")) && !str_eq(kind, S("FACET"))) return wrong(c, "the type of a field is FIELD_INDEX or FACET.");
    for (u32 i = 0; i < p->fields.n; i++)
        if (str_eq(p->fields.v[i].key, name)) return wrong(c, "it names a field twice.");
    if (p->fields.n == FIELDS_MAX) return wrong(c, "it names more than 20 fields.");
    p->fields.v[p->fields.n++] = (struct record_pair){name, kind};
    return NULL;
}

/* {"Fields": ["a"], "FieldsV2": {"b": {"type": "FACET"}}}, one of them or both. */
static err read_fields(struct call *c, const struct json_node *root, struct log_policy *p) {
    const struct json_node *names = json_node_member(root, S("Fields")), *typed = json_node_member(root, S("FieldsV2"));
    p->fields = (struct record_pairs){NEW_ARRAY(c->arena, struct record_pair, FIELDS_MAX), 0, true};
    if ((names && names->type != JSON_ARRAY) || (typed && typed->type != JSON_OBJECT)) return wrong(c, "Fields must be a list, FieldsV2 an object.");
    for (const struct json_node *i = names ? names->first : NULL; i; i = i->next) {
        if (i->type != JSON_STRING) return wrong(c, "the names of fields are strings.");
        TRY(add_field(c, p, i->text, S("FIELD_INDEX")));
    }
    for (const struct json_node *i = typed ? typed->first : NULL; i; i = i->next) {
        const struct json_node *kind = i->type == JSON_OBJECT ? json_node_member(i, S("type")) : NULL;
        TRY(add_field(c, p, i->key, kind && kind->type == JSON_STRING ? kind->text : S("FIELD_INDEX")));
    }
    return p->fields.n ? NULL : wrong(c, "it names no field.");
}

err log_index_policy_read(struct call *c, str document, str selection, struct log_policy *p) {
    const struct json_node *root = json_tree(c->arena, document, json_default_limits, NULL, NULL);
    if (!root || root->type != JSON_OBJECT) return wrong(c, "it is no JSON object.");
    TRY(read_fields(c, root, p));
    return log_policy_selection_read(c, selection, p);
}

/* ---- which one holds ---- */

/* The group's own, else the account's that is for it. */
static bool policy_of(struct txn *t, struct arena *a, const struct log_group *group, struct log_policy *p, bool *own) {
    if (group->class_name.p) return false;
    *own = log_group_policy_load(t, a, group, str_of(type), p);
    if (*own) return true;
    struct range r = log_account_policies(t, a, group->account, group->region, str_of(type));
    while (log_account_policy_next(&r, a, p)) {
        bool here = !p->prefixes.n;
        for (u32 i = 0; i < p->prefixes.n; i++) here |= str_starts(group->name, p->prefixes.v[i].key);
        if (here) return true;
    }
    return false;
}

static const struct record_pair *field_of(const struct log_policy *p, str name) {
    for (u32 i = 0; i < p->fields.n; i++)
        if (str_eq(p->fields.v[i].key, name)) return &p->fields.v[i];
    return NULL;
}

bool log_index_fields_are(struct txn *t, struct arena *a, const struct log_group *group, const str *fields, u32 n) {
    struct log_policy p = {0};
    bool own;
    if (!policy_of(t, a, group, &p, &own)) return false;
    for (u32 i = 0; i < n; i++)
        if (!field_of(&p, fields[i])) return false;
    return true;
}

/* ---- which fields were found: one row to a group ---- */

struct found_field {
    str name;
    i64 first_ms, last_ms, scanned_ms;
};
struct found_fields {
    struct found_field *v;
    u32 n;
    bool set;
};
struct found {
    struct found_fields fields;
};
static const struct record_field found_field_fields[] = {
    RECORD_STR(1, struct found_field, name), RECORD_I64(2, struct found_field, first_ms), RECORD_I64(3, struct found_field, last_ms), RECORD_I64(4, struct found_field, scanned_ms),
};
static const struct record_type found_field_type = RECORD_TYPE(struct found_field, found_field_fields);
static const struct record_field found_record_fields[] = {RECORD_LIST(1, struct found, fields, found_field_type)};
static const struct record_type found_record = RECORD_TYPE(struct found, found_record_fields);
enum { FOUND_MAX = 100 /* names that one group's policies had, of all time; those found longest ago go */ };

static str found_row(struct arena *a, u64 group) {
    struct key k = key_new(a, S("logs-field"));
    key_u64(&k, group);
    return key_bytes(&k);
}

static struct found found_load(struct txn *t, struct arena *a, u64 group) {
    struct found f = {0};
    str row;
    if (txn_get(t, found_row(a, group), &row)) ASSERT(record_decode(a, &found_record, arena_str(a, row), &f));
    return f;
}

void log_index_forget(struct txn *t, struct arena *a, u64 group) { txn_delete(t, found_row(a, group)); }

bool log_index_of_field(struct txn *t, struct arena *a, const struct log_group *group, str field) {
    if (log_index_fields_are(t, a, group, &field, 1)) return true;
    struct found f = found_load(t, a, group->id);
    for (u32 i = 0; i < f.fields.n; i++)
        if (str_eq(f.fields.v[i].name, field)) return true;
    return false;
}

/* ---- made ---- */

struct log_index {
    struct arena *arena;
    const struct log_group *group;
    str log;
    struct insights_indexer *indexer;
};

struct log_index *log_index_new(struct txn *t, struct arena *a, const struct log_group *group) {
    struct log_policy p = {0};
    bool own;
    str fields[FIELDS_MAX];
    if (!policy_of(t, a, group, &p, &own)) return NULL;
    for (u32 i = 0; i < p.fields.n; i++) fields[i] = p.fields.v[i].key;
    struct log_index *x = NEW(a, struct log_index);
    *x = (struct log_index){.arena = a, .group = group, .log = arena_format(a, "%.*s:%.*s", STR_ARGS(group->account), STR_ARGS(group->name)),
                            .indexer = insights_indexer_new(a, fields, p.fields.n)};
    return x;
}

str log_index_make(struct log_index *x, str stream, const struct log_event *events, const struct log_transformed *transformed, u32 n) {
    for (u32 i = 0; i < n; i++) {
        struct insights_event e = {.timestamp_ms = events[i].time_ms, .message = events[i].message, .stream = stream, .log = x->log,
                                   .transformed = transformed ? transformed[i].message : (str){0}};
        insights_index_add(x->indexer, &e);
    }
    return insights_index_end(x->indexer, x->arena);
}

static struct found_field *place_of(struct found_fields *f, str name) {
    u32 oldest = 0;
    for (u32 i = 0; i < f->n; i++) {
        if (str_eq(f->v[i].name, name)) return &f->v[i];
        if (f->v[i].scanned_ms < f->v[oldest].scanned_ms) oldest = i;
    }
    struct found_field *place = &f->v[f->n < FOUND_MAX ? f->n++ : oldest];
    *place = (struct found_field){.name = name, .first_ms = INT64_MAX};
    return place;
}

void log_index_found(struct call *c, struct log_index *x) {
    struct found before = found_load(c->txn, c->arena, x->group->id), now = {.fields = {NEW_ARRAY(c->arena, struct found_field, FOUND_MAX), before.fields.n, true}};
    const struct insights_span *span;
    bool any = false;
    if (before.fields.n) memcpy(now.fields.v, before.fields.v, before.fields.n * sizeof *now.fields.v);
    for (u32 i = 0; (span = insights_indexed(x->indexer, i)); i++) {
        if (!span->found) continue;
        struct found_field *f = place_of(&now.fields, span->name);
        f->first_ms = MIN(f->first_ms, span->first_ms);
        f->last_ms = MAX(f->last_ms, span->last_ms);
        f->scanned_ms = c->now_ms;
        any = true;
    }
    if (any) txn_put(c->txn, found_row(c->arena, x->group->id), record_encode(c->arena, &found_record, &now));
}

/* ---- operations ---- */

static struct logs_index_policy shown(struct call *c, const struct log_group *group, const struct log_policy *p, bool own) {
    return (struct logs_index_policy){.log_group_identifier = log_group_arn(c->arena, group), .last_update_time = SOME_I64(p->updated_ms), .policy_document = p->document,
                                      .policy_name = own ? (str){0} : p->name, .source = own ? S("LOG_GROUP") : S("ACCOUNT")};
}

err logs_put_index_policy(struct call *c, const struct logs_put_index_policy_request *in, struct logs_put_index_policy_response *out) {
    struct log_group group;
    struct log_policy p = {.document = in->policy_document, .updated_ms = c->now_ms};
    TRY(log_group_identify(c, (str){0}, in->log_group_identifier, &group));
    if (group.class_name.p) return fail(c, &logs_invalid_parameter_exception, "Only log groups of class STANDARD can have a field index policy.");
    TRY(log_index_policy_read(c, in->policy_document, (str){0}, &p));
    log_group_policy_save(c, &group, str_of(type), &p);
    out->index_policy = NEW(c->arena, struct logs_index_policy);
    *out->index_policy = shown(c, &group, &p, true);
    return NULL;
}

err logs_delete_index_policy(struct call *c, const struct logs_delete_index_policy_request *in, struct logs_delete_index_policy_response *out) {
    struct log_group group;
    struct log_policy p;
    (void)out;
    TRY(log_group_identify(c, (str){0}, in->log_group_identifier, &group));
    if (!log_group_policy_load(c->txn, c->arena, &group, str_of(type), &p)) return fail(c, &logs_resource_not_found_exception, "The log group has no field index policy.");
    log_group_policy_delete(c, &group, str_of(type));
    return NULL;
}

err logs_describe_index_policies(struct call *c, const struct logs_describe_index_policies_request *in, struct logs_describe_index_policies_response *out) {
    struct log_group group;
    out->index_policies = (struct logs_index_policies){NEW_ARRAY(c->arena, struct logs_index_policy, in->log_group_identifiers.n), 0, true};
    for (u32 i = 0; i < in->log_group_identifiers.n; i++) {
        struct log_policy p = {0};
        bool own;
        TRY(log_group_identify(c, (str){0}, in->log_group_identifiers.v[i], &group));
        if (policy_of(c->txn, c->arena, &group, &p, &own)) out->index_policies.v[out->index_policies.n++] = shown(c, &group, &p, own);
    }
    return NULL;
}

static bool asked_for(const struct logs_index_categories *categories, str category) {
    for (u32 i = 0; i < categories->n; i++)
        if (str_eq(categories->v[i], category)) return true;
    return !categories->n;
}

static void add_found(struct call *c, const struct logs_describe_field_indexes_request *in, const struct log_group *group, struct logs_field_indexes *list) {
    struct found f = found_load(c->txn, c->arena, group->id);
    struct log_policy p = {0};
    bool own = false, holds = policy_of(c->txn, c->arena, group, &p, &own);
    for (u32 i = 0; i < f.fields.n; i++) {
        const struct found_field *one = &f.fields.v[i];
        const struct record_pair *field = holds ? field_of(&p, one->name) : NULL;
        str category = field ? S("CUSTOM") : S("INACTIVE");
        if (!asked_for(&in->index_categories, category)) continue;
        list->v[list->n++] = (struct logs_field_index){.log_group_identifier = own || !field ? log_group_arn(c->arena, group) : (str){0}, .field_index_name = one->name,
                                                       .last_scan_time = SOME_I64(one->scanned_ms), .first_event_time = SOME_I64(one->first_ms),
                                                       .last_event_time = SOME_I64(one->last_ms), .type = field ? field->value : S("FIELD_INDEX"), .index_category = category};
    }
}

/* All on one page: up to 100 groups. */
err logs_describe_field_indexes(struct call *c, const struct logs_describe_field_indexes_request *in, struct logs_describe_field_indexes_response *out) {
    struct log_group group;
    out->field_indexes = (struct logs_field_indexes){NEW_ARRAY(c->arena, struct logs_field_index, (size_t)in->log_group_identifiers.n * FOUND_MAX), 0, true};
    for (u32 i = 0; i < in->log_group_identifiers.n; i++) {
        TRY(log_group_identify(c, (str){0}, in->log_group_identifiers.v[i], &group));
        add_found(c, in, &group, &out->field_indexes);
    }
    return NULL;
}
