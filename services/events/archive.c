/* Archives: copies of what passed a bus. */
#include "events.h"

static str archive_row(struct arena *a, str account, str region, str name) {
    struct key k = events_key(a, account, region, S("archive"));
    if (name.p) key_str(&k, name);
    return key_bytes(&k);
}

/* What an archive holds, in order of arrival. */
struct key archived_key(struct arena *a, u64 archive) {
    struct key k = key_new(a, S("events-archived"));
    key_u64(&k, archive);
    return k;
}

struct archived archived_read(struct arena *a, str row) {
    struct archived one = {0};
    ASSERT(record_decode(a, &events_archived_record, arena_str(a, row), &one));
    if (!one.sealed) one.bytes = (i64)one.json.n;
    return one;
}

bool archive_load(struct txn *t, struct arena *a, str account, str region, str name, struct archive *archive) {
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
