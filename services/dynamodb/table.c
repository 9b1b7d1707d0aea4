/* The table that a request names, by name or ARN. */
#include "services/dynamodb/dynamodb.h"

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
                STR_ARGS(name), short_ ? "greater" : "less", !name.n ? 1 : short_ ? DDB_NAME_MIN : DDB_NAME_MAX);
}

static err control_name_check(struct call *c, str name) {
    if (name.n) return item_name_check(c, name);
    return fail(c, &cloud_validation, "2 validation errors detected: Value '' at 'tableName' failed to satisfy constraint: Member must have length greater than or "
                                      "equal to %d; Value '' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
                DDB_NAME_MIN);
}

/* "arn:aws:dynamodb:us-east-1:123456789012:table/name", of the region that is asked. */
static err from_arn(struct call *c, str text, str *account, str *name) {
    struct arn arn;
    if (!arn_parse(text, &arn) || !str_eq(arn.service, S("dynamodb"))) return fail(c, &cloud_validation, "Invalid table ARN");
    const char *wrong = !str_eq(arn.partition, S("aws"))           ? "AWS partition"
                      : !str_eq(arn.region, c->region)             ? "AWS region"
                      : !str_starts(arn.resource, S("table/"))     ? "resource type"
                                                                   : NULL;
    if (wrong) return fail(c, &cloud_validation, "1 validation error detected: Invalid %s in '%.*s'", wrong, STR_ARGS(text));
    *account = arn.account;
    *name = str_skip(arn.resource, 6);
    return NULL;
}

static err read_name(struct call *c, str text, bool for_items, str *account, str *name) {
    *account = c->account;
    *name = text;
    if (str_starts(text, S("arn:"))) TRY(from_arn(c, text, account, name));
    return for_items ? item_name_check(c, *name) : control_name_check(c, *name);
}

err ddb_table_named(struct call *c, str text) {
    str account, name;
    return read_name(c, text, true, &account, &name);
}

err ddb_table_named_to_control(struct call *c, str text) {
    str account, name;
    return read_name(c, text, false, &account, &name);
}

static err find(struct call *c, str text, struct ddb_table *t, bool *found, bool for_items) {
    str account, name;
    TRY(read_name(c, text, for_items, &account, &name));
    *found = ddb_table_load(c->txn, c->arena, account, c->region, name, t);
    if (!*found) t->name = name;
    t->named = text;
    return NULL;
}

static err absent(struct call *c, const struct ddb_table *t) {
    return fail(c, &dynamodb_resource_not_found_exception, "Requested resource not found: Table: %.*s not found", STR_ARGS(t->name));
}

err ddb_table_told(struct call *c, str name, struct ddb_table *t) {
    bool found;
    TRY(find(c, name, t, &found, false));
    return found ? NULL : absent(c, t);
}

err ddb_table_open(struct call *c, str name, struct ddb_table *t) {
    TRY(ddb_table_told(c, name, t));
    return ddb_table_restoring(t) ? absent(c, t) : NULL;
}

err ddb_table_use(struct call *c, str name, struct ddb_table *t) {
    bool found;
    TRY(find(c, name, t, &found, true));
    if (found && (t->state == DDB_ACTIVE || t->state == DDB_UPDATING)) return ddb_sse_check(c, t);
    return fail(c, &dynamodb_resource_not_found_exception, "Requested resource not found");
}
