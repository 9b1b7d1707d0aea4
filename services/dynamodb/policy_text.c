/* The text of a resource policy: read as AWS reads it, with its words for what is wrong, and kept in one form. As there
 * white space goes, members stand in one order, a list of one is its element, and an account is its root: two texts
 * that say the same in these ways are one policy. */
#include "services/dynamodb/dynamodb.h"

#include "auth/policy.h"
#include "cloud/policy_principal.h"
#include "text/json.h"

#define INVALID "One or more parameter values were invalid: "
#define INVALID_DOCUMENT INVALID "Invalid policy document: "
enum { POLICY_MAX = 20480, STATEMENTS_MAX = 256, ACCOUNT_DIGITS = 12 };

enum part { SID, EFFECT, PRINCIPAL, NOT_PRINCIPAL, ACTION, NOT_ACTION, RESOURCE, NOT_RESOURCE, CONDITION, PARTS };
static const char *const part_names[] = {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"};
struct statement {
    str of[PARTS]; /* JSON as it was written; absent: the member is */
};

static struct json_reader reader(struct arena *a, str text) { return json_reader_new(a, text, json_default_limits); }

static bool is_account(str text) {
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < '0' || text.p[i] > '9') return false;
    return text.n == ACCOUNT_DIGITS;
}

/* ---- written ---- */

static void write_value(struct json_reader *r, struct buf *b, bool principals);

static void write_list(struct json_reader *r, struct buf *b, bool principals) {
    struct buf items = buf_new(r->arena, POLICY_MAX * 4);
    u32 n = 0;
    json_write_array(&items);
    bool more = json_read_array(r);
    while (more && json_read_item(r)) {
        write_value(r, &items, principals);
        n++;
    }
    json_write_array_end(&items);
    str text = buf_str(&items);
    json_write_raw(b, n == 1 ? (str){text.p + 1, text.n - 2} : text);
}

static void write_members(struct json_reader *r, struct buf *b, bool principals) {
    str key;
    json_write_object(b);
    bool more = json_read_object(r);
    while (more && json_read_key(r, &key)) {
        json_write_key(b, key);
        write_value(r, b, principals);
    }
    json_write_object_end(b);
}

/* Without white space; a list of one as its element. */
static void write_value(struct json_reader *r, struct buf *b, bool principals) {
    enum json_type type = json_peek(r);
    str text;
    if (type == JSON_OBJECT) {
        write_members(r, b, principals);
    } else if (type == JSON_ARRAY) {
        write_list(r, b, principals);
    } else if (type == JSON_STRING && principals) {
        if (!json_read_string(r, &text)) return;
        json_write_string(b, is_account(text) ? arena_format(r->arena, "arn:aws:iam::%.*s:root", STR_ARGS(text)) : text);
    } else if (json_read_raw(r, &text)) {
        json_write_raw(b, text);
    }
}

static void write_statement(struct arena *a, struct buf *b, const struct statement *s) {
    json_write_object(b);
    for (int i = 0; i < PARTS; i++) {
        if (!s->of[i].p) continue;
        struct json_reader r = reader(a, s->of[i]);
        json_write_key(b, str_of(part_names[i]));
        write_value(&r, b, i == PRINCIPAL || i == NOT_PRINCIPAL);
    }
    json_write_object_end(b);
}

/* ---- read ---- */

static bool read_statement(struct json_reader *r, struct statement *s) {
    str key, value;
    bool known = true;
    *s = (struct statement){0};
    bool more = json_read_object(r);
    while (more && json_read_key(r, &key)) {
        int i = 0;
        if (!json_read_raw(r, &value)) break;
        while (i < PARTS && !str_eq(key, str_of(part_names[i]))) i++;
        if (i < PARTS) s->of[i] = value;
        else known = false;
    }
    return known;
}

struct document {
    str version, id;
    struct statement *statements;
    u32 n;
    bool plain; /* nothing else is in it */
};

static bool read_document(struct arena *a, str text, struct document *d) {
    struct json_reader r = reader(a, text);
    str key;
    *d = (struct document){.statements = NEW_ARRAY(a, struct statement, STATEMENTS_MAX), .plain = true};
    bool more = json_read_object(&r);
    while (more && d->n < STATEMENTS_MAX && json_read_key(&r, &key)) {
        if (str_eq(key, S("Version"))) {
            if (!json_read_string(&r, &d->version)) break;
        } else if (str_eq(key, S("Id"))) {
            if (!json_read_string(&r, &d->id)) break;
        } else if (!str_eq(key, S("Statement"))) {
            d->plain = false;
            json_skip(&r);
        } else if (json_peek(&r) == JSON_OBJECT) {
            d->plain &= read_statement(&r, &d->statements[d->n++]);
        } else {
            bool items = json_read_array(&r);
            while (items && d->n < STATEMENTS_MAX && json_read_item(&r)) d->plain &= read_statement(&r, &d->statements[d->n++]);
        }
    }
    return json_done(&r);
}

