/* One call as CloudTrail's event, version 1.11. */
#include "cloud/trail_event.h"

#include "cloud/flight.h"
#include "text/json.h"
#include "wire/audit.h"

enum { PARAMETERS_MAX = 100 << 10 };

/* Names are plain: they need no look at each letter, which would be a quarter of what an event costs. */
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
static void source_field(struct buf *b, const char *name, const char *service) {
    name_in(b, name);
    buf_char(b, '"');
    buf_add(b, str_of(service));
    buf_add(b, S(".amazonaws.com\""));
}

/* ---- userIdentity ---- */

static str last_part(str arn) { return str_skip(arn, str_rfind_char(arn, '/') + 1); }

static void write_session(struct buf *b, const struct principal *p) {
    bool by_role = p->kind == PRINCIPAL_ROLE_SESSION;
    name_in(b, "sessionContext");
    json_write_object(b);
    if (p->session_issuer.n) {
        struct arn issuer;
        name_in(b, "sessionIssuer");
        json_write_object(b);
        field(b, "type", by_role ? S("Role") : S("IAMUser"));
        field_if(b, "principalId", str_take(p->user_id, MIN(str_find_char(p->user_id, ':'), p->user_id.n)));
        field(b, "arn", p->session_issuer);
        if (arn_parse(p->session_issuer, &issuer)) field(b, "accountId", issuer.account);
        field(b, "userName", last_part(p->session_issuer));
        json_write_object_end(b);
    }
    if (p->federated_provider.n) {
        name_in(b, "webIdFederationData");
        json_write_object(b);
        field(b, "federatedProvider", p->federated_provider);
        json_write_object_end(b);
    }
    name_in(b, "attributes");
    json_write_object(b);
    time_field(b, "creationDate", p->session_made_ms);
    field(b, "mfaAuthenticated", p->mfa ? S("true") : S("false"));
    json_write_object_end(b);
    field_if(b, "sourceIdentity", p->source_identity);
    json_write_object_end(b);
}

static str identity_type(const struct principal *p) {
    switch ((enum principal_kind)p->kind) {
    case PRINCIPAL_ROOT: return S("Root");
    case PRINCIPAL_USER: return S("IAMUser");
    case PRINCIPAL_ROLE_SESSION: return S("AssumedRole");
    case PRINCIPAL_FEDERATED: return S("FederatedUser");
    case PRINCIPAL_SERVICE: return S("AWSService");
    case PRINCIPAL_ANONYMOUS: return S("AWSAccount");
    }
    return S("Unknown");
}

static void write_identity(struct buf *b, const struct call *c) {
    const struct principal *p = c->principal;
    name_in(b, "userIdentity");
    json_write_object(b);
    field(b, "type", identity_type(p));
    if (p->kind == PRINCIPAL_ANONYMOUS) {
        field(b, "principalId", S(""));
        field(b, "accountId", S("ANONYMOUS_PRINCIPAL"));
    } else if (p->kind != PRINCIPAL_SERVICE) {
        field(b, "principalId", p->user_id);
        field(b, "arn", p->arn);
        field(b, "accountId", p->account);
        field_if(b, "accessKeyId", p->access_key);
        if (p->kind == PRINCIPAL_USER) field(b, "userName", last_part(p->arn));
        if (p->session_made_ms) write_session(b, p);
    }
    if (p->kind == PRINCIPAL_SERVICE) field(b, "invokedBy", p->arn);
    else if (c->outer) field(b, "invokedBy", c->source_ip);
    json_write_object_end(b);
}

/* ---- what was asked and answered ---- */

static void write_value(struct buf *b, const struct call *c, const char *name, u16 shape, const void *value) {
    struct buf json = buf_new(c->arena, PARAMETERS_MAX);
    name_in(b, name);
    if (shape != WIRE_NONE && value) wire_audit(c->service->wire, shape, value, c->arena, &json);
    bool shown = json.n && !json.over && !str_eq(buf_str(&json), S("{}"));
    if (shown) json_write_raw(b, buf_str(&json));
    else json_write_null(b);
}

