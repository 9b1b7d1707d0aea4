/* Private to the room of EventBridge; README.md says how the nouns fit together. */
#ifndef BRUME_EVENTS_H
#define BRUME_EVENTS_H

#include "cloud/event_pattern.h"
#include "gen/events.h"
#include "records.h"

extern const struct task_kind events_task_kinds[]; /* tasks.c */
enum {
    ENTRY_MAX = 1 << 20, /* bytes of PutEvents' entries together; 256 KiB before January 2026 */
    TARGETS_MAX = 5,     /* of a rule */
    PAGE = 100,
    HOPS_MAX = 5,        /* from bus to bus */
    REPLAY_SLICE = 50,
    RATE_DEFAULT = 300, /* of an API destination, a second */
    RULES_MAX = 300,    /* of a bus */
    BUSES_MAX = 100,
};

/* ---- rows.c ---- */
struct key events_key(struct arena *a, str account, str region, str type);
MUST_USE err limits_page(struct call *c, str token, struct opt_i32 limit, str *position, u32 *max);
str bus_row(struct arena *a, str account, str region, str name);
bool bus_load(struct txn *t, struct arena *a, str account, str region, str name, struct bus *bus);
str bus_arn(struct arena *a, const struct bus *bus);
/* By name or ARN; absent: the default one. ResourceNotFoundException. */
MUST_USE err bus_open(struct call *c, str name_or_arn, struct bus *bus);
str rule_row(struct arena *a, const struct bus *bus, str name); /* absent: where its rules begin */
bool rule_load(struct txn *t, struct arena *a, const struct bus *bus, str name, struct rule *rule);
void rule_save(struct txn *t, struct arena *a, const struct rule *rule);
str rule_arn(struct arena *a, const struct rule *rule);
bool rule_enabled(const struct rule *rule);
MUST_USE err rule_open(struct call *c, const struct bus *bus, str name, struct rule *rule);
struct range rules_of(struct txn *t, struct arena *a, const struct bus *bus, str from);
void rule_decode(struct arena *a, str key, str row, struct rule *rule);

/* ---- rule.c ---- */
/* ManagedRuleException. */
MUST_USE err rule_unmanaged(struct call *c, const struct rule *rule, bool force);
err schedule_fire(struct txn *t, const struct task *task, i64 now_ms);

/* ---- tags.c ---- */
MUST_USE err event_tags_add(struct call *c, str arn, const struct events_tag_list *tags);

/* ---- index.c: which rules may match an event, without looking at the others ---- */
void index_add(struct call *c, struct rule *rule, const struct event_pattern *p);
void index_remove(struct call *c, struct rule *rule);

/* ---- event.c: one event on its way through a bus ---- */
struct event {
    str id, source, detail_type, detail /* JSON */, account, region;
    const str *resources;
    u32 resource_count;
    i64 time_ms;
    str json;                     /* all of it, as targets see it */
    const struct json_node *tree; /* of json */
    int hops;
    str replay; /* name, of a replayed one */
};
struct refusal { /* of an entry; code NULL: none */
    const char *code, *message;
};
struct refusal entry_read(struct call *c, const struct events_put_events_request_entry *in, struct event *e);
void event_finish(struct arena *a, struct event *e); /* json and tree of the rest */
/* What services emit (cloud_config.events). */
void events_take(struct call *c, str source, str detail_type, str resource_arn, str detail_json);
/* For each enabled rule of the bus that matches. */
void index_match(struct call *c, const struct bus *bus, const struct event *e, void (*found)(struct call *c, const struct rule *rule, const struct event *e, void *context), void *context);

/* ---- condition.c: what the condition keys are of. facts->v is theirs; condition_of_rule comes last, or alone ---- */
void condition_of_event(struct call *c, const struct event *e, bool from_bus, struct auth_facts *facts);
void condition_of_pattern(struct call *c, str pattern, struct auth_facts *facts);
void condition_of_targets(struct call *c, const struct events_target_list *targets, struct auth_facts *facts);
void condition_of_rule(struct call *c, const struct rule *rule, struct auth_facts *facts);

/* ---- partner.c, webhook.c: event sources of partners ---- */
/* A bus is made for a source, or deleted. */
MUST_USE err source_taken_up(struct call *c, str bus_name, str source_name);
void source_left(struct call *c, str name);
bool partner_has_source(struct txn *t, struct arena *a, str partner, str region, str name);
/* To the buses of all accounts that have taken the event's source up. */
void partner_event_route(struct call *c, str partner, const struct event *from);
err source_expire(struct txn *t, const struct task *task, i64 now_ms);

/* ---- input.c: what a target gets ---- */
/* Absent: the template came to nothing that could be sent. */
str target_input(struct arena *a, const struct rule *rule, const struct target *target, const struct event *e, i64 now_ms);
MUST_USE err target_input_check(struct call *c, const struct events_target *target);

/* ---- deliver.c: from a bus by its rules to their targets, of which other buses are some ---- */
/* To the bus's rules and archives. `only`: the ARNs of rules that may see it; NULL: all. */
void event_route(struct call *c, const struct bus *bus, const struct event *e, const struct record_pairs *only);
void deliver_to(struct call *c, const struct rule *rule, const struct target *target, const struct event *e);

/* ---- dead_letter.c ---- */
struct dead_letter {
    str rule_arn, target_arn, body, code, message;
    const char *condition; /* of the retry policy; NULL: nothing was tried again */
    i64 attempts;
};
void rule_count(struct call *c, str rule_arn, const char *metric); /* one more, in AWS/Events */
void dead_letter_send(struct call *c, str queue_arn, const struct dead_letter *letter);

/* ---- destination.c, invoke.c, push.c: API destinations ---- */
bool destination_is_arn(const struct arn *arn);
bool destination_of_arn(struct txn *t, struct arena *a, str arn, struct destination *d);
/* When its rate lets the next call go; the turn is taken. */
i64 destination_turn(struct txn *t, struct arena *a, const struct destination *d, i64 now_ms);
/* A struct destination_answer. On a worker. */
str destination_send(struct arena *a, struct store *store, const struct destination_call *call);
bool destination_renew(struct txn *t, struct arena *a, const struct destination *d, i64 status);
err invoke_begin(struct txn *t, const struct task *task, i64 now_ms);
err invoke_perform(struct arena *a, const struct task *task, str *result);
err invoke_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms);
MUST_USE err destination_begin(struct call *c, const struct rule *rule, const struct target *target, const struct event *e, str input);
err destination_perform(struct arena *a, const struct task *task, str *result);
err destination_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms);

/* ---- seal.c: archives under a key of KMS ---- */
MUST_USE err archive_key_check(struct call *c, const struct archive *archive);
void archive_key_forget(struct call *c, const struct archive *archive);
MUST_USE err archived_seal(struct call *c, const struct archive *archive, struct archived *one);
MUST_USE err archived_open(struct call *c, const struct archived *one, str *json);

/* ---- archive.c ---- */
void archive_event(struct call *c, const struct bus *bus, const struct event *e);
bool archive_load(struct txn *t, struct arena *a, str account, str region, str name, struct archive *archive);
struct key archived_key(struct arena *a, u64 archive); /* before what it holds, in order of arrival */
struct archived archived_read(struct arena *a, str row);
err archive_trim(struct txn *t, const struct task *task, i64 now_ms);
err archive_sweep(struct txn *t, const struct task *task, i64 now_ms);

/* ---- replay.c ---- */
err replay_slice(struct txn *t, const struct task *task, i64 now_ms);

#endif
