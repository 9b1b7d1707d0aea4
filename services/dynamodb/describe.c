/* What a table says of itself and of its replicas, and the list of tables. */
#include "services/dynamodb/schema.h"
#include "services/dynamodb/stream.h"

static const char *const states[] = {"ACTIVE", "CREATING", "UPDATING", "DELETING", "ARCHIVED"};

static str type_name_of(u8 type) { return type == VALUE_S ? S("S") : type == VALUE_N ? S("N") : S("B"); }

static void describe_keys(struct arena *a, const struct ddb_schema *keys, struct dynamodb_key_schema *out) {
    struct key_attributes k = ddb_key_attributes(keys);
    *out = (struct dynamodb_key_schema){NEW_ARRAY(a, struct dynamodb_key_schema_element, k.hashes + k.ranges), 0, true};
    for (u32 i = 0; i < k.hashes; i++) out->v[out->n++] = (struct dynamodb_key_schema_element){k.hash[i].name, S("HASH")};
    for (u32 i = 0; i < k.ranges; i++) out->v[out->n++] = (struct dynamodb_key_schema_element){k.range[i].name, S("RANGE")};
}

static struct dynamodb_projection *describe_projection(struct arena *a, const struct ddb_index *index) {
    static const char *const names[] = {"ALL", "KEYS_ONLY", "INCLUDE"};
    struct dynamodb_projection *p = NEW(a, struct dynamodb_projection);
    p->projection_type = str_of(names[index->projection]);
    if (index->projection != DDB_INCLUDE) return p;
    p->non_key_attributes.set = true;
    p->non_key_attributes.n = index->include.n;
    p->non_key_attributes.v = NEW_ARRAY(a, str, index->include.n);
    for (u32 i = 0; i < index->include.n; i++) p->non_key_attributes.v[i] = index->include.v[i].text;
    return p;
}

static struct opt_time when(i64 ms) { return (struct opt_time){ms != 0, ms}; }

static struct dynamodb_provisioned_throughput_description *describe_units(struct call *c, const struct ddb_throughput *t, i64 decreased_ms) {
    struct dynamodb_provisioned_throughput_description *p = NEW(c->arena, struct dynamodb_provisioned_throughput_description);
    p->read_capacity_units = SOME_I64(t->read);
    p->write_capacity_units = SOME_I64(t->write);
    bool lowering = (t->next_read && t->next_read < t->read) || (t->next_write && t->next_write < t->write);
    i64 today = ddb_decreases_today(c, t);
    p->number_of_decreases_today = SOME_I64(lowering && today ? today - 1 : today); /* as AWS: dated when it is asked for, counted when it is done */
    p->last_increase_date_time = when(t->increased_ms);
    p->last_decrease_date_time = when(decreased_ms);
    return p;
}

static struct dynamodb_on_demand_throughput *describe_most(struct arena *a, const struct ddb_throughput *t) {
    if (!t->most_read && !t->most_write) return NULL;
    struct dynamodb_on_demand_throughput *o = NEW(a, struct dynamodb_on_demand_throughput);
    if (t->most_read) o->max_read_request_units = SOME_I64(t->most_read);
    if (t->most_write) o->max_write_request_units = SOME_I64(t->most_write);
    return o;
}

/* Said once the table is there, or while it is made for what was asked. What is under way is not told. */
static bool describe_warm(const struct ddb_table *t, const struct ddb_throughput *p, i64 state, struct dynamodb_table_warm_throughput_description *w) {
    if (state == DDB_DELETING || (state == DDB_CREATING && !p->warm_read && !p->warm_write)) return false;
    struct ddb_warm now = ddb_warm_now(t->on_demand && !t->billing_ms, p);
    w->read_units_per_second = SOME_I64(now.read);
    w->write_units_per_second = SOME_I64(now.write);
    w->status = state == DDB_CREATING || ddb_warming(p) ? S("UPDATING") : S("ACTIVE");
    return true;
}

