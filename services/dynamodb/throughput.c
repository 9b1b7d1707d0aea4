/* Units a second: provisioned, on demand, warm; the limits of their changes.
 *
 * Provisioned units may be lowered four times in a day of UTC, and then again an hour after the last time; tables and
 * indexes are counted apart (developer guide, "Quotas"). What is warm never becomes less. */
#include "services/dynamodb/schema.h"

#define INVALID "One or more parameter values were invalid: "
#define REFER "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."

enum { DAY_MS = 86400000 };

/* ---- provisioned ---- */

err ddb_units_check(struct call *c, const struct dynamodb_provisioned_throughput *p) {
    const i64 most = 1000000000000;
    if (p->read_capacity_units.v > most)
        return fail(c, &cloud_validation, "Given value %lld for ReadCapacityUnits is out of bounds", (long long)p->read_capacity_units.v);
    if (p->write_capacity_units.v > most)
        return fail(c, &cloud_validation, "Given value %lld for WriteCapacityUnits is out of bounds", (long long)p->write_capacity_units.v);
    return NULL;
}

struct ddb_most ddb_units_most(struct call *c) {
    return (struct ddb_most){quota(c, S("L-34F6A552"), 80000), quota(c, S("L-34F8CCC8"), 80000), quota(c, S("L-CF0CBE56"), 40000),
                             quota(c, S("L-AB614373"), 40000)};
}

static err above(struct call *c, const char *member, str index, i64 units, i64 most) {
    str of = index.p ? arena_concat(c->arena, S(" for index "), index) : S("");
    const char *what = index.p ? "index" : "table";
    return fail(c, &dynamodb_limit_exceeded_exception,
                "The requested %sCapacityUnits%.*s, %lld, is above the per %s maximum for the account in %.*s. Per %s maximum: %lld. " REFER,
                member, STR_ARGS(of), (long long)units, what, STR_ARGS(c->region), what, (long long)most);
}

static err exceeds(struct call *c, const char *asked, str of, const char *member) {
    return fail(c, &dynamodb_limit_exceeded_exception,
                "Subscriber limit exceeded: Requested %s for %.*s exceeds TableMax%sCapacityUnits of the account in region %.*s", asked, STR_ARGS(of),
                member, STR_ARGS(c->region));
}

/* index: absent for the table itself. */
static err within(struct call *c, const struct ddb_throughput *t, str index, const struct ddb_most *most) {
    i64 read = MAX(t->read, t->next_read), write = MAX(t->write, t->next_write);
    str most_of = index.p ? arena_concat(c->arena, S("index : "), index) : S("table"), warm_of = index.p ? ddb_index_words(c->arena, index) : S("table");
    if (read > most->table_read) return above(c, "Read", index, read, most->table_read);
    if (write > most->table_write) return above(c, "Write", index, write, most->table_write);
    if (t->most_read > most->table_read) return exceeds(c, "MaxReadRequestUnits for OnDemandThroughput", most_of, "Read");
    if (t->most_write > most->table_write) return exceeds(c, "MaxWriteRequestUnits for OnDemandThroughput", most_of, "Write");
    if (MAX(t->warm_read, t->next_warm_read) > most->table_read) return exceeds(c, "ReadUnitsPerSecond for WarmThroughput", warm_of, "Read");
    if (MAX(t->warm_write, t->next_warm_write) > most->table_write) return exceeds(c, "WriteUnitsPerSecond for WarmThroughput", warm_of, "Write");
    return NULL;
}

/* ---- what all tables of the account have together, in a region ---- */

static void add(struct ddb_reserved *sum, const struct ddb_throughput *t) {
    i64 read = MAX(t->read, t->next_read), write = MAX(t->write, t->next_write);
    sum->read += read;
    sum->write += write;
    sum->most_read = MAX(sum->most_read, read);
    sum->most_write = MAX(sum->most_write, write);
}

static void add_table(struct ddb_reserved *sum, const struct ddb_table *t) {
    add(sum, &t->throughput);
    for (u32 i = 0; i < t->indexes.n; i++)
        if (t->indexes.v[i].kind == DDB_GLOBAL) add(sum, &t->indexes.v[i].throughput);
}

struct ddb_reserved ddb_reserved_by_account(struct call *c) {
    struct key tables = call_key(c, S("table"));
    str all = key_bytes(&tables), row;
    struct range rows = txn_range(c->txn, all, key_after_prefix(c->arena, all));
    struct ddb_reserved sum = {0};
    while (range_next(&rows, NULL, &row)) {
        struct ddb_table t = {0};
        ASSERT(record_decode(c->arena, &ddb_table_record, arena_str(c->arena, row), &t));
        add_table(&sum, &t);
    }
    return sum;
}

static err beyond(struct call *c, const char *member, i64 reserved, i64 most, i64 more) {
    if (more <= 0 || reserved + more <= most) return NULL;
    return fail(c, &dynamodb_limit_exceeded_exception,
                "This request would have caused the %sCapacityUnits limit to be exceeded for the account in %.*s. Current %sCapacityUnits reserved by the "
                "account: %lld. Limit: %lld. Requested: %lld. " REFER,
                member, STR_ARGS(c->region), member, (long long)reserved, (long long)most, (long long)more);
}

