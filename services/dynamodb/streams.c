/* The operations of DynamoDB Streams: another API, over the tables' own rows. */
#include "services/dynamodb/stream.h"

#include "gen/dynamodbstreams.h"

enum { PAGE = 100, RECORDS_MAX = 1000, RECORDS_BYTES = 1 << 20, ITERATOR_MS = 15 * 60 * 1000 };

/* ---- names: sequence numbers have 21 digits and up, shards are named by their first one ---- */

static str sequence_text(struct arena *a, u64 seq) { return arena_format(a, "1%020llu", (unsigned long long)seq); }

static bool sequence_read(str text, u64 *seq) { return text.n == 21 && text.p[0] == '1' && str_to_u64(str_skip(text, 1), seq); }

static str shard_id(struct arena *a, const struct ddb_shard *s) {
    return arena_format(a, "shardId-%020lld-%08llx", (long long)s->born_ms, (unsigned long long)(s->first & 0xffffffff));
}

static str stream_arn(struct arena *a, const struct ddb_stream *s) {
    str resource = arena_format(a, "table/%.*s/stream/%.*s", STR_ARGS(s->table), STR_ARGS(s->label));
    return arn_format(a, S("dynamodb"), s->region, s->account, resource);
}

static err absent(struct call *c, str arn) {
    return fail(c, &dynamodbstreams_resource_not_found_exception, "Requested resource not found: Stream: %.*s not found", STR_ARGS(arn));
}

static err open_stream(struct call *c, str text, struct ddb_stream *s) {
    struct arn arn;
    str rest, table;
    if (!arn_parse(text, &arn) || !str_eq(arn.service, S("dynamodb")) || !str_starts(arn.resource, S("table/")))
        return fail(c, &dynamodbstreams_validation_exception, "Invalid StreamArn");
    rest = str_skip(arn.resource, 6);
    table = str_cut(&rest, '/');
    if (!rest.p || !str_starts(rest, S("stream/"))) return fail(c, &dynamodbstreams_validation_exception, "Invalid StreamArn");
    bool found = ddb_stream_load(c->txn, c->arena, arn.account, arn.region, table, str_skip(rest, 7), s);
    return found ? NULL : absent(c, text);
}

static const struct ddb_shard *find_shard(struct arena *a, const struct ddb_stream *s, str id) {
    for (u32 i = 0; i < s->shards.n; i++)
        if (str_eq(shard_id(a, &s->shards.v[i]), id)) return &s->shards.v[i];
    return NULL;
}

/* What the description says in words alone. */
static err check_limit(struct call *c, struct opt_i32 limit, i32 most) {
    if (!limit.set || limit.v <= most) return NULL;
    return fail(c, &dynamodbstreams_validation_exception,
                "1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value less than or equal to %d",
                limit.v, most);
}

/* ---- ListStreams ---- */

static bool list_stream(struct call *c, str key, size_t prefix, struct dynamodbstreams_stream *out) {
    struct ddb_stream s = {.account = c->account, .region = c->region};
    str rest = str_skip(arena_str(c->arena, key), prefix);
    if (!key_read_str(&rest, c->arena, &s.table) || !key_read_str(&rest, c->arena, &s.label)) return false;
    *out = (struct dynamodbstreams_stream){stream_arn(c->arena, &s), s.table, s.label};
    return true;
}

err dynamodbstreams_list_streams(struct call *c, const struct dynamodbstreams_list_streams_input *in, struct dynamodbstreams_list_streams_output *out) {
    u32 most = in->limit.set ? (u32)in->limit.v : PAGE;
    TRY(check_limit(c, in->limit, PAGE));
    struct key k = key_new(c->arena, S("dynamodb"));
    key_str(&k, c->account);
    key_str(&k, c->region);
    key_str(&k, S("stream"));
    size_t prefix = k.buf.n;
    if (in->table_name.p) {
        struct arn arn;
        bool by_arn = arn_parse(in->table_name, &arn) && str_starts(arn.resource, S("table/"));
        key_str(&k, by_arn ? str_skip(arn.resource, 6) : in->table_name);
    }
    str from = key_bytes(&k), to = key_after_prefix(c->arena, from), key;
    if (in->exclusive_start_stream_arn.p) {
        struct ddb_stream s;
        TRY(open_stream(c, in->exclusive_start_stream_arn, &s));
        from = arena_concat(c->arena, ddb_stream_row(c->arena, s.account, s.region, s.table, s.label), (str){"", 1});
    }
    out->streams.v = NEW_ARRAY(c->arena, struct dynamodbstreams_stream, most);
    out->streams.set = true;
    struct range rows = txn_range(c->txn, from, to);
    while (str_cmp(from, to) < 0 && range_next(&rows, &key, NULL)) {
        if (out->streams.n == most) {
            out->last_evaluated_stream_arn = out->streams.v[most - 1].stream_arn;
            break;
        }
        ASSERT(list_stream(c, key, prefix, &out->streams.v[out->streams.n++]));
    }
    return NULL;
}

