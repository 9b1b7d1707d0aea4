/* Pipes: made, changed, started, stopped, listed, ended. Each of these sets a state, which a job settles. */
#include "pipes.h"

static const struct tag_errors tag_errors = {.too_many = &pipes_validation_exception, .invalid = &pipes_validation_exception};

/* ---- rows ---- */

static str pipe_row(struct arena *a, str account, str region, str name) {
    struct key k = key_new(a, S("pipes"));
    key_str(&k, account);
    key_str(&k, region);
    key_str(&k, S("pipe"));
    if (name.p) key_str(&k, name);
    return key_bytes(&k);
}

static void decode(struct arena *a, str key, str row, struct pipe *p) {
    str rest = arena_str(a, key), part;
    *p = (struct pipe){0};
    ASSERT(record_decode(a, &pipes_pipe_record, arena_str(a, row), p));
    ASSERT(key_read_str(&rest, a, &part) && key_read_str(&rest, a, &p->account) && key_read_str(&rest, a, &p->region) && key_read_str(&rest, a, &part)
           && key_read_str(&rest, a, &p->name));
}

bool pipe_load(struct txn *t, struct arena *a, str account, str region, str name, struct pipe *p) {
    str key = pipe_row(a, account, region, name), row;
    if (!txn_get(t, key, &row)) return false;
    decode(a, key, row, p);
    return true;
}

void pipe_save(struct txn *t, struct arena *a, const struct pipe *p) {
    txn_put(t, pipe_row(a, p->account, p->region, p->name), record_encode(a, &pipes_pipe_record, p));
}

str pipe_arn(struct arena *a, const struct pipe *p) { return arn_format(a, S("pipes"), p->region, p->account, arena_concat(a, S("pipe/"), p->name)); }

str pipe_task_key(struct arena *a, const struct pipe *p) {
    return arena_format(a, "%.*s/%.*s/%.*s", STR_ARGS(p->account), STR_ARGS(p->region), STR_ARGS(p->name));
}

bool pipe_of_task(struct txn *t, struct arena *a, str key, struct pipe *p) {
    str name = arena_str(a, key), account = str_cut(&name, '/'), region = str_cut(&name, '/');
    return pipe_load(t, a, account, region, name, p);
}

void pipe_remove(struct call *c, const struct pipe *p) {
    txn_delete(c->txn, pipe_row(c->arena, p->account, p->region, p->name));
    txn_task_set(c->txn, &(struct task){.kind = S("pipes-sweep"), .key = arena_format(c->arena, "%llu", (unsigned long long)p->id)});
    flights_forget(c, p);
    registry_remove(c, pipe_arn(c->arena, p));
}

static err open(struct call *c, str name, struct pipe *p) {
    if (pipe_load(c->txn, c->arena, c->account, c->region, name, p)) return NULL;
    return fail(c, &pipes_not_found_exception, "Pipe %.*s does not exist.", STR_ARGS(name));
}

static err conflict(struct call *c, str name, const char *why) {
    struct pipes_conflict_exception *e = NEW(c->arena, struct pipes_conflict_exception);
    *e = (struct pipes_conflict_exception){.resource_id = name, .resource_type = S("Pipe")};
    return fail_with(c, &pipes_conflict_exception, e, "Pipe %.*s %s.", STR_ARGS(name), why);
}

/* A pipe that a job is working on is left alone. */
static err open_settled(struct call *c, str name, struct pipe *p) {
    TRY(open(c, name, p));
    bool moving = str_ends(p->current, S("ING")) && !str_eq(p->current, S("RUNNING"));
    return moving ? conflict(c, name, "is being changed by another request") : NULL;
}

/* ---- tags ---- */

static err add_tags(struct call *c, str arn, const struct pipes_tag_map *tags) {
    struct record_pairs pairs = {.v = NEW_ARRAY(c->arena, struct record_pair, tags->n + 1), .n = tags->n, .set = tags->n > 0};
    for (u32 i = 0; i < tags->n; i++) pairs.v[i] = (struct record_pair){tags->v[i].key, tags->v[i].value};
    return tags->n ? tags_set(c, arn, &pairs, &tag_errors) : NULL;
}

static struct pipes_tag_map shown_tags(struct call *c, str arn) {
    struct record_pairs tags = tags_of(c, arn);
    struct pipes_tag_map map = {.v = NEW_ARRAY(c->arena, struct pipes_tag_map_entry, tags.n + 1), .set = true};
    for (u32 i = 0; i < tags.n; i++) map.v[map.n++] = (struct pipes_tag_map_entry){.key = tags.v[i].key, .value = tags.v[i].value};
    return map;
}

static err tagged(struct call *c, str text) {
    struct arn arn;
    struct pipe p;
    bool own = arn_parse(text, &arn) && str_eq(arn.account, c->account) && str_eq(arn.region, c->region);
    if (own && pipe_load(c->txn, c->arena, arn.account, arn.region, str_skip(arn.resource, sizeof "pipe/" - 1), &p)) return NULL;
    return fail(c, &pipes_not_found_exception, "Pipe %.*s does not exist.", STR_ARGS(text));
}

