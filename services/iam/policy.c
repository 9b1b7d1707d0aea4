/* Managed policies and their versions: the account's own, and AWS's (aws_policy.c), which all accounts see. */
#include "iam.h"

enum { SIZE_MAX_ = 6144, VERSIONS_MAX = 5 };

/* ---- finding ---- */

static str version_key(const struct realm *r, const struct entity *e, i64 version) {
    return realm_key(r, "version", e->id, arena_format(r->arena, "%08lld", (long long)version));
}

bool policy_is_aws(const struct entity *e) { return str_eq(e->account, S("aws")); }

/* "arn:aws:iam::123456789012:policy/path/name" -> name; absent: of another form. */
static str name_in_arn(const struct realm *r, str arn) {
    struct arn parts;
    if (!arn_parse(arn, &parts) || !str_eq(parts.service, S("iam")) || !str_eq(parts.account, r->account)) return (str){0};
    if (!str_starts(parts.resource, S("policy/"))) return (str){0};
    return str_skip(parts.resource, str_rfind_char(parts.resource, '/') + 1);
}

bool policy_load(const struct realm *r, str arn, struct entity *e) {
    if (aws_policy_load(r, arn, e)) return true;
    str name = name_in_arn(r, arn);
    return name.n && entity_load(r, ENTITY_POLICY, name, e) && str_eq(entity_arn(r->arena, e), arn);
}

bool policy_document(const struct realm *r, const struct entity *e, i64 version, struct policy_version *v) {
    str value;
    if (policy_is_aws(e)) return aws_policy_document(r, e, version, v);
    if (!txn_get(r->txn, version_key(r, e, version), &value)) return false;
    ASSERT(record_decode(r->arena, &policy_version_record, arena_str(r->arena, value), v));
    return true;
}

bool policy_default(const struct realm *r, str arn, struct identity_policy *policy) {
    struct entity e;
    struct policy_version v;
    if (!policy_load(r, arn, &e) || !policy_document(r, &e, e.default_version, &v)) return false;
    *policy = (struct identity_policy){arn, v.document};
    return true;
}

static bool looks_like_arn(str text) {
    struct arn parts;
    return arn_parse(text, &parts);
}

static err check_arn(struct call *c, str arn) {
    if (looks_like_arn(arn)) return NULL;
    return fail(c, &cloud_validation, "Invalid ARN:  Could not be parsed!");
}

err policy_open(struct call *c, str arn, struct entity *e) {
    struct realm r = realm_of(c);
    TRY(check_arn(c, arn));
    if (policy_load(&r, arn, e)) return NULL;
    return fail(c, &iam_no_such_entity_exception, "Policy %.*s was not found.", STR_ARGS(arn));
}

err policy_open_to_change(struct call *c, str arn, struct entity *e) {
    TRY(policy_open(c, arn, e));
    if (!policy_is_aws(e)) return NULL;
    return fail(c, &cloud_access_denied, "User: %.*s is not authorized to perform: iam:%s on resource: policy %.*s", STR_ARGS(c->principal->arn),
                c->service->wire->text + c->op->name, STR_ARGS(arn));
}

err policy_attachable(struct call *c, str arn, struct entity *e) {
    struct realm r = realm_of(c);
    TRY(check_arn(c, arn));
    if (policy_load(&r, arn, e)) return NULL;
    return fail(c, &iam_no_such_entity_exception, "Policy %.*s does not exist or is not attachable.", STR_ARGS(arn));
}

void policy_count(struct call *c, struct entity *e, i64 attachments, i64 boundaries) {
    struct realm r = realm_of(c);
    bool was_used = e->attachments != 0;
    e->attachments += attachments;
    e->boundaries += boundaries;
    bool is_used = e->attachments != 0;
    if (was_used != is_used) count_add(&r, "policy-in-use", is_used ? 1 : -1);
    if (policy_is_aws(e)) aws_policy_save(&r, e);
    else entity_save(&r, e);
}

/* ---- showing ---- */

static str version_text(struct call *c, i64 version) { return arena_format(c->arena, "v%lld", (long long)version); }

