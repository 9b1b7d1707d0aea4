#include "records.h"

static const struct record_field name_fields[] = {RECORD_STR(1, struct ddb_name, text)};
const struct record_type ddb_name_record = RECORD_TYPE(struct ddb_name, name_fields);

#define THROUGHPUT(from, T, field)                                                                 \
    RECORD_I64((from), T, field.read), RECORD_I64((from) + 1, T, field.write),                     \
        RECORD_I64((from) + 2, T, field.increased_ms), RECORD_I64((from) + 3, T, field.decreased_ms), \
        RECORD_I64((from) + 4, T, field.decreases), RECORD_I64((from) + 5, T, field.decreases_day), \
        RECORD_I64((from) + 6, T, field.most_read), RECORD_I64((from) + 7, T, field.most_write),   \
        RECORD_I64((from) + 8, T, field.warm_read), RECORD_I64((from) + 9, T, field.warm_write), \
        RECORD_I64((from) + 10, T, field.next_read), RECORD_I64((from) + 11, T, field.next_write)
#define NEXT_WARM(from, T, field) RECORD_I64((from), T, field.next_warm_read), RECORD_I64((from) + 1, T, field.next_warm_write)
#define OWN_UNITS(from, T, field) RECORD_BOOL((from), T, field.own_read), RECORD_BOOL((from) + 1, T, field.own_most_read)
#define SCHEMA(from, T, field)                                                                     \
    RECORD_STR((from), T, field.hash), RECORD_STR((from) + 1, T, field.range),                     \
        RECORD_I64((from) + 2, T, field.hash_type), RECORD_I64((from) + 3, T, field.range_type)

static const struct record_field key_part_fields[] = {
    RECORD_STR(1, struct ddb_key_part, name),
    RECORD_I64(2, struct ddb_key_part, type),
    RECORD_BOOL(3, struct ddb_key_part, range),
};
static const struct record_type key_part_record = RECORD_TYPE(struct ddb_key_part, key_part_fields);

static const struct record_field insights_fields[] = {RECORD_I64(1, struct ddb_insights, since_ms), RECORD_I64(2, struct ddb_insights, changed_ms), RECORD_BOOL(3, struct ddb_insights, throttles_only)};
static const struct record_type insights_record = RECORD_TYPE(struct ddb_insights, insights_fields);

static const struct record_field vector_fields[] = {
    RECORD_STR(1, struct ddb_vector, attribute),
    RECORD_I64(2, struct ddb_vector, dimensions),
    RECORD_I64(3, struct ddb_vector, distance),
    RECORD_LIST(4, struct ddb_vector, filters, key_part_record),
};
static const struct record_type vector_record = RECORD_TYPE(struct ddb_vector, vector_fields);

static const struct record_field index_fields[] = {
    RECORD_STR(1, struct ddb_index, name),
    RECORD_U64(2, struct ddb_index, space),
    SCHEMA(3, struct ddb_index, keys),
    RECORD_I64(7, struct ddb_index, kind),
    RECORD_I64(8, struct ddb_index, projection),
    RECORD_I64(9, struct ddb_index, state),
    RECORD_LIST(10, struct ddb_index, include, ddb_name_record),
    RECORD_BOOL(11, struct ddb_index, backfilling),
    THROUGHPUT(12, struct ddb_index, throughput),
    RECORD_LIST(24, struct ddb_index, keys.more, key_part_record),
    RECORD_STRUCT(25, struct ddb_index, insights, insights_record),
    OWN_UNITS(26, struct ddb_index, throughput),
    RECORD_STRUCT(28, struct ddb_index, vector, vector_record),
    NEXT_WARM(29, struct ddb_index, throughput),
};
static const struct record_type index_record = RECORD_TYPE(struct ddb_index, index_fields);

