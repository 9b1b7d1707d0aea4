/* A manifest's lines: CSV whose columns the job names. */
#include "services/s3/batch.h"

/* A quoted column, behind its first quotation mark. */
static bool quoted_read(struct arena *a, str *rest, str *column) {
    struct buf b = buf_new(a, rest->n + 1);
    while (rest->n) {
        char x = rest->p[0];
        *rest = str_skip(*rest, 1);
        if (x != '"') buf_char(&b, x);
        else if (rest->n && rest->p[0] == '"') {
            buf_char(&b, '"');
            *rest = str_skip(*rest, 1);
        } else {
            *column = buf_str(&b);
            return true;
        }
    }
    return false;
}

bool batch_line_read(struct arena *a, str line, str *columns, u32 *n) {
    for (*n = 0; *n < BATCH_COLUMNS_MAX;) {
        str *column = &columns[(*n)++];
        if (line.n && line.p[0] == '"') {
            line = str_skip(line, 1);
            if (!quoted_read(a, &line, column)) return false;
        } else {
            size_t end = str_find_char(line, ',');
            *column = str_take(line, end == STR_NONE ? line.n : end);
            line = str_skip(line, column->n);
        }
        if (!line.n) return true;
        if (line.p[0] != ',') return false;
        line = str_skip(line, 1);
    }
    return false;
}

bool batch_item_read(struct arena *a, const struct s3control_job_manifest_spec *spec, str line, struct batch_item *item) {
    str columns[BATCH_COLUMNS_MAX];
    u32 n;
    *item = (struct batch_item){0};
    if (!batch_line_read(a, line, columns, &n) || n != spec->fields.n) return false;
    for (u32 i = 0; i < n; i++) {
        str name = spec->fields.v[i];
        if (str_eq(name, S("Bucket"))) item->bucket = columns[i];
        else if (str_eq(name, S("Key")) && !percent_decode(a, columns[i], true, &item->key)) return false;
        else if (str_eq(name, S("VersionId")) && columns[i].n) item->version_id = columns[i];
    }
    return item->bucket.n && item->key.n;
}

static str unquoted(str etag) { return etag.n > 1 && etag.p[0] == '"' ? str_take(str_skip(etag, 1), etag.n - 2) : etag; }

bool batch_etag_matches(str given, str have) { return str_eq(unquoted(given), unquoted(have)); }
