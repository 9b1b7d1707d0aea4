/* Private to the room: reading keys, indexes and throughput out of the control operations' inputs. */
#ifndef BRUME_DYNAMODB_SCHEMA_H
#define BRUME_DYNAMODB_SCHEMA_H

#include "services/dynamodb/dynamodb.h"

enum { DDB_LOCALS_MAX = 5, DDB_GLOBALS_MAX = 20 };

u8 ddb_type_of(str letter);
/* A key of a table or an index, against the definitions. many: of a global index, whose halves may have several. */
MUST_USE err ddb_schema_read(struct call *c, const struct dynamodb_key_schema *schema,
                             const struct dynamodb_attribute_definitions *defs, bool many, struct ddb_schema *keys);
MUST_USE err ddb_projection_read(struct call *c, const struct dynamodb_projection *p, struct ddb_index *index);
/* Adds what is new to the table's definitions. */
void ddb_attributes_read(struct arena *a, const struct dynamodb_attribute_definitions *defs, struct ddb_table *t);
MUST_USE err ddb_definitions_check(struct call *c, const struct dynamodb_attribute_definitions *defs); /* no name twice */
void ddb_attributes_prune(struct arena *a, struct ddb_table *t); /* what no key uses is forgotten */
i64 ddb_class_of(str given); /* enum ddb_class */
bool ddb_attribute_used(const struct ddb_table *t, str name);
MUST_USE err ddb_attributes_check(struct call *c, const struct ddb_table *t, const struct dynamodb_attribute_definitions *defs);
MUST_USE err ddb_locals_read(struct call *c, const struct dynamodb_local_secondary_index_list *in,
                             const struct dynamodb_attribute_definitions *defs, struct ddb_table *t);
MUST_USE err ddb_global_read(struct call *c, const struct dynamodb_global_secondary_index *given,
                             const struct dynamodb_attribute_definitions *defs, struct ddb_table *t);
MUST_USE err ddb_units_check(struct call *c, const struct dynamodb_provisioned_throughput *p);
/* of: "table" or "index", for the message. `given` may be absent. */
MUST_USE err ddb_on_demand_read(struct call *c, const struct dynamodb_on_demand_throughput *given, const char *of, struct ddb_throughput *t);
void ddb_warm_read(const struct dynamodb_warm_throughput *given, struct ddb_throughput *t);

#endif
