/* Resources, found by tag and type. */
#include "cloud/tag_change.h"
#include "tagging.h"

/* DIFFERS: AWS does not say how many a page has by default. */
enum { PER_PAGE = 50, PER_PAGE_MAX = 100, TAGS_MIN = 100, TAGS_MAX = 500, EXAMINED_MAX = 1000 };

/* What a request asks for, and what its page has room for. */
struct search {
    const struct resourcegroupstaggingapi_get_resources_input *in;
    const struct compliance *policy; /* NULL: its details are not asked for */
    u32 max, tags_left;
    struct resourcegroupstaggingapi_resource_tag_mapping_list *found;
};

static err check(struct call *c, const struct resourcegroupstaggingapi_get_resources_input *in) {
    bool paged = in->resources_per_page.set || in->tags_per_page.set || in->pagination_token.n;
    if (in->resource_arn_list.n && paged)
        return tagging_invalid(c, "ResourceARNList can't be specified together with ResourcesPerPage, TagsPerPage or PaginationToken.");
    if (in->resources_per_page.set && (in->resources_per_page.v < 1 || in->resources_per_page.v > PER_PAGE_MAX))
        return tagging_invalid(c, "ResourcesPerPage must be between 1 and 100.");
    if (in->tags_per_page.set && (in->tags_per_page.v < TAGS_MIN || in->tags_per_page.v > TAGS_MAX)) return tagging_invalid(c, "TagsPerPage must be between 100 and 500.");
    if (in->exclude_compliant_resources.set && in->exclude_compliant_resources.v && !(in->include_compliance_details.set && in->include_compliance_details.v))
        return tagging_invalid(c, "ExcludeCompliantResources can be used only if IncludeComplianceDetails is true.");
    for (u32 i = 0; i < in->tag_filters.n; i++)
        if (!in->tag_filters.v[i].key.p) return tagging_invalid(c, "Each of the TagFilters must have a Key.");
    return NULL;
}

/* ---- which resources ---- */

/* DIFFERS: AWS has a list of types. */
bool tagging_is_of_type(const struct resource *r, str type) {
    struct arn arn;
    str kind = type, service = str_cut(&kind, ':');
    if (!arn_parse(r->arn, &arn) || !str_eq(service, arn.service)) return false;
    return !kind.p || str_eq(kind, S("ALL_SUPPORTED")) || str_eq_nocase(kind, resource_kind(r));
}

bool tagging_type_asked(const struct resource *r, const struct resourcegroupstaggingapi_resource_type_filter_list *types) {
    for (u32 i = 0; i < types->n; i++)
        if (tagging_is_of_type(r, types->v[i])) return true;
    return types->n == 0;
}

static bool tag_asked(const struct record_pairs *tags, const struct resourcegroupstaggingapi_tag_filter *filter) {
    for (u32 i = 0; i < tags->n; i++) {
        if (!str_eq(tags->v[i].key, filter->key)) continue;
        for (u32 j = 0; j < filter->values.n; j++)
            if (str_eq(filter->values.v[j], tags->v[i].value)) return true;
        return filter->values.n == 0;
    }
    return false;
}

static bool tags_asked(const struct record_pairs *tags, const struct resourcegroupstaggingapi_tag_filter_list *filters) {
    for (u32 i = 0; i < filters->n; i++)
        if (!tag_asked(tags, &filters->v[i])) return false;
    return true;
}

/* This operation does not know users and roles of IAM, though they have tags. */
bool tagging_is_shown(const struct resource *r) { return !str_eq(r->type, S("AWS::IAM::User")) && !str_eq(r->type, S("AWS::IAM::Role")); }

