/* ExecuteStatement, BatchExecuteStatement, ExecuteTransaction. What only reads is answered in prepare, on a
 * snapshot, and takes no place in the writer. */
#include "services/dynamodb/partiql.h"

/* ---- ExecuteStatement ---- */

static str identity_of(struct call *c, const struct dynamodb_execute_statement_input *in) {
    struct buf b = buf_new(c->arena, 4 << 20);
    buf_add(&b, in->statement);
    for (u32 i = 0; i < in->parameters.n; i++) {
        struct value v;
        if (!value_of_wire(c, &in->parameters.v[i], &v)) buf_add(&b, value_encode(c->arena, &v));
    }
    u64 hash = str_hash(buf_str(&b)); /* tokens are sealed: this only tells one request's from another's */
    return arena_format(c->arena, "%016llx", (unsigned long long)hash);
}

static err select_statement(struct call *c, const struct dynamodb_execute_statement_input *in, const struct statement *q,
                            struct dynamodb_execute_statement_output *out) {
    struct selection s = {.statement = q, .consistent = in->consistent_read.v, .limit = in->limit.set ? (u32)in->limit.v : 0,
                          .token = in->next_token, .identity = identity_of(c, in)};
    TRY(statement_select(c, &s));
    ddb_page_items(c, &s.page, &out->items);
    out->next_token = s.next;
    if (s.next.p) ITEM_TO_WIRE(c->arena, &s.page.last, out->last_evaluated_key);
    out->consumed_capacity = ddb_consumed(c, &s.page.usage, in->return_consumed_capacity);
    return NULL;
}

err dynamodb_execute_statement_prepare(struct call *c, const struct dynamodb_execute_statement_input *in, struct call_plan *plan) {
    struct statement q;
    TRY(statement_parse(c, in->statement, &in->parameters, &q));
    if (q.kind == STATEMENT_EXISTS)
        return fail(c, &dynamodb_validation_exception, "EXISTS statement is only supported in the ExecuteTransaction API.");
    if (!statement_reads(&q)) return NULL;
    struct dynamodb_execute_statement_output *out = NEW(c->arena, struct dynamodb_execute_statement_output);
    plan->answer = true;
    plan->out = out;
    return select_statement(c, in, &q, out);
}

/* What the conditions of a statement mean when they fail. */
static err step_failed(struct call *c, err e, const struct ddb_step *step) {
    if (!step->done.condition_failed) return e;
    if (step->insert) return fail(c, &dynamodb_duplicate_item_exception, "Duplicate primary key exists in table");
    return ddb_write_failed(c, e, &step->done, step->on_failure);
}

static err run_step(struct call *c, const struct statement *q, str on_failure, struct ddb_step *step) {
    *step = (struct ddb_step){.on_failure = on_failure};
    TRY(statement_step(c, q, step));
    TRY(ddb_write_locate(c, &step->write, &step->done));
    err e = ddb_write_run(c, &step->write, &step->done);
    return e ? step_failed(c, e, step) : NULL;
}

err dynamodb_execute_statement(struct call *c, const struct dynamodb_execute_statement_input *in,
                               struct dynamodb_execute_statement_output *out) {
    struct statement q;
    struct ddb_step step;
    TRY(statement_parse(c, in->statement, &in->parameters, &q));
    if (statement_reads(&q)) return select_statement(c, in, &q, out); /* a call between services has no prepare */
    TRY(run_step(c, &q, in->return_values_on_condition_check_failure, &step));
    out->items = (struct dynamodb_item_list){NEW(c->arena, struct dynamodb_attribute_map), 0, true};
    struct value returned = statement_returned(c, &q, &step.done);
    out->items.n = returned.type && returned.n;
    if (out->items.n) ITEM_TO_WIRE(c->arena, &returned, out->items.v[0]);
    out->consumed_capacity = ddb_consumed(c, &step.done.usage, in->return_consumed_capacity);
    return NULL;
}

/* ---- BatchExecuteStatement ---- */