/* ---- DescribeStream ---- */

static void describe_shard(struct arena *a, const struct ddb_stream *s, u32 at, struct dynamodbstreams_shard *out) {
    const struct ddb_shard *shard = &s->shards.v[at];
    out->shard_id = shard_id(a, shard);
    out->sequence_number_range = NEW(a, struct dynamodbstreams_sequence_number_range);
    out->sequence_number_range->starting_sequence_number = sequence_text(a, shard->first);
    if (shard->last) out->sequence_number_range->ending_sequence_number = sequence_text(a, shard->last);
    for (u32 i = 0; i < s->shards.n; i++)
        if (shard->parent && s->shards.v[i].first == shard->parent) out->parent_shard_id = shard_id(a, &s->shards.v[i]);
}

static bool shard_wanted(struct arena *a, const struct ddb_stream *s, u32 at, const struct dynamodbstreams_shard_filter *filter) {
    if (!filter || !str_eq(filter->type, S("CHILD_SHARDS"))) return true;
    const struct ddb_shard *parent = find_shard(a, s, filter->shard_id);
    return parent && s->shards.v[at].parent == parent->first;
}

err dynamodbstreams_describe_stream(struct call *c, const struct dynamodbstreams_describe_stream_input *in,
                                    struct dynamodbstreams_describe_stream_output *out) {
    struct ddb_stream s;
    TRY(check_limit(c, in->limit, PAGE));
    TRY(open_stream(c, in->stream_arn, &s));
    struct dynamodbstreams_stream_description *d = NEW(c->arena, struct dynamodbstreams_stream_description);
    u32 most = in->limit.set ? (u32)in->limit.v : PAGE, from = 0;
    out->stream_description = d;
    d->stream_arn = in->stream_arn;
    d->stream_label = s.label;
    d->stream_status = s.ended_ms ? S("DISABLED") : S("ENABLED");
    d->stream_view_type = ddb_view_name(s.view);
    d->creation_request_date_time = SOME_TIME(s.created_ms);
    d->table_name = s.table;
    d->key_schema.v = NEW_ARRAY(c->arena, struct dynamodbstreams_key_schema_element, 2);
    d->key_schema.v[d->key_schema.n++] = (struct dynamodbstreams_key_schema_element){s.keys.hash, S("HASH")};
    if (s.keys.range.p) d->key_schema.v[d->key_schema.n++] = (struct dynamodbstreams_key_schema_element){s.keys.range, S("RANGE")};
    d->key_schema.set = true;
    if (in->exclusive_start_shard_id.p) {
        const struct ddb_shard *start = find_shard(c->arena, &s, in->exclusive_start_shard_id);
        from = start ? (u32)(start - s.shards.v) + 1 : s.shards.n;
    }
    d->shards.v = NEW_ARRAY(c->arena, struct dynamodbstreams_shard, s.shards.n);
    d->shards.set = true;
    for (u32 i = from; i < s.shards.n; i++) {
        if (!shard_wanted(c->arena, &s, i, in->shard_filter)) continue;
        if (d->shards.n == most) {
            d->last_evaluated_shard_id = d->shards.v[most - 1].shard_id;
            break;
        }
        describe_shard(c->arena, &s, i, &d->shards.v[d->shards.n++]);
    }
    return NULL;
}

/* ---- iterators: the stream, the shard, the next sequence number and when it was made, sealed ---- */

