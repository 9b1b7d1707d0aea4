/* What a call leaves on record, and the event that is made of it when somebody reads it: most are never read.
 * trail.h says where they stand. */
#ifndef BRUME_CLOUD_TRAIL_EVENT_H
#define BRUME_CLOUD_TRAIL_EVENT_H

#include "cloud/trail.h"

struct trail_session {
    str issuer, issuer_id, federated_provider, source_identity;
    i64 made_ms;
    bool mfa;
};

/* Absent: not in the event, or null. */
struct trail_facts {
    i32 kind;         /* of the principal */
    str account, access_key; /* of the principal; a service has none */
    str arn, user_id;        /* a root's are told by its account */
    str vouched_type, identity_provider, user_name; /* of one without a signature for whom a provider stands; user_id is his */
    const struct trail_session *session; /* NULL: lasting credentials */
    str invoked_by;
    str service, operation; /* "sqs", "SendMessage" */
    str source_ip, user_agent;
    str error_code, error_message;
    str parameters, elements; /* JSON: of the request and the response */
    str request_id, event_id;
    str shared_id; /* the same in both accounts' events of one call */
    str resource_arn, resource_account; /* resource_account: absent if it is the principal's */
    str host; /* by which the client called */
    str tls_cipher;
    i32 tls_minor; /* 3 of TLS 1.3; 0: none */
    bool read_only;
};
extern const struct record_type trail_facts_record;

/* Of a call that ended; everything but its event's ids. */
void trail_facts_of(struct call *c, err error, const void *out, struct trail_facts *f);

/* Version 1.11 of CloudTrail's event. `where`: all but its JSON. */
str trail_event_json(struct arena *a, const struct trail_event *where, const struct trail_facts *facts);

#endif
