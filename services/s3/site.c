/* A bucket as a website, served: index documents, redirects, routing rules, error documents and S3's own pages. Objects
 * are read as GetObject reads them, by nobody: the gate decides about each. DIFFERS: one endpoint is that of every region,
 * and no host that is a bucket's own name (a CNAME) is known. */
#include "cloud/page.h"
#include "services/s3/config.h"

struct visit {
    struct call *c;
    const struct site_request *request;
    struct site_answer *answer;
    struct s3_get_object_request in;
    struct s3_website_configuration website;
    struct s3_get_object_output *out;
};

/* facts.c has them by the gate's name. */
err s3_get_object_facts(struct call *c, const struct s3_get_object_request *in, struct auth_facts *facts);

/* The object of a key, and nothing left of the attempt before it. */
static err read_key(struct visit *v, str key) {
    struct call *c = v->c;
    struct auth_facts facts = {0};
    c->error_details = c->answer_headers = (struct record_pairs){0};
    c->status = 0;
    v->in.key = key;
    v->out = NEW(c->arena, struct s3_get_object_output);
    c->resource_arn = s3_object_arn(c, v->in.bucket, key);
    TRY(s3_get_object_facts(c, &v->in, &facts));
    if (!may_with(c, S("s3:GetObject"), c->resource_arn, &facts)) return deny(c, S("s3:GetObject"), c->resource_arn);
    return s3_get_object(c, &v->in, v->out);
}

static void show_object(struct visit *v, int status) {
    v->answer->status = v->c->status ? v->c->status : status;
    v->answer->out = v->out;
}

/* ---- S3's own pages ---- */

static str escaped(struct call *c, str text) {
    struct buf b = buf_new(c->arena, 6 * text.n + 1);
    for (size_t i = 0; i < text.n; i++) switch (text.p[i]) {
        case '<': buf_add(&b, S("&lt;")); break;
        case '>': buf_add(&b, S("&gt;")); break;
        case '&': buf_add(&b, S("&amp;")); break;
        case '"': buf_add(&b, S("&quot;")); break;
        default: buf_char(&b, text.p[i]);
        }
    return buf_str(&b);
}

static str title(struct call *c, int status) {
    static const struct {
        int status;
        const char *text;
    } titles[] = {{302, "302 Found"},
                  {400, "400 Bad Request"},
                  {403, "403 Forbidden"},
                  {404, "404 Not Found"},
                  {405, "405 Method Not Allowed"},
                  {412, "412 Precondition Failed"},
                  {416, "416 Requested Range Not Satisfiable"}};
    for (size_t i = 0; i < LENGTH(titles); i++)
        if (titles[i].status == status) return str_of(titles[i].text);
    return arena_format(c->arena, "%d", status);
}

static void list_problem(struct call *c, struct buf *b, err e) {
    str message = escaped(c, c->error_message);
    buf_format(b, "<ul>\n<li>Code: %s</li>\n<li>Message: %.*s</li>\n", e->code, STR_ARGS(message));
    for (u32 i = 0; i < c->error_details.n; i++) {
        str value = escaped(c, c->error_details.v[i].value);
        buf_format(b, "<li>%.*s: %.*s</li>\n", STR_ARGS(c->error_details.v[i].key), STR_ARGS(value));
    }
}

/* What went wrong also stands in headers, so that a custom document does not hide it. */
static void tell_problem(struct call *c, err e) {
    answer_header(c, S("x-amz-error-code"), str_of(e->code));
    answer_header(c, S("x-amz-error-message"), c->error_message);
    for (u32 i = 0; i < c->error_details.n; i++)
        answer_header(c, arena_concat(c->arena, S("x-amz-error-detail-"), c->error_details.v[i].key),
                      percent_encode(c->arena, c->error_details.v[i].value, true));
}

