/* Replays: what an archive holds is put on its bus again, in its order, as a job. */
#include "events.h"

static str replay_row(struct arena *a, str account, str region, str name) {
    struct key k = events_key(a, account, region, S("replay"));
    if (name.p) key_str(&k, name);
    return key_bytes(&k);
}

static bool replay_load(struct txn *t, struct arena *a, str account, str region, str name, struct replay *replay) {
    str row;
    if (name.n > 64 || !txn_get(t, replay_row(a, account, region, name), &row)) return false;
    *replay = (struct replay){0};
    ASSERT(record_decode(a, &events_replay_record, arena_str(a, row), replay));
    return true;
}

static void replay_save(struct txn *t, struct arena *a, str account, str region, str name, const struct replay *replay) {
    txn_put(t, replay_row(a, account, region, name), record_encode(a, &events_replay_record, replay));
}

static bool replay_going(const struct replay *replay) { return str_eq(replay->state, S("STARTING")) || str_eq(replay->state, S("RUNNING")); }

static str replay_arn(struct call *c, str name) { return arn_of(c, S("events"), arena_concat(c->arena, S("replay/"), name)); }

err events_start_replay(struct call *c, const struct events_start_replay_request *in, struct events_start_replay_response *out) {
    struct replay replay;
    struct archive archive;
    struct arn arn;
    bool named = arn_parse(in->event_source_arn, &arn) && str_starts(arn.resource, S("archive/"));
    str name = named ? str_skip(arn.resource, 8) : in->event_source_arn;
    if (in->event_end_time.ms <= in->event_start_time.ms)
        return fail(c, &cloud_validation, "Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.");
    if (replay_load(c->txn, c->arena, c->account, c->region, in->replay_name, &replay))
        return fail(c, &events_resource_already_exists_exception, "Replay %.*s already exists.", STR_ARGS(in->replay_name));
    if (!named || !archive_load(c->txn, c->arena, c->account, c->region, name, &archive))
        return fail(c, &cloud_validation, "Parameter EventSourceArn is not valid. Reason: Archive %.*s does not exist.", STR_ARGS(name));
    if (!str_eq(in->destination->arn, archive.source_arn))
        return fail(c, &cloud_validation, "Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.");
    replay = (struct replay){.archive = name, .destination = in->destination->arn, .description = in->description, .state = S("STARTING"), .from_ms = in->event_start_time.ms,
                             .to_ms = in->event_end_time.ms, .started_ms = c->now_ms};
    replay.filter_arns = (struct record_pairs){.v = NEW_ARRAY(c->arena, struct record_pair, in->destination->filter_arns.n + 1), .set = in->destination->filter_arns.n > 0};
    for (u32 i = 0; i < in->destination->filter_arns.n; i++) replay.filter_arns.v[replay.filter_arns.n++].key = in->destination->filter_arns.v[i];
    replay_save(c->txn, c->arena, c->account, c->region, in->replay_name, &replay);
    txn_task_set(c->txn, &(struct task){.kind = S("events-replay"), .key = replay_arn(c, in->replay_name)});
    *out = (struct events_start_replay_response){.replay_arn = replay_arn(c, in->replay_name), .state = replay.state, .replay_start_time = SOME_TIME(c->now_ms)};
    return NULL;
}

static void replay_one(struct call *c, const struct bus *bus, const struct replay *replay, str name, str json, i64 archived_ms) {
    const struct json_node *tree = json_tree(c->arena, json, json_default_limits, NULL, NULL), *resources = json_node_member(tree, S("resources"));
    struct event e = {.id = json_node_member(tree, S("id"))->text, .source = json_node_member(tree, S("source"))->text, .detail_type = json_node_member(tree, S("detail-type"))->text,
                      .account = bus->account, .region = bus->region, .replay = name, .detail = json_node_raw(json_node_member(tree, S("detail")), json)};
    str *list = NEW_ARRAY(c->arena, str, resources->count + 1);
    for (const struct json_node *n = resources->first; n; n = n->next) list[e.resource_count++] = n->text;
    e.resources = list;
    if (!iso8601_parse(json_node_member(tree, S("time"))->text, &e.time_ms)) e.time_ms = archived_ms; /* no year of four digits */
    event_finish(c->arena, &e);
    event_route(c, bus, &e, &replay->filter_arns);
}

static void replay_fail(struct replay *replay, str why) {
    replay->state = S("FAILED");
    replay->reason = str_take(why, 512);
}