struct place {
    str stream;
    u64 shard, next; /* the first sequence number that is still to be read */
    i64 made_ms;
    bool exact; /* by sequence number: what was trimmed is missed */
};
static const struct record_field place_fields[] = {
    RECORD_STR(1, struct place, stream),
    RECORD_U64(2, struct place, shard),
    RECORD_U64(3, struct place, next),
    RECORD_I64(4, struct place, made_ms),
    RECORD_BOOL(5, struct place, exact),
};
static const struct record_type place_record = RECORD_TYPE(struct place, place_fields);

/* As AWS's: the stream's ARN, a number, and what nobody is to read. */
static str iterator_text(struct call *c, const struct place *p) {
    str sealed = base64_of(c->arena, record_encode(c->arena, &place_record, p));
    return arena_format(c->arena, "%.*s|1|%.*s", STR_ARGS(p->stream), STR_ARGS(sealed));
}

static err iterator_read(struct call *c, str text, struct place *p) {
    size_t at = str_rfind_char(text, '|');
    str bytes;
    *p = (struct place){0};
    if (at != STR_NONE && base64_decode(c->arena, str_skip(text, at + 1), &bytes) && record_decode(c->arena, &place_record, bytes, p)
        && str_starts(text, p->stream) && text.p[p->stream.n] == '|')
        return NULL;
    return fail(c, &dynamodbstreams_validation_exception, "Invalid ShardIterator");
}

/* ---- GetShardIterator ---- */

static err trimmed(struct call *c) {
    return fail(c, &dynamodbstreams_trimmed_data_access_exception, "The data you are trying to access has been trimmed");
}

/* The entries of a shard from a sequence number on. */
static struct range entries_from(struct call *c, const struct ddb_stream *s, const struct ddb_shard *shard, u64 seq, bool backwards) {
    struct key from = ddb_space_key(c->arena, s->space), to = ddb_space_key(c->arena, s->space);
    key_u64(&from, seq);
    key_u64(&to, shard->last ? shard->last : UINT64_MAX);
    return backwards ? txn_range_backwards(c->txn, key_bytes(&from), key_bytes(&to)) : txn_range(c->txn, key_bytes(&from), key_bytes(&to));
}

static bool next_entry(struct call *c, struct range *rows, u64 *seq, struct ddb_stream_entry *e) {
    str key, value;
    if (!range_next(rows, &key, &value)) return false;
    key = str_skip(key, key.n - 8);
    *e = (struct ddb_stream_entry){0};
    ASSERT(key_read_u64(&key, seq) && record_decode(c->arena, &ddb_stream_entry_record, arena_str(c->arena, value), e));
    return true;
}

/* Behind the last entry. */
static u64 latest(struct call *c, const struct ddb_stream *s, const struct ddb_shard *shard) {
    struct range rows = entries_from(c, s, shard, shard->first, true);
    struct ddb_stream_entry e;
    u64 seq;
    return next_entry(c, &rows, &seq, &e) ? seq + 1 : shard->first + 1;
}

/* Of the first entry of that time or later; behind the last one if there is none. */
static u64 sequence_at(struct call *c, const struct ddb_stream *s, const struct ddb_shard *shard, i64 ms) {
    u64 low = shard->first, high = latest(c, s, shard), seq;
    while (low < high) {
        u64 middle = low + (high - low) / 2;
        struct range rows = entries_from(c, s, shard, middle, false);
        struct ddb_stream_entry e;
        if (!next_entry(c, &rows, &seq, &e) || e.at_ms >= ms) high = middle;
        else low = seq + 1;
    }
    return low;
}