/* Tables are asked alone that want more than they have.
 * DIFFERS: "Requested" of an UpdateTable is what it adds; what AWS counts there is not known. */
static err account_within(struct call *c, const struct ddb_table *t, const struct ddb_most *most) {
    struct ddb_table before = {0};
    ddb_table_load(c->txn, c->arena, t->account, t->region, t->name, &before);
    struct ddb_reserved now = {0}, had = {0};
    add_table(&now, t);
    add_table(&had, &before);
    if (now.read <= had.read && now.write <= had.write) return NULL;
    struct ddb_reserved reserved = ddb_reserved_by_account(c);
    TRY(beyond(c, "Read", reserved.read, most->account_read, now.read - had.read));
    return beyond(c, "Write", reserved.write, most->account_write, now.write - had.write);
}

err ddb_units_within(struct call *c, const struct ddb_table *t) {
    struct ddb_most most = ddb_units_most(c);
    TRY(within(c, &t->throughput, (str){0}, &most));
    for (u32 i = 0; i < t->indexes.n; i++)
        if (t->indexes.v[i].kind == DDB_GLOBAL) TRY(within(c, &t->indexes.v[i].throughput, t->indexes.v[i].name, &most));
    return account_within(c, t, &most);
}

bool ddb_warming(const struct ddb_throughput *t) { return t->next_warm_read || t->next_warm_write; }

static err unchanged(struct call *c, const struct ddb_throughput *t, str index) {
    str of = index.p ? ddb_index_words(c->arena, index) : S("the table");
    return fail(c, &cloud_validation,
                "The provisioned throughput for %s%.*s will not change. The requested value equals the current value. Current "
                "ReadCapacityUnits provisioned for %.*s: %lld. Requested ReadCapacityUnits: %lld. Current WriteCapacityUnits "
                "provisioned for %.*s: %lld. Requested WriteCapacityUnits: %lld. " REFER,
                index.p ? "the " : "", STR_ARGS(of), STR_ARGS(of), (long long)t->read, (long long)t->read, STR_ARGS(of), (long long)t->write,
                (long long)t->write);
}

