#include "cloud/form.h"

#include "auth/fault.h"
#include "auth/post_policy.h"
#include "sys/sys.h"
#include "text/form.h"
#include "text/multipart.h"
#include "text/xml.h"

enum { FIELDS_MAX = 200 };

struct form_upload {
    struct multipart *parts;
    struct form_field fields[FIELDS_MAX];
    size_t n;
    bool has_file, too_many;
    str key, tagging;
    struct post_policy_verdict verdict;
};

static const struct error malformed = {"MalformedPOSTRequest", NULL, 400, WIRE_NONE, true};
static const struct error invalid_argument = {"InvalidArgument", NULL, 400, WIRE_NONE, true};
static const struct error fields_too_long = {"MaxPostPreDataLengthExceededError", NULL, 400, WIRE_NONE, true};
static const struct error too_small = {"EntityTooSmall", NULL, 400, WIRE_NONE, true};
static const struct error too_large = {"EntityTooLarge", NULL, 400, WIRE_NONE, true};

static str field_of(const struct form_upload *u, const char *name) {
    for (size_t i = 0; i < u->n; i++)
        if (str_eq_nocase(u->fields[i].name, str_of(name))) return u->fields[i].value;
    return (str){0};
}

static void add_field(struct form_upload *u, str name, str value) {
    if (u->n == FIELDS_MAX) u->too_many = true;
    else u->fields[u->n++] = (struct form_field){name, value};
}

static void field_set(struct form_upload *u, const char *name, str value) {
    bool found = false;
    for (size_t i = 0; i < u->n; i++)
        if (str_eq_nocase(u->fields[i].name, str_of(name))) {
            u->fields[i].value = value;
            found = true;
        }
    if (!found) add_field(u, str_of(name), value);
}

/* The field without which a policy is not signed, if the form lacks it. */
static const char *missing_credential(const struct form_upload *u) {
    if (!field_of(u, "policy").p) return NULL;
    if (field_of(u, "x-amz-credential").p) return field_of(u, "x-amz-signature").p ? NULL : "X-Amz-Signature";
    if (!field_of(u, "awsaccesskeyid").p) return "AWSAccessKeyId";
    return field_of(u, "signature").p ? NULL : "Signature";
}

/* Refuses and hears no more. */
static void stop(struct flight *f, err e, str message) {
    f->stage = STAGE_ENCODE;
    f->error = e;
    f->message = message;
    flight_resume(f);
}

/* ---- what the multipart reader finds ---- */

static void on_field(void *context, str name, str value) {
    struct flight *f = context;
    if (!f->form->has_file) add_field(f->form, name, value);
}

/* The credential of the form, as a claim. */
static void read_claim(struct flight *f) {
    const struct form_upload *u = f->form;
    struct auth_claim *c = &f->claim;
    *c = (struct auth_claim){.form = AUTH_ANONYMOUS, .payload = AUTH_PAYLOAD_UNSIGNED, .expires_s = -1};
    str scope = field_of(u, "x-amz-credential"), version_2 = field_of(u, "awsaccesskeyid");
    if (!field_of(u, "policy").p) return;
    if (version_2.p) {
        c->form = AUTH_V2_QUERY;
        c->access_key = version_2;
        c->signature = field_of(u, "signature");
        c->session_token = field_of(u, "x-amz-security-token");
    }
    if (!scope.p) return;
    c->form = AUTH_V4_QUERY;
    c->access_key = str_cut(&scope, '/');
    c->date = str_cut(&scope, '/');
    c->region = str_cut(&scope, '/');
    c->service = str_cut(&scope, '/');
    c->signature = field_of(u, "x-amz-signature");
    c->session_token = field_of(u, "x-amz-security-token");
}

/* ---- tags: a form has them as XML, PutObject as pairs ---- */

static void read_tag(struct xml_reader *r, struct buf *pairs) {
    struct xml_element e;
    str key = {0}, value = S("");
    while (xml_child(r, &e))
        if (str_eq(e.name, S("Key"))) key = xml_text(r);
        else if (str_eq(e.name, S("Value"))) value = xml_text(r);
        else xml_skip(r);
    if (key.p) form_write(pairs, key, value);
    else if (!r->problem) r->problem = "a tag without Key";
}