static struct buf page_begin(struct call *c, err e) {
    enum { PAGE_MAX = 64 << 10 };
    struct buf b = buf_new(c->arena, PAGE_MAX);
    str head = title(c, e->status);
    buf_format(&b, "<html>\n<head><title>%.*s</title></head>\n<body>\n<h1>%.*s</h1>\n", STR_ARGS(head), STR_ARGS(head));
    list_problem(c, &b, e);
    buf_format(&b, "<li>RequestId: %.*s</li>\n<li>HostId: %.*s</li>\n</ul>\n", STR_ARGS(c->request_id), STR_ARGS(c->host_id));
    return b;
}

static void page_end(struct visit *v, struct buf *b, int status) {
    buf_add(b, S("<hr/>\n</body>\n</html>\n"));
    v->answer->status = status;
    v->answer->page = buf_str(b);
}

static void show_problem(struct visit *v, err e) {
    struct buf page = page_begin(v->c, e);
    v->c->answer_headers = (struct record_pairs){0};
    tell_problem(v->c, e);
    v->answer->error = e;
    page_end(v, &page, e->status);
}

/* ---- redirects ---- */

static void redirect_to(struct visit *v, int status, str location) {
    answer_header(v->c, S("Location"), location);
    v->answer->status = status;
}

static str with_query(struct visit *v, str location) {
    str query = v->request->query;
    return query.n ? arena_format(v->c->arena, "%.*s?%.*s", STR_ARGS(location), STR_ARGS(query)) : location;
}

static void redirect_by(struct visit *v, const struct s3_routing_rule *rule) {
    const struct s3_redirect *to = rule->redirect;
    struct call *c = v->c;
    i64 status = 301;
    str scheme = to->protocol.n ? to->protocol : v->request->scheme, host = to->host_name.n ? to->host_name : v->request->host;
    str prefix = rule->condition ? rule->condition->key_prefix_equals : (str){0};
    str path = percent_encode(c->arena, v->request->path, true);
    if (to->replace_key_with.p) path = to->replace_key_with;
    else if (to->replace_key_prefix_with.p)
        path = arena_concat(c->arena, to->replace_key_prefix_with, percent_encode(c->arena, str_skip(v->request->path, prefix.n), true));
    if (to->http_redirect_code.n) (void)str_to_i64(to->http_redirect_code, &status);
    c->error_details = c->answer_headers = (struct record_pairs){0};
    redirect_to(v, (int)status, with_query(v, arena_format(c->arena, "%.*s://%.*s/%.*s", STR_ARGS(scheme), STR_ARGS(host), STR_ARGS(path))));
}

/* The first rule that holds, for a request (status 0) or for what came of it. */
static bool redirected(struct visit *v, int status) {
    for (u32 i = 0; i < v->website.routing_rules.n; i++) {
        const struct s3_routing_rule *rule = &v->website.routing_rules.v[i];
        str code = rule->condition ? rule->condition->http_error_code_returned_equals : (str){0};
        str prefix = rule->condition ? rule->condition->key_prefix_equals : (str){0};
        i64 wanted = 0;
        if (code.n && !str_to_i64(code, &wanted)) continue;
        if (wanted != status || (prefix.p && !str_starts(v->request->path, prefix))) continue;
        redirect_by(v, rule);
        return true;
    }
    return false;
}

static void redirect_all(struct visit *v) {
    const struct s3_redirect_all_requests_to *to = v->website.redirect_all_requests_to;
    str scheme = to->protocol.n ? to->protocol : v->request->scheme, path = percent_encode(v->c->arena, v->request->path, true);
    redirect_to(v, 301, with_query(v, arena_format(v->c->arena, "%.*s://%.*s/%.*s", STR_ARGS(scheme), STR_ARGS(to->host_name), STR_ARGS(path))));
}

/* ---- a visit ---- */

static bool is_directory(str path) { return !path.n || path.p[path.n - 1] == '/'; }

