/* YCSB's mixes on a table of DynamoDB: items of 1 KiB, 100 in a partition, drawn so that the chance falls with the
 * rank. Requests are made and signed while answers are waited for. --objects: how many items there are; --first: where new ones begin. */
#include "load/load.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

enum { GROUP = 100, BATCH = 25, SCANNED = 50, FIELDS = 10, FIELD_BYTES = 100, BATCH_BYTES = 64 << 10, TRIES = 300 };
static char text[1 << 16]; /* what fields are cut from: drawn, as YCSB's, so that who compresses has nothing to win */
static u64 random_state = 7;

static double draw(void) { /* 0 to 1, without 1 */
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (double)(random_state >> 11) / (double)(1ull << 53);
}

static u64 rank(const struct workload *w) { return (u64)pow((double)w->objects, draw()) % w->objects; }
static u64 popular(const struct workload *w) { return rank(w) * 7919 % w->objects; }
static u64 latest(const struct workload *w) { return w->objects + w->next - 1 - rank(w); }

static const char *field(u64 i) { return text + i * 0x9e3779b97f4a7c15 % (sizeof text - FIELD_BYTES); }

static void add_key(struct buf *b, u64 i) {
    buf_format(b, "\"p\":{\"S\":\"group-%llu\"},\"s\":{\"N\":\"%llu\"}", (unsigned long long)(i / GROUP), (unsigned long long)(i % GROUP));
}

static void add_item(struct buf *b, u64 i) {
    buf_char(b, '{');
    add_key(b, i);
    for (int f = 0; f < FIELDS; f++) buf_format(b, ",\"field%d\":{\"S\":\"%.*s\"}", f, FIELD_BYTES, field(i * FIELDS + (u64)f));
    buf_char(b, '}');
}

static struct buf body_new(struct step *s, size_t most) {
    arena_reset(&s->arena);
    struct buf b = buf_new(&s->arena, most);
    buf_add(&b, S("{\"TableName\":\"usertable\","));
    return b;
}

static struct signing signing_of(const struct workload *w, const char *operation, str body) {
    return (struct signing){.target = w->target, .service = "dynamodb", .method = "POST", .path = S("/"),
                            .content_type = "application/x-amz-json-1.0", .operation = operation, .body = body};
}

static const struct request *sign(struct workload *w, struct step *s, struct request *made, const char *operation, struct buf *b) {
    buf_char(b, '}');
    ASSERT(!b->over);
    struct signing signing = signing_of(w, operation, buf_str(b));
    *made = request_sign(&s->arena, &signing);
    return made;
}

static const struct request *get(struct workload *w, struct step *s, struct request *made, u64 i) {
    struct buf b = body_new(s, 1024);
    buf_add(&b, S("\"ConsistentRead\":true,\"Key\":{"));
    add_key(&b, i);
    buf_char(&b, '}');
    return sign(w, s, made, "DynamoDB_20120810.GetItem", &b);
}

static const struct request *update(struct workload *w, struct step *s, struct request *made, u64 i) {
    struct buf b = body_new(s, 1024);
    buf_add(&b, S("\"Key\":{"));
    add_key(&b, i);
    buf_format(&b, "},\"UpdateExpression\":\"SET field0 = :v\",\"ExpressionAttributeValues\":{\":v\":{\"S\":\"%020llu%.*s\"}}",
               (unsigned long long)random_state, FIELD_BYTES - 20, field(random_state));
    return sign(w, s, made, "DynamoDB_20120810.UpdateItem", &b);
}

static const struct request *put(struct workload *w, struct step *s, struct request *made, u64 i) {
    struct buf b = body_new(s, 4096);
    buf_add(&b, S("\"Item\":"));
    add_item(&b, i);
    return sign(w, s, made, "DynamoDB_20120810.PutItem", &b);
}

