/* How many resources of an organization do not comply with their tag policies, by account, region and type. */
#include "cloud/tag_change.h"
#include "tagging.h"

#include <stdlib.h>

enum { PER_PAGE = 1000 }; /* DIFFERS: AWS does not say how many a page has by default */

struct group {
    str key; /* by which they are sorted */
    str account, region, type; /* absent: not grouped by it */
    i64 resources;
};
struct summary {
    struct call *c;
    const struct resourcegroupstaggingapi_get_compliance_summary_input *in;
    bool by_target, by_region, by_type;
    str account; /* the last one that was looked at, and whether it is asked for: they come one after the other */
    bool account_asked;
    struct group *v;
    u32 n, max;
};

/* ---- what is counted ---- */

static bool listed(str text, const str *v, u32 n) {
    for (u32 i = 0; i < n; i++)
        if (str_eq(v[i], text)) return true;
    return n == 0;
}

/* An account is asked for by itself, by a unit it is in, or by the root. */
static bool target_asked(struct call *c, const struct resourcegroupstaggingapi_target_id_filter_list *targets, str account) {
    struct identity_organization o;
    if (listed(account, targets->v, targets->n)) return true;
    identity_door_of(c)->organization(c->txn, c->arena, account, &o);
    while (o.path.n)
        if (listed(str_cut(&o.path, '/'), targets->v, targets->n)) return true;
    return false;
}

static bool account_asked(struct summary *s, str account) {
    if (!str_eq(s->account, account)) {
        s->account = arena_str(s->c->arena, account);
        s->account_asked = target_asked(s->c, &s->in->target_id_filters, account);
    }
    return s->account_asked;
}

/* DIFFERS: one of the keys is enough; AWS does not say. */
static bool keys_asked(const struct summary *s, const struct record_pairs *tags) {
    const struct resourcegroupstaggingapi_tag_key_filter_list *keys = &s->in->tag_key_filters;
    for (u32 i = 0; i < tags->n; i++)
        if (listed(tags->v[i].key, keys->v, keys->n)) return true;
    return false;
}

static str type_of(struct arena *a, const struct resource *r) {
    struct arn arn;
    str kind = resource_kind(r);
    if (!arn_parse(r->arn, &arn)) return kind;
    char *type = arena_c_string(a, arena_format(a, "%.*s:%.*s", STR_ARGS(arn.service), STR_ARGS(kind)));
    for (char *p = type; *p; p++) *p = *p >= 'A' && *p <= 'Z' ? (char)(*p | 32) : *p;
    return str_of(type);
}

static struct group *group_of(struct summary *s, const struct resource *r) {
    struct arena *a = s->c->arena;
    struct arena_mark mark = arena_mark(a);
    struct group group = {.account = s->by_target ? arena_str(a, r->account) : (str){0},
                          .region = s->by_region ? arena_str(a, r->region) : (str){0},
                          .type = s->by_type ? type_of(a, r) : (str){0}};
    group.key = arena_format(a, "%.*s %.*s %.*s", STR_ARGS(group.account), STR_ARGS(group.region), STR_ARGS(group.type));
    for (u32 i = 0; i < s->n; i++)
        if (str_eq(s->v[i].key, group.key)) {
            arena_rewind(a, mark);
            return &s->v[i];
        }
    if (s->n == s->max) {
        u32 max = 2 * s->max + 64;
        struct group *v = NEW_ARRAY(a, struct group, max);
        if (s->n) memcpy(v, s->v, s->n * sizeof *v);
        s->v = v;
        s->max = max;
    }
    s->v[s->n] = group;
    return &s->v[s->n++];
}

static void count(void *context, const struct judged *judged) {
    struct summary *s = context;
    const struct resourcegroupstaggingapi_region_filter_list *regions = &s->in->region_filters;
    if (judged->details->compliance_status.v) return;
    if (!listed(judged->resource.region, regions->v, regions->n) || !tagging_type_asked(&judged->resource, &s->in->resource_type_filters)) return;
    if (!keys_asked(s, &judged->tags) || !account_asked(s, judged->resource.account)) return;
    group_of(s, &judged->resource)->resources++;
}

