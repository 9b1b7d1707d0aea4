/* The trail is read backwards, in as many goes as it takes. */
#include "cloud/trail.h"

#include "cloud/flight.h"
#include "probe.h"

#define ACCOUNT "111111111111"

struct seen {
    i64 last_ms;
    int n, out_of_order;
};

static bool see(void *context, const struct trail_event *event) {
    struct seen *seen = context;
    seen->out_of_order += event->time_ms > seen->last_ms;
    seen->last_ms = event->time_ms;
    seen->n++;
    return true;
}

static void add(struct probe *p, struct arena *a, const char *account, i64 ms, const char *name) {
    journal_add(p->cloud->calls, ms, arena_format(a, "%s eu-west-1 m {\"eventName\":\"%s\"}", account, name));
}

/* In how many goes everything from from_ms on was seen. */
static int goes(struct probe *p, struct arena *a, struct trail_search s, struct seen *seen) {
    int n = 0;
    *seen = (struct seen){.last_ms = INT64_MAX};
    while (s.to_ms > s.from_ms && n++ < 1000) {
        struct txn *t = store_snapshot(p->place.store, a);
        struct call c = {.arena = a, .txn = t, .cloud = p->cloud};
        i64 stopped = trail_walk(&c, &s, see, seen);
        CHECK(stopped < s.to_ms && stopped >= s.from_ms);
        s.to_ms = stopped;
        store_snapshot_end(t);
    }
    return n;
}

static void a_long_history_is_read_in_goes(void) {
    enum { EVENTS = 3000, DENSE = 700, SECOND = 1000 };
    struct probe p;
    struct arena a = {0};
    struct seen seen;
    probe_open(&p);
    i64 from_ms = 1000000000000, to_ms = from_ms + (i64)(EVENTS + 1) * SECOND;
    for (int i = 0; i < EVENTS; i++) {
        add(&p, &a, i % 3 ? ACCOUNT : "222222222222", from_ms + (i64)i * SECOND, i % 10 == 1 ? "GetRole" : "GetUser");
        for (int j = 0; i == EVENTS / 2 && j < DENSE; j++) add(&p, &a, ACCOUNT, from_ms + (i64)i * SECOND, "ListUsers");
    }
    CHECK(journal_flush(p.cloud->calls));
    struct trail_search all = {.account = S(ACCOUNT), .region = S("eu-west-1"), .from_ms = from_ms, .to_ms = to_ms};
    CHECK_INT(goes(&p, &a, all, &seen), 1);
    CHECK_INT(seen.n, EVENTS / 3 * 2 + DENSE);
    CHECK_INT(seen.out_of_order, 0);
    struct trail_search some = all;
    some.look_max = 200;
    int n = goes(&p, &a, some, &seen);
    CHECK(n > EVENTS / 200 / 2 && n < 100);
    CHECK_INT(seen.n, EVENTS / 3 * 2 + DENSE);
    CHECK_INT(seen.out_of_order, 0);
    some.holds = S("\"GetRole\"");
    (void)goes(&p, &a, some, &seen);
    CHECK_INT(seen.n, EVENTS / 10 / 3 * 2);
    probe_close(&p);
    arena_free(&a);
}

UNIT_MAIN(UNIT(a_long_history_is_read_in_goes))
