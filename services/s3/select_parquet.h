#ifndef S3_SELECT_PARQUET_H
#define S3_SELECT_PARQUET_H

#include "services/s3/s3.h"
#include "services/s3/select_input.h"

/* On a worker. The rows of the object as lines of JSON, kept in `a`. */
MUST_USE err select_parquet(struct call *c, struct arena *a, struct stream *bytes, u64 size, struct select_source *rows);

#endif