/* ---- what is told ---- */

static int by_key(const void *x, const void *y) {
    const struct group *a = x, *b = y;
    return str_cmp(a->key, b->key);
}

/* DIFFERS: AWS does not say what stands there. Not grouped by target, the numbers are of the whole organization: "o-.../r-.../" */
static str root_of(const struct identity_organization *o) {
    str path = o->path;
    str_cut(&path, '/');
    return str_cut(&path, '/');
}

static struct resourcegroupstaggingapi_summary shown(struct call *c, const struct group *g, const struct identity_organization *o) {
    struct buf now = buf_new(c->arena, 64);
    buf_iso8601(&now, c->now_ms / 1000 * 1000);
    return (struct resourcegroupstaggingapi_summary){.last_updated = buf_str(&now),
                                                     .target_id = g->account.n ? g->account : root_of(o),
                                                     .target_id_type = g->account.n ? S("ACCOUNT") : S("ROOT"),
                                                     .region = g->region,
                                                     .resource_type = g->type,
                                                     .non_compliant_resources = SOME_I64(g->resources)};
}

static void add_list(struct buf *question, const str *v, u32 n) {
    buf_u64(question, n);
    for (u32 i = 0; i < n; i++) tagging_question_add(question, v[i]);
}

static str question_of(struct call *c, const struct resourcegroupstaggingapi_get_compliance_summary_input *in) {
    struct buf b = buf_new(c->arena, 1 << 20);
    add_list(&b, in->target_id_filters.v, in->target_id_filters.n);
    add_list(&b, in->region_filters.v, in->region_filters.n);
    add_list(&b, in->resource_type_filters.v, in->resource_type_filters.n);
    add_list(&b, in->tag_key_filters.v, in->tag_key_filters.n);
    add_list(&b, in->group_by.v, in->group_by.n);
    return buf_str(&b);
}

/* DIFFERS: counted when asked; AWS counts once a day or two. */
err resourcegroupstaggingapi_get_compliance_summary(struct call *c, const struct resourcegroupstaggingapi_get_compliance_summary_input *in,
                                                    struct resourcegroupstaggingapi_get_compliance_summary_output *out) {
    struct identity_organization o;
    str position, question = question_of(c, in);
    TRY(tagging_organization(c, &o));
    TRY(tagging_position(c, in->pagination_token, question, &position));
    TRY(tagging_policy_needed(c));
    struct summary s = {.c = c, .in = in};
    for (u32 i = 0; i < in->group_by.n; i++) {
        s.by_target |= str_eq(in->group_by.v[i], S("TARGET_ID"));
        s.by_region |= str_eq(in->group_by.v[i], S("REGION"));
        s.by_type |= str_eq(in->group_by.v[i], S("RESOURCE_TYPE"));
    }
    if (!in->group_by.n) (void)group_of(&s, &(struct resource){0}); /* there is one number, be it zero */
    TRY(tagging_visit(c, CALL_FORWARDED, count, &s));
    if (s.n) qsort(s.v, s.n, sizeof *s.v, by_key);
    u32 max = in->max_results.set ? (u32)in->max_results.v : PER_PAGE, at = 0;
    out->summary_list.v = NEW_ARRAY(c->arena, struct resourcegroupstaggingapi_summary, MIN(max, s.n) + 1);
    out->summary_list.set = true;
    while (position.p && at < s.n && str_cmp(s.v[at].key, position) <= 0) at++;
    for (; at < s.n && out->summary_list.n < max; at++) out->summary_list.v[out->summary_list.n++] = shown(c, &s.v[at], &o);
    if (at < s.n) out->pagination_token = tagging_token(c, question, s.v[at - 1].key);
    return NULL;
}