static bool sids_differ(const struct document *d) {
    for (u32 i = 0; i < d->n; i++)
        for (u32 k = 0; k < i; k++)
            if (d->statements[i].of[SID].p && str_eq(d->statements[i].of[SID], d->statements[k].of[SID])) return false;
    return true;
}

static bool is_streams(str action) {
    return str_eq(action, S("dynamodb:DescribeStream")) || str_eq(action, S("dynamodb:GetRecords")) || str_eq(action, S("dynamodb:GetShardIterator"));
}

/* Those of other services, and of a stream where a table has the policy. */
static void note_foreign(str action, bool of_stream, struct buf *b) {
    if (str_eq(action, S("*")) || (str_starts(action, S("dynamodb:")) && (of_stream || !is_streams(action)))) return;
    buf_format(b, "%s\"%.*s\"", b->n ? ", " : "", STR_ARGS(action));
}

static str foreign_actions(struct arena *a, const struct document *d, bool of_stream) {
    struct buf b = buf_new(a, POLICY_MAX * 4);
    str action;
    for (u32 i = 0; i < d->n; i++) {
        struct json_reader r = reader(a, d->statements[i].of[ACTION].p ? d->statements[i].of[ACTION] : S("[]"));
        if (json_peek(&r) == JSON_STRING) {
            if (json_read_string(&r, &action)) note_foreign(action, of_stream, &b);
            continue;
        }
        bool items = json_read_array(&r);
        while (items && json_read_item(&r) && json_read_string(&r, &action)) note_foreign(action, of_stream, &b);
    }
    return buf_str(&b);
}

static err check(struct call *c, const struct document *d, bool of_stream) {
    if (!d->n) return fail(c, &cloud_validation, INVALID_DOCUMENT "Could not parse the policy: Statement is empty!");
    for (u32 i = 0; i < d->n; i++) {
        const str *of = d->statements[i].of;
        const char *missing = !of[EFFECT].p ? "Effect" : !of[RESOURCE].p && !of[NOT_RESOURCE].p ? "Resource" : NULL;
        if (missing) return fail(c, &cloud_validation, INVALID_DOCUMENT "Missing required field %s", missing);
    }
    if (!sids_differ(d)) return fail(c, &cloud_validation, INVALID_DOCUMENT "The Statement Ids in the policy are not unique");
    str foreign = foreign_actions(c->arena, d, of_stream);
    return foreign.n ? fail(c, &cloud_validation, INVALID_DOCUMENT "The following action names are invalid: %.*s", STR_ARGS(foreign)) : NULL;
}

static str one_form(struct arena *a, const struct document *d) {
    struct buf b = buf_new(a, POLICY_MAX * 4);
    json_write_object(&b);
    json_write_member(&b, S("Version"), d->version.p ? d->version : S("2008-10-17"));
    if (d->id.p) {
        json_write_member(&b, S("Id"), d->id);
    }
    json_write_key(&b, S("Statement"));
    json_write_array(&b);
    for (u32 i = 0; i < d->n; i++) write_statement(a, &b, &d->statements[i]);
    json_write_array_end(&b);
    json_write_object_end(&b);
    return buf_str(&b);
}

err ddb_policy_form(struct call *c, str text, bool of_stream, str *form) {
    struct document d;
    str problem;
    if (text.n > POLICY_MAX) return fail(c, &cloud_validation, INVALID "Maximum policy size of %d bytes exceeded", POLICY_MAX);
    if (str_eq(text, S("{}"))) return fail(c, &cloud_validation, INVALID_DOCUMENT "Syntax error at position (1,3)");
    if (str_eq(text, S("null"))) return fail(c, &cloud_validation, INVALID_DOCUMENT "This text appears not to be a policy");
    if (!read_document(c->arena, text, &d)) return fail(c, &cloud_validation, INVALID_DOCUMENT "This policy contains invalid Json");
    if (d.plain) TRY(check(c, &d, of_stream));
    const struct policy *p = policy_compile(text, POLICY_RESOURCE, c->arena, &problem);
    if (!p) return fail(c, &cloud_validation, INVALID_DOCUMENT "%.*s", STR_ARGS(problem));
    if (policy_is_public(p))
        return fail(c, &cloud_validation, "Resource-based policy grants unbounded access in one or more elements. Please revise the policy to ensure "
                                          "least-privilege form of access");
    *form = d.plain ? one_form(c->arena, &d) : text;
    return NULL;
}

err ddb_policy_read(struct call *c, str text, bool of_stream, str *bound) {
    str form;
    TRY(ddb_policy_form(c, text, of_stream, &form));
    return policy_principals_bind(c, form, bound, NULL) ? NULL : fail(c, &cloud_validation, INVALID "Invalid principal in policy document.");
}
