/* Global tables of version 2017.11.29, which AWS offers to nobody who has none: none can be made here, so none is
 * found. And what a replica would have of Application Auto Scaling: nothing. */
#include "services/dynamodb/dynamodb.h"

static err absent(struct call *c, str name) {
    TRY(ddb_table_name_check(c, name, "globalTableName"));
    return fail(c, &dynamodb_global_table_not_found_exception, "Global table not found: Global table with name: '%.*s' does not exist.",
                STR_ARGS(name));
}

#define ABSENT(op)                                                                                 \
    err dynamodb_##op(struct call *c, const struct dynamodb_##op##_input *in, struct dynamodb_##op##_output *out) { \
        (void)out;                                                                                 \
        return absent(c, in->global_table_name);                                                   \
    }
ABSENT(describe_global_table)
ABSENT(describe_global_table_settings)
ABSENT(update_global_table)
ABSENT(update_global_table_settings)

err dynamodb_list_global_tables(struct call *c, const struct dynamodb_list_global_tables_input *in, struct dynamodb_list_global_tables_output *out) {
    (void)c;
    (void)in;
    out->global_tables.set = true;
    return NULL;
}
