/* The rows of an inventory list, and the files that they become: gzipped CSV, or what is made of it: ORC, and by DuckDB Parquet. */
#include "services/s3/encryption.h"
#include "services/s3/inventory.h"
#include "services/s3/replication.h"
#include "services/s3/storage.h"
#include "services/s3/versions.h"

#include "engine/parquet.h"
#include "text/gzip.h"
#include "text/orc.h"

/* ---- a row ---- */

static void put(struct buf *b, str value) {
    if (b->n && b->p[b->n - 1] != '\n') buf_char(b, ',');
    buf_char(b, '"');
    buf_add(b, value); /* none holds a quotation mark: keys are percent-encoded */
    buf_char(b, '"');
}

static str time_text(struct call *c, i64 ms) {
    struct buf b = buf_new(c->arena, 40);
    buf_iso8601_ms(&b, ms);
    return buf_str(&b);
}

typedef str field_of(struct inventory_list *l, str key, const struct object_row *o);
static str size(struct inventory_list *l, str key, const struct object_row *o) { return arena_format(l->c->arena, "%llu", (unsigned long long)o->size); }
static str modified(struct inventory_list *l, str key, const struct object_row *o) { return time_text(l->c, s3_whole_seconds(o->modified_ms)); }
static str etag(struct inventory_list *l, str key, const struct object_row *o) { return o->etag; }
static str class_name(struct inventory_list *l, str key, const struct object_row *o) { return o->storage_class; }
static str multipart(struct inventory_list *l, str key, const struct object_row *o) { return o->part_count ? S("true") : S("false"); }
static str replication(struct inventory_list *l, str key, const struct object_row *o) { return s3_replication_shown(o); }
static str encryption(struct inventory_list *l, str key, const struct object_row *o) {
    return o->customer_key.p ? S("SSE-C") : o->dual_layer ? S("DSSE-KMS") : o->kms_key.p ? S("SSE-KMS") : S("SSE-S3");
}
static str retain_until(struct inventory_list *l, str key, const struct object_row *o) { return o->lock_mode.p ? time_text(l->c, o->lock_until_ms) : S(""); }
static str lock_mode(struct inventory_list *l, str key, const struct object_row *o) { return o->lock_mode; }
static str legal_hold(struct inventory_list *l, str key, const struct object_row *o) { return o->legal_hold ? S("On") : S("Off"); }
static str tier(struct inventory_list *l, str key, const struct object_row *o) {
    static const char *const names[] = {"FREQUENT", "INFREQUENT", "ARCHIVE_INSTANT_ACCESS", "ARCHIVE", "DEEP_ARCHIVE"};
    if (!str_eq(o->storage_class, S("INTELLIGENT_TIERING"))) return S("");
    return str_of(names[s3_storage_tier(l->c, &l->bucket, key, o)]);
}
static str bucket_key(struct inventory_list *l, str key, const struct object_row *o) {
    return !o->kms_key.p ? S("") : o->bucket_key ? S("ENABLED") : S("DISABLED");
}
static str checksum(struct inventory_list *l, str key, const struct object_row *o) { return o->checksum_kind ? s3_checksum_name(s3_object_checksum(o)) : S(""); }
static str owner(struct inventory_list *l, str key, const struct object_row *o) { return s3_canonical_id(l->c, o->owner.p ? o->owner : l->bucket.account); }

enum kind { TEXT, NUMBER, TRUTH, TIME };
static const char *const parquet_types[] = {"binary %s (UTF8)", "int64 %s", "boolean %s", "int64 %s (TIMESTAMP_MILLIS)"};
static const char *const sql_types[] = {"VARCHAR", "BIGINT", "BOOLEAN", "TIMESTAMP"};
static const char *const orc_type_names[] = {"string", "bigint", "boolean", "timestamp"};
static const enum orc_type orc_types[] = {ORC_STRING, ORC_BIGINT, ORC_BOOLEAN, ORC_TIMESTAMP};

