/* The root key beside test/test: DATA/credentials, or BRUME_ROOT_*. */
#ifndef BRUME_CREDENTIALS_H
#define BRUME_CREDENTIALS_H

#include "front/config.h"

struct root_credentials {
    str access_key, secret; /* absent: only test/test */
};
/* From the variables, else from the file, which is made when it is missing and `make` says so. False:
 * *problem; a file that cannot be understood is never overwritten. */
bool credentials_read(struct arena *a, const struct config *config, bool make, struct root_credentials *c, str *problem);
/* What such a file says, as views. False: it has no key. */
bool credentials_parse(str text, struct root_credentials *c);
/* What a client of this cloud signs with: those, or test/test. */
bool credentials_for_client(struct arena *a, const struct config *config, struct root_credentials *c, str *problem);
bool address_is_loopback(const char *address);

#endif
