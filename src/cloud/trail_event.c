/* One call as CloudTrail's event, version 1.11. */
#include "cloud/trail_event.h"

#include "text/json.h"

enum { EVENT_MAX = 1 << 20 };

/* Names are plain: they need no look at each letter. */
static void name_in(struct buf *b, const char *name) {
    json_write_comma(b);
    buf_char(b, '"');
    buf_add(b, str_of(name));
    buf_add(b, S("\":"));
}
static void field(struct buf *b, const char *name, str value) {
    name_in(b, name);
    json_write_string(b, value);
}
static void field_if(struct buf *b, const char *name, str value) {
    if (value.n) field(b, name, value);
}
static void flag(struct buf *b, const char *name, bool value) {
    name_in(b, name);
    json_write_boolean(b, value);
}
static void time_field(struct buf *b, const char *name, i64 ms) {
    name_in(b, name);
    buf_char(b, '"');
    buf_iso8601(b, ms - ms % 1000);
    buf_char(b, '"');
}
static void source_field(struct buf *b, const char *name, str service) {
    name_in(b, name);
    buf_char(b, '"');
    buf_add(b, service);
    buf_add(b, S(".amazonaws.com\""));
}
static void raw_or_null(struct buf *b, const char *name, str json) {
    name_in(b, name);
    json_write_raw(b, json.n ? json : S("null"));
}

/* ---- userIdentity ---- */

static str last_part(str arn) { return str_skip(arn, str_rfind_char(arn, '/') + 1); }

static void write_issuer(struct buf *b, const struct trail_facts *f) {
    bool by_role = f->kind == PRINCIPAL_ROLE_SESSION;
    struct arn issuer = {0};
    bool by_root = arn_parse(f->session->issuer, &issuer) && str_eq(issuer.resource, S("root"));
    name_in(b, "sessionIssuer");
    json_write_object(b);
    field(b, "type", by_role ? S("Role") : by_root ? S("Root") : S("IAMUser"));
    field_if(b, "principalId", by_role ? str_take(f->user_id, MIN(str_find_char(f->user_id, ':'), f->user_id.n)) : by_root ? issuer.account : f->session->issuer_id);
    field(b, "arn", f->session->issuer);
    field_if(b, "accountId", issuer.account);
    if (!by_root) field(b, "userName", last_part(f->session->issuer));
    json_write_object_end(b);
}

static void write_session(struct buf *b, const struct trail_facts *f) {
    const struct trail_session *s = f->session;
    name_in(b, "sessionContext");
    json_write_object(b);
    if (s->issuer.n) write_issuer(b, f);
    if (s->federated_provider.n) {
        name_in(b, "webIdFederationData");
        json_write_object(b);
        field(b, "federatedProvider", s->federated_provider);
        json_write_object_end(b);
    }
    name_in(b, "attributes");
    json_write_object(b);
    time_field(b, "creationDate", s->made_ms);
    field(b, "mfaAuthenticated", s->mfa ? S("true") : S("false"));
    json_write_object_end(b);
    field_if(b, "sourceIdentity", s->source_identity);
    json_write_object_end(b);
}

static str identity_type(i32 kind) {
    switch ((enum principal_kind)kind) {
    case PRINCIPAL_ROOT: return S("Root");
    case PRINCIPAL_USER: return S("IAMUser");
    case PRINCIPAL_ROLE_SESSION: return S("AssumedRole");
    case PRINCIPAL_FEDERATED: return S("FederatedUser");
    case PRINCIPAL_SERVICE: return S("AWSService");
    case PRINCIPAL_ANONYMOUS: return S("AWSAccount");
    }
    return S("Unknown");
}

static void write_identity(struct buf *b, const struct trail_facts *f) {
    name_in(b, "userIdentity");
    json_write_object(b);
    field(b, "type", f->vouched_type.n ? f->vouched_type : identity_type(f->kind));
    if (f->vouched_type.n) {
        field(b, "principalId", f->user_id);
        field(b, "userName", f->user_name);
        field(b, "identityProvider", f->identity_provider);
    } else if (f->kind == PRINCIPAL_ANONYMOUS) {
        field(b, "principalId", S(""));
        field(b, "accountId", S("ANONYMOUS_PRINCIPAL"));
    } else if (f->kind != PRINCIPAL_SERVICE) {
        struct principal root = principal_root(b->arena, f->account, f->access_key);
        bool is_root = f->kind == PRINCIPAL_ROOT;
        field(b, "principalId", is_root ? root.user_id : f->user_id);
        field(b, "arn", is_root ? root.arn : f->arn);
        field(b, "accountId", f->account);
        field_if(b, "accessKeyId", f->access_key);
        if (f->kind == PRINCIPAL_USER) field(b, "userName", last_part(f->arn));
        if (f->session) write_session(b, f);
    }
    field_if(b, "invokedBy", f->invoked_by);
    json_write_object_end(b);
}