/* <Tagging><TagSet><Tag><Key/><Value/></Tag>..; false: it is none. */
static bool read_tagging(struct arena *a, str text, struct buf *pairs) {
    struct xml_reader r = xml_reader_new(a, text, xml_default_limits);
    struct xml_element root, set, tag;
    bool read = xml_root(&r, &root) && str_eq(root.name, S("Tagging"));
    while (read && xml_child(&r, &set)) {
        read = str_eq(set.name, S("TagSet"));
        while (read && xml_child(&r, &tag)) read_tag(&r, pairs);
    }
    return read && xml_done(&r);
}

static bool tags_to_header(struct flight *f) {
    str text = field_of(f->form, "tagging");
    if (!text.p) return true;
    struct buf pairs = buf_new(f->arena, text.n);
    if (!read_tagging(f->arena, text, &pairs)) {
        stop(f, &cloud_malformed_xml, S(CLOUD_MALFORMED_XML));
        return false;
    }
    f->form->tagging = buf_str(&pairs);
    return true;
}

static void on_file(void *context, str name, str filename, str content_type) {
    struct flight *f = context;
    struct form_upload *u = f->form;
    (void)name;
    u->has_file = true;
    if (!field_of(u, "content-type").p && content_type.n) add_field(u, S("x-ignore-file-type"), content_type);
    u->key = field_of(u, "key");
    if (!u->key.n) {
        fail_detail(&f->call, S("ArgumentName"), S("key"));
        fail_detail(&f->call, S("ArgumentValue"), S(""));
        stop(f, &invalid_argument,
             S("Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields."));
        return;
    }
    size_t at = str_find(u->key, S("${filename}"));
    if (at != STR_NONE) {
        size_t slash = str_rfind_char(filename, '/'), back = str_rfind_char(filename, '\\');
        if (slash != STR_NONE) filename = str_skip(filename, slash + 1);
        else if (back != STR_NONE) filename = str_skip(filename, back + 1);
        str tail = str_skip(u->key, at + S("${filename}").n);
        u->key = arena_concat(f->arena, arena_concat(f->arena, str_take(u->key, at), filename), tail);
        field_set(u, "key", u->key); /* the policy's conditions are of the key as it will be */
    }
    const char *missing = missing_credential(u);
    if (missing) {
        fail_detail(&f->call, S("ArgumentName"), str_of(missing));
        fail_detail(&f->call, S("ArgumentValue"), S(""));
        stop(f, &invalid_argument,
             arena_format(f->arena, "Bucket POST must contain a field named '%s'.  If it is specified, please check the order of the fields.",
                          missing));
        return;
    }
    if (!tags_to_header(f)) return;
    str bucket = str_skip(f->path, 1);
    bucket = str_take(bucket, MIN(str_find_char(bucket, '/'), bucket.n));
    field_set(u, "bucket", bucket); /* the one that is written to, whatever a field of that name says */
    read_claim(f);
    flight_resume(f); /* identify .. receive, which opens the intake */
}

static void on_file_bytes(void *context, str bytes) {
    struct flight *f = context;
    if (f->intake) intake_bytes(f, bytes);
}

/* ---- the way in ---- */

bool form_upload_owns(const struct flight *f) {
    return f->s3 && str_eq(f->request->method, S("POST")) && multipart_boundary(http_header_get(f->request, S("content-type"))).n;
}

enum step form_upload_start(struct flight *f) {
    const struct wire_service *w = f->service->wire;
    f->form = NEW(f->arena, struct form_upload);
    f->form->verdict.max_bytes = -1; /* without a policy (nobody, into a bucket open to all) nothing limits it */
    struct multipart_events events = {on_field, on_file, on_file_bytes, f};
    f->form->parts = multipart_new(f->arena, multipart_boundary(http_header_get(f->request, S("content-type"))), events);
    for (u16 i = 0; i < w->op_count; i++)
        if (str_eq(wire_text(w, w->ops[i].name), S("PutObject"))) {
            f->op = &w->ops[i];
            f->op_index = i;
        }
    ASSERT(f->op);
    f->stage = STAGE_IDENTIFY;
    http_receive_body(f->exchange, UINT64_MAX);
    return STEP_LATER; /* on_file goes on */
}

