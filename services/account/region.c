/* Regions that an account has enabled. Those of before 2019 always are; the others by a row, "ENABLING" or
 * "DISABLING" until a task has settled it: then "ENABLED", or no row. */
#include "account.h"

static str status_of(struct call *c, str account, str region, bool opt_in) {
    str row;
    if (!opt_in) return S("ENABLED_BY_DEFAULT");
    return txn_get(c->txn, account_key(c->arena, account, "region", region), &row) ? arena_str(c->arena, row) : S("DISABLED");
}

static err refuse_region(struct call *c, const char *reason, const char *message) {
    struct account_validation_exception *e = NEW(c->arena, struct account_validation_exception);
    *e = (struct account_validation_exception){.message = str_of(message), .reason = str_of(reason)};
    return fail_with(c, &account_validation_exception, e, "%s", message);
}

static err find_region(struct call *c, str name, bool *opt_in) {
    str region;
    for (size_t i = 0; (region = region_at(i, opt_in)).p; i++)
        if (str_eq(region, name)) return NULL;
    return refuse_region(c, "fieldValidationFailed", "The provided Region name is not valid.");
}

/* `goal` is what the region is to become; a region on its way is left alone. */
static err change(struct call *c, str asked, str name, bool enable) {
    bool opt_in;
    str account;
    TRY(account_open(c, asked, &account));
    TRY(find_region(c, name, &opt_in));
    if (!opt_in)
        return refuse_region(c, "invalidRegionOptTarget", enable ? "The specified Region is enabled by default." : "The specified Region can't be disabled.");
    str status = status_of(c, account, name, opt_in);
    if (str_eq(status, enable ? S("ENABLED") : S("DISABLED"))) return NULL;
    if (!str_eq(status, S("ENABLED")) && !str_eq(status, S("DISABLED")))
        return fail(c, &account_conflict_exception, "The Region's status is being changed by another request.");
    str key = account_key(c->arena, account, "region", name);
    txn_put(c->txn, key, enable ? S("ENABLING") : S("DISABLING"));
    /* DIFFERS: within moments; on AWS it takes minutes to hours. And a region that is off is served all the same. */
    txn_task_set(c->txn, &(struct task){.kind = S("account-region"), .key = key, .due_ms = c->now_ms + 1});
    return NULL;
}

err region_settle(struct txn *t, const struct task *task, i64 now_ms) {
    (void)now_ms;
    str row;
    if (!txn_get(t, task->key, &row)) return NULL;
    if (str_eq(row, S("ENABLING"))) txn_put(t, task->key, S("ENABLED"));
    else if (str_eq(row, S("DISABLING"))) txn_delete(t, task->key);
    return NULL;
}

extern const struct task_kind account_tasks[];
const struct task_kind account_tasks[] = {{.name = "account-region", .run = region_settle}, {0}};

err account_enable_region(struct call *c, const struct account_enable_region_request *in, struct wire_unit *out) {
    (void)out;
    return change(c, in->account_id, in->region_name, true);
}

err account_disable_region(struct call *c, const struct account_disable_region_request *in, struct wire_unit *out) {
    (void)out;
    return change(c, in->account_id, in->region_name, false);
}

err account_get_region_opt_status(struct call *c, const struct account_get_region_opt_status_request *in,
                                  struct account_get_region_opt_status_response *out) {
    bool opt_in;
    str account;
    TRY(account_open(c, in->account_id, &account));
    TRY(find_region(c, in->region_name, &opt_in));
    out->region_name = in->region_name;
    out->region_opt_status = status_of(c, account, in->region_name, opt_in);
    return NULL;
}

static bool wanted(const struct account_region_opt_status_list *statuses, str status) {
    for (u32 i = 0; i < statuses->n; i++)
        if (str_eq(statuses->v[i], status)) return true;
    return !statuses->n;
}

/* The position is the last region told. */
err account_list_regions(struct call *c, const struct account_list_regions_request *in, struct account_list_regions_response *out) {
    enum { PAGE_MAX = 50 };
    str account, last = {0}, region;
    bool opt_in;
    TRY(account_open(c, in->account_id, &account));
    if (in->next_token.n && !page_position(c, in->next_token, &last))
        return refuse_region(c, "fieldValidationFailed", "The provided NextToken is not valid.");
    u32 max = in->max_results.set ? (u32)in->max_results.v : PAGE_MAX;
    out->regions = (struct account_region_opt_list){NEW_ARRAY(c->arena, struct account_region, PAGE_MAX), 0, true};
    for (size_t i = 0; (region = region_at(i, &opt_in)).p; i++) {
        if (last.p && str_cmp(region, last) <= 0) continue;
        str status = status_of(c, account, region, opt_in);
        if (!wanted(&in->region_opt_status_contains, status)) continue;
        if (out->regions.n == max) {
            out->next_token = page_token(c, out->regions.v[max - 1].region_name);
            break;
        }
        out->regions.v[out->regions.n++] = (struct account_region){region, status};
    }
    return NULL;
}
