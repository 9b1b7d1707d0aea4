/* SEARCH over all metrics of an account and region. */
#include "cloudwatch.h"
#include "metric_search.h"

enum { FOUND_MAX = 500 };

/* What tells the found metrics apart: the values of their dimensions, and the name. */
static str name_of(struct arena *a, const struct metric *m) {
    struct buf b = buf_new(a, 64 << 10);
    for (u32 i = 0; i < m->dimensions.n; i++) buf_format(&b, "%.*s ", STR_ARGS(m->dimensions.v[i].value));
    buf_add(&b, m->name);
    return buf_str(&b);
}

bool metrics_search(struct query_run *run, str text, str statistic, i64 period_s, struct math_value *value, str *problem) {
    struct call *c = run->c;
    struct statistic s;
    struct metric m = {0};
    bool found;
    str why = {0}, key, row;
    i64 age_ms = c->now_ms - run->from_ms, period_ms = period_s ? period_s * 1000 : age_ms > 63 * day_ms ? hour_ms : age_ms > 15 * day_ms ? 5 * minute_ms : minute_ms;
    *value = (struct math_value){.type = MATH_ARRAY, .v = NEW_ARRAY(c->arena, struct series, FOUND_MAX)};
    if (!statistic_parse(statistic, &s)) *problem = S("The statistic of a SEARCH is not valid");
    else if (!search_matches(c->arena, text, &m, &found, &why)) *problem = arena_format(c->arena, "The search expression is not valid: %.*s", STR_ARGS(why));
    if (problem->p) return false;
    struct key k = metrics_key(c->arena, c->account, c->region);
    str prefix = key_bytes(&k);
    struct range r = txn_range(c->txn, prefix, key_after_prefix(c->arena, prefix));
    while (value->n < FOUND_MAX && range_next(&r, &key, &row)) {
        m = (struct metric){0};
        ASSERT(record_decode(c->arena, &cloudwatch_metric_record, arena_str(c->arena, row), &m));
        if (m.last_ms + 15 * day_ms < c->now_ms) continue; /* as it left the list */
        if (!search_matches(c->arena, text, &m, &found, &why) || !found) continue;
        struct series *one = &value->v[value->n++];
        *one = query_metric(run, &m, &s, (str){0}, period_ms);
        one->id = name_of(c->arena, &m);
    }
    return true;
}
