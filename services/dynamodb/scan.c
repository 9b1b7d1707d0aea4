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

static struct ddb_page_request request_of(const struct dynamodb_scan_input *in) {
    struct ddb_page_request r = DDB_PAGE_REQUEST(in);
    r.scan = true;
    r.parameters.scan_filter = &in->scan_filter;
    return r;
}

err dynamodb_scan_facts(struct call *c, const struct dynamodb_scan_input *in, struct auth_facts *facts) {
    struct ddb_page_request r = request_of(in);
    ddb_page_facts(c, &r, facts);
    return NULL;
}

err dynamodb_scan(struct call *c, const struct dynamodb_scan_input *in, struct dynamodb_scan_output *out) {
    struct ddb_page_request asks = request_of(in);
    struct expressions asked;
    struct value start;
    struct ddb_table t;
    TRY(ddb_page_start(c, &asks, &asked, &start));
    TRY(check_segments(c, in));
    TRY(ddb_page_parse(c, &asks, &asked));
    TRY(ddb_table_use(c, in->table_name, &t));
    struct ddb_page page = {.table = &t, .limit = asks.limit, .filter = asked.filter, .projection = asked.projection};
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
    DDB_PAGE_ANSWER(c, &page, in, out);
    return NULL;
}
