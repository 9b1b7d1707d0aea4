/* AWS's managed data identifiers, as far as a pattern and a check of digits tell them: personal data in texts. */
#ifndef BRUME_SNS_IDENTIFIER_H
#define BRUME_SNS_IDENTIFIER_H

#include "base/arena.h"

struct data_identifier;
/* By its ARN; NULL: not one of these. */
const struct data_identifier *data_identifier_of(str arn);
/* The next finding in the text; false: none. */
bool data_identifier_find(struct arena *a, const struct data_identifier *d, str text, str *hit);

#endif
