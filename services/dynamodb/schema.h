/* Private to the room: reading keys, indexes, class and throughput out of the control operations' inputs. */
#ifndef BRUME_DYNAMODB_SCHEMA_H
#define BRUME_DYNAMODB_SCHEMA_H

#include "services/dynamodb/dynamodb.h"

enum { DDB_LOCALS_MAX = 5, DDB_GLOBALS_MAX = 20, DDB_VECTORS_MAX = 5, DDB_FILTERS_MAX = 18, DDB_DIMENSIONS_MAX = 4096 };

u8 ddb_type_of(str letter);
/* A key of a table or an index, against the definitions. many: of a global index, whose halves may have several. */
MUST_USE err ddb_schema_read(struct call *c, const struct dynamodb_key_schema *schema,
                             const struct dynamodb_attribute_definitions *defs, bool many, struct ddb_schema *keys);
MUST_USE err ddb_projection_read(struct call *c, const struct dynamodb_projection *p, struct ddb_index *index);
/* Adds what is new, and a key of the table or of an index, to the table's definitions. */
void ddb_attributes_read(struct arena *a, const struct dynamodb_attribute_definitions *defs, struct ddb_table *t);
MUST_USE err ddb_definitions_check(struct call *c, const struct dynamodb_attribute_definitions *defs); /* no name twice */
void ddb_attributes_prune(struct arena *a, struct ddb_table *t); /* what no key uses is forgotten */
MUST_USE err ddb_class_check(struct call *c, str given); /* absent: none */
i64 ddb_class_of(str given); /* enum ddb_class */
str ddb_class_name(i64 class_);
MUST_USE err ddb_class_change(struct call *c, str given, struct ddb_table *t); /* given: absent is none */
bool ddb_attribute_used(const struct ddb_table *t, str name);
MUST_USE err ddb_attributes_check(struct call *c, const struct ddb_table *t, const struct dynamodb_attribute_definitions *defs);
/* Definitions that no key uses, which AWS finds before anything else about indexes. t: its own keys are read. */
MUST_USE err ddb_unused_check(struct call *c, const struct dynamodb_local_secondary_index_list *locals, const struct dynamodb_global_secondary_index_list *globals,
                              const struct dynamodb_attribute_definitions *defs, const struct ddb_table *t);
MUST_USE err ddb_locals_read(struct call *c, const struct dynamodb_local_secondary_index_list *in,
                             const struct dynamodb_attribute_definitions *defs, struct ddb_table *t);
MUST_USE err ddb_global_read(struct call *c, const struct dynamodb_global_secondary_index *given,
                             const struct dynamodb_attribute_definitions *defs, struct ddb_table *t);

MUST_USE err ddb_vector_index_read(struct call *c, const struct dynamodb_vector_index *given,
                                   const struct dynamodb_attribute_definitions *defs, struct ddb_table *t);

/* ---- update_check.c ---- */
MUST_USE err ddb_update_check(struct call *c, const struct dynamodb_update_table_input *in);
bool ddb_update_takes_table(const struct dynamodb_update_table_input *in); /* it is UPDATING meanwhile; other changes leave it ACTIVE */
bool ddb_update_waits_for_nothing(const struct dynamodb_update_table_input *in); /* it is taken by a table that is UPDATING, too */
/* It asks for on demand again while the table becomes provisioned. As AWS: that is answered, and dropped. */
bool ddb_update_takes_back(const struct dynamodb_update_table_input *in, const struct ddb_table *t);
bool ddb_update_beside_indexes(const struct dynamodb_update_table_input *in, const struct ddb_table *t); /* by one, too, that only has indexes come or go, and whose are not named */
MUST_USE err ddb_update_busy(struct call *c, const struct dynamodb_update_table_input *in, const struct ddb_table *t); /* what keeps an UPDATING table from it; may be NULL */
str ddb_updated_index(const struct dynamodb_global_secondary_index_update *u);

/* ---- throughput.c: what is given may be absent; of: "table" or the words for an index, for the message ---- */
/* What the account may have, and one of its tables or indexes. */
struct ddb_most {
    i64 account_read, account_write, table_read, table_write;
};
struct ddb_most ddb_units_most(struct call *c);
/* What all tables of the account have provisioned in the region, with their global indexes; most_: the one that has most. */
struct ddb_reserved {
    i64 read, write, most_read, most_write;
};
struct ddb_reserved ddb_reserved_by_account(struct call *c);
/* LimitExceededException where a table or a global index of it asks for more, or all tables of the account would have more. */
MUST_USE err ddb_units_within(struct call *c, const struct ddb_table *t);
MUST_USE err ddb_units_check(struct call *c, const struct dynamodb_provisioned_throughput *p);
/* Units that differ from today's, from the next moment on. index: absent for the table. LimitExceededException by AWS's count of decreases. */
MUST_USE err ddb_provision(struct call *c, struct ddb_throughput *t, const struct dynamodb_provisioned_throughput *p, str index);
i64 ddb_decreases_today(const struct call *c, const struct ddb_throughput *t);
void ddb_decrease_count(struct call *c, struct ddb_throughput *t); /* one more, whatever the limit says */
void ddb_provision_first(struct ddb_throughput *t, const struct dynamodb_provisioned_throughput *p); /* of what was on demand: at once, and no increase */
/* made: of a table or index that is just made; later -1 takes a maximum away. */
MUST_USE err ddb_on_demand_read(struct call *c, const struct dynamodb_on_demand_throughput *given, str of, bool made, struct ddb_throughput *t);
str ddb_index_words(struct arena *a, str index);
struct ddb_warm {
    i64 read, write;
};
struct ddb_warm ddb_warm_now(bool on_demand, const struct ddb_throughput *t);
MUST_USE err ddb_warm_first(struct call *c, const struct dynamodb_warm_throughput *given, str of, bool on_demand, struct ddb_throughput *t);
MUST_USE err ddb_warm_more(struct call *c, const struct dynamodb_warm_throughput *given, str of, bool on_demand, struct ddb_throughput *t);
bool ddb_warming(const struct ddb_throughput *t); /* more was asked, and is under way */
/* A replica's own units to read with: of the table, or of an index. shared: those of the group; to be given these is to have none. */
void ddb_override_read(const struct dynamodb_provisioned_throughput_override *units, const struct dynamodb_on_demand_throughput_override *most,
                       const struct ddb_throughput *shared, struct ddb_throughput *t);
struct ddb_throughput ddb_throughput_like(const struct ddb_throughput *t); /* for a table made after it: nothing has been changed yet */
void ddb_most_settle(struct ddb_throughput *t); /* a maximum of -1 has been taken away */
void ddb_throughput_settle(bool on_demand, struct ddb_throughput *t); /* what was asked is in force */

#endif
