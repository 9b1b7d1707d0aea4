/* A page of a Query or Scan: at most a megabyte of items looked at, or Limit of them. */
#include <stdlib.h>
#include "services/dynamodb/page.h"

#define INVALID "One or more parameter values were invalid: "

enum { PAGE_BYTES = 1 << 20 };

/* ---- what is asked ---- */

static err select_check(struct call *c, const struct ddb_page_request *r) {
    const struct parameters *p = &r->parameters;
    const char *given = p->attributes_to_get->set ? "AttributesToGet" : p->projection.p ? "ProjectionExpression" : NULL;
    const char *counted = r->scan ? "" : "1 validation error detected: "; /* a Query's alone (ExtendDB's pull requests 191 and 211) */
    bool specific = str_eq(r->select, S("SPECIFIC_ATTRIBUTES"));
    if (given && r->select.p && !specific) {
        str what = str_eq(r->select, S("COUNT")) ? S("only the Count") : r->select;
        return fail(c, &cloud_validation, "%sCannot specify the %s when choosing to get %.*s", counted, given, STR_ARGS(what));
    }
    if (specific && !given)
        return fail(c, &cloud_validation,
                    "%sMust specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES", counted);
    if (str_eq(r->select, S("ALL_PROJECTED_ATTRIBUTES")) && !r->index_name.p)
        return fail(c, &cloud_validation, "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName");
    return NULL;
}

static err start_value(struct call *c, const struct dynamodb_key *in, struct value *key) {
    *key = (struct value){0};
    if (!in->set) return NULL;
    err e = ITEM_OF_WIRE(c, *in, key);
    if (!e) return NULL;
    static const char *const bare[] = {"contains duplicates", "number set", "numeric value", "significant digits", "number with magnitude"};
    for (size_t i = 0; i < LENGTH(bare); i++)
        if (str_find(c->error_message, str_of(bare[i])) != STR_NONE) return e;
    str said = c->error_message;
    return fail(c, e, "The provided starting key is invalid: %.*s", STR_ARGS(said));
}

static bool older(const struct ddb_page_request *r) {
    const struct parameters *p = &r->parameters;
    return (p->query_filter && p->query_filter->set) || (p->scan_filter && p->scan_filter->set) || p->attributes_to_get->set;
}

err ddb_page_start(struct call *c, const struct ddb_page_request *r, struct expressions *asked, struct value *start) {
    TRY(ddb_table_named(c, r->table));
    TRY(parameters_check(c, &r->parameters));
    if (older(r)) TRY(expressions_parse(c, &r->parameters, asked));
    return start_value(c, r->start, start);
}

err ddb_page_parse(struct call *c, const struct ddb_page_request *r, struct expressions *asked) {
    if (!older(r)) TRY(expressions_parse(c, &r->parameters, asked));
    return select_check(c, r);
}

void ddb_page_facts(struct call *c, const struct ddb_page_request *r, struct auth_facts *facts) {
    struct ddb_access *access = NEW(c->arena, struct ddb_access);
    struct parameters *parameters = NEW(c->arena, struct parameters);
    *parameters = r->parameters;
    *access = (struct ddb_access){.table = r->table, .index = r->index_name, .parameters = parameters, .reads = true, .select = r->select};
    ddb_access_facts(c, access, facts);
}

static err open_index(struct call *c, const struct ddb_page_request *r, struct ddb_page *page) {
    page->index = ddb_index_find(page->table, r->index_name);
    if (!page->index)
        return fail(c, &cloud_validation, "The table does not have the specified index: %.*s", STR_ARGS(r->index_name));
    if (page->index->kind == DDB_VECTOR) return fail(c, &cloud_validation, "%s operation not supported on this index type.", r->scan ? "Scan" : "Query");
    if (page->index->kind == DDB_GLOBAL && r->consistent)
        return fail(c, &cloud_validation, "Consistent reads are not supported on global secondary indexes");
    if (page->index->state == DDB_CREATING)
        return fail(c, &cloud_validation, "Cannot read from backfilling global secondary index: %.*s", STR_ARGS(r->index_name));
    return NULL;
}