/* DIFFERS: in words of our own. */
static err check_position(struct call *c, const struct dynamodbstreams_get_shard_iterator_input *in, bool by_sequence, bool by_time, u64 *seq) {
    const str type = in->shard_iterator_type;
    if (!by_sequence && in->sequence_number.p)
        return fail(c, &dynamodbstreams_validation_exception, "Invalid parameter combination: SequenceNumber must not be given with ShardIteratorType %.*s",
                    STR_ARGS(type));
    if (by_sequence && !in->sequence_number.p)
        return fail(c, &dynamodbstreams_validation_exception, "Missing required parameter: SequenceNumber is needed with ShardIteratorType %.*s",
                    STR_ARGS(type));
    if (by_sequence && !sequence_read(in->sequence_number, seq)) return fail(c, &dynamodbstreams_validation_exception, "Invalid SequenceNumber");
    if (!by_time && in->timestamp.set)
        return fail(c, &dynamodbstreams_validation_exception, "Invalid parameter combination: Timestamp must not be given with ShardIteratorType %.*s",
                    STR_ARGS(type));
    if (by_time && !in->timestamp.set)
        return fail(c, &dynamodbstreams_validation_exception, "Missing required parameter: Timestamp is needed with ShardIteratorType %.*s", STR_ARGS(type));
    if (by_time && in->timestamp.ms > c->now_ms) return fail(c, &dynamodbstreams_validation_exception, "Timestamp must not be in the future");
    return NULL;
}

err dynamodbstreams_get_shard_iterator(struct call *c, const struct dynamodbstreams_get_shard_iterator_input *in,
                                       struct dynamodbstreams_get_shard_iterator_output *out) {
    struct ddb_stream s;
    u64 seq = 0;
    bool at = str_eq(in->shard_iterator_type, S("AT_SEQUENCE_NUMBER")), after = str_eq(in->shard_iterator_type, S("AFTER_SEQUENCE_NUMBER"));
    bool by_time = str_eq(in->shard_iterator_type, S("AT_TIMESTAMP"));
    i64 horizon = c->now_ms - DDB_STREAM_KEEP_MS;
    TRY(check_position(c, in, at || after, by_time, &seq));
    TRY(open_stream(c, in->stream_arn, &s));
    const struct ddb_shard *shard = find_shard(c->arena, &s, in->shard_id);
    if (!shard)
        return fail(c, &dynamodbstreams_resource_not_found_exception, "Requested resource not found: Shard does not exist");
    if ((at || after) && (seq < shard->first || (shard->last && seq > shard->last)))
        return fail(c, &dynamodbstreams_validation_exception, "Invalid SequenceNumber");
    if ((at || after) && shard->born_ms <= horizon && seq < sequence_at(c, &s, shard, horizon)) return trimmed(c);
    struct place p = {.stream = in->stream_arn, .shard = shard->first, .next = shard->first, .made_ms = c->now_ms, .exact = at || after};
    if (at) p.next = seq;
    if (after) p.next = seq + 1;
    if (by_time) p.next = sequence_at(c, &s, shard, (in->timestamp.ms + 999) / 1000 * 1000); /* records tell their second */
    if (str_eq(in->shard_iterator_type, S("LATEST"))) p.next = latest(c, &s, shard);
    out->shard_iterator = iterator_text(c, &p);
    return NULL;
}

/* ---- GetRecords ---- */

static void image(struct call *c, str bytes, struct dynamodbstreams_attribute_map *out) {
    if (!bytes.p) return;
    struct value item = ddb_item_decode(c->arena, bytes);
    _Static_assert(sizeof(struct dynamodbstreams_attribute_map_entry) == sizeof(struct dynamodb_attribute_map_entry), "one layout");
    ITEM_TO_WIRE(c->arena, &item, *out);
}

static void record_of(struct call *c, const struct ddb_stream *s, u64 seq, const struct ddb_stream_entry *e, struct dynamodbstreams_record *out) {
    static const char *const events[] = {[DDB_INSERT] = "INSERT", [DDB_MODIFY] = "MODIFY", [DDB_REMOVE] = "REMOVE"};
    struct dynamodbstreams_stream_record *r = NEW(c->arena, struct dynamodbstreams_stream_record);
    out->event_id = arena_format(c->arena, "%016llx%016llx", (unsigned long long)s->space, (unsigned long long)seq);
    out->event_name = str_of(events[e->event]);
    out->event_version = S("1.1");
    out->event_source = S("aws:dynamodb");
    out->aws_region = s->region;
    out->dynamodb = r;
    r->approximate_creation_date_time = SOME_TIME(e->at_ms / 1000 * 1000);
    image(c, e->keys, &r->keys);
    image(c, e->new_, &r->new_image);
    image(c, e->old, &r->old_image);
    r->sequence_number = sequence_text(c->arena, seq);
    r->size_bytes = SOME_I64(e->bytes);
    r->stream_view_type = ddb_view_name(s->view);
    if (!e->by_ttl) return;
    out->user_identity = NEW(c->arena, struct dynamodbstreams_identity);
    out->user_identity->type = S("Service");
    out->user_identity->principal_id = S("dynamodb.amazonaws.com");
}