/* NULL: not yet told. */
static struct dynamodb_global_secondary_index_warm_throughput_description *warm_index(struct arena *a, const struct ddb_table *t, const struct ddb_index *index) {
    struct dynamodb_table_warm_throughput_description w;
    if (!describe_warm(t, &index->throughput, index->state, &w)) return NULL;
    struct dynamodb_global_secondary_index_warm_throughput_description *out = NEW(a, struct dynamodb_global_secondary_index_warm_throughput_description);
    *out = (struct dynamodb_global_secondary_index_warm_throughput_description){w.read_units_per_second, w.write_units_per_second, w.status};
    return out;
}

static str index_arn(struct arena *a, const struct ddb_table *t, const struct ddb_index *index) {
    return arena_format(a, "%.*s/index/%.*s", STR_ARGS(ddb_table_arn(a, t)), STR_ARGS(index->name));
}

static void describe_local(struct call *c, const struct ddb_table *t, const struct ddb_index *index, const struct ddb_count *count,
                           struct dynamodb_local_secondary_index_description *out) {
    out->index_name = index->name;
    describe_keys(c->arena, &index->keys, &out->key_schema);
    out->projection = describe_projection(c->arena, index);
    out->index_size_bytes = SOME_I64(count->bytes);
    out->item_count = SOME_I64(count->items);
    out->index_arn = index_arn(c->arena, t, index);
}

/* Said of an index that is made later than its table: first room is made for it, then it is filled. */
static struct opt_bool describe_backfilling(const struct ddb_table *t, const struct ddb_index *index) {
    return index->state == DDB_CREATING && t->state != DDB_CREATING ? SOME_BOOL(index->backfilling) : (struct opt_bool){0};
}

static void describe_global(struct call *c, const struct ddb_table *t, const struct ddb_index *index, const struct ddb_count *count,
                            struct dynamodb_global_secondary_index_description *out) {
    out->index_name = index->name;
    describe_keys(c->arena, &index->keys, &out->key_schema);
    out->projection = describe_projection(c->arena, index);
    out->index_status = str_of(states[index->state]);
    out->backfilling = describe_backfilling(t, index);
    out->provisioned_throughput = describe_units(c, &index->throughput, index->throughput.decreased_ms);
    out->index_size_bytes = SOME_I64(count->bytes);
    out->item_count = SOME_I64(count->items);
    out->index_arn = index_arn(c->arena, t, index);
    out->on_demand_throughput = describe_most(c->arena, &index->throughput);
    out->warm_throughput = warm_index(c->arena, t, index);
}

static void describe_search_schema(struct arena *a, const struct ddb_index *index, struct dynamodb_search_schema *out) {
    const struct ddb_key_parts *filters = &index->vector->filters;
    if (!index->keys.hash.p && !filters->n) return;
    *out = (struct dynamodb_search_schema){NEW_ARRAY(a, struct dynamodb_search_schema_element, filters->n + 1), 0, true};
    if (index->keys.hash.p) out->v[out->n++] = (struct dynamodb_search_schema_element){index->keys.hash, S("HASH")};
    for (u32 i = 0; i < filters->n; i++) out->v[out->n++] = (struct dynamodb_search_schema_element){filters->v[i].name, S("INLINE_FILTER")};
}

static void describe_vector(struct call *c, const struct ddb_table *t, const struct ddb_index *index, const struct ddb_count *count,
                            struct dynamodb_vector_index_description *out) {
    out->index_name = index->name;
    describe_search_schema(c->arena, index, &out->search_schema);
    out->projection = describe_projection(c->arena, index);
    out->vector_attribute = NEW(c->arena, struct dynamodb_vector_attribute_definition);
    out->vector_attribute->attribute_name = index->vector->attribute;
    out->dimensions = SOME_I64(index->vector->dimensions);
    out->distance_function = ddb_distance_name(index->vector->distance);
    out->index_status = str_of(states[index->state]);
    out->backfilling = describe_backfilling(t, index);
    out->index_size_bytes = SOME_I64(count->bytes);
    out->item_count = SOME_I64(count->items);
    out->index_arn = index_arn(c->arena, t, index);
}

