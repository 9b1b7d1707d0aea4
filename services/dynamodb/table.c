/* The table: found by name or ARN, kept, counted. */
#include "services/dynamodb/dynamodb.h"

#define TABLE_TASK S("dynamodb.table")

str ddb_table_row(struct arena *a, str account, str region, str name) {
    struct key k = key_new(a, S("dynamodb"));
    key_str(&k, account);
    key_str(&k, region);
    key_str(&k, S("table"));
    key_str(&k, name);
    return key_bytes(&k);
}

bool ddb_table_load(struct txn *t, struct arena *a, str account, str region, str name, struct ddb_table *table) {
    str row;
    if (name.n > DDB_NAME_MAX || !txn_get(t, ddb_table_row(a, account, region, name), &row)) return false;
    *table = (struct ddb_table){0};
    ASSERT(record_decode(a, &ddb_table_record, arena_str(a, row), table));
    table->account = account;
    table->region = region;
    table->name = name;
    return true;
}

bool ddb_table_of_row(struct txn *t, struct arena *a, str row, struct ddb_table *table) {
    str part, account, region, name, rest = arena_str(a, row);
    bool read = key_read_str(&rest, a, &part) && key_read_str(&rest, a, &account) && key_read_str(&rest, a, &region)
             && key_read_str(&rest, a, &part) && key_read_str(&rest, a, &name);
    return read && ddb_table_load(t, a, account, region, name, table);
}

void ddb_table_save(struct txn *t, struct arena *a, const struct ddb_table *table) {
    txn_put(t, ddb_table_row(a, table->account, table->region, table->name), record_encode(a, &ddb_table_record, table));
}

str ddb_table_arn(struct arena *a, const struct ddb_table *t) {
    return arn_format(a, S("dynamodb"), t->region, t->account, arena_concat(a, S("table/"), t->name));
}

static bool name_char(char ch) {
    bool letter = (ch | 32) >= 'a' && (ch | 32) <= 'z';
    return letter || (ch >= '0' && ch <= '9') || ch == '_' || ch == '.' || ch == '-';
}

static err name_chars(struct call *c, str name, const char *member) {
    for (size_t i = 0; i < name.n; i++)
        if (!name_char(name.p[i]))
            return fail(c, &cloud_validation,
                        "1 validation error detected: Value '%.*s' at '%s' failed to satisfy constraint: Member must satisfy "
                        "regular expression pattern: [a-zA-Z0-9_.-]+",
                        STR_ARGS(name), member);
    return NULL;
}

err ddb_table_name_check(struct call *c, str name, const char *member) {
    if (name.n < DDB_NAME_MIN || name.n > DDB_NAME_MAX)
        return fail(c, &cloud_validation, "TableName must be at least 3 characters long and at most 255 characters long");
    return name_chars(c, name, member);
}

/* The same in the words of operations on items. */
static err item_name_check(struct call *c, str name) {
    bool short_ = name.n < DDB_NAME_MIN;
    if (!short_ && name.n <= DDB_NAME_MAX) return name_chars(c, name, "tableName");
    return fail(c, &cloud_validation,
                "1 validation error detected: Value '%.*s' at 'tableName' failed to satisfy constraint: Member must have length %s than or equal to %d",
                STR_ARGS(name), short_ ? "greater" : "less", short_ ? DDB_NAME_MIN : DDB_NAME_MAX);
}

/* "arn:aws:dynamodb:us-east-1:123456789012:table/name" */
static err from_arn(struct call *c, str text, str *account, str *region, str *name) {
    struct arn arn;
    if (!arn_parse(text, &arn) || !str_eq(arn.service, S("dynamodb")) || !str_starts(arn.resource, S("table/")))
        return fail(c, &cloud_validation, "Invalid table ARN");
    *account = arn.account;
    *region = arn.region;
    *name = str_skip(arn.resource, 6);
    return NULL;
}

static err find(struct call *c, str text, struct ddb_table *t, bool *found, bool for_items) {
    str account = c->account, region = c->region, name = text;
    if (str_starts(text, S("arn:"))) TRY(from_arn(c, text, &account, &region, &name));
    TRY(for_items ? item_name_check(c, name) : ddb_table_name_check(c, name, "tableName"));
    *found = ddb_table_load(c->txn, c->arena, account, region, name, t);
    if (!*found) t->name = name;
    return NULL;
}

err ddb_table_open(struct call *c, str name, struct ddb_table *t) {
    bool found;
    TRY(find(c, name, t, &found, false));
    if (found) return NULL;
    return fail(c, &dynamodb_resource_not_found_exception, "Requested resource not found: Table: %.*s not found", STR_ARGS(t->name));
}

err ddb_table_use(struct call *c, str name, struct ddb_table *t) {
    bool found;
    TRY(find(c, name, t, &found, true));
    if (found && (t->state == DDB_ACTIVE || t->state == DDB_UPDATING)) return ddb_sse_check(c, t);
    return fail(c, &dynamodb_resource_not_found_exception, "Requested resource not found");
}

struct ddb_index *ddb_index_find(const struct ddb_table *t, str name) {
    for (u32 i = 0; i < t->indexes.n; i++)
        if (str_eq(t->indexes.v[i].name, name)) return &t->indexes.v[i];
    return NULL;
}

void ddb_table_settle(struct txn *t, struct arena *a, const struct ddb_table *table) {
    str key = ddb_table_row(a, table->account, table->region, table->name);
    txn_task_set(t, &(struct task){.kind = TABLE_TASK, .key = key});
}

u8 ddb_attribute_type(const struct ddb_table *t, str name) {
    for (u32 i = 0; i < t->attributes.n; i++)
        if (str_eq(t->attributes.v[i].text, name)) return (u8)t->types.p[i];
    return VALUE_NONE;
}

/* ---- what it holds: ("dynamodb", account, region, "counts", name) ---- */

static str counts_row(struct arena *a, const struct ddb_table *t) {
    struct key k = key_new(a, S("dynamodb"));
    key_str(&k, t->account);
    key_str(&k, t->region);
    key_str(&k, S("counts"));
    key_str(&k, t->name);
    return key_bytes(&k);
}

struct ddb_counts ddb_counts_of(struct txn *t, struct arena *a, const struct ddb_table *table) {
    struct ddb_counts counts = {0};
    str row;
    if (txn_get(t, counts_row(a, table), &row)) ASSERT(record_decode(a, &ddb_counts_record, row, &counts));
    return counts;
}

struct ddb_count *ddb_count_of(struct arena *a, struct ddb_counts *counts, u64 space) {
    for (u32 i = 0; i < counts->of.n; i++)
        if (counts->of.v[i].space == space) return &counts->of.v[i];
    struct ddb_count *more = NEW_ARRAY(a, struct ddb_count, counts->of.n + 1);
    if (counts->of.n) memcpy(more, counts->of.v, counts->of.n * sizeof *more);
    more[counts->of.n].space = space;
    counts->of.v = more;
    counts->of.set = true;
    return &more[counts->of.n++];
}

void ddb_counts_save(struct txn *t, struct arena *a, const struct ddb_table *table, const struct ddb_counts *counts) {
    txn_put(t, counts_row(a, table), record_encode(a, &ddb_counts_record, counts));
}

void ddb_counts_drop(struct txn *t, struct arena *a, const struct ddb_table *table) { txn_delete(t, counts_row(a, table)); }