err ddb_page_held(struct call *c, const struct ddb_page_request *r, struct ddb_page *page) {
    const struct ddb_index *index = page->index;
    if (!index) return NULL;
    bool all = str_eq(r->select, S("ALL_ATTRIBUTES")) && index->projection != DDB_ALL, missing = false;
    if (all && index->kind == DDB_GLOBAL)
        return fail(c, &cloud_validation,
                    INVALID "Select type ALL_ATTRIBUTES is not supported for global secondary index %.*s because its projection type is not ALL",
                    STR_ARGS(index->name));
    const str *names = NULL;
    u32 n = page->projection ? projection_names(c->arena, page->projection, &names) : 0;
    struct buf lacking = buf_new(c->arena, 4096);
    for (u32 i = 0; i < n; i++) {
        if (ddb_index_holds(page->table, index, names[i])) continue;
        buf_format(&lacking, "%s%.*s", missing ? ", " : "", STR_ARGS(names[i]));
        missing = true;
    }
    if (missing && index->kind == DDB_GLOBAL)
        return fail(c, &cloud_validation, INVALID "Global secondary index %.*s does not project [%.*s]", STR_ARGS(index->name),
                    STR_ARGS(buf_str(&lacking)));
    page->fetch = all || missing;
    return NULL;
}

static int by_name(const void *a, const void *b) { return str_cmp(*(const str *)a, *(const str *)b); }

err ddb_page_filter_held(struct call *c, const struct ddb_page *page) {
    if (!page->index || !page->filter) return NULL;
    const str *names;
    struct buf lacking = buf_new(c->arena, 1 << 20);
    u32 n = condition_names(c->arena, page->filter, &names), missing = 0;
    str *some = NEW_ARRAY(c->arena, str, n + 1);
    for (u32 i = 0; i < n; i++)
        if (!ddb_index_holds(page->table, page->index, names[i])) some[missing++] = names[i];
    if (!missing) return NULL;
    qsort(some, missing, sizeof *some, by_name);
    for (u32 i = 0; i < missing; i++) buf_format(&lacking, "%s%.*s", i ? ", " : "", STR_ARGS(some[i]));
    return fail(c, &cloud_validation, INVALID "Secondary index %.*s does not project one or more filter attributes: [%.*s]",
                STR_ARGS(page->index->name), STR_ARGS(buf_str(&lacking)));
}

err ddb_page_open(struct call *c, const struct ddb_page_request *r, struct ddb_page *page) {
    page->consistent = r->consistent;
    page->count_only = str_eq(r->select, S("COUNT"));
    page->usage.table = page->table;
    if (!r->index_name.p) return NULL;
    return open_index(c, r, page);
}

/* ---- where it starts ---- */

static err invalid_start(struct call *c, bool why) {
    return fail(c, &cloud_validation, why ? "The provided starting key is invalid: The provided key element does not match the schema"
                                          : "The provided starting key is invalid");
}

const struct ddb_schema *ddb_page_keys(const struct ddb_page *page) { return page->index ? &page->index->keys : &page->table->keys; }

enum { START_NAMES_MAX = 2 + 2 * KEY_PARTS_MAX };

/* The attributes of a starting key: the item's own, then the index's. */
static u32 start_names(const struct ddb_page *page, str *names) {
    str of_index[2 * KEY_PARTS_MAX];
    u32 n = ddb_key_names(&page->table->keys, names), more = page->index ? ddb_key_names(&page->index->keys, of_index) : 0;
    for (u32 i = 0; i < more; i++) {
        bool known = false;
        for (u32 j = 0; j < n && !known; j++) known = str_eq(names[j], of_index[i]);
        if (!known) names[n++] = of_index[i];
    }
    return n;
}

