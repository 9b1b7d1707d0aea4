/* S3 Select from both sides: the first line is a query, the rest an object in one of the formats. */
#include "services/s3/select_input.h"
#include "services/s3/select_output.h"

#include <stddef.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static bool read_text(void *context, u64 offset, char *out, size_t n) {
    const str *text = context;
    memcpy(out, text->p + offset, n);
    return true;
}

static void run(struct arena *a, struct sql_query *q, str object, unsigned kind) {
    enum { ITEMS_MAX = 1024, ROW_MAX = 1 << 20 };
    struct select_format f = {.json = kind & 1, .lines = kind & 2, .packing = (kind >> 2) % 3, .header = (kind >> 4) % 3, .quote = '"', .escape = kind & 64 ? '\\' : '"',
                              .comment = '#', .field_delimiter = ',', .record_delimiter = S("\n"), .quoted_delimiters = kind & 128, .to = UINT64_MAX};
    struct select_layout layout = {.json = kind & 8, .quote = '"', .escape = '"', .field_delimiter = ',', .record_delimiter = S("\n")};
    struct select_input *in = select_input_new(a, &f, (struct select_source){read_text, &object, object.n});
    struct sql_value *items = NEW_ARRAY(a, struct sql_value, ITEMS_MAX);
    struct sql_record record;
    const char *code;
    str message;
    bool matches = false;
    while (select_input_next(in, a, &record, &code, &message) == SELECT_RECORD) {
        struct buf row = buf_new(a, ROW_MAX);
        if (sql_matches(q, a, &record, &matches) || sql_gather(q, a, &record)) continue;
        if (q->all) select_show_all(&row, &layout, &record);
        else if (!sql_project(q, a, &record, items)) select_show(&row, &layout, q, items);
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
    enum sql_problem problem;
    struct arena a = {0};
    if (size < 2 || size > 64 << 10) return 0;
    str rest = {(const char *)data + 1, size - 1}, text = str_cut(&rest, '\n');
    struct sql_query *q = sql_parse(&a, text, 0, &problem);
    if (q && rest.p) run(&a, q, rest, data[0]);
    arena_free(&a);
    return 0;
}