err pipes_tag_resource(struct call *c, const struct pipes_tag_resource_request *in, struct pipes_tag_resource_response *out) {
    (void)out;
    TRY(tagged(c, in->resource_arn));
    return add_tags(c, in->resource_arn, &in->tags);
}

err pipes_untag_resource(struct call *c, const struct pipes_untag_resource_request *in, struct pipes_untag_resource_response *out) {
    (void)out;
    TRY(tagged(c, in->resource_arn));
    tags_remove(c, in->resource_arn, in->tag_keys.v, in->tag_keys.n);
    return NULL;
}

err pipes_list_tags_for_resource(struct call *c, const struct pipes_list_tags_for_resource_request *in, struct pipes_list_tags_for_resource_response *out) {
    TRY(tagged(c, in->resource_arn));
    out->tags = shown_tags(c, in->resource_arn);
    return NULL;
}

/* ---- life ---- */

static err absent_parts(struct call *c, str kms_key) {
    return kms_key.n ? fail(c, &cloud_not_implemented, "brume does not have pipes with KmsKeyIdentifier (yet).") : NULL;
}

static err check_role(struct call *c, str role) {
    struct arn arn;
    ASSERT(arn_parse(role, &arn)); /* the description has its form */
    if (!str_eq(arn.account, c->account)) return fail(c, &pipes_validation_exception, "The role must be of the pipe's own account.");
    return pass_role(c, role, S("pipes.amazonaws.com"));
}

static bool too_many(struct call *c) {
    str all = pipe_row(c->arena, c->account, c->region, (str){0}), key, row;
    struct range r = txn_range(c->txn, all, key_after_prefix(c->arena, all));
    i64 n = 0, most = quota(c, S("pipes"), PIPES_MAX);
    while (n < most && range_next(&r, &key, &row)) n++;
    return n == most;
}

err pipes_create_pipe(struct call *c, const struct pipes_create_pipe_request *in, struct pipes_create_pipe_response *out) {
    struct pipe p;
    struct pipe_source source;
    struct pipe_enrichment *enrichment = NULL;
    struct pipe_log *log = NULL;
    struct pipe_target target;
    if (pipe_load(c->txn, c->arena, c->account, c->region, in->name, &p)) return conflict(c, in->name, "already exists");
    TRY(absent_parts(c, in->kms_key_identifier));
    TRY(source_take(c, in, &source));
    TRY(enrichment_take(c, in->enrichment, in->enrichment_parameters, &enrichment));
    TRY(target_take(c, in->target, in->target_parameters, &target));
    if (in->log_configuration) TRY(log_take(c, in->log_configuration, &log));
    TRY(check_role(c, in->role_arn));
    if (too_many(c)) return fail(c, &pipes_service_quota_exceeded_exception, "The maximum number of pipes has been reached.");
    p = (struct pipe){.id = txn_sequence(c->txn), .created_ms = c->now_ms, .description = in->description, .role = in->role_arn, .source = &source, .enrichment = enrichment, .target = &target, .log = log,
                      .account = c->account, .region = c->region, .name = in->name};
    bool stopped = str_eq(in->desired_state, S("STOPPED"));
    state_go(c, &p, "CREATING", stopped ? "STOPPED" : "RUNNING");
    *out = (struct pipes_create_pipe_response){.arn = pipe_arn(c->arena, &p), .name = p.name, .desired_state = p.desired, .current_state = p.current,
                                               .creation_time = SOME_TIME(p.created_ms), .last_modified_time = SOME_TIME(p.modified_ms)};
    registry_add(c, out->arn, S("AWS::Pipes::Pipe"));
    return add_tags(c, out->arn, &in->tags);
}

err pipes_update_pipe(struct call *c, const struct pipes_update_pipe_request *in, struct pipes_update_pipe_response *out) {
    struct pipe p;
    TRY(open_settled(c, in->name, &p));
    TRY(absent_parts(c, in->kms_key_identifier));
    TRY(source_change(c, in->source_parameters, p.source));
    if (in->enrichment.p || in->enrichment_parameters)
        TRY(enrichment_take(c, in->enrichment.p ? in->enrichment : p.enrichment ? p.enrichment->arn : S(""), in->enrichment_parameters, &p.enrichment));
    if (in->target.p || in->target_parameters) TRY(target_take(c, in->target.p ? in->target : p.target->arn, in->target_parameters, p.target));
    if (in->log_configuration) TRY(log_take(c, in->log_configuration, &p.log));
    TRY(check_role(c, in->role_arn));
    p.role = in->role_arn;
    if (in->description.p) p.description = in->description;
    state_go(c, &p, "UPDATING", in->desired_state.p ? arena_c_string(c->arena, in->desired_state) : arena_c_string(c->arena, p.desired));
    *out = (struct pipes_update_pipe_response){.arn = pipe_arn(c->arena, &p), .name = p.name, .desired_state = p.desired, .current_state = p.current,
                                               .creation_time = SOME_TIME(p.created_ms), .last_modified_time = SOME_TIME(p.modified_ms)};
    return NULL;
}

