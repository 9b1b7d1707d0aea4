/* What a grantee asks: credentials for a prefix that he was granted. They are a session of the location's role, narrowed
 * to the grant by a session policy. */
#include "services/s3/access_grant.h"

#include "text/json.h"

enum { SECONDS_MIN = 900, SECONDS_MAX = 43200, SECONDS_USUAL = 3600 };

static bool is_grantee(const struct call *c, const struct access_grant *g) {
    const struct principal *p = c->principal;
    return str_eq(p->arn, g->grantee) || (p->kind == PRINCIPAL_ROLE_SESSION && str_eq(p->session_issuer, g->grantee));
}

static str bare(str scope) { return str_ends(scope, S("*")) ? str_take(scope, scope.n - 1) : scope; }

static bool covers(const struct access_grant *g, str target, bool of_object, str permission) {
    bool within = g->of_object ? of_object && str_eq(target, g->scope) : str_starts(bare(target), bare(g->scope));
    return within && (str_eq(g->permission, permission) || str_eq(g->permission, S("READWRITE")));
}

/* ---- the session policy ---- */

static void actions(struct buf *b, const char *list) {
    str rest = str_of(list);
    json_write_key(b, S("Action"));
    json_write_array(b);
    while (rest.p) json_write_string(b, str_cut(&rest, ' '));
    json_write_array_end(b);
}

static void begin(struct buf *b) {
    json_write_object(b);
    json_write_member(b, S("Effect"), S("Allow"));
}

static void end(struct buf *b, str resource) {
    json_write_member(b, S("Resource"), resource);
    json_write_object_end(b);
}

/* The wildcards of policies, taken by their letters: of a scope only the last star is one. */
static str literal(struct call *c, str text) {
    struct buf b = buf_new(c->arena, text.n * 4 + 1);
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] == '*' || text.p[i] == '?' || text.p[i] == '$') buf_format(&b, "${%c}", text.p[i]);
        else buf_char(&b, text.p[i]);
    return buf_str(&b);
}

static str policy_of(struct call *c, str scope, str permission) {
    bool reads = !str_eq(permission, S("WRITE")), writes = !str_eq(permission, S("READ")), wild = str_ends(scope, S("*"));
    str key = str_skip(bare(scope), 5), bucket = str_cut(&key, '/');
    struct buf b = buf_new(c->arena, 32 << 10);
    str prefix = literal(c, key.p ? key : S(""));
    str objects = arena_format(c->arena, "arn:aws:s3:::%.*s/%.*s%s", STR_ARGS(bucket), STR_ARGS(prefix), wild ? "*" : "");
    json_write_object(&b);
    json_write_member(&b, S("Version"), S("2012-10-17"));
    json_write_key(&b, S("Statement"));
    json_write_array(&b);
    if (reads) {
        begin(&b);
        actions(&b, "s3:GetObject s3:GetObjectVersion s3:GetObjectAcl s3:GetObjectVersionAcl s3:ListMultipartUploadParts");
        end(&b, objects);
        begin(&b);
        actions(&b, "s3:ListBucket");
        json_write_key(&b, S("Condition"));
        json_write_raw(&b, S("{\"StringLike\":{\"s3:prefix\":"));
        json_write_string(&b, arena_format(c->arena, "%.*s%s", STR_ARGS(prefix), wild ? "*" : ""));
        buf_add(&b, S("}}"));
        end(&b, arena_concat(c->arena, S("arn:aws:s3:::"), bucket));
    }
    if (writes) {
        begin(&b);
        actions(&b, "s3:PutObject s3:PutObjectAcl s3:PutObjectVersionAcl s3:DeleteObject s3:DeleteObjectVersion s3:AbortMultipartUpload");
        end(&b, objects);
    }
    begin(&b);
    actions(&b, writes ? "kms:Decrypt kms:GenerateDataKey" : "kms:Decrypt");
    end(&b, S("*"));
    json_write_array_end(&b);
    json_write_object_end(&b);
    return buf_str(&b);
}

/* ---- GetDataAccess ---- */

/* Of several the one that says most. */
static bool grant_find(struct call *c, str target, bool of_object, str permission, struct access_grant *best) {
    struct range rows = access_grants(c);
    struct access_grant row;
    bool found = false;
    str key;
    while (access_grant_next(c, &rows, &key, &row)) {
        if (!is_grantee(c, &row) || !covers(&row, target, of_object, permission)) continue;
        if (!found || row.scope.n > best->scope.n) *best = row;
        found = true;
    }
    return found;
}

