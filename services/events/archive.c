/* Archives: copies of what passed a bus; replays put them on the bus again, in their order, as a job. */
#include "connection.h"

static str archive_row(struct arena *a, str account, str region, str name) {
    struct key k = events_key(a, account, region, S("archive"));
    if (name.p) key_str(&k, name);
    return key_bytes(&k);
}

/* What an archive holds, in order of arrival. */
static struct key archived_key(struct arena *a, u64 archive) {
    struct key k = key_new(a, S("events-archived"));
    key_u64(&k, archive);
    return k;
}

static struct archived archived_read(struct arena *a, str row) {
    struct archived one = {0};
    ASSERT(record_decode(a, &events_archived_record, arena_str(a, row), &one));
    if (!one.sealed) one.bytes = (i64)one.json.n;
    return one;
}

static bool archive_load(struct txn *t, struct arena *a, str account, str region, str name, struct archive *archive) {
    str row;
    if (name.n > 48 || !txn_get(t, archive_row(a, account, region, name), &row)) return false;
    *archive = (struct archive){0};
    ASSERT(record_decode(a, &events_archive_record, arena_str(a, row), archive));
    archive->account = account;
    archive->region = region;
    archive->name = name;
    return true;
}

static void archive_save(struct txn *t, struct arena *a, const struct archive *archive) {
    txn_put(t, archive_row(a, archive->account, archive->region, archive->name), record_encode(a, &events_archive_record, archive));
}

static str archive_arn(struct arena *a, const struct archive *archive) {
    return arn_format(a, S("events"), archive->region, archive->account, arena_concat(a, S("archive/"), archive->name));
}

static err archive_absent(struct call *c, str name) { return fail(c, &events_resource_not_found_exception, "Archive %.*s does not exist.", STR_ARGS(name)); }

/* ---- filling ---- */

void archive_event(struct call *c, const struct bus *bus, const struct event *e) {
    str prefix = archive_row(c->arena, bus->account, bus->region, (str){0}), key, row, part, problem;
    struct range r = txn_range(c->txn, prefix, key_after_prefix(c->arena, prefix));
    str arn = (str){0};
    while (range_next(&r, &key, &row)) {
        struct archive archive;
        str name = {0};
        for (str rest = arena_str(c->arena, key); key_read_str(&rest, c->arena, &part);) name = part;
        ASSERT(archive_load(c->txn, c->arena, bus->account, bus->region, name, &archive));
        if (!arn.p) arn = bus_arn(c->arena, bus);
        if (!str_eq(archive.source_arn, arn)) continue;
        const struct event_pattern *p = archive.pattern.p ? event_pattern_compile(archive.pattern, EVENT_PATTERN_EVENTS, c->arena, &problem) : NULL;
        if (p && !event_pattern_matches(p, e->tree)) continue;
        struct archived one = {.at_ms = c->now_ms, .json = e->json};
        if (archived_seal(c, &archive, &one)) continue; /* nothing stands there that its key does not seal */
        struct key at = archived_key(c->arena, archive.id);
        key_u64(&at, txn_sequence(c->txn));
        txn_put(c->txn, key_bytes(&at), record_encode(c->arena, &events_archived_record, &one));
        if (archive.count == 0 && archive.retention_days > 0)
            txn_task_set(c->txn, &(struct task){.kind = S("events-trim"), .key = archive_arn(c->arena, &archive), .due_ms = c->now_ms + archive.retention_days * 86400000});
        archive.count++;
        archive.bytes += (i64)e->json.n;
        archive_save(c->txn, c->arena, &archive);
    }
}

/* What is older than the archive keeps goes; the next look is when the oldest of the rest is due. */
err archive_trim(struct txn *t, const struct task *task, i64 now_ms) {
    enum { SLICE = 500 };
    struct arena *a = txn_arena(t);
    struct archive archive;
    struct arn arn;
    ASSERT(arn_parse(arena_str(a, task->key), &arn));
    if (!archive_load(t, a, arn.account, arn.region, str_skip(arn.resource, 8), &archive) || archive.retention_days <= 0) return NULL;
    struct key k = archived_key(a, archive.id);
    str prefix = key_bytes(&k), key, row;
    struct range r = txn_range(t, prefix, key_after_prefix(a, prefix));
    i64 next_ms = 0;
    for (int n = 0; range_next(&r, &key, &row); n++) {
        struct archived one = archived_read(a, row);
        i64 due = one.at_ms + archive.retention_days * 86400000;
        if (due > now_ms || n == SLICE) {
            next_ms = MAX(due, now_ms);
            break;
        }
        archive.count--;
        archive.bytes -= one.bytes;
        txn_delete(t, arena_str(a, key));
    }
    archive_save(t, a, &archive);
    if (next_ms) txn_task_set(t, &(struct task){.kind = task->kind, .key = task->key, .due_ms = next_ms});
    return NULL;
}