/* "Monday, February 13, 2023 at 10:25:39 AM Coordinated Universal Time" */
static str spoken(struct arena *a, i64 ms) {
    static const char *const days[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
    static const char *const months[] = {"January", "February", "March", "April", "May", "June",
                                         "July", "August", "September", "October", "November", "December"};
    struct civil_time t = civil_of(ms);
    return arena_format(a, "%s, %s %d, %d at %d:%02d:%02d %s Coordinated Universal Time", days[t.weekday], months[t.month - 1], t.day, (int)t.year,
                        t.hour % 12 ? t.hour % 12 : 12, t.minute, t.second, t.hour < 12 ? "AM" : "PM");
}

i64 ddb_decreases_today(const struct call *c, const struct ddb_throughput *t) { return t->decreases_day == c->now_ms / DAY_MS ? t->decreases : 0; }

void ddb_decrease_count(struct call *c, struct ddb_throughput *t) {
    t->decreases = ddb_decreases_today(c, t) + 1;
    t->decreases_day = c->now_ms / DAY_MS;
    t->decreased_ms = c->now_ms;
}

static err count_decrease(struct call *c, struct ddb_throughput *t) {
    enum { FREE_A_DAY = 4, THEN_EVERY_S = 3600 };
    i64 midnight_ms = (c->now_ms / DAY_MS + 1) * DAY_MS, next_ms = MIN(t->decreased_ms + THEN_EVERY_S * 1000, midnight_ms);
    i64 today = ddb_decreases_today(c, t);
    if (today >= FREE_A_DAY && c->now_ms < next_ms)
        return fail(c, &dynamodb_limit_exceeded_exception,
                    "Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. After the first %d decreases, "
                    "each subsequent decrease in the same UTC day can be performed at most once every %d seconds. Number of decreases today: %lld. "
                    "Last decrease at %.*s. Next decrease can be made at %.*s",
                    FREE_A_DAY, THEN_EVERY_S, (long long)today, STR_ARGS(spoken(c->arena, t->decreased_ms)), STR_ARGS(spoken(c->arena, next_ms)));
    ddb_decrease_count(c, t);
    return NULL;
}

void ddb_provision_first(struct ddb_throughput *t, const struct dynamodb_provisioned_throughput *p) {
    t->read = p->read_capacity_units.v;
    t->write = p->write_capacity_units.v;
    t->most_read = t->most_write = 0;
}

err ddb_provision(struct call *c, struct ddb_throughput *t, const struct dynamodb_provisioned_throughput *p, str index) {
    i64 read = p->read_capacity_units.v, write = p->write_capacity_units.v;
    if (read == t->read && write == t->write) return unchanged(c, t, index);
    if (read < t->read || write < t->write) TRY(count_decrease(c, t));
    if (read > t->read || write > t->write) t->increased_ms = c->now_ms;
    t->next_read = read;
    t->next_write = write;
    return NULL;
}

struct ddb_throughput ddb_throughput_like(const struct ddb_throughput *t) {
    return (struct ddb_throughput){.read = t->read, .write = t->write, .most_read = t->most_read, .most_write = t->most_write,
                                   .warm_read = t->warm_read, .warm_write = t->warm_write};
}

void ddb_most_settle(struct ddb_throughput *t) {
    t->most_read = MAX(t->most_read, 0);
    t->most_write = MAX(t->most_write, 0);
}

void ddb_throughput_settle(bool on_demand, struct ddb_throughput *t) {
    if (t->next_read) t->read = t->next_read;
    if (t->next_write) t->write = t->next_write;
    t->next_read = t->next_write = 0;
    ddb_most_settle(t);
    struct ddb_warm warm = ddb_warm_now(on_demand, t);
    t->warm_read = MAX(warm.read, t->next_warm_read);
    t->warm_write = MAX(warm.write, t->next_warm_write);
    t->next_warm_read = t->next_warm_write = 0;
}

/* ---- on demand ---- */

str ddb_index_words(struct arena *a, str index) { return arena_concat(a, S("index "), index); }

static err out_of_range(struct call *c, const char *member, str of) {
    return fail(c, &cloud_validation, INVALID "Requested %s for OnDemandThroughput for %.*s is outside of valid range", member, STR_ARGS(of));
}

static bool in_range(struct opt_i64 units, bool made) { return !units.set || units.v > 0 || (!made && units.v == -1); }

err ddb_on_demand_read(struct call *c, const struct dynamodb_on_demand_throughput *given, str of, bool made, struct ddb_throughput *t) {
    if (!given) return NULL;
    if (!in_range(given->max_read_request_units, made)) return out_of_range(c, "MaxReadRequestUnits", of);
    if (!in_range(given->max_write_request_units, made)) return out_of_range(c, "MaxWriteRequestUnits", of);
    if (given->max_read_request_units.set) t->most_read = given->max_read_request_units.v;
    if (given->max_write_request_units.set) t->most_write = given->max_write_request_units.v;
    return NULL;
}

/* ---- warm ---- */

/* What a table without provisioned throughput serves from the first second on. */
enum { WARM_READ = 12000, WARM_WRITE = 4000 };

struct ddb_warm ddb_warm_now(bool on_demand, const struct ddb_throughput *t) {
    i64 read = on_demand ? WARM_READ : t->read, write = on_demand ? WARM_WRITE : t->write;
    return (struct ddb_warm){MAX(read, t->warm_read), MAX(write, t->warm_write)};
}

static err too_cold(struct call *c, const char *member, str of, str than) {
    return fail(c, &cloud_validation, INVALID "Requested %sUnitsPerSecond for WarmThroughput for %.*s is lower than %.*s", member, STR_ARGS(of), STR_ARGS(than));
}

static bool colder(struct opt_i64 given, i64 than) { return given.set && given.v < than; }

err ddb_warm_first(struct call *c, const struct dynamodb_warm_throughput *given, str of, bool on_demand, struct ddb_throughput *t) {
    const str initial = S("initial throughput for OnDemand. See: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
                          "on-demand-capacity-mode.html#on-demand-capacity-mode-initial");
    struct ddb_warm least = ddb_warm_now(on_demand, t);
    if (!given) return NULL;
    if (colder(given->read_units_per_second, least.read))
        return too_cold(c, "Read", of, on_demand ? initial : S("ReadCapacityUnits of ProvisionedThroughput"));
    if (colder(given->write_units_per_second, least.write))
        return too_cold(c, "Write", of, on_demand ? initial : S("WriteCapacityUnits of ProvisionedThroughput"));
    if (given->read_units_per_second.set) t->warm_read = given->read_units_per_second.v;
    if (given->write_units_per_second.set) t->warm_write = given->write_units_per_second.v;
    return NULL;
}

err ddb_warm_more(struct call *c, const struct dynamodb_warm_throughput *given, str of, bool on_demand, struct ddb_throughput *t) {
    const str now = S("current WarmThroughput, decreasing WarmThroughput is not supported");
    struct ddb_warm least = ddb_warm_now(on_demand, t);
    if (!given) return NULL;
    if (colder(given->read_units_per_second, least.read)) return too_cold(c, "Read", of, now);
    if (colder(given->write_units_per_second, least.write)) return too_cold(c, "Write", of, now);
    if (given->read_units_per_second.set) t->next_warm_read = given->read_units_per_second.v;
    if (given->write_units_per_second.set) t->next_warm_write = given->write_units_per_second.v;
    return NULL;
}

/* ---- a replica's own ---- */

void ddb_override_read(const struct dynamodb_provisioned_throughput_override *units, const struct dynamodb_on_demand_throughput_override *most,
                       const struct ddb_throughput *shared, struct ddb_throughput *t) {
    if (units && units->read_capacity_units.set) {
        t->read = units->read_capacity_units.v;
        t->own_read = t->read != shared->read;
    }
    if (most && most->max_read_request_units.set) {
        t->most_read = most->max_read_request_units.v;
        t->own_most_read = t->most_read != shared->most_read;
    }
}
