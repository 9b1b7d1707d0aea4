/* multipart/form-data, pushed through: small fields are collected, the file flows.
 *
 * Strict where it matters: the boundary is 1 to 70 bytes, headers of a part and all fields together are
 * bounded, nothing may follow the first file but its end (S3 reads fields only before the file). */
#ifndef BRUME_MULTIPART_H
#define BRUME_MULTIPART_H

#include "base/arena.h"

enum { MULTIPART_FIELDS_MAX = 20 << 10 }; /* bytes of names and values: S3's limit of a form without its file */

struct multipart_events {
    void (*field)(void *context, str name, str value); /* views that live as long as the arena */
    void (*file)(void *context, str name, str filename, str content_type);
    void (*bytes)(void *context, str bytes); /* of the file; views valid during the call */
    void *context;
};
struct multipart;
/* The boundary from a Content-Type; absent if it is no multipart/form-data or has none. */
str multipart_boundary(str content_type);
struct multipart *multipart_new(struct arena *a, str boundary, struct multipart_events events);
enum multipart_result { MULTIPART_MORE, MULTIPART_END, MULTIPART_BROKEN, MULTIPART_TOO_LONG };
enum multipart_result multipart_add(struct multipart *m, str bytes);

#endif
