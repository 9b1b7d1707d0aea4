/* SelectObjectContent: an SQL query over one object, answered as a stream of events. select_sql.h has the language,
 * select_input.h the records. Pieces are made as the client takes them, each in the memory of a record. */
#include "services/s3/select_input.h"
#include "services/s3/select_output.h"
#include "services/s3/select_parquet.h"

#include "services/s3/seal.h"
#include "services/s3/storage.h"

enum {
    EXPRESSION_MAX = 256 << 10,
    PIECE_BYTES = 128 << 10, /* of records in an event */
    PIECE_SCANNED = 4 << 20, /* and what is read for it at most, more or less */
    ROW_MAX = 1 << 20,
    PIECE_MAX = PIECE_BYTES + ROW_MAX + 1,
};

struct selection {
    struct arena arena, row; /* of the whole; of a record. Their owner is whoever makes a piece */
    struct sql_query *query;
    struct select_layout layout;
    struct select_input *input;
    struct sql_value *items;
    struct sql_value *rows; /* what FROM finds in a JSON record */
    u32 row_count, row_at;
    i64 left; /* of LIMIT; -1: no end */
    bool progress, ended;
    const char *code; /* NULL: all is well */
    str message;
    u64 returned;
    struct buf first; /* was made before the answer began, so that what is wrong at once is an error */
    bool first_is_due;
};

static void problem(struct selection *s, const char *code, str message) {
    s->code = code;
    s->message = message;
    s->ended = true;
}

static bool well(struct selection *s, enum sql_problem p) {
    if (p) problem(s, sql_problem_code(p), str_of(sql_problem_message(p)));
    return !p;
}

/* ---- rows ---- */

static void show_row(struct selection *s, const struct sql_record *r, struct buf *out) {
    struct buf row = buf_new(&s->row, ROW_MAX);
    if (s->query->all) select_show_all(&row, &s->layout, r);
    else select_show(&row, &s->layout, s->query, s->items);
    if (row.over)
        problem(s, "OverMaxRecordSize", S("The length of a record in the input or result is greater than the maxCharsPerRecord limit of 1 MB."));
    else
        buf_add(out, buf_str(&row));
}

static void take_row(struct selection *s, const struct sql_record *r, struct buf *out) {
    bool matches;
    if (!well(s, sql_matches(s->query, &s->row, r, &matches)) || !matches) return;
    if (s->query->aggregate_count) {
        (void)well(s, sql_gather(s->query, &s->row, r));
        return;
    }
    if (!well(s, sql_project(s->query, &s->row, r, s->items))) return;
    show_row(s, r, out);
    if (s->left > 0 && --s->left == 0) s->ended = true;
}

static void finish(struct selection *s, struct buf *out) {
    s->ended = true;
    if (!s->query->aggregate_count || !s->left) return;
    if (well(s, sql_project(s->query, &s->row, NULL, s->items))) show_row(s, NULL, out);
}

/* ---- what FROM names in a JSON record ---- */

static void add_row(struct selection *s, struct sql_value v, u32 *capacity) {
    if (s->row_count == *capacity) {
        struct sql_value *wider = NEW_ARRAY(&s->row, struct sql_value, *capacity * 2 + 8);
        if (s->row_count) memcpy(wider, s->rows, s->row_count * sizeof *wider);
        s->rows = wider;
        *capacity = *capacity * 2 + 8;
    }
    s->rows[s->row_count++] = v;
}

static void find_rows(struct selection *s, struct sql_value v, u32 step, u32 *capacity) {
    const struct sql_path *from = &s->query->from;
    if (step == from->n) {
        add_row(s, v, capacity);
        return;
    }
    const struct sql_step *next = &from->v[step];
    bool list = v.kind == SQL_LIST, structure = v.kind == SQL_STRUCT;
    u32 index = 0;
    for (const struct json_node *n = list || structure ? v.node->first : NULL; n; n = n->next, index++) {
        bool here = next->kind == SQL_STEP_ALL     ? list
                    : next->kind == SQL_STEP_INDEX ? list && index == next->index
                                                   : structure && (next->exact ? str_eq(n->key, next->name) : str_eq_nocase(n->key, next->name));
        if (here) find_rows(s, sql_of_json(n), step + 1, capacity);
    }
}

/* S3Object is all records, so S3Object[*] is each of them. */
static void begin_record(struct selection *s, const struct sql_record *r) {
    const struct sql_path *from = &s->query->from;
    u32 capacity = 0;
    s->row_count = s->row_at = 0;
    find_rows(s, r->value, from->n && from->v[0].kind == SQL_STEP_ALL, &capacity);
}