void form_upload_bytes(struct flight *f, str bytes) {
    if (f->answered) return;
    enum multipart_result r = multipart_add(f->form->parts, bytes);
    if (f->answered) return;
    if (r == MULTIPART_BROKEN) stop(f, &malformed, S("The body of your POST request is not well-formed multipart/form-data."));
    else if (r == MULTIPART_TOO_LONG || f->form->too_many)
        stop(f, &fields_too_long, S("Your POST request fields preceding the upload file were too large."));
}

void form_upload_end(struct flight *f) {
    if (f->answered) return;
    if (!f->form->has_file) {
        fail_detail(&f->call, S("ArgumentName"), S("file"));
        fail_detail(&f->call, S("ArgumentValue"), S("0"));
        stop(f, &invalid_argument, S("POST requires exactly one file upload per request."));
    } else if (multipart_add(f->form->parts, S("")) != MULTIPART_END) {
        stop(f, &malformed, S("The body of your POST request is not well-formed multipart/form-data."));
    } else if (f->intake) {
        intake_end(f);
    }
}

enum step form_upload_identify(struct flight *f, str secret) {
    struct form_upload *u = f->form;
    str policy = field_of(u, "policy"), document;
    const struct auth_claim *c = &f->claim;
    bool right;
    if (c->form == AUTH_V2_QUERY) {
        right = sigv2_check_policy(secret, policy, c->signature, f->arena);
    } else {
        f->signing_key = *sigv4_cache_get(f->cache->signing_keys, store_epoch(f->cloud->store), c->access_key, secret,
                                          c->date, c->region, c->service);
        right = sigv4_check_policy(&f->signing_key, policy, c->signature);
    }
    if (!right) {
        struct auth_fault fault = auth_fault_of(AUTH_FAULT_WRONG_SIGNATURE, AUTH_BY_S3, (str){0}, (str){0}, f->arena);
        return flight_refuse(f, flight_error(f, fault.code, fault.status), fault.message);
    }
    if (!base64_decode(f->arena, policy, &document))
        return flight_refuse(f, flight_error(f, S("InvalidPolicyDocument"), 400), S("Invalid Policy: Invalid Base64 encoding."));
    u->verdict = post_policy_check(document, u->fields, u->n, sys_wall_ms(), f->arena);
    if (u->verdict.code.p)
        return flight_refuse(f, flight_error(f, u->verdict.code, str_eq(u->verdict.code, S("AccessDenied")) ? 403 : 400), u->verdict.message);
    return STEP_NEXT;
}

/* Fields that PutObject knows as headers. */
static str header_of_field(str name) {
    static const char *const same[] = {"content-type", "cache-control", "content-disposition", "content-encoding", "expires"};
    for (size_t i = 0; i < LENGTH(same); i++)
        if (str_eq_nocase(name, str_of(same[i]))) return str_of(same[i]);
    if (str_eq_nocase(name, S("acl"))) return S("x-amz-acl");
    if (str_eq_nocase(name, S("x-ignore-file-type"))) return S("content-type");
    static const char *const not_ours[] = {"x-amz-signature", "x-amz-credential", "x-amz-algorithm", "x-amz-date", "x-amz-security-token"};
    for (size_t i = 0; i < LENGTH(not_ours); i++)
        if (str_eq_nocase(name, str_of(not_ours[i]))) return (str){0};
    return name.n > 6 && str_eq_nocase(str_take(name, 6), S("x-amz-")) ? name : (str){0};
}