static const struct ddb_shard *shard_of(const struct ddb_stream *s, u64 first) {
    for (u32 i = 0; i < s->shards.n; i++)
        if (s->shards.v[i].first == first) return &s->shards.v[i];
    return NULL;
}

static void count_records(struct call *c, const struct ddb_stream *s, u32 records, i64 bytes) {
    const str names = S("Operation,StreamLabel,TableName");
    str of = arena_format(c->arena, "GetRecords,%.*s,%.*s", STR_ARGS(s->label), STR_ARGS(s->table));
    count_latency(c, S("SuccessfulRequestLatency"), names, of);
    if (!records) return; /* what is nothing is not told */
    count_metric(c, S("ReturnedRecordsCount"), names, of, records, S("Count"));
    count_metric(c, S("ReturnedBytes"), names, of, (double)bytes, S("Bytes"));
}

err dynamodbstreams_get_records(struct call *c, const struct dynamodbstreams_get_records_input *in, struct dynamodbstreams_get_records_output *out) {
    u32 most = in->limit.set ? (u32)in->limit.v : RECORDS_MAX;
    struct place p;
    struct ddb_stream s;
    struct ddb_table t;
    TRY(check_limit(c, in->limit, RECORDS_MAX));
    TRY(iterator_read(c, in->shard_iterator, &p));
    if (p.made_ms + ITERATOR_MS < c->now_ms)
        return fail(c, &dynamodbstreams_expired_iterator_exception, "Iterator expired. The iterator was created at a time that is now too old.");
    TRY(open_stream(c, p.stream, &s));
    if (ddb_table_load(c->txn, c->arena, s.account, s.region, s.table, &t)) TRY(ddb_sse_check(c, &t));
    const struct ddb_shard *shard = shard_of(&s, p.shard);
    if (!shard) return trimmed(c);
    struct range rows = entries_from(c, &s, shard, p.next, false);
    struct ddb_stream_entry e;
    u64 seq;
    i64 bytes = 0;
    bool more = false;
    out->records.v = NEW_ARRAY(c->arena, struct dynamodbstreams_record, most);
    out->records.set = true;
    while (p.next < (shard->last ? shard->last : UINT64_MAX) && (more = next_entry(c, &rows, &seq, &e))) {
        if (out->records.n == most || bytes + e.bytes > RECORDS_BYTES) break;
        if (e.at_ms + DDB_STREAM_KEEP_MS <= c->now_ms) {
            if (p.exact) return trimmed(c);
            p.next = seq + 1;
            continue;
        }
        bytes += e.bytes;
        record_of(c, &s, seq, &e, &out->records.v[out->records.n++]);
        p.next = seq + 1;
    }
    p.exact = false;
    p.made_ms = c->now_ms;
    if (more || !shard->last) out->next_shard_iterator = iterator_text(c, &p);
    count_records(c, &s, out->records.n, bytes);
    return NULL;
}

/* Whose stream an iterator reads stands in it. */
err dynamodbstreams_get_records_facts(struct call *c, const struct dynamodbstreams_get_records_input *in, struct auth_facts *facts) {
    struct place p;
    if (!iterator_read(c, in->shard_iterator, &p)) ddb_policy_facts(c, p.stream, (str){0}, facts);
    return NULL; /* the operation says what is wrong with it */
}

err dynamodbstreams_describe_stream_facts(struct call *c, const struct dynamodbstreams_describe_stream_input *in, struct auth_facts *facts) {
    ddb_policy_facts(c, in->stream_arn, (str){0}, facts);
    return NULL;
}

err dynamodbstreams_get_shard_iterator_facts(struct call *c, const struct dynamodbstreams_get_shard_iterator_input *in, struct auth_facts *facts) {
    ddb_policy_facts(c, in->stream_arn, (str){0}, facts);
    return NULL;
}
