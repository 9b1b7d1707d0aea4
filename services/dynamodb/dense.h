/* Text in rows, six characters in five bytes: where all of it is ASCII from the space on. What items hold most of is such text,
 * and a page of the store then takes four items of 1 KiB, where it took three. */
#ifndef DYNAMODB_DENSE_H
#define DYNAMODB_DENSE_H

#include "cloud/cloud.h"

bool dense_fits(str text);                     /* whether text can be written so: 0x20 to 0x7f alone */
u32 dense_size(u32 n);                         /* bytes that n characters take */
void dense_write(struct buf *b, str text);     /* of a text that fits */
MUST_USE bool dense_read(str bytes, u32 n, char *out); /* n characters of dense_size(n) bytes. false: damaged */

#endif