void form_upload_message(struct flight *f, struct wire_message *m) {
    const struct form_upload *u = f->form;
    struct wire_header *headers = NEW_ARRAY(f->arena, struct wire_header, u->n + 1);
    size_t n = 0;
    for (size_t i = 0; i < u->n; i++) {
        str name = header_of_field(u->fields[i].name);
        if (name.p) headers[n++] = (struct wire_header){name, u->fields[i].value};
    }
    if (u->tagging.n) headers[n++] = (struct wire_header){S("x-amz-tagging"), u->tagging};
    m->method = S("PUT");
    m->path = arena_format(f->arena, "/%.*s/%.*s", STR_ARGS(field_of(u, "bucket")), STR_ARGS(percent_encode(f->arena, u->key, true)));
    m->query = (str){0};
    m->headers = headers;
    m->header_count = n;
}

err form_upload_check_length(struct flight *f, u64 length) {
    const struct post_policy_verdict *v = &f->form->verdict;
    if (length < (u64)v->min_bytes) {
        fail_detail(&f->call, S("ProposedSize"), arena_format(f->arena, "%llu", (unsigned long long)length));
        fail_detail(&f->call, S("MinSizeAllowed"), arena_format(f->arena, "%lld", (long long)v->min_bytes));
        return fail(&f->call, &too_small, "Your proposed upload is smaller than the minimum allowed size");
    }
    if (v->max_bytes >= 0 && length > (u64)v->max_bytes) {
        fail_detail(&f->call, S("ProposedSize"), arena_format(f->arena, "%llu", (unsigned long long)length));
        fail_detail(&f->call, S("MaxSizeAllowed"), arena_format(f->arena, "%lld", (long long)v->max_bytes));
        return fail(&f->call, &too_large, "Your proposed upload exceeds the maximum allowed size");
    }
    return NULL;
}

/* ---- the answer: 204, or as success_action_status and success_action_redirect ask ---- */

bool form_upload_answer(struct flight *f, const struct wire_message *m, const struct http_header *headers, size_t n) {
    if (f->error) return false;
    const struct form_upload *u = f->form;
    str bucket = field_of(u, "bucket"), status = field_of(u, "success_action_status");
    str redirect = field_of(u, "success_action_redirect"), etag = {0};
    if (!redirect.n) redirect = field_of(u, "redirect");
    struct http_header *all = NEW_ARRAY(f->arena, struct http_header, n + 2);
    memcpy(all, headers, n * sizeof *headers);
    for (size_t i = 0; i < m->header_count; i++)
        if (str_eq_nocase(m->headers[i].name, S("etag"))) etag = m->headers[i].value;
    str path = percent_encode(f->arena, u->key, true);
    str location = arena_format(f->arena, "%.*s/%.*s/%.*s", STR_ARGS(f->call.base_url), STR_ARGS(bucket), STR_ARGS(path));
    if (redirect.n) {
        const char *join = str_find_char(redirect, '?') == STR_NONE ? "?" : "&";
        location = arena_format(f->arena, "%.*s%sbucket=%.*s&key=%.*s&etag=%.*s", STR_ARGS(redirect), join, STR_ARGS(bucket),
                                STR_ARGS(percent_encode(f->arena, u->key, false)), STR_ARGS(percent_encode(f->arena, etag, false)));
        all[n++] = (struct http_header){S("Location"), location};
        http_respond(f->exchange, 303, all, n, S(""));
        return true;
    }
    all[n++] = (struct http_header){S("Location"), location};
    if (!str_eq(status, S("201"))) {
        http_respond(f->exchange, str_eq(status, S("200")) ? 200 : 204, all, n, S(""));
        return true;
    }
    all[n++] = (struct http_header){S("Content-Type"), S("application/xml")};
    str quoted = etag.n >= 2 ? str_take(str_skip(etag, 1), etag.n - 2) : etag;
    struct buf body = buf_new(f->arena, 16 << 10);
    buf_add(&body, S("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PostResponse><Location>"));
    buf_add(&body, location);
    buf_add(&body, S("</Location><Bucket>"));
    buf_add(&body, bucket);
    buf_add(&body, S("</Bucket><Key>"));
    xml_write_text(&body, u->key);
    buf_format(&body, "</Key><ETag>&quot;%.*s&quot;</ETag></PostResponse>", STR_ARGS(quoted));
    http_respond(f->exchange, 201, all, n, buf_str(&body));
    return true;
}
