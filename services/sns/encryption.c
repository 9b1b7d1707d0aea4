/* Topics with a key of KMS: who publishes must be let use it, and what waits (in a job, for an endpoint, in the archive)
 * stands in its row sealed under it. It is opened with the rights that the publisher has then. */
#include "cloud/key_use.h"
#include "sns.h"

static struct record_pairs context_of(struct arena *a, str arn) { return key_use_arn_context(a, "aws:sns:topicArn", arn); }

enum { REUSE_MS = 300000 };
static const struct key_use_errors errors = {&sns_kms_disabled_exception, &sns_kms_invalid_state_exception, &sns_kms_not_found_exception, &sns_kms_access_denied_exception,
                                             &sns_invalid_parameter_exception};
static const struct key_use use = {.context = context_of, .reuse_ms = REUSE_MS, .errors = &errors};

err topic_seals(struct call *c, const struct topic *topic, struct seal *seal) {
    *seal = (struct seal){0};
    if (!topic->kms_key.n) return NULL;
    seal->publisher = caller_keep(c);
    return key_use_to_seal(c, &use, topic_arn(c->arena, topic), topic->kms_key, &seal->key);
}

/* What was sealed, and with what; `c` has the publisher's rights for so long. */
static err open(struct call *c, str sealed, str publisher, str *plain, const struct data_key **key) {
    const struct principal *self = c->principal;
    caller_take(c, publisher);
    err e = key_use_open(c, &use, sealed, plain);
    if (!e && key) e = key_use_again(c, &use, sealed, key);
    c->principal = self;
    return e;
}

struct message topic_message_close(struct call *c, const struct message *m) {
    struct message inner = *m;
    if (!m->seal.key) return inner; /* no key, or it was not opened */
    inner.seal.publisher = (str){0};
    return (struct message){.id = m->id, .published_ms = m->published_ms, .sequence = m->sequence, .seal = m->seal,
                            .sealed = data_key_seal(c, m->seal.key, record_encode(c->arena, &sns_message_record, &inner))};
}

err topic_message_open(struct call *c, struct message *m) {
    struct message inner = {.seal = m->seal};
    str plain;
    if (!m->sealed.p) return NULL;
    TRY(open(c, m->sealed, m->seal.publisher, &plain, &inner.seal.key));
    ASSERT(record_decode(c->arena, &sns_message_record, plain, &inner));
    inner.seal.publisher = m->seal.publisher;
    *m = inner;
    return NULL;
}

void push_close(struct call *c, const struct seal *seal, struct push *p) {
    struct push inner = {.body = p->body, .attributes = p->attributes};
    if (!seal->key) return;
    p->sealed = data_key_seal(c, seal->key, record_encode(c->arena, &sns_push_record, &inner));
    p->publisher = seal->publisher;
    p->body = (str){0};
    p->attributes = (struct attributes){0};
}

err push_open(struct call *c, struct push *p) {
    struct push inner = {0};
    str plain;
    if (!p->sealed.p) return NULL;
    TRY(open(c, p->sealed, p->publisher, &plain, NULL));
    ASSERT(record_decode(c->arena, &sns_push_record, plain, &inner));
    p->body = inner.body;
    p->attributes = inner.attributes;
    return NULL;
}