static void describe_indexes(struct call *c, const struct ddb_table *t, struct ddb_counts *counts, struct dynamodb_table_description *out) {
    u32 of[DDB_VECTOR + 1] = {0};
    for (u32 i = 0; i < t->indexes.n; i++) of[t->indexes.v[i].kind]++;
    out->local_secondary_indexes.set = of[DDB_LOCAL];
    out->local_secondary_indexes.v = NEW_ARRAY(c->arena, struct dynamodb_local_secondary_index_description, of[DDB_LOCAL]);
    out->global_secondary_indexes.set = of[DDB_GLOBAL];
    out->global_secondary_indexes.v = NEW_ARRAY(c->arena, struct dynamodb_global_secondary_index_description, of[DDB_GLOBAL]);
    out->vector_indexes.set = of[DDB_VECTOR];
    out->vector_indexes.v = NEW_ARRAY(c->arena, struct dynamodb_vector_index_description, of[DDB_VECTOR]);
    for (u32 i = 0; i < t->indexes.n; i++) {
        const struct ddb_index *index = &t->indexes.v[i];
        const struct ddb_count *count = ddb_count_of(c->arena, counts, index->space);
        if (index->kind == DDB_LOCAL)
            describe_local(c, t, index, count, &out->local_secondary_indexes.v[out->local_secondary_indexes.n++]);
        else if (index->kind == DDB_GLOBAL) describe_global(c, t, index, count, &out->global_secondary_indexes.v[out->global_secondary_indexes.n++]);
        else describe_vector(c, t, index, count, &out->vector_indexes.v[out->vector_indexes.n++]);
    }
}

static void describe_attributes(struct arena *a, const struct ddb_table *t, struct dynamodb_attribute_definitions *out) {
    *out = (struct dynamodb_attribute_definitions){NEW_ARRAY(a, struct dynamodb_attribute_definition, t->attributes.n), 0, true};
    for (u32 i = 0; i < t->attributes.n; i++)
        out->v[out->n++] = (struct dynamodb_attribute_definition){.attribute_name = t->attributes.v[i].text, .attribute_type = type_name_of((u8)t->types.p[i])};
}

static void describe_billing(struct arena *a, const struct ddb_table *t, struct dynamodb_table_description *out) {
    if (!t->on_demand && !t->on_demand_ms && !t->restored_table.p) return; /* a restore tells of its mode */
    out->billing_mode_summary = NEW(a, struct dynamodb_billing_mode_summary);
    out->billing_mode_summary->billing_mode = t->on_demand ? S("PAY_PER_REQUEST") : S("PROVISIONED");
    out->billing_mode_summary->last_update_to_pay_per_request_date_time = when(t->on_demand_ms);
}

/* NULL: none was given. */
static struct dynamodb_table_class_summary *describe_class(struct arena *a, const struct ddb_table *t) {
    if (!t->class_) return NULL;
    struct dynamodb_table_class_summary *s = NEW(a, struct dynamodb_table_class_summary);
    s->table_class = ddb_class_name(t->class_);
    s->last_update_date_time = when(t->class_ms);
    return s;
}

/* Of a change of keys the old one is told, if there was one, until the new one is in force. NULL: AWS's own key. */
static struct dynamodb_sse_description *describe_sse(struct arena *a, const struct ddb_table *t) {
    str key = t->sse_changing ? t->sse_before : t->sse_key;
    if (!key.p && !t->sse_changing) return NULL;
    struct dynamodb_sse_description *d = NEW(a, struct dynamodb_sse_description);
    d->status = t->sse_changing ? S("UPDATING") : S("ENABLED");
    d->inaccessible_encryption_date_time = when(t->sse_lost_ms);
    if (!key.p) return d;
    d->sse_type = S("KMS");
    d->kms_master_key_arn = key;
    return d;
}

