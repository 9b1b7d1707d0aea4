/* Any bytes: decoding says no or yields a value that encodes and decodes to the same again. */
#include "store/record.h"

struct node {
    str name;
    i64 number;
    double ratio;
    struct record_pairs tags;
    struct node *child;
};
extern const struct record_type node_record;
static const struct record_field node_fields[] = {
    RECORD_STR(1, struct node, name),  RECORD_I64(2, struct node, number),
    RECORD_F64(3, struct node, ratio), RECORD_LIST(4, struct node, tags, record_pair_type),
    RECORD_STRUCT(5, struct node, child, node_record),
};
const struct record_type node_record = RECORD_TYPE(struct node, node_fields);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena a = {0};
    struct node value, again;
    if (record_decode(&a, &node_record, (str){(const char *)data, size}, &value)) {
        str once = record_encode(&a, &node_record, &value);
        ASSERT(record_decode(&a, &node_record, once, &again));
        ASSERT(str_eq(record_encode(&a, &node_record, &again), once));
    }
    arena_free(&a);
    return 0;
}
