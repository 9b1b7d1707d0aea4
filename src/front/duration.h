/* Durations as people write them: 90d, 3h, 15m, 10s, 250ms, 1d12h. */
#ifndef BRUME_DURATION_H
#define BRUME_DURATION_H

#include "base/base.h"

/* At most ten thousand days; units from large to small, each at most once. False: anything else. */
bool duration_parse(str text, i64 *ms);

#endif