static str batch_code(err e) {
    static const struct {
        err e;
        str code;
    } codes[] = {{&dynamodb_conditional_check_failed_exception, {"ConditionalCheckFailed", 22}},
                 {&dynamodb_duplicate_item_exception, {"DuplicateItem", 13}},
                 {&dynamodb_resource_not_found_exception, {"ResourceNotFound", 16}},
                 {&dynamodb_item_collection_size_limit_exceeded_exception, {"ItemCollectionSizeLimitExceeded", 31}},
                 {&dynamodb_provisioned_throughput_exceeded_exception, {"ProvisionedThroughputExceeded", 29}},
                 {&dynamodb_throttling_exception, {"ThrottlingError", 15}},
                 {&cloud_access_denied, {"AccessDenied", 12}}};
    for (size_t i = 0; i < LENGTH(codes); i++)
        if (codes[i].e == e) return codes[i].code;
    return S("ValidationError");
}

struct usages {
    const struct ddb_usage **v;
    u32 n;
};

/* Units of one table stand together. */
static void add_units(struct call *c, const struct usages *all, str asked, struct dynamodb_consumed_capacity_multiple *out) {
    struct ddb_usage *sums = NEW_ARRAY(c->arena, struct ddb_usage, all->n + 1);
    u32 tables = 0;
    for (u32 i = 0; i < all->n; i++) {
        u32 at = 0;
        while (at < tables && sums[at].table->space != all->v[i]->table->space) at++;
        if (at == tables) sums[tables++].table = all->v[i]->table;
        ddb_usage_add(&sums[at], all->v[i]);
    }
    out->v = NEW_ARRAY(c->arena, struct dynamodb_consumed_capacity, tables + 1);
    for (u32 i = 0; i < tables; i++) {
        struct dynamodb_consumed_capacity *units = ddb_consumed(c, &sums[i], asked);
        if (!units) return;
        out->v[out->n++] = *units;
        out->set = true;
    }
}

/* DIFFERS: what fails costs nothing. */
static err batch_one(struct call *c, const struct dynamodb_batch_statement_request *in, const struct statement *q, struct usages *usages,
                     struct dynamodb_batch_statement_response *out) {
    if (statement_reads(q)) {
        struct selection *s = NEW(c->arena, struct selection);
        *s = (struct selection){.statement = q, .consistent = in->consistent_read.v, .one = true, .operation = "BatchExecuteStatement"};
        TRY(statement_select(c, s));
        usages->v[usages->n++] = &s->page.usage;
        if (s->page.n) ITEM_TO_WIRE(c->arena, &s->page.items[0], out->item);
        return NULL;
    }
    struct ddb_step *step = NEW(c->arena, struct ddb_step);
    TRY(run_step(c, q, in->return_values_on_condition_check_failure, step));
    usages->v[usages->n++] = &step->done.usage;
    struct value returned = statement_returned(c, q, &step->done);
    if (returned.type && returned.n) ITEM_TO_WIRE(c->arena, &returned, out->item);
    return NULL;
}

static void batch_fault(struct call *c, err e, struct dynamodb_batch_statement_response *out) {
    out->error = NEW(c->arena, struct dynamodb_batch_statement_error);
    out->error->code = batch_code(e);
    out->error->message = c->error_message;
    const struct dynamodb_conditional_check_failed_exception *failed = c->error_members;
    if (e == &dynamodb_conditional_check_failed_exception && failed && failed->item.set) {
        out->error->item.v = (void *)failed->item.v;
        out->error->item.n = failed->item.n;
        out->error->item.set = true;
    }
    c->error_message = (str){0};
    c->error_members = NULL;
}

