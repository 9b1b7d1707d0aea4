/* Private to the room of EventBridge Pipes; README.md says how the nouns fit together. */
#ifndef BRUME_PIPES_H
#define BRUME_PIPES_H

#include "cloud/event_pattern.h"
#include "gen/pipes.h"
#include "records.h"

extern const struct task_kind pipes_task_kinds[];

enum {
    PAGE = 100,
    SLICE = 100,       /* events of one transaction */
    FILTERS_MAX = 5,
    FLIGHTS_MAX = 20,  /* of a queue's events at a time */
    PIPES_MAX = 1000,  /* AWS's default quota */
    DENIED_MS = 60000, /* before a source that refuses is asked again */
};

/* ---- pipe.c ---- */
str pipe_arn(struct arena *a, const struct pipe *p);
bool pipe_load(struct txn *t, struct arena *a, str account, str region, str name, struct pipe *p);
void pipe_save(struct txn *t, struct arena *a, const struct pipe *p);
void pipe_remove(struct call *c, const struct pipe *p);
str pipe_task_key(struct arena *a, const struct pipe *p);
bool pipe_of_task(struct txn *t, struct arena *a, str key, struct pipe *p);

/* ---- parameters.c ---- */
MUST_USE err source_take(struct call *c, const struct pipes_create_pipe_request *in, struct pipe_source *s);
/* A source's ARN and starting position stay what they are. */
MUST_USE err source_change(struct call *c, const struct pipes_update_pipe_source_parameters *in, struct pipe_source *s);
MUST_USE err target_take(struct call *c, str arn, const struct pipes_pipe_target_parameters *in, struct pipe_target *t);
MUST_USE err enrichment_take(struct call *c, str arn, const struct pipes_pipe_enrichment_parameters *in, struct pipe_enrichment **e);
struct pipes_pipe_enrichment_parameters *enrichment_parameters_shown(struct call *c, const struct pipe_enrichment *e);
struct pipes_pipe_source_parameters *source_shown(struct call *c, const struct pipe_source *s);
struct pipes_pipe_target_parameters *target_parameters_shown(struct call *c, const struct pipe_target *t);

/* ---- state.c: from one state to the next ---- */
void state_go(struct call *c, struct pipe *p, const char *current, const char *desired);
err state_settle(struct txn *t, const struct task *task, i64 now_ms);
/* Polls again, at once or later. */
void poll_again(struct txn *t, struct arena *a, const struct pipe *p);
void poll_later(struct txn *t, struct arena *a, const struct pipe *p, i64 due_ms);

/* ---- event.c: what came from a source ---- */
struct pipe_event {
    str json, parsed;                     /* of a queue: with the body as text, and as the JSON that it holds */
    const struct json_node *tree, *parsed_tree;
    str id;
    str group; /* of a FIFO queue */
    str execution; /* in the log */
};
void event_read(struct arena *a, struct pipe_event *e, str json, str parsed);
struct pipe_filter {
    const struct event_pattern *v[FILTERS_MAX];
    u32 n;
};
struct pipe_filter filter_of(struct arena *a, const struct pipe_source *s);
bool filter_lets(const struct pipe_filter *f, const struct pipe_event *e);
/* What the target or the enrichment gets, by its template; absent: nothing that could be sent. */
str event_payload(struct call *c, const struct pipe *p, const char *stage /* for the log */, str template, const struct pipe_event *e);
/* A parameter of a target: as it stands, or what the event has at its path. */
str event_parameter(struct arena *a, const struct pipe_event *e, str parameter);

/* ---- send.c ---- */
MUST_USE err pipe_send(struct call *c, const struct pipe *p, const struct pipe_event *e);
struct call_other pipe_callee(struct call *c, const struct pipe *p, const struct arn *arn, const struct service *service, u16 op);
void pipe_counted(struct call *c, const struct pipe *p, const char *metric);

/* ---- log.c: what a pipe tells of its steps ---- */
MUST_USE err log_take(struct call *c, const struct pipes_pipe_log_configuration_parameters *in, struct pipe_log **log);
struct pipes_pipe_log_configuration *log_shown(struct call *c, const struct pipe_log *log);
/* Around the work of a transaction. */
void pipe_log_open(struct call *c, struct pipe *p);
void pipe_log_write(struct call *c, struct pipe *p);
void execution_begin(struct call *c, const struct pipe *p, struct pipe_event *e);
void execution_end(struct call *c, const struct pipe *p, const struct pipe_event *e, err why);
/* stage "TARGET", outcome "STAGE_ENTERED". `payload` is told where data is; `why`: of a failure, whose message the call has. */
void pipe_step(struct call *c, const struct pipe *p, const struct pipe_event *e, const char *stage, const char *outcome, str payload, err why);

/* ---- flight.c: by way of an API destination ---- */
bool target_is_destination(str arn);
bool pipe_flies(const struct pipe *p);
u32 flights_of(struct call *c, const struct pipe *p, u32 most);
/* `f` has where the event is in its source; the answer comes to queue_landed or stream_landed. */
MUST_USE err flight_begin(struct call *c, const struct pipe *p, struct pipe_flight *f, const struct pipe_event *e);
err flight_answer(struct txn *t, const struct task *task, i64 now_ms);
void flights_forget(struct call *c, const struct pipe *p);

/* ---- queue.c, stream.c: sources ---- */
MUST_USE err queue_check(struct call *c, const struct pipe *p);
void queue_poll(struct call *c, const struct pipe *p);
void queue_landed(struct call *c, const struct pipe *p, const struct pipe_flight *f, bool done);
MUST_USE err stream_check(struct call *c, const struct pipe *p);
void stream_start(struct call *c, const struct pipe *p);
void stream_poll(struct call *c, const struct pipe *p);
void stream_landed(struct call *c, const struct pipe *p, const struct pipe_flight *f, bool done);
err positions_sweep(struct txn *t, const struct task *task, i64 now_ms);

#endif
