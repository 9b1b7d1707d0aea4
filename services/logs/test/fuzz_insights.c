/* A query and, behind the first NUL, messages of events, one a line; the same bytes as an index. */
#include "../insights.h"

static str pointer(const struct insights_event *e, struct arena *a) { return (void)e, arena_str(a, S("p")); }

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct arena a = {0};
    struct insights_problem problem = {0};
    str messages = {(const char *)bytes, n}, text = str_cut(&messages, 0);
    struct insights_query *q = insights_compile(&a, text, &problem);
    ASSERT(q || (problem.message.p && problem.start <= problem.end && problem.end <= text.n));
    if (q) {
        struct insights_config config = {.rows = 100, .memory = 8 << 20, .now_ms = 1700000000000, .pointer = pointer};
        str group;
        struct insights_query *inner;
        struct insights_answer none = {0}, found;
        for (u32 i = 0; (inner = insights_inner(q, i, &group)); i++) {
            struct insights_run *run = insights_start(&a, inner, &config);
            (void)!insights_feed(run, &(struct insights_event){1, 1, messages.p ? messages : S(""), S("s"), S("1:g"), NULL});
            insights_inner_give(q, i, insights_finish(run, &found) ? &found : &none);
        }
        (void)!insights_index_may_hold(q, messages.p ? messages : S("")); /* any bytes are no danger */
        struct insights_run *run = insights_start(&a, q, &config);
        for (i64 at = 0; messages.p; at += 1000)
            if (!insights_feed(run, &(struct insights_event){at, at, str_cut(&messages, '\n'), S("s"), S("1:/aws/lambda/f"), NULL})) break;
        struct insights_answer answer;
        if (insights_finish(run, &answer)) ASSERT(answer.rows <= 100);
    }
    arena_free(&a);
    return 0;
}
