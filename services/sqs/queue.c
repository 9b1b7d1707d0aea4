/* The queue: born, found, listed, deleted. */
#include "cloud/key_use.h"
#include "sqs.h"

#include "cloud/source.h"

str queue_row_key(struct arena *a, str account, str region, const char *type, str name) {
    struct key k = key_new(a, S("sqs"));
    key_str(&k, account);
    key_str(&k, region);
    key_str(&k, str_of(type));
    key_str(&k, name);
    return key_bytes(&k);
}

static str counts_key(struct arena *a, u64 space) {
    struct key k = space_key(a, space, "counts");
    return key_bytes(&k);
}

bool queue_load_by_key(struct txn *t, struct arena *a, str key, struct queue *q) {
    str row, part, rest = key;
    if (!txn_get(t, key, &row)) return false;
    *q = (struct queue){0};
    ASSERT(record_decode(a, &queue_record, arena_str(a, row), q));
    q->key = key;
    ASSERT(key_read_str(&rest, a, &part) && key_read_str(&rest, a, &q->account) && key_read_str(&rest, a, &q->region)
           && key_read_str(&rest, a, &part) && key_read_str(&rest, a, &q->name));
    if (txn_get(t, counts_key(a, q->space), &row)) ASSERT(record_decode(a, &counts_record, row, &q->counts));
    q->counts_before = q->counts;
    return true;
}

bool queue_load(struct txn *t, struct arena *a, str account, str region, str name, struct queue *q) {
    if (name.n > 80 || region.n > 40) return false;
    return queue_load_by_key(t, a, queue_row_key(a, account, region, "queue", name), q);
}

bool queue_load_by_arn(struct txn *t, struct arena *a, str text, struct queue *q) {
    struct arn arn;
    if (!text.p || !arn_parse(text, &arn) || !str_eq(arn.service, S("sqs"))) return false;
    return queue_load(t, a, arn.account, arn.region, arn.resource, q);
}

/* The last two parts of a URL's path, whatever its host: "https://sqs.../123456789012/name", the old
 * "https://queue.amazonaws.com/...", a path alone (query clients), or a bare name of one's own. */
bool queue_url_parts(struct call *c, str url, str *account, str *name) {
    size_t slash = str_rfind_char(url, '/');
    *account = c->account;
    *name = url;
    if (slash == STR_NONE) return url.n > 0;
    *name = str_skip(url, slash + 1);
    str before = str_take(url, slash);
    slash = str_rfind_char(before, '/');
    *account = slash == STR_NONE ? before : str_skip(before, slash + 1);
    return account_valid(*account) && name->n > 0;
}

err queue_absent(struct call *c) {
    return fail(c, &sqs_queue_does_not_exist, c->by_query ? "The specified queue does not exist for this wsdl version."
                                                          : "The specified queue does not exist.");
}

err queue_open(struct call *c, str url, struct queue *q) {
    str account, name;
    if (!queue_url_parts(c, url, &account, &name))
        return fail(c, &sqs_invalid_address, "The address %.*s is not valid for this endpoint.", STR_ARGS(url));
    return queue_load(c->txn, c->arena, account, c->region, name, q) ? NULL : queue_absent(c);
}

void queue_save(struct txn *t, struct arena *a, const struct queue *q) {
    txn_put(t, q->key, record_encode(a, &queue_record, q));
}

/* One timer a queue: at the first time at which a hidden message comes back or a ready one is too old.
 * It is set earlier when that moves forward, and finds out itself when there is less to do. */
void queue_set_timer(struct txn *t, struct arena *a, struct queue *q, i64 latest_ms) {
    struct counts *n = &q->counts;
    if (n->ready + n->in_flight + n->delayed == 0) return;
    i64 due = n->in_flight + n->delayed > 0 ? MIN(latest_ms, hidden_first_due(t, a, q)) : latest_ms;
    if (n->timer_ms && n->timer_ms <= due) return;
    n->timer_ms = MAX(due, 1);
    txn_task_set(t, &(struct task){.kind = S("sqs-queue"), .key = q->key, .due_ms = n->timer_ms});
}