/* In the order in which they stand in a list. */
static const struct field {
    const char *name, *column; /* in CSV's schema, in the others' */
    u8 kind;
    field_of *of;
} fields[] = {
    {"Size", "size", NUMBER, size}, {"LastModifiedDate", "last_modified_date", TIME, modified}, {"ETag", "e_tag", TEXT, etag},
    {"StorageClass", "storage_class", TEXT, class_name}, {"IsMultipartUploaded", "is_multipart_uploaded", TRUTH, multipart},
    {"ReplicationStatus", "replication_status", TEXT, replication}, {"EncryptionStatus", "encryption_status", TEXT, encryption},
    {"ObjectLockRetainUntilDate", "object_lock_retain_until_date", TIME, retain_until}, {"ObjectLockMode", "object_lock_mode", TEXT, lock_mode},
    {"ObjectLockLegalHoldStatus", "object_lock_legal_hold_status", TEXT, legal_hold},
    {"IntelligentTieringAccessTier", "intelligent_tiering_access_tier", TEXT, tier}, {"BucketKeyStatus", "bucket_key_status", TEXT, bucket_key},
    {"ChecksumAlgorithm", "checksum_algorithm", TEXT, checksum}, {"ObjectOwner", "object_owner", TEXT, owner},
};

bool s3_inventory_field_known(str name) {
    for (size_t i = 0; i < LENGTH(fields); i++)
        if (str_eq(name, str_of(fields[i].name))) return true;
    return false;
}

static bool wanted(const struct s3_inventory_configuration *i, const char *name) {
    for (u32 k = 0; k < i->optional_fields.n; k++)
        if (str_eq(i->optional_fields.v[k], str_of(name))) return true;
    return false;
}

void s3_inventory_row(struct inventory_list *l, str key, const struct object_row *o) {
    struct buf *b = &l->text;
    put(b, l->bucket.name);
    put(b, percent_encode(l->c->arena, key, true));
    if (l->all) {
        put(b, o->version_id.p ? o->version_id : S(""));
        put(b, o->order ? S("false") : S("true"));
        put(b, o->delete_marker ? S("true") : S("false"));
    }
    for (size_t i = 0; i < LENGTH(fields); i++)
        if (wanted(&l->inventory, fields[i].name)) put(b, o->delete_marker && fields[i].of != modified ? S("") : fields[i].of(l, key, o));
    buf_char(b, '\n');
}

/* ---- columns ---- */

static bool all_versions(const struct s3_inventory_configuration *i) { return str_eq(i->included_object_versions, S("All")); }

enum format { CSV, PARQUET, ORC };
static enum format format_of(const struct s3_inventory_configuration *i) {
    str name = i->destination->s3_bucket_destination->format;
    return str_eq(name, S("Parquet")) ? PARQUET : str_eq(name, S("ORC")) ? ORC : CSV;
}

const char *s3_inventory_suffix(const struct s3_inventory_configuration *i) {
    static const char *const suffixes[] = {"csv.gz", "parquet", "orc"};
    return suffixes[format_of(i)];
}

/* Those that every list has, then those that are asked for. */
static u32 columns_of(const struct s3_inventory_configuration *i, struct field *columns) {
    static const struct field always[] = {{"Bucket", "bucket", TEXT, NULL}, {"Key", "key", TEXT, NULL}, {"VersionId", "version_id", TEXT, NULL},
                                          {"IsLatest", "is_latest", TRUTH, NULL}, {"IsDeleteMarker", "is_delete_marker", TRUTH, NULL}};
    u32 n = all_versions(i) ? LENGTH(always) : 2;
    memcpy(columns, always, n * sizeof *columns);
    for (size_t k = 0; k < LENGTH(fields); k++)
        if (wanted(i, fields[k].name)) columns[n++] = fields[k];
    return n;
}

static void parquet_column(struct buf *b, const struct field *f, bool required) {
    str type = str_of(parquet_types[f->kind]), before = str_cut(&type, '%');
    buf_format(b, " %s %.*s%s%.*s;", required ? "required" : "optional", STR_ARGS(before), f->column, STR_ARGS(str_skip(type, 1)));
}