err pipes_delete_pipe(struct call *c, const struct pipes_delete_pipe_request *in, struct pipes_delete_pipe_response *out) {
    struct pipe p;
    TRY(open_settled(c, in->name, &p));
    state_go(c, &p, "DELETING", "DELETED");
    *out = (struct pipes_delete_pipe_response){.arn = pipe_arn(c->arena, &p), .name = p.name, .desired_state = p.desired, .current_state = p.current,
                                               .creation_time = SOME_TIME(p.created_ms), .last_modified_time = SOME_TIME(p.modified_ms)};
    return NULL;
}

err pipes_start_pipe(struct call *c, const struct pipes_start_pipe_request *in, struct pipes_start_pipe_response *out) {
    struct pipe p;
    TRY(open_settled(c, in->name, &p));
    if (str_eq(p.current, S("RUNNING"))) return conflict(c, in->name, "is running already");
    state_go(c, &p, "STARTING", "RUNNING");
    *out = (struct pipes_start_pipe_response){.arn = pipe_arn(c->arena, &p), .name = p.name, .desired_state = p.desired, .current_state = p.current,
                                              .creation_time = SOME_TIME(p.created_ms), .last_modified_time = SOME_TIME(p.modified_ms)};
    return NULL;
}

err pipes_stop_pipe(struct call *c, const struct pipes_stop_pipe_request *in, struct pipes_stop_pipe_response *out) {
    struct pipe p;
    TRY(open_settled(c, in->name, &p));
    if (!str_eq(p.current, S("RUNNING"))) return conflict(c, in->name, "is not running");
    state_go(c, &p, "STOPPING", "STOPPED");
    *out = (struct pipes_stop_pipe_response){.arn = pipe_arn(c->arena, &p), .name = p.name, .desired_state = p.desired, .current_state = p.current,
                                             .creation_time = SOME_TIME(p.created_ms), .last_modified_time = SOME_TIME(p.modified_ms)};
    return NULL;
}

/* ---- shown ---- */

err pipes_describe_pipe(struct call *c, const struct pipes_describe_pipe_request *in, struct pipes_describe_pipe_response *out) {
    struct pipe p;
    TRY(open(c, in->name, &p));
    *out = (struct pipes_describe_pipe_response){
        .arn = pipe_arn(c->arena, &p), .name = p.name, .description = p.description, .desired_state = p.desired, .current_state = p.current, .state_reason = p.reason,
        .source = p.source->arn, .source_parameters = source_shown(c, p.source), .target = p.target->arn, .target_parameters = target_parameters_shown(c, p.target),
        .role_arn = p.role, .creation_time = SOME_TIME(p.created_ms), .last_modified_time = SOME_TIME(p.modified_ms)};
    if (p.enrichment) {
        out->enrichment = p.enrichment->arn;
        out->enrichment_parameters = enrichment_parameters_shown(c, p.enrichment);
    }
    if (p.log) out->log_configuration = log_shown(c, p.log);
    out->tags = shown_tags(c, out->arn);
    return NULL;
}

static bool wanted(const struct pipes_list_pipes_request *in, const struct pipe *p) {
    return (!in->desired_state.p || str_eq(in->desired_state, p->desired)) && (!in->current_state.p || str_eq(in->current_state, p->current))
        && (!in->source_prefix.p || str_starts(p->source->arn, in->source_prefix)) && (!in->target_prefix.p || str_starts(p->target->arn, in->target_prefix));
}

err pipes_list_pipes(struct call *c, const struct pipes_list_pipes_request *in, struct pipes_list_pipes_response *out) {
    struct pipe p;
    str position = {0}, key, row, all = pipe_row(c->arena, c->account, c->region, (str){0}), prefix = in->name_prefix.p ? in->name_prefix : S("");
    u32 max = in->limit.set ? (u32)in->limit.v : PAGE;
    if (in->next_token.p && !page_position(c, in->next_token, &position)) return fail(c, &pipes_validation_exception, "Invalid NextToken.");
    out->pipes.v = NEW_ARRAY(c->arena, struct pipes_pipe, max);
    out->pipes.set = true;
    struct range r = txn_range(c->txn, pipe_row(c->arena, c->account, c->region, position.p ? position : prefix), key_after_prefix(c->arena, all));
    while (range_next(&r, &key, &row)) {
        decode(c->arena, key, row, &p);
        if (!str_starts(p.name, prefix)) break;
        if (!wanted(in, &p)) continue;
        if (out->pipes.n == max) {
            out->next_token = page_token(c, p.name);
            break;
        }
        out->pipes.v[out->pipes.n++] = (struct pipes_pipe){.name = p.name, .arn = pipe_arn(c->arena, &p), .desired_state = p.desired, .current_state = p.current,
                                                           .state_reason = p.reason, .creation_time = SOME_TIME(p.created_ms), .last_modified_time = SOME_TIME(p.modified_ms),
                                                           .source = p.source->arn, .enrichment = p.enrichment ? p.enrichment->arn : (str){0}, .target = p.target->arn};
    }
    return NULL;
}