void queue_close(struct txn *t, struct arena *a, struct queue *q, i64 now_ms) {
    if (q->counts.in_flight + q->counts.delayed > q->counts_before.in_flight + q->counts_before.delayed || !q->counts.timer_ms)
        queue_set_timer(t, a, q, now_ms + q->retention_s * 1000);
    if (!memcmp(&q->counts, &q->counts_before, sizeof q->counts)) return;
    if (q->counts.ready > q->counts_before.ready) source_arrived(t, a, queue_arn(a, q), now_ms);
    txn_put(t, counts_key(a, q->space), record_encode(a, &counts_record, &q->counts));
    q->counts_before = q->counts;
}

str queue_arn(struct arena *a, const struct queue *q) { return arn_format(a, S("sqs"), q->region, q->account, q->name); }
str queue_url(struct call *c, str account, str name) {
    return arena_format(c->arena, "%.*s/%.*s/%.*s", STR_ARGS(c->base_url), STR_ARGS(account), STR_ARGS(name));
}
str queue_topic(struct arena *a, const struct queue *q) { return arena_format(a, "sqs:%llu", (unsigned long long)q->id); }

/* ---- CreateQueue ---- */

static bool name_valid(str name, bool fifo) {
    if (name.n == 0 || name.n > 80) return false;
    if (fifo && !str_ends(name, S(".fifo"))) return false;
    str base = fifo ? str_take(name, name.n - 5) : name;
    for (size_t i = 0; i < base.n; i++) {
        char ch = base.p[i];
        bool letter = (ch | 32) >= 'a' && (ch | 32) <= 'z';
        if (!letter && !(ch >= '0' && ch <= '9') && ch != '-' && ch != '_') return false;
    }
    return base.n > 0;
}

static err check_name(struct call *c, str name, const struct sqs_queue_attribute_map *attributes) {
    bool fifo = false;
    for (u32 i = 0; i < attributes->n; i++)
        if (str_eq(attributes->v[i].key, S("FifoQueue"))) fifo = str_eq_nocase(attributes->v[i].value, S("true"));
    if (name_valid(name, fifo)) return NULL;
    if (fifo)
        return fail(c, &sqs_invalid_parameter_value_exception,
                    "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.");
    return fail(c, &sqs_invalid_parameter_value_exception, "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length");
}

/* The same name again is the same queue, if what was asked for is what it has. */
static err compare(struct call *c, const struct queue *have, const struct queue *asked, const struct sqs_queue_attribute_map *given) {
    for (u32 i = 0; i < given->n; i++) {
        str name = given->v[i].key, x = attribute_text(c, have, name), y = attribute_text(c, asked, name);
        if (!str_eq(x, y) || !x.p != !y.p)
            return fail(c, &sqs_queue_name_exists, "A queue already exists with the same name and a different value for attribute %.*s", STR_ARGS(name));
    }
    return NULL;
}

static err set_tags(struct call *c, const struct queue *q, const struct sqs_tag_map *tags);

static err check_not_just_deleted(struct call *c, str name) {
    str row;
    i64 deleted_ms;
    if (!txn_get(c->txn, queue_row_key(c->arena, c->account, c->region, "deleted", name), &row)) return NULL;
    if (!str_to_i64(row, &deleted_ms) || deleted_ms + 60000 <= c->now_ms) return NULL;
    return fail(c, &sqs_queue_deleted_recently, "You must wait 60 seconds after deleting a queue before you can create another with the same name.");
}

err sqs_create_queue(struct call *c, const struct sqs_create_queue_request *in, struct sqs_create_queue_result *out) {
    TRY(check_name(c, in->queue_name, &in->attributes));
    struct queue q = {.account = c->account, .region = c->region, .name = in->queue_name}, have;
    q.key = queue_row_key(c->arena, q.account, q.region, "queue", q.name);
    queue_defaults(&q);
    TRY(attributes_apply(c, &q, &in->attributes, true));
    out->queue_url = queue_url(c, c->account, in->queue_name);
    if (queue_load_by_key(c->txn, c->arena, q.key, &have)) return compare(c, &have, &q, &in->attributes);
    TRY(check_not_just_deleted(c, q.name));
    q.id = txn_sequence(c->txn);
    q.space = txn_sequence(c->txn);
    q.created_ms = q.modified_ms = c->now_ms;
    registry_add(c, queue_arn(c->arena, &q), S("AWS::SQS::Queue"));
    if (in->tags.n) TRY(set_tags(c, &q, &in->tags));
    queue_save(c->txn, c->arena, &q);
    redrive_index(c, &q, (str){0});
    txn_raise_epoch(c->txn);
    count_request(c, &q, 0);
    return NULL;
}