static err session_of(struct call *c, const struct grants_location *l, str policy, i64 seconds, struct credentials *made) {
    struct call *as = NEW(c->arena, struct call), *outer = NEW(c->arena, struct call);
    *outer = *c;
    outer->service = &s3_service;
    *as = *c;
    as->outer = outer;
    as->source_arn = grants_arn(c, "", S(""));
    as->notes = NULL;
    if (call_take_role_part(as, "access-grants", l->role))
        return grants_fail(c, "StsNotAuthorizedError", 403, "The role of the Access Grants Location cannot be assumed");
    struct principal session = *as->principal;
    session.session_name = arena_concat(c->arena, S("access-grants-"), id_uuid(c->arena));
    str base = str_take(session.arn, str_rfind_char(session.arn, '/') + 1), user = str_take(session.user_id, str_find_char(session.user_id, ':') + 1);
    session.arn = arena_concat(c->arena, base, session.session_name);
    session.user_id = arena_concat(c->arena, user, session.session_name);
    session.session_policy = policy;
    *made = session_issue(as, &session, seconds);
    return NULL;
}

err s3control_get_data_access(struct call *c, const struct s3control_get_data_access_request *in, struct s3control_get_data_access_result *out) {
    struct grants_instance instance;
    struct grants_location location;
    struct access_grant grant;
    struct credentials made;
    i64 seconds = in->duration_seconds.set ? in->duration_seconds.v : SECONDS_USUAL;
    bool of_object = str_eq(in->target_type, S("Object"));
    TRY(grants_open(c, in->account_id, &instance));
    str rest = str_skip(in->target, 5);
    if (!str_starts(in->target, S("s3://")) || !s3_bucket_name_valid(str_cut(&rest, '/')) || of_object == str_ends(in->target, S("*")))
        return fail(c, &s3control_invalid_request, "The target must be s3://bucket/prefix*, or of an object its key.");
    if (seconds < SECONDS_MIN || seconds > SECONDS_MAX) return fail(c, &s3control_invalid_request, "DurationSeconds must be between 900 and 43200.");
    if (!grant_find(c, in->target, of_object, in->permission, &grant) || !grants_location_get(c, grant.location, &location))
        return fail(c, &cloud_access_denied, "You do not have %.*s permissions to the requested S3 Prefix: %.*s", STR_ARGS(in->permission), STR_ARGS(in->target));
    str scope = str_eq(in->privilege, S("Minimal")) ? in->target : grant.scope;
    TRY(session_of(c, &location, policy_of(c, scope, in->permission), seconds, &made));
    out->credentials = NEW(c->arena, struct s3control_credentials);
    *out->credentials = (struct s3control_credentials){made.access_key, made.secret, made.session_token, SOME_TIME(made.expires_ms)};
    out->matched_grant_target = scope;
    out->grantee = grants_grantee(c, &grant);
    out->matched_instance_arn = grants_arn(c, "", S(""));
    return NULL;
}

/* ---- what else a grantee may look at ---- */

err s3control_list_caller_access_grants(struct call *c, const struct s3control_list_caller_access_grants_request *in,
                                        struct s3control_list_caller_access_grants_result *out) {
    struct grants_instance instance;
    struct access_grant row;
    str key;
    u32 max;
    TRY(grants_open(c, in->account_id, &instance));
    struct range rows = access_grants(c);
    TRY(s3_control_page(c, in->next_token, in->max_results, &s3control_invalid_next_token_exception, &rows, &max));
    struct s3control_caller_access_grants_list *list = &out->caller_access_grants_list;
    list->v = NEW_ARRAY(c->arena, struct s3control_list_caller_access_grants_entry, max);
    list->set = true;
    while (access_grant_next(c, &rows, &key, &row)) {
        if (!is_grantee(c, &row) || (in->grant_scope.p && !str_starts(row.scope, bare(in->grant_scope)))) continue;
        if (list->n == max) return out->next_token = page_token(c, key), NULL;
        list->v[list->n++] = (struct s3control_list_caller_access_grants_entry){.permission = row.permission, .grant_scope = row.scope,
                                                                                .application_arn = row.application,
                                                                                .access_grants_instance_arn = grants_arn(c, "", S(""))};
    }
    return NULL;
}

err s3control_get_access_grants_instance_for_prefix(struct call *c, const struct s3control_get_access_grants_instance_for_prefix_request *in,
                                                    struct s3control_get_access_grants_instance_for_prefix_result *out) {
    struct grants_instance instance;
    struct bucket_row bucket;
    str rest = str_starts(in->s3_prefix, S("s3://")) ? str_skip(in->s3_prefix, 5) : in->s3_prefix;
    TRY(grants_open(c, in->account_id, &instance));
    if (!s3_bucket_own(c, c->account, str_cut(&rest, '/'), &bucket)) return fail(c, &s3control_invalid_request, "The bucket of the prefix does not exist.");
    out->access_grants_instance_id = S("default");
    out->access_grants_instance_arn = grants_arn(c, "", S(""));
    return NULL;
}