static bool start_complete(const struct ddb_page *page, const struct value *key) {
    str names[START_NAMES_MAX];
    return key->n == start_names(page, names);
}

static err read_half(struct call *c, const struct value *key, const struct key_attribute *keys, u32 n, bool hash, struct value *out) {
    for (u32 i = 0; i < n; i++) {
        if (!value_member(c->arena, key, keys[i].name)) return invalid_start(c, false);
        TRY(ddb_key_piece(c, key, keys[i].name, keys[i].type, hash, &out[i]));
    }
    return ddb_key_fits(out, n, hash ? DDB_HASH_MAX : DDB_SORT_MAX) ? NULL : invalid_start(c, false);
}

static err read_pieces(struct call *c, const struct ddb_page *page, const struct value *key, bool hash_only, struct ddb_index_key *out) {
    struct key_attributes keys = ddb_key_attributes(ddb_page_keys(page));
    TRY(read_half(c, key, keys.hash, keys.hashes, true, out->hash));
    return hash_only ? NULL : read_half(c, key, keys.range, keys.ranges, false, out->range);
}

err ddb_start_pieces(struct call *c, const struct ddb_page *page, const struct value *key, bool hash_only) {
    struct ddb_index_key pieces;
    if (!start_complete(page, key)) return invalid_start(c, false);
    return read_pieces(c, page, key, hash_only, &pieces);
}

err ddb_start_row(struct call *c, const struct ddb_page *page, const struct value *key, bool scan, str *row) {
    const struct ddb_table *t = page->table;
    struct ddb_index_key pieces;
    struct ddb_key base = {0};
    if (!start_complete(page, key)) return invalid_start(c, scan && !page->index);
    if (page->index) TRY(read_pieces(c, page, key, false, &pieces));
    str names[] = {t->keys.hash, t->keys.range};
    struct value own = item_of_names(c->arena, key, names, t->keys.range.p ? 2 : 1);
    err e = ddb_key_of_parameter(c, t, &own, &base);
    if (e) {
        str said = c->error_message;
        return fail(c, e, "The provided starting key is invalid: %.*s", STR_ARGS(said));
    }
    *row = page->index ? ddb_index_row(c->arena, page->index, &pieces, &base) : base.row;
    return NULL;
}

void ddb_page_start_after(struct call *c, struct ddb_page *page, str row) {
    if (page->backwards) page->span.to = str_cmp(row, page->span.to) < 0 ? row : page->span.to;
    else if (str_cmp(row, page->span.from) >= 0) page->span.from = arena_concat(c->arena, row, (str){"", 1});
}

/* ---- the walk ---- */

static struct value start_key_of(struct call *c, const struct ddb_page *page, const struct value *item) {
    str names[START_NAMES_MAX];
    return item_of_names(c->arena, item, names, start_names(page, names));
}

/* The whole item of an entry of a local index. */
static struct value fetched(struct call *c, struct ddb_page *page, const struct value *entry) {
    struct ddb_key k;
    str names[] = {page->table->keys.hash, page->table->keys.range};
    struct value own = item_of_names(c->arena, entry, names, 2);
    k = (struct ddb_key){.hash = *value_member(c->arena, &own, names[0]), .range = *value_member(c->arena, &own, names[1])};
    ddb_key_locate(c->arena, page->table, &k);
    str bytes = ddb_item_read(c, &k);
    page->usage.read += ddb_read_units(item_encoded_size(bytes), page->consistent);
    return ddb_item_decode(c->arena, bytes);
}

/* `bytes`: the item, if it is still a view of the row: what is kept outlives the snapshot. */
static void keep(struct call *c, struct ddb_page *page, const struct value *item, str bytes) {
    page->n++;
    if (page->count_only) return;
    if (page->n > page->capacity) {
        u32 capacity = MAX(page->capacity * 2, 16u);
        struct value *more = NEW_ARRAY(c->arena, struct value, capacity);
        if (page->capacity) memcpy(more, page->items, page->capacity * sizeof *more);
        page->items = more;
        page->capacity = capacity;
    }
    struct value own = bytes.p ? ddb_item_decode(c->arena, arena_str(c->arena, bytes)) : *item;
    page->items[page->n - 1] = projection_apply(c->arena, page->projection, &own);
}