/* ---- finding ---- */

err sqs_get_queue_url(struct call *c, const struct sqs_get_queue_url_request *in, struct sqs_get_queue_url_result *out) {
    struct queue q;
    str owner = in->queue_owner_aws_account_id.n ? in->queue_owner_aws_account_id : c->account;
    if (!queue_load(c->txn, c->arena, owner, c->region, in->queue_name, &q)) return queue_absent(c);
    out->queue_url = queue_url(c, q.account, q.name);
    count_request(c, &q, 0);
    return NULL;
}

static err page_size(struct call *c, struct opt_i32 asked, u32 *size) {
    *size = 1000;
    if (!asked.set) return NULL;
    if (asked.v < 1 || asked.v > 1000)
        return fail(c, &sqs_invalid_parameter_value_exception, "Value for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and 1000.");
    *size = (u32)asked.v;
    return NULL;
}

/* Names under ("sqs", account, region, type, [above,] prefix...), a page of them. */
static err list_names(struct call *c, struct key k, str prefix, struct opt_i32 max, str token, struct sqs_queue_url_list *urls, str *next) {
    u32 size;
    TRY(page_size(c, max, &size));
    str base = key_bytes(&k), from, position;
    key_str_prefix(&k, prefix);
    from = arena_str(c->arena, key_bytes(&k));
    str to = key_after_prefix(c->arena, from);
    base.p = from.p;
    if (token.p) {
        if (!page_position(c, token, &position))
            return fail(c, &sqs_invalid_parameter_value_exception, "Invalid or expired NextToken provided");
        from = position;
    }
    urls->v = NEW_ARRAY(c->arena, str, size);
    struct range r = txn_range(c->txn, from, to);
    str key, value;
    while (range_next(&r, &key, &value)) {
        if (urls->n == size) {
            if (max.set) *next = page_token(c, arena_str(c->arena, key));
            break;
        }
        str rest = str_skip(key, base.n), name;
        ASSERT(key_read_str(&rest, c->arena, &name));
        urls->v[urls->n++] = queue_url(c, c->account, arena_str(c->arena, name));
    }
    urls->set = urls->n > 0;
    return NULL;
}

err sqs_list_queues(struct call *c, const struct sqs_list_queues_request *in, struct sqs_list_queues_result *out) {
    if (in->next_token.p && !in->max_results.set)
        return fail(c, &sqs_missing_required_parameter_exception, "The request must contain the parameter MaxResults.");
    count_usage(c, S("Requests-Tier1"), 1);
    return list_names(c, call_key(c, S("queue")), in->queue_name_prefix.p ? in->queue_name_prefix : S(""), in->max_results, in->next_token,
                      &out->queue_urls, &out->next_token);
}

err sqs_list_dead_letter_source_queues(struct call *c, const struct sqs_list_dead_letter_source_queues_request *in,
                                       struct sqs_list_dead_letter_source_queues_result *out) {
    struct queue q;
    TRY(queue_open(c, in->queue_url, &q));
    struct key k = key_new(c->arena, S("sqs"));
    key_str(&k, q.account);
    key_str(&k, q.region);
    key_str(&k, S("source"));
    key_str(&k, q.name);
    count_request(c, &q, 0);
    TRY(list_names(c, k, S(""), in->max_results, in->next_token, &out->queue_urls, &out->next_token));
    out->queue_urls.set = true; /* required, also when empty */
    return NULL;
}

/* ---- DeleteQueue, PurgeQueue: the name is free, or the queue empty, at once; a job takes the rows ---- */

static void sweep_space(struct call *c, u64 space) {
    str key = arena_format(c->arena, "%llu", (unsigned long long)space);
    txn_task_set(c->txn, &(struct task){.kind = S("sqs-sweep"), .key = key});
}

