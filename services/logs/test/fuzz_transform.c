/* Events as they come, and what a customer writes for them. The first byte says what the text up to the first NUL is: the
 * pattern of grok, delimiters, a pattern of dates, an expression; behind it is the event. */
#include "../transform.h"

#include "text/tree.h"

static const struct log_origin origin = {.group = {"g", 1}};

/* What comes out is JSON. */
static void transform(struct arena *a, const struct logs_processor *steps, u32 n, str message) {
    struct logs_processors list = {NEW_ARRAY(a, struct logs_processor, n), n, true};
    str problem = {0}, result;
    memcpy(list.v, steps, n * sizeof *steps);
    const struct log_transform *t = log_transform_compile(a, &list, &problem);
    ASSERT(!t == (problem.p != NULL));
    bool done = t && log_transform_event(t, a, &origin, message, &result);
    if (t) ASSERT(result.p);
    if (done) ASSERT(json_tree(a, result, json_default_limits, NULL, NULL));
}

static void of_one_field(struct arena *a, const struct logs_processor *step, str message) {
    str whole = S("whole");
    const struct logs_processor steps[] = {{.csv = &(struct logs_csv){.delimiter = S("\t"), .columns = {&whole, 1, true}}}, *step};
    transform(a, steps, LENGTH(steps), message);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct arena a = {0};
    str message = {(const char *)bytes + 1, n ? n - 1 : 0}, text = n ? str_cut(&message, 0) : S("");
    if (!message.p) message = S("");
    struct logs_substitute_string_entry substitution = {S("whole"), text, S("<x>")};
    switch (n ? bytes[0] : 0) {
    case 'g': transform(&a, &(struct logs_processor){.grok = &(struct logs_grok){.match = text}}, 1, message); break;
    case 'c':
        transform(&a, &(struct logs_processor){.csv = &(struct logs_csv){.delimiter = str_take(text, 1), .quote_character = str_take(str_skip(text, 1), 1)}}, 1, message);
        break;
    case 'k':
        if (text.n < 2) break;
        transform(&a, &(struct logs_processor){.parse_key_value = &(struct logs_parse_key_value){.field_delimiter = str_take(text, 1), .key_value_delimiter = str_skip(text, 1)}}, 1,
                  message);
        break;
    case 'd':
        of_one_field(&a, &(struct logs_processor){.date_time_converter = &(struct logs_date_time_converter){.source = S("whole"), .target = S("t"), .match_patterns = {&text, 1, true},
                                                                                                        .target_format = text}}, message);
        break;
    case 's': of_one_field(&a, &(struct logs_processor){.substitute_string = &(struct logs_substitute_string){{&substitution, 1, true}}}, message); break;
    case 'w': transform(&a, &(struct logs_processor){.parse_waf = &(struct logs_parse_waf){.source = {0}}}, 1, message); break;
    case 'p': transform(&a, &(struct logs_processor){.parse_postgres = &(struct logs_parse_postgres){.source = {0}}}, 1, message); break;
    case 'v': transform(&a, &(struct logs_processor){.parse_vpc = &(struct logs_parse_vpc){.source = {0}}}, 1, message); break;
    default: transform(&a, &(struct logs_processor){.parse_json = &(struct logs_parse_json){.source = {0}}}, 1, message);
    }
    arena_free(&a);
    return 0;
}
