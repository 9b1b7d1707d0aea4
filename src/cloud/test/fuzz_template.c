/* An input template and an event, split at the first zero byte: whatever they are, filling ends well, and the names that
 * are found are those that are asked for. */
#include "cloud/template.h"

struct asked {
    const struct json_node *event;
    str json;
    bool paths;
};

static str value(const void *context, struct arena *a, str name) {
    const struct asked *asked = context;
    const struct json_node *n = json_path(asked->event, asked->paths ? name : arena_format(a, "$.%.*s", STR_ARGS(name)));
    return n ? json_node_raw(n, asked->json) : (str){0};
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
    for (int paths = 0; paths < 2; paths++) {
        struct arena a = {0};
        str rest = {(const char *)data, size}, template = str_cut(&rest, '\0');
        struct asked asked = {.json = rest.p ? rest : S("{}"), .paths = paths};
        asked.event = json_tree(&a, asked.json, json_default_limits, NULL, NULL);
        struct template_names names = {.value = value, .context = &asked, .paths = paths};
        str text = template_fill(&a, template, &names);
        ASSERT(text.n <= TEMPLATE_TEXT_MAX);
        for (str left = template; template_next_name(&left, paths).p;) {}
        arena_free(&a);
    }
    return 0;
}