/* ---- a piece ---- */

static void next_record(struct selection *s, struct buf *out) {
    struct sql_record record;
    const char *code = NULL;
    str message = {0};
    arena_reset(&s->row);
    switch (select_input_next(s->input, &s->row, &record, &code, &message)) {
    case SELECT_BROKEN: problem(s, code, message); return;
    case SELECT_END: finish(s, out); return;
    case SELECT_RECORD: break;
    }
    if (record.csv) take_row(s, &record, out);
    else begin_record(s, &record);
}

static void make_piece(struct selection *s, struct buf *out) {
    u64 until = select_input_scanned(s->input) + PIECE_SCANNED;
    if (!s->left) s->ended = true;
    while (!s->ended && out->n < PIECE_BYTES && select_input_scanned(s->input) < until) {
        if (s->row_at == s->row_count) {
            s->row_count = s->row_at = 0;
            next_record(s, out);
        } else {
            struct sql_record row = {.value = s->rows[s->row_at++]};
            take_row(s, &row, out);
        }
    }
    s->returned += out->n;
}

/* ---- events ---- */

static void write_records(struct event_writer *w, str records) {
    struct s3_records_event event = {.payload = records};
    if (records.n) event_write(w, &(struct s3_select_object_content_event_stream){.records = &event});
}

static void write_progress(struct selection *s, struct event_writer *w) {
    struct s3_progress details = {SOME_I64((i64)select_input_scanned(s->input)), SOME_I64((i64)select_input_processed(s->input)), SOME_I64((i64)s->returned)};
    struct s3_progress_event event = {.details = &details};
    event_write(w, &(struct s3_select_object_content_event_stream){.progress = &event});
}

static void write_end(struct selection *s, struct event_writer *w) {
    struct s3_stats details = {SOME_I64((i64)select_input_scanned(s->input)), SOME_I64((i64)select_input_processed(s->input)), SOME_I64((i64)s->returned)};
    struct s3_stats_event stats = {.details = &details};
    struct s3_end_event end = {0};
    event_write(w, &(struct s3_select_object_content_event_stream){.stats = &stats});
    event_write(w, &(struct s3_select_object_content_event_stream){.end = &end});
}

static enum events_step next_events(void *context, struct event_writer *w) {
    struct selection *s = context;
    struct buf piece = buf_new(event_arena(w), PIECE_MAX);
    bool first = s->first_is_due;
    s->first_is_due = false;
    if (!first) make_piece(s, &piece);
    str records = buf_str(first ? &s->first : &piece);
    write_records(w, records);
    if (s->progress) write_progress(s, w);
    if (!s->ended) {
        struct s3_continuation_event alive = {0};
        if (!records.n && !s->progress) event_write(w, &(struct s3_select_object_content_event_stream){.cont = &alive});
        return EVENTS_MORE;
    }
    if (s->code) event_write_error(w, str_of(s->code), s->message);
    else write_end(s, w);
    return EVENTS_END;
}

/* ---- the request ---- */

static err refuse(struct call *c, const char *code, const char *message) {
    struct error *e = NEW(c->arena, struct error);
    *e = (struct error){code, NULL, 400, WIRE_NONE, true};
    return fail(c, e, "%s", message);
}
static err refuse_parameter(struct call *c) {
    return refuse(c, "InvalidRequestParameter", "The value of a parameter in the SelectRequest element is not valid. Check the service documentation and try again.");
}

/* One character, or (absent) what is usual; an empty text is none where that may be. */
static bool character(str given, char usual, bool none_too, char *c) {
    *c = !given.p ? usual : given.n ? given.p[0] : 0;
    return given.n == 1 || !given.p || (none_too && !given.n);
}

static err csv_format(struct call *c, const struct s3_csv_input *csv, struct select_format *f) {
    static const char *const headers[] = {"NONE", "USE", "IGNORE"};
    f->record_delimiter = csv->record_delimiter.n ? csv->record_delimiter : S("\n");
    bool fine = f->record_delimiter.n <= 2 && character(csv->field_delimiter, ',', false, &f->field_delimiter);
    fine = fine && character(csv->quote_character, '"', true, &f->quote) && character(csv->quote_escape_character, '"', true, &f->escape);
    if (!fine || !character(csv->comments, 0, true, &f->comment)) return refuse_parameter(c);
    f->quoted_delimiters = csv->allow_quoted_record_delimiter.v;
    for (u8 i = 0; i < LENGTH(headers); i++) {
        f->header = i;
        if (!csv->file_header_info.p || str_eq_nocase(csv->file_header_info, str_of(headers[i]))) return NULL;
    }
    return refuse(c, "InvalidFileHeaderInfo", "The FileHeaderInfo is invalid. Only NONE, USE, and IGNORE are supported.");
}

