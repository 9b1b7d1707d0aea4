/* One call, as it is kept. */
#include "cloud/flight.h"
#include "cloud/trail_event.h"
#include "wire/audit.h"

enum { PARAMETERS_MAX = 100 << 10 };

static const struct record_field session_fields[] = {
    RECORD_STR(1, struct trail_session, issuer),          RECORD_STR(2, struct trail_session, issuer_id),
    RECORD_STR(3, struct trail_session, federated_provider), RECORD_STR(4, struct trail_session, source_identity),
    RECORD_I64(5, struct trail_session, made_ms),         RECORD_BOOL(6, struct trail_session, mfa),
};
static const struct record_type session_record = RECORD_TYPE(struct trail_session, session_fields);

/* What most have comes first: there a field's head is a byte. */
static const struct record_field facts_fields[] = {
    RECORD_I32(1, struct trail_facts, kind),           RECORD_STR(2, struct trail_facts, account),
    RECORD_STR(3, struct trail_facts, arn),            RECORD_STR(4, struct trail_facts, user_id),
    RECORD_STR(5, struct trail_facts, access_key),     RECORD_STR(6, struct trail_facts, service),
    RECORD_STR(7, struct trail_facts, operation),      RECORD_STR(8, struct trail_facts, source_ip),
    RECORD_STR(9, struct trail_facts, user_agent),     RECORD_STR(10, struct trail_facts, host),
    RECORD_STR(11, struct trail_facts, parameters),    RECORD_STR(12, struct trail_facts, resource_arn),
    RECORD_STR(13, struct trail_facts, request_id),    RECORD_STR(14, struct trail_facts, event_id),
    RECORD_BOOL(15, struct trail_facts, read_only),    RECORD_I32(16, struct trail_facts, tls_minor),
    RECORD_STRUCT(17, struct trail_facts, session, session_record),RECORD_STR(18, struct trail_facts, invoked_by),
    RECORD_STR(19, struct trail_facts, error_code),    RECORD_STR(20, struct trail_facts, error_message),
    RECORD_STR(21, struct trail_facts, elements),      RECORD_STR(22, struct trail_facts, shared_id),
    RECORD_STR(23, struct trail_facts, resource_account), RECORD_STR(24, struct trail_facts, tls_cipher),
    RECORD_STR(25, struct trail_facts, vouched_type),  RECORD_STR(26, struct trail_facts, identity_provider),
    RECORD_STR(27, struct trail_facts, user_name),
};
const struct record_type trail_facts_record = RECORD_TYPE(struct trail_facts, facts_fields);

static void take_vouched_for(const struct vouched_for *v, struct trail_facts *f) {
    f->vouched_type = v->type;
    f->user_id = v->id;
    f->user_name = v->name;
    f->identity_provider = v->provider;
}

static void take_caller(struct call *c, struct trail_facts *f) {
    const struct principal *p = c->principal;
    f->kind = p->kind;
    if (c->vouched_for) take_vouched_for(c->vouched_for, f);
    if (p->kind == PRINCIPAL_SERVICE) f->invoked_by = p->arn;
    else if (c->outer) f->invoked_by = c->source_ip;
    if (p->kind == PRINCIPAL_SERVICE || p->kind == PRINCIPAL_ANONYMOUS) return;
    f->account = p->account;
    f->access_key = p->access_key;
    if (p->kind != PRINCIPAL_ROOT) {
        f->arn = p->arn;
        f->user_id = p->user_id;
    }
    if (!p->session_made_ms) return;
    struct trail_session *s = NEW(c->arena, struct trail_session);
    *s = (struct trail_session){.issuer = p->session_issuer, .issuer_id = p->session_issuer_id, .federated_provider = p->federated_provider,
                                .source_identity = p->source_identity, .made_ms = p->session_made_ms, .mfa = p->mfa};
    f->session = s;
}

/* Absent: there is nothing to show, or too much. */
static str shown(struct call *c, u16 shape, const void *value) {
    if (shape == WIRE_NONE || !value) return (str){0};
    struct buf json = buf_new(c->arena, PARAMETERS_MAX);
    wire_audit(c->service->wire, shape, value, c->arena, &json);
    return json.over || str_eq(buf_str(&json), S("{}")) ? (str){0} : buf_str(&json);
}

/* "NoSuchEntityException" where the answer said NoSuchEntity: as the description names it. */
static str error_name(const struct wire_service *w, err error) {
    str code = str_of(error->code), name = error->shape < w->shape_count ? wire_text(w, w->shapes[error->shape].name) : (str){0};
    return str_starts(name, code) ? name : code; /* it may be of another service */
}

void trail_facts_of(struct call *c, err error, const void *out, struct trail_facts *f) {
    const struct wire_service *w = c->service->wire;
    bool reads = !(c->op->flags & WIRE_OP_WRITES), answers = !error && !reads && !(c->op->flags & WIRE_OP_NO_RESPONSE_ELEMENTS);
    *f = (struct trail_facts){.service = str_of(w->text + w->signing_name), .operation = wire_text(w, c->op->name), .source_ip = c->source_ip, .user_agent = c->source_ip,
                            .request_id = c->request_id, .resource_arn = c->resource_arn, .read_only = reads || c->op->flags & WIRE_OP_READ_ONLY_EVENT};
    take_caller(c, f);
    if (error) {
        f->error_code = error_name(w, error);
        f->error_message = c->error_message;
    }
    f->parameters = shown(c, c->op->input, c->input);
    if (answers) f->elements = shown(c, c->op->output, out);
    if (!str_eq(c->account, f->account)) f->resource_account = c->account;
    if (c->flight) {
        f->user_agent = http_header_get(c->flight->request, S("user-agent"));
        f->host = c->flight->request->host;
        f->tls_minor = c->flight->request->tls_minor;
        if (f->tls_minor) f->tls_cipher = str_of(c->flight->request->tls_cipher);
    }
}
