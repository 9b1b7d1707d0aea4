/* Lab s3-storage-classes: the same object in seven classes. Each figure of the tables was measured in this run: by the
 * calls that it made, by what the cloud metered meanwhile (brume usage), and by taking zones away. */
#include "front/lab.h"

#include "front/aws_call.h"
#include "front/remote.h"
#include "gen/s3.h"
#include "sys/sys.h"
#include "text/json.h"

#include <stdio.h>
#include <stdlib.h>

enum { CLASSES = 7, READS = 5, TINY = 1024, HOUR_MS = 3600000, DAY_MS = 86400000, WAIT_HOURS_MAX = 60, USAGE_MAX = 16 << 20, RETRIEVALS_MAX = 128 };

static const char *const classes[CLASSES] = {"STANDARD", "INTELLIGENT_TIERING", "STANDARD_IA", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"};

struct metered {
    str name;
    double quantity;
};
struct metering {
    struct metered v[RETRIEVALS_MAX];
    u32 n;
};
struct found {
    double read_ms;        /* median */
    bool asks_restore;
    i64 restore_hours;     /* of the cloud's clock */
    str retrieval, early;  /* what was metered; absent: nothing */
    double days, least_kib; /* of the minimum */
    u32 zones_read;        /* in how many losses of one zone it could be read */
};
struct lab {
    struct front *front;
    str bucket, body;
    struct found found[CLASSES];
    u32 zones;
    struct metering storage; /* between two midnights */
    int status;
};

static bool remote(struct lab *l, const char *method, const char *name, str query, str *answer) {
    enum { TIMEOUT_MS = 600000 };
    if (l->status == EXIT_DONE) l->status = remote_call(l->front, method, name, query, TIMEOUT_MS, answer);
    return l->status == EXIT_DONE;
}
static bool try(struct lab *l, u16 op, const void *in, void *out, struct aws_attempt *attempt) {
    if (l->status == EXIT_DONE) l->status = aws_try(l->front, s3_service.wire, op, in, out, attempt);
    return l->status == EXIT_DONE;
}
static bool want(struct lab *l, u16 op, const void *in, void *out, str body) {
    struct aws_attempt attempt = {.body = body};
    if (!try(l, op, in, out, &attempt)) return false;
    if (attempt.refusal.p) l->status = complain(EXIT_REFUSED, "%.*s: %.*s", STR_ARGS(attempt.refusal), STR_ARGS(attempt.body));
    return l->status == EXIT_DONE;
}

/* ---- the meter ---- */

static void usage_read(struct lab *l, struct metering *m) {
    str answer, key;
    *m = (struct metering){0};
    if (!remote(l, "GET", "usage", S(""), &answer)) return;
    struct json_reader r = json_reader_new(l->front->arena, answer, (struct json_limits){USAGE_MAX, 4});
    if (!json_read_array(&r)) return;
    while (json_read_item(&r) && json_read_object(&r)) {
        str account = {0}, service = {0}, usage = {0}, number = {0};
        double quantity;
        while (json_read_key(&r, &key)) {
            str *field = str_eq(key, S("account")) ? &account : str_eq(key, S("service")) ? &service : str_eq(key, S("usage")) ? &usage : NULL;
            if (!(field ? json_read_string(&r, field) : json_read_number(&r, &number))) return;
        }
        bool ours = str_eq(service, S("s3")) && str_eq(account, S("000000000000"));
        if (ours && m->n < RETRIEVALS_MAX && str_to_f64(number, &quantity)) m->v[m->n++] = (struct metered){usage, quantity};
    }
}

static double quantity_of(const struct metering *m, str name) {
    for (u32 i = 0; i < m->n; i++)
        if (str_eq(m->v[i].name, name)) return m->v[i].quantity;
    return 0;
}

/* What was metered since, of one kind. */
static struct metered metered_since(struct lab *l, const struct metering *before, str kind) {
    struct metering now;
    usage_read(l, &now);
    for (u32 i = 0; i < now.n; i++) {
        double more = now.v[i].quantity - quantity_of(before, now.v[i].name);
        if (str_starts(now.v[i].name, kind) && more > 0) return (struct metered){now.v[i].name, more};
    }
    return (struct metered){0};
}

/* ---- objects ---- */

static bool put(struct lab *l, int class, str key, str body) {
    struct s3_put_object_request in = {.bucket = l->bucket, .key = key, .storage_class = str_of(classes[class])};
    struct s3_put_object_output out = {0};
    return want(l, S3_OP_PUT_OBJECT, &in, &out, body);
}
static bool drop(struct lab *l, str key) {
    struct s3_delete_object_request in = {.bucket = l->bucket, .key = key};
    struct s3_delete_object_output out = {0};
    return want(l, S3_OP_DELETE_OBJECT, &in, &out, (str){0});
}
/* True: it came, whole. */
static bool get(struct lab *l, int class, double *ms, str *refusal) {
    struct s3_get_object_request in = {.bucket = l->bucket, .key = str_of(classes[class])};
    struct s3_get_object_output out = {0};
    struct aws_attempt attempt = {0};
    if (!try(l, S3_OP_GET_OBJECT, &in, &out, &attempt)) return false;
    *ms = attempt.ms;
    *refusal = attempt.refusal;
    return !attempt.refusal.p && str_eq(attempt.body, l->body);
}

static int ascending(const void *x, const void *y) {
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

static void measure_read(struct lab *l, int class) {
    struct found *f = &l->found[class];
    struct metering before;
    double ms[READS] = {0};
    str refusal = {0};
    usage_read(l, &before);
    for (int i = 0; i < READS && !f->asks_restore; i++)
        if (!get(l, class, &ms[i], &refusal)) f->asks_restore = str_eq(refusal, S("InvalidObjectState"));
    f->retrieval = metered_since(l, &before, S("Retrieval-")).name;
    qsort(ms, READS, sizeof *ms, ascending);
    f->read_ms = ms[READS / 2];
}

/* Deleted at once, an object pays for the time that the class asks at least, and for the size. */
static void measure_minimum(struct lab *l, int class) {
    struct found *f = &l->found[class];
    struct metering before;
    usage_read(l, &before);
    if (!put(l, class, S("brief"), l->body) || !drop(l, S("brief"))) return;
    struct metered early = metered_since(l, &before, S("EarlyDelete-"));
    f->early = early.name;
    if (!early.name.p) return;
    f->days = early.quantity / (double)l->body.n / 24;
    usage_read(l, &before);
    if (put(l, class, S("tiny"), str_take(l->body, TINY)) && drop(l, S("tiny"))) f->least_kib = metered_since(l, &before, S("EarlyDelete-")).quantity / f->days / 24 / 1024;
}

/* ---- time ---- */

static bool advance(struct lab *l, i64 ms) {
    str answer;
    return remote(l, "POST", "clock", arena_format(l->front->arena, "by_ms=%lld", (long long)ms), &answer);
}

static bool advance_to_midnight(struct lab *l) {
    str answer;
    i64 now_ms = 0;
    if (!remote(l, "GET", "clock", S(""), &answer)) return false;
    str shown = remote_member(l->front, answer, S("now_ms"));
    if (!shown.p) shown = remote_member(l->front, answer, S("clock_ms"));
    if (!str_to_i64(shown, &now_ms)) return complain(EXIT_REFUSED, "the server does not say what time it is.") == EXIT_DONE;
    return advance(l, DAY_MS - now_ms % DAY_MS + 1000);
}

static bool restored(struct lab *l, int class) {
    double ms;
    str refusal;
    return get(l, class, &ms, &refusal);
}

static void measure_restores(struct lab *l) {
    for (int i = 0; i < CLASSES; i++) {
        if (!l->found[i].asks_restore) continue;
        struct s3_glacier_job_parameters how = {.tier = S("Standard")};
        struct s3_restore_request wanted = {.days = SOME_I32(7), .glacier_job_parameters = &how};
        struct s3_restore_object_request in = {.bucket = l->bucket, .key = str_of(classes[i]), .restore_request = &wanted};
        struct s3_restore_object_output out = {0};
        if (!want(l, S3_OP_RESTORE_OBJECT, &in, &out, (str){0})) return;
    }
    bool waiting = true;
    for (i64 hours = 1; waiting && hours <= WAIT_HOURS_MAX; hours++) {
        if (!advance(l, HOUR_MS)) return;
        waiting = false;
        for (int i = 0; i < CLASSES; i++) {
            struct found *f = &l->found[i];
            if (!f->asks_restore || f->restore_hours) continue;
            if (restored(l, i)) f->restore_hours = hours;
            else waiting = true;
        }
    }
}

static void measure_storage(struct lab *l) {
    struct metering before, after;
    usage_read(l, &before);
    if (!advance_to_midnight(l)) return;
    usage_read(l, &after);
    for (u32 i = 0; i < after.n; i++) {
        double more = after.v[i].quantity - quantity_of(&before, after.v[i].name);
        bool kept = str_starts(after.v[i].name, S("TimedStorage-")) || str_starts(after.v[i].name, S("Monitoring-"));
        if (kept && more > 0) l->storage.v[l->storage.n++] = (struct metered){after.v[i].name, more};
    }
}

/* ---- zones ---- */

static void measure_zones(struct lab *l) {
    str answer, ignored;
    double ms;
    if (!remote(l, "GET", "fault", S(""), &answer)) return;
    while (remote_member(l->front, answer, arena_format(l->front->arena, "zone %c", 'a' + (int)l->zones)).p) l->zones++;
    if (l->zones < 2) return;
    for (u32 z = 0; z < l->zones; z++) {
        if (!remote(l, "POST", "fault", arena_format(l->front->arena, "zone=%c&state=down", 'a' + (int)z), &answer)) return;
        for (int i = 0; i < CLASSES; i++) l->found[i].zones_read += get(l, i, &ms, &ignored);
        if (!remote(l, "POST", "fault", arena_format(l->front->arena, "zone=%c&state=up", 'a' + (int)z), &answer)) return;
    }
}

/* ---- the tables ---- */

static void print_class(const struct lab *l, int class) {
    const struct found *f = &l->found[class];
    printf("%-20s", classes[class]);
    if (f->asks_restore) printf(" %11s %5lld h", "refused", (long long)f->restore_hours);
    else printf(" %8.2f ms %7s", f->read_ms, "no");
    if (f->early.p) printf(" %5.0f days %6.0f KiB", f->days, f->least_kib);
    else printf(" %10s %10s", "none", "none");
    if (l->zones > 1) printf(" %5u of %u", f->zones_read, l->zones);
    else printf(" %10s", "one zone");
    printf("  %.*s %.*s\n", STR_ARGS(f->retrieval), STR_ARGS(f->early));
}

static void print(const struct lab *l) {
    printf("\n%-20s %11s %7s %10s %10s %10s  %s\n", "class", "read, p50", "restore", "kept least", "billed as", "zone lost", "metered beside storage");
    for (int i = 0; i < CLASSES; i++) print_class(l, i);
    printf("\nmetered for a day, with all else that this account stores (an object has %zu bytes)\n", l->body.n);
    for (u32 i = 0; i < l->storage.n; i++) printf("  %-34.*s %16.0f\n", STR_ARGS(l->storage.v[i].name), l->storage.v[i].quantity);
    printf("\nread: after the restore where one was needed it is as any other. billed as: an object of %d KiB. zone lost: in how\n"
           "many of these losses the object was still read.\n", TINY / 1024);
}

static void clean_up(struct lab *l) {
    int status = l->status;
    struct wire_unit nothing = {0};
    struct s3_delete_bucket_request in = {.bucket = l->bucket};
    l->status = EXIT_DONE;
    for (int i = 0; i < CLASSES; i++) (void)drop(l, str_of(classes[i]));
    (void)want(l, S3_OP_DELETE_BUCKET, &in, &nothing, (str){0});
    if (status != EXIT_DONE) l->status = status;
}

static void run(struct lab *l) {
    struct s3_create_bucket_request in = {.bucket = l->bucket};
    struct s3_create_bucket_output out = {0};
    if (!want(l, S3_OP_CREATE_BUCKET, &in, &out, (str){0})) return;
    printf("one object of %zu bytes in each of %d classes; the cloud's clock moves forward ...\n", l->body.n, CLASSES);
    for (int i = 0; i < CLASSES; i++) {
        if (!put(l, i, str_of(classes[i]), l->body)) break;
        measure_read(l, i);
        measure_minimum(l, i);
    }
    measure_restores(l);
    measure_zones(l);
    measure_storage(l);
    if (l->status == EXIT_DONE) print(l);
    clean_up(l);
}

int lab_storage_classes(struct front *f) {
    enum { KIB_LEAST = 128, KIB_MOST = 12 << 10 };
    i64 kib = 1024;
    str given = argument(f, 1);
    if (given.p && (!str_to_i64(given, &kib) || kib < KIB_LEAST || kib > KIB_MOST)) return complain(EXIT_USAGE, "how large is an object, in KiB? %d to %d.", KIB_LEAST, KIB_MOST);
    struct lab l = {.front = f, .bucket = arena_format(f->arena, "lab-classes-%llx", (unsigned long long)sys_wall_ms())};
    char *bytes = arena_alloc(f->arena, (size_t)kib * 1024, 1);
    for (size_t i = 0; i < (size_t)kib * 1024; i++) bytes[i] = (char)('a' + i % 23);
    l.body = (str){bytes, (size_t)kib * 1024};
    run(&l);
    return l.status;
}
