/* Private to src/wire: the regular expressions of the API descriptions. */
#ifndef BRUME_WIRE_PATTERN_H
#define BRUME_WIRE_PATTERN_H

#include "base/base.h"

/* Does the whole of `subject` (UTF-8) match? Compiled when first asked and kept for the life of the
 * process; any thread may ask. `pattern` must live as long, as the texts of the descriptors do. A
 * subject on which matching would take too long does not match; a pattern that PCRE2 cannot compile
 * (tests name them) matches all. */
bool wire_pattern_matches(const char *pattern, str subject);
bool pattern_compiles(const char *pattern);

#endif
