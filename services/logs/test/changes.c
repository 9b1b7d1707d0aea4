/* Which rows of changes stay: those that an event may need which is still there. */
#include "cloud/test/probe.h"
#include "services/logs/changes.h"

#include "unit.h"

static const struct service logs = {.wire = &logs_wire};
static struct probe p;
static struct log_group group;
static i64 now_ms;

/* The rows, newest first, as "subject=body " each. */
static str rows_of(struct call *c, const struct log_changes *of) {
    struct buf b = buf_new(c->arena, 1 << 12);
    for (const struct log_change *i = log_changes_read(c->txn, c->arena, of); i; i = i->older) {
        struct record_pair body = {0};
        ASSERT(record_decode(c->arena, &record_pair_type, i->body, &body));
        buf_format(&b, "%.*s=%.*s ", STR_ARGS(i->subject), STR_ARGS(body.key));
    }
    return buf_str(&b);
}

static str body_of(struct call *c, const char *text) { return record_encode(c->arena, &record_pair_type, &(struct record_pair){.key = *text ? str_of(text) : (str){0}}); }

static void add(struct call *c, const struct log_changes *of, const char *subject, const char *text) { log_change_add(c, of, str_of(subject), body_of(c, text)); }

static struct log_block_id event(struct call *c, i64 at_ms) {
    struct log_block_id id = {.stream = 1, .first_ms = at_ms, .put = txn_sequence(c->txn), .number = 0};
    log_block_put(c->txn, c->arena, group.id, &id, &(struct log_block){.last_ms = at_ms, .put = id.put, .count = 1, .packed = S("x")});
    return id;
}

static err in_the_writer(void *context, struct txn *t) {
    struct call *c = probe_call(context, t, &logs, LOGS_OP_PUT_TRANSFORMER, S(MINE), S("us-east-1"));
    struct log_changes own = {"logs-test", "test", &group, c->account, c->region}, all = {"logs-test", "test", NULL, c->account, c->region};
    now_ms = store_now_ms(p.place.store);
    group = (struct log_group){.id = txn_sequence(t), .account = c->account, .region = c->region, .name = S("app")};
    log_group_save(t, c->arena, &group);

    /* without events: the last alone, and none where there is nothing any more */
    add(c, &own, NULL, "a");
    add(c, &own, NULL, "b");
    add(c, &own, NULL, "c");
    u64 changed = log_changes_newest(t, c->arena, &own);
    add(c, &own, NULL, "c");
    CHECK_INT(log_changes_newest(t, c->arena, &own), changed);
    CHECK_STR(rows_of(c, &own), S("=c "));
    add(c, &own, NULL, "");
    CHECK_STR(rows_of(c, &own), S(""));
    add(c, &own, NULL, "");
    CHECK_STR(rows_of(c, &own), S(""));

    /* an event that came before a change may be two hours newer than it */
    add(c, &own, NULL, "a");
    struct log_block_id old = event(c, now_ms + LOG_AHEAD_MS);
    add(c, &own, NULL, "b");
    add(c, &own, NULL, "");
    CHECK_STR(rows_of(c, &own), S("= =b =a "));
    log_block_delete(t, c->arena, group.id, &old);
    struct log_block_id later = event(c, now_ms + LOG_AHEAD_MS + 60000);
    log_changes_prune(t, c->arena, &own);
    CHECK_STR(rows_of(c, &own), S(""));

    /* of the account: each subject by itself, and no group may have an older event */
    add(c, &all, "x", "1");
    add(c, &all, "y", "1");
    add(c, &all, "x", "2");
    CHECK_STR(rows_of(c, &all), S("x=2 y=1 "));
    old = event(c, now_ms);
    add(c, &all, "y", "2");
    add(c, &all, "x", "");
    CHECK_STR(rows_of(c, &all), S("x= y=2 x=2 y=1 "));
    log_block_delete(t, c->arena, group.id, &old);
    log_changes_prune(t, c->arena, &all);
    CHECK_STR(rows_of(c, &all), S("y=2 "));
    log_block_delete(t, c->arena, group.id, &later);

    /* a row whose successor has no time stays: who wrote it noted none */
    struct key k = key_new(c->arena, S("logs-test"));
    add(c, &own, NULL, "a");
    key_u64(&k, group.id);
    key_u64(&k, txn_sequence(t));
    txn_put(t, key_bytes(&k), body_of(c, "b"));
    log_changes_prune(t, c->arena, &own);
    CHECK_STR(rows_of(c, &own), S("=b =a "));
    add(c, &own, NULL, "c");
    CHECK_STR(rows_of(c, &own), S("=c =a "));
    return NULL;
}

static void what_no_event_needs_goes(void) {
    probe_open(&p);
    CHECK(!probe_write(&p, in_the_writer));
    probe_close(&p);
}

UNIT_MAIN(UNIT(what_no_event_needs_goes))