err sqs_delete_queue(struct call *c, const struct sqs_delete_queue_request *in, struct wire_unit *out) {
    (void)out;
    struct queue q;
    TRY(queue_open(c, in->queue_url, &q));
    str gone = q.dlq_arn, deleted = queue_row_key(c->arena, q.account, q.region, "deleted", q.name);
    q.dlq_arn = (str){0};
    redrive_index(c, &q, gone);
    txn_delete(c->txn, q.key);
    txn_task_cancel(c->txn, S("sqs-queue"), q.key);
    sweep_space(c, q.space);
    sweep_space(c, q.id);
    registry_remove(c, queue_arn(c->arena, &q));
    key_use_forget(c, queue_arn(c->arena, &q));
    txn_put(c->txn, deleted, arena_format(c->arena, "%lld", (long long)c->now_ms));
    txn_task_set(c->txn, &(struct task){.kind = S("sqs-forget"), .key = deleted, .due_ms = c->now_ms + 60000});
    txn_raise_epoch(c->txn);
    txn_notify(c->txn, queue_topic(c->arena, &q), 1000000); /* who waits learns that it is gone */
    count_request(c, &q, 0);
    return NULL;
}

err sqs_purge_queue(struct call *c, const struct sqs_purge_queue_request *in, struct wire_unit *out) {
    (void)out;
    struct queue q;
    TRY(queue_open(c, in->queue_url, &q));
    if (q.purged_ms && q.purged_ms + 60000 > c->now_ms)
        return fail(c, &sqs_purge_queue_in_progress, "Only one PurgeQueue operation on %.*s is allowed every 60 seconds.", STR_ARGS(q.name));
    sweep_space(c, q.space);
    txn_task_cancel(c->txn, S("sqs-queue"), q.key);
    q.space = txn_sequence(c->txn);
    q.purged_ms = c->now_ms;
    queue_save(c->txn, c->arena, &q);
    count_request(c, &q, 0);
    return NULL;
}

/* ---- tags ---- */

static err tag_failed(struct call *c, err e) {
    if (e == &sqs_over_limit) return fail(c, e, "Too many tags added for queue.");
    return fail(c, e, "Tag keys must be between 1 and 128 characters and values at most 256, of letters, digits, white space and _.:/=+-@, and keys must not start with aws:.");
}

static err set_tags(struct call *c, const struct queue *q, const struct sqs_tag_map *tags) {
    struct tag_errors errors = {.too_many = &sqs_over_limit, .invalid = &sqs_invalid_parameter_value_exception};
    struct record_pairs pairs = {.v = NEW_ARRAY(c->arena, struct record_pair, tags->n + 1), .n = tags->n, .set = true};
    for (u32 i = 0; i < tags->n; i++)
        pairs.v[i] = (struct record_pair){tags->v[i].key, tags->v[i].value.p ? tags->v[i].value : S("")};
    err e = tags_set(c, queue_arn(c->arena, q), &pairs, &errors);
    return e ? tag_failed(c, e) : NULL;
}

err sqs_tag_queue(struct call *c, const struct sqs_tag_queue_request *in, struct wire_unit *out) {
    (void)out;
    struct queue q;
    TRY(queue_open(c, in->queue_url, &q));
    count_request(c, &q, 0);
    return set_tags(c, &q, &in->tags);
}

err sqs_untag_queue(struct call *c, const struct sqs_untag_queue_request *in, struct wire_unit *out) {
    (void)out;
    struct queue q;
    TRY(queue_open(c, in->queue_url, &q));
    tags_remove(c, queue_arn(c->arena, &q), in->tag_keys.v, in->tag_keys.n);
    count_request(c, &q, 0);
    return NULL;
}

err sqs_list_queue_tags(struct call *c, const struct sqs_list_queue_tags_request *in, struct sqs_list_queue_tags_result *out) {
    struct queue q;
    TRY(queue_open(c, in->queue_url, &q));
    struct record_pairs tags = tags_of(c, queue_arn(c->arena, &q));
    out->tags.v = NEW_ARRAY(c->arena, struct sqs_tag_map_entry, tags.n + 1);
    for (u32 i = 0; i < tags.n; i++) out->tags.v[out->tags.n++] = (struct sqs_tag_map_entry){tags.v[i].key, tags.v[i].value};
    out->tags.set = tags.n > 0;
    count_request(c, &q, 0);
    return NULL;
}