err replay_slice(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct arn arn;
    struct replay replay;
    struct archive archive;
    struct bus bus;
    ASSERT(arn_parse(arena_str(a, task->key), &arn));
    str name = str_skip(arn.resource, 7);
    if (!replay_load(t, a, arn.account, arn.region, name, &replay) || !replay_going(&replay)) return NULL;
    struct call *c = call_for_task(t, &events_service, arn.account, arn.region, now_ms);
    bool whole = archive_load(t, a, arn.account, arn.region, replay.archive, &archive) && !bus_open(c, replay.destination, &bus);
    replay.state = S("RUNNING");
    if (!whole) replay_fail(&replay, S("The archive or the event bus does not exist any more."));
    struct key k = archived_key(a, archive.id), from = archived_key(a, archive.id);
    key_u64(&from, replay.position);
    str prefix = key_bytes(&k), key, row;
    bool more = false;
    struct range r = txn_range(t, key_bytes(&from), key_after_prefix(a, prefix));
    for (int n = 0; whole && range_next(&r, &key, &row); n++) {
        str rest = str_skip(key, prefix.n), json;
        if ((more = n == REPLAY_SLICE)) break;
        ASSERT(key_read_u64(&rest, &replay.position));
        struct archived one = archived_read(a, row);
        replay.position++;
        if (one.at_ms < replay.from_ms || one.at_ms >= replay.to_ms) continue;
        if (archived_open(c, &one, &json)) {
            replay_fail(&replay, arena_str(a, c->error_message));
            break;
        }
        replay.last_ms = one.at_ms;
        replay_one(c, &bus, &replay, name, json, one.at_ms);
    }
    if (more) txn_task_set(t, &(struct task){.kind = task->kind, .key = task->key});
    else if (replay_going(&replay)) replay.state = S("COMPLETED");
    if (!more) replay.ended_ms = now_ms;
    replay_save(t, a, arn.account, arn.region, name, &replay);
    return NULL;
}

err events_cancel_replay(struct call *c, const struct events_cancel_replay_request *in, struct events_cancel_replay_response *out) {
    struct replay replay;
    if (!replay_load(c->txn, c->arena, c->account, c->region, in->replay_name, &replay))
        return fail(c, &events_resource_not_found_exception, "Replay %.*s does not exist.", STR_ARGS(in->replay_name));
    if (!replay_going(&replay))
        return fail(c, &events_illegal_status_exception, "Replay %.*s is not in a valid state for this operation.", STR_ARGS(in->replay_name));
    replay.state = S("CANCELLED");
    replay.ended_ms = c->now_ms;
    replay_save(c->txn, c->arena, c->account, c->region, in->replay_name, &replay);
    *out = (struct events_cancel_replay_response){.replay_arn = replay_arn(c, in->replay_name), .state = replay.state};
    return NULL;
}

err events_describe_replay(struct call *c, const struct events_describe_replay_request *in, struct events_describe_replay_response *out) {
    struct replay replay;
    if (!replay_load(c->txn, c->arena, c->account, c->region, in->replay_name, &replay))
        return fail(c, &events_resource_not_found_exception, "Replay %.*s does not exist.", STR_ARGS(in->replay_name));
    *out = (struct events_describe_replay_response){.replay_name = in->replay_name, .replay_arn = replay_arn(c, in->replay_name), .description = replay.description,
                                                    .state = replay.state, .state_reason = replay.reason, .event_source_arn = arn_of(c, S("events"), arena_concat(c->arena, S("archive/"), replay.archive)),
                                                    .event_start_time = SOME_TIME(replay.from_ms), .event_end_time = SOME_TIME(replay.to_ms),
                                                    .replay_start_time = SOME_TIME(replay.started_ms)};
    out->destination = NEW(c->arena, struct events_replay_destination);
    out->destination->arn = replay.destination;
    out->destination->filter_arns.v = NEW_ARRAY(c->arena, str, replay.filter_arns.n + 1);
    out->destination->filter_arns.set = replay.filter_arns.n > 0;
    for (u32 i = 0; i < replay.filter_arns.n; i++) out->destination->filter_arns.v[out->destination->filter_arns.n++] = replay.filter_arns.v[i].key;
    if (replay.last_ms) out->event_last_replayed_time = SOME_TIME(replay.last_ms);
    if (replay.ended_ms) out->replay_end_time = SOME_TIME(replay.ended_ms);
    return NULL;
}

err events_list_replays(struct call *c, const struct events_list_replays_request *in, struct events_list_replays_response *out) {
    str position, key, row, part, prefix = in->name_prefix.p ? in->name_prefix : S("");
    u32 max;
    TRY(limits_page(c, in->next_token, in->limit, &position, &max));
    str all = replay_row(c->arena, c->account, c->region, (str){0});
    out->replays.v = NEW_ARRAY(c->arena, struct events_replay, max);
    out->replays.set = true;
    struct range r = txn_range(c->txn, replay_row(c->arena, c->account, c->region, position.p ? position : prefix), key_after_prefix(c->arena, all));
    while (range_next(&r, &key, &row)) {
        struct replay replay = {0};
        str name = {0};
        ASSERT(record_decode(c->arena, &events_replay_record, arena_str(c->arena, row), &replay));
        for (str rest = arena_str(c->arena, key); key_read_str(&rest, c->arena, &part);) name = part;
        if (!str_starts(name, prefix)) break;
        str source = arn_of(c, S("events"), arena_concat(c->arena, S("archive/"), replay.archive));
        if ((in->state.p && !str_eq(in->state, replay.state)) || (in->event_source_arn.p && !str_eq(in->event_source_arn, source))) continue;
        if (out->replays.n == max) {
            out->next_token = page_token(c, name);
            break;
        }
        out->replays.v[out->replays.n++] = (struct events_replay){.replay_name = name, .event_source_arn = source, .state = replay.state,
                                                                  .state_reason = replay.reason, .event_start_time = SOME_TIME(replay.from_ms),
                                                                  .event_end_time = SOME_TIME(replay.to_ms),
                                                                  .replay_start_time = SOME_TIME(replay.started_ms)};
    }
    return NULL;
}
