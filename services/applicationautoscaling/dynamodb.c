/* The capacity of tables and of their global indexes: table/NAME, table/NAME/index/INDEX. */
#include "scaling.h"

#include "gen/dynamodb.h"

struct place {
    str table, index; /* index absent: the table itself */
};

static bool place_of(str resource, struct place *p) {
    str rest = resource;
    if (!str_eq(str_cut(&rest, '/'), S("table"))) return false;
    p->table = str_cut(&rest, '/');
    p->index = (str){0};
    if (!rest.p) return p->table.n;
    if (!str_eq(str_cut(&rest, '/'), S("index"))) return false;
    p->index = rest;
    return p->table.n && rest.n && str_find_char(rest, '/') == STR_NONE;
}

static bool resource_valid(str resource, bool *index) {
    struct place p;
    if (!place_of(resource, &p)) return false;
    *index = p.index.p;
    return true;
}

static err look(struct call *c, const struct dimension *d, const struct scaled *of, const struct dynamodb_provisioned_throughput_description **units) {
    struct place p;
    struct dynamodb_describe_table_output out;
    struct call_other describe = as_linked_role(c, d, &dynamodb_service, DYNAMODB_OP_DESCRIBE_TABLE);
    ASSERT(place_of(of->resource, &p));
    err e = call_service(c, &describe, &(struct dynamodb_describe_table_input){.table_name = p.table}, &out);
    if (e && str_eq(str_of(e->code), S("ResourceNotFoundException")))
        return fail(c, &applicationautoscaling_validation_exception, "DynamoDB table does not exist: %.*s", STR_ARGS(of->resource));
    if (e) return e;
    *units = p.index.p ? NULL : out.table->provisioned_throughput;
    for (u32 i = 0; i < out.table->global_secondary_indexes.n; i++)
        if (str_eq(out.table->global_secondary_indexes.v[i].index_name, p.index)) *units = out.table->global_secondary_indexes.v[i].provisioned_throughput;
    if (!*units) return fail(c, &applicationautoscaling_validation_exception, "DynamoDB index does not exist: %.*s", STR_ARGS(of->resource));
    return NULL;
}

static bool of_reads(const struct dimension *d) { return str_ends(str_of(d->name), S("ReadCapacityUnits")); }

static err read_capacity(struct call *c, const struct dimension *d, const struct scaled *of, i64 *capacity) {
    const struct dynamodb_provisioned_throughput_description *units;
    TRY(look(c, d, of, &units));
    *capacity = of_reads(d) ? units->read_capacity_units.v : units->write_capacity_units.v;
    return NULL;
}

static err set_capacity(struct call *c, const struct dimension *d, const struct scaled *of, i64 capacity) {
    struct place p;
    const struct dynamodb_provisioned_throughput_description *now;
    struct dynamodb_update_table_output out;
    TRY(look(c, d, of, &now));
    ASSERT(place_of(of->resource, &p));
    struct dynamodb_provisioned_throughput units = {.read_capacity_units = now->read_capacity_units, .write_capacity_units = now->write_capacity_units};
    *(of_reads(d) ? &units.read_capacity_units : &units.write_capacity_units) = SOME_I64(capacity);
    struct dynamodb_update_global_secondary_index_action action = {.index_name = p.index, .provisioned_throughput = &units};
    struct dynamodb_global_secondary_index_update index = {.update = &action};
    struct dynamodb_update_table_input in = {.table_name = p.table};
    if (p.index.p) in.global_secondary_index_updates = (struct dynamodb_global_secondary_index_update_list){&index, 1, true};
    else in.provisioned_throughput = &units;
    struct call_other update = as_linked_role(c, d, &dynamodb_service, DYNAMODB_OP_UPDATE_TABLE);
    return call_service(c, &update, &in, &out);
}

static struct record_pairs metric_dimensions(struct call *c, const struct scaled *of) {
    struct place p;
    struct record_pairs d = {.v = NEW_ARRAY(c->arena, struct record_pair, 2), .set = true};
    ASSERT(place_of(of->resource, &p));
    if (p.index.p) d.v[d.n++] = (struct record_pair){S("GlobalSecondaryIndexName"), p.index};
    d.v[d.n++] = (struct record_pair){S("TableName"), p.table};
    return d;
}

#define CAPACITY(name_, words_, kind)                                                                                                          \
    {.space = "dynamodb", .name = name_, .words = words_, .predefined = "DynamoDB" kind "CapacityUtilization", .metric_space = "AWS/DynamoDB",    \
     .consumed = "Consumed" kind "CapacityUnits", .provisioned = "Provisioned" kind "CapacityUnits",                                            \
     .linked_service = "dynamodb.application-autoscaling.amazonaws.com", .linked_role = "AWSServiceRoleForApplicationAutoScaling_DynamoDBTable", \
     .resource_valid = resource_valid, .read = read_capacity, .set = set_capacity, .metric_dimensions = metric_dimensions}

const struct dimension dynamodb_dimensions[] = {
    CAPACITY("dynamodb:table:ReadCapacityUnits", "read capacity units", "Read"),
    CAPACITY("dynamodb:table:WriteCapacityUnits", "write capacity units", "Write"),
    CAPACITY("dynamodb:index:ReadCapacityUnits", "read capacity units", "Read"),
    CAPACITY("dynamodb:index:WriteCapacityUnits", "write capacity units", "Write"),
    {0},
};
