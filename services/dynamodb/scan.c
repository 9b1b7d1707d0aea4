/* Scan, whole or a segment of it. */
#include "services/dynamodb/page.h"

static err check_segments(struct call *c, const struct dynamodb_scan_input *in) {
    if (in->segment.set && !in->total_segments.set)
        return fail(c, &cloud_validation,
                    "The TotalSegments parameter is required but was not present in the request when Segment parameter is present");
    if (in->total_segments.set && !in->segment.set)
        return fail(c, &cloud_validation,
                    "The Segment parameter is required but was not present in the request when parameter TotalSegments is present");
    if (in->segment.set && in->segment.v >= in->total_segments.v)
        return fail(c, &cloud_validation,
                    "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: %d is not less than "
                    "TotalSegments: %d",
                    in->segment.v, in->total_segments.v);
    return NULL;
}

/* Segments cut the order of hashes into equal parts, by their first twelve bits. */
static str segment_start(struct call *c, u64 space, u64 segment, u64 total) {
    enum { SLOTS = 4096, SLOT_BITS = 12 };
    struct key k = ddb_space_key(c->arena, space);
    if (segment == 0) return key_bytes(&k);
    u64 slot = (SLOTS * segment + total - 1) / total;
    if (slot >= SLOTS) return key_after_prefix(c->arena, key_bytes(&k));
    u64 bits = slot << (16 - SLOT_BITS);
    buf_char(&k.buf, (char)(bits >> 8));
    buf_char(&k.buf, (char)bits);
    return key_bytes(&k);
}

static err start_at(struct call *c, const struct dynamodb_scan_input *in, struct ddb_page *page, const struct value *start) {
    str row;
    TRY(ddb_start_row(c, page, start, true, &row));
    bool inside = str_cmp(row, page->span.from) >= 0 && str_cmp(row, page->span.to) < 0;
    if (in->total_segments.set && !inside)
        return fail(c, &cloud_validation,
                    "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. "
                    "TotalSegments: %d Segment: %d",
                    in->total_segments.v, in->segment.v);
    ddb_page_start_after(c, page, row);
    return NULL;
}

err dynamodb_scan(struct call *c, const struct dynamodb_scan_input *in, struct dynamodb_scan_output *out) {
    struct parameters p = {.filter = in->filter_expression, .scan_filter = &in->scan_filter,
                           .projection = in->projection_expression, .attributes_to_get = &in->attributes_to_get,
                           .conditional_operator = in->conditional_operator,
                           .names = &in->expression_attribute_names, .values = &in->expression_attribute_values};
    struct ddb_page_request asks = {in->index_name, in->select, in->consistent_read.v, true, in->attributes_to_get.set, in->projection_expression.p};
    struct expressions asked;
    struct value start;
    struct ddb_table t;
    bool older = in->scan_filter.set || in->attributes_to_get.set; /* judged before the starting key, expressions behind it */
    TRY(parameters_check(c, &p));
    if (older) TRY(expressions_parse(c, &p, &asked));
    TRY(ddb_start_value(c, &in->exclusive_start_key, &start));
    TRY(check_segments(c, in));
    if (!older) TRY(expressions_parse(c, &p, &asked));
    TRY(ddb_select_check(c, &asks));
    TRY(ddb_table_use(c, in->table_name, &t));
    struct ddb_page page = {.table = &t, .limit = in->limit.set ? (u32)in->limit.v : 0, .filter = asked.filter, .projection = asked.projection};
    TRY(ddb_page_open(c, &asks, &page));
    u64 space = page.index ? page.index->space : t.space, total = in->total_segments.set ? (u64)in->total_segments.v : 1;
    u64 segment = in->segment.set ? (u64)in->segment.v : 0;
    page.span = (struct ddb_span){segment_start(c, space, segment, total), segment_start(c, space, segment + 1, total)};
    if (start.type && page.index) TRY(ddb_start_pieces(c, &page, &start, false));
    TRY(ddb_page_held(c, &asks, &page));
    if (start.type) TRY(start_at(c, in, &page, &start));
    TRY(ddb_scalars_check(c, &t, &asked));
    ddb_page_read(c, &page);
    TRY(ddb_throttle(c, &page.usage, 1));
    ddb_page_items(c, &page, &out->items);
    out->count = SOME_I32((i32)page.n);
    out->scanned_count = SOME_I32((i32)page.scanned);
    if (page.last.type) ITEM_TO_WIRE(c->arena, &page.last, out->last_evaluated_key);
    out->consumed_capacity = ddb_consumed(c, &page.usage, in->return_consumed_capacity);
    return NULL;
}