static err json_format(struct call *c, const struct s3_json_input *json, struct select_format *f) {
    f->json = true;
    f->lines = str_eq_nocase(json->type, S("LINES"));
    f->record_delimiter = S("\n");
    if (f->lines || str_eq_nocase(json->type, S("DOCUMENT"))) return NULL;
    return refuse(c, "InvalidJsonType", "The JsonType is invalid. Only DOCUMENT and LINES are supported.");
}

/* It comes as lines of JSON. */
static err parquet_format(struct call *c, const struct s3_input_serialization *in, struct select_format *f) {
    bool packed = in->compression_type.p && !str_eq_nocase(in->compression_type, S("NONE"));
    f->json = f->lines = true;
    f->record_delimiter = S("\n");
    return packed ? refuse_parameter(c) : NULL;
}

static err input_format(struct call *c, const struct s3_input_serialization *in, struct select_format *f) {
    static const char *const packings[] = {"NONE", "GZIP", "BZIP2"};
    int formats = (in->csv != NULL) + (in->json != NULL) + (in->parquet != NULL);
    if (formats > 1)
        return refuse(c, "ObjectSerializationConflict", "InputSerialization specifies more than one format (CSV, JSON, or Parquet), or OutputSerialization specifies "
                                                        "more than one format (CSV or JSON). For InputSerialization and OutputSerialization, you can specify only one format for each.");
    if (!formats) return refuse(c, "InvalidDataSource", "Invalid data source type. Only CSV, JSON, and Parquet are supported.");
    if (in->parquet) return parquet_format(c, in, f);
    while (f->packing < LENGTH(packings) && in->compression_type.p && !str_eq_nocase(in->compression_type, str_of(packings[f->packing]))) f->packing++;
    if (f->packing == LENGTH(packings))
        return refuse(c, "InvalidCompressionFormat", "The file is not in a supported compression format. Only GZIP and BZIP2 are supported.");
    return in->csv ? csv_format(c, in->csv, f) : json_format(c, in->json, f);
}

static err output_layout(struct call *c, const struct s3_output_serialization *out, struct select_layout *l) {
    if (out->csv && out->json)
        return refuse(c, "ObjectSerializationConflict", "InputSerialization specifies more than one format (CSV, JSON, or Parquet), or OutputSerialization specifies "
                                                        "more than one format (CSV or JSON). For InputSerialization and OutputSerialization, you can specify only one format for each.");
    if (!out->csv && !out->json)
        return refuse(c, "MissingRequiredParameter", "The SelectRequest entity is missing a required parameter. Check the service documentation and try again.");
    str delimiter = out->csv ? out->csv->record_delimiter : out->json->record_delimiter;
    *l = (struct select_layout){.json = out->json != NULL, .record_delimiter = delimiter.p ? delimiter : S("\n")};
    if (l->json) return NULL;
    const struct s3_csv_output *csv = out->csv;
    l->quote_always = str_eq_nocase(csv->quote_fields, S("ALWAYS"));
    if (csv->quote_fields.p && !l->quote_always && !str_eq_nocase(csv->quote_fields, S("ASNEEDED")))
        return refuse(c, "InvalidQuoteFields", "The QuoteFields is invalid. Only ALWAYS and ASNEEDED are supported.");
    bool fine = character(csv->field_delimiter, ',', false, &l->field_delimiter) && character(csv->quote_character, '"', false, &l->quote)
                && character(csv->quote_escape_character, '"', false, &l->escape);
    return fine ? NULL : refuse_parameter(c);
}

/* Start and End are both in the range; End alone is that many bytes before the object's end. */
static err scan_range(struct call *c, const struct s3_scan_range *range, u64 size, struct select_format *f) {
    f->to = UINT64_MAX;
    if (!range) return NULL;
    if (f->packing != SELECT_PLAIN || (f->json && !f->lines) || f->quoted_delimiters)
        return refuse(c, "UnsupportedScanRangeInput", "Scan range queries are not supported on this type of object. Supported objects are uncompressed CSV objects that "
                                                      "don't contain a newline character inside quotes, uncompressed JSON LINES, and Parquet.");
    i64 start = range->start.v, end = range->end.v;
    bool fine = (range->start.set || range->end.set) && start >= 0 && end >= 0 && (!range->start.set || (u64)start < size)
                && (!range->start.set || !range->end.set || start <= end);
    if (!fine) return refuse(c, "InvalidScanRange", "The provided scan range is not valid.");
    if (range->start.set) f->from = (u64)start;
    else f->from = size - MIN((u64)end, size);
    if (range->start.set && range->end.set) f->to = (u64)end + 1;
    return NULL;
}