static bool version_number(str text, i64 *version) {
    return str_starts(text, S("v")) && str_to_i64(str_take(str_skip(text, 1), text.n), version) && *version > 0;
}

struct iam_policy policy_shown(struct call *c, const struct entity *e) {
    return (struct iam_policy){
        .policy_name = e->name,
        .policy_id = e->id,
        .arn = entity_arn(c->arena, e),
        .path = e->path,
        .default_version_id = version_text(c, e->default_version),
        .attachment_count = SOME_I32((i32)e->attachments),
        .permissions_boundary_usage_count = SOME_I32((i32)e->boundaries),
        .is_attachable = SOME_BOOL(true),
        .create_date = SOME_TIME(e->created_ms),
        .update_date = SOME_TIME(e->updated_ms),
    };
}

static struct iam_policy_version version_shown(struct call *c, const struct entity *e, i64 version, const struct policy_version *v) {
    return (struct iam_policy_version){.version_id = version_text(c, version), .is_default_version = SOME_BOOL(version == e->default_version),
                                       .create_date = SOME_TIME(v->created_ms)};
}

/* ---- policies ---- */

static err document_fits(struct call *c, str document) {
    TRY(document_check(c, document, POLICY_IDENTITY));
    return quota_check(c, "PolicySize", SIZE_MAX_, document_size(document));
}

static void put_version(struct call *c, const struct entity *e, i64 version, str document) {
    struct realm r = realm_of(c);
    struct policy_version v = {document, c->now_ms};
    txn_put(c->txn, version_key(&r, e, version), record_encode(c->arena, &policy_version_record, &v));
}

err iam_create_policy(struct call *c, const struct iam_create_policy_request *in, struct iam_create_policy_response *out) {
    struct entity e = {.kind = ENTITY_POLICY, .name = in->policy_name, .description = in->description, .default_version = 1,
                       .last_version = 1, .updated_ms = c->now_ms};
    TRY(document_fits(c, in->policy_document));
    TRY(entity_create(c, &e, in->path, &in->tags));
    put_version(c, &e, 1, in->policy_document);
    out->policy = NEW(c->arena, struct iam_policy);
    *out->policy = policy_shown(c, &e);
    out->policy->tags = tags_shown(c, out->policy->arn);
    return NULL;
}

err iam_get_policy(struct call *c, const struct iam_get_policy_request *in, struct iam_get_policy_response *out) {
    struct entity e;
    TRY(policy_open(c, in->policy_arn, &e));
    out->policy = NEW(c->arena, struct iam_policy);
    *out->policy = policy_shown(c, &e);
    out->policy->description = e.description;
    out->policy->tags = tags_shown(c, out->policy->arn);
    out->policy->tags.set = true;
    return NULL;
}

err iam_delete_policy(struct call *c, const struct iam_delete_policy_request *in, struct wire_unit *out) {
    (void)out;
    struct realm r = realm_of(c);
    struct entity e;
    TRY(policy_open_to_change(c, in->policy_arn, &e));
    if (e.attachments || e.boundaries) return fail(c, &iam_delete_conflict_exception, "Cannot delete a policy attached to entities.");
    if (rows_below(&r, "version", e.id) > 1)
        return fail(c, &iam_delete_conflict_exception,
                    "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
                    "The default version is deleted with the policy.");
    txn_delete(c->txn, version_key(&r, &e, e.default_version));
    entity_delete(c, &e);
    return NULL;
}

/* Any policy may give permissions, attached or not; a boundary is one that is used so. */
static bool listed(const struct iam_list_policies_request *in, const struct entity *e) {
    bool only_attached = in->only_attached.set && in->only_attached.v;
    if (in->path_prefix.p && !str_starts(e->path, in->path_prefix)) return false;
    if (str_eq(in->policy_usage_filter, S("PermissionsBoundary"))) return e->boundaries != 0;
    if (in->policy_usage_filter.p) return !only_attached || e->attachments;
    return !only_attached || e->attachments || e->boundaries;
}