static const struct record_field table_fields[] = {
    RECORD_STR(1, struct ddb_table, id),
    RECORD_U64(2, struct ddb_table, space),
    RECORD_I64(3, struct ddb_table, state),
    RECORD_I64(4, struct ddb_table, created_ms),
    SCHEMA(5, struct ddb_table, keys),
    RECORD_LIST(9, struct ddb_table, indexes, index_record),
    RECORD_LIST(10, struct ddb_table, attributes, ddb_name_record),
    RECORD_STR(11, struct ddb_table, types),
    RECORD_BOOL(12, struct ddb_table, on_demand),
    RECORD_BOOL(13, struct ddb_table, protected_),
    RECORD_I64(14, struct ddb_table, on_demand_ms),
    THROUGHPUT(15, struct ddb_table, throughput),
    RECORD_I64(27, struct ddb_table, class_),
    RECORD_I64(28, struct ddb_table, class_ms),
    RECORD_STR(29, struct ddb_table, sse_key),
    RECORD_U64(30, struct ddb_table, stream),
    RECORD_I64(31, struct ddb_table, stream_view),
    RECORD_I64(32, struct ddb_table, stream_ms),
    RECORD_BOOL(33, struct ddb_table, streaming),
    RECORD_STR(34, struct ddb_table, ttl),
    RECORD_U64(35, struct ddb_table, ttl_space),
    RECORD_I64(36, struct ddb_table, ttl_changed_ms),
    RECORD_U64(37, struct ddb_table, history),
    RECORD_I64(38, struct ddb_table, pitr_ms),
    RECORD_I64(39, struct ddb_table, pitr_days),
    RECORD_I64(40, struct ddb_table, copies),
    RECORD_LIST(41, struct ddb_table, replicas, ddb_name_record),
    RECORD_STR(42, struct ddb_table, restored_backup),
    RECORD_STR(43, struct ddb_table, restored_table),
    RECORD_I64(44, struct ddb_table, restored_ms),
    RECORD_U64(45, struct ddb_table, collections),
    RECORD_BOOL(46, struct ddb_table, importing),
    RECORD_STR(60, struct ddb_table, sse_data_key),
    RECORD_STR(61, struct ddb_table, sse_grant),
    RECORD_I64(62, struct ddb_table, sse_lost_ms),
    RECORD_STRUCT(63, struct ddb_table, insights, insights_record),
    OWN_UNITS(71, struct ddb_table, throughput),
    RECORD_I64(73, struct ddb_table, class_before_ms),
    RECORD_I64(74, struct ddb_table, sse_window_ms),
    RECORD_I64(75, struct ddb_table, sse_changed_ms),
    RECORD_I64(76, struct ddb_table, sse_changes),
    RECORD_I64(77, struct ddb_table, archived_ms),
    RECORD_STR(78, struct ddb_table, archived_backup),
    RECORD_LIST(79, struct ddb_table, failed_streams, ddb_name_record),
    RECORD_STR(90, struct ddb_table, source_region),
    RECORD_STR(91, struct ddb_table, witness),
    RECORD_STR(92, struct ddb_table, settings_mode),
    RECORD_BOOL(93, struct ddb_table, strong),
    NEXT_WARM(94, struct ddb_table, throughput),
    RECORD_I64(96, struct ddb_table, billing_ms),
    RECORD_I64(97, struct ddb_table, next_class),
    RECORD_I64(98, struct ddb_table, stream_changing),
    RECORD_BOOL(99, struct ddb_table, sse_changing),
    RECORD_STR(100, struct ddb_table, sse_before),
    RECORD_I64(110, struct ddb_table, bulks),
    RECORD_BOOL(111, struct ddb_table, pitr_was),
};
const struct record_type ddb_table_record = RECORD_TYPE(struct ddb_table, table_fields);

static const struct record_field count_fields[] = {
    RECORD_U64(1, struct ddb_count, space),
    RECORD_I64(2, struct ddb_count, items),
    RECORD_I64(3, struct ddb_count, bytes),
};
static const struct record_type count_record = RECORD_TYPE(struct ddb_count, count_fields);
static const struct record_field counts_fields[] = {RECORD_LIST(1, struct ddb_counts, of, count_record)};
const struct record_type ddb_counts_record = RECORD_TYPE(struct ddb_counts, counts_fields);
