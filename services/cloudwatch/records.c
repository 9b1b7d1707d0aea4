#include "records.h"

static const struct record_field metric_fields[] = {
    RECORD_U64(1, struct metric, id), RECORD_I64(2, struct metric, last_ms), RECORD_STR(3, struct metric, space),
    RECORD_STR(4, struct metric, name), RECORD_LIST(5, struct metric, dimensions, record_pair_type),
};
const struct record_type cloudwatch_metric_record = RECORD_TYPE(struct metric, metric_fields);

static const struct record_field sample_fields[] = {RECORD_F64(1, struct sample, value), RECORD_F64(2, struct sample, count)};
static const struct record_type sample_record = RECORD_TYPE(struct sample, sample_fields);

static const struct record_field point_fields[] = {
    RECORD_F64(1, struct point, count), RECORD_F64(2, struct point, sum), RECORD_F64(3, struct point, min), RECORD_F64(4, struct point, max),
    RECORD_LIST(5, struct point, samples, sample_record), RECORD_F64(6, struct point, width), RECORD_BOOL(7, struct point, opaque),
};
const struct record_type cloudwatch_point_record = RECORD_TYPE(struct point, point_fields);