str s3_inventory_schema(struct call *c, const struct s3_inventory_configuration *i) {
    static const char *const begins[] = {"", "message s3.inventory { ", "struct<"}, *const ends[] = {"", " }", ">"};
    struct field columns[LENGTH(fields) + 5];
    u32 n = columns_of(i, columns);
    enum format format = format_of(i);
    struct buf b = buf_new(c->arena, 4096);
    buf_add(&b, str_of(begins[format]));
    for (u32 k = 0; k < n; k++) {
        if (format == PARQUET) parquet_column(&b, &columns[k], k < 2);
        else if (format == ORC) buf_format(&b, "%s%s:%s", k ? "," : "", columns[k].column, orc_type_names[columns[k].kind]);
        else buf_format(&b, "%s%s", k ? ", " : "", columns[k].name);
    }
    buf_add(&b, str_of(ends[format]));
    return buf_str(&b);
}

/* ---- files ---- */

/* All but CSV come of its lines, whose columns all stand in quotation marks and hold none. */
static str query_of(struct call *c, const struct s3_inventory_configuration *i) {
    struct field columns[LENGTH(fields) + 5];
    u32 n = columns_of(i, columns);
    struct buf b = buf_new(c->arena, 8192);
    buf_add(&b, S("SELECT "));
    for (u32 k = 0; k < n; k++) {
        const struct field *f = &columns[k];
        str value = arena_format(c->arena, k < 2 ? "v[%u]" : "nullif(v[%u], '')", k + 1);
        if (k == 1) value = S("url_decode(v[2])");
        buf_format(&b, "%sCAST(%s%.*s AS %s)%s AS %s", k ? ", " : "", f->kind == TIME ? "CAST(" : "", STR_ARGS(value), sql_types[f->kind],
                   f->kind == TIME ? " AS TIMESTAMP_MS)" : "", f->column);
    }
    buf_add(&b, S(" FROM (SELECT string_split(line[2:-2], '\",\"') AS v FROM rows)"));
    return buf_str(&b);
}

static bool parquet_file(struct inventory_list *l, str *bytes) {
    enum { TIME_MS = 600000 };
    static const u64 memory_bytes = 1ull << 30;
    struct sql *sql = sql_open(l->c->arena, &(struct sql_limits){memory_bytes, TIME_MS});
    str rest = buf_str(&l->text);
    if (!sql || !sql_run(sql, "CREATE TABLE rows (line VARCHAR)") || !sql_fill_begin(sql, "rows")) return false;
    while (rest.n)
        if (!sql_fill(sql, str_cut(&rest, '\n'))) return false;
    return sql_fill_end(sql) && parquet_of(sql, l->c->arena, arena_c_string(l->c->arena, query_of(l->c, &l->inventory)), bytes);
}

static void orc_value(struct orc_writer *w, enum kind kind, str text) {
    i64 number;
    if (!text.n) {
        orc_null(w);
        return;
    }
    switch (kind) {
    case TEXT: orc_string(w, text); break;
    case NUMBER:
        ASSERT(str_to_i64(text, &number));
        orc_bigint(w, number);
        break;
    case TRUTH: orc_boolean(w, str_eq(text, S("true"))); break;
    case TIME: /* what is locked beyond the year 9999 has no time that is read */
        if (iso8601_parse(text, &number)) orc_timestamp(w, number);
        else orc_null(w);
        break;
    }
}

static bool orc_file(struct inventory_list *l, str *bytes) {
    enum { FILE_BYTES = 1 << 30 };
    struct field columns[LENGTH(fields) + 5];
    struct orc_column shown[LENGTH(columns)];
    u32 n = columns_of(&l->inventory, columns);
    for (u32 k = 0; k < n; k++) shown[k] = (struct orc_column){columns[k].column, orc_types[columns[k].kind]};
    struct orc_writer *w = orc_begin(l->c->arena, shown, n, FILE_BYTES);
    str rest = buf_str(&l->text), key;
    while (rest.n) {
        str line = str_cut(&rest, '\n');
        for (u32 k = 0; k < n; k++) {
            str_cut(&line, '"');
            str text = str_cut(&line, '"');
            if (k == 1) ASSERT(percent_decode(l->c->arena, text, false, &key));
            orc_value(w, columns[k].kind, k == 1 ? key : text);
        }
    }
    return orc_end(w, bytes);
}

bool s3_inventory_file(struct inventory_list *l, str *bytes) {
    switch (format_of(&l->inventory)) {
    case PARQUET: return parquet_file(l, bytes);
    case ORC: return orc_file(l, bytes);
    case CSV: break;
    }
    *bytes = gzip_of(l->c->arena, buf_str(&l->text));
    return true;
}