/* The events of a deleted archive; the key is its number. */
err archive_sweep(struct txn *t, const struct task *task, i64 now_ms) {
    enum { SLICE = 500 };
    (void)now_ms;
    struct arena *a = txn_arena(t);
    u64 id;
    ASSERT(str_to_u64(task->key, &id));
    struct key k = archived_key(a, id);
    str prefix = key_bytes(&k), key, row;
    struct range r = txn_range(t, prefix, key_after_prefix(a, prefix));
    int n = 0;
    for (; n < SLICE && range_next(&r, &key, &row); n++) txn_delete(t, arena_str(a, key));
    if (n == SLICE) txn_task_set(t, &(struct task){.kind = task->kind, .key = task->key});
    return NULL;
}

/* ---- life ---- */

static err check_pattern(struct call *c, str pattern) {
    str problem;
    if (!pattern.n || event_pattern_compile(pattern, EVENT_PATTERN_EVENTS, c->arena, &problem)) return NULL;
    return fail(c, &events_invalid_event_pattern_exception, "Event pattern is not valid. Reason: %.*s", STR_ARGS(problem));
}

err events_create_archive(struct call *c, const struct events_create_archive_request *in, struct events_create_archive_response *out) {
    struct archive archive;
    struct bus bus;
    struct arn arn;
    bool own = arn_parse(in->event_source_arn, &arn) && str_eq(arn.account, c->account) && str_eq(arn.region, c->region);
    if (!own) return fail(c, &events_resource_not_found_exception, "Event bus %.*s does not exist.", STR_ARGS(in->event_source_arn));
    TRY(bus_open(c, in->event_source_arn, &bus));
    if (archive_load(c->txn, c->arena, c->account, c->region, in->archive_name, &archive))
        return fail(c, &events_resource_already_exists_exception, "Archive %.*s already exists.", STR_ARGS(in->archive_name));
    TRY(check_pattern(c, in->event_pattern));
    archive = (struct archive){.created_ms = c->now_ms, .retention_days = in->retention_days.v, .source_arn = in->event_source_arn, .description = in->description,
                               .pattern = in->event_pattern.n ? in->event_pattern : (str){0}, .kms_key = in->kms_key_identifier, .id = txn_sequence(c->txn),
                               .account = c->account, .region = c->region, .name = in->archive_name};
    TRY(archive_key_check(c, &archive));
    archive_save(c->txn, c->arena, &archive);
    *out = (struct events_create_archive_response){.archive_arn = archive_arn(c->arena, &archive), .state = S("ENABLED"), .creation_time = SOME_TIME(archive.created_ms)};
    registry_add(c, out->archive_arn, S("AWS::Events::Archive"));
    return NULL;
}

err events_update_archive(struct call *c, const struct events_update_archive_request *in, struct events_update_archive_response *out) {
    struct archive archive;
    if (!in->description.p && !in->event_pattern.p && !in->retention_days.set && !in->kms_key_identifier.p)
        return fail(c, &cloud_validation, "At least one of EventPattern, RetentionDays or Description must be provided.");
    if (!archive_load(c->txn, c->arena, c->account, c->region, in->archive_name, &archive)) return archive_absent(c, in->archive_name);
    TRY(check_pattern(c, in->event_pattern));
    if (in->description.p) archive.description = in->description;
    if (in->event_pattern.p) archive.pattern = in->event_pattern;
    if (in->retention_days.set) archive.retention_days = in->retention_days.v;
    if (in->kms_key_identifier.p) archive.kms_key = in->kms_key_identifier;
    if (in->kms_key_identifier.p) TRY(archive_key_check(c, &archive));
    archive_save(c->txn, c->arena, &archive);
    *out = (struct events_update_archive_response){.archive_arn = archive_arn(c->arena, &archive), .state = S("ENABLED"), .creation_time = SOME_TIME(archive.created_ms)};
    if (archive.retention_days > 0 && archive.count) txn_task_set(c->txn, &(struct task){.kind = S("events-trim"), .key = out->archive_arn});
    return NULL;
}