static const struct {
    const char *service, *prefix, *type;
} types[] = {
    {"s3", "", "AWS::S3::Bucket"},          {"sqs", "", "AWS::SQS::Queue"},         {"sns", "", "AWS::SNS::Topic"},
    {"kms", "key/", "AWS::KMS::Key"},       {"kms", "alias/", "AWS::KMS::Alias"},   {"iam", "user/", "AWS::IAM::User"},
    {"iam", "role/", "AWS::IAM::Role"},     {"iam", "group/", "AWS::IAM::Group"},   {"iam", "policy/", "AWS::IAM::Policy"},
    {"dynamodb", "table/", "AWS::DynamoDB::Table"}, {"cloudtrail", "trail/", "AWS::CloudTrail::Trail"},
};

str trail_resource_type(str text) {
    struct arn arn;
    if (!arn_parse(text, &arn)) return (str){0};
    if (str_eq(arn.service, S("s3")) && str_find_char(arn.resource, '/') != STR_NONE) return S("AWS::S3::Object");
    for (size_t i = 0; i < LENGTH(types); i++)
        if (str_eq(arn.service, str_of(types[i].service)) && str_starts(arn.resource, str_of(types[i].prefix))) return str_of(types[i].type);
    return (str){0};
}

static void write_resource(struct buf *b, str account, str arn) {
    str type = trail_resource_type(arn);
    json_write_object(b);
    field_if(b, "accountId", account);
    field_if(b, "type", type);
    field(b, "ARN", arn);
    json_write_object_end(b);
}

static void write_resources(struct buf *b, const struct call *c) {
    struct arn arn;
    str about = c->resource_arn;
    if (!arn_parse(about, &arn) || str_find_char(about, '*') != STR_NONE) return;
    size_t slash = str_eq(arn.service, S("s3")) ? str_find_char(about, '/') : STR_NONE;
    name_in(b, "resources");
    json_write_array(b);
    write_resource(b, slash == STR_NONE ? (arn.account.n ? arn.account : c->account) : (str){0}, about);
    if (slash != STR_NONE) write_resource(b, c->account, str_take(about, slash));
    json_write_array_end(b);
}

static void write_tls(struct buf *b, const struct call *c) {
    if (!c->flight) return;
    name_in(b, "tlsDetails");
    json_write_object(b);
    if (c->flight->request->tls) field(b, "tlsVersion", S("TLSv1.3"));
    field_if(b, "clientProvidedHostHeader", c->flight->request->host);
    json_write_object_end(b);
}

str trail_event_json(struct call *c, const struct trail_outcome *o) {
    const struct wire_service *w = c->service->wire;
    bool reads = !(c->op->flags & WIRE_OP_WRITES), data = c->op->flags & WIRE_OP_DATA;
    struct buf b = buf_new(c->arena, 4 * PARAMETERS_MAX);
    json_write_object(&b);
    field(&b, "eventVersion", S("1.11"));
    write_identity(&b, c);
    time_field(&b, "eventTime", o->time_ms);
    source_field(&b, "eventSource", w->text + w->signing_name);
    field(&b, "eventName", wire_text(w, c->op->name));
    field(&b, "awsRegion", c->region);
    field(&b, "sourceIPAddress", c->source_ip);
    field(&b, "userAgent", c->flight ? http_header_get(c->flight->request, S("user-agent")) : c->source_ip);
    if (o->error) {
        field(&b, "errorCode", str_of(o->error->code));
        field_if(&b, "errorMessage", c->error_message);
    }
    write_value(&b, c, "requestParameters", c->op->input, c->input);
    write_value(&b, c, "responseElements", c->op->output, reads || c->op->flags & WIRE_OP_NO_RESPONSE_ELEMENTS ? NULL : o->out);
    field(&b, "requestID", c->request_id);
    field(&b, "eventID", o->event_id);
    flag(&b, "readOnly", reads || c->op->flags & WIRE_OP_READ_ONLY_EVENT);
    write_resources(&b, c);
    field(&b, "eventType", S("AwsApiCall"));
    flag(&b, "managementEvent", !data);
    field(&b, "recipientAccountId", o->recipient);
    field_if(&b, "sharedEventID", o->shared_id);
    field(&b, "eventCategory", data ? S("Data") : S("Management"));
    write_tls(&b, c);
    json_write_object_end(&b);
    ASSERT(!b.over); /* its parts are bounded */
    return buf_str(&b);
}
