/* brume serve: opens the data directory, starts the server, stays until a signal. */
#ifndef BRUME_SERVE_H
#define BRUME_SERVE_H

#include "front/config.h"

/* The process's exit status. Prints one ready line on standard output. */
int serve(const struct config *config);

#endif