err events_delete_archive(struct call *c, const struct events_delete_archive_request *in, struct events_delete_archive_response *out) {
    (void)out;
    struct archive archive;
    if (!archive_load(c->txn, c->arena, c->account, c->region, in->archive_name, &archive)) return archive_absent(c, in->archive_name);
    txn_delete(c->txn, archive_row(c->arena, c->account, c->region, in->archive_name));
    txn_task_set(c->txn, &(struct task){.kind = S("events-sweep"), .key = arena_format(c->arena, "%llu", (unsigned long long)archive.id)});
    registry_remove(c, archive_arn(c->arena, &archive));
    archive_key_forget(c, &archive);
    return NULL;
}

err events_describe_archive(struct call *c, const struct events_describe_archive_request *in, struct events_describe_archive_response *out) {
    struct archive archive;
    if (!archive_load(c->txn, c->arena, c->account, c->region, in->archive_name, &archive)) return archive_absent(c, in->archive_name);
    *out = (struct events_describe_archive_response){.archive_arn = archive_arn(c->arena, &archive), .archive_name = archive.name, .event_source_arn = archive.source_arn,
                                                     .description = archive.description, .event_pattern = archive.pattern, .state = S("ENABLED"),
                                                     .kms_key_identifier = archive.kms_key, .retention_days = SOME_I32((i32)archive.retention_days),
                                                     .size_bytes = SOME_I64(archive.bytes), .event_count = SOME_I64(archive.count), .creation_time = SOME_TIME(archive.created_ms)};
    return NULL;
}

err events_list_archives(struct call *c, const struct events_list_archives_request *in, struct events_list_archives_response *out) {
    str position, key, row, part, prefix = in->name_prefix.p ? in->name_prefix : S("");
    u32 max;
    TRY(limits_page(c, in->next_token, in->limit, &position, &max));
    str all = archive_row(c->arena, c->account, c->region, (str){0});
    out->archives.v = NEW_ARRAY(c->arena, struct events_archive, max);
    out->archives.set = true;
    struct range r = txn_range(c->txn, archive_row(c->arena, c->account, c->region, position.p ? position : prefix), key_after_prefix(c->arena, all));
    while (range_next(&r, &key, &row)) {
        struct archive archive = {0};
        ASSERT(record_decode(c->arena, &events_archive_record, arena_str(c->arena, row), &archive));
        for (str rest = arena_str(c->arena, key); key_read_str(&rest, c->arena, &part);) archive.name = part;
        if (!str_starts(archive.name, prefix)) break;
        if (in->event_source_arn.p && !str_eq(in->event_source_arn, archive.source_arn)) continue;
        if (in->state.p && !str_eq(in->state, S("ENABLED"))) continue;
        if (out->archives.n == max) {
            out->next_token = page_token(c, archive.name);
            break;
        }
        out->archives.v[out->archives.n++] = (struct events_archive){.archive_name = archive.name, .event_source_arn = archive.source_arn, .state = S("ENABLED"),
                                                                     .retention_days = SOME_I32((i32)archive.retention_days), .size_bytes = SOME_I64(archive.bytes),
                                                                     .event_count = SOME_I64(archive.count), .creation_time = SOME_TIME(archive.created_ms)};
    }
    return NULL;
}

/* ---- replays ---- */

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

const struct task_kind events_task_kinds[] = {
    {.name = "events-schedule", .run = schedule_fire},
    {.name = "events-replay", .run = replay_slice},
    {.name = "events-trim", .run = archive_trim},
    {.name = "events-source-expire", .run = source_expire},
    {.name = "events-sweep", .run = archive_sweep},
    {.name = "events-push", .perform = destination_perform, .settle = destination_settle},
    {.name = "events-invoke", .run = invoke_begin},
    {.name = "events-invoke-send", .perform = invoke_perform, .settle = invoke_settle},
    {.name = "events-authorize", .perform = authorize_perform, .settle = authorize_settle},
    {0},
};
