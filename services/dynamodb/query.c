/* Query. */
#include "services/dynamodb/page.h"

static u64 space_of(const struct ddb_page *page) { return page->index ? page->index->space : page->table->space; }

/* AWS says where a starting key lies wrong, in words that depend on the condition. */
static err check_start(struct call *c, const struct ddb_page *page, const struct key_range *range, const struct value *start, str row) {
    struct key_attributes keys = ddb_key_attributes(ddb_page_keys(page));
    struct key_range there = *range; /* the same predicate in the starting key's own partition */
    bool same = true;
    for (u32 i = 0; i < keys.hashes; i++) {
        there.hash[i] = *value_member(c->arena, start, keys.hash[i].name);
        same = same && value_equal(c->arena, &there.hash[i], &range->hash[i]);
    }
    if (range->range_operator == RANGE_ALL) {
        if (same) return NULL;
        return fail(c, &cloud_validation, "The provided starting key is outside query boundaries based on provided conditions");
    }
    struct ddb_span span = ddb_span_of(c->arena, space_of(page), &there);
    if (str_cmp(row, span.from) < 0 || str_cmp(row, span.to) >= 0)
        return fail(c, &cloud_validation, "The provided starting key does not match the range key predicate");
    if (!same) return fail(c, &cloud_validation, "The query can return at most one row and cannot be restarted");
    return NULL;
}

static err check_filter(struct call *c, const struct ddb_page *page) {
    str names[2 * KEY_PARTS_MAX];
    u32 n = ddb_key_names(ddb_page_keys(page), names);
    return filter_check_keys(c, page->filter, names, n);
}

/* As of a key that is named whole. */
static err check_lengths(struct call *c, const struct key_range *range) {
    TRY(ddb_key_lengths_check(c, range->hash, range->hashes, true));
    if (range->range_operator == RANGE_ALL) return NULL;
    TRY(ddb_key_lengths_check(c, &range->low, 1, false));
    return range->range_operator == RANGE_BETWEEN ? ddb_key_lengths_check(c, &range->high, 1, false) : NULL;
}

static err resolve(struct call *c, struct ddb_page *page, const struct key_condition *asked, const struct value *start) {
    struct key_attributes keys = ddb_key_attributes(ddb_page_keys(page));
    struct key_range range;
    str row = {0};
    err wrong = key_condition_resolve(c, asked, &keys, &range);
    if (!wrong) wrong = check_lengths(c, &range);
    str said = c->error_message;
    if (start->type) {
        bool of_sort = wrong && keys.ranges && str_ends(said, keys.range[0].name); /* AWS looks at the hash key first, in both */
        TRY(ddb_start_pieces(c, page, start, wrong && !of_sort));
    }
    if (wrong) return fail(c, wrong, "%.*s", STR_ARGS(said));
    if (start->type) TRY(ddb_start_row(c, page, start, false, &row));
    struct ddb_key *key = NEW(c->arena, struct ddb_key);
    *key = (struct ddb_key){.hash = range.hash[0]};
    page->usage.key = key;
    page->usage.by_index = page->index;
    page->span = ddb_span_of(c->arena, space_of(page), &range);
    if (!row.p) return NULL;
    TRY(check_start(c, page, &range, start, row));
    ddb_page_start_after(c, page, row);
    return NULL;
}

static struct ddb_page_request request_of(const struct dynamodb_query_input *in) {
    struct ddb_page_request r = DDB_PAGE_REQUEST(in);
    r.parameters.key_condition = in->key_condition_expression;
    r.parameters.key_conditions = &in->key_conditions;
    r.parameters.query_filter = &in->query_filter;
    return r;
}

err dynamodb_query_facts(struct call *c, const struct dynamodb_query_input *in, struct auth_facts *facts) {
    struct ddb_page_request r = request_of(in);
    ddb_page_facts(c, &r, facts);
    return NULL;
}

err dynamodb_query(struct call *c, const struct dynamodb_query_input *in, struct dynamodb_query_output *out) {
    struct ddb_page_request asks = request_of(in);
    struct expressions asked;
    struct value start;
    struct ddb_table t;
    TRY(ddb_page_start(c, &asks, &asked, &start));
    if (!in->key_conditions.set && !in->key_condition_expression.p)
        return fail(c, &cloud_validation, "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.");
    TRY(ddb_page_parse(c, &asks, &asked));
    TRY(ddb_table_use(c, in->table_name, &t));
    struct ddb_page page = {.table = &t, .backwards = in->scan_index_forward.set && !in->scan_index_forward.v, .limit = asks.limit,
                            .filter = asked.filter, .projection = asked.projection};
    TRY(ddb_page_open(c, &asks, &page));
    TRY(resolve(c, &page, asked.key_condition, &start));
    struct expressions projection = {.projection = asked.projection}, filter = {.filter = asked.filter};
    TRY(ddb_scalars_check(c, &t, &projection));
    TRY(check_filter(c, &page));
    TRY(ddb_page_held(c, &asks, &page));
    TRY(ddb_page_filter_held(c, &page));
    TRY(ddb_scalars_check(c, &t, &filter));
    ddb_page_read(c, &page);
    TRY(ddb_throttle(c, &page.usage, 1));
    DDB_PAGE_ANSWER(c, &page, in, out);
    return NULL;
}
