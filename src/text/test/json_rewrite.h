/* A text read by our reader and written again by our writer; false if the reader refuses it. Apart
 * from the test that uses it, since jansson's header takes the same names as ours. */
#include "base/arena.h"

bool json_rewrite(struct arena *a, str text, str *rewritten);
