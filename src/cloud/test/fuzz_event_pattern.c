/* A pattern and an event, split at the first zero byte: whatever they are, compiling and matching end well. */
#include "cloud/event_pattern.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
    struct arena a = {0};
    str rest = {(const char *)data, size}, pattern = str_cut(&rest, '\0'), problem = {0};
    for (int dialect = EVENT_PATTERN_EVENTS; dialect <= EVENT_PATTERN_SNS_ATTRIBUTES; dialect++) {
        const struct event_pattern *p = event_pattern_compile(pattern, (enum event_pattern_dialect)dialect, &a, &problem);
        const struct json_node *event = json_tree(&a, rest.p ? rest : S("{}"), json_default_limits, NULL, NULL);
        if (!p) ASSERT(problem.n);
        else if (event) (void)event_pattern_matches(p, event);
    }
    arena_free(&a);
    return 0;
}