/* How much of a page an item takes. AWS measures what it stores, not what it counts: names are numbers of
 * a byte, strings carry their length, and each 3 KB repeat the sort key ("as seen": dynalite's tests
 * against AWS). */
static u64 stored_size(struct arena *a, const struct value *packed);

static u64 stored_members(struct arena *a, const struct value *map, str apart) {
    u64 size = 0;
    for (u32 i = 0; i < map->n; i++)
        if (!apart.p || !str_eq(member_name(&map->members[i]), apart)) size += 1 + stored_size(a, &map->members[i].value);
    return size;
}

static u64 stored_size(struct arena *a, const struct value *packed) {
    struct value v = value_open(a, packed);
    u64 size = 3;
    switch (v.type) {
    case VALUE_S: return v.n + (v.n < 128 ? 1u : v.n < 16384 ? 2u : 3u);
    case VALUE_B:
    case VALUE_N: return value_size(&v) + 1;
    case VALUE_SS:
    case VALUE_NS:
    case VALUE_BS: return value_size(&v) + v.n + 1;
    case VALUE_BOOL: return 1;
    case VALUE_M: return size + v.n + stored_members(a, &v, (str){0});
    case VALUE_L:
        for (u32 i = 0; i < v.n; i++) size += 1 + stored_size(a, &v.elements[i]);
        return size;
    default: return 0;
    }
}

static u64 measure(struct arena *a, const struct ddb_page *page, const struct value *item) {
    enum { HEAD = 2, BLOCK = 3072, BLOCK_HEAD = 18 };
    str range = page->table->keys.range;
    u64 size = stored_members(a, item, range), sort = 0;
    const struct value *v = range.p ? value_member(a, item, range) : NULL;
    if (v) sort = value_size(v);
    return HEAD + size + (1 + (1 + size) / BLOCK) * (BLOCK_HEAD + sort);
}

static void count_units(struct ddb_page *page, u64 bytes) {
    double units = ddb_read_units(bytes, page->consistent);
    if (!page->index) {
        page->usage.read += units;
        return;
    }
    u32 at = (u32)(page->index - page->table->indexes.v);
    page->usage.index_read[at] += units;
    page->usage.touched[at] = true;
}

void ddb_page_read(struct call *c, struct ddb_page *page) {
    struct range rows = page->backwards ? txn_range_backwards(c->txn, page->span.from, page->span.to)
                                        : txn_range(c->txn, page->span.from, page->span.to);
    u64 bytes = 0, measured = 0;
    str value;
    struct value item = {0};
    bool empty = str_cmp(page->span.from, page->span.to) >= 0;
    while (!empty && range_next(&rows, NULL, &value)) {
        item = ddb_item_decode(c->arena, value);
        page->scanned++;
        bytes += item_encoded_size(value);
        measured += measure(c->arena, page, &item);
        struct value whole = page->fetch ? fetched(c, page, &item) : item;
        if (expression_holds(c->arena, page->filter, &whole)) keep(c, page, &whole, page->fetch ? (str){0} : value);
        if (page->scanned != page->limit && measured < PAGE_BYTES) continue;
        item = ddb_item_decode(c->arena, arena_str(c->arena, value));
        page->last = start_key_of(c, page, &item);
        break;
    }
    count_units(page, bytes);
}

void ddb_page_items(struct call *c, const struct ddb_page *page, struct dynamodb_item_list *out) {
    if (page->count_only) return;
    *out = (struct dynamodb_item_list){NEW_ARRAY(c->arena, struct dynamodb_attribute_map, page->n), page->n, true};
    for (u32 i = 0; i < page->n; i++) ITEM_TO_WIRE(c->arena, &page->items[i], out->v[i]);
}
