/* REST routing within a service: method, path template, literal query and required places. */
#ifndef BRUME_URI_H
#define BRUME_URI_H

#include "cloud/service.h"
#include "wire/wire.h"

/* A service's templates, taken apart once. */
struct uri_table;
struct uri_table *uri_table_new(struct arena *a, const struct service *s);

/* Index of the operation that fits best, or -1. Among those whose method, path, literal query keys and
 * required query and header members are all there, the one that asks for most wins: PUT /b/k with
 * x-amz-copy-source, partNumber and uploadId is UploadPartCopy. An operation that the room has is
 * preferred to one of equal weight that it lacks (GetBucketLifecycle and its successor). What writes must know all parts of the resource that the query names. */
int uri_match(const struct uri_table *table, str method, str path, str query, const struct wire_header *headers,
              size_t header_count, struct arena *a);

#endif