/* The account's own come first, then AWS's: a position that begins with '/' (no name does) is one of these. */
err iam_list_policies(struct call *c, const struct iam_list_policies_request *in, struct iam_list_policies_response *out) {
    struct realm r = realm_of(c);
    struct page p;
    struct entity e;
    str position = {0};
    u32 max = in->max_items.set ? (u32)in->max_items.v : 100;
    bool own = !str_eq(in->scope, S("AWS")), aws = !str_eq(in->scope, S("Local"));
    if (in->marker.p && !page_position(c, in->marker, &position)) return fail(c, &cloud_validation, "Invalid Marker.");
    out->policies = (struct iam_policy_list_type){.v = NEW_ARRAY(c->arena, struct iam_policy, max), .set = true};
    out->is_truncated = SOME_BOOL(false);
    if (own && !str_starts(position, S("/"))) {
        TRY(page_open(c, &p, realm_key(&r, "policy", (str){0}, (str){0}), in->marker, in->max_items));
        while (page_entity(&p, ENTITY_POLICY, (str){0}, &e)) {
            if (listed(in, &e)) out->policies.v[out->policies.n++] = policy_shown(c, &e);
            else page_skip(&p);
        }
        page_close(&p, &out->is_truncated, &out->marker);
        if (out->is_truncated.v) return NULL;
    }
    u64 from = 0;
    if (str_starts(position, S("/"))) ASSERT(str_to_u64(str_skip(position, 1), &from));
    for (struct packed_walk w = {.at = (u32)from}; aws && aws_policy_next(&r, &w, &e);) {
        if (!listed(in, &e)) continue;
        if (out->policies.n == max) {
            out->is_truncated = SOME_BOOL(true);
            out->marker = page_token(c, arena_format(c->arena, "/%u", w.at - 1));
            break;
        }
        out->policies.v[out->policies.n++] = policy_shown(c, &e);
    }
    return NULL;
}

/* ---- versions ---- */

static err version_open(struct call *c, const struct entity *e, str text, i64 *number, struct policy_version *v) {
    struct realm r = realm_of(c);
    if (version_number(text, number) && policy_document(&r, e, *number, v)) return NULL;
    return fail(c, &iam_no_such_entity_exception, "Policy %.*s version %.*s does not exist or is not attachable.",
                STR_ARGS(entity_arn(c->arena, e)), STR_ARGS(text));
}

err iam_create_policy_version(struct call *c, const struct iam_create_policy_version_request *in, struct iam_create_policy_version_response *out) {
    struct realm r = realm_of(c);
    struct entity e;
    TRY(policy_open_to_change(c, in->policy_arn, &e));
    TRY(document_fits(c, in->policy_document));
    if (rows_below(&r, "version", e.id) >= VERSIONS_MAX)
        return fail(c, &iam_limit_exceeded_exception,
                    "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.");
    e.last_version++;
    e.updated_ms = c->now_ms;
    if (in->set_as_default.set && in->set_as_default.v) e.default_version = e.last_version;
    put_version(c, &e, e.last_version, in->policy_document);
    entity_save(&r, &e);
    txn_raise_epoch(c->txn);
    struct policy_version v = {.created_ms = c->now_ms};
    out->policy_version = NEW(c->arena, struct iam_policy_version);
    *out->policy_version = version_shown(c, &e, e.last_version, &v);
    return NULL;
}

err iam_get_policy_version(struct call *c, const struct iam_get_policy_version_request *in, struct iam_get_policy_version_response *out) {
    struct entity e;
    struct policy_version v;
    i64 number;
    TRY(policy_open(c, in->policy_arn, &e));
    TRY(version_open(c, &e, in->version_id, &number, &v));
    out->policy_version = NEW(c->arena, struct iam_policy_version);
    *out->policy_version = version_shown(c, &e, number, &v);
    out->policy_version->document = document_shown(c, v.document);
    return NULL;
}