/* ---- resources ---- */

static const struct {
    const char *service, *prefix, *type;
} types[] = {
    {"s3", "", "AWS::S3::Bucket"},          {"sqs", "", "AWS::SQS::Queue"},         {"sns", "", "AWS::SNS::Topic"},
    {"kms", "key/", "AWS::KMS::Key"},       {"kms", "alias/", "AWS::KMS::Alias"},   {"iam", "user/", "AWS::IAM::User"},
    {"iam", "role/", "AWS::IAM::Role"},     {"iam", "group/", "AWS::IAM::Group"},   {"iam", "policy/", "AWS::IAM::Policy"},
    {"dynamodb", "table/", "AWS::DynamoDB::Table"}, {"cloudtrail", "trail/", "AWS::CloudTrail::Trail"},
};

static str type_of(str text) {
    struct arn arn;
    if (!arn_parse(text, &arn)) return (str){0};
    if (str_eq(arn.service, S("s3")) && str_find_char(arn.resource, '/') != STR_NONE) return S("AWS::S3::Object");
    for (size_t i = 0; i < LENGTH(types); i++)
        if (str_eq(arn.service, str_of(types[i].service)) && str_starts(arn.resource, str_of(types[i].prefix))) return str_of(types[i].type);
    return (str){0};
}

static void write_resource(struct buf *b, str account, str arn) {
    str type = type_of(arn);
    json_write_object(b);
    field_if(b, "accountId", account);
    field_if(b, "type", type);
    field(b, "ARN", arn);
    json_write_object_end(b);
}

static void write_resources(struct buf *b, const struct trail_facts *f) {
    struct arn arn;
    str about = f->resource_arn, account = f->resource_account.n ? f->resource_account : f->account;
    if (!arn_parse(about, &arn) || str_find_char(about, '*') != STR_NONE) return;
    size_t slash = str_eq(arn.service, S("s3")) ? str_find_char(about, '/') : STR_NONE;
    name_in(b, "resources");
    json_write_array(b);
    write_resource(b, slash == STR_NONE ? (arn.account.n ? arn.account : account) : (str){0}, about);
    if (slash != STR_NONE) write_resource(b, account, str_take(about, slash));
    json_write_array_end(b);
}

static void write_tls(struct buf *b, const struct trail_facts *f) {
    if (!f->tls_minor && !f->host.n) return;
    name_in(b, "tlsDetails");
    json_write_object(b);
    if (f->tls_minor) field(b, "tlsVersion", f->tls_minor == 3 ? S("TLSv1.3") : S("TLSv1.2")); /* no older one is spoken */
    field_if(b, "cipherSuite", f->tls_cipher);
    field_if(b, "clientProvidedHostHeader", f->host);
    json_write_object_end(b);
}

str trail_event_json(struct arena *a, const struct trail_event *where, const struct trail_facts *f) {
    struct buf b = buf_new(a, EVENT_MAX);
    buf_reserve(&b, 1024 + f->parameters.n + f->elements.n); /* most are as long: whoever reads many keeps them at once */
    json_write_object(&b);
    field(&b, "eventVersion", S("1.11"));
    write_identity(&b, f);
    time_field(&b, "eventTime", where->time_ms);
    source_field(&b, "eventSource", f->service);
    field(&b, "eventName", f->operation);
    field(&b, "awsRegion", where->region);
    field(&b, "sourceIPAddress", f->source_ip);
    field(&b, "userAgent", f->user_agent);
    field_if(&b, "errorCode", f->error_code);
    field_if(&b, "errorMessage", f->error_message);
    raw_or_null(&b, "requestParameters", f->parameters);
    raw_or_null(&b, "responseElements", f->elements);
    field(&b, "requestID", f->request_id);
    field(&b, "eventID", f->event_id);
    flag(&b, "readOnly", f->read_only);
    write_resources(&b, f);
    field(&b, "eventType", S("AwsApiCall"));
    flag(&b, "managementEvent", !where->data);
    field(&b, "recipientAccountId", where->account);
    field_if(&b, "sharedEventID", f->shared_id);
    field(&b, "eventCategory", where->data ? S("Data") : S("Management"));
    write_tls(&b, f);
    json_write_object_end(&b);
    ASSERT(!b.over); /* its parts are bounded */
    return buf_str(&b);
}
