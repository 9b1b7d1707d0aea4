/* Input templates, as EventBridge's rules and Pipes write them: a text in which <names> stand for parts of an event
 * (EventBridge user guide, "Input transformation"). */
#ifndef BRUME_TEMPLATE_H
#define BRUME_TEMPLATE_H

#include "text/tree.h"

enum { TEMPLATE_TEXT_MAX = 1 << 20 };

/* $.detail.items[0].name; NULL: nothing is there. */
const struct json_node *json_path(const struct json_node *n, str path);

struct template_names {
    /* JSON of a name; absent: there is nothing. */
    str (*value)(const void *context, struct arena *a, str name);
    const void *context;
    bool paths; /* a name may be a path: brackets belong to it */
};
/* Inside quotes a value loses its own and is escaped; elsewhere it stands as JSON, and nothing as "". Absent: too long. */
str template_fill(struct arena *a, str template, const struct template_names *names);
/* The next name of a template, moving *rest behind it; absent behind the last. */
str template_next_name(str *rest, bool paths);

#endif
