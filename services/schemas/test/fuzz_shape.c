/* An event and, behind the first NUL, a schema that it is united with. */
#include "../shape.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct arena a = {0};
    struct event_shape known, again;
    str content = {(const char *)bytes, n}, event = str_cut(&content, 0);
    const struct json_node *tree = json_tree(&a, event, json_default_limits, NULL, NULL);
    if (content.p && tree && event_shape_read(&a, content, &known)) {
        struct event_shape e = event_shape_of(&a, tree);
        e.body = shape_unite(known.body, e.body);
        str once = event_shape_write(&a, &e, false);
        if (once.p && e.source.p) {
            ASSERT(event_shape_read(&a, once, &again));
            ASSERT(str_eq(event_shape_write(&a, &again, false), once)); /* what is written says all that is known */
        }
    }
    arena_free(&a);
    return 0;
}