static err run_batch(struct call *c, const struct dynamodb_batch_execute_statement_input *in, struct dynamodb_batch_execute_statement_output *out) {
    u32 n = in->statements.n, n_parsed = 0;
    const struct statement **parsed = NEW_ARRAY(c->arena, const struct statement *, n + 1);
    u32 *at = NEW_ARRAY(c->arena, u32, n + 1); /* which statement of the batch it is */
    struct usages usages = {NEW_ARRAY(c->arena, const struct ddb_usage *, n + 1), 0};
    out->responses = (struct dynamodb_parti_ql_batch_response){NEW_ARRAY(c->arena, struct dynamodb_batch_statement_response, n + 1), n, true};
    for (u32 i = 0; i < n; i++) {
        const struct dynamodb_batch_statement_request *one = &in->statements.v[i];
        struct statement *q = NEW(c->arena, struct statement);
        err e = statement_parse(c, one->statement, &one->parameters, q);
        if (!e && q->kind == STATEMENT_EXISTS)
            e = fail(c, &dynamodb_validation_exception, "EXISTS statement is only supported in the ExecuteTransaction API.");
        if (e) {
            batch_fault(c, e, &out->responses.v[i]);
            continue;
        }
        parsed[n_parsed] = q;
        at[n_parsed++] = i;
    }
    if (statements_meet(c, parsed, n_parsed)) return fail(c, &dynamodb_validation_exception, "Provided list of item keys contains duplicates");
    for (u32 i = 0; i < n_parsed; i++) {
        struct dynamodb_batch_statement_response *answer = &out->responses.v[at[i]];
        err e = batch_one(c, &in->statements.v[at[i]], parsed[i], &usages, answer);
        if (e) batch_fault(c, e, answer);
        if (!e || !str_eq(answer->error->code, S("ValidationError"))) answer->table_name = parsed[i]->table;
    }
    add_units(c, &usages, in->return_consumed_capacity, &out->consumed_capacity);
    return NULL;
}

enum { HAS_READS = 1, HAS_WRITES = 2 };

static u32 kind_of(struct call *c, str text, const struct dynamodb_prepared_statement_parameters *parameters) {
    struct statement q;
    if (statement_parse(c, text, parameters, &q)) return 0;
    return statement_reads(&q) ? HAS_READS : HAS_WRITES;
}

err dynamodb_batch_execute_statement_prepare(struct call *c, const struct dynamodb_batch_execute_statement_input *in, struct call_plan *plan) {
    u32 has = 0;
    for (u32 i = 0; i < in->statements.n; i++) has |= kind_of(c, in->statements.v[i].statement, &in->statements.v[i].parameters);
    if (has == (HAS_READS | HAS_WRITES))
        return fail(c, &dynamodb_validation_exception, "Read and write requests together in the same batch is not supported.");
    if (has == HAS_WRITES) return NULL;
    struct dynamodb_batch_execute_statement_output *out = NEW(c->arena, struct dynamodb_batch_execute_statement_output);
    plan->answer = true;
    plan->out = out;
    return run_batch(c, in, out);
}

err dynamodb_batch_execute_statement(struct call *c, const struct dynamodb_batch_execute_statement_input *in,
                                     struct dynamodb_batch_execute_statement_output *out) {
    return run_batch(c, in, out);
}

/* ---- ExecuteTransaction ---- */

static err parse_all(struct call *c, const struct dynamodb_parameterized_statements *in, struct statement **out, u32 *has) {
    struct statement *all = *out = NEW_ARRAY(c->arena, struct statement, in->n);
    *has = 0;
    for (u32 i = 0; i < in->n; i++) {
        TRY(statement_parse(c, in->v[i].statement, &in->v[i].parameters, &all[i]));
        TRY(statement_check_in_transaction(c, &all[i], i));
        *has |= statement_reads(&all[i]) ? HAS_READS : HAS_WRITES;
    }
    if (*has != (HAS_READS | HAS_WRITES)) return NULL;
    return fail(c, &dynamodb_validation_exception,
                "ExecuteTransaction API does not support both read and write operations in the same request.");
}

