/* Buckets of units: many names at once, and each keeps what is its own. */
#include "probe.h"

#include "unit.h"

enum { DRAINED = 1000, PASSING = 100000 };

static struct probe p;

static bool take(struct call *c, const char *kind, u32 number, double units) {
    char name[32];
    int n = snprintf(name, sizeof name, "%s%u", kind, number);
    return throttle_take(c, (str){name, (size_t)n}, 10, 100, units);
}

static void fills_and_empties(void) {
    probe_open(&p);
    struct call c = {.cloud = p.cloud, .now_ms = 1000};
    CHECK(take(&c, "one", 0, 60) && take(&c, "one", 0, 60)); /* the last on credit: -20 */
    CHECK(!take(&c, "one", 0, 1));
    c.now_ms += 2000; /* +20: at nothing */
    CHECK(!take(&c, "one", 0, 1));
    c.now_ms += 100;
    CHECK(take(&c, "one", 0, 1) && !take(&c, "one", 0, 1));
    c.now_ms += 3600000; /* no more than the burst */
    CHECK(take(&c, "one", 0, 100) && !take(&c, "one", 0, 1));
    probe_close(&p);
}

/* Whoever comes after a name that is used up neither refills its bucket nor finds his own empty. */
static void names_do_not_share(void) {
    probe_open(&p);
    struct call c = {.cloud = p.cloud, .now_ms = 10000000};
    for (u32 i = 0; i < DRAINED; i++) CHECK(take(&c, "drained", i, 1000000));
    for (u32 i = 0; i < PASSING; i++) {
        c.now_ms++; /* what passes is full again after a tenth of a second */
        CHECK(take(&c, "passing", i, 1));
    }
    for (u32 i = 0; i < DRAINED; i++) CHECK(!take(&c, "drained", i, 1));
    probe_close(&p);
}

UNIT_MAIN(UNIT(fills_and_empties), UNIT(names_do_not_share))