static err query_read(struct call *c, const struct s3_select_object_content_request *in, struct selection *s, bool csv) {
    enum sql_problem p;
    if (!str_eq_nocase(in->expression_type, S("SQL")))
        return refuse(c, "InvalidExpressionType", "The ExpressionType is invalid. Only SQL expressions are supported.");
    if (in->expression.n > EXPRESSION_MAX)
        return refuse(c, "ExpressionTooLong", "The SQL expression is too long. The maximum byte-length for an SQL expression is 256 KB.");
    s->query = sql_parse(&s->arena, arena_str(&s->arena, in->expression), c->now_ms, &p);
    if (s->query && csv && (s->query->from.n > 1 || (s->query->from.n && s->query->from.v[0].kind != SQL_STEP_ALL))) p = SQL_INVALID_KEY_PATH;
    if (p) return refuse(c, sql_problem_code(p), sql_problem_message(p));
    s->items = NEW_ARRAY(&s->arena, struct sql_value, s->query->item_count + 1);
    s->left = s->query->limit;
    return NULL;
}

static err object_open(struct call *c, const struct s3_select_object_content_request *in, struct object_row *object, struct stream **bytes) {
    struct bucket_row bucket;
    str data_key;
    struct customer_key customer = S3_CUSTOMER_KEY_OF(in);
    if (c->principal->kind == PRINCIPAL_ANONYMOUS) return fail(c, &cloud_access_denied, "Access Denied");
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    TRY(s3_object_open(c, &bucket, in->key, (str){0}, object));
    TRY(s3_customer_key_open(c, &customer, object));
    TRY(s3_storage_check(c, &bucket, in->key, object));
    TRY(s3_seal_data_key(c, bucket.name, in->key, object, &customer, &data_key));
    s3_storage_was_read(c, &bucket, in->key, object, object->size);
    if (object->size) *bytes = stream_of_hidden(c, object->blob, 0, object->size, s3_seal_open(c, &bucket, object, data_key, 0, object->size));
    return NULL;
}

static bool read_bytes(void *context, u64 offset, char *out, size_t n) { return stream_read(context, offset, out, n); }

static void selection_free(void *object) {
    struct selection *s = object;
    arena_free(&s->row);
    arena_free(&s->arena);
}

err s3_select_object_content(struct call *c, const struct s3_select_object_content_request *in, struct s3_select_object_content_output *out) {
    struct object_row object;
    struct stream *bytes = NULL;
    struct select_format format = {0};
    struct selection *s = NEW(c->arena, struct selection);
    arena_on_free(c->arena, selection_free, s);
    s3_usage_tier2(c);
    if (!in->input_serialization || !in->output_serialization) return s3_fail_malformed(c);
    TRY(input_format(c, in->input_serialization, &format));
    TRY(output_layout(c, in->output_serialization, &s->layout));
    TRY(query_read(c, in, s, !format.json));
    TRY(object_open(c, in, &object, &bytes));
    if (in->scan_range && in->input_serialization->parquet) return fail(c, &s3_not_implemented, "Scan ranges of Parquet objects are not implemented.");
    TRY(scan_range(c, in->scan_range, object.size, &format));
    s->progress = in->request_progress && in->request_progress->enabled.v;
    struct select_source source = {.read = read_bytes, .context = bytes, .size = object.size};
    if (in->input_serialization->parquet) TRY(select_parquet(c, &s->arena, bytes, object.size, &source));
    s->input = select_input_new(&s->arena, &format, source);
    s->first = buf_new(&s->arena, PIECE_MAX);
    s->first_is_due = true;
    make_piece(s, &s->first);
    if (s->code && !s->first.n) {
        str message = s->message;
        return refuse(c, s->code, arena_c_string(c->arena, message));
    }
    count_usage(c, S("Select-Scanned-Bytes"), (double)(format.to == UINT64_MAX ? object.size - format.from : MIN(format.to, object.size) - format.from));
    out->payload = event_stream_of(c, (struct event_source){.next = next_events, .context = s});
    return NULL;
}
