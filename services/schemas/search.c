/* SearchSchemas: schemas whose name or content has all the words. */
#include "schemas.h"

enum { WORDS_MAX = 20 };

struct words {
    str v[WORDS_MAX];
    u32 n;
};

static char lower(char ch) { return ch >= 'A' && ch <= 'Z' ? (char)(ch - 'A' + 'a') : ch; }

static str lowered(struct arena *a, str s) {
    struct buf b = buf_new(a, s.n + 1);
    for (size_t i = 0; i < s.n; i++) buf_char(&b, lower(s.p[i]));
    return b.n ? buf_str(&b) : S("");
}

static bool has_all(const struct words *w, str name, str content) {
    for (u32 i = 0; i < w->n; i++)
        if (str_find(name, w->v[i]) == STR_NONE && str_find(content, w->v[i]) == STR_NONE) return false;
    return true;
}

static struct schemas_list_of_search_schema_version_summary matching(struct call *c, const struct words *w, const struct schema *s) {
    struct schemas_list_of_search_schema_version_summary list = {.v = NEW_ARRAY(c->arena, struct schemas_search_schema_version_summary, (u32)s->versions + 1), .set = true};
    struct range rows = versions_of(c, s, 0);
    str key, row, name = lowered(c->arena, s->name);
    struct schema_version v;
    while (range_next(&rows, &key, &row)) {
        version_decode(c->arena, key, row, &v);
        if (!has_all(w, name, lowered(c->arena, v.content))) continue;
        list.v[list.n++] = (struct schemas_search_schema_version_summary){.created_date = SOME_TIME(v.created_ms), .schema_version = version_name(c->arena, v.number), .type = v.type};
    }
    return list;
}

err schemas_search_schemas(struct call *c, const struct schemas_search_schemas_request *in, struct schemas_search_schemas_response *out) {
    struct registry r;
    struct schema s;
    struct words words = {.n = 0};
    str position, key, row, rest = lowered(c->arena, in->keywords);
    u32 max;
    TRY(registry_open(c, in->registry_name, &r));
    TRY(schemas_page(c, in->next_token, in->limit, &position, &max));
    while (rest.p && words.n < WORDS_MAX) {
        str word = str_cut(&rest, ' ');
        if (word.n) words.v[words.n++] = word;
    }
    if (!words.n) return refuse(c, &schemas_bad_request_exception, "Keywords must not be empty.");
    out->schemas.v = NEW_ARRAY(c->arena, struct schemas_search_schema_summary, max);
    out->schemas.set = true;
    struct range rows = schemas_of(c, r.name, position);
    while (range_next(&rows, &key, &row)) {
        schema_decode(c->arena, key, row, &s);
        if (out->schemas.n == max) {
            out->next_token = page_token(c, s.name);
            break;
        }
        struct schemas_list_of_search_schema_version_summary versions = matching(c, &words, &s);
        if (!versions.n) continue;
        out->schemas.v[out->schemas.n++] = (struct schemas_search_schema_summary){.registry_name = r.name, .schema_arn = schema_arn(c, r.name, s.name), .schema_name = s.name,
                                                                                  .schema_versions = versions};
    }
    return NULL;
}