/* False: the page has no room left for the tags of this one. */
static bool take(struct call *c, struct search *s, const struct resource *r) {
    const struct resourcegroupstaggingapi_get_resources_input *in = s->in;
    if (!tagging_is_shown(r) || !tagging_type_asked(r, &in->resource_type_filters)) return true;
    struct record_pairs tags = tags_of(c, r->arn);
    if (!tags_asked(&tags, &in->tag_filters)) return true;
    if (tags.n > s->tags_left) return false;
    struct resourcegroupstaggingapi_resource_tag_mapping shown = {.resource_arn = r->arn};
    shown.tags.v = NEW_ARRAY(c->arena, struct resourcegroupstaggingapi_tag, tags.n + 1);
    shown.tags.set = true;
    for (u32 i = 0; i < tags.n; i++) shown.tags.v[shown.tags.n++] = (struct resourcegroupstaggingapi_tag){tags.v[i].key, tags.v[i].value};
    if (s->policy) shown.compliance_details = compliance_of(c->arena, s->policy, r, &tags);
    bool compliant = !shown.compliance_details || shown.compliance_details->compliance_status.v;
    if (compliant && in->exclude_compliant_resources.set && in->exclude_compliant_resources.v) return true;
    s->tags_left -= tags.n;
    s->found->v[s->found->n++] = shown;
    return true;
}

/* ---- in which order (DIFFERS: AWS does not tell its own): by the rows of one tag that all must have, of one value if only one is asked for ---- */

static void walk(struct call *c, struct search *s, str *position) {
    const struct resourcegroupstaggingapi_tag_filter_list *filters = &s->in->tag_filters;
    str key = S(""), value = {0};
    if (filters->n) key = filters->v[0].key;
    for (u32 i = filters->n; i-- > 0;)
        if (filters->v[i].values.n == 1) key = filters->v[i].key, value = filters->v[i].values.v[0];
    for (u32 examined = 0; s->found->n < s->max && examined < EXAMINED_MAX; examined++) {
        struct resource r;
        str before = *position;
        if (!registry_find_by_tag(c, key, value, position, &r, 1)) return;
        if (!take(c, s, &r)) {
            *position = before;
            return;
        }
        if (!position->p) return;
    }
}

/* What does not exist, or never had a tag, is not an error: it is not there. DIFFERS: AWS forgets some day that it had one. */
static void look_up(struct call *c, struct search *s) {
    for (u32 i = 0; i < s->in->resource_arn_list.n; i++) {
        struct resource r;
        if (!registry_get(c, s->in->resource_arn_list.v[i], &r) || !registry_ever_tagged(c, r.arn)) continue;
        if (str_eq(r.account, c->account) && str_eq(r.region, c->region)) (void)take(c, s, &r);
    }
}

/* A token belongs to the filters that it was made with. */
static str question_of(struct call *c, const struct resourcegroupstaggingapi_get_resources_input *in) {
    struct buf b = buf_new(c->arena, 1 << 20);
    for (u32 i = 0; i < in->tag_filters.n; i++) {
        const struct resourcegroupstaggingapi_tag_filter *filter = &in->tag_filters.v[i];
        tagging_question_add(&b, filter->key);
        buf_u64(&b, filter->values.n);
        for (u32 j = 0; j < filter->values.n; j++) tagging_question_add(&b, filter->values.v[j]);
    }
    for (u32 i = 0; i < in->resource_type_filters.n; i++) tagging_question_add(&b, in->resource_type_filters.v[i]);
    return buf_str(&b);
}

err resourcegroupstaggingapi_get_resources(struct call *c, const struct resourcegroupstaggingapi_get_resources_input *in,
                                           struct resourcegroupstaggingapi_get_resources_output *out) {
    TRY(check(c, in));
    struct search s = {.in = in, .found = &out->resource_tag_mapping_list};
    s.max = in->resources_per_page.set ? (u32)in->resources_per_page.v : PER_PAGE;
    s.tags_left = in->tags_per_page.set ? (u32)in->tags_per_page.v : (u32)-1;
    str question = question_of(c, in), position;
    TRY(tagging_position(c, in->pagination_token, question, &position));
    if (in->include_compliance_details.set && in->include_compliance_details.v) TRY(compliance_read(c, (str){0}, CALL_FORWARDED, &s.policy));
    s.found->v = NEW_ARRAY(c->arena, struct resourcegroupstaggingapi_resource_tag_mapping, MAX(s.max, in->resource_arn_list.n) + 1);
    s.found->set = true;
    if (in->resource_arn_list.n) look_up(c, &s);
    else walk(c, &s, &position);
    out->pagination_token = tagging_token(c, question, position);
    return NULL;
}
