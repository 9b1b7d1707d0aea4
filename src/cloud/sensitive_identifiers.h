/* AWS's managed data identifiers, for sensitive.c. */
#ifndef BRUME_SENSITIVE_IDENTIFIERS_H
#define BRUME_SENSITIVE_IDENTIFIERS_H

#include "base/base.h"

struct managed_identifier {
    const char *name, *pattern; /* what matches as a whole is the finding */
    bool (*check)(str text);    /* NULL: the pattern says all */
};
/* By the name in its ARN; NULL: there is none such. */
const struct managed_identifier *managed_identifier(str name);

#endif