static const struct request *query(struct workload *w, struct step *s, struct request *made, u64 i) {
    struct buf b = body_new(s, 1024);
    buf_format(&b, "\"Limit\":%d,\"KeyConditionExpression\":\"p = :p AND s >= :s\",\"ExpressionAttributeValues\":{\":p\":{\"S\":\"group-%llu\"},"
                   "\":s\":{\"N\":\"%llu\"}}",
               1 + (int)(draw() * SCANNED), (unsigned long long)(i / GROUP), (unsigned long long)(i % GROUP));
    return sign(w, s, made, "DynamoDB_20120810.Query", &b);
}

/* ---- the mixes ---- */

ITEMS_MAKE(fill) {
    arena_reset(&s->arena);
    struct buf b = buf_new(&s->arena, BATCH_BYTES);
    u64 from = w->first + w->next, to = MIN(from + BATCH, w->objects);
    buf_add(&b, S("{\"RequestItems\":{\"usertable\":["));
    for (u64 i = from; i < to; i++) {
        buf_format(&b, "%s{\"PutRequest\":{\"Item\":", i > from ? "," : "");
        add_item(&b, i);
        buf_add(&b, S("}}"));
    }
    buf_add(&b, S("]}"));
    w->next += BATCH;
    return sign(w, s, made, "DynamoDB_20120810.BatchWriteItem", &b);
}

ITEMS_MAKE(put) { return put(w, s, made, w->first + w->next++); }
ITEMS_MAKE(a) { return draw() < 0.5 ? get(w, s, made, popular(w)) : update(w, s, made, popular(w)); }
ITEMS_MAKE(b) { return draw() < 0.95 ? get(w, s, made, popular(w)) : update(w, s, made, popular(w)); }
ITEMS_MAKE(c) { return get(w, s, made, popular(w)); }
ITEMS_MAKE(d) { return draw() < 0.95 ? get(w, s, made, latest(w)) : put(w, s, made, w->objects + w->next++); }
ITEMS_MAKE(e) { return draw() < 0.95 ? query(w, s, made, popular(w)) : put(w, s, made, w->objects + w->next++); }

ITEMS_MAKE(f) { /* half of them only read, the others read and then write the same item */
    if (s->number) {
        s->number = 0;
        return update(w, s, made, s->item);
    }
    s->item = popular(w);
    s->number = draw() < 0.5;
    return get(w, s, made, s->item);
}

/* ---- the table ---- */

bool items_prepare(struct workload *w) {
    static const char create[] = "{\"TableName\":\"usertable\",\"BillingMode\":\"PAY_PER_REQUEST\",\"AttributeDefinitions\":["
                                 "{\"AttributeName\":\"p\",\"AttributeType\":\"S\"},{\"AttributeName\":\"s\",\"AttributeType\":\"N\"}],\"KeySchema\":["
                                 "{\"AttributeName\":\"p\",\"KeyType\":\"HASH\"},{\"AttributeName\":\"s\",\"KeyType\":\"RANGE\"}]}";
    struct answer answer;
    for (size_t i = 0; i < sizeof text; i++) text[i] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/"[(u64)(draw() * 64)];
    if (!w->objects) w->objects = GROUP;
    random_state ^= (u64)time(NULL) << 20;
    if (w->make == items_put && !w->first) w->first = (u64)time(NULL) % 100000 * 100000; /* new ones in each run */
    if (!workload_ask(w, signing_of(w, "DynamoDB_20120810.CreateTable", str_of(create)), 400, &answer)) return false;
    for (int tries = 0; tries < TRIES; tries++) {
        struct timespec pause = {0, 100000000};
        if (!workload_ask(w, signing_of(w, "DynamoDB_20120810.DescribeTable", S("{\"TableName\":\"usertable\"}")), 0, &answer)) return false;
        if (str_find(answer.body, S("\"ACTIVE\"")) != STR_NONE) return true;
        nanosleep(&pause, NULL);
    }
    snprintf(w->problem, sizeof w->problem, "the table does not become active");
    return false;
}