static void describe_extras(struct call *c, const struct ddb_table *t, struct dynamodb_table_description *out) {
    struct arena *a = c->arena;
    out->table_class_summary = describe_class(a, t);
    if (t->state == DDB_ARCHIVED) {
        out->archival_summary = NEW(a, struct dynamodb_archival_summary);
        *out->archival_summary = (struct dynamodb_archival_summary){SOME_TIME(t->archived_ms), S("INACCESSIBLE_ENCRYPTION_CREDENTIALS"), t->archived_backup};
    }
    if (ddb_table_restoring(t)) {
        out->restore_summary = NEW(a, struct dynamodb_restore_summary);
        out->restore_summary->source_backup_arn = t->restored_backup;
        out->restore_summary->source_table_arn = t->restored_table;
        out->restore_summary->restore_date_time = SOME_TIME(t->restored_ms);
        out->restore_summary->restore_in_progress = SOME_BOOL(true);
    }
}

str ddb_table_status(const struct ddb_table *t) {
    return t->state == DDB_ACTIVE && t->sse_lost_ms ? S("INACCESSIBLE_ENCRYPTION_CREDENTIALS") : str_of(states[t->state]);
}

/* ---- its replicas ---- */

static void describe_own(struct arena *a, const struct ddb_throughput *t, bool on_demand, struct dynamodb_provisioned_throughput_override **units,
                         struct dynamodb_on_demand_throughput_override **most) {
    if (t->own_read && !on_demand) {
        *units = NEW(a, struct dynamodb_provisioned_throughput_override);
        (*units)->read_capacity_units = SOME_I64(t->read);
    }
    if (t->own_most_read) {
        *most = NEW(a, struct dynamodb_on_demand_throughput_override);
        (*most)->max_read_request_units = SOME_I64(t->most_read);
    }
}

static void describe_replica_indexes(struct arena *a, const struct ddb_table *replica, struct dynamodb_replica_description *r) {
    r->global_secondary_indexes.v = NEW_ARRAY(a, struct dynamodb_replica_global_secondary_index_description, replica->indexes.n);
    for (u32 i = 0; i < replica->indexes.n; i++) {
        const struct ddb_index *index = &replica->indexes.v[i];
        if (index->kind != DDB_GLOBAL) continue;
        struct dynamodb_replica_global_secondary_index_description *d = &r->global_secondary_indexes.v[r->global_secondary_indexes.n++];
        d->index_name = index->name;
        d->warm_throughput = warm_index(a, replica, index);
        describe_own(a, &index->throughput, replica->on_demand, &d->provisioned_throughput_override, &d->on_demand_throughput_override);
    }
    r->global_secondary_indexes.set = r->global_secondary_indexes.n > 0;
}

static void describe_replicas(struct call *c, const struct ddb_table *t, struct dynamodb_table_description *out) {
    struct ddb_table replica;
    out->global_table_settings_replication_mode = t->settings_mode;
    if (!t->replicas.n) return;
    out->global_table_settings_replication_mode = S("ENABLED_WITH_OVERRIDES");
    out->global_table_version = S("2019.11.21");
    out->multi_region_consistency = t->strong ? S("STRONG") : (str){0};
    if (t->witness.p) {
        out->global_table_witnesses = (struct dynamodb_global_table_witness_description_list){NEW(c->arena, struct dynamodb_global_table_witness_description), 1, true};
        *out->global_table_witnesses.v = (struct dynamodb_global_table_witness_description){t->witness, S("ACTIVE")};
    }
    out->replicas.v = NEW_ARRAY(c->arena, struct dynamodb_replica_description, t->replicas.n);
    out->replicas.set = true;
    for (u32 i = 0; i < t->replicas.n; i++) {
        if (!ddb_replica_load(c, t, i, &replica)) continue;
        struct dynamodb_replica_description *r = &out->replicas.v[out->replicas.n++];
        r->region_name = replica.region;
        r->replica_status = ddb_table_status(&replica);
        if (replica.sse_lost_ms) r->replica_inaccessible_date_time = SOME_TIME(replica.sse_lost_ms);
        r->kms_master_key_id = replica.sse_key;
        r->replica_table_class_summary = describe_class(c->arena, &replica);
        describe_own(c->arena, &replica.throughput, replica.on_demand, &r->provisioned_throughput_override, &r->on_demand_throughput_override);
        describe_replica_indexes(c->arena, &replica, r);
        r->global_table_settings_replication_mode = S("ENABLED_WITH_OVERRIDES");
        struct dynamodb_table_warm_throughput_description w = {0};
        if (!describe_warm(&replica, &replica.throughput, replica.state, &w)) continue;
        r->warm_throughput = NEW(c->arena, struct dynamodb_table_warm_throughput_description);
        *r->warm_throughput = w;
    }
}