err iam_set_default_policy_version(struct call *c, const struct iam_set_default_policy_version_request *in, struct wire_unit *out) {
    (void)out;
    struct realm r = realm_of(c);
    struct entity e;
    struct policy_version v;
    TRY(policy_open_to_change(c, in->policy_arn, &e));
    TRY(version_open(c, &e, in->version_id, &e.default_version, &v));
    e.updated_ms = c->now_ms;
    entity_save(&r, &e);
    txn_raise_epoch(c->txn);
    return NULL;
}

err iam_delete_policy_version(struct call *c, const struct iam_delete_policy_version_request *in, struct wire_unit *out) {
    (void)out;
    struct realm r = realm_of(c);
    struct entity e;
    struct policy_version v;
    i64 number;
    TRY(policy_open_to_change(c, in->policy_arn, &e));
    TRY(version_open(c, &e, in->version_id, &number, &v));
    if (number == e.default_version) return fail(c, &iam_delete_conflict_exception, "Cannot delete the default version of a policy.");
    txn_delete(c->txn, version_key(&r, &e, number));
    return NULL;
}

/* Newest first, as AWS answers; at most five of them, so a page is found by counting. */
u32 policy_versions(struct call *c, const struct entity *e, struct iam_policy_version *shown, bool with_documents) {
    struct realm r = realm_of(c);
    struct policy_version v;
    str from = realm_key(&r, "version", e->id, (str){0}), key;
    struct range rows = txn_range_backwards(c->txn, from, key_after_prefix(c->arena, from));
    i64 numbers[VERSIONS_MAX] = {e->default_version};
    u32 n = policy_is_aws(e);
    while (n < VERSIONS_MAX && range_next(&rows, &key, NULL)) {
        str rest = str_skip(key, from.n), text;
        ASSERT(key_read_str(&rest, c->arena, &text) && str_to_i64(text, &numbers[n++]));
    }
    for (u32 i = 0; i < n; i++) {
        ASSERT(policy_document(&r, e, numbers[i], &v));
        shown[i] = version_shown(c, e, numbers[i], &v);
        if (with_documents) shown[i].document = document_shown(c, v.document);
    }
    return n;
}

err iam_list_policy_versions(struct call *c, const struct iam_list_policy_versions_request *in, struct iam_list_policy_versions_response *out) {
    struct entity e;
    str position = {0};
    u64 from = 0;
    u32 max = in->max_items.set ? (u32)in->max_items.v : 100;
    TRY(policy_open(c, in->policy_arn, &e));
    if (in->marker.p && (!page_position(c, in->marker, &position) || !str_to_u64(position, &from)))
        return fail(c, &cloud_validation, "Invalid Marker.");
    struct iam_policy_version *all = NEW_ARRAY(c->arena, struct iam_policy_version, VERSIONS_MAX);
    u32 n = policy_versions(c, &e, all, false);
    from = MIN(from, n);
    u32 shown = MIN(max, n - (u32)from);
    out->versions = (struct iam_policy_document_version_list_type){.v = all + from, .n = shown, .set = true};
    out->is_truncated = SOME_BOOL(from + shown < n);
    if (out->is_truncated.v) out->marker = page_token(c, arena_format(c->arena, "%llu", (unsigned long long)from + shown));
    return NULL;
}

/* ---- tags ---- */

err iam_tag_policy(struct call *c, const struct iam_tag_policy_request *in, struct wire_unit *out) {
    (void)out;
    struct entity e;
    TRY(policy_open_to_change(c, in->policy_arn, &e));
    return tags_add(c, entity_arn(c->arena, &e), "TagsPerPolicy", &in->tags);
}

err iam_untag_policy(struct call *c, const struct iam_untag_policy_request *in, struct wire_unit *out) {
    (void)out;
    struct entity e;
    TRY(policy_open_to_change(c, in->policy_arn, &e));
    untag_arn(c, entity_arn(c->arena, &e), &in->tag_keys);
    return NULL;
}

err iam_list_policy_tags(struct call *c, const struct iam_list_policy_tags_request *in, struct iam_list_policy_tags_response *out) {
    struct entity e;
    TRY(policy_open(c, in->policy_arn, &e));
    return tags_page(c, entity_arn(c->arena, &e), in->marker, in->max_items, &out->tags, &out->is_truncated, &out->marker);
}
