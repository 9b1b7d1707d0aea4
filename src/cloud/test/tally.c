/* What calls count in one turn, and the lines that it leaves. */
#include "probe.h"

#include "cloud/tally.h"

static const struct service queues = {.wire = &sqs_wire};
static struct probe p;
static struct arena a;
static size_t seen; /* of the journal */

static void begin(void) {
    seen = 0;
    probe_open(&p);
}

static void end(void) {
    probe_close(&p);
    arena_free(&a);
}

static bool keep_line(void *context, i64 time_ms, str line) {
    struct buf *b = context;
    buf_format(b, "%lld ", (long long)time_ms);
    buf_add(b, line);
    buf_char(b, '\n');
    return true;
}

/* The journal's lines of this turn. */
static str turn(void) {
    struct buf b = buf_new(&a, 1 << 20);
    CHECK(records_flush(p.cloud));
    journal_read(p.cloud->metrics, INT64_MIN, INT64_MAX, keep_line, &b);
    str fresh = str_skip(buf_str(&b), seen);
    seen = b.n;
    return fresh;
}

static struct call call_of(const char *account) {
    return (struct call){.arena = &a, .service = &queues, .account = str_of(account), .region = S("us-east-1"), .cloud = p.cloud};
}

static void count_of(const struct call *c, u8 kind, const char *name, double quantity, i64 at_ms) {
    bool metric = kind != NOTE_USAGE;
    struct call_note n = {.call = c, .kind = kind, .name = str_of(name), .quantity = quantity,
                          .dimension = metric ? S("Queue") : (str){0}, .of = metric ? S("q") : (str){0}, .unit = metric ? S("Count") : (str){0}};
    tally_add(p.cloud, &n, at_ms);
}

static size_t lines(str text) {
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) n += text.p[i] == '\n';
    return n;
}

static void what_is_counted_alike_is_one_line(void) {
    begin();
    struct call mine = call_of("000000000000"), other = call_of("111111111111");
    for (int i = 0; i < 3; i++) count_of(&mine, NOTE_METRIC, "Sent", 1, 60000 + i);
    count_of(&mine, NOTE_METRIC, "Sent", 2.5, 60009);
    count_of(&other, NOTE_METRIC, "Sent", 1, 60010);
    count_of(&mine, NOTE_USAGE, "Requests", 1, 60011);
    count_of(&mine, NOTE_USAGE, "Requests", 0.5, 60012);
#define SENT "{\"metric\":\"Sent\",\"dimension\":\"Queue\",\"of\":\"q\",\"unit\":\"Count\",\"service\":\"sqs\",\"account\":\""
    CHECK_STR(turn(), S("60000 " SENT "000000000000\",\"region\":\"us-east-1\",\"samples\":[1,3,2.5,1]}\n"
                        "60010 " SENT "111111111111\",\"region\":\"us-east-1\",\"samples\":[1,1]}\n"
                        "60011 {\"usage\":\"Requests\",\"service\":\"sqs\",\"account\":\"000000000000\",\"region\":\"us-east-1\",\"quantity\":1.5}\n"));
    CHECK_INT(turn().n, 0); /* what is written is not counted again */
    end();
}

static void minutes_are_kept_apart(void) {
    begin();
    struct call mine = call_of("000000000000");
    count_of(&mine, NOTE_METRIC, "Sent", 1, 119999);
    count_of(&mine, NOTE_METRIC, "Sent", 1, 120000);
    CHECK_INT(lines(turn()), 2);
    end();
}

/* Neither many values nor many things are lost. */
static void more_than_a_turn_holds(void) {
    begin();
    struct call mine = call_of("000000000000");
    for (int i = 0; i < 20; i++) count_of(&mine, NOTE_LATENCY, "Latency", i, 60000);
    str values = turn();
    CHECK_INT(lines(values), 3);
    for (int i = 0; i < 20; i++) {
        str first = arena_format(&a, "[%d,1", i), later = arena_format(&a, ",1,%d,1", i);
        CHECK(str_find(values, first) != STR_NONE || str_find(values, later) != STR_NONE);
    }
    for (int i = 0; i < 200; i++) count_of(&mine, NOTE_USAGE, arena_c_string(&a, arena_format(&a, "Kind%d", i)), i, 60000);
    str kinds = turn();
    CHECK_INT(lines(kinds), 200);
    for (int i = 0; i < 200; i++) CHECK(str_find(kinds, arena_format(&a, "\"Kind%d\"", i)) != STR_NONE);
    end();
}

UNIT_MAIN(UNIT(what_is_counted_alike_is_one_line), UNIT(minutes_are_kept_apart), UNIT(more_than_a_turn_holds))