/* ---- all of it ---- */

void ddb_describe(struct call *c, const struct ddb_table *t, struct dynamodb_table_description *out) {
    struct ddb_counts counts = ddb_counts_of(c->txn, c->arena, t);
    const struct ddb_count held = *ddb_count_of(c->arena, &counts, t->space);
    out->table_name = t->name;
    out->table_status = ddb_table_status(t);
    /* as AWS: a table that becomes one on demand has been decreased just then, until it is one */
    out->provisioned_throughput = describe_units(c, &t->throughput, t->billing_ms && t->on_demand ? t->billing_ms : t->throughput.decreased_ms);
    out->table_size_bytes = SOME_I64(held.bytes);
    out->item_count = SOME_I64(held.items);
    out->table_arn = ddb_table_arn(c->arena, t);
    out->table_id = t->id;
    out->deletion_protection_enabled = SOME_BOOL(t->protected_);
    describe_billing(c->arena, t, out);
    ddb_stream_describe_of(c->arena, t, out);
    out->sse_description = describe_sse(c->arena, t);
    if (t->state == DDB_DELETING) return; /* as AWS: what it was is no longer said */
    describe_attributes(c->arena, t, &out->attribute_definitions);
    describe_keys(c->arena, &t->keys, &out->key_schema);
    out->creation_date_time = SOME_TIME(t->created_ms);
    describe_indexes(c, t, &counts, out);
    describe_extras(c, t, out);
    describe_replicas(c, t, out);
    out->on_demand_throughput = describe_most(c->arena, &t->throughput);
    struct dynamodb_table_warm_throughput_description w = {0};
    if (!describe_warm(t, &t->throughput, t->state, &w)) return;
    out->warm_throughput = NEW(c->arena, struct dynamodb_table_warm_throughput_description);
    *out->warm_throughput = w;
}

err dynamodb_describe_table(struct call *c, const struct dynamodb_describe_table_input *in, struct dynamodb_describe_table_output *out) {
    struct ddb_table t;
    TRY(ddb_table_told(c, in->table_name, &t));
    out->table = NEW(c->arena, struct dynamodb_table_description);
    ddb_describe(c, &t, out->table);
    return NULL;
}

err dynamodb_list_tables(struct call *c, const struct dynamodb_list_tables_input *in, struct dynamodb_list_tables_output *out) {
    enum { PAGE = 100 };
    u32 most = in->limit.set ? (u32)in->limit.v : PAGE;
    str all = key_bytes(&(struct key){call_key(c, S("table")).buf}), from = all, key;
    if (in->exclusive_start_table_name.p)
        from = arena_concat(c->arena, ddb_table_row(c->arena, c->account, c->region, in->exclusive_start_table_name), (str){"", 1});
    out->table_names.v = NEW_ARRAY(c->arena, str, most);
    out->table_names.set = true;
    struct range rows = txn_range(c->txn, from, key_after_prefix(c->arena, all));
    while (range_next(&rows, &key, NULL)) {
        str rest = str_skip(key, all.n), name;
        if (out->table_names.n == most) {
            out->last_evaluated_table_name = out->table_names.v[most - 1];
            break;
        }
        ASSERT(key_read_str(&rest, c->arena, &name));
        out->table_names.v[out->table_names.n++] = arena_str(c->arena, name);
    }
    return NULL;
}