/* "/docs" where there is "docs/index.html": the browser is sent to "/docs/". */
static bool sent_to_directory(struct visit *v) {
    struct call *c = v->c;
    str path = v->request->path;
    if (is_directory(path)) return false;
    str index = arena_format(c->arena, "%.*s/%.*s", STR_ARGS(path), STR_ARGS(v->website.index_document->suffix));
    if (read_key(v, index)) return false;
    static const struct error found = {"Found", NULL, 302, WIRE_NONE, false};
    c->error_details = c->answer_headers = (struct record_pairs){0};
    show_problem(v, fail(c, &found, "Resource Found"));
    v->answer->error = NULL;
    redirect_to(v, found.status, arena_format(c->arena, "/%.*s/", STR_ARGS(percent_encode(c->arena, path, true))));
    return true;
}

/* The page that the bucket has for errors, under the error's status; S3's own where that is missing too. */
static void show_error_document(struct visit *v, err e) {
    struct call *c = v->c;
    struct buf page = page_begin(c, e);
    struct record_pairs details = c->error_details;
    str message = c->error_message;
    v->in.range = v->in.if_match = v->in.if_none_match = (str){0};
    v->in.if_modified_since = v->in.if_unmodified_since = (struct opt_time){0};
    err missing = read_key(v, v->website.error_document->key);
    if (missing) {
        buf_add(&page, S("<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>\n"));
        list_problem(c, &page, missing);
        buf_add(&page, S("</ul>\n"));
    }
    if (missing) c->answer_headers = (struct record_pairs){0};
    c->error_details = details;
    c->error_message = message;
    tell_problem(c, e);
    v->answer->error = e;
    if (missing) page_end(v, &page, e->status);
    else show_object(v, e->status);
}

static void show_failure(struct visit *v, err e) {
    struct call *c = v->c;
    struct record_pairs details = c->error_details;
    str message = c->error_message;
    if (e->status != 412 && sent_to_directory(v)) return;
    c->error_details = details; /* of the first attempt */
    c->error_message = message;
    if (redirected(v, e->status)) return;
    if (v->website.error_document && e->status >= 400 && e->status < 500) show_error_document(v, e);
    else show_problem(v, e);
}

static err open_website(struct visit *v) {
    struct bucket_row bucket;
    struct call *c = v->c;
    if (!s3_bucket_find(c, v->in.bucket, &bucket)) return s3_fail_no_bucket(c, v->in.bucket);
    if (s3_config_get(c, &bucket, S3_CONFIG_WEBSITE, &s3_website_record, &v->website)) return NULL;
    fail_detail(c, S("BucketName"), v->in.bucket);
    return fail(c, &s3_no_such_website_configuration, "The specified bucket does not have a website configuration");
}

static err method_check(struct visit *v) {
    str method = v->request->method;
    if (str_eq(method, S("GET")) || str_eq(method, S("HEAD"))) return NULL;
    fail_detail(v->c, S("Method"), method);
    fail_detail(v->c, S("ResourceType"), S("OBJECT"));
    return fail(v->c, &s3_method_not_allowed, "The specified method is not allowed against this resource.");
}

void s3_site(struct call *c, const struct site_request *r, struct site_answer *answer) {
    struct visit v = {.c = c, .request = r, .answer = answer, .in = *(const struct s3_get_object_request *)r->in};
    err e = method_check(&v);
    if (!e) e = open_website(&v);
    if (e) {
        show_problem(&v, e);
        return;
    }
    if (v.website.redirect_all_requests_to) {
        redirect_all(&v);
        return;
    }
    if (redirected(&v, 0)) return;
    e = read_key(&v, is_directory(r->path) ? arena_concat(c->arena, r->path, v.website.index_document->suffix) : r->path);
    if (e) show_failure(&v, e);
    else if (v.out->website_redirect_location.n) redirect_to(&v, 301, v.out->website_redirect_location);
    else show_object(&v, 200);
}