static err read_transaction(struct call *c, const struct dynamodb_execute_transaction_input *in, const struct statement *all,
                            struct dynamodb_execute_transaction_output *out) {
    u32 n = in->transact_statements.n;
    const struct ddb_usage **usages = NEW_ARRAY(c->arena, const struct ddb_usage *, n + 1);
    const struct statement **reads = NEW_ARRAY(c->arena, const struct statement *, n + 1);
    for (u32 i = 0; i < n; i++) reads[i] = &all[i];
    if (statements_meet(c, reads, n)) return ddb_transact_twice(c);
    out->responses = (struct dynamodb_item_response_list){NEW_ARRAY(c->arena, struct dynamodb_item_response, n + 1), n, true};
    for (u32 i = 0; i < n; i++) {
        struct selection *s = NEW(c->arena, struct selection);
        *s = (struct selection){.statement = &all[i], .consistent = true, .one = true, .operation = "ExecuteTransaction"};
        TRY(statement_select(c, s));
        usages[i] = &s->page.usage;
        if (s->page.n) ITEM_TO_WIRE(c->arena, &s->page.items[0], out->responses.v[i].item);
    }
    ddb_transact_consumed(c, usages, n, in->return_consumed_capacity, &out->consumed_capacity);
    return NULL;
}

err dynamodb_execute_transaction_prepare(struct call *c, const struct dynamodb_execute_transaction_input *in, struct call_plan *plan) {
    struct statement *all;
    u32 has;
    TRY(parse_all(c, &in->transact_statements, &all, &has));
    if (has != HAS_READS) return NULL;
    struct dynamodb_execute_transaction_output *out = NEW(c->arena, struct dynamodb_execute_transaction_output);
    plan->answer = true;
    plan->out = out;
    return read_transaction(c, in, all, out);
}

static str transaction_identity(struct call *c, const struct dynamodb_parameterized_statements *in) {
    enum { IDENTITY_MAX = 64 << 20 };
    struct buf b = buf_new(c->arena, IDENTITY_MAX);
    for (u32 i = 0; i < in->n; i++) {
        buf_format(&b, "%.*s\n", STR_ARGS(in->v[i].statement));
        for (u32 j = 0; j < in->v[i].parameters.n; j++) {
            struct value v;
            if (!value_of_wire(c, &in->v[i].parameters.v[j], &v)) buf_add(&b, value_encode(c->arena, &v));
        }
    }
    return buf_str(&b);
}

err dynamodb_execute_transaction(struct call *c, const struct dynamodb_execute_transaction_input *in,
                                 struct dynamodb_execute_transaction_output *out) {
    enum { TOKEN_MS = 10 * 60 * 1000 };
    struct statement *all;
    u32 has, n = in->transact_statements.n;
    TRY(parse_all(c, &in->transact_statements, &all, &has));
    if (has == HAS_READS) return read_transaction(c, in, all, out);
    str identity = in->client_request_token.p ? transaction_identity(c, &in->transact_statements) : (str){0}, before;
    out->responses = (struct dynamodb_item_response_list){NEW(c->arena, struct dynamodb_item_response), 0, true}; /* empty (recorded) */
    struct ddb_step *steps = NEW_ARRAY(c->arena, struct ddb_step, n);
    const struct ddb_usage **usages = NEW_ARRAY(c->arena, const struct ddb_usage *, n);
    for (u32 i = 0; i < n; i++) {
        steps[i].on_failure = in->transact_statements.v[i].return_values_on_condition_check_failure;
        TRY(statement_step(c, &all[i], &steps[i]));
    }
    if (identity.p) {
        enum idempotency seen = idempotency_look(c, in->client_request_token, identity, &before);
        if (seen == IDEMPOTENCY_SAME) return ddb_transact_again(c, steps, n, before, in->return_consumed_capacity, &out->consumed_capacity);
        if (seen == IDEMPOTENCY_MISMATCH)
            return fail(c, &dynamodb_idempotent_parameter_mismatch_exception,
                        "DynamoDB rejected the request because you retried a request with a different payload but with an idempotent token that "
                        "was already used.");
    }
    TRY(ddb_transact(c, steps, n, true));
    if (identity.p) idempotency_store(c, in->client_request_token, identity, ddb_transact_note(c, steps, n), TOKEN_MS);
    for (u32 i = 0; i < n; i++) usages[i] = &steps[i].done.usage;
    ddb_transact_consumed(c, usages, n, in->return_consumed_capacity, &out->consumed_capacity);
    return NULL;
}
