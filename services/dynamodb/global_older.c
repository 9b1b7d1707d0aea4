/* Global tables of version 2017.11.29: AWS makes none any more, so nobody has one. What remains of the operations is how they
 * say so. Measured at AWS in October 2026.
 * DIFFERS: AWS answers 500 to who lists those of a region that does not exist; and refuses in other words where this version
 * never was. */
#include "services/dynamodb/dynamodb.h"

#define INVALID "One or more parameter values were invalid"

static err no_more(struct call *c) {
    return fail(c, &cloud_validation, INVALID ": DynamoDB global tables version 2017.11.29 is not supported. We recommend using DynamoDB global tables version "
                                              "2019.11.21, instead of version 2017.11.29 (Legacy).");
}

static err not_there(struct call *c, const char *before, str name) {
    TRY(ddb_table_name_check(c, name, "globalTableName"));
    return fail(c, &dynamodb_global_table_not_found_exception, "%sGlobal table with name: '%.*s' does not exist.", before, STR_ARGS(name));
}

err dynamodb_create_global_table(struct call *c, const struct dynamodb_create_global_table_input *in, struct dynamodb_create_global_table_output *out) {
    (void)out;
    TRY(ddb_table_name_check(c, in->global_table_name, "globalTableName"));
    return no_more(c);
}

err dynamodb_update_global_table(struct call *c, const struct dynamodb_update_global_table_input *in, struct dynamodb_update_global_table_output *out) {
    (void)out;
    bool creates = false, empty = !in->replica_updates.n;
    for (u32 i = 0; i < in->replica_updates.n; i++) {
        creates |= in->replica_updates.v[i].create != NULL;
        empty |= !in->replica_updates.v[i].create && !in->replica_updates.v[i].delete;
    }
    if (empty) return fail(c, &cloud_validation, INVALID);
    if (creates) return no_more(c);
    return not_there(c, "Global table not found: ", in->global_table_name);
}

err dynamodb_describe_global_table(struct call *c, const struct dynamodb_describe_global_table_input *in, struct dynamodb_describe_global_table_output *out) {
    (void)out;
    return not_there(c, "Global table not found: ", in->global_table_name);
}

err dynamodb_list_global_tables(struct call *c, const struct dynamodb_list_global_tables_input *in, struct dynamodb_list_global_tables_output *out) {
    (void)c;
    (void)in;
    out->global_tables.set = true;
    return NULL;
}

err dynamodb_describe_global_table_settings(struct call *c, const struct dynamodb_describe_global_table_settings_input *in,
                                            struct dynamodb_describe_global_table_settings_output *out) {
    (void)out;
    return not_there(c, "", in->global_table_name);
}

err dynamodb_update_global_table_settings(struct call *c, const struct dynamodb_update_global_table_settings_input *in,
                                          struct dynamodb_update_global_table_settings_output *out) {
    (void)out;
    return not_there(c, "", in->global_table_name);
}
